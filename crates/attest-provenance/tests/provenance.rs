//! Variables of CI systems in, provenance out; and provenance there and back.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeMap;

use attest_digest::{Algorithm, Algorithms, Measured};
use attest_provenance::{
    BuildDefinition, Builder, Environment, Error, FILES, Files, GITHUB_WORKFLOW, GithubActions, LOCAL_BUILDER,
    Provenance, RELEASE, Release, ResourceDescriptor, Run, RunDetails, RunMetadata, Source, Uri,
};
use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";
const GITHUB: &str = include_str!("variables/github.env");
const GITLAB: &str = include_str!("variables/gitlab.env");

fn variables(text: &str) -> BTreeMap<String, String> {
    let lines = text.lines().filter_map(|line| line.split_once('='));
    lines.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

fn environment(text: &str) -> Environment {
    Environment::from_variables(&variables(text)).unwrap()
}

fn json_of(provenance: &Provenance) -> Value {
    serde_json::to_value(provenance).unwrap()
}

fn of_files(environment: &Environment, files: Files) -> Value {
    json_of(&Provenance::of_files(environment, files).unwrap())
}

#[test]
fn github_is_described_in_its_own_words() {
    let found = of_files(&environment(GITHUB), Files::default());
    let expected = json!({
        "buildDefinition": {
            "buildType": GITHUB_WORKFLOW,
            "externalParameters": {
                "workflow": {
                    "ref": "refs/tags/app@1.2.0",
                    "repository": "https://github.com/example/app",
                    "path": ".github/workflows/release@prod.yml",
                }
            },
            "internalParameters": {
                "github": {
                    "event_name": "push",
                    "repository_id": "123456",
                    "repository_owner_id": "654321",
                    "runner_environment": "github-hosted",
                },
                "attest_claims": "variables",
            },
            "resolvedDependencies": [{
                "uri": "git+https://github.com/example/app@refs/tags/app@1.2.0",
                "digest": { "gitCommit": COMMIT },
            }],
        },
        "runDetails": {
            "builder": {
                "id": "https://github.com/example/app/.github/workflows/release@prod.yml@refs/tags/app@1.2.0",
            },
            "metadata": { "invocationId": "https://github.com/example/app/actions/runs/777/attempts/2" },
        },
    });
    assert_eq!(found, expected);
}

#[test]
fn a_token_tells_a_reusable_workflow_from_its_caller() {
    let claims = json!({
        "repository": "example/app",
        "repository_id": "123456",
        "repository_owner_id": "654321",
        "ref": "refs/heads/main",
        "sha": COMMIT,
        "event_name": "push",
        "workflow_ref": "example/app/.github/workflows/ci.yml@refs/heads/main",
        "job_workflow_ref": "example/builders/.github/workflows/build.yml@refs/tags/v3",
        "runner_environment": "github-hosted",
        "run_id": "777",
        "run_attempt": "1",
    });
    let claims = claims.as_object().unwrap();
    let github = GithubActions::from_claims("https://github.com", claims).unwrap();
    let found = of_files(&Environment::GithubActions(github), Files::default());
    let parameters = &found["buildDefinition"];
    assert_eq!(
        found["runDetails"]["builder"]["id"],
        "https://github.com/example/builders/.github/workflows/build.yml@refs/tags/v3"
    );
    assert_eq!(
        parameters["externalParameters"]["workflow"]["path"],
        ".github/workflows/ci.yml"
    );
    assert_eq!(parameters["internalParameters"]["attest_claims"], "token");

    let mut without = claims.clone();
    without.remove("job_workflow_ref");
    assert_eq!(
        GithubActions::from_claims("https://github.com", &without),
        Err(Error::MissingClaim {
            claim: "job_workflow_ref"
        })
    );
}

#[test]
fn gitlab_is_described_as_far_as_it_tells() {
    let found = of_files(&environment(GITLAB), Files::default());
    let expected = json!({
        "buildDefinition": {
            "buildType": FILES,
            "externalParameters": {
                "source": { "repository": "https://gitlab.example.com/example/app", "ref": "refs/tags/v1.2.0" },
                "pipeline": { "path": ".gitlab-ci.yml" },
            },
            "internalParameters": {
                "gitlab": {
                    "project_id": "42",
                    "pipeline_id": "88",
                    "pipeline_source": "push",
                    "job_name": "release",
                    "runner_id": "7",
                },
                "attest_claims": "variables",
            },
            "resolvedDependencies": [{
                "uri": "git+https://gitlab.example.com/example/app@refs/tags/v1.2.0",
                "digest": { "gitCommit": COMMIT },
            }],
        },
        "runDetails": {
            "builder": { "id": "https://gitlab.example.com/example/app/-/runners/7" },
            "metadata": {
                "invocationId": "https://gitlab.example.com/example/app/-/jobs/99",
                "startedOn": "2026-11-20T10:00:00Z",
            },
        },
    });
    assert_eq!(found, expected);
}

#[test]
fn no_secret_of_a_ci_system_is_told() {
    for text in [GITHUB, GITLAB] {
        assert!(text.contains("not-to-be-seen"));
        let found = of_files(&environment(text), Files::default()).to_string();
        assert!(!found.contains("not-to-be-seen"), "{found}");
    }
    let source = Source::of_commit(COMMIT)
        .unwrap()
        .from_remote("https://u:not-to-be-seen@example.com/app.git");
    let files = Files {
        source: Some(source),
        ..Files::default()
    };
    let found = of_files(&Environment::Local, files);
    let dependency = &found["buildDefinition"]["resolvedDependencies"][0];
    assert_eq!(dependency["uri"], "git+https://example.com/app.git");
}

#[test]
fn a_ci_system_that_says_too_little_is_no_local_build() {
    for (text, system, flag) in [
        (GITHUB, "GitHub Actions", "GITHUB_ACTIONS"),
        (GITLAB, "GitLab CI", "GITLAB_CI"),
    ] {
        let all = variables(text);
        let mut errors = 0;
        for name in all.keys().filter(|name| *name != flag) {
            let mut fewer = all.clone();
            fewer.insert(name.clone(), String::new());
            match Environment::from_variables(&fewer) {
                Err(Error::MissingVariable { system: s, variable }) => {
                    assert_eq!((s, variable), (system, name.as_str()));
                    errors += 1;
                }
                Err(other) => panic!("{name}: {other}"),
                Ok(found) => assert_ne!(found, Environment::Local, "{name}"),
            }
        }
        assert!(errors >= 5, "{system}: {errors}");
    }
}

#[test]
fn a_workflow_of_another_run_is_refused() {
    let mut forged = variables(GITHUB);
    let other = "example/app/.github/workflows/release.yml@refs/heads/main".to_owned();
    forged.insert("GITHUB_WORKFLOW_REF".to_owned(), other.clone());
    let error = Environment::from_variables(&forged).unwrap_err();
    assert!(matches!(error, Error::UnusableVariable { variable: "GITHUB_WORKFLOW_REF", found, .. } if found == other));
    forged = variables(GITHUB);
    forged.insert("GITHUB_SHA".to_owned(), "main".to_owned());
    let error = Environment::from_variables(&forged).unwrap_err();
    assert!(matches!(
        error,
        Error::UnusableVariable {
            variable: "GITHUB_SHA",
            ..
        }
    ));
}

#[test]
fn a_build_type_keeps_its_parameters_to_itself() {
    let with = |parameter: &str, build_type: Option<&str>| Files {
        parameters: Map::from_iter([(parameter.to_owned(), json!("x"))]),
        build_type: build_type.map(|text| Uri::new("the build type", text).unwrap()),
        ..Files::default()
    };
    let foreign = |build_type: &str, parameter: &str| Error::ForeignParameter {
        build_type: build_type.to_owned(),
        parameter: parameter.to_owned(),
    };
    let github = environment(GITHUB);
    assert_eq!(
        Provenance::of_files(&github, with("a", None)),
        Err(foreign(GITHUB_WORKFLOW, "a"))
    );
    let local = Environment::Local;
    assert_eq!(
        Provenance::of_files(&local, with("source", None)),
        Err(foreign(FILES, "source"))
    );
    let own = of_files(&github, with("a", Some("https://example.com/build/v1")));
    assert_eq!(own["buildDefinition"]["externalParameters"], json!({ "a": "x" }));
    let files = Files {
        build_type: Some(Uri::new("the build type", GITHUB_WORKFLOW).unwrap()),
        ..Files::default()
    };
    let error = Provenance::of_files(&local, files).unwrap_err();
    assert!(matches!(
        error,
        Error::ForeignBuildType {
            found: "a local build",
            ..
        }
    ));
}

#[test]
fn another_commit_than_the_one_ci_was_started_for_is_listed_beside_it() {
    let other = "f".repeat(40);
    let files = |commit: &str| Files {
        source: Some(Source::of_commit(commit).unwrap()),
        ..Files::default()
    };
    let count = |files| {
        let found = of_files(&environment(GITHUB), files);
        found["buildDefinition"]["resolvedDependencies"]
            .as_array()
            .unwrap()
            .len()
    };
    assert_eq!(count(files(COMMIT)), 1);
    assert_eq!(count(files(&other)), 2);
}

fn measured(name: &str) -> ResourceDescriptor {
    let measured = Measured::of_bytes(name.as_bytes(), &Algorithms::one(Algorithm::Sha256));
    ResourceDescriptor::file(name, measured.digests())
}

#[test]
fn a_release_says_what_was_asked_for_and_what_was_used() {
    let source = Source::of_commit(COMMIT)
        .unwrap()
        .from_remote("git@example.com:team/app.git");
    let release = Release {
        name: "app",
        version: "1.2.0",
        targets: vec!["linux/amd64".to_owned()],
        configuration: measured("attest.toml"),
        source: Some(source.at_reference("refs/tags/v1.2.0").with_changes(true)),
        dependencies: vec![measured("Cargo.lock")],
        tools: BTreeMap::from([("rustc".to_owned(), "rustc 1.95.0".to_owned())]),
        compressors: BTreeMap::from([("tar.gz".to_owned(), "zlib-rs 0.6 level 6".to_owned())]),
        source_date: Some(Timestamp::from_second(1_700_000_000).unwrap()),
        byproducts: vec![measured("app.cdx.json")],
        run: Run {
            attest_version: Some("0.1.0".to_owned()),
            ..Run::default()
        },
    };
    let found = json_of(&Provenance::of_release(&Environment::Local, release).unwrap());
    let definition = &found["buildDefinition"];
    assert_eq!(definition["buildType"], RELEASE);
    assert_eq!(
        definition["externalParameters"],
        json!({
            "name": "app",
            "version": "1.2.0",
            "targets": ["linux/amd64"],
            "configuration": { "path": "attest.toml", "digest": measured("attest.toml").digest() },
            "source": { "repository": "ssh://example.com/team/app.git", "ref": "refs/tags/v1.2.0" },
        })
    );
    assert_eq!(
        definition["internalParameters"],
        json!({
            "compressors": { "tar.gz": "zlib-rs 0.6 level 6" },
            "sourceDate": "2023-11-14T22:13:20Z",
        })
    );
    let commit = &definition["resolvedDependencies"][0];
    assert_eq!(commit["uri"], "git+ssh://example.com/team/app.git@refs/tags/v1.2.0");
    assert_eq!(commit["annotations"], json!({ "attest_dirty": true }));
    assert_eq!(definition["resolvedDependencies"][2]["name"], "Cargo.lock");
    let run = &found["runDetails"];
    assert_eq!(
        run["builder"],
        json!({ "id": LOCAL_BUILDER, "version": { "attest": "0.1.0", "rustc": "rustc 1.95.0" } })
    );
    assert_eq!(run.get("metadata"), None);
    assert_eq!(run["byproducts"][0]["name"], "app.cdx.json");
}

fn parse(value: &Value) -> Result<Provenance, Error> {
    Provenance::from_predicate(value.as_object().unwrap())
}

#[test]
fn null_empty_and_unset_are_the_same_and_unknown_fields_are_passed_over() {
    let short = json!({
        "buildDefinition": { "buildType": "https://example.com/v1", "externalParameters": {} },
        "runDetails": { "builder": { "id": "https://example.com/builder" } },
    });
    let mut long = short.clone();
    long["buildDefinition"]["resolvedDependencies"] = json!([]);
    long["buildDefinition"]["internalParameters"] = Value::Null;
    long["runDetails"]["metadata"] = json!({ "startedOn": null, "vendor_field": 1 });
    long["runDetails"]["builder"]["version"] = json!({});
    assert_eq!(parse(&short), parse(&long));
    assert_eq!(json_of(&parse(&long).unwrap()), short);
}

#[test]
fn what_the_specification_requires_is_required() {
    let whole = of_files(&environment(GITHUB), Files::default());
    for path in [
        "/buildDefinition/buildType",
        "/buildDefinition/externalParameters",
        "/runDetails/builder/id",
    ] {
        let (parent, field) = path.rsplit_once('/').unwrap();
        let mut broken = whole.clone();
        broken
            .pointer_mut(parent)
            .unwrap()
            .as_object_mut()
            .unwrap()
            .remove(field);
        let Err(Error::Malformed { detail }) = parse(&broken) else {
            panic!("{path}")
        };
        assert!(detail.contains(field), "{path}: {detail}");
    }
    let mut broken = whole;
    broken["buildDefinition"]["resolvedDependencies"] = json!([{ "name": "nothing" }]);
    let Err(Error::Malformed { detail }) = parse(&broken) else {
        panic!()
    };
    assert_eq!(
        detail,
        "expected a URI, a digest or content for resource `nothing`, found none"
    );
}

fn resource() -> impl Strategy<Value = ResourceDescriptor> {
    ("[a-z.]{1,12}", "[a-z]{1,8}", any::<bool>(), "[0-9a-f]{40}").prop_map(|(name, host, dirty, commit)| {
        let repository = Uri::new("a repository", format!("https://{host}.example.org/app")).unwrap();
        let resource = ResourceDescriptor::git(&repository, None, &commit).unwrap();
        resource
            .named(name)
            .annotated("attest_dirty", dirty)
            .with_media_type("text/plain")
    })
}

fn provenance() -> impl Strategy<Value = Provenance> {
    let parameters = || {
        proptest::collection::btree_map("[a-zA-Z]{1,8}", "\\PC{0,8}", 0..4).prop_map(|entries| {
            let entries = entries.into_iter().map(|(key, value)| (key, json!(value)));
            entries.collect::<Map<_, _>>()
        })
    };
    let time =
        || proptest::option::of((0..4_000_000_000_i64).prop_map(|second| Timestamp::from_second(second).unwrap()));
    let resources = || proptest::collection::vec(resource(), 0..3);
    let versions = proptest::collection::btree_map("[a-z]{1,8}", "\\PC{0,8}", 0..3);
    let id = proptest::option::of("\\PC{0,12}");
    (
        parameters(),
        parameters(),
        resources(),
        resources(),
        versions,
        id,
        time(),
        time(),
    )
        .prop_map(
            |(external, internal, dependencies, byproducts, version, invocation_id, started_on, finished_on)| {
                Provenance {
                    build_definition: BuildDefinition {
                        build_type: Uri::new("the build type", "https://example.com/v1").unwrap(),
                        external_parameters: external,
                        internal_parameters: internal,
                        resolved_dependencies: dependencies,
                    },
                    run_details: RunDetails {
                        builder: Builder {
                            id: Uri::new("the builder", "https://example.com/builder").unwrap(),
                            builder_dependencies: Vec::new(),
                            version,
                        },
                        metadata: RunMetadata {
                            invocation_id,
                            started_on,
                            finished_on,
                        },
                        byproducts,
                    },
                }
            },
        )
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(provenance in provenance()) {
        prop_assert_eq!(parse(&json_of(&provenance)), Ok(provenance));
    }

    #[test]
    fn no_variables_make_the_reader_panic(
        github in any::<bool>(),
        values in proptest::collection::vec("\\PC{0,16}", 12),
    ) {
        let text = if github { GITHUB } else { GITLAB };
        let mut all = variables(text);
        for (slot, value) in all.values_mut().zip(values) {
            *slot = value;
        }
        all.insert("GITHUB_ACTIONS".to_owned(), "true".to_owned());
        let _ = Environment::from_variables(&all);
    }
}
