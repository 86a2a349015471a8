//! Certificates of one's own authority, with a timestamp and no log; and what an authority has to be to issue them.
#![expect(clippy::unwrap_used, reason = "tests")]

use attest_digest::{Algorithm, Algorithms, Measured};
use attest_sign::TimestampAuthority;
use attest_testkit::{LogVersion, SIGNED_AT, World};
use attest_verify::{
    Artifact, CertificateIdentity, Expectation, OidcIssuer, TrustRoot, VerificationTime, Verified, Verifier,
};
use attestation::Bundle;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use p256::ecdsa::signature::Signer;
use p256::ecdsa::{Signature, SigningKey};
use p256::pkcs8::EncodePublicKey;
use serde_json::{Value, json};

const ARTIFACT: &[u8] = b"what is released";
const IDENTITY: &str = "release@example.com";

const KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x0f];
const ALTERNATIVE_NAME: &[u8] = &[0x55, 0x1d, 0x11];
const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 0x13];
const NAME_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 0x1e];
const PURPOSES: &[u8] = &[0x55, 0x1d, 0x25];
const UNKNOWN: &[u8] = &[0x55, 0x1d, 0x7f];
const CODE_SIGNING: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 3];
const SERVER: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 1];
const ECDSA_SHA256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2];

const SIGNATURE_USAGE: &[u8] = &[3, 2, 7, 0x80];
const AUTHORITY_USAGE: &[u8] = &[3, 2, 1, 6];

/// One extension: identifier, whether it is critical, value.
type Extension = (&'static [u8], bool, Vec<u8>);

/// What a certificate is made of.
#[derive(Clone)]
struct Template {
    serial: u8,
    issuer: &'static str,
    subject: &'static str,
    validity: (&'static str, &'static str),
    extensions: Vec<Extension>,
}

/// Who signs, and with what.
struct Setting {
    root: Template,
    /// Each signed by the one before, the first by the root.
    between: Vec<Template>,
    leaf: Template,
    /// Whether the trust root knows those between.
    are_known: bool,
    has_timestamp: bool,
}

impl Setting {
    /// A root, and a leaf that it issued for an e-mail address.
    fn new() -> Self {
        let issuer = "root";
        Self {
            root: authority(1, issuer, issuer, None),
            between: Vec::new(),
            leaf: Template {
                serial: 2,
                issuer,
                subject: "leaf",
                validity: ("250301115500Z", "250301120500Z"),
                extensions: vec![
                    (KEY_USAGE, true, SIGNATURE_USAGE.to_vec()),
                    (PURPOSES, false, purposes(&[CODE_SIGNING])),
                    (ALTERNATIVE_NAME, true, names(&[(0x81, IDENTITY)])),
                ],
            },
            are_known: false,
            has_timestamp: true,
        }
    }

    fn with_leaf(mut self, change: impl FnOnce(&mut Template)) -> Self {
        change(&mut self.leaf);
        self
    }

    fn with_root(mut self, change: impl FnOnce(&mut Template)) -> Self {
        change(&mut self.root);
        self
    }

    fn with_between(mut self, path_length: Option<u8>, are_known: bool) -> Self {
        self.between = vec![authority(3, "root", "between", path_length)];
        self.leaf.issuer = "between";
        self.are_known = are_known;
        self
    }

    fn verify(&self) -> Result<Verified, &'static str> {
        let identity = CertificateIdentity::parse(IDENTITY).unwrap();
        self.verify_as(&Expectation::certificate_of_own_authority(identity))
    }

    fn verify_as(&self, expectation: &Expectation) -> Result<Verified, &'static str> {
        let world = World::new(1).unwrap();
        let (root, bundle) = self.made(&world);
        let root = TrustRoot::parse(root.to_string().as_bytes()).unwrap();
        let bundle = Bundle::parse(bundle.to_string().as_bytes()).unwrap();
        let time = VerificationTime::at(SIGNED_AT.parse().unwrap());
        Verifier::new(&root, time)
            .verify_bundle(&bundle, expectation)
            .and_then(|verified| verified.artifact(&Artifact::measured("app", &measured())))
            .map_err(|rejection| rejection.code())
    }

    /// The trust root and the bundle.
    fn made(&self, world: &World) -> (Value, Value) {
        let root_key = key(1);
        let root = self.root.sign(&root_key, &root_key);
        let mut chain = vec![root];
        let mut issuer = root_key;
        for template in &self.between {
            let own = key(template.serial);
            chain.insert(0, template.sign(&own, &issuer));
            issuer = own;
        }
        let leaf_key = key(self.leaf.serial);
        let leaf = self.leaf.sign(&leaf_key, &issuer);
        let known = chain.split_off(if self.are_known { 0 } else { chain.len() - 1 });
        let mut trust: Value = serde_json::from_str(&world.trusted_root().unwrap()).unwrap();
        trust["tlogs"] = json!([]);
        trust["ctlogs"] = json!([]);
        trust["certificateAuthorities"][0]["certChain"]["certificates"] = raw(&known);
        (trust, self.bundle(world, &leaf_key, &[vec![leaf], chain].concat()))
    }

    fn bundle(&self, world: &World, key: &SigningKey, chain: &[Vec<u8>]) -> Value {
        let signature: Signature = key.sign(ARTIFACT);
        let signature = signature.to_der().as_bytes().to_vec();
        let digest = measured().digest(Algorithm::Sha256).unwrap().as_bytes().to_vec();
        let timestamps = match self.has_timestamp {
            true => vec![json!({ "signedTimestamp": STANDARD.encode(world.timestamp(&signature).unwrap().as_der()) })],
            false => Vec::new(),
        };
        json!({
            "mediaType": "application/vnd.dev.sigstore.bundle+json;version=0.2",
            "verificationMaterial": {
                "x509CertificateChain": { "certificates": raw(chain) },
                "timestampVerificationData": { "rfc3161Timestamps": timestamps },
            },
            "messageSignature": {
                "messageDigest": { "algorithm": "SHA2_256", "digest": STANDARD.encode(digest) },
                "signature": STANDARD.encode(signature),
            },
        })
    }
}

impl Template {
    fn set(&mut self, identifier: &'static [u8], value: Option<Vec<u8>>) {
        self.extensions.retain(|(found, ..)| *found != identifier);
        self.extensions.extend(value.map(|value| (identifier, true, value)));
    }

    fn sign(&self, key: &SigningKey, issuer: &SigningKey) -> Vec<u8> {
        let algorithm = tlv(0x30, &[tlv(6, &[ECDSA_SHA256])]);
        let time = |text: &str| tlv(0x17, &[text.as_bytes()]);
        let extensions: Vec<Vec<u8>> = self.extensions.iter().map(extension).collect();
        let body = tlv(
            0x30,
            &[
                tlv(0xa0, &[tlv(2, &[[2]])]),
                tlv(2, &[[self.serial]]),
                algorithm.clone(),
                name(self.issuer),
                tlv(0x30, &[time(self.validity.0), time(self.validity.1)]),
                name(self.subject),
                key.verifying_key().to_public_key_der().unwrap().as_bytes().to_vec(),
                tlv(0xa3, &[tlv(0x30, &extensions)]),
            ],
        );
        let signature: Signature = issuer.sign(&body);
        let signature = tlv(3, &[&[0][..], signature.to_der().as_bytes()]);
        tlv(0x30, &[body, algorithm, signature])
    }
}

fn authority(serial: u8, issuer: &'static str, subject: &'static str, path_length: Option<u8>) -> Template {
    let limit = path_length.map(|length| tlv(2, &[[length]])).unwrap_or_default();
    Template {
        serial,
        issuer,
        subject,
        validity: ("200101000000Z", "400101000000Z"),
        extensions: vec![
            (BASIC_CONSTRAINTS, true, tlv(0x30, &[tlv(1, &[[0xff]]), limit])),
            (KEY_USAGE, true, AUTHORITY_USAGE.to_vec()),
        ],
    }
}

/// An element of DER, of parts that are shorter than 64 KiB together.
fn tlv(tag: u8, parts: &[impl AsRef<[u8]>]) -> Vec<u8> {
    let content: Vec<u8> = parts.iter().flat_map(|part| part.as_ref().iter().copied()).collect();
    let length = match u8::try_from(content.len()) {
        Ok(short @ 0..0x80) => vec![short],
        Ok(byte) => vec![0x81, byte],
        Err(_) => [&[0x82][..], &u16::try_from(content.len()).unwrap().to_be_bytes()].concat(),
    };
    [vec![tag], length, content].concat()
}

fn extension((identifier, critical, value): &Extension) -> Vec<u8> {
    let critical = critical.then(|| tlv(1, &[[0xff]])).unwrap_or_default();
    tlv(0x30, &[tlv(6, &[identifier]), critical, tlv(4, &[value])])
}

fn name(common_name: &str) -> Vec<u8> {
    let pair = tlv(0x30, &[tlv(6, &[[0x55, 4, 3]]), tlv(0x0c, &[common_name.as_bytes()])]);
    tlv(0x30, &[tlv(0x31, &[pair])])
}

fn names(names: &[(u8, &str)]) -> Vec<u8> {
    let names: Vec<Vec<u8>> = names.iter().map(|(tag, name)| tlv(*tag, &[name.as_bytes()])).collect();
    tlv(0x30, &names)
}

fn purposes(purposes: &[&[u8]]) -> Vec<u8> {
    let purposes: Vec<Vec<u8>> = purposes.iter().map(|purpose| tlv(6, &[purpose])).collect();
    tlv(0x30, &purposes)
}

fn raw(certificates: &[Vec<u8>]) -> Value {
    certificates
        .iter()
        .map(|der| json!({ "rawBytes": STANDARD.encode(der) }))
        .collect()
}

fn key(number: u8) -> SigningKey {
    SigningKey::from_slice(&[number; 32]).unwrap()
}

fn measured() -> Measured {
    Measured::of_bytes(ARTIFACT, &Algorithms::one(Algorithm::Sha256))
}

#[test]
fn a_timestamp_is_enough_where_the_trust_root_has_no_log() {
    let verified = Setting::new().verify().unwrap();
    assert_eq!(verified.not_checked(), ["transparency log", "certificate transparency"]);
    assert_eq!(verified.times().len(), 1);
}

#[test]
fn without_any_signed_time_a_certificate_is_rejected() {
    let mut setting = Setting::new();
    setting.has_timestamp = false;
    assert_eq!(setting.verify().unwrap_err(), "no-signed-time");
}

#[test]
fn every_name_of_the_certificate_is_an_identity_of_its_holder() {
    for (tag, identity) in [(0x81, IDENTITY), (0x82, IDENTITY), (0x86, IDENTITY)] {
        let value = names(&[(0x82, "other.example.com"), (tag, identity)]);
        assert!(
            Setting::new()
                .with_leaf(|leaf| leaf.set(ALTERNATIVE_NAME, Some(value)))
                .verify()
                .is_ok()
        );
    }
    let other = names(&[(0x81, "other@example.com"), (0x87, "\u{7f}\0\0\u{1}")]);
    let setting = Setting::new().with_leaf(|leaf| leaf.set(ALTERNATIVE_NAME, Some(other)));
    assert_eq!(setting.verify().unwrap_err(), "identity-mismatch");
    let setting = Setting::new().with_leaf(|leaf| leaf.set(ALTERNATIVE_NAME, None));
    assert_eq!(setting.verify().unwrap_err(), "identity-mismatch");
}

#[test]
fn an_issuer_that_is_expected_has_to_be_named_and_one_that_is_named_expected() {
    let identity = CertificateIdentity::parse(IDENTITY).unwrap();
    let issuer = OidcIssuer::parse("https://accounts.example.com").unwrap();
    let with_issuer = Expectation::certificate(identity.clone(), issuer);
    assert_eq!(Setting::new().verify_as(&with_issuer).unwrap_err(), "issuer-mismatch");

    let world = World::new(1).unwrap();
    let bundle = world.sign_artifact(ARTIFACT, LogVersion::V2).unwrap();
    let root = TrustRoot::parse(world.trusted_root().unwrap().as_bytes()).unwrap();
    let identity = CertificateIdentity::parse(attest_testkit::WORKFLOW).unwrap();
    let own = Expectation::certificate_of_own_authority(identity);
    let verifier = Verifier::new(&root, VerificationTime::at(SIGNED_AT.parse().unwrap()));
    assert_eq!(
        verifier.verify_bundle(&bundle, &own).unwrap_err().code(),
        "issuer-mismatch"
    );
}

#[test]
fn a_leaf_has_to_be_for_code_signing_and_nothing_above_it() {
    type Change = (&'static str, fn(&mut Template));
    let changes: [Change; 8] = [
        ("another purpose", |leaf| leaf.set(PURPOSES, Some(purposes(&[SERVER])))),
        ("no purpose", |leaf| leaf.set(PURPOSES, None)),
        ("a key for certificates", |leaf| {
            leaf.set(KEY_USAGE, Some(AUTHORITY_USAGE.to_vec()))
        }),
        ("no key usage", |leaf| leaf.set(KEY_USAGE, None)),
        ("an authority", |leaf| {
            leaf.set(BASIC_CONSTRAINTS, Some(tlv(0x30, &[tlv(1, &[[0xff]])])))
        }),
        ("something unknown", |leaf| leaf.set(UNKNOWN, Some(vec![5, 0]))),
        ("another issuer", |leaf| leaf.issuer = "other"),
        ("a name twice", |leaf| {
            let again = leaf.extensions[0].clone();
            leaf.extensions.push(again);
        }),
    ];
    for (what, change) in changes {
        assert_eq!(
            Setting::new().with_leaf(change).verify().unwrap_err(),
            "certificate-invalid",
            "{what}"
        );
    }
    let harmless = Setting::new().with_leaf(|leaf| leaf.extensions.push((UNKNOWN, false, vec![5, 0])));
    assert!(harmless.verify().is_ok());
}

#[test]
fn a_time_outside_of_any_certificate_is_rejected() {
    let late = Setting::new().with_leaf(|leaf| leaf.validity = ("250301110000Z", "250301115959Z"));
    assert_eq!(late.verify().unwrap_err(), "certificate-expired");
    let early = Setting::new().with_leaf(|leaf| leaf.validity = ("250301120001Z", "250301130000Z"));
    assert_eq!(early.verify().unwrap_err(), "certificate-not-yet-valid");
    let just = Setting::new().with_leaf(|leaf| leaf.validity = ("250301120000Z", "250301120000Z"));
    assert!(just.verify().is_ok());
    let root = Setting::new().with_root(|root| root.validity = ("200101000000Z", "250301115959Z"));
    assert_eq!(root.verify().unwrap_err(), "certificate-invalid");
}

#[test]
fn a_root_has_to_be_an_authority_for_the_same_purpose_without_constraints_on_names() {
    type Change = (&'static str, fn(&mut Template));
    let changes: [Change; 5] = [
        ("no authority", |root| root.set(BASIC_CONSTRAINTS, None)),
        ("a key for signatures", |root| {
            root.set(KEY_USAGE, Some(SIGNATURE_USAGE.to_vec()))
        }),
        ("another purpose", |root| root.set(PURPOSES, Some(purposes(&[SERVER])))),
        ("constraints on names", |root| {
            root.set(NAME_CONSTRAINTS, Some(tlv(0x30, &[[0_u8; 0]])))
        }),
        ("something unknown", |root| root.set(UNKNOWN, Some(vec![5, 0]))),
    ];
    for (what, change) in changes {
        assert_eq!(
            Setting::new().with_root(change).verify().unwrap_err(),
            "certificate-invalid",
            "{what}"
        );
    }
}

#[test]
fn an_authority_between_may_come_from_the_trust_root_or_from_the_bundle() {
    for are_known in [true, false] {
        assert!(Setting::new().with_between(None, are_known).verify().is_ok());
        assert!(Setting::new().with_between(Some(0), are_known).verify().is_ok());
        let short = Setting::new().with_between(None, are_known).with_root(|root| {
            root.set(BASIC_CONSTRAINTS, Some(tlv(0x30, &[tlv(1, &[[0xff]]), tlv(2, &[[0]])])));
        });
        assert_eq!(short.verify().unwrap_err(), "certificate-invalid");
        let mut leaf_between = Setting::new().with_between(None, are_known);
        leaf_between.between[0].set(BASIC_CONSTRAINTS, None);
        assert_eq!(leaf_between.verify().unwrap_err(), "certificate-invalid");
        let mut late = Setting::new().with_between(None, are_known);
        late.between[0].validity = ("250302000000Z", "400101000000Z");
        assert_eq!(late.verify().unwrap_err(), "certificate-invalid");
    }
}
