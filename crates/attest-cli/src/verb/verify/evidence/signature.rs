use std::borrow::Cow;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use attest_digest::{Algorithm, Digest};
use attest_store::SignatureFiles;
use attest_verify::{AtHand, Rejection};
use attestation::foreign::{Detached, EvidenceError, Format};

use super::super::problem::Problem;
use super::gather::Piece;
use super::held::{Held, Holding};
use super::{Evidence, Judge, Origin, Proof};

/// A signature that came without a bundle, over one artifact. It is verified together with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct Signature {
    pub(in super::super) path: PathBuf,
    pub(in super::super) origin: Origin,
    pub(in super::super) certificate: Option<PathBuf>,
    pub(in super::super) chain: Option<PathBuf>,
    pub(in super::super) log_entry: Option<PathBuf>,
    pub(in super::super) timestamp: Option<PathBuf>,
}

/// The artifact of a signature, as far as it has been measured.
pub(in super::super) struct Signed<'a> {
    pub(in super::super) digest: &'a Digest,
    pub(in super::super) bytes: SignedBytes<'a>,
}

/// Where the bytes of an artifact are.
#[derive(Clone, Copy)]
pub(in super::super) enum SignedBytes<'a> {
    /// Nobody has them.
    Nowhere,
    /// In a file, which can be read again.
    File(&'a Path),
    /// In memory, if they are not too many.
    Held(&'a Held),
}

/// Holds what is read, as far as an artifact is held in memory.
pub(in super::super) fn hold<R: Read>(reader: R) -> Holding<R> {
    Holding::new(reader, MAX_SIGNED_BYTES)
}

/// What an artifact is measured with to be held against a signature of this world.
pub(in super::super) const ALGORITHM: Algorithm = Algorithm::Sha256;

/// What a signature of Ed25519 has, and none of ECDSA or RSA (RFC 8032, section 5.1.6).
const ED25519_LEN: usize = 64;

/// Ed25519 signs the bytes themselves, and they are checked in memory, on every thread one artifact.
const MAX_SIGNED_BYTES: u64 = 256 << 20;

impl Signature {
    /// What lies beside an artifact.
    pub(in super::super) fn beside(files: SignatureFiles) -> Self {
        Self {
            path: files.signature,
            origin: Origin::Beside,
            certificate: files.certificate,
            chain: None,
            log_entry: files.log_entry,
            timestamp: files.timestamp,
        }
    }

    /// Whether it may be one over the bytes themselves, so that their digest does not do.
    pub(in super::super) fn may_need_bytes(&self) -> bool {
        let signature = read(&self.path).ok().and_then(|bytes| Detached::new(&bytes).ok());
        signature.is_some_and(|signature| signature.signature_len() == ED25519_LEN)
    }

    pub(in super::super) fn verify(&self, signed: &Signed<'_>, judge: &Judge<'_>) -> Evidence {
        Evidence {
            path: self.path.clone(),
            place: None,
            origin: self.origin,
            result: self.proof(signed, judge),
        }
    }

    /// Which world it is of, its content says.
    fn proof(&self, signed: &Signed<'_>, judge: &Judge<'_>) -> Result<Proof, Problem> {
        let bytes = read(&self.path)?;
        match Format::recognise(&bytes) {
            Some(
                format @ (Format::MinisignSignature
                | Format::OpenpgpSignature
                | Format::OpenpgpMessage
                | Format::SshSignature),
            ) => Err(Problem::passed_over(
                "signature-of-another-world",
                format_args!("expected a signature for the key or identity that is expected, found {format}"),
            )),
            _ => self.sigstore(&bytes, signed, judge),
        }
    }

    fn sigstore(&self, signature: &[u8], signed: &Signed<'_>, judge: &Judge<'_>) -> Result<Proof, Problem> {
        let invalid = |error: EvidenceError| Problem::from(&error);
        let mut parts = Detached::new(signature).map_err(invalid)?.about(signed.digest.clone());
        if let Some(certificate) = &self.certificate {
            parts = parts.with_signer(&read(certificate)?).map_err(invalid)?;
        }
        if let Some(chain) = &self.chain {
            parts = parts.with_chain(&read(chain)?).map_err(invalid)?;
        }
        if let Some(log_entry) = &self.log_entry {
            parts = parts.with_log_entry(&read(log_entry)?).map_err(invalid)?;
        }
        if let Some(timestamp) = &self.timestamp {
            parts = parts.with_timestamp(&read(timestamp)?).map_err(invalid)?;
        }
        let piece = Piece {
            format: Format::Signature,
            bundle: parts.into_bundle().map_err(invalid)?,
        };
        let proof = judge.verify(&piece, AtHand::Nothing);
        let proof = match proof {
            Err(problem) if problem.code == Rejection::DigestAlone.code() => match signed.bytes.read()? {
                Some(bytes) => judge.verify(&piece, AtHand::Bytes(&bytes)),
                None => Err(problem),
            },
            proof => proof,
        };
        // One that only lies there may well be for whoever has a key, or the reverse.
        proof.map_err(|problem| match (problem.code, self.origin) {
            ("key-material-mismatch", Origin::Beside) => problem.into_passed_over(),
            _ => problem,
        })
    }
}

impl<'a> SignedBytes<'a> {
    /// None where nobody has them.
    fn read(self) -> Result<Option<Cow<'a, [u8]>>, Problem> {
        match self {
            Self::Nowhere => Ok(None),
            Self::File(path) => read_signed(path).map(|bytes| Some(bytes.into())),
            Self::Held(held) => match held.all() {
                Some(bytes) => Ok(Some(bytes.into())),
                None => Err(too_large()),
            },
        }
    }
}

/// The bytes of an artifact. That they are those that were measured is found out with the signature.
fn read_signed(path: &Path) -> Result<Vec<u8>, Problem> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(MAX_SIGNED_BYTES + 1).read_to_end(&mut bytes))
        .map_err(|error| Problem::undecided("cannot-read", format_args!("cannot read: {error}")))?;
    match bytes.len() as u64 > MAX_SIGNED_BYTES {
        true => Err(too_large()),
        false => Ok(bytes),
    }
}

fn too_large() -> Problem {
    Problem::undecided(
        "artifact-too-large",
        format_args!(
            "expected at most {MAX_SIGNED_BYTES} bytes of an artifact that Ed25519 signed as a whole, found more"
        ),
    )
}

fn read(path: &Path) -> Result<Vec<u8>, Problem> {
    match attest_store::read_bundle_file(path) {
        Ok(bytes) => Ok(bytes.into_unverified()),
        Err(error) => Err(Problem::from(&error)),
    }
}
