use super::config::Configuration;
use super::staging::Staging;
use super::{Annotations, Descriptor, Error, Image, Layout, Manifest, Platform, annotation, media_type};

/// What lies below the layers that are made: an image, or an index of images for several platforms.
#[derive(Debug)]
pub struct Base<'a> {
    layout: &'a Layout,
    descriptor: Descriptor,
    name: Option<String>,
}

/// The image of one platform, its layers copied.
pub(super) struct Below {
    pub(super) platform: Platform,
    pub(super) configuration: Configuration,
    pub(super) layers: Vec<Descriptor>,
    pub(super) annotations: Annotations,
}

impl<'a> Base<'a> {
    /// What `descriptor` points to in `layout`. The name is what a person calls it: `docker.io/library/debian:12`.
    #[must_use]
    pub fn new(layout: &'a Layout, descriptor: Descriptor, name: Option<String>) -> Self {
        Self {
            layout,
            descriptor,
            name,
        }
    }

    /// What the layout calls it.
    #[must_use]
    pub fn descriptor(&self) -> &Descriptor {
        &self.descriptor
    }

    /// Copies the layers of the image for a platform.
    pub(super) fn take(&self, platform: &Platform, staging: &Staging) -> Result<Below, Error> {
        self.copy(platform, staging)
            .map_err(Error::of_layout(self.layout.path()))
    }

    fn copy(&self, platform: &Platform, staging: &Staging) -> Result<Below, Error> {
        let (platform, image, configuration) = self.choose(platform)?;
        let layers: Vec<Descriptor> = image.manifest.layers().iter().map(in_oci_terms).collect();
        for layer in &layers {
            copy_unless_elsewhere(self.layout, layer, staging)?;
        }
        Ok(Below {
            platform,
            configuration,
            layers,
            annotations: self.named(image.descriptor.digest().to_string()),
        })
    }

    /// What is said of an index of images on this base.
    pub(super) fn annotations(&self) -> Annotations {
        self.named(self.descriptor.digest().to_string())
    }

    fn named(&self, digest: String) -> Annotations {
        let name = self.name.clone().map(|name| (annotation::BASE_NAME.to_owned(), name));
        let digest = (annotation::BASE_DIGEST.to_owned(), digest);
        name.into_iter().chain([digest]).collect()
    }

    fn choose(&self, wanted: &Platform) -> Result<(Platform, Image, Configuration), Error> {
        choose(self.layout, &self.descriptor, wanted).map_err(|error| match error {
            Error::NoPlatform { wanted, found } => Error::NoBase { wanted, found },
            error => error,
        })
    }
}

impl Layout {
    /// What points to the image for a platform, at or below a descriptor.
    ///
    /// # Errors
    /// [`Error::NoPlatform`] when there is none; as for [`Layout::images`].
    pub fn image_for(&self, descriptor: &Descriptor, platform: &Platform) -> Result<Descriptor, Error> {
        choose(self, descriptor, platform).map(|(_, image, _)| image.descriptor)
    }
}

fn choose(layout: &Layout, top: &Descriptor, wanted: &Platform) -> Result<(Platform, Image, Configuration), Error> {
    let mut found = Vec::new();
    // What says that it is for another platform is not looked into, and need not be there.
    let images = layout.images_where(top, &mut |descriptor| match descriptor.platform() {
        Some(platform) if platform.is_unknown() => false,
        Some(platform) if !platform.is_same_as(wanted) => {
            found.push(platform.to_string());
            false
        }
        _ => true,
    })?;
    for image in images.into_iter().filter(|image| image.manifest.is_image()) {
        let configuration = configuration(layout, &image.manifest)?;
        let Some(platform) = image.descriptor.platform().cloned().or(configuration.platform()) else {
            continue;
        };
        if platform.is_same_as(wanted) {
            return Ok((platform, image, configuration));
        }
        found.push(platform.to_string());
    }
    Err(Error::NoPlatform {
        wanted: Box::new(wanted.clone()),
        found,
    })
}

pub(super) fn configuration(layout: &Layout, manifest: &Manifest) -> Result<Configuration, Error> {
    let json = layout.document(manifest.config())?;
    Configuration::of_base(&json, manifest.layers().len()).map_err(Error::document(manifest.config().digest()))
}

/// A layer that may not be passed on, and is not there, stays at its URLs.
pub(super) fn copy_unless_elsewhere(layout: &Layout, layer: &Descriptor, staging: &Staging) -> Result<(), Error> {
    match staging.copy(layout, layer) {
        Err(Error::MissingBlob { .. }) if media_type::is_elsewhere(layer.media_type()) && !layer.urls().is_empty() => {
            Ok(())
        }
        done => done,
    }
}

fn in_oci_terms(layer: &Descriptor) -> Descriptor {
    layer.clone().with_media_type(media_type::of_oci(layer.media_type()))
}
