use std::collections::BTreeSet;

use attest_release::Config;
use attest_release::config::keys;

const DOCUMENT: &str = include_str!("../../docs/CONFIGURATION.md");

/// The keys that have a heading of their own: `` ### `archive.name` ``.
fn documented() -> BTreeSet<String> {
    let headings = DOCUMENT
        .lines()
        .filter_map(|line| line.strip_prefix("### `")?.strip_suffix('`'));
    headings.map(str::to_owned).collect()
}

fn known() -> BTreeSet<String> {
    let path = |table: keys::Table, key: &str| match table.path {
        "" => key.to_owned(),
        path => format!("{path}.{key}"),
    };
    let keys = keys::ALL.into_iter();
    keys.flat_map(|table| table.keys.iter().map(move |key| path(table, key)))
        .collect()
}

/// The text of every fenced block of TOML.
fn examples() -> Vec<String> {
    let blocks = DOCUMENT.split("```toml\n").skip(1);
    blocks
        .map(|block| block.split("```").next().unwrap().to_owned())
        .collect()
}

#[test]
fn every_documented_key_exists_and_every_key_is_documented() {
    assert!(known().len() > 40, "{:?}", known());
    let tables: BTreeSet<String> = keys::ALL.iter().map(|table| table.path.to_owned()).collect();
    let plain: BTreeSet<String> = known().difference(&tables).cloned().collect();
    assert_eq!(documented(), plain);
}

#[test]
fn every_example_of_the_document_is_read_without_a_problem() {
    let examples = examples();
    assert!(examples.len() >= 10, "{}", examples.len());
    for example in examples {
        let text = match example.contains("format =") && example.starts_with("format") {
            true => example,
            false => format!("format = 1\n{example}"),
        };
        if let Err(error) = Config::parse("CONFIGURATION.md", &text) {
            panic!("{error}\n{text}");
        }
    }
}

#[test]
fn the_default_targets_are_the_documented_ones() {
    let targets = attest_release::Target::DEFAULT
        .map(|target| format!("\"{target}\""))
        .join(", ");
    assert!(DOCUMENT.contains(&format!("[{targets}]")), "{targets}");
}
