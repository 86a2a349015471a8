use std::path::{Path, PathBuf};
use std::time::Duration;

use attest_net::HttpOptions;
use attest_net::registry::{Certificates, Client, Keychain, Options, PlainHttp};

use super::failure;
use crate::context::Environment;
use crate::failure::Failure;

/// Where certificates of registries lie, by their hosts, for everybody on a machine.
#[cfg(unix)]
const SYSTEM_CERTIFICATES: [&str; 2] = ["/etc/containers/certs.d", "/etc/docker/certs.d"];
#[cfg(not(unix))]
const SYSTEM_CERTIFICATES: [&str; 0] = [];

/// How registries are spoken to.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Registries")]
pub(crate) struct RegistryArguments {
    /// Credentials for registries, as Docker and Podman write them [default: REGISTRY_AUTH_FILE, else those of both]
    #[arg(long, value_name = "FILE")]
    registry_auth_file: Option<PathBuf>,
    /// An authority to believe beside those of the system, as PEM
    #[arg(long, value_name = "FILE")]
    registry_cacert: Vec<PathBuf>,
    /// A certificate for registries that ask for one, as PEM
    #[arg(long, value_name = "FILE", requires = "registry_client_key")]
    registry_client_cert: Option<PathBuf>,
    /// Its key
    #[arg(long, value_name = "FILE", requires = "registry_client_cert")]
    registry_client_key: Option<PathBuf>,
    /// Speak http to a registry on this machine also when there are certificates for it
    #[arg(long)]
    plain_http: bool,
    /// A registry elsewhere to speak http to: whoever is on the way reads passwords and tokens
    #[arg(long, value_name = "HOST[:PORT]")]
    allow_http_registry: Vec<String>,
    /// How long a request to a registry that does not answer is tried [default: 90]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u16).range(1..))]
    registry_retry_for: Option<u16>,
}

impl RegistryArguments {
    /// A client; nothing is connected, and no credentials are read yet.
    pub(crate) fn client(&self, environment: &Environment) -> Result<Client, Failure> {
        let options = Options {
            patience: self.patience(),
            plain_http: PlainHttp {
                wanted: self.plain_http,
                others_unsafe: self.allow_http_registry.iter().cloned().collect(),
            },
            certificates: Certificates {
                authorities: self.registry_cacert.clone(),
                client: self.registry_client_cert.clone().zip(self.registry_client_key.clone()),
                directories: certificate_directories(environment),
            },
        };
        let keychain = Keychain::of_files(self.auth_files(environment)?);
        Client::new(options, keychain).map_err(|error| failure(&error))
    }

    /// Who waits less in all waits no longer for one answer.
    fn patience(&self) -> HttpOptions {
        let usual = HttpOptions::default();
        let budget = self
            .registry_retry_for
            .map_or(usual.budget, |seconds| Duration::from_secs(seconds.into()));
        HttpOptions {
            budget,
            timeout: usual.timeout.min(budget),
            ..usual
        }
    }

    /// A file that was named counts alone, and has to be there.
    fn auth_files(&self, environment: &Environment) -> Result<Vec<PathBuf>, Failure> {
        match self
            .registry_auth_file
            .clone()
            .or_else(|| environment.path("REGISTRY_AUTH_FILE"))
        {
            Some(path) if path.is_file() => Ok(vec![path]),
            Some(path) => Err(Failure::usage(
                "auth-file-missing",
                "expected a file of credentials for registries, found none",
            )
            .at(path.display())
            .hint("`podman login --authfile FILE REGISTRY` writes one")),
            None => Ok(usual_auth_files(environment)),
        }
    }
}

/// Source: `containers-auth.json(5)`, `docker login`.
fn usual_auth_files(environment: &Environment) -> Vec<PathBuf> {
    let of_podman = |directory: PathBuf| directory.join("containers/auth.json");
    let runtime = environment.path("XDG_RUNTIME_DIR").map(of_podman);
    let kept = configuration(environment).map(of_podman);
    let docker = environment
        .path("DOCKER_CONFIG")
        .or_else(|| Some(home(environment)?.join(".docker")))
        .map(|directory| directory.join("config.json"));
    runtime.into_iter().chain(kept).chain(docker).collect()
}

fn certificate_directories(environment: &Environment) -> Vec<PathBuf> {
    let own = configuration(environment).map(|directory| directory.join("containers/certs.d"));
    let docker = home(environment).map(|home| home.join(".docker/certs.d"));
    let system = SYSTEM_CERTIFICATES.iter().map(|path| Path::new(path).to_owned());
    own.into_iter().chain(docker).chain(system).collect()
}

fn configuration(environment: &Environment) -> Option<PathBuf> {
    let variable = environment.path("XDG_CONFIG_HOME").filter(|path| path.is_absolute());
    variable.or_else(|| Some(home(environment)?.join(".config")))
}

fn home(environment: &Environment) -> Option<PathBuf> {
    let on_windows = || environment.path("USERPROFILE").filter(|_| cfg!(windows));
    environment.path("HOME").or_else(on_windows)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(variables: &[(&str, &str)]) -> Environment {
        let variables = variables.iter().map(|(name, value)| ((*name).into(), (*value).into()));
        variables.collect()
    }

    #[test]
    fn credentials_of_podman_come_before_those_of_docker() {
        let all = [
            ("XDG_RUNTIME_DIR", "/run/user/1"),
            ("XDG_CONFIG_HOME", "/c"),
            ("DOCKER_CONFIG", "/d"),
            ("HOME", "/h"),
        ];
        let paths = |variables: &[(&str, &str)]| -> Vec<String> {
            let found = usual_auth_files(&environment(variables));
            found.iter().map(|path| path.display().to_string()).collect()
        };
        assert_eq!(
            paths(&all),
            [
                "/run/user/1/containers/auth.json",
                "/c/containers/auth.json",
                "/d/config.json"
            ]
        );
        assert_eq!(
            paths(&all[3..]),
            ["/h/.config/containers/auth.json", "/h/.docker/config.json"]
        );
        assert!(paths(&[]).is_empty());
    }

    #[test]
    fn a_file_that_was_named_counts_alone_and_has_to_be_there() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("auth.json");
        let arguments = RegistryArguments::default();
        let named = environment(&[("REGISTRY_AUTH_FILE", path.to_str().unwrap()), ("HOME", "/h")]);
        assert_eq!(arguments.auth_files(&named).unwrap_err().code(), "auth-file-missing");
        std::fs::write(&path, "{}").unwrap();
        assert_eq!(arguments.auth_files(&named).unwrap(), [path]);
    }
}
