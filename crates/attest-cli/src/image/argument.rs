use std::path::Path;

use attest_net::registry::Reference;

use crate::failure::Failure;
use crate::registry::{RegistryArguments, parse_reference};
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
