use std::collections::BTreeMap;

use attest_archive::image::Platform;

use super::{Plan, PlannedRoot, PlannedSbom};
use crate::{Error, FileName};

/// Where something goes in a registry.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Publication {
    /// `oci://HOST/NAME`.
    pub repository: String,
    /// Its names there, moved when everything else is in its place.
    pub tags: Vec<String>,
}

/// A file of the release that goes to a registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Published<'a> {
    /// The image or the chart.
    pub file: &'a FileName,
    /// The list of its contents.
    pub sbom: Option<&'a FileName>,
    /// Where it goes.
    pub publication: &'a Publication,
    platforms: Option<&'a BTreeMap<Platform, PlannedRoot>>,
}

impl<'a> Published<'a> {
    /// The list of what an image holds on one of several platforms.
    #[must_use]
    pub fn sbom_for(&self, platform: &Platform) -> Option<&'a FileName> {
        let mut platforms = self.platforms?.iter();
        let (_, root) = platforms.find(|(own, _)| own.is_same_as(platform))?;
        root.sbom.as_ref().map(|sbom| &sbom.file)
    }
}

impl Plan {
    /// Everything that goes to a registry: images, then charts, in the order of the configuration.
    pub fn published(&self) -> impl Iterator<Item = Published<'_>> {
        fn sbom(sbom: &Option<PlannedSbom>) -> Option<&FileName> {
            sbom.as_ref().map(|sbom| &sbom.file)
        }
        let images = self.images.iter().map(|image| {
            let (sbom, platforms) = (sbom(&image.sbom), Some(&image.platforms));
            (&image.file, sbom, &image.publication, platforms)
        });
        let charts = self
            .charts
            .iter()
            .map(|chart| (&chart.file, sbom(&chart.sbom), &chart.publication, None));
        images.chain(charts).filter_map(|(file, sbom, publication, platforms)| {
            Some(Published {
                file,
                sbom,
                publication: publication.as_ref()?,
                platforms,
            })
        })
    }

    /// Of two that had one name, the first would be lost.
    pub(super) fn publications_differ(&self) -> Result<(), Error> {
        let mut seen = BTreeMap::new();
        for published in self.published() {
            for tag in &published.publication.tags {
                let place = format!("{}:{tag}", published.publication.repository);
                if let Some(first) = seen.insert(place.clone(), published.file) {
                    return Err(Error::SamePlace {
                        place,
                        first: first.to_string(),
                        second: published.file.to_string(),
                    });
                }
            }
        }
        Ok(())
    }
}
