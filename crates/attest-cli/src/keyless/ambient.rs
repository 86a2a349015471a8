use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use attest_net::{AgentCommand, Endpoint, IdentitySource, Secret};
use attest_sign::IdentityToken;

use super::failure;
use crate::context::Environment;
use crate::failure::Failure;

/// Where cosign's provider for platforms with projected tokens finds one.
const PROJECTED: &str = "/var/run/sigstore/cosign/oidc-token";

/// What the firmware of a machine says it is.
const PRODUCT_NAME: &str = "/sys/class/dmi/id/product_name";

/// Where a Google machine asks for a token of the account that it runs as.
const GOOGLE_PATH: &str = "/computeMetadata/v1/instance/service-accounts/default/identity";

/// Everything outside of this process in which platforms leave their traces.
pub(super) struct Surroundings<'a> {
    pub(super) environment: &'a Environment,
    pub(super) projected: PathBuf,
    pub(super) product_name: PathBuf,
}

/// One way in which a platform hands out tokens without a person.
struct Provider {
    /// As cosign names it, where it has it.
    name: &'static str,
    also: &'static [&'static str],
    detect: fn(&Surroundings<'_>) -> Result<Detected, Failure>,
}

enum Detected {
    Source(IdentitySource),
    /// What was looked for and is not there.
    Absent(String),
}

/// In the order in which they are asked: what was put there on purpose wins over what a machine happens to be.
const PROVIDERS: [Provider; 7] = [
    Provider {
        name: "envvar",
        also: &[],
        detect: variable,
    },
    Provider {
        name: "github-actions",
        also: &["github"],
        detect: github,
    },
    Provider {
        name: "gitlab",
        also: &[],
        detect: gitlab,
    },
    Provider {
        name: "buildkite-agent",
        also: &["buildkite"],
        detect: buildkite,
    },
    Provider {
        name: "circleci",
        also: &[],
        detect: circleci,
    },
    Provider {
        name: "filesystem",
        also: &[],
        detect: file,
    },
    Provider {
        name: "google",
        also: &["google-workload-identity"],
        detect: google,
    },
];

impl<'a> Surroundings<'a> {
    pub(super) fn new(environment: &'a Environment) -> Self {
        Self {
            environment,
            projected: PROJECTED.into(),
            product_name: PRODUCT_NAME.into(),
        }
    }

    /// The first provider that is there, or the list of what was looked for.
    pub(super) fn detect(&self) -> Result<Result<IdentitySource, String>, Failure> {
        let mut looked = String::new();
        for provider in &PROVIDERS {
            match (provider.detect)(self)? {
                Detected::Source(source) => return Ok(Ok(source)),
                Detected::Absent(why) => {
                    let _ = write!(looked, "\n  {:<16} {why}", provider.name);
                }
            }
        }
        Ok(Err(looked))
    }

    /// The provider of this name, and no other.
    pub(super) fn named(&self, name: &str) -> Result<IdentitySource, Failure> {
        let provider = PROVIDERS
            .iter()
            .find(|provider| provider.name == name || provider.also.contains(&name))
            .ok_or_else(|| unknown(name))?;
        match (provider.detect)(self)? {
            Detected::Source(source) => Ok(source),
            Detected::Absent(why) => Err(Failure::usage(
                "identity-provider-absent",
                format_args!("the identity provider `{name}` is not here: {why}"),
            )
            .hint("leave out `--oidc-provider` to see what is looked for, or pass `--identity-token FILE`")),
        }
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.environment.text(name)
    }

    /// The program of this name on `PATH`.
    fn program(&self, name: &str) -> Option<PathBuf> {
        let path = self.text("PATH")?;
        std::env::split_paths(path)
            .filter(|directory| directory.is_absolute())
            .map(|directory| directory.join(name))
            .find(|program| is_executable(program))
    }
}

fn variable(surroundings: &Surroundings<'_>) -> Result<Detected, Failure> {
    // The second is what sigstore-python reads.
    for name in ["SIGSTORE_ID_TOKEN", "SIGSTORE_IDENTITY_TOKEN"] {
        if let Some(token) = surroundings.text(name) {
            let token = IdentityToken::parse(token).map_err(|error| failure(&error).at(name))?;
            return Ok(Detected::Source(IdentitySource::Given(token)));
        }
    }
    absent("SIGSTORE_ID_TOKEN and SIGSTORE_IDENTITY_TOKEN are not set")
}

fn github(surroundings: &Surroundings<'_>) -> Result<Detected, Failure> {
    let url = surroundings.text("ACTIONS_ID_TOKEN_REQUEST_URL");
    let token = surroundings.text("ACTIONS_ID_TOKEN_REQUEST_TOKEN");
    match (url, token) {
        (Some(url), Some(token)) => Ok(Detected::Source(IdentitySource::GithubActions {
            request_url: Endpoint::parse(url)
                .map_err(|error| failure::net(&error).at("ACTIONS_ID_TOKEN_REQUEST_URL"))?,
            request_token: Secret::new(token),
        })),
        _ if surroundings.text("GITHUB_ACTIONS").is_some() => {
            absent("this job may not ask for a token: give it `permissions: id-token: write`")
        }
        _ => absent("ACTIONS_ID_TOKEN_REQUEST_URL and ACTIONS_ID_TOKEN_REQUEST_TOKEN are not both set"),
    }
}

/// A job of GitLab has its token in a variable that it names itself; the name that counts is looked at first of all.
fn gitlab(surroundings: &Surroundings<'_>) -> Result<Detected, Failure> {
    if surroundings.text("GITLAB_CI").is_none() {
        return absent("GITLAB_CI is not set");
    }
    match variable(surroundings)? {
        Detected::Absent(_) => {
            absent("this job has no SIGSTORE_ID_TOKEN: give it `id_tokens: SIGSTORE_ID_TOKEN: aud: sigstore`")
        }
        found => Ok(found),
    }
}

/// The program knows the agent that runs the job; a container without it has the variables only.
fn buildkite(surroundings: &Surroundings<'_>) -> Result<Detected, Failure> {
    let access_token = surroundings.text("BUILDKITE_AGENT_ACCESS_TOKEN");
    if surroundings.text("BUILDKITE").is_none() && access_token.is_none() {
        return absent("BUILDKITE and BUILDKITE_AGENT_ACCESS_TOKEN are not set");
    }
    if let Some(program) = surroundings.program("buildkite-agent") {
        let arguments = ["oidc", "request-token", "--audience", "sigstore"];
        return agent(program, &arguments);
    }
    let (Some(access_token), Some(job)) = (access_token, surroundings.text("BUILDKITE_JOB_ID")) else {
        return absent("no buildkite-agent on PATH, and no BUILDKITE_AGENT_ACCESS_TOKEN with BUILDKITE_JOB_ID");
    };
    if !job.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
        return Err(Failure::usage(
            "identity-provider-invalid",
            "expected a job id of letters, digits and hyphens, found something else",
        )
        .at("BUILDKITE_JOB_ID"));
    }
    let place = "BUILDKITE_AGENT_ENDPOINT";
    let endpoint = surroundings.text(place).unwrap_or("https://agent.buildkite.com/v3");
    Ok(Detected::Source(IdentitySource::Buildkite {
        endpoint: Endpoint::parse(endpoint).map_err(|error| failure::net(&error).at(place))?,
        access_token: Secret::new(access_token),
        job: job.to_owned(),
    }))
}

/// The token that lies in the environment of every job is for the organisation; the program gets one for Sigstore.
fn circleci(surroundings: &Surroundings<'_>) -> Result<Detected, Failure> {
    if surroundings.text("CIRCLECI").is_none() {
        return absent("CIRCLECI is not set");
    }
    if let Some(program) = surroundings.program("circleci") {
        let arguments = [
            "run",
            "oidc",
            "get",
            "--claims",
            r#"{"aud":"sigstore"}"#,
            "--root-issuer",
        ];
        return agent(program, &arguments);
    }
    let place = "CIRCLE_OIDC_TOKEN_V2";
    match surroundings.text(place) {
        Some(token) => {
            let token = IdentityToken::parse(token).map_err(|error| failure(&error).at(place))?;
            Ok(Detected::Source(IdentitySource::Given(token)))
        }
        None => absent("no circleci on PATH, and no CIRCLE_OIDC_TOKEN_V2"),
    }
}

fn file(surroundings: &Surroundings<'_>) -> Result<Detected, Failure> {
    match surroundings.projected.is_file() {
        true => Ok(Detected::Source(IdentitySource::File(surroundings.projected.clone()))),
        false => absent(&format!("there is no {}", surroundings.projected.display())),
    }
}

/// Only a machine that says it is Google's is asked, so that nobody else waits for an answer that never comes.
fn google(surroundings: &Surroundings<'_>) -> Result<Detected, Failure> {
    let named = surroundings.text("GCE_METADATA_HOST");
    let product = std::fs::read_to_string(&surroundings.product_name).unwrap_or_default();
    if named.is_none() && !["Google", "Google Compute Engine"].contains(&product.trim()) {
        return absent("this is no machine of Google Cloud, and GCE_METADATA_HOST is not set");
    }
    let endpoint = Endpoint::metadata_server(named.unwrap_or("169.254.169.254"), GOOGLE_PATH);
    let endpoint = endpoint.map_err(|error| failure::net(&error).at("GCE_METADATA_HOST"))?;
    Ok(Detected::Source(IdentitySource::GoogleMetadata(endpoint)))
}

fn agent(program: PathBuf, arguments: &[&str]) -> Result<Detected, Failure> {
    let command = AgentCommand::new(program, arguments);
    Ok(Detected::Source(IdentitySource::Agent(command)))
}

fn absent(why: &str) -> Result<Detected, Failure> {
    Ok(Detected::Absent(why.to_owned()))
}

fn unknown(name: &str) -> Failure {
    let known: Vec<&str> = PROVIDERS.iter().map(|provider| provider.name).collect();
    Failure::usage(
        "identity-provider-unknown",
        format_args!("expected one of {}, found `{name}`", known.join(", ")),
    )
    .at("--oidc-provider")
}

#[cfg(unix)]
fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    path.metadata()
        .is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_executable(path: &Path) -> bool {
    path.is_file()
}
