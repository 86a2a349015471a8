//! `attest hash merge`: the parts of all machines in, the statement that one machine would have written out.

use std::path::PathBuf;

use attestation::manifest::{Part, SubjectLayout, merge};

use super::manifest;
use crate::context::Context;
use crate::exit::Outcome;
use crate::failure::Failure;
use crate::input_file::InputFile;
use crate::tree::Subjects;
use crate::visible::visible;

/// The largest part that is read, in bytes: a million files with names of 150 bytes, all in one.
const MAX_PART_BYTES: u64 = 256 << 20;

const EXAMPLES: &str = "\
Examples:
  attest hash --manifest data --shard 0/2 -o part-0.json     on one machine
  attest hash --manifest data --shard 1/2 -o part-1.json     on another
  attest hash merge part-0.json part-1.json -o manifest.json
  attest sign --statement manifest.json --bundle model.sig

Exit codes:
  0  the statement is written: byte for byte what one machine writes
  1  the parts do not make one tree: one is missing or there twice, or they are of different trees
  2  wrong usage, or a file is no part
  3  a file could not be read";

/// Put the parts of a tree manifest together that several machines have hashed
///
/// The parts may stand in any order. Every one has to be there, once, of the same directory read in the same way.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// What `attest hash --manifest DIR --shard INDEX/COUNT` wrote, one from each shard
    #[arg(value_name = "PART", required = true)]
    parts: Vec<PathBuf>,
    /// Write to this file instead of stdout; it appears whole or not at all
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// What the subjects of the statement are
    #[arg(long, value_enum, default_value = "root")]
    subjects: Subjects,
}

impl Arguments {
    pub(super) fn run(&self, context: &mut Context<'_>) -> Result<Outcome, Failure> {
        self.check_output()?;
        let parts = self.parts.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        let merged = merge(parts).map_err(|error| Failure::rejected(error.code(), visible(&error.to_string())))?;
        let payload = merged.to_payload(SubjectLayout::from(self.subjects));
        let payload = payload.map_err(|error| Failure::usage("tree-layout-unsupported", error))?;
        manifest::write(self.output.as_deref(), payload.as_bytes(), context)?;
        Ok(Outcome::Accepted)
    }

    /// A part that was overwritten would have to be hashed again, by another machine.
    fn check_output(&self) -> Result<(), Failure> {
        let output = manifest::place(self.output.as_deref())?;
        let Some(output) = output.and_then(|output| output.canonicalize().ok()) else {
            return Ok(());
        };
        let is_output = |part: &PathBuf| part.canonicalize().is_ok_and(|part| part == output);
        match self.parts.iter().find(|part| is_output(part)) {
            None => Ok(()),
            Some(part) => {
                let message = "expected the statement to go to a file of its own, found one of the parts";
                Err(Failure::usage("output-is-input", message).at(part.display()))
            }
        }
    }
}

fn read(path: &PathBuf) -> Result<Part, Failure> {
    let file = InputFile {
        path,
        unreadable: "part-unreadable",
        limit: MAX_PART_BYTES,
    };
    let part = Part::parse(&file.read()?);
    part.map_err(|error| Failure::usage("part-invalid", visible(&error.to_string())).at(path.display()))
}
