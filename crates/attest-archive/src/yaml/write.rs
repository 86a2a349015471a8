use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::Plain;

/// The most bytes of a key that stands on one line with its value. Readers look for its colon in 1024 characters and no
/// further (YAML 1.2 section 7.4.2).
const MAX_SIMPLE_KEY: usize = 1000;

/// What a document says, free of how it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    Flag(bool),
    Text(String),
    List(Vec<Self>),
    Map(BTreeMap<String, Self>),
}

impl Value {
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    pub(crate) fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}

/// One document, in block style, keys sorted: equal values make equal text.
pub(crate) fn to_yaml(value: &Value) -> String {
    let mut text = String::new();
    block(&mut text, value, 0);
    text
}

fn block(text: &mut String, value: &Value, indent: usize) {
    match value {
        Value::Map(map) if !map.is_empty() => {
            for (key, value) in map {
                margin(text, indent);
                let key = scalar(key);
                let is_long = key.len() > MAX_SIMPLE_KEY;
                key_and_mark(text, &key, is_long, indent);
                // Lists stand below their key without a further margin, as Helm writes them.
                let is_level = matches!(value, Value::List(_)) && !is_long;
                after_mark(text, value, if is_level { indent } else { indent + 2 }, "\n");
            }
        }
        Value::List(list) if !list.is_empty() => {
            for value in list {
                margin(text, indent);
                text.push('-');
                match value {
                    Value::Map(map) if !map.is_empty() => first_line_after_dash(text, value, indent + 2),
                    _ => after_mark(text, value, indent + 2, "\n"),
                }
            }
        }
        _ => {
            text.push_str(&inline(value));
            text.push('\n');
        }
    }
}

/// A long key stands after a question mark (YAML 1.2 section 8.2.2), its value below it.
fn key_and_mark(text: &mut String, key: &str, is_long: bool, indent: usize) {
    if is_long {
        text.push_str("? ");
    }
    text.push_str(key);
    if is_long {
        text.push('\n');
        margin(text, indent);
    }
    text.push(':');
}

/// A mapping in a list begins on the line of its dash.
fn first_line_after_dash(text: &mut String, value: &Value, indent: usize) {
    let mut below = String::new();
    block(&mut below, value, indent);
    let _ = write!(text, " {}", &below[indent..]);
}

fn after_mark(text: &mut String, value: &Value, indent: usize, separator: &str) {
    match value {
        Value::Map(map) if !map.is_empty() => {
            text.push_str(separator);
            block(text, value, indent);
        }
        Value::List(list) if !list.is_empty() => {
            text.push_str(separator);
            block(text, value, indent);
        }
        _ => {
            let _ = writeln!(text, " {}", inline(value));
        }
    }
}

fn inline(value: &Value) -> String {
    match value {
        Value::Flag(flag) => flag.to_string(),
        Value::Text(text) => scalar(text),
        Value::List(_) => "[]".to_owned(),
        Value::Map(_) => "{}".to_owned(),
    }
}

fn margin(text: &mut String, indent: usize) {
    text.extend(std::iter::repeat_n(' ', indent));
}

/// A text as a scalar: without quotes where every reader takes it for this text, otherwise in double quotes.
pub(crate) fn scalar(text: &str) -> String {
    match is_safe_without_quotes(text) {
        true => text.to_owned(),
        false => quoted(text),
    }
}

fn is_safe_without_quotes(text: &str) -> bool {
    let begins_well = text.starts_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '_' | '.'));
    let is_plain =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '/' | '-' | '+' | '@' | '(' | ')' | ' ' | ':');
    begins_well
        && text.chars().all(is_plain)
        && !text.contains(": ")
        && !text.ends_with([' ', ':'])
        && text != "..."
        && !looks_like_a_date(text)
        && Plain::of(text) == Plain::Text
}

/// Readers of YAML 1.1 may take it for a moment: digits, and what stands between those of a date and of a time.
fn looks_like_a_date(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit())
        && text.contains(['-', ':'])
        && !text.contains(|c: char| c.is_ascii_lowercase())
}

/// Double quotes (YAML 1.2 section 7.3.1), in one line.
pub(crate) fn quoted(text: &str) -> String {
    let mut out = String::from('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            _ if is_printable(c) => out.push(c),
            _ => {
                let _ = match u16::try_from(u32::from(c)) {
                    Ok(unit) => write!(out, "\\u{unit:04x}"),
                    Err(_) => write!(out, "\\U{:08x}", u32::from(c)),
                };
            }
        }
    }
    out.push('"');
    out
}

/// Printable (YAML 1.2 section 5.1), and no line break of YAML 1.1, no mark of byte order or of direction.
fn is_printable(c: char) -> bool {
    let is_break_or_mark = matches!(c, '\u{85}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    !c.is_control() && !is_break_or_mark && !matches!(c, '\u{fffe}' | '\u{ffff}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{Limits, Node, NodeContent, documents};
    use super::*;

    fn map(entries: &[(&str, Value)]) -> Value {
        Value::Map(
            entries
                .iter()
                .map(|(key, value)| ((*key).to_owned(), value.clone()))
                .collect(),
        )
    }

    fn back(node: &Node) -> Value {
        match &node.content {
            NodeContent::Quoted(text) => Value::text(text),
            NodeContent::Plain(text) => match Plain::of(text) {
                Plain::Flag(flag) => Value::Flag(flag),
                Plain::Text => Value::text(text),
                other => panic!("{text} is {other:?}"),
            },
            NodeContent::List(nodes) => Value::List(nodes.iter().map(back).collect()),
            NodeContent::Map(entries) => Value::Map(
                entries
                    .iter()
                    .map(|(key, value)| (key.text().unwrap().to_owned(), back(value)))
                    .collect(),
            ),
        }
    }

    #[test]
    fn a_document_is_laid_out_as_helm_lays_it_out() {
        let value = map(&[
            ("urls", Value::List(vec![Value::text("app-1.0.0.tgz")])),
            ("version", Value::text("1.0.0")),
            ("appVersion", Value::text("1.10")),
            ("deprecated", Value::Flag(true)),
            ("keywords", Value::List(Vec::new())),
            (
                "maintainers",
                Value::List(vec![map(&[
                    ("name", Value::text("A")),
                    ("url", Value::text("https://example.com/a")),
                ])]),
            ),
        ]);
        let expected = "appVersion: \"1.10\"\ndeprecated: true\nkeywords: []\nmaintainers:\n- name: A\n  url: https://example.com/a\n\
                        urls:\n- app-1.0.0.tgz\nversion: 1.0.0\n";
        assert_eq!(to_yaml(&value), expected);
    }

    #[test]
    fn what_a_reader_might_take_otherwise_is_quoted() {
        for text in [
            "",
            "1",
            "1.10",
            "yes",
            "null",
            "true",
            "a: b",
            "a #b",
            "- a",
            "...",
            "2026-11-20",
            "2026-11-20T10:00:00Z",
            "é",
            " a",
            "a ",
        ] {
            assert!(scalar(text).starts_with('"'), "{text}");
        }
        for text in ["1.2.3", "app", "https://example.com/x", "a b", "1.0.0-rc.1"] {
            assert_eq!(scalar(text), text);
        }
        assert_eq!(
            scalar("a\n\"\u{2028}\u{7}\u{10ffff}"),
            "\"a\\n\\\"\\u2028\\u0007\u{10ffff}\""
        );
    }

    #[test]
    fn a_key_that_is_too_long_for_one_line_is_read_back() {
        let longest = "k".repeat(MAX_SIMPLE_KEY);
        assert_eq!(
            to_yaml(&map(&[(&longest, Value::text("v"))])),
            format!("{longest}: v\n")
        );
        let inner = map(&[("\u{1b}".repeat(300).as_str(), Value::Flag(true))]);
        for below in [
            Value::text("v"),
            Value::List(Vec::new()),
            Value::List(vec![inner.clone(), Value::text("v")]),
            inner,
        ] {
            let value = map(&[("a", Value::text("v")), (&format!("{longest}k"), below)]);
            let text = to_yaml(&value);
            assert!(text.contains(&format!("\n? {longest}k\n:")));
            let limits = Limits {
                bytes: 1 << 20,
                nodes: 10_000,
            };
            let read = documents(text.as_bytes(), limits).unwrap_or_else(|error| panic!("{error}: {text}"));
            assert_eq!(back(&read[0]), value);
        }
    }

    fn value() -> impl Strategy<Value = Value> {
        let text = prop_oneof!["\\PC{0,12}", "[a-z0-9.:# \n\t\"'\\\\-]{0,12}", any::<String>()];
        let leaf = prop_oneof![any::<bool>().prop_map(Value::Flag), text.prop_map(Value::Text)];
        leaf.prop_recursive(4, 40, 5, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::List),
                proptest::collection::btree_map("[ -~]{0,8}", inner, 0..5).prop_map(Value::Map),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back_equal(value in value()) {
            let text = to_yaml(&value);
            let limits = Limits { bytes: 1 << 20, nodes: 10_000 };
            let read = documents(text.as_bytes(), limits).unwrap_or_else(|error| panic!("{error}: {text}"));
            prop_assert_eq!(read.len(), 1);
            prop_assert_eq!(back(&read[0]), value, "{}", text);
        }
    }
}
