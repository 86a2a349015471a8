//! What several documents are about together.

use std::collections::BTreeSet;

use attest_digest::Digest;

use super::{Named, converted, hashes};
use crate::cyclonedx::{Component, ComponentKind};
use crate::document;
use crate::inventory::{Inventory, Key, identity};
use crate::{Error, Organization, purl};

/// The most names that make the name of what several documents are about.
const MAX_NAMES: usize = 8;

/// Several documents about several things.
pub(super) struct Whole(Component);

impl Whole {
    /// None if all documents are about one thing, or none says what it is about.
    pub(super) fn of(documents: &[Named]) -> Result<Option<Self>, Error> {
        let identities = documents.iter().map(|named| {
            let root = named.root()?;
            Some(identity(&converted(root, &named.document, &mut BTreeSet::new())))
        });
        if identities.collect::<BTreeSet<_>>().len() < 2 {
            return Ok(None);
        }
        let roots = documents.iter().filter_map(Named::root);
        let Some(name) = joined(&roots.map(document::Component::full_name).collect()) else {
            return Ok(None);
        };
        let version = version(documents);
        Ok(Some(Self(Component {
            purl: Some(purl::generic(&name, version)?),
            supplier: supplier(documents).as_ref().map(Into::into),
            version: version.map(str::to_owned),
            ..Component::new(ComponentKind::Application, name.as_str())
        })))
    }

    /// A root that has its name and its version is this and no part of it; without a package URL nothing else says so.
    pub(super) fn claim(&self, root: &mut Component, full_name: &str) {
        let is_same = self.0.name == full_name && self.0.version == root.version;
        if root.purl.is_none() && is_same {
            root.purl.clone_from(&self.0.purl);
        }
    }

    /// Puts it above the roots. It is no file, whichever file a document of it is about.
    pub(super) fn put_above(self, roots: &[Option<Key>], inventory: &mut Inventory) {
        let top = inventory.add(self.0);
        for root in roots.iter().flatten() {
            inventory.depends(top, *root);
        }
        inventory.root(top);
        hashes::forget(inventory.package_mut(top));
    }
}

/// Makes the one thing that all documents are about the root. If it is another file in each, or only some know one, it is none.
pub(super) fn put_at_top(only: Key, documents: &[Named], inventory: &mut Inventory) {
    inventory.root(only);
    let files = documents.iter().map(|named| named.root().map(|root| &root.hashes));
    if files.collect::<BTreeSet<_>>().len() > 1 {
        hashes::forget(inventory.package_mut(only));
    }
}

fn joined(names: &BTreeSet<String>) -> Option<String> {
    let shown: Vec<&str> = names.iter().map(String::as_str).take(MAX_NAMES).collect();
    let more = match names.len().saturating_sub(MAX_NAMES) {
        0 => String::new(),
        more => format!("+{more}-more"),
    };
    (!shown.is_empty()).then(|| shown.join("+") + &more)
}

/// The version of everything that has one, if that is one. The version of an image is its digest, which no product has.
fn version(documents: &[Named]) -> Option<&str> {
    let versions = documents.iter().filter_map(|named| named.root()?.version.as_deref());
    let (digests, versions): (BTreeSet<_>, BTreeSet<_>) = versions.partition(|text| text.parse::<Digest>().is_ok());
    let counting = if versions.is_empty() { digests } else { versions };
    counting.first().copied().filter(|_| counting.len() == 1)
}

/// Who supplies everything that the documents are about, if that is one.
pub(super) fn supplier(documents: &[Named]) -> Option<Organization> {
    let suppliers: BTreeSet<Option<&str>> = documents
        .iter()
        .map(|named| named.root()?.supplier.as_deref())
        .collect();
    let one = suppliers.first().copied().flatten().filter(|_| suppliers.len() == 1);
    one.and_then(Organization::named)
}
