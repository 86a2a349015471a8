//! A plan and what was built in, a directory of signed and verified files out, or nothing at all.
//!
//! Everything is written into a fresh directory beside the output. Only when every file in it has been verified from disk
//! does it take the place of the output; until then, and if anything fails, the output is as it was.

mod archive;
mod chart;
mod checksums;
mod contents;
mod directory;
mod error;
mod image;
mod ownership;
mod python;
mod sbom;
mod sign;
mod source;
mod verify;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use attest_archive::{CaseCollision, Format, SourceDate};
use attest_digest::{Algorithm, Algorithms, Digest, Measured, Threads};
use attest_sbom::Gap;

pub use archive::Unlisted;
pub use chart::GpgKeys;
pub use directory::Scratch;
pub use error::StageError;
pub use image::FetchedBase;
pub use sign::Signed;
pub use verify::{Check, CheckedFile};

use crate::FileName;
use crate::git::Submodule;
use crate::plan::{FileKind, Plan};
use directory::StagingDirectory;
use sbom::Product;

/// How everything in a release is written.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The time that stands in archives and lists.
    pub source_date: SourceDate,
    /// How many threads compress and hash. No byte depends on it.
    pub threads: Threads,
}

/// A file of the release, as it was measured while it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StagedFile {
    /// What it is.
    pub kind: FileKind,
    /// What was written.
    pub measured: Measured,
}

/// A release that is being put together.
#[derive(Debug)]
pub struct Staging {
    directory: StagingDirectory,
    output: PathBuf,
    settings: Settings,
    algorithms: Algorithms,
    files: BTreeMap<FileName, StagedFile>,
    compressors: BTreeMap<String, String>,
    inputs: BTreeMap<String, Measured>,
    collisions: Vec<(FileName, CaseCollision)>,
    bases: BTreeMap<String, Digest>,
    submodules: Vec<Submodule>,
    gaps: Vec<(FileName, Gap)>,
    /// The lists that somebody would not take as an attestation: their length in bytes, and who.
    large: Vec<(FileName, usize, &'static str)>,
    /// The manifests that lists of single platforms are about, by the names of the lists.
    manifests: BTreeMap<FileName, Digest>,
    product: Product,
}

impl Staging {
    /// Makes a fresh directory beside `output`, after a look at what is there: an earlier release is replaced, anything else
    /// is not.
    ///
    /// # Errors
    /// [`StageError::ForeignFile`] when something lies in the output that no release put there.
    pub fn open(output: &Path, plan: &Plan, settings: Settings) -> Result<Self, StageError> {
        ownership::check(output)?;
        let others: Vec<Algorithm> = plan.checksums.iter().map(|list| list.algorithm).collect();
        Ok(Self {
            directory: StagingDirectory::beside(output)?,
            output: output.to_owned(),
            settings,
            algorithms: Algorithms::new(Algorithm::Sha256, &others),
            files: BTreeMap::new(),
            compressors: BTreeMap::new(),
            inputs: BTreeMap::new(),
            collisions: Vec::new(),
            bases: BTreeMap::new(),
            submodules: Vec::new(),
            gaps: Vec::new(),
            large: Vec::new(),
            manifests: BTreeMap::new(),
            product: Product::of(plan),
        })
    }

    /// Every file so far, by name.
    #[must_use]
    pub fn files(&self) -> &BTreeMap<FileName, StagedFile> {
        &self.files
    }

    /// What compressed the archives, by extension: part of how they were made.
    #[must_use]
    pub fn compressors(&self) -> &BTreeMap<String, String> {
        &self.compressors
    }

    /// What went into the archives as it was: prebuilt files by their paths in the project, as they were measured while they
    /// were packed, and the lock file that held while cargo built.
    #[must_use]
    pub fn inputs(&self) -> &BTreeMap<String, Measured> {
        &self.inputs
    }

    /// The commits of other repositories that the source archives name, and hold if they were asked for.
    #[must_use]
    pub fn submodules(&self) -> &[Submodule] {
        &self.submodules
    }

    /// The images and indexes that images were built upon, by the paths of their layouts in the project, or as the
    /// configuration names them in a registry.
    #[must_use]
    pub fn bases(&self) -> &BTreeMap<String, Digest> {
        &self.bases
    }

    /// Names in an archive that are one name where case is ignored.
    #[must_use]
    pub fn case_collisions(&self) -> &[(FileName, CaseCollision)] {
        &self.collisions
    }

    /// The lists that are too large for an attestation somewhere: their length in bytes, and where.
    #[must_use]
    pub fn large_lists(&self) -> &[(FileName, usize, &'static str)] {
        &self.large
    }

    /// What the lists of contents cannot say, by their names, in the order in which they were made.
    #[must_use]
    pub fn gaps(&self) -> &[(FileName, Gap)] {
        &self.gaps
    }

    /// A directory for what is needed only while the release is put together.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn scratch(&self) -> Result<Scratch, StageError> {
        Scratch::beside(&self.output)
    }

    /// Puts the directory in the place of the output.
    ///
    /// # Errors
    /// When the output has changed meanwhile, or cannot be renamed; it is then as it was.
    pub fn publish(self) -> Result<BTreeMap<FileName, StagedFile>, StageError> {
        ownership::check(&self.output)?;
        self.directory.replace(&self.output)?;
        Ok(self.files)
    }

    fn note_compressor(&mut self, format: Format) {
        self.compressors
            .insert(format.extension().to_owned(), format.compressor());
    }

    /// Where a file lies until the release is in its place.
    #[must_use]
    pub fn path_of(&self, file: &FileName) -> PathBuf {
        self.directory.path().join(file)
    }

    fn record(&mut self, file: &FileName, kind: FileKind, measured: Measured) {
        self.files.insert(file.clone(), StagedFile { kind, measured });
    }

    /// Writes and measures a file whose bytes are in memory.
    fn write(&mut self, file: &FileName, kind: FileKind, bytes: &[u8]) -> Result<(), StageError> {
        let path = self.path_of(file);
        let written = File::create_new(&path).and_then(|mut handle| {
            handle.write_all(bytes)?;
            handle.sync_all()
        });
        if let Err(source) = written {
            // The directory is removed as a whole; a file cut short must not be measured before.
            let _ = fs::remove_file(&path);
            let action = format!("write `{file}`");
            return Err(StageError::Io { action, source });
        }
        self.record(file, kind, Measured::of_bytes(bytes, &self.algorithms));
        Ok(())
    }
}
