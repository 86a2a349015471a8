use std::path::{Path, PathBuf};

use super::repository::Revision;

/// What a source archive is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum SourceProfile {
    /// The committed bytes, the same with every version of git.
    Attest,
    /// What `git archive` would pack, byte for byte.
    GitArchive,
}

/// What becomes of submodules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum SubmoduleRule {
    /// They are an error.
    Refuse,
    /// Their files are packed too.
    Include,
    /// An empty directory stands for each.
    Omit,
}

/// What becomes of Git LFS pointers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum PointerRule {
    /// They are an error.
    Refuse,
    /// The content that they stand for is packed.
    Resolve,
    /// They are packed as they are.
    Pointer,
}

/// How a commit becomes a source archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SourceRules {
    /// What the archive is to be.
    pub profile: SourceProfile,
    /// What becomes of submodules.
    pub submodules: SubmoduleRule,
    /// What becomes of Git LFS pointers.
    pub pointers: PointerRule,
}

/// What to unpack, and where.
#[derive(Debug, Clone, Copy)]
pub struct SourceRequest<'a> {
    /// The commit or tree.
    pub revision: &'a Revision,
    /// How.
    pub rules: SourceRules,
    /// Files and directories that alone are wanted; all if there are none.
    pub only: &'a [String],
    /// An empty directory for what is unpacked.
    pub scratch: &'a Path,
}

/// The committed files of a project, their contents in a scratch directory.
#[derive(Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Unpacked {
    /// The tree that was unpacked.
    pub tree: String,
    /// Files and directories in git's order; a directory stands here if there is a file or a submodule in it.
    pub entries: Vec<SourceEntry>,
    /// Commits of other repositories.
    pub submodules: Vec<Submodule>,
    /// Files whose content lies elsewhere. Whether it or the pointer was packed is as the rules say.
    pub pointers: Vec<String>,
    /// Files whose placeholders were filled in.
    pub substituted: Vec<String>,
}

/// A commit of another repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submodule {
    /// Where it is.
    pub path: String,
    /// The commit.
    pub commit: String,
}

/// One committed file, link or directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceEntry {
    /// Its name relative to the project, `/`-separated, in whatever encoding it was committed.
    pub path: Vec<u8>,
    /// The id of its object: a submodule's is that of a commit.
    pub object: String,
    /// What it is.
    pub kind: SourceKind,
}

/// What a committed file is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SourceKind {
    /// A directory.
    Directory,
    /// A file whose bytes lie at `content`.
    File {
        /// Where the bytes lie.
        content: PathBuf,
        /// Whether it may be executed.
        executable: bool,
    },
    /// A symbolic link.
    Symlink {
        /// Where it points.
        target: Vec<u8>,
    },
}

impl SourceProfile {
    /// Every one.
    pub const ALL: [Self; 2] = [Self::Attest, Self::GitArchive];

    /// The word for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Attest => "attest",
            Self::GitArchive => "git-archive",
        }
    }

    /// The rules of this profile where nobody says otherwise: what would be missing from the archive is refused, except where
    /// `git archive` itself leaves it out.
    #[must_use]
    pub const fn rules(self) -> SourceRules {
        let (submodules, pointers) = match self {
            Self::Attest => (SubmoduleRule::Refuse, PointerRule::Refuse),
            Self::GitArchive => (SubmoduleRule::Omit, PointerRule::Pointer),
        };
        SourceRules {
            profile: self,
            submodules,
            pointers,
        }
    }
}

impl SubmoduleRule {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::Refuse, Self::Include, Self::Omit];

    /// The word for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Refuse => "refuse",
            Self::Include => "include",
            Self::Omit => "omit",
        }
    }
}

impl PointerRule {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::Refuse, Self::Resolve, Self::Pointer];

    /// The word for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Refuse => "refuse",
            Self::Resolve => "resolve",
            Self::Pointer => "pointer",
        }
    }
}
