//! `attest sign oci://…`: images in, signatures beside them out.

mod argument;
mod message;
mod report;
mod signing;
mod store;
mod target;
mod task;

use std::path::Path;

use attest_net::RekorVersion;
use jiff::Timestamp;

use super::check::{Root, Signer};
use super::credential::{Credential, Ground};
use super::evidence::Log;
use super::request::{Scheme, inputs};
use super::{Arguments, dialect, introduction, output, pool};
use crate::context::Context;
use crate::exit::Outcome;
use crate::failure::Failure;
use crate::image::is_image_reference;
use crate::output_file::OutputFile;
use crate::verb::pack::date;
pub(super) use argument::ImageSigningArguments;
use message::Message;
use report::Report;
use signing::{Signing, sign_images};
use store::{Storing, check_tags, store};
use target::{Named, Scope, check_writable, open, targets};
use task::{Plan, Task};

/// How many signatures are made, and how many things are stored, at once: all of it waits for services, and none of it for a core.
const AT_ONCE: usize = 8;

/// Whether images are named, and no files.
pub(super) fn are_named(arguments: &Arguments) -> bool {
    let mut files = arguments.files.iter();
    (arguments.image.images.oci_layout && !arguments.files.is_empty()) || files.any(|file| is_image_reference(file))
}

pub(super) fn run(mut arguments: Arguments, context: &mut Context<'_>) -> Result<Outcome, Failure> {
    check(&arguments)?;
    let evidence = arguments.evidence.evidence();
    evidence.check(arguments.own.key.is_none() || arguments.own.certificate.is_some())?;
    choose_log(&mut arguments, evidence.log)?;
    let message = Message::new(&arguments, context.now)?;
    let recursive = message.recursive(arguments.image.recursive())?;
    let credential = arguments.own.load(context)?;
    let legacy = legacy(&arguments, &message, &credential)?;
    let needed = evidence.has_witnesses() || credential.is_certified();
    let root = Root::load(&arguments, needed, &context.environment)?;
    let named = open(&arguments, context)?;
    let identity = arguments.image.sign_container_identity.as_deref();
    let targets = targets(&named, Scope { recursive, identity })?;
    let plan = Plan {
        message: &message,
        legacy,
    };
    let mut tasks = plan.tasks(&targets)?;
    check_places(&arguments, &named, &tasks)?;
    let work = Work {
        arguments: &arguments,
        named: &named,
        storing: Storing {
            created: created(context)?,
            root: &root,
            above: above(&arguments, &credential)?,
        },
        is_signature: message.is_signature(),
    };
    work.run(credential, &mut tasks, context)?;
    Ok(Outcome::Accepted)
}

/// Everything that is known before anybody is asked for anything.
struct Work<'a> {
    arguments: &'a Arguments,
    named: &'a [Named],
    storing: Storing<'a>,
    is_signature: bool,
}

impl Work<'_> {
    fn run(&self, credential: Credential, tasks: &mut [Task<'_>], context: &mut Context<'_>) -> Result<(), Failure> {
        let (arguments, root) = (self.arguments, self.storing.root);
        let evidence = arguments.evidence.evidence();
        let ground = Ground::new(&arguments.keyless, &credential, evidence, context)
            .map_err(|failure| of_legacy(failure, arguments))?
            .knowing_logs(&root.log_ids());
        let session = ground.session(credential, arguments.own.signing_algorithm)?;
        let signer = Signer::of(&session);
        context.say(introduction(&signer));
        let signing = Signing {
            session: &session,
            signer: &signer,
            root,
            logged: evidence.log == Log::Now,
            now: &|| ground.now(),
        };
        if arguments.image.skip_signed {
            signing.skip_signed(tasks)?;
        }
        sign_images(tasks, &signing, context)?;
        self.keep(tasks, context)?;
        let report = Report {
            signer: &signer,
            named: self.named,
            tasks,
            bundle: arguments.bundle.as_deref(),
            is_signature: self.is_signature,
        };
        report.print(arguments.format, context)
    }

    /// The file is on disk before anything is stored, and has its name after everything is.
    fn keep(&self, tasks: &mut [Task<'_>], context: &mut Context<'_>) -> Result<(), Failure> {
        let bundle = self.arguments.bundle.as_deref();
        let file = bundle.map(|path| staged(path, tasks)).transpose()?;
        if self.arguments.image.is_stored() {
            store(tasks, &self.storing, context)?;
        }
        file.map(OutputFile::commit).transpose().map(drop)
    }
}

/// That everything has a place, as far as that can be seen before.
fn check_places(arguments: &Arguments, named: &[Named], tasks: &[Task<'_>]) -> Result<(), Failure> {
    let bundle = arguments.bundle.as_deref().into_iter();
    output::check_bundles(inputs(arguments).iter(), bundle)?;
    if arguments.image.is_stored() {
        check_tags(tasks)?;
        check_writable(named)?;
    }
    Ok(())
}

fn check(arguments: &Arguments) -> Result<(), Failure> {
    arguments.tree.check_unused()?;
    if arguments.evidence.evidence().log == Log::Later {
        return Err(Failure::usage(
            "defer-log-unsupported",
            "expected files beside `--defer-log`: a registry keeps no signature that waits for its log",
        )
        .hint("leave out `--defer-log`"));
    }
    match arguments.image.is_stored() || arguments.bundle.is_some() {
        true => Ok(()),
        false => Err(Failure::usage(
            "bundle-missing",
            "expected --bundle to say where the bundle goes that is not stored beside the image",
        )
        .hint("add `--bundle NAME.sigstore.json`")),
    }
}

/// Those who read the form of cosign 2 want to see the promise of a log, and Rekor 1 alone gives one.
fn choose_log(arguments: &mut Arguments, log: Log) -> Result<(), Failure> {
    if !arguments.image.legacy || log == Log::Never {
        return Ok(());
    }
    match arguments.keyless.rekor_version.replace(RekorVersion::V1) {
        Some(RekorVersion::V2) => Err(Failure::usage(
            "legacy-needs-rekor-1",
            "expected Rekor 1 beside `--legacy`: cosign 2 and containers-policy read the promise of the log, and Rekor 2 gives none",
        )
        .hint("leave out `--rekor-version`, or `--legacy`")),
        _ => Ok(()),
    }
}

fn of_legacy(failure: Failure, arguments: &Arguments) -> Failure {
    match arguments.image.legacy && failure.code() == "signing-config-unusable" {
        true => failure.hint(
            "`--legacy` needs Rekor 1, whose promise cosign 2 and containers-policy read; without it, cosign 3 and attest read what is \
             signed, and Rekor 2 will do",
        ),
        false => failure,
    }
}

/// How what cosign 2 reads is signed: over the digest of its payload.
fn legacy(arguments: &Arguments, message: &Message, credential: &Credential) -> Result<Option<Scheme>, Failure> {
    if !arguments.image.legacy {
        return Ok(None);
    }
    let algorithm = arguments.own.signing_algorithm;
    let key = credential.kind(algorithm);
    let scheme = Scheme { key, algorithm };
    match message.is_signature() && scheme.is_stated() {
        true => Err(Failure::usage(
            "signing-algorithm-unfit",
            format_args!("expected a key that signs digests beside `--legacy`, found one of kind {key}"),
        )
        .hint("sign with another key, or leave out `--legacy`")),
        false => Ok(Some(scheme)),
    }
}

/// The certificates above one of one's own authority, if they were given.
fn above(arguments: &Arguments, credential: &Credential) -> Result<Vec<Vec<u8>>, Failure> {
    match credential {
        Credential::Certified(_, certificate) => dialect::above(&arguments.own, certificate.as_der()),
        _ => Ok(Vec::new()),
    }
}

/// When what is stored was made: as it is said for everything that can be made twice, else now.
fn created(context: &Context<'_>) -> Result<Option<String>, Failure> {
    if let Some(date) = date::of_environment(&context.environment)? {
        return Ok(Some(date.value.to_rfc3339()));
    }
    let now = Timestamp::try_from(context.now).ok();
    let second = now.and_then(|now| Timestamp::from_second(now.as_second()).ok());
    Ok(second.map(|now| now.to_string()))
}

/// Bundles over statements; one alone is a bundle, several stand in a line each.
fn staged(path: &Path, tasks: &[Task<'_>]) -> Result<OutputFile, Failure> {
    let statements = tasks.iter().filter(|task| task.is_statement());
    let bundles: Vec<&[u8]> = statements
        .filter_map(|task| Some(task.bundle.as_ref()?.as_json()))
        .collect();
    let mut file = OutputFile::create(path)?;
    match bundles.as_slice() {
        [bundle] => file.write(bundle)?,
        bundles => bundles
            .iter()
            .try_for_each(|bundle| file.write(&[bundle, &b"\n"[..]].concat()))?,
    }
    Ok(file)
}
