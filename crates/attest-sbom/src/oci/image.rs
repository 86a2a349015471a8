use std::collections::BTreeMap;
use std::io::{self, Read};
use std::path::Path;

use attest_digest::Digest;
use packageurl::PackageUrl;

use super::name::Name;
use crate::cyclonedx::{Component, ComponentKind, Hash, Property, ReferenceKind};
use crate::tree::{Layer, Layers, Tree};
use crate::{Error, Gap, Inventory, Kind, Options, licence, reference, rootfs, scan};

/// What was found in a layout or an archive.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Images {
    /// The images.
    pub platforms: Vec<PlatformImage>,
    /// What is damaged or missing.
    pub gaps: Vec<Gap>,
    /// How many more images are named, and cannot be read.
    pub unread: usize,
    /// The index that holds them all, where there is one, by its digest.
    pub(super) index: Option<Digest>,
}

impl Images {
    /// The same images, as they are called in a repository, such as `oci://registry.example.com/team/app`. For who knows where they
    /// go: a layout names tags alone most often, and the name of an image is that of its repository.
    #[must_use]
    pub fn in_repository(mut self, repository: &str) -> Self {
        for image in &mut self.platforms {
            let tag = image.name.as_ref().and_then(Name::tag);
            image.name = Some(Name::in_repository(repository, tag));
        }
        self
    }

    /// Images beside other things are documents of their own: what is not in this one is said.
    pub fn note_unlisted(&self, inventory: &mut Inventory) {
        for image in &self.platforms {
            let name = image.name().map_or_else(|| image.digest().to_string(), str::to_owned);
            let detail = format!(
                "the image {name} for {} is not in this list: name it alone",
                image.platform()
            );
            inventory.gap(Gap::new("not-listed", "", detail));
        }
    }
}

/// An image for one platform.
#[derive(Debug, Clone)]
pub struct PlatformImage {
    pub(super) name: Option<Name>,
    /// Of the manifest; an archive of Docker has none.
    pub(super) digest: Option<Digest>,
    /// Of the configuration.
    pub(super) id: Digest,
    pub(super) os: String,
    pub(super) architecture: String,
    pub(super) variant: Option<String>,
    /// What its maker says of it, labels and annotations together.
    pub(super) labels: BTreeMap<String, String>,
    pub(super) layers: Vec<PlatformLayer>,
}

#[derive(Debug, Clone)]
pub(super) struct PlatformLayer {
    /// Where it lies in the tree.
    pub(super) path: String,
    /// What it is called.
    pub(super) digest: Option<Digest>,
}

impl PlatformImage {
    /// `linux/amd64`, `linux/arm/v7`; empty where nothing says so.
    #[must_use]
    pub fn platform(&self) -> String {
        let parts = [
            Some(self.os.as_str()),
            Some(self.architecture.as_str()),
            self.variant.as_deref(),
        ];
        let parts = parts.into_iter().flatten().filter(|part| !part.is_empty());
        parts.collect::<Vec<_>>().join("/")
    }

    /// The name as it stands in the layout, such as `registry.example.com/team/app:1.0` or `app:1.0`, perhaps only a tag.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_ref().map(Name::as_str)
    }

    /// `sha256:…` of the manifest, or of the configuration where there is no manifest.
    #[must_use]
    pub fn digest(&self) -> &Digest {
        self.digest.as_ref().unwrap_or(&self.id)
    }

    pub(super) fn order(&self) -> (Option<&str>, String, String) {
        (self.name(), self.platform(), self.digest().to_string())
    }

    /// Reads the layers from the tree in which the image was found, and everything that readers find in them. The document
    /// is about the image. An image in which nothing is found has a gap that says so, and every file of it is listed by its digest.
    #[must_use]
    pub fn scan(&self, tree: &dyn Tree, options: &Options, scratch: &Path) -> Inventory {
        let layers: Vec<Layer> = self.layers.iter().map(layer).collect();
        let open = |number: usize| -> io::Result<Box<dyn Read + '_>> {
            let found = tree.listing().resolve(&self.layers[number].path);
            let found = found.ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "the layer is not there"))?;
            let content = tree.open(&found.path)?;
            Ok(Box::new(content))
        };
        let read = |options: &Options| Layers::read(&layers, &open, options, scratch);
        let files = read(options);
        let mut inventory = scan(&files, options).unwrap_or_else(|_: Error| {
            let mut inventory = Inventory::default();
            for gap in files.listing().gaps() {
                inventory.gap(gap.clone());
            }
            inventory.gap(Gap::new("nothing-found", "", "no package was found in the image"));
            inventory
        });
        if inventory.is_empty() && options.kinds.is_empty() {
            let kinds = vec![Kind::File];
            let plain = Options {
                kinds,
                ..options.clone()
            };
            // Of a file that no reader wants, nothing was kept.
            inventory.absorb(scan(&read(&plain), &plain).unwrap_or_default());
        }
        let system = inventory.whole();
        let image = inventory.add(self.component());
        if let Some(system) = system {
            inventory.depends(image, system);
        }
        inventory.root(image);
        inventory
    }

    pub(super) fn component(&self) -> Component {
        let label = |name: &str| {
            self.labels
                .get(&format!("org.opencontainers.image.{name}"))
                .map(String::as_str)
        };
        let references = [
            (ReferenceKind::Vcs, "source"),
            (ReferenceKind::Website, "url"),
            (ReferenceKind::Documentation, "documentation"),
        ];
        let name = self.name.as_ref().and_then(Name::last).or_else(|| label("title"));
        Component {
            version: Some(self.digest().to_string()),
            description: label("description").map(reference::public_text),
            supplier: label("vendor").map(|vendor| rootfs::organization(reference::public_text(vendor))),
            licenses: licence::declared(label("licenses"), None),
            hashes: self.digest.iter().filter_map(hash).collect(),
            purl: self.purl(),
            external_references: references
                .into_iter()
                .filter_map(|(kind, name)| reference::external(kind, label(name)))
                .collect(),
            properties: self.properties(),
            ..Component::new(
                ComponentKind::Container,
                reference::public_text(name.unwrap_or("image")),
            )
        }
    }

    fn properties(&self) -> Vec<Property> {
        let mut properties = vec![
            Property {
                name: "attest:oci:config",
                value: self.id.to_string(),
            },
            Property {
                name: "attest:oci:platform",
                value: self.platform(),
            },
        ];
        let layers = self.layers.iter().zip(1..);
        properties.extend(layers.map(|(layer, number)| Property {
            name: "attest:oci:layer",
            value: match &layer.digest {
                Some(digest) => format!("{number:03} {digest}"),
                None => format!("{number:03}"),
            },
        }));
        properties
    }

    /// Source: purl specification, type `oci`: the last part of the name of the repository, the digest of the manifest.
    fn purl(&self) -> Option<String> {
        self.purl_of(self.digest.as_ref()?, Some(&self.architecture))
    }

    /// The package URL of this image or of its index. Without a name it is called like its title, if that is a name: the digest says
    /// which one it is.
    pub(super) fn purl_of(&self, digest: &Digest, architecture: Option<&str>) -> Option<String> {
        let title = self.labels.get(TITLE).filter(|title| is_name(title));
        let last = self.name.as_ref().and_then(Name::last);
        let last = last.or(title.map(String::as_str))?;
        let mut purl = PackageUrl::new("oci", last.to_lowercase()).ok()?;
        purl.with_version(digest.to_string()).ok()?;
        if let Some(architecture) = architecture.filter(|architecture| !architecture.is_empty()) {
            purl.add_qualifier("arch", architecture).ok()?;
        }
        if let Some(repository) = self.name.as_ref().and_then(Name::repository) {
            purl.add_qualifier("repository_url", repository).ok()?;
        }
        if let Some(tag) = self.name.as_ref().and_then(Name::tag) {
            purl.add_qualifier("tag", tag).ok()?;
        }
        Some(purl.to_string())
    }
}

const TITLE: &str = "org.opencontainers.image.title";

/// Whether a title may be the last part of the name of a repository.
fn is_name(title: &str) -> bool {
    let is_word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    title.starts_with(is_word) && title.chars().all(|c| is_word(c) || matches!(c, '.' | '_' | '-'))
}

fn layer(layer: &PlatformLayer) -> Layer {
    let name = layer
        .digest
        .as_ref()
        .map_or_else(|| layer.path.clone(), ToString::to_string);
    let digest = layer.digest.clone();
    Layer { name, digest }
}

/// Nothing for an algorithm that CycloneDX does not know.
pub(super) fn hash(digest: &Digest) -> Option<Hash> {
    let alg = match digest.algorithm().to_string().as_str() {
        "sha256" => "SHA-256",
        "sha384" => "SHA-384",
        "sha512" => "SHA-512",
        _ => return None,
    };
    let content = digest.to_hex();
    Some(Hash { alg, content })
}
