//! What a package says of its licence in, what a document says of it out: an expression of SPDX where it is one.

mod files;
mod text;
mod texts;

use std::borrow::Cow;
use std::collections::BTreeSet;

use spdx::identifiers::{EXCEPTIONS, LICENSES};
use spdx::{Expression, LicenseItem, ParseError, ParseMode};

pub(crate) use self::files::{is_licence_file, of_directory};
pub(crate) use self::text::identifiers;
use self::text::offers_choice;
use crate::cyclonedx::{Acknowledgement, LicenceChoice, NamedLicence};

/// Deprecated identifiers are still identifiers: what was declared is kept, not judged.
pub(crate) const DECLARED: ParseMode = ParseMode {
    allow_slash_as_or_operator: false,
    allow_imprecise_license_names: false,
    allow_postfix_plus_on_gpl: true,
    allow_deprecated: true,
    allow_unknown: false,
};

/// The licence as it was declared: an SPDX expression where it is one, else a name.
pub(crate) fn declared(licence: Option<&str>, licence_file: Option<&str>) -> Vec<LicenceChoice> {
    let text = licence.map(str::trim).filter(|text| !text.is_empty());
    match (text, licence_file) {
        (Some(text), _) => vec![expression(text).unwrap_or_else(|| named(text))],
        (None, Some(file)) => vec![named(&format!("see {}", file_name(file)))],
        (None, None) => Vec::new(),
    }
}

/// The licence that a text is, or all that it holds; nothing for a text that is none of the common ones.
///
/// It is concluded, not declared. A line `SPDX-License-Identifier: …` goes before the text around it; below the text of a licence it
/// is about a part, and holds beside that text.
pub(crate) fn of_text(text: &str) -> Option<LicenceChoice> {
    of_texts([text])
}

/// What several texts hold together: all of them apply, since nothing says that one may choose.
pub(crate) fn of_texts<'a>(texts: impl IntoIterator<Item = &'a str>) -> Option<LicenceChoice> {
    let mut found = BTreeSet::new();
    for text in texts {
        found.extend(expressions(text));
    }
    let parts: Vec<String> = match found.len() {
        0 => return None,
        1 => found.into_iter().collect(),
        _ => found
            .into_iter()
            .map(|part| {
                if part.contains(" OR ") {
                    format!("({part})")
                } else {
                    part
                }
            })
            .collect(),
    };
    Some(LicenceChoice::Expression {
        expression: parts.join(" AND "),
        acknowledgement: Acknowledgement::Concluded,
    })
}

const TAG: &str = "SPDX-License-Identifier:";

/// What one text says: all that it holds, or the choice between them that its first words offer.
fn expressions(text: &str) -> BTreeSet<String> {
    let mut found: BTreeSet<String> = tags(text).into_iter().collect();
    let before = text.split(TAG).next().unwrap_or_default();
    if !found.is_empty() && identifiers(before).is_empty() {
        return found;
    }
    let named = identifiers(text);
    match named.len() > 1 && offers_choice(text) {
        true => found.extend([named.into_iter().collect::<Vec<_>>().join(" OR ")]),
        false => found.extend(named.into_iter().map(str::to_owned)),
    }
    found
}

/// The expressions that lines of a text name. Source: SPDX specification, annex E, short form identifiers.
fn tags(text: &str) -> Vec<String> {
    if !text.contains(TAG) {
        return Vec::new();
    }
    let values = text
        .lines()
        .filter_map(|line| line.split_once(TAG))
        .map(|(_, value)| value);
    let values = values.map(|value| normalised(value.trim().trim_end_matches("*/").trim_end_matches("-->")));
    values.filter_map(|value| canonical(&value)).collect()
}

fn expression(text: &str) -> Option<LicenceChoice> {
    let expression = canonical(&normalised(text))?;
    Some(LicenceChoice::Expression {
        expression,
        acknowledgement: Acknowledgement::Declared,
    })
}

/// A text as an SPDX expression, its identifiers in the case of the list; nothing if it is none.
pub(crate) fn canonical(text: &str) -> Option<String> {
    let text = in_case_of_list(text);
    Expression::parse_mode(&text, DECLARED).is_ok().then_some(text)
}

/// Reads an expression. Identifiers are the same in upper and lower case, operators are not.
///
/// Source: SPDX specification 2.3, annex D.2, case sensitivity.
pub(crate) fn parse(text: &str) -> Result<Expression, ParseError> {
    Expression::parse_mode(&in_case_of_list(text), DECLARED)
}

/// The identifiers that only a document itself can explain (`LicenseRef-…`). Nothing if the text is no expression, or needs what
/// SPDX 2.3 has no place for: licences of other documents that it does not name, and exceptions that are in no list.
pub(crate) fn own_identifiers(text: &str) -> Option<BTreeSet<String>> {
    let expression = parse(text).ok()?;
    let mut own = BTreeSet::new();
    for requirement in expression.requirements() {
        if requirement
            .req
            .addition
            .as_ref()
            .is_some_and(|addition| addition.id().is_none())
        {
            return None;
        }
        match &requirement.req.license {
            LicenseItem::Other(other) if other.doc_ref.is_some() => return None,
            LicenseItem::Other(other) => own.extend([other.to_string()]),
            LicenseItem::Spdx { .. } => {}
        }
    }
    Some(own)
}

/// The text with every identifier of the list as the list writes it.
pub(crate) fn in_case_of_list(text: &str) -> String {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '+' | ':');
    let mut written = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let is_word = is_part(first);
        let end = rest.find(|c| is_part(c) != is_word).unwrap_or(rest.len());
        let (part, after) = rest.split_at(end);
        written += &if is_word { identifier(part) } else { Cow::Borrowed(part) };
        rest = after;
    }
    written
}

fn identifier(word: &str) -> Cow<'_, str> {
    if spdx::license_id(word).is_some() || spdx::exception_id(word).is_some() {
        return Cow::Borrowed(word);
    }
    let names = || {
        let licences = LICENSES.iter().map(|licence| licence.name);
        licences.chain(EXCEPTIONS.iter().map(|exception| exception.name))
    };
    let of_list = |word: &str| names().find(|name| name.eq_ignore_ascii_case(word));
    let or_later = || word.strip_suffix('+').and_then(of_list).map(|name| format!("{name}+"));
    match of_list(word) {
        Some(name) => Cow::Borrowed(name),
        None => or_later().map_or(Cow::Borrowed(word), Cow::Owned),
    }
}

fn named(name: &str) -> LicenceChoice {
    LicenceChoice::Named {
        license: NamedLicence {
            name: name.to_owned(),
            acknowledgement: Acknowledgement::Declared,
        },
    }
}

/// A licence in a list of several, where no expression may stand.
pub(crate) fn as_name(licence: LicenceChoice) -> LicenceChoice {
    match licence {
        LicenceChoice::Expression { expression, .. } => named(&expression),
        LicenceChoice::Named { .. } => licence,
    }
}

/// Cargo once took `MIT/Apache-2.0`, and SPDX 2 wants its operators in upper case.
fn normalised(text: &str) -> String {
    let words = text.replace('/', " OR ");
    let words = words.split_whitespace().map(|word| match word {
        "or" => "OR",
        "and" => "AND",
        "with" => "WITH",
        word => word,
    });
    words.collect::<Vec<_>>().join(" ")
}

/// Only the last part: a path would tell where the package lay.
fn file_name(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expression_of(text: &str) -> Option<String> {
        match declared(Some(text), None).pop()? {
            LicenceChoice::Expression { expression, .. } => Some(expression),
            _ => None,
        }
    }

    #[test]
    fn an_expression_is_kept_and_an_old_one_normalised() {
        for (text, expected) in [
            ("MIT", "MIT"),
            ("MIT OR Apache-2.0", "MIT OR Apache-2.0"),
            ("MIT/Apache-2.0", "MIT OR Apache-2.0"),
            ("Unlicense / MIT", "Unlicense OR MIT"),
            (
                "(MIT or Apache-2.0) and BSD-3-Clause",
                "(MIT OR Apache-2.0) AND BSD-3-Clause",
            ),
            ("Apache-2.0 WITH LLVM-exception", "Apache-2.0 WITH LLVM-exception"),
            ("GPL-2.0", "GPL-2.0"),
            ("GPL-3.0+", "GPL-3.0+"),
            ("LicenseRef-Proprietary", "LicenseRef-Proprietary"),
            ("mit", "MIT"),
            (
                "(apache-2.0 WITH llvm-exception) OR gpl-3.0+",
                "(Apache-2.0 WITH LLVM-exception) OR GPL-3.0+",
            ),
        ] {
            assert_eq!(expression_of(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_expression_becomes_a_name() {
        for text in ["Apache 2.0", "MIT AND", "(MIT", "Commercial", "NONE"] {
            assert_eq!(declared(Some(text), Some("LICENSE")), vec![named(text)]);
        }
    }

    fn concluded(texts: &[&str]) -> Option<String> {
        match of_texts(texts.iter().copied())? {
            LicenceChoice::Expression {
                expression,
                acknowledgement,
            } => {
                assert_eq!(acknowledgement, Acknowledgement::Concluded);
                Some(expression)
            }
            LicenceChoice::Named { .. } => None,
        }
    }

    #[test]
    fn several_texts_hold_together_and_a_tag_goes_before_the_text() {
        let mozilla = "This Source Code Form is subject to the terms of the Mozilla Public License, v. 2.0.";
        let apache = "Licensed under the Apache License, Version 2.0 (the \"License\");";
        let tag =
            format!("// SPDX-License-Identifier: mitt or 0BSD\n/* SPDX-License-Identifier: MIT OR ISC */\n{mozilla}");
        assert_eq!(concluded(&[mozilla]).as_deref(), Some("MPL-2.0"));
        assert_eq!(
            concluded(&[mozilla, apache, mozilla]).as_deref(),
            Some("Apache-2.0 AND MPL-2.0")
        );
        assert_eq!(
            concluded(&[&tag, apache]).as_deref(),
            Some("Apache-2.0 AND (MIT OR ISC)")
        );
        assert_eq!(concluded(&["All rights reserved.", ""]), None);
    }

    #[test]
    fn a_tag_below_the_text_of_a_licence_is_about_a_part() {
        let mozilla = "This Source Code Form is subject to the terms of the Mozilla Public License, v. 2.0.";
        let text =
            format!("{mozilla}\n\nIt includes code under\nSPDX-License-Identifier: Apache-2.0 WITH LLVM-exception\n");
        assert_eq!(
            concluded(&[&text]).as_deref(),
            Some("Apache-2.0 WITH LLVM-exception AND MPL-2.0")
        );
    }

    #[test]
    fn of_licences_in_one_file_one_may_be_chosen_if_its_first_words_say_so() {
        let text = |id: &str| {
            let mut texts = spdx::text::LICENSE_TEXTS.iter();
            texts.find(|(name, _)| *name == id).map(|(_, text)| *text).unwrap()
        };
        let (apache, gpl, mit) = (text("Apache-2.0"), text("GPL-2.0-only"), text("MIT"));
        let offer = "The source code may be used, at your option, under either:\n* Apache License, version 2.0 (Apache-2.0), OR\n\
            * GNU General Public License, version 2.0 or later (GPL-2.0-or-later).\n";
        assert_eq!(
            concluded(&[&format!("{offer}{apache}{gpl}")]).as_deref(),
            Some("Apache-2.0 OR GPL-2.0-or-later")
        );
        assert_eq!(
            concluded(&[&format!("{offer}{apache}{gpl}"), mit]).as_deref(),
            Some("(Apache-2.0 OR GPL-2.0-or-later) AND MIT")
        );
        assert_eq!(
            concluded(&[&format!(
                "This is dual-licensed under MIT and Apache 2.0.\n{apache}{mit}"
            )])
            .as_deref(),
            Some("Apache-2.0 OR MIT")
        );
        assert_eq!(
            concluded(&[&format!("This contains parts under two licences.\n{apache}{mit}")]).as_deref(),
            Some("Apache-2.0 AND MIT")
        );
    }

    #[test]
    fn a_licence_file_is_named_without_its_path() {
        assert_eq!(declared(None, Some("../../legal/COPYING")), vec![named("see COPYING")]);
        assert_eq!(declared(Some("  "), None), vec![]);
        assert_eq!(declared(None, None), vec![]);
    }
}
