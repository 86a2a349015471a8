//! An image in, its tree with what hangs on each part of it out: read, and not verified.

mod attached;
mod draw;
mod manifest;
mod survey;

use std::num::NonZeroUsize;

use attest_archive::image::{Descriptor, Platform};
use attest_store::image::{Pruning, Tree};
use serde::Serialize;

use crate::context::Context;
use crate::failure::Failure;
use crate::image::{ImageArguments, ImageName, Opened, tree_failure};
use manifest::ManifestDocument;
use survey::Survey;

pub(super) use draw::text;

/// How many manifests are asked for at once.
const AT_ONCE: NonZeroUsize = NonZeroUsize::new(8).expect("eight is not zero");

/// Everything below what was named, in the order of the tree: what names something stands before it.
#[derive(Debug, Serialize)]
pub(super) struct ImageDocument {
    name: String,
    digest: String,
    manifests: Vec<ManifestDocument>,
    /// On how many that hang on it it was not looked for what hangs there: there are bounds.
    #[serde(rename = "notFollowed")]
    not_followed: usize,
    /// For each manifest, those that it names.
    #[serde(skip)]
    children: Vec<Vec<usize>>,
    /// How its name is given to a verb.
    #[serde(skip)]
    is_layout: bool,
}

/// Reads an image, or of an index only what is about some platforms.
pub(super) fn inspect(
    name: &ImageName,
    arguments: &ImageArguments,
    platforms: &[Platform],
    context: &Context<'_>,
) -> Result<ImageDocument, Failure> {
    let opened = Opened::open(name, arguments, &context.environment)?;
    let tree = read(&opened, platforms)?;
    let survey = Survey::of(&opened.place, &tree).map_err(|error| opened.place.failure(&error))?;
    let kept = survey.kept(platforms);
    if kept.is_empty() {
        let wanted: Vec<String> = platforms.iter().map(ToString::to_string).collect();
        let message = format_args!(
            "expected an image for {}, found {}",
            wanted.join(" or "),
            survey.platforms()
        );
        return Err(Failure::usage("platform-missing", message).at(&opened.name));
    }
    let manifests = survey
        .documents(&kept)
        .map_err(|error| opened.place.failure(&error).at(&opened.name))?;
    let among_kept = |place: usize| kept.iter().position(|kept| *kept == place);
    let children = kept
        .iter()
        .map(|place| tree.children(*place).filter_map(among_kept).collect());
    Ok(ImageDocument {
        name: opened.name.clone(),
        digest: opened.digest.to_string(),
        manifests,
        not_followed: survey.not_followed(),
        children: children.collect(),
        is_layout: opened.reference.is_none(),
    })
}

/// What says that it is for another platform is not looked into, and need not be there. Attestations of BuildKit are for none.
fn read(opened: &Opened, platforms: &[Platform]) -> Result<Tree, Failure> {
    let is_wanted = |descriptor: &Descriptor| match descriptor.platform() {
        Some(platform) if !platforms.is_empty() && !platform.is_unknown() => {
            platforms.iter().any(|wanted| wanted.is_same_as(platform))
        }
        _ => true,
    };
    let pruning = Pruning {
        is_wanted: &is_wanted,
        at_once: AT_ONCE,
    };
    let tree = Tree::read_pruned(opened, &opened.digest, pruning);
    tree.map_err(|error| tree_failure(&error, &opened.place).at(&opened.name))
}
