use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use attest_digest::{Algorithm, Algorithms, FileJob, MeasureError, Measured};

use super::super::input::Subject;
use super::super::judgement::Judgement;
use super::super::problem::Problem;
use super::list::{List, Listed};
use super::mismatch;

/// What one list says of one file.
#[derive(Clone, Copy)]
pub(super) struct Statement<'a> {
    pub(super) list: &'a List,
    pub(super) listed: &'a Listed,
}

/// What lists say, by the places of the files.
pub(super) struct Named<'a> {
    lists: Vec<Placed<'a>>,
    directories: Directories,
}

/// A list, and where what it names lies.
struct Placed<'a> {
    list: &'a List,
    /// Its own place, of which it says nothing: it cannot know its own digest.
    place: PathBuf,
    by_place: BTreeMap<PathBuf, Vec<&'a Listed>>,
    by_name: BTreeMap<&'a OsStr, Vec<&'a Listed>>,
}

/// Directories as they were spelled, and without links, `.` and `..`. Each is looked up once.
#[derive(Default)]
struct Directories(BTreeMap<PathBuf, PathBuf>);

impl<'a> Named<'a> {
    pub(super) fn new(lists: &'a [List]) -> Self {
        let mut directories = Directories::default();
        Self {
            lists: lists.iter().map(|list| Placed::new(list, &mut directories)).collect(),
            directories,
        }
    }

    /// What lists say of the file at this place, however its path is spelled: each speaks for its own directory and what is
    /// below it.
    pub(super) fn at_or_below(&mut self, path: &Path) -> Vec<Statement<'a>> {
        let place = self.directories.place(path);
        let others = self.lists.iter().filter(|placed| placed.place != place);
        others.flat_map(|placed| placed.at(&place)).collect()
    }

    /// What a list that was named says of a file that was named and lies below the directory of none: it is found by the whole
    /// path that the list knows it by, and counts only if it is the only one.
    pub(super) fn elsewhere(&mut self, path: &Path, walked: &BTreeSet<PathBuf>) -> Vec<Statement<'a>> {
        let place = self.directories.place(path);
        let is_below = |placed: &Placed<'_>| {
            placed
                .place
                .parent()
                .is_some_and(|directory| place.starts_with(directory))
        };
        if self.lists.iter().any(is_below) {
            return Vec::new();
        }
        let found: Vec<Statement<'a>> = self.lists.iter().flat_map(|placed| placed.ending(&place)).collect();
        match found.as_slice() {
            [only] if !walked.contains(&only.list.path) => found,
            _ => Vec::new(),
        }
    }
}

impl<'a> Placed<'a> {
    fn new(list: &'a List, directories: &mut Directories) -> Self {
        let mut by_place: BTreeMap<PathBuf, Vec<&'a Listed>> = BTreeMap::new();
        let mut by_name: BTreeMap<&'a OsStr, Vec<&'a Listed>> = BTreeMap::new();
        for listed in &list.files {
            let place = directories.place(&list.path.with_file_name(&listed.name));
            by_place.entry(place).or_default().push(listed);
            by_name
                .entry(listed.name.file_name().unwrap_or_default())
                .or_default()
                .push(listed);
        }
        Self {
            list,
            place: directories.place(&list.path),
            by_place,
            by_name,
        }
    }

    fn at(&self, place: &Path) -> impl Iterator<Item = Statement<'a>> + use<'a, '_> {
        self.by_place
            .get(place)
            .into_iter()
            .flatten()
            .map(|listed| self.statement(listed))
    }

    fn ending(&self, place: &Path) -> impl Iterator<Item = Statement<'a>> + use<'a, '_> {
        let named = self
            .by_name
            .get(place.file_name().unwrap_or_default())
            .into_iter()
            .flatten();
        let ending: Vec<&'a Listed> = named.copied().filter(|listed| place.ends_with(&listed.name)).collect();
        ending.into_iter().map(|listed| self.statement(listed))
    }

    fn statement(&self, listed: &'a Listed) -> Statement<'a> {
        Statement {
            list: self.list,
            listed,
        }
    }
}

impl Directories {
    /// Where a file lies. A link to a file is a file of its own, by its own name: who puts it there in the place of another
    /// must not choose what is said of it.
    fn place(&mut self, path: &Path) -> PathBuf {
        let directory = match path.parent() {
            Some(parent) if parent.as_os_str().is_empty() => Path::new("."),
            Some(parent) => parent,
            None => return path.to_owned(),
        };
        if !self.0.contains_key(directory) {
            let real = std::fs::canonicalize(directory).or_else(|_| std::path::absolute(directory));
            let real = real.unwrap_or_else(|_| directory.to_owned());
            self.0.insert(directory.to_owned(), real);
        }
        let real = self.0.get(directory).map_or(directory, PathBuf::as_path);
        real.join(path.file_name().unwrap_or_default())
    }
}

/// A file, and everything that is said of it. All of that has to hold.
pub(super) struct Said<'a> {
    path: PathBuf,
    first: Statement<'a>,
    others: Vec<Statement<'a>>,
    /// It is read once for all of them.
    algorithms: Algorithms,
}

impl FileJob for Said<'_> {
    fn path(&self) -> &Path {
        &self.path
    }

    fn algorithms(&self) -> &Algorithms {
        &self.algorithms
    }
}

impl<'a> Said<'a> {
    pub(super) fn new(path: PathBuf, first: Statement<'a>, others: Vec<Statement<'a>>) -> Self {
        let algorithms: Vec<Algorithm> = others.iter().map(Statement::algorithm).collect();
        Self {
            path,
            algorithms: Algorithms::new(first.algorithm(), &algorithms),
            first,
            others,
        }
    }

    /// Holds what was measured against everything that is said.
    pub(super) fn judge(self, measured: Result<Measured, MeasureError>) -> Judgement {
        let said: Vec<Statement<'_>> = std::iter::once(self.first).chain(self.others).collect();
        let subject = Subject::File(self.path);
        let measured = match measured {
            Ok(measured) => measured,
            Err(error) => return signed(Judgement::unmeasured(&subject, Problem::from(&error)), &said),
        };
        let wrong = said.iter().find(|said| !said.holds(&measured));
        let decisive = wrong.unwrap_or(&self.first);
        let found = measured.digest(decisive.algorithm());
        let problem = mismatch(&subject.shown(), &decisive.listed.digest, found);
        let mut judgement = Judgement::unmeasured(&subject, problem);
        judgement.digest = found.cloned();
        match wrong {
            Some(wrong) => signed(judgement, &[*wrong]),
            None => {
                judgement.problems.clear();
                signed(judgement, &said)
            }
        }
    }
}

impl Statement<'_> {
    fn algorithm(&self) -> Algorithm {
        self.listed.digest.algorithm()
    }

    fn holds(&self, measured: &Measured) -> bool {
        measured.digest(self.algorithm()) == Some(&self.listed.digest)
    }
}

/// The first of the lists is shown, the evidence of all counts.
fn signed(mut judgement: Judgement, statements: &[Statement<'_>]) -> Judgement {
    judgement.listed_in = statements.first().map(|said| said.list.path.clone());
    let places: BTreeSet<usize> = statements
        .iter()
        .flat_map(|said| said.list.covered_by.iter().copied())
        .collect();
    judgement.covered_by = places.into_iter().collect();
    judgement
}
