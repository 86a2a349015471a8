use attest_archive::chart::{ChartError, LooseVersion};
use attest_digest::{Algorithm, Algorithms, Measured};

use super::tree::{CHART, Tree, package_of};

fn tree(dependencies: &str) -> Tree {
    let tree = Tree::new(&[]);
    tree.write("Chart.yaml", format!("{CHART}dependencies:\n{dependencies}").as_bytes());
    tree
}

fn chart_yaml(name: &str, version: &str) -> Vec<u8> {
    // As others write it: what is asked of the chart itself is not asked of what it depends on.
    format!("apiVersion: v2\nname: {name}\nversion: {version}\nappVersion: 1.10\n").into_bytes()
}

#[test]
fn a_dependency_is_a_directory_or_a_package() {
    let tree =
        tree("- {name: db, version: ^1.2, alias: store}\n- {name: cache, version: '>=2', condition: cache.on}\n");
    tree.write("charts/db/Chart.yaml", &chart_yaml("db", "v1.9.0"));
    tree.write("charts/cache-2.1.0.tgz", &package_of("cache", "2.1.0"));
    tree.write("charts/cache-2.1.0.tgz.prov", b"signed");
    let chart = tree.chart().unwrap();
    let found: Vec<_> = chart
        .dependencies()
        .iter()
        .map(|found| {
            (
                found.name.as_str(),
                found.alias.as_deref(),
                found.version.as_str(),
                found.path.as_str(),
            )
        })
        .collect();
    let expected = [
        ("db", Some("store"), "v1.9.0", "charts/db"),
        ("cache", None, "2.1.0", "charts/cache-2.1.0.tgz"),
    ];
    assert_eq!(found, expected);
    let names = [
        "Chart.yaml",
        "charts/cache-2.1.0.tgz",
        "charts/cache-2.1.0.tgz.prov",
        "charts/db/Chart.yaml",
    ];
    assert_eq!(tree.names(), names);
    assert_eq!(chart.warnings(), []);
}

#[test]
fn one_chart_may_be_there_twice_under_two_names() {
    let tree = tree("- {name: db, version: 1.x, alias: old}\n- {name: db, version: 2.x, alias: new}\n");
    tree.write("charts/db-1.5.0.tgz", &package_of("db", "1.5.0"));
    tree.write("charts/db-2.5.0.tgz", &package_of("db", "2.5.0"));
    let chart = tree.chart().unwrap();
    let versions: Vec<_> = chart
        .dependencies()
        .iter()
        .map(|found| found.version.as_str())
        .collect();
    assert_eq!(versions, ["1.5.0", "2.5.0"]);
}

#[test]
fn a_dependency_that_is_not_there_or_another_version_is_refused() {
    let tree = tree("- {name: db, version: ^1.2}\n");
    assert!(matches!(tree.refusal(), ChartError::DependencyMissing { name } if name == "db"));
    tree.write("charts/db/Chart.yaml", &chart_yaml("db", "2.0.0"));
    let error = tree.refusal();
    assert_eq!(
        error.to_string(),
        "expected version `^1.2` of dependency `db` in `charts/`, found `2.0.0`"
    );
    tree.write("charts/db/Chart.yaml", &chart_yaml("db", "1.2.0"));
    assert!(tree.chart().is_ok());
}

#[test]
fn what_is_no_chart_in_charts_is_refused_by_its_place() {
    for (path, bytes) in [
        ("charts/README.md", b"words".to_vec()),
        ("charts/db.tar.gz", package_of("db", "1.0.0")),
    ] {
        let tree = Tree::new(&[]);
        tree.write(path, &bytes);
        assert!(matches!(tree.refusal(), ChartError::LooseFile { path: found } if found.as_str() == path));
    }
    for (file, place) in [
        ("charts/db/values.yaml", "charts/db"),
        ("charts/db/charts/deep/values.yaml", "charts/db"),
    ] {
        let tree = Tree::new(&[(file, "no archive")]);
        assert!(
            matches!(tree.refusal(), ChartError::Subchart { path, .. } if path == place),
            "{file}"
        );
    }
    let tree = Tree::new(&[]);
    tree.write("charts/db/Chart.yaml", &chart_yaml("../db", "1.0.0"));
    assert!(matches!(tree.refusal(), ChartError::Subchart { .. }));
    let tree = Tree::new(&[("charts/db-1.0.0.tgz", "no archive")]);
    assert!(matches!(tree.refusal(), ChartError::Package { path, .. } if path == "charts/db-1.0.0.tgz"));
}

/// A lock file with the digest that Helm makes.
fn lock(wanted: &str, chosen: &str, version: &str) -> Vec<u8> {
    let json = format!("[[{wanted}],[{chosen}]]");
    let measured = Measured::of_bytes(json.as_bytes(), &Algorithms::one(Algorithm::Sha256));
    let digest = measured.digest(Algorithm::Sha256).unwrap().to_hex();
    let entry = format!("- name: db\n  repository: https://example.com\n  version: {version}\n");
    format!("dependencies:\n{entry}digest: sha256:{digest}\ngenerated: \"2026-01-31T12:00:00Z\"\n").into_bytes()
}

#[test]
fn a_lock_decides_which_version_must_be_there() {
    let tree = tree("- {name: db, version: 1.x, repository: 'https://example.com'}\n");
    let wanted = r#"{"name":"db","version":"1.x","repository":"https://example.com"}"#;
    let chosen = r#"{"name":"db","version":"1.5.0","repository":"https://example.com"}"#;
    tree.write("Chart.lock", &lock(wanted, chosen, "1.5.0"));
    tree.write("charts/db-1.5.0.tgz", &package_of("db", "1.5.0"));
    let chart = tree.chart().unwrap();
    assert_eq!(
        Some(&chart.dependencies()[0].version),
        LooseVersion::parse("1.5.0").as_ref()
    );

    tree.write("charts/db-1.5.0.tgz", &package_of("db", "1.6.0"));
    let error = tree.refusal();
    assert!(matches!(error, ChartError::DependencyVersion { expected, .. } if expected == "1.5.0"));

    tree.write("Chart.lock", &lock(wanted, chosen, "1.6.0"));
    let error = tree.refusal();
    assert!(matches!(error, ChartError::LockOutOfStep { problem, .. } if problem == "its digest is of others"));
}

#[test]
fn an_older_chart_has_its_dependencies_in_a_file_of_their_own() {
    let tree = Tree::new(&[("requirements.yaml", "dependencies:\n- {name: db, version: 1.x}\n")]);
    tree.write("Chart.yaml", CHART.replace("v2", "v1").as_bytes());
    assert!(matches!(tree.refusal(), ChartError::DependencyMissing { .. }));
    tree.write("charts/db-1.5.0.tgz", &package_of("db", "1.5.0"));
    assert_eq!(tree.chart().unwrap().dependencies().len(), 1);
    assert!(tree.names().contains(&"requirements.yaml".to_owned()));
}

#[test]
fn a_file_of_dependencies_says_nothing_else_of_a_chart() {
    let tree = Tree::new(&[("requirements.yaml", "dependencies: []\nmore: x\n")]);
    tree.write("Chart.yaml", CHART.replace("v2", "v1").as_bytes());
    assert_eq!(tree.chart().unwrap().metadata().name(), "app");
    for text in ["name: other\n", "dependencies: []\nappversion: x\n"] {
        tree.write("requirements.yaml", text.as_bytes());
        let error = tree.refusal();
        assert!(
            matches!(&error, ChartError::Field { file, .. } if file == "requirements.yaml"),
            "{error}"
        );
    }
    let tree = Tree::new(&[(
        "charts/db/requirements.yaml",
        "dependencies:\n- {name: a, version: 1.10}\n",
    )]);
    tree.write("charts/db/Chart.yaml", &chart_yaml("db", "1.0.0"));
    assert!(tree.chart().is_ok());
    tree.write("charts/db/requirements.yaml", b"version: 2.0.0\n");
    let error = tree.refusal();
    assert!(
        matches!(&error, ChartError::Subchart { path, .. } if path == "charts/db"),
        "{error}"
    );
}
