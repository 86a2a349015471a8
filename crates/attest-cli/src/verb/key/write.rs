use std::fs;
use std::path::{Path, PathBuf};

use attest_sign::{EncryptedKey, PrivateKey, Secret, SigningKey as _};

use super::Place;
use crate::context::Context;
use crate::failure::Failure;
use crate::output_file::OutputFile;
use crate::signing_key::{failure, new_password};

/// Two files that are not there yet.
pub(super) struct NewKey {
    pub(super) private: PathBuf,
    pub(super) public: PathBuf,
    pub(super) without_password: bool,
}

impl NewKey {
    /// Said before anything is made or asked for: a key that was lost is lost for good, so that none is written over.
    pub(super) fn new(place: &Place) -> Result<Self, Failure> {
        let with = |ending: &str| {
            let mut name = place.output_key_prefix.as_os_str().to_owned();
            name.push(ending);
            PathBuf::from(name)
        };
        let new = Self {
            private: with(".key"),
            public: with(".pub"),
            without_password: place.without_password,
        };
        let taken = [&new.private, &new.public]
            .into_iter()
            .find(|path| fs::symlink_metadata(path).is_ok());
        match taken.cloned() {
            Some(taken) => Err(exists(&taken)),
            None => Ok(new),
        }
    }

    /// The private key for its owner alone, the public one for everybody. Neither takes the place of a file.
    pub(super) fn write(&self, key: &PrivateKey, context: &Context<'_>) -> Result<(), Failure> {
        let pem = self.private_pem(key, context)?;
        let mut private = OutputFile::create_private(&self.private)?;
        private.write(pem.expose())?;
        let mut public = OutputFile::create(&self.public)?;
        public.write(key.public_key().to_pem().as_bytes())?;
        public
            .commit_new()
            .map_err(|failure| failure.unwrap_or_else(|| exists(&self.public)))?;
        private.commit_new().map_err(|failure| {
            let _ = fs::remove_file(&self.public);
            failure.unwrap_or_else(|| exists(&self.private))
        })
    }

    fn private_pem(&self, key: &PrivateKey, context: &Context<'_>) -> Result<Secret, Failure> {
        if self.without_password {
            return key.to_pem().map_err(|error| failure(&error));
        }
        let sealed = EncryptedKey::seal(key, &new_password(context)?).map_err(|error| failure(&error))?;
        Ok(Secret::from(sealed.to_pem()))
    }
}

fn exists(path: &Path) -> Failure {
    Failure::usage(
        "key-exists",
        "expected a place for a new key, found a file; keys are never written over",
    )
    .at(path.display())
    .hint("choose another name with `--output-key-prefix PREFIX`")
}
