use std::path::{Path, PathBuf};
use std::str::FromStr;

use attest_archive::image::{Descriptor, Platform};

use super::super::arguments::Arguments;
use crate::failure::Failure;
use crate::image::{ImageArguments, ImageName, is_image_reference};

/// What of an image is verified.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Images")]
pub(in super::super) struct ImageOptions {
    /// What of an image has to be signed itself; what a signed index names is covered by it
    #[arg(long, value_enum, value_name = "WHAT", default_value_t = Require::Named)]
    require: Require,
    /// Short for `--require all`
    #[arg(long, short, conflicts_with = "require")]
    recursive: bool,
    /// Only the images for this platform; may be given several times
    #[arg(long, value_name = "OS/ARCH[/VARIANT]")]
    platform: Vec<Platform>,
    /// What the signer of an image has to have said of it; may be given several times
    #[arg(long, short, value_name = "NAME=VALUE", visible_alias = "annotation")]
    annotations: Vec<Annotation>,
    #[command(flatten)]
    pub(super) image: ImageArguments,
}

/// What has to be signed itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Require {
    /// What was named, by its digest
    Named,
    /// Each image: what one pulls for one platform, as policies of Podman and CRI-O ask
    Images,
    /// Each image and each index, as they ask for a copy of everything
    All,
}

/// Something that a signer says of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Annotation {
    pub(super) name: String,
    pub(super) value: String,
}

impl FromStr for Annotation {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            Some((name, value)) if !name.is_empty() => Ok(Self {
                name: name.to_owned(),
                value: value.to_owned(),
            }),
            _ => Err(format!("expected NAME=VALUE, found `{text}`")),
        }
    }
}

impl Require {
    /// As it stands on the command line.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Named => "named",
            Self::Images => "images",
            Self::All => "all",
        }
    }
}

impl ImageOptions {
    pub(super) fn require(&self) -> Require {
        match self.recursive {
            true => Require::All,
            false => self.require,
        }
    }

    pub(super) fn annotations(&self) -> &[Annotation] {
        &self.annotations
    }

    /// Whether only some platforms are asked for.
    pub(super) fn has_platforms(&self) -> bool {
        !self.platform.is_empty()
    }

    pub(super) fn platforms_shown(&self) -> String {
        let shown: Vec<String> = self.platform.iter().map(ToString::to_string).collect();
        shown.join(", ")
    }

    pub(super) fn asks_for(&self, platform: &Platform) -> bool {
        self.platform.iter().any(|wanted| platform.is_same_as(wanted))
    }

    /// Whether something that an index names is asked for. What does not say what it runs on, or not in words that everybody
    /// understands, may run on anything, and a machine of an architecture without a variant may take that of any.
    pub(super) fn is_wanted(&self, child: &Descriptor) -> bool {
        let is_ours = |platform: &Platform| self.platform.iter().any(|wanted| wanted.may_run(platform));
        self.platform.is_empty() || child.is_index() || child.platform().is_none_or(is_ours)
    }

    /// Whether it is certain that something for this platform is asked for.
    pub(super) fn is_for(&self, platform: &Platform) -> bool {
        self.platform.is_empty() || self.platform.iter().any(|wanted| wanted.runs(platform))
    }

    /// What was asked for, by the names of JSON fields.
    pub(super) fn fields(&self) -> impl Iterator<Item = (&'static str, String)> {
        let platforms = self.has_platforms().then(|| ("platforms", self.platforms_shown()));
        std::iter::once(("require", self.require().word().to_owned())).chain(platforms)
    }

    fn first_said(&self) -> Option<&'static str> {
        let said = [
            ("--require", self.require != Require::Named),
            ("--recursive", self.recursive),
            ("--platform", !self.platform.is_empty()),
            ("--annotations", !self.annotations.is_empty()),
        ];
        said.into_iter().find(|(_, is_said)| *is_said).map(|(word, _)| word)
    }
}

/// Whether a call is about images. One is about files or about images.
pub(in super::super) fn are_named(arguments: &Arguments) -> Result<bool, Failure> {
    let files = &arguments.subjects.files;
    let images = files.iter().filter(|file| is_image_reference(file)).count();
    if images == 0 && !arguments.image.image.oci_layout {
        return match arguments.image.first_said() {
            None => Ok(false),
            Some(word) => Err(Failure::usage(
                "image-expected",
                format_args!("expected an image for `{word}`, found none"),
            )
            .at(word)
            .hint("an image of a registry begins with `oci://`; for a layout on disk add `--oci-layout`")),
        };
    }
    if let Some(file) = files.iter().find(|file| images > 0 && !is_image_reference(file)) {
        return Err(Failure::usage(
            "images-and-files",
            "expected images alone or files alone in one call, found both",
        )
        .at(file.display())
        .hint("verify them in two calls; what has to be signed is not the same"));
    }
    refuse_means_of_files(arguments)?;
    Ok(true)
}

/// What says where the evidence of files is has no meaning for images, whose evidence lies beside them.
fn refuse_means_of_files(arguments: &Arguments) -> Result<(), Failure> {
    let subjects = &arguments.subjects;
    let given = [
        ("--bundle", !subjects.bundle.is_empty()),
        ("--signature", !subjects.signature.is_empty()),
        ("--files-from", subjects.files_from.is_some()),
        ("--ignore-missing", arguments.lists.ignore_missing),
    ];
    match given.into_iter().find(|(_, is_given)| *is_given) {
        None => Ok(()),
        Some((word, _)) => Err(Failure::usage(
            "not-for-images",
            format_args!("expected no `{word}` for images, found one: what is verified lies beside the image"),
        )
        .at(word)
        .hint("`attest verify sha256:DIGEST --bundle FILE` holds a digest against a file")),
    }
}

/// What each text names.
pub(super) fn names(arguments: &Arguments) -> Result<Vec<(String, ImageName)>, Failure> {
    let name = |path: &PathBuf| {
        let text = text(path)?;
        Ok((text.to_owned(), arguments.image.image.name(text)?))
    };
    arguments.subjects.files.iter().map(name).collect()
}

fn text(path: &Path) -> Result<&str, Failure> {
    path.to_str().ok_or_else(|| {
        Failure::usage(
            "image-expected",
            "expected the name of an image, found one that is no text",
        )
        .at(path.display())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_annotation_is_a_name_and_a_value() {
        let read = |text: &str| text.parse::<Annotation>().map(|read| (read.name, read.value));
        assert_eq!(read("a=b=c"), Ok(("a".to_owned(), "b=c".to_owned())));
        assert_eq!(read("a="), Ok(("a".to_owned(), String::new())));
        for wrong in ["", "a", "=b"] {
            assert!(read(wrong).unwrap_err().contains(wrong));
        }
    }
}
