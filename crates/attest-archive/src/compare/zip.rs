//! What two zip archives say of one member.

use super::Cause;
use super::listing::{Listed, Listing};
use super::paths::Comparer;
use crate::read::{ContainerMetadata, DosTimestamp, ZipMetadata};

pub(super) fn compare(comparer: &mut Comparer, left: &ZipMetadata, right: &ZipMetadata, is_same_content: bool) {
    let fields = |metadata: &ZipMetadata| {
        [
            (Cause::Time, times(metadata)),
            (
                Cause::ZipSystem,
                format!("system {}, version {}", metadata.made_by >> 8, metadata.made_by & 0xff),
            ),
            (Cause::ZipVersion, format!("{:?}", metadata.needed)),
            (Cause::ZipFlags, format!("{:#06x}", metadata.flags)),
            (Cause::ZipMethod, method(metadata.method)),
            (
                Cause::ZipExtra,
                format!(
                    "{}; local {}",
                    extra(&metadata.central_extra),
                    extra(&metadata.local_extra)
                ),
            ),
            (
                Cause::ZipAttributes,
                format!(
                    "internal {}, DOS {:#06x}",
                    metadata.internal_attributes,
                    metadata.external_attributes & 0xffff
                ),
            ),
            (Cause::ZipComment, format!("`{}`", metadata.comment.escape_ascii())),
        ]
    };
    for ((cause, left), (_, right)) in fields(left).into_iter().zip(fields(right)) {
        if left != right {
            comparer.add(cause, left, right);
        }
    }
    if is_same_content && left.method == right.method && left.compressed != right.compressed {
        let words = |metadata: &ZipMetadata| format!("{} bytes", metadata.compressed);
        comparer.add(Cause::Compressor, words(left), words(right));
    }
}

/// When two archives mean the same and are written in two ways: which member has the first different byte.
pub(super) fn compare_encoding(comparer: &mut Comparer, listing: &Listing, offset: u64) {
    let place = |listed: &Listed| match &listed.entry.metadata.container {
        ContainerMetadata::Zip(metadata) => Some(metadata.offset),
        ContainerMetadata::Tar(_) => None,
    };
    let before = listing
        .members
        .iter()
        .filter(|listed| place(listed).is_some_and(|place| place <= offset));
    let words = format!("byte {offset}");
    match before.max_by_key(|listed| place(listed)) {
        Some(listed) if offset < listing.summary.end => {
            comparer.inside(listed.name(), |comparer| {
                comparer.add(Cause::Compressor, words.clone(), words)
            });
        }
        _ => comparer.add(Cause::Encoding, words.clone(), words),
    }
}

fn times(metadata: &ZipMetadata) -> String {
    match metadata.modified {
        (central, local) if central == local => time(central),
        (central, local) => format!("{}, in the local header {}", time(central), time(local)),
    }
}

/// As it stands there: nobody says in which time zone.
fn time(DosTimestamp { date, time }: DosTimestamp) -> String {
    let (year, month, day) = (1980 + (date >> 9), date >> 5 & 15, date & 31);
    let (hour, minute, second) = (time >> 11, time >> 5 & 63, 2 * (time & 31));
    format!("{year}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}")
}

fn method(method: u16) -> String {
    match method {
        0 => "stored".to_owned(),
        8 => "deflated".to_owned(),
        other => other.to_string(),
    }
}

/// The identifiers of the parts, which most people do not know, with their names for those that are common.
fn extra(mut bytes: &[u8]) -> String {
    let mut parts = Vec::new();
    while let [low, high, length_low, length_high, rest @ ..] = bytes {
        let length = usize::from(u16::from_le_bytes([*length_low, *length_high])).min(rest.len());
        let name = match u16::from_le_bytes([*low, *high]) {
            0x0001 => "zip64".to_owned(),
            0x5455 => "times (UT)".to_owned(),
            0x7875 => "owner (ux)".to_owned(),
            other => format!("{other:#06x}"),
        };
        parts.push(format!("{name} {}", hexadecimal(&rest[..length])));
        bytes = &rest[length..];
    }
    match parts.is_empty() {
        true => "none".to_owned(),
        false => parts.join(", "),
    }
}

pub(super) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
