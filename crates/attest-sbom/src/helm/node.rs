//! YAML in, the entries of its mappings out, as far as anything is there.

use attest_archive::yaml::{Limits, Node, NodeContent, documents};

use crate::Gap;
use crate::scan::Scan;

/// What Helm reads of a file, and more nodes than the largest charts have.
const LIMITS: Limits = Limits {
    bytes: 5 << 20,
    nodes: 200_000,
};

/// The first document of a file; nothing where there is no file.
pub(super) fn read(scan: &Scan<'_>, place: &str, path: &str) -> Result<Option<Node>, Gap> {
    let shown = format!("{place}{path}");
    let moved = |gap: Gap| Gap::new(gap.code(), &shown, gap.detail());
    let Some(bytes) = scan.read(path, LIMITS.bytes as u64).map_err(moved)? else {
        return Ok(None);
    };
    parse(&bytes).map_err(|reason| Gap::new("damaged", &shown, reason))
}

/// The first document of a text.
pub(super) fn parse(bytes: &[u8]) -> Result<Option<Node>, String> {
    let documents = documents(bytes, LIMITS).map_err(|error| error.to_string())?;
    Ok(documents.into_iter().next())
}

/// The entries of a mapping whose keys are texts.
pub(super) fn entries(node: &Node) -> impl Iterator<Item = (&str, &Node)> {
    let pairs = match &node.content {
        NodeContent::Map(pairs) => pairs.as_slice(),
        _ => &[],
    };
    pairs.iter().filter_map(|(key, value)| Some((key.text()?, value)))
}

/// What stands in a list.
pub(super) fn items(node: &Node) -> &[Node] {
    match &node.content {
        NodeContent::List(items) => items,
        _ => &[],
    }
}

pub(super) fn child<'n>(node: &'n Node, key: &str) -> Option<&'n Node> {
    entries(node).find(|(name, _)| *name == key).map(|(_, value)| value)
}

/// The text at a key, unless it is empty or nothing.
pub(super) fn text<'n>(node: &'n Node, key: &str) -> Option<&'n str> {
    let value = child(node, key).filter(|value| !value.is_null())?;
    value.text().map(str::trim).filter(|text| !text.is_empty())
}
