use std::collections::{BTreeMap, BTreeSet};

use attest_release::config::ImageBase;
use attest_release::plan::PlannedImage;
use attest_release::stage::FetchedBase;

use super::timing::Steps;
use super::{Arguments, Ground};
use crate::context::Context;
use crate::failure::Failure;
use crate::registry::{Bases, parse_reference};

/// Fetches what images are built upon and is in no layout of the project, by the names that the configuration has for it. Nothing is
/// connected when there is nothing of that kind.
pub(super) fn fetch(
    ground: &Ground,
    arguments: &Arguments,
    steps: &mut Steps,
    context: &mut Context<'_>,
) -> Result<BTreeMap<String, FetchedBase>, Failure> {
    let mut fetched = BTreeMap::new();
    let mut bases = None;
    for (name, images) in of_registries(&ground.plan.images) {
        let at = |failure: Failure| failure.at(ground.config_file.display());
        let reference = parse_reference(name).map_err(at)?;
        let opened = match bases.take() {
            Some(opened) => opened,
            None => Bases::open(&arguments.registry, arguments.keyless.offline, context)?,
        };
        let platforms: BTreeSet<_> = images
            .iter()
            .flat_map(|image| image.platforms.keys().cloned())
            .collect();
        let base = steps.take("base", name, context, |context| {
            opened.fetch(&reference, &platforms, context)
        })?;
        fetched.insert(name.to_owned(), FetchedBase::new(base.layout, base.descriptor));
        bases = Some(opened);
    }
    Ok(fetched)
}

/// Each reference once, with the images that are built upon it.
fn of_registries(images: &[PlannedImage]) -> BTreeMap<&str, Vec<&PlannedImage>> {
    let mut found: BTreeMap<&str, Vec<&PlannedImage>> = BTreeMap::new();
    for image in images {
        if let Some(ImageBase::Registry(name)) = &image.base {
            found.entry(name).or_default().push(image);
        }
    }
    found
}
