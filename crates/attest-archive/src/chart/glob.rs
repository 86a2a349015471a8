use std::iter::Peekable;
use std::str::Chars;

/// A shell pattern as Go's `filepath.Match` has it: `*` and `?` stop at `/`, a backslash escapes, `[^a-z]` is a class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Glob(Vec<Piece>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    AnyRun,
    AnyOne,
    One(char),
    /// It matches `/` as well, there as here.
    Class {
        negated: bool,
        ranges: Vec<(char, char)>,
    },
}

impl Glob {
    /// Reads a pattern, or says nothing when it is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut pieces = Vec::new();
        let mut rest = text.chars().peekable();
        while let Some(c) = rest.next() {
            pieces.push(match c {
                '*' => Piece::AnyRun,
                '?' => Piece::AnyOne,
                '[' => class(&mut rest)?,
                '\\' => Piece::One(rest.next()?),
                _ => Piece::One(c),
            });
        }
        Some(Self(pieces))
    }

    /// Whether the whole of a name matches.
    #[must_use]
    pub fn matches(&self, name: &str) -> bool {
        let name: Vec<char> = name.chars().collect();
        let (mut piece, mut at) = (0, 0);
        // Where the last run began, and how far it reaches so far: only it can be tried again, one character longer.
        let mut run: Option<(usize, usize)> = None;
        loop {
            match self.0.get(piece) {
                Some(Piece::AnyRun) => {
                    piece += 1;
                    run = Some((piece, at));
                    continue;
                }
                Some(one) if name.get(at).is_some_and(|c| one.matches(*c)) => {
                    (piece, at) = (piece + 1, at + 1);
                    continue;
                }
                None if at == name.len() => return true,
                _ => {}
            }
            match run {
                Some((after, end)) if name.get(end).is_some_and(|c| *c != '/') => {
                    run = Some((after, end + 1));
                    (piece, at) = (after, end + 1);
                }
                _ => return false,
            }
        }
    }
}

fn class(rest: &mut Peekable<Chars<'_>>) -> Option<Piece> {
    let negated = rest.next_if_eq(&'^').is_some();
    let mut ranges = Vec::new();
    loop {
        if !ranges.is_empty() && rest.next_if_eq(&']').is_some() {
            return Some(Piece::Class { negated, ranges });
        }
        let first = class_character(rest)?;
        let last = match rest.next_if_eq(&'-') {
            Some(_) => class_character(rest)?,
            None => first,
        };
        ranges.push((first, last));
    }
}

fn class_character(rest: &mut Peekable<Chars<'_>>) -> Option<char> {
    match rest.next()? {
        '-' | ']' => None,
        '\\' => rest.next(),
        c => Some(c),
    }
}

impl Piece {
    fn matches(&self, c: char) -> bool {
        match self {
            Self::AnyRun => false,
            Self::AnyOne => c != '/',
            Self::One(one) => *one == c,
            Self::Class { negated, ranges } => {
                ranges.iter().any(|(first, last)| (*first..=*last).contains(&c)) != *negated
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn matches(pattern: &str, name: &str) -> bool {
        Glob::parse(pattern).unwrap().matches(name)
    }

    #[test]
    fn a_pattern_matches_whole_names() {
        for (pattern, name) in [
            ("a.txt", "a.txt"),
            ("*.txt", "a.txt"),
            ("*", ""),
            ("a*c*e", "abcde"),
            ("a?c", "aéc"),
            ("[a-c]x", "bx"),
            ("[^a-c]x", "dx"),
            ("[^a]b", "/b"),
            ("\\*", "*"),
            ("[\\]]", "]"),
            ("*/b", "a/b"),
            ("*a*b/c", "xaxb/c"),
        ] {
            assert!(matches(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in [
            ("a.txt", "ba.txt"),
            ("*.txt", "a/b.txt"),
            ("a?c", "a/c"),
            ("[a-c]x", "dx"),
            ("\\*", "a"),
            ("a*", "a/b"),
            ("", "a"),
            ("[a-c]", ""),
        ] {
            assert!(!matches(pattern, name), "{pattern} {name}");
        }
    }

    #[test]
    fn what_is_no_pattern_is_none() {
        for pattern in ["[", "[]", "[]a]", "[a", "[a-", "[a-]", "[-a]", "\\", "[^]", "a["] {
            assert_eq!(Glob::parse(pattern), None, "{pattern}");
        }
    }

    /// The obvious way, slow and right.
    fn reference(pieces: &[Piece], name: &[char]) -> bool {
        match (pieces.split_first(), name.split_first()) {
            (None, _) => name.is_empty(),
            (Some((Piece::AnyRun, rest)), next) => {
                reference(rest, name) || next.is_some_and(|(c, more)| *c != '/' && reference(pieces, more))
            }
            (Some((piece, rest)), Some((c, more))) => piece.matches(*c) && reference(rest, more),
            (Some(_), None) => false,
        }
    }

    proptest! {
        #[test]
        fn it_agrees_with_the_obvious_way(pattern in "[ab*?/\\[\\]^-]{0,8}", name in "[ab/]{0,8}") {
            if let Some(glob) = Glob::parse(&pattern) {
                let characters: Vec<char> = name.chars().collect();
                prop_assert_eq!(glob.matches(&name), reference(&glob.0, &characters));
            }
        }
    }
}
