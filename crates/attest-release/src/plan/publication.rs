use std::collections::{BTreeMap, BTreeSet};

use attest_archive::image::Platform;

use super::{Plan, PlannedRoot, PlannedSbom};
use crate::{Error, FileName};

/// The registry of a rehearsal before it runs, when its port is any that is free.
const REHEARSAL: &str = "oci://localhost:0";

/// Where something goes in a registry.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Publication {
    /// `oci://HOST/NAME`.
    pub repository: String,
    /// Its names there, moved when everything else is in its place.
    pub tags: Vec<String>,
    /// The name of its repository in the registry of a rehearsal, if this is one: then it goes nowhere else.
    pub rehearsed_as: Option<String>,
}

impl Publication {
    /// A tag has no plus sign; what the version has after one is joined by `_`, as Helm does it.
    pub(super) fn new(repository: String, tags: impl Iterator<Item = String>) -> Self {
        let tags: BTreeSet<String> = tags.map(|tag| tag.replace('+', "_")).collect();
        Self {
            repository,
            tags: tags.into_iter().collect(),
            rehearsed_as: None,
        }
    }

    /// The repository that it goes to, as `oci://HOST/NAME`. The port of a rehearsal is 0.
    #[must_use]
    pub fn place(&self) -> String {
        match &self.rehearsed_as {
            Some(name) => format!("{REHEARSAL}/{name}"),
            None => self.repository.clone(),
        }
    }
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

    /// Where everything goes, for those who know how registries write it.
    pub fn publications_mut(&mut self) -> impl Iterator<Item = &mut Publication> {
        let images = self.images.iter_mut().map(|image| &mut image.publication);
        let charts = self.charts.iter_mut().map(|chart| &mut chart.publication);
        images.chain(charts).flatten()
    }

    /// Of two that had one name, the first would be lost.
    ///
    /// # Errors
    /// [`Error::SamePlace`].
    pub fn publications_differ(&self) -> Result<(), Error> {
        let mut seen = BTreeMap::new();
        for published in self.published() {
            for tag in &published.publication.tags {
                let place = format!("{}:{tag}", published.publication.place());
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
