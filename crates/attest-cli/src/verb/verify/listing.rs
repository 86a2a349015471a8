use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::failure::Failure;

/// A list of a million paths has about 100 MiB; what is larger is not a list.
const MAX_LIST_BYTES: u64 = 256 << 20;

/// The paths of a list, in its order: one a line, or each ended by a NUL byte. Empty lines name nothing.
pub(super) fn read(list: &Path, null: bool) -> Result<Vec<PathBuf>, Failure> {
    let bytes = match list.as_os_str() == "-" {
        true => read_all(io::stdin().lock()),
        false => File::open(list).and_then(read_all),
    };
    let bytes = bytes.map_err(|error| {
        Failure::undecided(
            "list-unreadable",
            format_args!("cannot read the list of files: {error}"),
        )
        .at(list.display())
    })?;
    if bytes.len() as u64 > MAX_LIST_BYTES {
        return Err(crate::input_file::too_large(MAX_LIST_BYTES, "more").at(list.display()));
    }
    entries(&bytes, null)
        .map(|entry| super::input::path_of(entry).ok_or_else(|| not_text(list)))
        .collect()
}

fn read_all(reader: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    // One byte more than is allowed tells a list that is too large from one that just fits.
    reader.take(MAX_LIST_BYTES + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn entries(bytes: &[u8], null: bool) -> impl Iterator<Item = &[u8]> {
    let end = if null { 0 } else { b'\n' };
    bytes
        .split(move |byte| *byte == end)
        .map(move |entry| match null {
            true => entry,
            false => entry.strip_suffix(b"\r").unwrap_or(entry),
        })
        .filter(|entry| !entry.is_empty())
}

fn not_text(list: &Path) -> Failure {
    Failure::usage("list-invalid", "expected paths in UTF-8, found other bytes").at(list.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(bytes: &[u8], null: bool) -> Vec<&[u8]> {
        entries(bytes, null).collect()
    }

    #[test]
    fn lines_and_nul_bytes_end_an_entry() {
        assert_eq!(listed(b"a b\r\n\nc", false), [&b"a b"[..], b"c"]);
        assert_eq!(listed(b"a\nb\0c\r\0", true), [&b"a\nb"[..], b"c\r"]);
    }

    #[test]
    fn a_list_that_is_not_there_is_undecided() {
        assert_eq!(read(Path::new("no/such"), false).unwrap_err().code(), "list-unreadable");
    }
}
