//! Two engines, one answer: what `sigstore-verify` says of a bundle, and what we say, over good bundles, bad ones, and
//! thousands of changed ones. We never accept what it rejects; where we reject what it accepts, the reason is listed here.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "tests, one of which says that it was skipped"
)]

use std::fs;
use std::path::{Path, PathBuf};

use attest_digest::{Algorithm, Algorithms, Measured};
use attest_verify::{
    Artifact, CertificateIdentity, Expectation, OidcIssuer, PublicKey, TrustRoot, VerificationTime, Verifier,
};
use attestation::Bundle;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sigstore_types::{DerPublicKey, Sha256Hash};
use sigstore_verify::{PublicKeyVerificationPolicy, VerificationPolicy};

const VARIABLE: &str = "ATTEST_CONFORMANCE";
const IDENTITY: &str = "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main";
const ISSUER: &str = "https://token.actions.githubusercontent.com";

/// Before this the clock of the machine, which the peer looks at, cannot be.
const NOW: &str = "2026-11-01T00:00:00Z";

/// How many changes of each kind are made to each field.
const ROUNDS: u64 = 2;

/// Where we reject what the peer accepts: how our reason begins, and why it is one.
const STRICTER: &[(&str, &str)] = &[
    ("DuplicateLogEntry", "an entry that stands twice proves nothing twice"),
    (
        "LogFieldMismatch",
        "a field that nothing signs says what a signed one says, or the bundle lies about something",
    ),
    (
        "UnknownLog",
        "the log that an entry names is one of the trust root, also when others would do",
    ),
    (
        "CheckpointInvalid",
        "a checkpoint is signed by the log that the entry names, and every line by it is good",
    ),
    ("KeyHintMismatch", "a hint that is there is right"),
    (
        "TimestampInvalid",
        "what no signature covers in a token repeats the trust root or is not there",
    ),
    (
        "WrongKeyMaterial",
        "the version of a bundle decides how a certificate stands in it",
    ),
    ("Malformed", "base64 is padded, and an object is no list"),
];

/// Where we accept what the peer rejects: how its reason begins, and why it is none.
const LOOSER: &[(&str, &str)] = &[
    (
        "Bundle(MissingCheckpoint)",
        "in version 0.1 the promise is the evidence; a proof without checkpoint is not used",
    ),
    (
        "Json(Error(\"invalid type: null",
        "in the JSON of protocol buffers null means that a field is not there",
    ),
];

fn is_explained(ours: &Result<(), String>, theirs: &Result<(), String>) -> bool {
    let listed = |list: &[(&str, &str)], reason: &String| list.iter().any(|(begin, _)| reason.starts_with(begin));
    match (ours, theirs) {
        (Ok(()), Ok(())) | (Err(_), Err(_)) => true,
        (Err(reason), Ok(())) => listed(STRICTER, reason),
        (Ok(()), Err(reason)) => listed(LOOSER, reason),
    }
}

/// Something to be verified, by two engines.
struct Subject {
    name: String,
    bundle: Vec<u8>,
    root: String,
    who: Who,
    artifact: Measured,
}

enum Who {
    Certificate { identity: String, issuer: String },
    Key(String),
}

impl Subject {
    fn ours(&self, bundle: &[u8]) -> Result<(), String> {
        let root = TrustRoot::parse(self.root.as_bytes()).map_err(shown)?;
        let bundle = Bundle::parse(bundle).map_err(shown)?;
        let expectation = match &self.who {
            Who::Certificate { identity, issuer } => Expectation::certificate(
                CertificateIdentity::parse(identity).unwrap(),
                OidcIssuer::parse(issuer).unwrap(),
            ),
            Who::Key(pem) => Expectation::key(PublicKey::from_pem(pem).map_err(shown)?),
        };
        let time = VerificationTime::at(NOW.parse().unwrap());
        let verified = Verifier::new(&root, time)
            .verify_bundle(&bundle, &expectation)
            .map_err(shown)?;
        let artifact = Artifact::measured("artifact", &self.artifact);
        verified.artifact(&artifact).map(|_| ()).map_err(shown)
    }

    fn theirs(&self, bundle: &[u8]) -> Result<(), String> {
        let root = sigstore_trust_root::TrustedRoot::from_json(&self.root).map_err(shown)?;
        let verifier = sigstore_verify::Verifier::new(&root).map_err(shown)?;
        let bundle = std::str::from_utf8(bundle).map_err(shown)?;
        let bundle = sigstore_types::Bundle::from_json(bundle).map_err(shown)?;
        let digest = self.artifact.digest(Algorithm::Sha256).unwrap().as_bytes();
        let digest = Sha256Hash::try_from(digest).unwrap();
        match &self.who {
            Who::Certificate { identity, issuer } => {
                let policy = VerificationPolicy::new(identity.as_str(), issuer.as_str());
                verifier.verify(digest, &bundle, &policy)
            }
            Who::Key(pem) => {
                let policy = PublicKeyVerificationPolicy::new(DerPublicKey::from_pem(pem).map_err(shown)?);
                verifier.verify(digest, &bundle, &policy)
            }
        }
        .map(|_| ())
        .map_err(shown)
    }
}

#[test]
fn both_engines_judge_the_same_bundles_the_same() {
    let subjects = subjects();
    assert!(subjects.len() > 30, "found only {}", subjects.len());
    let mut differences = Vec::new();
    for subject in &subjects {
        let (ours, theirs) = (subject.ours(&subject.bundle), subject.theirs(&subject.bundle));
        if !is_explained(&ours, &theirs) {
            differences.push(format!("{}: ours {ours:?}, theirs {theirs:?}", subject.name));
        }
    }
    assert!(differences.is_empty(), "{differences:#?}");
}

#[test]
fn both_engines_judge_changed_bundles_the_same_or_we_say_why() {
    let is_good = |subject: &Subject| !subject.name.ends_with("_fail");
    let good: Vec<Subject> = subjects().into_iter().filter(is_good).collect();
    let mut changed = 0;
    let mut differences = Vec::new();
    for (place, subject) in good.iter().enumerate() {
        let other = &good[(place + 1) % good.len()];
        for (pointer, mutant) in mutants(&subject.bundle, &other.bundle) {
            changed += 1;
            let (ours, theirs) = (subject.ours(&mutant), subject.theirs(&mutant));
            if !is_explained(&ours, &theirs) {
                differences.push(format!("{} {pointer}: ours {ours:?}, theirs {theirs:?}", subject.name));
            }
        }
    }
    println!("{changed} changed bundles of {}", good.len());
    assert!(changed > 1000, "only {changed}");
    assert!(
        differences.is_empty(),
        "{} differences: {differences:#?}",
        differences.len()
    );
}

/// Every field changed in several ways: bits, digits, something else, nothing, what another bundle has there.
fn mutants(bundle: &[u8], other: &[u8]) -> Vec<(String, Vec<u8>)> {
    let document: Value = serde_json::from_slice(bundle).unwrap();
    let other: Value = serde_json::from_slice(other).unwrap();
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    let mut mutants = Vec::new();
    for pointer in pointers(&document, "") {
        let value = document.pointer(&pointer).unwrap();
        let mut values = Vec::new();
        for _ in 0..ROUNDS {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            values.extend(changes(value, random >> 20));
        }
        values.extend(other.pointer(&pointer).cloned());
        values.extend([json!(""), Value::Null, json!([]), json!({})]);
        for value in values.into_iter().filter(|changed| changed != value) {
            let mut mutant = document.clone();
            *mutant.pointer_mut(&pointer).unwrap() = value;
            mutants.push((pointer.clone(), mutant.to_string().into_bytes()));
        }
    }
    mutants
}

fn changes(value: &Value, random: u64) -> Vec<Value> {
    let place = |length: usize| usize::try_from(random).unwrap() % length;
    match value {
        Value::String(text) => {
            let mut changes = Vec::new();
            if let Some(mut bytes) = STANDARD.decode(text).ok().filter(|bytes| !bytes.is_empty()) {
                let length = bytes.len();
                bytes[place(length)] ^= 1 << (random >> 32 & 7);
                changes.push(json!(STANDARD.encode(&bytes)));
                bytes.truncate(place(length));
                changes.push(json!(STANDARD.encode(&bytes)));
            }
            if let Ok(number) = text.parse::<i64>() {
                changes.extend([json!((number + 1).to_string()), json!((number - 1).to_string())]);
            }
            let mut letters: Vec<char> = text.chars().collect();
            if !letters.is_empty() {
                let length = letters.len();
                letters[place(length)] = char::from(b'!' + u8::try_from(random % 90).unwrap());
                changes.push(json!(letters.iter().collect::<String>()));
                letters.remove(place(length));
                changes.push(json!(letters.iter().collect::<String>()));
            }
            changes
        }
        Value::Number(number) => vec![json!(number.as_i64().unwrap() + 1), json!(number.to_string())],
        Value::Array(items) => {
            let again = items.iter().chain(items.last()).cloned().collect();
            let reversed = items.iter().rev().cloned().collect();
            vec![Value::Array(again), Value::Array(reversed)]
        }
        Value::Object(fields) => {
            let mut fields = fields.clone();
            let name = fields.keys().nth(place(fields.len().max(1))).cloned();
            name.and_then(|name| fields.remove(&name));
            vec![Value::Object(fields)]
        }
        _ => Vec::new(),
    }
}

/// A path to every value of a document.
fn pointers(value: &Value, here: &str) -> Vec<String> {
    let mut all = Vec::new();
    let mut visit = |name: String, value: &Value| {
        let path = format!("{here}/{name}");
        all.push(path.clone());
        all.extend(pointers(value, &path));
    };
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, value)| visit(name.clone(), value)),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .for_each(|(place, value)| visit(place.to_string(), value)),
        _ => {}
    }
    all
}

fn subjects() -> Vec<Subject> {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures");
    let mut subjects: Vec<Subject> = ["accept", "reject"]
        .iter()
        .flat_map(|side| folders(&fixtures.join(side)))
        .map(|folder| fixture(&folder))
        .collect();
    match corpus() {
        Some(corpus) => {
            let folders = folders(&corpus.join("bundle-verify"));
            subjects.extend(folders.iter().map(|folder| case(folder, &corpus)));
        }
        None => println!("skipped: conformance corpus ({VARIABLE} is not set)"),
    }
    subjects
}

#[expect(
    clippy::disallowed_methods,
    reason = "where the corpus is depends on the machine, and this is a test"
)]
fn corpus() -> Option<PathBuf> {
    std::env::var_os(VARIABLE).map(PathBuf::from)
}

fn fixture(folder: &Path) -> Subject {
    let verdict: Value = serde_json::from_slice(&fs::read(folder.join("expect.json")).unwrap()).unwrap();
    let text = |name: &str| verdict[name].as_str().unwrap().to_owned();
    Subject {
        name: name(folder),
        bundle: fs::read(folder.join("bundle.sigstore.json")).unwrap(),
        root: fs::read_to_string(folder.join("trusted_root.json")).unwrap(),
        who: Who::Certificate {
            identity: text("identity"),
            issuer: text("issuer"),
        },
        artifact: measured(&folder.join(text("artifact"))),
    }
}

fn case(folder: &Path, corpus: &Path) -> Subject {
    let own = |name: &str, default: &str| match folder.join(name) {
        path if path.exists() => path,
        _ => corpus.join(default),
    };
    let text = |name: &str, default: &str| {
        fs::read_to_string(folder.join(name)).map_or_else(|_| default.to_owned(), |text| text.trim().to_owned())
    };
    Subject {
        name: name(folder),
        bundle: fs::read(folder.join("bundle.sigstore.json")).unwrap(),
        root: fs::read_to_string(own("trusted_root.json", "trusted_root.json")).unwrap(),
        who: match fs::read_to_string(folder.join("key.pub")) {
            Ok(pem) => Who::Key(pem),
            Err(_) => Who::Certificate {
                identity: text("identity", IDENTITY),
                issuer: text("issuer", ISSUER),
            },
        },
        artifact: measured(&own("artifact", "bundle-verify/a.txt")),
    }
}

fn folders(parent: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(parent).unwrap().map(|entry| entry.unwrap().path());
    let mut folders: Vec<PathBuf> = entries.filter(|path| path.is_dir()).collect();
    folders.sort();
    folders
}

fn measured(path: &Path) -> Measured {
    Measured::of_bytes(&fs::read(path).unwrap(), &Algorithms::one(Algorithm::Sha256))
}

fn name(folder: &Path) -> String {
    folder.file_name().unwrap().to_string_lossy().into_owned()
}

fn shown(error: impl std::fmt::Debug) -> String {
    format!("{error:?}")
}
