use attest_sign::Session;
use attestation::{Payload, Predicate, Statement, Subject};
use serde::Serialize;

use super::{StageError, Staging};
use crate::FileName;
use crate::plan::{FileKind, Plan};

/// Who signed a release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// The identity in the certificate.
    pub identity: String,
    /// Who vouched for it.
    pub issuer: String,
    /// How many bundles there are, all by one certificate.
    pub bundles: usize,
}

impl Staging {
    /// States how every file so far was made; the digests are those that were measured while the files were written.
    ///
    /// # Errors
    /// When there is no file.
    pub fn state<P: Predicate + Serialize>(&self, predicate: P) -> Result<Payload, StageError> {
        let subjects = self
            .files
            .iter()
            .map(|(name, file)| Subject::measured(name.as_str(), &file.measured));
        let statement = Statement::new(subjects.collect(), predicate);
        Ok(statement
            .map_err(|problem| StageError::Statement { problem })?
            .to_payload())
    }

    /// Writes the statement as it is, for a release that nobody signs.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn keep_unsigned(&mut self, plan: &Plan, statement: &Payload) -> Result<(), StageError> {
        match &plan.provenance {
            Some(file) => self.write(file, FileKind::Provenance, statement.as_bytes()),
            None => Ok(()),
        }
    }

    /// Signs the statement, what is in each file that has a list, and each archive where that is wanted, all with one
    /// certificate.
    ///
    /// # Errors
    /// When a service fails or the certificate is not one that could be asked for.
    pub fn sign(&mut self, plan: &Plan, statement: &Payload, session: &Session<'_>) -> Result<Signed, StageError> {
        let issuer = session.issuer().ok_or(StageError::NoIssuer)?.to_owned();
        // What has an issuer has a certificate, and a certificate that names nobody is not read.
        let identity = session.identity().unwrap_or_default().to_owned();
        let problem = |problem| StageError::Sign { problem };
        let mut bundles: Vec<(FileName, Vec<u8>)> = Vec::new();
        if let Some(file) = &plan.bundle {
            let bundle = session.sign_statement(statement).map_err(problem)?;
            bundles.push((file.clone(), bundle.as_json().to_vec()));
        }
        for (artifact, bundle) in own_bundles(plan) {
            let Some(staged) = self.files.get(artifact) else {
                continue;
            };
            let signed = session.sign_artifact(&staged.measured).map_err(problem)?;
            bundles.push((bundle.clone(), signed.as_json().to_vec()));
        }
        for (bundle, statement) in self.contents(plan)? {
            let signed = session.sign_statement(&statement).map_err(problem)?;
            bundles.push((bundle, signed.as_json().to_vec()));
        }
        for (file, json) in &bundles {
            self.write(file, FileKind::Bundle, json)?;
        }
        Ok(Signed {
            identity,
            issuer,
            bundles: bundles.len(),
        })
    }
}

/// Every artifact that has a bundle of its own, with that bundle.
pub(super) fn own_bundles(plan: &Plan) -> impl Iterator<Item = (&FileName, &FileName)> {
    let archives = plan
        .archives
        .iter()
        .map(|archive| (&archive.file, archive.bundle.as_ref()));
    let sources = plan.sources.iter().map(|source| (&source.file, source.bundle.as_ref()));
    let sets = plan.file_sets.iter().map(|set| (&set.file, set.bundle.as_ref()));
    let charts = plan.charts.iter().map(|chart| (&chart.file, chart.bundle.as_ref()));
    let distributions = plan
        .distributions
        .iter()
        .map(|found| (&found.file, found.bundle.as_ref()));
    let images = plan.images.iter().map(|image| (&image.file, image.bundle.as_ref()));
    archives
        .chain(sources)
        .chain(sets)
        .chain(charts)
        .chain(distributions)
        .chain(images)
        .filter_map(|(file, bundle)| Some((file, bundle?)))
}
