//! What `docker save` writes. Source: Docker, `image/spec/v1.2.md`, "Combined Image JSON + Filesystem Changeset Format".

use attest_digest::{Algorithm, Algorithms, Measured};
use serde::Deserialize;

use super::DOCKER;
use super::config::{Config, document};
use super::image::{Images, PlatformImage, PlatformLayer};
use super::name::Name;
use crate::Gap;
use crate::tree::Tree;

/// The most images of an archive, and the most layers of an image: Docker makes at most 127.
const MAX_IMAGES: usize = 1000;
const MAX_LAYERS: usize = 1000;

#[derive(Deserialize)]
struct Saved {
    #[serde(rename = "Config")]
    config: String,
    #[serde(rename = "RepoTags", default)]
    tags: Option<Vec<String>>,
    #[serde(rename = "Layers", default)]
    layers: Option<Vec<String>>,
}

/// A `manifest.json` that is none of Docker's is none of ours.
pub(super) fn read(tree: &dyn Tree, root: &str, images: &mut Images) {
    let path = format!("{root}{DOCKER}");
    let Ok(bytes) = document(tree, &path) else {
        return;
    };
    let Ok(saved) = serde_json::from_slice::<Vec<Saved>>(&bytes) else {
        return;
    };
    for one in saved.iter().take(MAX_IMAGES) {
        match image(tree, root, one) {
            Ok(image) => images.platforms.push(image),
            Err(gap) => images.gaps.push(gap),
        }
    }
    if saved.len() > MAX_IMAGES {
        let detail = format!("expected at most {MAX_IMAGES} images; the rest was not looked at");
        images.gaps.push(Gap::new("too-large", &path, detail));
    }
}

fn image(tree: &dyn Tree, root: &str, saved: &Saved) -> Result<PlatformImage, Gap> {
    let path = format!("{root}{}", saved.config);
    let bytes = document(tree, &path)?;
    let mut config = Config::parse(&bytes, &path)?;
    let id = Measured::of_bytes(&bytes, &Algorithms::one(Algorithm::Sha256));
    let mut digests = id.digests().iter().cloned();
    let damaged = || Gap::new("damaged", &path, "it cannot be measured");
    let layers = saved.layers.iter().flatten().take(MAX_LAYERS);
    let mut known = config.layers();
    let layers = layers
        .map(|layer| PlatformLayer {
            path: format!("{root}{layer}"),
            digest: known.next().flatten(),
        })
        .collect();
    drop(known);
    Ok(PlatformImage {
        name: Name::of_several(&saved.tags.iter().flatten().map(|tag| Name::of_reference(tag)).collect()),
        digest: None,
        id: digests.next().ok_or_else(damaged)?,
        labels: config.labels(),
        os: config.os,
        architecture: config.architecture,
        variant: config.variant,
        layers,
    })
}
