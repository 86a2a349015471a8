//! What a repository, and whoever stands between it and a client, may do, and what comes of it.

mod attacks;
mod cache;
mod repository;
mod rotation;

use jiff::{SignedDuration, Timestamp};

/// The moment of every test that does not name another.
fn now() -> Timestamp {
    "2026-01-02T03:04:05Z".parse().unwrap()
}

fn days(days: i64) -> Timestamp {
    now() + SignedDuration::from_hours(24 * days)
}
