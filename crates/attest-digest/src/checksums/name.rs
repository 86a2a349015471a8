use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// The name of a file in a checksum file: some bytes, none of them NUL, that need not be UTF-8.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(Vec<u8>);

/// Why some bytes are no name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidName {
    /// There are none.
    #[error("the name is empty")]
    Empty,
    /// No file system takes a NUL byte.
    #[error("the name holds a NUL byte")]
    Nul,
    /// The name is not UTF-8, on a system whose paths are not bytes.
    #[error("the name is not Unicode")]
    NotUnicode,
}

impl Name {
    /// Takes the bytes as they are.
    ///
    /// # Errors
    /// [`InvalidName`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, InvalidName> {
        match bytes {
            [] => Err(InvalidName::Empty),
            _ if bytes.contains(&0) => Err(InvalidName::Nul),
            _ if cfg!(not(unix)) && std::str::from_utf8(bytes).is_err() => Err(InvalidName::NotUnicode),
            _ => Ok(Self(bytes.to_vec())),
        }
    }

    /// Takes a path as it is, without making it absolute or tidying it.
    ///
    /// # Errors
    /// [`InvalidName`].
    pub fn from_path(path: &Path) -> Result<Self, InvalidName> {
        #[cfg(unix)]
        return Self::from_bytes(std::os::unix::ffi::OsStrExt::as_bytes(path.as_os_str()));
        #[cfg(not(unix))]
        return path.to_str().ok_or(InvalidName::NotUnicode)?.parse();
    }

    /// The path.
    #[must_use]
    pub fn to_path(&self) -> PathBuf {
        #[cfg(unix)]
        return PathBuf::from(<std::ffi::OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(&self.0));
        // Every name was UTF-8 when it was made.
        #[cfg(not(unix))]
        return PathBuf::from(String::from_utf8_lossy(&self.0).as_ref());
    }

    /// The same path without a copy.
    #[must_use]
    pub fn as_path(&self) -> &Path {
        #[cfg(unix)]
        return Path::new(<std::ffi::OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(&self.0));
        // Every name was UTF-8 when it was made.
        #[cfg(not(unix))]
        return Path::new(std::str::from_utf8(&self.0).unwrap_or_default());
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether the name would break a line: it holds a backslash, a newline or a carriage return.
    #[must_use]
    pub fn needs_escape(&self) -> bool {
        self.0.iter().any(|byte| matches!(byte, b'\\' | b'\n' | b'\r'))
    }

    /// The name with `\\`, `\n` and `\r` for what would break a line.
    #[must_use]
    pub fn escaped(&self) -> Vec<u8> {
        let mut escaped = Vec::with_capacity(self.0.len() + 1);
        for byte in &self.0 {
            match byte {
                b'\\' => escaped.extend_from_slice(b"\\\\"),
                b'\n' => escaped.extend_from_slice(b"\\n"),
                b'\r' => escaped.extend_from_slice(b"\\r"),
                other => escaped.push(*other),
            }
        }
        escaped
    }

    /// What [`Name::escaped`] wrote; none when a backslash is followed by anything else.
    pub(super) fn unescape(escaped: &[u8]) -> Option<Vec<u8>> {
        let mut bytes = Vec::with_capacity(escaped.len());
        let mut rest = escaped.iter();
        while let Some(byte) = rest.next() {
            bytes.push(match byte {
                b'\\' => match rest.next()? {
                    b'\\' => b'\\',
                    b'n' => b'\n',
                    b'r' => b'\r',
                    _ => return None,
                },
                other => *other,
            });
        }
        Some(bytes)
    }
}

impl FromStr for Name {
    type Err = InvalidName;

    fn from_str(name: &str) -> Result<Self, InvalidName> {
        Self::from_bytes(name.as_bytes())
    }
}

/// Shown on one line; bytes that are not UTF-8 become replacement characters.
impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.escaped()))
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Name(b\"{}\")", self.0.escape_ascii())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_breaks_a_line_is_escaped() {
        let name = Name::from_bytes(b"a\\b\nc\rd\te\xff").unwrap();
        assert!(name.needs_escape());
        assert_eq!(name.escaped(), b"a\\\\b\\nc\\rd\te\xff");
        assert_eq!(Name::unescape(&name.escaped()).as_deref(), Some(name.as_bytes()));
        assert!(!Name::from_bytes(b"d\te\xff").unwrap().needs_escape());
    }

    #[test]
    fn a_backslash_before_anything_else_is_no_escape() {
        for wrong in [&b"a\\"[..], b"\\t", b"\\x41"] {
            assert_eq!(Name::unescape(wrong), None);
        }
    }

    #[test]
    fn a_name_is_never_empty_and_holds_no_nul() {
        assert_eq!(Name::from_bytes(b""), Err(InvalidName::Empty));
        assert_eq!(Name::from_bytes(b"a\0"), Err(InvalidName::Nul));
    }

    #[cfg(unix)]
    #[test]
    fn a_path_that_is_not_unicode_keeps_its_bytes() {
        let name = Name::from_bytes(b"\xff/a").unwrap();
        assert_eq!(name.as_path(), name.to_path());
        assert_eq!(Name::from_path(&name.to_path()), Ok(name));
    }
}
