use std::str::from_utf8;

/// Why some bytes are no text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidText {
    /// There is too much.
    #[error("expected at most {limit} bytes, found {found} or more")]
    TooLong {
        /// The most bytes that are accepted.
        limit: usize,
        /// The bytes that were found.
        found: usize,
    },
    /// It is not UTF-8.
    #[error("expected UTF-8, found other bytes at offset {offset}")]
    NotUtf8 {
        /// Where the first wrong byte stands.
        offset: usize,
    },
}

/// The bytes of a file that is held in memory, as text.
pub(super) fn text(bytes: &[u8], limit: usize) -> Result<&str, InvalidText> {
    let found = bytes.len();
    if found > limit {
        return Err(InvalidText::TooLong { limit, found });
    }
    from_utf8(bytes).map_err(|error| InvalidText::NotUtf8 {
        offset: error.valid_up_to(),
    })
}
