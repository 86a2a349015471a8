use std::collections::BTreeMap;
use std::path::Path;

use attest_archive::image::{
    Base, Descriptor, Destination, Error, ImageRecipe, LayerCompression, Layout, Platform, Root, Settings, annotation,
    write_image,
};
use attest_archive::{Format, MemberPath};
use attest_digest::measure_file;

use super::{StageError, Staging};
use crate::Target;
use crate::build::Built;
use crate::config::ImageBase;
use crate::plan::{FileKind, PlannedImage, PlannedRoot};

/// An image of a registry that was fetched before.
#[derive(Debug)]
#[non_exhaustive]
pub struct FetchedBase {
    /// A layout that has its blobs for the platforms of the image.
    pub layout: Layout,
    /// What the reference names.
    pub descriptor: Descriptor,
}

impl FetchedBase {
    /// A layout, and what in it is meant.
    #[must_use]
    pub fn new(layout: Layout, descriptor: Descriptor) -> Self {
        Self { layout, descriptor }
    }
}

impl Staging {
    /// Builds an image of what was built for its targets. A base of a registry is among `fetched`, by its name.
    ///
    /// # Errors
    /// When the base cannot be read or lacks a platform, or a binary is for another machine or cannot be read.
    pub fn pack_image(
        &mut self,
        image: &PlannedImage,
        built: &BTreeMap<Target, Built>,
        project: &Path,
        fetched: &BTreeMap<String, FetchedBase>,
    ) -> Result<(), StageError> {
        let problem = |problem| StageError::Image {
            file: image.file.clone(),
            place: image.base.as_ref().map_or(image.file.to_string(), ToString::to_string),
            problem,
        };
        let layout = image.base.as_ref().and_then(ImageBase::layout);
        let layout = layout.map(|base| Layout::open(&project.join(base)));
        let layout = layout.transpose().map_err(problem)?;
        let base = match (&layout, &image.base) {
            (Some(layout), _) => Some((layout, layout.find(None).map_err(problem)?)),
            (None, Some(base)) => Some(of_registry(base, fetched).map_err(problem)?),
            (None, None) => None,
        };
        let path = self.path_of(&image.file);
        let destination = Destination::Archive { path: path.clone() };
        let recipe = self.recipe(image, built, base).map_err(problem)?;
        let written = write_image(&recipe, destination).map_err(problem)?;
        self.note_base(image, &recipe);
        self.note_compressor(Format::TarGz);
        let measured = measure_file(&path, &self.algorithms).map_err(|error| StageError::Io {
            action: format!("measure `{}`", image.file),
            source: std::io::Error::other(error),
        })?;
        self.record(&image.file, FileKind::Image, measured);
        self.list_image(image, written.descriptor.digest())
    }

    fn note_base(&mut self, image: &PlannedImage, recipe: &ImageRecipe<'_>) {
        let base = image.base.as_ref().zip(recipe.base.as_ref());
        if let Some((path, base)) = base {
            let digest = base.descriptor().digest().clone();
            self.bases.insert(path.to_string(), digest);
        }
    }

    fn recipe<'a>(
        &self,
        image: &PlannedImage,
        built: &BTreeMap<Target, Built>,
        base: Option<(&'a Layout, Descriptor)>,
    ) -> Result<ImageRecipe<'a>, Error> {
        let created = self.settings.source_date.to_rfc3339();
        let dated = |mut said: BTreeMap<String, String>| {
            said.entry(annotation::CREATED.to_owned())
                .or_insert_with(|| created.clone());
            said
        };
        let base = base.map(|(layout, found)| {
            let name = image.base_name.as_ref().map(ToString::to_string);
            Base::new(layout, found, name)
        });
        Ok(ImageRecipe {
            roots: roots(image, built)?,
            base,
            taken: Vec::new(),
            attached: Vec::new(),
            settings: Settings {
                labels: dated(image.settings.labels.clone()),
                ..image.settings.clone()
            },
            annotations: dated(image.annotations.clone()),
            tags: image.tags.clone(),
            compression: LayerCompression::default(),
            source_date: self.settings.source_date,
            threads: self.settings.threads.count(),
        })
    }
}

fn of_registry<'a>(
    base: &ImageBase,
    fetched: &'a BTreeMap<String, FetchedBase>,
) -> Result<(&'a Layout, Descriptor), Error> {
    let asked = base.to_string();
    match fetched.get(&asked) {
        Some(base) => Ok((&base.layout, base.descriptor.clone())),
        None => Err(Error::NoSuchReference {
            asked,
            found: Vec::new(),
        }),
    }
}

fn roots(image: &PlannedImage, built: &BTreeMap<Target, Built>) -> Result<BTreeMap<Platform, Option<Root>>, Error> {
    let roots = image.platforms.iter().map(|(platform, planned)| {
        let built = built.get(&planned.target).map(|built| root(planned, built, platform));
        Ok((platform.clone(), built.transpose()?))
    });
    roots.collect()
}

fn root(planned: &PlannedRoot, built: &Built, platform: &Platform) -> Result<Root, Error> {
    let programs = planned.binaries.iter().filter_map(|(name, place)| {
        let program = built.binaries.get(name)?;
        Some(place.parse::<MemberPath>().map(|place| (program.as_path(), place)))
    });
    let programs = programs
        .collect::<Result<Vec<_>, _>>()
        .map_err(attest_archive::Error::from)?;
    Root::of_programs(programs, platform)
}
