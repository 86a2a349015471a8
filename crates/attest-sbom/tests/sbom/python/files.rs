use super::{EMBEDDED, of_bytes, said};
use crate::packed::archive;

#[test]
fn a_wheel_alone_is_the_root_with_its_hash_and_what_it_brings_along() {
    let wheel = archive(
        "w.zip",
        &[
            ("core/__init__.py", ""),
            (
                "core-1.dist-info/METADATA",
                "Name: core\nVersion: 1\nRequires-Dist: other\nLicense: BSD\n",
            ),
            ("core-1.dist-info/sboms/core.cyclonedx.json", EMBEDDED),
        ],
    );
    let said = of_bytes(vec![("core-1-py3-none-any.whl", wheel)]);
    let root = &said.document["metadata"]["component"];
    assert_eq!(root["purl"], "pkg:pypi/core@1");
    assert_eq!(root["hashes"][0]["content"].as_str().unwrap().len(), 64);
    assert_eq!(
        root["evidence"]["occurrences"][0]["location"],
        "core-1-py3-none-any.whl"
    );
    assert_eq!(
        said.purls(),
        ["pkg:cargo/alone@1", "pkg:cargo/local@0.1", "pkg:cargo/serde@1.0.0"]
    );
    assert_eq!(
        said.gaps,
        ["core-1-py3-none-any.whl: no-lock: no version is settled for `other`"]
    );
}

#[test]
fn what_a_list_has_no_version_of_is_in_its_package_url_or_told() {
    let list = r#"{"bomFormat": "CycloneDX", "specVersion": "1.6", "components": [
        {"type": "library", "name": "serde", "purl": "pkg:cargo/serde@1.0.0"}, {"type": "file", "name": "a.so"},
        {"type": "library", "name": "zlib", "version": ""}, {"type": "operating-system", "name": "debian"},
        {"type": "library", "name": "Other.Name", "purl": "pkg:pypi/other-name"}]}"#;
    let metadata = (
        "core-1.dist-info/METADATA",
        "Name: core\nVersion: 1\nRequires-Dist: other_name ; extra == 'x'\n",
    );
    let wheel = archive("w.zip", &[metadata, ("core-1.dist-info/sboms/core.cdx.json", list)]);
    let said = of_bytes(vec![("core-1-py3-none-any.whl", wheel)]);
    let components = said.document["components"].as_array().unwrap();
    let serde = components.iter().find(|one| one["name"] == "serde").unwrap();
    assert_eq!(serde["version"], "1.0.0");
    // It is what the package asks for.
    assert!(components.iter().all(|one| one["name"] != "Other.Name"));
    assert_eq!(said.gaps.len(), 1);
    assert!(
        said.gaps[0].ends_with(": unresolved: the list has no version of `zlib`"),
        "{:?}",
        said.gaps
    );
}

#[test]
fn wheels_and_sdists_are_listed_and_what_is_none_is_a_gap() {
    let sdist = archive(
        "s.tar.gz",
        &[
            ("b-2/PKG-INFO", "Name: b\nVersion: 2\n"),
            ("b-2/sub/PKG-INFO", "Name: c\nVersion: 3\n"),
        ],
    );
    let other = archive("o.tar.gz", &[("d-4/README", "")]);
    let said = of_bytes(vec![
        ("dist/b-2.tar.gz", sdist),
        ("dist/d-4.tar.gz", other),
        ("dist/e-5-py3-none-any.whl", b"no zip".to_vec()),
        ("dist/not a distribution.whl", Vec::new()),
    ]);
    assert_eq!(said.purls(), ["pkg:pypi/b@2"]);
    assert_eq!(said.gaps.len(), 1);
    assert!(
        said.gaps[0].starts_with("dist/e-5-py3-none-any.whl: damaged: "),
        "{:?}",
        said.gaps
    );
}

#[test]
fn a_script_says_what_it_needs() {
    let script = "#!/usr/bin/env python3\n# /// script\n# dependencies = [\n#   \"a==1\",\n#   \"b>=2\",\n# ]\n# ///\nimport a\n";
    let lock = "version = 1\n[manifest]\nrequirements = [{ name = \"c\", specifier = \">=1\" }]\n[[package]]\nname = \"c\"\nversion = \"1.5\"\nsource = { registry = \"https://example.com/simple\" }\n";
    let said = said(&[
        ("tool.py", script),
        ("locked.py", script),
        ("locked.py.lock", lock),
        ("package/__init__.py", ""),
        ("package/inside.py", script),
        ("plain.py", "import os\n"),
    ]);
    assert_eq!(said.purls(), ["pkg:pypi/a@1", "pkg:pypi/b", "pkg:pypi/c@1.5"]);
    assert_eq!(said.needs("tool.py"), ["a@1", "b"]);
    assert_eq!(said.needs("locked.py"), ["c@1.5"]);
    assert_eq!(said.gaps, ["tool.py: no-lock: no version is settled for `b`"]);
}

#[test]
fn an_environment_of_conda_has_its_own_packages() {
    let record = r#"{"name": "a", "version": "1.0", "build": "h1_0", "channel": "https://conda.example.com/pkgs/main/linux-64", "subdir": "linux-64",
        "fn": "a-1.0-h1_0.conda", "license": "BSD-3-Clause", "md5": "0123456789abcdef0123456789abcdef", "depends": ["b >=2", "__glibc >=2.17"], "files": ["x"]}"#;
    let said = said(&[
        ("env/conda-meta/a-1.0-h1_0.json", record),
        ("env/conda-meta/b-2-0.json", r#"{"name": "b", "version": "2"}"#),
        ("env/conda-meta/history", ""),
        ("env/conda-meta/c.json", "[]"),
    ]);
    assert_eq!(
        said.purls(),
        [
            "pkg:conda/a@1.0?build=h1_0&channel=main&subdir=linux-64&type=conda",
            "pkg:conda/b@2"
        ]
    );
    assert_eq!(said.needs("a@1.0"), ["b@2"]);
    assert_eq!(said.component("a")["hashes"][0]["alg"], "MD5");
    assert_eq!(said.gaps.len(), 1);
}

#[test]
fn names_that_an_index_does_not_tell_apart_are_one_package() {
    let said = of_bytes(vec![
        (
            "a/Zope.X-1-py3-none-any.whl",
            archive(
                "w.zip",
                &[("Zope.X-1.dist-info/METADATA", "Name: Zope.X\nVersion: 1\n")],
            ),
        ),
        (
            "b/zope.x-1-py3-none-any.whl",
            archive(
                "w.zip",
                &[("zope.x-1.dist-info/METADATA", "Name: zope.x\nVersion: 1\n")],
            ),
        ),
    ]);
    assert_eq!((said.purls(), said.gaps.len()), (vec!["pkg:pypi/zope-x@1"], 0));
}
