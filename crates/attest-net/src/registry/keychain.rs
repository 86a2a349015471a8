use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Mutex, OnceLock, PoisonError};

use super::Error;
use super::auth_file::{AuthFile, Finding};
use super::credential::Credential;
use super::helper;
use super::reference::Repository;

/// Where credentials are looked for: files in order, the first that has some counts. Which files is for the caller to say; none is
/// read before something is asked of a registry that wants to know who asks.
#[derive(Debug, Default)]
pub struct Keychain {
    paths: Vec<PathBuf>,
    files: OnceLock<Vec<AuthFile>>,
    found: Mutex<BTreeMap<Repository, Credential>>,
}

impl Keychain {
    /// Credentials of these files, as Docker (`config.json`) and Podman (`auth.json`) write them.
    #[must_use]
    pub fn of_files(paths: Vec<PathBuf>) -> Self {
        Self {
            paths,
            ..Self::default()
        }
    }

    /// Who to be for a repository; a helper is asked once.
    pub(super) fn credential(&self, repository: &Repository) -> Result<Credential, Error> {
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(credential) = found.get(repository) {
            return Ok(credential.clone());
        }
        let credential = self.look_up(repository)?;
        found.insert(repository.clone(), credential.clone());
        Ok(credential)
    }

    fn look_up(&self, repository: &Repository) -> Result<Credential, Error> {
        for file in self.files()? {
            for finding in file.find(repository) {
                match finding {
                    Finding::Credential(credential) => return Ok(credential.clone()),
                    Finding::Helper { name, server } => {
                        if let Some(credential) = helper::ask(name, &server, file.path())? {
                            return Ok(credential);
                        }
                    }
                }
            }
        }
        Ok(Credential::Anonymous)
    }

    fn files(&self) -> Result<&[AuthFile], Error> {
        if let Some(files) = self.files.get() {
            return Ok(files);
        }
        let files = self.paths.iter().map(|path| AuthFile::read(path));
        let files = files.collect::<Result<Vec<_>, _>>()?;
        Ok(self.files.get_or_init(|| files))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_file_that_has_credentials_counts() {
        let directory = tempfile::tempdir().unwrap();
        let file = |name: &str, json: &str| {
            let path = directory.path().join(name);
            std::fs::write(&path, json).unwrap();
            path
        };
        let keychain = Keychain::of_files(vec![
            directory.path().join("none.json"),
            file("first.json", r#"{"auths":{"a.example.org":{"auth":"YTox"}}}"#),
            file(
                "second.json",
                r#"{"auths":{"a.example.org":{"auth":"Yjoy"},"b.example.org":{"auth":"Yjoy"}}}"#,
            ),
        ]);
        for (registry, expected) in [
            ("a.example.org", "as `a`"),
            ("b.example.org", "as `b`"),
            ("c.example.org", "without credentials"),
        ] {
            let repository = Repository::new(registry, "app").unwrap();
            assert_eq!(keychain.credential(&repository).unwrap().to_string(), expected);
        }
    }
}
