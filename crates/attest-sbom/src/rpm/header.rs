//! The header of an installed package. Source: rpm, "Package Format v4", section "Header".

/// What stands in front of the entries: how many there are, and how many bytes of data.
const INTRODUCTION: usize = 8;

/// Tag, type, offset and count of an entry.
const ENTRY: usize = 16;

/// As rpm has it.
const MAX_ENTRIES: usize = 0xffff;

#[derive(Debug, Clone, Copy)]
pub(super) struct Header<'a> {
    entries: &'a [u8],
    data: &'a [u8],
}

/// What an entry holds.
#[derive(Debug, Clone, Copy)]
pub(super) enum Tag {
    Name = 1000,
    Version = 1001,
    Release = 1002,
    Epoch = 1003,
    Vendor = 1011,
    License = 1014,
    Packager = 1015,
    Architecture = 1022,
    OldFileNames = 1027,
    SourcePackage = 1044,
    ProvideName = 1047,
    RequireName = 1049,
    DirectoryIndexes = 1116,
    BaseNames = 1117,
    DirectoryNames = 1118,
    ModularityLabel = 5096,
    Sha256Header = 273,
}

const INT32: u32 = 4;
const STRING: u32 = 6;
const STRING_ARRAY: u32 = 8;
const I18N_STRING: u32 = 9;

impl<'a> Header<'a> {
    /// Nothing when the lengths are not right.
    pub(super) fn parse(blob: &'a [u8]) -> Option<Self> {
        let count = usize::try_from(number(blob, 0)?)
            .ok()
            .filter(|count| *count <= MAX_ENTRIES)?;
        let length = usize::try_from(number(blob, 4)?).ok()?;
        let (entries, data) = blob.get(INTRODUCTION..)?.split_at_checked(count * ENTRY)?;
        let data = data.get(..length)?;
        Some(Self { entries, data })
    }

    /// Type, count and data of an entry.
    fn find(&self, tag: Tag) -> Option<(u32, usize, &'a [u8])> {
        let mut entries = self.entries.chunks_exact(ENTRY);
        let entry = entries.find(|entry| number(entry, 0) == Some(tag as u32))?;
        let count = usize::try_from(number(entry, 12)?).ok()?;
        let data = self.data.get(usize::try_from(number(entry, 8)?).ok()?..)?;
        Some((number(entry, 4)?, count, data))
    }

    /// A text; of one in several languages, the first.
    pub(super) fn text(&self, tag: Tag) -> Option<String> {
        let (kind, _, data) = self.find(tag)?;
        let text = data.split(|byte| *byte == 0).next()?;
        let text = String::from_utf8_lossy(text).trim().to_owned();
        // rpm writes `(none)` for what is not there.
        let is_said = !text.is_empty() && text != "(none)";
        (matches!(kind, STRING | STRING_ARRAY | I18N_STRING) && is_said).then_some(text)
    }

    /// Texts, no more than are there.
    pub(super) fn texts(&self, tag: Tag) -> impl Iterator<Item = std::borrow::Cow<'a, str>> + use<'a> {
        let (count, data) = match self.find(tag) {
            Some((STRING_ARRAY, count, data)) => (count, data),
            _ => (0, &[][..]),
        };
        let ended = data
            .split_inclusive(|byte| *byte == 0)
            .filter_map(|text| text.strip_suffix(&[0]));
        ended.take(count).map(String::from_utf8_lossy)
    }

    pub(super) fn number(&self, tag: Tag) -> Option<u32> {
        let (kind, count, data) = self.find(tag)?;
        (kind == INT32 && count > 0).then(|| number(data, 0))?
    }

    fn numbers(&self, tag: Tag) -> impl Iterator<Item = u32> + use<'a> {
        let (count, data) = match self.find(tag) {
            Some((INT32, count, data)) => (count, data),
            _ => (0, &[][..]),
        };
        data.chunks_exact(4).take(count).filter_map(|bytes| number(bytes, 0))
    }

    /// Every file and directory, from the root with `/`.
    pub(super) fn files(&self) -> impl Iterator<Item = String> + use<'a> {
        let directories: Vec<_> = self.texts(Tag::DirectoryNames).collect();
        let names = self.texts(Tag::BaseNames).zip(self.numbers(Tag::DirectoryIndexes));
        let new = names.filter_map(move |(name, directory)| {
            let directory = directories.get(usize::try_from(directory).ok()?)?;
            Some(format!("{directory}{name}"))
        });
        new.chain(self.texts(Tag::OldFileNames).map(std::borrow::Cow::into_owned))
    }
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_be_bytes(bytes.try_into().ok()?))
}
