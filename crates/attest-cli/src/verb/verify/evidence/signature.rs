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
    /// One by each algorithm that may have been signed, at least one.
    pub(in super::super) digests: &'a [Digest],
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

/// The longest signatures of ECDSA over P-256 and P-521: two numbers of at most 33 or 66 bytes in DER (RFC 3279, section
/// 2.2.3).
const P256_MAX_LEN: usize = 72;
const P521_MAX_LEN: usize = 139;

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
        self.len() == Some(ED25519_LEN)
    }

    /// What an artifact is measured with to be held against it. It does not say what was signed: larger curves sign one
    /// of three, and Ed25519 in its prehashed form SHA-512 (RFC 8032, section 5.1).
    pub(in super::super) fn algorithms(&self) -> &'static [Algorithm] {
        match self.len() {
            Some(ED25519_LEN) => &[Algorithm::Sha256, Algorithm::Sha512],
            Some(P256_MAX_LEN..=P521_MAX_LEN) => &[Algorithm::Sha256, Algorithm::Sha384, Algorithm::Sha512],
            _ => &[Algorithm::Sha256],
        }
    }

    /// None where it cannot be read or is no signature, which is told when it is verified.
    fn len(&self) -> Option<usize> {
        let signature = read(&self.path).ok().and_then(|bytes| Detached::new(&bytes).ok());
        signature.map(|signature| signature.signature_len())
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

    /// Holds it against one digest after the other.
    fn sigstore(&self, signature: &[u8], signed: &Signed<'_>, judge: &Judge<'_>) -> Result<Proof, Problem> {
        let mut digests = signed.digests.iter();
        let mut first = match digests.next() {
            Some(digest) => self.hold(&self.piece(signature, digest)?, signed, judge),
            None => Err((&Rejection::DigestAlone).into()),
        };
        for digest in digests {
            if first.is_ok() {
                break;
            }
            first = match (first, self.hold(&self.piece(signature, digest)?, signed, judge)) {
                // What is wrong beside it is told only where the signature holds.
                (Err(first), Err(next)) if matches!(next.code, "signature-invalid" | "unsupported") => Err(first),
                (_, next) => next,
            };
        }
        // One that only lies there may well be for whoever has a key, or the reverse.
        first.map_err(|problem| match (problem.code, self.origin) {
            ("key-material-mismatch", Origin::Beside) => problem.into_passed_over(),
            _ => problem,
        })
    }

    fn hold(&self, piece: &Piece, signed: &Signed<'_>, judge: &Judge<'_>) -> Result<Proof, Problem> {
        match judge.verify(piece, AtHand::Nothing) {
            Err(problem) if problem.code == Rejection::DigestAlone.code() => match signed.bytes.read()? {
                Some(bytes) => judge.verify(piece, AtHand::Bytes(&bytes)),
                None => Err(problem),
            },
            proof => proof,
        }
    }

    /// Everything that came with it, as a bundle about one digest.
    fn piece(&self, signature: &[u8], digest: &Digest) -> Result<Piece, Problem> {
        let invalid = |error: EvidenceError| Problem::from(&error);
        let mut parts = Detached::new(signature).map_err(invalid)?.about(digest.clone());
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
        Ok(Piece {
            format: Format::Signature,
            bundle: parts.into_bundle().map_err(invalid)?,
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
