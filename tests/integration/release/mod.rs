//! `attest release`: fixture projects become signed and verified directories, or nothing at all.

mod beside;
mod distributions;
mod identity;
mod lists;
mod made;
pub(crate) mod project;
mod published;
mod refused;
mod scenarios;
mod together;
