use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use crate::http::{Exchange, Request};
use crate::{Endpoint, Error, Http, HttpOptions, Service};

/// Somebody waits, and packages without an answer are told: not as patient as signing.
const PATIENCE: HttpOptions = HttpOptions {
    timeout: Duration::from_secs(20),
    attempts: 3,
    budget: Duration::from_secs(20),
    first_pause: Duration::from_millis(500),
};

/// The web API of a registry of packages: paths in, answers out. Several threads may ask at once.
///
/// Once it cannot be reached it is not asked again: what is true of one package is true of a thousand.
#[derive(Debug)]
pub struct PackageRegistry {
    http: Http,
    endpoint: Endpoint,
    pace: Duration,
    next: Mutex<Option<Instant>>,
    unreachable: OnceLock<Error>,
    received: AtomicU64,
}

impl PackageRegistry {
    /// Nothing is connected yet. `pace` is the least time between two questions; on loopback there is none.
    ///
    /// # Errors
    /// When the operating system refuses a client.
    pub fn new(endpoint: Endpoint, pace: Duration) -> Result<Self, Error> {
        Ok(Self {
            http: Http::new(PATIENCE)?,
            pace: if endpoint.is_loopback() { Duration::ZERO } else { pace },
            endpoint,
            next: Mutex::new(None),
            unreachable: OnceLock::new(),
            received: AtomicU64::new(0),
        })
    }

    /// What lies below the address of the registry; nothing if it says that there is no such thing. At most `limit` bytes are read,
    /// and redirects are not followed.
    ///
    /// # Errors
    /// When there is no answer, or another one.
    pub fn read(&self, path: &str, limit: usize) -> Result<Option<Vec<u8>>, Error> {
        if let Some(error) = self.unreachable.get() {
            return Err(error.clone());
        }
        self.wait();
        let endpoint = self.endpoint.join(path);
        let exchange = Exchange {
            service: Service::PackageRegistry,
            endpoint: &endpoint,
            limit,
            request: Request::GetWith {
                header: ("accept", "application/json"),
            },
        };
        match self.http.exchange(&exchange, &[404, 410]) {
            Ok(answer) => {
                self.received.fetch_add(answer.body.len() as u64, Ordering::Relaxed);
                Ok((answer.status < 300).then_some(answer.body))
            }
            Err(error) => {
                if matches!(error, Error::TooLarge { .. }) {
                    self.received.fetch_add(limit as u64, Ordering::Relaxed);
                }
                if matches!(error, Error::Unreachable { .. }) {
                    // The first one to notice is the one that is told.
                    let _ = self.unreachable.set(error.clone());
                }
                Err(error)
            }
        }
    }

    /// How many bytes came as answers until now. One that is too large came as far as its limit.
    #[must_use]
    pub fn received(&self) -> u64 {
        self.received.load(Ordering::Relaxed)
    }

    /// Takes the next moment at which a question may be asked, and waits for it.
    fn wait(&self) {
        if self.pace.is_zero() {
            return;
        }
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let at = next.map_or(now, |next| next.max(now));
        *next = Some(at + self.pace);
        drop(next);
        std::thread::sleep(at.saturating_duration_since(now));
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};

    use super::*;

    #[test]
    fn questions_keep_their_distance_but_on_loopback() {
        let pace = Duration::from_millis(30);
        let registry = |url| PackageRegistry::new(Endpoint::parse(url).unwrap(), pace).unwrap();
        let far = registry("https://registry.example.com");
        let begin = Instant::now();
        for _ in 0..3 {
            far.wait();
        }
        assert!(begin.elapsed() >= 2 * pace);
        assert_eq!(registry("http://127.0.0.1:1").pace, Duration::ZERO);
    }

    #[test]
    fn answers_are_counted_whatever_they_say() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server = std::thread::spawn(move || {
            for (status, body) in [("200 OK", "12345"), ("404 Not Found", "123"), ("200 OK", "12345678901")] {
                let (mut stream, _) = listener.accept().unwrap();
                let mut request = [0; 4096];
                assert!(stream.read(&mut request).unwrap() > 0);
                let head = format!(
                    "HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {}",
                    body.len()
                );
                stream.write_all(format!("{head}\r\n\r\n{body}").as_bytes()).unwrap();
            }
        });
        let registry = PackageRegistry::new(Endpoint::parse(&url).unwrap(), Duration::ZERO).unwrap();
        assert_eq!(registry.read("a", 10).unwrap().as_deref(), Some(&b"12345"[..]));
        assert_eq!((registry.read("b", 10).unwrap(), registry.received()), (None, 8));
        assert!(matches!(registry.read("c", 10), Err(Error::TooLarge { .. })));
        assert_eq!(registry.received(), 18);
        server.join().unwrap();
    }

    #[test]
    fn what_cannot_be_reached_is_not_asked_again() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        drop(listener);
        let registry = PackageRegistry::new(Endpoint::parse(&url).unwrap(), Duration::ZERO).unwrap();
        let first = registry.read("a", 1).unwrap_err();
        assert!(matches!(first, Error::Unreachable { attempts: 3, .. }), "{first}");
        let begin = Instant::now();
        assert_eq!(registry.read("b", 1).unwrap_err(), first);
        assert!(begin.elapsed() < PATIENCE.first_pause);
    }
}
