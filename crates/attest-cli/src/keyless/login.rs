use std::fmt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;

use attest_net::{DevicePrompt, Endpoint, Http, Login, LoginClient, Person, RedirectUrl, Secret};
use attest_sign::{Clock, IdentityToken};

use super::failure;
use crate::context::{Context, Environment};
use crate::failure::Failure;
use crate::visible::visible;

/// How a person is asked who they are.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct LoginArguments {
    /// How to log in: normal (in a browser on this machine), device (with a code, in a browser anywhere), token (not at all)
    /// [default: normal for a person at a terminal that has a browser, device for one without, token in CI]
    #[arg(long, value_name = "FLOW", conflicts_with = "identity_token")]
    pub(crate) fulcio_auth_flow: Option<Flow>,
    /// The same as --fulcio-auth-flow device
    #[arg(long, visible_alias = "no-browser", conflicts_with_all = ["fulcio_auth_flow", "identity_token"])]
    pub(crate) oidc_device_flow: bool,
    /// Where to log in [default: the one that the signing configuration names]
    #[arg(long, value_name = "URL")]
    pub(crate) oidc_issuer: Option<String>,
    /// As which client to log in [default: sigstore]
    #[arg(long, value_name = "ID")]
    pub(crate) oidc_client_id: Option<String>,
    /// A file with the secret of that client, for a provider that wants one
    #[arg(long, value_name = "FILE")]
    pub(crate) oidc_client_secret_file: Option<PathBuf>,
    /// Where on this machine the browser comes back to [default: http://localhost:0/auth/callback, 0 for any free port]
    #[arg(long, value_name = "URL")]
    pub(crate) oidc_redirect_url: Option<String>,
    /// Which platform to take the identity token from: envvar, github-actions, gitlab, buildkite-agent, circleci,
    /// filesystem, google [default: the first that is there, in this order]
    #[arg(long, value_name = "NAME", conflicts_with_all = ["identity_token", "oidc_disable_ambient_providers"])]
    pub(crate) oidc_provider: Option<String>,
    /// Take no identity token from the platform, even if it offers one
    #[arg(long)]
    pub(crate) oidc_disable_ambient_providers: bool,
    /// Do not ask before an identity is published
    #[arg(long, short = 'y')]
    pub(crate) yes: bool,
}

/// How a person logs in, as cosign spells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Flow {
    /// In a browser on this machine
    Normal,
    /// With a code, in a browser anywhere
    Device,
    /// Not at all: a token has to be there
    Token,
}

/// The name under which providers know the clients of Sigstore.
const CLIENT: &str = "sigstore";

/// What a login needs beside its arguments.
pub(super) struct Ground<'a> {
    pub(super) issuer: Endpoint,
    pub(super) http: &'a Arc<Http>,
    pub(super) clock: Arc<dyn Clock>,
}

impl LoginArguments {
    /// The flow that was asked for.
    pub(super) fn flow(&self) -> Option<Flow> {
        match self.oidc_device_flow {
            true => Some(Flow::Device),
            false => self.fulcio_auth_flow,
        }
    }

    pub(super) fn client_id(&self) -> &str {
        self.oidc_client_id.as_deref().unwrap_or(CLIENT)
    }

    /// Where to log in, if the arguments say so.
    pub(super) fn issuer(&self) -> Result<Option<Endpoint>, Failure> {
        let issuer = self.oidc_issuer.as_deref().map(Endpoint::parse).transpose();
        issuer.map_err(|error| failure::net(&error).at("--oidc-issuer"))
    }

    /// Whether a login could begin; nothing is sent.
    pub(super) fn check(&self) -> Result<(), Failure> {
        self.client()?;
        self.redirect().map(drop)
    }

    fn redirect(&self) -> Result<RedirectUrl, Failure> {
        match &self.oidc_redirect_url {
            None => Ok(RedirectUrl::default()),
            Some(url) => RedirectUrl::parse(url).map_err(|error| failure::net(&error).at("--oidc-redirect-url")),
        }
    }

    fn client(&self) -> Result<LoginClient, Failure> {
        let secret = match &self.oidc_client_secret_file {
            None => None,
            Some(path) => {
                let bytes = super::read(path, "client-secret-unreadable")?;
                let text = String::from_utf8(bytes).map_err(|_| {
                    Failure::usage(
                        "client-secret-invalid",
                        "expected a secret in UTF-8, found something else",
                    )
                    .at(path.display())
                })?;
                Some(Secret::new(text.trim_end()))
            }
        };
        Ok(LoginClient {
            id: self.client_id().to_owned(),
            secret,
        })
    }

    /// Has the person at the terminal log in.
    pub(super) fn log_in(
        &self,
        flow: Flow,
        ground: Ground<'_>,
        context: &mut Context<'_>,
    ) -> Result<IdentityToken, Failure> {
        let redirect = self.redirect()?;
        let login = Login::new(ground.issuer, self.client()?, ground.http, ground.clock);
        let mut terminal = Terminal { context };
        let token = match flow {
            Flow::Device => login.on_device(&mut terminal),
            Flow::Normal | Flow::Token => login.in_browser(&redirect, &mut terminal),
        };
        token.map_err(|error| failure(&error))
    }
}

/// Whether a browser would open on the screen in front of the person.
pub(super) fn has_browser(environment: &Environment) -> bool {
    let set = |name: &str| environment.text(name).is_some();
    if set("BROWSER") {
        return true;
    }
    let far_away = set("SSH_CONNECTION") || set("SSH_TTY");
    let screen = cfg!(any(target_os = "macos", windows)) || set("DISPLAY") || set("WAYLAND_DISPLAY");
    screen && !far_away
}

/// The person at the terminal that this process runs in.
struct Terminal<'a, 'b> {
    context: &'a mut Context<'b>,
}

impl Terminal<'_, '_> {
    fn say(&mut self, line: impl fmt::Display) {
        self.context.say(line);
        let _ = self.context.stderr.flush();
    }
}

impl Person for Terminal<'_, '_> {
    fn visit(&mut self, url: &str) {
        self.say(format_args!("to log in, visit:\n\n  {}\n", visible(url)));
        match open(url, &self.context.environment) {
            true => self.say("waiting for the browser that was opened; Ctrl-C ends it"),
            false => self.say("no browser could be started; waiting for one on this machine (elsewhere: `--oidc-device-flow`), Ctrl-C ends it"),
        }
    }

    fn enter(&mut self, prompt: &DevicePrompt) {
        let (url, code) = (visible(&prompt.url), visible(&prompt.code));
        self.say(format_args!(
            "to log in, visit:\n\n  {url}\n\nand enter the code:\n\n  {code}\n"
        ));
        if let Some(url) = &prompt.complete_url {
            self.say(format_args!("with the code in it: {}", visible(url)));
        }
        self.say(format_args!(
            "waiting for up to {} seconds; Ctrl-C ends it",
            prompt.seconds
        ));
    }
}

/// Starts the browser of the person, without a shell; what it says is not for this terminal.
fn open(url: &str, environment: &Environment) -> bool {
    browsers(environment).iter().any(|browser| {
        let mut words = browser.split_whitespace();
        let Some(program) = words.next() else {
            return false;
        };
        let mut arguments: Vec<String> = words.map(|word| word.replace("%s", url)).collect();
        if !browser.contains("%s") {
            arguments.push(url.to_owned());
        }
        let started = Command::new(program)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        started.is_ok()
    })
}

/// `BROWSER` is a list with colons between, of which each may say with `%s` where the address goes.
fn browsers(environment: &Environment) -> Vec<&str> {
    match environment.text("BROWSER") {
        Some(list) => list.split(':').collect(),
        None if cfg!(target_os = "macos") => vec!["open"],
        None if has_browser(environment) => vec!["xdg-open", "sensible-browser"],
        None => Vec::new(),
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

    #[cfg(target_os = "linux")]
    #[test]
    fn a_browser_needs_a_screen_in_front_of_the_person() {
        assert!(!has_browser(&environment(&[])));
        assert!(has_browser(&environment(&[("DISPLAY", ":0")])));
        assert!(!has_browser(&environment(&[
            ("DISPLAY", ":0"),
            ("SSH_CONNECTION", "x")
        ])));
        assert!(has_browser(&environment(&[
            ("BROWSER", "lynx"),
            ("SSH_CONNECTION", "x")
        ])));
    }

    #[test]
    fn the_browser_of_the_environment_is_tried_in_order() {
        assert!(!open(
            "https://example.com/",
            &environment(&[("BROWSER", "/no/such:/nor/such")])
        ));
        let directory = tempfile::tempdir().unwrap();
        let script = directory.path().join("browser");
        let seen = directory.path().join("seen");
        std::fs::write(
            &script,
            format!("#!/bin/sh\necho \"$@\" > {}.new && mv {0}.new {0}\n", seen.display()),
        )
        .unwrap();
        let list = format!("/no/such:/bin/sh {} --new %s", script.display());
        assert!(open(
            "https://example.com/?a=b&c=$(d)",
            &environment(&[("BROWSER", &list)])
        ));
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
        while !seen.exists() && std::time::Instant::now() < deadline {
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        assert_eq!(
            std::fs::read_to_string(&seen).unwrap(),
            "--new https://example.com/?a=b&c=$(d)\n"
        );
    }
}
