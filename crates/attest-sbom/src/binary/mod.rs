//! Programs and libraries in, what their compilers wrote into them out: the build information of Go and the list of
//! cargo-auditable. Nothing is guessed from symbols or strings.
//!
//! Only headers and the section that holds a list are read, so that a program of any size costs a few kilobytes.

mod auditable;
mod build_info;
mod golang;
mod image;
mod layout;
pub(crate) mod read;

pub(crate) use self::golang::GO_VERSION;
pub(crate) use self::layout::is_program;
pub(crate) use self::read::may_be_program;

#[cfg(test)]
pub(crate) mod tests;
