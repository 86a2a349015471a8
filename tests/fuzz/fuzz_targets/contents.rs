//! What lists of contents are made from: whatever a file holds, no reader panics, and a document holds together.
//!
//! The first byte says which files there are. Texts are divided by a byte that no text has; what is no text is one file.
#![no_main]

use attest_sbom::document::{Document, Group};
use attest_sbom::tree::Memory;
use attest_sbom::{Metadata, Options, Root, scan};
use libfuzzer_sys::fuzz_target;

const TEXTS: &[&[&str]] = &[
    &["Cargo.lock", "Cargo.toml", "member/Cargo.toml"],
    &["package-lock.json", "package.json"],
    &["pnpm-lock.yaml", "package.json"],
    &["yarn.lock", "package.json"],
    &["bun.lock", "package.json"],
    &["package.json", "node_modules/a/package.json"],
    &["go.mod", "go.sum", "vendor/modules.txt"],
    &["go.work", "m/go.mod", "m/go.sum"],
    &["uv.lock", "pyproject.toml"],
    &["poetry.lock", "pyproject.toml"],
    &["pdm.lock", "pyproject.toml"],
    &["Pipfile.lock"],
    &["pylock.toml"],
    &["requirements.txt", "other.txt"],
    &["script.py"],
    &[
        "lib/python3.12/site-packages/a-1.dist-info/METADATA",
        "lib/python3.12/site-packages/a-1.dist-info/RECORD",
        "lib/python3.12/site-packages/a-1.dist-info/direct_url.json",
    ],
    &["conda-meta/a.json"],
    &["pom.xml", "m/pom.xml"],
    &["gradle.lockfile", "settings.gradle", "gradle/libs.versions.toml", "gradle/verification-metadata.xml"],
    &["Chart.yaml", "values.yaml", "Chart.lock", "templates/a.yaml"],
    &["var/lib/dpkg/status", "etc/os-release", "usr/share/doc/a/copyright"],
    &["lib/apk/db/installed", "etc/os-release"],
];

const BYTES: &[&str] = &[
    "a.so",
    "a.jar",
    "a-1-py3-none-any.whl",
    "a-1.tar.gz",
    "a-1.0.0.crate",
    "a.tgz",
    "charts/a.tgz",
    "var/lib/rpm/rpmdb.sqlite",
    "var/lib/rpm/Packages.db",
    "var/lib/rpm/Packages",
];

/// A document of somebody else.
const DOCUMENT: usize = TEXTS.len() + BYTES.len();

fuzz_target!(|data: &[u8]| {
    let Some((first, rest)) = data.split_first() else { return };
    let which = usize::from(*first) % (DOCUMENT + 1);
    if which == DOCUMENT {
        if let Ok(document) = Document::read(rest) {
            let _ = document.validate(&[Group::Integrity, Group::MinimumElements]);
        }
        return;
    }
    let mut files: Vec<(&str, &[u8])> = match TEXTS.get(which) {
        Some(names) => names.iter().copied().zip(rest.split(|byte| *byte == 0xff)).collect(),
        None => vec![(BYTES[which - TEXTS.len()], rest)],
    };
    // What lies alone is opened in another way.
    files.push(("README", b""));
    let tree = Memory::new(files);
    for shipped in [None, Some("linux/amd64".to_owned())] {
        let mut options = Options::default();
        options.shipped = shipped;
        list(&tree, &options);
    }
});

fn list(tree: &Memory, options: &Options) {
    let Ok(inventory) = scan(tree, options) else { return };
    let Ok(bom) = inventory.document(&Root::default(), &Metadata::default()) else { return };
    let document = Document::read(&bom.to_json()).expect("what was written can be read");
    let findings = document.validate(&[Group::Integrity]);
    assert!(findings.is_empty(), "{findings:?}");
}
