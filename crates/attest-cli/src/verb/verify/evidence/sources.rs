use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::super::input::{Input, Subject};
use super::super::problem::Problem;
use super::Origin;

/// Which files hold evidence, found before any is read.
pub(in super::super) struct Sources {
    /// For each subject, in their order: the files beside it that bear its name.
    pub(in super::super) beside: Vec<Vec<PathBuf>>,
    /// What may concern more than one subject, with the most important reason to read it, or why it cannot be found.
    pub(in super::super) shared: BTreeMap<PathBuf, Result<Origin, Problem>>,
}

impl Sources {
    pub(in super::super) fn find(input: &Input) -> Self {
        let mut sources = Self {
            beside: input.subjects.iter().map(|subject| beside(input, subject)).collect(),
            shared: BTreeMap::new(),
        };
        sources.add_given(input);
        sources.add_repeated();
        sources.add_neighbours(input);
        sources
    }

    fn add_given(&mut self, input: &Input) {
        self.shared
            .extend(input.given.iter().map(|path| (path.clone(), Ok(Origin::Given))));
    }

    /// What lies beside an artifact that is named twice is read once.
    fn add_repeated(&mut self) {
        let mut seen: BTreeMap<&PathBuf, usize> = BTreeMap::new();
        for path in self.beside.iter().flatten() {
            *seen.entry(path).or_default() += 1;
        }
        for (path, times) in seen {
            if times > 1 {
                self.shared.entry(path.clone()).or_insert(Ok(Origin::Beside));
            }
        }
    }

    /// Looks into the directory of every artifact that has no evidence of its own.
    fn add_neighbours(&mut self, input: &Input) {
        if !input.look_beside || !input.given.is_empty() {
            return;
        }
        let alone = input
            .subjects
            .iter()
            .zip(&self.beside)
            .filter(|(_, own)| own.is_empty());
        let mut directories: BTreeMap<&Path, &Path> = BTreeMap::new();
        for (subject, _) in alone {
            if let (Some(directory), Some(file)) = (subject.directory(), subject.file()) {
                directories.entry(directory).or_insert(file);
            }
        }
        let own: BTreeMap<&PathBuf, ()> = self.beside.iter().flatten().map(|path| (path, ())).collect();
        for (directory, artifact) in directories {
            match attest_store::neighbours(artifact) {
                Ok(paths) => paths.into_iter().for_each(|path| {
                    let origin = if own.contains_key(&path) {
                        Origin::Beside
                    } else {
                        Origin::Neighbour
                    };
                    self.shared.entry(path).or_insert(Ok(origin));
                }),
                Err(error) => {
                    self.shared
                        .insert(shown_directory(directory), Err(Problem::from(&error)));
                }
            }
        }
    }
}

fn beside(input: &Input, subject: &Subject) -> Vec<PathBuf> {
    match subject.file() {
        Some(path) if input.look_beside => attest_store::own_sidecars(path),
        _ => Vec::new(),
    }
}

fn shown_directory(directory: &Path) -> PathBuf {
    match directory.as_os_str().is_empty() {
        true => PathBuf::from("."),
        false => directory.to_owned(),
    }
}
