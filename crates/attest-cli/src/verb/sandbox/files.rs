use std::io::{self, Write};
use std::path::{Path, PathBuf};

use attest_sandbox::{Error, Sigstore};

use crate::failure::Failure;
use crate::output_file::OutputFile;

pub(super) const TRUSTED_ROOT: &str = "trusted_root.json";
pub(super) const SIGNING_CONFIG: &str = "signing_config.json";
pub(super) const SIGNING_CONFIG_REKOR_V1: &str = "signing_config_rekor_v1.json";
pub(super) const TRUST_CONFIG: &str = "trust_config.json";
pub(super) const TRUST_CONFIG_REKOR_V1: &str = "trust_config_rekor_v1.json";
pub(super) const TUF_ROOT: &str = "1.root.json";
pub(super) const IDENTITY_TOKEN: &str = "identity_token";

type Content = fn(&Sigstore) -> Result<String, Error>;

const PUBLIC_FILES: [(&str, Content); 6] = [
    (TRUSTED_ROOT, Sigstore::trusted_root_json),
    (SIGNING_CONFIG, Sigstore::signing_config_json),
    (SIGNING_CONFIG_REKOR_V1, |sigstore| {
        sigstore.signing_config_json_with_rekor(1)
    }),
    (TRUST_CONFIG, Sigstore::client_trust_config_json),
    (TRUST_CONFIG_REKOR_V1, |sigstore| {
        sigstore.client_trust_config_json_with_rekor(1)
    }),
    (TUF_ROOT, Sigstore::tuf_root_json),
];

/// The directory that clients are pointed at.
pub(super) struct Directory {
    path: PathBuf,
    /// Removes the directory in the end, if it was not asked for by name.
    _temporary: Option<tempfile::TempDir>,
}

impl Directory {
    /// The directory of that name, made if need be; without a name, a temporary one.
    pub(super) fn open(name: Option<&Path>) -> Result<Self, Failure> {
        let Some(name) = name else {
            let temporary = tempfile::Builder::new().prefix("attest-sandbox-").tempdir();
            let temporary = temporary.map_err(|error| failed(Path::new("the temporary directory"), &error))?;
            return Ok(Self {
                path: temporary.path().to_owned(),
                _temporary: Some(temporary),
            });
        };
        std::fs::create_dir_all(name).map_err(|error| failed(name, &error))?;
        Ok(Self {
            path: std::path::absolute(name).map_err(|error| failed(name, &error))?,
            _temporary: None,
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn write_all(&self, sigstore: &Sigstore) -> Result<(), Failure> {
        for (name, content) in PUBLIC_FILES {
            let content = content(sigstore).map_err(|error| super::failure(&error))?;
            let mut file = OutputFile::create(&self.path.join(name))?;
            file.write(content.as_bytes())?;
            file.commit()?;
        }
        self.write_token(sigstore)
    }

    /// A fresh identity token, for its owner's eyes only.
    pub(super) fn write_token(&self, sigstore: &Sigstore) -> Result<(), Failure> {
        let token = sigstore.mint_user().map_err(|error| super::failure(&error))?;
        let path = self.path.join(IDENTITY_TOKEN);
        write_secret(&path, &self.path, token.as_bytes()).map_err(|error| failed(&path, &error))
    }
}

/// A temporary file is readable by its owner only, and stays so under its name.
fn write_secret(path: &Path, directory: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = tempfile::NamedTempFile::new_in(directory)?;
    file.write_all(content)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}

fn failed(path: &Path, error: &io::Error) -> Failure {
    Failure::undecided(
        "sandbox-files-failed",
        format_args!("cannot write `{}`: {error}", path.display()),
    )
}
