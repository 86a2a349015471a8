use std::collections::BTreeSet;
use std::fs::{self, DirEntry, File, Metadata};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::{Content, Entry, EntryKind, Listing, Tree};
use crate::Gap;
use crate::scan::{Candidate, HEAD, Options, is_wanted, is_wanted_by_name, recognised};

/// The most entries that are listed. An image of a whole distribution with desktop and compilers has half a million.
const MAX_ENTRIES: usize = 2_000_000;

/// The most directories in each other: paths of Linux are at most 4096 bytes long.
const MAX_DEPTH: usize = 512;

/// What begins the file that marks a directory as a cache, which can be made anew.
/// Source: Cache Directory Tagging Specification.
const CACHE_TAG: &[u8] = b"Signature: 8a477f597d28d172789f06886806bc55";

/// Directories of version control systems: they hold every version of the sources, not what is there now.
const VERSION_CONTROL: [&str; 4] = [".git", ".hg", ".svn", ".jj"];

/// A directory of the machine, or one file of it.
#[derive(Debug)]
pub struct Directory {
    root: Root,
    listing: Listing,
}

impl Directory {
    /// Lists a directory, whole. Directories of version control and caches that say so are left out.
    ///
    /// # Errors
    /// When the directory itself cannot be read; what cannot be read inside is a gap of the listing.
    pub fn new(root: impl Into<PathBuf>) -> io::Result<Self> {
        let root = root.into();
        let mut walk = Walk::default();
        walk.directory(&root, "", 0)?;
        while let Some((path, relative, depth)) = walk.left.pop() {
            if let Err(error) = walk.directory(&path, &relative, depth) {
                walk.gaps.push(Gap::new("unreadable", &relative, error.to_string()));
            }
        }
        let listing = Listing::new(walk.entries, walk.gaps).with_special(walk.special);
        let root = Root::Directory(root);
        Ok(Self { root, listing })
    }

    /// One file, alone in its tree. A file whose name says nothing is called what its content says that it is.
    ///
    /// # Errors
    /// When it cannot be read, or is no regular file.
    pub fn of_file(path: &Path, options: &Options) -> io::Result<Self> {
        let metadata = fs::metadata(path)?;
        let name = path.file_name().and_then(|name| name.to_str());
        let (true, Some(name)) = (metadata.is_file(), name) else {
            let expected = "expected a regular file with a name in UTF-8";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, expected));
        };
        let mut head = Vec::new();
        File::open(path)?.take(HEAD as u64).read_to_end(&mut head)?;
        let candidate = Candidate {
            path: name,
            size: metadata.len(),
            is_executable: is_executable(&metadata),
            head: &head,
        };
        let by_content = || recognised(&candidate, options).map(|(_, name)| name);
        let wanted = if is_wanted(&candidate, options) {
            Some(name)
        } else {
            by_content()
        };
        let entry = Entry {
            path: wanted.unwrap_or(name).to_owned(),
            kind: file(&metadata),
        };
        let root = Root::File {
            path: path.to_owned(),
            is_wanted: wanted.is_some(),
            is_zip: head.starts_with(b"PK"),
            is_beside: false,
        };
        let listing = Listing::new(vec![entry], Vec::new());
        Ok(Self { root, listing })
    }

    /// Says whether other things were named beside it.
    #[must_use]
    pub(super) fn beside(mut self, is_beside_others: bool) -> Self {
        if let Root::File { is_beside, .. } = &mut self.root {
            *is_beside = is_beside_others;
        }
        self
    }

    /// Whether it is one file, and some reader would open it.
    pub(super) fn is_wanted(&self) -> bool {
        matches!(self.root, Root::File { is_wanted: true, .. })
    }

    /// Whether it is one file, and begins as zip archives do.
    pub(super) fn is_zip(&self) -> bool {
        matches!(self.root, Root::File { is_zip: true, .. })
    }
}

#[derive(Debug)]
enum Root {
    Directory(PathBuf),
    File {
        path: PathBuf,
        is_wanted: bool,
        is_zip: bool,
        is_beside: bool,
    },
}

impl Tree for Directory {
    fn listing(&self) -> &Listing {
        &self.listing
    }

    fn open(&self, path: &str) -> io::Result<Box<dyn Content + '_>> {
        if self.listing.at(path).is_none_or(|entry| !entry.is_file()) {
            return Err(io::ErrorKind::NotFound.into());
        }
        Ok(Box::new(match &self.root {
            Root::Directory(root) => File::open(root.join(path))?,
            Root::File { path, .. } => File::open(path)?,
        }))
    }

    fn is_named_file(&self) -> bool {
        matches!(self.root, Root::File { is_beside: false, .. })
    }

    fn leads_outside(&self, path: &str) -> bool {
        let Root::Directory(root) = &self.root else {
            return false;
        };
        let (Ok(target), Ok(root)) = (fs::canonicalize(root.join(path)), fs::canonicalize(root)) else {
            return false;
        };
        target.is_dir() && !target.starts_with(root) && !is_cache(&target)
    }
}

#[derive(Default)]
struct Walk {
    entries: Vec<Entry>,
    gaps: Vec<Gap>,
    /// Where a device, a pipe or a socket lies.
    special: BTreeSet<String>,
    /// Directories that are not read yet, with their path in the tree and their depth.
    left: Vec<(PathBuf, String, usize)>,
}

impl Walk {
    fn directory(&mut self, path: &Path, relative: &str, depth: usize) -> io::Result<()> {
        if !relative.is_empty() && is_cache(path) {
            return Ok(());
        }
        if depth > MAX_DEPTH {
            self.gaps.push(Gap::new(
                "too-deep",
                relative,
                format!("expected at most {MAX_DEPTH} directories in each other"),
            ));
            return Ok(());
        }
        for entry in fs::read_dir(path)? {
            if self.entries.len() >= MAX_ENTRIES {
                self.too_many();
                break;
            }
            self.entry(&entry?, relative, depth);
        }
        Ok(())
    }

    fn entry(&mut self, entry: &DirEntry, parent: &str, depth: usize) {
        let name = entry.file_name();
        let Some(name) = name.to_str() else {
            let shown = format!("{parent}/{}", name.to_string_lossy());
            self.gaps.push(Gap::new(
                "not-utf8",
                shown.trim_start_matches('/'),
                "its name is not UTF-8",
            ));
            return;
        };
        let path = if parent.is_empty() {
            name.to_owned()
        } else {
            format!("{parent}/{name}")
        };
        match kind(entry) {
            Ok(Some(EntryKind::Directory)) if VERSION_CONTROL.contains(&name) => {}
            Ok(Some(kind)) => {
                if kind == EntryKind::Directory {
                    self.left.push((entry.path(), path.clone(), depth + 1));
                }
                self.entries.push(Entry { path, kind });
            }
            Ok(None) => {
                if is_wanted_by_name(&path, &Options::default()) {
                    let detail = "expected a regular file, found a pipe, a socket or a device: it is not read";
                    self.gaps.push(Gap::new("unreadable", &path, detail));
                }
                self.special.insert(path);
            }
            Err(error) => self.gaps.push(Gap::new("unreadable", &path, error.to_string())),
        }
    }

    fn too_many(&mut self) {
        self.left.clear();
        let detail = format!("expected at most {MAX_ENTRIES} files; the rest was not looked at");
        self.gaps.push(Gap::new("too-many-files", "", detail));
    }
}

/// What lies there; nothing for a device, a pipe or a socket.
fn kind(entry: &DirEntry) -> io::Result<Option<EntryKind>> {
    let kind = entry.file_type()?;
    if kind.is_dir() {
        return Ok(Some(EntryKind::Directory));
    }
    if kind.is_symlink() {
        let target = fs::read_link(entry.path())?.to_string_lossy().into_owned();
        return Ok(Some(EntryKind::Link { target }));
    }
    match kind.is_file() {
        true => Ok(Some(file(&entry.metadata()?))),
        false => Ok(None),
    }
}

fn file(metadata: &Metadata) -> EntryKind {
    EntryKind::File {
        size: metadata.len(),
        is_executable: is_executable(metadata),
    }
}

#[cfg(unix)]
fn is_executable(metadata: &Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    metadata.permissions().mode() & 0o111 != 0
}

#[cfg(not(unix))]
fn is_executable(_: &Metadata) -> bool {
    false
}

/// The store of Cargo says that it is a cache, too, but its sources tell what a lock file does not; and so do environments
/// of Python that uv or virtualenv made, but what is installed there is used.
fn is_cache(directory: &Path) -> bool {
    if directory.join("pyvenv.cfg").is_file() {
        return false;
    }
    if directory.ends_with("registry") && ["src", "cache"].iter().all(|part| directory.join(part).is_dir()) {
        return false;
    }
    let tag = fs::read(directory.join("CACHEDIR.TAG"));
    tag.is_ok_and(|tag| tag.starts_with(CACHE_TAG))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_is_listed_without_its_history_and_its_caches() {
        let directory = tempfile::tempdir().unwrap();
        for path in ["b/c/file", ".git/HEAD", "target/debug/app", "a"] {
            let path = directory.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "x").unwrap();
        }
        fs::write(directory.path().join("target/CACHEDIR.TAG"), CACHE_TAG).unwrap();
        let tree = Directory::new(directory.path()).unwrap();
        let paths: Vec<_> = tree
            .listing()
            .entries()
            .iter()
            .map(|entry| entry.path.as_str())
            .collect();
        assert_eq!(paths, ["a", "b", "b/c", "b/c/file", "target"]);
        let mut text = String::new();
        tree.open("b/c/file").unwrap().read_to_string(&mut text).unwrap();
        assert_eq!(text, "x");
        assert!(tree.open(".git/HEAD").is_err());
    }

    #[test]
    fn a_file_is_called_what_its_content_says() {
        let directory = tempfile::tempdir().unwrap();
        let lock = "# This file is automatically @generated by Cargo.\n# It is not intended for manual editing.\n\n[[package]]\n";
        for (name, text, expected) in [
            ("saved.txt", lock, "Cargo.lock"),
            ("Cargo.lock", "", "Cargo.lock"),
            ("x", "y", "x"),
        ] {
            let path = directory.path().join(name);
            fs::write(&path, text).unwrap();
            let tree = Directory::of_file(&path, &Options::default()).unwrap();
            let paths: Vec<_> = tree
                .listing()
                .entries()
                .iter()
                .map(|entry| entry.path.as_str())
                .collect();
            assert_eq!(paths, [expected]);
            let mut content = String::new();
            tree.open(expected).unwrap().read_to_string(&mut content).unwrap();
            assert_eq!(content, text);
        }
        assert!(Directory::of_file(directory.path(), &Options::default()).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn a_socket_in_place_of_a_manifest_is_told_and_another_one_is_not() {
        use std::os::unix::net::UnixListener;
        let directory = tempfile::tempdir().unwrap();
        let _sockets =
            ["requirements.txt", "socket"].map(|name| UnixListener::bind(directory.path().join(name)).unwrap());
        let tree = Directory::new(directory.path()).unwrap();
        let gaps: Vec<_> = tree.listing().gaps().iter().map(Gap::to_string).collect();
        let expected =
            "requirements.txt: unreadable: expected a regular file, found a pipe, a socket or a device: it is not read";
        assert_eq!(gaps, [expected]);
    }

    #[test]
    fn the_store_of_cargo_is_no_cache_to_be_left_out() {
        let directory = tempfile::tempdir().unwrap();
        for path in [
            "registry/src/i/x/Cargo.toml",
            "registry/cache/i/x",
            "registry/CACHEDIR.TAG",
            "other/CACHEDIR.TAG",
        ] {
            let path = directory.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, CACHE_TAG).unwrap();
        }
        let tree = Directory::new(directory.path()).unwrap();
        assert!(tree.listing().at("registry/src/i/x/Cargo.toml").is_some());
        assert!(tree.listing().at("other/CACHEDIR.TAG").is_none());
    }

    #[test]
    fn an_environment_of_python_is_no_cache_to_be_left_out() {
        let directory = tempfile::tempdir().unwrap();
        for path in [".venv/pyvenv.cfg", ".venv/CACHEDIR.TAG", ".venv/lib/METADATA"] {
            let path = directory.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, CACHE_TAG).unwrap();
        }
        let tree = Directory::new(directory.path()).unwrap();
        assert!(tree.listing().at(".venv/lib/METADATA").is_some());
    }

    #[cfg(unix)]
    #[test]
    fn a_name_that_is_not_utf8_and_a_closed_directory_are_gaps() {
        use std::ffi::OsStr;
        use std::os::unix::ffi::OsStrExt;
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join(OsStr::from_bytes(b"a\xff")), "").unwrap();
        let tree = Directory::new(directory.path()).unwrap();
        assert!(tree.listing().entries().is_empty());
        let gaps: Vec<_> = tree.listing().gaps().iter().map(Gap::to_string).collect();
        assert_eq!(gaps, ["a\u{fffd}: not-utf8: its name is not UTF-8"]);
    }
}
