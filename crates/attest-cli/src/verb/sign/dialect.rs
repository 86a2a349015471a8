use attest_digest::{Algorithm, Algorithms, Digest, Measured};
use attestation::Bundle;
use attestation::foreign::{Limits, ModelSigner, read_evidence, read_pem, to_model_signing};
use attestation::manifest::TreeManifest;

use super::credential::{Credential, KeyArguments};
use super::output::{Made, Output};
use crate::failure::Failure;
use crate::keyless;

/// How readers of tree manifests want to find the signer in the bundle.
pub(super) enum Dialect {
    /// As any bundle has it.
    Plain,
    /// The key by the digest of its PEM.
    Key { hint: String },
    /// The certificate with those above it.
    Certificate { above: Vec<Vec<u8>> },
}

impl Dialect {
    pub(super) fn of(credential: &Credential, arguments: &KeyArguments) -> Result<Self, Failure> {
        Ok(match credential {
            Credential::Keyless => Self::Plain,
            Credential::Key(key) => Self::Key {
                hint: fingerprint(&key.public_key().to_pem()),
            },
            Credential::Certified(_, certificate) => Self::Certificate {
                above: above(arguments, certificate.as_der())?,
            },
        })
    }

    /// Writes the bundle of a tree manifest in the words of its readers. Nothing that is signed changes, and it is verified
    /// again before it gets its name.
    pub(super) fn translate(&self, output: &mut Output) -> Result<(), Failure> {
        let signer = match self {
            Self::Plain => return Ok(()),
            Self::Key { hint } => ModelSigner::Key { hint },
            Self::Certificate { above } => ModelSigner::Certificate { above },
        };
        if !is_manifest(output) {
            return Ok(());
        }
        if output.is_pending() {
            return Err(defer_unsupported());
        }
        let document = to_model_signing(output.bundle(), signer);
        let document = document.map_err(|error| Failure::undecided("bundle-unwritable", error))?;
        output.made = Made::Translated {
            bundle: read(&document)?,
            document,
        };
        Ok(())
    }
}

/// The SHA-256 of a key in PEM, in hexadecimal.
fn fingerprint(pem: &str) -> String {
    let measured = Measured::of_bytes(pem.as_bytes(), &Algorithms::one(Algorithm::Sha256));
    measured
        .digest(Algorithm::Sha256)
        .map(Digest::to_hex)
        .unwrap_or_default()
}

/// What its readers will read.
fn read(document: &[u8]) -> Result<Bundle, Failure> {
    let read = read_evidence(document, &Limits::default()).into_iter().next();
    match read {
        Some(Ok((_, bundle))) => Ok(bundle),
        Some(Err(error)) => Err(Failure::undecided("bundle-unwritable", error)),
        None => Err(Failure::undecided("bundle-unwritable", "expected a bundle, found none")),
    }
}

fn is_manifest(output: &Output) -> bool {
    let statement = output.request.statement.as_ref();
    statement.is_some_and(|statement| TreeManifest::is_claimed_by(statement.as_bytes()))
}

/// The certificates of the chain without the one that signs, which some programs put first.
pub(super) fn above(arguments: &KeyArguments, leaf: &[u8]) -> Result<Vec<Vec<u8>>, Failure> {
    let Some(path) = &arguments.certificate_chain else {
        return Ok(Vec::new());
    };
    let pem = keyless::read(path, "certificate-unreadable")?;
    let blocks = read_pem(&pem).map_err(|error| Failure::usage("certificate-invalid", error).at(path.display()))?;
    let blocks = blocks.into_iter().map(|block| block.der);
    Ok(blocks.filter(|der| der != leaf).collect())
}

fn defer_unsupported() -> Failure {
    Failure::usage(
        "defer-log-unsupported",
        "expected a certificate for minutes beside --defer-log: what completes the bundle later does not know how the readers \
         of tree manifests want a key or a certificate of one's own",
    )
    .hint("leave out `--defer-log`, or sign without `--key`")
}
