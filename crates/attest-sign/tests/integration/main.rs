//! The session as a whole, and readers against bytes from anywhere.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod foreign;
mod keys;
mod pending;
mod session;
