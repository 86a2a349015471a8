use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use attest_sandbox::registry::Registry;
use attest_sandbox::{Claims, Config, Error, Keys, Server, Sigstore};
use jiff::Timestamp;

use crate::failure::Failure;
use crate::output_file::OutputFile;
use crate::verb::sandbox::registry;
use crate::wall_clock::WallClock;

/// Whom the sandbox signs for.
const IDENTITY: &str = "sandbox@example.com";

/// Who vouches for it. The address is not that of the port, so that the command to verify a release stays the same.
const ISSUER: &str = "https://sandbox.example.com";

/// The trust root that verifies what the sandbox signed.
pub(super) const TRUSTED_ROOT: &str = "trusted_root.json";

/// The trust root in the form that sigstore-python takes, with the addresses of services that are gone by then.
const TRUST_CONFIGURATION: &str = "trust_config.json";

/// What the registry holds after a rehearsal, until the next one.
const REGISTRY: &str = "registry";

/// A Sigstore and a registry that run inside this process for as long as this value lives.
pub(super) struct Sandbox {
    server: Server,
    directory: PathBuf,
}

impl Sandbox {
    /// Starts at any free port, with keys that are kept in `directory`, so that earlier releases still verify, and an empty
    /// registry.
    pub(super) fn start(directory: &Path, now: Timestamp) -> Result<Self, Failure> {
        fs::create_dir_all(directory).map_err(|error| unwritable(directory, &error))?;
        let place = directory.join(REGISTRY);
        // What an earlier rehearsal left is of another release.
        let registry = Registry::open_empty(&place).map_err(|error| registry::failed(&place, &error))?;
        let server = start(directory, registry, now).map_err(|error| failure(&error))?;
        let directory = directory.to_owned();
        Ok(Self { server, directory })
    }

    /// The host and the port of the registry.
    pub(super) fn registry(&self) -> &str {
        let url = self.server.url();
        url.split_once("://").map_or(url, |(_, host)| host)
    }

    pub(super) fn signing_config(&self) -> Result<String, Failure> {
        self.server
            .sigstore()
            .signing_config_json()
            .map_err(|error| failure(&error))
    }

    pub(super) fn trusted_root(&self) -> Result<String, Failure> {
        self.server
            .sigstore()
            .trusted_root_json()
            .map_err(|error| failure(&error))
    }

    /// A token that is good for the next minutes.
    pub(super) fn token(&self) -> Result<String, Failure> {
        let claims = Claims::email(IDENTITY).with("iss", ISSUER);
        self.server.sigstore().mint(&claims).map_err(|error| failure(&error))
    }

    /// Leaves behind what `attest verify` and cosign (the trust root), and sigstore-python (the trust configuration) verify
    /// against.
    pub(super) fn write_trust(&self) -> Result<(), Failure> {
        let configuration = self.server.sigstore().client_trust_config_json();
        self.write(TRUST_CONFIGURATION, &configuration.map_err(|error| failure(&error))?)?;
        self.write(TRUSTED_ROOT, &self.trusted_root()?)
    }

    fn write(&self, name: &str, content: &str) -> Result<(), Failure> {
        let mut file = OutputFile::create(&self.directory.join(name))?;
        file.write(content.as_bytes())?;
        file.commit()
    }
}

/// Keys are good from `now` on, which is when the process began: no signature of it can be earlier.
fn start(directory: &Path, registry: Registry, now: Timestamp) -> Result<Server, Error> {
    let keys = Keys::kept_in(directory, rand::random(), now)?;
    let sigstore = Sigstore::new(Config {
        keys,
        clock: Arc::new(WallClock),
        user: Claims::email(IDENTITY),
        issuers: vec![ISSUER.to_owned()],
    })?;
    Server::start_with_registry(sigstore, registry, 0)
}

fn unwritable(directory: &Path, error: &io::Error) -> Failure {
    Failure::undecided("sandbox-files-failed", format_args!("cannot write: {error}")).at(directory.display())
}

fn failure(error: &Error) -> Failure {
    match error {
        Error::KeysInvalid { path, .. } => Failure::usage("sandbox-keys-invalid", error).hint(format_args!(
            "to begin with new keys, remove `{}`; releases that the old ones signed no longer verify",
            path.display()
        )),
        _ => Failure::undecided("sandbox-failed", error),
    }
}
