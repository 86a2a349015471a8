//! Sdists: what is wrong with one is named, and builds that differ in what does not matter become equal bytes.

use std::io::{Cursor, Write as _};
use std::num::NonZeroUsize;
use std::path::Path;

use attest_archive::SourceDate;
use attest_archive::python::{Distribution, Normalisation, Normalised};
use attest_archive::read::Limits;
use flate2::{Compression, GzBuilder};
use tar::{Builder, EntryType, Header};

const NAME: &str = "beagle_vote-1.0.tar.gz";

const PKG_INFO: &str = "Metadata-Version: 2.4\nName: beagle-vote\nVersion: 1.0\nLicense-File: LICENSE\n\nVotes.\n";

#[derive(Clone)]
struct Sdist {
    files: Vec<(String, String)>,
    mode: u32,
    owner: &'static str,
    modified: u64,
    level: u32,
    links: Vec<(String, String, EntryType)>,
}

impl Sdist {
    fn good() -> Self {
        let file = |path: &str, text: &str| (format!("beagle_vote-1.0/{path}"), text.to_owned());
        Self {
            files: vec![
                file("src/vote.py", "print('vote')\n"),
                file("pyproject.toml", "[build-system]\n"),
                file("LICENSE", "MIT\n"),
                file("PKG-INFO", PKG_INFO),
            ],
            mode: 0o644,
            owner: "",
            modified: 1_600_000_000,
            level: 9,
            links: Vec::new(),
        }
    }

    fn with(mut self, path: &str, text: &str) -> Self {
        self = self.without(path);
        self.files.push((path.to_owned(), text.to_owned()));
        self
    }

    fn without(mut self, path: &str) -> Self {
        self.files.retain(|(other, _)| other != path);
        self
    }

    fn with_link(mut self, path: &str, target: &str, kind: EntryType) -> Self {
        self.links.push((path.to_owned(), target.to_owned(), kind));
        self
    }

    fn header(&self, kind: EntryType, size: usize) -> Header {
        let mut header = Header::new_ustar();
        header.set_entry_type(kind);
        header.set_mode(self.mode);
        header.set_mtime(self.modified);
        header.set_uid(self.owner.len() as u64);
        header.set_gid(0);
        header.set_username(self.owner).unwrap();
        header.set_size(size as u64);
        header
    }

    fn bytes(&self) -> Vec<u8> {
        let mut tar = Builder::new(Vec::new());
        for (path, text) in &self.files {
            let mut header = self.header(EntryType::Regular, text.len());
            tar.append_data(&mut header, path, text.as_bytes()).unwrap();
        }
        for (path, target, kind) in &self.links {
            let mut header = self.header(*kind, 0);
            tar.append_link(&mut header, path, target).unwrap();
        }
        let tar = tar.into_inner().unwrap();
        let time = self.modified as u32;
        let mut gzip = GzBuilder::new()
            .filename("beagle_vote-1.0.tar")
            .mtime(time)
            .write(Vec::new(), Compression::new(self.level));
        gzip.write_all(&tar).unwrap();
        gzip.finish().unwrap()
    }
}

fn read(name: &str, bytes: &[u8]) -> Distribution {
    Distribution::read(Cursor::new(bytes), name, &Limits::default(), Path::new(".")).unwrap()
}

fn problems(sdist: &Sdist) -> Vec<String> {
    let distribution = read(NAME, &sdist.bytes());
    let problems = distribution.problems().iter();
    problems
        .map(|problem| format!("{} {problem}", problem.code()))
        .collect()
}

fn normalise(bytes: &[u8]) -> (Vec<u8>, Normalised) {
    let how = Normalisation {
        source_date: SourceDate::from_seconds(1_700_000_000).unwrap(),
        threads: NonZeroUsize::MIN,
        scratch: Path::new("."),
    };
    let output = Cursor::new(Vec::new());
    let (output, normalised) = read(NAME, bytes)
        .normalise(&how, &mut Cursor::new(bytes), output)
        .unwrap();
    (output.into_inner(), normalised)
}

fn causes(normalised: &Normalised) -> Vec<&str> {
    normalised.changes.iter().map(|change| change.cause.name()).collect()
}

#[test]
fn a_good_sdist_has_no_problem() {
    assert_eq!(problems(&Sdist::good()), Vec::<String>::new());
}

#[test]
fn builds_that_differ_in_what_does_not_matter_become_equal_bytes() {
    let one = Sdist::good();
    let mut other = Sdist::good();
    other.files.reverse();
    (other.mode, other.owner, other.modified, other.level) = (0o600, "somebody", 1_650_000_000, 1);
    let (first, _) = normalise(&one.bytes());
    let (second, normalised) = normalise(&other.bytes());
    assert!(first == second);
    assert_eq!(
        causes(&normalised),
        ["order", "directories", "times", "modes", "owners", "gzip-header"]
    );
    let (third, normalised) = normalise(&first);
    assert!(first == third);
    assert_eq!(causes(&normalised), [] as [&str; 0]);
    assert_eq!(read(NAME, &first).date().unwrap().seconds(), 1_700_000_000);
}

#[test]
fn a_hard_link_becomes_a_file_and_a_symbolic_link_stays() {
    let link = "beagle_vote-1.0/COPYING";
    let hard = Sdist::good().with_link(link, "beagle_vote-1.0/LICENSE", EntryType::Link);
    let (normal, normalised) = normalise(&hard.bytes());
    assert!(causes(&normalised).contains(&"hard-links"));
    assert!(normal == normalise(&Sdist::good().with(link, "MIT\n").bytes()).0);
    let symbolic = Sdist::good().with_link(link, "LICENSE", EntryType::Symlink);
    let (normal, _) = normalise(&symbolic.bytes());
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(&normal[..]));
    let targets = archive.entries().unwrap().filter_map(|entry| {
        let entry = entry.unwrap();
        entry
            .link_name()
            .unwrap()
            .map(|target| target.to_str().unwrap().to_owned())
    });
    assert_eq!(
        targets.filter(|target| !target.is_empty()).collect::<Vec<_>>(),
        ["LICENSE"]
    );
}

#[test]
fn a_link_that_leads_out_is_refused() {
    let sdist = Sdist::good().with_link("beagle_vote-1.0/passwd", "../../etc/passwd", EntryType::Symlink);
    let error = Distribution::read(Cursor::new(sdist.bytes()), NAME, &Limits::default(), Path::new(".")).unwrap_err();
    let expected = "symbolic link `beagle_vote-1.0/passwd` leads out of the archive: its target is `../../etc/passwd`";
    assert_eq!(error.to_string(), expected);
}

#[test]
fn what_is_wrong_is_named() {
    let good = Sdist::good();
    let top = |path: &str| format!("beagle_vote-1.0/{path}");
    let old = PKG_INFO.replace("2.4", "2.1").replace("License-File: LICENSE\n", "");
    let cases = [
        (
            good.clone().without(&top("PKG-INFO")),
            "file-missing expected a file `beagle_vote-1.0/PKG-INFO`, found none",
        ),
        (
            good.clone().without(&top("LICENSE")),
            "file-missing expected a file `beagle_vote-1.0/LICENSE`, found none",
        ),
        (
            good.clone().with("other", ""),
            "directory-not-one expected one directory at the top, found `beagle_vote-1.0`, `other`",
        ),
        (
            good.clone().without(&top("pyproject.toml")),
            "pyproject-missing expected a file `beagle_vote-1.0/pyproject.toml`, found none: only tools for the legacy form can build this",
        ),
        (
            good.clone().with(&top("PKG-INFO"), &old),
            "form-version-unusual beagle_vote-1.0/PKG-INFO: expected 2.2 or later as Metadata-Version, found `2.1`",
        ),
        (
            good.clone().with(&top("PKG-INFO"), &PKG_INFO.replace("1.0", "1.1")),
            "field-mismatch beagle_vote-1.0/PKG-INFO: expected Version `1.0` as in the file name, found `1.1`",
        ),
        (
            good.with(&top("src/VOTE.py"), ""),
            "case-collision `beagle_vote-1.0/src/vote.py` and `beagle_vote-1.0/src/VOTE.py` are one name where case is ignored",
        ),
    ];
    for (sdist, expected) in cases {
        assert_eq!(problems(&sdist), [expected]);
    }
}

#[test]
fn the_directory_at_the_top_is_called_as_the_file() {
    let bytes = Sdist::good().bytes();
    let codes = |name: &str| -> Vec<&str> {
        read(name, &bytes)
            .problems()
            .iter()
            .map(|problem| problem.code())
            .collect()
    };
    assert_eq!(
        codes("beagle_vote-1.1.tar.gz"),
        ["directory-mismatch", "field-mismatch"]
    );
    assert_eq!(codes("beagle-vote-1.0.tar.gz"), ["file-name-not-normal"]);
    assert_eq!(codes("beagle_vote-1.0-py3-none-any.whl"), ["form-mismatch"]);
    let mut plain = Vec::new();
    std::io::copy(&mut flate2::read::GzDecoder::new(&bytes[..]), &mut plain).unwrap();
    let problems = read(NAME, &plain).problems().to_vec();
    let expected = "expected a tar archive, compressed by gzip, found one that is not";
    assert_eq!(problems[0].to_string(), expected);
}

#[test]
fn several_gzip_members_are_told_and_become_one() {
    let whole = Sdist::good().bytes();
    let mut plain = Vec::new();
    std::io::copy(&mut flate2::read::GzDecoder::new(&whole[..]), &mut plain).unwrap();
    let gzip = |bytes: &[u8]| {
        let mut encoder = GzBuilder::new().write(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    };
    let two = [gzip(&plain[..700]), gzip(&plain[700..])].concat();
    let told = |bytes: &[u8]| -> Vec<String> {
        let distribution = read(NAME, bytes);
        assert!(!distribution.is_rejected());
        let problems = distribution.problems().iter();
        problems
            .map(|problem| format!("{} {problem}", problem.code()))
            .collect()
    };
    assert_eq!(
        told(&two),
        ["gzip-members expected one gzip member, found 2: some readers stop after the first"]
    );
    assert_eq!(told(&gzip(&plain)), [] as [&str; 0]);
    let (normal, _) = normalise(&two);
    assert!(normal == normalise(&whole).0);
    assert_eq!(told(&normal), [] as [&str; 0]);
}
