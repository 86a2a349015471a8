use attest_archive::{Content, Error, GitEntry, GitKind, GitTree, Member, MemberPath, Members};

use super::CommitId;
use super::request::{SourceEntry, SourceKind, Unpacked};

impl Unpacked {
    /// The files and links as members of an archive, below `root` or at the top.
    ///
    /// # Errors
    /// When a link leaves the archive, a path is too long, or a name is not UTF-8.
    pub fn members(&self, root: Option<&MemberPath>) -> Result<Members, Error> {
        // A directory that holds something is implied; a submodule without its files is an empty one.
        let members = self.entries.iter().map(|entry| member(root, entry));
        Members::new(members.collect::<Result<Vec<_>, Error>>()?)
    }

    /// Everything as `git archive --prefix=<root>/` packs it.
    #[must_use]
    pub fn git_tree(&self, commit: Option<&CommitId>, seconds: u64, root: Option<&MemberPath>) -> GitTree {
        let prefix = root.map(|root| format!("{root}/").into_bytes()).unwrap_or_default();
        let top = root.map(|_| GitEntry {
            path: prefix.clone(),
            object: self.tree.clone(),
            kind: GitKind::Directory,
        });
        let entries = self.entries.iter().map(|entry| git_entry(&prefix, entry));
        GitTree {
            commit: commit.map(ToString::to_string),
            seconds,
            entries: top.into_iter().chain(entries).collect(),
        }
    }
}

fn member(root: Option<&MemberPath>, entry: &SourceEntry) -> Result<Member, Error> {
    let path = text(&entry.path)?;
    let path = match root {
        Some(root) => root.join(path)?,
        None => path.parse()?,
    };
    match &entry.kind {
        SourceKind::Directory => Ok(Member::directory(path)),
        SourceKind::File { content, executable } => Ok(Member::file(path, Content::Path(content.clone()), *executable)),
        SourceKind::Symlink { target } => Member::symlink(path, text(target)?),
    }
}

fn text(bytes: &[u8]) -> Result<&str, Error> {
    std::str::from_utf8(bytes).map_err(|_| Error::NotUtf8 {
        directory: std::path::PathBuf::from("."),
        escaped: bytes.escape_ascii().to_string(),
    })
}

fn git_entry(prefix: &[u8], entry: &SourceEntry) -> GitEntry {
    let (kind, end): (_, &[u8]) = match &entry.kind {
        SourceKind::Directory => (GitKind::Directory, b"/"),
        SourceKind::File { content, executable } => {
            let (content, executable) = (Content::Path(content.clone()), *executable);
            (GitKind::File { content, executable }, b"")
        }
        SourceKind::Symlink { target } => (GitKind::Symlink { target: target.clone() }, b""),
    };
    GitEntry {
        path: [prefix, &entry.path, end].concat(),
        object: entry.object.clone(),
        kind,
    }
}
