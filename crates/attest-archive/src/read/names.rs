use crate::MemberPath;
use crate::path::{is_rooted_on_windows, steps_up};
use crate::read::ReadError;

/// A name of an archive, parsed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Name {
    /// As it stands in the archive.
    pub(crate) text: String,
    /// Where it leads, or none for the directory that everything lies in (`.` or `./`).
    pub(crate) path: Option<MemberPath>,
    /// Whether it ends in `/`.
    pub(crate) of_directory: bool,
}

impl Name {
    /// Takes a leading `./` and a last `/` off, and refuses whatever leads elsewhere on any system.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, ReadError> {
        let text = text(bytes)?;
        let relative = text.strip_prefix("./").unwrap_or(&text);
        refuse_elsewhere(&text, relative)?;
        let of_directory = text.ends_with('/');
        let relative = relative.strip_suffix('/').unwrap_or(relative);
        let is_root = text == "." || text == "./";
        let path = match is_root {
            true => None,
            false => Some(relative.parse()?),
        };
        Ok(Self {
            of_directory: of_directory || is_root,
            text,
            path,
        })
    }
}

/// A name as text.
pub(crate) fn text(bytes: &[u8]) -> Result<String, ReadError> {
    String::from_utf8(bytes.to_vec()).map_err(|_| ReadError::NotUtf8 {
        escaped: bytes.escape_ascii().to_string(),
    })
}

/// Windows begins anew at `\` and at `C:`, and steps upwards at `..\`.
fn refuse_elsewhere(text: &str, relative: &str) -> Result<(), ReadError> {
    let found = || text.to_owned();
    if relative.starts_with('/') || is_rooted_on_windows(relative) {
        return Err(ReadError::Absolute { found: found() });
    }
    if steps_up(text) {
        return Err(ReadError::Traversal { found: found() });
    }
    Ok(())
}

/// Whether Windows takes some component for a device, whatever its ending.
pub(crate) fn is_reserved(path: &MemberPath) -> bool {
    path.components().any(|component| {
        let stem = component.split('.').next().unwrap_or(component).trim_end();
        let Some((name, digit)) = stem.split_at_checked(3) else {
            return false;
        };
        let is_one_of = |names: &[&str]| names.iter().any(|known| name.eq_ignore_ascii_case(known));
        match digit.as_bytes() {
            [] => is_one_of(&["CON", "PRN", "AUX", "NUL"]),
            [b'1'..=b'9'] => is_one_of(&["COM", "LPT"]),
            _ => false,
        }
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::InvalidPath;

    fn path(text: &str) -> Option<String> {
        Name::parse(text.as_bytes()).unwrap().path.map(|path| path.to_string())
    }

    #[test]
    fn a_leading_dot_and_the_slash_of_a_directory_are_taken_off() {
        for (text, expected) in [
            ("a/b", "a/b"),
            ("./a", "a"),
            ("a/", "a"),
            ("./a/b/", "a/b"),
            ("a\\b", "a\\b"),
        ] {
            assert_eq!(path(text).as_deref(), Some(expected));
        }
        assert_eq!((path("."), path("./")), (None, None));
    }

    #[test]
    fn names_that_lead_elsewhere_are_refused_by_name() {
        for found in [
            "/a",
            "//a",
            "\\a",
            "\\\\host\\share",
            "C:\\a",
            "c:a",
            "/",
            ".//a",
            "./C:\\a",
        ] {
            let error = Name::parse(found.as_bytes()).unwrap_err();
            assert!(
                matches!(&error, ReadError::Absolute { found: name } if name == found),
                "{error}"
            );
        }
        for found in ["../a", "a/../../b", "a/..", "..", "a\\..\\b", "./../a", "..\\a"] {
            let error = Name::parse(found.as_bytes()).unwrap_err();
            assert!(
                matches!(&error, ReadError::Traversal { found: name } if name == found),
                "{error}"
            );
        }
    }

    #[test]
    fn names_that_are_no_path_are_refused() {
        for (found, expected) in [
            ("", InvalidPath::Empty),
            ("a\0b", InvalidPath::Nul { found: "a\0b".into() }),
        ] {
            let error = Name::parse(found.as_bytes()).unwrap_err();
            assert!(matches!(error, ReadError::Name(error) if error == expected));
        }
        for found in ["a//b", "a/./b", "a//", "././a"] {
            let error = Name::parse(found.as_bytes()).unwrap_err();
            assert!(
                matches!(error, ReadError::Name(InvalidPath::Component { .. })),
                "{found}"
            );
        }
        let error = Name::parse(b"caf\xe9").unwrap_err();
        assert!(matches!(error, ReadError::NotUtf8 { escaped } if escaped == "caf\\xe9"));
    }

    #[test]
    fn devices_of_windows_are_known_whatever_their_ending() {
        for name in ["NUL", "a/con.txt", "Com1", "lpt9.tar.gz", "aux /b"] {
            assert!(is_reserved(&name.parse().unwrap()), "{name}");
        }
        for name in ["null", "com0", "com10", "lpt", "console", "a.con"] {
            assert!(!is_reserved(&name.parse().unwrap()), "{name}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_accepted_stays_inside(text in r"[ab./\\:C\x00]{0,10}") {
            if let Ok(Name { path: Some(path), .. }) = Name::parse(text.as_bytes()) {
                prop_assert!(!path.as_str().split(['/', '\\']).any(|part| part == ".."));
                prop_assert!(!path.as_str().starts_with(['/', '\\']));
                prop_assert!(!path.as_str().starts_with("C:") && !path.as_str().starts_with("a:"));
            }
        }
    }
}
