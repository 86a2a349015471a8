//! A program in, what the linker of Go wrote into it out: the version of Go, the modules, the settings of the build.
//!
//! Source: `debug/buildinfo` and `runtime/debug` of the Go standard library; both forms, that of Go 1.13 to 1.17, which points
//! to its strings, and that of Go 1.18 and later, which holds them.

use super::image::Image;
use super::layout::{Layout, Malformed, Span};

const MAGIC: &[u8; 14] = b"\xff Go buildinf:";
const HEADER: u64 = 32;
const ALIGNMENT: usize = 16;

/// The list of a program with a thousand modules takes about 150 kB.
const MAX_TEXT: u64 = 4 << 20;

/// How much of the data of a program without a section for it is searched: it stands at the front.
const MAX_SEARCH: u64 = 64 << 20;

/// How much is searched at a time.
const PIECE: u64 = 1 << 20;

/// What a program says of itself.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct BuildInfo {
    /// Such as `go1.23.4`.
    pub(super) go: String,
    /// The package with `main`.
    pub(super) path: Option<String>,
    pub(super) main: Option<Module>,
    pub(super) needs: Vec<Module>,
    pub(super) settings: Vec<(String, String)>,
}

#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Module {
    pub(super) path: String,
    pub(super) version: String,
    pub(super) hash: Option<String>,
    /// What stands in for it.
    pub(super) by: Option<Box<Module>>,
}

impl BuildInfo {
    pub(super) fn setting(&self, name: &str) -> Option<&str> {
        let setting = self.settings.iter().find(|(key, _)| key == name);
        setting
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
    }

    fn parse(go: String, text: &str) -> Self {
        let mut info = Self { go, ..Self::default() };
        let mut of_main = true;
        for line in text.lines() {
            let words: Vec<&str> = line.split('\t').collect();
            match words.as_slice() {
                ["path", path] => info.path = Some((*path).to_owned()),
                ["mod", words @ ..] => {
                    info.main = Some(module(words));
                    of_main = true;
                }
                ["dep", words @ ..] => {
                    info.needs.push(module(words));
                    of_main = false;
                }
                ["=>", words @ ..] => {
                    let replaced = if of_main {
                        info.main.as_mut()
                    } else {
                        info.needs.last_mut()
                    };
                    if let Some(replaced) = replaced {
                        replaced.by = Some(Box::new(module(words)));
                    }
                }
                ["build", setting] => info.settings.extend(self::setting(setting)),
                _ => {}
            }
        }
        info
    }
}

fn module(words: &[&str]) -> Module {
    let word = |place: usize| words.get(place).copied().unwrap_or_default().to_owned();
    Module {
        path: word(0),
        version: word(1),
        hash: Some(word(2)).filter(|hash| !hash.is_empty()),
        by: None,
    }
}

/// `name=value`, either in quotes if it needs them.
fn setting(text: &str) -> Option<(String, String)> {
    let (name, value) = match text.strip_prefix('"') {
        Some(rest) => {
            let end = rest.find("\"=")?;
            (&text[..end + 2], &rest[end + 2..])
        }
        None => text.split_once('=')?,
    };
    let plain = |text: &str| match text.starts_with('"') {
        true => serde_json::from_str(text).unwrap_or_else(|_| text.trim_matches('"').to_owned()),
        false => text.trim_matches('`').to_owned(),
    };
    Some((plain(name), plain(value)))
}

/// What is in a program; nothing if it was not built by Go, or by one before 1.13.
pub(super) fn read(image: &Image<'_>, layout: &Layout) -> Result<Option<BuildInfo>, Malformed> {
    let Some(place) = layout.build_info.or(layout.data) else {
        return Ok(None);
    };
    match search(image, place)? {
        Some(offset) => decode(image, layout, offset).map(Some),
        None => Ok(None),
    }
}

/// Where the magic stands.
fn search(image: &Image<'_>, place: Span) -> Result<Option<u64>, Malformed> {
    let size = place.size.min(MAX_SEARCH);
    // The place is a multiple of 16 in memory, which a section need not begin at.
    let mut done = place.address.wrapping_neg() % ALIGNMENT as u64;
    while done < size {
        let piece = image.bytes(place.offset.saturating_add(done), PIECE.min(size - done))?;
        let found = piece.chunks(ALIGNMENT).position(|chunk| chunk.starts_with(MAGIC));
        if let Some(found) = found {
            return Ok(Some(place.offset + done + (found * ALIGNMENT) as u64));
        }
        if piece.is_empty() {
            break;
        }
        done += PIECE;
    }
    Ok(None)
}

fn decode(image: &Image<'_>, layout: &Layout, offset: u64) -> Result<BuildInfo, Malformed> {
    let header = image.bytes(offset, HEADER)?;
    let (&pointer_size, &flags) = match header.as_slice() {
        header if header.len() as u64 == HEADER => (&header[14], &header[15]),
        _ => return Err(invalid("build information of Go that ends too early")),
    };
    let (go, text) = if flags & 2 != 0 {
        let (go, end) = held(image, offset + HEADER)?;
        let (text, _) = held(image, end)?;
        (go, text)
    } else {
        let pointers = Pointers {
            image,
            layout,
            size: u64::from(pointer_size),
            is_big_endian: flags & 1 != 0,
        };
        let address = |place: usize| pointers.number(&header[place..]);
        let (first, second) = (address(16)?, address(16 + usize::from(pointer_size))?);
        let text = if second == 0 {
            Vec::new()
        } else {
            pointers.string(second)?
        };
        (pointers.string(first)?, text)
    };
    let go = String::from_utf8(go).map_err(|_| invalid("a version of Go that is not UTF-8"))?;
    let text = String::from_utf8(framed(&text).to_vec()).map_err(|_| invalid("a list of modules that is not UTF-8"))?;
    Ok(BuildInfo::parse(go, &text))
}

/// The list stands between two marks of 16 bytes; without them there is none.
fn framed(text: &[u8]) -> &[u8] {
    match text.len() {
        33.. if text[text.len() - 17] == b'\n' => &text[16..text.len() - 16],
        _ => &[],
    }
}

/// A string behind its length, and where it ends.
fn held(image: &Image<'_>, offset: u64) -> Result<(Vec<u8>, u64), Malformed> {
    let mut size: u64 = 0;
    let prefix = image.bytes(offset, 10)?;
    for (place, byte) in prefix.iter().enumerate() {
        size |= u64::from(byte & 0x7f).checked_shl(7 * place as u32).unwrap_or(0);
        if byte & 0x80 == 0 {
            let start = offset + place as u64 + 1;
            return Ok((text(image, start, size)?, start.saturating_add(size)));
        }
    }
    Err(invalid("a length that does not end"))
}

fn text(image: &Image<'_>, offset: u64, size: u64) -> Result<Vec<u8>, Malformed> {
    if size > MAX_TEXT {
        return Err(Malformed(format!(
            "expected at most {MAX_TEXT} bytes of build information, found {size}"
        )));
    }
    let bytes = image.bytes(offset, size)?;
    match bytes.len() as u64 == size {
        true => Ok(bytes),
        false => Err(invalid("build information of Go that ends too early")),
    }
}

/// How a program points to its strings: a pointer to a pointer and a length.
struct Pointers<'a, 'c> {
    image: &'a Image<'c>,
    layout: &'a Layout,
    size: u64,
    is_big_endian: bool,
}

impl Pointers<'_, '_> {
    fn number(&self, bytes: &[u8]) -> Result<u64, Malformed> {
        let number = match (self.size, bytes) {
            (4, &[a, b, c, d, ..]) if self.is_big_endian => u32::from_be_bytes([a, b, c, d]).into(),
            (4, &[a, b, c, d, ..]) => u32::from_le_bytes([a, b, c, d]).into(),
            (8, &[a, b, c, d, e, f, g, h, ..]) if self.is_big_endian => u64::from_be_bytes([a, b, c, d, e, f, g, h]),
            (8, &[a, b, c, d, e, f, g, h, ..]) => u64::from_le_bytes([a, b, c, d, e, f, g, h]),
            _ => return Err(invalid("a pointer of another size than 4 or 8 bytes")),
        };
        Ok(number)
    }

    fn string(&self, address: u64) -> Result<Vec<u8>, Malformed> {
        let header = self.image.bytes(self.offset(address)?, 2 * self.size)?;
        let start = self.number(&header)?;
        let size = self.number(header.get(self.size as usize..).unwrap_or_default())?;
        match size {
            0 => Ok(Vec::new()),
            _ => text(self.image, self.offset(start)?, size),
        }
    }

    fn offset(&self, address: u64) -> Result<u64, Malformed> {
        let mut loaded = self.layout.loaded.iter();
        let inside = |span: &&Span| address.checked_sub(span.address).is_some_and(|into| into < span.size);
        let span = loaded
            .find(inside)
            .ok_or_else(|| invalid("a pointer to nothing in the file"))?;
        Ok(span.offset.saturating_add(address - span.address))
    }
}

fn invalid(what: &str) -> Malformed {
    Malformed(what.to_owned())
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    const LIST: &str = "path\texample.com/app/cmd/app\nmod\texample.com/app\t(devel)\t\ndep\texample.com/a\tv1.0.0\th1:AAAA=\n\
        dep\texample.com/b\tv1.0.0\n=>\texample.org/b\tv1.0.1\th1:BBBB=\nbuild\t-tags=a,b\nbuild\t-ldflags=\"-X a=\\\"b c\\\"\"\nbuild\tGOOS=linux\n";

    fn framed(list: &str) -> Vec<u8> {
        [&[1u8; 16], list.as_bytes(), &[2u8; 16]].concat()
    }

    /// A length as Go writes it, and the bytes.
    fn with_length(bytes: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        let mut size = bytes.len();
        while size >= 0x80 {
            out.push(size as u8 | 0x80);
            size >>= 7;
        }
        out.push(size as u8);
        out.extend(bytes);
        out
    }

    fn header(pointer_size: u8, flags: u8) -> Vec<u8> {
        let mut header = MAGIC.to_vec();
        header.extend([pointer_size, flags]);
        header.resize(32, 0);
        header
    }

    fn of(bytes: Vec<u8>, address: u64, is_section: bool) -> Result<Option<BuildInfo>, Malformed> {
        let span = Span {
            offset: 0,
            size: bytes.len() as u64,
            address,
        };
        let layout = Layout {
            build_info: Some(span).filter(|_| is_section),
            data: Some(span),
            loaded: vec![span],
            ..Layout::default()
        };
        read(&Image::new(Box::new(Cursor::new(bytes))).unwrap(), &layout)
    }

    fn inline(list: &str) -> Vec<u8> {
        [header(8, 2), with_length(b"go1.23.4"), with_length(&framed(list))].concat()
    }

    /// The form before Go 1.18, at address 0x1000.
    fn pointing(pointer_size: usize, is_big_endian: bool) -> Vec<u8> {
        let number = |value: u64| match (pointer_size, is_big_endian) {
            (4, true) => (value as u32).to_be_bytes().to_vec(),
            (4, false) => (value as u32).to_le_bytes().to_vec(),
            (_, true) => value.to_be_bytes().to_vec(),
            (_, false) => value.to_le_bytes().to_vec(),
        };
        let list = framed(LIST);
        let (first, second) = (0x1000 + 64, 0x1000 + 96);
        let mut bytes = header(pointer_size as u8, is_big_endian.into());
        bytes.truncate(16);
        bytes.extend([number(first), number(second)].concat());
        bytes.resize(64, 0);
        bytes.extend([number(0x1000 + 128), number(8)].concat());
        bytes.resize(96, 0);
        bytes.extend([number(0x1000 + 136), number(list.len() as u64)].concat());
        bytes.resize(128, 0);
        bytes.extend(b"go1.17.8");
        bytes.extend(list);
        bytes
    }

    #[test]
    fn strings_are_held_or_pointed_to_in_either_order_of_bytes() {
        let held = of(inline(LIST), 0, true).unwrap().unwrap();
        assert_eq!(held.go, "go1.23.4");
        assert_eq!(held.path.as_deref(), Some("example.com/app/cmd/app"));
        assert_eq!(held.main.as_ref().unwrap().version, "(devel)");
        assert_eq!(held.needs[0].hash.as_deref(), Some("h1:AAAA="));
        assert_eq!(held.needs[1].by.as_ref().unwrap().path, "example.org/b");
        assert_eq!(held.setting("-ldflags"), Some("-X a=\"b c\""));
        assert_eq!(held.setting("GOOS"), Some("linux"));
        for (pointer_size, is_big_endian) in [(4, false), (4, true), (8, false), (8, true)] {
            let pointed = of(pointing(pointer_size, is_big_endian), 0x1000, true)
                .unwrap()
                .unwrap();
            assert_eq!(pointed.go, "go1.17.8");
            assert_eq!(pointed.needs, held.needs);
        }
    }

    #[test]
    fn data_without_a_section_is_searched_at_multiples_of_sixteen() {
        let bytes = |before: usize| [vec![0; before], inline(LIST)].concat();
        assert!(of(bytes((1 << 20) + 48), 0x1000, false).unwrap().is_some());
        assert!(of(bytes(8), 0x1008, false).unwrap().is_some());
        assert_eq!(of(bytes(8), 0x1000, false).unwrap(), None);
    }

    #[test]
    fn a_program_without_a_list_has_a_version_only() {
        let bytes = [header(8, 2), with_length(b"go1.19.8"), with_length(b"")].concat();
        let info = of(bytes, 0, true).unwrap().unwrap();
        assert_eq!((info.go.as_str(), info.main, info.needs.len()), ("go1.19.8", None, 0));
    }

    #[test]
    fn what_ends_too_early_or_points_to_nothing_is_malformed() {
        let whole = inline(LIST);
        for end in [14, 31, 33, whole.len() - 1] {
            assert!(of(whole[..end].to_vec(), 0, true).is_err(), "{end}");
        }
        let error = of(pointing(8, false), 0x2000, true).unwrap_err();
        assert_eq!(error.to_string(), "a pointer to nothing in the file");
        let error = of([header(3, 0), vec![0; 64]].concat(), 0, true).unwrap_err();
        assert_eq!(error.to_string(), "a pointer of another size than 4 or 8 bytes");
        let huge = [header(8, 2), vec![0xff; 9], vec![1]].concat();
        assert!(
            of(huge, 0, true)
                .unwrap_err()
                .to_string()
                .starts_with("expected at most")
        );
    }
}
