//! What a blob is, as OCI image-spec 1.1 (`media-types.md`) and, before it, Docker (image manifest v2, schema 2) name it.

/// An index: several images.
pub const INDEX: &str = "application/vnd.oci.image.index.v1+json";
/// A manifest: one image, or an artifact.
pub const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
/// The configuration of an image.
pub const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
/// What stands where nothing is to be said, as the configuration of an artifact.
pub const EMPTY: &str = "application/vnd.oci.empty.v1+json";
/// A layer that is not compressed.
pub const LAYER: &str = "application/vnd.oci.image.layer.v1.tar";
/// A layer in one gzip stream.
pub const LAYER_GZIP: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
/// A layer in a Zstandard stream.
pub const LAYER_ZSTD: &str = "application/vnd.oci.image.layer.v1.tar+zstd";
/// Docker's index.
pub const DOCKER_LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
/// Docker's manifest.
pub const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
/// Docker's configuration, which is OCI's with more keys.
pub const DOCKER_CONFIG: &str = "application/vnd.docker.container.image.v1+json";
/// Docker's layer in one gzip stream.
pub const DOCKER_LAYER_GZIP: &str = "application/vnd.docker.image.rootfs.diff.tar.gzip";
/// Docker's layer that is not compressed.
pub const DOCKER_LAYER: &str = "application/vnd.docker.image.rootfs.diff.tar";

/// OCI's name for a layer that Docker's name stands for; any other as it is. The bytes are the same.
pub(super) fn of_oci(layer: &str) -> &str {
    match layer {
        DOCKER_LAYER_GZIP => LAYER_GZIP,
        DOCKER_LAYER => LAYER,
        other => other,
    }
}

/// Whether a layer may lie elsewhere, at its URLs, because it may not be passed on.
pub(super) fn is_elsewhere(layer: &str) -> bool {
    layer.contains(".nondistributable.") || layer.contains(".foreign.")
}
