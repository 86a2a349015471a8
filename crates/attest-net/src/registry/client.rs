use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use reqwest::{Url, redirect};
use tokio::runtime::{Builder, Runtime};

use super::credential::Credential;
use super::origin::authority;
use super::reference::Repository;
use super::session::{Access, Need, Session};
use super::{Error, Keychain, Options};
use crate::{Endpoint, Secret};

/// How long connecting may take.
const CONNECT: Duration = Duration::from_secs(20);

/// How many threads move bytes. Those who call hash and write.
const MOVERS: usize = 2;

/// A client of any number of registries. It may be used by several threads at once; what was learnt of a registry, tokens and
/// connections, serves all of them.
pub struct Client {
    runtime: Runtime,
    options: Options,
    keychain: Keychain,
    bases: Mutex<BTreeMap<String, Url>>,
    connections: Mutex<BTreeMap<Line, reqwest::Client>>,
    sessions: Mutex<BTreeMap<String, Arc<Mutex<Session>>>>,
}

/// What connections are alike for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Line {
    host: String,
    is_registry: bool,
    is_encrypted: bool,
}

impl Client {
    /// Sets up a client; nothing is connected, and no file is read yet.
    ///
    /// # Errors
    /// When the operating system refuses.
    pub fn new(options: Options, keychain: Keychain) -> Result<Self, Error> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(MOVERS)
            .thread_name("registry")
            .enable_all()
            .build()
            .map_err(|error| no_client(&error))?;
        Ok(Self {
            runtime,
            options,
            keychain,
            bases: Mutex::default(),
            connections: Mutex::default(),
            sessions: Mutex::default(),
        })
    }

    pub(super) fn options(&self) -> &Options {
        &self.options
    }

    pub(super) fn runtime(&self) -> &Runtime {
        &self.runtime
    }

    /// The address of something in a repository.
    pub(super) fn url(&self, repository: &Repository, rest: &str) -> Result<Url, Error> {
        let mut url = self.base(repository)?;
        url.set_path(&format!("/v2/{}/{rest}", repository.name()));
        Ok(url)
    }

    fn base(&self, repository: &Repository) -> Result<Url, Error> {
        let mut bases = self.bases.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(base) = bases.get(repository.registry()) {
            return Ok(base.clone());
        }
        let scheme = if self.is_plain(repository)? { "http" } else { "https" };
        let base = Url::parse(&format!("{scheme}://{}/", repository.host())).map_err(|_| Error::Answer {
            url: repository.to_string(),
            expected: "a registry that has an address",
            found: repository.host().to_owned(),
        })?;
        bases.insert(repository.registry().to_owned(), base.clone());
        Ok(base)
    }

    fn is_plain(&self, repository: &Repository) -> Result<bool, Error> {
        let plain = &self.options.plain_http;
        if plain.others_unsafe.contains(repository.registry()) {
            return Ok(true);
        }
        match (repository.is_loopback(), plain.wanted) {
            (true, true) => Ok(true),
            (true, false) => Ok(self.options.certificates.for_host(repository.host(), true)?.is_empty()),
            (false, false) => Ok(false),
            (false, true) => Err(Error::PlainHttp {
                registry: repository.registry().to_owned(),
            }),
        }
    }

    /// The connections to a host. A proxy of the environment is for other machines, not for this one.
    pub(super) fn connection(&self, url: &Url, is_registry: bool) -> Result<reqwest::Client, Error> {
        let host = &authority(url);
        let line = Line {
            host: host.clone(),
            is_registry,
            is_encrypted: url.scheme() != "http",
        };
        let mut connections = self.connections.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(connection) = connections.get(&line) {
            return Ok(connection.clone());
        }
        let material = self.options.certificates.for_host(host, is_registry)?;
        let mut builder = reqwest::Client::builder()
            .connect_timeout(CONNECT)
            .redirect(redirect::Policy::none())
            .user_agent(concat!("attest/", env!("CARGO_PKG_VERSION")))
            .tls_certs_merge(material.authorities);
        if let Some(identity) = material.client {
            builder = builder.identity(identity);
        }
        if Endpoint::parse(&format!("http://{host}")).is_ok() {
            builder = builder.no_proxy();
            if !line.is_encrypted {
                // Nobody shows a certificate there: the authorities of the system need not be read, and there need be none.
                builder = builder.tls_certs_only([]);
            }
        }
        let connection = builder.build().map_err(|error| no_client(&error))?;
        connections.insert(line, connection.clone());
        Ok(connection)
    }

    pub(super) fn session(&self, repository: &Repository) -> Arc<Mutex<Session>> {
        let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.entry(repository.registry().to_owned()).or_default().clone()
    }

    /// The `Authorization` header of a request, as far as it is known that one is wanted. Whoever comes meanwhile waits for the
    /// same token.
    pub(super) fn authorization(&self, access: Access<'_>) -> Result<Option<Secret>, Error> {
        let session = self.session(access.repository);
        let mut session = session.lock().unwrap_or_else(PoisonError::into_inner);
        let request = match session.need(access) {
            Need::Nothing => return Ok(None),
            Need::Password => return Ok(self.keychain.credential(access.repository)?.basic()),
            Need::Token(token) => return Ok(Some(bearer(&token))),
            Need::NewToken(request) => request,
        };
        let credential = self.keychain.credential(access.repository)?;
        if let Credential::Bearer(token) = &credential {
            return Ok(Some(bearer(token)));
        }
        let token = self.new_token(&request, &credential)?;
        let header = bearer(&token.secret);
        session.keep(request, token);
        Ok(Some(header))
    }

    /// Who a registry was told that we are.
    pub(super) fn who(&self, repository: &Repository, authorization: Option<&Secret>) -> Credential {
        let credential = match authorization {
            Some(_) => self.keychain.credential(repository).ok(),
            None => None,
        };
        credential.unwrap_or(Credential::Anonymous)
    }
}

fn bearer(token: &Secret) -> Secret {
    Secret::new(format!("Bearer {}", token.expose()))
}

fn no_client(error: &dyn std::error::Error) -> Error {
    Error::Client {
        detail: error.to_string(),
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::PlainHttp;

    fn base(registry: &str, plain_http: PlainHttp) -> Result<String, Error> {
        let options = Options {
            plain_http,
            ..Options::default()
        };
        let client = Client::new(options, Keychain::default()).unwrap();
        let repository = Repository::new(registry, "app").unwrap();
        client.url(&repository, "tags/list").map(Into::into)
    }

    #[test]
    fn tls_is_spoken_except_on_this_machine() {
        let usual = PlainHttp::default;
        assert_eq!(
            base("localhost:5000", usual()).unwrap(),
            "http://localhost:5000/v2/app/tags/list"
        );
        assert_eq!(
            base("example.org", usual()).unwrap(),
            "https://example.org/v2/app/tags/list"
        );
        assert_eq!(
            base("docker.io", usual()).unwrap(),
            "https://registry-1.docker.io/v2/app/tags/list"
        );
    }

    #[test]
    fn plain_http_to_another_machine_is_rejected_unless_that_machine_is_named() {
        let wanted = PlainHttp {
            wanted: true,
            ..PlainHttp::default()
        };
        let registry = "example.org".to_owned();
        assert_eq!(
            base("example.org", wanted),
            Err(Error::PlainHttp {
                registry: registry.clone()
            })
        );
        let named = PlainHttp {
            others_unsafe: [registry].into(),
            ..PlainHttp::default()
        };
        assert_eq!(
            base("example.org", named.clone()).unwrap(),
            "http://example.org/v2/app/tags/list"
        );
        assert_eq!(
            base("example.com", named).unwrap(),
            "https://example.com/v2/app/tags/list"
        );
    }
}
