//! CycloneDX as JSON in, the same as XML out, through the reference implementation for Rust.
//!
//! Source: `bom-1.4.xsd` and `bom-1.5.xsd` of the CycloneDX specification.

use cyclonedx_bom::models::bom::Bom;
use serde_json::Value;

use crate::Error;

/// The versions that the implementation writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Version {
    V1_4,
    V1_5,
}

/// XML 1.0 has no way to write most control characters, so that a text which holds one is refused.
pub(super) fn write(document: Value, version: Version) -> Result<Vec<u8>, Error> {
    let unwritable = |reason: String| Error::Unwritable { reason };
    if let Some(found) = forbidden(&document) {
        return Err(unwritable(format!("the character {:?} cannot stand in XML", found)));
    }
    let mut bytes = Vec::new();
    match version {
        Version::V1_4 => {
            let bom = Bom::parse_from_json_value_v1_4(document).map_err(|error| unwritable(error.to_string()))?;
            bom.output_as_xml_v1_4(&mut bytes)
        }
        Version::V1_5 => {
            let text = document.to_string();
            let bom = Bom::parse_from_json_v1_5(text.as_bytes()).map_err(|error| unwritable(error.to_string()))?;
            bom.output_as_xml_v1_5(&mut bytes)
        }
    }
    .map_err(|error| unwritable(error.to_string()))?;
    let text = String::from_utf8(bytes).map_err(|error| unwritable(error.to_string()))?;
    let mut text = in_order(text);
    text.push('\n');
    Ok(text.into_bytes())
}

/// The schema has the phases after the time; the implementation (0.8.1) writes them at the end of the metadata.
fn in_order(text: String) -> String {
    const BEGIN: &str = "<lifecycles>";
    const END: &str = "</lifecycles>";
    const BEFORE: [&str; 2] = ["</timestamp>", "<metadata>"];
    // No value holds these texts: `<` is escaped there.
    let (Some(begin), Some(end)) = (text.find(BEGIN), text.find(END)) else {
        return text;
    };
    let place = BEFORE.iter().find_map(|mark| Some(text.find(mark)? + mark.len()));
    let Some(place) = place.filter(|place| *place <= begin) else {
        return text;
    };
    let phases = &text[begin..end + END.len()];
    let (head, between, rest) = (&text[..place], &text[place..begin], &text[end + END.len()..]);
    format!("{head}\n    {phases}{}{rest}", between.trim_end())
}

/// The first character of any text that is no `Char` of XML 1.0 (section 2.2).
fn forbidden(document: &Value) -> Option<char> {
    let mut left = vec![document];
    while let Some(value) = left.pop() {
        match value {
            Value::String(text) => {
                if let Some(found) = text.chars().find(|c| !is_char(*c)) {
                    return Some(found);
                }
            }
            Value::Array(values) => left.extend(values),
            Value::Object(members) => left.extend(members.values()),
            _ => {}
        }
    }
    None
}

fn is_char(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phases_stand_after_the_time_or_first() {
        for (written, expected) in [
            (
                "<metadata>\n    <timestamp>1</timestamp>\n    <tools/>\n    <lifecycles>a</lifecycles>\n  </metadata>",
                "<metadata>\n    <timestamp>1</timestamp>\n    <lifecycles>a</lifecycles>\n    <tools/>\n  </metadata>",
            ),
            (
                "<metadata>\n    <tools/>\n    <lifecycles>a</lifecycles>\n  </metadata>",
                "<metadata>\n    <lifecycles>a</lifecycles>\n    <tools/>\n  </metadata>",
            ),
            ("<metadata/>", "<metadata/>"),
        ] {
            assert_eq!(in_order(written.to_owned()), expected);
        }
    }
}
