use std::num::NonZeroU64;
use std::path::{Path, PathBuf};

use attest_digest::Algorithm;
use attestation::manifest::{Method, Serialization, SubjectLayout, TreePath};
use clap::ValueEnum;

use crate::failure::Failure;

/// What the signature of a tree is called in it, unless somebody says otherwise.
pub(crate) const SIGNATURE_NAME: &str = "model.sig";

/// A tree manifest: how the directory is read, and what the statement looks like.
#[derive(Debug, Clone, Default, PartialEq, Eq, clap::Args)]
#[command(next_help_heading = "A tree manifest")]
pub(crate) struct TreeArguments {
    /// Take every file of this directory into one statement, as OpenSSF Model Signing 1.0 defines it
    #[arg(long, value_name = "DIR")]
    pub(crate) manifest: Option<PathBuf>,
    /// Leave out this path of the directory and everything below it; the statement says so [always left out: model.sig and,
    /// unless --no-ignore-git-paths, .git, .gitattributes, .github, .gitignore at the top]
    #[arg(long, value_name = "PATH", requires = "manifest")]
    ignore_path: Vec<PathBuf>,
    /// Take in the files of git as well
    #[arg(long, requires = "manifest")]
    no_ignore_git_paths: bool,
    /// Take a symbolic link to a file for the file; otherwise there must be no links
    #[arg(long, requires = "manifest")]
    allow_symlinks: bool,
    /// Where links are allowed, take one that leads out of the directory as well: whoever verifies has to say so too
    #[arg(long, requires = "allow_symlinks")]
    pub(crate) insecure_follow_links_outside: bool,
    /// Hash ranges of so many bytes instead of whole files, so that one large file can be shared out as well
    #[arg(long, value_name = "BYTES", requires = "manifest")]
    shard_size: Option<NonZeroU64>,
    /// What the subjects of the statement are
    #[arg(long, value_enum, default_value = "root", requires = "manifest")]
    subjects: Subjects,
    /// What the tree is called in the statement [default: the name of the directory]
    #[arg(long, value_name = "NAME", requires = "manifest")]
    pub(crate) manifest_name: Option<String>,
}

/// What the subjects of a statement are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum Subjects {
    /// One, over all files: what model-signing 1.0 and later read and write
    #[default]
    Root,
    /// Each file, as model-signing 0.2 wrote it; later ones still read it, and the specification calls it deprecated
    Files,
}

impl From<Subjects> for SubjectLayout {
    fn from(subjects: Subjects) -> Self {
        match subjects {
            Subjects::Root => Self::Root,
            Subjects::Files => Self::Files,
        }
    }
}

impl TreeArguments {
    /// That nothing is said about a manifest where there is none. The parser of the arguments does not see it where there are
    /// files, which a manifest excludes.
    pub(crate) fn check_unused(&self) -> Result<(), Failure> {
        match *self == Self::default() {
            true => Ok(()),
            false => Err(manifest_missing()),
        }
    }

    pub(crate) fn layout(&self) -> SubjectLayout {
        self.subjects.into()
    }

    /// How the directory is read. `own` lies in it and is not of it, such as the signature that is about to be written.
    pub(crate) fn serialization(
        &self,
        root: &Path,
        algorithm: Algorithm,
        own: Option<&TreePath>,
    ) -> Result<Serialization, Failure> {
        let method = match self.shard_size {
            None => Method::Files,
            Some(_) if algorithm != Algorithm::Sha256 => {
                let message =
                    format_args!("expected sha256 with --shard-size, found {algorithm}: other clients know no other");
                return Err(Failure::usage("tree-algorithm-unsupported", message));
            }
            Some(size) => Method::Shards { size },
        };
        let git = Serialization::DEFAULT_IGNORED
            .iter()
            .filter(|_| !self.no_ignore_git_paths);
        let always = git.chain([&SIGNATURE_NAME]).map(|path| TreePath::parse(path));
        let given = self.ignore_path.iter().map(|path| ignored(root, path));
        let always = always.map(|path| path.map_err(|error| Failure::usage("tree-path-invalid", error)));
        let all = always.chain(given).chain(own.cloned().map(Ok));
        let serialization = Serialization::new(method, algorithm, self.allow_symlinks, all.collect::<Result<_, _>>()?);
        serialization.map_err(|_| {
            let message = format_args!("expected sha256 or blake3 for a tree manifest, found {algorithm}");
            Failure::usage("tree-algorithm-unsupported", message)
        })
    }
}

pub(crate) fn manifest_missing() -> Failure {
    Failure::usage(
        "manifest-missing",
        "expected --manifest DIR beside what is said about a tree manifest, found files",
    )
}

/// A path is meant from the top of the directory; one that begins with the directory as it was named means the same.
fn ignored(root: &Path, path: &Path) -> Result<TreePath, Failure> {
    let relative = match path.is_absolute() {
        true => path.strip_prefix(root).unwrap_or(path),
        false => path.strip_prefix("./").unwrap_or(path),
    };
    TreePath::of_relative(relative).map_err(|error| {
        Failure::usage("tree-path-invalid", error).at(format_args!("--ignore-path {}", path.display()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn serialization(arguments: &TreeArguments, algorithm: Algorithm) -> Result<Serialization, Failure> {
        arguments.serialization(Path::new("/data"), algorithm, None)
    }

    #[test]
    fn what_is_left_out_is_sorted_and_said_from_the_top() {
        let arguments = TreeArguments {
            ignore_path: ["cache/", "./x/y", "/data/z"].map(PathBuf::from).into(),
            ..TreeArguments::default()
        };
        let read = serialization(&arguments, Algorithm::Sha256).unwrap();
        let names: Vec<_> = read.ignore_paths().iter().map(TreePath::as_str).collect();
        let expected = [
            ".git",
            ".gitattributes",
            ".github",
            ".gitignore",
            "cache",
            "model.sig",
            "x/y",
            "z",
        ];
        assert_eq!(names, expected);
    }

    #[test]
    fn a_path_that_leads_out_and_an_algorithm_that_others_do_not_know_are_wrong_usage() {
        let arguments = TreeArguments {
            ignore_path: vec!["../other".into()],
            ..TreeArguments::default()
        };
        assert_eq!(
            serialization(&arguments, Algorithm::Sha256).unwrap_err().code(),
            "tree-path-invalid"
        );
        let plain = TreeArguments::default();
        assert_eq!(
            serialization(&plain, Algorithm::Sha512).unwrap_err().code(),
            "tree-algorithm-unsupported"
        );
        let ranges = TreeArguments {
            shard_size: NonZeroU64::new(1),
            ..plain
        };
        assert_eq!(
            serialization(&ranges, Algorithm::Blake3).unwrap_err().code(),
            "tree-algorithm-unsupported"
        );
    }
}
