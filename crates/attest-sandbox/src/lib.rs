//! A whole Sigstore on loopback in one process.
