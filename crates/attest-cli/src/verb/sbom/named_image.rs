//! The name of an image in, a tree of files out in which it is the only image; or the package of a chart.

use std::collections::BTreeSet;
use std::io::{self, Cursor};

use attest_archive::image::{Annotations, Descriptor, Index, Layout, Platform};
use attest_net::registry::Reference;
use attest_sbom::Options;
use attest_sbom::tree::{Content, Entry, EntryKind, Listing, Tree};

use super::chart::Chart;
use super::scan::{Others, one_tree};
use crate::context::Context;
use crate::failure::Failure;
use crate::image::{ImageArguments, ImageName};
use crate::registry::Bases;
use crate::verb::pack::{self, image_refusal};

/// What a layout names.
const INDEX: &str = "index.json";

/// By which layouts say the whole name of an image, as containerd and Docker write it.
const WHOLE_NAME: &str = "io.containerd.image.name";

/// What is to be listed.
pub(super) struct Asked<'a> {
    pub(super) name: ImageName,
    pub(super) platform: Option<&'a str>,
    pub(super) is_offline: bool,
}

/// What a name of an image stands for.
pub(super) enum Named {
    Image(NamedImage),
    Chart(Chart),
}

/// The files of a layout, whose `index.json` names one image, or one index of images, alone.
pub(super) struct NamedImage {
    files: Box<dyn Tree>,
    listing: Listing,
    index: Vec<u8>,
}

impl Named {
    /// Opens it; of an image in a registry, everything is here by then, or everything for one platform.
    pub(super) fn open(
        asked: &Asked<'_>,
        arguments: &ImageArguments,
        options: &Options,
        context: &mut Context<'_>,
    ) -> Result<Self, Failure> {
        match &asked.name {
            ImageName::Registry(reference) => {
                let bases = Bases::open(&arguments.registry, asked.is_offline, context)?;
                let pinned = bases.resolve(reference)?;
                let platform = asked.platform.map(platform).transpose()?;
                let fetched = bases.fetch(&pinned, &platform.iter().cloned().collect::<BTreeSet<_>>(), context)?;
                let chosen = match &platform {
                    Some(platform) => fetched
                        .layout
                        .image_for(&fetched.descriptor, platform)
                        .map_err(|error| {
                            let path = fetched.layout.path();
                            image_refusal(&error, path, path).at(reference)
                        })?,
                    None => fetched.descriptor,
                };
                let annotations = Annotations::from([(WHOLE_NAME.to_owned(), whole_name(reference))]);
                Self::of(&fetched.layout, chosen.with_annotations(annotations), options)
                    .map_err(|failure| failure.at(reference))
            }
            ImageName::Layout(reference, _) => {
                let (layout, descriptor) = pack::Opened::open(reference)?.into_parts();
                Self::of(&layout, descriptor, options).map_err(|failure| failure.at(layout.path().display()))
            }
        }
    }

    fn of(layout: &Layout, descriptor: Descriptor, options: &Options) -> Result<Self, Failure> {
        Ok(match Chart::find(layout, &descriptor, options)? {
            Some(chart) => Self::Chart(chart),
            None => Self::Image(NamedImage::new(layout, descriptor, options)?),
        })
    }
}

impl NamedImage {
    fn new(layout: &Layout, descriptor: Descriptor, options: &Options) -> Result<Self, Failure> {
        let files = one_tree(layout.path(), options, Others::None)?;
        let index = Index::new(vec![descriptor], Annotations::new()).to_json();
        let ours = Entry {
            path: INDEX.to_owned(),
            kind: EntryKind::File {
                size: index.len() as u64,
                is_executable: false,
            },
        };
        let entries = files.listing().entries().iter().cloned().chain([ours]);
        let listing = Listing::new(entries.collect(), files.listing().gaps().to_vec())
            .with_special(files.listing().special().clone());
        Ok(Self { files, listing, index })
    }
}

impl Tree for NamedImage {
    fn listing(&self) -> &Listing {
        &self.listing
    }

    fn open(&self, path: &str) -> io::Result<Box<dyn Content + '_>> {
        match path {
            INDEX => Ok(Box::new(Cursor::new(self.index.as_slice()))),
            path => self.files.open(path),
        }
    }
}

fn platform(text: &str) -> Result<Platform, Failure> {
    text.parse()
        .map_err(|error| Failure::usage("sbom-platform-unknown", error).at(text))
}

/// As people write it, without the digest, which stands in the document.
fn whole_name(reference: &Reference) -> String {
    match reference.tag() {
        Some(tag) => format!("{}:{tag}", reference.repository()),
        None => reference.repository().to_string(),
    }
}
