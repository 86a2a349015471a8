//! What the engine promises, tested through its public face.

mod contract;
mod digests;
