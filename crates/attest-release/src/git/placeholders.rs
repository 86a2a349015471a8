use super::commit::{CommitText, Person};

/// How many digits an abbreviated id has. Git's own length grows with the repository, so that two clones may differ.
const ABBREVIATED: usize = 12;

/// A placeholder whose value is not a function of the commit and the tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unstable(pub(super) String);

/// Fills in a format (gitformat-pretty(7)) from what the commit says and the tag that was asked for, and nothing else.
///
/// Of references only that tag is known: `%D` is `tag: <name>`, or empty when no tag was named. Names as `.mailmap` has them,
/// signatures, notes, relative dates, colours and widths depend on more than the commit, and are refused, as is what git
/// does not know.
pub(super) fn fill(format: &[u8], commit: &CommitText, tag: Option<&str>) -> Result<Vec<u8>, Unstable> {
    let mut out = Vec::new();
    let mut rest = format;
    while let Some(place) = rest.iter().position(|byte| *byte == b'%') {
        out.extend_from_slice(&rest[..place]);
        rest = &rest[place..];
        let (value, length) = one(&rest[1..], commit, tag).ok_or_else(|| unstable(rest))?;
        out.extend_from_slice(&value);
        rest = &rest[1 + length..];
    }
    out.extend_from_slice(rest);
    Ok(out)
}

/// The value of the placeholder at the beginning, and how many bytes name it.
fn one(text: &[u8], commit: &CommitText, tag: Option<&str>) -> Option<(Vec<u8>, usize)> {
    let value = match *text {
        // As git: a sign at the very end stands for itself.
        [] => return Some((b"%".to_vec(), 0)),
        [b'x', high, low, ..] => return hexadecimal(high, low).map(|byte| (vec![byte], 3)),
        [b'a', part, ..] => return of_person(&commit.author, part).map(|value| (value, 2)),
        [b'c', part, ..] => return of_person(&commit.committer, part).map(|value| (value, 2)),
        [b'(', ..] => return described(text, tag),
        [first, ..] => of_commit(first, commit, tag)?,
    };
    Some((value, 1))
}

fn of_commit(letter: u8, commit: &CommitText, tag: Option<&str>) -> Option<Vec<u8>> {
    let abbreviated = |id: &str| id[..id.len().min(ABBREVIATED)].to_owned();
    let text = match letter {
        b'%' => "%".to_owned(),
        b'n' => "\n".to_owned(),
        b'H' => commit.id.clone(),
        b'h' => abbreviated(&commit.id),
        b'T' => commit.tree.clone(),
        b't' => abbreviated(&commit.tree),
        b'P' => commit.parents.join(" "),
        b'p' => {
            let parents: Vec<String> = commit.parents.iter().map(|id| abbreviated(id)).collect();
            parents.join(" ")
        }
        b'D' => tag.map(|tag| format!("tag: {tag}")).unwrap_or_default(),
        b'd' => tag.map(|tag| format!(" (tag: {tag})")).unwrap_or_default(),
        b'e' => return Some(commit.encoding.clone().unwrap_or_default()),
        b's' => return Some(subject(&commit.message).join(&b' ')),
        b'f' => {
            return Some(as_file_name(
                subject(&commit.message).first().copied().unwrap_or_default(),
            ));
        }
        b'b' => return Some(body(&commit.message).to_owned()),
        b'B' => return Some(commit.message.clone()),
        _ => return None,
    };
    Some(text.into_bytes())
}

fn of_person(person: &Person, part: u8) -> Option<Vec<u8>> {
    let local = person.local()?;
    let sign = if person.minutes_east < 0 { '-' } else { '+' };
    let (hours, minutes) = (
        person.minutes_east.unsigned_abs() / 60,
        person.minutes_east.unsigned_abs() % 60,
    );
    let text = match part {
        b'n' => return Some(person.name.clone()),
        b'e' => return Some(person.email.clone()),
        b'l' => {
            let local_part = person.email.split(|byte| *byte == b'@').next();
            return Some(local_part.unwrap_or_default().to_owned());
        }
        b't' => person.seconds.to_string(),
        b'd' => local.strftime("%a %b %-d %H:%M:%S %Y").to_string() + &format!(" {sign}{hours:02}{minutes:02}"),
        b'D' => local.strftime("%a, %-d %b %Y %H:%M:%S").to_string() + &format!(" {sign}{hours:02}{minutes:02}"),
        b'i' => local.strftime("%Y-%m-%d %H:%M:%S").to_string() + &format!(" {sign}{hours:02}{minutes:02}"),
        // As git since 2.45.
        b'I' if person.minutes_east == 0 => local.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        b'I' => local.strftime("%Y-%m-%dT%H:%M:%S").to_string() + &format!("{sign}{hours:02}:{minutes:02}"),
        b's' => local.strftime("%Y-%m-%d").to_string(),
        _ => return None,
    };
    Some(text.into_bytes())
}

/// `(describe)` and `(describe:tags=…,abbrev=…,match=…,exclude=…)`: the tag itself, which is what git says on a tagged commit.
fn described(text: &[u8], tag: Option<&str>) -> Option<(Vec<u8>, usize)> {
    let length = text.iter().position(|byte| *byte == b')')? + 1;
    let inside = std::str::from_utf8(&text[1..length - 1]).ok()?;
    let tag = tag?;
    let options = inside.strip_prefix("describe")?;
    for option in options.strip_prefix(':').unwrap_or(options).split(',') {
        let matches = |pattern: &str| glob::Pattern::new(pattern).is_ok_and(|pattern| pattern.matches(tag));
        match option.split_once('=').unwrap_or((option, "")) {
            ("tags" | "abbrev", _) | ("", "") => {}
            ("match", pattern) if matches(pattern) => {}
            ("exclude", pattern) if !matches(pattern) => {}
            _ => return None,
        }
    }
    Some((tag.as_bytes().to_owned(), length))
}

fn hexadecimal(high: u8, low: u8) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    u8::try_from(digit(high)? * 16 + digit(low)?).ok()
}

/// The lines before the first empty one, without what is blank at their ends.
fn subject(message: &[u8]) -> Vec<&[u8]> {
    let lines = lines(message).map(<[u8]>::trim_ascii_end);
    lines
        .skip_while(|line| line.is_empty())
        .take_while(|line| !line.is_empty())
        .collect()
}

/// What follows the empty lines after the subject.
fn body(message: &[u8]) -> &[u8] {
    let is_empty = |line: &[u8]| line.trim_ascii().is_empty();
    let mut skipped = 0;
    let mut stretches = [true, false, true].into_iter();
    let mut skips_empty = stretches.next();
    for line in lines(message) {
        while skips_empty.is_some_and(|empty| empty != is_empty(line)) {
            skips_empty = stretches.next();
        }
        if skips_empty.is_none() {
            break;
        }
        skipped += line.len();
    }
    &message[skipped..]
}

fn lines(message: &[u8]) -> impl Iterator<Item = &[u8]> {
    message.split_inclusive(|byte| *byte == b'\n')
}

/// The first line of the subject with a hyphen for everything that is no letter, digit, full stop or underscore.
fn as_file_name(subject: &[u8]) -> Vec<u8> {
    let mut name: Vec<u8> = Vec::new();
    let mut gap = false;
    for byte in subject {
        match byte {
            b'.' if name.last() == Some(&b'.') && !gap => {}
            byte if byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_') => {
                if gap && !name.is_empty() {
                    name.push(b'-');
                }
                gap = false;
                name.push(*byte);
            }
            _ => gap = true,
        }
    }
    while matches!(name.last(), Some(b'.' | b'-')) {
        name.pop();
    }
    name
}

/// The placeholder as it is shown: a sign and what names it, as far as that can be told.
fn unstable(text: &[u8]) -> Unstable {
    let length = match text.get(1) {
        Some(b'(') => text
            .iter()
            .position(|byte| *byte == b')')
            .map_or(text.len(), |end| end + 1),
        Some(b'a' | b'c' | b'G' | b'g' | b'x' | b'C') => 3,
        _ => 2,
    };
    let shown = String::from_utf8_lossy(&text[..length.min(text.len()).min(60)]).into_owned();
    Unstable(shown)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn commit() -> CommitText {
        let object = b"tree 0123456789abcdef\nparent 1111111111111111\nparent 2222222222222222\n\
            author A U Thor <author@example.com> 1700000000 +0530\n\
            committer C <c@example.com> 1699999999 +0000\nencoding x\n\n\n Fix: a/b..c \ncont.\n\n\nbody\n\nmore\n";
        CommitText::parse("fedcba9876543210", object).unwrap()
    }

    fn filled(format: &str, tag: Option<&str>) -> String {
        String::from_utf8(fill(format.as_bytes(), &commit(), tag).unwrap()).unwrap()
    }

    #[test]
    fn every_stable_placeholder_is_filled_in() {
        for (format, value) in [
            ("%H|%h", "fedcba9876543210|fedcba987654"),
            ("%T|%t", "0123456789abcdef|0123456789ab"),
            ("%P|%p", "1111111111111111 2222222222222222|111111111111 222222222222"),
            ("%an|%ae|%al", "A U Thor|author@example.com|author"),
            ("%ad", "Wed Nov 15 03:43:20 2023 +0530"),
            ("%aD", "Wed, 15 Nov 2023 03:43:20 +0530"),
            ("%ai|%aI", "2023-11-15 03:43:20 +0530|2023-11-15T03:43:20+05:30"),
            ("%as|%at", "2023-11-15|1700000000"),
            ("%cn|%cI|%ci", "C|2023-11-14T22:13:19Z|2023-11-14 22:13:19 +0000"),
            ("%s", " Fix: a/b..c cont."),
            ("%f", "Fix-a-b.c"),
            ("%b", "body\n\nmore\n"),
            ("%B", "\n Fix: a/b..c \ncont.\n\n\nbody\n\nmore\n"),
            ("%e%n%%%x41%", "x\n%A%"),
        ] {
            assert_eq!(filled(format, None), value, "{format}");
        }
    }

    #[test]
    fn of_references_only_the_tag_that_was_named_is_known() {
        assert_eq!(filled("%D|%d", None), "|");
        assert_eq!(filled("%D|%d", Some("v1")), "tag: v1| (tag: v1)");
        let describe = "%(describe)|%(describe:tags=true,match=v[0-9]*)|%(describe:exclude=w*,abbrev=9)";
        assert_eq!(filled(describe, Some("v1")), "v1|v1|v1");
    }

    #[test]
    fn what_depends_on_more_than_the_commit_is_refused_by_name() {
        for (format, tag, named) in [
            ("a%aN", None, "%aN"),
            ("%ar", None, "%ar"),
            ("%cx", None, "%cx"),
            ("%N", None, "%N"),
            ("%GG", None, "%GG"),
            ("%Cred", None, "%Cr"),
            ("%x4", None, "%x4"),
            ("%+d", None, "%+"),
            ("%<(10)%s", None, "%<"),
            ("%z", None, "%z"),
            ("%(describe)", None, "%(describe)"),
            ("%(describe:match=w*)", Some("v1"), "%(describe:match=w*)"),
            ("%(trailers)", Some("v1"), "%(trailers)"),
            ("%(describe", Some("v1"), "%(describe"),
        ] {
            let error = fill(format.as_bytes(), &commit(), tag).unwrap_err();
            assert_eq!(error, Unstable(named.to_owned()));
        }
    }

    proptest! {
        #[test]
        fn no_format_and_no_message_make_it_panic(format in proptest::collection::vec(any::<u8>(), 0..40), message in "[ab. \n]{0,30}") {
            let mut commit = commit();
            commit.message = message.into_bytes();
            let _ = fill(&format, &commit, Some("v"));
            let _ = fill(b"%s%f%b%B", &commit, None).unwrap();
        }
    }
}
