//! A [`Config`] and [`Facts`] in, a [`Plan`] out: every file of the release by name, and what is left out and why.

mod chart;
mod facts;
mod file_set;
mod image;
mod name;
mod publication;
mod python;
mod render;
mod sbom;
mod steps;

use std::collections::BTreeMap;

use attest_digest::Algorithm;
use attest_sbom::{About, Exclusion};

pub use chart::{PlannedChart, PlannedSignature};
pub use facts::{ChartFacts, Facts, MAX_MATCHES};
pub use file_set::{PlannedContents, PlannedFileSet};
pub use image::{PlannedImage, PlannedRoot};
pub use publication::{Publication, Published};
pub use python::PlannedDistribution;
pub use render::{FileKind, PLAN_SCHEMA, PlannedFile};
pub use sbom::PlannedSbom;
pub use steps::{PlannedBinary, PlannedSteps};

use crate::config::{ArchiveFormat, Config, Pattern, Sbom, Sign, checksums_file_name};
use crate::error::same_name;
use crate::git::SourceRules;
use crate::template::{Template, Values};
use crate::{Error, FileName, Target, Version};

/// Everything that a release will consist of. Made without touching a file.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Plan {
    /// The project.
    pub name: FileName,
    /// The version.
    pub version: Version,
    /// What the configuration says of the project, for the lists of contents.
    pub about: About,
    /// What it says of the lists of contents themselves.
    pub said_of_lists: Sbom,
    /// The commit that is released, in hexadecimal.
    pub commit: Option<String>,
    /// Whether there are changes that are not committed, which binaries would contain.
    pub dirty: bool,
    /// One archive for each target, in the order of the configuration.
    pub archives: Vec<PlannedArchive>,
    /// The source archives.
    pub sources: Vec<PlannedSource>,
    /// The archives of other files.
    pub file_sets: Vec<PlannedFileSet>,
    /// The Helm charts.
    pub charts: Vec<PlannedChart>,
    /// The wheels and sdists.
    pub distributions: Vec<PlannedDistribution>,
    /// The images.
    pub images: Vec<PlannedImage>,
    /// The files of digests, over archives, sources, other files and SBOMs.
    pub checksums: Vec<PlannedChecksums>,
    /// The unsigned provenance statement; only when nothing is signed.
    pub provenance: Option<FileName>,
    /// The bundle over everything; none when nothing is signed.
    pub bundle: Option<FileName>,
    /// The targets that are left out.
    pub skipped: Vec<Skipped>,
}

/// One archive of binaries.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PlannedArchive {
    /// Its name, with extension.
    pub file: FileName,
    /// For what.
    pub target: Target,
    /// The Rust triple, where there is one.
    pub triple: Option<String>,
    /// Its format.
    pub format: ArchiveFormat,
    /// The directory inside that everything lies in; none when it lies at the top.
    pub root: Option<FileName>,
    /// The binaries, at least one.
    pub binaries: Vec<PlannedBinary>,
    /// The other files, as paths inside the project; they keep these paths in the archive.
    pub files: Vec<String>,
    /// The list of its contents.
    pub sbom: Option<PlannedSbom>,
    /// A bundle of its own.
    pub bundle: Option<FileName>,
}

/// One archive of sources.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PlannedSource {
    /// Its name, with extension.
    pub file: FileName,
    /// Its format.
    pub format: ArchiveFormat,
    /// The directory inside that everything lies in.
    pub root: FileName,
    /// How the commit becomes an archive.
    pub rules: SourceRules,
    /// What its list leaves out, by paths inside the project.
    pub excluded: Vec<Exclusion>,
    /// The list of its contents.
    pub sbom: Option<PlannedSbom>,
    /// A bundle of its own.
    pub bundle: Option<FileName>,
}

/// One file of digests.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PlannedChecksums {
    /// Its name.
    pub file: FileName,
    /// The algorithm.
    pub algorithm: Algorithm,
}

/// A target that is left out.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Skipped {
    /// Which one.
    pub target: Target,
    /// Why.
    pub reason: String,
}

impl Plan {
    /// Plans the release that `config` describes, in a directory that is as `facts` say.
    ///
    /// # Errors
    /// When name or version cannot be found, a target cannot be built and may not be skipped, a file that is asked for is
    /// missing, nothing would be released, or two files would share a name.
    pub fn new(config: &Config, facts: &Facts) -> Result<Self, Error> {
        let name = name::name(config, facts)?;
        let version = name::version(config, facts, &name)?;
        let draft = Draft {
            config,
            facts,
            name: &name,
            version: &version,
        };
        let (archives, skipped) = draft.archives()?;
        let plan = Self {
            images: draft.images(&archives)?,
            archives,
            skipped,
            sources: draft.sources()?,
            file_sets: draft.file_sets()?,
            charts: draft.charts()?,
            distributions: draft.distributions()?,
            checksums: draft.checksums()?,
            provenance: draft.unsigned_provenance()?,
            bundle: draft.bundle()?,
            about: draft.about(),
            said_of_lists: config.sbom.clone().unwrap_or_default(),
            commit: facts.commit.clone(),
            dirty: facts.dirty,
            name: name.clone(),
            version: version.clone(),
        };
        plan.has_something_to_release()?;
        plan.names_differ()?;
        plan.outputs_differ()?;
        plan.publications_differ()?;
        Ok(plan)
    }

    fn has_something_to_release(&self) -> Result<(), Error> {
        match self.files().iter().all(|file| file.kind.is_about_others()) {
            true => Err(Error::NothingToRelease),
            false => Ok(()),
        }
    }

    /// What one command left, or what it left for one target, must not be taken for what another one makes.
    fn outputs_differ(&self) -> Result<(), Error> {
        let mut seen = BTreeMap::new();
        for archive in &self.archives {
            for binary in &archive.binaries {
                let PlannedSteps::Command { output, .. } = &binary.steps else {
                    continue;
                };
                if let Some(first) = seen.insert(output, archive.target) {
                    return Err(Error::SameOutput {
                        path: output.to_string(),
                        first,
                        second: archive.target,
                    });
                }
            }
        }
        Ok(())
    }

    fn names_differ(&self) -> Result<(), Error> {
        let mut seen: BTreeMap<String, &FileName> = BTreeMap::new();
        for file in self.files() {
            if let Some(first) = seen.insert(file.name.case_folded(), file.name) {
                return Err(same_name(first, file.name));
            }
        }
        Ok(())
    }
}

/// What a bundle's name ends in, as other Sigstore clients expect.
const BUNDLE: &str = "sigstore.json";
/// What an SBOM's name ends in.
pub(crate) const SBOM: &str = "cdx.json";

struct Draft<'a> {
    config: &'a Config,
    facts: &'a Facts,
    name: &'a FileName,
    version: &'a Version,
}

impl Draft<'_> {
    fn archives(&self) -> Result<(Vec<PlannedArchive>, Vec<Skipped>), Error> {
        let (mut archives, mut skipped) = (Vec::new(), Vec::new());
        if self.config.binaries.is_empty() {
            return Ok((archives, skipped));
        }
        let files = self.archive_files()?;
        for target in self.config.build.targets.iter().copied() {
            match self.reason_to_skip(target)? {
                Some(reason) => skipped.push(Skipped { target, reason }),
                None => archives.push(self.archive(target, &files)?),
            }
        }
        Ok((archives, skipped))
    }

    fn reason_to_skip(&self, target: Target) -> Result<Option<String>, Error> {
        if !self
            .config
            .binaries
            .iter()
            .any(|binary| binary.targets.contains(&target))
        {
            return Ok(Some("no binary is built for it".to_owned()));
        }
        match self.facts.unavailable.get(&target) {
            Some(reason) if self.config.build.skip_unavailable => Ok(Some(reason.clone())),
            Some(reason) => Err(Error::Unavailable {
                target,
                reason: reason.clone(),
            }),
            None => Ok(None),
        }
    }

    fn archive(&self, target: Target, files: &[String]) -> Result<PlannedArchive, Error> {
        let values = self.values(Some(target));
        let format = self.config.archive.format_for(target);
        let template = &self.config.archive.name;
        let file = file_name(template, &values, format.extension())?;
        let binaries = self
            .config
            .binaries
            .iter()
            .filter(|binary| binary.targets.contains(&target));
        Ok(PlannedArchive {
            target,
            triple: self.config.build.triple(target).map(str::to_owned),
            format,
            root: match self.config.archive.wrap {
                true => Some(bare_name(template, &values)?),
                false => None,
            },
            binaries: binaries
                .map(|binary| steps::planned(binary, &values, self.facts))
                .collect::<Result<_, _>>()?,
            files: files.to_vec(),
            sbom: self.sbom(&bare_name(template, &values)?)?,
            bundle: self.own_bundle(&file)?,
            file,
        })
    }

    /// The files beside the binaries, sorted, each once.
    fn archive_files(&self) -> Result<Vec<String>, Error> {
        self.matching(&self.config.archive.files)
    }

    fn matching(&self, patterns: &[Pattern]) -> Result<Vec<String>, Error> {
        for pattern in patterns.iter().filter(|pattern| pattern.is_required()) {
            if !self.facts.files.iter().any(|file| pattern.matches(file)) {
                return Err(Error::NoMatch {
                    pattern: pattern.as_str().to_owned(),
                });
            }
        }
        let wanted = |file: &&String| patterns.iter().any(|pattern| pattern.matches(file));
        Ok(self.facts.files.iter().filter(wanted).cloned().collect())
    }

    fn sources(&self) -> Result<Vec<PlannedSource>, Error> {
        let Some(source) = &self.config.source else {
            return Ok(Vec::new());
        };
        if self.facts.commit.is_none() {
            return Err(Error::NoCommit);
        }
        let values = self.values(None);
        let planned = source.formats.iter().map(|format| {
            let file = file_name(&source.name, &values, format.extension())?;
            Ok(PlannedSource {
                format: *format,
                root: bare_name(&source.name, &values)?,
                rules: source.rules,
                excluded: self.config.sbom.iter().flat_map(|sbom| sbom.exclude.clone()).collect(),
                sbom: self.sbom(&file)?,
                bundle: self.own_bundle(&file)?,
                file,
            })
        });
        planned.collect()
    }

    fn checksums(&self) -> Result<Vec<PlannedChecksums>, Error> {
        let algorithms = self
            .config
            .checksums
            .iter()
            .flat_map(|checksums| checksums.algorithms.iter());
        let planned = algorithms.map(|algorithm| {
            let name = checksums_file_name(algorithm);
            let file = FileName::new(name.clone()).map_err(|problem| Error::from((name.as_str(), problem)))?;
            Ok(PlannedChecksums { file, algorithm })
        });
        planned.collect()
    }

    fn unsigned_provenance(&self) -> Result<Option<FileName>, Error> {
        match &self.config.sign {
            None => self.release_file(&self.config.provenance.name, "json").map(Some),
            Some(_) => Ok(None),
        }
    }

    fn bundle(&self) -> Result<Option<FileName>, Error> {
        let sign = self.config.sign.as_ref();
        sign.map(|sign| self.release_file(&sign.bundle, BUNDLE)).transpose()
    }

    fn about(&self) -> About {
        let project = &self.config.project;
        About {
            description: project.description.clone(),
            license: project.license.clone(),
            repository: project.repository.clone(),
            project: None,
        }
    }

    fn own_bundle(&self, file: &FileName) -> Result<Option<FileName>, Error> {
        match &self.config.sign {
            Some(Sign { per_archive: true, .. }) => {
                let name = format!("{file}.{BUNDLE}");
                let bundle = FileName::new(name.clone());
                bundle
                    .map(Some)
                    .map_err(|problem| Error::from((name.as_str(), problem)))
            }
            _ => Ok(None),
        }
    }

    fn release_file(&self, template: &Template, extension: &str) -> Result<FileName, Error> {
        file_name(template, &self.values(None), extension)
    }

    fn values(&self, target: Option<Target>) -> Values<'_> {
        Values {
            name: self.name.as_str(),
            version: self.version.as_str(),
            target: target.map(|target| (target, self.config.build.triple(target).unwrap_or_default())),
        }
    }
}

fn bare_name(template: &Template, values: &Values<'_>) -> Result<FileName, Error> {
    FileName::new(template.render(values)).map_err(|problem| Error::from((template.to_string().as_str(), problem)))
}

fn file_name(template: &Template, values: &Values<'_>, extension: &str) -> Result<FileName, Error> {
    let name = format!("{}.{extension}", bare_name(template, values)?);
    FileName::new(name).map_err(|problem| Error::from((template.to_string().as_str(), problem)))
}

#[cfg(test)]
mod tests;
