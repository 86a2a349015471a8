use crate::{BuildLevel, Error};

/// Why verified provenance is not what was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Mismatch {
    /// Somebody else built it.
    #[error("expected builder id `{expected}`, found `{found}`")]
    BuilderId {
        /// Who was expected.
        expected: String,
        /// Who the provenance names.
        found: String,
    },
    /// It was built in another way.
    #[error("expected build type `{expected}`, found `{found}`")]
    BuildType {
        /// What was expected.
        expected: String,
        /// What the provenance says.
        found: String,
    },
    /// It was built from another repository.
    #[error("expected source repository `{expected}`, found {}", shown(found.as_deref()))]
    SourceRepository {
        /// What was expected.
        expected: String,
        /// What the provenance says.
        found: Option<String>,
    },
    /// It was built from another ref.
    #[error("expected source ref `{expected}`, found {}", shown(found.as_deref()))]
    SourceRef {
        /// What was expected.
        expected: String,
        /// What the provenance says.
        found: Option<String>,
    },
    /// It was built from another commit.
    #[error("expected source commit `{expected}`, found {}", shown(found.as_deref()))]
    SourceDigest {
        /// What was expected.
        expected: String,
        /// What the provenance says.
        found: Option<String>,
    },
    /// Whoever asked for the build asked for something else.
    #[error("expected external parameter `{name}` to be `{expected}`, found {}", shown(found.as_deref()))]
    Parameter {
        /// Which one.
        name: String,
        /// What was expected.
        expected: String,
        /// What the provenance says.
        found: Option<String>,
    },
    /// Whoever asked for the build asked for something that nobody expects.
    #[error("expected no external parameter `{name}`, found it to be `{found}`")]
    UnknownParameter {
        /// Which one.
        name: String,
        /// Its value.
        found: String,
    },
    /// Provenance and certificate say different things about the same.
    #[error("expected the provenance to say {} `{expected}` as the certificate does, found `{found}`", field.replace('-', " "))]
    Certificate {
        /// What they differ in, in kebab-case.
        field: &'static str,
        /// What the certificate says.
        expected: String,
        /// What the provenance says.
        found: String,
    },
    /// The signer is not believed that much.
    #[error(
        "expected build level {expected}, found {} for builder `{builder_id}` and this signer",
        found.map_or_else(|| "no root of trust".to_owned(), |level| level.to_string())
    )]
    Level {
        /// What was asked for.
        expected: BuildLevel,
        /// What the roots of trust say.
        found: Option<BuildLevel>,
        /// The builder.
        builder_id: String,
    },
    /// It cannot be read.
    #[error(transparent)]
    Invalid(#[from] Error),
}

impl Mismatch {
    /// The kebab-case code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::BuilderId { .. } => "builder-id-mismatch",
            Self::BuildType { .. } => "build-type-mismatch",
            Self::SourceRepository { .. } => "source-repository-mismatch",
            Self::SourceRef { .. } => "source-ref-mismatch",
            Self::SourceDigest { .. } => "source-digest-mismatch",
            Self::Parameter { .. } => "external-parameter-mismatch",
            Self::UnknownParameter { .. } => "external-parameter-unexpected",
            Self::Certificate { .. } => "provenance-contradicts-certificate",
            Self::Level { .. } => "build-level-too-low",
            Self::Invalid(_) => "provenance-invalid",
        }
    }
}

fn shown(value: Option<&str>) -> String {
    value.map_or_else(|| "none".to_owned(), |value| format!("`{value}`"))
}
