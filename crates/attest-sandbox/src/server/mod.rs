//! The services over HTTP/1.1 on the loopback interface, all at one port.

mod certificates;
mod identity;
mod login;
mod page;
mod registry;
mod rekor1;
mod rekor2;
mod reply;
mod repository;
mod signal;
mod timestamps;

pub use signal::{Signals, Waited};

use std::net::{Ipv4Addr, TcpListener};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};
use tokio::sync::oneshot;

use crate::error::Error;
use crate::registry::Registry;
use crate::sigstore::Sigstore;

/// Largest request. Version 1 of the log is sent whole envelopes, and an attestation of a large SBOM has a few megabytes.
const MAX_REQUEST_BYTES: usize = 16 * 1024 * 1024;

/// How long requests that are under way may take after the server was told to stop.
const GRACE: Duration = Duration::from_secs(2);

/// A sandbox that answers on loopback, on a thread of its own, until it is stopped or dropped.
///
/// ```
/// # fn main() -> Result<(), attest_sandbox::Error> {
/// use std::sync::Arc;
/// use attest_sandbox::{Claims, Config, Keys, ManualClock, Server, Sigstore};
///
/// let now = jiff::Timestamp::UNIX_EPOCH;
/// let sigstore = Sigstore::new(Config {
///     keys: Keys::from_seed([1; 32], now),
///     clock: Arc::new(ManualClock::new(now)),
///     user: Claims::email("signer@example.com"),
///     issuers: Vec::new(),
/// })?;
/// let server = Server::start(sigstore, 0)?;
/// assert!(server.url().starts_with("http://localhost:"));
/// server.stop();
/// # Ok(())
/// # }
/// ```
pub struct Server {
    sigstore: Arc<Sigstore>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Starts to answer at a port of 127.0.0.1; zero takes any that is free.
    ///
    /// # Errors
    /// When the port is taken.
    pub fn start(sigstore: Sigstore, port: u16) -> Result<Self, Error> {
        Self::listen(sigstore, None, port)
    }

    /// The same with a registry below `/v2/`.
    ///
    /// # Errors
    /// When the port is taken.
    pub fn start_with_registry(sigstore: Sigstore, registry: Registry, port: u16) -> Result<Self, Error> {
        Self::listen(sigstore, Some(registry), port)
    }

    fn listen(mut sigstore: Sigstore, registry: Option<Registry>, port: u16) -> Result<Self, Error> {
        let cannot_listen = |error: std::io::Error| Error::Io {
            action: "listen at",
            place: format!("127.0.0.1:{port}"),
            reason: error.to_string(),
        };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(cannot_listen)?;
        listener.set_nonblocking(true).map_err(cannot_listen)?;
        sigstore.listen_at(listener.local_addr().map_err(cannot_listen)?.port());
        let sigstore = Arc::new(sigstore);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(cannot_listen)?;
        let (stop, stopped) = oneshot::channel();
        let mut router = router(Arc::clone(&sigstore));
        if let Some(registry) = registry {
            router = router.merge(registry::router(Arc::new(registry)));
        }
        let thread = std::thread::Builder::new()
            .name("attest-sandbox".to_owned())
            .spawn(move || runtime.block_on(serve(listener, router, stopped)))
            .map_err(cannot_listen)?;
        Ok(Self {
            sigstore,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// Where it answers: `http://localhost:PORT`.
    #[must_use]
    pub fn url(&self) -> &str {
        self.sigstore.url()
    }

    /// What answers, for callers in the same process.
    #[must_use]
    pub fn sigstore(&self) -> &Sigstore {
        &self.sigstore
    }

    /// Ends it: requests under way get two seconds, then every connection is closed.
    pub fn stop(self) {}
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

async fn serve(listener: TcpListener, router: Router, stopped: oneshot::Receiver<()>) {
    let Ok(listener) = tokio::net::TcpListener::from_std(listener) else {
        return;
    };
    let (begin, begun) = oneshot::channel::<()>();
    let serving = axum::serve(listener, router).with_graceful_shutdown(async {
        let _ = begun.await;
    });
    let ending = async {
        let _ = stopped.await;
        let _ = begin.send(());
        tokio::time::sleep(GRACE).await;
    };
    tokio::select! {
        _ = serving => {}
        () = ending => {}
    }
}

fn router(sigstore: Arc<Sigstore>) -> Router {
    Router::new()
        .route("/.well-known/openid-configuration", get(identity::discovery))
        .route("/keys", get(identity::keys))
        .route("/auth", get(login::authorize).post(login::decide))
        .route("/token", post(identity::token))
        .route("/device/code", post(identity::device_code))
        .route("/device", get(login::device).post(login::decide_device))
        .route("/gha", get(identity::ambient))
        .route("/mint", post(identity::mint))
        .route("/api/v1/signingCert", post(certificates::issue_v1))
        .route("/api/v1/rootCert", get(certificates::root))
        .route("/api/v2/signingCert", post(certificates::issue_v2))
        .route("/api/v2/trustBundle", get(certificates::trust_bundle))
        .route("/api/v2/configuration", get(certificates::configuration))
        .route("/api/v1/log", get(rekor1::state))
        .route("/api/v1/log/publicKey", get(rekor1::public_key))
        .route("/api/v1/log/proof", get(rekor1::consistency))
        .route("/api/v1/log/entries", post(rekor1::record).get(rekor1::by_index))
        .route("/api/v1/log/entries/retrieve", post(rekor1::retrieve))
        .route("/api/v1/log/entries/{uuid}", get(rekor1::by_uuid))
        .route("/api/v1/index/retrieve", post(rekor1::search))
        .route("/api/v2/log/entries", post(rekor2::record))
        .route("/api/v2/checkpoint", get(rekor2::checkpoint))
        .route("/api/v2/tile/{*place}", get(rekor2::tile))
        .route("/api/v1/timestamp", post(timestamps::stamp))
        .route("/api/v1/timestamp/certchain", get(timestamps::chain))
        .route("/tuf/{*path}", get(repository::file))
        .fallback(reply::nothing_here)
        .layer(DefaultBodyLimit::max(MAX_REQUEST_BYTES))
        .layer(axum::middleware::from_fn(reply::announced_within_limit))
        .with_state(sigstore)
}
