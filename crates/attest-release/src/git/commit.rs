use jiff::civil::DateTime;
use jiff::tz::Offset;

use super::GitError;

/// What a commit says of itself, as it was committed: in the encoding that it names, or none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CommitText {
    pub(super) id: String,
    pub(super) tree: String,
    pub(super) parents: Vec<String>,
    pub(super) author: Person,
    pub(super) committer: Person,
    pub(super) encoding: Option<Vec<u8>>,
    /// Everything after the empty line.
    pub(super) message: Vec<u8>,
}

/// Somebody, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Person {
    pub(super) name: Vec<u8>,
    pub(super) email: Vec<u8>,
    /// Seconds since 1970.
    pub(super) seconds: i64,
    /// Minutes east of UTC.
    pub(super) minutes_east: i32,
}

impl CommitText {
    /// Reads the raw object with the id `id`.
    pub(super) fn parse(id: &str, object: &[u8]) -> Result<Self, GitError> {
        let end = object.windows(2).position(|pair| pair == b"\n\n");
        let (header, message) = match end {
            Some(end) => (&object[..end], &object[end + 2..]),
            None => (object, &[][..]),
        };
        let lines = || header.split(|byte| *byte == b'\n');
        let values = |key: &'static [u8]| lines().filter_map(move |line| line.strip_prefix(key));
        let malformed = || GitError::malformed("cat-file commit", "a tree, an author and a committer", object);
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let person = |key| values(key).next().and_then(Person::parse).ok_or_else(malformed);
        Ok(Self {
            id: id.to_owned(),
            tree: values(b"tree ").next().map(text).ok_or_else(malformed)?,
            parents: values(b"parent ").map(text).collect(),
            author: person(b"author ")?,
            committer: person(b"committer ")?,
            encoding: values(b"encoding ").next().map(<[u8]>::to_vec),
            message: message.to_owned(),
        })
    }
}

impl Person {
    /// Reads `Name <mail> 1700000000 +0100`. The time is what follows the last `>`: names have held one.
    fn parse(line: &[u8]) -> Option<Self> {
        let open = line.iter().position(|byte| *byte == b'<')?;
        let close = open + line[open..].iter().position(|byte| *byte == b'>')?;
        let last = line.iter().rposition(|byte| *byte == b'>')?;
        let when = std::str::from_utf8(&line[last + 1..]).ok()?;
        let mut when = when.split_ascii_whitespace();
        let seconds = when.next()?.parse().ok()?;
        let person = Self {
            name: line[..open].trim_ascii().to_owned(),
            email: line[open + 1..close].to_owned(),
            seconds,
            minutes_east: when.next().map_or(Some(0), minutes)?,
        };
        // Every date that is shown has to exist.
        person.local().map(|_| person)
    }

    /// The date and the time that the person's clock showed.
    pub(super) fn local(&self) -> Option<DateTime> {
        let shown = self.seconds.checked_add(i64::from(self.minutes_east) * 60)?;
        let moment = jiff::Timestamp::from_second(shown).ok()?;
        Some(Offset::UTC.to_datetime(moment))
    }
}

/// `+0100` is 60, `-0330` is -210.
fn minutes(zone: &str) -> Option<i32> {
    let digits = zone.strip_prefix(['+', '-'])?;
    let number: i32 = digits.parse().ok().filter(|_| digits.len() == 4)?;
    let minutes = number / 100 * 60 + number % 100;
    Some(if zone.starts_with('-') { -minutes } else { minutes })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const COMMIT: &[u8] = b"tree 01\nparent 02\nparent 03\nauthor A > <a@example.com> 1700000000 +0100\n\
        committer B <b@example.com> 1700000001 -0330\nencoding ISO-8859-1\ngpgsig x\n author y <z> 1 +0000\n\n\
        Subject\n\nauthor C <c@example.com> 1 +0000\n";

    #[test]
    fn a_commit_says_who_when_and_what() {
        let commit = CommitText::parse("04", COMMIT).unwrap();
        assert_eq!((commit.id.as_str(), commit.tree.as_str()), ("04", "01"));
        assert_eq!(commit.parents, ["02", "03"]);
        assert_eq!(commit.author.name, b"A >");
        assert_eq!(commit.author.email, b"a@example.com");
        assert_eq!(commit.author.minutes_east, 60);
        assert_eq!(
            (commit.committer.seconds, commit.committer.minutes_east),
            (1_700_000_001, -210)
        );
        assert_eq!(commit.encoding.as_deref(), Some(&b"ISO-8859-1"[..]));
        assert!(commit.message.starts_with(b"Subject\n\nauthor C"));
    }

    #[test]
    fn a_commit_without_somebody_or_with_an_impossible_time_is_malformed() {
        let text = String::from_utf8(COMMIT.to_vec()).unwrap();
        for broken in [
            text.replace("\ncommitter ", "\nx "),
            text.replace("tree 01\n", ""),
            text.replace("1700000000", "99999999999999999999"),
            text.replace("1700000000", "9999999999999999"),
            text.replace("+0100", "+100"),
        ] {
            let error = CommitText::parse("04", broken.as_bytes()).unwrap_err();
            assert!(
                matches!(
                    error,
                    GitError::Malformed {
                        command: "cat-file commit",
                        ..
                    }
                ),
                "{broken}"
            );
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_parser_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), cut in 0..200_usize) {
            let _ = CommitText::parse("04", &bytes);
            let _ = CommitText::parse("04", &COMMIT[..cut.min(COMMIT.len())]);
        }
    }
}
