use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};

use serde::Serialize;
use tempfile::SpooledTempFile;

use crate::failure::Failure;

/// What waits in memory of an array whose turn has not come; with more, it waits in a temporary file without a name.
const HELD_LEN: usize = 256 << 10;

/// The elements of a JSON array that is written piece by piece, each on a line of its own.
#[derive(Debug, Default)]
pub(super) struct Elements {
    indent: usize,
    any: bool,
}

impl Elements {
    /// An array whose closing bracket stands at `indent`.
    pub(super) fn new(indent: usize) -> Self {
        Self { indent, any: false }
    }

    /// The next element, with what separates it from the one before.
    pub(super) fn element(&mut self, element: &impl Serialize) -> Result<Vec<u8>, Failure> {
        let mut piece = self.separator();
        serde_json::to_writer(&mut piece, element).map_err(|error| json_failed(&error))?;
        Ok(piece)
    }

    /// What stands before the next element.
    pub(super) fn separator(&mut self) -> Vec<u8> {
        let comma = if self.any { "," } else { "" };
        self.any = true;
        format!("{comma}\n{:1$}", "", self.indent + 2).into_bytes()
    }

    /// The closing bracket.
    pub(super) fn end(&self) -> Vec<u8> {
        match self.any {
            true => format!("\n{:1$}]", "", self.indent).into_bytes(),
            false => b"]".to_vec(),
        }
    }
}

/// An array that has to wait until another one of the same document has been written.
pub(super) struct WaitingArray {
    elements: Elements,
    spool: SpooledTempFile,
}

impl WaitingArray {
    pub(super) fn new(indent: usize) -> Self {
        Self {
            elements: Elements::new(indent),
            spool: SpooledTempFile::new(HELD_LEN),
        }
    }

    pub(super) fn push(&mut self, element: &impl Serialize) -> Result<(), Failure> {
        let piece = self.elements.element(element)?;
        self.spool.write_all(&piece).map_err(|error| spool_failed(&error))
    }

    /// Writes the elements and the closing bracket.
    pub(super) fn write(mut self, mut write: impl FnMut(&[u8]) -> Result<(), Failure>) -> Result<(), Failure> {
        self.spool
            .seek(SeekFrom::Start(0))
            .map_err(|error| spool_failed(&error))?;
        let mut buffer = vec![0; 16 << 10];
        loop {
            match self.spool.read(&mut buffer) {
                Ok(0) => return write(&self.elements.end()),
                Ok(read) => write(&buffer[..read])?,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(spool_failed(&error)),
            }
        }
    }
}

/// A JSON text on one line.
pub(super) fn json_line(value: &impl Serialize) -> Result<String, Failure> {
    serde_json::to_string(value).map_err(|error| json_failed(&error))
}

fn json_failed(error: &serde_json::Error) -> Failure {
    Failure::undecided("json-failed", format_args!("cannot write the document: {error}"))
}

fn spool_failed(error: &io::Error) -> Failure {
    Failure::undecided(
        "temporary-file-failed",
        format_args!("cannot keep a part of the document in a temporary file: {error}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_array_in_pieces_is_the_array() {
        for count in [0, 1, 3, 100_000] {
            let expected: Vec<u32> = (0..count).collect();
            let mut array = WaitingArray::new(2);
            for number in &expected {
                array.push(number).unwrap();
            }
            let mut json = b"[".to_vec();
            array
                .write(|piece| {
                    json.extend_from_slice(piece);
                    Ok(())
                })
                .unwrap();
            assert_eq!(serde_json::from_slice::<Vec<u32>>(&json).unwrap(), expected);
        }
    }
}
