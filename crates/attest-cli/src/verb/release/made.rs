use std::collections::BTreeMap;

use attest_release::build::Built;
use attest_release::stage::{Check, FetchedBase, Settings, Signed, StagedFile, Staging, Unlisted};
use attest_release::{FileName, Target};
use attest_sign::Session;
use attest_verify::{CertificateIdentity, Expectation, OidcIssuer, VerificationTime, Verified};
use attestation::Payload;
use jiff::{SignedDuration, Timestamp};

use super::instance::Instance;
use super::publish::{Judge, Published, Publishing, Sealed, Sealing, Sent};
use super::timing::Steps;
use super::turn::Turn;
use super::{Arguments, Ground, bases, failure, statement};
use crate::context::Context;
use crate::failure::Failure;
use crate::keyless::Connection;
use crate::verb::push::Source;

/// By how much the clock of this machine may be behind those of the services. Without it a fresh signature would be from
/// the future; whoever verifies later needs no such allowance.
const CLOCK_ALLOWANCE: SignedDuration = SignedDuration::from_secs(60);

/// What came out of a release.
pub(super) struct Made {
    pub(super) files: BTreeMap<FileName, StagedFile>,
    pub(super) unlisted: Vec<Unlisted>,
    pub(super) seal: Option<Seal>,
    pub(super) published: Vec<Published>,
}

/// Who signed, and what proves it.
pub(super) struct Seal {
    pub(super) signed: Signed,
    pub(super) evidence: Option<Verified>,
    pub(super) verified: usize,
    pub(super) root_file: Option<std::path::PathBuf>,
    pub(super) is_sandbox: bool,
}

impl Made {
    /// Makes everything beside the output, and puts it in its place when all of it has been verified.
    pub(super) fn make(
        ground: &Ground,
        arguments: &Arguments,
        context: &mut Context<'_>,
        steps: &mut Steps,
    ) -> Result<Self, Failure> {
        let settings = Settings {
            source_date: ground.source_date,
            threads: ground.threads,
        };
        let staging = Staging::open(&ground.output, &ground.plan, settings).map_err(|error| failure::stage(&error))?;
        let instance = ground.plan.bundle.as_ref();
        let instance = instance
            .map(|_| Instance::settle(ground, arguments, context))
            .transpose()?;
        let sandbox = instance.as_ref().and_then(Instance::sandbox_registry);
        let publishing = Publishing::settle(ground, arguments, sandbox, context)?;
        let bases = bases::fetch(ground, arguments, steps, context)?;
        // A rehearsal has its turn already.
        let needs_turn = ground.builds() && sandbox.is_none();
        let _turn = needs_turn.then(|| Turn::take(ground, context)).transpose()?;
        let mut making = Making {
            ground,
            arguments,
            staging,
            steps,
            tools: BTreeMap::new(),
            built: BTreeMap::new(),
            bases,
            unlisted: Vec::new(),
        };
        making.pack(context)?;
        let sources = publishing.as_ref().map(|publishing| publishing.open(&making.staging));
        let publishing = publishing.as_ref().zip(sources.transpose()?);
        let (seal, sent) = making.seal(instance.as_ref(), publishing.as_ref(), context)?;
        if let Some(instance) = &instance {
            instance.keep()?;
        }
        making.finish(seal, sent, context)
    }
}

/// A release on its way.
pub(super) struct Making<'a> {
    pub(super) ground: &'a Ground,
    pub(super) arguments: &'a Arguments,
    pub(super) staging: Staging,
    pub(super) steps: &'a mut Steps,
    pub(super) tools: BTreeMap<String, String>,
    /// What images are made of, when there are any.
    pub(super) built: BTreeMap<Target, Built>,
    /// What images are built upon that is of a registry.
    pub(super) bases: BTreeMap<String, FetchedBase>,
    pub(super) unlisted: Vec<Unlisted>,
}

impl Making<'_> {
    /// States, signs and verifies; without an instance, states and measures again. What is published is sent then.
    fn seal<'p>(
        &mut self,
        instance: Option<&Instance>,
        publishing: Option<&(&'p Publishing<'_>, Vec<Source>)>,
        context: &mut Context<'_>,
    ) -> Result<(Option<Seal>, Option<Sent<'p>>), Failure> {
        let statement = statement::statement(self.ground, &self.staging, self.tools.clone(), context)?;
        let Some(instance) = instance else {
            self.keep_unsigned(&statement, context)?;
            return Ok((None, self.send(publishing, &[], None, context)?));
        };
        let scratch = self.staging.scratch().map_err(|error| failure::stage(&error))?;
        let connection = instance.connect(scratch.path(), context)?;
        let (signed, sealed) = self.sign(&connection, &statement, publishing, context)?;
        let expectation = expectation(self.ground, instance, &signed)?;
        let judge = Judge {
            root: instance.root(),
            expectation: &expectation,
            time: moment(&connection),
        };
        let Self {
            ground, staging, steps, ..
        } = self;
        let checked = steps.take("verify", "", context, |_| verify(ground, staging, &judge))?;
        let sent = self.send(publishing, &sealed, Some(&judge), context)?;
        let seal = Seal {
            signed,
            verified: checked.len(),
            evidence: checked.into_iter().next(),
            root_file: instance.root_file.clone(),
            is_sandbox: instance.is_sandbox(),
        };
        Ok((Some(seal), sent))
    }

    /// Everything by one certificate: files, and what is published of them.
    fn sign(
        &mut self,
        connection: &Connection,
        statement: &Payload,
        publishing: Option<&(&Publishing<'_>, Vec<Source>)>,
        context: &mut Context<'_>,
    ) -> Result<(Signed, Vec<Sealed>), Failure> {
        let Self {
            ground, staging, steps, ..
        } = self;
        steps.take("sign", "", context, |_| {
            let session: Session<'_> = connection.open()?;
            let signed = staging.sign(&ground.plan, statement, &session);
            let signed = signed.map_err(|error| failure::stage(&error))?;
            let sealed = match publishing {
                Some((publishing, sources)) => Sealing {
                    provenance: statement,
                    staging,
                    is_legacy: ground.config.sign.as_ref().is_some_and(|sign| sign.legacy),
                }
                .seal(publishing, sources, &session)?,
                None => Vec::new(),
            };
            Ok((signed, sealed))
        })
    }

    fn send<'p>(
        &mut self,
        publishing: Option<&(&'p Publishing<'_>, Vec<Source>)>,
        sealed: &[Sealed],
        judge: Option<&Judge<'_>>,
        context: &mut Context<'_>,
    ) -> Result<Option<Sent<'p>>, Failure> {
        let Some((publishing, sources)) = publishing else {
            return Ok(None);
        };
        let sent = self.steps.take("publish", "", context, |context| {
            publishing.send(sources, sealed, judge, context)
        });
        sent.map(Some)
    }

    /// Everything is verified: it takes its place, and then its names.
    fn finish(self, seal: Option<Seal>, sent: Option<Sent<'_>>, context: &mut Context<'_>) -> Result<Made, Failure> {
        let files = self.staging.publish().map_err(|error| failure::stage(&error))?;
        let published = match sent {
            Some(sent) => self.steps.take("publish", "tags", context, |_| sent.name())?,
            None => Vec::new(),
        };
        Ok(Made {
            files,
            unlisted: self.unlisted,
            seal,
            published,
        })
    }

    fn keep_unsigned(&mut self, statement: &Payload, context: &mut Context<'_>) -> Result<(), Failure> {
        let Self {
            ground, staging, steps, ..
        } = self;
        staging
            .keep_unsigned(&ground.plan, statement)
            .map_err(|error| failure::stage(&error))?;
        steps.take("verify", "", context, |_| {
            staging.verify_unsigned().map_err(|error| failure::stage(&error))
        })
    }
}

/// Who has to have signed: the configured signer, else whoever the certificate names.
fn expectation(ground: &Ground, instance: &Instance, signed: &Signed) -> Result<Expectation, Failure> {
    let configured = ground.config.sign.as_ref().and_then(|sign| sign.expected.as_ref());
    let (identity, issuer) = match configured.filter(|_| !instance.is_sandbox()) {
        Some(expected) => (expected.identity.as_str(), expected.issuer.as_str()),
        None => (signed.identity.as_str(), signed.issuer.as_str()),
    };
    let unusable = |error| Failure::usage("identity-unusable", error);
    Ok(Expectation::certificate(
        CertificateIdentity::parse(identity).map_err(unusable)?,
        OidcIssuer::parse(issuer).map_err(unusable)?,
    ))
}

fn moment(connection: &Connection) -> VerificationTime {
    let now: Timestamp = connection.now();
    VerificationTime::at(now.saturating_add(CLOCK_ALLOWANCE).unwrap_or(now))
}

/// Verifies what lies on disk.
fn verify(ground: &Ground, staging: &Staging, judge: &Judge<'_>) -> Result<Vec<Verified>, Failure> {
    let check = Check {
        root: judge.root,
        expectation: judge.expectation,
        time: judge.time,
    };
    let checked = staging
        .verify(&ground.plan, &check)
        .map_err(|error| failure::stage(&error))?;
    Ok(checked.into_iter().map(|file| file.verified).collect())
}
