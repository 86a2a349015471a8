use attest_store::image::{Node, NodeKind, Tree};

use super::super::problem::Problem;
use super::arguments::{ImageOptions, Require};
use super::demand::Demands;
use super::evidence::{Nearness, Piece, Worth};
use super::findings::{Content, ImageFindings, ImageNode, NodeVerdict};

/// What was found beside a node, with the place of the first piece among all that was looked at.
pub(super) enum Looked {
    /// Nobody looked: it carries no evidence of its own.
    Nowhere,
    /// Everything that hangs on it.
    At { first: usize, pieces: Vec<Worthy> },
    /// It cannot be said what hangs on it.
    Closed(Problem),
}

/// What a piece does for a node, and why not more.
pub(super) struct Worthy {
    pub(super) worth: Worth,
    pub(super) problem: Option<Problem>,
}

/// A tree, what hangs on each of its nodes, and what was asked for.
pub(super) struct Question<'a> {
    pub(super) tree: &'a Tree,
    pub(super) looked: &'a [Looked],
    pub(super) demands: &'a Demands<'a>,
    pub(super) options: &'a ImageOptions,
}

impl Worthy {
    pub(super) fn of(piece: &Piece) -> Self {
        let Piece { finding, worth } = piece;
        let worth = match worth {
            Worth::Meets(demands) => Worth::Meets(demands.clone()),
            Worth::Fails { demands, nearness } => Worth::Fails {
                demands: demands.clone(),
                nearness: *nearness,
            },
            Worth::Nothing => Worth::Nothing,
            Worth::Unknown => Worth::Unknown,
        };
        Self {
            worth,
            problem: finding.result.as_ref().err().cloned(),
        }
    }
}

impl Looked {
    /// The pieces that meet a demand.
    fn meeting(&self, demand: usize) -> impl Iterator<Item = usize> {
        let (first, pieces) = match self {
            Self::At { first, pieces } => (*first, pieces.as_slice()),
            Self::Nowhere | Self::Closed(_) => (0, &[][..]),
        };
        let meets = move |piece: &Worthy| matches!(&piece.worth, Worth::Meets(met) if met.contains(&demand));
        let places = pieces.iter().enumerate().filter(move |(_, piece)| meets(piece));
        places.map(move |(place, _)| first + place)
    }

    fn meets(&self, demand: usize) -> bool {
        self.meeting(demand).next().is_some()
    }
}

impl Question<'_> {
    /// One verdict for each node.
    pub(super) fn answer(&self) -> ImageFindings {
        let nodes = self.tree.nodes().iter().enumerate();
        ImageFindings {
            nodes: nodes.map(|(place, node)| self.node(place, node)).collect(),
            participle: self.demands.participle(),
            content: Content::NotRead,
        }
    }

    /// Why the whole is not accepted where every node may be: there is nothing that anybody could have asked for.
    pub(super) fn nothing(&self) -> Option<Problem> {
        let nodes = self.tree.nodes();
        let is_asked_for = |node: &Node| !matches!(node.kind, NodeKind::LeftOut | NodeKind::BuildAttestation { .. });
        let is_for_us = |node: &Node| node.platform().is_none_or(|platform| self.options.is_for(platform));
        let is_no_image = |node: &Node| matches!(node.kind, NodeKind::Index(_) | NodeKind::Other);
        let is_one = |node: &&Node| is_asked_for(node) && is_for_us(node) && !is_no_image(node);
        match (nodes.iter().find(is_one), self.options.has_platforms()) {
            (Some(_), _) => None,
            (None, true) => Some(Problem::rejected(
                "platform-missing",
                format_args!("expected an image for {}, found none", self.options.platforms_shown()),
            )),
            // Whoever signed an index of nothing has signed just that.
            (None, false) if self.options.require() == Require::Images => Some(Problem::rejected(
                "image-empty",
                "expected an image in the index, found none",
            )),
            (None, false) => None,
        }
    }

    fn node(&self, place: usize, node: &Node) -> ImageNode {
        let verdict = self.verdict(place, node);
        let is_required = self.is_required(place, node);
        let bundles = (0..self.demands.len()).flat_map(|demand| self.looked[place].meeting(demand));
        let mut bundles: Vec<usize> = bundles.collect();
        bundles.sort_unstable();
        bundles.dedup();
        let (kind, about) = match &node.kind {
            NodeKind::Index(_) => ("index", None),
            NodeKind::Image(_) => ("image", None),
            NodeKind::BuildAttestation { about, .. } => ("build-attestation", about.clone()),
            NodeKind::Artifact { .. } => ("artifact", None),
            NodeKind::Other => ("other", None),
            NodeKind::LeftOut | NodeKind::Missing if node.descriptor.is_index() => ("index", None),
            NodeKind::LeftOut | NodeKind::Missing => ("image", None),
        };
        ImageNode {
            digest: node.digest().clone(),
            kind,
            platform: node.platform().map(ToString::to_string),
            about,
            depth: node.depth,
            parents: node.parents.clone(),
            problems: self.problems(place, node, (verdict, is_required)),
            verdict,
            is_required,
            bundles,
        }
    }

    fn verdict(&self, place: usize, node: &Node) -> NodeVerdict {
        match node.kind {
            NodeKind::LeftOut => return NodeVerdict::LeftOut,
            NodeKind::Missing => return NodeVerdict::Missing,
            _ => {}
        }
        let mut demands = 0..self.demands.len();
        if let Looked::Closed(_) = self.looked[place] {
            return NodeVerdict::Undecided;
        }
        if demands.clone().all(|demand| self.looked[place].meets(demand)) {
            return NodeVerdict::Itself;
        }
        let above = self.tree.ancestors(place);
        let is_met = |demand: usize| {
            self.looked[place].meets(demand) || above.iter().any(|above| self.looked[*above].meets(demand))
        };
        match demands.all(is_met) {
            true => NodeVerdict::Covered,
            false => NodeVerdict::Uncovered,
        }
    }

    fn is_required(&self, place: usize, node: &Node) -> bool {
        let is_image = matches!(node.kind, NodeKind::Image(_) | NodeKind::Artifact { .. });
        match self.options.require() {
            Require::Named => place == 0,
            Require::Images => is_image,
            Require::All => is_image || matches!(node.kind, NodeKind::Index(_)),
        }
    }

    fn problems(&self, place: usize, node: &Node, (verdict, is_required): (NodeVerdict, bool)) -> Vec<Problem> {
        let name = self.name(place, node);
        match (verdict, &self.looked[place]) {
            (NodeVerdict::Missing, _) => vec![Problem::undecided(
                "image-incomplete",
                format_args!("expected {name}, which its index names, found nothing"),
            )],
            (_, Looked::Closed(problem)) => vec![problem.like(format_args!("{name}: {}", problem.message))],
            (NodeVerdict::Itself | NodeVerdict::LeftOut, _) => Vec::new(),
            (_, looked) if is_required => self.unmet(looked, &name),
            (NodeVerdict::Uncovered, _) if matches!(node.kind, NodeKind::Other) => {
                let message = format_args!(
                    "expected {} of an index that names {name}, found none",
                    self.demands.shown(0)
                );
                vec![Problem::rejected("image-uncovered", message)]
            }
            (NodeVerdict::Uncovered, _) => vec![Problem::passed_over(
                "image-uncovered",
                format_args!("nobody vouches for {name}, and nobody asked for it"),
            )],
            _ => Vec::new(),
        }
    }

    fn unmet(&self, looked: &Looked, name: &str) -> Vec<Problem> {
        let demands = (0..self.demands.len()).filter(|demand| !looked.meets(*demand));
        demands.map(|demand| self.reason(looked, demand, name)).collect()
    }

    /// Why there is nothing that meets a demand: what nobody could look at, else what came nearest.
    fn reason(&self, looked: &Looked, demand: usize, name: &str) -> Problem {
        let (first, pieces) = match looked {
            Looked::At { first, pieces } => (*first, pieces.as_slice()),
            Looked::Nowhere | Looked::Closed(_) => (0, &[][..]),
        };
        let wanted = self.demands.shown(demand);
        let pieces = || pieces.iter().enumerate();
        let unknown = pieces().find(|(_, piece)| matches!(piece.worth, Worth::Unknown));
        if let Some((
            place,
            Worthy {
                problem: Some(problem), ..
            },
        )) = unknown
        {
            let message = format_args!(
                "expected {wanted} of {name}, found what cannot be read: {}",
                problem.message
            );
            return Problem::undecided("evidence-not-read", message).by(first + place);
        }
        let failing = pieces().filter_map(|(place, piece)| match (&piece.worth, &piece.problem) {
            (Worth::Fails { demands, nearness }, Some(problem)) if demands.contains(&demand) => {
                Some((*nearness, place, problem))
            }
            _ => None,
        });
        // Of several that are as near, the first.
        let nearest = failing.fold(None, |best: Option<(Nearness, usize, &Problem)>, next| match best {
            Some(best) if best.0 >= next.0 => Some(best),
            _ => Some(next),
        });
        if let Some((_, place, problem)) = nearest {
            let problem = problem.like(format_args!("{name}: {}", problem.message));
            return problem.into_rejected().by(first + place);
        }
        let message = match pieces().count() {
            0 => format!("expected {wanted} of {name}, found none"),
            others => format!("expected {wanted} of {name}, found none among {others} that are something else"),
        };
        let code = if self.demands.is_signature(demand) {
            "image-not-signed"
        } else {
            "image-not-attested"
        };
        Problem::rejected(code, message)
    }

    /// A node, as in a sentence.
    fn name(&self, place: usize, node: &Node) -> String {
        let digest = node.digest();
        match node.platform() {
            Some(platform) if place > 0 => format!("`{digest}` for {platform}"),
            _ => format!("`{digest}`"),
        }
    }
}
