//! Files or records of a build in, a CycloneDX document out.
//!
//! In: a [`tree::Tree`] in which [`scan`] finds manifests, lock files, databases and binaries; what a build says about itself
//! ([`cargo::Records`]); or measured files of which nothing more is known ([`files::document`]). Out: a [`Bom`] whose bytes
//! depend on nothing but the input: the same input gives the same document on every machine, in every directory, whatever
//! order it came in.
//!
//! A document says how much it knows. What a compiler reported is `complete`; what was only resolved is `incomplete`; the
//! inside of a prebuilt file is `unknown`. Nothing is invented: a supplier, a licence or a hash that nobody declared is absent.
//!
//! What cannot be known is a [`Gap`], and makes the document incomplete.
//!
//! No network, no process, no clock, no environment. Files are read in [`tree::Directory`] and [`tree::Archive`] only.

mod abbreviation;
mod apk;
mod assemble;
mod beside;
mod binary;
mod bom;
mod brought_along;
pub mod cargo;
mod contact;
mod cpe;
mod cyclonedx;
pub mod difference;
pub mod document;
mod dpkg;
mod error;
mod exclusion;
pub mod files;
mod gap;
mod golang;
mod graph;
mod helm;
mod holder;
mod inventory;
mod java;
mod javascript;
mod keyed;
mod licence;
pub mod licence_policy;
mod links;
pub mod merge;
pub mod oci;
mod output;
mod packed;
mod plain;
mod profile;
mod purl;
mod python;
mod reference;
pub mod registry;
mod rootfs;
mod rpm;
mod scan;
mod subject;
mod supplier;
pub mod tree;
mod validate;

pub use assemble::Root;
pub use bom::{Bom, too_large_for};
pub use error::Error;
pub use exclusion::{Exclusion, InvalidExclusion};
pub use gap::Gap;
pub use inventory::Inventory;
pub use output::Format;
pub use profile::Profile;
pub use scan::{Candidate, HEAD, Kind, Options, is_wanted, recognised, scan};
pub use subject::{About, Author, File, Metadata, Organization, Subject, Timestamp};
