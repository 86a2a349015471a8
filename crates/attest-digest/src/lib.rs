//! Bytes in, [`Measured`] digests out.
//!
//! In: anything that can be read, once, front to back. Out: a [`Measured`] value that says how many bytes there were and
//! what every asked-for [`Algorithm`] makes of them. Nobody but this crate can make a [`Measured`]; a [`Digest`] on its own
//! is only somebody's claim. An [`Engine`] takes many files at once, a [`Walk`] finds those of a directory, and [`checksums`]
//! reads and writes the lists that `sha256sum` knows.
//!
//! No network, no clock, no environment. Memory does not grow with the input.

mod algorithm;
pub mod checksums;
mod digest;
mod engine;
mod file;
mod input;
mod lane;
mod measure;
mod parallel;
mod platform;
mod sha256;
mod threads;
mod tree;
mod walk;

pub use algorithm::{Algorithm, Algorithms, UnknownAlgorithm};
pub use digest::{Digest, DigestSet, InvalidDigest};
pub use engine::{Engine, Event, FileJob, Progress, Source, measure_many_bytes};
pub use file::{FileKind, MeasureError, measure_file, measure_reader};
pub use measure::{Hasher, Measured, MeasuringReader, MeasuringWriter};
pub use parallel::{Job, Jobs, measure_files};
pub use platform::Platform;
pub use threads::{InvalidThreads, Threads};
pub use tree::{Tree, TreeError};
pub use walk::{SymlinkPolicy, Walk, WalkEntry, WalkError, WalkOptions};
