//! Registries for every verb that speaks to one: which files say who one is, what is kept of images, what goes there and in which
//! order, and how failures are told.

mod arguments;
mod base;
mod cache;
mod content;
mod failure;
mod pushing;
mod transfer;

pub(crate) use arguments::RegistryArguments;
pub(crate) use base::{Bases, is_registry_reference, parse_reference};
pub(crate) use content::{Blob, BlobBytes, Content, Document};
pub(crate) use failure::failure;
pub(crate) use pushing::{Pushed, Pushing, Tagged};
pub(crate) use transfer::Transfer;
