//! Keys of annotations (OCI image-spec 1.1, `annotations.md`).

/// The tag of an entry of a layout.
pub const REF_NAME: &str = "org.opencontainers.image.ref.name";
/// When the image was made, RFC 3339.
pub const CREATED: &str = "org.opencontainers.image.created";
/// The digest of the base image.
pub const BASE_DIGEST: &str = "org.opencontainers.image.base.digest";
/// The name of the base image.
pub const BASE_NAME: &str = "org.opencontainers.image.base.name";
/// What the bytes are called: the name of a file, or of a chart.
pub const TITLE: &str = "org.opencontainers.image.title";
/// The version of what is packed.
pub const VERSION: &str = "org.opencontainers.image.version";
/// What it is, for a person.
pub const DESCRIPTION: &str = "org.opencontainers.image.description";
/// Where to read more.
pub const URL: &str = "org.opencontainers.image.url";
/// Where its source is.
pub const SOURCE: &str = "org.opencontainers.image.source";
/// Who is responsible.
pub const AUTHORS: &str = "org.opencontainers.image.authors";
