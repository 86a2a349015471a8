//! A manifest in; what it holds beside layers of an image out: the package of a chart, or files with their names.

use std::collections::BTreeSet;

use attest_archive::MemberPath;
use attest_archive::image::{Descriptor, Manifest, annotation};

use crate::failure::Failure;
use crate::image::ChartLayers;

/// More files than that are a directory, and a directory is packed.
const MAX_FILES: usize = 1000;

/// By which ORAS says that a layer is a directory that it packed, and unpacks again.
const IS_PACKED: &str = "io.deis.oras.content.unpack";

/// What there is for who wants no layout.
pub(super) enum Content {
    Chart(Box<ChartLayers>),
    Files(Vec<NamedFile>),
}

/// A file of an artifact. Its name was chosen by whoever pushed it.
pub(super) struct NamedFile {
    pub(super) name: MemberPath,
    pub(super) blob: Descriptor,
}

impl Content {
    /// Nothing of an image, of an index, and where a layer has no name: that is for a layout.
    pub(super) fn of(descriptor: &Descriptor, bytes: &[u8]) -> Result<Option<Self>, Failure> {
        // What is wrong with it is told by whoever writes the layout.
        let manifest = Manifest::pointed_to(descriptor, bytes).ok();
        let Some(manifest) = manifest.filter(|manifest| descriptor.is_manifest() && !manifest.is_image()) else {
            return Ok(None);
        };
        if let Some(chart) = ChartLayers::of(&manifest)? {
            return Ok(Some(Self::Chart(Box::new(chart))));
        }
        let layers = manifest.layers();
        let titles: Option<Vec<&str>> = layers.iter().map(title).collect();
        match titles {
            Some(titles) if !titles.is_empty() => files(&titles, layers).map(|files| Some(Self::Files(files))),
            _ => Ok(None),
        }
    }

    pub(super) fn is_chart(&self) -> bool {
        matches!(self, Self::Chart(_))
    }
}

fn title(layer: &Descriptor) -> Option<&str> {
    layer.annotations().get(annotation::TITLE).map(String::as_str)
}

fn files(titles: &[&str], layers: &[Descriptor]) -> Result<Vec<NamedFile>, Failure> {
    if layers.len() > MAX_FILES {
        let message = format_args!("expected at most {MAX_FILES} files, found {}", layers.len());
        return Err(Failure::rejected("files-too-many", message));
    }
    let mut names = BTreeSet::new();
    let mut files = Vec::new();
    for (title, layer) in titles.iter().zip(layers) {
        if layer.annotations().get(IS_PACKED).is_some_and(|value| value == "true") {
            let message = format_args!("expected a file, found the directory `{title}`, which was packed");
            return Err(Failure::usage("title-of-directory", message));
        }
        let name = name(title)?;
        if !names.insert(name.clone()) {
            return Err(invalid(format_args!(
                "expected files of different names, found `{title}` twice"
            )));
        }
        let blob = layer.clone();
        files.push(NamedFile { name, blob });
    }
    let directories = |name: &MemberPath| std::iter::successors(name.parent(), MemberPath::parent);
    match names.iter().flat_map(directories).find(|above| names.contains(above)) {
        Some(above) => Err(invalid(format_args!(
            "expected a file or a directory, found `{above}` as both"
        ))),
        None => Ok(files),
    }
}

/// A name that means the same place below a directory on every system.
fn name(title: &str) -> Result<MemberPath, Failure> {
    if title.contains(|letter: char| letter.is_control() || matches!(letter, '\\' | ':')) {
        return Err(invalid(format_args!(
            "expected the name of a file without `\\`, `:` and control characters, found `{title}`"
        )));
    }
    title.parse().map_err(|error| invalid(format_args!("{error}")))
}

fn invalid(message: std::fmt::Arguments<'_>) -> Failure {
    Failure::rejected("title-invalid", message)
}

#[cfg(test)]
mod tests {
    use attest_archive::image::{Annotations, Artifact, media_type};

    use super::*;

    fn of(titles: &[&str], more: Option<&str>) -> Result<Option<Vec<String>>, &'static str> {
        let layer = |title: &&str| {
            let mut annotations = Annotations::new();
            if !title.is_empty() {
                annotations.insert(annotation::TITLE.to_owned(), (*title).to_owned());
            }
            annotations.extend(more.map(|key| (key.to_owned(), "true".to_owned())));
            Descriptor::of_bytes("a/b", b"x").with_annotations(annotations)
        };
        let layers: Vec<Descriptor> = titles.iter().map(layer).collect();
        let json = Manifest::new(Artifact::config(), layers, Annotations::new()).to_json();
        let found = Content::of(&Descriptor::of_bytes(media_type::MANIFEST, &json), &json);
        match found.map_err(|failure| failure.code())? {
            Some(Content::Files(files)) => Ok(Some(files.iter().map(|file| file.name.to_string()).collect())),
            Some(Content::Chart(_)) => Err("chart"),
            None => Ok(None),
        }
    }

    #[test]
    fn files_are_layers_that_all_have_names() {
        assert_eq!(of(&["a", "b/c.txt"], None).unwrap().unwrap(), ["a", "b/c.txt"]);
        assert_eq!(of(&["a", ""], None), Ok(None));
        assert_eq!(of(&[], None), Ok(None));
        assert_eq!(of(&["a"], Some(IS_PACKED)), Err("title-of-directory"));
    }

    #[test]
    fn a_name_that_leads_elsewhere_or_is_another_on_another_system_is_refused() {
        for title in [
            "/etc/passwd",
            "../a",
            "a/../b",
            "a//b",
            "./a",
            "a/",
            ".",
            "..",
            "a\\b",
            "C:a",
            "a:stream",
            "a\nb",
            "a\0b",
            "\u{1b}[2J",
        ] {
            assert_eq!(of(&["fine", title], None), Err("title-invalid"), "{title:?}");
        }
        for titles in [["a", "a"], ["a", "a/b"], ["a/b/c", "a/b"]] {
            assert_eq!(of(&titles, None), Err("title-invalid"), "{titles:?}");
        }
        let many: Vec<String> = (0..=MAX_FILES).map(|number| number.to_string()).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert_eq!(of(&many, None), Err("files-too-many"));
        assert!(of(&many[1..], None).unwrap().is_some());
    }
}
