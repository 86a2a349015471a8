use std::path::{Path, PathBuf};

use attest_digest::{FileKind, Tree};

use crate::failure::Failure;

/// Something to measure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Source {
    /// Standard input.
    Stdin,
    /// A file, by the name it will be listed under.
    File(PathBuf),
}

impl Source {
    /// `-` is standard input, as everywhere.
    pub(super) fn of(path: PathBuf) -> Self {
        match path == Path::new("-") {
            true => Self::Stdin,
            false => Self::File(path),
        }
    }

    /// The name it is listed under.
    pub(super) fn path(&self) -> &Path {
        match self {
            Self::Stdin => Path::new("-"),
            Self::File(path) => path,
        }
    }
}

/// What the arguments came to.
#[derive(Debug, Default)]
pub(super) struct Sources {
    /// What to measure, in order.
    pub(super) found: Vec<Source>,
    /// Symbolic links in trees, which are not followed.
    pub(super) links: Vec<PathBuf>,
    /// What cannot be measured, with the reason.
    pub(super) refused: Vec<(PathBuf, Failure)>,
}

impl Sources {
    /// Every argument as it is; a directory will be refused when it is read.
    pub(super) fn plain(arguments: Vec<PathBuf>) -> Self {
        Self {
            found: arguments.into_iter().map(Source::of).collect(),
            ..Self::default()
        }
    }

    /// Directories are replaced by their files. The output file does not list itself.
    pub(super) fn recursive(arguments: Vec<PathBuf>, output: Option<&Path>) -> Self {
        let mut sources = Self::default();
        for argument in arguments {
            match Source::of(argument) {
                Source::File(path) if path.is_dir() => sources.take_tree(&path, output),
                other => sources.found.push(other),
            }
        }
        sources
    }

    fn take_tree(&mut self, root: &Path, output: Option<&Path>) {
        let tree = match Tree::list(root) {
            Ok(tree) => tree,
            Err(error) => {
                self.refused.push((root.to_owned(), list_failed(&error, root)));
                return;
            }
        };
        let files = tree.files.into_iter().filter(|file| !is_same(file, output));
        self.found.extend(files.map(Source::File));
        for (path, kind) in tree.others {
            match kind {
                FileKind::SymbolicLink => self.links.push(path),
                kind => self.refused.push((path.clone(), not_regular(&path, kind))),
            }
        }
    }
}

fn list_failed(error: &attest_digest::TreeError, root: &Path) -> Failure {
    let cause = std::error::Error::source(error).map(|cause| format!(": {cause}"));
    let message = format!("{error}{}", cause.unwrap_or_default());
    Failure::undecided("cannot-list-directory", message).at(root.display())
}

fn not_regular(path: &Path, kind: FileKind) -> Failure {
    Failure::undecided(
        "not-a-regular-file",
        format_args!("expected a regular file, found {kind}"),
    )
    .at(path.display())
}

/// Compares file names first: asking the system about every file of a tree would be slow.
fn is_same(file: &Path, output: Option<&Path>) -> bool {
    output.is_some_and(|output| {
        file.file_name() == output.file_name()
            && matches!((file.canonicalize(), output.canonicalize()), (Ok(a), Ok(b)) if a == b)
    })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_directory_becomes_its_files_without_the_output() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        fs::create_dir(root.join("sub")).unwrap();
        for name in ["b", "sub/sums", "sums"] {
            fs::write(root.join(name), name).unwrap();
        }
        let arguments = vec![PathBuf::from("-"), root.to_owned()];
        let sources = Sources::recursive(arguments, Some(&root.join("sums")));
        let files = ["b", "sub/sums"].map(|name| Source::File(root.join(name)));
        assert_eq!(sources.found[0], Source::Stdin);
        assert_eq!(sources.found[1..], files);
    }
}
