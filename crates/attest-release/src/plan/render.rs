//! A plan as a table for people, and as JSON for programs.

use std::fmt::{self, Write as _};

use serde_json::{Value, json};

use super::sbom::Listed;
use super::{
    Plan, PlannedArchive, PlannedChart, PlannedContents, PlannedDistribution, PlannedFileSet, PlannedImage,
    PlannedSource, Published,
};
use crate::config::ArchiveFormat;
use crate::git::SourceProfile;
use crate::{FileName, Target};

/// The `schema` of [`Plan::to_json`].
pub const PLAN_SCHEMA: &str = "https://attest.dev/schema/plan/v1";

/// What kind of file it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum FileKind {
    /// Binaries for one target.
    Archive,
    /// Committed files.
    Source,
    /// Other files.
    Files,
    /// A Helm chart.
    Chart,
    /// A built distribution of Python.
    Wheel,
    /// A source distribution of Python.
    Sdist,
    /// An image layout.
    Image,
    /// The signature of a chart that Helm verifies.
    Signature,
    /// A list of contents.
    Sbom,
    /// Digests of the other files.
    Checksums,
    /// How it was made, unsigned.
    Provenance,
    /// Who vouches for it.
    Bundle,
}

impl FileKind {
    /// What a file that can be installed with pip is, by its name.
    pub(crate) fn of_distribution(file: &FileName) -> Self {
        match file.as_str().ends_with(".whl") {
            true => Self::Wheel,
            false => Self::Sdist,
        }
    }

    /// Whether it says something about the other files, and is nothing without them.
    pub(super) const fn is_about_others(self) -> bool {
        matches!(self, Self::Sbom | Self::Checksums | Self::Provenance | Self::Bundle)
    }

    /// In one word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Archive => "archive",
            Self::Source => "source",
            Self::Files => "files",
            Self::Chart => "chart",
            Self::Wheel => "wheel",
            Self::Sdist => "sdist",
            Self::Image => "image",
            Self::Signature => "signature",
            Self::Sbom => "sbom",
            Self::Checksums => "checksums",
            Self::Provenance => "provenance",
            Self::Bundle => "bundle",
        }
    }
}

/// One file of the release.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PlannedFile<'a> {
    /// Its name.
    pub name: &'a FileName,
    /// What kind of file it is.
    pub kind: FileKind,
    /// What it is for, if it is for one target.
    pub target: Option<Target>,
    /// The format, if it is an archive.
    pub format: Option<ArchiveFormat>,
    /// What it is made from, for people.
    pub inputs: Vec<String>,
}

impl Plan {
    /// Every file of the release, in the order in which they can be made.
    #[must_use]
    pub fn files(&self) -> Vec<PlannedFile<'_>> {
        let mut files: Vec<_> = self.archives.iter().map(archive).collect();
        files.extend(self.sources.iter().map(|source| PlannedFile {
            format: Some(source.format),
            ..file(&source.file, FileKind::Source, self.source_inputs(source))
        }));
        files.extend(self.file_sets.iter().map(file_set));
        files.extend(self.charts.iter().map(chart));
        files.extend(self.charts.iter().filter_map(signature));
        files.extend(self.distributions.iter().map(distribution));
        files.extend(self.images.iter().map(image));
        files.extend(self.lists().map(sbom));
        let packed: Vec<String> = files.iter().map(|file| file.name.to_string()).collect();
        let checksums = self.checksums.iter();
        files.extend(checksums.map(|checksums| file(&checksums.file, FileKind::Checksums, packed.clone())));
        let all: Vec<String> = files.iter().map(|file| file.name.to_string()).collect();
        let statement = self.provenance.iter().map(|name| (name, FileKind::Provenance));
        let bundle = self.bundle.iter().map(|name| (name, FileKind::Bundle));
        files.extend(
            statement
                .chain(bundle)
                .map(|(name, kind)| file(name, kind, all.clone())),
        );
        files.extend(self.bundles());
        files
    }

    /// The bundles that are about one file each.
    fn bundles(&self) -> impl Iterator<Item = PlannedFile<'_>> {
        let sources = self.sources.iter().map(|source| (&source.bundle, &source.file));
        let sets = self.file_sets.iter().map(|set| (&set.bundle, &set.file));
        let charts = self.charts.iter().map(|chart| (&chart.bundle, &chart.file));
        let distributions = self.distributions.iter().map(|found| (&found.bundle, &found.file));
        let images = self.images.iter().map(|image| (&image.bundle, &image.file));
        let own = self
            .archives
            .iter()
            .map(|archive| (&archive.bundle, &archive.file))
            .chain(sources)
            .chain(sets)
            .chain(charts)
            .chain(distributions)
            .chain(images);
        let of_lists = self.lists().map(|list| (&list.sbom.bundle, list.artifact));
        let own = own
            .chain(of_lists)
            .filter_map(|(bundle, of)| Some((bundle.as_ref()?, of)));
        own.map(|(bundle, of)| file(bundle, FileKind::Bundle, vec![of.to_string()]))
    }

    /// The plan as one JSON document.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let files: Vec<Value> = self.files().iter().map(file_to_json).collect();
        let skipped = self.skipped.iter();
        let skipped: Vec<Value> = skipped
            .map(|skipped| json!({ "target": skipped.target.to_string(), "reason": skipped.reason }))
            .collect();
        json!({
            "schema": PLAN_SCHEMA,
            "name": self.name.as_str(),
            "version": self.version.as_str(),
            "commit": self.commit,
            "dirty": self.dirty,
            "files": files,
            "skipped": skipped,
            "publish": self.published().map(publication_to_json).collect::<Vec<_>>(),
        })
    }

    /// The commit, and what is done to it that is not done everywhere.
    fn source_inputs(&self, source: &PlannedSource) -> Vec<String> {
        let rules = source.rules;
        let defaults = SourceProfile::Attest.rules();
        let others = [
            (rules.profile != defaults.profile).then(|| format!("profile {}", rules.profile.name())),
            (rules.submodules != defaults.submodules).then(|| format!("submodules {}", rules.submodules.name())),
            (rules.pointers != defaults.pointers).then(|| format!("lfs {}", rules.pointers.name())),
        ];
        std::iter::once(self.commit_name())
            .chain(others.into_iter().flatten())
            .collect()
    }

    fn commit_name(&self) -> String {
        format!("commit {}", self.commit.as_deref().map_or("unknown", short))
    }
}

/// The plan as a table.
impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dirty = if self.dirty {
            ", with changes that are not committed"
        } else {
            ""
        };
        writeln!(f, "{} {}, {}{dirty}\n", self.name, self.version, self.commit_name())?;
        let rows: Vec<[String; 4]> = self.files().iter().map(row).collect();
        let head = ["FILE", "KIND", "TARGET", "FROM"].map(str::to_owned);
        f.write_str(&table(&head, &rows))?;
        if !self.skipped.is_empty() {
            writeln!(f, "\nleft out:")?;
        }
        for skipped in &self.skipped {
            writeln!(f, "  {}: {}", skipped.target, skipped.reason)?;
        }
        let mut published = self.published().peekable();
        match published.peek() {
            None => {}
            Some(first) if first.publication.rehearsed_as.is_some() => {
                writeln!(
                    f,
                    "\npublished in the registry of the rehearsal, at a port that is free then:"
                )?;
            }
            Some(_) => writeln!(f, "\npublished with --publish:")?,
        }
        for Published { file, publication, .. } in published {
            writeln!(f, "  {file}: {}:{}", publication.place(), publication.tags.join(", "))?;
        }
        Ok(())
    }
}

fn file(name: &FileName, kind: FileKind, inputs: Vec<String>) -> PlannedFile<'_> {
    PlannedFile {
        name,
        kind,
        target: None,
        format: None,
        inputs,
    }
}

fn archive(archive: &PlannedArchive) -> PlannedFile<'_> {
    let binaries = archive.binaries.iter();
    let binaries = binaries.map(|binary| format!("{} ({})", binary.file, binary.steps.describe()));
    PlannedFile {
        target: Some(archive.target),
        format: Some(archive.format),
        ..file(
            &archive.file,
            FileKind::Archive,
            binaries.chain(archive.files.iter().cloned()).collect(),
        )
    }
}

fn file_set(set: &PlannedFileSet) -> PlannedFile<'_> {
    let inputs = match &set.contents {
        PlannedContents::Directory(path) => vec![format!("{path}/")],
        PlannedContents::Files(files) => files.clone(),
    };
    PlannedFile {
        format: Some(set.format),
        ..file(&set.file, FileKind::Files, inputs)
    }
}

fn chart(chart: &PlannedChart) -> PlannedFile<'_> {
    PlannedFile {
        format: Some(ArchiveFormat::TarGz),
        ..file(&chart.file, FileKind::Chart, vec![format!("{}/", chart.directory)])
    }
}

fn distribution(distribution: &PlannedDistribution) -> PlannedFile<'_> {
    let kind = FileKind::of_distribution(&distribution.file);
    file(&distribution.file, kind, vec![distribution.path.to_string()])
}

fn image(image: &PlannedImage) -> PlannedFile<'_> {
    let roots = image.platforms.iter().map(|(platform, root)| {
        let binaries: Vec<&str> = root.binaries.keys().map(FileName::as_str).collect();
        format!("{platform} ({})", binaries.join(", "))
    });
    let base = image.base.iter().map(|base| format!("base {base}"));
    file(&image.file, FileKind::Image, roots.chain(base).collect())
}

fn signature(chart: &PlannedChart) -> Option<PlannedFile<'_>> {
    let signature = chart.signature.as_ref()?;
    let inputs = vec![chart.file.to_string()];
    Some(file(&signature.file, FileKind::Signature, inputs))
}

fn sbom(list: Listed<'_>) -> PlannedFile<'_> {
    PlannedFile {
        target: list.target,
        ..file(&list.sbom.file, FileKind::Sbom, vec![list.artifact.to_string()])
    }
}

fn file_to_json(file: &PlannedFile<'_>) -> Value {
    json!({
        "name": file.name.as_str(),
        "kind": file.kind.name(),
        "target": file.target.map(|target| target.to_string()),
        "format": file.format.map(ArchiveFormat::extension),
        "inputs": file.inputs,
    })
}

fn publication_to_json(published: Published<'_>) -> Value {
    json!({
        "file": published.file.as_str(),
        "repository": published.publication.place(),
        "tags": published.publication.tags,
    })
}

fn row(file: &PlannedFile<'_>) -> [String; 4] {
    // A long list of file names says less than its length.
    let from = match (file.kind, file.inputs.len()) {
        (FileKind::Archive | FileKind::Source | FileKind::Image, _) | (_, 0 | 1) => file.inputs.join(", "),
        (_, count) => format!("{count} files"),
    };
    let target = file.target.map_or_else(|| "-".to_owned(), |target| target.to_string());
    [file.name.to_string(), file.kind.name().to_owned(), target, from]
}

fn table(head: &[String; 4], rows: &[[String; 4]]) -> String {
    let width = |column: usize| {
        let cells = std::iter::once(head).chain(rows).map(|row| row[column].chars().count());
        cells.max().unwrap_or_default()
    };
    let widths = [width(0), width(1), width(2)];
    let mut text = String::new();
    for row in std::iter::once(head).chain(rows) {
        for (cell, width) in row.iter().zip(widths) {
            let _ = write!(text, "{cell:width$}  ");
        }
        text.push_str(&row[3]);
        text.truncate(text.trim_end().len());
        text.push('\n');
    }
    text
}

/// Twelve digits tell commits apart for the eye; JSON has all of them.
fn short(commit: &str) -> &str {
    commit.get(..12).unwrap_or(commit)
}
