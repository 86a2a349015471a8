//! What a certificate and provenance have to say: every expectation accepts what is so and rejects what is not.

use std::fs;

use attest_testkit::{ISSUER, LogVersion, WORKFLOW, World};
use serde_json::{Value, json};

use crate::command::Finished;
use crate::signed_release::{APPLICATION, Release, says, statement};

const COMMIT: &str = "1f9a3c5d7e2b4a6081c3e5f70a2b4c6d8e0f1a3b";
const PROVENANCE: &str = "https://slsa.dev/provenance/v1";

/// As GitHub's own action writes it for the workflow that the certificate is for.
pub(crate) fn provenance() -> Value {
    json!({
        "buildDefinition": {
            "buildType": "https://actions.github.io/buildtypes/workflow/v1",
            "externalParameters": { "workflow": {
                "ref": "refs/tags/v1.0.0",
                "repository": "https://github.com/example/app",
                "path": ".github/workflows/release.yml",
            } },
            "resolvedDependencies": [{
                "uri": "git+https://github.com/example/app@refs/tags/v1.0.0",
                "digest": { "gitCommit": COMMIT },
            }],
        },
        "runDetails": {
            "builder": { "id": WORKFLOW },
            "metadata": { "invocationId": "https://github.com/example/app/actions/runs/3003/attempts/1" },
        },
    })
}

/// An application, and what somebody has signed about it.
struct Built(Release);

impl Built {
    fn new(predicate_type: &str, predicate: &Value) -> Self {
        let release = Release::new();
        let statement = statement(("app.bin", APPLICATION), predicate_type, predicate);
        let bundle = release.world.sign_statement(&statement, LogVersion::V2).unwrap();
        release.write("app.bin.sigstore.json", bundle.as_json());
        Self(release)
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        self.0.write(name, bytes);
    }

    fn run(&self, arguments: &[&str]) -> Finished {
        self.0.verify(&[&["app.bin"], arguments].concat())
    }

    fn verify(&self, arguments: &[&str]) -> Finished {
        let signer = ["--certificate-identity", WORKFLOW, "--certificate-oidc-issuer", ISSUER];
        self.run(&[&signer, arguments].concat())
    }

    #[track_caller]
    fn accepts(&self, arguments: &[&str]) -> String {
        self.verify(arguments).expect_code(0).stdout_text().to_owned()
    }

    #[track_caller]
    fn rejects(&self, arguments: &[&str], expected: &str) {
        says(self.verify(arguments).expect_code(1).stdout_text(), expected);
    }
}

#[test]
fn a_signer_may_be_a_pattern_that_matches_the_whole_identity() {
    let release = Built::new(PROVENANCE, &provenance());
    let by = |identity: &str, issuer: &str| {
        release.run(&[
            "--certificate-identity-regexp",
            identity,
            "--certificate-oidc-issuer-regexp",
            issuer,
        ])
    };
    let workflow = r"https://github\.com/example/app/\.github/workflows/release\.yml@refs/tags/v\d+\.\d+\.\d+";
    let issuer = r"https://token\.actions\..+\.com";
    by(workflow, issuer).expect_code(0);
    let text = by(r"github\.com/example/app", issuer).expect_code(1);
    says(
        text.stdout_text(),
        "[identity-mismatch] expected certificate identity matching `github\\.com/example/app`",
    );
    says(
        by(workflow, "https://token").expect_code(1).stdout_text(),
        "[issuer-mismatch]",
    );
    says(
        by(".*", issuer).expect_code(2).stderr_text(),
        "error[expectation-invalid]",
    );
}

#[test]
fn a_repository_or_workflow_of_github_is_a_signer() {
    let release = Built::new(PROVENANCE, &provenance());
    for signer in [
        ["--repo", "example/app"],
        ["-R", "https://github.com/example/app"],
        ["--owner", "example"],
        ["--signer-repo", "example/app"],
        ["--signer-workflow", "example/app/.github/workflows/release.yml"],
        [
            "--signer-workflow",
            "github.com/example/app/.github/workflows/release.yml@refs/tags/v1.0.0",
        ],
    ] {
        release.run(&signer).expect_code(0);
    }
    for signer in [
        ["--repo", "example/ap"],
        ["--owner", "exampl"],
        ["--signer-repo", "example/other"],
        ["--signer-workflow", "example/app/.github/workflows/other.yml"],
        [
            "--signer-workflow",
            "example/app/.github/workflows/release.yml@refs/tags/v2",
        ],
    ] {
        says(release.run(&signer).expect_code(1).stdout_text(), "[identity-mismatch]");
    }
}

#[test]
fn every_claim_of_the_certificate_can_be_expected() {
    let release = Built::new(PROVENANCE, &provenance());
    let all = [
        "--source-repository=example/app",
        "--source-ref=refs/tags/v1.0.0",
        concat!("--source-digest=", "1f9a3c5d7e2b4a6081c3e5f70a2b4c6d8e0f1a3b"),
        "--deny-self-hosted-runners",
        "--certificate-claim=build-trigger=push",
        "--certificate-claim-regexp=source-repository-identifier=1\\d+",
        "--certificate-github-workflow-trigger=push",
        "--certificate-github-workflow-name=release",
        "--certificate-github-workflow-repository=example/app",
        "--certificate-github-workflow-ref=refs/tags/v1.0.0",
        concat!(
            "--certificate-github-workflow-sha=",
            "1f9a3c5d7e2b4a6081c3e5f70a2b4c6d8e0f1a3b"
        ),
    ];
    release.accepts(&all);
    for (wrong, claim) in [
        ("--source-repository=example/other", "source-repository-uri"),
        ("--source-ref=refs/heads/main", "source-repository-ref"),
        ("--source-digest=00", "source-repository-digest"),
        ("--signer-digest=00", "build-signer-digest"),
        ("--runner-environment=self-hosted", "runner-environment"),
        (
            "--certificate-claim=deployment-environment=production",
            "deployment-environment",
        ),
        ("--certificate-claim-regexp=build-trigger=pus", "build-trigger"),
        (
            "--certificate-github-workflow-trigger=release",
            "github-workflow-trigger",
        ),
    ] {
        release.rejects(&[wrong], &format!("[claim-mismatch] expected {claim}"));
    }
    let unknown = release.verify(&["--certificate-claim=colour=red"]).expect_code(2);
    says(unknown.stderr_text(), "hint: the names are github-workflow-trigger");
}

#[test]
fn a_type_that_is_asked_for_has_to_be_there() {
    let release = Built::new(PROVENANCE, &provenance());
    says(&release.accepts(&["--type", "slsaprovenance1"]), "predicate-type");
    release.accepts(&["--predicate-type", PROVENANCE]);
    release.rejects(
        &["--type", "cyclonedx"],
        "[predicate-type-mismatch] expected a statement of type `https://cyclonedx.org/bom`, found a statement of type",
    );
    release.rejects(
        &["--type", "signature"],
        "expected a signature of the artifact itself, found a statement",
    );
    let other = Built::new("https://example.com/note/v1", &json!({}));
    other.rejects(
        &["--builder-id", WORKFLOW],
        "[predicate-type-mismatch] expected SLSA provenance",
    );
    let signed = Built(Release::new());
    let bundle = signed.0.world.sign_artifact(APPLICATION, LogVersion::V2).unwrap();
    signed.write("app.bin.sigstore.json", bundle.as_json());
    signed.accepts(&["--type", "signature"]);
    signed.rejects(
        &["--type", "slsaprovenance1"],
        "found a signature of the artifact itself",
    );
}

#[test]
fn evidence_of_another_type_beside_the_right_one_is_passed_over() {
    let release = Built::new(PROVENANCE, &provenance());
    let right = fs::read_to_string(release.0.path("app.bin.sigstore.json")).unwrap();
    let note = statement(("app.bin", APPLICATION), "https://example.com/note/v1", &json!({}));
    let note = World::new(1).unwrap().sign_statement(&note, LogVersion::V1).unwrap();
    let note = String::from_utf8(note.as_json().to_vec()).unwrap();
    release.write("app.bin.sigstore.json", format!("{note}\n{right}\n"));
    let text = release.accepts(&["--type", "slsaprovenance1", "--format", "json"]);
    let document: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(document["bundles"][0]["verdict"], "passed-over");
    assert_eq!(document["artifacts"][0]["bundles"], json!([1]));
}

#[test]
fn provenance_is_held_against_what_was_asked_for() {
    let release = Built::new(PROVENANCE, &provenance());
    let text = release.accepts(&[
        "--builder-id=https://github.com/example/app/.github/workflows/release.yml",
        "--source-uri=github.com/example/app",
        "--source-tag=v1.0.0",
        "--build-type=https://actions.github.io/buildtypes/workflow/v1",
    ]);
    says(
        &text,
        "built by      https://github.com/example/app/.github/workflows/release.yml@refs/tags/v1.0.0",
    );
    says(
        &text,
        "built from    https://github.com/example/app@refs/tags/v1.0.0 (1f9a3c5d",
    );
    says(&text, "provenance-matches-certificate, provenance");
    for (wrong, expected) in [
        ("--builder-id=https://github.com/example/other", "[builder-id-mismatch]"),
        ("--source-uri=github.com/example/other", "[source-repository-mismatch]"),
        ("--source-branch=main", "[source-ref-mismatch]"),
        ("--build-type=https://example.com/x", "[build-type-mismatch]"),
        ("--external-parameter=inputs.a=b", "[external-parameter-mismatch]"),
        ("--build-workflow-input=a=b", "external parameter `inputs.a`"),
    ] {
        release.rejects(&[wrong], expected);
    }
}

#[test]
fn a_parameter_that_nobody_expects_is_rejected_once_provenance_is_asked_for() {
    let mut predicate = provenance();
    predicate["buildDefinition"]["externalParameters"]["inputs"] = json!({ "debug": "true" });
    let release = Built::new(PROVENANCE, &predicate);
    release.accepts(&[]);
    release.rejects(
        &["--source-uri=github.com/example/app"],
        "[external-parameter-unexpected]",
    );
    release.accepts(&[
        "--source-uri=github.com/example/app",
        "--build-workflow-input=debug=true",
    ]);
}

#[test]
fn provenance_that_contradicts_its_certificate_is_a_lie_whatever_was_asked_for() {
    let mut predicate = provenance();
    predicate["runDetails"]["builder"]["id"] =
        json!("https://github.com/trusted/builders/.github/workflows/build.yml@refs/tags/v1");
    let release = Built::new(PROVENANCE, &predicate);
    release.rejects(
        &[],
        "[provenance-contradicts-certificate] expected the provenance to say builder id",
    );
    let mut predicate = provenance();
    predicate["buildDefinition"]["externalParameters"]["workflow"]["repository"] =
        json!("https://github.com/example/other");
    let release = Built::new(PROVENANCE, &predicate);
    release.rejects(
        &[],
        "expected the provenance to say source repository `https://github.com/example/app`",
    );
}

#[test]
fn no_way_of_writing_it_makes_a_lie_count_for_what_was_asked_for() {
    let trusted = "https://github.com/trusted/builders/.github/workflows/build.yml";
    let mut predicate = provenance();
    predicate["runDetails"]["builder"]["id"] = json!(trusted);
    let release = Built::new(PROVENANCE, &predicate);
    release.write(
        "roots.toml",
        format!(
            "[[root]]\ncertificate-identity-regexp = '.+release\\.yml@.+'\ncertificate-oidc-issuer = '{ISSUER}'\n\
             builder-id = '{trusted}'\nlevel = 3\n"
        ),
    );
    let lie = "[provenance-contradicts-certificate]";
    release.rejects(&["--builder-id", trusted], lie);
    release.rejects(&["--min-level=3", "--roots-of-trust=roots.toml"], lie);

    let mut predicate = provenance();
    predicate["buildDefinition"]["buildType"] = json!("https://example.com/build/v1");
    predicate["buildDefinition"]["externalParameters"] =
        json!({ "source": { "uri": "git+https://github.com/victim/app@refs/tags/v1.0.0" } });
    let release = Built::new(PROVENANCE, &predicate);
    release.rejects(&["--source-uri=github.com/victim/app", "--source-tag=v1.0.0"], lie);

    let mut predicate = provenance();
    predicate["buildDefinition"]["externalParameters"]["workflow"]["uri"] = json!("https://github.com/victim/app");
    let release = Built::new(PROVENANCE, &predicate);
    release.rejects(&[], "[provenance-invalid] expected one source repository");
}

#[test]
fn only_what_was_compared_with_the_certificate_is_told_as_that() {
    let document = |predicate: &Value| -> Value {
        let release = Built::new(PROVENANCE, predicate);
        serde_json::from_str(&release.accepts(&["--format", "json"])).unwrap()
    };
    let some = document(&provenance());
    assert_eq!(
        some["bundles"][0]["build"]["matchesCertificate"],
        json!([
            "builder-id",
            "source-repository",
            "source-ref",
            "source-commit",
            "workflow",
            "invocation"
        ])
    );
    let mut predicate = provenance();
    predicate["buildDefinition"]["buildType"] = json!("https://example.com/build/v1");
    predicate["buildDefinition"]["externalParameters"] = json!({});
    predicate["runDetails"] = json!({ "builder": { "id": "https://builds.example.com" } });
    let none = document(&predicate);
    assert_eq!(none["bundles"][0]["build"]["matchesCertificate"], json!([]));
    let checked = none["bundles"][0]["checked"].as_array().unwrap();
    assert!(!checked.contains(&json!("provenance-matches-certificate")), "{none}");
}

#[test]
fn a_level_is_that_of_the_roots_of_trust_and_never_told_by_the_provenance() {
    let release = Built::new(PROVENANCE, &provenance());
    let roots = |identity: &str| {
        format!(
            "[[root]]\ncertificate-identity = '{identity}'\ncertificate-oidc-issuer = '{ISSUER}'\n\
             builder-id = 'https://github.com/example/app/.github/workflows/release.yml'\nlevel = 2\n"
        )
    };
    release.write("roots.toml", roots(WORKFLOW));
    says(
        &release.accepts(&["--min-level=2", "--roots-of-trust=roots.toml"]),
        "build level   2",
    );
    release.rejects(
        &["--min-level=3", "--roots-of-trust=roots.toml"],
        "[build-level-too-low] expected build level 3, found 2",
    );
    release.write("roots.toml", roots("https://github.com/example/other"));
    release.rejects(
        &["--min-level=1", "--roots-of-trust=roots.toml"],
        "found no root of trust",
    );
    release.verify(&["--min-level=1"]).expect_code(2);
    release
        .verify(&["--min-level=4", "--roots-of-trust=roots.toml"])
        .expect_code(2);
    release.write("roots.toml", "[[root]]\nlevel = 9");
    let finished = release
        .verify(&["--min-level=1", "--roots-of-trust=roots.toml"])
        .expect_code(2);
    says(finished.stderr_text(), "error[roots-of-trust-invalid]");
}

#[test]
fn with_a_key_the_provenance_says_what_was_built() {
    let release = Built(Release::new());
    let statement = statement(("app.bin", APPLICATION), PROVENANCE, &provenance());
    let bundle = release.0.signer().sign_statement(&statement).unwrap();
    release.write("app.bin.sigstore.json", bundle.to_string());
    release
        .run(&["--key=key.pub", "--repo=example/app", "--source-ref=refs/tags/v1.0.0"])
        .expect_code(0);
    let other = release.run(&["--key=key.pub", "--repo=example/other"]).expect_code(1);
    says(other.stdout_text(), "[source-repository-mismatch]");
    release
        .run(&["--key=key.pub", "--deny-self-hosted-runners"])
        .expect_code(2);
}
