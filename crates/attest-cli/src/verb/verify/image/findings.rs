use attest_digest::Digest;

use super::super::problem::Problem;

/// What was found out about an image and everything below it: what names before what it names.
pub(in super::super) struct ImageFindings {
    pub(in super::super) nodes: Vec<ImageNode>,
    /// What a manifest that is signed itself is: `signed`, `attested` or both.
    pub(in super::super) participle: &'static str,
    pub(in super::super) content: Content,
}

/// What became of the configurations and layers of what is accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Content {
    /// Nobody read them: they are in a registry, or nothing is accepted.
    NotRead,
    /// They are what their digests say.
    Held {
        /// How many blobs are on disk.
        here: usize,
        /// How many a manifest says are elsewhere, and are: nobody read them.
        elsewhere: usize,
    },
    /// One of them is not there, or is something else.
    Broken,
}

impl Content {
    /// As in JSON.
    pub(in super::super) fn word(self) -> &'static str {
        match self {
            Self::NotRead => "not-read",
            Self::Held { .. } => "held",
            Self::Broken => "broken",
        }
    }

    /// What is said of what is accepted, for people.
    pub(in super::super) fn said(self) -> String {
        match self {
            Self::NotRead => "NOT checked: configurations and layers, which are in the registry".to_owned(),
            Self::Held { here, elsewhere: 0 } => format!("configurations and layers: {here} blobs, as signed"),
            Self::Held { here, elsewhere } => {
                format!(
                    "configurations and layers: {here} blobs, as signed; NOT checked: {elsewhere} that are elsewhere"
                )
            }
            Self::Broken => "configurations and layers: not as signed".to_owned(),
        }
    }

    /// Whether a part of them was left to whoever pulls them.
    pub(in super::super) fn is_left_out(self) -> bool {
        !matches!(self, Self::Held { elsewhere: 0, .. })
    }
}

/// An index, a manifest or something else that an index names.
pub(in super::super) struct ImageNode {
    pub(in super::super) digest: Digest,
    pub(in super::super) kind: &'static str,
    pub(in super::super) platform: Option<String>,
    /// What an attestation of BuildKit is about.
    pub(in super::super) about: Option<Digest>,
    pub(in super::super) depth: usize,
    /// The places of the indexes that name it.
    pub(in super::super) parents: Vec<usize>,
    pub(in super::super) verdict: NodeVerdict,
    /// Whether it has to be signed itself.
    pub(in super::super) is_required: bool,
    /// The evidence that makes it signed itself, by its place among all that was looked at.
    pub(in super::super) bundles: Vec<usize>,
    /// Why it is not what was asked for; what is passed over is no reason to reject anything.
    pub(in super::super) problems: Vec<Problem>,
}

/// What vouches for a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum NodeVerdict {
    /// Evidence about itself.
    Itself,
    /// Evidence about an index that names it by its digest.
    Covered,
    /// Nothing.
    Uncovered,
    /// Its evidence cannot be looked at.
    Undecided,
    /// It is not there.
    Missing,
    /// Nobody asked for it.
    LeftOut,
}

impl NodeVerdict {
    /// As in JSON.
    pub(in super::super) fn word(self) -> &'static str {
        match self {
            Self::Itself => "signed-itself",
            Self::Covered => "covered-by-parent",
            Self::Uncovered => "uncovered",
            Self::Undecided => "undecided",
            Self::Missing => "missing",
            Self::LeftOut => "left-out",
        }
    }
}

impl ImageFindings {
    /// What is said of a node, for people.
    pub(in super::super) fn said_of(&self, node: &ImageNode) -> String {
        let participle = self.participle;
        match node.verdict {
            NodeVerdict::Itself => format!("{participle} itself"),
            NodeVerdict::Covered => format!("covered by its {participle} parent"),
            NodeVerdict::Uncovered => "uncovered".to_owned(),
            NodeVerdict::Undecided => "UNKNOWN".to_owned(),
            NodeVerdict::Missing => "NOT THERE".to_owned(),
            NodeVerdict::LeftOut => "not asked for".to_owned(),
        }
    }
}

impl ImageNode {
    /// What it is, for people.
    pub(in super::super) fn label(&self) -> String {
        match (&self.platform, &self.about) {
            (_, Some(about)) => format!("{} of {}", self.kind, short(about)),
            (Some(platform), None) if self.kind == "image" => platform.clone(),
            (Some(platform), None) => format!("{} {platform}", self.kind),
            (None, None) => self.kind.to_owned(),
        }
    }

    /// The evidence stands in another order now.
    pub(in super::super) fn move_evidence(&mut self, new_places: &[usize]) {
        self.bundles.iter_mut().for_each(|place| *place = new_places[*place]);
        self.bundles.sort_unstable();
        for problem in &mut self.problems {
            problem.evidence = problem.evidence.map(|place| new_places[place]);
        }
    }
}

/// As much of a digest as tells it from its neighbours.
fn short(digest: &Digest) -> String {
    let hex = digest.to_hex();
    format!("{}:{}", digest.algorithm(), hex.get(..12).unwrap_or(&hex))
}
