//! Signatures of other worlds (minisign, signify, OpenPGP, SSH): they are over the bytes themselves, so that each artifact
//! is read together with its own signature. What comes out is a report like any other.

mod finding;
mod search;
mod world;

use attest_detached::{FILE_NAMESPACE, KEYS_LIMIT, SignerKeys};

use super::arguments::Arguments;
use super::batch::Verdicts;
use super::checksums::Texts;
use super::evidence::in_order;
use super::expectation::{Shown, asks_for_claims};
use super::finding::Finding;
use super::judgement::Judgement;
use super::problem::Problem;
use super::{Call, Verified};
use crate::failure::Failure;
use crate::input_file::InputFile;
use crate::visible::visible;
pub(super) use finding::DetachedSigner;
use search::Search;
use world::World;
pub(super) use world::is_message;

/// What only signatures of other worlds have.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Signatures of minisign, signify, OpenPGP and SSH (with --key)")]
pub(super) struct DetachedArguments {
    /// What an SSH signature has to be for [default: file]
    #[arg(long, value_name = "NAMESPACE", requires = "key")]
    namespace: Option<String>,
}

/// The keys of another world that `--key` names; none where it names one of Sigstore, or nothing.
pub(super) fn keys(arguments: &Arguments) -> Result<Option<SignerKeys>, Failure> {
    let Some(path) = &arguments.identity.key else {
        return Ok(None);
    };
    let file = InputFile {
        path,
        unreadable: "key-unreadable",
        limit: KEYS_LIMIT as u64,
    };
    let bytes = file.read()?;
    if SignerKeys::recognise(&bytes).is_none() {
        return Ok(None);
    }
    let keys = SignerKeys::parse(&bytes)
        .map_err(|error| Failure::usage("key-invalid", visible(&error.to_string())).at(path.display()))?;
    Ok(Some(keys))
}

/// One call with keys of another world.
pub(super) struct Detached<'a> {
    pub(super) call: &'a Call<'a>,
    pub(super) keys: &'a SignerKeys,
}

/// What was found out about one artifact. The judgement counts the findings from zero.
struct Examined {
    judgement: Judgement,
    findings: Vec<Finding>,
    texts: Texts,
    /// Whether no signature was held against it yet.
    is_unsigned: bool,
}

impl Detached<'_> {
    pub(super) fn run(&self) -> Result<Verified, Failure> {
        self.refuse_what_does_not_apply()?;
        let arguments = self.call.arguments;
        let world = World {
            keys: self.keys,
            moment: self.call.time.moment(),
            namespace: arguments.detached.namespace.as_deref().unwrap_or(FILE_NAMESPACE),
            principal: arguments.identity.certificate_identity.as_deref(),
        };
        let search = Search::new(self.call.input);
        let examined = in_order(search.subjects.iter().collect(), self.call.threads, |subject| {
            world.examine(subject, &search)
        });
        let mut verdicts = Verdicts::default();
        let mut texts = Texts::new();
        for examined in examined {
            texts.extend(examined.texts);
            add(&mut verdicts, examined.judgement, examined.findings);
        }
        verdicts.findings.extend(search.without_artifact());
        verdicts.findings.extend(search.of_another_world(self.keys.format()));
        verdicts.sort();
        Ok(Verified {
            verdicts,
            texts,
            expected: self.expected(&world),
            trust: None,
        })
    }

    /// An expectation that is not held against anything must not look as if it were.
    fn refuse_what_does_not_apply(&self) -> Result<(), Failure> {
        let format = self.keys.format();
        let arguments = self.call.arguments;
        let mut parts = arguments.subjects.signature.words().map(|(name, _)| name);
        let flag = match arguments.trust.trusted_root {
            _ if !arguments.subjects.bundle.is_empty() => Some("--bundle"),
            _ if asks_for_claims(arguments)? => Some("claims of a certificate"),
            _ if arguments.build.read(&arguments.claims, true)?.asks_for_anything() => Some("type or provenance"),
            Some(_) => Some("--trusted-root"),
            None if arguments.trust.max_trust_age.is_some() => Some("--max-trust-age"),
            None => parts.find(|name| *name != "--signature"),
        };
        if let Some(flag) = flag {
            let message = format_args!("expected no {flag} with keys of {format}, which know no such thing");
            return Err(Failure::usage("flag-not-applicable", message));
        }
        match (self.keys.need_principal(), &arguments.identity.certificate_identity) {
            (true, None) => Err(Failure::usage(
                "principal-missing",
                "expected the name of the signer: the keys are a list of several signers",
            )
            .hint("name who has to have signed with --certificate-identity PRINCIPAL")),
            (false, Some(_)) => Err(Failure::usage(
                "principal-unsupported",
                format_args!("expected no --certificate-identity: these keys of {format} do not say whose they are"),
            )),
            _ => Ok(()),
        }
    }

    fn expected(&self, world: &World<'_>) -> Shown {
        let key = self.call.arguments.identity.key.as_ref();
        let mut shown = vec![("key", key.map_or_else(String::new, |path| path.display().to_string()))];
        shown.extend(world.principal.map(|principal| ("principal", principal.to_owned())));
        if self.keys.format() == attest_detached::Format::Ssh {
            shown.push(("namespace", world.namespace.to_owned()));
        }
        Shown(shown)
    }
}

/// Puts what was found out about one artifact to the rest.
fn add(verdicts: &mut Verdicts, mut judgement: Judgement, findings: Vec<Finding>) {
    let first = verdicts.findings.len();
    judgement.covered_by.iter_mut().for_each(|place| *place += first);
    for problem in &mut judgement.problems {
        problem.evidence = problem.evidence.map(|place| place + first);
    }
    verdicts.judgements.push(judgement);
    verdicts.findings.extend(findings);
}

impl From<&attest_detached::DetachedError> for Problem {
    fn from(error: &attest_detached::DetachedError) -> Self {
        match error.is_undecided() {
            true => Self::undecided(error.code(), error),
            false => Self::rejected(error.code(), error),
        }
    }
}
