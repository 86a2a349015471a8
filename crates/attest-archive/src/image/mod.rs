//! OCI images without a daemon: programs and root directories in, a layout out; layouts of others read.
//!
//! In: programs or root directories, one for each [`Platform`], perhaps a base image, and settings. Out: an OCI image layout,
//! a directory or a tar archive, whose bytes depend on nothing else. A [`Layout`] reads what this or another tool wrote, and
//! holds every blob to its digest.
//!
//! Source: OCI image-spec 1.1, <https://github.com/opencontainers/image-spec>.

mod additions;
pub mod annotation;
mod artifact;
mod base;
mod blob;
mod build;
mod config;
mod descriptor;
mod edited;
mod error;
mod keys;
mod layer;
mod layout;
mod machine;
mod manifest;
pub mod media_type;
mod platform;
mod reference;
mod root;
mod setting;
mod staging;
mod storage;
mod store;
mod taken;

pub use additions::{Additions, EntryPlace};
pub use artifact::Artifact;
pub use base::Base;
pub use blob::Blob;
pub use build::{ImageRecipe, Written, WrittenImage, write_image};
pub use descriptor::{Annotations, Descriptor};
pub use edited::Edited;
pub use error::Error;
pub use layer::LayerCompression;
pub use layout::{Image, Layout, MAX_DEPTH, MAX_MANIFESTS};
pub use manifest::{Index, MAX_DOCUMENT_BYTES, Manifest};
pub use platform::Platform;
pub use root::{Mode, Root};
pub use setting::{Assignment, ContainerPath, Port, Settings, StopSignal, Tag, Word};
pub use staging::Destination;
pub use store::Store;
pub use taken::Taken;
