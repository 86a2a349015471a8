use attest_digest::checksums::{Entry, Form, Name};

use super::{StageError, Staging};
use crate::FileName;
use crate::plan::{FileKind, Plan};

impl Staging {
    /// Writes the lists of digests over every file so far, sorted by name, as `sha256sum` writes them.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn list_checksums(&mut self, plan: &Plan) -> Result<(), StageError> {
        let lists: Vec<(FileName, Vec<u8>)> = plan
            .checksums
            .iter()
            .map(|list| {
                let digests = self.files.iter().filter_map(|(name, file)| {
                    let digest = file.measured.digest(list.algorithm)?.clone();
                    Some(line(name, digest))
                });
                (list.file.clone(), digests.flatten().collect())
            })
            .collect();
        for (file, list) in lists {
            self.write(&file, FileKind::Checksums, &list)?;
        }
        Ok(())
    }
}

fn line(file: &FileName, digest: attest_digest::Digest) -> Vec<u8> {
    let name = Name::from_bytes(file.as_str().as_bytes()).expect("a file name is not empty and has no NUL");
    Entry {
        name,
        digest,
        form: Form::Text,
    }
    .to_line()
}
