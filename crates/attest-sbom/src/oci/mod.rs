//! Images in, one inventory a platform out, and a document that links their documents.
//!
//! In: a [`Tree`] that holds an OCI image layout or what `docker save` writes: a [`tree::Directory`](crate::tree::Directory)
//! or a [`tree::Archive`](crate::tree::Archive). [`images`] finds what is in it: one [`PlatformImage`] for each platform, however
//! deep the indexes lie in each other; attestations, signatures and other artifacts are no images. [`PlatformImage::scan`]
//! reads one of them, and [`index`] makes a document of the whole from the finished ones:
//!
//! ```no_run
//! use attest_sbom::{Metadata, Options, Root, oci, tree};
//!
//! let scratch = std::path::Path::new("/tmp");
//! let tree = tree::Directory::new("layout")?;
//! let images = oci::images(&tree);
//! let mut documents = Vec::new();
//! for image in &images.platforms {
//!     let inventory = image.scan(&tree, &Options::default(), scratch);
//!     let bom = inventory.document(&Root::default(), &Metadata::default())?;
//!     // Written to a file that is called after `image.platform()`.
//!     documents.push((image, bom));
//! }
//! let links: Vec<_> = documents.iter().map(|(image, bom)| (*image, bom)).collect();
//! let index = oci::index(&images, &links, &Root::default(), &Metadata::default());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Sources: OCI image-spec 1.1, `image-layout.md`, `image-index.md`, `manifest.md`; the archive of Docker, `image/spec/v1.2.md`.

mod config;
mod docker;
mod document;
mod image;
mod layout;
mod name;

pub use document::index;
pub use image::{Images, PlatformImage};

use std::collections::{BTreeMap, BTreeSet};

use attest_digest::Digest;

use crate::Options;
use crate::scan::Scan;
use crate::tree::{Entry, Tree};
use name::Name;

const MARKER: &str = "oci-layout";
const INDEX: &str = "index.json";
const DOCKER: &str = "manifest.json";

/// The most bytes of an index, a manifest or a configuration. As registries have it.
const DOCUMENT_LIMIT: u64 = 4 << 20;

/// Whether a file of an archive is part of an image: such files are kept when the archive is read, because only its index,
/// which may come last, says what they are.
#[must_use]
pub fn is_part(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let is_hexadecimal = |text: &str| text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let stem = name.split('.').next().unwrap_or(name);
    let parent = path.rsplit('/').nth(1).unwrap_or_default();
    matches!(name, MARKER | INDEX | DOCKER)
        || path.contains("blobs/sha256/")
        || path.contains("blobs/sha512/")
        || is_hexadecimal(stem)
        || (name == "layer.tar" && is_hexadecimal(parent))
}

/// Every image of a tree, in the order of names and platforms; none when the tree holds no layout and no archive of Docker.
///
/// An image that has several names is there once, under the first of them that is more than a tag; of several tags its package
/// URL has none, since nobody knows which of them will move.
///
/// A layout is looked for at any depth, as is an archive of Docker, but not in packages of others, whose tests play with such.
/// What is damaged or missing is a gap of what is returned.
#[must_use]
pub fn images(tree: &dyn Tree) -> Images {
    let mut images = Images::default();
    let options = Options::default();
    let scan = Scan::of(tree, &options);
    let is_marker = |entry: &&Entry| entry.is_file() && matches!(entry.name(), MARKER | DOCKER);
    let is_own = |entry: &&Entry| scan.brought_along().outermost(&entry.path).is_none();
    let files = tree.listing().entries().iter().filter(is_marker);
    for entry in files.filter(is_own) {
        let root = match entry.parent() {
            "" => String::new(),
            parent => format!("{parent}/"),
        };
        let is_there = |name: &str| tree.listing().resolve(&format!("{root}{name}")).is_some();
        match entry.name() {
            MARKER if is_there(INDEX) => layout::read(tree, &root, &mut images),
            // Docker writes both since version 25; the layout knows more.
            DOCKER if !is_there(MARKER) => docker::read(tree, &root, &mut images),
            _ => {}
        }
    }
    once(&mut images.platforms);
    images.platforms.sort_by(|a, b| a.order().cmp(&b.order()));
    images
}

/// Each image once, under what its names say together.
fn once(found: &mut Vec<PlatformImage>) {
    let mut names = BTreeMap::<Digest, BTreeSet<Name>>::new();
    found.retain_mut(|image| {
        let is_new = !names.contains_key(image.digest());
        let known = names.entry(image.digest().clone()).or_default();
        known.extend(image.name.take());
        is_new
    });
    for image in found {
        image.name = names.get(image.digest()).and_then(Name::of_several);
    }
}

#[cfg(test)]
mod tests;
