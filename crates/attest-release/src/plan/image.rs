use std::collections::{BTreeMap, BTreeSet};

use attest_archive::image::{Annotations, Platform, Settings, Tag, Word};

use super::{Draft, PlannedArchive, PlannedSbom, Publication, file_name};
use crate::config::{Binary, Image, ImageBase};
use crate::{Error, FileName, Os, Target};

/// Where the binaries of an image lie in it.
const BINARIES: &str = "usr/local/bin";

/// One image layout, packed into an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PlannedImage {
    /// Its name, with extension.
    pub file: FileName,
    /// The platforms with the binaries of each, by their names in the archive of the target.
    pub platforms: BTreeMap<Platform, PlannedRoot>,
    /// What has an image of the same platform that lies below.
    pub base: Option<ImageBase>,
    /// What the base is called.
    pub base_name: Option<Word>,
    /// How containers are started.
    pub settings: Settings,
    /// Said of every manifest, and of the index.
    pub annotations: Annotations,
    /// The names of the image in the layout, and in a registry.
    pub tags: BTreeSet<Tag>,
    /// The list of its contents; with several platforms, one that links to theirs.
    pub sbom: Option<PlannedSbom>,
    /// A bundle of its own.
    pub bundle: Option<FileName>,
    /// Where it is published.
    pub publication: Option<Publication>,
}

/// What an image holds on one platform.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PlannedRoot {
    /// The target that the binaries are built for.
    pub target: Target,
    /// Where each lies in the image, by its name.
    pub binaries: BTreeMap<FileName, String>,
    /// The list of what it holds, where there are several; else that of the image is.
    pub sbom: Option<PlannedSbom>,
}

impl PlannedImage {
    /// The repository that it goes to, as `oci://HOST/NAME`, rehearsed or not.
    #[must_use]
    pub fn repository(&self) -> Option<&str> {
        let publication = self.publication.as_ref()?;
        Some(&publication.repository)
    }
}

impl Draft<'_> {
    pub(super) fn images(&self, archives: &[PlannedArchive]) -> Result<Vec<PlannedImage>, Error> {
        let images = self.config.images.iter();
        images.map(|image| self.image(image, archives)).collect()
    }

    fn image(&self, image: &Image, archives: &[PlannedArchive]) -> Result<PlannedImage, Error> {
        let values = self.values(None);
        let file = file_name(&image.name, &values, "tar")?;
        let wanted = self.wanted(image);
        let linux = archives.iter().filter(|archive| archive.target.os() == Os::Linux);
        let mut platforms = BTreeMap::new();
        for archive in linux {
            if let Some(root) = root(&wanted, archive) {
                let platform = archive.target.to_string().parse();
                platforms.insert(platform.expect("a target is written as a platform is"), root);
            }
        }
        if platforms.is_empty() {
            let file = file.to_string();
            return Err(Error::NothingForImage { file });
        }
        if platforms.len() > 1 {
            for (platform, root) in &mut platforms {
                root.sbom = self.platform_sbom(&file, platform)?;
            }
        }
        let tags = image.tags.iter().map(|tag| self.tag(&tag.render(&values)));
        let tags: BTreeSet<Tag> = tags.collect::<Result<_, _>>()?;
        Ok(PlannedImage {
            publication: image
                .publish
                .as_ref()
                .map(|place| Publication::new(place.render(&values), tags.iter().map(ToString::to_string))),
            base: image.base.clone(),
            base_name: image.base_name.clone(),
            settings: self.settings(image, &platforms),
            annotations: self.said(&image.annotations),
            tags,
            sbom: self.sbom(&file)?,
            bundle: self.own_bundle(&file)?,
            platforms,
            file,
        })
    }

    /// Those that were named, else all that are built for any Linux.
    fn wanted<'a>(&'a self, image: &'a Image) -> BTreeSet<&'a str> {
        if let Some(names) = &image.binaries {
            return names.iter().map(String::as_str).collect();
        }
        let for_linux = |binary: &&Binary| binary.targets.iter().any(|target| target.os() == Os::Linux);
        let binaries = self.config.binaries.iter().filter(for_linux);
        binaries.map(|binary| binary.name.as_str()).collect()
    }

    fn tag(&self, text: &str) -> Result<Tag, Error> {
        text.parse().map_err(|_| Error::UnusableTag { tag: text.to_owned() })
    }

    fn settings(&self, image: &Image, platforms: &BTreeMap<Platform, PlannedRoot>) -> Settings {
        let mut places = platforms.values().flat_map(|root| root.binaries.values());
        let first = places.next();
        let only = first.filter(|first| places.all(|place| place == *first));
        Settings {
            entrypoint: match &image.settings.entrypoint {
                Some(entrypoint) => Some(entrypoint.clone()),
                None => only.map(|place| vec![format!("/{place}")]),
            },
            labels: self.said(&image.settings.labels),
            ..image.settings.clone()
        }
    }

    /// What the project says of itself under OCI's own keys, and what is said beside it, which holds where both speak.
    fn said(&self, beside: &BTreeMap<String, String>) -> Annotations {
        let project = &self.config.project;
        let own = [
            ("title", Some(self.name.to_string())),
            ("version", Some(self.version.to_string())),
            ("revision", self.facts.commit.clone()),
            ("description", project.description.clone()),
            ("licenses", project.license.clone()),
            ("source", project.repository.clone()),
        ];
        let own = own
            .into_iter()
            .filter_map(|(key, value)| Some((format!("org.opencontainers.image.{key}"), value?)));
        let beside = beside.iter().map(|(key, value)| (key.clone(), value.clone()));
        own.chain(beside).collect()
    }
}

/// None when the target lacks a binary of the image: half of it would be another image.
fn root(wanted: &BTreeSet<&str>, archive: &PlannedArchive) -> Option<PlannedRoot> {
    let binaries = archive.binaries.iter();
    let binaries = binaries.filter(|binary| wanted.contains(binary.file.as_str()));
    let binaries: BTreeMap<FileName, String> = binaries
        .map(|binary| (binary.file.clone(), format!("{BINARIES}/{}", binary.file)))
        .collect();
    let is_whole = binaries.len() == wanted.len() && !binaries.is_empty();
    is_whole.then_some(PlannedRoot {
        target: archive.target,
        binaries,
        sbom: None,
    })
}
