use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::Value;

use super::Error;
use super::credential::Credential;
use super::reference::Repository;
use crate::Secret;

/// The largest file of credentials that is read, in bytes: an entry has a few kilobytes at most, and nobody logs in to a
/// thousand registries.
const MAX_FILE_BYTES: u64 = 4 << 20;

/// What Docker calls the credentials of `docker.io`.
pub(super) const DOCKER_HUB_KEY: &str = "https://index.docker.io/v1/";

/// A file of credentials as Docker and Podman write it; each reads the other's.
///
/// Source: `docker-config.json(5)`, `containers-auth.json(5)`.
#[derive(Debug, Default)]
pub(super) struct AuthFile {
    path: PathBuf,
    entries: BTreeMap<String, Credential>,
    helpers: BTreeMap<String, String>,
    store: Option<String>,
}

/// Where a file says that credentials are.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Finding<'a> {
    /// Here.
    Credential(&'a Credential),
    /// A helper has them, under a server's name.
    Helper { name: &'a str, server: String },
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FileWire {
    #[serde(default)]
    auths: Option<BTreeMap<String, EntryWire>>,
    #[serde(default)]
    cred_helpers: Option<BTreeMap<String, String>>,
    #[serde(default)]
    creds_store: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct EntryWire {
    auth: Option<String>,
    username: Option<String>,
    password: Option<String>,
    identitytoken: Option<String>,
    registrytoken: Option<String>,
}

impl AuthFile {
    /// Reads a file; one that is not there is empty.
    pub(super) fn read(path: &Path) -> Result<Self, Error> {
        use std::io::Read as _;
        let problem = |problem: String| Error::AuthFile {
            path: path.to_owned(),
            problem,
        };
        let file = match std::fs::File::open(path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Self::default()),
            file => file.map_err(|error| problem(error.to_string()))?,
        };
        let mut bytes = Vec::new();
        let read = file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes);
        read.map_err(|error| problem(error.to_string()))?;
        if bytes.len() as u64 > MAX_FILE_BYTES {
            return Err(problem(format!("expected at most {MAX_FILE_BYTES} bytes, found more")));
        }
        Self::parse(path, &bytes).map_err(problem)
    }

    fn parse(path: &Path, bytes: &[u8]) -> Result<Self, String> {
        // An empty file is what `podman logout` may leave.
        if bytes.trim_ascii().is_empty() {
            return Ok(Self::default());
        }
        // A message of the parser of a whole structure could repeat a secret.
        let value: Value = serde_json::from_slice(bytes)
            .map_err(|error| format!("expected JSON, found something else at line {}", error.line()))?;
        let wire: FileWire = serde_json::from_value(value)
            .map_err(|_| "expected `auths`, `credHelpers` and `credsStore` as Docker writes them".to_owned())?;
        let mut entries = BTreeMap::new();
        for (key, entry) in wire.auths.unwrap_or_default() {
            if let Some(credential) = entry.credential().map_err(|problem| format!("`{key}`: {problem}"))? {
                entries.insert(normalised(&key), credential);
            }
        }
        let helpers = wire.cred_helpers.unwrap_or_default();
        Ok(Self {
            path: path.to_owned(),
            entries,
            helpers: helpers
                .into_iter()
                .map(|(key, name)| (normalised(&key), name))
                .collect(),
            store: wire.creds_store.filter(|store| !store.is_empty()),
        })
    }

    /// Where the file is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Everything that may have credentials, the nearest first: a helper of the registry, the store of all, what stands here. A
    /// longer name counts before a shorter one: `registry.example.org/team` before `registry.example.org`.
    pub(super) fn find(&self, repository: &Repository) -> Vec<Finding<'_>> {
        let keys = keys(repository);
        let helper = keys.iter().find_map(|key| Some((key, self.helpers.get(key)?)));
        let helper = helper.map(|(key, name)| Finding::Helper {
            name,
            server: server(key),
        });
        let store = self.store.as_ref().map(|name| Finding::Helper {
            name,
            server: server(repository.registry()),
        });
        let entry = keys.iter().find_map(|key| self.entries.get(key));
        helper
            .or(store)
            .into_iter()
            .chain(entry.map(Finding::Credential))
            .collect()
    }
}

impl EntryWire {
    fn credential(self) -> Result<Option<Credential>, &'static str> {
        let said = |text: Option<String>| text.filter(|text| !text.is_empty());
        if let Some(token) = said(self.identitytoken) {
            return Ok(Some(Credential::Identity(Secret::new(token))));
        }
        if let Some(token) = said(self.registrytoken) {
            return Ok(Some(Credential::Bearer(Secret::new(token))));
        }
        if let Some(auth) = said(self.auth) {
            return decoded(&auth).map(Some);
        }
        Ok(match (said(self.username), said(self.password)) {
            (Some(user), Some(password)) => Some(Credential::Password {
                user,
                password: Secret::new(password),
            }),
            // What a helper has leaves an empty entry here.
            _ => None,
        })
    }
}

/// `base64(user:password)`; some tools end it with NUL bytes.
fn decoded(auth: &str) -> Result<Credential, &'static str> {
    let wrong = "expected `auth` to be base64 of `user:password`";
    let bytes = STANDARD.decode(auth.trim()).map_err(|_| wrong)?;
    let text = Secret::new(String::from_utf8(bytes).map_err(|_| wrong)?);
    let (user, password) = text.expose().split_once(':').ok_or(wrong)?;
    Ok(Credential::Password {
        user: user.to_owned(),
        password: Secret::new(password.trim_end_matches('\0')),
    })
}

/// Docker writes keys as URLs of version 1, Podman as names.
fn normalised(key: &str) -> String {
    let bare = key.trim_start_matches("https://").trim_start_matches("http://");
    let bare = bare.trim_end_matches('/');
    let bare = bare
        .strip_suffix("/v1")
        .or_else(|| bare.strip_suffix("/v2"))
        .unwrap_or(bare);
    match bare {
        "index.docker.io" | "registry-1.docker.io" => "docker.io".to_owned(),
        other => other.to_owned(),
    }
}

/// The whole name, then each shorter one down to the registry.
fn keys(repository: &Repository) -> Vec<String> {
    let whole = repository.to_string();
    let cuts: Vec<usize> = whole.match_indices('/').map(|(at, _)| at).collect();
    let shorter = cuts.iter().rev().map(|at| whole[..*at].to_owned());
    std::iter::once(whole.clone()).chain(shorter).collect()
}

/// What a helper knows a registry by.
fn server(key: &str) -> String {
    match key {
        "docker.io" => DOCKER_HUB_KEY.to_owned(),
        key => key.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(json: &str) -> Result<AuthFile, String> {
        AuthFile::parse(Path::new("auth.json"), json.as_bytes())
    }

    fn repository(text: &str) -> Repository {
        text.parse::<super::super::Reference>().unwrap().repository().clone()
    }

    fn user(file: &AuthFile, name: &str) -> Option<String> {
        let found = file.find(&repository(name));
        found.iter().find_map(|finding| match finding {
            Finding::Credential(credential) => Some(credential.to_string()),
            Finding::Helper { .. } => None,
        })
    }

    // base64 of a:1, b:2, c:3.
    const FILE: &str = r#"{"auths":{
        "https://index.docker.io/v1/":{"auth":"YTox"},
        "registry.example.org":{"auth":"Yjoy"},
        "registry.example.org/team":{"auth":"YzozAAA="},
        "https://old.example.org/v2/":{"username":"d","password":"4"},
        "token.example.org":{"auth":"eDp5","identitytoken":"t"},
        "as-it-is.example.org":{"registrytoken":"t"},
        "empty.example.org":{}},
        "HttpHeaders":{"x":"y"}}"#;

    #[test]
    fn credentials_are_found_by_registry_and_by_the_longest_name() {
        let file = parse(FILE).unwrap();
        for (name, expected) in [
            ("debian", Some("as `a`")),
            ("registry.example.org/app", Some("as `b`")),
            ("registry.example.org/team/app", Some("as `c`")),
            ("registry.example.org/teams/app", Some("as `b`")),
            ("old.example.org/app", Some("as `d`")),
            ("token.example.org/app", Some("with an identity token")),
            ("as-it-is.example.org/app", Some("with a registry token")),
            ("empty.example.org/app", None),
            ("registry.example.org:5000/app", None),
            ("example.org/app", None),
        ] {
            assert_eq!(user(&file, name).as_deref(), expected, "{name}");
        }
    }

    #[test]
    fn nul_bytes_at_the_end_of_a_password_are_not_part_of_it() {
        let file = parse(FILE).unwrap();
        let found = file.find(&repository("registry.example.org/team/app"));
        let expected = Credential::Password {
            user: "c".to_owned(),
            password: Secret::new("3"),
        };
        assert_eq!(found, [Finding::Credential(&expected)]);
    }

    #[test]
    fn a_helper_of_the_registry_counts_before_the_store_and_the_store_before_the_file() {
        let json =
            r#"{"auths":{"example.org":{"auth":"YTox"}},"credHelpers":{"example.org":"one"},"credsStore":"all"}"#;
        let file = parse(json).unwrap();
        let found = file.find(&repository("example.org/app"));
        let helper = Finding::Helper {
            name: "one",
            server: "example.org".to_owned(),
        };
        assert_eq!(found.len(), 2);
        assert_eq!(found[0], helper);
        let store = Finding::Helper {
            name: "all",
            server: DOCKER_HUB_KEY.to_owned(),
        };
        assert_eq!(file.find(&repository("debian")), [store]);
    }

    #[test]
    fn a_file_that_is_wrong_is_told_without_what_stands_in_it() {
        for (json, expected) in [
            ("{", "expected JSON, found something else at line 1"),
            (
                r#"{"auths":["s3cret"]}"#,
                "expected `auths`, `credHelpers` and `credsStore` as Docker writes them",
            ),
            (
                r#"{"auths":{"example.org":{"auth":"s3cret"}}}"#,
                "`example.org`: expected `auth` to be base64 of `user:password`",
            ),
        ] {
            assert_eq!(parse(json).unwrap_err(), expected);
        }
        assert!(parse("").unwrap().entries.is_empty());
    }

    #[test]
    fn a_file_that_is_not_there_is_empty_and_one_that_cannot_be_read_is_told() {
        let directory = tempfile::tempdir().unwrap();
        let absent = AuthFile::read(&directory.path().join("none")).unwrap();
        assert!(absent.entries.is_empty());
        assert!(matches!(AuthFile::read(directory.path()), Err(Error::AuthFile { .. })));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = AuthFile::parse(Path::new("x"), &bytes);
        }
    }
}
