//! A tar stream in, its members out, each understood in one way or refused.

use std::io::{self, BufReader, Read, Seek};

use super::buffer::read_exactly;
use super::names::{Name, text};
use super::pax::Records;
use super::tar_header::{BLOCK, Header};
use super::tree::Tree;
use super::{ContainerMetadata, Entry, EntryKind, Limits, Metadata, ReadError, Summary, TarMetadata};
use crate::MAX_PATH_BYTES;

/// The largest size that eleven octal digits hold; only above it an extended header may say another.
const MAX_OCTAL: u64 = 0o77_777_777_777;

/// Reads a tar stream that is not compressed, and shows each member with its bytes.
///
/// What the visitor does not read is read all the same.
///
/// # Errors
/// [`ReadError`], or what the visitor says.
pub fn read_tar<R: Read, E: From<ReadError>>(
    reader: R,
    limits: &Limits,
    visit: impl FnMut(&Entry, &mut dyn Read) -> Result<(), E>,
) -> Result<Summary, E> {
    read_members(reader, limits, |content| content.drain(), visit)
}

/// The same of what can be sought: what the visitor does not read is skipped.
pub(crate) fn skim_tar<R: Read + Seek, E: From<ReadError>>(
    reader: BufReader<R>,
    limits: &Limits,
    visit: impl FnMut(&Entry, &mut dyn Read) -> Result<(), E>,
) -> Result<Summary, E> {
    read_members(reader, limits, |content| content.skip(), visit)
}

fn read_members<R: Read, E: From<ReadError>>(
    reader: R,
    limits: &Limits,
    pass: impl Fn(&mut Content<'_, R>) -> Result<(), ReadError>,
    mut visit: impl FnMut(&Entry, &mut dyn Read) -> Result<(), E>,
) -> Result<Summary, E> {
    let mut stream = TarStream {
        reader,
        offset: 0,
        limits,
        tree: Tree::new(),
        root: None,
        global: Vec::new(),
        global_bytes: 0,
    };
    while let Some(found) = stream.next()? {
        let (size, shown) = (found.size, found.header.shown());
        if let Some(entry) = stream.enter(found)? {
            let mut content = Content {
                reader: &mut stream.reader,
                left: size,
            };
            visit(&entry, &mut content)?;
            pass(&mut content)?;
        }
        stream.skip_padding(size, &shown)?;
    }
    let (case_collisions, reserved_names) = stream.tree.finish(limits)?;
    Ok(Summary {
        root: stream.root,
        global: stream.global,
        case_collisions,
        reserved_names,
        end: stream.offset,
        ..Summary::default()
    })
}

struct TarStream<'a, R> {
    reader: R,
    offset: u64,
    limits: &'a Limits,
    tree: Tree,
    root: Option<Metadata>,
    global: Vec<(String, String)>,
    global_bytes: u64,
}

/// A header, and what stood in front of it for it.
struct Found {
    header: Header,
    name: Name,
    link: Vec<u8>,
    size: u64,
    modified: i64,
    user: u64,
    group: u64,
    user_name: String,
    group_name: String,
    records: Records,
    gnu_long: bool,
}

/// What stands in front of a header for it.
#[derive(Default)]
struct Front {
    records: Option<Records>,
    name: Option<Vec<u8>>,
    link: Option<Vec<u8>>,
    bytes: u64,
}

impl<R: Read> TarStream<'_, R> {
    /// The next member, with what extends its header, or nothing at a proper end.
    fn next(&mut self) -> Result<Option<Found>, ReadError> {
        let mut front = Front::default();
        loop {
            let Some(header) = self.header(&front)? else {
                return Ok(None);
            };
            let offset = header.offset;
            let broken = |problem| ReadError::TarExtension { offset, problem };
            match header.type_flag {
                b'x' => {
                    let records = Records::parse(&self.extension(&header, &mut front.bytes)?, offset)?;
                    if front.records.replace(records).is_some() {
                        return Err(broken("a second one for the same member"));
                    }
                }
                b'g' => {
                    let mut bytes = self.global_bytes;
                    let records = Records::parse(&self.extension(&header, &mut bytes)?, offset)?;
                    self.global_bytes = bytes;
                    records.refuse_known(offset)?;
                    self.global.extend(records.0);
                }
                b'L' | b'K' => {
                    let text = gnu_text(self.extension(&header, &mut front.bytes)?);
                    let text = text.ok_or_else(|| broken("a long name without an end, or with two"))?;
                    let place = if header.type_flag == b'L' {
                        &mut front.name
                    } else {
                        &mut front.link
                    };
                    if place.replace(text).is_some() {
                        return Err(broken("a second one for the same member"));
                    }
                }
                _ => return Found::new(header, front, self.limits).map(Some),
            }
        }
    }

    /// Takes a member in, or remembers what is said of the top, which is none.
    fn enter(&mut self, found: Found) -> Result<Option<Entry>, ReadError> {
        let (name, size, kind) = (found.name.clone(), found.size, found.kind()?);
        let metadata = found.metadata();
        let Some(path) = name.path else {
            return match self.root.replace(metadata) {
                None => Ok(None),
                Some(_) => Err(unsupported(name.text, "the top for the second time")),
            };
        };
        self.tree.insert(&path, &kind, self.limits)?;
        self.advance(size)?;
        Ok(Some(Entry {
            path,
            kind,
            size,
            metadata,
        }))
    }

    /// The next header, or nothing at a proper end: two blocks of zeros, and nothing but zeros after them.
    fn header(&mut self, front: &Front) -> Result<Option<Header>, ReadError> {
        let offset = self.offset;
        let block = self.block("a header, or the blocks that end it")?;
        if !is_zero(&block) {
            return Header::parse(&block, offset).map(Some);
        }
        if front.bytes > 0 {
            let problem = "no member comes after it";
            return Err(ReadError::TarExtension { offset, problem });
        }
        if !is_zero(&self.block("the blocks that end it")?) {
            return Err(ReadError::TarLoneZeros { offset });
        }
        self.expect_zeros_to_the_end()?;
        Ok(None)
    }

    fn block(&mut self, inside: &'static str) -> Result<[u8; BLOCK], ReadError> {
        let mut block = [0; BLOCK];
        read_exactly(&mut self.reader, &mut block, inside)?;
        self.advance(BLOCK as u64)?;
        Ok(block)
    }

    fn advance(&mut self, bytes: u64) -> Result<(), ReadError> {
        self.offset = self.offset.saturating_add(bytes);
        match self.offset > self.limits.total {
            true => Err(ReadError::TooLarge {
                limit: self.limits.total,
            }),
            false => Ok(()),
        }
    }

    fn expect_zeros_to_the_end(&mut self) -> Result<(), ReadError> {
        let mut buffer = [0; 8 * 1024];
        loop {
            let read = match self.reader.read(&mut buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                result => result?,
            };
            if read == 0 {
                return Ok(());
            }
            self.advance(read as u64)?;
            if !is_zero(&buffer[..read]) {
                let after = "the end of the tar archive";
                return Err(ReadError::Trailing { after });
            }
        }
    }

    /// The bytes of an extended header or a long name, which count towards `sum`.
    fn extension(&mut self, header: &Header, sum: &mut u64) -> Result<Vec<u8>, ReadError> {
        let bytes = header.extension(&mut self.reader, self.limits.header, sum)?;
        self.advance(header.size)?;
        self.skip_padding(header.size, &header.shown())?;
        Ok(bytes)
    }

    fn skip_padding(&mut self, size: u64, name: &str) -> Result<(), ReadError> {
        let padding = size.next_multiple_of(BLOCK as u64) - size;
        let mut block = [0; BLOCK];
        let block = &mut block[..padding as usize];
        read_exactly(&mut self.reader, block, "the padding of a member")?;
        self.advance(padding)?;
        match is_zero(block) {
            true => Ok(()),
            false => Err(ReadError::Padding { name: name.to_owned() }),
        }
    }
}

/// The bytes of one member.
struct Content<'a, R> {
    reader: &'a mut R,
    left: u64,
}

impl<R: Read> Content<'_, R> {
    /// Reads what the visitor left.
    fn drain(&mut self) -> Result<(), ReadError> {
        io::copy(self, &mut io::sink())?;
        Ok(())
    }
}

impl<R: Read + Seek> Content<'_, BufReader<R>> {
    /// Goes to the end of what the visitor left. That it is there at all, whoever reads on finds out.
    fn skip(&mut self) -> Result<(), ReadError> {
        let inside = "a member";
        let left = i64::try_from(self.left).map_err(|_| ReadError::Truncated { inside })?;
        Ok(self.reader.seek_relative(left)?)
    }
}

impl<R: Read> Read for Content<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = buffer.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        if most == 0 {
            return Ok(0);
        }
        let read = self.reader.read(&mut buffer[..most])?;
        if read == 0 {
            let inside = "a member";
            return Err(ReadError::Truncated { inside }.into());
        }
        self.left -= read as u64;
        Ok(read)
    }
}

impl Found {
    fn new(header: Header, front: Front, limits: &Limits) -> Result<Self, ReadError> {
        let gnu_long = front.name.is_some() || front.link.is_some();
        let records = front.records.unwrap_or_default();
        let offset = header.offset;
        let has_both = |key, other: &Option<Vec<u8>>| records.value(key).is_some() && other.is_some();
        if has_both("path", &front.name) || has_both("linkpath", &front.link) {
            let problem = "a long name stands there in two ways";
            return Err(ReadError::TarExtension { offset, problem });
        }
        let extended = |key: &str| records.value(key).map(|value| value.as_bytes().to_vec());
        let name = extended("path").or(front.name).unwrap_or_else(|| header.name.clone());
        let link = extended("linkpath")
            .or(front.link)
            .unwrap_or_else(|| header.link.clone());
        let name_text = |key: &str, field: &[u8]| match records.value(key) {
            Some(value) => Ok(value.to_owned()),
            None => text(field),
        };
        Ok(Self {
            name: Name::parse(&name)?,
            link,
            size: size(&header, &records, limits)?,
            modified: records.seconds("mtime", offset)?.unwrap_or(header.modified),
            user: records.number("uid", offset)?.unwrap_or(header.user),
            group: records.number("gid", offset)?.unwrap_or(header.group),
            user_name: name_text("uname", &header.user_name)?,
            group_name: name_text("gname", &header.group_name)?,
            header,
            records,
            gnu_long,
        })
    }

    fn kind(&self) -> Result<EntryKind, ReadError> {
        let name = || self.name.text.clone();
        let kind = match self.header.type_flag {
            b'0' | 0 => EntryKind::File {
                executable: self.header.mode & 0o111 != 0,
            },
            b'5' => EntryKind::Directory,
            b'2' => EntryKind::Symlink { target: self.target()? },
            b'1' => EntryKind::HardLink {
                target: match Name::parse(&self.link)?.path {
                    Some(target) => target,
                    None => return Err(unsupported(name(), "a hard link to a directory")),
                },
            },
            other => return Err(unsupported(name(), kind_in_words(other))),
        };
        let said = said(&kind);
        // Python looks at the name in the header for that, also when a longer one stands in front of it.
        if self.header.type_flag == 0 && self.header.name.ends_with(b"/") {
            let (name, kind) = (self.header.shown(), said);
            return Err(ReadError::KindDisagrees { name, kind });
        }
        // Before POSIX a directory was a file whose name ends in a slash; to others it is a file.
        if self.name.of_directory && kind != EntryKind::Directory {
            let (name, kind) = (name(), said);
            return Err(ReadError::KindDisagrees { name, kind });
        }
        if self.size > 0 && !matches!(kind, EntryKind::File { .. }) {
            let (name, kind, size) = (name(), said, self.size);
            return Err(ReadError::NotEmpty { name, kind, size });
        }
        Ok(kind)
    }

    fn target(&self) -> Result<String, ReadError> {
        let (limit, found) = (MAX_PATH_BYTES, self.link.len());
        match found > limit {
            true => Err(crate::InvalidPath::TooLong { limit, found }.into()),
            false => text(&self.link),
        }
    }

    fn metadata(self) -> Metadata {
        Metadata {
            name: self.name.text,
            mode: Some(self.header.mode),
            container: ContainerMetadata::Tar(TarMetadata {
                dialect: self.header.dialect,
                type_flag: self.header.type_flag,
                modified: self.modified,
                user: self.user,
                group: self.group,
                user_name: self.user_name,
                group_name: self.group_name,
                device: self.header.device,
                extended: self.records.0,
                gnu_long: self.gnu_long,
                offset: self.header.offset,
            }),
        }
    }
}

/// The size of a member, on which everything that follows depends: header and extended header must agree where they can.
fn size(header: &Header, records: &Records, limits: &Limits) -> Result<u64, ReadError> {
    let name = || header.shown();
    let size = match records.number("size", header.offset)? {
        Some(extended) if extended <= MAX_OCTAL && extended != header.size => {
            return Err(ReadError::TarSizes {
                name: name(),
                header: header.size,
                extended,
            });
        }
        Some(extended) => extended,
        None => header.size,
    };
    let (limit, found) = (limits.member, size);
    match size > limit {
        true => Err(ReadError::MemberTooLarge {
            name: name(),
            limit,
            found,
        }),
        false => Ok(size),
    }
}

/// The text of a GNU long name: it ends in one NUL.
fn gnu_text(mut bytes: Vec<u8>) -> Option<Vec<u8>> {
    (bytes.pop() == Some(0) && !bytes.contains(&0)).then_some(bytes)
}

fn is_zero(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| *byte == 0)
}

fn said(kind: &EntryKind) -> &'static str {
    match kind {
        EntryKind::File { .. } => "a file",
        EntryKind::Directory => "a directory",
        EntryKind::Symlink { .. } => "a symbolic link",
        EntryKind::HardLink { .. } => "a hard link",
    }
}

fn unsupported(name: String, kind: impl Into<String>) -> ReadError {
    ReadError::UnsupportedKind {
        name,
        kind: kind.into(),
    }
}

fn kind_in_words(type_flag: u8) -> String {
    match type_flag {
        b'3' => "a character device".to_owned(),
        b'4' => "a block device".to_owned(),
        b'6' => "a named pipe".to_owned(),
        b'7' => "a contiguous file".to_owned(),
        b'S' => "a sparse file".to_owned(),
        other => format!("of the unknown type `{}`", [other].escape_ascii()),
    }
}
