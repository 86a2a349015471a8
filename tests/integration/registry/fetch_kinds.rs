//! `attest fetch` of what is no image: the package of a chart, and files, as they were pushed; and nothing where a name leads elsewhere.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::base::{Scene, tree};
use super::server::MANIFEST;
use super::sha256;
use crate::command::Finished;

const TITLE: &str = "org.opencontainers.image.title";
const CONTENT: &str = "application/vnd.cncf.helm.chart.content.v1.tar+gzip";

impl Scene {
    /// A chart in the registry, with what is signed of it; its name there, and its files.
    fn pushed_chart(&self) -> (String, [PathBuf; 2]) {
        let package = self.chart("1.4.0+build.1");
        let provenance = self.path("charts/greeter-1.4.0+build.1.tgz.prov");
        let digest = sha256(&fs::read(&package).unwrap());
        fs::write(&provenance, format!("files:\n  greeter-1.4.0.tgz: {digest}\n")).unwrap();
        self.attest(&["push", package.to_str().unwrap(), &self.charts()])
            .expect_code(0);
        let name = format!("{}/greeter:1.4.0_build.1", self.charts());
        (name, [package, provenance])
    }

    /// An artifact of one layer for each title, as others push it; what it is called.
    fn pushed_titles(&self, titles: &[&str]) -> String {
        let layer = |title: &&str| {
            let digest = self.registry.blob(title.as_bytes());
            json!({"mediaType": "a/b", "digest": digest, "size": title.len(), "annotations": {TITLE: title}})
        };
        let layers: Vec<Value> = titles.iter().map(layer).collect();
        let config =
            json!({"mediaType": "application/vnd.oci.empty.v1+json", "digest": self.registry.blob(b"{}"), "size": 2});
        let manifest = json!({"schemaVersion": 2, "mediaType": MANIFEST, "artifactType": "a/b", "config": config, "layers": layers});
        self.registry.manifest("v1", MANIFEST, manifest.to_string().as_bytes());
        self.place()
    }

    fn fetch(&self, arguments: &[&str]) -> Finished {
        self.attest(&[&["fetch"], arguments].concat())
    }

    /// What is beside the cache, and stays when nothing is written.
    fn outputs(&self) -> Vec<PathBuf> {
        let mut all: Vec<PathBuf> = tree(&self.path("")).into_keys().collect();
        all.retain(|path| !path.starts_with("cache"));
        all
    }
}

/// A file, or every one of a directory.
fn written(path: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    match path.is_file() {
        true => BTreeMap::from([(PathBuf::new(), fs::read(path).unwrap())]),
        false => tree(path),
    }
}

fn code(refused: &Finished) -> (i32, &str) {
    let text = refused.stderr_text();
    let code = text.strip_prefix("error[").and_then(|rest| rest.split(']').next());
    (refused.code, code.unwrap_or(text))
}

fn assert_same(one: &Path, other: &Path) {
    assert!(fs::read(one).unwrap() == fs::read(other).unwrap(), "{}", one.display());
}

#[test]
fn a_chart_comes_back_as_its_package_with_what_is_signed_of_it() {
    let scene = Scene::empty();
    let (name, [package, provenance]) = scene.pushed_chart();
    let fetched = scene.fetch(&[&name, "-o", "got"]).expect_code(0);
    let expected = format!(
        "{}  got/greeter-1.4.0+build.1.tgz\n{}  got/greeter-1.4.0+build.1.tgz.prov\n",
        sha256(&fs::read(&package).unwrap()),
        sha256(&fs::read(&provenance).unwrap())
    );
    assert_eq!(fetched.stdout_text(), expected);
    assert_same(&package, &scene.path("got/greeter-1.4.0+build.1.tgz"));
    assert_same(&provenance, &scene.path("got/greeter-1.4.0+build.1.tgz.prov"));
    // Where nothing is said, where the command runs; and never over what is there.
    scene.fetch(&[&name]).expect_code(0);
    assert_same(&package, &scene.path("greeter-1.4.0+build.1.tgz"));
    let before = scene.outputs();
    fs::remove_file(scene.path("greeter-1.4.0+build.1.tgz")).unwrap();
    assert_eq!(code(&scene.fetch(&[&name])), (2, "output-exists"));
    assert_eq!(scene.outputs().len(), before.len() - 1);
}

#[test]
fn a_chart_is_a_layout_where_that_is_said() {
    let scene = Scene::empty();
    let (name, [package, _]) = scene.pushed_chart();
    assert_eq!(code(&scene.fetch(&[&name, "-o", "got.tgz"])), (2, "directory-expected"));
    assert!(!scene.path("got.tgz").exists());
    for (output, options) in [
        ("as", &["--as", "layout"][..]),
        ("as.tar", &[]),
        ("attested", &["--attestations"]),
        ("as", &["--replace"]),
    ] {
        scene.fetch(&[&[&name, "-o", output], options].concat()).expect_code(0);
    }
    let blob = sha256(&fs::read(&package).unwrap()).to_hex();
    assert_same(&package, &scene.path("as/blobs/sha256").join(blob));
    let place = format!("{}/again:v1", scene.charts());
    scene.attest(&["push", "as.tar", &place]).expect_code(0);
    for option in [&["--platform", "linux/amd64"][..], &["--attestations"], &["--replace"]] {
        let refused = scene.fetch(&[&[&name, "-o", "no", "--as", "files"], option].concat());
        assert_eq!(code(&refused), (2, "option-of-another-kind"), "{option:?}");
    }
    assert_eq!(code(&scene.fetch(&[&name, "--as", "layout"])), (2, "output-expected"));
}

#[test]
fn a_form_that_is_said_changes_nothing_else_that_is_said() {
    let scene = Scene::new();
    let name = format!("oci://{}/team/base:v1", scene.registry.host());
    let pinned = format!("oci://{}/team/base@{}", scene.registry.host(), scene.digest);
    let arm64 = &["--platform", "linux/arm64"][..];
    for (number, (name, options)) in [
        (&name, arm64),
        (&name, &["--attestations"]),
        (&name, &["--replace"]),
        (&name, &["--format", "json"]),
        (&pinned, &["--offline"]),
    ]
    .into_iter()
    .enumerate()
    {
        for ending in ["", ".tar"] {
            if ending == ".tar" && options == ["--replace"] {
                continue;
            }
            let [unsaid, said] = ["unsaid", "said"].map(|word| format!("{word}{number}{ending}"));
            let fetch = |output: &str, form: &[&str]| {
                scene
                    .fetch(&[&[&**name, "-o", output], options, form].concat())
                    .expect_code(0)
            };
            let unsaid_text = fetch(&unsaid, &[]).stdout_text().replace(&unsaid, &said);
            assert_eq!(
                fetch(&said, &["--as", "layout"]).stdout_text(),
                unsaid_text,
                "{options:?}"
            );
            assert!(
                written(&scene.path(&said)) == written(&scene.path(&unsaid)),
                "{options:?}{ending}"
            );
        }
    }
    let replaced = ["-o", "said0", "--as", "layout", "--replace"];
    scene.fetch(&[&[&*name], &replaced[..]].concat()).expect_code(0);
    assert!(tree(&scene.path("said0")) == tree(&scene.path("said3")));
}

#[test]
fn files_that_are_asked_for_come_as_without_asking() {
    let scene = Scene::empty();
    let (name, [package, _]) = scene.pushed_chart();
    let fetched = scene.fetch(&[&name, "-o", "first", "--format", "json"]).expect_code(0);
    let document: Value = serde_json::from_slice(&fetched.stdout).unwrap();
    let pinned = format!("{}/greeter@{}", scene.charts(), document["digest"].as_str().unwrap());
    for (output, name, options) in [
        ("plain", &name, &[][..]),
        ("json", &name, &["--format", "json"]),
        ("offline", &pinned, &["--offline"]),
    ] {
        let said = scene.fetch(&[&[&**name, "--as", "files", "-o", output], options].concat());
        said.expect_code(0);
        assert_same(&package, &scene.path(output).join(package.file_name().unwrap()));
        assert!(tree(&scene.path(output)) == tree(&scene.path("first")), "{options:?}");
    }
    let refused = scene.fetch(&[&name, "--as", "files", "-o", "no.tar"]);
    assert_eq!(code(&refused), (2, "option-of-another-kind"));
}

#[test]
fn a_chart_that_is_none_or_is_signed_as_another_is_not_written() {
    let scene = Scene::empty();
    let (name, _) = scene.pushed_chart();
    let before = scene.outputs();
    let manifest = scene.manifest("1.4.0_build.1");
    let layer = |is_content: bool| {
        let mut layers = manifest["layers"].as_array().unwrap().iter();
        layers
            .find(|layer| (layer["mediaType"] == CONTENT) == is_content)
            .unwrap()
    };
    let (package, provenance) = (layer(true), layer(false));
    let with = |layer: &Value, digest: &str, size: u64| json!({"mediaType": layer["mediaType"], "digest": digest, "size": size});
    let other = |layer: &Value| with(layer, &scene.registry.blob(b"no chart"), 8);
    let sized = |layer: &Value, size: u64| with(layer, layer["digest"].as_str().unwrap(), size);
    for (layers, expected) in [
        (json!([other(package), provenance]), "package-invalid"),
        (json!([package, other(provenance)]), "chart-provenance-mismatch"),
        (json!([package, package]), "chart-layers-invalid"),
        (json!([sized(package, (100 << 20) + 1), provenance]), "chart-too-large"),
        (json!([sized(package, 1), provenance]), "blob-mismatch"),
    ] {
        let mut manifest = manifest.clone();
        manifest["layers"] = layers;
        let bytes = manifest.to_string();
        scene.registry.manifest("1.4.0_build.1", MANIFEST, bytes.as_bytes());
        assert_eq!(code(&scene.fetch(&[&name, "-o", "got"])), (1, expected));
        assert_eq!(scene.outputs(), before, "{expected}");
    }
}

#[test]
fn files_come_back_by_their_names() {
    let scene = Scene::empty();
    let place = scene.pushed_titles(&["a.txt", "dir/b.bin"]);
    assert_eq!(code(&scene.fetch(&[&place])), (2, "output-expected"));
    let fetched = scene.fetch(&[&place, "-o", "got", "--format", "json"]).expect_code(0);
    let document: Value = serde_json::from_slice(&fetched.stdout).unwrap();
    let file = |path: &str, title: &str| {
        let digest = sha256(title.as_bytes()).to_string();
        json!({"path": path, "digest": digest, "size": title.len(), "media_type": "a/b"})
    };
    assert_eq!(
        document["files"],
        json!([file("got/a.txt", "a.txt"), file("got/dir/b.bin", "dir/b.bin")])
    );
    assert_eq!((&document["images"], &document["path"]), (&json!([]), &json!("got")));
    assert_eq!(fs::read(scene.path("got/dir/b.bin")).unwrap(), b"dir/b.bin");
    // Beside what is there, and not over it.
    assert_eq!(code(&scene.fetch(&[&place, "-o", "got"])), (2, "output-exists"));
    fs::remove_file(scene.path("got/a.txt")).unwrap();
    assert_eq!(code(&scene.fetch(&[&place, "-o", "got"])), (2, "output-exists"));
    assert!(!scene.path("got/a.txt").exists());
    scene.fetch(&[&place, "-o", "as", "--as", "layout"]).expect_code(0);
    assert!(scene.path("as/oci-layout").is_file());
}

#[test]
fn a_name_that_leads_elsewhere_writes_nothing() {
    let scene = Scene::empty();
    let before = scene.outputs();
    for title in ["../out", "/tmp/attest-out", "a/../../out", "a\\b", "C:out"] {
        let place = scene.pushed_titles(&["fine", title]);
        let refused = scene.fetch(&[&place, "-o", "got"]);
        assert_eq!(code(&refused), (1, "title-invalid"), "{title}");
        assert!(
            refused.stderr_text().contains("`--as layout`"),
            "{}",
            refused.stderr_text()
        );
        assert_eq!(scene.outputs(), before, "{title}");
        assert!(!scene.path("got").exists());
    }
}

#[cfg(unix)]
#[test]
fn a_link_in_the_directory_leads_nowhere() {
    let scene = Scene::empty();
    fs::create_dir(scene.path("got")).unwrap();
    fs::create_dir(scene.path("elsewhere")).unwrap();
    std::os::unix::fs::symlink("../elsewhere", scene.path("got/dir")).unwrap();
    let place = scene.pushed_titles(&["first", "dir/a"]);
    assert_eq!(code(&scene.fetch(&[&place, "-o", "got"])), (2, "output-exists"));
    assert_eq!(fs::read_dir(scene.path("elsewhere")).unwrap().count(), 0);
    assert!(!scene.path("got/first").exists());
}

#[test]
fn a_blob_that_is_another_one_leaves_no_file() {
    let scene = Scene::empty();
    let place = scene.pushed_titles(&["first", "second"]);
    let digest = sha256(b"second").to_string();
    scene.registry.state().blobs.insert(digest, b"SECOND".to_vec());
    assert_eq!(code(&scene.fetch(&[&place, "-o", "got"])), (1, "blob-mismatch"));
    assert!(!scene.path("got").exists());
}

#[test]
fn an_image_is_a_layout_and_needs_a_place() {
    let scene = Scene::new();
    let name = format!("oci://{}/team/base:v1", scene.registry.host());
    assert_eq!(code(&scene.fetch(&[&name])), (2, "output-expected"));
    // The index, by its tag and by its digest, and nothing of what it names.
    assert_eq!(scene.registry.count("GET", "/blobs/"), 0);
    assert_eq!(
        code(&scene.fetch(&[&name, "-o", "no", "--as", "files"])),
        (2, "files-expected")
    );
    assert!(!scene.path("no").exists());
    scene.fetch(&[&name, "-o", "got"]).expect_code(0);
    assert!(scene.path("got/oci-layout").is_file());
}

#[test]
fn a_chart_is_listed_as_its_package_is() {
    let scene = Scene::empty();
    let (name, [package, _]) = scene.pushed_chart();
    for (output, form) in [("chart.oci", "layout"), ("chart.tar", "layout")] {
        scene.fetch(&[&name, "--as", form, "-o", output]).expect_code(0);
    }
    let list = |arguments: &[&str]| {
        let listed = scene
            .attest_command(&[&["sbom"], arguments].concat())
            .env("SOURCE_DATE_EPOCH", "1700000000")
            .run()
            .expect_code(0);
        serde_json::from_slice::<Value>(&listed.stdout).unwrap()
    };
    let expected = list(&[package.to_str().unwrap()]);
    assert_eq!(expected["metadata"]["component"]["name"], "greeter");
    for arguments in [
        &[&*name][..],
        &["chart.oci"],
        &["chart.tar"],
        &["--oci-layout", "chart.oci:1.4.0_build.1"],
    ] {
        assert_eq!(list(arguments), expected, "{arguments:?}");
    }
}
