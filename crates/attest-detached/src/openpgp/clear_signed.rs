use attest_digest::Measured;
use jiff::Timestamp;

use super::signature::OpenPgpSignatures;
use crate::keys::Inner as Keys;
use crate::stream::sha256;
use crate::{DetachedError, Format, SignerKeys, VerifiedDetached};

/// The most bytes of a clear-signed message. A checksum list of a hundred thousand files has about ten million.
pub const CLEAR_SIGNED_LIMIT: usize = 32 * 1024 * 1024;

/// A text with its OpenPGP signature around it, RFC 9580, section 7: read, and not verified. The text is in
/// [`VerifiedText`], and nowhere else.
#[derive(Clone)]
pub struct ClearSigned {
    lines: Vec<Vec<u8>>,
    signatures: OpenPgpSignatures,
}

/// The text of a clear-signed message whose signature passed every check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedText {
    text: Vec<u8>,
    proof: VerifiedDetached,
}

const WHAT: &str = "a clear-signed message";
const BEGIN: &[u8] = b"-----BEGIN PGP SIGNED MESSAGE-----";
const SIGNATURE: &[u8] = b"-----BEGIN PGP SIGNATURE-----";

impl ClearSigned {
    /// Whether the bytes begin as a clear-signed message does. Nothing is checked.
    #[must_use]
    pub fn recognise(bytes: &[u8]) -> bool {
        bytes.starts_with(BEGIN)
    }

    /// Takes a message apart. It has to be alone: text before or after it would look signed, and is not.
    ///
    /// # Errors
    /// [`DetachedError::TooLarge`], [`DetachedError::Malformed`] and those of [`crate::DetachedSignature::parse`].
    pub fn parse(bytes: &[u8]) -> Result<Self, DetachedError> {
        if bytes.len() > CLEAR_SIGNED_LIMIT {
            return Err(DetachedError::TooLarge {
                what: "a clear-signed message",
                limit: CLEAR_SIGNED_LIMIT as u64,
            });
        }
        let mut rest = bytes;
        if next_line(&mut rest) != Some(BEGIN) {
            return Err(DetachedError::malformed(WHAT, "it does not begin as one"));
        }
        skip_headers(&mut rest)?;
        let lines = signed_lines(&mut rest)?;
        Ok(Self {
            lines,
            signatures: OpenPgpSignatures::parse(rest)?,
        })
    }

    /// Whom the signatures name as their makers. **Nothing proves it**: it helps to find the key.
    #[must_use]
    pub fn peek_unverified_signer(&self) -> String {
        self.signatures.issuers_shown()
    }

    /// Holds the signature against the text.
    ///
    /// # Errors
    /// As [`crate::Verification::verify`].
    pub fn verify(&self, keys: &SignerKeys, moment: Timestamp) -> Result<VerifiedText, DetachedError> {
        let Keys::OpenPgp(certificates) = &keys.0 else {
            return Err(DetachedError::FormatMismatch {
                expected: keys.format(),
                found: Format::OpenPgp,
            });
        };
        let mut proof = self
            .signatures
            .verify_text(certificates, moment, &self.lines.join(&b"\r\n"[..]))?;
        let mut text = self.lines.join(&b'\n');
        text.push(b'\n');
        proof.measured = Measured::of_bytes(&text, &sha256());
        Ok(VerifiedText {
            text,
            proof: proof.into(),
        })
    }
}

impl VerifiedText {
    /// The text as it was signed: without blanks at the ends of lines, each line ended by a line feed.
    #[must_use]
    pub fn text(&self) -> &[u8] {
        &self.text
    }

    /// What is known about the signature. The measured message is the text.
    #[must_use]
    pub fn proof(&self) -> &VerifiedDetached {
        &self.proof
    }
}

/// The next line, without its end and the carriage return before it.
fn next_line<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let end = rest.iter().position(|byte| *byte == b'\n')?;
    let line = &rest[..end];
    *rest = &rest[end + 1..];
    Some(line.strip_suffix(b"\r").unwrap_or(line))
}

/// Only `Hash` may stand there: other words would be unsigned text in a signed message. RFC 9580, section 7.1.
fn skip_headers(rest: &mut &[u8]) -> Result<(), DetachedError> {
    loop {
        match next_line(rest) {
            Some([]) => return Ok(()),
            Some(line) if line.starts_with(b"Hash: ") => {}
            Some(_) => return Err(DetachedError::malformed(WHAT, "it has a header other than `Hash`")),
            None => return Err(DetachedError::malformed(WHAT, "it ends too early")),
        }
    }
}

/// The lines as they were signed, RFC 9580, section 7.2. Leaves what follows, from the signature on.
fn signed_lines(rest: &mut &[u8]) -> Result<Vec<Vec<u8>>, DetachedError> {
    let mut lines = Vec::new();
    loop {
        let before = *rest;
        let line = next_line(rest).ok_or(DetachedError::malformed(WHAT, "it has no signature"))?;
        if line == SIGNATURE {
            *rest = before;
            return Ok(lines);
        }
        let unescaped = match line {
            [b'-', b' ', unescaped @ ..] => unescaped,
            [b'-', ..] => {
                return Err(DetachedError::malformed(
                    WHAT,
                    "a line begins with a dash that is not escaped",
                ));
            }
            unescaped => unescaped,
        };
        let end = unescaped
            .iter()
            .rposition(|byte| !matches!(byte, b' ' | b'\t'))
            .map_or(0, |last| last + 1);
        lines.push(unescaped[..end].to_owned());
    }
}
