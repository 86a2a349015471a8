use std::collections::BTreeMap;
use std::io;

use attest_archive::image::{Descriptor, Error, Layout};
use attest_digest::{Digest, Threads};
use attest_store::image::{NodeKind, Tree};

use super::super::evidence::in_order;
use super::super::problem::Problem;
use super::findings::{Content, ImageFindings, NodeVerdict};
use crate::image::{Opened, Place, PlaceError};

/// Each blob once. The same one may be named with another size.
type Blobs = BTreeMap<(Digest, u64), Descriptor>;

/// Holds what somebody vouches for to its digest and size, where it is on disk: configurations, layers, and what an index names beside
/// manifests. In a registry nothing of it is read: whoever pulls it holds it to the digests.
pub(super) fn hold(opened: &Opened, tree: &Tree, findings: &ImageFindings) -> (Content, Vec<Problem>) {
    let Place::Layout(repository) = &opened.place else {
        return (Content::NotRead, Vec::new());
    };
    let blobs: Vec<Descriptor> = named(tree, findings).into_values().collect();
    let held = in_order(blobs, Threads::of_machine(None), |blob| {
        is_here(&opened.place, repository.layout(), &blob)
    });
    let (mut here, mut elsewhere, mut problems) = (0, 0, Vec::new());
    for one in held {
        match one {
            Ok(true) => here += 1,
            Ok(false) => elsewhere += 1,
            Err(problem) => problems.push(problem),
        }
    }
    match problems.is_empty() {
        true => (Content::Held { here, elsewhere }, problems),
        false => (Content::Broken, problems),
    }
}

/// What the manifests name that count for the verdict. Nobody asked for the others.
fn named(tree: &Tree, findings: &ImageFindings) -> Blobs {
    let vouched_for = tree.nodes().iter().zip(&findings.nodes);
    let vouched_for =
        vouched_for.filter(|(_, found)| matches!(found.verdict, NodeVerdict::Itself | NodeVerdict::Covered));
    let mut blobs = Blobs::new();
    for (node, _) in vouched_for {
        match &node.kind {
            NodeKind::Image(manifest)
            | NodeKind::BuildAttestation { manifest, .. }
            | NodeKind::Artifact { manifest, .. } => {
                let named = manifest.layers().iter().chain([manifest.config()]);
                named.for_each(|blob| take(&mut blobs, blob));
            }
            NodeKind::Other => take(&mut blobs, &node.descriptor),
            NodeKind::Index(_) | NodeKind::LeftOut | NodeKind::Missing => {}
        }
    }
    blobs
}

/// Who names a blob without saying that it is elsewhere expects it here.
fn take(blobs: &mut Blobs, blob: &Descriptor) {
    let key = (blob.digest().clone(), blob.size());
    let known = blobs.entry(key).or_insert_with(|| blob.clone());
    if blob.urls().is_empty() {
        *known = blob.clone();
    }
}

/// False for what a manifest says is elsewhere, and is: a layer that may not be passed on.
fn is_here(place: &Place, layout: &Layout, blob: &Descriptor) -> Result<bool, Problem> {
    let read = layout.blob(blob).and_then(|content| content.copy_to(&mut io::sink()));
    match read {
        Ok(()) => Ok(true),
        Err(Error::MissingBlob { .. }) if !blob.urls().is_empty() => Ok(false),
        Err(error @ Error::MissingBlob { .. }) => Err(Problem::rejected("image-content-missing", error)),
        Err(error @ (Error::BlobSize { .. } | Error::BlobDigest { .. })) => {
            Err(Problem::rejected("image-content-mismatch", error))
        }
        Err(error) => Err(Problem::from(&place.failure(&PlaceError::from(error)))),
    }
}
