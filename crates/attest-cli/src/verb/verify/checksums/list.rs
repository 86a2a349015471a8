use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, Read as _};
use std::path::{Component, Path, PathBuf};

use attest_digest::checksums::ChecksumReader;
use attest_digest::{Algorithm, Algorithms, Digest, Measured};

use super::super::problem::Problem;
use super::ListText;

/// A list of a million files has some 200 MiB.
const MAX_LIST_BYTES: u64 = 256 << 20;

/// A list whose signature holds.
pub(super) struct List {
    pub(super) path: PathBuf,
    pub(super) covered_by: Vec<usize>,
    pub(super) files: Vec<Listed>,
}

/// One of its files, by its path below the directory of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Listed {
    pub(super) name: PathBuf,
    pub(super) digest: Digest,
}

/// Why a file is not read as a list.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unread {
    /// Not one line of it is one of a list, whatever its name says.
    NoList(Problem),
    /// It is one, and cannot be relied upon.
    Broken(Problem),
}

/// Reads a list that was accepted by its digest, or its text where that is known already.
pub(super) fn read(path: &Path, text: Option<&ListText>, accepted: Option<&Digest>) -> Result<Vec<Listed>, Unread> {
    let listed = match text {
        Some(ListText::Lines(text)) => parse(path, text)?,
        Some(ListText::Files(files)) => files
            .iter()
            .map(|(name, digest)| Listed::new(Path::new(name), digest.clone()))
            .collect::<Result<_, _>>()
            .map_err(Unread::Broken)?,
        None => parse(path, &read_again(path, accepted).map_err(Unread::Broken)?)?,
    };
    agrees_with_itself(&listed).map_err(Unread::Broken)?;
    Ok(listed)
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

/// Of two digests of one file at most one can be meant, and which of them is not guessed.
fn agrees_with_itself(files: &[Listed]) -> Result<(), Problem> {
    let mut known: BTreeMap<(&Path, Algorithm), &Digest> = BTreeMap::new();
    for listed in files {
        let key = (listed.name.as_path(), listed.digest.algorithm());
        match known.insert(key, &listed.digest) {
            Some(first) if *first != listed.digest => {
                let (name, second) = (listed.name.display(), &listed.digest);
                let message = format_args!("expected one digest of `{name}`, found {first} and {second}");
                return Err(Problem::rejected("checksum-list-contradictory", message));
            }
            _ => {}
        }
    }
    Ok(())
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
        Measured::of_bytes(&bytes, &algorithms).digest(accepted.algorithm()) == Some(accepted)
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
fn parse(path: &Path, text: &[u8]) -> Result<Vec<Listed>, Unread> {
    let mut listed = Vec::new();
    let mut first_malformed = None;
    for entry in ChecksumReader::new(text, algorithm_of(path)) {
        match entry {
            Ok(entry) => listed.push(Listed::new(&entry.name.to_path(), entry.digest).map_err(Unread::Broken)?),
            Err(error) => first_malformed = first_malformed.or(Some(malformed(error))),
        }
    }
    match (first_malformed, listed.is_empty()) {
        (None, false) => Ok(listed),
        (Some(problem), false) => Err(Unread::Broken(problem)),
        (Some(problem), true) => Err(Unread::NoList(problem)),
        (None, true) => Err(Unread::NoList(malformed("expected the names of files, found none"))),
    }
}

/// A digest of 64 digits without a tag is of SHA-256, unless the name of the list says otherwise.
fn algorithm_of(path: &Path) -> Option<Algorithm> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let name = name.to_ascii_lowercase();
    (name.starts_with("b3sum") || name.ends_with(".b3")).then_some(Algorithm::Blake3)
}

fn malformed(message: impl std::fmt::Display) -> Problem {
    Problem::rejected("checksum-list-malformed", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(digit: &str) -> String {
        digit.repeat(64)
    }

    fn code(read: Result<Vec<Listed>, Unread>) -> Result<usize, (&'static str, bool)> {
        read.map(|files| files.len()).map_err(|unread| match unread {
            Unread::NoList(problem) => (problem.code, true),
            Unread::Broken(problem) => (problem.code, false),
        })
    }

    fn read_lines(text: &str) -> Result<usize, (&'static str, bool)> {
        let text = ListText::Lines(text.as_bytes().to_vec());
        code(read(Path::new("SHA256SUMS"), Some(&text), None))
    }

    #[test]
    fn a_list_speaks_for_its_own_directory_alone() {
        let digest = Digest::from_hex(Algorithm::Sha256, &digest("0")).unwrap();
        let name = |text: &str| Listed::new(Path::new(text), digest.clone()).map(|listed| listed.name);
        assert_eq!(name("./a/b"), Ok(PathBuf::from("a/b")));
        for outside in ["/etc/passwd", "../a", "a/../../b"] {
            assert!(name(outside).is_err(), "{outside}");
        }
    }

    #[test]
    fn a_list_that_knows_a_file_as_two_is_broken() {
        let (zero, one) = (digest("0"), digest("1"));
        let contradictory = Err(("checksum-list-contradictory", false));
        assert_eq!(read_lines(&format!("{zero}  a\n{one}  b\n{zero}  ./a\n")), Ok(3));
        assert_eq!(read_lines(&format!("{zero}  a\n{one}  b\n{one}  ./a\n")), contradictory);
        let tagged = format!("SHA256 (a) = {zero}\nSHA512 (a) = {zero}{one}\n");
        assert_eq!(read_lines(&tagged), Ok(2));
        let files = ["0", "1"].map(|digit| {
            let digest = Digest::from_hex(Algorithm::Sha256, &digest(digit)).unwrap();
            ("a".to_owned(), digest)
        });
        let text = ListText::Files(files.to_vec());
        assert_eq!(code(read(Path::new("a.prov"), Some(&text), None)), contradictory);
    }

    #[test]
    fn a_file_without_one_line_of_a_list_is_none_and_a_list_with_another_line_is_broken() {
        let zero = digest("0");
        for none in [zero.as_str(), "", "# nothing\n", "text\n"] {
            assert_eq!(read_lines(none), Err(("checksum-list-malformed", true)), "{none}");
        }
        let mixed = format!("{zero}  a\n{zero}\n");
        assert_eq!(read_lines(&mixed), Err(("checksum-list-malformed", false)));
    }
}
