use std::fs;
use std::io::Cursor;

use attest_archive::chart::{ArchivedChart, Chart, ChartRequest, Stamp, Warning};
use attest_archive::read::{EntryKind, Limits, ReadError, read_archive};

use super::tree::{CHART, Tree, names, package};

#[test]
fn everything_but_what_is_ignored_is_packed_below_the_name() {
    let tree = Tree::new(&[
        ("values.yaml", "a: 1\n---\nb: 2\n"),
        ("values.schema.json", "{}"),
        ("templates/a.yaml", "{{ .Values.a }}"),
        ("templates/.hidden", ""),
        ("templates/_helpers.tpl", ""),
        ("crds/x.yaml", ""),
        (".helmignore", "*.md\n/ci/\n"),
        ("README.md", ""),
        ("ci/values.yaml", ""),
        ("files/ci/x", ""),
    ]);
    let expected = [
        ".helmignore",
        "Chart.yaml",
        "crds/x.yaml",
        "files/ci/x",
        "templates/_helpers.tpl",
        "templates/a.yaml",
        "values.schema.json",
        "values.yaml",
    ];
    assert_eq!(tree.names(), expected);
    let chart = tree.chart().unwrap();
    assert!(
        chart
            .members()
            .iter()
            .all(|member| member.path().as_str() == "app" || member.path().as_str().starts_with("app/"))
    );
    assert_eq!(chart.file_name(), "app-1.0.0.tgz");
    assert_eq!(chart.warnings(), []);
}

#[test]
fn a_package_holds_the_bytes_of_the_files_and_nothing_that_may_run() {
    let tree = Tree::new(&[("files/run.sh", "\u{feff}#!/bin/sh\r\n")]);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(tree.path().join("files/run.sh"), fs::Permissions::from_mode(0o755)).unwrap();
    }
    let mut found = Vec::new();
    let bytes = package(tree.chart().unwrap().members());
    read_archive(Cursor::new(bytes), &Limits::default(), |entry, content| {
        let mut bytes = Vec::new();
        content.read_to_end(&mut bytes)?;
        if entry.kind != EntryKind::Directory {
            found.push((entry.path.to_string(), entry.metadata.mode.unwrap() & 0o777, bytes));
        }
        Ok::<(), ReadError>(())
    })
    .unwrap();
    let expected = [
        ("app/Chart.yaml".to_owned(), 0o644, CHART.as_bytes().to_vec()),
        ("app/files/run.sh".to_owned(), 0o644, "\u{feff}#!/bin/sh\r\n".into()),
    ];
    assert_eq!(found, expected);
}

#[test]
fn a_stamp_changes_the_package_and_not_the_source() {
    let tree = Tree::new(&[]);
    let stamp = Stamp {
        version: Some("2.0.0-rc.1+build.7".parse().unwrap()),
        app_version: Some("1.10".to_owned()),
    };
    let chart = tree.stamped(stamp).unwrap();
    assert_eq!(chart.file_name(), "app-2.0.0-rc.1+build.7.tgz");
    let archived = ArchivedChart::read(Cursor::new(package(chart.members())))
        .unwrap()
        .metadata()
        .unwrap();
    assert_eq!(&archived, chart.metadata());
    assert_eq!(archived.app_version(), Some("1.10"));
    assert_eq!(fs::read_to_string(tree.path().join("Chart.yaml")).unwrap(), CHART);
}

#[test]
fn what_is_written_into_the_directory_is_left_out() {
    let tree = Tree::new(&[
        ("dist/app-1.0.0.tgz", "old"),
        ("dist/app-1.0.0.tgz.prov", "old"),
        ("dist/app-0.9.0.tgz", ""),
    ]);
    let destination = tree.path().join("templates/../dist");
    fs::create_dir(tree.path().join("templates")).unwrap();
    let chart = Chart::from_directory(&ChartRequest {
        directory: &tree.path(),
        stamp: Stamp::default(),
        destination: Some(&destination),
    });
    assert_eq!(names(&chart.unwrap()), ["Chart.yaml", "dist/app-0.9.0.tgz"]);
}

#[test]
fn what_helm_passes_over_is_left_out_and_told() {
    let tree = Tree::new(&[
        ("charts/.gitkeep", ""),
        ("charts/_old/x", ""),
        ("charts/sub/Chart.yaml", CHART),
        ("charts/sub/charts/.gitkeep", ""),
        ("charts/sub/templates/x", ""),
    ]);
    assert_eq!(
        tree.names(),
        ["Chart.yaml", "charts/sub/Chart.yaml", "charts/sub/templates/x"]
    );
    let chart = tree.chart().unwrap();
    let path = "charts/sub".to_owned();
    assert_eq!(chart.warnings()[0], Warning::NotADependency { path });
    assert_eq!(chart.warnings().len(), 4);
}

#[cfg(unix)]
#[test]
fn a_link_stands_for_what_it_leads_to() {
    let tree = Tree::new(&[
        ("shared/a.txt", "a"),
        ("shared/b/c.txt", "c"),
        (".helmignore", "/shared/\n"),
    ]);
    std::os::unix::fs::symlink("shared/a.txt", tree.path().join("a.txt")).unwrap();
    std::os::unix::fs::symlink("../shared/b", {
        fs::create_dir(tree.path().join("files")).unwrap();
        tree.path().join("files/b")
    })
    .unwrap();
    assert_eq!(tree.names(), [".helmignore", "Chart.yaml", "a.txt", "files/b/c.txt"]);
}
