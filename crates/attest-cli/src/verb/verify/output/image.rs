//! What was found of images, in the forms of reports.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::super::image::{ImageFindings, ImageNode};
use super::json::problem;
use crate::visible::visible;

/// For programs.
pub(super) fn findings(image: &ImageFindings) -> Value {
    let nodes = image.nodes.iter().map(node);
    json!({ "content": image.content.word(), "manifests": nodes.collect::<Vec<_>>() })
}

fn node(node: &ImageNode) -> Value {
    json!({
        "digest": { node.digest.algorithm().name(): node.digest.to_hex() },
        "kind": node.kind,
        "platform": node.platform,
        "about": node.about.as_ref().map(ToString::to_string),
        "depth": node.depth,
        "parents": node.parents,
        "verdict": node.verdict.word(),
        "required": node.is_required,
        "bundles": node.bundles,
        "problems": node.problems.iter().filter(|found| !found.is_passed_over()).map(problem).collect::<Vec<_>>(),
    })
}

/// For people: a line for each, below what names it.
pub(super) fn tree(text: &mut String, image: &ImageFindings) {
    let labels: Vec<String> = image
        .nodes
        .iter()
        .map(|node| format!("{}{}", "  ".repeat(node.depth), visible(&node.label())))
        .collect();
    let width = labels.iter().map(|label| label.chars().count()).max().unwrap_or(0);
    for (label, node) in labels.iter().zip(&image.nodes) {
        let said = image.said_of(node);
        let _ = writeln!(text, "         {label:<width$}  {}  {said}", node.digest);
    }
}

/// For people: what became of the blobs of an image that is accepted.
pub(super) fn content(text: &mut String, image: &ImageFindings) {
    let _ = writeln!(text, "         {}", image.content.said());
}

/// What a node goes by among the test cases.
pub(super) fn case_name(image: &str, node: &ImageNode) -> String {
    format!("{image}: {} {}", node.label(), node.digest)
}
