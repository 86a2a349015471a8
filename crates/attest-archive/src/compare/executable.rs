//! Two executables: the section in which they first differ, and their build identifiers.

use std::io::{self, SeekFrom};

use super::Cause;
use super::paths::{Bytes, Comparer, fill};
use super::zip::hexadecimal;

/// The most sections that are looked at: a linker writes dozens, and a compiler, one for each function, thousands.
const MAX_SECTIONS: usize = 65_536;

/// The longest record of a section, far above the 64 bytes that there are.
const MAX_ENTRY: u64 = 256;

/// The most bytes of names that are read: as many as the most sections have with short names.
const MAX_NAMES: u64 = 1024 * 1024;

/// The longest build identifier that is read.
const MAX_NOTE: u64 = 4096;

/// A piece of an executable.
struct Section {
    name: String,
    start: u64,
    size: u64,
}

/// Says in which section two executables of one kind differ; not so if they are none.
pub(super) fn compare(
    comparer: &mut Comparer,
    left: &mut dyn Bytes,
    right: &mut dyn Bytes,
    offset: u64,
) -> io::Result<bool> {
    let (Some(here), Some(there)) = (sections(left)?, sections(right)?) else {
        return Ok(false);
    };
    let notes = (note(left, &here)?, note(right, &there)?);
    if notes.0 != notes.1 {
        let words = |note: Option<Vec<u8>>| note.map_or("none".to_owned(), |note| hexadecimal(&note));
        comparer.add(Cause::BuildId, words(notes.0), words(notes.1));
    }
    let words = |sections: &[Section]| match sections.iter().find(|section| section.holds(offset)) {
        Some(section) => format!(
            "`{}` (at {} of it), byte {offset}",
            section.name,
            offset - section.start
        ),
        None => format!("headers, byte {offset}"),
    };
    comparer.add(Cause::Section, words(&here), words(&there));
    Ok(true)
}

impl Section {
    fn holds(&self, offset: u64) -> bool {
        offset >= self.start && offset - self.start < self.size
    }
}

/// The sections of an ELF, PE or Mach-O file; none if it is no such file, or broken.
fn sections(bytes: &mut dyn Bytes) -> io::Result<Option<Vec<Section>>> {
    let mut head = vec![0; 64 * 1024];
    bytes.seek(SeekFrom::Start(0))?;
    let read = fill(bytes, &mut head)?;
    head.truncate(read);
    match &head[..] {
        [0x7f, b'E', b'L', b'F', class @ (1 | 2), 1, ..] => elf(bytes, &head, *class == 2),
        [b'M', b'Z', ..] => Ok(portable(&head)),
        [0xcf, 0xfa, 0xed, 0xfe, ..] => Ok(mach(&head)),
        _ => Ok(None),
    }
}

/// A little-endian number, if it is there.
fn number(bytes: &[u8], at: usize, length: usize) -> Option<u64> {
    let field = bytes.get(at..at.checked_add(length)?)?;
    Some(
        field
            .iter()
            .rev()
            .fold(0, |number, byte| number << 8 | u64::from(*byte)),
    )
}

fn text(bytes: &[u8]) -> String {
    let name = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
    String::from_utf8_lossy(name).into_owned()
}

/// What lies somewhere, as far as it is there; nothing if that is behind the end, where a header leads that is broken.
fn read_at(bytes: &mut dyn Bytes, at: u64, size: u64) -> io::Result<Option<Vec<u8>>> {
    if at >= bytes.seek(SeekFrom::End(0))? {
        return Ok(None);
    }
    bytes.seek(SeekFrom::Start(at))?;
    let mut found = vec![0; size as usize];
    let read = fill(bytes, &mut found)?;
    found.truncate(read);
    Ok(Some(found))
}

/// Where the section table of an ELF file is.
struct SectionTable {
    start: u64,
    entry: u64,
    count: u64,
    /// The section with the names.
    names: u64,
}

impl SectionTable {
    fn of(head: &[u8], is_wide: bool) -> Option<Self> {
        let (start, length, sizes, least) = match is_wide {
            true => (0x28, 8, 0x3a, 64),
            false => (0x20, 4, 0x2e, 40),
        };
        let table = Self {
            start: number(head, start, length)?,
            entry: number(head, sizes, 2)?,
            count: number(head, sizes + 2, 2)?,
            names: number(head, sizes + 4, 2)?,
        };
        let is_usual = (least..=MAX_ENTRY).contains(&table.entry) && table.count as usize <= MAX_SECTIONS;
        is_usual.then_some(table)
    }
}

/// Where the name of a section begins among the names, where the section begins, and its size.
fn place(header: &[u8], is_wide: bool) -> Option<(u64, u64, u64)> {
    let (at, word) = if is_wide { (0x18, 8) } else { (0x10, 4) };
    Some((
        number(header, 0, 4)?,
        number(header, at, word)?,
        number(header, at + word, word)?,
    ))
}

/// System V ABI, "ELF Header" and "Section Header"; little-endian only.
fn elf(bytes: &mut dyn Bytes, head: &[u8], is_wide: bool) -> io::Result<Option<Vec<Section>>> {
    let Some(SectionTable {
        start,
        entry,
        count,
        names,
    }) = SectionTable::of(head, is_wide)
    else {
        return Ok(None);
    };
    let Some(table) = read_at(bytes, start, entry * count)? else {
        return Ok(None);
    };
    let header = |index: u64| table.get((index * entry) as usize..((index + 1) * entry) as usize);
    let Some((_, at, size)) = header(names).and_then(|header| place(header, is_wide)) else {
        return Ok(None);
    };
    let Some(names) = read_at(bytes, at, size.min(MAX_NAMES))? else {
        return Ok(None);
    };
    const WITHOUT_BYTES: u64 = 8;
    let sections = (0..count).filter_map(|index| {
        let header = header(index)?;
        let (name, start, size) = place(header, is_wide)?;
        let has_bytes = number(header, 4, 4)? != WITHOUT_BYTES;
        has_bytes.then(|| Section {
            name: text(names.get(name as usize..).unwrap_or_default()),
            start,
            size,
        })
    });
    Ok(Some(sections.collect()))
}

/// Microsoft's "PE Format": the section table after the optional header.
fn portable(head: &[u8]) -> Option<Vec<Section>> {
    let start = number(head, 0x3c, 4)? as usize;
    if head.get(start..start.checked_add(4)?)? != b"PE\0\0" {
        return None;
    }
    let count = number(head, start + 6, 2)? as usize;
    let table = start + 24 + number(head, start + 20, 2)? as usize;
    let mut sections = vec![Section {
        name: "time stamp of the header".to_owned(),
        start: start as u64 + 8,
        size: 4,
    }];
    for index in 0..count {
        let entry = table + 40 * index;
        sections.push(Section {
            name: text(head.get(entry..entry + 8)?),
            start: number(head, entry + 20, 4)?,
            size: number(head, entry + 16, 4)?,
        });
    }
    Some(sections)
}

/// Apple's `loader.h`: the segments among the load commands, and the identifier.
fn mach(head: &[u8]) -> Option<Vec<Section>> {
    const SEGMENT: u64 = 0x19;
    const IDENTIFIER: u64 = 0x1b;
    let count = number(head, 16, 4)?;
    let mut at = 32;
    let mut sections = Vec::new();
    for _ in 0..count.min(MAX_SECTIONS as u64) {
        let (command, size) = (number(head, at, 4)?, number(head, at + 4, 4)? as usize);
        match command {
            SEGMENT => sections.push(Section {
                name: text(head.get(at + 8..at + 24)?),
                start: number(head, at + 40, 8)?,
                size: number(head, at + 48, 8)?,
            }),
            // First, because it lies in the first segment.
            IDENTIFIER => sections.insert(
                0,
                Section {
                    name: "LC_UUID".to_owned(),
                    start: at as u64 + 8,
                    size: 16,
                },
            ),
            _ => {}
        }
        at = at.checked_add(size.max(8))?;
    }
    Some(sections)
}

/// The build identifier of an ELF or Mach-O file.
fn note(bytes: &mut dyn Bytes, sections: &[Section]) -> io::Result<Option<Vec<u8>>> {
    let named = |name: &str| {
        sections
            .iter()
            .find(|section| section.name == name && section.size <= MAX_NOTE)
    };
    if let Some(section) = named("LC_UUID") {
        return read_at(bytes, section.start, section.size);
    }
    let Some(section) = named(".note.gnu.build-id") else {
        return Ok(None);
    };
    let note = read_at(bytes, section.start, section.size)?;
    // Sizes of name and description, type, `GNU` and a NUL; then the identifier.
    Ok(note.and_then(|note| note.get(16..).map(<[u8]>::to_vec)))
}
