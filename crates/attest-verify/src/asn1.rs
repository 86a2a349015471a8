//! DER, element by element, without a copy. Lengths and tags are read by the `der` crate, which knows one spelling of each.

use der::{Reader, SliceReader, Tag};
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// What should have stood there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected {0}")]
pub(crate) struct Malformed(pub(crate) &'static str);

/// One element: a tag, and what it holds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Element<'a> {
    pub(crate) tag: Tag,
    pub(crate) value: &'a [u8],
    /// With tag and length.
    pub(crate) whole: &'a [u8],
}

/// Elements, one after another.
pub(crate) struct Elements<'a>(SliceReader<'a>);

impl<'a> Elements<'a> {
    pub(crate) fn of(bytes: &'a [u8]) -> Result<Self, Malformed> {
        SliceReader::new(bytes).map(Self).map_err(|_| Malformed("fewer bytes"))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_finished()
    }

    /// The next element, whatever it is.
    pub(crate) fn any(&mut self, expected: &'static str) -> Result<Element<'a>, Malformed> {
        let header = self.0.peek_header().map_err(|_| Malformed(expected))?;
        let whole = self.0.tlv_bytes().map_err(|_| Malformed(expected))?;
        let length = usize::try_from(header.length).map_err(|_| Malformed(expected))?;
        Ok(Element {
            tag: header.tag,
            value: &whole[whole.len() - length..],
            whole,
        })
    }

    /// The next element, which has this tag.
    pub(crate) fn take(&mut self, tag: Tag, expected: &'static str) -> Result<Element<'a>, Malformed> {
        let element = self.any(expected)?;
        match element.tag == tag {
            true => Ok(element),
            false => Err(Malformed(expected)),
        }
    }

    /// The next element if it has this tag.
    pub(crate) fn optional(&mut self, tag: Tag, expected: &'static str) -> Result<Option<Element<'a>>, Malformed> {
        match self.0.peek_tag() {
            Ok(found) if found == tag => self.take(tag, expected).map(Some),
            _ => Ok(None),
        }
    }

    /// That nothing follows.
    pub(crate) fn end(&self, expected: &'static str) -> Result<(), Malformed> {
        match self.is_empty() {
            true => Ok(()),
            false => Err(Malformed(expected)),
        }
    }
}

impl<'a> Element<'a> {
    pub(crate) fn elements(self) -> Result<Elements<'a>, Malformed> {
        Elements::of(self.value)
    }
}

/// The only element of these bytes, which has this tag.
pub(crate) fn only<'a>(bytes: &'a [u8], tag: Tag, expected: &'static str) -> Result<Element<'a>, Malformed> {
    let mut elements = Elements::of(bytes)?;
    let element = elements.take(tag, expected)?;
    elements.end(expected)?;
    Ok(element)
}

/// An element with this content.
pub(crate) fn wrapped(tag: Tag, content: &[u8]) -> Vec<u8> {
    let mut element = vec![tag.octet()];
    let length = content.len().to_be_bytes();
    match content.len() {
        0..0x80 => element.push(length[length.len() - 1]),
        _ => {
            let significant = length.iter().position(|byte| *byte != 0).unwrap_or(length.len());
            let significant = &length[significant..];
            // A length has at most eight bytes.
            element.push(0x80 | u8::try_from(significant.len()).unwrap_or(8));
            element.extend_from_slice(significant);
        }
    }
    element.extend_from_slice(content);
    element
}

/// The context-specific tag of this number.
pub(crate) fn context(number: u8, constructed: bool) -> Tag {
    Tag::ContextSpecific {
        constructed,
        number: der::TagNumber::new(number),
    }
}

/// The bytes of an `INTEGER` that is not negative, without the zero that only says so.
pub(crate) fn unsigned<'a>(element: Element<'a>, expected: &'static str) -> Result<&'a [u8], Malformed> {
    match element.value {
        [0] => Ok(&element.value[..1]),
        [0, rest @ ..] if rest.first().is_some_and(|byte| byte & 0x80 != 0) => Ok(rest),
        [0, ..] | [] => Err(Malformed(expected)),
        [first, ..] if first & 0x80 != 0 => Err(Malformed(expected)),
        value => Ok(value),
    }
}

/// A number below 128.
pub(crate) fn small(element: Element<'_>, expected: &'static str) -> Result<u8, Malformed> {
    match *unsigned(element, expected)? {
        [number] if number < 0x80 => Ok(number),
        _ => Err(Malformed(expected)),
    }
}

/// The content of a `BIT STRING` of whole bytes.
pub(crate) fn whole_bits<'a>(element: Element<'a>, expected: &'static str) -> Result<&'a [u8], Malformed> {
    match element.value {
        [0, bits @ ..] => Ok(bits),
        _ => Err(Malformed(expected)),
    }
}

/// A `BOOLEAN` whose default is false, and which therefore is either true or not there.
pub(crate) fn default_false(elements: &mut Elements<'_>, expected: &'static str) -> Result<bool, Malformed> {
    match elements.optional(Tag::Boolean, expected)? {
        None => Ok(false),
        Some(element) if element.value == [0xff] => Ok(true),
        Some(_) => Err(Malformed(expected)),
    }
}

/// A `UTCTime` or a `GeneralizedTime`, both in UTC and with seconds. Source: RFC 5280, section 4.1.2.5; fractions of a
/// second as in RFC 3161, section 2.4.2.
pub(crate) fn time(element: Element<'_>, expected: &'static str) -> Result<Timestamp, Malformed> {
    let malformed = || Malformed(expected);
    let text = std::str::from_utf8(element.value).map_err(|_| malformed())?;
    let text = text.strip_suffix('Z').ok_or_else(malformed)?;
    let (whole, fraction) = text
        .split_once('.')
        .map_or((text, None), |(whole, rest)| (whole, Some(rest)));
    let (year, rest) = match element.tag {
        Tag::UtcTime if fraction.is_none() => {
            let year = digits(whole.get(..2)).ok_or_else(malformed)?;
            // RFC 5280: 50 to 99 are of the twentieth century.
            (if year < 50 { 2000 + year } else { 1900 + year }, whole.get(2..))
        }
        Tag::GeneralizedTime => (digits(whole.get(..4)).ok_or_else(malformed)?, whole.get(4..)),
        _ => return Err(malformed()),
    };
    let rest = rest.filter(|rest| rest.len() == 10).ok_or_else(malformed)?;
    let part = |place: usize| {
        let number = digits(rest.get(place..place + 2))?;
        i8::try_from(number).ok()
    };
    let parts = (|| Some((part(0)?, part(2)?, part(4)?, part(6)?, part(8)?)))();
    let (month, day, hour, minute, second) = parts.ok_or_else(malformed)?;
    let nanoseconds = nanoseconds(fraction).ok_or_else(malformed)?;
    DateTime::new(year, month, day, hour, minute, second, nanoseconds)
        .and_then(|moment| TimeZone::UTC.to_timestamp(moment))
        .map_err(|_| malformed())
}

fn digits(text: Option<&str>) -> Option<i16> {
    let text = text.filter(|text| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()))?;
    text.parse().ok()
}

/// DER writes no fraction that is zero, and none that ends in one.
fn nanoseconds(fraction: Option<&str>) -> Option<i32> {
    let Some(fraction) = fraction else {
        return Some(0);
    };
    let canonical = (1..=9).contains(&fraction.len()) && !fraction.ends_with('0');
    let only_digits = fraction.bytes().all(|byte| byte.is_ascii_digit());
    (canonical && only_digits)
        .then(|| format!("{fraction:0<9}").parse().ok())
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn element(tag: Tag, value: &[u8]) -> Element<'_> {
        Element {
            tag,
            value,
            whole: value,
        }
    }

    #[test]
    fn a_length_has_one_spelling() {
        assert_eq!(only(&[4, 1, 7], Tag::OctetString, "bytes").unwrap().value, [7]);
        for other in [
            &[4, 0x81, 1, 7][..],
            &[4, 0x80, 7, 0, 0],
            &[4, 2, 7],
            &[4, 1, 7, 7],
            &[5, 1, 7],
            &[],
        ] {
            assert!(only(other, Tag::OctetString, "bytes").is_err(), "{other:?}");
        }
    }

    #[test]
    fn a_number_has_one_spelling() {
        let read = |value| unsigned(element(Tag::Integer, value), "a number").ok();
        assert_eq!(read(&[0]), Some(&[0][..]));
        assert_eq!(read(&[0, 0x80]), Some(&[0x80][..]));
        for other in [&[][..], &[0, 1], &[0x80], &[0, 0]] {
            assert_eq!(read(other), None, "{other:?}");
        }
    }

    #[test]
    fn a_false_that_is_the_default_is_not_written() {
        let read = |bytes: &[u8]| default_false(&mut Elements::of(bytes).unwrap(), "a boolean").ok();
        assert_eq!(read(&[1, 1, 0xff]), Some(true));
        assert_eq!(read(&[]), Some(false));
        assert_eq!((read(&[1, 1, 0]), read(&[1, 1, 1])), (None, None));
    }

    #[test]
    fn a_time_has_one_spelling() {
        let read = |tag, text: &str| {
            time(element(tag, text.as_bytes()), "a time")
                .map(|time| time.to_string())
                .ok()
        };
        let shown = |text: &str| Some(text.to_owned());
        assert_eq!(read(Tag::UtcTime, "250301120000Z"), shown("2025-03-01T12:00:00Z"));
        assert_eq!(read(Tag::UtcTime, "500301120000Z"), shown("1950-03-01T12:00:00Z"));
        assert_eq!(
            read(Tag::GeneralizedTime, "20250301120000Z"),
            shown("2025-03-01T12:00:00Z")
        );
        assert_eq!(
            read(Tag::GeneralizedTime, "20250301120000.25Z"),
            shown("2025-03-01T12:00:00.25Z")
        );
        for (tag, other) in [
            (Tag::UtcTime, "20250301120000Z"),
            (Tag::UtcTime, "250301120000+0100"),
            (Tag::UtcTime, "2503011200Z"),
            (Tag::UtcTime, "250301120000.5Z"),
            (Tag::GeneralizedTime, "20250301120000"),
            (Tag::GeneralizedTime, "20250301120000.Z"),
            (Tag::GeneralizedTime, "20250301120000.50Z"),
            (Tag::GeneralizedTime, "20250230120000Z"),
            (Tag::GeneralizedTime, "+0250301120000Z"),
            (Tag::OctetString, "20250301120000Z"),
        ] {
            assert_eq!(read(tag, other), None, "{tag} {other}");
        }
    }

    proptest::proptest! {
        #[test]
        fn what_is_wrapped_is_read_again(content in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..700)) {
            let whole = wrapped(Tag::OctetString, &content);
            proptest::prop_assert_eq!(only(&whole, Tag::OctetString, "bytes").unwrap().value, &content);
        }

        #[test]
        fn no_time_makes_it_panic(text in "\\PC{0,24}") {
            let _ = time(element(Tag::GeneralizedTime, text.as_bytes()), "a time");
            let _ = time(element(Tag::UtcTime, text.as_bytes()), "a time");
        }
    }
}
