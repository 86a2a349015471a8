//! Paragraphs of fields. Source: Debian Policy Manual, section 5.1, "Syntax of control files".

/// A paragraph: lines without an empty one between them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stanza<'a>(&'a str);

/// The paragraphs of a control file.
pub(super) fn stanzas(text: &str) -> impl Iterator<Item = Stanza<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        loop {
            rest = rest.trim_start_matches(['\n', '\r']);
            if rest.is_empty() {
                return None;
            }
            let (stanza, after) = rest.split_at(end(rest));
            rest = after;
            if !stanza.trim().is_empty() {
                return Some(Stanza(stanza));
            }
        }
    })
}

/// Where the first line stands that holds nothing but blanks.
fn end(text: &str) -> usize {
    let mut offset = 0;
    for line in text.split_inclusive('\n') {
        if line.trim().is_empty() {
            return if offset == 0 { line.len() } else { offset };
        }
        offset += line.len();
    }
    text.len()
}

impl<'a> Stanza<'a> {
    /// Names and values in their order; the lines that go on with a value stand in it with what folds them.
    pub(super) fn fields(self) -> impl Iterator<Item = (&'a str, &'a str)> {
        let mut rest = self.0;
        std::iter::from_fn(move || {
            while !rest.is_empty() {
                let (field, after) = rest.split_at(end_of_field(rest));
                rest = after;
                if let Some((name, value)) = field.split_once(':') {
                    return Some((name.trim(), value.trim()));
                }
            }
            None
        })
    }

    /// The first of some fields that it has more than once.
    pub(super) fn repeated<'n>(self, names: &[&'n str]) -> Option<&'n str> {
        let count = |name: &str| {
            self.fields()
                .filter(|(other, _)| other.eq_ignore_ascii_case(name))
                .count()
        };
        names.iter().copied().find(|name| count(name) > 1)
    }

    /// The value of a field, whatever the case of its name.
    pub(super) fn field(self, name: &str) -> Option<&'a str> {
        let mut fields = self.fields();
        let (_, value) = fields.find(|(other, _)| other.eq_ignore_ascii_case(name))?;
        Some(value)
    }
}

fn end_of_field(text: &str) -> usize {
    let mut lines = text.split_inclusive('\n');
    let first = lines.next().map_or(0, str::len);
    let folded = lines.take_while(|line| line.starts_with([' ', '\t']));
    first + folded.map(str::len).sum::<usize>()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn paragraphs_hold_fields_that_go_on_in_indented_lines() {
        let text = "\n\nPackage: a\nDepends: b,\n c\nno field\n \nPackage:d\r\nVersion : 1\r\n\r\n\n";
        let found: Vec<Vec<_>> = stanzas(text).map(|stanza| stanza.fields().collect()).collect();
        assert_eq!(
            found,
            [
                vec![("Package", "a"), ("Depends", "b,\n c")],
                vec![("Package", "d"), ("Version", "1")],
            ]
        );
        let first = stanzas(text).next().unwrap();
        assert_eq!(first.field("PACKAGE"), Some("a"));
        assert_eq!(first.field("Version"), None);
    }

    proptest! {
        #[test]
        fn any_text_has_an_end(text in "(?s)[a: \\n\\r\\t]{0,40}") {
            let fields: usize = stanzas(&text).map(|stanza| stanza.fields().count()).sum();
            prop_assert!(fields <= text.len());
        }
    }
}
