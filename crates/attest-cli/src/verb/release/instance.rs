use std::path::{Path, PathBuf};

use attest_net::RekorVersion;
use attest_release::config;
use attest_verify::TrustRoot;
use jiff::Timestamp;

use super::sandbox::{Sandbox, TRUSTED_ROOT};
use super::turn::Turn;
use super::{Arguments, Ground};
use crate::context::Context;
use crate::failure::Failure;
use crate::keyless::{self, Connection, KeylessArguments};
use crate::trust::SigningTrust;

/// Through what is signed, and what that is verified against.
pub(super) struct Instance {
    keyless: KeylessArguments,
    sandbox: Option<Sandbox>,
    /// A rehearsal has it as long as its sandbox lives.
    _turn: Option<Turn>,
    root: TrustRoot,
    /// Where the trust root lies, unless it is the embedded one.
    pub(super) root_file: Option<PathBuf>,
}

impl Instance {
    /// Settles it before anything is built: what is missing is not found out at the end.
    pub(super) fn settle(ground: &Ground, arguments: &Arguments, context: &mut Context<'_>) -> Result<Self, Failure> {
        let keyless = keyless(ground, arguments)?;
        if arguments.sandbox {
            let turn = Turn::take(ground, context)?;
            let directory = ground.sandbox_directory();
            let sandbox = Sandbox::start(&directory, began(context)?)?;
            return Ok(Self {
                keyless,
                root: parse(sandbox.trusted_root()?.as_bytes(), &directory)?,
                root_file: Some(directory.join(TRUSTED_ROOT)),
                sandbox: Some(sandbox),
                _turn: Some(turn),
            });
        }
        let root = match (&arguments.trusted_root, &arguments.keyless.signing_config) {
            (Some(path), _) => parse(&keyless::read(path, "trusted-root-unreadable")?, path)?,
            (None, None) => SigningTrust::load(&context.environment)?.root,
            (None, Some(_)) => return Err(trusted_root_missing()),
        };
        keyless.check(context)?;
        Ok(Self {
            keyless,
            sandbox: None,
            _turn: None,
            root,
            root_file: arguments.trusted_root.clone(),
        })
    }

    pub(super) fn root(&self) -> &TrustRoot {
        &self.root
    }

    /// The registry of a rehearsal.
    pub(super) fn sandbox_registry(&self) -> Option<&str> {
        self.sandbox.as_ref().map(Sandbox::registry)
    }

    pub(super) fn is_sandbox(&self) -> bool {
        self.sandbox.is_some()
    }

    /// Chooses services and identity. Tokens live for minutes, so this comes after the builds.
    pub(super) fn connect(&self, scratch: &Path, context: &mut Context<'_>) -> Result<Connection, Failure> {
        let Some(sandbox) = &self.sandbox else {
            return self.keyless.connect(context);
        };
        let config = scratch.join("signing_config.json");
        let written = std::fs::write(&config, sandbox.signing_config()?);
        written.map_err(|error| Failure::undecided("sandbox-files-failed", error).at(config.display()))?;
        let keyless = KeylessArguments {
            signing_config: Some(config),
            identity_token: Some(sandbox.token()?),
            ..self.keyless.clone()
        };
        keyless.connect(context)
    }

    /// Leaves behind what is needed to verify the release later.
    pub(super) fn keep(&self) -> Result<(), Failure> {
        match &self.sandbox {
            Some(sandbox) => sandbox.write_trust(),
            None => Ok(()),
        }
    }
}

/// An argument wins over the configuration.
fn keyless(ground: &Ground, arguments: &Arguments) -> Result<KeylessArguments, Failure> {
    let configured = ground.config.sign.as_ref().and_then(|sign| sign.rekor_version);
    let configured = match configured {
        None => None,
        Some(config::RekorVersion::V1) => Some(RekorVersion::V1),
        Some(config::RekorVersion::V2) => Some(RekorVersion::V2),
        Some(_) => {
            return Err(Failure::usage(
                "rekor-version-unsupported",
                "expected version 1 or 2 of the log in `sign.rekor-version`, found another",
            ));
        }
    };
    let is_legacy = ground.config.sign.as_ref().is_some_and(|sign| sign.legacy);
    if is_legacy && arguments.keyless.rekor_version == Some(RekorVersion::V2) {
        return Err(Failure::usage(
            "legacy-needs-rekor-1",
            "expected Rekor 1 beside `sign.legacy`: cosign 2 and containers-policy read the promise of the log, and Rekor 2 gives none",
        )
        .hint("leave out `--rekor-version`, or `sign.legacy`"));
    }
    Ok(KeylessArguments {
        rekor_version: arguments.keyless.rekor_version.or(configured),
        ..arguments.keyless.clone()
    })
}

fn began(context: &Context<'_>) -> Result<Timestamp, Failure> {
    Timestamp::try_from(context.now).map_err(|error| Failure::undecided("clock-unusable", error))
}

fn parse(json: &[u8], path: &Path) -> Result<TrustRoot, Failure> {
    TrustRoot::parse(json).map_err(|error| Failure::usage("trusted-root-invalid", error).at(path.display()))
}

fn trusted_root_missing() -> Failure {
    Failure::usage(
        "trusted-root-missing",
        "expected --trusted-root beside --signing-config: everything is verified before it is put in its place",
    )
    .hint("add `--trusted-root FILE` with the trust root of the same instance")
}
