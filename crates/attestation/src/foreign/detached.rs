use attest_digest::Digest;
use serde::Deserialize;

use super::draft::{Draft, Signer};
use super::log_entry::LoggedSignature;
use super::{EvidenceError, Format, base64, der, dsse};
use crate::Bundle;

const FORMAT: Format = Format::Signature;

/// A signature whose evidence lies in files of its own, as `cosign sign-blob` wrote it: `.sig`, `.pem`, a log entry, a
/// timestamp. Put together it is a bundle like any other.
///
/// ```
/// use attestation::foreign::Detached;
///
/// let bundle = Detached::new(b"MAYCAQUCAQY=\n")?.into_bundle()?;
/// assert_eq!(bundle.peek_unverified().certificate(), None);
/// # Ok::<(), attestation::foreign::EvidenceError>(())
/// ```
#[derive(Debug)]
pub struct Detached {
    signature: Vec<u8>,
    signer: Option<Signer>,
    chain: Vec<Vec<u8>>,
    logged: Option<LoggedSignature>,
    timestamps: Vec<Vec<u8>>,
    digest: Option<Digest>,
}

/// What cosign keeps of a timestamp authority's response (cosign, `RFC3161Timestamp`).
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TimestampWire {
    #[serde(rename = "SignedRFC3161Timestamp")]
    signed_timestamp: String,
}

impl Detached {
    /// Begins with the signature: raw or in base64, over the artifact or a whole DSSE envelope.
    ///
    /// # Errors
    /// When it is neither.
    pub fn new(signature: &[u8]) -> Result<Self, EvidenceError> {
        let decoded = match is_raw(signature) {
            true => Some(signature.to_vec()),
            false => base64::decode(signature),
        };
        let signature = decoded
            .filter(|signature| !signature.is_empty())
            .ok_or_else(|| EvidenceError::malformed(FORMAT, "expected a signature, raw or in base64"))?;
        Ok(Self {
            signature,
            signer: None,
            chain: Vec::new(),
            logged: None,
            timestamps: Vec::new(),
            digest: None,
        })
    }

    /// How many bytes the signature has. What they are, only the verifier says.
    #[must_use]
    pub fn signature_len(&self) -> usize {
        self.signature.len()
    }

    /// Adds who is said to have signed: a certificate with or without those above it, leaf first, or a public key. PEM,
    /// base64 of PEM, or DER. Without it, what the log entry says is taken.
    ///
    /// # Errors
    /// When it is neither.
    pub fn with_signer(mut self, bytes: &[u8]) -> Result<Self, EvidenceError> {
        self.signer = Some(Signer::read(bytes, Format::Certificate)?);
        Ok(self)
    }

    /// Adds the certificates above the signer's.
    ///
    /// # Errors
    /// When they are none.
    pub fn with_chain(mut self, bytes: &[u8]) -> Result<Self, EvidenceError> {
        match Signer::read(bytes, Format::Certificate)? {
            Signer::Certificates(chain) => self.chain = chain,
            Signer::Key { .. } => return Err(EvidenceError::malformed(Format::Certificate, "expected certificates")),
        }
        Ok(self)
    }

    /// Adds the entry of a log: an answer of Rekor v1, what cosign keeps of one, or an entry of a bundle.
    ///
    /// # Errors
    /// When it is none, or lacks what a verifier needs.
    pub fn with_log_entry(mut self, json: &[u8]) -> Result<Self, EvidenceError> {
        self.logged = Some(LoggedSignature::read(json)?);
        Ok(self)
    }

    /// Adds the response of a timestamp authority, in DER or as cosign keeps it.
    ///
    /// # Errors
    /// When it is none.
    pub fn with_timestamp(mut self, bytes: &[u8]) -> Result<Self, EvidenceError> {
        let malformed = |detail: &dyn ToString| EvidenceError::malformed(Format::Timestamp, detail.to_string());
        let response = match bytes.trim_ascii_start().starts_with(b"{") {
            true => {
                let wire: TimestampWire = serde_json::from_slice(bytes).map_err(|error| malformed(&error))?;
                base64::decode(wire.signed_timestamp)
            }
            false => Some(bytes.to_vec()),
        };
        let response = response.filter(|response| der::is_timestamp(response));
        self.timestamps
            .push(response.ok_or_else(|| malformed(&"expected a response in DER"))?);
        Ok(self)
    }

    /// Says which artifact it lies beside. A bare signature does not tell; the verifier finds out whether it is so.
    #[must_use]
    pub fn about(mut self, digest: Digest) -> Self {
        self.digest = Some(digest);
        self
    }

    /// Puts everything together.
    ///
    /// # Errors
    /// When the parts make no bundle.
    pub fn into_bundle(self) -> Result<Bundle, EvidenceError> {
        let logged = self.logged.as_ref();
        let digest = self.digest.or_else(|| logged.and_then(LoggedSignature::digest));
        let mut signer = self.signer.unwrap_or_else(|| Signer::unnamed(logged));
        if let Signer::Certificates(certificates) = &mut signer {
            let known = certificates.clone();
            certificates.extend(self.chain.into_iter().filter(|above| !known.contains(above)));
        }
        Draft {
            format: FORMAT,
            signer,
            log_entries: self.logged.into_iter().map(|logged| logged.entry).collect(),
            timestamps: self.timestamps,
            content: dsse::content(self.signature, digest)?,
        }
        .into_bundle()
    }
}

/// Whether it is a signature or an envelope as it stands, not its base64.
fn is_raw(bytes: &[u8]) -> bool {
    let is_text = bytes
        .iter()
        .all(|byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace());
    !is_text || bytes.trim_ascii_start().starts_with(b"{")
}
