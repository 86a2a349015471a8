use proptest::prelude::*;

use super::*;

const CHART: &str = "apiVersion: v2\nname: app\nversion: 1.2.3\n";

fn refused(more: &str) -> ChartError {
    Metadata::parse(format!("{CHART}{more}").as_bytes()).unwrap_err()
}

#[test]
fn the_fields_of_a_chart_are_read() {
    let text = "apiVersion: v2\nname: app\nversion: 1.2.3-rc.1+b\nappVersion: \"1.10\"\ntype: library\nhome:\nicons: x\n\
                kubeVersion: '>=1.25.0-0'\nmaintainers:\n  - name: A\ndependencies:\n- {name: db, version: ^1.2, alias: store}\n";
    let metadata = Metadata::parse(text.as_bytes()).unwrap();
    assert_eq!(metadata.name(), "app");
    assert_eq!(metadata.version().as_str(), "1.2.3-rc.1+b");
    assert_eq!(metadata.app_version(), Some("1.10"));
    assert!(metadata.is_library());
    assert_eq!(metadata.unknown_fields(), ["icons"]);
    assert_eq!(metadata.dependencies()[0].called(), "store");
    let written = metadata.to_yaml();
    assert!(
        written.starts_with("apiVersion: v2\nappVersion: \"1.10\"\ndependencies:\n- alias: store\n"),
        "{written}"
    );
    assert_eq!(Metadata::parse(written.as_bytes()).unwrap().fields, metadata.fields);
}

#[test]
fn a_field_that_must_be_there_is_missed() {
    for field in ["apiVersion", "name", "version"] {
        let text: String = CHART
            .lines()
            .filter(|line| !line.starts_with(field))
            .map(|line| format!("{line}\n"))
            .collect();
        let error = Metadata::parse(text.as_bytes()).unwrap_err();
        assert!(
            matches!(error, ChartError::FieldMissing { field: missing, .. } if missing == field),
            "{error}"
        );
    }
    assert!(matches!(
        refused("maintainers: [{email: a@example.com}]\n"),
        ChartError::FieldMissing { .. }
    ));
}

#[test]
fn names_versions_and_kinds_that_helm_knows_are_accepted_and_no_others() {
    let changed = |from: &str, to: &str| Metadata::parse(CHART.replace(from, to).as_bytes());
    for (from, to, field) in [
        ("v2", "v3", "apiVersion"),
        ("name: app", "name: ../app", "name"),
        ("name: app", "name: a b", "name"),
        ("name: app", "name: .app", "name"),
        ("name: app", "name: é", "name"),
        ("1.2.3", "v1.2.3", "version"),
        ("1.2.3", "1.2.03", "version"),
        ("1.2.3", "1.2", "version"),
        ("1.2.3", "\"1.2\"", "version"),
        ("v2\n", "v2\ntype: plugin\n", "type"),
        ("v2\n", "v2\nappVersion: 1.10\n", "appVersion"),
        ("v2\n", "v2\ndescription: yes\n", "description"),
        ("v2\n", "v2\ndescription: !!binary aGk=\n", "description"),
        ("v2\n", "v2\ndeprecated: \"true\"\n", "deprecated"),
        ("v2\n", "v2\ndeprecated: on\n", "deprecated"),
        ("v2\n", "v2\nkeywords: one\n", "keywords"),
        ("v2\n", "v2\nsources: [one, 2]\n", "sources[1]"),
        ("v2\n", "v2\nannotations: {a: 1}\n", "annotations.a"),
    ] {
        let error = changed(from, to).unwrap_err();
        assert!(
            matches!(&error, ChartError::Field { field: found, .. } if found == field),
            "{to}: {error}"
        );
    }
    assert!(changed("1.2.3", "10.20.30-a.1+b").is_ok());
    assert_eq!(
        changed("1.2.3", "1.10").unwrap_err().to_string(),
        "`Chart.yaml` line 3: expected a text, in quotes, as `version`, found the number `1.10`"
    );
}

#[test]
fn a_foreign_chart_may_have_a_version_that_helm_reads() {
    let text = CHART.replace("1.2.3", "v1.2");
    assert_eq!(
        Metadata::parse_foreign(text.as_bytes()).unwrap().version().as_str(),
        "v1.2"
    );
    let error = Metadata::parse_foreign(CHART.replace("1.2.3", "latest").as_bytes()).unwrap_err();
    assert!(matches!(error, ChartError::Field { .. }));
}

#[test]
fn dependencies_have_names_ranges_and_no_twins() {
    assert!(matches!(
        refused("dependencies: [{name: ../x}]\n"),
        ChartError::Field { .. }
    ));
    assert!(matches!(
        refused("dependencies: [{name: x, alias: a.b}]\n"),
        ChartError::Field { .. }
    ));
    assert!(matches!(
        refused("dependencies: [{name: x, version: latest}]\n"),
        ChartError::Range { .. }
    ));
    let twins = refused("dependencies: [{name: x}, {name: z, alias: x}]\n");
    assert!(matches!(twins, ChartError::DependencyTwice { name } if name == "x"));
    assert!(matches!(refused("dependencies: [null]\n"), ChartError::Field { .. }));
}

#[test]
fn tricks_of_yaml_are_refused() {
    assert!(matches!(refused("name: other\n"), ChartError::Yaml { .. }));
    assert!(matches!(
        refused("---\nname: other\n"),
        ChartError::Documents { found: 2, .. }
    ));
    assert!(matches!(
        refused("annotations: {<<: {a: b}}\n"),
        ChartError::Field { .. }
    ));
    assert!(matches!(
        Metadata::parse(b"").unwrap_err(),
        ChartError::Documents { found: 0, .. }
    ));
    assert!(matches!(
        Metadata::parse(b"- a\n").unwrap_err(),
        ChartError::Field { .. }
    ));
    assert!(matches!(
        Metadata::parse(b"name: \xff\n").unwrap_err(),
        ChartError::Yaml { .. }
    ));
}

#[test]
fn a_key_that_helm_takes_for_a_field_is_refused() {
    for (more, field, key) in [
        ("appversion: x\n", "appVersion", "appversion"),
        ("Name: other\n", "name", "Name"),
        ("Dependencies: [{name: db}]\n", "dependencies", "Dependencies"),
        ("ver\u{17f}ion: 9.9.9\n", "version", "ver\u{17f}ion"),
        ("\u{212a}eywords: [x]\n", "keywords", "\u{212a}eywords"),
        ("maintainers: [{name: a, NAME: b}]\n", "name", "maintainers[0].NAME"),
        (
            "dependencies: [{name: db, Alias: x}]\n",
            "alias",
            "dependencies[0].Alias",
        ),
    ] {
        let error = refused(more);
        assert!(
            matches!(&error, ChartError::FieldCase { expected, found, line: 4, .. } if *expected == field && found == key),
            "{more}: {error}"
        );
    }
    assert!(matches!(
        refused("!!binary bmFtZQ==: other\n"),
        ChartError::Field { .. }
    ));
    // Of these none is a field, and in a map of texts case tells keys apart.
    let text = format!("{CHART}app-version: x\nannotations: {{name: a, Name: b}}\n!!str icon: x\n");
    assert_eq!(
        Metadata::parse(text.as_bytes()).unwrap().unknown_fields(),
        ["app-version"]
    );
}

#[test]
fn of_a_chart_that_another_depends_on_no_field_is_there_twice() {
    let text = CHART.replace("1.2.3", "v1.2");
    assert_eq!(Identity::parse(text.as_bytes()).unwrap().name, "app");
    let error = Identity::parse(format!("{text}Version: 2.0.0\n").as_bytes()).unwrap_err();
    assert!(matches!(error, ChartError::FieldCase { .. }), "{error}");
}

#[test]
fn what_belongs_to_the_other_api_version_is_refused() {
    for more in ["type: application\n", "dependencies: []\n"] {
        let text = format!("{}{more}", CHART.replace("v2", "v1"));
        let error = Metadata::parse(text.as_bytes()).unwrap_err();
        assert!(
            matches!(error, ChartError::OtherApiVersion { api_version: "v1", .. }),
            "{error}"
        );
    }
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = Metadata::parse(&bytes);
    }

    #[test]
    fn what_is_written_says_what_was_read(description in any::<String>(), app in "[0-9.]{1,6}", home in "\\PC{0,20}") {
        let quoted = |text: &str| crate::yaml::scalar(text);
        let text = format!(
            "{CHART}description: {}\nappVersion: {}\nhome: {}\n", quoted(&description), quoted(&app), quoted(&home)
        );
        let metadata = Metadata::parse(text.as_bytes()).unwrap();
        prop_assert_eq!(metadata.text("description"), Some(&*description));
        prop_assert_eq!(&Metadata::parse(metadata.to_yaml().as_bytes()).unwrap(), &metadata);
    }
}
