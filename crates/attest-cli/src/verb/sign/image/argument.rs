use std::str::FromStr;

use serde_json::{Map, Value};

use crate::failure::Failure;
use crate::image::ImageArguments;

/// How images are signed. Without an image, nothing of it may be said.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Images")]
pub(in crate::verb::sign) struct ImageSigningArguments {
    #[command(flatten)]
    pub(super) images: ImageArguments,
    /// Sign the images of an index as well as the index [default: true; with --predicate, false]
    #[arg(short, long, value_name = "BOOL", action = clap::ArgAction::Set, num_args = 0..=1, require_equals = true,
          default_missing_value = "true", conflicts_with = "no_recursive")]
    recursive: Option<bool>,
    /// Sign what is named alone, and not the images of an index
    #[arg(long)]
    no_recursive: bool,
    /// What is signed beside the digest, for those who verify to ask for
    #[arg(short, long, value_name = "KEY=VALUE", value_delimiter = ',', conflicts_with_all = ["predicate", "statement"])]
    annotations: Vec<Annotation>,
    /// Sign in the form of cosign 2 as well, below the tags that skopeo, Podman and CRI-O read; through Rekor 1, or with --no-log through none
    #[arg(long)]
    pub(super) legacy: bool,
    /// Leave what has such a signature already, by the same signer and valid, as it is
    #[arg(long, conflicts_with = "bundle")]
    pub(super) skip_signed: bool,
    /// Put nothing into the registry or the layout: the bundle goes to --bundle alone
    #[arg(long, requires = "bundle", conflicts_with_all = ["legacy", "skip_signed"])]
    no_upload: bool,
    /// cosign's word: `false` is `--no-upload`
    #[arg(long, value_name = "BOOL", hide = true, action = clap::ArgAction::Set, num_args = 0..=1, require_equals = true,
          default_missing_value = "true", conflicts_with = "no_upload")]
    upload: Option<bool>,
    /// What the image is called in signatures of --legacy and as the subject of attestations [default: its repository]
    #[arg(long, value_name = "NAME")]
    pub(super) sign_container_identity: Option<String>,
}

/// `KEY=VALUE`.
#[derive(Debug, Clone)]
struct Annotation {
    key: String,
    value: String,
}

impl FromStr for Annotation {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            Some((key, value)) if !key.is_empty() => Ok(Self {
                key: key.to_owned(),
                value: value.to_owned(),
            }),
            _ => Err("expected KEY=VALUE".to_owned()),
        }
    }
}

impl ImageSigningArguments {
    /// That nothing is said about images where files are signed.
    pub(in crate::verb::sign) fn check_unused(&self) -> Result<(), Failure> {
        let said = [
            ("--oci-layout", self.images.oci_layout),
            ("--recursive", self.recursive.is_some()),
            ("--no-recursive", self.no_recursive),
            ("--annotations", !self.annotations.is_empty()),
            ("--legacy", self.legacy),
            ("--skip-signed", self.skip_signed),
            ("--no-upload", self.no_upload),
            ("--upload", self.upload.is_some()),
            ("--sign-container-identity", self.sign_container_identity.is_some()),
        ];
        match said.iter().find(|(_, is_said)| *is_said) {
            None => Ok(()),
            Some((name, _)) => Err(image_missing(name)),
        }
    }

    /// Whether the images of an index are signed too, if that was said.
    pub(super) fn recursive(&self) -> Option<bool> {
        match self.no_recursive {
            true => Some(false),
            false => self.recursive,
        }
    }

    /// Whether bundles are stored beside the image.
    pub(super) fn is_stored(&self) -> bool {
        !self.no_upload && self.upload.unwrap_or(true)
    }

    /// Each key once: with two values for one, readers would choose.
    pub(super) fn annotations(&self) -> Result<Map<String, Value>, Failure> {
        let mut annotations = Map::new();
        for Annotation { key, value } in &self.annotations {
            if annotations.insert(key.clone(), value.clone().into()).is_some() {
                let message = format_args!("expected every annotation once, found `{}` twice", key.escape_debug());
                return Err(Failure::usage("annotation-invalid", message).at("--annotations"));
            }
        }
        Ok(annotations)
    }
}

fn image_missing(name: &str) -> Failure {
    Failure::usage(
        "image-expected",
        format_args!("expected an image beside `{name}`, found none"),
    )
    .hint("an image of a registry begins with `oci://`; for a layout on disk add `--oci-layout`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_annotation_has_a_key_and_a_value_that_may_be_empty() {
        let shown = |text: &str| text.parse::<Annotation>().map(|found| (found.key, found.value));
        assert_eq!(shown("a=b=c"), Ok(("a".to_owned(), "b=c".to_owned())));
        assert_eq!(shown("a="), Ok(("a".to_owned(), String::new())));
        for wrong in ["a", "=b", ""] {
            assert_eq!(shown(wrong), Err("expected KEY=VALUE".to_owned()), "{wrong}");
        }
    }
}
