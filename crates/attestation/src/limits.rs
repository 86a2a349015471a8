//! How much of anything foreign is read, each bound with its reason.

/// The largest bundle, in bytes. An attested SBOM of a large image is about 20 MiB; nothing honest was seen above 64 MiB.
pub const MAX_BUNDLE_BYTES: u64 = 64 << 20;

/// The largest file of several bundles, in bytes: as much as one bundle, since most of the content is the same.
pub const MAX_BUNDLE_FILE_BYTES: u64 = MAX_BUNDLE_BYTES;

/// The largest number of bundles in a file. A release of hundreds of archives with three attestations each stays below.
pub const MAX_BUNDLES: usize = 4096;

/// The largest number of subjects in a statement. A data set of many files has tens of thousands; 2^20 bounds the work.
pub const MAX_SUBJECTS: usize = 1 << 20;

/// The largest number of log entries in a bundle (Sigstore client specification: 32).
pub const MAX_LOG_ENTRIES: usize = 32;

/// The largest number of RFC 3161 timestamps in a bundle (Sigstore client specification: 32).
pub const MAX_TIMESTAMPS: usize = 32;

/// The largest number of files, or ranges of files, in a tree manifest. Data sets of a million files exist; each takes about
/// 100 bytes of memory once it is read, and about ten times as much while it is.
pub const MAX_TREE_RESOURCES: usize = 1_000_000;
