//! Registries for every verb that speaks to one: which files say who one is, what is kept of images, and how failures are told.

mod arguments;
mod base;
mod cache;
mod failure;

pub(crate) use arguments::RegistryArguments;
pub(crate) use base::{Bases, is_registry_reference, parse_reference};
pub(crate) use failure::failure;
