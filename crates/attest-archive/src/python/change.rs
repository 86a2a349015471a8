use std::collections::BTreeMap;
use std::fmt;

use super::contents::{Contents, Held};
use crate::MemberPath;
use crate::read::{ContainerMetadata, EntryKind, Frame, TarMetadata, ZipMetadata};

/// Why a file is not the same after it was written in its normal form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// What is another.
    pub cause: Cause,
    /// How many members it is another of; none for what is one of the whole file.
    pub members: usize,
    /// The first of them.
    pub first: Option<MemberPath>,
}

/// What can be another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Cause {
    /// The order of the members.
    Order,
    /// Directories that are members, or are not.
    Directories,
    /// Hard links, which are files now.
    HardLinks,
    /// Modification times.
    Times,
    /// Modes.
    Modes,
    /// Owners and groups.
    Owners,
    /// Extra fields, flags, comments, versions and kinds of headers.
    Headers,
    /// The bytes of `RECORD`.
    Record,
    /// The header of the gzip stream.
    GzipHeader,
    /// What the compressor made of the same bytes.
    Compression,
}

impl Cause {
    /// The cause in one word.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Order => "order",
            Self::Directories => "directories",
            Self::HardLinks => "hard-links",
            Self::Times => "times",
            Self::Modes => "modes",
            Self::Owners => "owners",
            Self::Headers => "headers",
            Self::Record => "record",
            Self::GzipHeader => "gzip-header",
            Self::Compression => "compression",
        }
    }
}

/// The word, and of how many members.
impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.members {
            0 => f.write_str(self.cause.name()),
            1 => write!(f, "{} of 1 member", self.cause.name()),
            members => write!(f, "{} of {members} members", self.cause.name()),
        }
    }
}

/// What is another between two archives that hold the same, by their headers.
pub(super) fn changes(before: &Contents, after: &Contents) -> Vec<Change> {
    let mut changes = Changes::default();
    let olds: BTreeMap<&MemberPath, &Held> = before.members().iter().map(|held| (&held.entry.path, held)).collect();
    let news: BTreeMap<&MemberPath, &Held> = after.members().iter().map(|held| (&held.entry.path, held)).collect();
    let only = olds.keys().filter(|path| !news.contains_key(*path));
    let added = news.keys().filter(|path| !olds.contains_key(*path));
    for path in only.chain(added) {
        changes.add(Cause::Directories, path);
    }
    for (path, old) in &olds {
        if let Some(new) = news.get(path) {
            changes.compare(old, new);
        }
    }
    changes.order(before, after);
    if before.summary.frames.iter().any(is_gzip) && before.summary.frames != after.summary.frames {
        changes.whole(Cause::GzipHeader);
    }
    changes.0.into_values().collect()
}

fn is_gzip(frame: &Frame) -> bool {
    matches!(frame, Frame::Gzip(_))
}

#[derive(Default)]
struct Changes(BTreeMap<Cause, Change>);

impl Changes {
    fn add(&mut self, cause: Cause, path: &MemberPath) {
        let first = Some(path.clone());
        let change = self.0.entry(cause).or_insert(Change {
            cause,
            members: 0,
            first,
        });
        change.members += 1;
    }

    fn whole(&mut self, cause: Cause) {
        self.0.insert(
            cause,
            Change {
                cause,
                members: 0,
                first: None,
            },
        );
    }

    /// The first member, of those that both have, that stands elsewhere.
    fn order(&mut self, before: &Contents, after: &Contents) {
        for (_, new) in not_directories(before)
            .zip(not_directories(after))
            .filter(|(old, new)| old != new)
        {
            self.add(Cause::Order, new);
        }
    }

    fn compare(&mut self, old: &Held, new: &Held) {
        let path = &new.entry.path;
        let mut add_if = |is_another: bool, cause| {
            if is_another {
                self.add(cause, path);
            }
        };
        let is_link = |held: &Held| matches!(held.entry.kind, EntryKind::HardLink { .. });
        add_if(is_link(old) && !is_link(new), Cause::HardLinks);
        let bytes = |held: &Held| held.file.as_ref().map(|file| file.measured.clone());
        add_if(bytes(old) != bytes(new), Cause::Record);
        add_if(old.entry.metadata.mode != new.entry.metadata.mode, Cause::Modes);
        match (&old.entry.metadata.container, &new.entry.metadata.container) {
            (ContainerMetadata::Tar(old), ContainerMetadata::Tar(new)) => {
                add_if(old.modified != new.modified, Cause::Times);
                add_if(owner(old) != owner(new), Cause::Owners);
                add_if(tar_header(old) != tar_header(new), Cause::Headers);
            }
            (ContainerMetadata::Zip(old), ContainerMetadata::Zip(new)) => {
                add_if(old.modified != new.modified, Cause::Times);
                add_if(zip_header(old) != zip_header(new), Cause::Headers);
                let is_packed_anew = (old.method, old.compressed) != (new.method, new.compressed);
                add_if(old.checksum == new.checksum && is_packed_anew, Cause::Compression);
            }
            _ => {}
        }
    }
}

fn not_directories(contents: &Contents) -> impl Iterator<Item = &MemberPath> {
    let members = contents.members().iter();
    members
        .filter(|held| !matches!(held.entry.kind, EntryKind::Directory))
        .map(|held| &held.entry.path)
}

fn owner(tar: &TarMetadata) -> (u64, u64, &str, &str) {
    (tar.user, tar.group, &tar.user_name, &tar.group_name)
}

/// Records of times are times, and those of names are forms of the same name.
fn tar_header(tar: &TarMetadata) -> impl PartialEq + use<'_> {
    let is_header = |(key, _): &&(String, String)| key != "mtime";
    let extended: Vec<_> = tar.extended.iter().filter(is_header).collect();
    (tar.dialect, tar.device, extended, tar.gnu_long)
}

fn zip_header(zip: &ZipMetadata) -> impl PartialEq + use<'_> {
    (
        (zip.made_by, zip.needed, zip.flags, zip.internal_attributes),
        (&zip.central_extra, &zip.local_extra, &zip.comment),
    )
}
