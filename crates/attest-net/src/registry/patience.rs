use std::time::{Duration, Instant};

use super::Error;
use crate::HttpOptions;
use crate::retry::Retry;

/// How many new bytes make it worth to begin counting attempts anew: a line that breaks again and again still moves a large blob,
/// and a server that sends a byte at a time holds nobody for ever.
const PROGRESS: u64 = 1 << 20;

/// How one attempt ended without an answer.
#[derive(Debug)]
pub(super) struct Failed {
    pub(super) error: Error,
    pub(super) again: bool,
    pub(super) pause: Option<Duration>,
}

impl Failed {
    /// The next attempt may end otherwise.
    pub(super) fn transient(error: Error) -> Self {
        Self {
            error,
            again: true,
            pause: None,
        }
    }
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Self {
            error,
            again: false,
            pause: None,
        }
    }
}

/// What is left of attempts and time.
pub(super) struct Patience {
    retry: Retry,
    begin: Instant,
    attempt: u32,
    reached: u64,
}

impl Patience {
    pub(super) fn new(options: &HttpOptions) -> Self {
        Self {
            retry: Retry {
                attempts: options.attempts,
                budget: options.budget,
                first_pause: options.first_pause,
            },
            begin: Instant::now(),
            attempt: 1,
            reached: 0,
        }
    }

    /// Waits before the next attempt, or gives up.
    pub(super) fn wait(&mut self, failed: Failed) -> Result<(), Error> {
        match self.retry.pause(self.attempt, self.begin.elapsed(), failed.pause) {
            Some(pause) if failed.again => std::thread::sleep(pause),
            _ => return Err(counted(failed.error, self.attempt, failed.pause)),
        }
        self.attempt += 1;
        Ok(())
    }

    /// The same for a stream that came to `reached`, in bytes: attempts are counted from where it last moved.
    pub(super) fn wait_at(&mut self, reached: u64, failed: Failed) -> Result<(), Error> {
        if reached >= self.reached.saturating_add(PROGRESS) {
            self.reached = reached;
            self.attempt = 1;
            self.begin = Instant::now();
        }
        self.wait(failed)
    }
}

/// What is told in the end: how often it was tried, and what pause the registry asked for that was too long to wait for.
fn counted(error: Error, count: u32, pause: Option<Duration>) -> Error {
    let with_pause = |message: String| match pause.map_or(0, |pause| pause.as_secs()) {
        0 => message,
        seconds => format!("{message} (it asks to wait for {seconds} seconds)"),
    };
    match error {
        Error::Unreachable { url, detail, .. } => Error::Unreachable {
            url,
            attempts: count,
            detail,
        },
        Error::Status {
            url, status, message, ..
        } => Error::Status {
            url,
            status,
            attempts: count,
            message: with_pause(message),
        },
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut() -> Failed {
        Failed::transient(Error::Unreachable {
            url: "u".to_owned(),
            attempts: 0,
            detail: "cut".to_owned(),
        })
    }

    fn patience() -> Patience {
        Patience::new(&HttpOptions {
            attempts: 3,
            first_pause: Duration::ZERO,
            ..HttpOptions::default()
        })
    }

    #[test]
    fn attempts_are_counted_and_told() {
        let mut patience = patience();
        patience.wait(cut()).unwrap();
        patience.wait(cut()).unwrap();
        let error = patience.wait(cut()).unwrap_err();
        assert_eq!(error.to_string(), "`u` cannot be reached (tried 3 times): cut");
    }

    #[test]
    fn a_stream_that_moves_is_tried_on_and_one_that_crawls_is_not() {
        let mut moving = patience();
        for step in 1..100 {
            moving.wait_at(step * PROGRESS, cut()).unwrap();
        }
        let mut crawling = patience();
        assert!((1..100).any(|step| crawling.wait_at(step, cut()).is_err()));
    }

    #[test]
    fn what_would_be_answered_the_same_way_is_not_tried_again() {
        let error = Error::PlainHttp {
            registry: "example.org".to_owned(),
        };
        assert_eq!(patience().wait(error.clone().into()), Err(error));
    }
}
