//! One module a verb: `Arguments` for clap, `run` to do it.

pub(crate) mod hash;
pub(crate) mod pack;
