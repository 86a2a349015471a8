//! Two archives, member by member.

use std::io::{self, SeekFrom};

use tempfile::SpooledTempFile;

use super::listing::{Listed, Listing};
use super::paths::{Bytes, CompareError, Comparer};
use super::{Cause, tar, zip};
use crate::read::{ContainerMetadata, EntryKind, ReadError, read_archive};

/// How many members are compared byte by byte; of the others it is only said that they differ.
const MAX_OPENED: usize = 16;

/// The largest member that is kept to be compared byte by byte.
const MAX_KEPT: u64 = 1024 * 1024 * 1024;

/// Says what differs between two archives of any kind.
pub(super) fn compare(
    comparer: &mut Comparer,
    left: &mut dyn Bytes,
    right: &mut dyn Bytes,
) -> Result<(), CompareError> {
    let listings = (Listing::read(comparer, left), Listing::read(comparer, right));
    let (here, there) = match listings {
        (Ok(here), Ok(there)) => (here, there),
        (Err(ReadError::Io { source }), _) | (_, Err(ReadError::Io { source })) => return Err(source.into()),
        (here, there) => {
            let words = |listing: Result<Listing, ReadError>| {
                listing.map_or_else(|error| error.to_string(), |_| "readable".to_owned())
            };
            comparer.add(Cause::NotRead, words(here), words(there));
            return Ok(());
        }
    };
    let before = comparer.findings.count();
    compare_summaries(comparer, &here, &there);
    compare_names(comparer, &here, &there);
    let mut different = Vec::new();
    for listed in &here.members {
        let Some(other) = there.at(listed.name()) else { continue };
        comparer.inside(listed.name(), |comparer| compare_member(comparer, listed, other));
        if listed.measured != other.measured {
            different.push(listed.name().to_owned());
        }
    }
    compare_contents(comparer, left, right, &different)?;
    if comparer.findings.count() == before {
        tar::compare_encoding(comparer, left, right, &here)?;
    }
    Ok(())
}

fn compare_summaries(comparer: &mut Comparer, here: &Listing, there: &Listing) {
    let (left, right) = (&here.summary, &there.summary);
    if left.comment != right.comment {
        let text = |comment: &[u8]| format!("`{}`", comment.escape_ascii());
        comparer.add(Cause::ZipComment, text(&left.comment), text(&right.comment));
    }
    if left.global != right.global {
        comparer.add(
            Cause::GlobalHeader,
            tar::records(&left.global),
            tar::records(&right.global),
        );
    }
    match (&left.root, &right.root) {
        (Some(left), Some(right)) => comparer.inside("./", |comparer| {
            compare_mode(comparer, left.mode, right.mode);
            if let (ContainerMetadata::Tar(left), ContainerMetadata::Tar(right)) = (&left.container, &right.container) {
                tar::compare(comparer, left, right);
            }
        }),
        (None, None) => {}
        (left, right) => {
            let words = |root: bool| if root { "`./` is a member" } else { "`./` is none" };
            comparer.add(Cause::Missing, words(left.is_some()), words(right.is_some()));
        }
    }
}

/// Members that only one has, and then the order of those that both have.
fn compare_names(comparer: &mut Comparer, here: &Listing, there: &Listing) {
    let only = |of: &Listing, other: &Listing| -> Vec<String> {
        let missing = of.members.iter().filter(|listed| other.at(listed.name()).is_none());
        missing.map(|listed| listed.name().to_owned()).collect()
    };
    for name in only(here, there) {
        comparer.inside(name, |comparer| comparer.add(Cause::Missing, "there", "missing"));
    }
    for name in only(there, here) {
        comparer.inside(name, |comparer| comparer.add(Cause::Missing, "missing", "there"));
    }
    let left = here.members.iter().filter(|listed| there.at(listed.name()).is_some());
    let right = there.members.iter().filter(|listed| here.at(listed.name()).is_some());
    let first = left
        .zip(right)
        .enumerate()
        .find(|(_, (left, right))| left.name() != right.name());
    if let Some((place, (left, right))) = first {
        let words = |listed: &Listed| format!("member {} is `{}`", place + 1, listed.name());
        comparer.add(Cause::Order, words(left), words(right));
    }
}

fn compare_member(comparer: &mut Comparer, left: &Listed, right: &Listed) {
    match (&left.entry.kind, &right.entry.kind) {
        (EntryKind::Symlink { target: left }, EntryKind::Symlink { target: right }) => {
            if left != right {
                comparer.add(Cause::LinkTarget, format!("`{left}`"), format!("`{right}`"));
            }
        }
        (EntryKind::HardLink { target: left }, EntryKind::HardLink { target: right }) => {
            if left != right {
                comparer.add(Cause::LinkTarget, format!("`{left}`"), format!("`{right}`"));
            }
        }
        (EntryKind::File { .. }, EntryKind::File { .. }) | (EntryKind::Directory, EntryKind::Directory) => {}
        (left, right) => comparer.add(Cause::MemberKind, kind(left), kind(right)),
    }
    let (left_metadata, right_metadata) = (&left.entry.metadata, &right.entry.metadata);
    compare_mode(comparer, left_metadata.mode, right_metadata.mode);
    match (&left_metadata.container, &right_metadata.container) {
        (ContainerMetadata::Tar(left), ContainerMetadata::Tar(right)) => tar::compare(comparer, left, right),
        (ContainerMetadata::Zip(here), ContainerMetadata::Zip(there)) => {
            zip::compare(comparer, here, there, left.measured == right.measured);
        }
        _ => {}
    }
    if left_metadata.name != right_metadata.name {
        let words = |name: &str| format!("named `{name}`");
        comparer.add(Cause::Encoding, words(&left_metadata.name), words(&right_metadata.name));
    }
}

fn compare_mode(comparer: &mut Comparer, left: Option<u32>, right: Option<u32>) {
    if left != right {
        let words = |mode: Option<u32>| mode.map_or("none".to_owned(), |mode| format!("{mode:04o}"));
        comparer.add(Cause::Mode, words(left), words(right));
    }
}

fn kind(kind: &EntryKind) -> &'static str {
    match kind {
        EntryKind::File { .. } => "a file",
        EntryKind::Directory => "a directory",
        EntryKind::Symlink { .. } => "a symbolic link",
        EntryKind::HardLink { .. } => "a hard link",
    }
}

/// Opens the first members whose bytes differ.
fn compare_contents(
    comparer: &mut Comparer,
    left: &mut dyn Bytes,
    right: &mut dyn Bytes,
    different: &[String],
) -> Result<(), CompareError> {
    let opened = &different[..different.len().min(MAX_OPENED)];
    if !opened.is_empty() {
        let mut kept = (keep(comparer, left, opened)?, keep(comparer, right, opened)?);
        for (name, (here, there)) in opened.iter().zip(kept.0.iter_mut().zip(&mut kept.1)) {
            comparer.inside(name, |comparer| match (here, there) {
                (Some(here), Some(there)) => comparer.bytes(here, there),
                _ => {
                    comparer.add(Cause::Bytes, "too large to look into", "too large to look into");
                    Ok(())
                }
            })?;
        }
    }
    for name in &different[opened.len()..] {
        comparer.inside(name, |comparer| {
            comparer.add(Cause::Bytes, "not looked into", "not looked into")
        });
    }
    Ok(())
}

/// The bytes of some members, in the order of `names`.
fn keep(
    comparer: &Comparer,
    bytes: &mut dyn Bytes,
    names: &[String],
) -> Result<Vec<Option<SpooledTempFile>>, CompareError> {
    let mut kept: Vec<Option<SpooledTempFile>> = names.iter().map(|_| None).collect();
    bytes.seek(SeekFrom::Start(0))?;
    read_archive(bytes, &comparer.limits, |entry, content| {
        let place = names.iter().position(|name| name == entry.path.as_str());
        if let Some(place) = place.filter(|_| entry.size <= MAX_KEPT) {
            let mut file = comparer.spool();
            io::copy(content, &mut file)?;
            kept[place] = Some(file);
        }
        Ok::<(), ReadError>(())
    })
    .map_err(io::Error::from)?;
    Ok(kept)
}
