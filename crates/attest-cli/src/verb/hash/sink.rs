use std::fs;
use std::path::{Path, PathBuf};

use super::screen::Screen;
use crate::context::Context;
use crate::failure::Failure;
use crate::output_file::OutputFile;

/// Bytes that are gathered for one write to a file.
const GATHERED_LEN: usize = 64 << 10;

/// Where the result goes: stdout as it comes, or a file that appears when it is whole.
pub(super) enum Sink {
    Stdout,
    File { file: Box<OutputFile>, gathered: Vec<u8> },
}

impl Sink {
    pub(super) fn open(path: Option<&Path>) -> Result<Self, Failure> {
        Ok(match path {
            None => Self::Stdout,
            Some(path) => Self::File {
                file: Box::new(OutputFile::create(path)?),
                gathered: Vec::with_capacity(GATHERED_LEN),
            },
        })
    }

    /// The file that is written, which no tree should list: whatever would be said of it, it would be no longer so.
    pub(super) fn written(&self) -> Option<PathBuf> {
        match self {
            Self::Stdout => file_of_stdout(),
            Self::File { file, .. } => Some(file.place().to_owned()),
        }
    }

    pub(super) fn write(&mut self, bytes: &[u8], screen: &Screen, context: &mut Context<'_>) -> Result<(), Failure> {
        match self {
            Self::Stdout => screen.print(context, bytes),
            Self::File { file, gathered } => {
                gathered.extend_from_slice(bytes);
                match gathered.len() < GATHERED_LEN {
                    true => Ok(()),
                    false => file.write(&std::mem::take(gathered)),
                }
            }
        }
    }

    /// Gives the file its name.
    pub(super) fn commit(self) -> Result<(), Failure> {
        match self {
            Self::Stdout => Ok(()),
            Self::File { mut file, gathered } => {
                file.write(&gathered)?;
                file.commit()
            }
        }
    }
}

/// The file that a shell has made of stdout, where the system says which one that is: Linux does.
pub(super) fn file_of_stdout() -> Option<PathBuf> {
    let path = fs::read_link("/proc/self/fd/1").ok()?;
    path.metadata().is_ok_and(|metadata| metadata.is_file()).then_some(path)
}
