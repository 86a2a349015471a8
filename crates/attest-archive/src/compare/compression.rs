//! Two compressed streams: their headers, and whether the same came out.

use std::io::{self, SeekFrom};

use super::Cause;
use super::paths::{Bytes, Comparer, fill, first_difference};
use crate::read::{Decompressor, Frame, GzipHeader, ReadError, ZstdHeader};

/// Says what differs in the headers, and whether the content is the same; if it is, that the compressor is not.
pub(super) fn compare(comparer: &mut Comparer, left: &mut dyn Bytes, right: &mut dyn Bytes) -> Result<bool, ReadError> {
    left.seek(SeekFrom::Start(0))?;
    right.seek(SeekFrom::Start(0))?;
    let mut streams = (
        Decompressor::new(&mut *left, &comparer.limits)?,
        Decompressor::new(&mut *right, &comparer.limits)?,
    );
    let is_same = is_same(&mut streams.0, &mut streams.1)?;
    let frames = (streams.0.frames().to_vec(), streams.1.frames().to_vec());
    let counts = (streams.0.frame_count(), streams.1.frame_count());
    drop(streams);
    for pair in frames.0.iter().zip(&frames.1) {
        compare_frames(comparer, pair.0, pair.1);
    }
    if counts.0 != counts.1 {
        comparer.add(Cause::Frames, counts.0.to_string(), counts.1.to_string());
    }
    if is_same && !only_headers(&frames.0, &frames.1, left, right)? {
        let sizes = (left.seek(SeekFrom::End(0))?, right.seek(SeekFrom::End(0))?);
        comparer.add(
            Cause::Compressor,
            format!("{} bytes", sizes.0),
            format!("{} bytes", sizes.1),
        );
    }
    Ok(is_same)
}

/// Reads both to their ends, so that every header is seen.
fn is_same(left: &mut dyn io::Read, right: &mut dyn io::Read) -> io::Result<bool> {
    let (mut here, mut there) = (vec![0; 64 * 1024], vec![0; 64 * 1024]);
    let mut is_same = true;
    loop {
        let read = (fill(left, &mut here)?, fill(right, &mut there)?);
        is_same &= here[..read.0] == there[..read.1];
        if read == (0, 0) {
            return Ok(is_same);
        }
    }
}

/// Whether nothing but the header of one gzip member differs.
fn only_headers(
    left_frames: &[Frame],
    right_frames: &[Frame],
    left: &mut dyn Bytes,
    right: &mut dyn Bytes,
) -> io::Result<bool> {
    let ([Frame::Gzip(left_header)], [Frame::Gzip(right_header)]) = (left_frames, right_frames) else {
        return Ok(first_difference(left, right)?.is_none());
    };
    left.seek(SeekFrom::Start(left_header.length()))?;
    right.seek(SeekFrom::Start(right_header.length()))?;
    Ok(super::paths::first_different_byte(left, right)?.is_none())
}

fn compare_frames(comparer: &mut Comparer, left: &Frame, right: &Frame) {
    match (left, right) {
        (Frame::Gzip(left), Frame::Gzip(right)) => compare_gzip(comparer, left, right),
        (left, right) if left != right => comparer.add(Cause::FrameSettings, words(left), words(right)),
        _ => {}
    }
}

fn compare_gzip(comparer: &mut Comparer, left: &GzipHeader, right: &GzipHeader) {
    let text = |bytes: &[u8]| match bytes {
        [] => "none".to_owned(),
        bytes => format!("`{}`", bytes.escape_ascii()),
    };
    let fields = |header: &GzipHeader| {
        [
            (Cause::GzipTime, header.modified.to_string()),
            (Cause::GzipName, text(&header.name)),
            (Cause::GzipComment, text(&header.comment)),
            (Cause::GzipExtra, text(&header.extra)),
            (Cause::GzipSystem, system(header.operating_system)),
            (Cause::GzipLevel, level(header.extra_flags)),
        ]
    };
    let mut is_same = true;
    for ((cause, here), (_, there)) in fields(left).into_iter().zip(fields(right)) {
        if here != there {
            is_same = false;
            comparer.add(cause, here, there);
        }
    }
    if is_same && left != right {
        let flags = |header: &GzipHeader| format!("flags {:#04x}", header.flags);
        comparer.add(Cause::GzipExtra, flags(left), flags(right));
    }
}

fn system(number: u8) -> String {
    match number {
        0 => "0 (FAT)".to_owned(),
        3 => "3 (Unix)".to_owned(),
        7 => "7 (Macintosh)".to_owned(),
        10 | 11 => format!("{number} (Windows)"),
        255 => "255 (unknown)".to_owned(),
        other => other.to_string(),
    }
}

fn level(number: u8) -> String {
    match number {
        0 => "0 (neither)".to_owned(),
        2 => "2 (hardest)".to_owned(),
        4 => "4 (fastest)".to_owned(),
        other => other.to_string(),
    }
}

fn words(frame: &Frame) -> String {
    match frame {
        Frame::Zstd(header) => zstd_words(header),
        Frame::Xz(header) => format!("check {}, block flags {:#04x}", header.check, header.block_flags),
        Frame::Gzip(_) => "gzip".to_owned(),
    }
}

fn zstd_words(header: &ZstdHeader) -> String {
    if header.skippable {
        return "a skippable frame".to_owned();
    }
    let checksum = if header.has_checksum() {
        "a checksum"
    } else {
        "no checksum"
    };
    let window = header
        .window
        .map_or("no window".to_owned(), |window| format!("window {window:#04x}"));
    let size = header
        .content_size
        .map_or("no content size".to_owned(), |size| format!("content size {size}"));
    format!("{checksum}, {window}, {size}")
}
