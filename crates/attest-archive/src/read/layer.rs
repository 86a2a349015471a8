//! A tar stream in, its members out as a system would unpack them that takes the stream as its root.
//!
//! Layers of images and archives of root file systems hold what no release may: devices, names that begin with `/`, links to
//! files of other layers, a name that is there twice, attributes that are no text. Nothing is unpacked from here, so that
//! all of that is let through: later members win, and no name leads out because `..` at the top leads nowhere.

use std::io::{self, Read};

use super::buffer::read_exactly;
use super::pax::first_record;
use super::tar_header::{BLOCK, Header};
use super::{Limits, ReadError};

/// A member as it would be unpacked.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LayerEntry {
    /// Where it comes to lie, from the root, without `.`, `..` and empty parts. Empty for the root itself.
    pub path: String,
    /// Whether its name has a part `..`: nobody who makes archives of systems writes that.
    pub leads_up: bool,
    /// What it is.
    pub kind: LayerKind,
    /// How many bytes it has.
    pub size: u64,
    /// Where they stand in the stream.
    pub offset: u64,
}

/// What such a member is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum LayerKind {
    /// A regular file.
    File {
        /// Whether anybody may execute it.
        executable: bool,
    },
    /// A directory.
    Directory,
    /// A symbolic link, with its text.
    Symlink {
        /// Where it leads, as it is written.
        target: String,
    },
    /// Another name of a file, perhaps of one in another layer.
    HardLink {
        /// The path of that file, made plain as those of members are.
        target: String,
    },
    /// A device, a pipe, a file with holes: something whose bytes are not read.
    Other,
}

/// Reads a tar stream that is not compressed. What the visitor does not read is passed over.
///
/// The stream may end without the blocks of zeros that should end it, as streams of some tools do, and names that are not
/// UTF-8 come with marks in place of what is none.
///
/// # Errors
/// [`ReadError`] for what is damaged and for what is beyond the limits, or what the visitor says.
pub fn read_layer<R: Read, E: From<ReadError>>(
    reader: R,
    limits: &Limits,
    mut visit: impl FnMut(LayerEntry, &mut dyn Read) -> Result<(), E>,
) -> Result<(), E> {
    let mut stream = Stream {
        reader,
        offset: 0,
        limits,
        members: 0,
        names: 0,
    };
    while let Some(entry) = stream.next()? {
        let size = entry.size;
        let mut content = (&mut stream.reader).take(size);
        visit(entry, &mut content)?;
        let left = content.limit();
        stream.pass(size, left)?;
    }
    Ok(())
}

struct Stream<'a, R> {
    reader: R,
    offset: u64,
    limits: &'a Limits,
    members: usize,
    names: u64,
}

/// What stands in front of a header for it.
#[derive(Default)]
struct Front {
    name: Option<Vec<u8>>,
    link: Option<Vec<u8>>,
    size: Option<u64>,
    has_holes: bool,
    bytes: u64,
}

impl<R: Read> Stream<'_, R> {
    fn next(&mut self) -> Result<Option<LayerEntry>, ReadError> {
        let mut front = Front::default();
        loop {
            let Some(block) = self.block()? else {
                return Ok(None);
            };
            let header = Header::parse(&block, self.offset - BLOCK as u64)?;
            match header.type_flag {
                b'x' => {
                    let bytes = self.extension(&header, &mut front.bytes)?;
                    front.take(&bytes, header.offset)?;
                }
                b'g' => drop(self.extension(&header, &mut front.bytes)?),
                b'L' => front.name = Some(until_nul(self.extension(&header, &mut front.bytes)?)),
                b'K' => front.link = Some(until_nul(self.extension(&header, &mut front.bytes)?)),
                b'S' => {
                    front.has_holes = true;
                    self.maps_of_holes(&block)?;
                    return self.enter(header, front).map(Some);
                }
                _ => return self.enter(header, front).map(Some),
            }
        }
    }

    fn enter(&mut self, header: Header, front: Front) -> Result<LayerEntry, ReadError> {
        let name = front.name.unwrap_or(header.name);
        let link = front.link.unwrap_or(header.link);
        let kind = kind(header.type_flag, header.mode, &name, &link, front.has_holes);
        let is_file = matches!(kind, LayerKind::File { .. } | LayerKind::Other);
        let size = front.size.unwrap_or(header.size);
        self.count(name.len() + link.len())?;
        let path = plain(&name);
        let (limit, found) = (self.limits.member, size);
        if found > limit {
            let name = path;
            return Err(ReadError::MemberTooLarge { name, limit, found });
        }
        Ok(LayerEntry {
            path,
            leads_up: name.split(|byte| *byte == b'/').any(|part| part == b".."),
            kind,
            // Some programs write the size of the file into its hard links, and no bytes.
            size: if is_file { size } else { 0 },
            offset: self.offset,
        })
    }

    fn count(&mut self, length: usize) -> Result<(), ReadError> {
        self.members += 1;
        self.names += length as u64;
        if self.members > self.limits.members {
            let limit = self.limits.members;
            return Err(ReadError::TooManyMembers { limit });
        }
        let limit = self.limits.names;
        match self.names > limit {
            true => Err(ReadError::NamesTooLong { limit }),
            false => Ok(()),
        }
    }

    /// A header; nothing at the end, which is a block of zeros or that of the stream.
    fn block(&mut self) -> Result<Option<[u8; BLOCK]>, ReadError> {
        let mut block = [0; BLOCK];
        let read = super::archive::read_up_to(&mut self.reader, &mut block)?;
        if read == 0 {
            return Ok(None);
        }
        self.advance(BLOCK as u64)?;
        if read < BLOCK {
            let inside = "a header";
            return Err(ReadError::Truncated { inside });
        }
        if block.iter().any(|byte| *byte != 0) {
            return Ok(Some(block));
        }
        let mut rest = (&mut self.reader).take(self.limits.total);
        io::copy(&mut rest, &mut io::sink())?;
        Ok(None)
    }

    /// Further blocks that say where the holes of a file are (GNU tar manual, "Storing Sparse Files").
    fn maps_of_holes(&mut self, block: &[u8; BLOCK]) -> Result<(), ReadError> {
        let mut more = block[482] != 0;
        while more {
            let mut map = [0; BLOCK];
            read_exactly(&mut self.reader, &mut map, "a map of holes")?;
            self.advance(BLOCK as u64)?;
            more = map[504] != 0;
        }
        Ok(())
    }

    fn extension(&mut self, header: &Header, sum: &mut u64) -> Result<Vec<u8>, ReadError> {
        let bytes = header.extension(&mut self.reader, self.limits.header, sum)?;
        self.advance(header.size)?;
        let padding = header.size.next_multiple_of(BLOCK as u64) - header.size;
        self.skip(padding, "the padding of an extended header")?;
        Ok(bytes)
    }

    /// What the visitor left of a member, and its padding.
    fn pass(&mut self, size: u64, left: u64) -> Result<(), ReadError> {
        self.advance(size - left)?;
        self.skip(left, "a member")?;
        // The last padding may be missing with the blocks that should follow it.
        let padding = size.next_multiple_of(BLOCK as u64) - size;
        let mut rest = (&mut self.reader).take(padding);
        io::copy(&mut rest, &mut io::sink())?;
        self.advance(padding)
    }

    fn skip(&mut self, bytes: u64, inside: &'static str) -> Result<(), ReadError> {
        let mut rest = (&mut self.reader).take(bytes);
        let read = io::copy(&mut rest, &mut io::sink())?;
        self.advance(bytes)?;
        match read == bytes {
            true => Ok(()),
            false => Err(ReadError::Truncated { inside }),
        }
    }

    fn advance(&mut self, bytes: u64) -> Result<(), ReadError> {
        self.offset = self.offset.saturating_add(bytes);
        let limit = self.limits.total;
        match self.offset > limit {
            true => Err(ReadError::TooLarge { limit }),
            false => Ok(()),
        }
    }
}

impl Front {
    /// What an extended header says of path, link and size; of a key that is there twice, the last. The rest is passed over.
    fn take(&mut self, mut bytes: &[u8], offset: u64) -> Result<(), ReadError> {
        let problem = "a record is broken";
        let broken = || ReadError::TarExtension { offset, problem };
        while !bytes.is_empty() {
            let (key, value, rest) = first_record(bytes).ok_or_else(broken)?;
            match key {
                b"path" | b"GNU.sparse.name" => self.name = Some(value.to_vec()),
                b"linkpath" => self.link = Some(value.to_vec()),
                b"size" => {
                    let size = std::str::from_utf8(value).ok().and_then(|text| text.parse().ok());
                    self.size = Some(size.ok_or_else(broken)?);
                }
                _ => {}
            }
            self.has_holes |= key.starts_with(b"GNU.sparse.") || key == b"SCHILY.realsize";
            bytes = rest;
        }
        Ok(())
    }
}

fn kind(type_flag: u8, mode: u32, name: &[u8], link: &[u8], has_holes: bool) -> LayerKind {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    match type_flag {
        _ if has_holes => LayerKind::Other,
        // Before POSIX a directory was a file whose name ends in a slash.
        0 | b'0' if name.ends_with(b"/") => LayerKind::Directory,
        0 | b'0' | b'7' => LayerKind::File {
            executable: mode & 0o111 != 0,
        },
        b'1' => LayerKind::HardLink { target: plain(link) },
        b'2' => LayerKind::Symlink { target: text(link) },
        b'5' => LayerKind::Directory,
        _ => LayerKind::Other,
    }
}

/// The path from the root, as a system reads it that cannot go above.
fn plain(name: &[u8]) -> String {
    let text = String::from_utf8_lossy(name);
    let mut parts: Vec<&str> = Vec::new();
    for part in text.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

fn until_nul(mut bytes: Vec<u8>) -> Vec<u8> {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    bytes.truncate(end);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A header of ustar with its checksum, and the bytes of the member.
    fn member(name: &[u8], type_flag: u8, link: &[u8], bytes: &[u8]) -> Vec<u8> {
        let mut block = [0; BLOCK];
        block[..name.len()].copy_from_slice(name);
        block[100..107].copy_from_slice(b"0000755");
        block[108..115].copy_from_slice(b"0000000");
        block[116..123].copy_from_slice(b"0000000");
        block[124..135].copy_from_slice(format!("{:011o}", bytes.len()).as_bytes());
        block[136..147].copy_from_slice(b"00000000000");
        block[156] = type_flag;
        block[157..157 + link.len()].copy_from_slice(link);
        block[257..265].copy_from_slice(b"ustar\x0000");
        let sum: u64 = block.iter().map(|byte| u64::from(*byte)).sum::<u64>() + 8 * u64::from(b' ');
        block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        let mut stream = block.to_vec();
        stream.extend_from_slice(bytes);
        stream.resize(stream.len().next_multiple_of(BLOCK), 0);
        stream
    }

    fn read(stream: &[u8]) -> Result<Vec<(String, LayerKind, Vec<u8>)>, ReadError> {
        let mut found = Vec::new();
        read_layer(stream, &Limits::default(), |entry, content| {
            let mut bytes = Vec::new();
            content.read_to_end(&mut bytes)?;
            found.push((entry.path, entry.kind, bytes));
            Ok::<(), ReadError>(())
        })?;
        Ok(found)
    }

    #[test]
    fn what_a_release_may_not_hold_is_read_as_it_would_be_unpacked() {
        let file = LayerKind::File { executable: true };
        let stream = [
            member(b"/etc/passwd", b'0', b"", b"root"),
            member(b"./../a//b/../c", b'0', b"", b""),
            member(b"etc/passwd", b'0', b"", b"again"),
            member(b"dev/null", b'3', b"", b""),
            member(b"bin/sh", b'1', b"/lower/busybox", b""),
            member(b"lib/", b'5', b"", b""),
            member(b"caf\xe9", b'2', b"/usr/lib", b""),
            member(b"./", b'5', b"", b""),
        ]
        .concat();
        let entry = |path: &str, kind: LayerKind, bytes: &[u8]| (path.to_owned(), kind, bytes.to_vec());
        assert_eq!(
            read(&stream).unwrap(),
            [
                entry("etc/passwd", file.clone(), b"root"),
                entry("a/c", file.clone(), b""),
                entry("etc/passwd", file, b"again"),
                entry("dev/null", LayerKind::Other, b""),
                entry(
                    "bin/sh",
                    LayerKind::HardLink {
                        target: "lower/busybox".into()
                    },
                    b""
                ),
                entry("lib", LayerKind::Directory, b""),
                entry(
                    "caf\u{fffd}",
                    LayerKind::Symlink {
                        target: "/usr/lib".into()
                    },
                    b""
                ),
                entry("", LayerKind::Directory, b""),
            ]
        );
    }

    #[test]
    fn attributes_that_are_no_text_and_long_names_are_passed_over_and_taken() {
        let attribute = b"33 SCHILY.xattr.security.x=\x01\xff\x00zz\n";
        let long = "x/".repeat(100) + "y";
        let record = format!("{} path={long}\n", 4 + 6 + long.len());
        let records = [&attribute[..], record.as_bytes()].concat();
        let stream = [
            member(b"PaxHeaders", b'x', b"", &records),
            member(b"short", b'0', b"", b"z"),
        ]
        .concat();
        let found = read(&stream).unwrap();
        assert_eq!(found[0].0, long);
        assert_eq!(found[0].2, b"z");
    }

    #[test]
    fn an_archive_that_ends_inside_a_member_is_truncated() {
        let stream = member(b"a", b'0', b"", &[1; 600]);
        assert_eq!(read(&stream).unwrap().len(), 1);
        for (end, expected) in [(300, "a header"), (BLOCK + 599, "a member")] {
            let error = read(&stream[..end]).unwrap_err();
            assert!(
                matches!(error, ReadError::Truncated { inside } if inside == expected),
                "{error}"
            );
        }
    }

    #[test]
    fn members_are_limited() {
        let stream = member(b"a", b'0', b"", b"").repeat(3);
        let limits = Limits {
            members: 2,
            ..Limits::default()
        };
        let error = read_layer(&*stream, &limits, |_, _| Ok::<(), ReadError>(())).unwrap_err();
        assert!(matches!(error, ReadError::TooManyMembers { limit: 2 }));
    }

    #[test]
    fn a_damaged_header_is_refused() {
        let mut stream = member(b"a", b'0', b"", b"");
        stream[0] = b'b';
        assert!(matches!(
            read(&stream).unwrap_err(),
            ReadError::TarChecksum { offset: 0, .. }
        ));
    }
}
