use super::text::{InvalidText, text};
use crate::error::visible;

/// The most bytes that `METADATA`, `PKG-INFO` or `WHEEL` may have. They are held in memory; the longest descriptions have some
/// hundred kilobytes.
pub const MAX_FIELDS_BYTES: usize = 8 * 1024 * 1024;

/// The most fields that they may have: a field takes far more memory than its two bytes, and the longest lists of requirements
/// have a few thousand.
pub const MAX_FIELDS: usize = 20_000;

/// What `METADATA`, `PKG-INFO` and `WHEEL` hold: fields in their order, and a body.
///
/// The form is that of e-mail headers, as the core metadata specification says. Where readers may differ in what they take for
/// a field, this one refuses: a line that is no field, a carriage return without a line feed, a NUL.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Fields {
    fields: Vec<Field>,
    body: String,
}

/// One field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Its name as it is written. Names are compared without regard to case.
    pub name: String,
    /// Its value, without white space around it. Lines that were folded are joined by line feeds.
    pub value: String,
}

/// Why some bytes are no [`Fields`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidFields {
    /// It is too long, or no text.
    #[error(transparent)]
    Text(#[from] InvalidText),
    /// A line is no field, does not go on with one, and does not end them.
    #[error("expected `Name: value` in line {line}, found `{}`", visible(.found))]
    Line {
        /// The line, from one.
        line: usize,
        /// What stands there.
        found: String,
    },
    /// There are too many fields.
    #[error("expected at most {limit} fields, found more")]
    TooMany {
        /// The most fields that are accepted.
        limit: usize,
    },
    /// A carriage return or a NUL, at which readers part.
    #[error("expected no carriage return alone and no NUL in line {line}")]
    Control {
        /// The line, from one.
        line: usize,
    },
}

impl Fields {
    /// Reads fields up to the first empty line, and takes what follows as the body.
    ///
    /// Source: PyPA core metadata specifications, introduction; RFC 822 section 3.
    ///
    /// # Errors
    /// [`InvalidFields`].
    pub fn parse(bytes: &[u8]) -> Result<Self, InvalidFields> {
        let text = text(bytes, MAX_FIELDS_BYTES)?;
        let mut fields = Vec::new();
        let mut rest = text;
        for line in 1.. {
            if rest.is_empty() {
                break;
            }
            let (this, after) = rest.split_once('\n').unwrap_or((rest, ""));
            let this = this.strip_suffix('\r').unwrap_or(this);
            rest = after;
            if this.is_empty() {
                break;
            }
            take_line(&mut fields, this, line)?;
        }
        let mut fields: Vec<Field> = fields;
        for field in &mut fields {
            field.value = field.value.trim().to_owned();
        }
        let body = rest.to_owned();
        Ok(Self { fields, body })
    }

    /// The fields, in their order.
    pub fn iter(&self) -> impl Iterator<Item = &Field> {
        self.fields.iter()
    }

    /// The values of a field, in their order.
    pub fn all<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        self.fields
            .iter()
            .filter(move |field| field.name.eq_ignore_ascii_case(name))
            .map(|field| field.value.as_str())
    }

    /// The first value of a field.
    #[must_use]
    pub fn first(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// What comes after the fields.
    #[must_use]
    pub fn body(&self) -> &str {
        &self.body
    }
}

fn take_line(fields: &mut Vec<Field>, line: &str, number: usize) -> Result<(), InvalidFields> {
    if line.contains(['\r', '\0']) {
        return Err(InvalidFields::Control { line: number });
    }
    let invalid = || InvalidFields::Line {
        line: number,
        found: line.chars().take(80).collect(),
    };
    if line.starts_with([' ', '\t']) {
        let field = fields.last_mut().ok_or_else(invalid)?;
        field.value.push('\n');
        field.value.push_str(line.trim());
        return Ok(());
    }
    let (name, value) = line.split_once(':').ok_or_else(invalid)?;
    if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(invalid());
    }
    if fields.len() == MAX_FIELDS {
        return Err(InvalidFields::TooMany { limit: MAX_FIELDS });
    }
    let (name, value) = (name.to_owned(), value.trim().to_owned());
    fields.push(Field { name, value });
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(text: &str) -> Fields {
        Fields::parse(text.as_bytes()).unwrap()
    }

    fn printed(fields: &Fields) -> String {
        let mut text = String::new();
        for Field { name, value } in fields.iter() {
            text.push_str(&format!("{name}: {}\n", value.replace('\n', "\n        ")));
        }
        text + "\n" + fields.body()
    }

    #[test]
    fn fields_are_found_whatever_their_case_and_the_body_is_left_alone() {
        let fields = parse("Name: a\r\nclassifier:  b\nClassifier:c\n\nBody: x\n\n y");
        assert_eq!(fields.first("name"), Some("a"));
        assert_eq!(fields.all("Classifier").collect::<Vec<_>>(), ["b", "c"]);
        assert_eq!(fields.body(), "Body: x\n\n y");
        assert_eq!(fields.first("Body"), None);
    }

    #[test]
    fn a_folded_value_is_one_value() {
        let fields = parse("License: first\n        second\n\tthird\nName: a");
        assert_eq!(fields.first("License"), Some("first\nsecond\nthird"));
        assert_eq!(fields.first("Name"), Some("a"));
    }

    #[test]
    fn each_way_to_be_wrong_has_its_own_error() {
        let error = |bytes: &[u8]| Fields::parse(bytes).unwrap_err();
        let line = |line, found: &str| InvalidFields::Line {
            line,
            found: found.into(),
        };
        assert_eq!(error(b"Name: a\nno field\n"), line(2, "no field"));
        assert_eq!(error(b" folded\n"), line(1, " folded"));
        assert_eq!(error(b": a\n"), line(1, ": a"));
        assert_eq!(error(b"Na me: a\n"), line(1, "Na me: a"));
        assert_eq!(
            error(b"Name: a\nSummary: b\rName: c\n"),
            InvalidFields::Control { line: 2 }
        );
        assert_eq!(error(b"Name: a\0\n"), InvalidFields::Control { line: 1 });
        assert_eq!(
            error(b"Name: \xff\n"),
            InvalidFields::Text(InvalidText::NotUtf8 { offset: 6 })
        );
        let (limit, found) = (MAX_FIELDS_BYTES, MAX_FIELDS_BYTES + 1);
        assert_eq!(
            error(&vec![b'\n'; found]),
            InvalidFields::Text(InvalidText::TooLong { limit, found })
        );
    }

    #[test]
    fn one_field_more_than_may_be_there_is_refused() {
        let most = "A:\n".repeat(MAX_FIELDS) + " folded\n";
        assert_eq!(parse(&most).iter().count(), MAX_FIELDS);
        let limit = MAX_FIELDS;
        assert_eq!(
            Fields::parse((most + "A:\n").as_bytes()).unwrap_err(),
            InvalidFields::TooMany { limit }
        );
    }

    proptest! {
        #[test]
        fn what_is_printed_parses_back(
            names in prop::collection::vec("[!-9;-~]{1,8}", 0..6),
            value in "([!-~é]{1,6}( [!-~]{1,6})?(\n[!-~]{1,6}){0,2})?",
            body in "[a-z \n\r:é]{0,20}",
        ) {
            let fields = names.into_iter().map(|name| Field { name, value: value.clone() }).collect();
            let fields = Fields { fields, body };
            prop_assert_eq!(parse(&printed(&fields)), fields);
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..64), text in "[A: \t\r\n\0]{0,24}") {
            let _ = Fields::parse(&bytes);
            let _ = Fields::parse(text.as_bytes());
        }
    }
}
