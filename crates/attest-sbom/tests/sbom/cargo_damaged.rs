//! Lock files and manifests of Cargo that are damaged, odd, too large or of no known form.

use attest_sbom::tree::Memory;
use attest_sbom::{Gap, Options, scan};
use proptest::prelude::*;

use crate::cargo_project::{SUM, document, gaps, inventory, locked, own, package, references};

#[test]
fn one_damaged_file_hides_no_other() {
    let files = [
        (
            "Cargo.lock",
            own("app", "1.0.0", &["a", "gone"]) + &locked("a", "1.0.0", &[]) + &locked("b", "1.0.0", &[]),
        ),
        (
            "Cargo.toml",
            package("app") + "[workspace]\nmembers = [\"one\", \"two\", \"three\"]\n",
        ),
        ("one/Cargo.toml", "[package\n".to_owned()),
        ("two/Cargo.toml", package("two") + "license.workspace = true\n"),
    ];
    let files = files.map(|(path, text)| (path, text.replacen(SUM, "00", 1)));
    let inventory = inventory(&files, &Options::default());
    let expected = [
        "Cargo.lock: damaged: invalid checksum of `a 1.0.0` in Cargo.lock: expected 32 bytes for sha256, found 1",
        "Cargo.lock: unresolved: no package is called `gone`",
        "Cargo.toml: unresolved: the workspace names a member `three`, where no manifest lies",
        "one/Cargo.toml: damaged: unclosed table, expected `]`",
        "two/Cargo.toml: unresolved: it inherits `license`, which no workspace declares",
    ];
    assert_eq!(gaps(&inventory), expected);
    assert_eq!(
        references(&document(inventory)["components"]),
        ["a@1.0.0", "b@1.0.0", "file:Cargo.lock"]
    );
}

#[test]
fn a_lock_file_in_a_form_that_is_not_known_is_read_and_told() {
    let lock = "version = 5\n".to_owned() + &own("app", "1.0.0", &[]);
    let inventory = inventory(
        &[("Cargo.lock", lock), ("Cargo.toml", package("app"))],
        &Options::default(),
    );
    assert_eq!(
        gaps(&inventory),
        ["Cargo.lock: damaged: expected a form up to 4, found 5"]
    );
    assert_eq!(inventory.len(), 1);
}

#[test]
fn names_that_differ_by_case_alone_are_two_packages() {
    let lock = own("app", "1.0.0", &["Inflector", "inflector"])
        + &locked("Inflector", "1.0.0", &[])
        + &locked("inflector", "1.0.0", &[]);
    let manifest = package("app") + "[dependencies]\nInflector = \"1\"\ninflector = \"1\"\n";
    let inventory = inventory(&[("Cargo.lock", lock), ("Cargo.toml", manifest)], &Options::default());
    assert_eq!(gaps(&inventory), [""; 0]);
    assert_eq!(
        references(&document(inventory)["components"]),
        ["Inflector@1.0.0", "inflector@1.0.0"]
    );
}

#[test]
fn what_is_larger_than_its_limit_is_told_and_not_read() {
    let files = [
        ("Cargo.lock", own("app", "1.0.0", &[])),
        ("Cargo.toml", " ".repeat((4 << 20) + 1)),
    ];
    let inventory = inventory(&files, &Options::default());
    let expected = [
        "Cargo.lock: no-manifest: the manifests of 1 own packages lie elsewhere: what only their tests need is not told apart",
        "Cargo.toml: too-large: expected at most 4194304 bytes, found 4194305",
    ];
    assert_eq!(gaps(&inventory), expected);
}

#[test]
fn a_workspace_of_too_many_packages_is_cut_and_told() {
    let mut files = vec![("Cargo.toml".to_owned(), "[workspace]\nmembers = [\"m/*\"]\n".to_owned())];
    for number in 0..=10_000 {
        files.push((
            format!("m/{number}/Cargo.toml"),
            format!("package.name = \"p{number}\""),
        ));
    }
    let tree = Memory::new(files);
    let inventory = scan(&tree, &Options::default()).unwrap();
    let codes: Vec<_> = inventory.gaps().map(Gap::code).collect();
    assert_eq!(codes, ["no-lock", "too-large"]);
    assert_eq!(inventory.len(), 10_001, "with the workspace itself");
}

proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(lock in ".{0,200}", manifest in ".{0,200}") {
        let tree = Memory::new([("Cargo.lock", lock), ("Cargo.toml", manifest)]);
        let _ = scan(&tree, &Options::default());
    }

    #[test]
    fn no_shape_of_manifest_makes_the_reader_panic(
        members in "[a-z*?/.\\[\\]!-]{0,12}",
        path in "[a-z./\\\\]{0,12}",
        condition in "(cfg\\()?[a-z(),=\"]{0,20}",
        feature in "[a-z:/?]{0,8}",
    ) {
        let manifest = package("app") + &format!(
            "[workspace]\nmembers = ['{members}', 'a']\n[features]\ndefault = ['{feature}']\n\
             [target.'{condition}'.dependencies]\nb = {{ path = '{path}' }}\n"
        );
        let files = [("Cargo.lock", own("app", "1.0.0", &["b"]) + &own("b", "1.0.0", &["app"])), ("Cargo.toml", manifest)];
        let mut options = Options::default();
        options.shipped = Some("x86_64-unknown-linux-gnu".to_owned());
        let _ = inventory(&files, &options);
        let _ = inventory(&files, &Options::default());
    }
}
