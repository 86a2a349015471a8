//! Images in, one document a platform out, and one that links them.

use std::path::{Path, PathBuf};

use attest_archive::image::Platform;
use attest_sbom::oci::{self, Images, PlatformImage, index};
use attest_sbom::tree::Tree;
use attest_sbom::{Bom, Error, Gap, Inventory, Metadata, Options, Root};

use super::description::{self, DescriptionArguments};
use super::refusal::refusal;
use crate::context::Context;
use crate::failure::Failure;
use crate::output_file::OutputFile;
use crate::verb::pack::output_directory::OutputDirectory;
use crate::visible::visible;

/// What the document of a whole image is called, beside those of its platforms.
const INDEX: &str = "index";

/// Images that were found in a tree.
pub(super) struct Found<'a> {
    pub(super) images: &'a Images,
    pub(super) tree: &'a dyn Tree,
    pub(super) options: &'a Options,
}

/// How images are to be listed.
pub(super) struct Listing<'a> {
    pub(super) found: Found<'a>,
    pub(super) metadata: &'a Metadata,
    pub(super) root: &'a Root,
    pub(super) description: &'a DescriptionArguments,
}

/// A document that is ready to be written.
struct Written {
    file: String,
    bytes: Vec<u8>,
}

impl Found<'_> {
    /// The one image there is, or the one for this platform; nothing when there are several and none was asked for.
    pub(super) fn one(&self, platform: Option<&str>) -> Result<Option<&PlatformImage>, Failure> {
        let images = &self.images.platforms;
        let Some(platform) = platform else {
            // What is written is decided by what the index names, whether all of it is here or not.
            return Ok(match images.as_slice() {
                [image] if self.images.unread == 0 => Some(image),
                _ => None,
            });
        };
        let asked = images
            .iter()
            .filter(|image| is_same(&image.platform(), platform))
            .collect::<Vec<_>>();
        match asked.as_slice() {
            [image] => Ok(Some(image)),
            found => {
                let message = format!(
                    "expected one image for {platform}, found {}: {}",
                    found.len(),
                    self.platforms()
                );
                Err(Failure::usage("sbom-platform-unknown", message))
            }
        }
    }

    fn platforms(&self) -> String {
        let images = self.images.platforms.iter();
        let shown = images.map(|image| match image.name() {
            Some(name) => format!("{name} for {}", image.platform()),
            None => image.platform(),
        });
        let mut shown: Vec<String> = shown.collect();
        shown.extend((self.images.unread > 0).then(|| format!("{} that cannot be read", self.images.unread)));
        shown.join(", ")
    }

    /// The gaps of the layout belong to every document.
    pub(super) fn inventory(&self, image: &PlatformImage, scratch: &Path) -> Inventory {
        let mut inventory = image.scan(self.tree, self.options, scratch);
        for gap in &self.images.gaps {
            inventory.gap(gap.clone());
        }
        inventory
    }
}

impl Listing<'_> {
    /// Writes a document for each image and one that links them: all of them, or none.
    pub(super) fn write_all(
        &self,
        settle: &mut dyn FnMut(&mut Inventory, &mut Context<'_>) -> Result<(), Failure>,
        scratch: &Path,
        context: &mut Context<'_>,
    ) -> Result<(), Failure> {
        let Some(directory) = self.description.output.as_deref() else {
            let message = format!("expected one image, found several: {}", self.found.platforms());
            return Err(Failure::usage("sbom-several-images", message)
                .hint("name one with `--platform OS/ARCH`, or a directory for all of them with `-o DIR`"));
        };
        let mut documents = Vec::new();
        for image in &self.found.images.platforms {
            let mut inventory = self.found.inventory(image, scratch);
            settle(&mut inventory, context)?;
            documents.push((image, inventory.document(self.root, self.metadata).map_err(refusal)?));
        }
        let linked: Vec<(&PlatformImage, &Bom)> = documents.iter().map(|(image, bom)| (*image, bom)).collect();
        let whole = index(self.found.images, &linked, self.root, self.metadata);
        let mut written = vec![self.written(INDEX, &whole)?];
        for (image, bom) in &documents {
            written.push(self.written(&file_name(image, &self.found.images.platforms), bom)?);
        }
        commit(directory, &written)?;
        for one in &written {
            context.say(visible(&directory.join(&one.file).to_string_lossy()));
        }
        Ok(())
    }

    fn written(&self, name: &str, bom: &Bom) -> Result<Written, Failure> {
        Ok(Written {
            file: format!("{name}.{}", description::ending(self.description)),
            bytes: bom.write(self.description.output_format).map_err(refusal)?,
        })
    }
}

/// Whether both are one platform: `linux/arm64` is `linux/arm64/v8`.
fn is_same(one: &str, other: &str) -> bool {
    let parsed = |text: &str| text.parse::<Platform>().ok();
    one == other
        || parsed(one)
            .zip(parsed(other))
            .is_some_and(|(one, other)| one.is_same_as(&other))
}

/// `linux-arm-v7`; with the beginning of the digest where two images have one platform.
fn file_name(image: &PlatformImage, all: &[PlatformImage]) -> String {
    let plain = |image: &PlatformImage| {
        let platform = image.platform();
        let safe = platform.chars().map(|c| {
            if c.is_ascii_alphanumeric() || matches!(c, '.' | '_') {
                c
            } else {
                '-'
            }
        });
        let safe: String = safe.collect();
        if safe.trim_matches(['.', '-']).is_empty() {
            "unknown".to_owned()
        } else {
            safe
        }
    };
    let name = plain(image);
    match all.iter().filter(|other| plain(other) == name).count() {
        1 => name,
        _ => format!("{name}-{}", &image.digest().to_hex()[..12]),
    }
}

fn commit(directory: &Path, written: &[Written]) -> Result<(), Failure> {
    let made = OutputDirectory::make(directory)?;
    let mut files = Vec::new();
    for one in written {
        let mut file = OutputFile::create(&directory.join(&one.file))?;
        file.write(&one.bytes)?;
        files.push(file);
    }
    for file in files {
        file.commit()?;
    }
    made.keep();
    Ok(())
}

/// Everything that is found in a tree; of images alone everything that is in each.
pub(super) fn inventories(tree: &dyn Tree, path: &Path, options: &Options) -> Result<Vec<Inventory>, Failure> {
    let images = &oci::images(tree);
    if let Some(failure) = none(images, path) {
        return Err(failure);
    }
    let found = Found { images, tree, options };
    match attest_sbom::scan(tree, options) {
        Ok(mut inventory) => {
            images.note_unlisted(&mut inventory);
            Ok(vec![inventory])
        }
        Err(Error::NothingFound) if !images.platforms.is_empty() => {
            let images = images.platforms.iter();
            Ok(images.map(|image| found.inventory(image, &scratch())).collect())
        }
        Err(error) => Err(refusal(error).at(path.display())),
    }
}

/// What was found missing in images of which none can be listed.
pub(super) fn none(images: &Images, path: &Path) -> Option<Failure> {
    let gaps = images.gaps.iter().map(Gap::to_string).collect::<Vec<_>>();
    let is_none = images.platforms.is_empty() && !gaps.is_empty();
    is_none.then(|| {
        let message = format!("expected an image, found a layout without one: {}", gaps.join("; "));
        Failure::rejected("sbom-nothing-listed", message).at(path.display())
    })
}

/// Where temporary files go.
pub(super) fn scratch() -> PathBuf {
    std::env::temp_dir()
}
