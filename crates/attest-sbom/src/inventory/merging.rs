//! One package that was found twice: what is kept of each.

use crate::cyclonedx::{Component, Hash};

/// What only one of the two says is kept; where both say something, the first one does.
pub(super) fn merge(package: &mut Component, other: Component) {
    package.scope = match (package.scope, other.scope) {
        (Some(one), Some(two)) => Some(one.max(two)),
        // No scope stands for `required`.
        _ => None,
    };
    package.supplier = package.supplier.take().or(other.supplier);
    package.description = package.description.take().or(other.description);
    package.copyright = package.copyright.take().or(other.copyright);
    package.origin = std::mem::take(&mut package.origin).max(other.origin);
    package.file = package.file.take().or(other.file);
    package.cpe = package.cpe.take().or(other.cpe);
    if package.authors.is_empty() {
        package.authors = other.authors;
    }
    if package.licenses.is_empty() {
        package.licenses = other.licenses;
    }
    add_hashes(&mut package.hashes, other.hashes);
    for reference in other.external_references {
        let same = package
            .external_references
            .iter_mut()
            .find(|one| one.kind == reference.kind && one.url == reference.url);
        match same {
            Some(one) => add_hashes(&mut one.hashes, reference.hashes),
            None => package.external_references.push(reference),
        }
    }
    add_new(&mut package.evidence.occurrences, other.evidence.occurrences);
    add_new(&mut package.properties, other.properties);
    add_new(&mut package.foreign_properties, other.foreign_properties);
    package.components.extend(other.components);
}

fn add_hashes(hashes: &mut Vec<Hash>, others: Vec<Hash>) {
    add_new(hashes, others);
}

/// How many values are compared with a new one: a package that is found in a hundred thousand places, each with a hash of its
/// own, must not take the square of that. What is repeated beyond them is found at the end.
const COMPARED: usize = 64;

fn add_new<T: PartialEq>(values: &mut Vec<T>, others: Vec<T>) {
    for other in others {
        let compared = &values[..values.len().min(COMPARED)];
        if !compared.contains(&other) && values.last() != Some(&other) {
            values.push(other);
        }
    }
}

pub(super) fn without_repeats<T: Ord>(values: &mut Vec<T>) {
    if values.len() > COMPARED {
        values.sort();
        values.dedup();
    }
}
