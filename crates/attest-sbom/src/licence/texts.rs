//! What tells the licences that people use from each other: sentences, in lower case and without punctuation.

mod long;
mod short;

/// Licences that begin alike.
pub(super) struct Family {
    /// The words that begin each of them.
    pub(super) anchor: &'static str,
    /// For a notice that only names a licence: how many bytes after the anchor belong to it.
    pub(super) reach: Option<usize>,
    /// The first one that fits is it: those that ask for more stand first.
    pub(super) members: &'static [Member],
}

/// One licence.
pub(super) struct Member {
    pub(super) id: &'static str,
    pub(super) all: &'static [&'static str],
    pub(super) none: &'static [&'static str],
}

pub(super) const fn text(anchor: &'static str, members: &'static [Member]) -> Family {
    let reach = None;
    Family { anchor, reach, members }
}

pub(super) const fn notice(anchor: &'static str, members: &'static [Member]) -> Family {
    let reach = Some(NOTICE);
    Family { anchor, reach, members }
}

/// The longest of the sentences that say which version, and that a later one will do.
const NOTICE: usize = 200;

pub(super) const fn is(id: &'static str, all: &'static [&'static str]) -> Member {
    Member { id, all, none: &[] }
}

pub(super) const fn without(id: &'static str, all: &'static [&'static str], none: &'static [&'static str]) -> Member {
    Member { id, all, none }
}

/// Every licence that is known.
pub(super) fn families() -> impl Iterator<Item = &'static Family> {
    short::FAMILIES.iter().chain(long::FAMILIES)
}
