//! Wheels made for the tests, with whatever is wrong with them.

use std::io::{Cursor, Write as _};
use std::num::NonZeroUsize;
use std::path::Path;

use attest_archive::SourceDate;
use attest_archive::python::{Distribution, Normalisation, NormaliseError, Normalised, RecordLine, RecordedDigest};
use attest_archive::read::Limits;
use attest_digest::{Algorithm, Algorithms, Measured};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

pub(crate) const NAME: &str = "beagle_vote-1.0-1-py2.py3-none-any.whl";
pub(crate) const INFO: &str = "beagle_vote-1.0.dist-info";

const METADATA: &str = "Metadata-Version: 2.4\nName: Beagle-Vote\nVersion: 1.0\nLicense-File: LICENSE\n\nVotes.\n";
const WHEEL: &str =
    "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py2-none-any\nTag: py3-none-any\nBuild: 1\n";

/// The files of a wheel, in the order in which they are written; `RECORD` is made of them.
#[derive(Clone)]
pub(crate) struct Wheel {
    pub(crate) files: Vec<(String, Vec<u8>)>,
    pub(crate) record: Option<String>,
    pub(crate) options: SimpleFileOptions,
}

impl Wheel {
    pub(crate) fn good() -> Self {
        let file = |path: &str, text: &str| (path.to_owned(), text.as_bytes().to_vec());
        Self {
            files: vec![
                file("beagle_vote/__init__.py", "print('vote')\n"),
                file("beagle_vote/data,1.txt", "1\n"),
                file("beagle_vote-1.0.data/scripts/vote", "#!python\n"),
                file(&format!("{INFO}/METADATA"), METADATA),
                file(&format!("{INFO}/WHEEL"), WHEEL),
                file(&format!("{INFO}/licenses/LICENSE"), "MIT\n"),
                file(
                    &format!("{INFO}/entry_points.txt"),
                    "[console_scripts]\nvote = beagle_vote:main\n",
                ),
            ],
            record: None,
            options: SimpleFileOptions::default()
                .compression_method(CompressionMethod::Deflated)
                .last_modified_time(DateTime::from_date_and_time(2020, 1, 2, 3, 4, 6).unwrap())
                .unix_permissions(0o644),
        }
    }

    pub(crate) fn with(mut self, path: &str, bytes: impl AsRef<[u8]>) -> Self {
        self.files.retain(|(other, _)| other != path);
        self.files.push((path.to_owned(), bytes.as_ref().to_vec()));
        self
    }

    pub(crate) fn without(mut self, path: &str) -> Self {
        self.files.retain(|(other, _)| other != path);
        self
    }

    pub(crate) fn info(self, file: &str, from: &str, to: &str) -> Self {
        let path = format!("{INFO}/{file}");
        let (_, bytes) = self.files.iter().find(|(other, _)| *other == path).unwrap();
        let text = String::from_utf8(bytes.clone()).unwrap();
        assert!(text.contains(from));
        self.with(&path, text.replace(from, to))
    }

    /// `RECORD` with something in it replaced.
    pub(crate) fn recorded(mut self, from: &str, to: &str) -> Self {
        let record = self.record();
        assert!(record.contains(from), "{record}");
        self.record = Some(record.replacen(from, to, 1));
        self
    }

    pub(crate) fn record(&self) -> String {
        let line = |(path, bytes): &(String, Vec<u8>)| {
            let measured = Measured::of_bytes(bytes, &Algorithms::one(Algorithm::Sha256));
            let digest = RecordedDigest {
                algorithm: "sha256".into(),
                bytes: measured.digest(Algorithm::Sha256).unwrap().as_bytes().to_vec(),
            };
            let (path, digest, size) = (path.clone(), Some(digest), Some(bytes.len() as u64));
            RecordLine { path, digest, size }.to_string() + "\n"
        };
        let lines: String = self.files.iter().map(line).collect();
        self.record.clone().unwrap_or(format!("{lines}{INFO}/RECORD,,\n"))
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.bytes_with(|_| {})
    }

    /// The archive with what `more` appends.
    pub(crate) fn bytes_with(&self, more: impl FnOnce(&mut ZipWriter<Cursor<Vec<u8>>>)) -> Vec<u8> {
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        let record = (format!("{INFO}/RECORD"), self.record().into_bytes());
        for (path, bytes) in self.files.iter().chain([&record]) {
            zip.start_file(path, self.options).unwrap();
            zip.write_all(bytes).unwrap();
        }
        more(&mut zip);
        zip.finish().unwrap().into_inner()
    }
}

pub(crate) fn read(name: &str, bytes: &[u8]) -> Distribution {
    Distribution::read(Cursor::new(bytes), name, &Limits::default(), Path::new(".")).unwrap()
}

pub(crate) fn problems(wheel: &Wheel) -> Vec<String> {
    let distribution = read(NAME, &wheel.bytes());
    let problems = distribution.problems().iter();
    problems
        .map(|problem| format!("{} {problem}", problem.code()))
        .collect()
}

pub(crate) fn normalise(bytes: &[u8]) -> Result<(Vec<u8>, Normalised), NormaliseError> {
    let how = Normalisation {
        source_date: SourceDate::from_seconds(1_700_000_000).unwrap(),
        threads: NonZeroUsize::MIN,
        scratch: Path::new("."),
    };
    let output = Cursor::new(Vec::new());
    let (output, normalised) = read(NAME, bytes).normalise(&how, &mut Cursor::new(bytes), output)?;
    Ok((output.into_inner(), normalised))
}

pub(crate) fn causes(normalised: &Normalised) -> Vec<String> {
    normalised.changes.iter().map(ToString::to_string).collect()
}
