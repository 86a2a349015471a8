use super::{EMBEDDED, METADATA, said};

fn environment() -> Vec<(&'static str, &'static str)> {
    let simple = |name: &'static str, text: &'static str| (name, text);
    vec![
        simple("v/pyvenv.cfg", "home = /usr/bin\nversion = 3.11.2\n"),
        simple("v/lib/python3.11/site-packages/My_Pkg-1.0.dist-info/METADATA", METADATA),
        simple(
            "v/lib/python3.11/site-packages/dep-2.dist-info/METADATA",
            "Name: dep\nVersion: 2\nClassifier: License :: OSI Approved :: BSD License\nRequires-Dist: win; extra == 'x'\n",
        ),
        simple(
            "v/lib/python3.11/site-packages/win-3.dist-info/METADATA",
            "Name: win\nVersion: 3\nLicense: Apache License, Version 2.0\n",
        ),
        simple(
            "v/lib/python3.11/site-packages/old-4.egg-info/PKG-INFO",
            "Name: old\nVersion: 4\nLicense: UNKNOWN\nClassifier: License :: OSI Approved :: MIT License\n",
        ),
        simple(
            "v/lib/python3.11/site-packages/old-4.egg-info/requires.txt",
            "dep\n\n[more]\nwin\n\n[:python_version < \"3\"]\next\n",
        ),
        simple(
            "v/lib/python3.11/site-packages/ext-5.dist-info/METADATA",
            "Name: ext\nVersion: 5\n",
        ),
        simple(
            "v/lib/python3.11/site-packages/ext-5.dist-info/direct_url.json",
            "{\"url\": \"file:///home/x/ext\", \"dir_info\": {\"editable\": true}}",
        ),
        simple(
            "v/lib/python3.11/site-packages/ext/_vendor/copy-1.dist-info/METADATA",
            "Name: copy\nVersion: 1\n",
        ),
    ]
}

#[test]
fn an_environment_is_read_with_the_markers_that_hold_in_it() {
    let said = said(&environment());
    assert!(said.gaps.is_empty(), "{:?}", said.gaps);
    assert_eq!(
        said.purls(),
        [
            "pkg:pypi/dep@2",
            "pkg:pypi/ext@5",
            "pkg:pypi/my-pkg@1.0",
            "pkg:pypi/old@4",
            "pkg:pypi/win@3"
        ]
    );
    assert_eq!(said.needs("My.Pkg@1.0"), ["dep@2"]);
    assert_eq!(said.needs("old@4"), ["dep@2"]);
    assert!(said.needs("dep@2").is_empty());
    assert_eq!(said.property("win", "attest:python:extra"), Some("dep[x]"));
    assert_eq!(said.property("ext", "attest:own"), Some("true"));
    assert_eq!(said.component("My.Pkg")["licenses"][0]["expression"], "MIT");
    assert_eq!(said.component("old")["licenses"][0]["expression"], "MIT");
    assert_eq!(said.component("win")["licenses"][0]["expression"], "Apache-2.0");
    assert_eq!(said.component("dep")["licenses"][0]["license"]["name"], "BSD License");
    assert!(!said.document.to_string().contains("/home/"));
}

#[test]
fn an_environment_beside_a_lock_keeps_what_the_lock_says() {
    let mut files = environment();
    files.push((
        "poetry.lock",
        "[[package]]\nname = \"dep\"\nversion = \"2\"\ngroups = [\"dev\"]\n",
    ));
    let said = said(&files);
    assert_eq!(said.excluded(), ["dep"]);
    assert_eq!(
        said.component("dep")["evidence"]["occurrences"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
}

#[test]
fn damaged_metadata_are_a_gap_and_hide_nothing_else() {
    let said = said(&[
        ("lib/python3.11/site-packages/a-1.dist-info/METADATA", "no field\n"),
        (
            "lib/python3.11/site-packages/b-1.dist-info/METADATA",
            "Name: b\nVersion: 1\n",
        ),
        (
            "lib/python3.11/site-packages/b-1.dist-info/sboms/x.json",
            "{\"bomFormat\": \"CycloneDX\"",
        ),
        ("lib/python3.11/site-packages/b-1.dist-info/sboms/y.xml", "<bom/>"),
        (
            "lib/python3.11/site-packages/b-1.dist-info/sboms/z.json",
            "{\"spdxVersion\": \"SPDX-2.3\"}",
        ),
        ("poetry.lock", "[[package]]\nname = 1\n"),
        ("requirements.txt", "c==1\n"),
    ]);
    assert_eq!(said.purls(), ["pkg:pypi/a@1", "pkg:pypi/b@1", "pkg:pypi/c@1"]);
    let places: Vec<_> = said
        .gaps
        .iter()
        .map(|gap| gap.split(": ").take(2).collect::<Vec<_>>().join(" "))
        .collect();
    assert_eq!(
        places,
        [
            "lib/python3.11/site-packages/a-1.dist-info/METADATA damaged",
            "lib/python3.11/site-packages/b-1.dist-info/sboms/x.json damaged",
            "lib/python3.11/site-packages/b-1.dist-info/sboms/y.xml damaged",
            "lib/python3.11/site-packages/b-1.dist-info/sboms/z.json unsupported",
            "poetry.lock damaged",
        ]
    );
}

#[test]
fn what_is_compiled_into_a_package_stands_below_it() {
    let said = said(&[
        (
            "lib/python3.11/site-packages/core-1.dist-info/METADATA",
            "Name: core\nVersion: 1\n",
        ),
        (
            "lib/python3.11/site-packages/core-1.dist-info/sboms/core.cyclonedx.json",
            EMBEDDED,
        ),
    ]);
    assert_eq!(
        said.purls(),
        [
            "pkg:cargo/alone@1",
            "pkg:cargo/local@0.1",
            "pkg:cargo/serde@1.0.0",
            "pkg:pypi/core@1"
        ]
    );
    assert_eq!(said.needs("core@1"), ["alone@1", "serde@1.0.0"]);
    assert_eq!(said.needs("serde@1.0.0"), ["local@0.1"]);
    let licences = said.component("local")["licenses"].as_array().unwrap();
    assert_eq!(licences.len(), 2);
    assert!(licences.iter().all(|one| one["license"]["name"].is_string()));
}

#[test]
fn the_file_that_was_installed_and_its_parts_are_the_package_itself() {
    let list = r#"{"bomFormat": "CycloneDX",
        "metadata": {"component": {"bom-ref": "wheel", "name": "core", "purl": "pkg:pypi/core@1?file_name=core-1-py3-none-any.whl"}},
        "components": [
            {"bom-ref": "wheel", "name": "core", "purl": "pkg:pypi/core@1?file_name=core-1-py3-none-any.whl"},
            {"bom-ref": "part", "name": "core._part", "version": "1", "purl": "pkg:pypi/core@1#src/core._part"},
            {"bom-ref": "other", "name": "core", "version": "2", "purl": "pkg:pypi/core@2"},
            {"bom-ref": "lib", "name": "lib", "version": "3", "purl": "pkg:generic/lib@3"}],
        "dependencies": [{"ref": "wheel", "dependsOn": ["part"]}, {"ref": "part", "dependsOn": ["lib"]}]}"#;
    let said = said(&[
        ("lib/core-1.dist-info/METADATA", "Name: core\nVersion: 1\n"),
        ("lib/core-1.dist-info/sboms/core.cdx.json", list),
    ]);
    assert_eq!(
        said.purls(),
        ["pkg:generic/lib@3", "pkg:pypi/core@1", "pkg:pypi/core@2"]
    );
    assert_eq!(said.needs("core@1"), ["core@2", "lib@3"]);
}

#[test]
fn a_project_that_is_installed_as_it_lies_there_is_one_component() {
    let manifest = "[project]\nname = \"Ext\"\nversion = \"5\"\ndependencies = [\"dep\"]\n";
    for lock in [
        "",
        "[[package]]\nname = \"dep\"\nversion = \"2\"\ngroups = [\"main\"]\n",
    ] {
        let mut files = environment();
        files.push(("pyproject.toml", manifest));
        if !lock.is_empty() {
            files.push(("poetry.lock", lock));
        }
        let said = said(&files);
        let root = &said.document["metadata"]["component"];
        assert_eq!(root["name"].as_str().unwrap().to_lowercase(), "ext");
        assert!(
            !said
                .components()
                .any(|component| component["name"].as_str().unwrap().to_lowercase() == "ext")
        );
        assert_eq!(said.needs(root["bom-ref"].as_str().unwrap())[0], "dep@2");
        assert!(said.gaps.is_empty(), "{:?}", said.gaps);
    }
}

#[test]
fn what_an_environment_lacks_is_told_and_leftovers_are_not_there() {
    let said = said(&[
        ("v/pyvenv.cfg", "home = /usr/bin\nversion = 3.11.2\n"),
        (
            "v/lib/python3.11/site-packages/a-1.dist-info/METADATA",
            "Name: a\nVersion: 1\nRequires-Dist: gone>=1; python_version > '3'\nRequires-Dist: no; sys_platform == 'win32'\n\
             Requires-Dist: maybe; platform_machine == 'x86_64'\nRequires-Dist: ext; extra == 'e'\nRequires-Dist: b>=2\nRequires-Dist: c<3\n",
        ),
        (
            "v/lib/python3.11/site-packages/b-1.dist-info/METADATA",
            "Name: b\nVersion: 1.9\n",
        ),
        (
            "v/lib/python3.11/site-packages/c-2.dist-info/METADATA",
            "Name: c\nVersion: 2\n",
        ),
        (
            "v/lib/python3.11/site-packages/~c-1.dist-info/METADATA",
            "Name: c\nVersion: 1\n",
        ),
        (
            "v/lib/python3.11/site-packages/~-c-0.dist-info/METADATA",
            "Name: c\nVersion: 0\n",
        ),
    ]);
    assert_eq!(said.purls(), ["pkg:pypi/a@1", "pkg:pypi/b@1.9", "pkg:pypi/c@2"]);
    let place = "v/lib/python3.11/site-packages/a-1.dist-info/METADATA";
    assert_eq!(
        said.gaps,
        [
            format!("{place}: mismatch: `a` needs `b`: expected `>=2`, found `1.9`"),
            format!("{place}: unresolved: `a` needs `gone`, which is not installed"),
        ]
    );
}

#[test]
fn what_a_build_left_in_its_project_is_not_installed() {
    let manifest = "[project]\nname = \"My_Pkg\"\nversion = \"1.0\"\ndependencies = [\"dep\"]\n";
    let said = said(&[
        ("pyproject.toml", manifest),
        ("requirements.txt", "dep==2\n"),
        (".pdm-build/my_pkg-1.0.dist-info/METADATA", METADATA),
        ("bundled/other-3.dist-info/METADATA", "Name: other\nVersion: 3\n"),
    ]);
    assert_eq!(said.purls(), ["pkg:pypi/dep@2", "pkg:pypi/other@3"]);
    assert!(said.gaps.is_empty(), "{:?}", said.gaps);
}

#[test]
fn what_is_in_a_package_for_development_is_for_development() {
    let information = "v/lib/python3.11/site-packages/core-1.dist-info";
    let [metadata, list] = ["METADATA", "sboms/core.cdx.json"].map(|name| format!("{information}/{name}"));
    for (groups, is_excluded) in [("dev", true), ("main", false)] {
        let lock = format!("[[package]]\nname = \"core\"\nversion = \"1\"\ngroups = [\"{groups}\"]\n");
        let said = said(&[
            ("poetry.lock", &lock),
            (&metadata, "Name: core\nVersion: 1\n"),
            (&list, EMBEDDED),
        ]);
        for name in ["core", "serde", "local"] {
            let scope = &said.component(name)["scope"];
            assert_eq!(scope == "excluded", is_excluded, "{name} for {groups}");
        }
    }
}
