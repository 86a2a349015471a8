//! References and bytes in, the content of OCI registries out, and the other way.
//!
//! In: a [`Reference`], [`Options`] with files of credentials and certificates that somebody named, a sink or a source. Out: manifests
//! as they were received, blobs that have the digest they were asked by, tags, referrers. What may not be looked at is never
//! "not there": 401 and 403 are errors wherever 404 is an answer.
//!
//! Source: OCI distribution-spec 1.1, <https://github.com/opencontainers/distribution-spec>.

mod answer;
mod auth_file;
mod blob;
mod certificates;
mod challenge;
mod chunks;
mod client;
mod concurrent;
mod credential;
mod error;
mod exchange;
mod feed;
mod helper;
mod keychain;
mod link;
mod manifest;
mod options;
mod origin;
mod pages;
mod patience;
mod reference;
mod referrer;
mod session;
mod token;
mod upload;

pub use blob::BlobAddress;
pub use client::Client;
pub use concurrent::concurrently;
pub use error::{Error, Missing};
pub use keychain::Keychain;
pub use manifest::{ETag, MANIFEST_TYPES, MAX_MANIFEST_BYTES, Manifest, Moved, Precondition, Put, Stored};
pub use options::{Certificates, Options, PlainHttp};
pub use reference::{InvalidReference, Pointer, Reference, Repository, Tag};
pub use referrer::{ListedReferrers, Referrer, Referrers, ReferrersSource};
pub use upload::{Source, Upload};
