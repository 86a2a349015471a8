//! Layouts put together by hand, so that each can be wrong in one place.

use std::fs;
use std::path::{Path, PathBuf};

use attest_archive::image::{Annotations, Descriptor, Index, Manifest, annotation, media_type};
use attest_digest::{Algorithm, Measured};
use tempfile::TempDir;

/// A layout directory that is being made.
pub(crate) struct Made(TempDir);

impl Made {
    pub(crate) fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        fs::create_dir_all(directory.path().join("blobs/sha256")).unwrap();
        fs::write(directory.path().join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#).unwrap();
        Self(directory)
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn blob_path(&self, descriptor: &Descriptor) -> PathBuf {
        self.path().join("blobs/sha256").join(descriptor.digest().to_hex())
    }

    pub(crate) fn blob(&self, media_type: &str, bytes: &[u8]) -> Descriptor {
        let measured = Measured::of_bytes(bytes, &"sha256".parse().unwrap());
        let digest = measured.digest(Algorithm::Sha256).unwrap().clone();
        let descriptor = Descriptor::new(media_type, digest, bytes.len() as u64);
        fs::write(self.blob_path(&descriptor), bytes).unwrap();
        descriptor
    }

    /// An image of one layer, for a platform.
    pub(crate) fn image(&self, platform: &str, layer: &[u8]) -> Descriptor {
        let layer = self.blob(media_type::LAYER, layer);
        let (os, architecture) = platform.split_once('/').unwrap();
        let config = format!(
            r#"{{"architecture":"{architecture}","os":"{os}","rootfs":{{"type":"layers","diff_ids":["{}"]}}}}"#,
            layer.digest()
        );
        let config = self.blob(media_type::CONFIG, config.as_bytes());
        let manifest = Manifest::new(config, vec![layer], Annotations::new());
        self.blob(media_type::MANIFEST, &manifest.to_json())
            .with_platform(platform.parse().unwrap())
    }

    pub(crate) fn index(&self, manifests: Vec<Descriptor>) -> Descriptor {
        let index = Index::new(manifests, Annotations::new());
        self.blob(media_type::INDEX, &index.to_json())
    }

    /// Writes `index.json`.
    pub(crate) fn name(&self, manifests: Vec<Descriptor>) {
        let index = Index::new(manifests, Annotations::new());
        fs::write(self.path().join("index.json"), index.to_json()).unwrap();
    }

    /// The same as an archive beside it, its names as `tar -C layout .` writes them.
    pub(crate) fn archive(&self) -> PathBuf {
        let path = self.path().with_extension("tar");
        let mut tar = tar::Builder::new(fs::File::create(&path).unwrap());
        tar.append_dir_all(".", self.path()).unwrap();
        tar.finish().unwrap();
        path
    }
}

pub(crate) fn tagged(descriptor: Descriptor, tag: &str) -> Descriptor {
    let annotations = Annotations::from([(annotation::REF_NAME.to_owned(), tag.to_owned())]);
    descriptor.with_annotations(annotations)
}
