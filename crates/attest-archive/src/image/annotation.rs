//! Keys of annotations (OCI image-spec 1.1, `annotations.md`).

/// The tag of an entry of a layout.
pub const REF_NAME: &str = "org.opencontainers.image.ref.name";
/// When the image was made, RFC 3339.
pub const CREATED: &str = "org.opencontainers.image.created";
/// The digest of the base image.
pub const BASE_DIGEST: &str = "org.opencontainers.image.base.digest";
/// The name of the base image.
pub const BASE_NAME: &str = "org.opencontainers.image.base.name";
