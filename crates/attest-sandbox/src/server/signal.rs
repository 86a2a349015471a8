use std::time::Duration;

use crate::error::Error;

/// Why waiting came to an end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Waited {
    /// SIGINT, SIGTERM, or what stands for them elsewhere.
    Signal,
    /// The time is over.
    Timeout,
}

/// The requests to end that the system sends to the process.
pub struct Signals {
    runtime: tokio::runtime::Runtime,
    #[cfg(unix)]
    streams: [tokio::signal::unix::Signal; 2],
}

impl Signals {
    /// Begins to listen; a signal from now on is not lost, and no longer kills the process.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn listen() -> Result<Self, Error> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(failed)?;
        #[cfg(unix)]
        let streams = {
            use tokio::signal::unix::{SignalKind, signal};
            let _inside = runtime.enter();
            [
                signal(SignalKind::interrupt()).map_err(failed)?,
                signal(SignalKind::terminate()).map_err(failed)?,
            ]
        };
        Ok(Self {
            runtime,
            #[cfg(unix)]
            streams,
        })
    }

    /// Blocks until a signal comes, but no longer than this.
    pub fn wait(&mut self, limit: Duration) -> Waited {
        #[cfg(unix)]
        let [interrupt, terminate] = &mut self.streams;
        self.runtime.block_on(async {
            tokio::select! {
                () = tokio::time::sleep(limit) => Waited::Timeout,
                _ = async {
                    #[cfg(unix)]
                    tokio::select! { _ = interrupt.recv() => {}, _ = terminate.recv() => {} }
                    #[cfg(not(unix))]
                    let _ = tokio::signal::ctrl_c().await;
                } => Waited::Signal,
            }
        })
    }
}

fn failed(error: std::io::Error) -> Error {
    Error::Io {
        action: "listen for",
        place: "signals".to_owned(),
        reason: error.to_string(),
    }
}
