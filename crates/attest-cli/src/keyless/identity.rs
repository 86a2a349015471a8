use std::path::Path;

use attest_net::IdentitySource;
use attest_sign::IdentityToken;

use super::ambient::Surroundings;
use super::failure;
use super::login::{Flow, LoginArguments, has_browser};
use crate::context::{Context, Environment};
use crate::failure::Failure;

const HOW: &str = "in CI, let the job request identity tokens (GitHub: `permissions: id-token: write`; GitLab: `id_tokens: \
                   SIGSTORE_ID_TOKEN: aud: sigstore`); elsewhere, log in with `--fulcio-auth-flow normal` or `device`, pass \
                   `--identity-token FILE`, or try it all with `attest sandbox`";

/// Who says who signs.
#[derive(Debug)]
pub(super) enum Chosen {
    /// Somebody who needs no person.
    Source(IdentitySource),
    /// A person, who has to log in first.
    Login(Flow),
}

/// A token that was given wins over a login that was asked for, which wins over what the platform offers. A person at a
/// terminal may log in where nothing else is there.
pub(super) fn choose(token: Option<&str>, login: &LoginArguments, context: &Context<'_>) -> Result<Chosen, Failure> {
    if let Some(token) = token {
        return given(token).map(Chosen::Source);
    }
    let surroundings = Surroundings::new(&context.environment);
    if let Some(name) = &login.oidc_provider {
        return surroundings.named(name).map(Chosen::Source);
    }
    if let Some(flow @ (Flow::Normal | Flow::Device)) = login.flow() {
        return Ok(Chosen::Login(flow));
    }
    let looked = match login.oidc_disable_ambient_providers {
        true => String::new(),
        false => match surroundings.detect()? {
            Ok(source) => return Ok(Chosen::Source(source)),
            Err(looked) => looked,
        },
    };
    if login.flow().is_none() && context.person && !is_ci(&context.environment) {
        let flow = match has_browser(&context.environment) {
            true => Flow::Normal,
            false => Flow::Device,
        };
        return Ok(Chosen::Login(flow));
    }
    Err(missing(&looked))
}

/// Nobody logs in to a job of continuous integration, even if it has a terminal.
fn is_ci(environment: &Environment) -> bool {
    environment
        .text("CI")
        .is_some_and(|value| value != "false" && value != "0")
}

fn missing(looked: &str) -> Failure {
    let looked = match looked {
        "" => String::new(),
        looked => format!("; looked for, in this order:{looked}"),
    };
    let message = format_args!("nothing says who signs: no identity token was found{looked}");
    Failure::usage("identity-missing", message).hint(HOW)
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
    use std::time::{Instant, SystemTime};

    use super::*;

    fn chosen(variables: &[(&str, &str)], login: &LoginArguments, person: bool) -> Result<Chosen, Failure> {
        let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
        let context = Context {
            stdout: &mut stdout,
            stderr: &mut stderr,
            interactive: person,
            person,
            program: "attest".to_owned(),
            arguments: Vec::new(),
            environment: variables
                .iter()
                .map(|(name, value)| ((*name).into(), (*value).into()))
                .collect(),
            now: SystemTime::UNIX_EPOCH,
            started: Instant::now(),
        };
        choose(None, login, &context)
    }

    #[test]
    fn without_any_token_it_is_wrong_usage_and_what_was_looked_for_is_told() {
        let failure = chosen(&[], &LoginArguments::default(), false).unwrap_err();
        assert_eq!(failure.code(), "identity-missing");
        for line in [
            "\n  envvar           SIGSTORE_ID_TOKEN and SIGSTORE_IDENTITY_TOKEN are not set",
            "\n  filesystem       there is no /var/run/sigstore/cosign/oidc-token",
        ] {
            assert!(failure.message().contains(line), "{failure}");
        }
    }

    #[test]
    fn a_person_at_a_terminal_logs_in_and_a_job_does_not() {
        let none = LoginArguments::default();
        let flow = |variables: &[(&str, &str)], login: &LoginArguments| match chosen(variables, login, true) {
            Ok(Chosen::Login(flow)) => Some(flow),
            _ => None,
        };
        assert_eq!(flow(&[("BROWSER", "x")], &none), Some(Flow::Normal));
        assert_eq!(flow(&[("SSH_CONNECTION", "x")], &none), Some(Flow::Device));
        assert_eq!(flow(&[("CI", "true")], &none), None);
        assert_eq!(flow(&[("CI", "false"), ("BROWSER", "x")], &none), Some(Flow::Normal));
        let never = LoginArguments {
            fulcio_auth_flow: Some(Flow::Token),
            ..none
        };
        assert_eq!(flow(&[("BROWSER", "x")], &never), None);
    }

    #[test]
    fn a_login_that_was_asked_for_wins_over_the_platform() {
        let variables = [
            ("ACTIONS_ID_TOKEN_REQUEST_URL", "https://x.example.com"),
            ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "t"),
        ];
        let login = LoginArguments {
            oidc_device_flow: true,
            ..LoginArguments::default()
        };
        assert!(matches!(
            chosen(&variables, &login, false),
            Ok(Chosen::Login(Flow::Device))
        ));
        let none = LoginArguments::default();
        assert!(matches!(chosen(&variables, &none, true), Ok(Chosen::Source(_))));
        let alone = LoginArguments {
            oidc_disable_ambient_providers: true,
            ..none
        };
        assert_eq!(
            chosen(&variables, &alone, false).unwrap_err().code(),
            "identity-missing"
        );
    }

    #[test]
    fn what_is_neither_token_nor_file_is_not_shown() {
        let failure = given("/nowhere/a.b.c").unwrap_err();
        assert_eq!(failure.code(), "identity-token-invalid");
        assert!(!failure.to_string().contains("a.b.c"));
        let failure = chosen(&[("SIGSTORE_ID_TOKEN", "a.b")], &LoginArguments::default(), false).unwrap_err();
        assert_eq!(failure.code(), "identity-token-invalid");
    }
}
