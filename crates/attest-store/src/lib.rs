//! Where bundles live: untrusted bytes, with limits.
