use std::collections::BTreeMap;
use std::path::Path;

use attest_archive::CaseCollision;
use attest_release::build::Built;
use attest_release::git::{Facts, PointerRule, Repository, SourceRequest, Unpacked};
use attest_release::stage::{Check, FetchedBase, GpgKeys, Settings, Signed, StagedFile, Staging, Unlisted};
use attest_release::{FileName, Target, Variables};
use attest_sbom::Gap;
use attest_sign::Session;
use attest_verify::{CertificateIdentity, Expectation, OidcIssuer, VerificationTime, Verified};
use attestation::Payload;
use jiff::{SignedDuration, Timestamp};

use super::instance::Instance;
use super::publish::{self, Judge, Published, Publishing, Sealed, Sent};
use super::timing::Steps;
use super::turn::Turn;
use super::{Arguments, Ground, bases, failure, statement};
use crate::context::Context;
use crate::failure::Failure;
use crate::git_failure::git_failure;
use crate::keyless::Connection;
use crate::verb::push::Source;
use crate::visible::visible;

/// By how much the clock of this machine may be behind those of the services. Without it a fresh signature would be from
/// the future; whoever verifies later needs no such allowance.
const CLOCK_ALLOWANCE: SignedDuration = SignedDuration::from_secs(60);

/// How much of what is not known is said; the lists have all of it.
const SHOWN_GAPS: usize = 20;

/// What makes the list of an image say more.
const NOTHING_FOUND_HINT: &str = "  hint: files alone do not say what they were made of; programs that `cargo auditable` or Go built do, and so \
                                  do the packages of an `image.base`";

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
        let instance = match ground.plan.bundle {
            Some(_) => Some(Instance::settle(ground, arguments, context)?),
            None => None,
        };
        let sandbox = instance.as_ref().and_then(Instance::sandbox_registry);
        let publishing = Publishing::settle(ground, arguments, sandbox, context)?;
        let bases = bases::fetch(ground, arguments, steps, context)?;
        // A rehearsal has its turn already.
        let _turn = match ground.builds_in_own_directory() && sandbox.is_none() {
            true => Some(Turn::take(ground, context)?),
            false => None,
        };
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
        making.archives(context)?;
        making.sources(context)?;
        making.file_sets(context)?;
        making.charts(context)?;
        making.distributions(context)?;
        making.images(context)?;
        making.warn(context);
        making.checksums(context)?;
        let sources = publishing.as_ref().map(|publishing| publishing.open(&making.staging));
        let publishing = publishing.as_ref().zip(sources.transpose()?);
        let (seal, sent) = making.seal(instance.as_ref(), publishing.as_ref(), context)?;
        if let Some(instance) = &instance {
            instance.keep()?;
        }
        let Making {
            staging,
            unlisted,
            steps,
            ..
        } = making;
        let files = staging.publish().map_err(|error| failure::stage(&error))?;
        let published = match sent {
            Some(sent) => steps.take("publish", "tags", context, |_| sent.name())?,
            None => Vec::new(),
        };
        Ok(Self {
            files,
            unlisted,
            seal,
            published,
        })
    }
}

struct Making<'a> {
    ground: &'a Ground,
    arguments: &'a Arguments,
    staging: Staging,
    steps: &'a mut Steps,
    tools: BTreeMap<String, String>,
    /// What images are made of, when there are any.
    built: BTreeMap<Target, Built>,
    /// What images are built upon that is of a registry.
    bases: BTreeMap<String, FetchedBase>,
    unlisted: Vec<Unlisted>,
}

impl Making<'_> {
    fn archives(&mut self, context: &mut Context<'_>) -> Result<(), Failure> {
        let Self {
            ground,
            staging,
            steps,
            tools,
            built: all,
            unlisted,
            ..
        } = self;
        for archive in &ground.plan.archives {
            let built = steps.take("build", &archive.target.to_string(), context, |_| {
                ground.workshop.build(archive).map_err(|error| failure::build(&error))
            })?;
            tools.extend(built.tools.clone());
            let listed_by_digest = steps.take("pack", archive.file.as_str(), context, |_| {
                let packed = staging.pack(archive, &built, &ground.project);
                packed.map_err(|error| failure::stage(&error))
            })?;
            unlisted.extend(listed_by_digest);
            all.insert(archive.target, built);
        }
        Ok(())
    }

    fn sources(&mut self, context: &mut Context<'_>) -> Result<(), Failure> {
        let Self {
            ground, staging, steps, ..
        } = self;
        let Some((_, facts)) = ground.checkout.as_ref().filter(|_| !ground.plan.sources.is_empty()) else {
            return Ok(());
        };
        steps.take("source", facts.commit.id.as_str(), context, |context| {
            let scratch = staging.scratch().map_err(|error| failure::stage(&error))?;
            let unpacked = unpack(ground, facts, scratch.path())?;
            if ground
                .plan
                .sources
                .iter()
                .any(|source| source.rules.pointers == PointerRule::Pointer)
            {
                for path in &unpacked.pointers {
                    let path = visible(path);
                    context.say(format_args!(
                        "warning: `{path}` is a Git LFS pointer; the source archives hold the pointer"
                    ));
                }
            }
            for source in &ground.plan.sources {
                let packed = staging.pack_source(source, &facts.commit, &unpacked);
                packed.map_err(|error| failure::stage(&error))?;
            }
            Ok(())
        })
    }

    fn file_sets(&mut self, context: &mut Context<'_>) -> Result<(), Failure> {
        let Self {
            ground, staging, steps, ..
        } = self;
        for set in &ground.plan.file_sets {
            steps.take("pack", set.file.as_str(), context, |_| {
                let packed = staging.pack_files(set, &ground.project);
                packed.map_err(|error| failure::stage(&error))
            })?;
        }
        Ok(())
    }

    fn charts(&mut self, context: &mut Context<'_>) -> Result<(), Failure> {
        let Self {
            ground,
            arguments,
            staging,
            steps,
            ..
        } = self;
        let variables: Variables = context
            .environment
            .iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        let keys = GpgKeys {
            keyring: arguments.gpg_keyring.as_deref(),
            passphrase_file: arguments.gpg_passphrase_file.as_deref(),
            variables: &variables,
        };
        for chart in &ground.plan.charts {
            let warnings = steps.take("chart", chart.file.as_str(), context, |_| {
                let packed = staging.pack_chart(chart, &ground.project, keys);
                packed.map_err(|error| failure::stage(&error))
            })?;
            for warning in warnings {
                context.say(format_args!("warning: `{}`: {warning}", chart.directory));
            }
        }
        Ok(())
    }

    fn distributions(&mut self, context: &mut Context<'_>) -> Result<(), Failure> {
        let Self {
            ground, staging, steps, ..
        } = self;
        for planned in &ground.plan.distributions {
            let warnings = steps.take("python", planned.file.as_str(), context, |_| {
                let normalised = staging.normalise(planned, &ground.project);
                normalised.map_err(|error| failure::stage(&error))
            })?;
            for warning in warnings {
                context.say(format_args!("warning: `{}`: {}", planned.path, visible(&warning)));
            }
        }
        Ok(())
    }

    fn images(&mut self, context: &mut Context<'_>) -> Result<(), Failure> {
        let Self {
            ground,
            staging,
            steps,
            built,
            bases,
            ..
        } = self;
        for image in &ground.plan.images {
            steps.take("image", image.file.as_str(), context, |_| {
                let packed = staging.pack_image(image, built, &ground.project, bases);
                packed.map_err(|error| failure::stage(&error))
            })?;
        }
        Ok(())
    }

    /// Says what may surprise somebody who unpacks, and what is not known of the contents.
    fn warn(&self, context: &mut Context<'_>) {
        let gaps = told(self.staging.gaps());
        let shown = &gaps[..gaps.len().min(SHOWN_GAPS)];
        for (gap, lists) in shown {
            context.say(format_args!("warning: {lists}: {gap}"));
        }
        if shown.iter().any(|(gap, _)| gap.code() == "nothing-found") {
            context.say(NOTHING_FOUND_HINT);
        }
        if gaps.len() > SHOWN_GAPS {
            let more = gaps.len() - SHOWN_GAPS;
            context.say(format_args!(
                "warning: and {more} more of what the lists of contents cannot say"
            ));
        }
        for (file, CaseCollision { first, second }) in self.staging.case_collisions() {
            context.say(format_args!(
                "warning: `{}` and `{}` in `{file}` are one name where case is ignored (Windows, macOS)",
                visible(first.as_str()),
                visible(second.as_str())
            ));
        }
    }

    fn checksums(&mut self, context: &mut Context<'_>) -> Result<(), Failure> {
        let Self {
            ground, staging, steps, ..
        } = self;
        steps.take("checksums", "", context, |_| {
            staging
                .list_checksums(&ground.plan)
                .map_err(|error| failure::stage(&error))
        })
    }

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
                Some((publishing, sources)) => publish::seal(publishing, sources, statement, staging, &session)?,
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

/// The files of the commit. All source archives of a release follow the same rules.
fn unpack(ground: &Ground, facts: &Facts, scratch: &Path) -> Result<Unpacked, Failure> {
    let Some(source) = ground.plan.sources.first() else {
        return Ok(Unpacked::default());
    };
    let tag = facts.reference(ground.plan.version.as_str());
    let tag = tag.and_then(|name| name.strip_prefix("refs/tags/"));
    let unpacked = Repository::open(&ground.project, &ground.workshop.variables).and_then(|repository| {
        let revision = repository.revision_of(&facts.commit.id)?.at_tag(tag);
        repository.unpack(&SourceRequest {
            revision: &revision,
            rules: source.rules,
            only: &[],
            scratch,
        })
    });
    unpacked.map_err(|error| git_failure(&error))
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

/// What is not known, and the lists that say so: what is true of all images of a release is said once.
fn told(gaps: &[(FileName, Gap)]) -> Vec<(&Gap, String)> {
    let mut told: Vec<(&Gap, String)> = Vec::new();
    for (file, gap) in gaps {
        match told.iter_mut().find(|(earlier, _)| *earlier == gap) {
            Some((_, lists)) => lists.push_str(&format!(", `{file}`")),
            None => told.push((gap, format!("`{file}`"))),
        }
    }
    told
}
