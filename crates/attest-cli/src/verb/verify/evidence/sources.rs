use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use attest_store::{EvidenceBeside, SignatureFiles};

use super::super::input::{Input, Subject};
use super::super::problem::Problem;
use super::{Origin, Signature};

/// Which files hold evidence, found before any is read.
pub(in super::super) struct Sources {
    /// For each subject, in their order: the bundles beside it that bear its name.
    pub(in super::super) bundles: Vec<Vec<PathBuf>>,
    /// For each subject, in their order: the signatures over it.
    pub(in super::super) signatures: Vec<Vec<Signature>>,
    /// What may concern more than one subject, with the most important reason to read it, or why it cannot be found.
    pub(in super::super) shared: BTreeMap<PathBuf, Result<Origin, Problem>>,
}

impl Sources {
    pub(in super::super) fn find(input: &Input) -> Self {
        let mut sources = Self {
            bundles: Vec::with_capacity(input.subjects.len()),
            signatures: Vec::with_capacity(input.subjects.len()),
            shared: BTreeMap::new(),
        };
        for subject in &input.subjects {
            let beside = beside(input, subject);
            sources.bundles.push(beside.bundles);
            sources.signatures.push(signatures(input, subject, beside.signatures));
        }
        sources.add_given(input);
        sources.add_repeated();
        sources.add_neighbours(input);
        sources
    }

    fn add_given(&mut self, input: &Input) {
        let given = input.given.iter().map(|path| match input.named.contains(path) {
            true => (path.clone(), Ok(Origin::Named)),
            false => (path.clone(), Ok(Origin::Given)),
        });
        self.shared.extend(given);
        let signatures = self.signatures.iter().flatten();
        let taken: BTreeSet<&PathBuf> = signatures.map(|signature| &signature.path).collect();
        for path in input.given_signatures.iter().filter(|path| !taken.contains(path)) {
            let message = "expected the artifact of the signature in the same call, found only the signature";
            let problem = Problem::rejected("signature-without-artifact", message);
            self.shared.insert(path.clone(), Err(problem));
        }
    }

    /// What lies beside an artifact that is named twice is read once.
    fn add_repeated(&mut self) {
        let mut seen: BTreeMap<&PathBuf, usize> = BTreeMap::new();
        for path in self.bundles.iter().flatten() {
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
        let mut directories: BTreeMap<&Path, &Path> = BTreeMap::new();
        for (subject, own) in input.subjects.iter().zip(&self.bundles) {
            if let (true, Some(directory), Some(file)) = (own.is_empty(), subject.directory(), subject.file()) {
                directories.entry(directory).or_insert(file);
            }
        }
        let own: BTreeSet<&PathBuf> = self.bundles.iter().flatten().collect();
        for (directory, artifact) in directories {
            match attest_store::neighbours(artifact) {
                Ok(paths) => self.shared.extend(paths.into_iter().map(|path| {
                    let is_own = own.contains(&path);
                    (path, Ok(if is_own { Origin::Beside } else { Origin::Neighbour }))
                })),
                Err(error) => {
                    let problem = Problem::from(&error);
                    self.shared.insert(shown_directory(directory), Err(problem));
                }
            }
        }
    }
}

fn beside(input: &Input, subject: &Subject) -> EvidenceBeside {
    match subject.file() {
        Some(path) if input.look_beside => attest_store::evidence_beside(path),
        _ => EvidenceBeside::default(),
    }
}

/// What was named in the call has to verify; what only lies there has to, if it is for whoever is expected.
fn signatures(input: &Input, subject: &Subject, beside: Vec<SignatureFiles>) -> Vec<Signature> {
    if let Some(signature) = &input.signature {
        return vec![signature.clone()];
    }
    let origin = |path: &PathBuf| match input.given_signatures.contains(path) {
        true => Origin::Given,
        false => Origin::Beside,
    };
    let beside = beside
        .into_iter()
        .filter(|_| subject.file().is_some())
        .map(Signature::beside);
    beside
        .map(|signature| Signature {
            origin: origin(&signature.path),
            ..signature
        })
        .collect()
}

fn shown_directory(directory: &Path) -> PathBuf {
    match directory.as_os_str().is_empty() {
        true => PathBuf::from("."),
        false => directory.to_owned(),
    }
}
