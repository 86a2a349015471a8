//! Checksum lists: a list whose signature holds vouches for the files that it names.
//!
//! `list` reads them, `named` finds what they say of a file.

mod list;
mod named;

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use attest_digest::{Digest, Engine, FileJob as _, Progress, Threads};

use super::batch::Verdicts;
use super::input::Subject;
use super::judgement::Judgement;
use super::problem::Problem;
use list::{List, Unread, read};
use named::{Named, Said, Statement};

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
    /// The files that directories of the call hold, and that nobody named.
    pub(super) walked: &'a BTreeSet<PathBuf>,
    pub(super) threads: Threads,
}

impl Lists<'_> {
    /// Lets every accepted list vouch for files: for those of the call that it names and, where the call names nothing but
    /// lists, for all of them.
    pub(super) fn extend(&self, verdicts: &mut Verdicts) {
        let is_list = |judgement: &Judgement| judgement.subject.file().is_some_and(|path| self.is_list(path));
        let only_lists = verdicts.judgements.iter().all(is_list);
        let lists = self.accepted(verdicts, only_lists);
        self.judge_named(&lists, verdicts);
        if only_lists {
            self.judge_all(&lists, verdicts);
        }
        count(verdicts);
    }

    fn is_list(&self, path: &Path) -> bool {
        self.texts.contains_key(path) || path.file_name().is_some_and(is_list_name)
    }

    /// Reads every list that was accepted and is signed itself: a statement about a list, such as where it comes from, says
    /// nothing of the files that it names. One that cannot be read is accepted no longer, but for what is no list at all and
    /// nobody wants to be one.
    fn accepted(&self, verdicts: &mut Verdicts, only_lists: bool) -> Vec<List> {
        let needs_list = only_lists || verdicts.judgements.iter().any(lacks_evidence);
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
            match read(&path, self.texts.get(&path), judgement.digest.as_ref()) {
                Ok(files) => lists.push(List {
                    path,
                    covered_by,
                    files,
                }),
                // Its own signature covers it, as it does any artifact.
                Err(Unread::NoList(_)) if self.walked.contains(&path) || !needs_list => {}
                Err(Unread::NoList(problem) | Unread::Broken(problem)) => judgement.problems.push(problem),
            }
        }
        lists
    }

    /// Files of the call that lists name: they cover those that nothing else covers, and contradict the others if they know
    /// them as other bytes. What was said of them so far is replaced.
    fn judge_named(&self, lists: &[List], verdicts: &mut Verdicts) {
        if lists.is_empty() {
            return;
        }
        let mut named = Named::new(lists);
        let (mut places, mut files) = (Vec::new(), Vec::new());
        for (place, judgement) in verdicts.judgements.iter().enumerate() {
            if let Some(said) = self.said_of(judgement, &mut named) {
                places.push(place);
                files.push(said);
            }
        }
        let mut places = places.into_iter();
        self.measure(files, |found| {
            let Some(judgement) = places.next().and_then(|place| verdicts.judgements.get_mut(place)) else {
                return;
            };
            if lacks_evidence(judgement) {
                *judgement = found;
            } else {
                judgement.problems = found.problems;
            }
        });
    }

    /// What lists say of an artifact, if that can change the verdict.
    fn said_of<'a>(&self, judgement: &Judgement, named: &mut Named<'a>) -> Option<Said<'a>> {
        let Subject::File(path) = &judgement.subject else {
            return None;
        };
        let mut statements = named.at_or_below(path);
        if statements.is_empty() && lacks_evidence(judgement) && !self.walked.contains(path) {
            statements = named.elsewhere(path, self.walked);
        }
        let counts = judgement.is_accepted() || lacks_evidence(judgement);
        let mut statements = statements.into_iter();
        let first = statements.next().filter(|_| counts)?;
        Some(Said::new(path.clone(), first, statements.collect()))
    }

    /// Every file that a list names, unless it is not there and that does not matter. A list of which nothing is there has
    /// verified nothing.
    fn judge_all(&self, lists: &[List], verdicts: &mut Verdicts) {
        let listed = lists
            .iter()
            .flat_map(|list| list.files.iter().map(move |listed| Statement { list, listed }));
        let said = listed.map(|said| Said::new(said.list.path.with_file_name(&said.listed.name), said, Vec::new()));
        let is_missing = |said: &Said<'_>| matches!(said.path().try_exists(), Ok(false));
        let said = said.filter(|said| !(self.arguments.ignore_missing && is_missing(said)));
        let mut judged: Vec<Judgement> = Vec::new();
        self.measure(said, |found| judged.push(found));
        let used: BTreeSet<&Path> = judged.iter().filter_map(|found| found.listed_in.as_deref()).collect();
        for list in lists.iter().filter(|list| !used.contains(list.path.as_path())) {
            let is_it = |judgement: &&mut Judgement| judgement.subject.file() == Some(&list.path);
            for judgement in verdicts.judgements.iter_mut().filter(is_it) {
                judgement.problems.push(nothing_verified());
            }
        }
        verdicts.judgements.extend(judged);
    }
}

impl Lists<'_> {
    /// Reads files, many at a time, and hands over what comes of each, in their order.
    fn measure<'a>(&self, files: impl IntoIterator<Item = Said<'a>, IntoIter: Send>, mut found: impl FnMut(Judgement)) {
        let engine = Engine::new(self.threads);
        engine.measure_stream(files, &Progress::new(), |said, measured| {
            found(said.judge(measured));
            ControlFlow::Continue(())
        });
    }
}

fn nothing_verified() -> Problem {
    let message = "expected at least one of the files that the list names, found none";
    Problem::rejected("nothing-verified", message)
}

fn lacks_evidence(judgement: &Judgement) -> bool {
    !judgement.is_accepted() && judgement.problems.iter().all(Problem::is_lack_of_evidence)
}

/// Counts anew what each piece of evidence covers.
fn count(verdicts: &mut Verdicts) {
    verdicts.findings.iter_mut().for_each(|finding| finding.covers = 0);
    let accepted = verdicts.judgements.iter().filter(|judgement| judgement.is_accepted());
    for place in accepted.flat_map(|judgement| &judgement.covered_by) {
        verdicts.findings[*place].covers += 1;
    }
}

/// The file has other bytes than a list says.
pub(super) fn mismatch(name: &str, expected: &Digest, found: Option<&Digest>) -> Problem {
    let found = found.map_or_else(|| "nothing".to_owned(), ToString::to_string);
    let message = format_args!("expected `{name}` to have {expected}, found {found}");
    Problem::rejected("checksum-mismatch", message)
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
}
