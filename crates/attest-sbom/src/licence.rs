use spdx::{Expression, ParseMode};

use crate::cyclonedx::{Acknowledgement, LicenceChoice, NamedLicence};

/// Deprecated identifiers are still identifiers: what was declared is kept, not judged.
const DECLARED: ParseMode = ParseMode {
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

fn expression(text: &str) -> Option<LicenceChoice> {
    let expression = normalised(text);
    Expression::parse_mode(&expression, DECLARED).ok()?;
    Some(LicenceChoice::Expression {
        expression,
        acknowledgement: Acknowledgement::Declared,
    })
}

fn named(name: &str) -> LicenceChoice {
    LicenceChoice::Named {
        license: NamedLicence {
            name: name.to_owned(),
            acknowledgement: Acknowledgement::Declared,
        },
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
            LicenceChoice::Named { .. } => None,
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

    #[test]
    fn a_licence_file_is_named_without_its_path() {
        assert_eq!(declared(None, Some("../../legal/COPYING")), vec![named("see COPYING")]);
        assert_eq!(declared(Some("  "), None), vec![]);
        assert_eq!(declared(None, None), vec![]);
    }
}
