//! What comes out of a release, and that it is the same wherever it is made.

use std::fs;

use super::project::{IDENTITY, ISSUER, Project, contents, json, names, repeatable};
use crate::command::Command;

#[test]
fn a_rust_project_is_released_and_verified() {
    let project = Project::new("rust-hello");
    let released = project.release(&["--format", "json"]).expect_code(0);
    let report = json(&released);
    assert_eq!(report["schema"], "https://attest.dev/schema/release/v1");
    assert_eq!(report["version"], "1.2.0");
    assert_eq!(report["signer"]["identity"], IDENTITY);
    assert_eq!(report["signer"]["issuer"], ISSUER);
    assert_eq!(report["dirty"], false);
    assert_eq!(report["bundle"], "hello-1.2.0.sigstore.json");
    assert_eq!(report["trusted_root"], ".attest/sandbox/trusted_root.json");
    let listed: Vec<&str> = report["files"]
        .as_array()
        .unwrap()
        .iter()
        .map(|file| file["name"].as_str().unwrap())
        .collect();
    assert_eq!(listed, names(&project.dist()));
    for expected in [
        "SHA256SUMS",
        "hello-1.2.0-source.tar.gz",
        "hello-1.2.0-source.zip",
        "hello-1.2.0.sigstore.json",
    ] {
        assert!(listed.contains(&expected), "{expected}");
    }
    project.verify().expect_code(0);
    project.git(&["diff", "--exit-code"]);
}

#[test]
fn prebuilt_files_are_released_with_a_bundle_for_each_archive() {
    let project = Project::new("prebuilt");
    project.release(&[]).expect_code(0);
    let names = names(&project.dist());
    for expected in [
        "tally-2.0.1-linux-amd64.tar.zst.sigstore.json",
        "tally-2.0.1-windows-amd64.zip.sigstore.json",
    ] {
        assert!(names.iter().any(|name| name == expected), "{expected} in {names:?}");
    }
    project.verify().expect_code(0);
    let archive = "dist/tally-2.0.1-linux-amd64.tar.zst".to_owned();
    let bundle = "dist/tally-2.0.1-linux-amd64.cdx.sigstore.json";
    let attested = |kind: &str| {
        let options = ["--bundle", bundle, "--type", kind].map(str::to_owned);
        project.verify_files([archive.clone()].into_iter().chain(options))
    };
    attested("cyclonedx").expect_code(0);
    attested("slsaprovenance1").expect_code(1);
}

#[test]
fn the_account_names_a_command_that_works_as_it_stands() {
    let project = Project::new("prebuilt");
    let released = project.release(&[]).expect_code(0);
    let command = released
        .stdout_text()
        .lines()
        .find(|line| line.contains(" verify dist/* "))
        .expect("the account ends with a command")
        .to_owned();
    let shell = Command::new("sh").args(["-c", &command]).current_dir(project.path());
    shell.run().expect_code(0);
}

#[test]
fn the_plan_touches_nothing() {
    let project = Project::new("rust-hello");
    let before = names(project.path());
    let planned = project.attest(&["release", "--plan", "--sandbox"]).run().expect_code(0);
    assert!(planned.stdout_text().contains("hello-1.2.0-source.tar.gz"));
    assert_eq!(names(project.path()), before);
}

#[test]
fn directory_time_zone_umask_and_threads_change_no_byte() {
    let (one, two) = (Project::new("rust-hello"), Project::new("rust-hello"));
    let shell = |project: &Project, umask: &str, zone: &str, threads: &str| {
        let script = format!("umask {umask}; exec \"$ATTEST_UNDER_TEST\" release --sandbox");
        Command::new("sh")
            .args(["-c", &script])
            .current_dir(project.path())
            .env("ATTEST_UNDER_TEST", env!("CARGO_BIN_EXE_attest"))
            .env("TZ", zone)
            .env("RAYON_NUM_THREADS", threads)
            .run()
            .expect_code(0);
    };
    shell(&one, "022", "UTC", "1");
    shell(&two, "077", "Asia/Kathmandu", "2");
    assert!(
        repeatable(&one.dist()) == repeatable(&two.dist()),
        "archives or lists differ"
    );
}

#[test]
fn a_second_release_replaces_the_first_and_changes_no_byte_of_what_is_repeatable() {
    let project = Project::new("prebuilt");
    project.release(&[]).expect_code(0);
    let first = repeatable(&project.dist());
    project.release(&[]).expect_code(0);
    assert!(first == repeatable(&project.dist()), "archives or lists differ");
    project.verify().expect_code(0);
}

#[test]
fn a_changed_byte_anywhere_is_found_and_the_file_is_named() {
    let project = Project::new("prebuilt");
    project.release(&[]).expect_code(0);
    for (name, bytes) in contents(&project.dist()) {
        for position in positions(bytes.len(), name.ends_with(".sigstore.json")) {
            let mut changed = bytes.clone();
            changed[position] ^= 1;
            fs::write(project.dist().join(&name), &changed).unwrap();
            let verdict = project.verify();
            assert_eq!(verdict.code, 1, "{name} at {position}: {}", verdict.stdout_text());
            let said = format!("{}{}", verdict.stdout_text(), verdict.stderr_text());
            assert!(said.contains(&name), "{name} at {position} is not named: {said}");
        }
        fs::write(project.dist().join(&name), &bytes).unwrap();
    }
    project.verify().expect_code(0);
}

/// The ends, the middle, and for bundles places all over.
fn positions(length: usize, many: bool) -> Vec<usize> {
    let count = if many { 12 } else { 3 };
    (0..count).map(|step| step * (length - 1) / (count - 1)).collect()
}

#[test]
fn what_is_not_committed_is_said_and_not_packed_as_source() {
    let project = Project::new("prebuilt");
    project.release(&[]).expect_code(0);
    let before = fs::read(project.dist().join("tally-2.0.1-source.tar.gz")).unwrap();
    fs::write(project.path().join("README.md"), "changed\n").unwrap();
    let released = project.release(&["--format", "json"]).expect_code(0);
    assert!(
        released.stderr_text().contains("not committed: `README.md`"),
        "{}",
        released.stderr_text()
    );
    assert_eq!(json(&released)["dirty"], true);
    assert!(fs::read(project.dist().join("tally-2.0.1-source.tar.gz")).unwrap() == before);
}

#[test]
fn an_unsigned_release_says_so_and_can_be_repeated() {
    let project = Project::new("prebuilt");
    for _ in 0..2 {
        let released = project.attest(&["release", "--skip-sign"]).run().expect_code(0);
        assert!(
            released.stdout_text().contains("signed    by nobody"),
            "{}",
            released.stdout_text()
        );
    }
    assert!(
        names(&project.dist())
            .iter()
            .any(|name| name == "tally-2.0.1.provenance.json")
    );
}

#[test]
fn the_source_date_comes_from_the_environment_before_the_commit() {
    let project = Project::new("prebuilt");
    let epoch = |value: &str| {
        project
            .attest(&["release", "--skip-sign", "--format", "json"])
            .env("SOURCE_DATE_EPOCH", value)
            .run()
    };
    let released = epoch("1234567890").expect_code(0);
    assert_eq!(json(&released)["source_date"], 1_234_567_890);
    let refused = epoch("yesterday").expect_code(2);
    assert!(
        refused.stderr_text().contains("error[source-date-invalid]"),
        "{}",
        refused.stderr_text()
    );
}

#[test]
fn one_target_can_be_released_alone() {
    let project = Project::new("prebuilt");
    let released = project
        .release(&["--target", "windows/amd64", "--output", "out"])
        .expect_code(0);
    assert!(released.stdout_text().contains("tally-2.0.1-windows-amd64.zip"));
    let made = names(&project.path().join("out"));
    assert!(!made.iter().any(|name| name.contains("linux")), "{made:?}");
    let refused = project.release(&["--target", "linux/s390x"]).expect_code(2);
    assert!(
        refused.stderr_text().contains("error[target-unknown]"),
        "{}",
        refused.stderr_text()
    );
}

#[test]
fn the_older_log_signs_as_well() {
    let project = Project::new("prebuilt");
    project.release(&["--rekor-version", "1"]).expect_code(0);
    project.verify().expect_code(0);
}

#[test]
fn the_configuration_chooses_the_log_unless_an_argument_does() {
    let project = Project::new("prebuilt");
    project.configure("[sign]", "[sign]\nrekor-version = 1");
    let kind = |arguments: &[&str]| {
        let report = json(&project.release(arguments).expect_code(0));
        report["signer"]["log"][0]["kind"].as_str().unwrap().to_owned()
    };
    let (configured, asked_for) = (
        kind(&["--format", "json"]),
        kind(&["--format", "json", "--rekor-version", "2"]),
    );
    assert_ne!(configured, asked_for);
    assert_eq!(configured, kind(&["--format", "json", "--rekor-version", "1"]));
}

#[test]
fn the_provenance_names_the_configuration_that_was_used() {
    let project = Project::new("prebuilt");
    let other = project.path().join("nightly.toml");
    fs::rename(project.path().join("attest.toml"), other).unwrap();
    project.commit();
    let arguments = ["release", "--skip-sign", "--config", "nightly.toml"];
    project.attest(&arguments).run().expect_code(0);
    let statement = fs::read(project.dist().join("tally-2.0.1.provenance.json")).unwrap();
    let statement: serde_json::Value = serde_json::from_slice(&statement).unwrap();
    let parameters = &statement["predicate"]["buildDefinition"]["externalParameters"];
    assert_eq!(parameters["configuration"]["path"], "nightly.toml", "{parameters}");
}

/// The name and digest of everything that the unsigned statement of a release says it depends on.
fn dependencies(statement: &std::path::Path) -> Vec<(String, String)> {
    let statement: serde_json::Value = serde_json::from_slice(&fs::read(statement).unwrap()).unwrap();
    let listed = &statement["predicate"]["buildDefinition"]["resolvedDependencies"];
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let listed = listed.as_array().unwrap().iter();
    listed
        .map(|entry| (text(&entry["name"]), text(&entry["digest"]["sha256"])))
        .collect()
}

pub(super) fn sha256(bytes: &[u8]) -> String {
    let algorithm = attest_digest::Algorithm::Sha256;
    let measured = attest_digest::Measured::of_bytes(bytes, &attest_digest::Algorithms::one(algorithm));
    measured.digest(algorithm).unwrap().to_hex()
}

#[test]
fn the_lock_of_a_workspace_above_the_project_is_in_the_provenance() {
    let project = Project::new("rust-hello");
    let member = project.path().join("app");
    fs::create_dir_all(member.join("src")).unwrap();
    fs::rename(project.path().join("attest.toml"), member.join("attest.toml")).unwrap();
    let package = "[package]\nname = \"hello\"\nversion = \"1.2.0\"\nedition = \"2021\"\n";
    let lock = "version = 3\n\n[[package]]\nname = \"hello\"\nversion = \"1.2.0\"\n";
    for (path, text) in [
        ("Cargo.toml", "[workspace]\nmembers = [\"app\"]\nresolver = \"2\"\n"),
        ("Cargo.lock", lock),
        ("app/Cargo.toml", package),
        ("app/src/main.rs", "fn main() {}\n"),
    ] {
        fs::write(project.path().join(path), text).unwrap();
    }
    project.commit();
    let arguments = ["release", "--skip-sign", "--config", "app/attest.toml"];
    project.attest(&arguments).run().expect_code(0);
    let listed = dependencies(&member.join("dist/hello-1.2.0.provenance.json"));
    let digest = sha256(lock.as_bytes());
    assert!(listed.contains(&("Cargo.lock".to_owned(), digest)), "{listed:?}");
    // Nothing that was built is left for git to find.
    assert_eq!(fs::read(member.join(".attest/.gitignore")).unwrap(), b"*\n");
}

#[test]
fn prebuilt_files_are_in_the_provenance() {
    let project = Project::new("prebuilt");
    project.attest(&["release", "--skip-sign"]).run().expect_code(0);
    let listed = dependencies(&project.dist().join("tally-2.0.1.provenance.json"));
    for path in ["bin/report.py", "bin/tally.bat", "bin/tally.sh"] {
        let bytes = fs::read(project.path().join(path)).unwrap();
        let digest = sha256(&bytes);
        assert!(listed.contains(&(path.to_owned(), digest)), "{path} in {listed:?}");
    }
}

#[test]
fn what_the_configuration_says_of_the_project_is_in_the_list_of_contents() {
    let project = Project::new("prebuilt");
    project.configure(
        "[project]",
        "[project]\nlicense = \"Apache-2.0\"\ndescription = \"Counts\"",
    );
    project.attest(&["release", "--skip-sign"]).run().expect_code(0);
    let list = fs::read(project.dist().join("tally-2.0.1-linux-amd64.cdx.json")).unwrap();
    let list: serde_json::Value = serde_json::from_slice(&list).unwrap();
    let root = &list["metadata"]["component"];
    assert_eq!(root["description"], "Counts");
    assert_eq!(root["licenses"][0]["expression"], "Apache-2.0", "{root}");
}

#[test]
#[cfg(target_os = "linux")]
fn names_that_differ_only_in_case_are_warned_of() {
    let project = Project::new("prebuilt");
    for name in ["NOTES", "Notes"] {
        fs::write(project.path().join(name), name).unwrap();
    }
    project.commit();
    let released = project.attest(&["release", "--skip-sign"]).run().expect_code(0);
    let warning = "warning: `tally-2.0.1-source/NOTES` and `tally-2.0.1-source/Notes` in `tally-2.0.1-source.tar.gz` are one name";
    assert!(released.stderr_text().contains(warning), "{}", released.stderr_text());
}

#[test]
fn an_earlier_release_of_the_same_sandbox_still_verifies_after_another() {
    let project = Project::new("prebuilt");
    project.release(&["--output", "earlier"]).expect_code(0);
    project.release(&[]).expect_code(0);
    let files = names(&project.path().join("earlier"))
        .into_iter()
        .map(|name| format!("earlier/{name}"));
    project.verify_files(files).expect_code(0);
}

#[test]
#[cfg(unix)]
fn a_committed_name_with_a_line_break_is_packed_as_it_is() {
    let project = Project::new("prebuilt");
    fs::write(project.path().join("two\nlines"), "1").unwrap();
    project.commit();
    project.release(&[]).expect_code(0);
    project.verify().expect_code(0);
}

#[test]
fn other_files_are_archives_of_their_own() {
    let project = Project::new("prebuilt");
    for (name, text) in [("docs/guide.md", "# Guide\n"), ("docs/api/index.md", "# API\n")] {
        let path = project.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let sets = "[[files]]\nname = \"{name}-{version}-docs\"\ndirectory = \"docs\"\nformats = [\"tar.gz\", \"zip\"]\n\
                [[files]]\nname = \"{name}-{version}-notes\"\nfiles = [\"LICENSE\"]\nwrap = false\n";
    project.configure("[[binary]]", &format!("{sets}\n[[binary]]"));
    let released = project.release(&["--format", "json"]).expect_code(0);
    let report = json(&released);
    let files = report["files"].as_array().unwrap();
    let listed = files.iter().filter(|file| file["kind"] == "files");
    let listed: Vec<&str> = listed.map(|file| file["name"].as_str().unwrap()).collect();
    let expected = [
        "tally-2.0.1-docs.tar.gz",
        "tally-2.0.1-docs.zip",
        "tally-2.0.1-notes.tar.gz",
    ];
    assert_eq!(listed, expected);
    let sums = fs::read_to_string(project.dist().join("SHA256SUMS")).unwrap();
    assert!(sums.contains("tally-2.0.1-docs.zip"), "{sums}");
    let packed = project.path().join("packed.tar.gz");
    let pack = ["pack", "docs", "--prefix", "tally-2.0.1-docs", "-o", "packed.tar.gz"];
    project.attest(&pack).run().expect_code(0);
    let released = fs::read(project.dist().join("tally-2.0.1-docs.tar.gz")).unwrap();
    assert!(fs::read(packed).unwrap() == released);
    project.verify().expect_code(0);
}

#[test]
fn an_image_for_every_linux_target_is_a_layout_that_can_be_a_base() {
    let project = Project::new("prebuilt");
    let image = "[[image]]\nbinaries = [\"tally\"]\nuser = \"65532\"\ntags = [\"{version}\", \"latest\"]\n";
    project.configure("[[binary]]", &format!("{image}\n[[binary]]"));
    project.release(&[]).expect_code(0);
    let name = "tally-2.0.1-image.tar";
    assert!(names(&project.dist()).iter().any(|found| found == name));
    let first = fs::read(project.dist().join(name)).unwrap();
    project.verify().expect_code(0);
    // The image is its own base: one that is released again has the layers of the first below.
    fs::copy(project.dist().join(name), project.path().join("base.tar")).unwrap();
    project.configure("user = ", "base = \"base.tar\"\nuser = ");
    project.release(&[]).expect_code(0);
    let second = fs::read(project.dist().join(name)).unwrap();
    // The layers are the same blobs; what is new is said.
    let key = b"org.opencontainers.image.base.digest";
    let says_base = |layout: &[u8]| layout.windows(key.len()).any(|part| part == key);
    assert_eq!((says_base(&first), says_base(&second)), (false, true));
    let unsigned = project.path().join("unsigned");
    let arguments = ["release", "--skip-sign", "--output", "unsigned"];
    project.attest(&arguments).run().expect_code(0);
    let listed = dependencies(&unsigned.join("tally-2.0.1.provenance.json"));
    let (_, base) = listed.iter().find(|(name, _)| name == "base.tar").unwrap();
    assert!(String::from_utf8_lossy(&second).contains(base));
    project.configure("base = \"base.tar\"", "base = \"none.tar\"");
    let missing = project.release(&[]);
    assert_ne!(missing.expect_code(2).stderr_text(), "");
    assert!(fs::read(project.dist().join(name)).unwrap() == second);
}
