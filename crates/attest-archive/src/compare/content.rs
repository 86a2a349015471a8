//! Two files that are no archives, or that were not looked into: the first difference, in the terms of what they are.

use std::io::{self, Read, SeekFrom};

use serde_json::Value;

use super::paths::{Bytes, CompareError, Comparer, fill};
use super::zip::hexadecimal;
use super::{Cause, executable};

/// How much is looked at before and after the first different byte.
const AROUND: usize = 2048;

/// The largest document that is parsed to say which value differs.
const MAX_JSON: u64 = 4 * 1024 * 1024;

/// How many bytes of each are shown.
const SHOWN: usize = 16;

/// Says what is different at `offset`.
pub(super) fn compare(
    comparer: &mut Comparer,
    left: &mut dyn Bytes,
    right: &mut dyn Bytes,
    offset: u64,
) -> Result<(), CompareError> {
    if executable::compare(comparer, left, right, offset)? {
        return Ok(());
    }
    if let (Some(here), Some(there)) = (json(left)?, json(right)?)
        && let Some((pointer, here, there)) = first_value(&here, &there, String::new())
    {
        let words = |value: String| format!("{}: {value}", if pointer.is_empty() { "/" } else { &pointer });
        comparer.add(Cause::Json, words(here), words(there));
        return Ok(());
    }
    let windows = (Window::at(left, offset)?, Window::at(right, offset)?);
    if let (Some(here), Some(there)) = (windows.0.line(), windows.1.line())
        && here != there
    {
        let number = line_number(left, offset)?;
        let says_end = here.text == there.text;
        let words = |line: &Line| match says_end && line.is_end {
            true => format!("line {number}: `{}` and the end", line.text),
            false => format!("line {number}: `{}`", line.text),
        };
        comparer.add(Cause::Text, words(&here), words(&there));
        return Ok(());
    }
    let words = |window: &Window| match window.after() {
        [] => format!("ends at byte {offset}"),
        bytes => format!("byte {offset}: {}", hexadecimal(&bytes[..bytes.len().min(SHOWN)])),
    };
    comparer.add(Cause::Bytes, words(&windows.0), words(&windows.1));
    Ok(())
}

/// A line of a text.
#[derive(PartialEq, Eq)]
struct Line {
    text: String,
    /// Whether the file ends with it, without an end of the line.
    is_end: bool,
}

/// The bytes around a place.
struct Window {
    bytes: Vec<u8>,
    /// Where the place is in them.
    middle: usize,
}

impl Window {
    fn at(bytes: &mut dyn Bytes, offset: u64) -> io::Result<Self> {
        let start = offset.saturating_sub(AROUND as u64);
        bytes.seek(SeekFrom::Start(start))?;
        let mut window = vec![0; 2 * AROUND];
        let read = fill(bytes, &mut window)?;
        window.truncate(read);
        Ok(Self {
            middle: ((offset - start) as usize).min(read),
            bytes: window,
        })
    }

    fn after(&self) -> &[u8] {
        &self.bytes[self.middle..]
    }

    /// The line, if this is text.
    fn line(&self) -> Option<Line> {
        let is_text = !self
            .bytes
            .iter()
            .any(|byte| *byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r' | 0x0c | 0x1b));
        let whole = String::from_utf8_lossy(&self.bytes);
        // A character may be cut at either end of the window.
        let strange = whole.chars().filter(|c| *c == char::REPLACEMENT_CHARACTER).count();
        if !is_text || strange > 6 {
            return None;
        }
        let start = self.bytes[..self.middle]
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |at| at + 1);
        let length = self.after().iter().position(|byte| *byte == b'\n');
        let end = self.middle + length.unwrap_or(self.after().len());
        Some(Line {
            text: String::from_utf8_lossy(&self.bytes[start..end]).into_owned(),
            is_end: length.is_none() && self.bytes.len() < 2 * AROUND,
        })
    }
}

fn line_number(bytes: &mut dyn Bytes, offset: u64) -> io::Result<u64> {
    bytes.seek(SeekFrom::Start(0))?;
    let mut reader = bytes.take(offset);
    let mut buffer = vec![0; 64 * 1024];
    let mut lines = 1;
    loop {
        let read = fill(&mut reader, &mut buffer)?;
        lines += buffer[..read].iter().filter(|byte| **byte == b'\n').count() as u64;
        if read == 0 {
            return Ok(lines);
        }
    }
}

fn json(bytes: &mut dyn Bytes) -> io::Result<Option<Value>> {
    if bytes.seek(SeekFrom::End(0))? > MAX_JSON {
        return Ok(None);
    }
    bytes.seek(SeekFrom::Start(0))?;
    let mut document = Vec::new();
    bytes.read_to_end(&mut document)?;
    match document.first() {
        Some(b'{' | b'[') => Ok(serde_json::from_slice(&document).ok()),
        _ => Ok(None),
    }
}

/// The first value in which two documents differ: its JSON pointer (RFC 6901), and both values. The order of keys counts.
fn first_value(left: &Value, right: &Value, pointer: String) -> Option<(String, String, String)> {
    match (left, right) {
        (Value::Object(here), Value::Object(there)) if here.keys().eq(there.keys()) => {
            here.iter().zip(there.values()).find_map(|((key, here), there)| {
                let key = key.replace('~', "~0").replace('/', "~1");
                first_value(here, there, format!("{pointer}/{key}"))
            })
        }
        (Value::Array(here), Value::Array(there)) if here.len() == there.len() => here
            .iter()
            .zip(there)
            .enumerate()
            .find_map(|(index, (here, there))| first_value(here, there, format!("{pointer}/{index}"))),
        (Value::Object(here), Value::Object(there)) => {
            let keys = |object: &serde_json::Map<String, Value>| object.keys().cloned().collect::<Vec<_>>().join(", ");
            Some((pointer, format!("keys {}", keys(here)), format!("keys {}", keys(there))))
        }
        (Value::Array(here), Value::Array(there)) => Some((
            pointer,
            format!("{} values", here.len()),
            format!("{} values", there.len()),
        )),
        (left, right) if left != right => Some((pointer, left.to_string(), right.to_string())),
        _ => None,
    }
}
