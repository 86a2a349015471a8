use attest_release::git::GitError;

use crate::failure::Failure;

/// What a person is told when git, or what it has committed, stands in the way.
pub(crate) fn git_failure(error: &GitError) -> Failure {
    let message = crate::causes::with_causes(error);
    match error {
        GitError::ProgramMissing => Failure::usage("git-missing", message)
            .hint("install git; source archives and provenance come from what it has committed"),
        GitError::NotACheckout { .. } => Failure::usage("repository-expected", message)
            .hint("name the directory of a git repository, or pack any other directory with `attest pack DIR`"),
        GitError::RevisionUnknown { .. } => Failure::usage("revision-unknown", message)
            .hint("to see what there is, run `git log --oneline --all --decorate`; to get what is not here, `git fetch --tags`"),
        GitError::PathMissing { .. } => Failure::usage("path-not-committed", message)
            .hint("to see what is committed, run `git ls-tree -r --name-only HEAD`"),
        GitError::NoTime { .. } => Failure::usage("revision-without-time", message)
            .hint("name the commit, or set SOURCE_DATE_EPOCH to the seconds since 1970 that every file shall be dated"),
        GitError::NameNotUtf8 { .. } => Failure::usage("name-not-utf8", message).hint(
            "rename the file with `git mv`, or mark it `export-ignore` and take its directory out of the release",
        ),
        GitError::TooLarge { .. } => Failure::usage("repository-too-large", message),
        _ => left_out(error, message),
    }
}

/// What would be missing from a source archive.
fn left_out(error: &GitError, message: String) -> Failure {
    match error {
        GitError::Submodules { .. } => Failure::usage("submodules-refused", message).hint(
            "say what becomes of them: `--submodules include` packs their files, `--submodules omit` an empty directory \
             for each (in attest.toml: `source.submodules`)",
        ),
        GitError::SubmoduleMissing { .. } => Failure::undecided("submodule-missing", message)
            .hint("get it with `git submodule update --init --recursive`"),
        GitError::SubmodulesTooDeep { .. } => Failure::usage("submodules-too-deep", message),
        GitError::Pointers { .. } => Failure::usage("lfs-pointers-refused", message).hint(
            "say what becomes of them: `--lfs resolve` packs what they stand for, `--lfs pointer` the pointers (in \
             attest.toml: `source.lfs`)",
        ),
        GitError::PointerInvalid { .. } => Failure::usage("lfs-pointer-invalid", message)
            .hint("to see what is wrong with it, run `git lfs fsck --pointers`"),
        GitError::LargeFileMissing { .. } => {
            Failure::undecided("lfs-object-missing", message).hint("get it with `git lfs pull`")
        }
        GitError::LargeFileDiffers { .. } => Failure::rejected("lfs-object-differs", message)
            .hint("the clone's copy is damaged: find others with `git lfs fsck`, and get them anew with `git lfs pull`"),
        GitError::Placeholder { .. } => Failure::usage("placeholder-unstable", message).hint(
            "what `%D`, `%d` and `%(describe)` say is known when a tag is named: `--revision TAG`; docs/SOURCE-ARCHIVES.md \
             lists the placeholders",
        ),
        GitError::ObjectMissing { .. } => Failure::undecided("object-missing", message)
            .hint("the clone is partial or damaged: `git fetch --refetch` gets every object, `git fsck` names what is missing"),
        _ => Failure::undecided("git-failed", message),
    }
}
