//! The clients against a server that answers what a test tells it to.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod foreign;
mod identity;
mod login;
mod patience;
mod services;
mod stub;
