//! What two tar headers say of one member.

use std::io::{self, Read, SeekFrom};

use super::listing::Listing;
use super::paths::{Bytes, CompareError, Comparer, first_different_byte};
use super::{Cause, zip};
use crate::read::{Container, ContainerMetadata, Decompressor, TarMetadata};

pub(super) fn compare(comparer: &mut Comparer, left: &TarMetadata, right: &TarMetadata) {
    let fields = |metadata: &TarMetadata| {
        [
            (Cause::Time, time(metadata)),
            (Cause::Owner, format!("{}:{}", metadata.user, metadata.group)),
            (
                Cause::OwnerName,
                format!("`{}`:`{}`", metadata.user_name, metadata.group_name),
            ),
            (
                Cause::HeaderKind,
                format!("{:?}, type `{}`", metadata.dialect, [metadata.type_flag].escape_ascii()),
            ),
            (
                Cause::Encoding,
                format!("device {}:{}", metadata.device.0, metadata.device.1),
            ),
            (Cause::ExtendedHeader, records(&others(&metadata.extended))),
        ]
    };
    for ((cause, left), (_, right)) in fields(left).into_iter().zip(fields(right)) {
        if left != right {
            comparer.add(cause, left, right);
        }
    }
    if left.gnu_long != right.gnu_long {
        let words = |is_long| if is_long { "a GNU long name" } else { "no GNU long name" };
        comparer.add(Cause::Encoding, words(left.gnu_long), words(right.gnu_long));
    }
}

/// With the fraction that only an extended header can hold.
fn time(metadata: &TarMetadata) -> String {
    let written = metadata.extended.iter().find(|(key, _)| key == "mtime");
    written.map_or_else(|| metadata.modified.to_string(), |(_, value)| value.clone())
}

/// The records that are not compared as a field of their own.
fn others(records: &[(String, String)]) -> Vec<(String, String)> {
    const FIELDS: [&str; 6] = ["path", "mtime", "uid", "gid", "uname", "gname"];
    let others = records.iter().filter(|(key, _)| !FIELDS.contains(&&**key));
    others.cloned().collect()
}

pub(super) fn records(records: &[(String, String)]) -> String {
    match records {
        [] => "none".to_owned(),
        records => records
            .iter()
            .map(|(key, value)| format!("{key}={value}"))
            .collect::<Vec<_>>()
            .join(", "),
    }
}

/// When two archives mean the same and are written in two ways: where, by the place of the first different byte.
pub(super) fn compare_encoding(
    comparer: &mut Comparer,
    left: &mut dyn Bytes,
    right: &mut dyn Bytes,
    listing: &Listing,
) -> Result<(), CompareError> {
    left.seek(SeekFrom::Start(0))?;
    right.seek(SeekFrom::Start(0))?;
    let mut streams = (
        Decompressor::new(left, &comparer.limits).map_err(io::Error::from)?,
        Decompressor::new(right, &comparer.limits).map_err(io::Error::from)?,
    );
    let Some(offset) = first_different_byte(&mut streams.0, &mut streams.1)? else {
        return Ok(());
    };
    if listing.summary.container == Some(Container::Zip) {
        zip::compare_encoding(comparer, listing, offset);
        return Ok(());
    }
    let place = Place::of(listing, offset);
    let words = format!("byte {offset}");
    match place {
        Place::Header { member, field } => {
            let words = format!("field {field} of its header, at {words}");
            comparer.inside(member, |comparer| comparer.add(Cause::Encoding, words.clone(), words));
        }
        Place::AfterHeaders => {
            let lengths = (rest(&mut streams.0)?, rest(&mut streams.1)?);
            let words = |length: u64| format!("{length} bytes from where they differ");
            comparer.add(Cause::End, words(lengths.0), words(lengths.1));
        }
        Place::After { member } => comparer.inside(member, |comparer| {
            let words = format!("an extended header after it, at {words}");
            comparer.add(Cause::Encoding, words.clone(), words);
        }),
        Place::Before => comparer.add(Cause::End, words.clone(), words),
    }
    Ok(())
}

/// What a byte of an archive belongs to.
enum Place {
    /// The header of a member.
    Header { member: String, field: &'static str },
    /// What follows a member and is not the header of the next.
    After { member: String },
    /// What follows the last header.
    AfterHeaders,
    /// What is in front of the first.
    Before,
}

impl Place {
    fn of(listing: &Listing, offset: u64) -> Self {
        let header = |listed: &super::listing::Listed| match &listed.entry.metadata.container {
            ContainerMetadata::Tar(metadata) => Some((metadata.offset, listed.name().to_owned())),
            ContainerMetadata::Zip(_) => None,
        };
        let headers: Vec<(u64, String)> = listing.members.iter().filter_map(header).collect();
        let is_last = headers.last().is_some_and(|(start, _)| *start + 512 <= offset);
        match headers.into_iter().rev().find(|(start, _)| *start <= offset) {
            Some((start, member)) if offset < start + 512 => Self::Header {
                member,
                field: field(offset - start),
            },
            Some(_) if is_last => Self::AfterHeaders,
            Some((_, member)) => Self::After { member },
            None => Self::Before,
        }
    }
}

fn rest(reader: &mut impl Read) -> io::Result<u64> {
    io::copy(reader, &mut io::sink())
}

fn field(offset: u64) -> &'static str {
    match offset {
        0..100 => "name",
        100..108 => "mode",
        108..116 => "user",
        116..124 => "group",
        124..136 => "size",
        136..148 => "time",
        148..156 => "checksum",
        156 => "type",
        157..257 => "link",
        257..265 => "magic",
        265..329 => "owner's names",
        329..345 => "device",
        _ => "prefix",
    }
}
