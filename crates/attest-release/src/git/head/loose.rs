use std::fs::File;
use std::io::Read;
use std::path::Path;

use attest_archive::inflate_zlib;

use super::{HeadError, MAX_COMMIT_BYTES, is_absent, malformed, unreadable};
use crate::git::CommitId;

/// The longest header of an object: its type and its size.
const MAX_HEADER_BYTES: u64 = 64;

/// A commit that has a file of its own.
pub(super) fn commit(objects: &Path, id: &CommitId) -> Result<Option<Vec<u8>>, HeadError> {
    let (directory, name) = id.as_str().split_at(2);
    let path = objects.join(directory).join(name);
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(error) if is_absent(&error) => return Ok(None),
        Err(source) => return Err(unreadable(&path)(source)),
    };
    let mut bytes = Vec::new();
    let most = MAX_HEADER_BYTES + MAX_COMMIT_BYTES;
    let mut inflated = inflate_zlib(file).take(most + 1);
    if inflated.read_to_end(&mut bytes).map_err(unreadable(&path))? as u64 > most {
        return Err(malformed(&path, "a commit of at most 1 MiB"));
    }
    let header = bytes.iter().take(MAX_HEADER_BYTES as usize).position(|byte| *byte == 0);
    match header {
        Some(end) if bytes.starts_with(b"commit ") => Ok(Some(bytes.split_off(end + 1))),
        _ => Err(malformed(&path, "a commit")),
    }
}
