use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::key::SshKey;
use super::pattern::PatternList;
use crate::DetachedError;

/// A key that may sign, and on what conditions: ssh-keygen(1), "ALLOWED SIGNERS".
#[derive(Debug, Clone)]
pub(super) struct Entry {
    /// Whose key it is; none where the line is a public key alone.
    pub(super) principals: Option<PatternList>,
    pub(super) conditions: Conditions,
    pub(super) key: SshKey,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Conditions {
    pub(super) namespaces: Option<PatternList>,
    pub(super) valid_after: Option<Timestamp>,
    pub(super) valid_before: Option<Timestamp>,
    /// The key signs certificates, and no messages.
    pub(super) is_authority: bool,
}

/// Why a line is no key: something to say, or what the key's own reader says.
pub(super) enum LineError {
    Problem(&'static str),
    Key(DetachedError),
}

const KINDS: [&str; 4] = ["ssh-", "ecdsa-sha2-", "sk-ssh-", "sk-ecdsa-"];

/// Whether a word is a kind of key. That no name begins so is what makes a line readable.
pub(super) fn is_kind(word: &str) -> bool {
    KINDS.iter().any(|kind| word.starts_with(kind))
}

impl Entry {
    pub(super) fn parse(line: &str) -> Result<Self, LineError> {
        let (first, rest) = word(line)?;
        if is_kind(first) {
            return Ok(Self {
                principals: None,
                conditions: Conditions::default(),
                key: key(rest)?,
            });
        }
        let principals = first.trim_matches('"');
        if principals.is_empty() {
            return Err(LineError::Problem("it names nobody"));
        }
        let (second, rest) = word(rest)?;
        let (conditions, rest) = match is_kind(second) {
            true => (Conditions::default(), rest),
            false => {
                let (third, rest) = word(rest)?;
                if !is_kind(third) {
                    return Err(LineError::Problem("it has no key"));
                }
                (Conditions::parse(second)?, rest)
            }
        };
        Ok(Self {
            principals: Some(PatternList::new(principals)),
            conditions,
            key: key(rest)?,
        })
    }
}

impl Conditions {
    fn parse(options: &str) -> Result<Self, LineError> {
        let mut conditions = Self::default();
        let mut rest = options;
        while !rest.is_empty() {
            let (option, after) = split_unquoted(rest, |character| character == ',')?;
            rest = after;
            conditions.set(option)?;
        }
        Ok(conditions)
    }

    fn set(&mut self, option: &str) -> Result<(), LineError> {
        let (name, value) = match option.split_once('=') {
            Some((name, value)) => (name, Some(value.trim_matches('"'))),
            None => (option, None),
        };
        match (name.to_ascii_lowercase().as_str(), value) {
            ("cert-authority", None) => self.is_authority = true,
            ("namespaces", Some(list)) if self.namespaces.is_none() => self.namespaces = Some(PatternList::new(list)),
            ("valid-after", Some(time)) if self.valid_after.is_none() => self.valid_after = Some(moment(time)?),
            ("valid-before", Some(time)) if self.valid_before.is_none() => self.valid_before = Some(moment(time)?),
            _ => return Err(LineError::Problem("an option in it is unknown, or there twice")),
        }
        Ok(())
    }
}

/// The next word, with what follows it. Quotes hold spaces together.
fn word(line: &str) -> Result<(&str, &str), LineError> {
    let line = line.trim_start();
    match line.is_empty() {
        true => Err(LineError::Problem("it ends too early")),
        false => split_unquoted(line, char::is_whitespace),
    }
}

fn split_unquoted(text: &str, ends: impl Fn(char) -> bool) -> Result<(&str, &str), LineError> {
    let mut quoted = false;
    for (place, character) in text.char_indices() {
        if character == '"' {
            quoted = !quoted;
        } else if !quoted && ends(character) {
            return Ok((&text[..place], &text[place + character.len_utf8()..]));
        }
    }
    match quoted {
        true => Err(LineError::Problem("a quotation mark in it is not closed")),
        false => Ok((text, "")),
    }
}

fn key(rest: &str) -> Result<SshKey, LineError> {
    let (base64, _comment) = word(rest)?;
    let blob = STANDARD
        .decode(base64)
        .map_err(|_| LineError::Problem("its key is no base64"))?;
    SshKey::parse(&blob).map_err(LineError::Key)
}

/// `YYYYMMDD`, `YYYYMMDDHHMM` or `YYYYMMDDHHMMSS`. All are read as UTC, with or without their `Z`: the same list means the
/// same on every machine.
fn moment(text: &str) -> Result<Timestamp, LineError> {
    let digits = text.strip_suffix(['Z', 'z']).unwrap_or(text);
    let invalid = LineError::Problem("a time in it is not YYYYMMDD, YYYYMMDDHHMM or YYYYMMDDHHMMSS");
    let full = match digits.len() {
        _ if !digits.bytes().all(|byte| byte.is_ascii_digit()) => return Err(invalid),
        8 => format!("{digits}000000"),
        12 => format!("{digits}00"),
        14 => digits.to_owned(),
        _ => return Err(invalid),
    };
    DateTime::strptime("%Y%m%d%H%M%S", full)
        .and_then(|time| time.to_zoned(TimeZone::UTC))
        .map(|zoned| zoned.timestamp())
        .map_err(|_| invalid)
}
