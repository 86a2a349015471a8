//! The licences that manifests of Java name in, expressions of SPDX out, where the name or the address leaves no doubt.

use super::maven::model::Licence;
use crate::cyclonedx::{Acknowledgement, LicenceChoice, NamedLicence};
use crate::licence;

/// The most licences that are listed of one package: a manifest with more lists those of everything that it contains.
const MAX_LICENCES: usize = 16;

/// What a `pom.xml` names. Of several, whoever uses the package may choose one.
///
/// Source: POM reference, "Licenses": "If multiple licenses are listed, it is assumed that the user can select any of them".
pub(super) fn of_pom(licences: &[Licence]) -> Vec<LicenceChoice> {
    let known: Option<Vec<String>> = licences
        .iter()
        .map(|licence| identifier(licence.name.as_deref(), licence.url.as_deref()))
        .collect();
    match known.filter(|known| !known.is_empty()) {
        Some(mut known) => {
            known.sort();
            known.dedup();
            licence::declared(Some(&joined(&known)), None)
        }
        None => listed(
            licences
                .iter()
                .filter_map(|licence| text(licence.name.as_deref(), licence.url.as_deref())),
        ),
    }
}

/// What `Bundle-License` of a manifest names. Of several it is not said whether all hold or one may choose, so they are
/// listed and not joined.
///
/// Source: OSGi Core, 3.2.1.10: clauses with commas between, each a name or an address with `description` and `link`.
pub(super) fn of_bundle(header: &str) -> Vec<LicenceChoice> {
    // `Apache License, Version 2.0` has a comma in it.
    if let Some(whole) = of_name(header) {
        return licence::declared(Some(&whole), None);
    }
    let clauses = split(header, ',').into_iter().map(Clause::parse);
    let clauses: Vec<Clause> = clauses.filter(|clause| !clause.is_elsewhere()).collect();
    let texts = clauses.iter().filter_map(Clause::text);
    match clauses.as_slice() {
        [one] => match one.identifier() {
            Some(identifier) => licence::declared(Some(&identifier), None),
            None => listed(texts),
        },
        _ => listed(texts),
    }
}

/// What the comment at the beginning of a manifest says: the text of a licence, or a sentence that names one.
pub(super) fn of_preface(comment: &str) -> Option<LicenceChoice> {
    let comment = comment.get(..PREFACE_LIMIT).unwrap_or(comment);
    licence::of_text(comment).or_else(|| {
        let words = comment.split_whitespace().collect::<Vec<_>>().join(" ");
        let named = GRANTS.iter().find_map(|grant| {
            let rest = &words[words.find(grant)? + grant.len()..];
            let end = rest.find(" license")? + " license".len();
            let name = &rest[..end];
            let is_name = name.split(' ').count() <= MAX_WORDS && !name.contains(['.', ';', '(']);
            is_name.then(|| name.to_owned())
        })?;
        Some(LicenceChoice::Named {
            license: NamedLicence {
                name: identifier(Some(&named), None).unwrap_or(named),
                acknowledgement: Acknowledgement::Concluded,
            },
        })
    })
}

/// The longest licence that is put into a comment takes 30 kB.
const PREFACE_LIMIT: usize = 64 << 10;

/// What stands before the name of a licence.
const GRANTS: [&str; 4] = [
    "software is distributable under the ",
    "software is distributed under the ",
    "software is licensed under the ",
    "software is released under the ",
];

/// A name of more words is a sentence.
const MAX_WORDS: usize = 6;

struct Clause<'a> {
    license: &'a str,
    description: Option<&'a str>,
    link: Option<&'a str>,
}

impl<'a> Clause<'a> {
    fn parse(text: &'a str) -> Self {
        let mut parts = split(text, ';').into_iter();
        let license = unquoted(parts.next().unwrap_or_default());
        let mut clause = Self {
            license,
            description: None,
            link: None,
        };
        for (name, value) in parts.filter_map(|part| part.split_once('=')) {
            match name.trim().trim_end_matches(':') {
                "description" => clause.description = Some(unquoted(value)),
                "link" => clause.link = Some(unquoted(value)),
                _ => {}
            }
        }
        clause
    }

    /// The word for "not said here", and the name of a file in the jar, whose text says more than its name.
    fn is_elsewhere(&self) -> bool {
        self.license.is_empty()
            || self.license == "<<EXTERNAL>>"
            || self.license.to_ascii_lowercase().ends_with(".txt") && !self.license.contains('/')
    }

    fn identifier(&self) -> Option<String> {
        identifier(Some(self.license), self.link).or_else(|| identifier(self.description, Some(self.license)))
    }

    fn text(&self) -> Option<String> {
        self.identifier().or_else(|| text(self.description, Some(self.license)))
    }
}

fn unquoted(text: &str) -> &str {
    text.trim().trim_matches('"').trim()
}

/// Cuts at a character that stands in no quotes.
fn split(text: &str, at: char) -> Vec<&str> {
    let mut is_quoted = false;
    let pieces = text.split(move |c: char| {
        is_quoted ^= c == '"';
        c == at && !is_quoted
    });
    pieces.collect()
}

fn joined(identifiers: &[String]) -> String {
    match identifiers {
        [one] => one.clone(),
        several => several
            .iter()
            .map(|one| match one.contains(" AND ") || one.contains(" OR ") {
                true => format!("({one})"),
                false => one.clone(),
            })
            .collect::<Vec<_>>()
            .join(" OR "),
    }
}

fn listed(texts: impl Iterator<Item = String>) -> Vec<LicenceChoice> {
    let mut names: Vec<String> = texts.take(MAX_LICENCES).collect();
    names.sort();
    names.dedup();
    let named = |name| LicenceChoice::Named {
        license: NamedLicence {
            name,
            acknowledgement: Acknowledgement::Declared,
        },
    };
    match names.as_slice() {
        // One that is known is an expression wherever it stands.
        [one] => licence::declared(Some(one), None),
        _ => names.into_iter().map(named).collect(),
    }
}

/// The name, else the address.
fn text(name: Option<&str>, url: Option<&str>) -> Option<String> {
    let mut texts = [name, url].into_iter().flatten().map(str::trim);
    texts.find(|text| !text.is_empty()).map(str::to_owned)
}

/// The identifier or the expression that a name or else an address stands for.
///
/// The name goes first: a wrong address beside a right name is the more usual mistake.
fn identifier(name: Option<&str>, url: Option<&str>) -> Option<String> {
    let by_name = name.and_then(|name| of_expression(name).or_else(|| of_name(name)));
    by_name
        .or_else(|| name.and_then(of_address))
        .or_else(|| url.and_then(of_address))
}

/// What is an expression already.
fn of_expression(text: &str) -> Option<String> {
    match licence::declared(Some(text), None).pop()? {
        LicenceChoice::Expression { expression, .. } => Some(expression),
        LicenceChoice::Named { .. } => None,
    }
}

/// The words of a name that do not tell it from others are left out: `The Apache Software License, Version 2.0` and
/// `Apache 2` are one.
fn of_name(name: &str) -> Option<String> {
    let lower = name.to_ascii_lowercase();
    let words = lower.split(|c: char| !(c.is_ascii_alphanumeric() || c == '.' || c == '+'));
    let words = words.map(|word| word.trim_matches('.'));
    let words = words.filter(|word| !word.is_empty() && !FILLERS.contains(word));
    let words: Vec<&str> = words
        .map(|word| {
            word.strip_prefix('v')
                .filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
                .unwrap_or(word)
        })
        .collect();
    let words = words.join(" ");
    let found = NAMES.iter().find(|(known, _)| *known == words);
    found.map(|(_, identifier)| (*identifier).to_owned())
}

const FILLERS: [&str; 11] = [
    "the", "license", "licence", "licenses", "software", "version", "public", "general", "a", "of", "v",
];

/// Names as they stand in manifests, without [`FILLERS`]. A name without its version is not here, and neither is plain `BSD`.
const NAMES: [(&str, &str); 81] = [
    ("apache 2", "Apache-2.0"),
    ("apache 2.0", "Apache-2.0"),
    ("apache2", "Apache-2.0"),
    ("apache2.0", "Apache-2.0"),
    ("apache asl 2.0", "Apache-2.0"),
    ("apache foundation 2.0", "Apache-2.0"),
    ("asl 2", "Apache-2.0"),
    ("asl 2.0", "Apache-2.0"),
    ("al 2.0", "Apache-2.0"),
    ("apache 1.1", "Apache-1.1"),
    ("mit", "MIT"),
    ("mit x11", "MIT"),
    ("mit 0", "MIT-0"),
    ("bouncy castle", "MIT"),
    ("bsd 2 clause", "BSD-2-Clause"),
    ("2 clause bsd", "BSD-2-Clause"),
    ("bsd 2", "BSD-2-Clause"),
    ("simplified bsd", "BSD-2-Clause"),
    ("freebsd", "BSD-2-Clause"),
    ("bsd 3 clause", "BSD-3-Clause"),
    ("3 clause bsd", "BSD-3-Clause"),
    ("bsd 3", "BSD-3-Clause"),
    ("new bsd", "BSD-3-Clause"),
    ("bsd new", "BSD-3-Clause"),
    ("modified bsd", "BSD-3-Clause"),
    ("revised bsd", "BSD-3-Clause"),
    ("bsd 3 clause new or revised", "BSD-3-Clause"),
    ("go", "BSD-3-Clause"),
    ("edl 1.0", "BSD-3-Clause"),
    ("eclipse distribution 1.0", "BSD-3-Clause"),
    ("eclipse distribution 1.0 edl 1.0", "BSD-3-Clause"),
    ("eclipse distribution edl 1.0", "BSD-3-Clause"),
    ("epl 1.0", "EPL-1.0"),
    ("epl 2.0", "EPL-2.0"),
    ("eclipse 1.0", "EPL-1.0"),
    ("eclipse 2.0", "EPL-2.0"),
    ("eclipse epl 1.0", "EPL-1.0"),
    ("eclipse epl 2.0", "EPL-2.0"),
    ("eclipse 2.0 epl 2.0", "EPL-2.0"),
    ("mpl 1.1", "MPL-1.1"),
    ("mozilla 1.1", "MPL-1.1"),
    ("mozilla 1.1 mpl 1.1", "MPL-1.1"),
    ("mpl 2.0", "MPL-2.0"),
    ("mozilla 2.0", "MPL-2.0"),
    ("mozilla mpl 2.0", "MPL-2.0"),
    ("lgpl 2.1", "LGPL-2.1-only"),
    ("gnu lesser 2.1", "LGPL-2.1-only"),
    ("gnu lgpl 2.1", "LGPL-2.1-only"),
    ("lesser lgpl 2.1", "LGPL-2.1-only"),
    ("lgpl 2.1 or later", "LGPL-2.1-or-later"),
    ("gnu lesser 2.1 or later", "LGPL-2.1-or-later"),
    ("lgpl 3.0", "LGPL-3.0-only"),
    ("gnu lesser 3.0", "LGPL-3.0-only"),
    ("gpl 2.0", "GPL-2.0-only"),
    ("gpl 3.0", "GPL-3.0-only"),
    ("gnu 3", "GPL-3.0-only"),
    ("gnu 3.0", "GPL-3.0-only"),
    ("gnu affero 3", "AGPL-3.0-only"),
    ("gnu affero 3.0", "AGPL-3.0-only"),
    ("gpl2 w cpe", CLASSPATH),
    ("gpl 2 with classpath exception", CLASSPATH),
    ("gplv2 with classpath exception", CLASSPATH),
    ("gpl2 with classpath exception", CLASSPATH),
    ("gplv2+ce", CLASSPATH),
    ("gnu gpl 2 with classpath exception", CLASSPATH),
    ("gnu 2 with classpath exception", CLASSPATH),
    ("gnu 2 with gnu classpath exception", CLASSPATH),
    ("gpl 2 with gnu classpath exception", CLASSPATH),
    ("universal permissive 1.0", "UPL-1.0"),
    ("upl 1.0", "UPL-1.0"),
    ("cddl 1.0", "CDDL-1.0"),
    ("cddl 1.1", "CDDL-1.1"),
    ("common development and distribution 1.0", "CDDL-1.0"),
    ("common development and distribution 1.1", "CDDL-1.1"),
    ("common development and distribution cddl 1.0", "CDDL-1.0"),
    ("cddl gpl 2 with classpath exception", DUAL),
    ("cddl + gplv2 with classpath exception", DUAL),
    ("cc0", "CC0-1.0"),
    ("cc0 1.0 universal", "CC0-1.0"),
    ("unlicense", "Unlicense"),
    ("isc", "ISC"),
];

const CLASSPATH: &str = "GPL-2.0-only WITH Classpath-exception-2.0";

/// What Sun and Oracle offered the libraries of Java EE under.
const DUAL: &str = "CDDL-1.1 OR GPL-2.0-only WITH Classpath-exception-2.0";

/// The identifier that an address stands for: where licences have their home.
fn of_address(address: &str) -> Option<String> {
    let lower = address.trim().to_ascii_lowercase();
    let rest = lower.split_once("://").map_or(lower.as_str(), |(_, rest)| rest);
    let rest = rest.strip_prefix("www.").unwrap_or(rest);
    let rest = rest.split(['?', '#']).next().unwrap_or(rest).trim_end_matches('/');
    let endings = [".txt", ".html", ".htm", ".php", ".md"];
    let rest = endings
        .iter()
        .find_map(|ending| rest.strip_suffix(ending))
        .unwrap_or(rest);
    for home in [
        "spdx.org/licenses/",
        "opensource.org/licenses/",
        "opensource.org/license/",
    ] {
        if let Some(identifier) = rest.strip_prefix(home).and_then(by_identifier) {
            return Some(identifier);
        }
    }
    let found = ADDRESSES.iter().find(|(known, _)| *known == rest);
    found.map(|(_, identifier)| (*identifier).to_owned())
}

/// The identifier of the SPDX list that a word is, in whatever case.
fn by_identifier(word: &str) -> Option<String> {
    let found = spdx::identifiers::LICENSES
        .iter()
        .find(|licence| licence.name.eq_ignore_ascii_case(word))?;
    Some(found.name.to_owned())
}

/// Addresses without scheme, `www.` and ending. `bsd-license.php` is not here: it once held three clauses, and now holds two.
const ADDRESSES: [(&str, &str); 32] = [
    ("apache.org/licenses/license-2.0", "Apache-2.0"),
    ("apache.org/license/license-2.0", "Apache-2.0"),
    ("opensource.org/licenses/apache2.0", "Apache-2.0"),
    ("apache.org/licenses/license-1.1", "Apache-1.1"),
    ("opensource.org/licenses/mit-license", "MIT"),
    ("bouncycastle.org/licence", "MIT"),
    ("eclipse.org/legal/epl-v10", "EPL-1.0"),
    ("eclipse.org/legal/epl-2.0", "EPL-2.0"),
    ("eclipse.org/legal/epl-v20", "EPL-2.0"),
    ("eclipse.org/org/documents/epl-v10", "EPL-1.0"),
    ("eclipse.org/org/documents/epl-2.0", "EPL-2.0"),
    ("eclipse.org/org/documents/edl-v10", "BSD-3-Clause"),
    ("asm.ow2.org/license", "BSD-3-Clause"),
    ("asm.ow2.io/license", "BSD-3-Clause"),
    ("antlr.org/license", "BSD-3-Clause"),
    ("golang.org/license", "BSD-3-Clause"),
    ("gnu.org/software/classpath/license", CLASSPATH),
    ("openjdk.java.net/legal/gplv2+ce", CLASSPATH),
    ("glassfish.dev.java.net/public/cddlv1.0", "CDDL-1.0"),
    ("glassfish.java.net/public/cddl+gpl_1_1", DUAL),
    ("opensource.org/licenses/cddl1", "CDDL-1.0"),
    ("mozilla.org/mpl/mpl-1.1", "MPL-1.1"),
    ("mozilla.org/mpl/1.1", "MPL-1.1"),
    ("mozilla.org/mpl/2.0", "MPL-2.0"),
    ("mozilla.org/en-us/mpl/2.0", "MPL-2.0"),
    ("gnu.org/licenses/lgpl-2.1", "LGPL-2.1-only"),
    ("gnu.org/licenses/old-licenses/lgpl-2.1", "LGPL-2.1-only"),
    ("gnu.org/licenses/old-licenses/gpl-2.0", "GPL-2.0-only"),
    ("gnu.org/licenses/gpl-3.0", "GPL-3.0-only"),
    ("gnu.org/licenses/agpl-3.0", "AGPL-3.0-only"),
    ("creativecommons.org/publicdomain/zero/1.0", "CC0-1.0"),
    ("unlicense.org", "Unlicense"),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn pom(licences: &[(&str, &str)]) -> Vec<String> {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let licences: Vec<Licence> = licences
            .iter()
            .map(|(name, url)| Licence {
                name: some(name),
                url: some(url),
            })
            .collect();
        shown(of_pom(&licences))
    }

    fn shown(choices: Vec<LicenceChoice>) -> Vec<String> {
        let shown = choices.into_iter().map(|choice| match choice {
            LicenceChoice::Expression { expression, .. } => expression,
            LicenceChoice::Named { license } => format!("name {}", license.name),
        });
        shown.collect()
    }

    #[test]
    fn a_name_or_its_address_is_an_identifier() {
        for (name, url, expected) in [
            ("The Apache Software License, Version 2.0", "", "Apache-2.0"),
            ("Apache License V2.0", "", "Apache-2.0"),
            ("", "https://www.apache.org/licenses/LICENSE-2.0.html", "Apache-2.0"),
            ("Ours", "http://www.opensource.org/licenses/MIT/", "MIT"),
            ("3-Clause BSD License", "", "BSD-3-Clause"),
            ("GPL2 w/ CPE", "", CLASSPATH),
            ("", "https://spdx.org/licenses/bsd-3-clause.html", "BSD-3-Clause"),
            ("EPL 2.0", "", "EPL-2.0"),
            ("MIT License", "", "MIT"),
        ] {
            assert_eq!(pom(&[(name, url)]), [expected], "{name} {url}");
        }
    }

    #[test]
    fn what_leaves_doubt_stays_a_name() {
        let bsd = pom(&[("The BSD License", "http://www.opensource.org/licenses/bsd-license.php")]);
        assert_eq!(bsd, ["name The BSD License"]);
        assert_eq!(pom(&[("Apache License", "")]), ["name Apache License"]);
        assert_eq!(
            pom(&[("", "https://example.com/LICENSE-2.0.txt")]),
            ["name https://example.com/LICENSE-2.0.txt"]
        );
        assert_eq!(pom(&[]), [""; 0]);
    }

    #[test]
    fn of_several_one_may_choose() {
        assert_eq!(
            pom(&[("MIT", ""), ("Apache 2", ""), ("MIT", "")]),
            ["Apache-2.0 OR MIT"]
        );
        assert_eq!(pom(&[("MIT", ""), ("Ours", "")]), ["name MIT", "name Ours"]);
    }

    #[test]
    fn a_comment_may_name_a_licence() {
        let shown = |text: &str| shown(of_preface(text).into_iter().collect());
        assert_eq!(
            shown("Copyright 2020\n  This software is distributable under the\n BSD license. See the terms."),
            ["name BSD license"]
        );
        assert_eq!(
            shown("This software is released under the terms that its authors agreed on for any license"),
            [""; 0]
        );
        assert_eq!(shown("ours"), [""; 0]);
    }

    #[test]
    fn a_bundle_names_one_or_lists_several() {
        let one = of_bundle("https://www.apache.org/licenses/LICENSE-2.0;description=\"Apache, 2.0\"");
        assert_eq!(shown(one), ["Apache-2.0"]);
        let described = of_bundle("Apache-2.0;link=\"https://example.com/a,b\"");
        assert_eq!(shown(described), ["Apache-2.0"]);
        assert_eq!(shown(of_bundle("Apache License, Version 2.0")), ["Apache-2.0"]);
        let several = of_bundle("http://www.eclipse.org/legal/epl-2.0, https://example.com/licence");
        assert_eq!(shown(several), ["name EPL-2.0", "name https://example.com/licence"]);
        assert_eq!(shown(of_bundle("<<EXTERNAL>>")), [""; 0]);
        assert_eq!(shown(of_bundle("LICENSE.txt")), [""; 0]);
    }
}
