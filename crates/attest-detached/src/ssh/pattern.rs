/// A list of patterns, ssh_config(5), "PATTERNS": `*` stands for any characters, `?` for one, `!` before a pattern
/// excludes what it matches, whatever else matches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PatternList(String);

impl PatternList {
    pub(super) fn new(text: &str) -> Self {
        Self(text.to_owned())
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    pub(super) fn matches(&self, text: &str) -> bool {
        let mut found = false;
        for pattern in self.0.split(',') {
            match pattern.strip_prefix('!') {
                Some(excluded) if matches(excluded, text) => return false,
                Some(_) => {}
                None => found |= matches(pattern, text),
            }
        }
        found
    }
}

/// In time that grows with the product of the lengths: only the last `*` is ever tried again.
fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut at, mut position, mut retry) = (0, 0, None);
    while position < text.len() {
        match pattern.get(at) {
            Some('*') => {
                retry = Some((at + 1, position));
                at += 1;
            }
            Some(character) if *character == '?' || *character == text[position] => {
                at += 1;
                position += 1;
            }
            _ => {
                let Some((after, from)) = retry else {
                    return false;
                };
                retry = Some((after, from + 1));
                at = after;
                position = from + 1;
            }
        }
    }
    pattern[at..].iter().all(|character| *character == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_as_ssh_keygen_matches_them() {
        let cases = [
            ("release@example.com", "release@example.com", true),
            ("release@example.com", "release@example.com.evil.example", false),
            ("*@example.com", "release@example.com", true),
            ("*@example.com", "@example.com", true),
            ("*@example.com", "release@example.org", false),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("*b*b", "abab", true),
            ("*@example.com,!eve@example.com", "eve@example.com", false),
            ("!eve@example.com,*@example.com", "eve@example.com", false),
            ("!eve@example.com", "bob@example.com", false),
            ("bob,eve", "eve", true),
            ("", "eve", false),
        ];
        for (list, text, expected) in cases {
            assert_eq!(PatternList::new(list).matches(text), expected, "{list} / {text}");
        }
    }
}
