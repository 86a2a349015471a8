use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use attest_sandbox::registry::Registry;
use attest_sandbox::{Claims, Clock, Config, Keys, ManualClock, Server, Sigstore};
use jiff::Timestamp;
use p256::ecdsa::signature::Signer;
use p256::ecdsa::{Signature, SigningKey};
use serde_json::Value;

pub(crate) const EMAIL: &str = "signer@example.com";

/// A sandbox on a free port, and a key.
pub(crate) struct Client {
    pub(crate) server: Server,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) key: SigningKey,
    _registry: tempfile::TempDir,
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Client {
    pub(crate) fn start() -> Self {
        let now: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
        let clock = Arc::new(ManualClock::new(now));
        let sigstore = Sigstore::new(Config {
            keys: Keys::from_seed([1; 32], now),
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            user: Claims::email(EMAIL),
            issuers: Vec::new(),
        });
        let directory = tempfile::tempdir().unwrap();
        let registry = Registry::open(directory.path()).unwrap();
        Self {
            server: Server::start_with_registry(sigstore.unwrap(), registry, 0).unwrap(),
            clock,
            key: SigningKey::from_slice(&[9; 32]).unwrap(),
            _registry: directory,
        }
    }

    pub(crate) fn port(&self) -> u16 {
        self.server.url().rsplit(':').next().unwrap().parse().unwrap()
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        let signature: Signature = self.key.sign(message);
        signature.to_der().as_bytes().to_vec()
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.send(&format!("GET {path} HTTP/1.1\r\n"), b"")
    }

    /// As a browser asks.
    pub(crate) fn visit(&self, path: &str) -> Answer {
        self.send(
            &format!("GET {path} HTTP/1.1\r\nAccept: text/html,application/xhtml+xml;q=0.9,*/*;q=0.8\r\n"),
            b"",
        )
    }

    /// As a form is sent.
    pub(crate) fn submit(&self, path: &str, fields: &str) -> Answer {
        self.post(path, "application/x-www-form-urlencoded", fields)
    }

    pub(crate) fn get_as(&self, path: &str, bearer: &str) -> Answer {
        self.send(
            &format!("GET {path} HTTP/1.1\r\nAuthorization: bearer {bearer}\r\n"),
            b"",
        )
    }

    pub(crate) fn post(&self, path: &str, media_type: &str, body: &str) -> Answer {
        self.send(
            &format!("POST {path} HTTP/1.1\r\nContent-Type: {media_type}\r\n"),
            body.as_bytes(),
        )
    }

    pub(crate) fn post_json(&self, path: &str, body: &Value) -> Answer {
        self.post(path, "application/json", &body.to_string())
    }

    pub(crate) fn post_as(&self, path: &str, bearer: &str, body: &Value) -> Answer {
        let head =
            format!("POST {path} HTTP/1.1\r\nContent-Type: application/json\r\nAuthorization: Bearer {bearer}\r\n");
        self.send(&head, body.to_string().as_bytes())
    }

    /// Announces a body of a length, sends none, and returns the status.
    pub(crate) fn declare(&self, path: &str, length: usize) -> u16 {
        let mut stream = self.connect();
        write!(
            stream,
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n"
        )
        .unwrap();
        let mut head = [0; 12];
        stream.read_exact(&mut head).unwrap();
        std::str::from_utf8(&head[9..]).unwrap().parse().unwrap()
    }

    /// A sandbox that does not answer fails the test instead of hanging it.
    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(("127.0.0.1", self.port())).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        stream
    }

    pub(crate) fn send(&self, head: &str, body: &[u8]) -> Answer {
        let mut stream = self.connect();
        let rest = format!(
            "Host: localhost\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        stream
            .write_all(&[head.as_bytes(), rest.as_bytes(), body].concat())
            .unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let end = answer.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
        let head = std::str::from_utf8(&answer[..end]).unwrap();
        let headers = head.lines().skip(1).map(|line| {
            let (name, value) = line.split_once(": ").unwrap();
            (name.to_lowercase(), value.to_owned())
        });
        Answer {
            status: head[9..12].parse().unwrap(),
            headers: headers.collect(),
            body: answer[end + 4..].to_vec(),
        }
    }
}

impl Answer {
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text());
        self
    }

    /// A header that must be there.
    #[track_caller]
    pub(crate) fn said(&self, name: &str) -> &str {
        self.header(name).unwrap_or_else(|| panic!("no header {name}"))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(own, _)| own == name)
            .map(|(_, value)| value.as_str())
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}
