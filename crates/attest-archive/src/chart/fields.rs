use std::collections::BTreeMap;

use super::ChartError;
use crate::yaml::{Limits, Node, NodeContent, Plain, Value, documents};

/// One file of YAML whose fields are read, strictly: what readers might take differently is refused.
#[derive(Debug, Clone, Copy)]
pub(super) struct Document<'a> {
    /// Its name, for messages.
    pub(super) file: &'a str,
}

/// What a field may hold.
#[derive(Debug, Clone, Copy)]
pub(super) enum Shape {
    Text,
    Flag,
    Texts,
    TextMap,
    /// A list of mappings with these fields.
    Records(&'static [(&'static str, Shape)]),
    /// A list of texts and of mappings of texts.
    TextsAndTextMaps,
}

/// The fields that are known, checked, and the names of the others with their lines.
pub(super) struct Fields {
    pub(super) known: BTreeMap<String, Value>,
    pub(super) unknown: Vec<String>,
}

impl Document<'_> {
    /// Reads the one document of the file, which must be a mapping.
    pub(super) fn parse(self, bytes: &[u8], limits: Limits) -> Result<Node, ChartError> {
        let mut found = documents(bytes, limits).map_err(|problem| self.yaml(problem))?;
        match (found.pop(), found.len()) {
            (Some(node), 0) if matches!(node.content, NodeContent::Map(_)) => Ok(node),
            (Some(node), 0) => Err(self.unexpected(&node, "", "a mapping")),
            (_, more) => Err(ChartError::Documents {
                file: self.file.to_owned(),
                found: if more == 0 { 0 } else { more + 1 },
            }),
        }
    }

    pub(super) fn yaml(self, problem: super::YamlError) -> ChartError {
        let file = self.file.to_owned();
        ChartError::Yaml { file, problem }
    }

    /// Checks the fields of a mapping. One without a value counts as not there.
    pub(super) fn fields(
        self,
        node: &Node,
        place: &str,
        shapes: &[(&'static str, Shape)],
    ) -> Result<Fields, ChartError> {
        self.refuse_other_case(node, place, shapes.iter().map(|(name, _)| *name))?;
        let mut fields = Fields {
            known: BTreeMap::new(),
            unknown: Vec::new(),
        };
        for (key, node) in self.entries(node, place)? {
            let place = joined(place, key);
            match shapes.iter().find(|(name, _)| *name == key) {
                Some(_) if node.is_null() => {}
                Some((_, shape)) => {
                    fields.known.insert(key.to_owned(), self.value(node, &place, *shape)?);
                }
                None => fields.unknown.push(place),
            }
        }
        Ok(fields)
    }

    /// Refuses a key of a mapping that Helm takes for one of these and that is written otherwise.
    pub(super) fn refuse_other_case(
        self,
        node: &Node,
        place: &str,
        known: impl Iterator<Item = &'static str> + Clone,
    ) -> Result<(), ChartError> {
        for (key, node) in self.entries(node, place)? {
            let mut taken_for = known.clone().filter(|known| is_taken_for(key, known));
            if let Some(expected) = taken_for.find(|known| *known != key) {
                return Err(ChartError::FieldCase {
                    file: self.file.to_owned(),
                    line: node.start.line,
                    expected,
                    found: crate::error::visible(&joined(place, key)),
                });
            }
        }
        Ok(())
    }

    pub(super) fn entries<'n>(self, node: &'n Node, place: &str) -> Result<Vec<(&'n str, &'n Node)>, ChartError> {
        match &node.content {
            NodeContent::Map(entries) if !node.is_tagged => entries
                .iter()
                .map(|(key, value)| match key.text() {
                    _ if key.is_tagged => Err(self.unexpected(key, place, "a key without a tag")),
                    Some("<<") | None => Err(self.unexpected(key, place, "no merged mapping")),
                    Some(text) => Ok((text, value)),
                })
                .collect(),
            _ => Err(self.unexpected(node, place, "a mapping")),
        }
    }

    pub(super) fn list<'n>(self, node: &'n Node, place: &str) -> Result<&'n [Node], ChartError> {
        match &node.content {
            NodeContent::List(nodes) if !node.is_tagged => Ok(nodes),
            _ => Err(self.unexpected(node, place, "a list")),
        }
    }

    pub(super) fn text(self, node: &Node, place: &str) -> Result<String, ChartError> {
        match &node.content {
            NodeContent::Quoted(text) if !node.is_tagged => Ok(text.clone()),
            NodeContent::Plain(text) if !node.is_tagged && Plain::of(text) == Plain::Text => Ok(text.clone()),
            NodeContent::Plain(text) if Plain::of(text) != Plain::Null => {
                Err(self.unexpected(node, place, "a text, in quotes,"))
            }
            _ => Err(self.unexpected(node, place, "a text")),
        }
    }

    pub(super) fn value(self, node: &Node, place: &str, shape: Shape) -> Result<Value, ChartError> {
        match shape {
            Shape::Text => self.text(node, place).map(Value::Text),
            Shape::Flag => self.flag(node, place).map(Value::Flag),
            Shape::Texts => self.items(node, place, Shape::Text),
            Shape::TextMap => self.text_map(node, place),
            Shape::Records(shapes) => {
                let records = self.list(node, place)?.iter().enumerate();
                let records = records.map(|(at, node)| {
                    let fields = self.fields(node, &format!("{place}[{at}]"), shapes)?;
                    Ok(Value::Map(fields.known))
                });
                records.collect::<Result<_, _>>().map(Value::List)
            }
            Shape::TextsAndTextMaps => {
                let items = self.list(node, place)?.iter();
                let items = items.map(|node| match &node.content {
                    NodeContent::Map(_) => self.text_map(node, place),
                    _ => self.text(node, place).map(Value::Text),
                });
                items.collect::<Result<_, _>>().map(Value::List)
            }
        }
    }

    fn items(self, node: &Node, place: &str, shape: Shape) -> Result<Value, ChartError> {
        let items = self.list(node, place)?.iter().enumerate();
        let items = items.map(|(at, node)| self.value(node, &format!("{place}[{at}]"), shape));
        items.collect::<Result<_, _>>().map(Value::List)
    }

    fn text_map(self, node: &Node, place: &str) -> Result<Value, ChartError> {
        let entries = self.entries(node, place)?.into_iter();
        let entries = entries.map(|(key, node)| {
            let value = match node.is_null() {
                true => String::new(),
                false => self.text(node, &joined(place, key))?,
            };
            Ok((key.to_owned(), Value::Text(value)))
        });
        entries.collect::<Result<_, _>>().map(Value::Map)
    }

    fn flag(self, node: &Node, place: &str) -> Result<bool, ChartError> {
        match &node.content {
            NodeContent::Plain(text) if !node.is_tagged => match Plain::of(text) {
                Plain::Flag(flag) => Ok(flag),
                _ => Err(self.unexpected(node, place, "`true` or `false`")),
            },
            _ => Err(self.unexpected(node, place, "`true` or `false`")),
        }
    }

    pub(super) fn unexpected(self, node: &Node, field: &str, expected: &'static str) -> ChartError {
        let tagged = if node.is_tagged { " with a tag" } else { "" };
        self.wrong(node, field, expected, format!("{}{tagged}", node.description()))
    }

    pub(super) fn wrong(self, node: &Node, field: &str, expected: &'static str, found: String) -> ChartError {
        ChartError::Field {
            file: self.file.to_owned(),
            line: node.start.line,
            field: crate::error::visible(if field.is_empty() { "the document" } else { field }),
            expected,
            found,
        }
    }

    pub(super) fn missing(self, field: &'static str) -> ChartError {
        let file = self.file.to_owned();
        ChartError::FieldMissing { file, field }
    }
}

/// Whether Helm takes a key for that of a field: it makes JSON of YAML, and Go compares the keys of JSON by simple case folding,
/// in which two letters beyond ASCII are letters of it.
pub(super) fn is_taken_for(key: &str, field: &str) -> bool {
    let folded = |c: char| match c {
        '\u{17f}' => 's',
        '\u{212a}' => 'k',
        _ => c.to_ascii_lowercase(),
    };
    key.chars().map(folded).eq(field.chars().map(folded))
}

fn joined(place: &str, key: &str) -> String {
    match place {
        "" => key.to_owned(),
        _ => format!("{place}.{key}"),
    }
}
