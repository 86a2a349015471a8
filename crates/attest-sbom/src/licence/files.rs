//! The files that hold licences.

use super::of_texts;
use crate::cyclonedx::LicenceChoice;
use crate::scan::Scan;

/// The longest texts repeat the licence of everything that a product contains; what is longer is something else.
const FILE_LIMIT: u64 = 2 << 20;

/// More files than this in one directory are no licences of one package.
const MAX_FILES: usize = 16;

/// How the names of licence files begin. `NOTICE` and `PATENTS` add to a licence and are none.
const NAMES: [&str; 5] = ["license", "licence", "copying", "unlicense", "copyright"];

/// Sources that are called like a licence.
const SOURCES: [&str; 10] = ["c", "go", "h", "html", "java", "js", "json", "py", "rs", "ts"];

/// Whether a file by its name holds a licence, such as `LICENSE`, `COPYING.LESSER`, `LICENSE-MIT.txt` or `MIT-LICENSE`.
pub(crate) fn is_licence_file(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    let is_named = NAMES.iter().any(|prefix| name.starts_with(prefix)) || {
        let stem = name.trim_end_matches(".txt").trim_end_matches(".md");
        ["license", "licence"].iter().any(|suffix| stem.ends_with(suffix))
    };
    is_named && !SOURCES.contains(&extension)
}

/// Whether a licence is about the documentation alone, which is not what others use of a package.
fn is_of_documentation(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let stem = name.trim_end_matches(".txt").trim_end_matches(".md");
    ["docs", "documentation"].iter().any(|part| {
        stem.strip_suffix(part)
            .is_some_and(|rest| rest.ends_with(['.', '-', '_']))
    })
}

/// What the licence files say that lie in one directory itself; files that are no text say nothing. A licence of the documentation
/// counts where there is no other one.
pub(crate) fn of_directory(scan: &Scan<'_>, directory: &str) -> Option<LicenceChoice> {
    let files = scan.listing().files_in(directory);
    let files: Vec<_> = files.filter(|entry| is_licence_file(entry.name())).collect();
    let is_documented_only = files.iter().all(|entry| is_of_documentation(entry.name()));
    let files = files
        .into_iter()
        .filter(|entry| is_documented_only || !is_of_documentation(entry.name()));
    let texts: Vec<String> = files
        .take(MAX_FILES)
        .filter_map(|entry| scan.read(&entry.path, FILE_LIMIT).ok().flatten())
        .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
        .collect();
    of_texts(texts.iter().map(String::as_str))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Options;
    use crate::tree::Memory;

    const MOZILLA: &str = "Subject to the terms of the Mozilla Public License, v. 2.0.";
    const APACHE: &str = "Licensed under the Apache License, Version 2.0";

    fn expression(files: &[(&str, &str)]) -> Option<String> {
        let (tree, options) = (Memory::new(files.iter().copied()), Options::default());
        match of_directory(&Scan::of(&tree, &options), "a")? {
            LicenceChoice::Expression { expression, .. } => Some(expression),
            LicenceChoice::Named { .. } => None,
        }
    }

    #[test]
    fn a_licence_of_the_documentation_counts_where_there_is_no_other() {
        let both = [("a/LICENSE", APACHE), ("a/LICENSE.docs", MOZILLA)];
        assert_eq!(expression(&both).as_deref(), Some("Apache-2.0"));
        let alone = [("a/LICENSE-docs.md", MOZILLA), ("LICENSE", APACHE)];
        assert_eq!(expression(&alone).as_deref(), Some("MPL-2.0"));
        let code = [("a/LICENSE.code", APACHE), ("a/LICENSE.libdocs", MOZILLA)];
        assert_eq!(expression(&code).as_deref(), Some("Apache-2.0 AND MPL-2.0"));
    }

    #[test]
    fn a_licence_file_is_known_by_its_name() {
        for name in [
            "LICENSE",
            "Licence.md",
            "COPYING.LESSER",
            "LICENSE-APACHE.txt",
            "MIT-LICENSE",
            "UNLICENSE",
            "license.libyaml",
        ] {
            assert!(is_licence_file(name), "{name}");
        }
        for name in [
            "license.go",
            "NOTICE",
            "PATENTS",
            "README.md",
            "relicensed",
            "license_test.py",
        ] {
            assert!(!is_licence_file(name), "{name}");
        }
    }
}
