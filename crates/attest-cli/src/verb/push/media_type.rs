use std::fmt;
use std::str::FromStr;

/// The longest type and the longest subtype.
const MAX_NAME: usize = 127;

/// What some bytes are: `type/subtype`, without parameters, as descriptors have it.
///
/// Source: RFC 6838, section 4.2; OCI image-spec 1.1, `descriptor.md`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct MediaType(String);

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a media type such as `application/vnd.example.app`, found `{found}`")]
pub(super) struct InvalidMediaType {
    found: String,
}

impl MediaType {
    /// Bytes of which nothing is known.
    pub(super) fn unknown() -> Self {
        Self("application/octet-stream".to_owned())
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for MediaType {
    type Err = InvalidMediaType;

    fn from_str(text: &str) -> Result<Self, InvalidMediaType> {
        let is_inner = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&byte);
        let is_name = |name: &str| {
            let begins = name.starts_with(|first: char| first.is_ascii_alphanumeric());
            begins && name.len() <= MAX_NAME && name.bytes().all(is_inner)
        };
        match text.split_once('/') {
            Some((kind, subtype)) if is_name(kind) && is_name(subtype) => Ok(Self(text.to_owned())),
            _ => Err(InvalidMediaType { found: text.to_owned() }),
        }
    }
}

impl fmt::Display for MediaType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_media_type_has_two_names() {
        for text in [
            "text/plain",
            "application/vnd.example.app+json",
            "a/b",
            "application/x-tar",
        ] {
            assert_eq!(text.parse::<MediaType>().unwrap().as_str(), text);
        }
        let long = format!("a/{}", "b".repeat(MAX_NAME + 1));
        for text in [
            "", "text", "text/", "/plain", "a/b/c", "a/b; c=d", "a/ b", "a/é", ".a/b", &long,
        ] {
            let found = text.to_owned();
            assert_eq!(text.parse::<MediaType>(), Err(InvalidMediaType { found }));
        }
    }
}
