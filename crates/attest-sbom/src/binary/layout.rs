//! The headers of a program in, where its parts lie out. ELF, PE and Mach-O, each for one processor or for several.

use object::macho::{FatArch32, FatArch64, MachHeader32, MachHeader64, VM_PROT_WRITE};
use object::pe::{
    IMAGE_SCN_CNT_INITIALIZED_DATA, IMAGE_SCN_MEM_WRITE, ImageDosHeader, ImageNtHeaders32, ImageNtHeaders64,
};
use object::read::elf::{FileHeader, ProgramHeader, SectionHeader};
use object::read::macho::{FatArch, MachHeader, MachOFatFile, Section, Segment};
use object::read::pe::{ImageNtHeaders, ImageOptionalHeader};
use object::read::{ReadCache, ReadCacheOps, ReadRef};
use object::{Endianness, LittleEndian, elf};

use super::image::Image;

/// What begins a program, of 4 bytes: enough to pass over everything else.
pub(super) const MAGIC: usize = 4;

/// An executable has a hundred sections at most; an object file with one for each function has thousands.
const MAX_SECTIONS: u32 = 1 << 16;

/// The names of so many sections.
const MAX_NAMES: u64 = 4 << 20;

/// Source: `mach-o/loader.h`; the largest executables have some tens of kilobytes of commands.
const MAX_COMMANDS: u32 = 4 << 20;

/// A class file of Java begins like a universal binary, followed by its version, 45 or more.
const MAX_PROCESSORS: u32 = 44;

/// The section that holds the build information of Go.
const GO_SECTIONS: [&[u8]; 2] = [b".go.buildinfo", b"__go_buildinfo"];

/// The section that holds the list of cargo-auditable.
const AUDIT_SECTION: &[u8] = b".dep-v0";

/// Why a file that begins like a program is none.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Malformed(pub(super) String);

impl From<object::read::Error> for Malformed {
    fn from(error: object::read::Error) -> Self {
        Self(error.to_string())
    }
}

impl From<std::io::Error> for Malformed {
    fn from(error: std::io::Error) -> Self {
        Self(error.to_string())
    }
}

type Result<T> = std::result::Result<T, Malformed>;

fn invalid(what: &str) -> Malformed {
    Malformed(what.to_owned())
}

/// Bytes of the file, and the address at which they are loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) offset: u64,
    pub(super) size: u64,
    pub(super) address: u64,
}

/// Where the parts of one program lie that can hold a list.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) build_info: Option<Span>,
    pub(super) audit: Option<Span>,
    /// Where Go puts its build information if there is no section for it: the first data that can be written.
    pub(super) data: Option<Span>,
    /// Everything that is loaded, for pointers.
    pub(super) loaded: Vec<Span>,
}

impl Layout {
    /// Takes what is loaded, and the first part of it that may be written to and is not run.
    fn load<Elf: FileHeader>(&mut self, segments: &[Elf::ProgramHeader], endian: Elf::Endian) {
        for segment in segments.iter().filter(|segment| segment.p_type(endian) == elf::PT_LOAD) {
            let span = Span {
                offset: segment.p_offset(endian).into(),
                size: segment.p_filesz(endian).into(),
                address: segment.p_vaddr(endian).into(),
            };
            self.loaded.push(span);
            let flags = segment.p_flags(endian).0;
            if self.data.is_none() && flags & (elf::PF_W.0 | elf::PF_X.0) == elf::PF_W.0 {
                self.data = Some(span);
            }
        }
    }

    fn name(&mut self, name: &[u8], span: Span) {
        if GO_SECTIONS.contains(&name) {
            self.build_info = self.build_info.or(Some(span));
        } else if name == AUDIT_SECTION {
            self.audit = self.audit.or(Some(span));
        }
    }
}

/// Whether a file begins as a program does.
pub(crate) fn is_program(head: &[u8]) -> bool {
    head.starts_with(b"MZ")
        || matches!(
            head.get(..MAGIC),
            Some(
                b"\x7fELF"
                    | b"\xfe\xed\xfa\xce"
                    | b"\xfe\xed\xfa\xcf"
                    | b"\xce\xfa\xed\xfe"
                    | b"\xcf\xfa\xed\xfe"
                    | b"\xca\xfe\xba\xbe"
                    | b"\xca\xfe\xba\xbf"
            )
        )
}

/// The layout of a program, or one for each processor that it is for; none for a file that only begins like one.
pub(super) fn layouts(image: &Image<'_>, head: &[u8]) -> Result<Vec<Layout>> {
    let cache = ReadCache::new(image);
    let data = &cache;
    match head {
        [0xca, 0xfe, 0xba, kind, ..] => {
            let count = head.get(4..8).map_or(u32::MAX, |count| {
                u32::from_be_bytes([count[0], count[1], count[2], count[3]])
            });
            match (count > MAX_PROCESSORS, kind) {
                (true, _) => Ok(Vec::new()),
                (_, 0xbe) => fat(&cache, MachOFatFile::<FatArch32>::parse(data)?.arches()),
                (_, _) => fat(&cache, MachOFatFile::<FatArch64>::parse(data)?.arches()),
            }
        }
        _ => Ok(vec![single(data, head)?]),
    }
}

fn fat<Arch: FatArch, R: ReadCacheOps>(cache: &ReadCache<R>, arches: &[Arch]) -> Result<Vec<Layout>> {
    let mut layouts = Vec::new();
    for arch in arches {
        let (offset, size) = (arch.offset().into(), arch.size().into());
        let data = cache.range(offset, size);
        let head = data
            .read_bytes_at(0, MAGIC as u64)
            .map_err(|()| invalid("a program that ends too early"))?;
        let mut layout = single(data, head)?;
        let spans = [&mut layout.build_info, &mut layout.audit, &mut layout.data]
            .into_iter()
            .flatten();
        spans
            .chain(&mut layout.loaded)
            .for_each(|span| span.offset = span.offset.saturating_add(offset));
        layouts.push(layout);
    }
    Ok(layouts)
}

fn single<'a, R: ReadRef<'a>>(data: R, head: &[u8]) -> Result<Layout> {
    let class = || data.read_bytes_at(4, 1).ok().and_then(|class| class.first().copied());
    match head {
        [0x7f, ..] if class() == Some(elf::ELFCLASS64.0) => elf_layout::<elf::FileHeader64<Endianness>, R>(data),
        [0x7f, ..] => elf_layout::<elf::FileHeader32<Endianness>, R>(data),
        [b'M', b'Z', ..] => pe(data),
        [0xfe, 0xed, 0xfa, 0xce, ..] | [0xce, ..] => macho::<MachHeader32<Endianness>, R>(data),
        _ => macho::<MachHeader64<Endianness>, R>(data),
    }
}

fn elf_layout<'a, Elf: FileHeader, R: ReadRef<'a>>(data: R) -> Result<Layout> {
    let header = Elf::parse(data)?;
    let endian = header.endian()?;
    if header.shnum(endian, data)? > MAX_SECTIONS || header.phnum(endian, data)? > MAX_SECTIONS {
        return Err(invalid("more sections than a program has"));
    }
    let mut layout = Layout::default();
    layout.load::<Elf>(header.program_headers(endian, data)?, endian);
    let sections = header.section_headers(endian, data)?;
    if sections.is_empty() {
        return Ok(layout);
    }
    // Whoever keeps the table of sections keeps the section of Go: nothing has to be searched.
    layout.data = None;
    let names = sections
        .get(header.section_strings_index(endian, data)?.0)
        .and_then(|section| section.file_range(endian));
    let (offset, size) = names
        .filter(|(_, size)| *size <= MAX_NAMES)
        .ok_or_else(|| invalid("sections without names"))?;
    let names = data
        .read_bytes_at(offset, size)
        .map_err(|()| invalid("names of sections outside of the file"))?;
    for section in sections {
        let name = names.get(section.sh_name(endian) as usize..).unwrap_or_default();
        let name = name.split(|byte| *byte == 0).next().unwrap_or_default();
        if let Some((offset, size)) = section.file_range(endian) {
            let address = section.sh_addr(endian).into();
            layout.name(name, Span { offset, size, address });
        }
    }
    Ok(layout)
}

fn pe<'a, R: ReadRef<'a>>(data: R) -> Result<Layout> {
    match object::read::pe::optional_header_magic(data) {
        Ok(object::pe::IMAGE_NT_OPTIONAL_HDR64_MAGIC) => pe_layout::<ImageNtHeaders64, R>(data),
        Ok(_) => pe_layout::<ImageNtHeaders32, R>(data),
        // A program of DOS.
        Err(_) => Ok(Layout::default()),
    }
}

fn pe_layout<'a, Pe: ImageNtHeaders, R: ReadRef<'a>>(data: R) -> Result<Layout> {
    let mut offset = ImageDosHeader::parse(data)?.nt_headers_offset().into();
    let (headers, _) = Pe::parse(data, &mut offset)?;
    let base = headers.optional_header().image_base();
    let mut layout = Layout::default();
    for section in headers.sections(data, offset)?.iter() {
        let (start, size) = section.pe_file_range();
        let span = Span {
            offset: start.into(),
            size: size.into(),
            address: base.wrapping_add(section.virtual_address.get(LittleEndian).into()),
        };
        let flags = section.characteristics.get(LittleEndian).0;
        let wanted = IMAGE_SCN_CNT_INITIALIZED_DATA.0 | IMAGE_SCN_MEM_WRITE.0;
        if layout.data.is_none() && flags & wanted == wanted {
            layout.data = Some(span);
        }
        layout.loaded.push(span);
        layout.name(section.raw_name(), span);
    }
    Ok(layout)
}

fn macho<'a, Mach: MachHeader, R: ReadRef<'a>>(data: R) -> Result<Layout> {
    let header = Mach::parse(data, 0)?;
    let endian = header.endian()?;
    if header.sizeofcmds(endian) > MAX_COMMANDS {
        return Err(invalid("more load commands than a program has"));
    }
    let mut layout = Layout::default();
    let mut commands = header.load_commands(endian, data, 0)?;
    while let Some(command) = commands.next()? {
        let Some((segment, rest)) = Mach::Segment::from_command(command)? else {
            continue;
        };
        let (offset, size) = segment.file_range(endian);
        let span = Span {
            offset,
            size,
            address: segment.vmaddr(endian).into(),
        };
        layout.loaded.push(span);
        if layout.data.is_none() && size > 0 && segment.initprot(endian).0 & VM_PROT_WRITE.0 != 0 {
            layout.data = Some(span);
        }
        for section in segment.sections(endian, rest)? {
            let span = Span {
                offset: section.offset(endian).into(),
                size: section.size(endian).into(),
                address: section.addr(endian).into(),
            };
            layout.name(section.name(), span);
        }
    }
    Ok(layout)
}
