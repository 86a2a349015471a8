use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use attest_digest::{MeasureError, Measured, measure_files};
use attest_verify::{Artifact, Expectation, TrustRoot, VerificationTime, Verified, VerifiedBundle, Verifier};
use attestation::Bundle;
use attestation::limits::MAX_BUNDLE_BYTES;

use super::sign::own_bundles;
use super::{StageError, StagedFile, Staging};
use crate::FileName;
use crate::plan::{FileKind, Plan, PlannedSbom};

/// Against what a release is verified.
#[derive(Debug, Clone, Copy)]
pub struct Check<'a> {
    /// Whom to trust.
    pub root: &'a TrustRoot,
    /// Who has to have signed.
    pub expectation: &'a Expectation,
    /// As of when.
    pub time: VerificationTime,
}

/// A file of the release that was read back from disk and verified.
#[derive(Debug, Clone)]
pub struct CheckedFile {
    /// Its name.
    pub file: FileName,
    /// What proves it.
    pub verified: Verified,
}

impl Staging {
    /// Reads everything back from disk and verifies it, offline: every file by the bundle over all of them, once more by
    /// its own bundle where it has one, and bundles about the images of single platforms by the digests of those.
    ///
    /// # Errors
    /// [`StageError::Rejected`] with the file that does not verify; [`StageError::Differs`] when there is a file too many or
    /// too few.
    pub fn verify(&self, plan: &Plan, check: &Check<'_>) -> Result<Vec<CheckedFile>, StageError> {
        self.same_names()?;
        let verifier = Verifier::new(check.root, check.time);
        let of_platforms = plan.lists().filter(|list| self.manifests.contains_key(&list.sbom.file));
        for list in of_platforms {
            self.verify_platform(list.sbom, &verifier, check)?;
        }
        let lists = plan
            .lists()
            .filter(|list| !self.manifests.contains_key(&list.sbom.file));
        let lists = lists.filter_map(|list| Some((list.artifact, list.sbom.bundle.as_ref()?)));
        let own: Vec<(&FileName, &FileName)> = own_bundles(plan).chain(lists).collect();
        let own_files = own.iter().map(|(file, _)| *file);
        let is_covered = |staged: &StagedFile| plan.bundle.is_some() && staged.kind != FileKind::Bundle;
        let covered = self.files.iter().filter(|(_, staged)| is_covered(staged));
        let mut found = self.read_back(covered.map(|(file, _)| file).chain(own_files));
        let mut checked = Vec::new();
        if let Some(bundle) = &plan.bundle {
            let bundle = self.verify_bundle(bundle, &verifier, check)?;
            for (file, _) in self.files.iter().filter(|(_, staged)| is_covered(staged)) {
                let verified = found.verify(file, &bundle)?;
                checked.push(CheckedFile {
                    file: file.clone(),
                    verified,
                });
            }
        }
        for (file, bundle) in own {
            let bundle = self.verify_bundle(bundle, &verifier, check)?;
            found.verify(file, &bundle)?;
        }
        Ok(checked)
    }

    /// Measures everything again, for a release that nobody signed.
    ///
    /// # Errors
    /// [`StageError::Differs`] when a file is not as it was written.
    pub fn verify_unsigned(&self) -> Result<(), StageError> {
        self.same_names()?;
        let mut found = self.read_back(self.files.keys());
        for (file, staged) in &self.files {
            if *found.measured(file)? != staged.measured {
                return Err(differs(file.as_str(), "with other bytes than were written"));
            }
        }
        Ok(())
    }

    /// Measures files from disk, many at a time.
    fn read_back<'a>(&self, files: impl Iterator<Item = &'a FileName>) -> ReadBack<'a> {
        let files: BTreeSet<&FileName> = files.collect();
        let paths: Vec<_> = files.iter().map(|file| self.path_of(file)).collect();
        let measured = measure_files(&paths, &self.algorithms, self.settings.threads);
        ReadBack(files.into_iter().zip(measured).collect())
    }

    fn same_names(&self) -> Result<(), StageError> {
        let found = names(self.directory.path()).map_err(StageError::io("read the staging directory"))?;
        let expected: BTreeSet<String> = self.files.keys().map(FileName::to_string).collect();
        if let Some(missing) = expected.difference(&found).next() {
            return Err(differs(missing, "missing"));
        }
        match found.difference(&expected).next() {
            Some(foreign) => Err(differs(foreign, "among them")),
            None => Ok(()),
        }
    }

    /// The bundle about the image of one platform, which is no file of its own.
    fn verify_platform(
        &self,
        list: &PlannedSbom,
        verifier: &Verifier<'_>,
        check: &Check<'_>,
    ) -> Result<(), StageError> {
        let (Some(bundle), Some(manifest)) = (&list.bundle, self.manifests.get(&list.file)) else {
            return Ok(());
        };
        let verified = self.verify_bundle(bundle, verifier, check)?;
        let verified = verified.artifact(&Artifact::by_digest(manifest.clone()));
        verified.map(drop).map_err(|rejection| StageError::Rejected {
            file: bundle.to_string(),
            rejection,
        })
    }

    fn verify_bundle(
        &self,
        file: &FileName,
        verifier: &Verifier<'_>,
        check: &Check<'_>,
    ) -> Result<VerifiedBundle, StageError> {
        let json = read(&self.path_of(file)).map_err(StageError::io(format!("read `{file}`")))?;
        let name = || file.to_string();
        let bundle = Bundle::parse(&json).map_err(|problem| StageError::Unreadable { file: name(), problem })?;
        let verified = verifier.verify_bundle(&bundle, check.expectation);
        verified.map_err(|rejection| StageError::Rejected {
            file: name(),
            rejection,
        })
    }
}

/// What was found on disk, or why it could not be read.
struct ReadBack<'a>(BTreeMap<&'a FileName, Result<Measured, MeasureError>>);

impl ReadBack<'_> {
    fn verify(&mut self, file: &FileName, bundle: &VerifiedBundle) -> Result<Verified, StageError> {
        let artifact = Artifact::measured(file.as_str(), self.measured(file)?);
        bundle.artifact(&artifact).map_err(|rejection| StageError::Rejected {
            file: file.to_string(),
            rejection,
        })
    }

    /// A problem is told once: it ends everything.
    fn measured(&mut self, file: &FileName) -> Result<&Measured, StageError> {
        if let Some(Err(_)) = self.0.get(file)
            && let Some(Err(problem)) = self.0.remove(file)
        {
            let file = file.to_string();
            return Err(StageError::Measure { file, problem });
        }
        match self.0.get(file) {
            Some(Ok(measured)) => Ok(measured),
            _ => Err(differs(file.as_str(), "missing")),
        }
    }
}

fn differs(file: &str, found: &'static str) -> StageError {
    let file = file.to_owned();
    StageError::Differs { file, found }
}

fn names(directory: &Path) -> std::io::Result<BTreeSet<String>> {
    let names = fs::read_dir(directory)?.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
    names.collect()
}

fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(MAX_BUNDLE_BYTES + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}
