use attest_net::registry::{Client, Repository, Tag};
use attest_release::plan::Published;

use crate::image::Place;
use crate::verb::release::places::SCHEME;

/// One image or one chart on its way.
pub(super) struct Item<'a> {
    pub(super) published: Published<'a>,
    /// Where it goes: with a rehearsal, not where the configuration says.
    pub(super) place: Place,
    /// Where the configuration says that it goes.
    pub(super) configured: Repository,
    pub(super) tags: Vec<Tag>,
}

impl Item<'_> {
    /// What it is called in statements: where the configuration says that it is, also in a rehearsal.
    pub(super) fn name(&self) -> &str {
        let repository = &self.published.publication.repository;
        repository.strip_prefix(SCHEME).unwrap_or(repository)
    }

    /// The registry; items go nowhere else.
    pub(super) fn registry(&self) -> Option<(&Client, &Repository)> {
        match &self.place {
            Place::Registry { client, repository } => Some((client, repository)),
            Place::Layout(_) => None,
        }
    }
}
