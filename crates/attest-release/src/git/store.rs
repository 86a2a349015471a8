use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use super::GitError;
use super::attributes::Attributes;
use super::objects::Objects;
use super::program::Program;
use super::tree::{self, TreeEntry};

/// The most that a list of attributes may hold, in bytes: every path of the largest tree comes back once for each of them.
const MAX_ANSWER_BYTES: u64 = 1 << 31;

/// The objects of a repository, and nothing else of it.
///
/// Git works on a repository of our own that borrows them: no configuration, no attributes and no references of the clone
/// have a say, and no object is fetched.
#[derive(Debug)]
pub(super) struct Store {
    git: Program,
    scratch: PathBuf,
}

impl Store {
    /// Makes the repository in `scratch`, an empty directory. `id` is any id of an object: its length tells the hash function.
    pub(super) fn new(git: &Program, objects: &Path, id: &str, scratch: &Path) -> Result<Self, GitError> {
        let scratch = &std::path::absolute(scratch).map_err(GitError::io("find the scratch directory"))?;
        let own = scratch.join("repository");
        let work_tree = scratch.join("tree");
        make(&own, &work_tree, id).map_err(GitError::io("make a scratch repository"))?;
        let settings = [
            ("GIT_DIR", own),
            ("GIT_OBJECT_DIRECTORY", objects.to_owned()),
            ("GIT_WORK_TREE", work_tree.clone()),
        ];
        Ok(Self {
            git: git.in_directory(&work_tree).with_settings(settings),
            scratch: scratch.to_owned(),
        })
    }

    /// Everything below `tree`, directories included, in git's order; all of it is put into the index as well.
    pub(super) fn list(&self, tree: &str) -> Result<Vec<TreeEntry>, GitError> {
        let listing = self.git.answer(&["ls-tree", "-r", "-t", "-z", "--full-tree", tree])?;
        let entries = tree::parse(&listing)?;
        self.git
            .answer(&["-c", "core.sparseCheckout=false", "read-tree", tree])?;
        Ok(entries)
    }

    /// What the committed `.gitattributes` of the index say of the entries.
    pub(super) fn attributes(&self, entries: &[TreeEntry], asked: &[&str]) -> Result<Attributes, GitError> {
        let list = self.list_of_paths(entries.iter().map(TreeEntry::attribute_path))?;
        let arguments = [&["check-attr", "--cached", "-z", "--stdin"], asked].concat();
        Attributes::parse(&self.git.answer_to(&arguments, &list, MAX_ANSWER_BYTES)?)
    }

    /// Checks files out of the index as git does on a system with line feeds, and says below which directory.
    pub(super) fn check_out(&self, paths: &[Vec<u8>]) -> Result<PathBuf, GitError> {
        let list = self.list_of_paths(paths.iter().cloned())?;
        let eol = ["-c", "core.autocrlf=false", "-c", "core.eol=lf"];
        let arguments = [&eol[..], &["checkout-index", "-z", "--stdin"]].concat();
        self.git.answer_to(&arguments, &list, MAX_ANSWER_BYTES)?;
        Ok(self.scratch.join("tree"))
    }

    /// The objects by their ids.
    pub(super) fn objects(&self) -> Result<Objects, GitError> {
        Objects::open(&self.git)
    }

    /// What git prints of the objects.
    pub(super) fn answer<A: AsRef<OsStr>>(&self, arguments: &[A]) -> Result<Vec<u8>, GitError> {
        self.git.answer(arguments)
    }

    /// Whether the object is there and of that type.
    pub(super) fn holds(&self, object: &str, kind: &str) -> Result<bool, GitError> {
        let finished = self.git.ask(&["cat-file", "-e", &format!("{object}^{{{kind}}}")])?;
        Ok(finished.status.success())
    }

    /// The tree of a directory below `tree`, if there is such a directory.
    pub(super) fn tree_at(&self, tree: &str, directory: &str) -> Result<Option<String>, GitError> {
        let found = self
            .git
            .ask(&["rev-parse", "--verify", "--quiet", &format!("{tree}:{directory}")])?;
        let id = String::from_utf8_lossy(&found.stdout).trim_end().to_owned();
        match found.status.success() && self.holds(&id, "tree")? {
            true => Ok(Some(id)),
            false => Ok(None),
        }
    }

    fn list_of_paths(&self, paths: impl Iterator<Item = Vec<u8>>) -> Result<PathBuf, GitError> {
        let list = self.scratch.join("paths");
        write_paths(&list, paths).map_err(GitError::io("write a list of paths"))?;
        Ok(list)
    }
}

fn make(own: &Path, work_tree: &Path, id: &str) -> io::Result<()> {
    for directory in [&own.join("objects"), &own.join("refs"), work_tree] {
        fs::create_dir_all(directory)?;
    }
    fs::write(own.join("HEAD"), "ref: refs/heads/none\n")?;
    let (version, extension) = match id.len() {
        64 => (1, "[extensions]\n\tobjectFormat = sha256\n"),
        _ => (0, ""),
    };
    let config = format!("[core]\n\trepositoryformatversion = {version}\n{extension}");
    fs::write(own.join("config"), config)
}

fn write_paths(list: &Path, paths: impl Iterator<Item = Vec<u8>>) -> io::Result<()> {
    let mut list = BufWriter::new(File::create(list)?);
    for path in paths {
        list.write_all(&path)?;
        list.write_all(b"\0")?;
    }
    list.flush()
}
