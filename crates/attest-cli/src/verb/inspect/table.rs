//! Any document as lines for people: fields under each other, lists of alike objects as tables.

use serde_json::{Map, Value};

use crate::visible::visible;

/// The most items of a list that are shown. A document has them all.
const MAX_SHOWN: usize = 20;

/// The widest table. A terminal is seldom wider; what does not fit is shown as fields under each other.
const MAX_WIDTH: usize = 160;

/// A document, indented under the line that names it.
pub(super) fn lines(document: &Value) -> String {
    let mut lines = Vec::new();
    match document {
        Value::Object(fields) => object(&mut lines, fields, 1),
        other => lines.push(indented(1, &scalar(other))),
    }
    lines.iter().map(|line| format!("{}\n", line.trim_end())).collect()
}

fn object(lines: &mut Vec<String>, fields: &Map<String, Value>, depth: usize) {
    let shown = fields.iter().filter(|(_, value)| !is_empty(value));
    let inline = shown.clone().filter(|(name, value)| is_inline(name, value));
    let width = inline
        .map(|(name, _)| label(name).chars().count())
        .max()
        .unwrap_or_default();
    for (name, value) in shown {
        let label = label(name);
        match value {
            Value::Object(digests) if is_digests(name) => {
                lines.push(indented(depth, &format!("{label:width$}  {}", joined(digests))));
            }
            Value::Object(inner) => {
                lines.push(indented(depth, &label));
                object(lines, inner, depth + 1);
            }
            Value::Array(items) => {
                lines.push(indented(depth, &label));
                list(lines, items, depth + 1);
            }
            value => lines.push(indented(depth, &format!("{label:width$}  {}", scalar(value)))),
        }
    }
}

fn list(lines: &mut Vec<String>, items: &[Value], depth: usize) {
    let shown = &items[..items.len().min(MAX_SHOWN)];
    match rows(shown).filter(|rows| width(rows) <= MAX_WIDTH) {
        Some(rows) => table(lines, &rows, depth),
        None => shown.iter().for_each(|item| match item {
            Value::Object(fields) => {
                lines.push(indented(depth, "-"));
                object(lines, fields, depth + 1);
            }
            item => lines.push(indented(depth, &scalar(item))),
        }),
    }
    let more = items.len() - shown.len();
    if more > 0 {
        lines.push(indented(depth, &format!("and {more} more")));
    }
}

/// The cells of objects that hold scalars only, with a head; nothing where something does not fit into a cell.
fn rows(items: &[Value]) -> Option<Vec<Vec<String>>> {
    let mut names: Vec<&String> = Vec::new();
    for item in items {
        for (name, value) in item.as_object()? {
            if !is_inline(name, value) {
                return None;
            }
            if !names.contains(&name) && !is_empty(value) {
                names.push(name);
            }
        }
    }
    let head = names.iter().map(|name| label(name)).collect();
    let cells = |item: &Value| names.iter().map(|name| cell(&item[name.as_str()])).collect();
    Some(std::iter::once(head).chain(items.iter().map(cells)).collect())
}

fn table(lines: &mut Vec<String>, rows: &[Vec<String>], depth: usize) {
    let widths = widths(rows);
    for row in rows {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        lines.push(indented(depth, &cells.collect::<Vec<_>>().join("  ")));
    }
}

fn widths(rows: &[Vec<String>]) -> Vec<usize> {
    let columns = rows.first().map_or(0, Vec::len);
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max();
    (0..columns).map(|column| width(column).unwrap_or_default()).collect()
}

fn width(rows: &[Vec<String>]) -> usize {
    widths(rows).iter().map(|width| width + 2).sum()
}

fn cell(value: &Value) -> String {
    match value {
        Value::Object(digests) => joined(digests),
        Value::Null => String::new(),
        value => scalar(value),
    }
}

/// Whether it stands behind its name, on the same line.
fn is_inline(name: &str, value: &Value) -> bool {
    !(value.is_array() || value.is_object()) || is_digests(name)
}

fn is_digests(name: &str) -> bool {
    name == "digests"
}

fn joined(digests: &Map<String, Value>) -> String {
    let digests = digests
        .iter()
        .map(|(algorithm, digest)| format!("{}:{}", visible(algorithm), scalar(digest)));
    digests.collect::<Vec<_>>().join(" ")
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Object(fields) => fields.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::String(text) => text.is_empty(),
        _ => false,
    }
}

fn scalar(value: &Value) -> String {
    match value {
        Value::String(text) => visible(text),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        other => visible(&other.to_string()),
    }
}

/// `notBefore` as `not before`. Names that are foreign are shown as they are.
fn label(name: &str) -> String {
    let is_ours = name.chars().all(|c| c.is_ascii_alphanumeric()) && name.starts_with(|c: char| c.is_ascii_lowercase());
    if !is_ours {
        return visible(name);
    }
    name.chars().fold(String::new(), |mut label, c| {
        if c.is_ascii_uppercase() {
            label.push(' ');
        }
        label.push(c.to_ascii_lowercase());
        label
    })
}

fn indented(depth: usize, line: &str) -> String {
    format!("{}{line}", "  ".repeat(depth))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn fields_stand_under_each_other_and_lists_of_alike_objects_in_columns() {
        let document = json!({
            "format": "x",
            "notBefore": null,
            "logEntries": [{ "index": 7, "kind": "a" }, { "index": 12345, "kind": "b", "digests": { "sha256": "00" } }],
            "signer": { "claims": { "build-signer-uri": "u" }, "isAuthority": false },
            "names": ["one", "two"],
        });
        let expected = "  format  x
  log entries
    index  kind  digests
    7      a
    12345  b     sha256:00
  signer
    claims
      build-signer-uri  u
    is authority  no
  names
    one
    two
";
        assert_eq!(lines(&document), expected);
    }

    #[test]
    fn long_lists_are_cut_and_say_so() {
        let document = json!({ "names": vec!["x"; MAX_SHOWN + 2] });
        let lines = lines(&document);
        assert_eq!(lines.lines().count(), MAX_SHOWN + 2);
        assert!(lines.ends_with("    and 2 more\n"));
    }

    #[test]
    fn nothing_foreign_starts_a_line() {
        let document = json!({ "a\nb": "c\nd", "list": [{ "x": "\u{1b}[2J" }] });
        assert_eq!(lines(&document), "  a\\nb  c\\nd\n  list\n    x\n    \\u{1b}[2J\n");
    }
}
