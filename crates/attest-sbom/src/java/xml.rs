//! XML in, its elements with their text out, within limits. Nothing is fetched, and no entity is ever expanded.

use quick_xml::Reader;
use quick_xml::events::{BytesRef, Event};

/// The largest manifests of Maven have about ten thousand elements.
const MAX_ELEMENTS: usize = 100_000;

/// Configurations of plug-ins nest about fifteen deep; each level is a call when the tree is dropped.
const MAX_DEPTH: usize = 100;

/// A document: its outermost element, and the comments before everything in it, where authors put their licence.
#[derive(Debug)]
pub(super) struct Document {
    pub(super) root: Element,
    pub(super) preface: String,
}

/// An element without its attributes, its name without a prefix.
#[derive(Debug, Default)]
pub(super) struct Element {
    pub(super) name: String,
    text: String,
    pub(super) children: Vec<Element>,
}

/// Why a text is not read as XML.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum XmlError {
    #[error("no XML: {reason}")]
    Syntax { reason: String },
    #[error("the document ends inside of an element")]
    Truncated,
    #[error("expected one element at the top, found none")]
    Empty,
    #[error("expected at most {MAX_DEPTH} elements in each other")]
    TooDeep,
    #[error("expected at most {MAX_ELEMENTS} elements")]
    TooMany,
}

impl Element {
    /// The first child with a name.
    pub(super) fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    /// The children of the first child with a name: the elements of a list.
    pub(super) fn list(&self, name: &str) -> &[Self] {
        self.child(name).map_or(&[], |list| &list.children)
    }

    /// What is written in it, without blanks around it; nothing if that is nothing.
    pub(super) fn content(&self) -> Option<&str> {
        let text = self.text.trim();
        (!text.is_empty()).then_some(text)
    }

    /// What is written in the first child with a name.
    pub(super) fn text_of(&self, name: &str) -> Option<&str> {
        self.child(name).and_then(Self::content)
    }
}

/// Reads a document. Bytes that are no UTF-8 are taken for Latin-1, as old manifests are.
pub(super) fn parse(bytes: &[u8]) -> Result<Document, XmlError> {
    let text = text(bytes);
    let mut reader = Reader::from_str(text.trim_start_matches('\u{feff}'));
    let mut builder = Builder::default();
    loop {
        let event = reader.read_event().map_err(|error| syntax(&error))?;
        if event == Event::Eof {
            return builder.finish();
        }
        builder.take(event)?;
    }
}

/// The text of a document, whatever one byte a character means.
pub(super) fn text(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().map(|byte| char::from(*byte)).collect(),
    }
}

fn syntax(error: &dyn std::fmt::Display) -> XmlError {
    let reason = error.to_string();
    XmlError::Syntax { reason }
}

#[derive(Default)]
struct Builder {
    open: Vec<Element>,
    root: Option<Element>,
    preface: String,
    elements: usize,
}

impl Builder {
    fn take(&mut self, event: Event<'_>) -> Result<(), XmlError> {
        match event {
            Event::Start(tag) => self.start(tag.local_name().as_ref())?,
            Event::Empty(tag) => {
                self.start(tag.local_name().as_ref())?;
                self.end();
            }
            Event::End(_) => self.end(),
            Event::Text(text) => self.text(&text.xml_content().map_err(|error| syntax(&error))?),
            Event::CData(text) => self.text(&text.xml_content().map_err(|error| syntax(&error))?),
            Event::GeneralRef(reference) => {
                let text = resolved(&reference);
                self.text(&text);
            }
            Event::Comment(text) if self.elements <= 1 => {
                self.preface.push_str(&text.decode().map_err(|error| syntax(&error))?);
                self.preface.push('\n');
            }
            _ => {}
        }
        Ok(())
    }

    fn start(&mut self, name: &[u8]) -> Result<(), XmlError> {
        if self.open.len() >= MAX_DEPTH {
            return Err(XmlError::TooDeep);
        }
        self.elements += 1;
        if self.elements > MAX_ELEMENTS {
            return Err(XmlError::TooMany);
        }
        let name = String::from_utf8_lossy(name).into_owned();
        self.open.push(Element {
            name,
            ..Element::default()
        });
        Ok(())
    }

    fn end(&mut self) {
        let Some(element) = self.open.pop() else {
            return;
        };
        match self.open.last_mut() {
            Some(parent) => parent.children.push(element),
            None => {
                self.root.get_or_insert(element);
            }
        }
    }

    fn text(&mut self, text: &str) {
        if let Some(element) = self.open.last_mut() {
            element.text.push_str(text);
        }
    }

    fn finish(self) -> Result<Document, XmlError> {
        if !self.open.is_empty() {
            return Err(XmlError::Truncated);
        }
        Ok(Document {
            root: self.root.ok_or(XmlError::Empty)?,
            preface: self.preface,
        })
    }
}

/// A character by its number or one of the five names of XML. What a document defines itself stays as it is written:
/// expanding it is how a small document becomes a large one.
fn resolved(reference: &BytesRef<'_>) -> String {
    if let Ok(Some(character)) = reference.resolve_char_ref() {
        return character.to_string();
    }
    let name = reference.decode().unwrap_or_default();
    match name.as_ref() {
        "amp" => "&".to_owned(),
        "lt" => "<".to_owned(),
        "gt" => ">".to_owned(),
        "quot" => "\"".to_owned(),
        "apos" => "'".to_owned(),
        other => format!("&{other};"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn elements_have_their_text_and_a_preface_stands_before_them() {
        let text = "<?xml version='1.0'?><!-- first --><p:a xmlns:p='x'><!-- second --><b> 1 &amp; &#50;<!-- no --></b><b/><c><![CDATA[<3>]]></c></p:a><!-- last -->";
        let document = parse(text.as_bytes()).unwrap();
        assert_eq!(document.preface, " first \n second \n");
        assert_eq!(document.root.name, "a");
        assert_eq!(document.root.text_of("b"), Some("1 & 2"));
        assert_eq!(document.root.text_of("c"), Some("<3>"));
        assert_eq!(document.root.text_of("d"), None);
        assert_eq!(document.root.list("b").len(), 0);
    }

    #[test]
    fn an_entity_of_its_own_is_not_expanded() {
        let bomb = "<!DOCTYPE p [<!ENTITY a \"xxxxxxxxxx\"><!ENTITY b \"&a;&a;\">]><p><v>&b;</v></p>";
        assert_eq!(parse(bomb.as_bytes()).unwrap().root.text_of("v"), Some("&b;"));
    }

    #[test]
    fn what_is_cut_off_empty_or_not_nested_is_refused() {
        assert_eq!(parse(b"<a><b></b>").unwrap_err(), XmlError::Truncated);
        assert_eq!(parse(b"  ").unwrap_err(), XmlError::Empty);
        assert!(matches!(parse(b"<a></b>").unwrap_err(), XmlError::Syntax { .. }));
    }

    #[test]
    fn depth_and_number_have_limits() {
        let deep = "<a>".repeat(MAX_DEPTH + 1);
        assert_eq!(parse(deep.as_bytes()).unwrap_err(), XmlError::TooDeep);
        let many = format!("<a>{}</a>", "<b/>".repeat(MAX_ELEMENTS));
        assert_eq!(parse(many.as_bytes()).unwrap_err(), XmlError::TooMany);
    }

    #[test]
    fn latin_1_is_read() {
        assert_eq!(parse(b"<a>caf\xe9</a>").unwrap().root.content(), Some("caf\u{e9}"));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), text in "[<>a/&;!\\[\\]-]{0,60}") {
            let _ = parse(&bytes);
            let _ = parse(text.as_bytes());
        }
    }
}
