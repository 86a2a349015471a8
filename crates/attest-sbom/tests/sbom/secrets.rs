//! What is nobody's business, in every field of every format: in no document and in no gap.

use attest_sbom::tree::Memory;
use attest_sbom::{Gap, Metadata, Options, Root, scan};

const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

/// Addresses and paths, as people write them into what they ask for.
const PLACES: [&str; 9] = [
    "user:SECRETPW@example.com:o/a.git",
    "https://user:SECRETPW@example.com/a-1.tgz?token=SECRETPW#token=SECRETPW",
    "https://user:SECR/SECRETPW@example.com/a-1.tgz",
    "git+https://user:SECRETPW@example.com/o/a.git?token=SECRETPW#0123456789abcdef0123456789abcdef01234567",
    "git+ssh://NAME:SECRETPW@example.com/o/a.git#token=SECRETPW",
    "git://example.com/o/a.git?token=SECRETPW#0123456789abcdef0123456789abcdef01234567",
    "file:///home/NAME/a-1.tgz",
    "/home/NAME/a-1.tgz",
    "file:/home/NAME/a",
];

fn files(place: &str) -> Vec<(&'static str, String)> {
    vec![
        (
            "npm1/package.json",
            format!(
                r#"{{"name": "n", "version": "1.0.0", "homepage": "{place}", "repository": "{place}", "dependencies": {{"a": "{place}"}}}}"#
            ),
        ),
        (
            "package.json",
            format!(
                r#"{{"name": "n", "version": "1.0.0", "homepage": "{place}", "repository": "{place}", "workspaces": ["npm1"], "dependencies": {{"a": "{place}"}}}}"#
            ),
        ),
        (
            "npm2/package-lock.json",
            format!(
                r#"{{"name": "n", "lockfileVersion": 3, "packages": {{"": {{"dependencies": {{"a": "{place}", "g": "{place}"}}}}, "node_modules/a": {{"version": "1.0.0", "resolved": "{place}"}}}}}}"#
            ),
        ),
        (
            "npm3/package-lock.json",
            format!(
                r#"{{"name": "n", "lockfileVersion": 1, "dependencies": {{"a": {{"version": "{place}", "resolved": "{place}", "requires": {{"g": "{place}"}}}}}}}}"#
            ),
        ),
        (
            "yarn1/yarn.lock",
            format!(
                "# yarn lockfile v1\n\n\"a@{place}\":\n  version \"1.0.0\"\n  resolved \"{place}\"\n  dependencies:\n    g \"{place}\"\n"
            ),
        ),
        (
            "yarn2/yarn.lock",
            format!(
                "__metadata:\n  version: 8\n\n\"a@{place}\":\n  version: 1.0.0\n  resolution: \"a@{place}\"\n  dependencies:\n    g: \"{place}\"\n"
            ),
        ),
        (
            "pnpm/pnpm-lock.yaml",
            format!(
                "lockfileVersion: '9.0'\nimporters:\n  .:\n    dependencies:\n      a:\n        specifier: '{place}'\n        version: '{place}'\npackages:\n  'a@{place}':\n    resolution: {{tarball: '{place}'}}\nsnapshots:\n  'a@{place}':\n    dependencies:\n      g: '{place}'\n"
            ),
        ),
        (
            "bun/bun.lock",
            format!(
                r#"{{"lockfileVersion": 1, "workspaces": {{"": {{"name": "n", "dependencies": {{"a": "{place}"}}}}}}, "packages": {{"a": ["a@{place}", {{"dependencies": {{"g": "{place}"}}}}]}}}}"#
            ),
        ),
        (
            "py1/pyproject.toml",
            format!("[project]\nname = \"p\"\nversion = \"1\"\ndependencies = [\"a @ {place}\", \"{place}\"]\n"),
        ),
        (
            "py2/requirements.txt",
            format!("-i {place}\n-r {place}\n-c {place}\n-e {place}\na @ {place}\n{place}\nb secret=SECRETPW\n"),
        ),
        (
            "py3/uv.lock",
            format!(
                "[[package]]\nname = \"a\"\nversion = \"1\"\nsource = {{ url = \"{place}\" }}\nsdist = {{ url = \"{place}\" }}\n[[package]]\nname = \"b\"\nversion = \"1\"\nsource = {{ git = \"{place}\" }}\n"
            ),
        ),
        (
            "py4/poetry.lock",
            format!(
                "[[package]]\nname = \"a\"\nversion = \"1\"\n[package.source]\ntype = \"url\"\nurl = \"{place}\"\n[[package]]\nname = \"b\"\nversion = \"1\"\n[package.source]\ntype = \"git\"\nurl = \"{place}\"\nresolved_reference = \"{COMMIT}\"\n"
            ),
        ),
        (
            "py5/pdm.lock",
            format!(
                "[[package]]\nname = \"a\"\nversion = \"1\"\nurl = \"{place}\"\n[[package]]\nname = \"b\"\nversion = \"1\"\ngit = \"{place}\"\nrevision = \"{COMMIT}\"\n"
            ),
        ),
        (
            "py6/Pipfile.lock",
            format!(
                r#"{{"_meta": {{}}, "default": {{"a": {{"file": "{place}"}}, "b": {{"git": "{place}", "ref": "{COMMIT}"}}}}}}"#
            ),
        ),
        (
            "py7/x.py",
            format!("# /// script\n# dependencies = [\"a @ {place}\", \"{place}\"]\n# ///\n"),
        ),
        (
            "py8/lib/python3.11/site-packages/a-1.dist-info/METADATA",
            format!("Name: a\nVersion: 1\nHome-page: {place}\nRequires-Dist: b @ {place}\nRequires-Dist: {place}\n"),
        ),
        (
            "py8/lib/python3.11/site-packages/a-1.dist-info/direct_url.json",
            format!(r#"{{"url": "{place}", "archive_info": {{}}}}"#),
        ),
        (
            "py8/lib/python3.11/site-packages/a-1.dist-info/sboms/a.json",
            format!(
                r#"{{"bomFormat": "CycloneDX", "components": [{{"name": "c", "purl": "pkg:cargo/c@1?vcs_url={}"}}]}}"#,
                place.replace('#', "%23").replace('?', "%3F").replace('@', "%40")
            ),
        ),
        (
            "cargo/Cargo.lock",
            format!(
                "version = 4\n[[package]]\nname = \"a\"\nversion = \"1.0.0\"\nsource = \"{place}\"\n[[package]]\nname = \"b\"\nversion = \"1.0.0\"\nsource = \"registry+{place}\"\n"
            ),
        ),
        (
            "cargo2/Cargo.toml",
            format!(
                "[package]\nname = \"c\"\nversion = \"1.0.0\"\nrepository = \"{place}\"\n[dependencies]\na = {{ git = \"{place}\" }}\nb = \"{place}\"\nd = {{ path = \"{place}\" }}\n"
            ),
        ),
        (
            "helm/Chart.yaml",
            format!(
                "apiVersion: v2\nname: h\nversion: 1.0.0\nhome: \"{place}\"\nsources: [\"{place}\"]\ndependencies:\n- name: a\n  version: \"{place}\"\n  repository: \"{place}\"\n"
            ),
        ),
        (
            "go/go.mod",
            format!(
                "module example.com/m\n\ngo 1.22\n\nrequire example.com/a v1.0.0\n\nreplace example.com/a => {place}\n"
            ),
        ),
        (
            "mvn/pom.xml",
            format!(
                "<project><modelVersion>4.0.0</modelVersion><groupId>g</groupId><artifactId>m</artifactId><version>1</version><url>{place}</url><scm><url>{place}</url></scm><dependencies><dependency><groupId>g</groupId><artifactId>a</artifactId><version>[{place}]</version></dependency></dependencies></project>"
            ),
        ),
    ]
}

fn check(files: Vec<(&str, String)>, place: &str) -> Vec<String> {
    let mut leaks = Vec::new();
    let shown = files.iter().map(|(path, _)| *path).collect::<Vec<_>>().join(" ");
    let tree = Memory::new(files.into_iter().map(|(path, text)| (path, text.into_bytes())));
    let Ok(inventory) = scan(&tree, &Options::default()) else {
        return leaks;
    };
    let mut said: Vec<String> = inventory.gaps().map(Gap::to_string).collect();
    if let Ok(bom) = inventory.document(&Root::default(), &Metadata::default()) {
        said.push(String::from_utf8(bom.to_json()).unwrap());
    }
    for said in said {
        for secret in ["SECRETPW", "NAME", "token=", "token%3D", "SECR/"] {
            let found = said.find(secret).map(|place| {
                let start = said[..place]
                    .char_indices()
                    .rev()
                    .nth(120)
                    .map_or(0, |(place, _)| place);
                &said[start..place + secret.len()]
            });
            leaks.extend(found.map(|found| format!("{place} in {shown}: {found}")));
        }
    }
    leaks
}

#[test]
fn secrets_and_homes_are_in_no_document_and_in_no_gap() {
    let mut leaks = Vec::new();
    for place in PLACES {
        for (path, text) in files(place) {
            let name = path.split_once('/').map_or(path, |(_, name)| name);
            leaks.extend(check(vec![(name, text)], place));
        }
        leaks.extend(check(files(place), place));
    }
    assert!(leaks.is_empty(), "{}", leaks.join("\n"));
}
