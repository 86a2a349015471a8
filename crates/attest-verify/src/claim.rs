use std::fmt;

use crate::InvalidExpectation;

/// The name of something that a certificate of Fulcio says about the build, in kebab-case.
///
/// Source: Fulcio, `docs/oid-info.md`; the arc is `1.3.6.1.4.1.57264.1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClaimName(&'static str);

/// Every claim with the last number of its object identifier. Those from 9 on are DER; those before are bare text.
const CLAIMS: [(u32, ClaimName); 21] = [
    (2, ClaimName::GITHUB_WORKFLOW_TRIGGER),
    (3, ClaimName::GITHUB_WORKFLOW_SHA),
    (4, ClaimName::GITHUB_WORKFLOW_NAME),
    (5, ClaimName::GITHUB_WORKFLOW_REPOSITORY),
    (6, ClaimName::GITHUB_WORKFLOW_REF),
    (9, ClaimName::BUILD_SIGNER_URI),
    (10, ClaimName::BUILD_SIGNER_DIGEST),
    (11, ClaimName::RUNNER_ENVIRONMENT),
    (12, ClaimName::SOURCE_REPOSITORY_URI),
    (13, ClaimName::SOURCE_REPOSITORY_DIGEST),
    (14, ClaimName::SOURCE_REPOSITORY_REF),
    (15, ClaimName::SOURCE_REPOSITORY_IDENTIFIER),
    (16, ClaimName::SOURCE_REPOSITORY_OWNER_URI),
    (17, ClaimName::SOURCE_REPOSITORY_OWNER_IDENTIFIER),
    (18, ClaimName::BUILD_CONFIG_URI),
    (19, ClaimName::BUILD_CONFIG_DIGEST),
    (20, ClaimName::BUILD_TRIGGER),
    (21, ClaimName::RUN_INVOCATION_URI),
    (22, ClaimName::SOURCE_REPOSITORY_VISIBILITY_AT_SIGNING),
    (23, ClaimName::DEPLOYMENT_ENVIRONMENT),
    (24, ClaimName::TOKEN_SUBJECT),
];

/// The first claim that is written as DER.
const FIRST_DER_CLAIM: u32 = 9;

impl ClaimName {
    /// What started the workflow, as old certificates for GitHub say it.
    pub const GITHUB_WORKFLOW_TRIGGER: Self = Self("github-workflow-trigger");
    /// The commit of the workflow, as old certificates for GitHub say it.
    pub const GITHUB_WORKFLOW_SHA: Self = Self("github-workflow-sha");
    /// The name of the workflow, as old certificates for GitHub say it.
    pub const GITHUB_WORKFLOW_NAME: Self = Self("github-workflow-name");
    /// The repository of the workflow, as old certificates for GitHub say it.
    pub const GITHUB_WORKFLOW_REPOSITORY: Self = Self("github-workflow-repository");
    /// The ref of the workflow, as old certificates for GitHub say it.
    pub const GITHUB_WORKFLOW_REF: Self = Self("github-workflow-ref");
    /// The build instructions that asked for the certificate.
    pub const BUILD_SIGNER_URI: Self = Self("build-signer-uri");
    /// Their commit.
    pub const BUILD_SIGNER_DIGEST: Self = Self("build-signer-digest");
    /// Who runs the machine: for GitHub `github-hosted` or `self-hosted`.
    pub const RUNNER_ENVIRONMENT: Self = Self("runner-environment");
    /// The repository that was built.
    pub const SOURCE_REPOSITORY_URI: Self = Self("source-repository-uri");
    /// The commit that was built.
    pub const SOURCE_REPOSITORY_DIGEST: Self = Self("source-repository-digest");
    /// The ref that was built.
    pub const SOURCE_REPOSITORY_REF: Self = Self("source-repository-ref");
    /// The number of the repository.
    pub const SOURCE_REPOSITORY_IDENTIFIER: Self = Self("source-repository-identifier");
    /// The owner of the repository.
    pub const SOURCE_REPOSITORY_OWNER_URI: Self = Self("source-repository-owner-uri");
    /// The number of the owner.
    pub const SOURCE_REPOSITORY_OWNER_IDENTIFIER: Self = Self("source-repository-owner-identifier");
    /// The top-level build instructions.
    pub const BUILD_CONFIG_URI: Self = Self("build-config-uri");
    /// Their commit.
    pub const BUILD_CONFIG_DIGEST: Self = Self("build-config-digest");
    /// What started the build.
    pub const BUILD_TRIGGER: Self = Self("build-trigger");
    /// The run.
    pub const RUN_INVOCATION_URI: Self = Self("run-invocation-uri");
    /// Whether the repository was public when it was signed.
    pub const SOURCE_REPOSITORY_VISIBILITY_AT_SIGNING: Self = Self("source-repository-visibility-at-signing");
    /// The environment that was deployed to.
    pub const DEPLOYMENT_ENVIRONMENT: Self = Self("deployment-environment");
    /// The subject of the identity token.
    pub const TOKEN_SUBJECT: Self = Self("token-subject");

    /// Finds a claim by its name.
    ///
    /// # Errors
    /// When there is none of that name.
    pub fn parse(name: &str) -> Result<Self, InvalidExpectation> {
        Self::all()
            .find(|claim| claim.0 == name)
            .ok_or_else(|| InvalidExpectation::UnknownClaim { found: name.to_owned() })
    }

    /// Every claim there is.
    pub fn all() -> impl Iterator<Item = Self> {
        CLAIMS.iter().map(|(_, claim)| *claim)
    }

    /// The name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.0
    }

    /// The claim whose object identifier ends in this number, and whether it is written as DER.
    pub(crate) fn of_number(number: u32) -> Option<(Self, bool)> {
        let found = CLAIMS.iter().find(|(candidate, _)| *candidate == number);
        found.map(|(number, claim)| (*claim, *number >= FIRST_DER_CLAIM))
    }
}

impl fmt::Display for ClaimName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_claim_is_found_by_its_name_and_its_number() {
        for (number, claim) in CLAIMS {
            assert_eq!(ClaimName::parse(claim.as_str()), Ok(claim));
            assert_eq!(ClaimName::of_number(number), Some((claim, number > 8)));
        }
        let names: std::collections::BTreeSet<ClaimName> = ClaimName::all().collect();
        assert_eq!(names.len(), CLAIMS.len());
    }

    #[test]
    fn there_is_no_claim_of_another_name_or_number() {
        let found = "source-repository".to_owned();
        assert_eq!(
            ClaimName::parse(&found),
            Err(InvalidExpectation::UnknownClaim { found })
        );
        assert_eq!(ClaimName::of_number(8), None);
    }
}
