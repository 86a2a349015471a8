//! What is hashed: files that are made for a scenario and removed after it.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use attest_digest::{Algorithm, Algorithms, Engine, FileJob, Measured, Platform, Progress, Source, Threads};

use super::generate::{self, Content};
use super::janitor::{self, Janitor};
use super::plan::Sizes;
use super::system;
use super::turn::{Stage, unwritable};
use crate::failure::Failure;

/// How much is generated at once.
const BLOCK: usize = 1 << 20;

/// Files in a directory of the tree of small files: 100000 files are in 100 directories.
const FILES_PER_DIRECTORY: u64 = 1000;

/// Files in a directory of the tree of mixed sizes: as many as the `node_modules` had that its sizes come from.
const FILES_PER_PACKAGE: u64 = 7;

/// The kinds of input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// Files of the same size, each large.
    ManyLarge,
    OneLarge,
    /// A tree of files of 4 KiB.
    SmallFiles,
    /// A tree like a `node_modules`, or the one that was given.
    MixedSizes,
    /// One file of 4 KiB.
    OneSmall,
    /// A file that is one hole.
    Sparse,
    /// Empty files in one directory.
    ManyNames,
    /// Memory.
    Nothing,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::ManyLarge => "many-large",
            Self::OneLarge => "one-large",
            Self::SmallFiles => "small-files",
            Self::MixedSizes => "mixed-sizes",
            Self::OneSmall => "one-small",
            Self::Sparse => "sparse",
            Self::ManyNames => "many-names",
            Self::Nothing => "nothing",
        }
    }
}

/// The directory for all input of a run, which is removed with everything in it when this is dropped or the process ends.
pub(super) struct InputDirectory {
    path: PathBuf,
    /// Removes the directory when it is dropped; none when everything stays.
    janitor: Option<Janitor>,
}

impl InputDirectory {
    /// A new directory under `parent`. With `keep` it stays.
    pub(super) fn create(parent: &Path, program: &Path, keep: bool) -> Result<Self, Failure> {
        let parent = std::path::absolute(parent).map_err(|error| unwritable(&error).at(parent.display()))?;
        let path = tempfile::Builder::new()
            .prefix(janitor::PREFIX)
            .tempdir_in(&parent)
            .map_err(|error| unwritable(&error).at(parent.display()))?
            .keep();
        let janitor = match keep {
            true => None,
            false => Some(Janitor::hire(program, &path).map_err(|error| unhired(&path, &error))?),
        };
        let directory = Self { path, janitor };
        fs::create_dir(directory.answers()).map_err(|error| unwritable(&error))?;
        Ok(directory)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    fn answers(&self) -> PathBuf {
        self.path.join("answers")
    }

    pub(super) fn stage<'a>(&'a self, input: &'a Input, answers: &'a mut PathBuf) -> Stage<'a> {
        *answers = self.answers();
        Stage {
            directory: &input.directory,
            answers,
        }
    }

    /// Makes the input of a kind.
    pub(super) fn prepare(&self, kind: Kind, sizes: &Sizes, threads: Threads) -> Result<Input, Failure> {
        let directory = match (kind, &sizes.tree) {
            (Kind::MixedSizes, Some(tree)) => return Input::given(tree),
            _ => self.path.join(kind.name()),
        };
        fs::create_dir(&directory).map_err(|error| unwritable(&error))?;
        let mut writer = Writer::new(&directory, self.janitor.is_some());
        let made = writer.make(kind, sizes).and_then(|()| system::write_back(&directory));
        made.map_err(|error| unwritable(&error))?;
        Ok(writer.finish(threads))
    }
}

fn unhired(path: &Path, error: &io::Error) -> Failure {
    // Without a janitor nobody else would.
    let _ = fs::remove_dir_all(path);
    Failure::undecided(
        "bench-input-failed",
        format_args!("cannot start the process that removes the input: {error}"),
    )
}

/// Files, with what they are known to be.
pub(super) struct Input {
    pub(super) directory: PathBuf,
    pub(super) files: u64,
    pub(super) bytes: u64,
    /// Of at most as many files as a command line takes; empty for trees.
    pub(super) names: Vec<String>,
    /// What the generator made, by name; empty for what it did not make.
    pub(super) known: BTreeMap<String, Measured>,
    /// Whether `directory` is removed with this.
    passing: bool,
}

impl Input {
    /// A directory of somebody else: read, and nothing more.
    fn given(tree: &Path) -> Result<Self, Failure> {
        let listed = super::tree::list(tree)?;
        let mut bytes = 0;
        for path in &listed {
            bytes += fs::symlink_metadata(path).map_or(0, |found| found.len());
        }
        Ok(Self {
            directory: std::path::absolute(tree).map_err(|error| unwritable(&error))?,
            files: listed.len() as u64,
            bytes,
            names: Vec::new(),
            known: BTreeMap::new(),
            passing: false,
        })
    }

    /// No files.
    pub(super) fn nothing() -> Self {
        Self {
            directory: PathBuf::new(),
            files: 0,
            bytes: 0,
            names: Vec::new(),
            known: BTreeMap::new(),
            passing: false,
        }
    }

    /// Every file, in the order of their paths.
    pub(super) fn paths(&self) -> Result<Vec<PathBuf>, Failure> {
        super::tree::list(&self.directory)
    }
}

impl Drop for Input {
    fn drop(&mut self) {
        if self.passing {
            // What stays is removed with the directory around it.
            let _ = fs::remove_dir_all(&self.directory);
        }
    }
}

struct Writer {
    input: Input,
    algorithms: Arc<Algorithms>,
    block: Vec<u8>,
    made: Vec<Made>,
}

/// A file that was written: what it holds is generated again to be measured, without reading it.
struct Made {
    name: PathBuf,
    algorithms: Arc<Algorithms>,
    number: u64,
    size: u64,
}

impl FileJob for Made {
    fn path(&self) -> &Path {
        &self.name
    }

    fn algorithms(&self) -> &Algorithms {
        &self.algorithms
    }

    fn source(&mut self) -> Source {
        Source::Reader(Box::new(Content::of_file(self.number, self.size)))
    }
}

impl Writer {
    fn new(directory: &Path, passing: bool) -> Self {
        let mut input = Input::nothing();
        directory.clone_into(&mut input.directory);
        input.passing = passing;
        Self {
            input,
            algorithms: Arc::new(Algorithms::new(
                Algorithm::Sha256,
                &[Algorithm::Sha512, Algorithm::Blake3],
            )),
            block: vec![0; BLOCK],
            made: Vec::new(),
        }
    }

    /// The digests are those of the reference, and of what was to be written: neither the platform that is measured nor the
    /// way to read files has a part in them.
    fn finish(self, threads: Threads) -> Input {
        let mut input = self.input;
        let progress = Progress::new();
        let engine = Engine::new(threads).on(Platform::portable());
        engine.measure_stream(self.made, &progress, |made, found| {
            if let Ok(measured) = found {
                input.known.insert(made.name.to_string_lossy().into_owned(), measured);
            }
            ControlFlow::Continue(())
        });
        input
    }

    fn make(&mut self, kind: Kind, sizes: &Sizes) -> io::Result<()> {
        match kind {
            Kind::ManyLarge => (0..sizes.large_files).try_for_each(|file| self.named(file, sizes.large)),
            Kind::OneLarge => self.named(0, sizes.one),
            Kind::OneSmall => self.named(0, Sizes::SMALL),
            Kind::SmallFiles => (0..sizes.small_files).try_for_each(|file| {
                let name = format!("d{:03}/f{:06}", file / FILES_PER_DIRECTORY, file);
                self.file(&name, file, Sizes::SMALL)
            }),
            Kind::MixedSizes => (0..sizes.mixed_files).try_for_each(|file| {
                let package = file / FILES_PER_PACKAGE;
                let name = format!("p{:04}/lib{}/f{file:06}.js", package / 4, package % 4);
                self.file(&name, file, generate::mixed_size(file))
            }),
            Kind::Sparse => self.sparse(sizes.sparse),
            Kind::ManyNames => (0..sizes.names).try_for_each(|file| self.empty(file)),
            Kind::Nothing => {
                // What the kernels go over; no file is written.
                self.input.bytes = sizes.one;
                Ok(())
            }
        }
    }

    fn named(&mut self, file: u64, size: u64) -> io::Result<()> {
        let name = format!("f{file:02}");
        self.file(&name, file, size)?;
        self.input.names.push(name);
        Ok(())
    }

    fn file(&mut self, name: &str, number: u64, size: u64) -> io::Result<()> {
        let mut file = self.create(&self.input.directory.join(name))?;
        let mut content = Content::of_file(number, size);
        loop {
            let read = content.read(&mut self.block)?;
            if read == 0 {
                break;
            }
            file.write_all(&self.block[..read])?;
        }
        self.made.push(Made {
            name: PathBuf::from(name),
            algorithms: self.algorithms.clone(),
            number,
            size,
        });
        self.count(size);
        Ok(())
    }

    fn create(&self, path: &Path) -> io::Result<File> {
        match File::create_new(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                fs::create_dir_all(path.parent().unwrap_or(Path::new(".")))?;
                File::create_new(path)
            }
            result => result,
        }
    }

    fn sparse(&mut self, size: u64) -> io::Result<()> {
        File::create_new(self.input.directory.join("hole"))?.set_len(size)?;
        self.input.names.push("hole".to_owned());
        self.count(size);
        Ok(())
    }

    fn empty(&mut self, file: u64) -> io::Result<()> {
        let name = format!("n{file:07}");
        File::create_new(self.input.directory.join(&name))?;
        self.count(0);
        Ok(())
    }

    fn count(&mut self, size: u64) {
        self.input.files += 1;
        self.input.bytes += size;
    }
}
