//! Bundles in, proofs out, offline.
