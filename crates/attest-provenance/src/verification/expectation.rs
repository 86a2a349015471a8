use std::collections::BTreeMap;

use super::{BuildClaims, Mismatch, source};

/// What a build has to have been. What is not said may be anything, except for external parameters: one that neither the
/// build type defines nor anybody expects is a mismatch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BuildExpectation {
    /// Who built. Without `@` and what follows, any version of that builder.
    pub builder_id: Option<String>,
    /// How the parameters are to be read.
    pub build_type: Option<String>,
    /// The repository that was built, with or without `git+` and `https://`; with `@REF` also at which ref.
    pub source_uri: Option<String>,
    /// The ref that was built.
    pub source_ref: Option<String>,
    /// The commit that was built.
    pub source_digest: Option<String>,
    /// External parameters by their paths, such as `inputs.flavour`.
    pub parameters: BTreeMap<String, String>,
}

impl BuildExpectation {
    /// Holds what provenance says against it.
    ///
    /// # Errors
    /// [`Mismatch`] names the first field that is something else.
    pub fn check(&self, claims: &BuildClaims) -> Result<(), Mismatch> {
        self.check_builder(claims)?;
        self.check_source(claims)?;
        self.check_parameters(claims)
    }

    fn check_builder(&self, claims: &BuildClaims) -> Result<(), Mismatch> {
        if let Some(expected) = self
            .builder_id
            .as_ref()
            .filter(|id| !is_builder(id, &claims.builder_id))
        {
            return Err(Mismatch::BuilderId {
                expected: expected.clone(),
                found: claims.builder_id.clone(),
            });
        }
        match self.build_type.as_ref().filter(|type_| **type_ != claims.build_type) {
            None => Ok(()),
            Some(expected) => Err(Mismatch::BuildType {
                expected: expected.clone(),
                found: claims.build_type.clone(),
            }),
        }
    }

    fn check_source(&self, claims: &BuildClaims) -> Result<(), Mismatch> {
        let found = claims.source.as_ref();
        let (location, reference) = match self.source_uri.as_deref().map(source::split_ref) {
            Some((location, reference)) => (Some(source::repository(location)), reference),
            None => (None, None),
        };
        let repository = found.map(|found| found.repository.clone());
        if let Some(expected) = location.filter(|location| Some(location) != repository.as_ref()) {
            let found = repository;
            return Err(Mismatch::SourceRepository { expected, found });
        }
        let said = found.and_then(|found| found.reference.clone());
        for expected in [reference, self.source_ref.as_deref()].into_iter().flatten() {
            if Some(expected) != said.as_deref() {
                let (expected, found) = (expected.to_owned(), said);
                return Err(Mismatch::SourceRef { expected, found });
            }
        }
        let commit = found.and_then(|found| found.commit.clone());
        match self
            .source_digest
            .as_ref()
            .filter(|digest| Some(*digest) != commit.as_ref())
        {
            None => Ok(()),
            Some(expected) => Err(Mismatch::SourceDigest {
                expected: expected.clone(),
                found: commit,
            }),
        }
    }

    fn check_parameters(&self, claims: &BuildClaims) -> Result<(), Mismatch> {
        for (name, expected) in &self.parameters {
            let found = claims.parameters.get(name);
            if found != Some(expected) {
                return Err(Mismatch::Parameter {
                    name: name.clone(),
                    expected: expected.clone(),
                    found: found.cloned(),
                });
            }
        }
        let is_known = |name: &String| self.parameters.contains_key(name) || claims.recognised.contains(&name.as_str());
        match claims.parameters.iter().find(|(name, _)| !is_known(name)) {
            None => Ok(()),
            Some((name, found)) => Err(Mismatch::UnknownParameter {
                name: name.clone(),
                found: found.clone(),
            }),
        }
    }
}

/// Whether a builder is the expected one, at any version if none is expected.
pub(super) fn is_builder(expected: &str, found: &str) -> bool {
    expected == found || (!expected.contains('@') && found.split_once('@').is_some_and(|(id, _)| id == expected))
}
