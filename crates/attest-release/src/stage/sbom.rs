//! What is in a file of the release, as a list of its own, and the statement that binds the two.

use std::io;
use std::path::Path;

use attest_archive::image::Platform;
use attest_digest::Digest;
use attest_sbom::oci::Images;
use attest_sbom::tree::{Archive, Directory};
use attest_sbom::{About, Bom, Inventory, Metadata, Options, Root, Timestamp, files, oci, too_large_for};
use attestation::{Payload, Predicate, Statement, Subject};
use serde::Serialize;
use serde_json::{Map, Value};

use super::contents::found;
use super::{StageError, Staging};
use crate::FileName;
use crate::plan::{FileKind, Plan, PlannedImage, PlannedRoot, PlannedSbom, SBOM};

/// What is said of every list of a release.
#[derive(Debug, Clone)]
pub(super) struct Product {
    pub(super) name: String,
    pub(super) version: String,
    pub(super) about: About,
    pub(super) said_of_lists: crate::config::Sbom,
}

impl Product {
    pub(super) fn of(plan: &Plan) -> Self {
        Self {
            name: plan.name.to_string(),
            version: plan.version.to_string(),
            about: plan.about.clone(),
            said_of_lists: plan.said_of_lists.clone(),
        }
    }

    pub(super) fn metadata(&self, source_date: u64) -> Result<Metadata, attest_sbom::Error> {
        let timestamp = i64::try_from(source_date).ok().map(Timestamp::from_unix_seconds);
        Ok(Metadata {
            timestamp: timestamp.transpose()?,
            about: About {
                project: Some(self.name.clone()),
                ..self.about.clone()
            },
            ..self.said_of_lists.metadata()
        })
    }

    pub(super) fn root(&self) -> Root {
        Root {
            name: Some(self.name.clone()),
            version: Some(self.version.clone()),
            ..Root::default()
        }
    }

    /// What a manifest describes: the release has the version of a package whose manifest says none.
    pub(super) fn root_of_manifest(&self) -> Root {
        Root {
            otherwise: Some(self.version.clone()),
            ..Root::default()
        }
    }

    /// A list of files of which nothing else is known.
    pub(super) fn list_of_files(
        &self,
        files: &[attest_sbom::File],
        metadata: &Metadata,
    ) -> Result<Bom, attest_sbom::Error> {
        let product = files::Product {
            name: self.name.clone(),
            version: Some(self.version.clone()),
        };
        files::document(&product, files, metadata)
    }
}

impl Staging {
    /// Lists what is in a file that was packed: what its manifests and programs tell, else its digest alone.
    pub(super) fn list(&mut self, artifact: &FileName, sbom: Option<&PlannedSbom>) -> Result<(), StageError> {
        self.list_in(artifact, sbom, None)
    }

    /// The same, of an image that goes to a repository.
    fn list_in(
        &mut self,
        artifact: &FileName,
        sbom: Option<&PlannedSbom>,
        repository: Option<&str>,
    ) -> Result<(), StageError> {
        let Some(sbom) = sbom else { return Ok(()) };
        let scratch = self.scratch()?;
        let inside = inside(&self.path_of(artifact), repository, scratch.path());
        let inventory = inside.map_err(StageError::io(format!("read `{artifact}`")))?;
        let metadata = self.product.metadata(self.settings.source_date.seconds());
        let metadata = metadata.map_err(problem(artifact))?;
        let files = [self.as_listed(artifact)?];
        let document = match inventory {
            Some(inventory) if inventory.has_root() => inventory.document_of(&Root::default(), &files, &metadata),
            Some(inventory) => inventory.document_of(&self.product.root(), &files, &metadata),
            None => self.product.list_of_files(&files, &metadata),
        };
        self.write_list(&sbom.file, &document.map_err(problem(artifact))?)
    }

    /// Lists what is in an image: one document for each of several platforms, and one that links them.
    pub(super) fn list_image(&mut self, image: &PlannedImage, top: &Digest) -> Result<(), StageError> {
        let (true, Some(whole)) = (image.platforms.values().any(|root| root.sbom.is_some()), &image.sbom) else {
            return self.list_in(&image.file, image.sbom.as_ref(), image.repository());
        };
        let metadata = self.product.metadata(self.settings.source_date.seconds());
        let metadata = metadata.map_err(problem(&image.file))?;
        let scratch = self.scratch()?;
        let reading = || StageError::io(format!("read `{}`", image.file));
        let archive = Archive::open(&self.path_of(&image.file), &Options::default(), scratch.path());
        let archive = archive.map_err(reading())?.ok_or(io::ErrorKind::InvalidData.into());
        let archive = archive.map_err(reading())?;
        let images = images(&archive, image.repository());
        let mut lists = Vec::new();
        for found in &images.platforms {
            let Some(sbom) = planned(image, found) else { continue };
            let mut inventory = found.scan(&archive, &Options::default(), scratch.path());
            images.gaps.iter().for_each(|gap| inventory.gap(gap.clone()));
            let document = inventory.document(&Root::default(), &metadata);
            lists.push((found, sbom, document.map_err(problem(&image.file))?));
        }
        let linked: Vec<_> = lists.iter().map(|(found, _, bom)| (*found, bom)).collect();
        let root = Root {
            version: Some(top.to_string()),
            ..Root::default()
        };
        self.write_list(&whole.file, &oci::index(&images, &linked, &root, &metadata))?;
        for (found, sbom, bom) in lists {
            self.write_list(&sbom.file, &bom)?;
            self.manifests.insert(sbom.file.clone(), found.digest().clone());
        }
        Ok(())
    }

    /// Writes a list, and notes what it cannot say.
    pub(super) fn write_list(&mut self, file: &FileName, list: &Bom) -> Result<(), StageError> {
        let gaps = list.gaps().iter().map(|gap| (file.clone(), gap.clone()));
        self.gaps.extend(gaps);
        let bytes = list.to_json();
        if let Some(place) = too_large_for(bytes.len()) {
            self.large.push((file.clone(), bytes.len(), place));
        }
        self.write(file, FileKind::Sbom, &bytes)
    }

    /// A file of the release, as lists name it.
    pub(super) fn as_listed(&self, file: &FileName) -> Result<attest_sbom::File, StageError> {
        let staged = self.files.get(file).expect("what was packed is recorded");
        attest_sbom::File::new(file.as_str(), staged.measured.clone()).map_err(problem(file))
    }

    /// Says of every file that has a list what is in it, in the words of the list; of an image for several platforms, also what is in
    /// the image of each.
    pub(super) fn contents(&self, plan: &Plan) -> Result<Vec<(FileName, Payload)>, StageError> {
        let mut statements = Vec::new();
        for list in plan.lists() {
            let (Some(bundle), Some(staged)) = (&list.sbom.bundle, self.files.get(list.artifact)) else {
                continue;
            };
            let reading = || format!("read `{}`", list.sbom.file);
            let bytes = std::fs::read(self.path_of(&list.sbom.file)).map_err(StageError::io(reading()))?;
            let contents = serde_json::from_slice(&bytes)
                .map_err(io::Error::from)
                .map_err(StageError::io(reading()))?;
            let subject = match self.manifests.get(&list.sbom.file) {
                Some(manifest) => of_platform(&list.sbom.file, manifest),
                None => Subject::measured(list.artifact.as_str(), &staged.measured),
            };
            let statement = Statement::new(vec![subject], Contents(contents));
            let statement = statement.map_err(|problem| StageError::Statement { problem })?;
            statements.push((bundle.clone(), statement.to_payload()));
        }
        Ok(statements)
    }
}

/// A manifest inside of a file, by the name that its list has before the ending.
fn of_platform(list: &FileName, manifest: &Digest) -> Subject {
    let stem = list.as_str().strip_suffix(SBOM).unwrap_or(list.as_str());
    let name = stem.trim_end_matches('.').to_owned();
    Subject::claimed(Some(name), [manifest.clone()]).expect("there is a digest")
}

pub(super) fn problem(file: &FileName) -> impl Fn(attest_sbom::Error) -> StageError {
    move |problem| StageError::Sbom {
        file: file.clone(),
        problem,
    }
}

/// The list that is planned for an image that was found.
fn planned<'a>(image: &'a PlannedImage, found: &oci::PlatformImage) -> Option<&'a PlannedSbom> {
    let platform: Platform = found.platform().parse().ok()?;
    let mut platforms = image.platforms.iter();
    let (_, root): (_, &PlannedRoot) = platforms.find(|(own, _)| own.is_same_as(&platform))?;
    root.sbom.as_ref()
}

/// What is in a file: one that readers know as it is, an image, or another archive.
pub(super) fn inside(path: &Path, repository: Option<&str>, scratch: &Path) -> io::Result<Option<Inventory>> {
    let options = Options::default();
    let alone = found(&Directory::of_file(path, &options)?, &options);
    if !alone.is_empty() {
        return Ok(Some(alone));
    }
    let Some(archive) = Archive::open(path, &options, scratch)? else {
        return Ok(None);
    };
    let mut image = Inventory::default();
    for platform in &images(&archive, repository).platforms {
        image.absorb(platform.scan(&archive, &options, scratch));
    }
    if image.is_empty() {
        image = found(&archive, &options);
    }
    Ok(Some(image).filter(|inventory| !inventory.is_empty()))
}

/// The images of an archive, called after the repository that they go to.
fn images(archive: &Archive, repository: Option<&str>) -> Images {
    let found = oci::images(archive);
    match repository {
        Some(repository) => found.in_repository(repository),
        None => found,
    }
}

/// A CycloneDX document about a subject.
#[derive(Debug, Serialize)]
#[serde(transparent)]
struct Contents(Map<String, Value>);

impl Predicate for Contents {
    const TYPE: &'static str = "https://cyclonedx.org/bom";
}
