use std::fs;

use attest_archive::Error;
use attest_archive::chart::{ChartError, YamlError};

use super::tree::{CHART, Tree};

#[test]
fn a_directory_without_chart_yaml_is_no_chart() {
    let tree = Tree::new(&[]);
    fs::remove_file(tree.path().join("Chart.yaml")).unwrap();
    assert!(matches!(tree.refusal(), ChartError::FileMissing { file } if file == "Chart.yaml"));
    let ignored = Tree::new(&[(".helmignore", "*.yaml\n")]);
    assert!(matches!(ignored.refusal(), ChartError::FileMissing { .. }));
}

#[cfg(unix)]
#[test]
fn links_that_lead_out_or_round_are_refused() {
    use std::os::unix::fs::symlink;
    let tree = Tree::new(&[]);
    fs::write(tree.outside().join("secret"), "s").unwrap();
    symlink("../secret", tree.path().join("file")).unwrap();
    assert!(matches!(tree.refusal(), ChartError::LinkEscapes { path, .. } if path.as_str() == "file"));

    let tree = Tree::new(&[]);
    symlink("..", tree.path().join("up")).unwrap();
    assert!(matches!(tree.refusal(), ChartError::LinkEscapes { .. }));

    let tree = Tree::new(&[("a/x", ""), ("b/y", "")]);
    symlink("../b", tree.path().join("a/to-b")).unwrap();
    symlink("../a", tree.path().join("b/to-a")).unwrap();
    assert!(matches!(tree.refusal(), ChartError::LinkLoop { path } if path.as_str() == "a/to-b/to-a"));

    let tree = Tree::new(&[]);
    symlink("nowhere", tree.path().join("dangling")).unwrap();
    assert!(matches!(tree.refusal(), ChartError::Archive(Error::Read { .. })));

    let tree = Tree::new(&[]);
    fs::write(tree.outside().join("rules"), "x").unwrap();
    symlink("../rules", tree.path().join(".helmignore")).unwrap();
    assert!(matches!(tree.refusal(), ChartError::LinkEscapes { path, .. } if path.as_str() == ".helmignore"));
}

/// Directories of which each has two links to the next one; the last one has a file.
#[cfg(unix)]
fn doubling(levels: usize) -> Tree {
    let tree = Tree::new(&[]);
    for level in 0..levels {
        let directory = tree.path().join(format!("files/{level}"));
        fs::create_dir_all(&directory).unwrap();
        for name in ["a", "b"] {
            std::os::unix::fs::symlink(format!("../{}", level + 1), directory.join(name)).unwrap();
        }
    }
    tree.write(".helmignore", b"x\n");
    tree.write(&format!("files/{levels}/x"), b"");
    tree.write(&format!("files/{levels}/y"), b"");
    tree
}

#[cfg(unix)]
#[test]
fn links_that_repeat_directories_without_end_are_refused() {
    // Two files at the top, and the one at the end from each of the four directories, two times for each step.
    assert_eq!(doubling(3).names().len(), 2 + 8 + 4 + 2 + 1);
    let tree = doubling(24);
    fs::remove_file(tree.path().join("files/24/y")).unwrap();
    assert!(matches!(tree.refusal(), ChartError::TooManyNames { limit: 50_000 }));
}

#[cfg(unix)]
#[test]
fn what_is_no_file_is_refused_unless_it_is_ignored() {
    let tree = Tree::new(&[]);
    let _listener = std::os::unix::net::UnixListener::bind(tree.path().join("socket")).unwrap();
    assert!(matches!(tree.refusal(), ChartError::SpecialFile { path } if path.as_str() == "socket"));
    tree.write(".helmignore", b"socket\n");
    assert_eq!(tree.names(), [".helmignore", "Chart.yaml"]);
}

#[cfg(unix)]
#[test]
fn what_is_read_first_is_a_file_and_nobody_waits_for_the_writer_of_a_pipe() {
    for name in ["Chart.yaml", ".helmignore"] {
        let tree = Tree::new(&[(".helmignore", "*.md\n")]);
        let file = tree.path().join(name);
        let is_named = |error: &ChartError| matches!(error, ChartError::NotAFile { path } if path.as_str() == name);
        assert!(tree.chart().is_ok());
        fs::remove_file(&file).unwrap();
        fs::create_dir(&file).unwrap();
        let error = tree.refusal();
        assert!(is_named(&error), "{error}");
        fs::remove_dir(&file).unwrap();
        let made = std::process::Command::new("mkfifo").arg(&file).status().unwrap();
        assert!(made.success());
        let error = tree.refusal();
        assert!(is_named(&error), "{error}");
        // A link to one is no better.
        fs::rename(&file, tree.path().join("pipe")).unwrap();
        std::os::unix::fs::symlink("pipe", &file).unwrap();
        let error = tree.refusal();
        assert!(is_named(&error), "{error}");
    }
}

#[cfg(unix)]
#[test]
fn names_that_readers_take_differently_are_refused() {
    use std::os::unix::ffi::OsStrExt;
    let tree = Tree::new(&[("a\\b", "")]);
    assert!(matches!(tree.refusal(), ChartError::Backslash { .. }));
    let tree = Tree::new(&[]);
    fs::write(tree.path().join(std::ffi::OsStr::from_bytes(b"\xff")), "").unwrap();
    assert!(matches!(tree.refusal(), ChartError::Archive(Error::NotUtf8 { .. })));
}

#[test]
fn what_helm_does_not_read_for_its_size_is_refused() {
    const LIMIT: usize = 5 << 20;
    let tree = Tree::new(&[]);
    tree.write("largest", &vec![b'x'; LIMIT]);
    assert!(tree.chart().is_ok());
    tree.write("largest", &vec![b'x'; LIMIT + 1]);
    assert!(
        matches!(tree.refusal(), ChartError::FileTooLarge { path, limit: 5_242_880, found: 5_242_881 } if path == "largest")
    );
    tree.write("largest", b"");
    for n in 0..20 {
        let file = fs::File::create(tree.path().join(format!("file{n}"))).unwrap();
        file.set_len(LIMIT as u64).unwrap();
    }
    assert!(matches!(tree.refusal(), ChartError::ChartTooLarge { .. }));
}

#[test]
fn values_and_schema_are_read() {
    for values in ["- a\n", "a: [\n", "text\n", "a: 1\na: 2\n"] {
        let error = Tree::new(&[("values.yaml", values)]).refusal();
        let is_named =
            matches!(&error, ChartError::Yaml { file, .. } | ChartError::Field { file, .. } if file == "values.yaml");
        assert!(is_named, "{error}");
    }
    for values in [
        "",
        "# nothing\n",
        "{}",
        "a: &x 1\nb: *x\nc: !!binary aGk=\n",
        "\u{feff}a: 1\n",
    ] {
        assert!(Tree::new(&[("values.yaml", values)]).chart().is_ok(), "{values}");
    }
    let tree = Tree::new(&[]);
    tree.write("values.yaml", b"a: \xff\n");
    let problem = YamlError::NotUtf8 { offset: 3 };
    assert!(matches!(tree.refusal(), ChartError::Yaml { problem: found, .. } if found == problem));
    assert!(matches!(
        Tree::new(&[("values.schema.json", "{")]).refusal(),
        ChartError::Schema { .. }
    ));
}

#[test]
fn rules_that_helm_refuses_are_refused() {
    let error = Tree::new(&[(".helmignore", "a\n**/b\n")]).refusal();
    assert!(matches!(error, ChartError::IgnoreRule { line: 2, .. }));
}

#[test]
fn files_of_the_other_api_version_are_refused() {
    let error = Tree::new(&[("requirements.yaml", "dependencies: []\n")]).refusal();
    assert!(matches!(
        error,
        ChartError::OtherApiVersion {
            what: "requirements.yaml",
            api_version: "v2"
        }
    ));
    let tree = Tree::new(&[("Chart.lock", "")]);
    tree.write("Chart.yaml", CHART.replace("v2", "v1").as_bytes());
    assert!(matches!(
        tree.refusal(),
        ChartError::OtherApiVersion {
            what: "Chart.lock",
            api_version: "v1"
        }
    ));
}
