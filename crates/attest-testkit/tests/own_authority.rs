//! Certificates of one's own authority, with a timestamp and no log; and what an authority has to be to issue them.
#![expect(clippy::unwrap_used, reason = "tests")]

use attest_digest::{Algorithm, Algorithms, Measured};
use attest_testkit::own_authority::{
    ALTERNATIVE_NAME, AUTHORITY_USAGE, BASIC_CONSTRAINTS, KEY_USAGE, OwnAuthority, PURPOSES, Template, names, purposes,
    tlv,
};
use attest_testkit::{LogVersion, SIGNED_AT, World};
use attest_verify::{
    Artifact, CertificateIdentity, Expectation, OidcIssuer, TrustRoot, VerificationTime, Verified, Verifier,
};
use attestation::Bundle;

const ARTIFACT: &[u8] = b"what is released";
const IDENTITY: &str = "release@example.com";

const NAME_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 0x1e];
const UNKNOWN: &[u8] = &[0x55, 0x1d, 0x7f];
const SERVER: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 1];
const SIGNATURE_USAGE: &[u8] = &[3, 2, 7, 0x80];

/// An authority of one's own, with something else about it.
struct Setting(OwnAuthority);

impl Setting {
    fn new() -> Self {
        Self(OwnAuthority::new(IDENTITY))
    }

    fn with_leaf(mut self, change: impl FnOnce(&mut Template)) -> Self {
        change(&mut self.0.leaf);
        self
    }

    fn with_root(mut self, change: impl FnOnce(&mut Template)) -> Self {
        change(&mut self.0.root);
        self
    }

    fn with_between(mut self, path_length: Option<u8>, are_known: bool) -> Self {
        self.0.between = vec![Template::authority(3, "root", "between", path_length)];
        self.0.leaf.issuer = "between";
        self.0.are_known = are_known;
        self
    }

    fn verify(&self) -> Result<Verified, &'static str> {
        let identity = CertificateIdentity::parse(IDENTITY).unwrap();
        self.verify_as(&Expectation::certificate_of_own_authority(identity))
    }

    fn verify_as(&self, expectation: &Expectation) -> Result<Verified, &'static str> {
        let (root, bundle) = self.0.sign(&World::new(1).unwrap(), ARTIFACT).unwrap();
        let root = TrustRoot::parse(root.to_string().as_bytes()).unwrap();
        let bundle = Bundle::parse(bundle.to_string().as_bytes()).unwrap();
        let time = VerificationTime::at(SIGNED_AT.parse().unwrap());
        let measured = Measured::of_bytes(ARTIFACT, &Algorithms::one(Algorithm::Sha256));
        Verifier::new(&root, time)
            .verify_bundle(&bundle, expectation)
            .and_then(|verified| verified.artifact(&Artifact::measured("app", &measured)))
            .map_err(|rejection| rejection.code())
    }
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
    setting.0.has_timestamp = false;
    assert_eq!(setting.verify().unwrap_err(), "no-signed-time");
}

#[test]
fn without_a_signed_time_a_certificate_counts_only_where_that_was_said_and_only_while_it_is_good() {
    let mut setting = Setting::new();
    setting.0.has_timestamp = false;
    let (root, bundle) = setting.0.sign(&World::new(1).unwrap(), ARTIFACT).unwrap();
    let root = TrustRoot::parse(root.to_string().as_bytes()).unwrap();
    let bundle = Bundle::parse(bundle.to_string().as_bytes()).unwrap();
    let expectation = Expectation::certificate_of_own_authority(CertificateIdentity::parse(IDENTITY).unwrap());
    let verify = |time: &str| {
        let verifier = Verifier::new(&root, VerificationTime::at(time.parse().unwrap())).without_signed_time_unsafe();
        let verified = verifier.verify_bundle(&bundle, &expectation);
        verified.map_err(|rejection| rejection.code())
    };
    let verified = verify(SIGNED_AT).unwrap();
    assert!(verified.not_checked().contains(&"signed time"));
    assert!(verified.times().is_empty());
    assert_eq!(verify("2025-03-01T12:06:00Z").unwrap_err(), "certificate-expired");
    assert_eq!(verify("2025-03-01T11:54:00Z").unwrap_err(), "certificate-not-yet-valid");
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
        leaf_between.0.between[0].set(BASIC_CONSTRAINTS, None);
        assert_eq!(leaf_between.verify().unwrap_err(), "certificate-invalid");
        let mut late = Setting::new().with_between(None, are_known);
        late.0.between[0].validity = ("250302000000Z", "400101000000Z");
        assert_eq!(late.verify().unwrap_err(), "certificate-invalid");
    }
}
