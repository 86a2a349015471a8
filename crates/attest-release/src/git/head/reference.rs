use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use super::place::Place;
use super::reftable::{self, Value};
use super::{HeadError, is_absent, malformed, small, unreadable};
use crate::git::CommitId;

/// How often a name may stand for another one.
const MAX_HOPS: usize = 5;

/// The most that `packed-refs` may hold, in bytes: some two million names.
const MAX_PACKED_BYTES: u64 = 256 << 20;

/// Names that each work tree has for itself.
const OWN: [&str; 3] = ["refs/bisect/", "refs/worktree/", "refs/rewritten/"];

/// What `HEAD` says where names are in tables.
const IN_TABLES: &[u8] = b"ref: refs/heads/.invalid";

/// The commit that is checked out, or none on a branch without any.
pub(super) fn head(place: &Place) -> Result<Option<CommitId>, HeadError> {
    let mut file = place.own.join("HEAD");
    let mut text = small(&file)?.ok_or_else(|| malformed(&file, "a commit or the name of a branch"))?;
    if text.trim_ascii_end() == IN_TABLES && place.common.join("reftable").is_dir() {
        return in_tables(place);
    }
    for _ in 0..MAX_HOPS {
        let line = text.trim_ascii_end();
        let Some(name) = line.strip_prefix(b"ref:") else {
            return match CommitId::parse(line) {
                Ok(id) => Ok(Some(id)),
                Err(_) => Err(malformed(&file, "the id of a commit")),
            };
        };
        let name = name_of(name.trim_ascii()).ok_or_else(|| malformed(&file, "the name of a branch"))?;
        file = above(place, name).join(name);
        text = match small(&file)? {
            Some(text) => text,
            None if place.common.join("reftable").is_dir() => {
                let directory = place.common.clone();
                return Err(HeadError::Reftable { directory });
            }
            None => return packed(&place.common.join("packed-refs"), name),
        };
    }
    Err(malformed(&file, "a name that stands for a commit in five steps"))
}

fn in_tables(place: &Place) -> Result<Option<CommitId>, HeadError> {
    let tables = place.own.join("reftable");
    let mut found = reftable::find(&tables, b"HEAD")?;
    for _ in 0..MAX_HOPS {
        let name = match found {
            None => return Ok(None),
            Some(Value::Id(id)) => return Ok(Some(id)),
            Some(Value::Name(name)) => name,
        };
        let name = name_of(&name).ok_or_else(|| malformed(&tables, "the name of a branch"))?;
        found = reftable::find(&above(place, name).join("reftable"), name.as_bytes())?;
    }
    Err(malformed(&tables, "a name that stands for a commit in five steps"))
}

/// Where a name is kept.
fn above<'a>(place: &'a Place, name: &str) -> &'a Path {
    match OWN.iter().any(|own| name.starts_with(own)) {
        true => &place.own,
        false => &place.common,
    }
}

/// A name that stays within the repository.
fn name_of(name: &[u8]) -> Option<&str> {
    let name = std::str::from_utf8(name).ok()?;
    let is_plain = |part: &str| !part.is_empty() && !part.starts_with('.') && !part.contains(['\\', ':', '\0']);
    (name.starts_with("refs/") && name.split('/').all(is_plain)).then_some(name)
}

/// What `packed-refs` says of a name: its lines are an id, a space and a name.
fn packed(path: &Path, name: &str) -> Result<Option<CommitId>, HeadError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if is_absent(&error) => return Ok(None),
        Err(source) => return Err(unreadable(path)(source)),
    };
    let mut lines = BufReader::new(file.take(MAX_PACKED_BYTES + 1));
    let (mut line, mut read) = (Vec::new(), 0);
    loop {
        line.clear();
        read += next_line(&mut lines, &mut line).map_err(unreadable(path))? as u64;
        if read > MAX_PACKED_BYTES {
            return Err(malformed(path, "at most 256 MiB"));
        }
        if line.is_empty() {
            return Ok(None);
        }
        let found = line.trim_ascii_end().strip_suffix(name.as_bytes());
        if let Some(id) = found.and_then(|rest| rest.strip_suffix(b" ")) {
            let id = CommitId::parse(id).map_err(|_| malformed(path, "the id of a commit before a name"))?;
            return Ok(Some(id));
        }
    }
}

fn next_line(lines: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<usize> {
    lines.read_until(b'\n', line)
}
