use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use attest_digest::{Measured, measure_file};
use attest_verify::{Artifact, Expectation, TrustRoot, VerificationTime, Verified, VerifiedBundle, Verifier};
use attestation::Bundle;
use attestation::limits::MAX_BUNDLE_BYTES;

use super::sign::own_bundles;
use super::{StageError, Staging};
use crate::FileName;
use crate::plan::{FileKind, Plan};

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
    /// Reads everything back from disk and verifies it, offline: every file by the bundle over all of them, and once more by
    /// its own bundle where it has one.
    ///
    /// # Errors
    /// [`StageError::Rejected`] with the file that does not verify; [`StageError::Differs`] when there is a file too many or
    /// too few.
    pub fn verify(&self, plan: &Plan, check: &Check<'_>) -> Result<Vec<CheckedFile>, StageError> {
        self.same_names()?;
        let verifier = Verifier::new(check.root, check.time);
        let mut checked = Vec::new();
        if let Some(bundle) = &plan.bundle {
            let bundle = self.verify_bundle(bundle, &verifier, check)?;
            for (file, staged) in &self.files {
                if staged.kind != FileKind::Bundle {
                    let verified = self.verify_file(file, &bundle)?;
                    checked.push(CheckedFile {
                        file: file.clone(),
                        verified,
                    });
                }
            }
        }
        for (file, bundle) in own_bundles(plan) {
            let bundle = self.verify_bundle(bundle, &verifier, check)?;
            self.verify_file(file, &bundle)?;
        }
        Ok(checked)
    }

    /// Measures everything again, for a release that nobody signed.
    ///
    /// # Errors
    /// [`StageError::Differs`] when a file is not as it was written.
    pub fn verify_unsigned(&self) -> Result<(), StageError> {
        self.same_names()?;
        for (file, staged) in &self.files {
            if self.measure(file)? != staged.measured {
                return Err(differs(file.as_str(), "with other bytes than were written"));
            }
        }
        Ok(())
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

    fn verify_file(&self, file: &FileName, bundle: &VerifiedBundle) -> Result<Verified, StageError> {
        let measured = self.measure(file)?;
        let verified = bundle.artifact(&Artifact::measured(file.as_str(), &measured));
        verified.map_err(|rejection| StageError::Rejected {
            file: file.to_string(),
            rejection,
        })
    }

    fn measure(&self, file: &FileName) -> Result<Measured, StageError> {
        let measured = measure_file(&self.path_of(file), &self.algorithms);
        measured.map_err(|problem| StageError::Measure {
            file: file.to_string(),
            problem,
        })
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
