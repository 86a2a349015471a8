use std::collections::{BTreeMap, BTreeSet};

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, ScanError, Span, Tag};

use super::{Plain, YamlError};

/// How much of a text is read.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The most bytes.
    pub bytes: usize,
    /// The most nodes. Each takes about a hundred bytes of memory, and a text counts as one more for each hundred of its own.
    pub nodes: usize,
}

/// How many bytes of a text count as a node: what aliases repeat is held in memory as often as they repeat it.
const TEXT_BYTES_OF_NODE: usize = 100;

/// The most lists and mappings in each other: the deepest schemas of Kubernetes have about forty, and each level is a call.
const MAX_DEPTH: usize = 100;

/// A place in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// In characters from the beginning, not in bytes.
    pub index: usize,
    /// The line, from one.
    pub line: usize,
}

/// One node of a document, as it is written.
#[derive(Debug, Clone)]
pub struct Node {
    /// What is written.
    pub content: NodeContent,
    /// Whether a tag says what it is. No file of a chart needs one, and readers differ on what they make of it.
    pub is_tagged: bool,
    /// Where it begins.
    pub start: Mark,
    /// Where it ends.
    pub end: Mark,
    /// How many nodes there are in it, itself included, with what its texts count.
    size: usize,
}

/// What a node is.
#[derive(Debug, Clone)]
#[expect(clippy::exhaustive_enums, reason = "YAML has no other kinds of nodes")]
pub enum NodeContent {
    /// Without quotes: what it means depends on what it looks like.
    Plain(String),
    /// In quotes, or a block: a text.
    Quoted(String),
    /// Nodes in their order.
    List(Vec<Node>),
    /// Keys, each a text and each once, and their values, in their order.
    Map(Vec<(Node, Node)>),
}

impl Node {
    /// What is written, when this is no list and no mapping.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match &self.content {
            NodeContent::Plain(text) | NodeContent::Quoted(text) => Some(text),
            NodeContent::List(_) | NodeContent::Map(_) => None,
        }
    }

    /// Whether it says nothing, in one of the ways that YAML has for it.
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(&self.content, NodeContent::Plain(text) if Plain::of(text) == Plain::Null)
    }

    /// What it is, for a message.
    #[must_use]
    pub fn description(&self) -> String {
        match &self.content {
            NodeContent::List(_) => "a list".to_owned(),
            NodeContent::Map(_) => "a mapping".to_owned(),
            NodeContent::Quoted(text) => format!("the text `{}`", shortened(text)),
            NodeContent::Plain(text) => match Plain::of(text) {
                Plain::Null => "nothing".to_owned(),
                Plain::Flag(_) => format!("the truth value `{text}`"),
                Plain::Number => format!("the number `{}`", shortened(text)),
                Plain::Disputed => format!("`{text}`, which is a truth value or a text"),
                Plain::Text => format!("the text `{}`", shortened(text)),
            },
        }
    }
}

/// Foreign text in a message: a few words of it, in one line.
fn shortened(text: &str) -> String {
    const MAX_CHARACTERS: usize = 60;
    let mut characters = text.chars();
    let beginning: String = characters.by_ref().take(MAX_CHARACTERS).collect();
    let more = if characters.next().is_some() { "…" } else { "" };
    crate::error::visible(&format!("{beginning}{more}"))
}

/// Reads every document of a text. An empty document is a plain node of no characters.
///
/// # Errors
/// [`YamlError`].
pub fn documents(bytes: &[u8], limits: Limits) -> Result<Vec<Node>, YamlError> {
    if bytes.len() > limits.bytes {
        return Err(YamlError::TooLarge {
            limit: limits.bytes,
            found: bytes.len(),
        });
    }
    let text = std::str::from_utf8(bytes).map_err(|error| YamlError::NotUtf8 {
        offset: error.valid_up_to(),
    })?;
    // Helm takes a byte order mark away before it reads.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut loader = Loader::new(limits.nodes);
    // Event by event: the parser's own loader calls itself as deeply as the text says.
    let mut parser = Parser::new_from_str(text);
    while let Some(event) = parser.next_event() {
        let (event, span) = event.map_err(|error| syntax(&error))?;
        loader.take(event, span)?;
    }
    Ok(loader.documents)
}

fn syntax(error: &ScanError) -> YamlError {
    YamlError::Syntax {
        line: error.marker().line(),
        problem: crate::error::visible(error.info()),
    }
}

/// A list or mapping whose end has not come yet.
struct Open {
    content: OpenContent,
    is_tagged: bool,
    anchor: usize,
    start: Mark,
    size: usize,
}

enum OpenContent {
    List(Vec<Node>),
    Map {
        entries: Vec<(Node, Node)>,
        keys: BTreeSet<String>,
        key: Option<Node>,
    },
}

struct Loader {
    documents: Vec<Node>,
    open: Vec<Open>,
    anchors: BTreeMap<usize, Node>,
    nodes_left: usize,
    nodes_limit: usize,
}

impl Loader {
    fn new(nodes_limit: usize) -> Self {
        Self {
            documents: Vec::new(),
            open: Vec::new(),
            anchors: BTreeMap::new(),
            nodes_left: nodes_limit,
            nodes_limit,
        }
    }

    fn take(&mut self, event: Event<'_>, span: Span) -> Result<(), YamlError> {
        match event {
            Event::DocumentStart(_) => self.anchors.clear(),
            Event::Scalar(text, style, anchor, tag) => {
                let content = scalar_content(text.into_owned(), style, tag.as_deref());
                let is_tagged = tag.is_some_and(|tag| !is_str(&tag));
                let leaf = leaf(content, is_tagged, span);
                self.add(leaf.size, leaf, anchor)?;
            }
            Event::SequenceStart(anchor, tag) => {
                self.begin(OpenContent::List(Vec::new()), anchor, tag.is_some(), span)?;
            }
            Event::MappingStart(anchor, tag) => {
                let (entries, keys, key) = (Vec::new(), BTreeSet::new(), None);
                let content = OpenContent::Map { entries, keys, key };
                self.begin(content, anchor, tag.is_some(), span)?;
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(span)?,
            Event::Alias(anchor) => {
                let line = span.start.line();
                let node = self.anchors.get(&anchor).ok_or(YamlError::UnknownAlias { line })?;
                let node = Node {
                    start: mark(span.start),
                    end: mark(span.end),
                    ..self.repeated(node, line)?
                };
                self.nodes_left -= node.size;
                self.attach(node)?;
            }
            Event::StreamStart | Event::StreamEnd | Event::DocumentEnd | Event::Nothing => {}
        }
        Ok(())
    }

    fn begin(&mut self, content: OpenContent, anchor: usize, is_tagged: bool, span: Span) -> Result<(), YamlError> {
        if self.open.len() == MAX_DEPTH {
            let line = span.start.line();
            return Err(YamlError::TooDeep { line, limit: MAX_DEPTH });
        }
        self.open.push(Open {
            content,
            is_tagged,
            anchor,
            start: mark(span.start),
            size: 1,
        });
        Ok(())
    }

    fn end(&mut self, span: Span) -> Result<(), YamlError> {
        let Some(open) = self.open.pop() else { return Ok(()) };
        let node = Node {
            content: match open.content {
                OpenContent::List(nodes) => NodeContent::List(nodes),
                OpenContent::Map { entries, .. } => NodeContent::Map(entries),
            },
            is_tagged: open.is_tagged,
            start: open.start,
            end: mark(span.end),
            size: open.size,
        };
        self.add(1, node, open.anchor)
    }

    /// A node that is complete, and what of its size is not counted yet; what is anchored is kept for its aliases.
    fn add(&mut self, own: usize, node: Node, anchor: usize) -> Result<(), YamlError> {
        let line = node.start.line;
        self.nodes_left = self.nodes_left.checked_sub(own).ok_or(self.too_many(line))?;
        if anchor > 0 {
            let kept = self.repeated(&node, line)?;
            self.nodes_left -= kept.size;
            self.anchors.insert(anchor, kept);
        }
        self.attach(node)
    }

    fn attach(&mut self, node: Node) -> Result<(), YamlError> {
        let Some(open) = self.open.last_mut() else {
            self.documents.push(node);
            return Ok(());
        };
        open.size += node.size;
        match &mut open.content {
            OpenContent::List(nodes) => nodes.push(node),
            OpenContent::Map { entries, keys, key } => match key.take() {
                Some(key) => entries.push((key, node)),
                None => *key = Some(checked_key(node, keys)?),
            },
        }
        Ok(())
    }

    fn repeated(&self, node: &Node, line: usize) -> Result<Node, YamlError> {
        match node.size <= self.nodes_left {
            true => Ok(node.clone()),
            false => Err(self.too_many(line)),
        }
    }

    fn too_many(&self, line: usize) -> YamlError {
        let limit = self.nodes_limit;
        YamlError::TooManyNodes { line, limit }
    }
}

/// Merge keys may be repeated: they are no keys of the mapping.
fn checked_key(node: Node, keys: &mut BTreeSet<String>) -> Result<Node, YamlError> {
    let line = node.start.line;
    let Some(text) = node.text() else {
        return Err(YamlError::KeyNotText { line });
    };
    if text != "<<" && !keys.insert(text.to_owned()) {
        let key = shortened(text);
        return Err(YamlError::DuplicateKey { line, key });
    }
    Ok(node)
}

fn scalar_content(text: String, style: ScalarStyle, tag: Option<&Tag>) -> NodeContent {
    match style == ScalarStyle::Plain && !tag.is_some_and(is_str) {
        true => NodeContent::Plain(text),
        false => NodeContent::Quoted(text),
    }
}

fn is_str(tag: &Tag) -> bool {
    tag.is_yaml_core_schema() && tag.suffix == "str"
}

fn leaf(content: NodeContent, is_tagged: bool, span: Span) -> Node {
    let length = match &content {
        NodeContent::Plain(text) | NodeContent::Quoted(text) => text.len(),
        NodeContent::List(_) | NodeContent::Map(_) => 0,
    };
    Node {
        content,
        is_tagged,
        start: mark(span.start),
        end: mark(span.end),
        size: 1 + length / TEXT_BYTES_OF_NODE,
    }
}

fn mark(marker: Marker) -> Mark {
    Mark {
        index: marker.index(),
        line: marker.line(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LIMITS: Limits = Limits {
        bytes: 10_000,
        nodes: 1_000,
    };

    fn read(text: &str) -> Result<Vec<Node>, YamlError> {
        documents(text.as_bytes(), LIMITS)
    }

    #[test]
    fn nodes_say_how_and_where_they_are_written() {
        let nodes = read("# words\nα: 1.10\nb: [\"1.10\", !!str 2]\n").unwrap();
        let NodeContent::Map(entries) = &nodes[0].content else {
            panic!()
        };
        let (key, value) = &entries[0];
        assert_eq!((key.text(), value.text()), (Some("α"), Some("1.10")));
        assert!(matches!(value.content, NodeContent::Plain(_)));
        assert_eq!((value.start.line, value.start.index, value.end.index), (2, 11, 15));
        let NodeContent::List(list) = &entries[1].1.content else {
            panic!()
        };
        assert!(list.iter().all(|node| matches!(node.content, NodeContent::Quoted(_))));
    }

    #[test]
    fn a_key_twice_is_refused_and_two_keys_are_not() {
        let error = read("a: 1\nb: 2\n\"a\": 3\n").unwrap_err();
        assert_eq!(
            error,
            YamlError::DuplicateKey {
                line: 3,
                key: "a".into()
            }
        );
        assert_eq!(read("a: 1\nb: {a: 2}\n").unwrap().len(), 1);
    }

    #[test]
    fn an_alias_repeats_its_node_and_a_bomb_of_them_is_refused() {
        assert_eq!(read("a: &x [1, 2]\nb: *x\n").unwrap()[0].size, 9);
        let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x]\n".to_owned();
        for n in 1..9 {
            let repeated = vec![format!("*a{}", n - 1); 8].join(", ");
            bomb += &format!("a{n}: &a{n} [{repeated}]\n");
        }
        assert!(matches!(read(&bomb), Err(YamlError::TooManyNodes { limit: 1_000, .. })));
        assert_eq!(
            read("a: *x\n")
                .err()
                .map(|error| matches!(error, YamlError::Syntax { .. })),
            Some(true)
        );
    }

    #[test]
    fn a_long_text_counts_as_often_as_aliases_repeat_it() {
        let repeated = |times: usize| format!("a: &x {}\nb: [{}]\n", "x".repeat(9_000), "*x, ".repeat(times));
        assert_eq!(read(&repeated(8)).unwrap()[0].size, 1 + 3 + 9 * 91);
        let error = read(&repeated(9)).unwrap_err();
        assert!(matches!(error, YamlError::TooManyNodes { limit: 1_000, .. }), "{error}");
    }

    #[test]
    fn an_anchor_does_not_reach_into_the_next_document() {
        assert!(read("--- &x 1\n---\na: *x\n").is_err());
    }

    #[test]
    fn depth_length_and_encoding_have_limits() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(read(&nested(MAX_DEPTH)).is_ok());
        let error = read(&nested(MAX_DEPTH + 1)).unwrap_err();
        assert_eq!(
            error,
            YamlError::TooDeep {
                line: 1,
                limit: MAX_DEPTH
            }
        );
        let error = read(&"a".repeat(10_001)).unwrap_err();
        assert!(matches!(
            error,
            YamlError::TooLarge {
                limit: 10_000,
                found: 10_001
            }
        ));
        let error = documents(b"a: \xff", LIMITS).unwrap_err();
        assert_eq!(error, YamlError::NotUtf8 { offset: 3 });
    }

    #[test]
    fn keys_that_are_lists_are_refused() {
        assert_eq!(read("[a]: 1\n").unwrap_err(), YamlError::KeyNotText { line: 1 });
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = documents(&bytes, LIMITS);
        }

        #[test]
        fn no_text_makes_it_panic(text in "([-\\[\\]{}&*!|>'\"%@`#:?, \n\ta-c0~<]){0,80}") {
            let _ = read(&text);
        }
    }
}
