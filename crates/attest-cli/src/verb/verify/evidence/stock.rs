use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use attest_digest::{Algorithm, Digest, DigestSet};

use super::super::input::Subject;
use super::{Evidence, Origin, Proof};

/// Evidence that is searched instead of gone through: thousands of artifacts against thousands of bundles would be
/// millions of comparisons.
#[derive(Default)]
pub(in super::super) struct Stock {
    pub(in super::super) evidence: Vec<Evidence>,
    by_digest: HashMap<Digest, Vec<usize>>,
    by_name: HashMap<String, Vec<usize>>,
    by_file_name: BTreeMap<Vec<u8>, Vec<usize>>,
    by_path: HashMap<PathBuf, Vec<usize>>,
    given: Vec<usize>,
    given_algorithms: BTreeSet<Algorithm>,
    neighbours: HashMap<PathBuf, Vec<usize>>,
    /// The directories of given pieces as they are spelled, with what they are called in truth.
    directories: HashMap<PathBuf, PathBuf>,
}

/// What an artifact is searched by.
pub(in super::super) struct Query<'a> {
    pub(in super::super) subject: &'a Subject,
    /// The evidence beside it.
    pub(in super::super) beside: &'a [PathBuf],
    directory: OnceCell<Option<PathBuf>>,
}

impl<'a> Query<'a> {
    pub(in super::super) fn new(subject: &'a Subject, beside: &'a [PathBuf]) -> Self {
        Self {
            subject,
            beside,
            directory: OnceCell::new(),
        }
    }

    /// What the directory of the artifact is called in truth.
    fn directory(&self) -> Option<&Path> {
        let directory = || self.subject.directory().map(canonical);
        self.directory.get_or_init(directory).as_deref()
    }
}

impl Stock {
    pub(in super::super) fn new(evidence: Vec<Evidence>) -> Self {
        let mut stock = Self::default();
        for (place, piece) in evidence.iter().enumerate() {
            stock.index(place, piece);
        }
        Self { evidence, ..stock }
    }

    fn index(&mut self, place: usize, piece: &Evidence) {
        self.by_path.entry(piece.path.clone()).or_default().push(place);
        let file_name = piece.path.file_name().map(OsStr::as_encoded_bytes).unwrap_or_default();
        match piece.origin {
            Origin::Given | Origin::Named => {
                let directory = directory_of(&piece.path);
                let in_truth = || canonical(directory);
                self.directories.entry(directory.to_owned()).or_insert_with(in_truth);
                self.given.push(place);
                self.by_file_name.entry(file_name.to_vec()).or_default().push(place);
            }
            // One that lies beside an artifact is a neighbour of the others of its directory.
            Origin::Beside | Origin::Neighbour | Origin::Attached => {
                let directory = directory_of(&piece.path).to_owned();
                self.neighbours.entry(directory).or_default().push(place);
            }
        }
        let Ok(proof) = &piece.result else { return };
        if piece.origin.is_of_call() {
            self.given_algorithms.extend(proof.algorithms());
        }
        for digest in proof.digests() {
            push(self.by_digest.entry(digest.clone()).or_default(), place);
        }
        for name in proof.names() {
            push(self.by_name.entry(name.to_owned()).or_default(), place);
        }
    }

    /// Every algorithm that a proof which concerns an artifact needs.
    pub(in super::super) fn algorithms_for(&self, query: &Query<'_>) -> BTreeSet<Algorithm> {
        let beside = query.beside.iter().filter_map(|path| self.by_path.get(path)).flatten();
        let proofs = beside
            .chain(self.neighbours_of(query))
            .map(|place| &self.evidence[*place]);
        let needed = proofs
            .filter_map(|piece| piece.result.as_ref().ok())
            .flat_map(Proof::algorithms);
        needed.chain(self.given_algorithms.iter().copied()).collect()
    }

    /// The pieces that may say something about an artifact: all that concern it and know its digest or its name, or bear its
    /// name themselves. In the order of the stock.
    pub(in super::super) fn candidates(&self, query: &Query<'_>, digests: &DigestSet) -> BTreeSet<usize> {
        let name = query.subject.file_name();
        let by_digest = digests.iter().filter_map(|digest| self.by_digest.get(digest));
        let by_name = name
            .map(OsStr::to_string_lossy)
            .and_then(|name| self.by_name.get(&*name));
        let by_name = by_name
            .into_iter()
            .flatten()
            .filter(|place| self.reaches(**place, query));
        let known = by_digest.flatten().chain(by_name).copied();
        let mut found: BTreeSet<usize> = known.filter(|place| self.concerns(*place, query)).collect();
        found.extend(query.beside.iter().filter_map(|path| self.by_path.get(path)).flatten());
        if let Some(name) = name {
            found.extend(self.named_after(name).filter(|place| self.is_beside(*place, query)));
        }
        found
    }

    /// Given pieces whose files bear the name of an artifact.
    fn named_after<'a>(&'a self, name: &'a OsStr) -> impl Iterator<Item = usize> + 'a {
        let prefix = name.as_encoded_bytes();
        self.by_file_name
            .range(prefix.to_vec()..)
            .take_while(move |(file_name, _)| file_name.starts_with(prefix))
            .flat_map(|(_, places)| places.iter().copied())
            .filter(move |place| attest_store::is_sidecar_of(&self.evidence[*place].path, name))
    }

    /// Everything that an artifact is held against, in the order of the stock.
    pub(in super::super) fn concerning(&self, query: &Query<'_>) -> Vec<usize> {
        let beside = query.beside.iter().filter_map(|path| self.by_path.get(path)).flatten();
        let mut all: BTreeSet<usize> = beside.copied().collect();
        all.extend(&self.given);
        all.extend(self.neighbours_of(query));
        all.into_iter().collect()
    }

    /// Whether the name of a piece says that it is about an artifact: `app.sigstore.json` is that of the `app` beside it, and
    /// not that of the `app` of another directory, unless an option names it.
    pub(in super::super) fn is_beside(&self, place: usize, query: &Query<'_>) -> bool {
        let piece = &self.evidence[place];
        piece.origin != Origin::Given || self.directory(piece) == query.directory()
    }

    /// Whether a name within a piece may be that of an artifact: a piece speaks of its own directory, and one about several
    /// artifacts also of those below.
    pub(in super::super) fn reaches(&self, place: usize, query: &Query<'_>) -> bool {
        let piece = &self.evidence[place];
        let is_about_several = || piece.result.as_ref().is_ok_and(|proof| proof.names().nth(1).is_some());
        let is_above = || match (self.directory(piece), query.directory()) {
            (Some(above), Some(below)) => below.starts_with(above),
            _ => false,
        };
        self.is_beside(place, query) || (is_above() && is_about_several())
    }

    fn directory(&self, piece: &Evidence) -> Option<&Path> {
        self.directories.get(directory_of(&piece.path)).map(PathBuf::as_path)
    }

    fn concerns(&self, place: usize, query: &Query<'_>) -> bool {
        let piece = &self.evidence[place];
        match piece.origin {
            Origin::Given | Origin::Named => true,
            Origin::Beside | Origin::Neighbour | Origin::Attached => {
                query.beside.contains(&piece.path) || self.neighbours_of(query).binary_search(&place).is_ok()
            }
        }
    }

    /// An artifact with evidence of its own has no use for that of its directory.
    fn neighbours_of(&self, query: &Query<'_>) -> &[usize] {
        let directory = query.subject.directory().filter(|_| query.beside.is_empty());
        directory
            .and_then(|directory| self.neighbours.get(directory))
            .map(Vec::as_slice)
            .unwrap_or_default()
    }
}

fn directory_of(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new(""))
}

/// Two spellings of one directory are one directory. One that cannot be looked up is what it is spelled as.
fn canonical(directory: &Path) -> PathBuf {
    let spelled = match directory.as_os_str().is_empty() {
        true => Path::new("."),
        false => directory,
    };
    spelled.canonicalize().unwrap_or_else(|_| directory.to_owned())
}

/// The subjects of one statement come one after the other.
fn push(places: &mut Vec<usize>, place: usize) {
    if places.last() != Some(&place) {
        places.push(place);
    }
}
