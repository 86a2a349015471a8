use attest_archive::image::Platform;

use super::{BUNDLE, Draft, Plan, SBOM};
use crate::{Error, FileName, Target};

/// A list of what is in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PlannedSbom {
    /// Its name.
    pub file: FileName,
    /// The bundle that says of the file, or of the image of one platform, that this is in it; none when nothing is signed.
    pub bundle: Option<FileName>,
}

/// A list, with what it lists.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Listed<'a> {
    pub(crate) artifact: &'a FileName,
    pub(crate) target: Option<Target>,
    pub(crate) sbom: &'a PlannedSbom,
}

impl Draft<'_> {
    /// A list by its name without extension, if lists are wanted.
    pub(super) fn sbom(&self, stem: &FileName) -> Result<Option<PlannedSbom>, Error> {
        if self.config.sbom.is_none() {
            return Ok(None);
        }
        let named = |name: String| FileName::new(name.clone()).map_err(|problem| Error::from((name.as_str(), problem)));
        let file = named(format!("{stem}.{SBOM}"))?;
        let bundle = self
            .config
            .sign
            .as_ref()
            .map(|_| named(format!("{stem}.{ATTESTATION}.{BUNDLE}")));
        Ok(Some(PlannedSbom {
            file,
            bundle: bundle.transpose()?,
        }))
    }

    /// The list of what an image holds on one platform. Its bundle is about a manifest inside of the image's file.
    pub(super) fn platform_sbom(&self, image: &FileName, platform: &Platform) -> Result<Option<PlannedSbom>, Error> {
        let name = format!("{image}.{}", platform.to_string().replace('/', "-"));
        let stem = FileName::new(name.clone()).map_err(|problem| Error::from((name.as_str(), problem)))?;
        self.sbom(&stem)
    }
}

/// What stands before the ending of the bundle that says what is in a file. The list's own name begins so, too; the bundle is
/// no signature over the list, so it must not be called like one.
const ATTESTATION: &str = "cdx";

impl Plan {
    /// Every list of contents, in the order in which the files are made.
    pub(crate) fn lists(&self) -> impl Iterator<Item = Listed<'_>> {
        let archives = self
            .archives
            .iter()
            .map(|archive| (&archive.file, Some(archive.target), &archive.sbom));
        let sources = self.sources.iter().map(|source| (&source.file, None, &source.sbom));
        let sets = self.file_sets.iter().map(|set| (&set.file, None, &set.sbom));
        let charts = self.charts.iter().map(|chart| (&chart.file, None, &chart.sbom));
        let distributions = self.distributions.iter().map(|found| (&found.file, None, &found.sbom));
        let images = self.images.iter().flat_map(|image| {
            let platforms = image.platforms.values();
            let platforms = platforms.map(|root| (&image.file, Some(root.target), &root.sbom));
            std::iter::once((&image.file, None, &image.sbom)).chain(platforms)
        });
        let packed = archives.chain(sources).chain(sets);
        let all = packed.chain(charts).chain(distributions).chain(images);
        all.filter_map(|(artifact, target, sbom)| {
            let sbom = sbom.as_ref()?;
            Some(Listed { artifact, target, sbom })
        })
    }
}
