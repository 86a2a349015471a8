//! Files in, an [`Inventory`] out: every reader looks for what it understands, by name and content, in one tree.

use std::io::{self, Read};
use std::sync::OnceLock;

use attest_archive::read::{Compression, Container};

use crate::binary::read as binary;
use crate::brought_along::{self, BroughtAlong};
use crate::cargo::read as cargo;
use crate::golang::read as golang;
use crate::javascript;
use crate::python;
use crate::registry::settings;
use crate::tree::{Content, Entry, Listing, Tree};
use crate::{Error, Gap, Inventory, apk, dpkg, helm, holder, java, links, packed, plain, rootfs, rpm};

/// What a reader understands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// `Cargo.toml` and `Cargo.lock`.
    Cargo,
    /// Lock files of npm, pnpm, Yarn and Bun, `package.json` and `node_modules`.
    JavaScript,
    /// `go.mod`, `go.sum`, `go.work` and `vendor/modules.txt`.
    Go,
    /// Programs that say what they were built from.
    Binary,
    /// The operating system itself, by `os-release`.
    System,
    /// The database of dpkg.
    Dpkg,
    /// The database of apk.
    Apk,
    /// The database of rpm.
    Rpm,
    /// Jars, and what is in them.
    Jar,
    /// `pom.xml`.
    Maven,
    /// The locks of Gradle.
    Gradle,
    /// Charts of Helm.
    Helm,
    /// Lock files, manifests, environments, wheels and sdists of Python.
    Python,
    /// Any file at all, by its digest. Looked for only where it is asked for.
    File,
}

impl Kind {
    /// Every kind, in the order in which they are read.
    #[must_use]
    pub fn all() -> impl ExactSizeIterator<Item = Self> {
        READERS.iter().map(|reader| reader.kind)
    }

    /// The kind with this name, or the kind that reads what a manager or a system of this name leaves.
    #[must_use]
    pub fn named(text: &str) -> Option<Self> {
        let reader = match text {
            "rust" => "cargo",
            "npm" | "pnpm" | "yarn" | "bun" | "node" | "nodejs" => "javascript",
            "golang" => "go",
            "deb" | "debian" => "dpkg",
            "alpine" => "apk",
            "pip" | "poetry" | "uv" | "pdm" | "pipenv" | "conda" | "pypi" => "python",
            text => text,
        };
        Self::all().find(|kind| kind.name() == reader)
    }

    /// The name that people write.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Cargo => "cargo",
            Self::JavaScript => "javascript",
            Self::Go => "go",
            Self::Binary => "binary",
            Self::System => "system",
            Self::Dpkg => "dpkg",
            Self::Apk => "apk",
            Self::Rpm => "rpm",
            Self::Jar => "jar",
            Self::Maven => "maven",
            Self::Gradle => "gradle",
            Self::Helm => "helm",
            Self::Python => "python",
            Self::File => "file",
        }
    }
}

/// What to look for, and how.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Options {
    /// The kinds to look for; all of them but [`Kind::File`] when empty.
    pub kinds: Vec<Kind>,
    /// List only what ends up in the artifact for this target: a target triple of Rust, or `os/architecture`.
    pub shipped: Option<String>,
    /// List every file of a package that a lock file names, with its hashes, and not only the one that stands for all.
    pub all_hashes: bool,
}

impl Options {
    pub(crate) fn reads(&self, kind: Kind) -> bool {
        self.kinds.contains(&kind) || self.kinds.is_empty() && kind != Kind::File
    }
}

/// A file that might be wanted: what is known of it before it is read.
#[derive(Debug, Clone, Copy)]
pub struct Candidate<'a> {
    /// Its path in the tree.
    pub path: &'a str,
    /// Its length in bytes.
    pub size: u64,
    /// Whether somebody may execute it.
    pub is_executable: bool,
    /// Its first bytes, up to [`HEAD`] of them.
    pub head: &'a [u8],
}

impl<'a> Candidate<'a> {
    /// The last part of the path.
    #[must_use]
    pub fn name(&self) -> &'a str {
        self.path.rsplit('/').next().unwrap_or(self.path)
    }
}

/// How many bytes of a file tell what it is.
pub const HEAD: usize = 4096;

/// One way to read packages from files.
pub(crate) struct Reader {
    pub(crate) kind: Kind,
    /// Whether [`Reader::read`] would open this file: of the layers of an image, only such files are kept.
    pub(crate) wants: fn(&Candidate<'_>) -> bool,
    /// The name under which a file with this content would be found, for one that is named by a user and called otherwise.
    pub(crate) recognises: fn(&Candidate<'_>) -> Option<&'static str>,
    /// Reads everything of its kind. What is damaged or missing is a gap of the inventory.
    pub(crate) read: fn(&Scan<'_>) -> Inventory,
}

/// In the order in which they are read.
static READERS: &[Reader] = &[
    cargo::READER,
    golang::READER,
    javascript::READER,
    python::READER,
    binary::READER,
    rootfs::READER,
    dpkg::READER,
    apk::READER,
    rpm::READER,
    java::JAR,
    java::MAVEN,
    java::GRADLE,
    helm::READER,
    plain::READER,
];

/// Whether any reader would open a file.
#[must_use]
pub fn is_wanted(candidate: &Candidate<'_>, options: &Options) -> bool {
    let mut readers = READERS.iter().filter(|reader| options.reads(reader.kind));
    readers.any(|reader| (reader.wants)(candidate))
}

/// Whether a file of this path may be a manifest, a lock file or a package: its name alone tells, as nothing of it is known.
pub(crate) fn is_wanted_by_name(path: &str, options: &Options) -> bool {
    let candidate = Candidate {
        path,
        size: 0,
        is_executable: false,
        head: &[],
    };
    let mut readers = READERS.iter().filter(|reader| options.reads(reader.kind));
    readers.any(|reader| reader.kind != Kind::Binary && (reader.wants)(&candidate))
}

/// Lists what is in a tree. Readers run side by side; the result does not depend on how many threads there are.
///
/// # Errors
/// [`Error::NothingFound`] when no reader found anything at all: neither a package nor a reason why there is none.
pub fn scan(tree: &dyn Tree, options: &Options) -> Result<Inventory, Error> {
    use rayon::prelude::*;
    let scan = Scan::of(tree, options);
    let readers = READERS.iter().filter(|reader| options.reads(reader.kind));
    let readers: Vec<&Reader> = readers.collect();
    let mut found: Vec<(Kind, Inventory)> = readers
        .par_iter()
        .map(|reader| (reader.kind, (reader.read)(&scan)))
        .collect();
    holder::put_into_packages(&scan, &mut found);
    // What manifests say of a package goes before what a program does.
    found.sort_by_key(|(kind, _)| *kind == Kind::Binary);
    let mut inventory = Inventory::default();
    for (_, one) in found {
        inventory.absorb(one);
    }
    if is_nothing(&inventory) && options.reads(Kind::JavaScript) {
        inventory = javascript::read_scattered(&scan);
    }
    settings::settle(&scan, &mut inventory);
    rootfs::leave_out_owned(&scan, &mut inventory);
    rootfs::list_unowned(&scan, &mut inventory);
    rootfs::note_without_database(&mut inventory);
    rootfs::note_without_databases(&scan, &mut inventory);
    packed::note_unread(&scan, &mut inventory);
    links::note(&scan, &mut inventory);
    inventory.not_listed(&brought_along::locks(&scan));
    if is_nothing(&inventory) {
        return Err(Error::NothingFound);
    }
    for gap in tree.listing().gaps() {
        inventory.gap(gap.clone());
    }
    Ok(inventory)
}

fn is_nothing(inventory: &Inventory) -> bool {
    inventory.is_empty() && inventory.gaps().len() == 0
}

/// A tree that is being read.
pub(crate) struct Scan<'a> {
    tree: &'a dyn Tree,
    pub(crate) options: &'a Options,
    brought_along: OnceLock<BroughtAlong>,
}

impl<'a> Scan<'a> {
    /// Another tree, such as an archive that lies in one.
    pub(crate) fn of(tree: &'a dyn Tree, options: &'a Options) -> Self {
        Self {
            tree,
            options,
            brought_along: OnceLock::new(),
        }
    }

    pub(crate) fn listing(&self) -> &'a Listing {
        self.tree.listing()
    }

    /// Whether all of this is one file that somebody named.
    pub(crate) fn is_named_file(&self) -> bool {
        self.tree.is_named_file()
    }

    /// Whether a link leads to a directory that is not in what is read.
    pub(crate) fn leads_outside(&self, link: &Entry) -> bool {
        self.tree.leads_outside(&link.path)
    }

    /// The regular files with this name, in the order of their paths.
    pub(crate) fn named<'n>(&self, name: &'n str) -> impl Iterator<Item = &'a Entry> + use<'a, 'n> {
        let entries = self.listing().entries().iter();
        entries.filter(move |entry| entry.is_file() && entry.name() == name)
    }

    /// Whether a file lies in a package of another kind, where a manifest or a lock file is data.
    pub(crate) fn is_brought_along(&self, path: &str, reader: Kind) -> bool {
        self.brought_along().has(path, reader)
    }

    pub(crate) fn brought_along(&self) -> &BroughtAlong {
        self.brought_along.get_or_init(|| BroughtAlong::find(self))
    }

    /// The regular file that a path leads to, if its content is there: no reader wants any other file of an archive.
    fn kept(&self, path: &str) -> Option<&'a Entry> {
        let entry = self.listing().resolve(path);
        entry.filter(|entry| self.tree.is_kept(&entry.path))
    }

    /// The whole of a file; nothing if there is none. Links are followed inside the tree.
    pub(crate) fn read(&self, path: &str, limit: u64) -> Result<Option<Vec<u8>>, Gap> {
        let Some(entry) = self.kept(path) else {
            return Ok(None);
        };
        let too_large = |found: u64| {
            Gap::new(
                "too-large",
                path,
                format!("expected at most {limit} bytes, found {found}"),
            )
        };
        if entry.size() > limit {
            return Err(too_large(entry.size()));
        }
        let unreadable = |error: io::Error| Gap::new("unreadable", path, error.to_string());
        let content = self.tree.open(&entry.path).map_err(unreadable)?;
        let mut bytes = Vec::with_capacity(usize::try_from(entry.size()).unwrap_or(0));
        // It may have grown.
        content.take(limit + 1).read_to_end(&mut bytes).map_err(unreadable)?;
        match bytes.len() as u64 > limit {
            true => Err(too_large(bytes.len() as u64)),
            false => Ok(Some(bytes)),
        }
    }

    /// The whole of a file as text; a mark of byte order is left out.
    pub(crate) fn text(&self, path: &str, limit: u64) -> Result<Option<String>, Gap> {
        let Some(bytes) = self.read(path, limit)? else {
            return Ok(None);
        };
        let not_utf8 = |error: std::string::FromUtf8Error| {
            let offset = error.utf8_error().valid_up_to();
            Gap::new(
                "not-utf8",
                path,
                format!("expected UTF-8, found another byte at offset {offset}"),
            )
        };
        let text = String::from_utf8(bytes).map_err(not_utf8)?;
        Ok(Some(match text.strip_prefix('\u{feff}') {
            Some(rest) => rest.to_owned(),
            None => text,
        }))
    }

    /// A file to be read piece by piece.
    pub(crate) fn open(&self, path: &str) -> Result<Option<Box<dyn Content + 'a>>, Gap> {
        let Some(entry) = self.kept(path) else {
            return Ok(None);
        };
        let unreadable = |error: io::Error| Gap::new("unreadable", path, error.to_string());
        self.tree.open(&entry.path).map(Some).map_err(unreadable)
    }

    /// The first bytes of a file, up to [`HEAD`] of them; none of one that cannot be read.
    pub(crate) fn head(&self, entry: &Entry) -> Vec<u8> {
        let mut head = Vec::new();
        if let Ok(content) = self.tree.open(&entry.path) {
            // A file that cannot be read has no head, and is a gap for whoever needs it.
            let _ = content.take(HEAD as u64).read_to_end(&mut head);
        }
        head
    }
}

/// The path of a file beside another one.
pub(crate) fn beside(path: &str, name: &str) -> String {
    match path.rsplit_once('/') {
        Some((directory, _)) => format!("{directory}/{name}"),
        None => name.to_owned(),
    }
}

/// The name under which a reader finds a file that is called otherwise, by its content.
#[must_use]
pub fn recognised(candidate: &Candidate<'_>, options: &Options) -> Option<(Kind, &'static str)> {
    // An archive is none of the manifests whose text shows in its first bytes. A jar begins as zip archives do.
    let is_jar = match Container::recognise(candidate.head) {
        _ if Compression::recognise(candidate.head) != Compression::None => return None,
        Some(Container::Zip) => true,
        Some(_) => return None,
        None => false,
    };
    let readers = READERS.iter().filter(|reader| options.reads(reader.kind));
    let mut readers = readers.filter(|reader| !is_jar || reader.kind == Kind::Jar);
    readers.find_map(|reader| (reader.recognises)(candidate).map(|name| (reader.kind, name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_found_by_its_name_and_by_that_of_a_manager() {
        for kind in Kind::all() {
            assert_eq!(Kind::named(kind.name()), Some(kind));
        }
        for (name, kind) in [
            ("npm", Kind::JavaScript),
            ("yarn", Kind::JavaScript),
            ("poetry", Kind::Python),
            ("deb", Kind::Dpkg),
            ("rust", Kind::Cargo),
        ] {
            assert_eq!(Kind::named(name), Some(kind), "{name}");
        }
        assert_eq!(Kind::named("image"), None);
    }
}
