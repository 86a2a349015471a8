//! Short names of licences as distributions write them in, SPDX expressions out.
//!
//! What has no identifier of SPDX becomes a `LicenseRef-` with the same name, so that one expression holds all of it.
//! Sources: Debian's machine-readable copyright format 1.0, section 7; Fedora's list of licences before it took SPDX; SPDX 2.3,
//! annex D.

use std::collections::{BTreeSet, HashMap};
use std::sync::LazyLock;

use spdx::identifiers::LICENSES;

/// A longer one is the text of a licence, not its name.
const LONGEST_NAME: usize = 80;

/// The most terms of one package: the largest copyright files name about 200.
const MAX_TERMS: usize = 1000;

/// A licence, or several.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Expression {
    Term(String),
    All(BTreeSet<Expression>),
    Any(BTreeSet<Expression>),
}

/// One expression of everything that is declared; nothing when nothing of it is a name.
pub(crate) fn expression<'a>(declared: impl Iterator<Item = &'a str>) -> Option<String> {
    let mut all = BTreeSet::new();
    for one in declared.filter_map(parse).take(MAX_TERMS) {
        match one {
            Expression::All(terms) => all.extend(terms),
            one => {
                all.insert(one);
            }
        }
    }
    (!all.is_empty()).then(|| Expression::All(all).written())
}

/// The same of a text with parentheses, such as `GPLv2+ and (MIT or BSD)`.
pub(crate) fn nested(text: &str) -> Option<String> {
    let spaced = text.replace('(', " ( ").replace(')', " ) ");
    let (mut written, mut name) = (Vec::new(), Vec::new());
    let closed = |name: &mut Vec<&str>| term(&std::mem::take(name).join(" ")).map(|term| term.written());
    for word in spaced.split_whitespace() {
        let operator = match word.to_ascii_lowercase().as_str() {
            "and" => "AND",
            "or" => "OR",
            "(" => "(",
            ")" => ")",
            _ => {
                name.push(word);
                continue;
            }
        };
        written.extend(closed(&mut name));
        written.push(operator.to_owned());
    }
    written.extend(closed(&mut name));
    let text = written.join(" ").replace("( ", "(").replace(" )", ")");
    spdx::Expression::parse(&text).is_ok().then_some(text)
}

impl Expression {
    fn written(&self) -> String {
        let joined = |terms: &BTreeSet<Self>, word: &str| {
            let term = |term: &Self| match term {
                Self::Term(_) => term.written(),
                _ if terms.len() == 1 => term.written(),
                _ => format!("({})", term.written()),
            };
            terms.iter().map(term).collect::<Vec<_>>().join(word)
        };
        match self {
            Self::Term(name) => name.clone(),
            Self::All(terms) => joined(terms, " AND "),
            Self::Any(terms) => joined(terms, " OR "),
        }
    }
}

/// `A or B, and C` is `(A or B) and C`; without a comma, `and` binds closer.
fn parse(text: &str) -> Option<Expression> {
    let text = text
        .replace("_or_", " or ")
        .replace("_and_", " and ")
        .replace('|', " or ");
    let mut whole: Option<Expression> = None;
    for part in text.split(',') {
        let (word, part) = leading_word(part.trim());
        let Some(part) = alternatives(part) else {
            continue;
        };
        whole = Some(match (whole, word) {
            (None, _) => part,
            (Some(before), Word::Or) => Expression::Any(BTreeSet::from([before, part])),
            (Some(before), Word::And) => joined(BTreeSet::from([before, part])),
        });
    }
    whole
}

#[derive(Clone, Copy)]
enum Word {
    And,
    Or,
}

fn leading_word(text: &str) -> (Word, &str) {
    let without = |word: &str| {
        let (first, rest) = text.split_once(' ')?;
        first.eq_ignore_ascii_case(word).then_some(rest)
    };
    match (without("or"), without("and")) {
        (Some(rest), _) => (Word::Or, rest),
        (_, Some(rest)) => (Word::And, rest),
        _ => (Word::And, text),
    }
}

fn alternatives(text: &str) -> Option<Expression> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let is = |word: &str, other: &str| word.eq_ignore_ascii_case(other);
    let terms = |words: &[&str]| {
        let terms = words.split(|word| is(word, "and") || is(word, "and/or"));
        let terms: BTreeSet<Expression> = terms.filter_map(|words| term(&words.join(" "))).collect();
        (!terms.is_empty()).then(|| joined(terms))
    };
    let all: BTreeSet<Expression> = words.split(|word| is(word, "or")).filter_map(terms).collect();
    match all.len() {
        0 => None,
        1 => all.into_iter().next(),
        _ => Some(Expression::Any(all)),
    }
}

fn joined(terms: BTreeSet<Expression>) -> Expression {
    match terms.len() {
        1 => terms.into_iter().next().expect("there is one"),
        _ => Expression::All(terms),
    }
}

fn term(name: &str) -> Option<Expression> {
    let name = name.trim_matches(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | '.' | ';' | ':' | '"' | '*'));
    if name.is_empty() || name.len() > LONGEST_NAME || is_nothing(name) {
        return None;
    }
    Some(Expression::Term(identifier(name).unwrap_or_else(|| reference(name))))
}

fn is_nothing(name: &str) -> bool {
    ["none", "unknown", "n/a"]
        .iter()
        .any(|other| name.eq_ignore_ascii_case(other))
}

/// Only letters, digits, `.` and `-` are allowed there.
fn reference(name: &str) -> String {
    let plain: Vec<String> = name
        .split(|c: char| !c.is_ascii_alphanumeric() && c != '.')
        .filter(|part| !part.is_empty())
        .map(str::to_owned)
        .collect();
    match plain.is_empty() {
        true => "LicenseRef-other".to_owned(),
        false => format!("LicenseRef-{}", plain.join("-").trim_start_matches("LicenseRef-")),
    }
}

/// What SPDX calls a licence, perhaps with an exception.
fn identifier(name: &str) -> Option<String> {
    let lower = name.to_lowercase();
    if !lower.contains("exception") {
        return licence(&lower);
    }
    // Of `GPL-3+-autoconf-exception`, the plus sign belongs to the licence.
    let marks = [" with", "-with", "+-"];
    let at = marks.iter().filter_map(|mark| lower.find(mark)).min()?;
    let at = if lower[at..].starts_with('+') { at + 1 } else { at };
    let licence = licence(lower[..at].trim())?;
    let exception = exception(&lower[at..], &licence)?;
    Some(format!("{licence} WITH {exception}"))
}

fn licence(lower: &str) -> Option<String> {
    gnu(lower).or_else(|| of_table(lower)).or_else(|| known(lower))
}

/// The identifier itself, whatever its case, perhaps without the `.0` of its version.
fn known(lower: &str) -> Option<String> {
    static BY_LOWER: LazyLock<HashMap<String, &str>> = LazyLock::new(|| {
        LICENSES
            .iter()
            .map(|licence| (licence.name.to_lowercase(), licence.name))
            .collect()
    });
    let found = BY_LOWER.get(lower).or_else(|| BY_LOWER.get(&format!("{lower}.0")));
    found.map(|name| (*name).to_owned())
}

/// `GPL-2+`, `GPLv2+`, `lgpl-2.1-or-later`, `GPL+`, `GFDL-NIV-1.3+`, `AGPL-3`.
fn gnu(lower: &str) -> Option<String> {
    let families = [
        ("agpl", "AGPL", "1.0"),
        ("lgpl", "LGPL", "2.0"),
        ("gfdl", "GFDL", "1.1"),
        ("gpl", "GPL", "1.0"),
    ];
    let (family, rest, lowest) = families
        .iter()
        .find_map(|(prefix, family, lowest)| Some((*family, lower.strip_prefix(prefix)?, *lowest)))?;
    let (rest, no_invariants) = match rest
        .strip_prefix("-niv")
        .or_else(|| rest.strip_suffix("-no-invariants"))
    {
        Some(rest) => (rest, "-no-invariants"),
        None => match rest.strip_suffix("-no-invariant") {
            Some(rest) => (rest, "-no-invariants"),
            None => (rest, ""),
        },
    };
    let later = ["+", "-or-later", " or later"]
        .iter()
        .find_map(|end| rest.strip_suffix(end));
    let version = later.unwrap_or_else(|| rest.strip_suffix("-only").unwrap_or(rest));
    let version = version.trim_start_matches([' ', '-', 'v', '_']);
    let is_version = version.chars().all(|c| c.is_ascii_digit() || c == '.');
    let (version, later) = match (version, family) {
        ("", "GFDL") => return None,
        // Any version may be chosen where none is named.
        ("", _) => (lowest.to_owned(), true),
        (version, _) if version.contains('.') => (version.to_owned(), later.is_some()),
        (version, _) => (format!("{version}.0"), later.is_some()),
    };
    let id = format!(
        "{family}-{version}{no_invariants}-{}",
        if later { "or-later" } else { "only" }
    );
    (is_version && spdx::license_id(&id).is_some()).then_some(id)
}

/// Names that SPDX has under another one.
fn of_table(lower: &str) -> Option<String> {
    let id = match lower {
        "expat" | "mit/x11" | "mit/expat" | "mit-x11" | "mit-expat" | "mit license" => "MIT",
        "bsd-2" | "bsd2" | "bsd-2.clause" | "bsd 2-clause" => "BSD-2-Clause",
        "bsd-3" | "bsd3" | "bsd 3-clause" | "new bsd" | "bsd-3-clause-variant" => "BSD-3-Clause",
        "bsd-4" | "bsd4" | "bsd with advertising" => "BSD-4-Clause",
        "apache2" | "apache 2" | "apache 2.0" | "asl 2.0" | "asl-2.0" | "asl-2" => "Apache-2.0",
        "asl 1.1" => "Apache-1.1",
        // The text that Debian and Fedora keep under this name is that of Perl.
        "artistic" | "artistic-1" => "Artistic-1.0-Perl",
        "artistic2" | "artistic 2.0" => "Artistic-2.0",
        "boost" | "boost-1.0" | "bsl-1" => "BSL-1.0",
        "bzip" | "bzip2" => "bzip2-1.0.6",
        "cc0" => "CC0-1.0",
        "eclipse 2.0" => "EPL-2.0",
        "cpl" => "CPL-1.0",
        "mplv1.1" | "mpl 1.1" => "MPL-1.1",
        "mplv2.0" | "mpl 2.0" | "mpl2" => "MPL-2.0",
        "openldap" | "openldap-2.8" => "OLDAP-2.8",
        "psf-2" | "python" | "psf" => "PSF-2.0",
        "python-2" => "Python-2.0",
        "qpl" | "qplv1" => "QPL-1.0",
        "vim" => "Vim",
        "w3c" => "W3C",
        "wtfpl-2" => "WTFPL",
        "zpl-2.1" | "zplv2.1" => "ZPL-2.1",
        _ => return None,
    };
    Some(id.to_owned())
}

fn exception(text: &str, licence: &str) -> Option<&'static str> {
    let is_third = licence.starts_with("GPL-3");
    let known = [
        ("autoconf-macro", "Autoconf-exception-macro"),
        ("autoconf-data", "Autoconf-exception-generic"),
        (
            "autoconf",
            if is_third {
                "Autoconf-exception-3.0"
            } else {
                "Autoconf-exception-2.0"
            },
        ),
        ("bison", "Bison-exception-2.2"),
        ("classpath", "Classpath-exception-2.0"),
        ("font", "Font-exception-2.0"),
        (
            "gcc",
            if is_third {
                "GCC-exception-3.1"
            } else {
                "GCC-exception-2.0"
            },
        ),
        ("libtool", "Libtool-exception"),
        ("linux-syscall-note", "Linux-syscall-note"),
        ("llvm", "LLVM-exception"),
        ("texinfo", "Texinfo-exception"),
    ];
    let (_, id) = known.iter().find(|(word, _)| text.contains(word))?;
    spdx::exception_id(id).map(|_| *id)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn one(text: &str) -> Option<String> {
        expression([text].into_iter())
    }

    #[test]
    fn short_names_become_identifiers() {
        for (name, expected) in [
            ("GPL-2+", "GPL-2.0-or-later"),
            ("GPL-2", "GPL-2.0-only"),
            ("GPLv3+", "GPL-3.0-or-later"),
            ("LGPL-2.1+", "LGPL-2.1-or-later"),
            ("LGPL", "LGPL-2.0-or-later"),
            ("GPL+", "GPL-1.0-or-later"),
            ("GFDL-NIV-1.3+", "GFDL-1.3-no-invariants-or-later"),
            ("Expat", "MIT"),
            ("BSD-3-clause", "BSD-3-Clause"),
            ("ZLIB", "Zlib"),
            ("MPL-2", "MPL-2.0"),
            (
                "GPL-3+-autoconf-exception",
                "GPL-3.0-or-later WITH Autoconf-exception-3.0",
            ),
            (
                "GPL-2 with Linux-syscall-note exception",
                "GPL-2.0-only WITH Linux-syscall-note",
            ),
            (
                "GPL-3+-WITH-BISON-EXCEPTION",
                "GPL-3.0-or-later WITH Bison-exception-2.2",
            ),
            ("public-domain", "LicenseRef-public-domain"),
            ("BSD 3_clause (odd)", "LicenseRef-BSD-3-clause-odd"),
            (
                "GPL-2+ with OpenSSL exception",
                "LicenseRef-GPL-2-with-OpenSSL-exception",
            ),
            ("GPL-99", "LicenseRef-GPL-99"),
        ] {
            assert_eq!(one(name).as_deref(), Some(expected), "{name}");
        }
    }

    #[test]
    fn and_binds_closer_than_or_unless_a_comma_stands_between() {
        for (text, expected) in [
            ("MIT or GPL-2+", "GPL-2.0-or-later OR MIT"),
            ("MIT and ISC or GPL-2", "GPL-2.0-only OR (ISC AND MIT)"),
            ("MIT or GPL-2, and ISC", "ISC AND (GPL-2.0-only OR MIT)"),
            ("MIT, ISC", "ISC AND MIT"),
            ("LGPLv3+_or_GPLv2+", "GPL-2.0-or-later OR LGPL-3.0-or-later"),
        ] {
            assert_eq!(one(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn several_declarations_are_one_expression() {
        let all = expression(["MIT", "GPL-2 or MIT", "MIT and ISC", "none", ""].into_iter());
        assert_eq!(all.as_deref(), Some("ISC AND MIT AND (GPL-2.0-only OR MIT)"));
        assert_eq!(expression(["", "none"].into_iter()), None);
        assert_eq!(one(&"long ".repeat(30)), None);
    }

    #[test]
    fn parentheses_are_kept() {
        for (text, expected) in [
            (
                "GPLv2+ and (MIT or Public Domain)",
                Some("GPL-2.0-or-later AND (MIT OR LicenseRef-Public-Domain)"),
            ),
            ("ASL 2.0", Some("Apache-2.0")),
            ("MIT and (BSD", None),
            ("", None),
        ] {
            assert_eq!(nested(text).as_deref(), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn whatever_comes_out_is_an_expression_of_spdx(text in r"(GPL-2\+|MIT|a_b|or|and|with|,|\(|\)|exception|\+-| |é){0,12}") {
            if let Some(expression) = one(&text) {
                prop_assert!(spdx::Expression::parse(&expression).is_ok(), "{}", expression);
            }
        }
    }
}
