use std::path::Path;

use attest_net::{Endpoint, IdentitySource};
use attest_sign::IdentityToken;

use super::failure;
use crate::context::Environment;
use crate::failure::Failure;

/// Where cosign's provider for platforms with projected tokens finds one.
const PROJECTED: &str = "/var/run/sigstore/cosign/oidc-token";

const HOW: &str = "in CI, let the job request identity tokens (GitHub: `permissions: id-token: write`; GitLab: `id_tokens: \
                   SIGSTORE_ID_TOKEN: aud: sigstore`); elsewhere, pass `--identity-token FILE`, or try it all with `attest \
                   sandbox`";

/// An argument wins over `SIGSTORE_ID_TOKEN`, which wins over what the platform offers.
pub(super) fn source(argument: Option<&str>, environment: &Environment) -> Result<IdentitySource, Failure> {
    if let Some(argument) = argument {
        return given(argument);
    }
    if let Some(token) = environment.text("SIGSTORE_ID_TOKEN") {
        let token = IdentityToken::parse(token).map_err(|error| failure(&error).at("SIGSTORE_ID_TOKEN"))?;
        return Ok(IdentitySource::Given(token));
    }
    let url = environment.text("ACTIONS_ID_TOKEN_REQUEST_URL");
    let token = environment.text("ACTIONS_ID_TOKEN_REQUEST_TOKEN");
    if let (Some(url), Some(token)) = (url, token) {
        let request_url =
            Endpoint::parse(url).map_err(|error| failure::net(&error).at("ACTIONS_ID_TOKEN_REQUEST_URL"))?;
        return Ok(IdentitySource::GithubActions {
            request_url,
            request_token: token.to_owned(),
        });
    }
    match Path::new(PROJECTED).is_file() {
        true => Ok(IdentitySource::File(PROJECTED.into())),
        false => Err(Failure::usage(
            "identity-missing",
            "nothing says who signs: no identity token was found",
        )
        .hint(HOW)),
    }
}

/// A file wins over a token of the same spelling; nobody names a file like a token.
fn given(argument: &str) -> Result<IdentitySource, Failure> {
    let path = Path::new(argument);
    if path.is_file() {
        return Ok(IdentitySource::File(path.to_owned()));
    }
    match argument.matches('.').count() {
        2 if !argument.contains(['/', '\\']) => {
            let token = IdentityToken::parse(argument).map_err(|error| failure(&error).at("--identity-token"))?;
            Ok(IdentitySource::Given(token))
        }
        // Nothing of it is shown: it may be a token that was cut.
        _ => Err(Failure::usage(
            "identity-token-invalid",
            "expected an identity token or a file that holds one",
        )
        .at("--identity-token")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(variables: &[(&str, &str)]) -> Environment {
        variables
            .iter()
            .map(|(name, value)| ((*name).into(), (*value).into()))
            .collect()
    }

    #[test]
    fn the_token_service_of_a_job_is_found() {
        let environment = environment(&[
            ("ACTIONS_ID_TOKEN_REQUEST_URL", "https://token.example.com/?a=1"),
            ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "secret"),
        ]);
        let source = source(None, &environment).unwrap();
        assert!(matches!(&source, IdentitySource::GithubActions { .. }));
        assert!(!format!("{source:?}").contains("secret"));
    }

    #[test]
    fn without_any_token_it_is_wrong_usage() {
        let failure = source(None, &environment(&[])).unwrap_err();
        assert_eq!(failure.code(), "identity-missing");
    }

    #[test]
    fn what_is_neither_token_nor_file_is_not_shown() {
        let failure = source(Some("/nowhere/a.b.c"), &environment(&[])).unwrap_err();
        assert_eq!(failure.code(), "identity-token-invalid");
        assert!(!failure.to_string().contains("a.b.c"));
        let failure = source(None, &environment(&[("SIGSTORE_ID_TOKEN", "a.b")])).unwrap_err();
        assert_eq!(failure.code(), "identity-token-invalid");
    }
}
