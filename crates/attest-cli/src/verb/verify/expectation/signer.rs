use attest_verify::{CertificateIdentity, Expectation, OidcIssuer};

use super::{ClaimArguments, IdentityArguments, invalid};
use crate::failure::Failure;

/// Who vouches for every workflow of GitHub Actions.
const GITHUB_ISSUER: &str = "https://token.actions.githubusercontent.com";

/// Whom a certificate has to be for, and how to say it.
pub(super) struct Signer {
    pub(super) expectation: Expectation,
    pub(super) shown: Vec<(&'static str, String)>,
}

/// A text, or a pattern for one.
enum Wanted {
    Exact(String),
    Pattern(String),
}

impl Signer {
    /// What the arguments say; nothing when they name nobody.
    ///
    /// A workflow, repository or owner of GitHub names the issuer as well: only GitHub vouches for its workflows.
    pub(super) fn read(arguments: &IdentityArguments, claims: &ClaimArguments) -> Result<Option<Self>, Failure> {
        let exact = |text: &Option<String>| text.clone().map(Wanted::Exact);
        let pattern = |text: &Option<String>| text.clone().map(Wanted::Pattern);
        let named = exact(&arguments.certificate_identity).or(pattern(&arguments.certificate_identity_regexp));
        let on_github = match &named {
            Some(_) => None,
            None => github_workflow(arguments, claims)?,
        };
        let issuer = exact(&arguments.certificate_oidc_issuer)
            .or(pattern(&arguments.certificate_oidc_issuer_regexp))
            .or(on_github.as_ref().map(|_| Wanted::Exact(GITHUB_ISSUER.to_owned())));
        let Some(identity) = named.or(on_github) else {
            return Ok(None);
        };
        match (issuer, arguments.certificate_without_oidc_issuer) {
            (Some(issuer), _) => Self::new(&identity, Some(&issuer)).map(Some),
            (None, true) => Self::new(&identity, None).map(Some),
            (None, false) => Ok(None),
        }
    }

    fn new(identity: &Wanted, issuer: Option<&Wanted>) -> Result<Self, Failure> {
        let who = match identity {
            Wanted::Exact(text) => CertificateIdentity::parse(text),
            Wanted::Pattern(pattern) => CertificateIdentity::pattern(pattern),
        };
        let who = who.map_err(invalid)?;
        let identity = identity.shown("certificateIdentity", "certificateIdentityRegexp");
        let Some(issuer) = issuer else {
            return Ok(Self {
                expectation: Expectation::certificate_of_own_authority(who),
                shown: vec![identity],
            });
        };
        let by = match issuer {
            Wanted::Exact(text) => OidcIssuer::parse(text),
            Wanted::Pattern(pattern) => OidcIssuer::pattern(pattern),
        };
        Ok(Self {
            expectation: Expectation::certificate(who, by.map_err(invalid)?),
            shown: vec![
                identity,
                issuer.shown("certificateOidcIssuer", "certificateOidcIssuerRegexp"),
            ],
        })
    }
}

impl Wanted {
    fn shown(&self, exact: &'static str, pattern: &'static str) -> (&'static str, String) {
        match self {
            Self::Exact(text) => (exact, text.clone()),
            Self::Pattern(text) => (pattern, text.clone()),
        }
    }
}

/// The identity that GitHub gives to a workflow: its URL, at a ref.
fn github_workflow(arguments: &IdentityArguments, claims: &ClaimArguments) -> Result<Option<Wanted>, Failure> {
    if let Some(workflow) = &arguments.signer_workflow {
        return signer_workflow(workflow).map(Some);
    }
    if let Some(repository) = &arguments.signer_repo {
        let expected = "OWNER/REPOSITORY";
        let url = github_repository(repository).ok_or_else(|| not_a("--signer-repo", expected, repository))?;
        return Ok(Some(any_workflow_of(&escape(&url))));
    }
    if let Some(url) = claims.source_repository_url()?.filter(|url| is_github_repository(url)) {
        return Ok(Some(any_workflow_of(&escape(&url))));
    }
    let owner = claims.owner_url().filter(|url| url.starts_with("https://github.com/"));
    Ok(owner.map(|url| any_workflow_of(&format!("{}/[^/]+", escape(&url)))))
}

fn any_workflow_of(repository: &str) -> Wanted {
    Wanted::Pattern(format!(r"{repository}/\.github/workflows/[^@]+@.+"))
}

/// `OWNER/REPOSITORY/PATH[@REF]`, with or without `https://github.com/`.
fn signer_workflow(text: &str) -> Result<Wanted, Failure> {
    let path = text.strip_prefix("https://").unwrap_or(text);
    let path = path.strip_prefix("github.com/").unwrap_or(path);
    let (workflow, at) = path
        .split_once('@')
        .map_or((path, None), |(workflow, at)| (workflow, Some(at)));
    if workflow.split('/').filter(|part| !part.is_empty()).count() < 3 || at.is_some_and(str::is_empty) {
        return Err(not_a("--signer-workflow", "OWNER/REPOSITORY/PATH[@REF]", text));
    }
    Ok(match at {
        Some(at) => Wanted::Exact(format!("https://github.com/{workflow}@{at}")),
        None => Wanted::Pattern(format!("{}@.+", escape(&format!("https://github.com/{workflow}")))),
    })
}

/// The URL of `OWNER/REPOSITORY`, or of one that is written as a URL already.
pub(super) fn github_repository(text: &str) -> Option<String> {
    let path = text.strip_prefix("https://").unwrap_or(text);
    let path = path.strip_prefix("github.com/").unwrap_or(path);
    let (owner, name) = path.split_once('/')?;
    let is_part = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c));
    (is_part(owner) && is_part(name)).then(|| format!("https://github.com/{path}"))
}

fn is_github_repository(url: &str) -> bool {
    url.starts_with("https://github.com/") && github_repository(url).is_some()
}

/// The text as a pattern that matches nothing but itself.
fn escape(text: &str) -> String {
    text.chars().fold(String::new(), |mut escaped, c| {
        if r"\.+*?()|[]{}^$#&-~".contains(c) {
            escaped.push('\\');
        }
        escaped.push(c);
        escaped
    })
}

pub(in super::super) fn not_a(flag: &str, expected: &str, found: &str) -> Failure {
    let message = format!("expected {expected}, found `{}`", crate::visible::visible(found));
    Failure::usage("expectation-invalid", message).at(flag)
}

#[cfg(test)]
mod tests {
    use attest_verify::CertificateIdentity;

    use super::*;

    fn pattern(wanted: Wanted) -> String {
        match wanted {
            Wanted::Pattern(pattern) => pattern,
            Wanted::Exact(text) => panic!("exactly {text}"),
        }
    }

    #[test]
    fn a_workflow_without_a_ref_is_a_pattern_for_every_ref_of_that_workflow_alone() {
        let pattern = pattern(signer_workflow("acme/app/.github/workflows/release.yml").unwrap());
        let identity = CertificateIdentity::pattern(&pattern).unwrap();
        let matches = |text: &str| identity.expected().matches(text);
        assert!(matches(
            "https://github.com/acme/app/.github/workflows/release.yml@refs/tags/v1"
        ));
        assert!(!matches(
            "https://github.com/acme/app/xgithub/workflows/release.yml@refs/tags/v1"
        ));
        assert!(!matches("https://github.com/acme/app/.github/workflows/release.yml"));
        assert!(!matches(
            "https://evil.example/https://github.com/acme/app/.github/workflows/release.yml@v1"
        ));
    }

    #[test]
    fn a_workflow_with_a_ref_is_exact() {
        let wanted = signer_workflow("https://github.com/acme/app/.github/workflows/r.yml@refs/tags/v1").unwrap();
        let expected = "https://github.com/acme/app/.github/workflows/r.yml@refs/tags/v1";
        assert!(matches!(wanted, Wanted::Exact(text) if text == expected));
        for wrong in ["acme/app", "acme//x", "a/b/c@"] {
            assert_eq!(signer_workflow(wrong).err().unwrap().code(), "expectation-invalid");
        }
    }

    #[test]
    fn a_repository_matches_its_workflows_and_not_those_of_one_whose_name_begins_alike() {
        let url = github_repository("acme/app").unwrap();
        let pattern = pattern(any_workflow_of(&escape(&url)));
        let identity = CertificateIdentity::pattern(&pattern).unwrap();
        let matches = |text: &str| identity.expected().matches(text);
        assert!(matches(
            "https://github.com/acme/app/.github/workflows/ci.yml@refs/heads/main"
        ));
        assert!(!matches(
            "https://github.com/acme/app-evil/.github/workflows/ci.yml@refs/heads/main"
        ));
        for wrong in ["acme", "acme/", "acme/app/x", "acme/a pp", "https://gitlab.com/a/b"] {
            assert_eq!(github_repository(wrong), None);
        }
    }
}
