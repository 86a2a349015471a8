//! Images in, a verdict for each and for everything below it out.
//!
//! `arguments` says what of an image is asked for, `demand` what has to be signed of it, `evidence` verifies what hangs on it, and
//! `verdict` says of each manifest whether it is signed itself, covered by an index that is, or neither; `content` holds the blobs of
//! what is accepted to their digests, where they are on disk.

mod arguments;
mod content;
mod demand;
mod evidence;
mod findings;
mod platform;
mod verdict;

use std::num::NonZeroUsize;
use std::path::Path;

use attest_digest::Threads;
use attest_store::image::{Attached, Attachment, Node, NodeKind, Pruning, Tree, evidence_of_at_once};
use attest_verify::Verifier;

use super::arguments::Arguments;
use super::batch::Verdicts;
use super::evidence::in_order;
use super::expectation::{self, Claim, Shown};
use super::input::Subject;
use super::judgement::Judgement;
use super::problem::Problem;
use super::report::{Report, Trusted};
use crate::context::{Context, Environment};
use crate::exit::Outcome;
use crate::failure::{Failure, FailureClass};
use crate::image::{Opened, Place, for_each, tree_failure};
use crate::trust::Roots;
pub(super) use arguments::{ImageOptions, are_named};
use demand::Demands;
use evidence::{Examiner, Piece};
pub(super) use findings::{ImageFindings, ImageNode};
use verdict::{Looked, Question, Worthy};

/// How many manifests are looked at together: each waits for answers most of the time.
const MANIFESTS_AT_ONCE: NonZeroUsize = NonZeroUsize::new(8).expect("eight is not zero");

/// How many pieces of evidence of one manifest are fetched together.
const EVIDENCE_AT_ONCE: NonZeroUsize = NonZeroUsize::new(4).expect("four is not zero");

/// An image of the call, or why it cannot be opened.
struct Named {
    name: String,
    opened: Result<Opened, Problem>,
}

/// Everything but the images.
struct Call<'a> {
    examiner: Examiner<'a>,
    options: &'a ImageOptions,
}

pub(super) fn run(arguments: &Arguments, context: &mut Context<'_>) -> Result<Outcome, Failure> {
    let time = super::now(context)?;
    refuse_other_worlds(arguments)?;
    let demands = Demands::read(arguments)?;
    let images = open(arguments, &context.environment)?;
    check_outputs(&images, arguments)?;
    let (expectation, mut shown) = expectation::signer(arguments, &|| claimed(&images), context)?;
    shown.extend(demands.fields());
    shown.extend(arguments.image.fields());
    let roots = Roots::load(&arguments.trust, context)?;
    let references = roots.references();
    let call = Call {
        examiner: Examiner {
            verifier: arguments.relaxations.relax(Verifier::with_roots(&references, time)),
            expectation: &expectation,
            demands: &demands,
        },
        options: &arguments.image,
    };
    let mut verdicts = Verdicts::default();
    let judged = for_each(&images, |image| Ok::<_, Failure>(call.judge(image)))?;
    judged.into_iter().for_each(|judged| verdicts.join(judged));
    let report = Report {
        time,
        trust: Some(Trusted {
            shown: roots.shown(),
            json: roots.to_json(time.moment()),
        }),
        expected: Shown(shown),
        judgements: verdicts.judgements,
        findings: verdicts.findings,
    };
    super::output::write(&report, &arguments.output, context)?;
    Ok(report.outcome())
}

/// Keys of minisign, signify, OpenPGP and SSH sign files.
fn refuse_other_worlds(arguments: &Arguments) -> Result<(), Failure> {
    match super::detached::keys(arguments)? {
        None => Ok(()),
        Some(keys) => Err(Failure::usage(
            "key-not-for-images",
            format_args!(
                "expected a public key of Sigstore's kind for images, found one of {}",
                keys.format()
            ),
        )
        .at("--key")),
    }
}

/// Opens every image, several at once: each may wait for its registry. A tag is asked for once, here.
fn open(arguments: &Arguments, environment: &Environment) -> Result<Vec<Named>, Failure> {
    for_each(&arguments::names(arguments)?, |(text, name)| {
        match Opened::open(name, &arguments.image.image, environment) {
            Ok(opened) => Ok(Named {
                name: shown(&opened),
                opened: Ok(opened),
            }),
            Err(failure) if failure.class() == FailureClass::Usage => Err(failure),
            Err(failure) => Ok(Named {
                name: text.clone(),
                opened: Err(Problem::from(&failure)),
            }),
        }
    })
}

/// As it can be named again.
fn shown(opened: &Opened) -> String {
    match opened.reference {
        Some(_) => format!("oci://{}", opened.name),
        None => opened.name.clone(),
    }
}

/// A report never takes the place of what it is about.
fn check_outputs(images: &[Named], arguments: &Arguments) -> Result<(), Failure> {
    let opened = images.iter().filter_map(|image| image.opened.as_ref().ok());
    let layouts: Vec<&Path> = opened
        .filter_map(|opened| match &opened.place {
            Place::Layout(layout) => Some(layout.layout().path()),
            Place::Registry { .. } => None,
        })
        .collect();
    let (directories, archives): (Vec<&Path>, Vec<&Path>) = layouts.into_iter().partition(|path| path.is_dir());
    arguments.output.check(arguments.means().chain(archives))?;
    arguments.output.check_outside(directories.into_iter())
}

/// Who claims to have signed the first image that somebody claims to have signed.
fn claimed(images: &[Named]) -> Option<Claim> {
    images.iter().find_map(|image| {
        let opened = image.opened.as_ref().ok()?;
        let stored = evidence_of_at_once(opened, &opened.digest, EVIDENCE_AT_ONCE).ok()?;
        stored.into_iter().find_map(|one| {
            let Attachment::Evidence(Ok(Attached::Bundle(bundle) | Attached::SimpleSigning { bundle, .. })) =
                one.attachment
            else {
                return None;
            };
            Claim::of(image.name.clone(), bundle.peek_unverified().certificate()?)
        })
    })
}

impl Call<'_> {
    fn judge(&self, image: &Named) -> Verdicts {
        let subject = Subject::Image(image.name.clone());
        let judged = image.opened.as_ref().map_err(Clone::clone);
        let judged = judged.and_then(|opened| self.judge_opened(&subject, opened));
        judged.unwrap_or_else(|problem| Verdicts {
            judgements: vec![Judgement::unmeasured(&subject, problem)],
            findings: Vec::new(),
        })
    }

    fn judge_opened(&self, subject: &Subject, opened: &Opened) -> Result<Verdicts, Problem> {
        let pruning = Pruning {
            is_wanted: &|child| self.options.is_wanted(child),
            at_once: MANIFESTS_AT_ONCE,
        };
        let tree = Tree::read_pruned(opened, &opened.digest, pruning);
        let tree = tree.map_err(|error| Problem::from(&tree_failure(&error, &opened.place)))?;
        let nodes = tree.nodes().iter().collect();
        let found = in_order(nodes, Threads::of_machine(Some(MANIFESTS_AT_ONCE)), |node| {
            self.look(opened, node)
        });
        let mut findings = Vec::new();
        let looked: Vec<Looked> = found
            .into_iter()
            .map(|found| match found {
                None => Looked::Nowhere,
                Some(Err(problem)) => Looked::Closed(problem),
                Some(Ok(pieces)) => {
                    let first = findings.len();
                    let worthy = pieces.iter().map(Worthy::of).collect();
                    findings.extend(pieces.into_iter().map(|piece| piece.finding));
                    Looked::At { first, pieces: worthy }
                }
            })
            .collect();
        let question = Question {
            tree: &tree,
            looked: &looked,
            demands: self.examiner.demands,
            options: self.options,
        };
        let unfit = platform::unfit(self.options, opened, tree.top());
        Ok(Verdicts {
            judgements: vec![judgement(subject, opened, &question, unfit)],
            findings,
        })
    }

    /// What hangs on a node; nothing where nothing can.
    fn look(&self, opened: &Opened, node: &Node) -> Option<Result<Vec<Piece>, Problem>> {
        match node.kind {
            NodeKind::Index(_) | NodeKind::Image(_) | NodeKind::Artifact { .. } => {}
            _ => return None,
        }
        let digest = node.digest();
        let stored = evidence_of_at_once(opened, digest, EVIDENCE_AT_ONCE);
        let repository = repository(opened);
        Some(match stored {
            Ok(stored) => Ok(self.examiner.examine_all((&repository, digest), stored)),
            Err(error) => Err(Problem::from(&opened.place.failure(&error))),
        })
    }
}

/// What the names of everything that lies beside an image begin with.
fn repository(opened: &Opened) -> String {
    match &opened.place {
        Place::Registry { repository, .. } => format!("oci://{repository}"),
        Place::Layout(layout) => layout.layout().path().display().to_string(),
    }
}

fn judgement(subject: &Subject, opened: &Opened, question: &Question<'_>, unfit: Option<Problem>) -> Judgement {
    let mut image = question.answer();
    let mislabelled = platform::mislabelled(opened, question.tree, &image);
    let problems = image.nodes.iter().flat_map(|node| &node.problems);
    let problems = problems.filter(|problem| !problem.is_passed_over()).cloned();
    let problems = problems.chain(question.nothing()).chain(unfit);
    let mut problems: Vec<Problem> = problems.chain(mislabelled).collect();
    // What is not accepted anyway needs no reading.
    if problems.is_empty() {
        let (content, found) = content::hold(opened, question.tree, &image);
        image.content = content;
        problems = found;
    }
    let required = image.nodes.iter().filter(|node| node.is_required);
    let mut covered_by: Vec<usize> = required.flat_map(|node| node.bundles.iter().copied()).collect();
    covered_by.sort_unstable();
    covered_by.dedup();
    Judgement {
        subject: subject.clone(),
        digest: Some(opened.digest.clone()),
        signed_as: None,
        listed_in: None,
        trees: Vec::new(),
        image: Some(image),
        covered_by,
        problems,
    }
}
