use std::path::{Path, PathBuf};

use percent_encoding::percent_decode_str;

use crate::Error;

/// The longest URI that is read, in bytes. What names a key of a token fits into a line.
const MAX_URI_BYTES: usize = 4096;

const SCHEME: &str = "pkcs11:";

/// Which key of which token is meant.
///
/// Source: RFC 7512. Attributes that are not understood are refused, and so is `pin-value`: what stands on a command line can
/// be seen by other users of the machine.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TokenUri {
    pub(super) token: Option<String>,
    pub(super) serial: Option<String>,
    pub(super) manufacturer: Option<String>,
    pub(super) model: Option<String>,
    pub(super) slot_id: Option<u64>,
    pub(super) object: Option<String>,
    pub(super) id: Option<Vec<u8>>,
    module_path: Option<PathBuf>,
    pin_source: Option<PathBuf>,
}

impl TokenUri {
    /// Whether a text means a key of a token.
    #[must_use]
    pub fn is_meant(text: &str) -> bool {
        after_scheme(text).is_some()
    }

    /// Reads a URI.
    ///
    /// # Errors
    /// When it is none, says something twice or that is not understood, names no key, or holds a PIN.
    pub fn parse(text: &str) -> Result<Self, Error> {
        if text.len() > MAX_URI_BYTES {
            return Err(wrong("at most 4096 bytes", format!("{} bytes", text.len())));
        }
        let rest = after_scheme(text).ok_or_else(|| wrong("`pkcs11:`", "another scheme"))?;
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let mut uri = Self::default();
        for attribute in path.split(';').filter(|attribute| !attribute.is_empty()) {
            uri.take_path(attribute)?;
        }
        for attribute in query.split('&').filter(|attribute| !attribute.is_empty()) {
            uri.take_query(attribute)?;
        }
        match (&uri.object, &uri.id) {
            (None, None) => Err(wrong("`object=` or `id=` to name the key", "neither")),
            _ => Ok(uri),
        }
    }

    /// The library that speaks to the token (`module-path`).
    #[must_use]
    pub fn module_path(&self) -> Option<&Path> {
        self.module_path.as_deref()
    }

    /// The file that holds the PIN (`pin-source`).
    #[must_use]
    pub fn pin_source(&self) -> Option<&Path> {
        self.pin_source.as_deref()
    }

    fn take_path(&mut self, attribute: &str) -> Result<(), Error> {
        let (name, value) = pair(attribute)?;
        match name {
            "token" => once(name, &mut self.token, text(value)?),
            "serial" => once(name, &mut self.serial, text(value)?),
            "manufacturer" => once(name, &mut self.manufacturer, text(value)?),
            "model" => once(name, &mut self.model, text(value)?),
            "object" => once(name, &mut self.object, text(value)?),
            "id" => once(name, &mut self.id, percent_decode_str(value).collect()),
            "slot-id" => {
                let slot = value
                    .parse()
                    .map_err(|_| wrong("a number as `slot-id`", format!("`{value}`")))?;
                once(name, &mut self.slot_id, slot)
            }
            // There is nothing but private keys to sign with.
            "type" if value == "private" => Ok(()),
            _ => Err(unknown(name)),
        }
    }

    fn take_query(&mut self, attribute: &str) -> Result<(), Error> {
        let (name, value) = pair(attribute)?;
        match name {
            "module-path" => once(name, &mut self.module_path, text(value)?.into()),
            "pin-source" => {
                let place = text(value)?;
                let place = place
                    .strip_prefix("file:")
                    .map_or(place.as_str(), |path| path.strip_prefix("//").unwrap_or(path));
                once(name, &mut self.pin_source, place.into())
            }
            "pin-value" => Err(wrong("no PIN, as other users of the machine can see it", "`pin-value`")),
            _ => Err(unknown(name)),
        }
    }
}

/// Schemes are the same in small and capital letters (RFC 3986, section 3.1).
fn after_scheme(text: &str) -> Option<&str> {
    let (scheme, rest) = text.split_at_checked(SCHEME.len())?;
    scheme.eq_ignore_ascii_case(SCHEME).then_some(rest)
}

/// What is not understood is not repeated: it may be a PIN.
fn pair(attribute: &str) -> Result<(&str, &str), Error> {
    attribute
        .split_once('=')
        .ok_or_else(|| wrong("`name=value`", "an attribute without `=`"))
}

fn text(value: &str) -> Result<String, Error> {
    let decoded = percent_decode_str(value).decode_utf8();
    decoded
        .map(Into::into)
        .map_err(|_| wrong("UTF-8", format!("`{value}`")))
}

fn once<T>(name: &str, place: &mut Option<T>, value: T) -> Result<(), Error> {
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(wrong("every attribute once", format!("`{name}` twice"))),
    }
}

fn unknown(name: &str) -> Error {
    wrong("attributes that are understood", format!("`{name}`"))
}

fn wrong(expected: &'static str, found: impl Into<String>) -> Error {
    let found = found.into();
    Error::Uri { expected, found }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        TokenUri::parse(text).unwrap_err().to_string()
    }

    #[test]
    fn a_key_is_named_by_token_object_and_id() {
        let uri = TokenUri::parse(
            "pkcs11:token=My%20token;object=release;id=%01%ff;slot-id=7;type=private?module-path=/usr/lib/softhsm.so&pin-source=file:///run/pin",
        );
        let expected = TokenUri {
            token: Some("My token".to_owned()),
            object: Some("release".to_owned()),
            id: Some(vec![1, 255]),
            slot_id: Some(7),
            module_path: Some("/usr/lib/softhsm.so".into()),
            pin_source: Some("/run/pin".into()),
            ..TokenUri::default()
        };
        assert_eq!(uri.unwrap(), expected);
        assert_eq!(
            TokenUri::parse("pkcs11:object=a?pin-source=pin").unwrap().pin_source(),
            Some(Path::new("pin"))
        );
    }

    #[test]
    fn a_pin_on_the_command_line_is_refused_and_not_repeated() {
        let message = refused("pkcs11:object=a?pin-value=1234");
        assert!(message.contains("no PIN"), "{message}");
        assert!(!message.contains("1234"));
    }

    #[test]
    fn what_is_ambiguous_or_not_understood_is_refused() {
        assert!(refused("file:object=a").contains("another scheme"));
        assert!(refused("pkcs11:token=a").contains("neither"));
        assert!(refused("pkcs11:object=a;object=b").contains("`object` twice"));
        assert!(refused("pkcs11:object=a;x-vendor=b").contains("`x-vendor`"));
        assert!(refused("pkcs11:object=%ff").contains("UTF-8"));
        assert!(refused("pkcs11:object=a;slot-id=one").contains("`one`"));
        assert!(refused("pkcs11:object").contains("`name=value`"));
        assert!(refused(&format!("pkcs11:object={}", "a".repeat(MAX_URI_BYTES))).contains("4096"));
    }
}
