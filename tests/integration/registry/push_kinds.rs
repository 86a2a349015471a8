//! `attest push` of what is no layout: charts as Helm writes them, and files as artifacts.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::base::Scene;
use super::sha256;
use crate::command::Finished;

const CHART: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/charts/greeter");

impl Scene {
    /// Packs a chart, and says where its package is.
    pub(super) fn chart(&self, version: &str) -> PathBuf {
        let arguments = ["pack", "chart", CHART, "-d", "charts", "--version", version];
        let packed = self
            .attest_command(&arguments)
            .env("SOURCE_DATE_EPOCH", "1700000000")
            .run();
        packed.expect_code(0);
        self.path(&format!("charts/greeter-{version}.tgz"))
    }

    pub(super) fn charts(&self) -> String {
        format!("oci://{}/charts", self.registry.host())
    }

    pub(super) fn manifest(&self, tag: &str) -> Value {
        serde_json::from_slice(&self.registry.state().manifests[tag].1).unwrap()
    }

    fn refused(&self, arguments: &[&str]) -> String {
        let refused = self.attest(arguments);
        assert_ne!(refused.code, 0);
        assert_eq!(self.sends(), 0);
        code(&refused)
    }
}

fn code(refused: &Finished) -> String {
    let text = refused.stderr_text();
    text.strip_prefix("error[")
        .map_or(text, |rest| rest.split(']').next().unwrap())
        .to_owned()
}

fn types(manifest: &Value) -> Vec<&str> {
    let mut types: Vec<&str> = manifest["layers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|layer| layer["mediaType"].as_str().unwrap())
        .collect();
    types.sort_unstable();
    types
}

const CONTENT: &str = "application/vnd.cncf.helm.chart.content.v1.tar+gzip";
const PROVENANCE: &str = "application/vnd.cncf.helm.chart.provenance.v1.prov";

#[test]
fn a_chart_goes_to_its_name_and_version() {
    let scene = Scene::empty();
    let package = scene.chart("1.4.0+build.1");
    let pushed = scene
        .attest(&["push", package.to_str().unwrap(), &scene.charts()])
        .expect_code(0);
    let manifest = scene.manifest("1.4.0_build.1");
    let digest = sha256(&scene.registry.state().manifests["1.4.0_build.1"].1);
    let host = scene.registry.host();
    assert_eq!(
        pushed.stdout_text(),
        format!("{host}/charts/greeter:1.4.0_build.1@{digest}\n")
    );
    assert_eq!(
        scene
            .registry
            .count("PUT", "/v2/charts/greeter/manifests/1.4.0_build.1"),
        1
    );
    assert_eq!(types(&manifest), [CONTENT]);
    let state = scene.registry.state();
    let layer = manifest["layers"][0]["digest"].as_str().unwrap();
    assert!(state.blobs[layer] == fs::read(&package).unwrap());
    let config = manifest["config"]["digest"].as_str().unwrap();
    let config: Value = serde_json::from_slice(&state.blobs[config]).unwrap();
    assert_eq!(
        (&config["name"], &config["version"]),
        (&"greeter".into(), &"1.4.0+build.1".into())
    );
    assert_eq!(
        manifest["annotations"]["org.opencontainers.image.version"],
        "1.4.0+build.1"
    );
    assert_eq!(manifest["annotations"]["org.opencontainers.image.created"], Value::Null);
}

#[test]
fn the_date_of_a_chart_is_the_one_that_is_said() {
    let scene = Scene::empty();
    let package = scene.chart("1.4.0");
    let push = || {
        let arguments = ["push", package.to_str().unwrap(), &scene.charts(), "--tag", "latest"];
        scene
            .attest_command(&arguments)
            .env("SOURCE_DATE_EPOCH", "1700000000")
            .run()
            .expect_code(0)
    };
    let first = push();
    assert_eq!(
        scene.manifest("1.4.0")["annotations"]["org.opencontainers.image.created"],
        "2023-11-14T22:13:20Z"
    );
    assert_eq!(scene.manifest("1.4.0"), scene.manifest("latest"));
    scene.registry.state().log.clear();
    assert_eq!(push().stdout, first.stdout);
    assert_eq!(scene.sends(), 0);
}

#[test]
fn what_is_signed_of_a_chart_goes_along_and_that_of_another_package_does_not() {
    let scene = Scene::empty();
    let package = scene.chart("1.4.0");
    let (path, provenance) = (package.to_str().unwrap(), scene.path("charts/greeter-1.4.0.tgz.prov"));
    fs::write(
        &provenance,
        format!("files:\n  greeter-1.4.0.tgz: {}\n", sha256(b"another")),
    )
    .unwrap();
    assert_eq!(
        scene.refused(&["push", path, &scene.charts()]),
        "chart-provenance-mismatch"
    );
    let text = format!(
        "files:\n  greeter-1.4.0.tgz: {}\n",
        sha256(&fs::read(&package).unwrap())
    );
    fs::write(&provenance, &text).unwrap();
    scene.attest(&["push", path, &scene.charts()]).expect_code(0);
    let manifest = scene.manifest("1.4.0");
    assert_eq!(types(&manifest), [CONTENT, PROVENANCE]);
    assert!(
        scene
            .registry
            .state()
            .blobs
            .contains_key(&sha256(text.as_bytes()).to_string())
    );
}

#[test]
fn a_place_for_a_chart_has_no_tag() {
    let scene = Scene::empty();
    let package = scene.chart("1.4.0");
    let place = format!("{}:v1", scene.charts());
    assert_eq!(
        scene.refused(&["push", package.to_str().unwrap(), &place]),
        "chart-place"
    );
    let arguments = [
        "push",
        package.to_str().unwrap(),
        &scene.charts(),
        "--platform",
        "linux/amd64",
    ];
    assert_eq!(scene.refused(&arguments), "option-of-another-kind");
}

#[test]
fn files_go_as_one_artifact_and_come_back() {
    let scene = Scene::empty();
    fs::write(scene.path("a.txt"), "text\n").unwrap();
    fs::create_dir(scene.path("dir")).unwrap();
    fs::write(scene.path("dir/b=c.bin"), "bytes").unwrap();
    fs::write(scene.path("same"), "bytes").unwrap();
    let place = scene.place();
    let arguments = [
        "push",
        "a.txt",
        "dir/b=c.bin",
        "same",
        &place,
        "--artifact-type",
        "application/vnd.example.app",
        "--media-type",
        "a.txt=text/plain",
        "--media-type",
        "dir/b=c.bin=application/x-bytes",
    ];
    scene.attest(&arguments).expect_code(0);
    let layer = |kind: &str, bytes: &[u8], title: &str| {
        let title = json!({"org.opencontainers.image.title": title});
        json!({"mediaType": kind, "digest": sha256(bytes).to_string(), "size": bytes.len(), "annotations": title})
    };
    let expected = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "artifactType": "application/vnd.example.app",
        "config": {
            "mediaType": "application/vnd.oci.empty.v1+json",
            "digest": sha256(b"{}").to_string(),
            "size": 2,
            "data": "e30=",
        },
        "layers": [
            layer("text/plain", b"text\n", "a.txt"),
            layer("application/x-bytes", b"bytes", "b=c.bin"),
            layer("application/octet-stream", b"bytes", "same"),
        ],
    });
    assert_eq!(scene.manifest("v1"), expected);
    assert_eq!(scene.registry.count("PUT", "uploads"), 3);
    scene
        .attest(&["fetch", &place, "--as", "layout", "-o", "fetched"])
        .expect_code(0);
    scene.attest(&["fetch", &place, "-o", "files"]).expect_code(0);
    for (name, content) in [("a.txt", "text\n"), ("b=c.bin", "bytes"), ("same", "bytes")] {
        assert_eq!(fs::read_to_string(scene.path("files").join(name)).unwrap(), content);
    }
    let blob = sha256(b"text\n").to_hex();
    assert_eq!(
        fs::read(scene.path("fetched/blobs/sha256").join(blob)).unwrap(),
        b"text\n"
    );
    scene.registry.state().log.clear();
    // As a layout it is the same content.
    scene.attest(&["push", "fetched", &place]).expect_code(0);
    assert_eq!(scene.sends(), 0);
}

#[test]
fn what_cannot_be_told_or_sent_is_refused_before_anything_goes() {
    let scene = Scene::empty();
    let chart = scene.chart("1.4.0");
    let chart = chart.to_str().unwrap();
    for name in ["a", "dir/a", "other/Chart.yaml"] {
        fs::create_dir_all(scene.path(name).parent().unwrap()).unwrap();
        fs::write(scene.path(name), name).unwrap();
    }
    let typed = ["--artifact-type", "a/b"];
    for (sources, options, expected) in [
        (&["a"][..], &[][..], "artifact-type-expected"),
        (&["a", "dir/a"], &[], "artifact-type-expected"),
        (&["a", "dir/a"], &typed, "title-twice"),
        (&["dir"], &typed, "directory-not-pushed"),
        (&["dir"], &[], "directory-not-pushed"),
        (&["other"], &[], "directory-not-pushed"),
        (&["none"], &[], "push-source-missing"),
        (&["none"], &typed, "push-source-missing"),
        (
            &["a"],
            &["--artifact-type", "a/b", "--media-type", "b=c/d"],
            "media-type-of-nothing",
        ),
        (
            &["a"],
            &["--artifact-type", "a/b", "--media-type", "a=c"],
            "media-type-invalid",
        ),
        (
            &["a"],
            &["--artifact-type", "a/b", "--platform", "linux/amd64"],
            "option-of-another-kind",
        ),
        (
            &["layout:v1"],
            &["--artifact-type", "a/b", "--kind", "layout"],
            "option-of-another-kind",
        ),
        (&["a"], &["--kind", "layout"], "layout-expected"),
        (&["a"], &["--kind", "file"], "artifact-type-expected"),
        (&["layout:v1", "a"], &["--kind", "layout"], "one-source-expected"),
        (&[chart, chart], &["--kind", "chart"], "one-source-expected"),
        (&[chart, chart], &[], "one-source-expected"),
        (&["a", chart], &[], "one-source-expected"),
        (&["layout:v1", "a"], &[], "one-source-expected"),
        (&[chart], &typed, "option-of-another-kind"),
        (&["layout:v1"], &typed, "option-of-another-kind"),
    ] {
        let place = scene.place();
        let arguments = [&["push"], sources, &[&place], options].concat();
        assert_eq!(scene.refused(&arguments), expected, "{sources:?} {options:?}");
    }
    let charts = scene.charts();
    let forced = scene.attest(&["push", "a", &charts, "--kind", "chart"]);
    assert_ne!(forced.code, 0);
    let wrong = scene
        .attest(&["push", "a", &charts, "--artifact-type", "text"])
        .expect_code(2);
    assert!(
        wrong.stderr_text().contains("expected a media type such as"),
        "{}",
        wrong.stderr_text()
    );
    let hinted = scene.attest(&["push", "other", &charts]);
    assert!(
        hinted.stderr_text().contains("`attest pack chart other -d DIR`"),
        "{}",
        hinted.stderr_text()
    );
}

#[test]
fn a_chart_is_a_file_where_that_is_said() {
    let scene = Scene::empty();
    let package = scene.chart("1.4.0");
    let arguments = [
        "push",
        package.to_str().unwrap(),
        &scene.place(),
        "--artifact-type",
        "a/b",
    ];
    assert_eq!(scene.refused(&arguments), "option-of-another-kind");
    scene
        .attest(&[&arguments[..], &["--kind", "file"]].concat())
        .expect_code(0);
    assert_eq!(types(&scene.manifest("v1")), ["application/octet-stream"]);
}
