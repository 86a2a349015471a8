//! An OCI image layout. Source: OCI image-spec 1.1, `image-layout.md`.

use std::collections::BTreeSet;

use attest_archive::image::{Descriptor, Index, MAX_DEPTH, MAX_MANIFESTS, Manifest};
use attest_digest::Digest;

use super::INDEX;
use super::config::{Config, blob, blob_path, document};
use super::image::{Images, PlatformImage, PlatformLayer};
use super::name::Name;
use crate::Gap;
use crate::tree::Tree;

/// Names that containerd and Docker write beside that of OCI, which is a tag only there.
const WHOLE_NAME: &str = "io.containerd.image.name";

/// By which BuildKit marks what it says of an image.
const REFERENCE_TYPE: &str = "vnd.docker.reference.type";

pub(super) fn read(tree: &dyn Tree, root: &str, images: &mut Images) {
    let path = format!("{root}{INDEX}");
    let index = document(tree, &path)
        .and_then(|bytes| Index::from_json(&bytes).map_err(|error| Gap::new("damaged", &path, error.to_string())));
    let index = match index {
        Ok(index) => index,
        Err(gap) => return images.gaps.push(gap),
    };
    // One index may have several names.
    let tops: BTreeSet<_> = index.manifests().iter().map(Descriptor::digest).collect();
    if let (1, Some(only)) = (tops.len(), index.manifests().first())
        && only.is_index()
    {
        images.index = Some(only.digest().clone());
    }
    let mut layout = Layout {
        tree,
        root,
        seen: BTreeSet::new(),
        images,
    };
    for descriptor in index.manifests() {
        layout.enter(descriptor, None, MAX_DEPTH);
    }
}

struct Layout<'a> {
    tree: &'a dyn Tree,
    root: &'a str,
    /// What was looked at, by digest and name: several tags may be one image.
    seen: BTreeSet<(String, Option<Name>)>,
    images: &'a mut Images,
}

impl Layout<'_> {
    fn enter(&mut self, descriptor: &Descriptor, name: Option<&Name>, depth: usize) {
        let annotations = descriptor.annotations();
        let own = annotations.get(WHOLE_NAME).map(|text| Name::of_reference(text));
        let own = own.or_else(|| descriptor.reference_name().map(Name::of_annotation));
        let name = own.as_ref().or(name);
        if is_attestation(descriptor) || !self.seen.insert((descriptor.digest().to_string(), name.cloned())) {
            return;
        }
        let result = match () {
            () if self.seen.len() > MAX_MANIFESTS => Err(self.beyond("manifests", MAX_MANIFESTS)),
            () if descriptor.is_index() && depth == 0 => Err(self.beyond("indexes in each other", MAX_DEPTH)),
            () if descriptor.is_index() => self.index(descriptor, name, depth),
            () if descriptor.is_manifest() => self.manifest(descriptor, name),
            () => Ok(()),
        };
        if let Err(gap) = result {
            // What `index.json` names without a platform may be what hangs on an image.
            let is_image = depth < MAX_DEPTH || descriptor.platform().is_some();
            self.images.unread += usize::from(is_image);
            self.images.gaps.push(gap);
        }
    }

    fn beyond(&self, what: &str, limit: usize) -> Gap {
        let detail = format!("expected at most {limit} {what}; the rest was not looked at");
        Gap::new("too-large", &format!("{}{INDEX}", self.root), detail)
    }

    fn index(&mut self, descriptor: &Descriptor, name: Option<&Name>, depth: usize) -> Result<(), Gap> {
        let bytes = blob(self.tree, self.root, descriptor.digest())?;
        let index = Index::pointed_to(descriptor, &bytes).map_err(|error| self.damaged(descriptor.digest(), error))?;
        for child in index.manifests() {
            self.enter(child, name, depth - 1);
        }
        Ok(())
    }

    fn manifest(&mut self, descriptor: &Descriptor, name: Option<&Name>) -> Result<(), Gap> {
        let digest = descriptor.digest();
        let bytes = blob(self.tree, self.root, digest)?;
        let manifest = Manifest::pointed_to(descriptor, &bytes).map_err(|error| self.damaged(digest, error))?;
        if !is_image(&manifest) {
            return Ok(());
        }
        let id = manifest.config().digest().clone();
        let config = blob(self.tree, self.root, &id)?;
        let mut config = Config::parse(&config, &blob_path(self.root, &id))?;
        let mut labels = config.labels();
        labels.extend(manifest.annotations().clone());
        let platform = descriptor.platform();
        self.images.platforms.push(PlatformImage {
            name: name.cloned(),
            digest: Some(digest.clone()),
            id,
            os: platform.map_or(config.os, |platform| platform.os().to_owned()),
            architecture: platform.map_or(config.architecture, |platform| platform.architecture().to_owned()),
            variant: platform.map_or(config.variant, |platform| platform.variant().map(str::to_owned)),
            labels,
            layers: manifest.layers().iter().map(|layer| self.layer(layer)).collect(),
        });
        Ok(())
    }

    fn layer(&self, layer: &Descriptor) -> PlatformLayer {
        PlatformLayer {
            path: blob_path(self.root, layer.digest()),
            digest: Some(layer.digest().clone()),
        }
    }

    fn damaged(&self, digest: &Digest, error: attest_archive::image::Error) -> Gap {
        Gap::new("damaged", &blob_path(self.root, digest), error.to_string())
    }
}

/// What BuildKit and others say of an image stands beside it, with a platform that none has.
fn is_attestation(descriptor: &Descriptor) -> bool {
    descriptor.annotations().contains_key(REFERENCE_TYPE)
        || descriptor.platform().is_some_and(|platform| platform.is_unknown())
}

/// Signatures and charts have manifests as well, some with the configuration of an image: their layers are no file systems.
fn is_image(manifest: &Manifest) -> bool {
    let is_layer = |layer: &Descriptor| {
        let media_type = layer.media_type();
        media_type.starts_with("application/vnd.oci.image.layer.")
            || media_type.starts_with("application/vnd.docker.image.rootfs.")
    };
    manifest.is_image() && manifest.artifact_type().is_none() && manifest.layers().iter().all(is_layer)
}
