//! What it costs to verify a thousand bundles in one process, beside `sigstore-verify` called once for each, and beside the
//! signature checks alone, in the same run.
//!
//!     cargo bench --bench verify_batch [-- BUNDLES ROUNDS]
//!
//! Every bundle is of another artifact, version 0.3, and logged. Both verifiers are given the text of a bundle and the digest of
//! its artifact, one after the other, on one thread; the round counts that took the processor least, and a round begins with
//! nothing remembered. Where the system tells (Linux), only the time on the processor counts, so that others do not. The last column divides by the sum of the distinct raw signature checks that such a batch needs, each measured
//! with the same library and with prepared keys.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a bench")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use attest_digest::{Algorithm, Algorithms, Measured};
use attest_testkit::{ISSUER, LogVersion, SIGNED_AT, SeededKey, WORKFLOW, World};
use attest_verify::{Artifact, CertificateIdentity, Expectation, OidcIssuer, TrustRoot, VerificationTime, Verifier};
use attestation::Bundle;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1, ECDSA_P384_SHA384_ASN1_SIGNING,
    ED25519, EcdsaKeyPair, Ed25519KeyPair, KeyPair, ParsedPublicKey,
};
use sigstore_types::Sha256Hash;
use sigstore_verify::VerificationPolicy;

/// How many times each raw check is made to find what one costs.
const RAW_CHECKS: u32 = 4000;

struct Batch {
    name: &'static str,
    root: String,
    bundles: Vec<Vec<u8>>,
    artifacts: Vec<Measured>,
    /// What the signature checks alone cost.
    raw: Duration,
}

/// What one signature check costs.
struct Raw {
    p256: Duration,
    p384: Duration,
    ed25519: Duration,
}

fn main() {
    let mut arguments = std::env::args().skip(1).filter_map(|argument| argument.parse().ok());
    let bundles = arguments.next().unwrap_or(1000);
    let rounds = arguments.next().unwrap_or(5);
    let raw = raw();
    println!(
        "one check: P-256 {:.1?}, P-384 {:.1?}, Ed25519 {:.1?}; {bundles} bundles, best of {rounds} rounds",
        raw.p256, raw.p384, raw.ed25519
    );
    println!(
        "{:<34} {:>12} {:>12} {:>9} {:>9} {:>9}",
        "a bundle of", "peer", "attest", "raw", "faster", "of raw"
    );
    for batch in batches(bundles, &raw) {
        let (mut peer, mut own, mut parsing) = (Duration::MAX, Duration::MAX, Duration::MAX);
        for _ in 0..rounds {
            peer = peer.min(time(|| with_peer(&batch)));
            own = own.min(time(|| with_own(&batch)));
            parsing = parsing.min(time(|| only_parsed(&batch)));
        }
        let each = |duration: Duration| duration.as_secs_f64() * 1e6 / bundles as f64;
        println!(
            "{:<34} {:>9.1} µs {:>9.1} µs {:>6.1} µs {:>8.2}x {:>8.2}x   (reading alone {:.1} µs)",
            batch.name,
            each(peer),
            each(own),
            each(batch.raw),
            peer.as_secs_f64() / own.as_secs_f64(),
            own.as_secs_f64() / batch.raw.as_secs_f64(),
            each(parsing),
        );
    }
}

fn time(run: impl FnOnce()) -> Duration {
    let (start, on_processor) = (Instant::now(), on_processor());
    run();
    match (on_processor, self::on_processor()) {
        (Some(before), Some(after)) => after - before,
        _ => start.elapsed(),
    }
}

/// How long this thread has been on a processor.
fn on_processor() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    let nanoseconds = text.split(' ').next()?.parse().ok()?;
    Some(Duration::from_nanos(nanoseconds))
}

fn with_peer(batch: &Batch) {
    let root = sigstore_trust_root::TrustedRoot::from_json(&batch.root).unwrap();
    let verifier = sigstore_verify::Verifier::new(&root).unwrap();
    let policy = VerificationPolicy::new(WORKFLOW, ISSUER);
    for (text, artifact) in batch.bundles.iter().zip(&batch.artifacts) {
        let bundle = sigstore_types::Bundle::from_json(std::str::from_utf8(text).unwrap()).unwrap();
        let digest = artifact.digest(Algorithm::Sha256).unwrap().as_bytes();
        let digest = Sha256Hash::try_from(digest).unwrap();
        black_box(verifier.verify(digest, &bundle, &policy).unwrap());
    }
}

fn with_own(batch: &Batch) {
    let root = TrustRoot::parse(batch.root.as_bytes()).unwrap();
    let verifier = Verifier::new(&root, VerificationTime::at(SIGNED_AT.parse().unwrap()));
    let expectation = Expectation::certificate(
        CertificateIdentity::parse(WORKFLOW).unwrap(),
        OidcIssuer::parse(ISSUER).unwrap(),
    );
    for (text, artifact) in batch.bundles.iter().zip(&batch.artifacts) {
        let bundle = Bundle::parse(text).unwrap();
        let verified = verifier.verify_bundle(&bundle, &expectation).unwrap();
        black_box(verified.artifact(&Artifact::measured("artifact", artifact)).unwrap());
    }
}

fn only_parsed(batch: &Batch) {
    for text in &batch.bundles {
        black_box(Bundle::parse(text).unwrap());
    }
}

fn batches(count: u32, raw: &Raw) -> Vec<Batch> {
    let artifacts: Vec<Vec<u8>> = (0..count).map(|number| number.to_be_bytes().to_vec()).collect();
    let v1 = raw.p256 * 3 * count;
    let v2 = (raw.p256 * 2 + raw.ed25519) * count;
    // The authority over a certificate, and its promise of publication.
    let certificate = raw.p384 + raw.p256;
    let batch = |name, (root, bundles): (String, Vec<Bundle>), raw| Batch {
        name,
        root,
        bundles: bundles.iter().map(|bundle| bundle.as_json().to_vec()).collect(),
        artifacts: artifacts.iter().map(|artifact| measured(artifact)).collect(),
        raw,
    };
    vec![
        batch(
            "Rekor v1, one certificate",
            one(&artifacts, LogVersion::V1),
            v1 + certificate,
        ),
        batch(
            "Rekor v1, a certificate each",
            each(&artifacts, LogVersion::V1),
            v1 + certificate * count,
        ),
        batch(
            "Rekor v2, one certificate",
            one(&artifacts, LogVersion::V2),
            v2 + certificate,
        ),
        batch(
            "Rekor v2, a certificate each",
            each(&artifacts, LogVersion::V2),
            v2 + certificate * count,
        ),
    ]
}

fn one(artifacts: &[Vec<u8>], log: LogVersion) -> (String, Vec<Bundle>) {
    let world = World::new(1).unwrap();
    (
        world.trusted_root().unwrap(),
        world.sign_artifacts(artifacts, log).unwrap(),
    )
}

fn each(artifacts: &[Vec<u8>], log: LogVersion) -> (String, Vec<Bundle>) {
    let mut world = World::new(1).unwrap();
    let mut bundles = Vec::new();
    for (number, artifact) in (1..).zip(artifacts) {
        world.change_key(SeededKey::numbered(number));
        bundles.push(world.sign_artifact(artifact, log).unwrap());
    }
    (world.trusted_root().unwrap(), bundles)
}

fn measured(artifact: &[u8]) -> Measured {
    Measured::of_bytes(artifact, &Algorithms::one(Algorithm::Sha256))
}

fn raw() -> Raw {
    let random = SystemRandom::new();
    let message = [7; 300];
    let p256 = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
    let p384 = EcdsaKeyPair::generate(&ECDSA_P384_SHA384_ASN1_SIGNING).unwrap();
    let ed25519 = Ed25519KeyPair::generate().unwrap();
    let key = |algorithm, public: &[u8]| ParsedPublicKey::new(algorithm, public).unwrap();
    let check = |key: ParsedPublicKey, signature: &[u8]| {
        let round = || {
            let run = || (0..RAW_CHECKS).for_each(|_| key.verify_sig(black_box(&message), signature).unwrap());
            time(run) / RAW_CHECKS
        };
        (0..5).map(|_| round()).min().unwrap()
    };
    Raw {
        p256: check(
            key(&ECDSA_P256_SHA256_ASN1, p256.public_key().as_ref()),
            p256.sign(&random, &message).unwrap().as_ref(),
        ),
        p384: check(
            key(&ECDSA_P384_SHA384_ASN1, p384.public_key().as_ref()),
            p384.sign(&random, &message).unwrap().as_ref(),
        ),
        ed25519: check(
            key(&ED25519, ed25519.public_key().as_ref()),
            ed25519.sign(&message).as_ref(),
        ),
    }
}
