//! Registries: what the transport makes of good ones, slow ones and lying ones, and images of them as bases.

mod attached;
mod attachments;
mod auth;
mod base;
mod blobs;
mod exchange;
mod fetch_kinds;
mod inventory;
mod lists;
mod manifests;
mod names;
mod patience;
mod proxy;
mod push;
mod push_killed;
mod push_kinds;
mod saved;
pub(crate) mod server;
mod sign;
mod uploads;
pub(crate) mod wire;

use std::time::Duration;

use attest_digest::{Algorithm, Algorithms, Digest, Measured};
use attest_net::HttpOptions;
use attest_net::registry::{BlobAddress, Client, Keychain, Options, Pointer, Repository, Tag};

use server::Registry;

fn sha256(bytes: &[u8]) -> Digest {
    digest(Algorithm::Sha256, bytes)
}

fn digest(algorithm: Algorithm, bytes: &[u8]) -> Digest {
    let measured = Measured::of_bytes(bytes, &Algorithms::one(algorithm));
    measured.digest(algorithm).unwrap().clone()
}

fn tag(text: &str) -> Pointer {
    Pointer::Tag(text.parse::<Tag>().unwrap())
}

/// A client that does not wait long.
fn client() -> Client {
    client_with(Keychain::default())
}

fn client_with(keychain: Keychain) -> Client {
    let options = Options {
        patience: HttpOptions {
            timeout: Duration::from_secs(10),
            attempts: 3,
            first_pause: Duration::from_millis(5),
            ..HttpOptions::default()
        },
        ..Options::default()
    };
    Client::new(options, keychain).unwrap()
}

fn repository(registry: &Registry) -> Repository {
    Repository::new(registry.host(), "team/app").unwrap()
}

fn address<'a>(repository: &'a Repository, digest: &'a Digest, bytes: &[u8]) -> BlobAddress<'a> {
    BlobAddress {
        repository,
        digest,
        size: bytes.len() as u64,
    }
}

/// Bytes that repeat nowhere near.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    };
    std::iter::repeat_with(next).take(length).collect()
}
