use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use attest_archive::SourceDate;
use attest_archive::image::{Annotations, Artifact, Descriptor, annotation, media_type};
use attest_digest::{Algorithm, Algorithms, measure_file};

use super::media_type::MediaType;
use super::source::{directory, require_file};
use crate::causes::with_causes;
use crate::failure::Failure;
use crate::registry::{Blob, BlobBytes, Content, Document};

/// Files that go as one artifact.
pub(crate) struct Files {
    artifact_type: MediaType,
    /// Each with what points to it, its name as the title.
    files: Vec<(PathBuf, Descriptor)>,
}

impl Files {
    /// Measures them: a manifest has to say what it names.
    pub(super) fn open(files: &[String], artifact_type: MediaType, types: &[String]) -> Result<Self, Failure> {
        let types = media_types(files, types)?;
        let mut titles = BTreeSet::new();
        let mut measured = Vec::new();
        for (file, kind) in files.iter().zip(types) {
            let path = Path::new(file);
            let title = title(path)?;
            measured.push((path.to_owned(), measure(path, title, &kind)?));
            if !titles.insert(title.to_owned()) {
                let message = format_args!("expected files of different names, found `{title}` twice");
                return Err(Failure::usage("title-twice", message).at(path.display()));
            }
        }
        Ok(Self {
            artifact_type,
            files: measured,
        })
    }

    pub(super) fn path(&self) -> &Path {
        self.files.first().map_or(Path::new(""), |(path, _)| path)
    }

    pub(super) fn content(&self, created: Option<SourceDate>) -> Content<'static> {
        let artifact = Artifact {
            artifact_type: self.artifact_type.to_string(),
            layers: self.files.iter().map(|(_, descriptor)| descriptor.clone()).collect(),
            created,
        };
        let manifest = artifact.to_json();
        Content {
            blobs: self.blobs(),
            documents: vec![Document {
                descriptor: Descriptor::of_bytes(media_type::MANIFEST, &manifest),
                bytes: manifest,
            }],
            ..Content::default()
        }
    }

    /// Two files of the same bytes are one blob.
    fn blobs(&self) -> Vec<Blob<'static>> {
        let mut seen = BTreeSet::new();
        let files = self.files.iter().map(|(path, descriptor)| Blob {
            descriptor: descriptor.clone(),
            bytes: BlobBytes::File(path.clone()),
        });
        let config = Blob {
            descriptor: Artifact::config(),
            bytes: BlobBytes::Memory(Artifact::EMPTY.to_vec()),
        };
        files
            .chain([config])
            .filter(|blob| seen.insert(blob.descriptor.digest().clone()))
            .collect()
    }
}

fn measure(path: &Path, title: &str, kind: &MediaType) -> Result<Descriptor, Failure> {
    require_file(path)?;
    let measured = measure_file(path, &Algorithms::one(Algorithm::Sha256))
        .map_err(|error| Failure::undecided("file-not-read", with_causes(&error)).at(path.display()))?;
    let digest = measured.digest(Algorithm::Sha256).expect("this is what was asked for");
    let title = Annotations::from([(annotation::TITLE.to_owned(), title.to_owned())]);
    Ok(Descriptor::new(kind.as_str(), digest.clone(), measured.size()).with_annotations(title))
}

/// Whoever fetches the artifact gets a file of this name.
fn title(path: &Path) -> Result<&str, Failure> {
    let name = path.file_name().ok_or_else(|| directory(path))?;
    name.to_str().ok_or_else(|| {
        Failure::usage("name-not-utf8", "expected a file name in UTF-8, found another one").at(path.display())
    })
}

/// The type of each file, in their order.
fn media_types(files: &[String], types: &[String]) -> Result<Vec<MediaType>, Failure> {
    let mut found = vec![MediaType::unknown(); files.len()];
    for text in types {
        let of_file = |file: &String| Some(text.strip_prefix(file.as_str())?.strip_prefix('=')?.to_owned());
        let named = files
            .iter()
            .enumerate()
            .find_map(|(at, file)| Some((at, of_file(file)?)));
        let Some((at, kind)) = named else {
            let message = format_args!("expected `FILE=TYPE` with one of the files that are pushed, found `{text}`");
            return Err(Failure::usage("media-type-of-nothing", message));
        };
        found[at] = kind
            .parse()
            .map_err(|error| Failure::usage("media-type-invalid", error))?;
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn types(files: &[&str], types: &[&str]) -> Result<Vec<String>, &'static str> {
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let found = media_types(&owned(files), &owned(types)).map_err(|failure| failure.code())?;
        Ok(found.into_iter().map(|kind| kind.to_string()).collect())
    }

    #[test]
    fn types_belong_to_files_by_their_paths() {
        let found = types(&["a=b", "dir/c"], &["dir/c=text/plain", "a=b=application/x"]).unwrap();
        assert_eq!(found, ["application/x", "text/plain"]);
        assert_eq!(types(&["a"], &[]).unwrap(), ["application/octet-stream"]);
        assert_eq!(types(&["a"], &["b=text/plain"]), Err("media-type-of-nothing"));
        assert_eq!(types(&["a"], &["a"]), Err("media-type-of-nothing"));
        assert_eq!(types(&["a"], &["a=text"]), Err("media-type-invalid"));
    }
}
