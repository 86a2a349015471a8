use std::fs;
use std::path::{Path, PathBuf};

use attest_archive::chart::ArchivedChart;
use serde_json::Value;
use tempfile::TempDir;

use crate::command::{Command, Finished};

const DATE: &str = "1700000000";

/// A copy of the chart `greeter`, as `chart` in a directory of its own.
fn scene() -> TempDir {
    let scene = tempfile::tempdir().unwrap();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/charts/greeter");
    copy(&source, &scene.path().join("chart"));
    fs::create_dir(scene.path().join("dist")).unwrap();
    scene
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &to.join(entry.file_name())),
            false => drop(fs::copy(entry.path(), to.join(entry.file_name())).unwrap()),
        }
    }
}

fn attest(scene: &TempDir, arguments: &[&str]) -> Finished {
    Command::attest()
        .arg("pack")
        .args(arguments)
        .env("SOURCE_DATE_EPOCH", DATE)
        .current_dir(scene.path())
        .run()
}

fn pack(scene: &TempDir, arguments: &[&str]) -> Finished {
    attest(scene, &[&["chart", "chart", "-d", "dist"], arguments].concat())
}

fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn document(finished: &Finished) -> Value {
    serde_json::from_slice(&finished.stdout).unwrap()
}

fn write(scene: &TempDir, path: &str, text: &str) -> PathBuf {
    let file = scene.path().join(path);
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(&file, text).unwrap();
    file
}

#[test]
fn a_package_has_the_name_of_the_chart_and_is_told_as_sha256sum_would() {
    let scene = scene();
    let finished = pack(&scene, &[]).expect_code(0);
    assert_eq!(names(&scene.path().join("dist")), ["greeter-0.3.0.tgz"]);
    let bytes = fs::read(scene.path().join("dist/greeter-0.3.0.tgz")).unwrap();
    let measured = attest_digest::Measured::of_bytes(&bytes, &"sha256".parse().unwrap());
    let digest = measured.digests().iter().next().unwrap().to_hex();
    assert_eq!(finished.stdout_text(), format!("{digest}  dist/greeter-0.3.0.tgz\n"));
    assert_eq!(finished.stderr_text(), "");
}

#[test]
fn the_document_names_files_dependencies_and_what_was_stamped() {
    let scene = scene();
    let arguments = [
        "--version",
        "1.0.0-rc.1+b.7",
        "--app-version",
        "1.10",
        "--format",
        "json",
    ];
    let document = document(&pack(&scene, &arguments).expect_code(0));
    assert_eq!(document["schema"], "https://attest.dev/schema/pack-chart/v1");
    assert_eq!(document["archive"]["path"], "dist/greeter-1.0.0-rc.1+b.7.tgz");
    assert_eq!(document["source_date"]["seconds"], 1_700_000_000);
    assert_eq!(
        document["chart"],
        serde_json::json!({
            "api_version": "v2", "name": "greeter", "version": "1.0.0-rc.1+b.7", "app_version": "1.10", "type": "application",
        })
    );
    assert_eq!(
        document["stamped"],
        serde_json::json!({ "version": "1.0.0-rc.1+b.7", "app_version": "1.10" })
    );
    assert_eq!(
        document["dependencies"],
        serde_json::json!([{ "name": "common", "alias": null, "version": "0.1.2", "path": "charts/common" }])
    );
    assert_eq!(document["provenance"], Value::Null);
    let files: Vec<_> = document["files"]
        .as_array()
        .unwrap()
        .iter()
        .map(|file| file["path"].as_str().unwrap())
        .collect();
    assert_eq!(
        files,
        [
            "greeter/.helmignore",
            "greeter/Chart.lock",
            "greeter/Chart.yaml",
            "greeter/charts/common/Chart.yaml",
            "greeter/charts/common/templates/_names.tpl",
            "greeter/files/page.html",
            "greeter/templates/NOTES.txt",
            "greeter/templates/_labels.tpl",
            "greeter/templates/config.yaml",
            "greeter/templates/deployment.yaml",
            "greeter/templates/tests/greets.yaml",
            "greeter/values.schema.json",
            "greeter/values.yaml",
        ]
    );
    // The source is as it was.
    let source = fs::read_to_string(scene.path().join("chart/Chart.yaml")).unwrap();
    assert!(source.contains("version: 0.3.0 # replaced"));
    let package = fs::File::open(scene.path().join("dist/greeter-1.0.0-rc.1+b.7.tgz")).unwrap();
    let metadata = ArchivedChart::read(package).unwrap().metadata().unwrap();
    assert_eq!(metadata.app_version(), Some("1.10"));
}

#[test]
fn the_bytes_depend_on_the_content_and_on_nothing_else() {
    let (one, other) = (scene(), scene());
    pack(&one, &["--threads", "1"]).expect_code(0);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::Permissions::from_mode(0o700);
        fs::set_permissions(other.path().join("chart/files/page.html"), mode).unwrap();
    }
    let file = fs::File::open(other.path().join("chart/values.yaml")).unwrap();
    file.set_modified(std::time::UNIX_EPOCH).unwrap();
    pack(&other, &["--threads", "3"]).expect_code(0);
    let read = |scene: &TempDir| fs::read(scene.path().join("dist/greeter-0.3.0.tgz")).unwrap();
    assert!(read(&one) == read(&other));
    write(&other, "chart/values.yaml", "greeting: no\n");
    pack(&other, &[]).expect_code(0);
    assert!(read(&one) != read(&other));
}

#[test]
fn a_package_that_is_written_into_the_chart_does_not_hold_the_one_before() {
    let scene = scene();
    let twice = || {
        attest(&scene, &["chart", "chart", "-d", "chart"]).expect_code(0);
        fs::read(scene.path().join("chart/greeter-0.3.0.tgz")).unwrap()
    };
    assert!(twice() == twice());
}

/// Fails unless the chart is refused with this code and hint, and nothing is written.
#[track_caller]
fn expect_refusal(scene: &TempDir, arguments: &[&str], code: &str, hint: &str) {
    let finished = pack(scene, arguments).expect_code(2);
    let talk = finished.stderr_text();
    assert!(talk.starts_with(&format!("error[{code}]: ")), "{talk}");
    assert!(talk.contains(hint), "{talk}");
    assert_eq!(finished.stdout_text(), "");
    assert_eq!(names(&scene.path().join("dist")), [""; 0]);
}

#[test]
fn what_helm_would_not_load_is_refused_and_nothing_is_written() {
    for (path, text, code, hint) in [
        (
            "chart/Chart.lock",
            "generated: now\ndigest: x\n",
            "chart-field-invalid",
            "",
        ),
        ("chart/values.yaml", "a: 1\na: 2\n", "chart-yaml-invalid", ""),
        ("chart/values.schema.json", "{", "chart-schema-invalid", ""),
        ("chart/.helmignore", "**\n", "helmignore-invalid", ""),
        ("chart/.helmignore", "Chart.yaml\n", "chart-file-missing", ""),
        (
            "chart/.helmignore",
            "/charts/\n",
            "dependency-missing",
            "run `helm dependency build chart`",
        ),
        ("chart/requirements.yaml", "", "chart-api-version-mixed", ""),
        ("chart/charts/README.md", "", "subchart-invalid", ""),
        (
            "chart/charts/common/Chart.yaml",
            "name: common\nversion: 0.1.2\na: [\n",
            "subchart-invalid",
            "",
        ),
        (
            "chart/charts/common/Chart.yaml",
            "apiVersion: v2\nname: common\nversion: 0.2.0\n",
            "dependency-mismatch",
            "run `helm dependency build chart`",
        ),
        (
            "chart/Chart.yaml",
            "apiVersion: v2\nname: greeter\nversion: 0.3.0\ndependencies: [{name: common, version: 0.1.x}]\n",
            "lock-out-of-step",
            "run `helm dependency update chart`",
        ),
        (
            "chart/Chart.yaml",
            "apiVersion: v2\nname: greeter\nversion: 0.3\n",
            "chart-field-invalid",
            "in quotes",
        ),
    ] {
        let scene = scene();
        write(&scene, path, text);
        expect_refusal(&scene, &[], code, hint);
    }
}

#[test]
fn a_package_in_charts_that_is_broken_is_rejected_and_a_chart_there_is_to_be_mended() {
    let scene = scene();
    write(&scene, "chart/charts/broken-1.0.0.tgz", "no archive");
    let finished = pack(&scene, &[]).expect_code(1);
    let said = "error[package-invalid]: package `charts/broken-1.0.0.tgz` is refused: expected a tar or zip archive, found something else\n";
    assert!(finished.stderr_text().starts_with(said), "{}", finished.stderr_text());
    fs::remove_file(scene.path().join("chart/charts/broken-1.0.0.tgz")).unwrap();

    write(&scene, "chart/charts/common/charts/deep-1.0.0.tgz", "no archive");
    let finished = pack(&scene, &[]).expect_code(1);
    assert!(finished.stderr_text().starts_with(
        "error[package-invalid]: chart `charts/common` is refused: package `charts/common/charts/deep-1.0.0.tgz` is refused: "
    ));
    fs::remove_dir_all(scene.path().join("chart/charts/common/charts")).unwrap();

    write(&scene, "chart/charts/other/values.yaml", "");
    let finished = pack(&scene, &[]).expect_code(2);
    let said = "error[subchart-invalid]: chart `charts/other` is refused: `Chart.yaml` is missing\n";
    assert!(finished.stderr_text().starts_with(said), "{}", finished.stderr_text());
    assert_eq!(names(&scene.path().join("dist")), [""; 0]);
}

#[test]
fn arguments_that_cannot_be_worked_with_are_refused() {
    let scene = scene();
    for arguments in [
        ["--version", "v1"].as_slice(),
        &["--sign"],
        &["--key", "release@example.com"],
        &["--keyring", "keys"],
    ] {
        let finished = pack(&scene, arguments).expect_code(2);
        assert_eq!(finished.stdout_text(), "");
    }
    let finished = attest(&scene, &["chart", "nowhere"]).expect_code(2);
    assert!(finished.stderr_text().starts_with("error[directory-expected]: "));
    let finished = attest(&scene, &["chart", "chart", "-d", "chart/Chart.yaml"]).expect_code(2);
    assert!(finished.stderr_text().starts_with("error[directory-expected]: "));
    assert_eq!(names(&scene.path().join("dist")), [""; 0]);
}

#[cfg(unix)]
#[test]
fn a_link_that_leads_out_is_refused() {
    let scene = scene();
    write(&scene, "secret", "s");
    std::os::unix::fs::symlink("../../secret", scene.path().join("chart/files/secret")).unwrap();
    expect_refusal(&scene, &[], "link-escapes", "hint: copy what it leads to");
}

/// A program `gpg` in a directory of its own, that signs with a word.
#[cfg(unix)]
fn with_gpg(scene: &TempDir, script: &str) -> String {
    use std::os::unix::fs::PermissionsExt;
    let program = write(scene, "bin/gpg", &format!("#!/bin/sh\n{script}\n"));
    fs::set_permissions(program, fs::Permissions::from_mode(0o755)).unwrap();
    format!("{}:/usr/bin:/bin", scene.path().join("bin").display())
}

#[cfg(unix)]
fn signed(scene: &TempDir, script: &str) -> Finished {
    Command::attest()
        .args([
            "pack",
            "chart",
            "chart",
            "-d",
            "dist",
            "--sign",
            "--key",
            "release@example.com",
        ])
        .env("SOURCE_DATE_EPOCH", DATE)
        .env("PATH", with_gpg(scene, script))
        .current_dir(scene.path())
        .run()
}

#[cfg(unix)]
#[test]
fn what_gpg_signs_is_written_beside_the_package() {
    let scene = scene();
    let script = "for last; do :; done; echo '-----BEGIN PGP SIGNED MESSAGE-----'; cat \"$last\"";
    let finished = signed(&scene, script).expect_code(0);
    assert_eq!(
        names(&scene.path().join("dist")),
        ["greeter-0.3.0.tgz", "greeter-0.3.0.tgz.prov"]
    );
    let text = fs::read_to_string(scene.path().join("dist/greeter-0.3.0.tgz.prov")).unwrap();
    let digest = finished.stdout_text().split(' ').next().unwrap().to_owned();
    assert!(text.contains("\nname: greeter\n"), "{text}");
    assert!(
        text.ends_with(&format!("\n...\nfiles:\n  greeter-0.3.0.tgz: sha256:{digest}\n")),
        "{text}"
    );
    // Packed again without signing, the file beside it is told of.
    let finished = pack(&scene, &[]).expect_code(0);
    assert!(
        finished
            .stderr_text()
            .starts_with("warning: `dist/greeter-0.3.0.tgz.prov`")
    );
}

#[cfg(unix)]
#[test]
fn without_a_signature_there_is_no_package_either() {
    let scene = scene();
    let finished = signed(&scene, "echo 'gpg: no secret key' >&2; exit 2").expect_code(3);
    assert!(
        finished.stderr_text().starts_with("error[gpg-failed]: "),
        "{}",
        finished.stderr_text()
    );
    assert!(finished.stderr_text().contains("no secret key"));
    assert_eq!(names(&scene.path().join("dist")), [""; 0]);
}

fn index(scene: &TempDir, arguments: &[&str]) -> Finished {
    attest(scene, &[&["chart-index", "dist"], arguments].concat())
}

#[test]
fn an_index_is_made_and_then_extended() {
    let scene = scene();
    pack(&scene, &[]).expect_code(0);
    let finished = index(&scene, &["--url", "https://example.com/charts/"]).expect_code(0);
    assert_eq!(
        finished.stdout_text(),
        "+ greeter 0.3.0\ndist/index.yaml: 1 chart, 1 version\n"
    );
    let first = fs::read_to_string(scene.path().join("dist/index.yaml")).unwrap();
    assert!(
        first.contains("    - https://example.com/charts/greeter-0.3.0.tgz\n"),
        "{first}"
    );
    assert!(first.contains("    created: \"2023-11-14T22:13:20Z\"\n"), "{first}");

    // The same again is the same, and a later date changes no entry.
    let again = index(&scene, &["--merge", "dist/index.yaml", "-o", "again.yaml"]).expect_code(0);
    assert_eq!(again.stdout_text(), "= greeter 0.3.0\nagain.yaml: 1 chart, 1 version\n");
    assert_eq!(fs::read_to_string(scene.path().join("again.yaml")).unwrap(), first);

    pack(&scene, &["--version", "0.10.0"]).expect_code(0);
    let merge = ["--merge", "again.yaml", "--format", "json"];
    let document = document(&index(&scene, &merge).expect_code(0));
    assert_eq!(document["schema"], "https://attest.dev/schema/pack-chart-index/v1");
    assert_eq!((&document["charts"], &document["versions"]), (&1.into(), &2.into()));
    let both = index(&scene, &["-o", "both.yaml"]).expect_code(0);
    assert!(both.stdout_text().ends_with("both.yaml: 1 chart, 2 versions\n"));
    assert_eq!(document["packages"][0]["version"], "0.10.0");
    let second = fs::read_to_string(scene.path().join("dist/index.yaml")).unwrap();
    assert!(
        second.find("version: 0.10.0") < second.find("version: 0.3.0"),
        "{second}"
    );
    assert!(second.contains("    - greeter-0.10.0.tgz\n"), "{second}");
}

#[test]
fn a_version_that_was_published_is_not_published_again() {
    let scene = scene();
    pack(&scene, &[]).expect_code(0);
    index(&scene, &["-o", "index.yaml"]).expect_code(0);
    let before = fs::read(scene.path().join("index.yaml")).unwrap();
    write(&scene, "chart/values.yaml", "replicas: 1\ngreeting: other\n");
    pack(&scene, &[]).expect_code(0);
    let finished = index(&scene, &["--merge", "index.yaml", "-o", "index.yaml"]).expect_code(1);
    assert!(
        finished.stderr_text().starts_with("error[version-republished]: "),
        "{}",
        finished.stderr_text()
    );
    assert!(fs::read(scene.path().join("index.yaml")).unwrap() == before);
}

#[test]
fn an_index_is_not_made_of_what_cannot_be_read() {
    let scene = scene();
    write(&scene, "dist/app-1.0.0.tgz", "no archive");
    let finished = index(&scene, &[]).expect_code(1);
    let said = "error[package-invalid]: package `app-1.0.0.tgz` is refused: expected a tar or zip archive, found something else\n";
    assert!(finished.stderr_text().starts_with(said), "{}", finished.stderr_text());
    pack(&scene, &[]).expect_code(0);
    fs::rename(
        scene.path().join("dist/greeter-0.3.0.tgz"),
        scene.path().join("dist/app-1.0.0.tgz"),
    )
    .unwrap();
    let package = fs::OpenOptions::new()
        .write(true)
        .open(scene.path().join("dist/app-1.0.0.tgz"));
    package.unwrap().set_len(500).unwrap();
    let finished = index(&scene, &[]).expect_code(1);
    assert!(finished.stderr_text().starts_with("error[package-invalid]: "));
    fs::remove_file(scene.path().join("dist/app-1.0.0.tgz")).unwrap();
    let merge = ["--merge", "nowhere.yaml"];
    let finished = index(&scene, &merge).expect_code(3);
    assert!(finished.stderr_text().starts_with("error[index-not-read]: "));
    write(&scene, "old.yaml", "apiVersion: v1\nentries: {a: [{name: a}]}\n");
    let finished = index(&scene, &["--merge", "old.yaml"]).expect_code(1);
    assert!(
        finished.stderr_text().starts_with("error[index-invalid]: "),
        "{}",
        finished.stderr_text()
    );
    let finished = index(&scene, &["--url", "example.com"]).expect_code(2);
    assert!(finished.stderr_text().contains("https://example.com/charts"));
    assert_eq!(names(&scene.path().join("dist")), [""; 0]);
}

#[test]
fn a_directory_that_is_not_there_is_made_for_the_package() {
    let scene = scene();
    attest(&scene, &["chart", "chart", "-d", "new/dist"]).expect_code(0);
    assert_eq!(names(&scene.path().join("new/dist")).len(), 1);
    fs::remove_file(scene.path().join("chart/Chart.yaml")).unwrap();
    attest(&scene, &["chart", "chart", "-d", "other/dist"]).expect_code(2);
    assert!(!scene.path().join("other").exists());
}
