use attest_sbom::tree::Memory;
use attest_sbom::{Kind, Metadata, Options, Root, scan};
use proptest::prelude::*;

use super::{METADATA, said};

const NAMES: [&str; 12] = [
    "poetry.lock",
    "uv.lock",
    "pdm.lock",
    "Pipfile.lock",
    "pylock.toml",
    "pyproject.toml",
    "requirements.txt",
    "a-1.dist-info/METADATA",
    "a-1.dist-info/sboms/x.json",
    "a-1-py3-none-any.whl",
    "a-1.tar.gz",
    "conda-meta/a.json",
];

fn read(files: Vec<(&str, Vec<u8>)>) {
    let tree = Memory::new(files);
    let mut options = Options::default();
    options.kinds = vec![Kind::Python];
    if let Ok(inventory) = scan(&tree, &options) {
        let _ = inventory.document(&Root::default(), &Metadata::default());
    }
}

proptest! {
    #[test]
    fn no_bytes_make_a_reader_panic(name in 0..NAMES.len(), bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        read(vec![(NAMES[name], bytes), ("a-1.dist-info/METADATA", METADATA.into())]);
    }

    #[test]
    fn no_text_like_a_lock_makes_a_reader_panic(
        name in 0..6_usize,
        lines in proptest::collection::vec("(\\[\\[packages?\\]\\]|\\[metadata\\]|(name|version|groups|source|dependencies|marker|files) = (\"[a-c.-]{0,3}\"|\\[\"a\"\\]|\\{ ?(git|name|path) = \"\\.?\" \\}|3))", 0..12),
    ) {
        read(vec![(NAMES[name], lines.join("\n").into_bytes()), ("pyproject.toml", b"[project]\nname = \"a\"\ndependencies = [\"b\"]\n".to_vec())]);
    }
}

#[test]
fn a_circle_of_includes_and_a_deep_text_end() {
    let deep = format!("a = {}{}", "[".repeat(100_000), "]".repeat(100_000));
    let json = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let said = said(&[
        ("requirements.txt", "-r a.txt\na==1\n"),
        ("a.txt", "-r requirements.txt\n-r ../../../../etc/passwd\n"),
        ("poetry.lock", &deep),
        ("Pipfile.lock", &json),
    ]);
    assert_eq!(said.purls(), ["pkg:pypi/a@1"]);
    assert_eq!(said.gaps.len(), 3);
}

#[test]
fn many_packages_of_one_name_that_all_need_it_end_soon() {
    type Line = fn(usize) -> String;
    let texts: [(&str, Line); 5] = [
        ("uv.lock", |number| {
            format!("[[package]]\nname = \"a\"\nversion = \"{number}\"\ndependencies = [{{ name = \"a\" }}]\n")
        }),
        ("poetry.lock", |number| {
            format!("[[package]]\nname = \"a\"\nversion = \"{number}\"\n[package.dependencies]\na = \"*\"\n")
        }),
        ("pdm.lock", |number| {
            format!("[[package]]\nname = \"a\"\nversion = \"{number}\"\ndependencies = [\"a\"]\n")
        }),
        ("pylock.toml", |number| {
            format!("[[packages]]\nname = \"a\"\nversion = \"{number}\"\ndependencies = [{{ name = \"a\" }}]\n")
        }),
        ("requirements.txt", |number| format!("a=={number} # via a\n")),
    ];
    for (name, line) in texts {
        let text: String = (0..4000).map(line).collect();
        let start = std::time::Instant::now();
        let said = said(&[(name, &text)]);
        assert!(start.elapsed().as_secs() < 20, "{name}: {:?}", start.elapsed());
        assert!(
            said.gaps.iter().any(|gap| gap.contains("too-large")),
            "{name}: {:?}",
            said.gaps
        );
        assert_eq!(said.purls().len(), 4000, "{name}");
        let edges = said.document["dependencies"].as_array().unwrap().iter();
        let edges: usize = edges.map(|one| one["dependsOn"].as_array().map_or(0, Vec::len)).sum();
        assert!(edges <= 4000 * 70 + 100_000, "{name}: {edges}");
    }
}

#[test]
fn many_extras_end_soon() {
    let extras: String = (0..4000)
        .map(|number| format!("e{number} = [{{ name = \"b\" }}]\n"))
        .collect();
    let text = format!(
        "[[package]]\nname = \"a\"\nversion = \"1\"\nsource = {{ virtual = \".\" }}\n[package.optional-dependencies]\n{extras}\n\
         [[package]]\nname = \"b\"\nversion = \"1\"\n"
    );
    let said = said(&[("uv.lock", &text)]);
    assert_eq!(said.purls().len(), 2);
    assert!(said.gaps.is_empty(), "{:?}", said.gaps);
}

/// Of two entries with one name nobody knows which one counts.
#[test]
fn what_is_there_once_and_stands_there_twice_is_damaged() {
    let lock = |entries: &str| format!(r#"{{"_meta": {{"pipfile-spec": 6}}, {entries}}}"#);
    let package = lock(r#""default": {"a": {"version": "==1"}, "a": {"version": "==2"}}"#);
    let category = lock(r#""default": {"a": {"version": "==1"}}, "default": {"b": {"version": "==2"}}"#);
    let metadata = "Metadata-Version: 2.1\nName: a\nVersion: 1\nVersion: 2\n";
    for (path, text, expected) in [
        (
            "Pipfile.lock",
            package.as_str(),
            "expected every key once, found `a` twice",
        ),
        (
            "Pipfile.lock",
            &category,
            "expected every key once, found `default` twice",
        ),
        (
            "a-1.dist-info/METADATA",
            metadata,
            "expected one `Version`, found several: the first one is listed",
        ),
    ] {
        let found = said(&[(path, text), ("requirements.txt", "b==1\n")]);
        let expected = format!("{path}: damaged: {expected}");
        assert!(
            found.gaps.iter().any(|gap| gap.starts_with(&expected)),
            "{:?}",
            found.gaps
        );
    }
}

#[test]
fn more_requirements_than_anybody_has_are_not_all_read() {
    let one = "a==1\n";
    let gaps = |count: usize| said(&[("requirements.txt", &one.repeat(count))]).gaps;
    assert_eq!(gaps(100_000), [""; 0]);
    assert_eq!(
        gaps(100_001),
        [
            "requirements.txt: too-large: expected at most 100000 lines that ask for something; the rest was not looked at"
        ]
    );
}
