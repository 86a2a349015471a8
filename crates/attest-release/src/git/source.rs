use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use super::attributes::{Attributes, OF_CONVERSIONS, OF_EXPORTS};
use super::commit::CommitText;
use super::large_file::{LargeFiles, MAX_POINTER_BYTES, Pointer, is_pointer};
use super::objects::Objects;
use super::program::native_path;
use super::repository::{Place, Repository};
use super::request::{
    PointerRule, SourceEntry, SourceKind, SourceProfile, SourceRequest, Submodule, SubmoduleRule, Unpacked,
};
use super::store::Store;
use super::submodule::Names;
use super::substitution::{self, Style, Substitution};
use super::tree::{Mode, TreeEntry};
use super::{Commit, GitError};

/// The longest target of a symbolic link, in bytes: what Linux resolves (`PATH_MAX`).
const MAX_TARGET_BYTES: u64 = 4096;

/// The largest commit, in bytes: a message, and signatures and tags that were merged.
const MAX_COMMIT_BYTES: u64 = 16 << 20;

/// How deep submodules may lie in submodules. Three is rare; a repository cannot hold itself, but a chain has no end.
const MAX_DEPTH: usize = 16;

/// The largest file, in bytes, that git holds in memory and converts on its way into an archive (`core.bigFileThreshold`).
const MAX_CONVERTED_BYTES: u64 = 512 << 20;

/// A request under way.
pub(super) struct Unpacking<'a> {
    request: SourceRequest<'a>,
    /// How many files and repositories there are in the scratch directory.
    made: usize,
    unpacked: Unpacked,
}

/// One repository in it: the project, or a submodule.
struct Layer<'a> {
    place: &'a Place,
    commit: Option<&'a CommitText>,
    tag: Option<&'a str>,
    tree: String,
    /// Below what its files lie in the repository, and are no longer when they are packed.
    prefix: &'a str,
    /// Where its files go: empty, or with a slash at its end.
    at: Vec<u8>,
    only: &'a [String],
    depth: usize,
}

/// What is open while a layer is unpacked.
struct Tools<'a> {
    objects: Objects,
    attributes: Attributes,
    substitution: Substitution<'a>,
    large_files: LargeFiles,
    converted: Option<PathBuf>,
}

impl<'a> Unpacking<'a> {
    pub(super) fn of(repository: &Repository, request: &SourceRequest<'a>) -> Result<Unpacked, GitError> {
        let mut unpacking = Self {
            request: *request,
            made: 0,
            unpacked: Unpacked::default(),
        };
        let id = request.revision.commit.as_ref().map(|commit| commit.id.as_str());
        let store = unpacking.store(&repository.place, id.unwrap_or(&request.revision.tree))?;
        let commit = request
            .revision
            .commit
            .as_ref()
            .map(|Commit { id, .. }| commit_text(&store, id.as_str()));
        let commit = commit.transpose()?;
        unpacking.unpacked.tree = unpacking.root(&store, &repository.prefix)?;
        let layer = Layer {
            place: &repository.place,
            commit: commit.as_ref(),
            tag: request.revision.tag.as_deref(),
            tree: request.revision.tree.clone(),
            prefix: &repository.prefix,
            at: Vec::new(),
            only: request.only,
            depth: 0,
        };
        unpacking.layer(&layer, &store)?;
        unpacking.refuse()
    }

    /// The tree of the directory in which the repository was opened.
    fn root(&self, store: &Store, prefix: &str) -> Result<String, GitError> {
        let tree = self.request.revision.tree.clone();
        if prefix.is_empty() {
            return Ok(tree);
        }
        let directory = prefix.trim_end_matches('/');
        let below = store.tree_at(&tree, directory)?;
        below.ok_or_else(|| GitError::PathMissing {
            path: directory.to_owned(),
        })
    }

    /// Everything that was found and is not wanted, at once.
    fn refuse(self) -> Result<Unpacked, GitError> {
        let Self { request, unpacked, .. } = self;
        let submodules = &unpacked.submodules;
        if request.rules.submodules == SubmoduleRule::Refuse && !submodules.is_empty() {
            let paths = submodules.iter().map(|submodule| submodule.path.clone()).collect();
            return Err(GitError::Submodules { paths });
        }
        if request.rules.pointers == PointerRule::Refuse && !unpacked.pointers.is_empty() {
            let paths = unpacked.pointers;
            return Err(GitError::Pointers { paths });
        }
        Ok(unpacked)
    }

    fn store(&mut self, place: &Place, id: &str) -> Result<Store, GitError> {
        Store::new(&place.git, &place.objects, id, &self.fresh_path("repository"))
    }

    fn fresh_path(&mut self, what: &str) -> PathBuf {
        self.made += 1;
        self.request.scratch.join(format!("{what}-{}", self.made))
    }

    fn layer(&mut self, layer: &Layer<'_>, store: &Store) -> Result<(), GitError> {
        let mut entries = store.list(&layer.tree)?;
        let asked: &[&str] = match self.request.rules.profile {
            SourceProfile::Attest => &OF_EXPORTS,
            SourceProfile::GitArchive => &OF_CONVERSIONS,
        };
        let attributes = store.attributes(&entries, asked)?;
        let mut objects = store.objects()?;
        let names = Names::of(store, &mut objects, &entries)?;
        refuse_missing(layer, &entries)?;
        entries.retain(|entry| layer.wants(entry) && self.looks_at(&attributes, entry));
        let mut tools = Tools {
            converted: converted(store, &attributes, &entries)?,
            substitution: Substitution::new(self.style(layer)),
            large_files: LargeFiles::of(&layer.place.common),
            objects,
            attributes,
        };
        self.entries(layer, &names, &entries, &mut tools)?;
        tools.objects.close()
    }

    /// Everything in a layer; directories once there is something in them.
    fn entries(
        &mut self,
        layer: &Layer<'_>,
        names: &Names,
        entries: &[TreeEntry],
        tools: &mut Tools<'_>,
    ) -> Result<(), GitError> {
        let mut pending: Vec<SourceEntry> = Vec::new();
        for entry in entries {
            let path = [&layer.at, &entry.path[layer.prefix.len()..]].concat();
            self.check_name(&path)?;
            pending.retain(|directory| is_below(&path, &directory.path));
            let (object, kind) = (entry.object.clone(), SourceKind::Directory);
            if entry.mode == Mode::Directory {
                pending.push(SourceEntry { path, object, kind });
                continue;
            }
            self.unpacked.entries.append(&mut pending);
            if tools.attributes.ignores(&entry.attribute_path()) {
                continue;
            }
            if entry.mode == Mode::Submodule {
                let entry_path = path.clone();
                self.unpacked.entries.push(SourceEntry { path, object, kind });
                self.submodule(layer, names, entry, entry_path)?;
                continue;
            }
            let kind = self.kind(tools, entry, &path)?;
            self.unpacked.entries.push(SourceEntry { path, object, kind });
        }
        Ok(())
    }

    /// Git makes the directories above a file before it asks whether the file is left out; we make none that stays empty.
    fn looks_at(&self, attributes: &Attributes, entry: &TreeEntry) -> bool {
        let path = entry.attribute_path();
        let makes_directories =
            self.request.rules.profile == SourceProfile::GitArchive && entry.mode != Mode::Directory;
        !attributes.ignores_above(&path) && (makes_directories || !attributes.ignores(&path))
    }

    fn style<'l>(&self, layer: &Layer<'l>) -> Style<'l> {
        match (layer.commit, self.request.rules.profile) {
            (Some(commit), SourceProfile::Attest) => Style::Stable { commit, tag: layer.tag },
            (Some(commit), SourceProfile::GitArchive) => Style::Git {
                program: &layer.place.git,
                commit,
            },
            (None, _) => Style::Nobody,
        }
    }

    /// Archives of names in unknown encodings would not be read everywhere alike.
    fn check_name(&self, path: &[u8]) -> Result<(), GitError> {
        match self.request.rules.profile == SourceProfile::Attest && std::str::from_utf8(path).is_err() {
            true => Err(GitError::not_utf8(path)),
            false => Ok(()),
        }
    }

    fn kind(&mut self, tools: &mut Tools<'_>, entry: &TreeEntry, path: &[u8]) -> Result<SourceKind, GitError> {
        if entry.mode == Mode::Symlink {
            let limit = ("bytes in a symbolic link", MAX_TARGET_BYTES);
            let target = tools.objects.read(&entry.object, "blob", limit)?;
            self.check_name(&target)?;
            return Ok(SourceKind::Symlink { target });
        }
        Ok(SourceKind::File {
            content: self.content(tools, entry, &shown(path))?,
            executable: entry.mode == Mode::Executable,
        })
    }

    /// Writes a file as it is packed, and says where.
    fn content(&mut self, tools: &mut Tools<'_>, entry: &TreeEntry, shown: &str) -> Result<PathBuf, GitError> {
        let mut content = self.fresh_path("file");
        let written = tools.objects.write(&entry.object, &content, MAX_POINTER_BYTES)?;
        if let Some(bytes) = written.bytes.filter(|bytes| is_pointer(bytes)) {
            self.unpacked.pointers.push(shown.to_owned());
            if self.request.rules.pointers == PointerRule::Resolve {
                let pointer = Pointer::parse(&bytes);
                let pointer = pointer.ok_or_else(|| GitError::PointerInvalid { path: shown.to_owned() })?;
                content = self.fresh_path("file");
                pointer.resolve(&tools.large_files, shown, &content)?;
                return Ok(content);
            }
        }
        if let Some(converted) = tools.converted_path(entry, written.size) {
            content = converted;
        }
        if tools.attributes.substituted.contains(&entry.path) {
            content = self.substitute(tools, content, shown)?;
        }
        Ok(content)
    }

    fn substitute(&mut self, tools: &mut Tools<'_>, content: PathBuf, shown: &str) -> Result<PathBuf, GitError> {
        let size = fs::metadata(&content)
            .map_err(GitError::io("read a committed file"))?
            .len();
        if size > substitution::MAX_BYTES {
            return Err(GitError::TooLarge {
                what: "bytes in a file marked `export-subst`",
                limit: substitution::MAX_BYTES,
                found: size,
            });
        }
        let before = fs::read(&content).map_err(GitError::io("read a committed file"))?;
        let Some(after) = tools.substitution.apply(&before, shown)? else {
            return Ok(content);
        };
        self.unpacked.substituted.push(shown.to_owned());
        let filled = self.fresh_path("file");
        fs::write(&filled, after).map_err(GitError::io("write a committed file"))?;
        Ok(filled)
    }

    fn submodule(
        &mut self,
        layer: &Layer<'_>,
        names: &Names,
        entry: &TreeEntry,
        path: Vec<u8>,
    ) -> Result<(), GitError> {
        let (place_name, commit) = (shown(&path), entry.object.clone());
        self.unpacked.submodules.push(Submodule {
            path: place_name.clone(),
            commit: commit.clone(),
        });
        if self.request.rules.submodules != SubmoduleRule::Include {
            return Ok(());
        }
        if layer.depth == MAX_DEPTH {
            let (path, limit) = (place_name, MAX_DEPTH);
            return Err(GitError::SubmodulesTooDeep { path, limit });
        }
        let native = native_path(&entry.path).ok_or_else(|| GitError::not_utf8(&entry.path))?;
        let missing = || GitError::SubmoduleMissing {
            path: place_name.clone(),
            commit: commit.clone(),
        };
        let place = names.locate(&native, &entry.path, layer.place)?.ok_or_else(missing)?;
        let store = self.store(&place, &commit)?;
        if !store.holds(&commit, "commit")? {
            return Err(missing());
        }
        let text = commit_text(&store, &commit)?;
        let at = [&path[..], b"/"].concat();
        self.layer(&Layer::inner(&place, &text, at, layer.depth + 1), &store)
    }
}

impl<'a> Layer<'a> {
    /// All of a submodule.
    fn inner(place: &'a Place, commit: &'a CommitText, at: Vec<u8>, depth: usize) -> Self {
        Self {
            place,
            commit: Some(commit),
            tag: None,
            tree: commit.tree.clone(),
            prefix: "",
            at,
            only: &[],
            depth,
        }
    }

    /// Whether an entry lies below the project's directory, and is or may hold something that was asked for.
    fn wants(&self, entry: &TreeEntry) -> bool {
        let Some(path) = entry.path.strip_prefix(self.prefix.as_bytes()) else {
            return false;
        };
        let is_parent = |only: &str| entry.mode == Mode::Directory && is_below(only.as_bytes(), path);
        self.only.is_empty()
            || self
                .only
                .iter()
                .any(|only| is_at_or_below(path, only.as_bytes()) || is_parent(only))
    }
}

impl Tools<'_> {
    /// Where git has checked a file out that it does not pack as it was committed.
    fn converted_path(&self, entry: &TreeEntry, size: u64) -> Option<PathBuf> {
        let converted = self.converted.as_ref()?;
        let is_converted = self.attributes.converted.contains(&entry.path) && size <= MAX_CONVERTED_BYTES;
        native_path(&entry.path)
            .filter(|_| is_converted)
            .map(|path| converted.join(path))
    }
}

fn commit_text(store: &Store, id: &str) -> Result<CommitText, GitError> {
    let mut objects = store.objects()?;
    let object = objects.read(id, "commit", ("bytes in a commit", MAX_COMMIT_BYTES))?;
    objects.close()?;
    CommitText::parse(id, &object)
}

/// Has git check out what it does not pack as it was committed.
fn converted(store: &Store, attributes: &Attributes, entries: &[TreeEntry]) -> Result<Option<PathBuf>, GitError> {
    let is_file = |entry: &&TreeEntry| matches!(entry.mode, Mode::File | Mode::Executable);
    let files = entries.iter().filter(is_file).map(|entry| entry.path.clone());
    let files: Vec<Vec<u8>> = files.filter(|path| attributes.converted.contains(path)).collect();
    match files.is_empty() {
        true => Ok(None),
        false => store.check_out(&files).map(Some),
    }
}

/// A path that was asked for and is nowhere is a slip of the pen, not an empty archive.
fn refuse_missing(layer: &Layer<'_>, entries: &[TreeEntry]) -> Result<(), GitError> {
    let prefix = layer.prefix.as_bytes();
    let paths: BTreeSet<&[u8]> = entries
        .iter()
        .filter_map(|entry| entry.path.strip_prefix(prefix))
        .collect();
    match layer.only.iter().find(|only| !paths.contains(only.as_bytes())) {
        Some(path) => Err(GitError::PathMissing { path: path.clone() }),
        None => Ok(()),
    }
}

fn is_at_or_below(path: &[u8], directory: &[u8]) -> bool {
    path == directory || is_below(path, directory)
}

fn is_below(path: &[u8], directory: &[u8]) -> bool {
    path.strip_prefix(directory).is_some_and(|rest| rest.starts_with(b"/"))
}

/// A name as it is told, whatever its encoding.
fn shown(path: &[u8]) -> String {
    match std::str::from_utf8(path) {
        Ok(path) => path.to_owned(),
        Err(_) => path.escape_ascii().to_string(),
    }
}
