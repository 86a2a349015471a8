//! Checksum lists: a list whose signature holds vouches for the files that it names.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{BufReader, Read as _};
use std::path::{Component, Path, PathBuf};

use attest_digest::checksums::ChecksumReader;
use attest_digest::{Algorithm, Algorithms, Digest, Measured, Threads, measure_file};

use super::batch::Verdicts;
use super::evidence::in_order;
use super::input::Subject;
use super::judgement::Judgement;
use super::problem::Problem;

/// A list of a million files has some 200 MiB.
const MAX_LIST_BYTES: u64 = 256 << 20;

/// What a list says where its file does not say it as it stands: the text of a clear-signed message.
pub(super) enum ListText {
    Lines(Vec<u8>),
    Files(Vec<(String, Digest)>),
}

/// Such texts, by the paths of their files.
pub(super) type Texts = BTreeMap<PathBuf, ListText>;

/// What is done with checksum lists.
#[derive(Debug, clap::Args)]
pub(super) struct ListArguments {
    /// Pass over the files that a checksum list names and that are not there
    #[arg(long)]
    pub(super) ignore_missing: bool,
}

/// How the lists of a call are read.
pub(super) struct Lists<'a> {
    pub(super) texts: Texts,
    pub(super) arguments: &'a ListArguments,
    pub(super) threads: Threads,
}

/// A list whose signature holds.
struct List {
    path: PathBuf,
    covered_by: Vec<usize>,
    files: Vec<Listed>,
}

/// One of its files, by its path below the directory of the list.
struct Listed {
    name: PathBuf,
    digest: Digest,
}

/// What a list says of one file.
struct Named<'a> {
    first: &'a Listed,
    /// Where it is found by its name alone: the entries of files of the same name in other directories.
    others: Vec<&'a Listed>,
}

impl Lists<'_> {
    /// Lets every accepted list vouch for files: for those of the call that it names and, where the call names nothing but
    /// lists, for all of them.
    pub(super) fn extend(&self, verdicts: &mut Verdicts) {
        let lists = self.accepted(verdicts);
        if lists.is_empty() {
            return;
        }
        let is_list = |judgement: &Judgement| judgement.subject.file().is_some_and(|path| self.is_list(path));
        match verdicts.judgements.iter().all(is_list) {
            true => verdicts.judgements.extend(self.judge_all(&lists)),
            false => judge_named(&lists, verdicts, is_list),
        }
        count(verdicts);
    }

    fn is_list(&self, path: &Path) -> bool {
        self.texts.contains_key(path) || path.file_name().is_some_and(is_list_name)
    }

    /// Reads every list that was accepted and is signed itself: a statement about a list, such as where it comes from, says
    /// nothing of the files that it names. One that cannot be read is accepted no longer.
    fn accepted(&self, verdicts: &mut Verdicts) -> Vec<List> {
        let findings = &verdicts.findings;
        let signs = |place: &&usize| {
            findings[**place]
                .result
                .as_ref()
                .is_ok_and(|proven| proven.statement.is_none())
        };
        let mut lists = Vec::new();
        for judgement in &mut verdicts.judgements {
            let covered_by: Vec<usize> = judgement.covered_by.iter().filter(signs).copied().collect();
            let Some(path) = judgement.subject.file().map(Path::to_owned) else {
                continue;
            };
            if !judgement.is_accepted() || covered_by.is_empty() || !self.is_list(&path) {
                continue;
            }
            match self.read(&path, judgement.digest.as_ref()) {
                Ok(files) => lists.push(List {
                    path,
                    covered_by,
                    files,
                }),
                Err(problem) => judgement.problems.push(problem),
            }
        }
        lists
    }

    fn read(&self, path: &Path, accepted: Option<&Digest>) -> Result<Vec<Listed>, Problem> {
        match self.texts.get(path) {
            Some(ListText::Lines(text)) => parse(path, text),
            Some(ListText::Files(files)) => files
                .iter()
                .map(|(name, digest)| Listed::new(Path::new(name), digest.clone()))
                .collect(),
            None => parse(path, &read_again(path, accepted)?),
        }
    }

    fn judge_all(&self, lists: &[List]) -> Vec<Judgement> {
        let files: Vec<(&List, &Listed)> = lists
            .iter()
            .flat_map(|list| list.files.iter().map(move |listed| (list, listed)))
            .collect();
        let judged = in_order(files, self.threads, |(list, listed)| {
            let path = list.path.with_file_name(&listed.name);
            match self.arguments.ignore_missing && !path.exists() {
                true => None,
                false => Some(list.judge(path, &Named::one(listed))),
            }
        });
        judged.into_iter().flatten().collect()
    }
}

/// Files of the call that a list names: it covers those that nothing else covers, and contradicts the others if it knows
/// them as other bytes. What was said of them so far is replaced.
fn judge_named(lists: &[List], verdicts: &mut Verdicts, is_list: impl Fn(&Judgement) -> bool) {
    for judgement in verdicts.judgements.iter_mut().filter(|judgement| !is_list(judgement)) {
        let Subject::File(path) = &judgement.subject else {
            continue;
        };
        let Some((list, named)) = lists.iter().find_map(|list| Some((list, list.named(path)?))) else {
            continue;
        };
        let found = list.judge(path.clone(), &named);
        if judgement.is_accepted() && !found.is_accepted() {
            judgement.problems = found.problems;
        } else if !judgement.is_accepted() && judgement.problems.iter().all(Problem::is_lack_of_evidence) {
            *judgement = found;
        }
    }
}

/// Counts anew what each piece of evidence covers.
fn count(verdicts: &mut Verdicts) {
    verdicts.findings.iter_mut().for_each(|finding| finding.covers = 0);
    let accepted = verdicts.judgements.iter().filter(|judgement| judgement.is_accepted());
    for place in accepted.flat_map(|judgement| &judgement.covered_by) {
        verdicts.findings[*place].covers += 1;
    }
}

impl List {
    /// What the list says of a file: the entry of this very path, else all of its name.
    fn named(&self, path: &Path) -> Option<Named<'_>> {
        let exact = |listed: &&Listed| plain(&self.path.with_file_name(&listed.name)) == plain(path);
        if let Some(listed) = self.files.iter().find(exact) {
            return Some(Named::one(listed));
        }
        let mut named = self
            .files
            .iter()
            .filter(|listed| listed.name.file_name() == path.file_name());
        Some(Named {
            first: named.next()?,
            others: named.collect(),
        })
    }

    /// Measures a file, and holds it against what the list says of it. One of several entries is enough.
    fn judge(&self, path: PathBuf, named: &Named<'_>) -> Judgement {
        let others: Vec<Algorithm> = named.others.iter().map(|listed| listed.digest.algorithm()).collect();
        let subject = Subject::File(path.clone());
        let measured = match measure_file(&path, &Algorithms::new(named.first.digest.algorithm(), &others)) {
            Ok(measured) => measured,
            Err(error) => return self.signed(Judgement::unmeasured(&subject, Problem::from(&error))),
        };
        let matching = named.all().find(|listed| is(&measured, &listed.digest));
        let expected = &matching.unwrap_or(named.first).digest;
        let found = measured.digest(expected.algorithm());
        let problem = mismatch(&path.display().to_string(), expected, found);
        let mut judgement = Judgement::unmeasured(&subject, problem);
        judgement.digest = found.cloned();
        if matching.is_some() {
            judgement.problems.clear();
        }
        self.signed(judgement)
    }

    fn signed(&self, mut judgement: Judgement) -> Judgement {
        judgement.listed_in = Some(self.path.clone());
        judgement.covered_by.clone_from(&self.covered_by);
        judgement
    }
}

fn is(measured: &Measured, digest: &Digest) -> bool {
    measured.digest(digest.algorithm()) == Some(digest)
}

/// The file has other bytes than a list says.
pub(super) fn mismatch(name: &str, expected: &Digest, found: Option<&Digest>) -> Problem {
    let found = found.map_or_else(|| "nothing".to_owned(), ToString::to_string);
    let message = format_args!("expected `{name}` to have {expected}, found {found}");
    Problem::rejected("checksum-mismatch", message)
}

impl<'a> Named<'a> {
    fn one(first: &'a Listed) -> Self {
        Self {
            first,
            others: Vec::new(),
        }
    }

    fn all(&self) -> impl Iterator<Item = &'a Listed> + use<'a, '_> {
        std::iter::once(self.first).chain(self.others.iter().copied())
    }
}

impl Listed {
    /// A list speaks for its own directory and what is below it.
    fn new(name: &Path, digest: Digest) -> Result<Self, Problem> {
        let name = plain(name);
        match name.components().all(|part| matches!(part, Component::Normal(_))) {
            true => Ok(Self { name, digest }),
            false => Err(Problem::rejected(
                "checksum-outside",
                format_args!(
                    "expected names below the directory of the list, found `{}`",
                    name.display()
                ),
            )),
        }
    }
}

/// Without the `.` in it, which some lists begin every name with.
fn plain(path: &Path) -> PathBuf {
    path.components().filter(|part| *part != Component::CurDir).collect()
}

/// The bytes of a list, if they still are those that were accepted.
fn read_again(path: &Path, accepted: Option<&Digest>) -> Result<Vec<u8>, Problem> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| BufReader::new(file).take(MAX_LIST_BYTES + 1).read_to_end(&mut bytes))
        .map_err(|error| Problem::undecided("cannot-read", format_args!("cannot read: {error}")))?;
    if bytes.len() as u64 > MAX_LIST_BYTES {
        let message = format_args!("expected a list of at most {MAX_LIST_BYTES} bytes, found more");
        return Err(Problem::rejected("checksum-list-too-large", message));
    }
    let is_same = accepted.is_some_and(|accepted| {
        let algorithms = Algorithms::one(accepted.algorithm());
        is(&Measured::of_bytes(&bytes, &algorithms), accepted)
    });
    match is_same {
        true => Ok(bytes),
        false => Err(Problem::undecided(
            "changed-while-reading",
            "the list changed while it was read",
        )),
    }
}

/// Every line has to be one of a list: what is signed is not guessed at.
fn parse(path: &Path, text: &[u8]) -> Result<Vec<Listed>, Problem> {
    let name = path
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .to_ascii_lowercase();
    let algorithm = (name.starts_with("b3sum") || name.ends_with(".b3")).then_some(Algorithm::Blake3);
    let malformed = |message: String| Problem::rejected("checksum-list-malformed", message);
    let entries = ChecksumReader::new(text, algorithm).map(|entry| {
        let entry = entry.map_err(|error| malformed(error.to_string()))?;
        Listed::new(&entry.name.to_path(), entry.digest)
    });
    let listed: Vec<Listed> = entries.collect::<Result<_, _>>()?;
    match listed.is_empty() {
        true => Err(malformed("expected the names of files, found none".to_owned())),
        false => Ok(listed),
    }
}

/// What people call checksum lists; `.asc` is that of a clear-signed one.
fn is_list_name(name: &OsStr) -> bool {
    let name = name.to_string_lossy().to_ascii_lowercase();
    let name = name.strip_suffix(".asc").unwrap_or(&name);
    let name = name.strip_suffix(".txt").unwrap_or(name);
    let ends = [
        "sha256sums",
        "sha384sums",
        "sha512sums",
        "sha256sum",
        "sha512sum",
        "b3sums",
        "b3sum",
        "checksums",
    ];
    ends.iter().any(|end| name.ends_with(end))
        || [".sha256", ".sha384", ".sha512", ".b3"]
            .iter()
            .any(|end| name.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_known_by_their_names() {
        for name in [
            "SHA256SUMS",
            "SHA512SUMS.txt",
            "app_1.0_checksums.txt",
            "app.tar.gz.sha256",
            "B3SUMS",
            "SHA256SUMS.asc",
        ] {
            assert!(is_list_name(OsStr::new(name)), "{name}");
        }
        for name in ["app-1.0.tar.gz", "checksums.json", "SHA256SUMS.sig", "sha256.rs"] {
            assert!(!is_list_name(OsStr::new(name)), "{name}");
        }
    }

    #[test]
    fn a_list_speaks_for_its_own_directory_alone() {
        let digest = Digest::from_hex(Algorithm::Sha256, &"0".repeat(64)).unwrap();
        let name = |text: &str| Listed::new(Path::new(text), digest.clone()).map(|listed| listed.name);
        assert_eq!(name("./a/b"), Ok(PathBuf::from("a/b")));
        for outside in ["/etc/passwd", "../a", "a/../../b"] {
            assert!(name(outside).is_err(), "{outside}");
        }
    }
}
