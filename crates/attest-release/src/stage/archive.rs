use std::path::{Path, PathBuf};

use attest_archive::{Content, Format, Kind, Member, MemberPath, Members, Packed, Recipe, write_archive};
use attest_digest::Measured;
use attest_sbom::{Bom, File, Subject, cargo};

use super::contents::{Files, PackedFiles};
use super::sbom::Product;
use super::{StageError, Staging};
use crate::FileName;
use crate::build::{Built, CargoRecords};
use crate::config::ArchiveFormat;
use crate::plan::{FileKind, PlannedArchive, PlannedBinary, PlannedContents, PlannedFileSet, PlannedSteps};

/// The name that cargo gives its lock file, wherever the root of the workspace is.
const LOCK_FILE: &str = "Cargo.lock";

/// Why the inside of a binary is not listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unlisted {
    /// The archive that it is in.
    pub archive: FileName,
    /// The binaries, by their names in the archive.
    pub binaries: Vec<FileName>,
}

impl Staging {
    /// Packs the binaries of a target with the files beside them, and lists what is in it when that is wanted.
    ///
    /// Says which binaries are listed by their digests alone, because neither cargo nor they themselves tell what is inside.
    ///
    /// # Errors
    /// When a file cannot be read or written, or changes meanwhile.
    pub fn pack(
        &mut self,
        archive: &PlannedArchive,
        built: &Built,
        project: &Path,
    ) -> Result<Option<Unlisted>, StageError> {
        let members = members(archive, built, project).map_err(problem(&archive.file))?;
        let packed = self.write_archive(&archive.file, archive.format, members)?;
        self.record(&archive.file, FileKind::Archive, packed.measured.clone());
        self.note_inputs(archive, built, &packed)?;
        let Some(sbom) = &archive.sbom else {
            return Ok(None);
        };
        let listing = Listing {
            product: &self.product,
            archive,
            built,
            packed: &packed,
            project,
        };
        let (document, unlisted) = listing.document(self.settings.source_date.seconds())?;
        let document = document.with_archive(&self.as_listed(&archive.file)?, false);
        self.write_list(&sbom.file, &document)?;
        Ok(unlisted)
    }

    /// Packs other files of the project.
    ///
    /// # Errors
    /// When there are none, what is packed is also written to, a link leaves the archive, or a file cannot be read or written.
    pub fn pack_files(&mut self, set: &PlannedFileSet, project: &Path) -> Result<(), StageError> {
        if let PlannedContents::Directory(path) = &set.contents {
            self.output_is_outside(project, path)?;
        }
        let members = file_set_members(set, project).map_err(problem(&set.file))?;
        if members.iter().all(|member| matches!(member.kind(), Kind::Directory)) {
            let file = set.file.clone();
            return Err(StageError::NoFiles { file });
        }
        let packed = self.write_archive(&set.file, set.format, members)?;
        self.record(&set.file, FileKind::Files, packed.measured);
        self.list_packed(&PackedFiles {
            artifact: &set.file,
            sbom: set.sbom.as_ref(),
            directory: set.root.as_ref(),
            excluded: &[],
        })
    }

    /// A release must not find parts of itself, or of an earlier one, among what it packs.
    pub(super) fn output_is_outside(&self, project: &Path, directory: &str) -> Result<(), StageError> {
        let parent = match self.output.parent() {
            Some(parent) if parent != Path::new("") => parent,
            _ => Path::new("."),
        };
        let [parent, packed] = [parent, &project.join(directory)].map(Path::canonicalize);
        match (parent, packed) {
            (Ok(parent), Ok(packed)) if parent.starts_with(&packed) => Err(StageError::OutputPacked {
                output: self.output.clone(),
                directory: directory.to_owned(),
            }),
            // What is not there is told when it is read.
            _ => Ok(()),
        }
    }

    /// Remembers what was packed, not what lies there by the time somebody asks.
    fn note_inputs(&mut self, archive: &PlannedArchive, built: &Built, packed: &Packed) -> Result<(), StageError> {
        for binary in &archive.binaries {
            let PlannedSteps::Prebuilt { path } = &binary.steps else {
                continue;
            };
            let measured = binaries(archive, packed).find(|(name, _)| *name == binary.file.as_str());
            let Some((_, measured)) = measured else {
                continue;
            };
            let earlier = self.inputs.insert(path.to_string(), measured.clone());
            if earlier.is_some_and(|earlier| earlier != *measured) {
                let path = path.to_string();
                return Err(StageError::InputChanged { path });
            }
        }
        if let Some(lock) = built.records.iter().find_map(|record| record.lock.as_ref()) {
            let measured = Measured::of_bytes(lock, &self.algorithms);
            self.inputs.insert(LOCK_FILE.to_owned(), measured);
        }
        Ok(())
    }

    pub(super) fn write_archive(
        &mut self,
        file: &FileName,
        format: ArchiveFormat,
        members: Members,
    ) -> Result<Packed, StageError> {
        self.note_collisions(file, &members);
        let recipe = Recipe {
            format: archive_format(format),
            members,
            source_date: self.settings.source_date,
            threads: self.settings.threads.count(),
            algorithms: self.algorithms.clone(),
        };
        let packed = write_archive(&recipe, &self.path_of(file)).map_err(problem(file))?;
        self.compressors
            .insert(format.extension().to_owned(), packed.compressor.clone());
        Ok(packed)
    }

    pub(super) fn note_collisions(&mut self, file: &FileName, members: &Members) {
        let collisions = members.case_collisions().into_iter();
        self.collisions
            .extend(collisions.map(|collision| (file.clone(), collision)));
    }
}

pub(super) fn problem(file: &FileName) -> impl FnOnce(attest_archive::Error) -> StageError {
    let file = file.clone();
    move |problem| StageError::Archive { file, problem }
}

pub(super) fn archive_format(format: ArchiveFormat) -> Format {
    match format {
        ArchiveFormat::TarGz => Format::TarGz,
        ArchiveFormat::TarZst => Format::TarZst,
        ArchiveFormat::TarXz => Format::TarXz,
        ArchiveFormat::Zip => Format::Zip,
    }
}

fn members(archive: &PlannedArchive, built: &Built, project: &Path) -> Result<Members, attest_archive::Error> {
    let place = |name: &str| match &archive.root {
        Some(root) => format!("{root}/{name}").parse::<MemberPath>(),
        None => name.parse(),
    };
    let mut members = Vec::new();
    for (name, path) in &built.binaries {
        members.push(Member::file(place(name.as_str())?, Content::Path(path.clone()), true));
    }
    for name in &archive.files {
        members.push(project_file(place(name)?, &project.join(name)));
    }
    Members::new(members)
}

#[cfg(unix)]
fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata()
        .is_ok_and(|metadata| metadata.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_executable(_: &Path) -> bool {
    false
}

fn file_set_members(set: &PlannedFileSet, project: &Path) -> Result<Members, attest_archive::Error> {
    let root = set.root.as_ref().map(|root| root.as_str().parse::<MemberPath>());
    let root = root.transpose()?;
    let files = match &set.contents {
        PlannedContents::Directory(path) => return Members::from_directory(&project.join(path), root.as_ref()),
        PlannedContents::Files(files) => files,
    };
    let members = files.iter().map(|name| {
        let place = match &root {
            Some(root) => root.join(name)?,
            None => name.parse()?,
        };
        Ok(project_file(place, &project.join(name)))
    });
    Members::new(members.collect::<Result<Vec<_>, attest_archive::Error>>()?)
}

fn project_file(place: MemberPath, path: &Path) -> Member {
    Member::file(place, Content::Path(path.to_owned()), is_executable(path))
}

/// What is needed to list the contents of an archive.
struct Listing<'a> {
    product: &'a Product,
    archive: &'a PlannedArchive,
    built: &'a Built,
    packed: &'a Packed,
    project: &'a Path,
}

impl Listing<'_> {
    fn document(&self, source_date: u64) -> Result<(Bom, Option<Unlisted>), StageError> {
        let problem = |problem| StageError::Sbom {
            file: self.archive.file.clone(),
            problem,
        };
        let metadata = self.product.metadata(source_date).map_err(problem)?;
        let files = self.files().map_err(problem)?;
        if let Some((package, records)) = self.is_of_cargo().then(|| records(&self.built.records)).flatten() {
            let subject = Subject { package, files };
            let beside = self.beside()?.inventory();
            let bom = cargo::document_beside(&records, &subject, beside, &metadata).map_err(problem)?;
            return Ok((bom, None));
        }
        let silent = self.silent()?;
        let bom = self.everything()?.document(self.product, &silent, &files, &metadata);
        let unlisted = (!silent.is_empty()).then(|| Unlisted {
            archive: self.archive.file.clone(),
            binaries: silent,
        });
        Ok((bom.map_err(problem)?, unlisted))
    }

    /// Cargo says what it built in; one binary from elsewhere, and the binaries themselves have to tell.
    fn is_of_cargo(&self) -> bool {
        let of_cargo = |binary: &PlannedBinary| matches!(binary.steps, PlannedSteps::Cargo { .. });
        self.archive.binaries.iter().all(of_cargo)
    }

    fn everything(&self) -> Result<Files, StageError> {
        self.files_of(self.programs().chain(self.others()))
    }

    /// The files beside the programs.
    fn beside(&self) -> Result<Files, StageError> {
        self.files_of(self.others())
    }

    fn programs(&self) -> impl Iterator<Item = (String, PathBuf)> {
        let programs = self.built.binaries.iter();
        programs.map(|(name, path)| (name.to_string(), path.clone()))
    }

    fn others(&self) -> impl Iterator<Item = (String, PathBuf)> {
        let files = self.archive.files.iter();
        files.map(|name| (name.clone(), self.project.join(name)))
    }

    fn files_of(&self, files: impl Iterator<Item = (String, PathBuf)>) -> Result<Files, StageError> {
        let files = Files::new(files);
        files.map_err(StageError::io(format!("read the files of `{}`", self.archive.file)))
    }

    /// The binaries that do not tell what is in them.
    fn silent(&self) -> Result<Vec<FileName>, StageError> {
        let mut silent = Vec::new();
        for name in self.built.binaries.keys() {
            let program = self.programs().filter(|(other, _)| *other == name.as_str());
            if self.files_of(program)?.inventory().is_empty() {
                silent.push(name.clone());
            }
        }
        Ok(silent)
    }

    /// The binaries, with the digests that were measured while they were packed.
    fn files(&self) -> Result<Vec<File>, attest_sbom::Error> {
        let packed = binaries(self.archive, self.packed);
        let binaries = packed.filter(|(name, _)| self.built.binaries.contains_key(*name));
        binaries
            .map(|(name, measured)| File::new(name, measured.clone()))
            .collect()
    }
}

/// What lies where binaries do in an archive, by name.
fn binaries<'a>(archive: &PlannedArchive, packed: &'a Packed) -> impl Iterator<Item = (&'a str, &'a Measured)> {
    let depth = 1 + usize::from(archive.root.is_some());
    let members = packed.members.iter();
    members
        .filter(move |(path, _)| path.components().count() == depth)
        .map(|(path, measured)| (path.file_name(), measured))
}

/// The records of every run of cargo as those of one build.
fn records(runs: &[CargoRecords]) -> Option<(Option<String>, cargo::Records)> {
    let (last, earlier) = runs.split_last()?;
    let mut messages = Vec::new();
    for run in earlier {
        // Each run says at its end that it is finished; only the last one may.
        let lines = run.messages.split_inclusive(|byte| *byte == b'\n');
        messages.extend(lines.filter(|line| !is_end(line)).flatten());
    }
    messages.extend(&last.messages);
    let records = cargo::Records {
        metadata: last.metadata.clone(),
        messages,
        lock: last.lock.clone(),
        target: last.triple.clone(),
        only_shipped: false,
    };
    Some((last.package.clone(), records))
}

fn is_end(line: &[u8]) -> bool {
    line.starts_with(br#"{"reason":"build-finished""#)
}
