use std::io::Write;

use attest_digest::{Algorithms, Measured};

use crate::source::Source;
use crate::tar_header::{RECORD, padding, push_record};
use crate::tar_writer::END;
use crate::{Content, Error};

/// The room for the path in the old header.
const NAME: usize = 100;

/// The room for the front of the path. Git never fills the last byte of it.
const PREFIX: usize = 155;

/// The largest number that eleven octal digits hold.
const MAX_OCTAL: u64 = 0o77_777_777_777;

/// A tree of git's, as `git archive` packs it. Its order is git's, and is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GitTree {
    /// The id of the commit, unless a bare tree is packed.
    pub commit: Option<String>,
    /// The time of every entry, in seconds since 1970.
    pub seconds: u64,
    /// Everything in it.
    pub entries: Vec<GitEntry>,
}

/// One entry of such an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GitEntry {
    /// Its path, in whatever encoding it was committed. A directory's ends in `/`.
    pub path: Vec<u8>,
    /// The id of its object, which stands in for what is too long for an old header.
    pub object: String,
    /// What it is.
    pub kind: GitKind,
}

/// What an entry is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum GitKind {
    /// A directory or a submodule.
    Directory,
    /// A regular file.
    File {
        /// Where its bytes come from.
        content: Content,
        /// Whether it can be run: mode 0775, otherwise 0664.
        executable: bool,
    },
    /// A symbolic link.
    Symlink {
        /// Where it leads, in whatever encoding.
        target: Vec<u8>,
    },
}

impl GitTree {
    /// Writes the stream of `git archive --format=tar` with the default `tar.umask`, byte for byte. The path of each file is
    /// given to `note`, with what was measured of it.
    ///
    /// Source: git's documentation of `git archive` ("a global extended pax header is used to store the commit ID"), POSIX.1
    /// pax, and what git 2.39 to 2.47 write; the tests hold both against each other.
    pub(crate) fn write<W: Write>(
        &self,
        out: W,
        algorithms: &Algorithms,
        note: &mut impl FnMut(&[u8], Measured),
    ) -> Result<W, Error> {
        let mut writer = Writer {
            out,
            written: 0,
            // A later moment stands in the global header, and every other header has the latest that fits.
            seconds: self.seconds.min(MAX_OCTAL),
        };
        writer.global(self)?;
        for entry in &self.entries {
            if let Some(measured) = writer.entry(entry, algorithms)? {
                note(&entry.path, measured);
            }
        }
        writer.finish()
    }
}

struct Writer<W> {
    out: W,
    written: u64,
    seconds: u64,
}

impl<W: Write> Writer<W> {
    fn global(&mut self, tree: &GitTree) -> Result<(), Error> {
        let mut records = Vec::new();
        if let Some(commit) = &tree.commit {
            push_record(&mut records, "comment", commit.as_bytes());
        }
        if tree.seconds > MAX_OCTAL {
            push_record(&mut records, "mtime", tree.seconds.to_string().as_bytes());
        }
        match records.is_empty() {
            true => Ok(()),
            false => self.extended(b'g', b"pax_global_header", &records),
        }
    }

    fn entry(&mut self, entry: &GitEntry, algorithms: &Algorithms) -> Result<Option<Measured>, Error> {
        let source = match &entry.kind {
            GitKind::File { content, .. } => Some(Source::open(content)?),
            _ => None,
        };
        let size = source.as_ref().map_or(0, Source::size);
        let mut records = Vec::new();
        let mut header = Header::new(self.seconds);
        header.name(entry, &mut records);
        header.link(entry, &mut records);
        if size > MAX_OCTAL {
            push_record(&mut records, "size", size.to_string().as_bytes());
        }
        let (kind, mode) = match entry.kind {
            GitKind::Directory => (b'5', 0o775),
            GitKind::Symlink { .. } => (b'2', 0o777),
            GitKind::File { executable, .. } => (b'0', if executable { 0o775 } else { 0o664 }),
        };
        if !records.is_empty() {
            self.extended(b'x', format!("{}.paxheader", entry.object).as_bytes(), &records)?;
        }
        self.put(&header.finish(kind, mode, if size > MAX_OCTAL { 0 } else { size }))?;
        source.map(|source| self.content(source, algorithms)).transpose()
    }

    fn content(&mut self, source: Source<'_>, algorithms: &Algorithms) -> Result<Measured, Error> {
        let measured = source.copy_to(&mut self.out, algorithms)?;
        self.written += measured.size();
        self.put(padding(measured.size()))?;
        Ok(measured)
    }

    fn extended(&mut self, kind: u8, name: &[u8], records: &[u8]) -> Result<(), Error> {
        let mut header = Header::new(self.seconds);
        header.0[..name.len()].copy_from_slice(name);
        let size = records.len() as u64;
        self.put(&header.finish(kind, 0o666, size))?;
        self.put(records)?;
        self.put(padding(size))
    }

    fn finish(mut self) -> Result<W, Error> {
        let zeros = (self.written + 2 * RECORD as u64).next_multiple_of(END) - self.written;
        self.put(&vec![0; zeros as usize])?;
        Ok(self.out)
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.written += bytes.len() as u64;
        self.out.write_all(bytes).map_err(Error::write)
    }
}

/// A ustar header (POSIX.1-2017, pax, "ustar Interchange Format") with git's owner and group.
struct Header([u8; RECORD]);

impl Header {
    fn new(seconds: u64) -> Self {
        let mut header = Self([0; RECORD]);
        header.octal(108, 7, 0);
        header.octal(116, 7, 0);
        header.octal(136, 11, seconds);
        header.text(257, b"ustar\x0000");
        header.text(265, b"root");
        header.text(297, b"root");
        header.octal(329, 7, 0);
        header.octal(337, 7, 0);
        header
    }

    /// A path that does not fit is named after its object, and stands in an extended header.
    fn name(&mut self, entry: &GitEntry, records: &mut Vec<u8>) {
        let path = entry.path.as_slice();
        if path.len() <= NAME {
            return self.text(0, path);
        }
        let front = front(path);
        let rest = &path[front + 1..];
        if front > 0 && rest.len() <= NAME {
            self.text(345, &path[..front]);
            self.text(0, rest);
        } else {
            self.text(0, format!("{}.data", entry.object).as_bytes());
            push_record(records, "path", path);
        }
    }

    fn link(&mut self, entry: &GitEntry, records: &mut Vec<u8>) {
        let GitKind::Symlink { target } = &entry.kind else {
            return;
        };
        if target.len() <= NAME {
            return self.text(157, target);
        }
        self.text(157, format!("see {}.paxheader", entry.object).as_bytes());
        push_record(records, "linkpath", target);
    }

    fn finish(mut self, kind: u8, mode: u64, size: u64) -> [u8; RECORD] {
        self.octal(100, 7, mode);
        self.octal(124, 11, size);
        self.text(156, &[kind]);
        self.text(148, b"        ");
        let sum = self.0.iter().map(|byte| u64::from(*byte)).sum();
        self.octal(148, 7, sum);
        self.text(155, b"\0");
        self.0
    }

    fn octal(&mut self, place: usize, digits: usize, number: u64) {
        self.text(place, format!("{number:0digits$o}").as_bytes());
    }

    fn text(&mut self, place: usize, text: &[u8]) {
        self.0[place..place + text.len()].copy_from_slice(text);
    }
}

/// Where the front of a path ends: at the last slash for which it fits, not counting that of a directory.
fn front(path: &[u8]) -> usize {
    let without_slash = path.strip_suffix(b"/").unwrap_or(path).len();
    let searched = &path[..without_slash.min(PREFIX)];
    searched.iter().rposition(|byte| *byte == b'/').unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OBJECT: &str = "0123456789012345678901234567890123456789";

    fn stream(seconds: u64, entries: Vec<GitEntry>) -> Vec<u8> {
        let tree = GitTree {
            commit: None,
            seconds,
            entries,
        };
        let sha256 = "sha256".parse().unwrap();
        tree.write(Vec::new(), &sha256, &mut |_, _| {}).unwrap()
    }

    fn directory(path: &str) -> GitEntry {
        GitEntry {
            path: path.as_bytes().to_owned(),
            object: OBJECT.to_owned(),
            kind: GitKind::Directory,
        }
    }

    #[test]
    fn a_path_is_cut_where_git_cuts_it() {
        for (path, end) in [
            (format!("{}/{}", "a".repeat(154), "b".repeat(90)), 154),
            // The 156th byte would fit the header, but git does not look there.
            (format!("{}/{}", "a".repeat(155), "b".repeat(90)), 0),
            (format!("{}/{}/", "a".repeat(60), "b".repeat(60)), 60),
            (format!("a/{}", "b".repeat(150)), 1),
            ("a".repeat(101), 0),
        ] {
            assert_eq!(front(path.as_bytes()), end, "{path}");
        }
    }

    #[test]
    fn an_archive_ends_at_a_multiple_of_twenty_records() {
        assert_eq!(stream(0, Vec::new()).len(), 10_240);
        // Eighteen records and the two that end an archive fill a block; nineteen do not fit with them.
        for (headers, length) in [(18, 10_240), (19, 20_480)] {
            assert_eq!(stream(0, vec![directory("a/"); headers]).len(), length);
        }
    }

    #[test]
    fn a_time_beyond_eleven_digits_stands_in_the_global_header() {
        let bytes = stream(MAX_OCTAL + 1, vec![directory("a/")]);
        assert!(bytes[512..].starts_with(b"20 mtime=8589934592\n"));
        assert_eq!(&bytes[1024 + 136..1024 + 148], b"77777777777\0");
        assert_eq!(&stream(MAX_OCTAL, vec![directory("a/")])[..3], b"a/\0");
    }

    #[test]
    fn a_size_beyond_eleven_digits_stands_in_an_extended_header() {
        let file = tempfile::NamedTempFile::new().unwrap();
        file.as_file().set_len(MAX_OCTAL + 1).unwrap();
        let content = Content::Path(file.path().to_owned());
        let entry = GitEntry {
            path: b"f".to_vec(),
            object: OBJECT.to_owned(),
            kind: GitKind::File {
                content,
                executable: false,
            },
        };
        let mut headers = Vec::new();
        let mut writer = Writer {
            out: FirstBytes(&mut headers),
            written: 0,
            seconds: 0,
        };
        // The eight gigabytes themselves are no part of this test.
        writer.entry(&entry, &"blake3".parse().unwrap()).unwrap_err();
        assert!(headers.starts_with(format!("{OBJECT}.paxheader\0").as_bytes()));
        assert!(headers[512..].starts_with(b"19 size=8589934592\n"));
        assert_eq!(&headers[1024 + 124..1024 + 136], b"00000000000\0");
    }

    /// Takes three records, and fails then.
    struct FirstBytes<'a>(&'a mut Vec<u8>);

    impl Write for FirstBytes<'_> {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            if self.0.len() >= 3 * RECORD {
                return Err(std::io::ErrorKind::StorageFull.into());
            }
            self.0.extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
}
