use attest_verify::{ClaimName, Expected};

use super::invalid;
use super::signer::{github_repository, not_a};
use crate::failure::Failure;

/// What the certificate has to say about the build.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "What the certificate has to say")]
pub(in super::super) struct ClaimArguments {
    /// The repository that was built; alone it also stands for any of its workflows as the signer, if it is on GitHub
    #[arg(long, short = 'R', value_name = "URL|OWNER/REPOSITORY", visible_alias = "repo")]
    pub(super) source_repository: Option<String>,
    /// The owner of the repository that was built; alone it also stands for any of their workflows as the signer
    #[arg(long, value_name = "URL|OWNER", conflicts_with = "key")]
    owner: Option<String>,
    /// The ref that was built, such as refs/tags/v1.0.0
    #[arg(long, value_name = "REF")]
    pub(in super::super) source_ref: Option<String>,
    /// The commit that was built
    #[arg(long, value_name = "COMMIT")]
    pub(in super::super) source_digest: Option<String>,
    /// The commit of the workflow that signed
    #[arg(long, value_name = "COMMIT", conflicts_with = "key")]
    signer_digest: Option<String>,
    /// Who runs the machine: for GitHub github-hosted or self-hosted
    #[arg(long, value_name = "WHO", conflicts_with = "key")]
    runner_environment: Option<String>,
    /// The same as --runner-environment github-hosted
    #[arg(long, conflicts_with_all = ["runner_environment", "key"])]
    deny_self_hosted_runners: bool,
    /// Anything else, by the name of Fulcio's extension, such as build-trigger=push
    #[arg(long, value_name = "NAME=VALUE", conflicts_with = "key")]
    certificate_claim: Vec<String>,
    /// The same with a regular expression, which has to match the whole of it
    #[arg(long, value_name = "NAME=PATTERN", conflicts_with = "key")]
    certificate_claim_regexp: Vec<String>,
    /// The event that started the workflow, as old certificates for GitHub say it
    #[arg(long, value_name = "EVENT", conflicts_with = "key")]
    certificate_github_workflow_trigger: Option<String>,
    /// The commit of the workflow, likewise
    #[arg(long, value_name = "COMMIT", conflicts_with = "key")]
    certificate_github_workflow_sha: Option<String>,
    /// The name of the workflow, likewise
    #[arg(long, value_name = "NAME", conflicts_with = "key")]
    certificate_github_workflow_name: Option<String>,
    /// The repository of the workflow, likewise
    #[arg(long, value_name = "OWNER/REPOSITORY", conflicts_with = "key")]
    certificate_github_workflow_repository: Option<String>,
    /// The ref of the workflow, likewise
    #[arg(long, value_name = "REF", conflicts_with = "key")]
    certificate_github_workflow_ref: Option<String>,
}

impl ClaimArguments {
    /// Every claim that has to be made, with what it has to say.
    pub(super) fn read(&self) -> Result<Vec<(ClaimName, Expected)>, Failure> {
        let mut claims = Vec::new();
        for (claim, value) in self.exact()? {
            if let Some(value) = value {
                claims.push((claim, Expected::exact(&value).map_err(invalid)?));
            }
        }
        for text in &self.certificate_claim {
            let (claim, value) = named("--certificate-claim", text)?;
            claims.push((claim, Expected::exact(value).map_err(invalid)?));
        }
        for text in &self.certificate_claim_regexp {
            let (claim, pattern) = named("--certificate-claim-regexp", text)?;
            claims.push((claim, Expected::pattern(pattern).map_err(invalid)?));
        }
        Ok(claims)
    }

    fn exact(&self) -> Result<[(ClaimName, Option<String>); 11], Failure> {
        let hosted = self.deny_self_hosted_runners.then(|| "github-hosted".to_owned());
        Ok([
            (ClaimName::SOURCE_REPOSITORY_URI, self.source_repository_url()?),
            (ClaimName::SOURCE_REPOSITORY_OWNER_URI, self.owner_url()),
            (ClaimName::SOURCE_REPOSITORY_REF, self.source_ref.clone()),
            (ClaimName::SOURCE_REPOSITORY_DIGEST, self.source_digest.clone()),
            (ClaimName::BUILD_SIGNER_DIGEST, self.signer_digest.clone()),
            (
                ClaimName::RUNNER_ENVIRONMENT,
                self.runner_environment.clone().or(hosted),
            ),
            (
                ClaimName::GITHUB_WORKFLOW_TRIGGER,
                self.certificate_github_workflow_trigger.clone(),
            ),
            (
                ClaimName::GITHUB_WORKFLOW_SHA,
                self.certificate_github_workflow_sha.clone(),
            ),
            (
                ClaimName::GITHUB_WORKFLOW_NAME,
                self.certificate_github_workflow_name.clone(),
            ),
            (
                ClaimName::GITHUB_WORKFLOW_REPOSITORY,
                self.certificate_github_workflow_repository.clone(),
            ),
            (
                ClaimName::GITHUB_WORKFLOW_REF,
                self.certificate_github_workflow_ref.clone(),
            ),
        ])
    }

    /// A URL as it is, or that of a repository on GitHub.
    pub(in super::super) fn source_repository_url(&self) -> Result<Option<String>, Failure> {
        let Some(text) = &self.source_repository else {
            return Ok(None);
        };
        if text.contains("://") {
            return Ok(Some(text.clone()));
        }
        match github_repository(text) {
            Some(url) => Ok(Some(url)),
            None => Err(not_a("--source-repository", "a URL or OWNER/REPOSITORY", text)),
        }
    }

    pub(super) fn owner_url(&self) -> Option<String> {
        let owner = self.owner.as_ref()?;
        Some(match owner.contains("://") {
            true => owner.clone(),
            false => format!("https://github.com/{owner}"),
        })
    }
}

fn named<'a>(flag: &str, text: &'a str) -> Result<(ClaimName, &'a str), Failure> {
    let (name, value) = text.split_once('=').ok_or_else(|| not_a(flag, "NAME=VALUE", text))?;
    match ClaimName::parse(name) {
        Ok(claim) => Ok((claim, value)),
        Err(error) => {
            let names: Vec<&str> = ClaimName::all().map(ClaimName::as_str).collect();
            Err(invalid(error)
                .at(flag)
                .hint(format_args!("the names are {}", names.join(", "))))
        }
    }
}
