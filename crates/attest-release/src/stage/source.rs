use attest_archive::{GitRecipe, write_git_archive};

use super::archive::{archive_format, problem};
use super::contents::PackedFiles;
use super::{StageError, Staging};
use crate::git::{Commit, SourceProfile, Unpacked};
use crate::plan::{FileKind, PlannedSource};

impl Staging {
    /// Packs the committed files.
    ///
    /// # Errors
    /// When there are none, a link leaves the archive, or a file cannot be written.
    pub fn pack_source(
        &mut self,
        source: &PlannedSource,
        commit: &Commit,
        unpacked: &Unpacked,
    ) -> Result<(), StageError> {
        if unpacked.entries.is_empty() {
            let file = source.file.clone();
            return Err(StageError::NothingCommitted { file });
        }
        let root = source.root.as_str().parse();
        let root = root.map_err(|error: attest_archive::InvalidPath| problem(&source.file)(error.into()))?;
        let measured = match source.rules.profile {
            SourceProfile::Attest => {
                let members = unpacked.members(Some(&root)).map_err(problem(&source.file))?;
                self.write_archive(&source.file, source.format, members)?.measured
            }
            SourceProfile::GitArchive => {
                // What git packs and we would not is still worth a word where names are one.
                if let Ok(members) = unpacked.members(Some(&root)) {
                    self.note_collisions(&source.file, &members);
                }
                // For git no commit is older than 1970.
                let seconds = u64::try_from(commit.seconds).unwrap_or_default();
                let recipe = GitRecipe {
                    format: archive_format(source.format),
                    tree: unpacked.git_tree(Some(&commit.id), seconds, Some(&root)),
                    threads: self.settings.threads.count(),
                    algorithms: self.algorithms.clone(),
                };
                let packed = write_git_archive(&recipe, &self.path_of(&source.file)).map_err(problem(&source.file))?;
                self.compressors
                    .insert(source.format.extension().to_owned(), packed.compressor);
                packed.measured
            }
        };
        self.submodules.clone_from(&unpacked.submodules);
        self.record(&source.file, FileKind::Source, measured);
        self.list_packed(&PackedFiles {
            artifact: &source.file,
            sbom: source.sbom.as_ref(),
            directory: Some(&source.root),
            excluded: &source.excluded,
        })
    }
}
