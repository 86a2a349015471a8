//! One module a verb: `Arguments` for clap, `run` to do it.

pub(crate) mod bench;
pub(crate) mod fetch;
pub(crate) mod hash;
pub(crate) mod init;
pub(crate) mod inspect;
pub(crate) mod key;
pub(crate) mod pack;
mod protocol;
pub(crate) mod provenance;
pub(crate) mod push;
pub(crate) mod release;
pub(crate) mod repro;
pub(crate) mod sandbox;
pub(crate) mod sbom;
pub(crate) mod sign;
pub(crate) mod sign_bundle;
pub(crate) mod trust;
pub(crate) mod verify;
pub(crate) mod verify_bundle;
