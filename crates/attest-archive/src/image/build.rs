use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;
use std::path::PathBuf;

use attest_digest::{Digest, Measured};

use super::base::Base;
use super::config::Configuration;
use super::layer::{Layer, LayerRecipe};
use super::staging::Staging;
use super::taken::Taken;
use super::{
    Annotations, Descriptor, Destination, Error, Index, LayerCompression, Manifest, Platform, Root, Settings, Tag,
    annotation, media_type,
};
use crate::SourceDate;

/// What to make a layout of.
#[derive(Debug)]
pub struct ImageRecipe<'a> {
    /// An image for each platform. Without a root it has no layer of its own, only those of the base.
    pub roots: BTreeMap<Platform, Option<Root>>,
    /// What lies below the roots; nothing but them on `scratch`.
    pub base: Option<Base<'a>>,
    /// Images of other layouts, taken in as they are.
    pub taken: Vec<Taken<'a>>,
    /// What hangs on them, such as signatures: each is named by `index.json` beside them, as its descriptor says.
    pub attached: Vec<Taken<'a>>,
    /// How containers of the new images are started.
    pub settings: Settings,
    /// Said of every new manifest, and of the index.
    pub annotations: Annotations,
    /// The names of the image in the layout.
    pub tags: BTreeSet<Tag>,
    /// How the new layers are compressed.
    pub compression: LayerCompression,
    /// The time of every file, of the new images and of their history.
    pub source_date: SourceDate,
    /// How many threads compress. The bytes do not depend on it.
    pub threads: NonZeroUsize,
}

/// A layout that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// What `index.json` names: an index, or the manifest of the only image.
    pub descriptor: Descriptor,
    /// The images, in the order of the index.
    pub images: Vec<WrittenImage>,
    /// The archive, if it is one.
    pub archive: Option<Measured>,
    /// The layout that was replaced, where it is now, if it could not be removed.
    pub left_behind: Option<PathBuf>,
}

/// An image of a layout that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenImage {
    /// What points to its manifest.
    pub descriptor: Descriptor,
    /// Its manifest.
    pub manifest: Manifest,
    /// The layer that was made for it, as the digest of its plain tar archive.
    pub diff_id: Option<Digest>,
}

/// Writes a layout: under a temporary name in the same directory, synced, then renamed.
///
/// Images are ordered by platform, those that say none last, as they came. One image alone is named by `index.json` itself;
/// two or more by an index of their own. One thing taken in alone, nothing said of it, keeps its digest.
///
/// # Errors
/// [`Error`]. Nothing new is left behind, and what was there before is as it was.
pub fn write_image(recipe: &ImageRecipe<'_>, destination: Destination) -> Result<Written, Error> {
    let staging = Staging::begin(destination)?;
    let (descriptor, images) = match &recipe.taken[..] {
        [only] if recipe.roots.is_empty() && recipe.annotations.is_empty() => only.copy_whole(&staging)?,
        _ => combine(recipe, &staging)?,
    };
    let mut entries = recipe.entries(&descriptor);
    for attached in &recipe.attached {
        entries.push(attached.copy_attached(&staging)?);
    }
    let index = Index::new(entries, Annotations::new());
    let finished = staging.finish(&index, recipe.source_date)?;
    Ok(Written {
        descriptor,
        images,
        archive: finished.archive,
        left_behind: finished.left_behind,
    })
}

type Top = (Descriptor, Vec<WrittenImage>);

fn combine(recipe: &ImageRecipe<'_>, staging: &Staging) -> Result<Top, Error> {
    let mut images = Vec::new();
    let mut packed = Vec::new();
    for (platform, root) in &recipe.roots {
        let layer = match root {
            Some(root) => Some(recipe.layer(root, &mut packed, staging)?),
            None => None,
        };
        images.push(recipe.build(platform, layer, staging)?);
    }
    for taken in &recipe.taken {
        images.extend(taken.copy_images(staging)?);
    }
    let images = in_order(images)?;
    let top = match &images[..] {
        // What was said of images that are only taken in stands in an index, or nowhere.
        [only] if !recipe.roots.is_empty() || recipe.annotations.is_empty() => only.descriptor.clone(),
        _ => {
            let named = images.iter().map(|image| image.descriptor.clone()).collect();
            let index = Index::new(named, recipe.index_annotations());
            staging.document(media_type::INDEX, &index.to_json())?
        }
    };
    Ok((top, images))
}

/// Sorted by platform; each digest once, each platform once.
fn in_order(images: Vec<WrittenImage>) -> Result<Vec<WrittenImage>, Error> {
    let mut ordered: Vec<WrittenImage> = Vec::new();
    for image in images {
        let digest = image.descriptor.digest();
        if ordered.iter().any(|other| other.descriptor.digest() == digest) {
            continue;
        }
        let platform = image.descriptor.platform().filter(|platform| !platform.is_unknown());
        let is_same = |other: &&WrittenImage| match (platform, other.descriptor.platform()) {
            (Some(platform), Some(other)) => platform.is_same_as(other) && platform.os_version() == other.os_version(),
            _ => false,
        };
        if let (Some(platform), Some(other)) = (platform, ordered.iter().find(is_same)) {
            return Err(Error::DuplicatePlatform {
                platform: Box::new(platform.clone()),
                first: other.descriptor.digest().clone(),
                second: digest.clone(),
            });
        }
        ordered.push(image);
    }
    ordered.sort_by(|first, second| {
        let key = |image: &WrittenImage| {
            let platform = image.descriptor.platform().cloned();
            (platform.is_none(), platform)
        };
        key(first).cmp(&key(second))
    });
    Ok(ordered)
}

impl ImageRecipe<'_> {
    /// Packs a root, unless it is the one of another platform.
    fn layer<'r>(
        &self,
        root: &'r Root,
        packed: &mut Vec<(&'r Root, Layer)>,
        staging: &Staging,
    ) -> Result<Layer, Error> {
        if let Some((_, layer)) = packed.iter().find(|(other, _)| *other == root) {
            return Ok(layer.clone());
        }
        let layer = self.layer_recipe().pack(root, staging)?;
        packed.push((root, layer.clone()));
        Ok(layer)
    }

    fn build(&self, platform: &Platform, layer: Option<Layer>, staging: &Staging) -> Result<WrittenImage, Error> {
        let below = match &self.base {
            Some(base) => Some(base.take(platform, staging)?),
            None => None,
        };
        let (mut configuration, mut layers, platform, mut annotations) = match below {
            Some(below) => (below.configuration, below.layers, below.platform, below.annotations),
            None => (
                Configuration::scratch(platform),
                Vec::new(),
                platform.clone(),
                Annotations::new(),
            ),
        };
        layers.extend(layer.iter().map(|layer| layer.descriptor.clone()));
        let diff_id = layer.map(|layer| layer.diff_id);
        configuration.push(diff_id.as_ref(), &self.source_date.to_rfc3339());
        configuration.set(&self.settings);
        let configuration = staging.document(media_type::CONFIG, &configuration.to_json())?;
        annotations.extend(self.annotations.clone());
        let manifest = Manifest::new(configuration, layers, annotations);
        let descriptor = staging.document(media_type::MANIFEST, &manifest.to_json())?;
        Ok(WrittenImage {
            descriptor: descriptor.with_platform(platform),
            manifest,
            diff_id,
        })
    }

    fn layer_recipe(&self) -> LayerRecipe {
        LayerRecipe {
            compression: self.compression,
            source_date: self.source_date,
            threads: self.threads,
        }
    }

    fn index_annotations(&self) -> Annotations {
        let mut annotations = self.base.as_ref().map(Base::annotations).unwrap_or_default();
        annotations.extend(self.annotations.clone());
        annotations
    }

    /// The entries of `index.json`: one for each tag, or one without.
    fn entries(&self, top: &Descriptor) -> Vec<Descriptor> {
        let mut annotations = top.annotations().clone();
        annotations.remove(annotation::REF_NAME);
        let bare = top.clone().with_annotations(annotations.clone());
        let tagged = self.tags.iter().map(|tag| {
            let mut annotations = annotations.clone();
            annotations.insert(annotation::REF_NAME.to_owned(), tag.to_string());
            top.clone().with_annotations(annotations)
        });
        match self.tags.is_empty() {
            true => vec![bare],
            false => tagged.collect(),
        }
    }
}
