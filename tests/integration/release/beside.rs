//! What stands in the READMEs of the reference scenarios beside the release itself: lists and reports of what was made, and the way
//! back.

use std::fs;

use serde_json::Value;

use super::project::{IDENTITY, ISSUER, Project, json, names};
use crate::command::Command;
use crate::sign::{Bench, SIGNER};

/// The names of all lists of contents in the output.
fn lists(project: &Project) -> Vec<String> {
    let names = names(&project.dist()).into_iter();
    let lists = names.filter(|name| name.ends_with(".cdx.json"));
    lists.map(|name| format!("dist/{name}")).collect()
}

#[test]
fn the_lists_of_a_service_become_one_and_a_report_of_licences() {
    let project = Project::new("service");
    project.attest(&["release", "--skip-sign"]).run().expect_code(0);
    let notices = names(&project.dist());
    assert!(
        notices.iter().any(|name| name == "ledger-1.4.0-notices.tar.gz"),
        "{notices:?}"
    );
    let merge = project.attest(&["sbom", "merge", "-o", "sbom-v1.4.0.json"]);
    merge.args(lists(&project)).run().expect_code(0);
    let whole: Value = serde_json::from_slice(&fs::read(project.path().join("sbom-v1.4.0.json")).unwrap()).unwrap();
    let components = whole["components"].to_string();
    for name in ["ledger-api", "ledger-report", "registry.example.org/team/ledger-api"] {
        assert!(
            components.contains(&format!("\"name\":\"{name}\"")),
            "{name} in {components}"
        );
    }
    let report = [
        "sbom",
        "license",
        "sbom-v1.4.0.json",
        "--format",
        "html",
        "-o",
        "licences.html",
    ];
    project.attest(&report).run().expect_code(0);
    let report = fs::read_to_string(project.path().join("licences.html")).unwrap();
    assert!(report.contains("Apache-2.0"), "{report}");
}

#[test]
fn a_report_of_a_scan_hangs_on_an_image_of_a_service() {
    let bench = Bench::new();
    let host = bench.server.url().trim_start_matches("http://").to_owned();
    let project = Project::new("service");
    project.attest(&["release", "--skip-sign"]).run().expect_code(0);
    let image = format!("oci://{host}/team/ledger-api:v1.4.0");
    let push = project.attest(&["push", "dist/ledger-api-1.4.0-image.tar", &image]);
    push.run().expect_code(0);
    let scan = r#"{"scanner":{"uri":"https://example.com/scanner","version":"1","result":[]}}"#;
    bench.write("scan.json", scan);
    bench
        .sign(&[&image, "--predicate", "scan.json", "--type", "vuln"])
        .expect_code(0);
    let verify = |kind: &str| {
        let signer = [
            "--certificate-identity",
            SIGNER,
            "--certificate-oidc-issuer",
            bench.server.url(),
        ];
        let verify = bench.attest().args(["verify", &image, "--type", kind]).args(signer);
        verify.args(["--trusted-root", "trusted_root.json"]).run()
    };
    verify("vuln").expect_code(0);
    verify("cyclonedx").expect_code(1);
}

#[test]
fn what_was_verified_of_processors_is_reported_in_sarif() {
    let project = Project::new("processors");
    project.release(&[]).expect_code(0);
    let signer = ["--certificate-identity", IDENTITY, "--certificate-oidc-issuer", ISSUER];
    let verify = project.attest(&["verify", "dist", "--output", "sarif=verified.sarif"]);
    let root = ["--trusted-root", ".attest/sandbox/trusted_root.json"];
    verify.args(signer).args(root).run().expect_code(0);
    let report: Value = serde_json::from_slice(&fs::read(project.path().join("verified.sarif")).unwrap()).unwrap();
    assert_eq!(report["version"], "2.1.0");
    let results = report["runs"][0]["results"].as_array().unwrap();
    assert!(
        !results.is_empty() && results.iter().all(|result| result["kind"] == "pass"),
        "{results:#?}"
    );
}

#[test]
fn a_version_of_a_snapshot_is_looked_for_before_and_the_image_before_gets_its_name_back() {
    let bench = Bench::new();
    let host = bench.server.url().trim_start_matches("http://").to_owned();
    let project = Project::new("snapshot");
    project.configure("registry.example.org", &host);
    let inspect = |tag: &str| {
        let image = format!("oci://{host}/team/roster:{tag}");
        Command::attest().args(["inspect", &image]).run()
    };
    let missing = inspect("0.5.0").expect_code(3);
    assert!(
        missing.stderr_text().starts_with("error[not-in-registry]"),
        "{}",
        missing.stderr_text()
    );
    let release = || {
        let released = project.attest(&["release", "--publish", "--skip-sign", "--format", "json"]);
        let report = json(&released.run().expect_code(0));
        report["published"][0]["digest"].as_str().unwrap().to_owned()
    };
    let first = release();
    inspect("0.5.0").expect_code(0);
    let program = project.path().join("bin/roster");
    let text = fs::read_to_string(&program).unwrap();
    fs::write(&program, text.replace("main()", "main()  # worse")).unwrap();
    project.commit();
    let second = release();
    assert_ne!(first, second);
    assert!(inspect("edge").expect_code(0).stdout_text().contains(&second));
    let before = format!("oci://{host}/team/roster@{first}");
    project
        .attest(&["fetch", &before, "-o", "before.tar"])
        .run()
        .expect_code(0);
    let edge = format!("oci://{host}/team/roster:edge");
    project.attest(&["push", "before.tar", &edge]).run().expect_code(0);
    assert!(inspect("edge").expect_code(0).stdout_text().contains(&first));
    assert!(inspect("0.5.0").expect_code(0).stdout_text().contains(&second));
}
