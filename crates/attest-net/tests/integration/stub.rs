use std::collections::VecDeque;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use attest_net::{Http, HttpOptions};

/// A server on loopback that gives the answers of a list, one a connection, and then hangs up on everybody.
pub(crate) struct Stub {
    url: String,
    requests: Arc<Mutex<Vec<Asked>>>,
}

/// One request as it arrived.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    /// The request line and the headers.
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

/// An answer, byte for byte.
#[derive(Debug, Clone)]
pub(crate) struct Answer(Vec<u8>);

impl Answer {
    pub(crate) fn new(status: u16, headers: &[(&str, &str)], body: impl AsRef<[u8]>) -> Self {
        let body = body.as_ref();
        let mut head = format!(
            "HTTP/1.1 {status} X\r\ncontent-length: {}\r\nconnection: close\r\n",
            body.len()
        );
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        Self([head.as_bytes(), b"\r\n", body].concat())
    }

    pub(crate) fn ok(body: impl AsRef<[u8]>) -> Self {
        Self::new(200, &[], body)
    }

    /// The same, but the connection ends `missing` bytes early.
    pub(crate) fn cut(mut self, missing: usize) -> Self {
        self.0.truncate(self.0.len().saturating_sub(missing));
        self
    }
}

impl Stub {
    pub(crate) fn start(answers: impl IntoIterator<Item = Answer>) -> Self {
        Self::start_with(|_| answers.into_iter().collect())
    }

    /// A server whose answers say where it is.
    pub(crate) fn start_with(answers: impl FnOnce(&str) -> Vec<Answer>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let mut answers: VecDeque<Answer> = answers(&url).into();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&requests);
        std::thread::spawn(move || {
            for connection in listener.incoming() {
                let mut connection = connection.unwrap();
                seen.lock().unwrap().push(read(&connection));
                if let Some(Answer(bytes)) = answers.pop_front() {
                    connection.write_all(&bytes).unwrap();
                }
            }
        });
        Self { url, requests }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn requests(&self) -> Vec<Asked> {
        self.requests.lock().unwrap().clone()
    }
}

fn read(connection: &TcpStream) -> Asked {
    let mut reader = BufReader::new(connection);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).unwrap() == 0 {
            break;
        }
    }
    let length = head
        .lines()
        .find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body).unwrap();
    Asked { head, body }
}

/// A client that does not keep a test waiting: three attempts, a millisecond between them.
pub(crate) fn http() -> Arc<Http> {
    let options = HttpOptions {
        attempts: 3,
        budget: Duration::from_secs(20),
        first_pause: Duration::from_millis(1),
        timeout: Duration::from_secs(20),
    };
    Arc::new(Http::new(options).unwrap())
}
