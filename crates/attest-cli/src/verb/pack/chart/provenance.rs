use std::ffi::OsString;
use std::path::{Path, PathBuf};

use attest_archive::chart::{Chart, provenance_text};
use attest_digest::{Algorithm, Algorithms, Measured};
use attest_release::Variables;
use attest_release::gpg::{ClearSigning, GpgError};

use crate::context::Context;
use crate::failure::Failure;

/// Whether and with which key the package is signed.
#[derive(Debug, clap::Args)]
pub(super) struct SigningArguments {
    /// Write a provenance file, NAME-VERSION.tgz.prov, that gpg signs and `helm verify` reads
    #[arg(long, requires = "key")]
    sign: bool,
    /// The OpenPGP key to sign with, as gpg takes it: a name, an address or a fingerprint
    #[arg(long, value_name = "NAME", requires = "sign")]
    key: Option<String>,
    /// A file of exported secret keys to take the key from [default: the user's own keys]
    #[arg(long, value_name = "FILE", requires = "sign")]
    keyring: Option<PathBuf>,
    /// A file whose first line unlocks the key [default: the agent of gpg asks]
    #[arg(long, value_name = "FILE", requires = "sign")]
    passphrase_file: Option<PathBuf>,
}

impl SigningArguments {
    /// The provenance file of a package, if one is asked for.
    pub(super) fn sign(
        &self,
        chart: &Chart,
        package: &[u8],
        context: &Context<'_>,
    ) -> Result<Option<Vec<u8>>, Failure> {
        let Some(key) = self.key.as_deref().filter(|_| self.sign) else {
            return Ok(None);
        };
        let measured = Measured::of_bytes(package, &Algorithms::one(Algorithm::Sha256));
        let digest = measured.digest(Algorithm::Sha256).expect("this is what was asked for");
        let variables: Variables = context
            .environment
            .iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        let signing = ClearSigning {
            text: &provenance_text(chart.metadata(), &chart.file_name(), digest),
            key,
            keyring: self.keyring.as_deref(),
            passphrase_file: self.passphrase_file.as_deref(),
            directory: Path::new("."),
            variables: &variables,
        };
        signing.sign().map(Some).map_err(|error| not_signed(&error))
    }
}

/// `FILE.prov`, where Helm looks for it.
pub(super) fn path_beside(file: &Path) -> PathBuf {
    let mut path = OsString::from(file);
    path.push(".prov");
    path.into()
}

/// What a person is told when gpg signed nothing.
pub(crate) fn not_signed(error: &GpgError) -> Failure {
    match error {
        GpgError::ProgramMissing => Failure::usage("gpg-missing", error)
            .hint("install GnuPG, or sign the package with `attest sign`, which needs no other program"),
        GpgError::Failed { .. } => Failure::undecided("gpg-failed", error)
            .hint("to see which secret keys there are, run `gpg --list-secret-keys`"),
        _ => Failure::undecided("gpg-failed", error),
    }
}
