//! Records of what was built in, a CycloneDX 1.6 document out.
//!
//! In: what a build says about itself ([`cargo::Records`]), or measured files of which nothing more is known
//! ([`files::document`]). Out: a [`Bom`] whose bytes depend on nothing but the input: the same records give the same
//! document on every machine, in every directory, whatever order they came in.
//!
//! A document says how much it knows. What a compiler reported is `complete`; what was only resolved is `incomplete`; the
//! inside of a prebuilt file is `unknown`. Nothing is invented: a supplier, a licence or a hash that nobody declared is absent.
//!
//! No network, no process, no clock, no environment, no file.

mod bom;
pub mod cargo;
mod contact;
mod cyclonedx;
mod error;
pub mod files;
mod licence;
mod purl;
mod reference;
mod subject;

pub use bom::Bom;
pub use error::Error;
pub use subject::{About, File, Metadata, Organization, Subject, Timestamp};
