use std::path::{Path, PathBuf};

use attest_verify::TrustRoot;
use jiff::Timestamp;

use super::sandbox::{Sandbox, TRUSTED_ROOT};
use super::{Arguments, Ground};
use crate::context::Context;
use crate::failure::Failure;
use crate::keyless::{self, Connection, KeylessArguments};

/// Through what is signed, and what that is verified against.
pub(super) struct Instance {
    keyless: KeylessArguments,
    sandbox: Option<Sandbox>,
    root: TrustRoot,
    /// Where the trust root lies, unless it is the embedded one.
    pub(super) root_file: Option<PathBuf>,
}

impl Instance {
    /// Settles it before anything is built: what is missing is not found out at the end.
    pub(super) fn settle(ground: &Ground, arguments: &Arguments, context: &Context<'_>) -> Result<Self, Failure> {
        if arguments.sandbox {
            let directory = ground.sandbox_directory();
            let sandbox = Sandbox::start(&directory, began(context)?)?;
            return Ok(Self {
                keyless: arguments.keyless.clone(),
                root: parse(sandbox.trusted_root()?.as_bytes(), &directory)?,
                root_file: Some(directory.join(TRUSTED_ROOT)),
                sandbox: Some(sandbox),
            });
        }
        let root = match (&arguments.trusted_root, &arguments.keyless.signing_config) {
            (Some(path), _) => parse(&keyless::read(path, "trusted-root-unreadable")?, path)?,
            (None, None) => TrustRoot::public_good(),
            (None, Some(_)) => return Err(trusted_root_missing()),
        };
        let keyless = arguments.keyless.clone();
        keyless.connect(context)?;
        Ok(Self {
            keyless,
            sandbox: None,
            root,
            root_file: arguments.trusted_root.clone(),
        })
    }

    pub(super) fn root(&self) -> &TrustRoot {
        &self.root
    }

    pub(super) fn is_sandbox(&self) -> bool {
        self.sandbox.is_some()
    }

    /// Chooses services and identity. Tokens live for minutes, so this comes after the builds.
    pub(super) fn connect(&self, scratch: &Path, context: &Context<'_>) -> Result<Connection, Failure> {
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
