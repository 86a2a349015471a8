//! The licences that only an SPDX document itself knows: what it says of them, and which of them it forgot.
//!
//! Source: SPDX specification 2.3, chapter 10 and annex D.

use std::collections::{BTreeSet, HashMap};

use serde_json::Value;

use super::Finding;
use super::element::At;

const PREFIX: &str = "LicenseRef-";

/// Where a package or a file names licences.
const FIELDS: &[&str] = &[
    "licenseDeclared",
    "licenseConcluded",
    "licenseInfoFromFiles",
    "licenseInfoInFiles",
];

/// The names of the licences, by their identifiers in lower case: they are the same in any.
pub(super) fn extracted(value: &Value) -> HashMap<String, String> {
    let listed = value
        .get("hasExtractedLicensingInfos")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    let licence = |info: &Value| {
        let info = At::top(info);
        Some((
            info.owned("licenseId")?.to_ascii_lowercase(),
            info.owned("name").or_else(|| info.owned("extractedText"))?,
        ))
    };
    listed.filter_map(licence).collect()
}

/// The identifiers that an element uses and nothing declares, each once a field.
pub(super) fn undeclared(at: &At<'_>, declared: &HashMap<String, String>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for field in FIELDS {
        let value = at.value.get(*field);
        let listed = value.and_then(Value::as_array).into_iter().flatten();
        let texts = value.into_iter().chain(listed).filter_map(Value::as_str);
        let used: BTreeSet<&str> = texts.flat_map(identifiers).collect();
        let is_declared = |id: &str| declared.contains_key(&id.to_ascii_lowercase());
        for id in used.into_iter().filter(|id| !is_declared(id)) {
            let detail = format!("`{id}` is in no entry of hasExtractedLicensingInfos");
            let place = format!("{}/{field}", at.place);
            findings.push(Finding::broken("undeclared-licence", &place, detail));
        }
    }
    findings
}

/// What of an expression only its document can explain. Those of other documents begin with `DocumentRef-`.
fn identifiers(expression: &str) -> impl Iterator<Item = &str> {
    let words = expression.split(|c: char| c.is_whitespace() || matches!(c, '(' | ')'));
    words.map(|word| word.trim_end_matches('+')).filter(|word| {
        word.get(..PREFIX.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(PREFIX))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::document::{Document, Group};

    #[test]
    fn a_licence_that_nothing_declares_is_found_where_it_is_used() {
        let document = |declared: &str| {
            let value = json!({
                "SPDXID": "SPDXRef-DOCUMENT", "spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "name": "app",
                "documentNamespace": "https://example.com/app",
                "creationInfo": { "created": "2024-01-01T00:00:00Z", "creators": ["Tool: t-1"] },
                "packages": [
                    { "SPDXID": "SPDXRef-a", "name": "a", "downloadLocation": "NONE",
                      "licenseDeclared": "(MIT OR LicenseRef-ours) AND DocumentRef-x:LicenseRef-theirs",
                      "licenseInfoFromFiles": ["LicenseRef-OURS", "MIT"] },
                ],
                "hasExtractedLicensingInfos": [{ "licenseId": declared, "extractedText": "Do what you want" }],
            });
            Document::read(value.to_string().as_bytes()).unwrap()
        };
        let found = |declared| -> Vec<_> {
            let findings = document(declared).validate(&[Group::Schema, Group::Integrity]);
            findings
                .into_iter()
                .map(|finding| (finding.code, finding.place))
                .collect()
        };
        assert_eq!(found("LicenseRef-ours"), []);
        let place = |field: &str| ("undeclared-licence", format!("/packages/0/{field}"));
        assert_eq!(
            found("LicenseRef-other"),
            [place("licenseDeclared"), place("licenseInfoFromFiles")]
        );
    }
}
