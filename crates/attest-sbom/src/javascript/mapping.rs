use attest_archive::yaml::{self, Limits, Node, NodeContent};

use super::project::Project;
use crate::Gap;

/// A lock of 2,500 packages has about 100,000 nodes; at a hundred bytes for each of them this is 200 MB at most.
const MAX_NODES: usize = 2_000_000;

/// The documents of a lock file in YAML.
pub(super) fn documents(project: &Project<'_>, text: &str) -> Result<Vec<Node>, Gap> {
    let limits = Limits {
        bytes: text.len(),
        nodes: MAX_NODES,
    };
    yaml::documents(text.as_bytes(), limits).map_err(|error| project.damaged(error.to_string()))
}

/// The keys of a mapping with what stands there; none for anything else.
pub(super) fn entries(node: &Node) -> impl Iterator<Item = (&str, &Node)> {
    let entries = match &node.content {
        NodeContent::Map(entries) => entries.as_slice(),
        _ => &[],
    };
    entries.iter().filter_map(|(key, value)| Some((key.text()?, value)))
}

pub(super) fn at<'n>(node: &'n Node, key: &str) -> Option<&'n Node> {
    entries(node).find(|(name, _)| *name == key).map(|(_, value)| value)
}

pub(super) fn text_at<'n>(node: &'n Node, key: &str) -> Option<&'n str> {
    at(node, key).and_then(Node::text).filter(|text| !text.is_empty())
}

/// The entries of a mapping that stands in a mapping.
pub(super) fn entries_at<'n>(node: &'n Node, key: &str) -> impl Iterator<Item = (&'n str, &'n Node)> {
    at(node, key).into_iter().flat_map(entries)
}
