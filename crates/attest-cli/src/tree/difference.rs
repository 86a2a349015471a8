use std::collections::BTreeSet;

/// How many names of each kind are told: enough to see what happened, and few enough to be read. The rest is counted.
pub(crate) const MAX_NAMED: usize = 100;

/// Where a directory is not what its manifest says. Paths are fit to be shown.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Difference {
    /// There, and not in the manifest: what it is, where that is no file.
    pub(crate) extra: Told<(String, Option<Reason>)>,
    /// In the manifest, and not there.
    pub(crate) missing: Told<String>,
    /// There with other bytes, or no file of the tree any more.
    pub(crate) changed: Told<(String, Option<Reason>)>,
    /// There, and nobody can say with what bytes.
    pub(crate) unreadable: Told<(String, Reason)>,
    /// How many files are as they were signed.
    pub(crate) same: usize,
    /// What was not looked at: there, and left out by whoever signed.
    pub(crate) ignored: Vec<String>,
    /// There, not in the manifest, and let pass.
    pub(crate) unsigned: usize,
    /// Files without bytes, which a manifest of ranges cannot list.
    pub(crate) empty: usize,
}

impl Difference {
    /// Whether the directory is what was signed.
    pub(crate) fn is_none(&self) -> bool {
        let counts = [
            self.extra.count(),
            self.missing.count(),
            self.changed.count(),
            self.unreadable.count(),
        ];
        counts.iter().all(|count| *count == 0)
    }
}

/// What is wrong with something, and its code.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Reason {
    pub(crate) code: &'static str,
    pub(crate) message: String,
}

/// The first of many in their order, and how many there are: whoever fills a directory cannot fill the memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Told<T> {
    first: BTreeSet<T>,
    count: usize,
}

impl<T: Ord> Told<T> {
    pub(crate) fn add(&mut self, one: T) {
        self.count += 1;
        self.first.insert(one);
        if self.first.len() > MAX_NAMED {
            self.first.pop_last();
        }
    }

    pub(crate) fn first(&self) -> impl Iterator<Item = &T> {
        self.first.iter()
    }

    pub(crate) fn count(&self) -> usize {
        self.count
    }
}

impl<T> Default for Told<T> {
    fn default() -> Self {
        Self {
            first: BTreeSet::new(),
            count: 0,
        }
    }
}

impl<T: Ord> Extend<T> for Told<T> {
    fn extend<I: IntoIterator<Item = T>>(&mut self, all: I) {
        all.into_iter().for_each(|one| self.add(one));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_are_told_in_whatever_order_they_come_and_all_are_counted() {
        let mut told = Told::default();
        told.extend((0..1000).rev());
        assert_eq!(told.count(), 1000);
        assert!(told.first().copied().eq(0..MAX_NAMED));
    }
}
