use std::io::ErrorKind;
use std::path::Path;

use attest_archive::image::Layout;
use attest_net::registry::Reference;

use crate::failure::Failure;
use crate::registry::{RegistryArguments, is_registry_reference, parse_reference};
use crate::shell::quoted;
use crate::verb::pack::LayoutReference;

/// What every name of an image in a registry begins with, beside names of files.
const SCHEME: &str = "oci://";

/// How images are found.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Images")]
pub(crate) struct ImageArguments {
    /// What is named are OCI layouts, directories or archives, with `:TAG` or `@DIGEST` if they hold several images; nothing is connected
    #[arg(long)]
    pub(crate) oci_layout: bool,
    #[command(flatten)]
    pub(crate) registry: RegistryArguments,
}

/// An image that a person named.
#[derive(Debug, Clone)]
pub(crate) enum ImageName {
    /// One of a registry.
    Registry(Reference),
    /// One of a layout.
    Layout(LayoutReference, String),
}

/// Whether a text names an image of a registry, where it could name a file.
pub(crate) fn is_image_reference(text: &Path) -> bool {
    text.to_str().is_some_and(|text| text.starts_with(SCHEME))
}

/// Refuses a name of which there is no file, and which reads as that of an image where `oci://` or `--oci-layout` is left out.
///
/// Of `v1.2/app.tar.gz` the file is missing where there is a `v1.2`, and so it is where nobody may look.
pub(crate) fn refuse_bare_name(path: &Path) -> Result<(), Failure> {
    let may_be_bare = |text: &&str| !text.starts_with(SCHEME) && is_missing(path);
    let Some(text) = path.to_str().filter(may_be_bare) else {
        return Ok(());
    };
    let refuse = |hint: String| {
        let message = "expected a file, found none of this name, which reads as that of an image";
        Err(Failure::usage("image-expected", message).at(path.display()).hint(hint))
    };
    let begins_here = text
        .split_once('/')
        .is_some_and(|(first, _)| !is_missing(Path::new(first)));
    if is_registry_reference(text) && !begins_here {
        let name = quoted(&format!("{SCHEME}{text}"));
        return refuse(format!("an image of a registry is named `{name}`"));
    }
    let Ok(reference) = text.parse::<LayoutReference>();
    match layout_hint(&reference.path()) {
        Some(hint) => refuse(hint),
        None => Ok(()),
    }
}

/// Whether it is known that there is nothing.
fn is_missing(path: &Path) -> bool {
    matches!(path.symlink_metadata(), Err(error) if error.kind() == ErrorKind::NotFound)
}

/// What to say of a directory where files are expected, if it is a layout of images.
pub(crate) fn layout_hint(path: &Path) -> Option<String> {
    let is_layout = path.is_dir() && Layout::open(path).is_ok();
    let shown = quoted(&path.display().to_string());
    is_layout.then(|| format!("`{shown}` is an OCI layout: with `--oci-layout` the images in it are meant"))
}

impl ImageArguments {
    /// What a text names.
    pub(crate) fn name(&self, text: &str) -> Result<ImageName, Failure> {
        if text.starts_with(SCHEME) {
            return match self.oci_layout {
                false => parse_reference(text).map(ImageName::Registry),
                true => Err(Failure::usage(
                    "layout-expected",
                    "expected the path of a layout beside `--oci-layout`, found a name in a registry",
                )
                .at(text)
                .hint("leave out `--oci-layout`, or name the layout directory or archive")),
            };
        }
        match self.oci_layout {
            true => {
                let Ok(reference) = text.parse::<LayoutReference>();
                Ok(ImageName::Layout(reference, text.to_owned()))
            }
            false => Err(Failure::usage(
                "image-expected",
                format_args!("expected `oci://NAME[:TAG][@DIGEST]`, found `{}`", text.escape_debug()),
            )
            .hint("an image of a registry begins with `oci://`; for a layout on disk add `--oci-layout`")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hint(name: &Path) -> Option<String> {
        let refused = refuse_bare_name(name).err()?;
        assert_eq!(refused.code(), "image-expected");
        let shown = refused.to_string();
        Some(shown.split("hint: ").nth(1)?.trim().to_owned())
    }

    #[test]
    fn a_name_of_no_file_that_reads_as_one_of_a_registry_is_hinted_at() {
        for name in ["127.0.0.1:1/team/app:v1", "no-such.example.org/team/app"] {
            let expected = format!("an image of a registry is named `oci://{name}`");
            assert_eq!(hint(Path::new(name)).unwrap(), expected);
        }
        for name in [
            "no-such",
            "no-such/app.tar.gz",
            "./no-such.d/app",
            "/no-such.d/app",
            "-",
            "oci://127.0.0.1:1/app",
            "",
        ] {
            assert_eq!(hint(Path::new(name)), None, "{name}");
        }
    }

    #[test]
    fn a_layout_where_files_are_expected_is_hinted_at() {
        let directory = tempfile::tempdir().unwrap();
        let layout = directory.path().join("app.oci");
        assert_eq!(layout_hint(&layout), None);
        attest_archive::image::Store::open(&layout).unwrap();
        let expected = "is an OCI layout: with `--oci-layout` the images in it are meant";
        assert!(layout_hint(&layout).unwrap().ends_with(expected));
        assert_eq!(hint(&layout), None);
        assert!(hint(&directory.path().join("app.oci:v1")).unwrap().ends_with(expected));
        assert_eq!(hint(&directory.path().join("other.oci:v1")), None);
        assert_eq!(layout_hint(directory.path()), None);
    }
}
