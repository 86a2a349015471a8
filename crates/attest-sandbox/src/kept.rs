use std::fs;
use std::io::{self, Read, Write};
use std::path::Path;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::keys::Keys;
use crate::oidc::OidcKey;

const FILE: &str = "sandbox-keys.json";
const SCHEMA: &str = "https://attest.dev/schema/sandbox-keys/v1";

/// Largest file that is read: one seed and one RSA key have about 2 KiB.
const MAX_FILE_BYTES: u64 = 64 * 1024;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeysWire {
    schema: String,
    seed: String,
    created: String,
    oidc: String,
}

impl Keys {
    /// The keys in a directory. If it holds none, `fresh` is written there with an RSA key, readable by its owner only.
    ///
    /// # Errors
    /// When the directory cannot be made, read or written, or what it holds are no keys: they are never replaced.
    pub fn kept_in(directory: &Path, fresh: [u8; 32], now: Timestamp) -> Result<Self, Error> {
        let path = directory.join(FILE);
        if read(&path)?.is_none() {
            create(directory, &path, fresh, now)?;
        }
        let content = read(&path)?.unwrap_or_default();
        parse(&content).map_err(|reason| Error::KeysInvalid { path, reason })
    }
}

fn read(path: &Path) -> Result<Option<Vec<u8>>, Error> {
    let file = match fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed("read", path, &error)),
    };
    let mut content = Vec::new();
    let mut bounded = file.take(MAX_FILE_BYTES + 1);
    bounded
        .read_to_end(&mut content)
        .map_err(|error| failed("read", path, &error))?;
    match content.len() as u64 > MAX_FILE_BYTES {
        true => Err(Error::KeysInvalid {
            path: path.to_owned(),
            reason: format!("more than {MAX_FILE_BYTES} bytes"),
        }),
        false => Ok(Some(content)),
    }
}

fn parse(content: &[u8]) -> Result<Keys, String> {
    let wire: KeysWire = serde_json::from_slice(content).map_err(|error| error.to_string())?;
    if wire.schema != SCHEMA {
        return Err(format!("expected schema `{SCHEMA}`, found `{}`", wire.schema));
    }
    let mut seed = [0; 32];
    hex::decode_to_slice(&wire.seed, &mut seed).map_err(|error| format!("seed: {error}"))?;
    let oidc = BASE64_STANDARD
        .decode(&wire.oidc)
        .map_err(|error| format!("oidc: {error}"))?;
    let oidc = OidcKey::from_pkcs8(&oidc).map_err(|error| error.to_string())?;
    let created = wire.created.parse().map_err(|error| format!("created: {error}"))?;
    Ok(Keys::with_oidc(seed, created, oidc))
}

fn create(directory: &Path, path: &Path, seed: [u8; 32], now: Timestamp) -> Result<(), Error> {
    let keys = Keys::from_seed(seed, now);
    let wire = KeysWire {
        schema: SCHEMA.to_owned(),
        seed: hex::encode(keys.seed()),
        created: keys.created().to_string(),
        oidc: BASE64_STANDARD.encode(keys.oidc()?.to_pkcs8()?),
    };
    let mut content = serde_json::to_vec_pretty(&wire).map_err(|error| Error::internal("the keys", error))?;
    content.push(b'\n');
    make_directory(directory).map_err(|error| failed("create", directory, &error))?;
    match write_new(directory, path, &content) {
        Ok(()) => Ok(()),
        // Another process was faster: its keys are the ones.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(failed("write", path, &error)),
    }
}

fn make_directory(directory: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(directory)
}

/// Whole or not at all, readable by the owner only, and never over a file that was put there in the meantime.
fn write_new(directory: &Path, path: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = tempfile::NamedTempFile::new_in(directory)?;
    file.write_all(content)?;
    file.as_file().sync_all()?;
    file.persist_noclobber(path)?;
    Ok(())
}

fn failed(action: &'static str, path: &Path, error: &io::Error) -> Error {
    Error::Io {
        action,
        place: path.display().to_string(),
        reason: error.to_string(),
    }
}
