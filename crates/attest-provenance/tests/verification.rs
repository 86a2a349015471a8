//! Verified provenance held against what was asked for, and against the certificate of its signer.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::BTreeMap;

use attest_provenance::{BuildClaims, BuildExpectation, Error, Mismatch};
use serde_json::{Value, json};

const V1: &str = "https://slsa.dev/provenance/v1";
const V0_2: &str = "https://slsa.dev/provenance/v0.2";
const BUILDER: &str = "https://github.com/example/builders/.github/workflows/build.yml@refs/tags/v3";
const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

/// As GitHub's own action writes it.
fn github() -> Value {
    json!({
        "buildDefinition": {
            "buildType": "https://actions.github.io/buildtypes/workflow/v1",
            "externalParameters": { "workflow": {
                "ref": "refs/tags/v1.0.0",
                "repository": "https://github.com/example/app",
                "path": ".github/workflows/release.yml",
            } },
            "internalParameters": { "github": {
                "event_name": "push",
                "repository_id": "1",
                "repository_owner_id": "2",
                "runner_environment": "github-hosted",
            } },
            "resolvedDependencies": [
                { "uri": "git+https://github.com/other/thing@refs/heads/main", "digest": { "gitCommit": "ff" } },
                { "uri": "git+https://github.com/example/app@refs/tags/v1.0.0", "digest": { "gitCommit": COMMIT } },
            ],
        },
        "runDetails": {
            "builder": { "id": BUILDER },
            "metadata": { "invocationId": "https://github.com/example/app/actions/runs/7/attempts/1" },
        },
    })
}

/// As slsa-github-generator writes it.
fn generator() -> Value {
    json!({
        "builder": { "id": "https://github.com/slsa-framework/slsa-github-generator/.github/workflows/generator_generic_slsa3.yml@refs/tags/v2.0.0" },
        "buildType": "https://github.com/slsa-framework/slsa-github-generator/generic@v1",
        "invocation": {
            "configSource": {
                "uri": "git+https://github.com/example/app@refs/tags/v1.0.0",
                "digest": { "sha1": COMMIT },
                "entryPoint": ".github/workflows/release.yml",
            },
            "parameters": {},
            "environment": { "github_run_id": "7" },
        },
        "metadata": { "buildInvocationID": "7-1", "completeness": { "parameters": true } },
        "materials": [{ "uri": "git+https://github.com/example/app@refs/tags/v1.0.0", "digest": { "sha1": COMMIT } }],
    })
}

fn certificate() -> BTreeMap<&'static str, String> {
    let claims = [
        ("build-signer-uri", BUILDER),
        ("runner-environment", "github-hosted"),
        ("source-repository-uri", "https://github.com/example/app"),
        ("source-repository-ref", "refs/tags/v1.0.0"),
        ("source-repository-digest", COMMIT),
        ("source-repository-identifier", "1"),
        ("source-repository-owner-identifier", "2"),
        (
            "build-config-uri",
            "https://github.com/example/app/.github/workflows/release.yml@refs/tags/v1.0.0",
        ),
        ("build-trigger", "push"),
        (
            "run-invocation-uri",
            "https://github.com/example/app/actions/runs/7/attempts/1",
        ),
    ];
    claims
        .into_iter()
        .map(|(name, value)| (name, value.to_owned()))
        .collect()
}

fn claims(predicate_type: &str, predicate: &Value) -> BuildClaims {
    BuildClaims::of(predicate_type, predicate.as_object().unwrap()).unwrap()
}

fn expected() -> BuildExpectation {
    BuildExpectation {
        builder_id: Some(BUILDER.to_owned()),
        build_type: Some("https://actions.github.io/buildtypes/workflow/v1".to_owned()),
        source_uri: Some("git+https://github.com/example/app".to_owned()),
        source_ref: Some("refs/tags/v1.0.0".to_owned()),
        source_digest: Some(COMMIT.to_owned()),
        parameters: BTreeMap::new(),
    }
}

#[test]
fn what_was_asked_for_is_accepted_in_both_versions() {
    assert_eq!(expected().check(&claims(V1, &github())), Ok(()));
    let generic = BuildExpectation {
        builder_id: Some(
            "https://github.com/slsa-framework/slsa-github-generator/.github/workflows/generator_generic_slsa3.yml"
                .to_owned(),
        ),
        build_type: Some("https://github.com/slsa-framework/slsa-github-generator/generic@v1".to_owned()),
        source_uri: Some("github.com/example/app@refs/tags/v1.0.0".to_owned()),
        ..expected()
    };
    assert_eq!(generic.check(&claims(V0_2, &generator())), Ok(()));
}

#[test]
fn every_field_that_is_something_else_is_named_with_both_values() {
    let found = claims(V1, &github());
    let other = || "https://example.org/other".to_owned();
    let cases = [
        (
            BuildExpectation {
                builder_id: Some(other()),
                ..expected()
            },
            Mismatch::BuilderId {
                expected: other(),
                found: BUILDER.to_owned(),
            },
        ),
        (
            BuildExpectation {
                build_type: Some(other()),
                ..expected()
            },
            Mismatch::BuildType {
                expected: other(),
                found: expected().build_type.unwrap(),
            },
        ),
        (
            BuildExpectation {
                source_uri: Some(other()),
                ..expected()
            },
            Mismatch::SourceRepository {
                expected: other(),
                found: Some("https://github.com/example/app".to_owned()),
            },
        ),
        (
            BuildExpectation {
                source_ref: Some("refs/heads/main".to_owned()),
                ..expected()
            },
            Mismatch::SourceRef {
                expected: "refs/heads/main".to_owned(),
                found: Some("refs/tags/v1.0.0".to_owned()),
            },
        ),
        (
            BuildExpectation {
                source_digest: Some("ff".to_owned()),
                ..expected()
            },
            Mismatch::SourceDigest {
                expected: "ff".to_owned(),
                found: Some(COMMIT.to_owned()),
            },
        ),
        (
            BuildExpectation {
                parameters: BTreeMap::from([("inputs.flavour".to_owned(), "plain".to_owned())]),
                ..expected()
            },
            Mismatch::Parameter {
                name: "inputs.flavour".to_owned(),
                expected: "plain".to_owned(),
                found: None,
            },
        ),
    ];
    for (expectation, mismatch) in cases {
        assert_eq!(expectation.check(&found), Err(mismatch));
    }
}

#[test]
fn a_ref_in_the_source_uri_counts() {
    let source_uri = Some("https://github.com/example/app@refs/heads/main".to_owned());
    let expectation = BuildExpectation {
        source_uri,
        source_ref: None,
        ..expected()
    };
    let error = expectation.check(&claims(V1, &github())).unwrap_err();
    assert_eq!(error.code(), "source-ref-mismatch");
}

#[test]
fn a_builder_of_which_the_name_only_begins_alike_is_another() {
    let near = &BUILDER[..BUILDER.find("@refs").unwrap() - 1];
    let expectation = BuildExpectation {
        builder_id: Some(near.to_owned()),
        ..expected()
    };
    assert_eq!(
        expectation.check(&claims(V1, &github())).unwrap_err().code(),
        "builder-id-mismatch"
    );
}

#[test]
fn an_external_parameter_that_nobody_expects_is_rejected() {
    let mut provenance = github();
    provenance["buildDefinition"]["externalParameters"]["inputs"] = json!({ "debug": true });
    let found = claims(V1, &provenance);
    let (name, value) = ("inputs.debug".to_owned(), "true".to_owned());
    assert_eq!(
        expected().check(&found),
        Err(Mismatch::UnknownParameter {
            name: name.clone(),
            found: value.clone()
        })
    );
    let parameters = BTreeMap::from([(name, value)]);
    let asked_for = BuildExpectation {
        parameters,
        ..expected()
    };
    assert_eq!(asked_for.check(&found), Ok(()));
}

#[test]
fn provenance_that_does_not_name_its_source_is_not_from_the_expected_one() {
    let mut provenance = github();
    provenance["buildDefinition"]["buildType"] = json!("https://example.com/build/v1");
    provenance["buildDefinition"]["externalParameters"] = json!({});
    let expectation = BuildExpectation {
        source_uri: Some("https://github.com/example/app".to_owned()),
        ..BuildExpectation::default()
    };
    assert_eq!(
        expectation.check(&claims(V1, &provenance)),
        Err(Mismatch::SourceRepository {
            expected: "https://github.com/example/app".to_owned(),
            found: None
        })
    );
}

#[test]
fn provenance_that_says_what_its_certificate_says_is_no_lie() {
    let everything = [
        "builder-id",
        "source-repository",
        "source-ref",
        "source-commit",
        "workflow",
        "invocation",
        "event",
        "repository-number",
        "owner-number",
        "runner-environment",
    ];
    assert_eq!(
        claims(V1, &github()).check_certificate(&certificate()),
        Ok(everything.to_vec())
    );
    let mut generic = certificate();
    generic.insert(
        "build-signer-uri",
        generator()["builder"]["id"].as_str().unwrap().to_owned(),
    );
    assert_eq!(
        claims(V0_2, &generator()).check_certificate(&generic),
        Ok(everything[..5].to_vec())
    );
    // A certificate for a person says nothing about a build.
    assert_eq!(claims(V1, &github()).check_certificate(&BTreeMap::new()), Ok(vec![]));
}

#[track_caller]
fn contradicts(provenance: &Value, expected: &str, found: &str) {
    let error = claims(V1, provenance).check_certificate(&certificate()).unwrap_err();
    let expected = format!("expected the provenance to say {expected} as the certificate does, found `{found}`");
    assert_eq!(error.to_string(), expected);
}

#[test]
fn a_builder_without_a_ref_is_any_version_of_the_certified_workflow_and_of_no_other() {
    let mut provenance = github();
    provenance["runDetails"]["builder"]["id"] = json!(BUILDER.split_once('@').unwrap().0);
    let compared = claims(V1, &provenance).check_certificate(&certificate()).unwrap();
    assert_eq!(compared.first(), Some(&"builder-id"));
    let other = "https://github.com/trusted/builders/.github/workflows/build.yml";
    provenance["runDetails"]["builder"]["id"] = json!(other);
    contradicts(&provenance, &format!("builder id `{BUILDER}`"), other);
}

#[test]
fn the_source_is_compared_whatever_the_build_type() {
    let mut provenance = github();
    provenance["buildDefinition"]["buildType"] = json!("https://example.com/build/v1");
    let source = |uri: &str| json!({ "source": { "uri": uri } });
    provenance["buildDefinition"]["externalParameters"] = source("git+https://github.com/example/app");
    let compared = claims(V1, &provenance).check_certificate(&certificate()).unwrap();
    assert!(compared.contains(&"source-repository"), "{compared:?}");
    assert!(!compared.contains(&"source-ref"), "{compared:?}");
    provenance["buildDefinition"]["externalParameters"] = source("git+https://github.com/victim/app");
    let expected = "source repository `https://github.com/example/app`";
    contradicts(&provenance, expected, "https://github.com/victim/app");
}

#[test]
fn a_repository_does_not_hide_another() {
    let mut provenance = github();
    let predicate = |provenance: &Value| BuildClaims::of(V1, provenance.as_object().unwrap());
    let workflow = |provenance: &mut Value, name: &str, value: &str| {
        provenance["buildDefinition"]["externalParameters"]["workflow"][name] = json!(value);
    };
    workflow(
        &mut provenance,
        "uri",
        "git+https://github.com/example/app@refs/tags/v1.0.0",
    );
    assert!(predicate(&provenance).is_ok());
    workflow(&mut provenance, "repository", "https://github.com/victim/app");
    let contradiction = |field, first: &str, second: &str| Error::Contradiction {
        field,
        first: first.to_owned(),
        second: second.to_owned(),
    };
    let (first, second) = ("https://github.com/example/app", "https://github.com/victim/app");
    assert_eq!(
        predicate(&provenance),
        Err(contradiction("source repository", first, second))
    );
    workflow(&mut provenance, "repository", first);
    workflow(&mut provenance, "ref", "refs/tags/v2");
    assert_eq!(
        predicate(&provenance),
        Err(contradiction("source ref", "refs/tags/v1.0.0", "refs/tags/v2"))
    );
}

#[test]
fn every_path_of_a_workflow_is_compared_with_or_without_its_ref() {
    let mut provenance = github();
    let workflow = |fields: Value| json!({ "workflow": fields });
    let app = "https://github.com/example/app";
    let config = &certificate()["build-config-uri"];
    for (fields, found) in [
        (
            json!({ "repository": app, "path": "ci/evil.yml" }),
            format!("{app}/ci/evil.yml"),
        ),
        (json!({ "path": "other.yml" }), "other.yml".to_owned()),
        (
            json!({ "repository": app, "path": ".github/workflows/other.yml" }),
            format!("{app}/.github/workflows/other.yml"),
        ),
        (json!({ "repository": app, "path": "" }), format!("{app}/")),
    ] {
        provenance["buildDefinition"]["externalParameters"] = workflow(fields);
        contradicts(&provenance, &format!("workflow `{config}`"), &found);
    }
    for fields in [
        json!({ "repository": app, "path": ".github/workflows/release.yml" }),
        json!({ "path": ".github/workflows/release.yml" }),
    ] {
        provenance["buildDefinition"]["externalParameters"] = workflow(fields);
        let compared = claims(V1, &provenance).check_certificate(&certificate()).unwrap();
        assert!(compared.contains(&"workflow"), "{compared:?}");
    }
}

#[test]
fn a_lie_is_found_in_whatever_field_it_stands() {
    let found = claims(V1, &github());
    for (claim, field) in [
        ("build-signer-uri", "builder-id"),
        ("runner-environment", "runner-environment"),
        ("source-repository-uri", "source-repository"),
        ("source-repository-ref", "source-ref"),
        ("source-repository-digest", "source-commit"),
        ("source-repository-identifier", "repository-number"),
        ("source-repository-owner-identifier", "owner-number"),
        ("build-config-uri", "workflow"),
        ("build-trigger", "event"),
        ("run-invocation-uri", "invocation"),
    ] {
        let mut certificate = certificate();
        certificate.insert(claim, "another".to_owned());
        match found.check_certificate(&certificate).unwrap_err() {
            Mismatch::Certificate {
                field: named, expected, ..
            } => {
                assert_eq!((named, expected.as_str()), (field, "another"));
            }
            other => panic!("{claim}: {other}"),
        }
    }
}

#[test]
fn a_builder_that_is_a_kind_of_machine_is_compared_as_one() {
    let mut provenance = github();
    provenance["runDetails"]["builder"]["id"] = json!("https://github.com/actions/runner/self-hosted");
    let error = claims(V1, &provenance).check_certificate(&certificate()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "expected the provenance to say runner environment `github-hosted` as the certificate does, found `self-hosted`"
    );
}

#[test]
fn what_is_no_provenance_is_malformed() {
    for (predicate_type, predicate) in [(V1, json!({})), (V0_2, json!({ "buildType": "x" }))] {
        let error = BuildClaims::of(predicate_type, predicate.as_object().unwrap()).unwrap_err();
        assert!(matches!(error, Error::Malformed { .. }), "{error}");
    }
}
