//! `copyright` of a package in, the licences that it declares out.
//!
//! Source: Debian's machine-readable copyright format 1.0 (DEP-5); Debian Policy Manual, section 12.5, for those in prose,
//! which name the common licences by the files that every system has.

use super::control::stanzas;
use crate::cyclonedx::{Acknowledgement, LicenceChoice};
use crate::licence;
use crate::rootfs::{self, System};
use crate::scan::Scan;

/// The largest, that of Chromium, takes 1 MB.
const LIMIT: u64 = 8 << 20;

const DOCUMENTS: &str = "usr/share/doc/";

pub(super) fn is_copyright(path: &str) -> bool {
    let Some(package) = path.strip_suffix("/copyright") else {
        return false;
    };
    let (directory, _) = package.rsplit_once('/').unwrap_or(("", package));
    rootfs::root_of(directory, DOCUMENTS.trim_end_matches('/')).is_some()
}

/// The licences of a package. Documents that are not there, as in many images, are no gap: nothing is said then.
pub(super) fn licences(scan: &Scan<'_>, system: &System, package: &str) -> Vec<LicenceChoice> {
    let path = system.path(&format!("{DOCUMENTS}{package}/copyright"));
    let Ok(Some(bytes)) = scan.read(&path, LIMIT) else {
        return Vec::new();
    };
    let text = String::from_utf8_lossy(&bytes);
    let expression = match is_machine_readable(&text) {
        true => of_fields(&text).or_else(|| of_prose(&text)),
        false => of_prose(&text),
    };
    let acknowledgement = Acknowledgement::Declared;
    let choice = match expression {
        Some(expression) => Some(LicenceChoice::Expression {
            expression,
            acknowledgement,
        }),
        None => licence::of_text(&text),
    };
    choice.into_iter().collect()
}

fn is_machine_readable(text: &str) -> bool {
    let first = stanzas(text).next();
    first.is_some_and(|stanza| {
        stanza
            .fields()
            .any(|(name, _)| name.to_ascii_lowercase().starts_with("format"))
    })
}

/// The first lines of the fields `License`: of the paragraphs on files, else of those that only hold a text. What is said of
/// the packaging itself, which is in no package, is left out.
fn of_fields(text: &str) -> Option<String> {
    let of = |on_files: bool| {
        let paragraphs = stanzas(text).filter(move |stanza| {
            let files = stanza.field("Files");
            files.is_some() == on_files && !files.is_some_and(is_packaging)
        });
        let names = paragraphs.filter_map(|stanza| stanza.field("License"));
        rootfs::of_short_names(names.filter_map(|value| value.lines().next()))
    };
    of(true).or_else(|| of(false))
}

fn is_packaging(files: &str) -> bool {
    files.split_whitespace().all(|pattern| pattern.starts_with("debian/"))
}

/// Where every Debian system keeps the licences that are common.
const COMMON: &str = "/usr/share/common-licenses/";

/// The common licences that a text points to, and those whose own words it holds.
fn of_prose(text: &str) -> Option<String> {
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
    let mut names: Vec<String> = Vec::new();
    for (at, _) in text.match_indices(COMMON) {
        let rest = &text[at + COMMON.len()..];
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '.' | '-'));
        let name = rest[..end.unwrap_or(rest.len())].trim_end_matches('.');
        names.push(common(name, &words));
    }
    let known = PHRASES
        .iter()
        .filter(|(phrases, _)| phrases.iter().all(|phrase| words.contains(phrase)));
    names.extend(known.map(|(_, name)| (*name).to_owned()));
    rootfs::of_short_names(names.iter().map(String::as_str))
}

/// A file of that directory is the licence of one version; the words beside it say whether later ones may be chosen.
fn common(name: &str, words: &str) -> String {
    let is_gnu = ["GPL", "LGPL", "GFDL", "AGPL"]
        .iter()
        .any(|family| name.starts_with(family));
    let may_be_later = words.contains("any later version") || words.contains("or later");
    match name {
        "BSD" => "BSD-3-clause".to_owned(),
        _ if is_gnu && may_be_later => format!("{name}+"),
        _ => name.to_owned(),
    }
}

/// Words by which texts are known that stand in the file itself.
const PHRASES: [(&[&str], &str); 8] = [
    (
        &[
            "permission is hereby granted, free of charge, to any person obtaining a copy",
            "without limitation the rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell",
        ],
        "MIT",
    ),
    (
        &[
            "redistributions in binary form must reproduce the above copyright notice",
            "may be used to endorse or promote products derived",
        ],
        "BSD-3-clause",
    ),
    (&["python software foundation license version 2"], "PSF-2.0"),
    (
        &["the mit kerberos", "export of this software from the united states"],
        "MIT-US-export",
    ),
    (&["apache license, version 2.0"], "Apache-2.0"),
    (&["mozilla public license, v. 2.0"], "MPL-2.0"),
    (
        &[
            "permission to use, copy, modify, and/or distribute this software for any purpose with or without fee is hereby granted",
        ],
        "ISC",
    ),
    (&["public domain"], "public-domain"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_on_files_are_declared() {
        let text = "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\nFiles: *\nLicense: GPL-2+ or MIT\n\n\
                    Files: b\nLicense: Expat\n Permission …\n\nLicense: GPL-2+\n text\n";
        assert!(is_machine_readable(text));
        assert_eq!(of_fields(text).as_deref(), Some("MIT AND (GPL-2.0-or-later OR MIT)"));
        let texts_only = "Format: x\n\nLicense: ISC\n text\n";
        assert_eq!(of_fields(texts_only).as_deref(), Some("ISC"));
    }

    #[test]
    fn prose_names_the_common_licences_and_whether_later_ones_do() {
        let text = "This is free software under the GPL, version 2 or (at your option)\nany later\nversion. See\n\
                    `/usr/share/common-licenses/GPL-2'. Parts: /usr/share/common-licenses/Apache-2.0.";
        assert!(!is_machine_readable(text));
        assert_eq!(of_prose(text).as_deref(), Some("Apache-2.0 AND GPL-2.0-or-later"));
        assert_eq!(
            of_prose("see /usr/share/common-licenses/GPL-2").as_deref(),
            Some("GPL-2.0-only")
        );
        assert_eq!(of_prose("all rights reserved"), None);
    }

    #[test]
    fn documents_of_packages_are_known_by_their_path() {
        for (path, expected) in [
            ("usr/share/doc/a/copyright", true),
            ("root/usr/share/doc/a/copyright", true),
            ("usr/share/doc/a/b/copyright", false),
            ("usr/share/docs/a/copyright", false),
            ("copyright", false),
        ] {
            assert_eq!(is_copyright(path), expected, "{path}");
        }
    }
}
