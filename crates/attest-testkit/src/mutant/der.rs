/// Deeper than any certificate or timestamp.
const MAX_DEPTH: usize = 24;

/// Where an element stands, header first.
#[derive(Debug, Clone, Copy)]
struct Element {
    start: usize,
    content: usize,
    end: usize,
}

/// Changes of DER that keep it readable: elements dropped and repeated with all lengths set right, tags and contents changed.
/// Nothing for what is no DER from the first to the last byte.
pub(super) fn changes(bytes: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut paths = Vec::new();
    match element(bytes, 0, bytes.len()) {
        Some(whole) if whole.end == bytes.len() && bytes[0] == 0x30 => collect(bytes, whole, &mut vec![], &mut paths),
        _ => return Vec::new(),
    }
    let mut all = Vec::new();
    for path in paths {
        let Some(Element { start, content, end }) = path.last().copied() else {
            continue;
        };
        let mut place = |what: &str, changed: Vec<u8>| {
            all.push((format!("{what} the DER element at byte {start}"), changed));
        };
        let whole = &bytes[start..end];
        place("dropped", replaced(bytes, &path, &[]));
        place("repeated", replaced(bytes, &path, &[whole, whole].concat()));
        place("emptied", replaced(bytes, &path, &[bytes[start], 0]));
        let mut other = bytes.to_vec();
        other[start] ^= 1;
        place("another tag for", other);
        if end > content {
            let mut other = bytes.to_vec();
            other[content] ^= 1;
            place("first byte changed of", other);
            let mut other = bytes.to_vec();
            other[end - 1] ^= 1;
            place("last byte changed of", other);
            let longer = [&[0x00], &bytes[content..end]].concat();
            place(
                "zero put before",
                replaced(bytes, &path, &encode(bytes[start], &longer)),
            );
        }
        let long = [
            &[bytes[start], 0x84],
            &length_bytes(end - content)[..],
            &bytes[content..end],
        ]
        .concat();
        place("length in four bytes of", replaced(bytes, &path, &long));
    }
    all
}

/// All elements, as the path of the elements around them.
fn collect(bytes: &[u8], whole: Element, around: &mut Vec<Element>, paths: &mut Vec<Vec<Element>>) {
    around.push(whole);
    paths.push(around.clone());
    let constructed = bytes[whole.start] & 0x20 != 0;
    // Octet strings of extensions hold DER as well.
    let wrapping = bytes[whole.start] == 0x04
        && element(bytes, whole.content, whole.end).is_some_and(|inner| inner.end == whole.end);
    if (constructed || wrapping) && around.len() < MAX_DEPTH {
        let mut at = whole.content;
        while let Some(inner) = element(bytes, at, whole.end) {
            collect(bytes, inner, around, paths);
            at = inner.end;
        }
    }
    around.pop();
}

fn element(bytes: &[u8], start: usize, limit: usize) -> Option<Element> {
    let first = *bytes.get(start + 1).filter(|_| start + 1 < limit)?;
    let (length, content) = match first {
        0..=0x7f => (usize::from(first), start + 2),
        0x81..=0x83 => {
            let count = usize::from(first & 0x7f);
            let digits = bytes.get(start + 2..start + 2 + count)?;
            let length = digits.iter().fold(0, |sum, digit| sum << 8 | usize::from(*digit));
            (length, start + 2 + count)
        }
        _ => return None,
    };
    let end = content + length;
    (end <= limit).then_some(Element { start, content, end })
}

/// Puts other bytes in the place of the last element of a path, and sets the lengths of those around it.
fn replaced(bytes: &[u8], path: &[Element], with: &[u8]) -> Vec<u8> {
    let Some((inner, around)) = path.split_last() else {
        return bytes.to_vec();
    };
    let mut with = with.to_vec();
    let mut inner = *inner;
    for outer in around.iter().rev() {
        let content = [&bytes[outer.content..inner.start], &with, &bytes[inner.end..outer.end]].concat();
        with = encode(bytes[outer.start], &content);
        inner = *outer;
    }
    with
}

fn encode(tag: u8, content: &[u8]) -> Vec<u8> {
    let digits = length_bytes(content.len());
    let used = digits.iter().position(|digit| *digit != 0).unwrap_or(3);
    let header = match content.len() {
        length @ 0..=0x7f => vec![tag, u8::try_from(length).unwrap_or_default()],
        _ => [&[tag, 0x84 - u8::try_from(used).unwrap_or_default()], &digits[used..]].concat(),
    };
    [header.as_slice(), content].concat()
}

fn length_bytes(length: usize) -> [u8; 4] {
    u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_element_that_is_dropped_shortens_those_around_it() {
        // A sequence of a sequence of two integers.
        let bytes = [0x30, 8, 0x30, 6, 2, 1, 5, 2, 1, 7];
        let changed: Vec<_> = changes(&bytes).into_iter().map(|(_, changed)| changed).collect();
        assert!(changed.contains(&vec![0x30, 5, 0x30, 3, 2, 1, 7]));
        assert!(changed.contains(&vec![0x30, 11, 0x30, 9, 2, 1, 5, 2, 1, 5, 2, 1, 7]));
        assert!(changed.contains(&vec![0x30, 8, 0x30, 6, 2, 1, 4, 2, 1, 7]));
    }

    #[test]
    fn lengths_of_more_than_one_byte_are_written() {
        assert_eq!(encode(0x30, &[0; 0x80])[..3], [0x30, 0x81, 0x80]);
        assert_eq!(encode(0x30, &[0; 0x1234])[..4], [0x30, 0x82, 0x12, 0x34]);
    }

    #[test]
    fn what_is_no_der_is_left_alone() {
        assert!(changes(b"\x30\x05hello").len() > 1);
        assert!(changes(b"hello").is_empty());
        assert!(changes(&[0x30, 1]).is_empty());
    }
}
