//! Charts, wheels and sdists of a release.

use std::fs;

use super::made::sha256;
use super::project::{Project, json};
use crate::pack_python::{METADATA, SDIST, WHEEL, sdist, wheel};

const CHART: &str = "apiVersion: v2\nname: web\nversion: 0.1.0\nappVersion: \"1\"\n";

/// A project with a chart, and with a wheel and an sdist that were built before.
fn with_chart_and_distributions() -> Project {
    let project = Project::new("prebuilt");
    let write = |name: &str, bytes: &[u8]| {
        let path = project.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    };
    write("chart/Chart.yaml", CHART.as_bytes());
    write("chart/values.yaml", b"replicas: 1\n");
    write("chart/templates/map.yaml", b"kind: ConfigMap\n");
    write(&format!("built/{WHEEL}"), &wheel("vote = 1\n", "vote = 1\n"));
    write(&format!("built/{SDIST}"), &sdist(METADATA));
    let tables = "[[chart]]\ndirectory = \"chart\"\nversion = \"{version}\"\n\n[python]\nfiles = [\"built/*\"]\n";
    project.configure("[[binary]]", &format!("{tables}\n[[binary]]"));
    project
}

#[test]
fn charts_wheels_and_sdists_are_released_as_their_own_commands_make_them() {
    let project = with_chart_and_distributions();
    let released = project.release(&["--format", "json"]).expect_code(0);
    let report = json(&released);
    let files = report["files"].as_array().unwrap();
    let kind = |name: &str| {
        files
            .iter()
            .find(|file| file["name"] == name)
            .map(|file| file["kind"].clone())
    };
    assert_eq!(kind("web-2.0.1.tgz").unwrap(), "chart");
    assert_eq!(kind(WHEEL).unwrap(), "wheel");
    assert_eq!(kind(SDIST).unwrap(), "sdist");
    for name in ["web-2.0.1.tgz", WHEEL, SDIST] {
        let list = format!("{name}.cdx.json");
        assert_eq!(kind(&list).unwrap(), "sbom", "{list}");
        let bytes = fs::read(project.dist().join(&list)).unwrap();
        let document: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        let digest = sha256(&fs::read(project.dist().join(name)).unwrap());
        assert!(
            document.to_string().contains(&digest),
            "{list} says of which file it is"
        );
        assert_eq!(kind(&format!("{name}.cdx.sigstore.json")).unwrap(), "bundle");
    }
    let chart = fs::read(project.dist().join("web-2.0.1.tgz.cdx.json")).unwrap();
    let chart: serde_json::Value = serde_json::from_slice(&chart).unwrap();
    assert_eq!(chart["metadata"]["component"]["name"], "web");
    assert_eq!(chart["metadata"]["component"]["version"], "2.0.1");
    project.verify().expect_code(0);
    let normal = ["pack", "python", "built/*", "--output-directory", "normal"].map(str::to_owned);
    let files = [WHEEL, SDIST].map(|name| format!("built/{name}"));
    let arguments = normal[..2].iter().chain(&files).chain(&normal[3..]);
    let arguments: Vec<&str> = arguments.map(String::as_str).collect();
    fs::create_dir(project.path().join("normal")).unwrap();
    project
        .attest(&arguments)
        .env("SOURCE_DATE_EPOCH", "1700000000")
        .run()
        .expect_code(0);
    for name in [WHEEL, SDIST] {
        let own = fs::read(project.path().join("normal").join(name)).unwrap();
        assert!(fs::read(project.dist().join(name)).unwrap() == own, "{name}");
    }
    let source = fs::read_to_string(project.path().join("chart/Chart.yaml")).unwrap();
    assert_eq!(source, CHART);
}

#[test]
fn a_wheel_whose_record_does_not_hold_ends_the_release() {
    let project = with_chart_and_distributions();
    let broken = wheel("vote = 2\n", "vote = 1\n");
    fs::write(project.path().join("built").join(WHEEL), broken).unwrap();
    project.commit();
    let refused = project.release(&[]).expect_code(1);
    let message = refused.stderr_text();
    assert!(message.contains("error[distribution-invalid]"), "{message}");
    assert!(message.contains("beagle_vote.py"), "{message}");
    project.assert_nothing_left();
}

#[test]
fn a_chart_that_helm_would_not_load_ends_the_release() {
    let project = with_chart_and_distributions();
    fs::write(project.path().join("chart/values.yaml"), "- a list\n").unwrap();
    project.commit();
    let refused = project.release(&[]).expect_code(2);
    let message = refused.stderr_text();
    assert!(message.contains("error[chart-field-invalid]"), "{message}");
    assert!(message.contains("values.yaml"), "{message}");
    project.assert_nothing_left();
}
