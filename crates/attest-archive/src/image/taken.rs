use super::base::{configuration, copy_unless_elsewhere};
use super::build::WrittenImage;
use super::staging::Staging;
use super::{Descriptor, Error, Image, Layout, MAX_DEPTH, annotation};

/// What is taken in from another layout, byte for byte.
#[derive(Debug)]
pub struct Taken<'a> {
    layout: &'a Layout,
    descriptor: Descriptor,
}

impl<'a> Taken<'a> {
    /// What `descriptor` points to in `layout`.
    #[must_use]
    pub fn new(layout: &'a Layout, descriptor: Descriptor) -> Self {
        Self { layout, descriptor }
    }

    /// Copies every image at or below the descriptor, for an index of ours. What has no platform gets the one of its
    /// configuration.
    pub(super) fn copy_images(&self, staging: &Staging) -> Result<Vec<WrittenImage>, Error> {
        self.images(staging).map_err(Error::of_layout(self.layout.path()))
    }

    fn images(&self, staging: &Staging) -> Result<Vec<WrittenImage>, Error> {
        let mut taken = Vec::new();
        for image in self.layout.images(&self.descriptor)? {
            self.copy_image(&image, staging)?;
            let descriptor = self.with_platform(&image)?;
            let mut annotations = descriptor.annotations().clone();
            annotations.remove(annotation::REF_NAME);
            taken.push(WrittenImage {
                descriptor: descriptor.with_annotations(annotations),
                manifest: image.manifest,
                diff_id: None,
            });
        }
        match taken.is_empty() {
            true => Err(Error::NoSuchReference {
                asked: "an image".to_owned(),
                found: Vec::new(),
            }),
            false => Ok(taken),
        }
    }

    /// Copies the descriptor's blob and all that it leads to, so that its digest stays.
    pub(super) fn copy_whole(&self, staging: &Staging) -> Result<(Descriptor, Vec<WrittenImage>), Error> {
        let images = self.copy_images(staging)?;
        self.copy_indexes(&self.descriptor, MAX_DEPTH, staging)
            .map_err(Error::of_layout(self.layout.path()))?;
        Ok((self.descriptor.clone(), images))
    }

    /// Copies what hangs on another image, also what is no image, and says what `index.json` says of it.
    pub(super) fn copy_attached(&self, staging: &Staging) -> Result<Descriptor, Error> {
        self.copy_manifests(staging)
            .map_err(Error::of_layout(self.layout.path()))?;
        Ok(self.descriptor.clone())
    }

    fn copy_manifests(&self, staging: &Staging) -> Result<(), Error> {
        for image in self.layout.images(&self.descriptor)? {
            self.copy_image(&image, staging)?;
        }
        self.copy_indexes(&self.descriptor, MAX_DEPTH, staging)
    }

    fn copy_indexes(&self, descriptor: &Descriptor, depth: usize, staging: &Staging) -> Result<(), Error> {
        if descriptor.is_manifest() {
            return Ok(());
        }
        staging.copy(self.layout, descriptor)?;
        if descriptor.is_index() && depth > 0 {
            for child in self.layout.nested_index(descriptor)?.manifests() {
                self.copy_indexes(child, depth - 1, staging)?;
            }
        }
        Ok(())
    }

    fn copy_image(&self, image: &Image, staging: &Staging) -> Result<(), Error> {
        staging.copy(self.layout, &image.descriptor)?;
        staging.copy(self.layout, image.manifest.config())?;
        for layer in image.manifest.layers() {
            copy_unless_elsewhere(self.layout, layer, staging)?;
        }
        Ok(())
    }

    fn with_platform(&self, image: &Image) -> Result<Descriptor, Error> {
        if image.descriptor.platform().is_some() || !image.manifest.is_image() {
            return Ok(image.descriptor.clone());
        }
        let platform = configuration(self.layout, &image.manifest)?.platform();
        Ok(match platform {
            Some(platform) => image.descriptor.clone().with_platform(platform),
            None => image.descriptor.clone(),
        })
    }
}
