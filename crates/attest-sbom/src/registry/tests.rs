use super::*;
use crate::cyclonedx::LicenceChoice;
use crate::tree::Memory;
use crate::{Metadata, Options, Root, scan};

const DIGEST: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

fn scanned(files: &[(&str, &str)]) -> Inventory {
    scan(&Memory::new(files.iter().copied()), &Options::default()).unwrap()
}

/// What would be asked, with the host that alone may be.
fn asked(files: &[(&str, &str)]) -> Vec<(String, Option<String>)> {
    let questions = scanned(files).questions();
    questions
        .iter()
        .map(|question| (question.path(), question.host().map(str::to_owned)))
        .collect()
}

fn cargo_lock() -> String {
    format!(
        r#"version = 4
[[package]]
name = "app"
version = "0.1.0"
dependencies = ["known", "elsewhere", "forked", "beside"]
[[package]]
name = "known"
version = "1.0.0+x"
source = "registry+https://github.com/rust-lang/crates.io-index"
checksum = "{DIGEST}"
[[package]]
name = "elsewhere"
version = "1.0.0"
source = "registry+https://cargo.example.com/index"
checksum = "{DIGEST}"
[[package]]
name = "forked"
version = "1.0.0"
source = "git+file:///srv/forked#0123456789abcdef0123456789abcdef01234567"
[[package]]
name = "beside"
version = "1.0.0"
"#
    )
}

const CARGO_MANIFEST: &str = "[package]\nname = \"app\"\nversion = \"0.1.0\"\n[dependencies]\nknown = \"1\"\nforked = \"1\"\n\
    beside = { path = \"../beside\" }\nelsewhere = { version = \"1\", registry = \"corp\" }\n";

fn cargo() -> Inventory {
    scanned(&[("Cargo.toml", CARGO_MANIFEST), ("Cargo.lock", &cargo_lock())])
}

#[test]
fn only_what_the_default_registry_of_cargo_hands_out_is_asked_for() {
    let questions = cargo().questions();
    let paths: Vec<String> = questions.iter().map(Question::path).collect();
    assert_eq!(paths, ["api/v1/crates/known/1.0.0+x"]);
}

#[test]
fn a_package_of_npm_is_asked_for_where_its_lock_has_it_from_and_what_has_a_licence_is_not() {
    let lock = r#"{"name": "app", "version": "1.0.0", "lockfileVersion": 3, "packages": {
        "": {"name": "app", "version": "1.0.0"},
        "node_modules/@a/b": {"version": "1.0.0", "resolved": "https://u:PW@Npm.example.com:8443/@a/b/-/b-1.0.0.tgz"},
        "node_modules/c": {"version": "2.0.0"},
        "node_modules/d": {"version": "2.0.0", "license": "MIT"},
        "node_modules/e": {"version": "2.0.0", "resolved": "git+ssh://git@example.com/o/e.git#0123"},
        "node_modules/f": {"version": "2.0.0", "resolved": "file:../f.tgz"},
        "node_modules/../g": {"version": "2.0.0"},
        "node_modules/%2e%2e": {"version": "2.0.0"},
        "node_modules/h": {"version": "../../x"},
        "node_modules/i": {"version": ".."}}}"#;
    let expected = [
        ("@a/b/1.0.0".to_owned(), Some("npm.example.com".to_owned())),
        ("c/2.0.0".to_owned(), None),
    ];
    assert_eq!(asked(&[("package-lock.json", lock)]), expected);
}

#[test]
fn an_index_of_python_that_a_lock_names_is_the_only_one_that_is_asked() {
    let uv = "version = 1\n[[package]]\nname = \"a\"\nversion = \"1.0\"\nsource = { registry = \"https://pypi.example.com/simple\" }\n\
        [[package]]\nname = \"b\"\nversion = \"1.0\"\nsource = { directory = \"../b\" }\n";
    let expected = [("pypi/a/1.0/json".to_owned(), Some("pypi.example.com".to_owned()))];
    assert_eq!(asked(&[("uv.lock", uv)]), expected);
    let one = asked(&[(
        "requirements.txt",
        "--index-url https://pypi.example.com/simple\nA_x==1.0\n",
    )]);
    assert_eq!(
        one,
        [("pypi/a-x/1.0/json".to_owned(), Some("pypi.example.com".to_owned()))]
    );
    let none = asked(&[("requirements.txt", "A.x==1.0\nunsettled\n")]);
    assert_eq!(none, [("pypi/a-x/1.0/json".to_owned(), None)]);
    let two = "--index-url https://pypi.example.com/simple\n--extra-index-url=https://example.org/simple\na==1.0\n";
    assert_eq!(asked(&[("requirements.txt", two)]), []);
}

#[test]
fn an_index_that_any_file_of_an_installation_names_counts_for_all_of_it() {
    let private = "--index-url https://pypi.example.com/simple\n";
    let there = [("pypi/a/1.0/json".to_owned(), Some("pypi.example.com".to_owned()))];
    let package = "a==1.0\n";
    let above = format!("{private}-r base.txt\n");
    assert_eq!(asked(&[("requirements.txt", &above), ("base.txt", package)]), there);
    let found = asked(&[("requirements.txt", "-r index.txt\na==1.0\n"), ("index.txt", private)]);
    assert_eq!(found, there);
    let found = asked(&[("requirements.txt", "-c index.txt\na==1.0\n"), ("index.txt", private)]);
    assert_eq!(found, there);
    for other in ["--no-index\n", "--find-links wheels\n", "-r absent.txt\n"] {
        assert_eq!(asked(&[("requirements.txt", &format!("{other}{package}"))]), []);
    }
    let apart = asked(&[("requirements.txt", package), ("x/requirements.txt", private)]);
    assert_eq!(apart, [("pypi/a/1.0/json".to_owned(), None)]);
}

#[test]
fn the_host_of_a_locked_file_is_that_of_its_index() {
    let pdm = |url: &str| {
        format!(
            "[metadata]\nlock_version = \"4.5.0\"\n[[package]]\nname = \"a\"\nversion = \"1\"\nfiles = [{{url = \"{url}\"}}]\n"
        )
    };
    let pylock = |place: &str| {
        format!(
            "lock-version = \"1.0\"\ncreated-by = \"x\"\n[[packages]]\nname = \"a\"\nversion = \"1\"\nwheels = [{{{place}, hashes = {{}}}}]\n"
        )
    };
    let hosts = |name: &str, text: &str| -> Vec<Option<String>> {
        asked(&[(name, text)]).into_iter().map(|(_, host)| host).collect()
    };
    let (own, usual) = (
        "https://w.example.com/a-1-py3-none-any.whl",
        "https://files.pythonhosted.org/a-1-py3-none-any.whl",
    );
    let named = [Some("w.example.com".to_owned())];
    assert_eq!(hosts("pdm.lock", &pdm(own)), named);
    assert_eq!(hosts("pdm.lock", &pdm(usual)), [None]);
    assert_eq!(hosts("pylock.toml", &pylock(&format!("url = \"{own}\""))), named);
    assert_eq!(hosts("pylock.toml", &pylock(&format!("url = \"{usual}\""))), [None]);
    assert_eq!(hosts("pylock.toml", &pylock("path = \"a-1-py3-none-any.whl\"")), []);
}

#[test]
fn settings_of_a_manager_name_the_registry_of_what_lies_below() {
    let npm = r#"{"name": "app", "version": "1.0.0", "lockfileVersion": 3, "packages": {
        "": {"name": "app", "version": "1.0.0"}, "node_modules/c": {"version": "2.0.0"}}}"#;
    let hosts =
        |files: &[(&str, &str)]| -> Vec<Option<String>> { asked(files).into_iter().map(|(_, host)| host).collect() };
    let named = |host: &str| vec![Some(host.to_owned())];
    let lock = ("w/package-lock.json", npm);
    for (name, text) in [
        (".npmrc", "save=true\nregistry=https://n.example.com/\n"),
        ("w/.npmrc", "registry = \"https://n.example.com/\"\n"),
        ("w/.yarnrc.yml", "npmRegistryServer: \"https://n.example.com\"\n"),
        ("w/.yarnrc", "registry \"https://n.example.com\"\n"),
        ("w/bunfig.toml", "[install]\nregistry = \"https://n.example.com\"\n"),
    ] {
        assert_eq!(hosts(&[lock, (name, text)]), named("n.example.com"), "{name}");
    }
    let unrelated = [
        ("v/.npmrc", "registry=https://n.example.com/\n"),
        (".npmrc", "# registry=https://n.example.com\n"),
    ];
    assert_eq!(hosts(&[lock, unrelated[0], unrelated[1]]), [None]);
    let list = ("requirements.txt", "a==1.0\n");
    let uv = "[[tool.uv.index]]\nname = \"x\"\nurl = \"https://p.example.com/simple\"\n";
    assert_eq!(
        hosts(&[list, ("pyproject.toml", &format!("{uv}default = true\n"))]),
        named("p.example.com")
    );
    assert_eq!(hosts(&[list, ("pyproject.toml", uv)]), []);
    assert_eq!(
        hosts(&[
            list,
            ("pip.conf", "[global]\nindex-url = https://p.example.com/simple\n")
        ]),
        named("p.example.com")
    );
}

#[test]
fn what_lies_in_a_tree_as_a_file_is_not_asked_for() {
    let packed = |name: &str, text: &str| -> Vec<u8> {
        use attest_archive::{Content, Format, Member, Members, Recipe, write_archive_to};
        let member = Member::file(name.parse().unwrap(), Content::Bytes(text.as_bytes().to_vec()), false);
        let recipe = Recipe {
            format: Format::of_file_name("a.tar.gz").unwrap(),
            members: Members::new([member]).unwrap(),
            source_date: "0".parse().unwrap(),
            threads: std::num::NonZeroUsize::MIN,
            algorithms: "sha256".parse().unwrap(),
        };
        write_archive_to(&recipe, Vec::new(), std::path::Path::new("."))
            .unwrap()
            .0
    };
    let tree = Memory::new([
        (
            "a-1.0.0.crate",
            packed("a-1.0.0/Cargo.toml", "[package]\nname = \"a\"\nversion = \"1.0.0\"\n"),
        ),
        (
            "b-1.0.0.tgz",
            packed("package/package.json", r#"{"name": "b", "version": "1.0.0"}"#),
        ),
        (
            "c-1.0.0.tar.gz",
            packed("c-1.0.0/PKG-INFO", "Metadata-Version: 2.1\nName: c\nVersion: 1.0.0\n"),
        ),
    ]);
    let inventory = scan(&tree, &Options::default()).unwrap();
    assert_eq!(inventory.packages().len(), 3);
    assert_eq!(inventory.questions(), []);
}

#[test]
fn sources_of_a_pipfile_are_known_by_their_names() {
    let lock = r#"{"_meta": {"sources": [{"name": "one", "url": "https://one.example.com/simple"},
        {"name": "two", "url": "https://two.example.com/simple"}]},
        "default": {"a": {"version": "==1"}, "b": {"version": "==1", "index": "two"}, "c": {"version": "==1", "index": "three"}}}"#;
    let hosts: Vec<_> = asked(&[("Pipfile.lock", lock)]).into_iter().collect();
    let expected = [
        ("pypi/a/1/json".to_owned(), Some("one.example.com".to_owned())),
        ("pypi/b/1/json".to_owned(), Some("two.example.com".to_owned())),
    ];
    assert_eq!(hosts, expected);
}

fn question(registry: Registry, name: &str, version: &str) -> Question {
    Question {
        registry,
        name: name.to_owned(),
        version: version.to_owned(),
        host: None,
        key: Key::FIRST,
    }
}

fn said(registry: Registry, answer: &str) -> Result<Option<String>, String> {
    let licence = question(registry, "a", "1.0.0").read(answer.as_bytes());
    let Licence(licences) = licence.map_err(|error| error.to_string())?;
    Ok(licences.into_iter().next().map(|licence| match licence {
        LicenceChoice::Expression { expression, .. } => expression,
        LicenceChoice::Named { license } => format!("named {}", license.name),
    }))
}

#[test]
fn answers_say_a_licence_as_manifests_do() {
    let none = "a package without one";
    for (registry, answer, expected) in [
        (
            Registry::Cargo,
            r#"{"version": {"crate": "a", "num": "1.0.0", "license": "MIT/Apache-2.0"}}"#,
            "MIT OR Apache-2.0",
        ),
        (
            Registry::Cargo,
            r#"{"version": {"crate": "a", "num": "1.0.0", "license": "non-standard"}}"#,
            "named non-standard",
        ),
        (
            Registry::Cargo,
            r#"{"version": {"crate": "a", "num": "1.0.0", "license": null}}"#,
            none,
        ),
        (
            Registry::Npm,
            r#"{"name": "a", "version": "1.0.0", "licenses": [{"type": "MIT"}]}"#,
            "MIT",
        ),
        (Registry::Npm, r#"{"name": "a", "version": "1.0.0"}"#, none),
        (
            Registry::PyPi,
            r#"{"info": {"name": "A", "version": "1.0", "license": "", "classifiers": ["License :: OSI Approved :: ISC License (ISCL)"]}}"#,
            "ISC",
        ),
        (
            Registry::PyPi,
            r#"{"info": {"name": "a", "version": "1", "license_expression": "MIT", "license": null, "classifiers": null}}"#,
            "MIT",
        ),
        (
            Registry::PyPi,
            r#"{"info": {"name": "a", "version": "1", "license": "Licensed under the Apache License,\nVersion 2.0"}}"#,
            "Apache-2.0",
        ),
    ] {
        let expected = (expected != none).then(|| expected.to_owned());
        assert_eq!(said(registry, answer), Ok(expected), "{answer}");
    }
}

#[test]
fn a_licence_that_fills_a_page_is_none() {
    let answer = |length: usize| {
        let licence = "x".repeat(length);
        format!(r#"{{"name": "a", "version": "1.0.0", "license": "{licence}"}}"#)
    };
    assert!(said(Registry::Npm, &answer(16 << 10)).is_ok());
    let expected = "expected a licence of at most 16384 bytes, found one of 16385";
    assert_eq!(said(Registry::Npm, &answer((16 << 10) + 1)), Err(expected.to_owned()));
}

#[test]
fn an_answer_about_something_else_is_none() {
    for (registry, answer) in [
        (
            Registry::Cargo,
            r#"{"version": {"crate": "b", "num": "1.0.0", "license": "MIT"}}"#,
        ),
        (
            Registry::Cargo,
            r#"{"version": {"crate": "a", "num": "1.0.1", "license": "MIT"}}"#,
        ),
        (Registry::Npm, r#"{"name": "a", "version": "1.0.1", "license": "MIT"}"#),
        (Registry::Npm, r#"{"license": "MIT"}"#),
        (
            Registry::PyPi,
            r#"{"info": {"name": "a", "version": "2", "license": "MIT"}}"#,
        ),
    ] {
        let expected = "expected the package that was asked for, found another one";
        assert_eq!(said(registry, answer), Err(expected.to_owned()), "{answer}");
    }
    for registry in Registry::ALL {
        for answer in ["", "[]", "<html>", "{\"version\": 1}", "{\"info\": []}", "\u{0}"] {
            let error = said(registry, answer).unwrap_err();
            let is_no_answer = error.starts_with("expected JSON about a package, found ");
            assert!(is_no_answer || error.ends_with("found another one"), "{error}");
        }
    }
}

#[test]
fn what_a_registry_said_is_in_the_document_with_where_it_comes_from() {
    let mut inventory = cargo();
    let question = inventory.questions().remove(0);
    let answer = r#"{"version": {"crate": "known", "num": "1.0.0+x", "license": "MIT"}}"#;
    let licence = question.read(answer.as_bytes()).unwrap();
    inventory.answered(vec![(question, Ok(licence))]);
    assert_eq!(inventory.questions(), []);
    let bom = inventory.document(&Root::default(), &Metadata::default()).unwrap();
    let document: serde_json::Value = serde_json::from_slice(&bom.to_json()).unwrap();
    let components = document["components"].as_array().unwrap();
    let known = components.iter().find(|one| one["name"] == "known").unwrap();
    assert_eq!(
        known["licenses"],
        serde_json::json!([{"expression": "MIT", "acknowledgement": "declared"}])
    );
    assert_eq!(
        known["properties"],
        serde_json::json!([{"name": "attest:license-from", "value": "registry"}])
    );
    assert!(
        components
            .iter()
            .all(|one| one["name"] == "known" || one.get("licenses").is_none())
    );
}

#[test]
fn what_a_registry_did_not_tell_is_one_gap() {
    let mut inventory = cargo();
    let before = inventory.gaps().len();
    let one = question(Registry::Npm, "b", "1.0.0");
    let two = question(Registry::Npm, "c", "1.0.0");
    let refused = |text: &str| Err(Unanswered::Failed(text.to_owned()));
    inventory.answered(vec![(one, refused("status 503")), (two, refused("status 404"))]);
    assert_eq!(inventory.gaps().len(), before + 1);
    let gap = inventory.gaps().find(|gap| gap.code() == "no-answer").unwrap();
    let expected = "the npm registry did not tell the licences of 2 packages, the first: b 1.0.0: status 503";
    assert_eq!(gap.detail(), expected);
}

#[test]
fn what_was_not_asked_is_a_gap_of_its_own() {
    let mut inventory = cargo();
    let before = inventory.gaps().len();
    let left_out = || Err(Unanswered::NotAsked("it failed 8 times in a row".to_owned()));
    let answers = [
        (
            question(Registry::Npm, "b", "1.0.0"),
            Err(Unanswered::Failed("status 403".to_owned())),
        ),
        (question(Registry::Npm, "c", "1.0.0"), left_out()),
        (question(Registry::Npm, "d", "1.0.0"), left_out()),
    ];
    inventory.answered(answers.into());
    assert_eq!(inventory.gaps().len(), before + 2);
    let gap = inventory.gaps().find(|gap| gap.code() == "not-asked").unwrap();
    let expected = "the npm registry was not asked for the licences of 2 packages, since it failed 8 times in a row";
    assert_eq!(gap.detail(), expected);
}

mod bytes {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_answer_makes_it_panic(answer in prop::collection::vec(any::<u8>(), 0..200), text in ".{0,200}") {
            for registry in Registry::ALL {
                let question = question(registry, "a", "1.0.0");
                let _ = question.read(&answer);
                let _ = question.read(text.as_bytes());
                let quoted = serde_json::json!({"name": "a", "version": "1.0.0", "license": text,
                    "info": {"name": "a", "version": "1.0.0", "license": text}});
                let _ = question.read(quoted.to_string().as_bytes());
            }
        }

        #[test]
        fn a_path_has_no_part_that_leads_elsewhere(name in ".{0,20}", version in ".{0,20}") {
            for registry in Registry::ALL {
                if registry.takes(&name, &version) {
                    let path = question(registry, &name, &version).path();
                    prop_assert!(path.split('/').all(|part| !part.is_empty() && !part.starts_with('.')));
                    prop_assert!(!path.contains(['?', '#', '%', '\\', ':']));
                }
            }
        }
    }
}
