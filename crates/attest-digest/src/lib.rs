//! Bytes in, [`Measured`] digests out.
//!
//! In: anything that can be read, once, front to back. Out: a [`Measured`] value that says how many bytes there were and
//! what every asked-for [`Algorithm`] makes of them. Nobody but this crate can make a [`Measured`]; a [`Digest`] on its own
//! is only somebody's claim.
//!
//! No network, no clock, no environment. Memory does not grow with the input.

mod algorithm;
mod digest;
mod measure;
mod threads;

pub use algorithm::{Algorithm, Algorithms, UnknownAlgorithm};
pub use digest::{Digest, DigestSet, InvalidDigest};
pub use measure::{Hasher, Measured, MeasuringReader, MeasuringWriter};
pub use threads::{InvalidThreads, Threads};
