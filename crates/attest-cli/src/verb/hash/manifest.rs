//! `attest hash --manifest`: a directory in, one unsigned statement about all of its files out, or one machine's part of it.

use std::path::{Path, PathBuf};

use attest_digest::{Algorithm, Algorithms, Threads};
use attestation::manifest::{Serialization, Shard};

use super::sink::file_of_stdout;
use crate::context::Context;
use crate::exit::Outcome;
use crate::failure::Failure;
use crate::output_file::OutputFile;
use crate::process::stdout_failed;
use crate::tree::{Build, TreeArguments};

/// What is asked of a directory.
pub(super) struct Manifest<'a> {
    pub(super) root: &'a Path,
    pub(super) tree: &'a TreeArguments,
    pub(super) shard: Option<Shard>,
    pub(super) algorithms: Algorithms,
    pub(super) output: Option<PathBuf>,
    pub(super) threads: Threads,
}

impl Manifest<'_> {
    pub(super) fn run(&self, context: &mut Context<'_>) -> Result<Outcome, Failure> {
        let serialization = self.tree.serialization(self.root, self.algorithm()?, None)?;
        self.check_output(&serialization)?;
        let build = Build {
            root: self.root,
            name: self.tree.manifest_name.as_deref(),
            serialization,
            links_may_leave: self.tree.insecure_follow_links_outside,
            threads: self.threads,
        };
        let document = match self.shard {
            None => statement(&build, self.tree)?,
            Some(shard) => {
                let part = build.part(shard)?;
                let (mine, all) = part.counts();
                context.say(format_args!("shard {shard}: {mine} of {all} files or ranges of files"));
                part.to_json()
            }
        };
        write(self.output.as_deref(), &document, context)?;
        Ok(Outcome::Accepted)
    }

    fn algorithm(&self) -> Result<Algorithm, Failure> {
        let mut all = self.algorithms.iter();
        match (all.next(), all.next()) {
            (Some(only), None) => Ok(only),
            _ => Err(Failure::usage(
                "tree-algorithm-unsupported",
                "expected one algorithm for a tree manifest, found several",
            )),
        }
    }

    /// A result in the directory would be one file more the next time, on one machine and not on another.
    fn check_output(&self, serialization: &Serialization) -> Result<(), Failure> {
        let Some(output) = place(self.output.as_deref())? else {
            return Ok(());
        };
        let (Some(place), Ok(root)) = (in_one_spelling(&output), self.root.canonicalize()) else {
            return Ok(());
        };
        let Ok(relative) = place.strip_prefix(root) else {
            return Ok(());
        };
        let ignored = serialization.ignore_paths().iter();
        match ignored
            .map(|path| path.to_relative())
            .any(|path| relative.starts_with(path))
        {
            true => Ok(()),
            false => Err(Failure::usage(
                "output-in-tree",
                "expected a place for the result outside of the directory, found one in it",
            )
            .at(output.display())
            .hint("write it elsewhere, or leave its place out with `--ignore-path`")),
        }
    }
}

/// The file that will hold the result: the one that was asked for, or what a shell has made of stdout.
pub(super) fn place(output: Option<&Path>) -> Result<Option<PathBuf>, Failure> {
    match output {
        Some(output) => Ok(Some(OutputFile::create(output)?.place().to_owned())),
        None => Ok(file_of_stdout()),
    }
}

/// The place of a file that need not be there yet, without links.
fn in_one_spelling(file: &Path) -> Option<PathBuf> {
    let directory = file.parent().filter(|parent| *parent != Path::new(""));
    let directory = directory.unwrap_or(Path::new(".")).canonicalize().ok()?;
    Some(directory.join(file.file_name()?))
}

fn statement(build: &Build<'_>, tree: &TreeArguments) -> Result<Vec<u8>, Failure> {
    let manifest = build.manifest()?;
    let payload = manifest.to_payload(tree.layout());
    let payload = payload.map_err(|error| Failure::usage("tree-layout-unsupported", error))?;
    Ok(payload.as_bytes().to_vec())
}

pub(super) fn write(output: Option<&Path>, document: &[u8], context: &mut Context<'_>) -> Result<(), Failure> {
    match output {
        Some(path) => {
            let mut file = OutputFile::create(path)?;
            file.write(document)?;
            file.commit()
        }
        None => {
            let written = context.stdout.write_all(document).and_then(|()| context.stdout.flush());
            written.map_err(|error| stdout_failed(&error))
        }
    }
}
