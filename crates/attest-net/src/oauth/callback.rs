use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use reqwest::Url;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::sync::mpsc::{self, Sender};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::page::{DONE, NOTHING, Page, REFUSED, STRANGER};
use super::{RedirectUrl, refused};
use crate::http::Http;
use crate::{Error, Secret};

/// The longest head of a request that is read, in bytes: browsers send a few KiB, codes are short.
const MAX_HEAD_BYTES: usize = 16 << 10;

/// How long one connection may take. Browsers open some on which they never say anything.
const CONNECTION_LIMIT: Duration = Duration::from_secs(20);

/// How many connections are served at once; a browser opens a handful.
const MAX_CONNECTIONS: usize = 16;

/// Waits on the loopback interface for a browser to come back with a code (RFC 8252, section 7.3).
pub(super) struct Callback<'a> {
    http: &'a Http,
    listeners: Vec<TcpListener>,
    url: String,
    path: String,
}

/// What tells the answer that is waited for from every other request.
struct Awaited {
    path: String,
    state: Secret,
    issuer: String,
}

/// What one request was.
#[derive(Debug, PartialEq, Eq)]
enum Arrived {
    Code(Secret),
    Refused {
        code: String,
        description: String,
    },
    /// It carries another state, or the same field twice, or the name of another issuer.
    Stranger,
    /// A browser asks for many things, such as an icon.
    SomethingElse,
}

impl<'a> Callback<'a> {
    pub(super) fn listen(redirect: &RedirectUrl, http: &'a Http) -> Result<Self, Error> {
        let (url, listeners) = redirect.listen()?;
        let path = redirect.path().to_owned();
        Ok(Self {
            http,
            listeners,
            url,
            path,
        })
    }

    /// Where a browser has to come back to, with the port that was taken.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// Waits for the one answer with this state. Others are told that they are not it, and change nothing.
    pub(super) fn wait(self, state: &Secret, issuer: &str, patience: Duration) -> Result<Secret, Error> {
        let awaited = Arc::new(Awaited {
            path: self.path,
            state: state.clone(),
            issuer: issuer.to_owned(),
        });
        let (url, listeners) = (self.url, self.listeners);
        let arrived = self.http.block_on(async {
            let (sender, mut receiver) = mpsc::channel(1);
            let mut accepting = JoinSet::new();
            for listener in listeners {
                let listener = into_async(listener, &url)?;
                accepting.spawn(accept(listener, Arc::clone(&awaited), sender.clone()));
            }
            // The tasks end with the set, and the port is free again.
            Ok(timeout(patience, receiver.recv()).await.ok().flatten())
        })?;
        match arrived {
            Some(Arrived::Code(code)) => Ok(code),
            Some(Arrived::Refused { code, description }) => Err(refused(issuer, &code, &description)),
            _ => Err(Error::LoginTimedOut {
                seconds: patience.as_secs(),
            }),
        }
    }
}

fn into_async(listener: TcpListener, url: &str) -> Result<tokio::net::TcpListener, Error> {
    let listener = listener
        .set_nonblocking(true)
        .and_then(|()| tokio::net::TcpListener::from_std(listener));
    listener.map_err(|error| Error::Listen {
        url: url.to_owned(),
        detail: error.to_string(),
    })
}

async fn accept(listener: tokio::net::TcpListener, awaited: Arc<Awaited>, sender: Sender<Arrived>) {
    let room = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let mut connections = JoinSet::new();
    while let Ok(place) = Arc::clone(&room).acquire_owned().await {
        // A connection that was lost on the way is no reason to stop.
        let Ok((stream, _)) = listener.accept().await else {
            continue;
        };
        let (awaited, sender) = (Arc::clone(&awaited), sender.clone());
        connections.spawn(async move {
            if let Ok(Some(arrived)) = timeout(CONNECTION_LIMIT, serve(stream, &awaited)).await {
                let _ = sender.send(arrived).await;
            }
            drop(place);
        });
        while connections.try_join_next().is_some() {}
    }
}

/// Answers one request, and returns what ends the waiting, if it does.
async fn serve(stream: TcpStream, awaited: &Awaited) -> Option<Arrived> {
    let head = read_head(&stream).await?;
    let arrived = awaited.judge(&head);
    let page: Page<'_> = match &arrived {
        Arrived::Code(_) => DONE,
        Arrived::Refused { .. } => REFUSED,
        Arrived::Stranger => STRANGER,
        Arrived::SomethingElse => NOTHING,
    };
    // The code counts even if the browser does not wait for the page.
    let _ = write(&stream, page.to_response().as_bytes()).await;
    matches!(arrived, Arrived::Code(_) | Arrived::Refused { .. }).then_some(arrived)
}

async fn read_head(stream: &TcpStream) -> Option<Vec<u8>> {
    let mut head = Vec::new();
    let mut chunk = [0; 2048];
    while !head.windows(4).any(|window| window == b"\r\n\r\n") {
        stream.readable().await.ok()?;
        let read = match stream.try_read(&mut chunk) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => continue,
            read => read.ok()?,
        };
        head.extend_from_slice(&chunk[..read]);
        if read == 0 || head.len() > MAX_HEAD_BYTES {
            return None;
        }
    }
    Some(head)
}

async fn write(stream: &TcpStream, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        stream.writable().await?;
        match stream.try_write(bytes) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            written => bytes = &bytes[written?..],
        }
    }
    Ok(())
}

impl Awaited {
    fn judge(&self, head: &[u8]) -> Arrived {
        self.parse(head).unwrap_or(Arrived::SomethingElse)
    }

    fn parse(&self, head: &[u8]) -> Option<Arrived> {
        let line = head.split(|byte| *byte == b'\r').next()?;
        let target = std::str::from_utf8(line).ok()?.strip_prefix("GET ")?;
        let target = target
            .strip_suffix(" HTTP/1.1")
            .or_else(|| target.strip_suffix(" HTTP/1.0"))?;
        let url = Url::parse("http://localhost").ok()?.join(target).ok()?;
        if url.path() != self.path {
            return None;
        }
        let one = |name: &str| {
            let mut values = url.query_pairs().filter(|(key, _)| key == name);
            let value = values.next().map(|(_, value)| value.into_owned());
            // RFC 6749, section 3.1: no field twice.
            if values.next().is_some() { Err(()) } else { Ok(value) }
        };
        Some(self.answer(one).unwrap_or(Arrived::Stranger))
    }

    fn answer(&self, one: impl Fn(&str) -> Result<Option<String>, ()>) -> Result<Arrived, ()> {
        let foreign_issuer = one("iss")?.is_some_and(|issuer| issuer != self.issuer);
        if one("state")?.as_deref() != Some(self.state.expose()) || foreign_issuer {
            return Err(());
        }
        match (one("code")?, one("error")?) {
            (Some(code), None) if !code.is_empty() => Ok(Arrived::Code(Secret::new(code))),
            (None, Some(code)) => Ok(Arrived::Refused {
                code,
                description: one("error_description")?.unwrap_or_default(),
            }),
            _ => Err(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(target: &str) -> Arrived {
        let awaited = Awaited {
            path: "/auth/callback".to_owned(),
            state: Secret::new("s"),
            issuer: "https://issuer.example.com".to_owned(),
        };
        awaited.judge(format!("GET {target} HTTP/1.1\r\nhost: localhost\r\n\r\n").as_bytes())
    }

    #[test]
    fn the_answer_with_the_state_brings_the_code() {
        assert_eq!(
            judge("/auth/callback?code=c%2Fd&state=s"),
            Arrived::Code(Secret::new("c/d"))
        );
        assert_eq!(
            judge("/auth/callback?code=c&state=s&iss=https://issuer.example.com"),
            Arrived::Code(Secret::new("c"))
        );
    }

    #[test]
    fn a_refusal_counts_only_with_the_state() {
        let refusal = Arrived::Refused {
            code: "access_denied".to_owned(),
            description: "no way".to_owned(),
        };
        assert_eq!(
            judge("/auth/callback?error=access_denied&error_description=no+way&state=s"),
            refusal
        );
        assert_eq!(judge("/auth/callback?error=access_denied"), Arrived::Stranger);
    }

    #[test]
    fn what_somebody_else_sends_is_not_taken() {
        for target in [
            "/auth/callback?code=c&state=t",
            "/auth/callback?code=c",
            "/auth/callback?code=c&state=s&state=s",
            "/auth/callback?code=c&code=d&state=s",
            "/auth/callback?code=&state=s",
            "/auth/callback?code=c&error=e&state=s",
            "/auth/callback?code=c&state=s&iss=https://issuer.example.org",
        ] {
            assert_eq!(judge(target), Arrived::Stranger, "{target}");
        }
    }

    #[test]
    fn other_pages_are_something_else() {
        for target in ["/favicon.ico", "/", "/auth/callback/?code=c&state=s"] {
            assert_eq!(judge(target), Arrived::SomethingElse, "{target}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_request_panics_or_is_taken_without_the_state(head in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200)) {
            let awaited = Awaited { path: "/".to_owned(), state: Secret::new("unguessable"), issuer: String::new() };
            let arrived = awaited.judge(&head);
            proptest::prop_assert!(matches!(arrived, Arrived::Stranger | Arrived::SomethingElse));
        }
    }
}
