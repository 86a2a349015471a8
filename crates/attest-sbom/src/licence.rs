//! What a package says of its licence in, what a document says of it out: an expression of SPDX where it is one.

mod files;
mod text;
mod texts;

use std::collections::BTreeSet;

use spdx::{Expression, ParseMode};

pub(crate) use self::files::{is_licence_file, of_directory};
pub(crate) use self::text::identifiers;
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
/// It is concluded, not declared. A line `SPDX-License-Identifier: …` goes before the text around it.
pub(crate) fn of_text(text: &str) -> Option<LicenceChoice> {
    of_texts([text])
}

/// What several texts hold together: all of them apply, since nothing says that one may choose.
pub(crate) fn of_texts<'a>(texts: impl IntoIterator<Item = &'a str>) -> Option<LicenceChoice> {
    let mut found = BTreeSet::new();
    for text in texts {
        match tags(text) {
            tags if !tags.is_empty() => found.extend(tags),
            _ => found.extend(identifiers(text).into_iter().map(str::to_owned)),
        }
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

/// The expressions that lines of a text name. Source: SPDX specification, annex E, short form identifiers.
fn tags(text: &str) -> Vec<String> {
    const TAG: &str = "SPDX-License-Identifier:";
    if !text.contains(TAG) {
        return Vec::new();
    }
    let values = text
        .lines()
        .filter_map(|line| line.split_once(TAG))
        .map(|(_, value)| value);
    let values = values.map(|value| normalised(value.trim().trim_end_matches("*/").trim_end_matches("-->")));
    values
        .filter(|value| Expression::parse_mode(value, DECLARED).is_ok())
        .collect()
}

fn expression(text: &str) -> Option<LicenceChoice> {
    let expression = normalised(text);
    Expression::parse_mode(&expression, DECLARED).ok()?;
    Some(LicenceChoice::Expression {
        expression,
        acknowledgement: Acknowledgement::Declared,
    })
}

/// Whether a text is an SPDX expression as it stands.
pub(crate) fn is_expression(text: &str) -> bool {
    Expression::parse_mode(text, DECLARED).is_ok()
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
            format!("// SPDX-License-Identifier: mit or 0BSD\n/* SPDX-License-Identifier: MIT OR ISC */\n{mozilla}");
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
    fn a_licence_file_is_named_without_its_path() {
        assert_eq!(declared(None, Some("../../legal/COPYING")), vec![named("see COPYING")]);
        assert_eq!(declared(Some("  "), None), vec![]);
        assert_eq!(declared(None, None), vec![]);
    }
}
