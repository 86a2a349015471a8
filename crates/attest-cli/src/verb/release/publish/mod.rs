//! Images and charts of a release in, the same in registries with their evidence out.
//!
//! The order is that nothing has a name before it is whole: content, then evidence, then a look at both as anybody would take it,
//! then the output of the release, and tags at the very end.

mod item;
mod sealed;
mod sending;

use attest_net::registry::Tag;
use attest_release::plan::Publication;
use attest_release::stage::Staging;

use super::places::SCHEME;
use super::{Arguments, Ground};
use crate::context::Context;
use crate::failure::Failure;
use crate::image::Place;
use crate::registry::parse_reference;
use crate::verb::push::Source;
use item::Item;
pub(super) use sealed::{Judge, Sealed, Sealing};
pub(super) use sending::{Published, Sent};

/// What goes to registries, and where.
pub(super) struct Publishing<'a> {
    items: Vec<Item<'a>>,
    /// When evidence was made, as the release says of everything.
    created: String,
}

impl<'a> Publishing<'a> {
    /// Settles it before anything is built. A rehearsal goes to the registry at `sandbox` and nowhere else.
    pub(super) fn settle(
        ground: &'a Ground,
        arguments: &Arguments,
        sandbox: Option<&str>,
        context: &Context<'_>,
    ) -> Result<Option<Self>, Failure> {
        if !arguments.publish && sandbox.is_none() {
            return Ok(None);
        }
        let mut items = Vec::new();
        for published in ground.plan.published() {
            let Publication {
                repository,
                rehearsed_as,
                tags,
                ..
            } = published.publication;
            let place = match sandbox {
                Some(host) => format!("{SCHEME}{host}/{}", rehearsed_as.as_deref().unwrap_or_default()),
                None => repository.clone(),
            };
            let configured = parse_reference(repository)?.repository().clone();
            let repository = parse_reference(&place)?.repository().clone();
            let tags = tags.iter().map(|tag| tag.parse::<Tag>());
            let client = arguments.registry.client(&context.environment)?;
            items.push(Item {
                published,
                place: Place::Registry { client, repository },
                configured,
                tags: tags
                    .collect::<Result<_, _>>()
                    .map_err(|error| Failure::usage("reference-invalid", error).at(&place))?,
            });
        }
        if items.is_empty() && arguments.publish {
            return Err(nothing(arguments));
        }
        let created = ground.source_date.to_rfc3339();
        Ok((!items.is_empty()).then_some(Self { items, created }))
    }

    /// Opens everything as it lies beside the output.
    pub(super) fn open(&self, staging: &Staging) -> Result<Vec<Source>, Failure> {
        let paths = self.items.iter().map(|item| staging.path_of(item.published.file));
        paths.map(|path| Source::of_path(&path)).collect()
    }
}

fn nothing(arguments: &Arguments) -> Failure {
    Failure::usage(
        "nothing-to-publish",
        "expected an image or a chart that says where it is published, found none",
    )
    .at(arguments.config.display())
    .hint("add `publish = \"oci://registry.example.org/team/app\"` to an `[[image]]` or a `[[chart]]`")
}
