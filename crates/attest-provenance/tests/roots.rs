//! Up to which level a signer and a builder are believed.

use attest_provenance::{BuildLevel, BuildSigner, InvalidRoots, RootsOfTrust};
use serde_json::json;

const BUILDER: &str = "https://github.com/example/builders/.github/workflows/build.yml@refs/tags/v3";

const ROOTS: &str = r#"
[[root]]
certificate-identity-regexp = 'https://github\.com/example/builders/\.github/workflows/build\.yml@refs/tags/v\d+'
certificate-oidc-issuer = "https://token.actions.githubusercontent.com"
builder-id = "https://github.com/example/builders/.github/workflows/build.yml"
level = 3

[[root]]
key = "sha256:0000000000000000000000000000000000000000000000000000000000000000"
builder-id = "https://builds.example.com"
level = 2
"#;

#[test]
fn a_level_is_that_of_signer_and_builder_together() {
    let roots = RootsOfTrust::parse(ROOTS.as_bytes()).unwrap();
    let level = |identity: &str, builder: &str| {
        let issuer = "https://token.actions.githubusercontent.com";
        let level = roots.level(BuildSigner::Certificate { identity, issuer }, builder);
        level.map(BuildLevel::number)
    };
    assert_eq!(level(BUILDER, BUILDER), Some(3));
    assert_eq!(level(BUILDER, "https://builds.example.com"), None);
    assert_eq!(level(&format!("{BUILDER}-evil"), BUILDER), None);
    assert_eq!(level(&format!("https://evil.example/{BUILDER}"), BUILDER), None);
    let other = BuildSigner::Certificate {
        identity: BUILDER,
        issuer: "https://example.org",
    };
    assert_eq!(roots.level(other, BUILDER), None);
    let zeros = "0".repeat(64);
    let key = BuildSigner::Key { sha256: &zeros };
    assert_eq!(
        roots.level(key, "https://builds.example.com"),
        Some(BuildLevel::new(2).unwrap())
    );
    assert_eq!(roots.level(key, BUILDER), None);
}

#[test]
fn roots_may_be_json() {
    let json = json!({ "root": [{
        "certificate-identity": BUILDER,
        "certificate-oidc-issuer": "https://issuer.example.com",
        "builder-id": BUILDER,
        "level": 1,
    }] });
    let roots = RootsOfTrust::parse(json.to_string().as_bytes()).unwrap();
    let signer = BuildSigner::Certificate {
        identity: BUILDER,
        issuer: "https://issuer.example.com",
    };
    assert_eq!(roots.level(signer, BUILDER).unwrap().number(), 1);
}

#[test]
fn roots_that_say_too_little_or_too_much_are_refused() {
    let malformed = |text: &str| {
        matches!(
            RootsOfTrust::parse(text.as_bytes()).unwrap_err(),
            InvalidRoots::Malformed { .. }
        )
    };
    assert!(malformed("[[root]]\nbuilder-id = 'x'\nlevel = 4\nkey = 'y'"));
    assert!(malformed("[[root]]\nbuilder-id = 'x'\nlevel = 3\nkeys = 'y'"));
    assert!(malformed("nothing"));
    let incomplete = |text: &str| {
        matches!(
            RootsOfTrust::parse(text.as_bytes()).unwrap_err(),
            InvalidRoots::Incomplete { number: 1, .. }
        )
    };
    assert!(incomplete("[[root]]\nbuilder-id = 'x'\nlevel = 3"));
    assert!(incomplete(
        "[[root]]\nbuilder-id = 'x'\nlevel = 3\ncertificate-identity = 'a'"
    ));
    assert!(incomplete("[[root]]\nbuilder-id = 'x'\nlevel = 3\nkey = 'sha256:00'"));
    let pattern =
        "[[root]]\nbuilder-id = 'x'\nlevel = 3\ncertificate-identity-regexp = 'a)|(b'\ncertificate-oidc-issuer = 'c'";
    assert!(matches!(
        RootsOfTrust::parse(pattern.as_bytes()).unwrap_err(),
        InvalidRoots::NotAPattern { number: 1, .. }
    ));
    let large = " ".repeat((1 << 20) + 1);
    assert!(matches!(
        RootsOfTrust::parse(large.as_bytes()).unwrap_err(),
        InvalidRoots::TooLarge { .. }
    ));
}
