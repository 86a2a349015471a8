//! Wheels: what is wrong with one is named, and builds that differ in what does not matter become equal bytes.

use std::io::{Cursor, Write as _};
use std::num::NonZeroUsize;
use std::path::Path;

use attest_archive::SourceDate;
use attest_archive::python::{Distribution, Normalisation, NormaliseError, Normalised, RecordLine, RecordedDigest};
use attest_archive::read::Limits;
use attest_digest::{Algorithm, Algorithms, Measured};
use proptest::prelude::*;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

const NAME: &str = "beagle_vote-1.0-1-py2.py3-none-any.whl";
const INFO: &str = "beagle_vote-1.0.dist-info";

const METADATA: &str = "Metadata-Version: 2.4\nName: Beagle-Vote\nVersion: 1.0\nLicense-File: LICENSE\n\nVotes.\n";
const WHEEL: &str =
    "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py2-none-any\nTag: py3-none-any\nBuild: 1\n";

/// The files of a wheel, in the order in which they are written; `RECORD` is made of them.
#[derive(Clone)]
struct Wheel {
    files: Vec<(String, Vec<u8>)>,
    record: Option<String>,
    options: SimpleFileOptions,
}

impl Wheel {
    fn good() -> Self {
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

    fn with(mut self, path: &str, bytes: impl AsRef<[u8]>) -> Self {
        self.files.retain(|(other, _)| other != path);
        self.files.push((path.to_owned(), bytes.as_ref().to_vec()));
        self
    }

    fn without(mut self, path: &str) -> Self {
        self.files.retain(|(other, _)| other != path);
        self
    }

    fn info(self, file: &str, from: &str, to: &str) -> Self {
        let path = format!("{INFO}/{file}");
        let (_, bytes) = self.files.iter().find(|(other, _)| *other == path).unwrap();
        let text = String::from_utf8(bytes.clone()).unwrap();
        assert!(text.contains(from));
        self.with(&path, text.replace(from, to))
    }

    /// `RECORD` with something in it replaced.
    fn recorded(mut self, from: &str, to: &str) -> Self {
        let record = self.record();
        assert!(record.contains(from), "{record}");
        self.record = Some(record.replacen(from, to, 1));
        self
    }

    fn record(&self) -> String {
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

    fn bytes(&self) -> Vec<u8> {
        self.bytes_with(|_| {})
    }

    /// The archive with what `more` appends.
    fn bytes_with(&self, more: impl FnOnce(&mut ZipWriter<Cursor<Vec<u8>>>)) -> Vec<u8> {
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

fn read(name: &str, bytes: &[u8]) -> Distribution {
    Distribution::read(Cursor::new(bytes), name, &Limits::default(), Path::new(".")).unwrap()
}

fn problems(wheel: &Wheel) -> Vec<String> {
    let distribution = read(NAME, &wheel.bytes());
    let problems = distribution.problems().iter();
    problems
        .map(|problem| format!("{} {problem}", problem.code()))
        .collect()
}

fn normalise(bytes: &[u8]) -> Result<(Vec<u8>, Normalised), NormaliseError> {
    let how = Normalisation {
        source_date: SourceDate::from_seconds(1_700_000_000).unwrap(),
        threads: NonZeroUsize::MIN,
        scratch: Path::new("."),
    };
    let output = Cursor::new(Vec::new());
    let (output, normalised) = read(NAME, bytes).normalise(&how, &mut Cursor::new(bytes), output)?;
    Ok((output.into_inner(), normalised))
}

fn causes(normalised: &Normalised) -> Vec<String> {
    normalised.changes.iter().map(ToString::to_string).collect()
}

#[test]
fn a_good_wheel_has_no_problem() {
    assert_eq!(problems(&Wheel::good()), Vec::<String>::new());
}

#[test]
fn builds_that_differ_in_what_does_not_matter_become_equal_bytes() {
    let one = Wheel::good();
    let mut other = Wheel::good();
    other.files.reverse();
    other.options = other
        .options
        .compression_method(CompressionMethod::Stored)
        .last_modified_time(DateTime::from_date_and_time(2024, 5, 6, 7, 8, 10).unwrap())
        .unix_permissions(0o600);
    assert_ne!(one.bytes(), other.bytes());
    let (first, _) = normalise(&one.bytes()).unwrap();
    let (second, normalised) = normalise(&other.bytes()).unwrap();
    assert!(first == second);
    let causes = causes(&normalised);
    for cause in [
        "order of",
        "times of 8 members",
        "modes of 8 members",
        "record of 1 member",
        "compression of",
    ] {
        assert!(
            causes.iter().any(|found| found.starts_with(cause)),
            "{cause}: {causes:?}"
        );
    }
}

#[test]
fn a_normal_wheel_is_a_fixed_point_and_has_no_problem() {
    let (first, _) = normalise(&Wheel::good().bytes()).unwrap();
    let (second, normalised) = normalise(&first).unwrap();
    assert!(first == second);
    assert_eq!(causes(&normalised), Vec::<String>::new());
    assert_eq!(normalised.before, normalised.after);
    assert_eq!(read(NAME, &first).problems(), []);
}

#[test]
fn the_record_is_last_and_its_directory_before_it() {
    let (normal, _) = normalise(&Wheel::good().with("zebra.py", "").bytes()).unwrap();
    let archive = zip::ZipArchive::new(Cursor::new(normal)).unwrap();
    let names: Vec<String> = archive.file_names().map(|name| name.unwrap().into_owned()).collect();
    let expected = [
        "beagle_vote-1.0.data/scripts/vote",
        "beagle_vote/__init__.py",
        "beagle_vote/data,1.txt",
        "zebra.py",
        "beagle_vote-1.0.dist-info/METADATA",
        "beagle_vote-1.0.dist-info/WHEEL",
        "beagle_vote-1.0.dist-info/entry_points.txt",
        "beagle_vote-1.0.dist-info/licenses/LICENSE",
        "beagle_vote-1.0.dist-info/RECORD",
    ];
    assert_eq!(names, expected);
}

#[test]
fn a_directory_of_its_own_is_left_out_and_that_is_said() {
    let with = Wheel::good().bytes_with(|zip| {
        zip.add_directory("beagle_vote", SimpleFileOptions::default()).unwrap();
    });
    let (normal, normalised) = normalise(&with).unwrap();
    assert!(normal == normalise(&Wheel::good().bytes()).unwrap().0);
    assert!(causes(&normalised).contains(&"directories of 1 member".to_owned()));
}

#[test]
fn a_file_that_may_be_run_stays_so() {
    let mut wheel = Wheel::good();
    wheel.options = wheel.options.unix_permissions(0o700);
    let (normal, _) = normalise(&wheel.bytes()).unwrap();
    let mut archive = zip::ZipArchive::new(Cursor::new(normal)).unwrap();
    let mode = |archive: &mut zip::ZipArchive<_>, path: &str| archive.by_name(path).unwrap().unix_mode();
    assert_eq!(mode(&mut archive, "beagle_vote/__init__.py"), Some(0o100_755));
    let record = format!("{INFO}/RECORD");
    assert_eq!(mode(&mut archive, &record), Some(0o100_644));
}

#[test]
fn stronger_digests_in_the_record_are_held_and_kept() {
    let bytes = b"print('vote')\n";
    let digest = |algorithm, name: &str| {
        let measured = Measured::of_bytes(bytes, &Algorithms::one(algorithm));
        let bytes = measured.digest(algorithm).unwrap().as_bytes().to_vec();
        RecordedDigest {
            algorithm: name.into(),
            bytes,
        }
        .to_string()
    };
    let (weak, strong) = (digest(Algorithm::Sha256, "sha256"), digest(Algorithm::Sha512, "sha512"));
    let wheel = Wheel::good().recorded(&weak, &strong);
    assert_eq!(problems(&wheel), Vec::<String>::new());
    let (normal, _) = normalise(&wheel.bytes()).unwrap();
    let mut archive = zip::ZipArchive::new(Cursor::new(normal)).unwrap();
    let record = std::io::read_to_string(archive.by_name(&format!("{INFO}/RECORD")).unwrap()).unwrap();
    assert!(
        record.contains(&format!("beagle_vote/__init__.py,{strong},14\n")),
        "{record}"
    );
    assert!(record.contains("\"beagle_vote/data,1.txt\",sha256="), "{record}");
    assert!(record.ends_with(&format!("{INFO}/RECORD,,\n")));
    let changed = Wheel::good().recorded(&weak, &strong.replacen("sha512=", "sha512=A", 1));
    assert_eq!(problems(&changed)[0].split(' ').next(), Some("digest-mismatch"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn any_order_date_mode_and_compressor_become_the_same_bytes(
        order in Just((0..7_usize).collect::<Vec<_>>()).prop_shuffle(),
        year in 1980_u16..2100,
        mode in prop::sample::select(vec![0o600, 0o640, 0o644, 0o664]),
        level in 1_i64..10,
    ) {
        let mut wheel = Wheel::good();
        let files = wheel.files.clone();
        wheel.files = order.into_iter().map(|place| files[place].clone()).collect();
        wheel.options = wheel
            .options
            .compression_level(Some(level))
            .last_modified_time(DateTime::from_date_and_time(year, 1, 2, 3, 4, 6).unwrap())
            .unix_permissions(mode);
        let expected = normalise(&Wheel::good().bytes()).unwrap().0;
        prop_assert!(normalise(&wheel.bytes()).unwrap().0 == expected);
    }

    #[test]
    fn no_changed_byte_makes_it_panic_or_changes_a_file(place: prop::sample::Index, bit in 0..8) {
        let mut bytes = Wheel::good().bytes();
        let place = place.index(bytes.len());
        bytes[place] ^= 1_u8 << bit;
        let read = Distribution::read(Cursor::new(&bytes), NAME, &Limits::default(), Path::new("."));
        if read.is_ok_and(|distribution| !distribution.is_rejected()) {
            let (normal, _) = normalise(&bytes).unwrap();
            let mut archive = zip::ZipArchive::new(Cursor::new(normal)).unwrap();
            let file = archive.by_name("beagle_vote/__init__.py").unwrap();
            prop_assert_eq!(std::io::read_to_string(file).unwrap(), "print('vote')\n");
        }
    }
}

#[test]
fn a_signature_over_the_record_is_never_broken_silently() {
    let mut wheel = Wheel::good();
    wheel.record = Some(wheel.record());
    let signed = wheel.with(&format!("{INFO}/RECORD.jws"), "{}");
    assert_eq!(problems(&signed), Vec::<String>::new());
    let error = normalise(&signed.bytes()).unwrap_err();
    let expected = format!("`{INFO}/RECORD.jws` is a signature over RECORD, which would have other bytes");
    assert_eq!(error.to_string(), expected);
    // In the order of the archive, RECORD keeps its bytes, and the signature holds.
    let mut sorted = Wheel::good();
    sorted
        .files
        .sort_by_key(|(path, _)| (path.starts_with(INFO), path.clone()));
    sorted.record = Some(sorted.record());
    let signed = sorted.with(&format!("{INFO}/RECORD.jws"), "{}");
    let (normal, _) = normalise(&signed.bytes()).unwrap();
    assert_eq!(
        read(NAME, &normal).signatures()[0].as_str(),
        format!("{INFO}/RECORD.jws")
    );
}

#[test]
fn the_record_and_the_files_are_held_to_each_other() {
    let good = Wheel::good();
    let cases = [
        (
            good.clone().recorded("beagle_vote/__init__.py", "beagle_vote/other.py"),
            vec![
                "recorded-missing RECORD lists `beagle_vote/other.py`, which is not there",
                "not-recorded `beagle_vote/__init__.py` is not in RECORD",
            ],
        ),
        (
            good.clone().recorded(",14\n", ",15\n"),
            vec!["size-mismatch expected 15 bytes of `beagle_vote/__init__.py` as RECORD says, found 14"],
        ),
        (
            good.clone().recorded(
                &format!("{INFO}/RECORD,,"),
                &format!("{INFO}/RECORD,,\n{INFO}/RECORD,,"),
            ),
            vec!["recorded-twice RECORD lists `beagle_vote-1.0.dist-info/RECORD` twice"],
        ),
        (
            good.clone()
                .recorded(&format!("{INFO}/RECORD,,"), &format!("{INFO}/RECORD,,1")),
            vec![
                "digest-impossible RECORD has a digest or a size of `beagle_vote-1.0.dist-info/RECORD`, which cannot have one",
            ],
        ),
        (
            good.clone().recorded(&format!("{INFO}/RECORD,,\n"), ""),
            vec!["not-recorded `beagle_vote-1.0.dist-info/RECORD` is not in RECORD"],
        ),
        (
            good.recorded("RECORD,,", "RECORD,"),
            vec![
                "record-invalid beagle_vote-1.0.dist-info/RECORD: expected path, digest and size in line 8, found 2 values",
            ],
        ),
    ];
    for (wheel, expected) in cases {
        assert_eq!(problems(&wheel), expected);
        assert!(matches!(normalise(&wheel.bytes()), Err(NormaliseError::Rejected)));
    }
}

#[test]
fn a_digest_that_is_wrong_weak_or_missing_is_named() {
    let code = |to: &str| {
        let record = Wheel::good().record();
        let digest = record.split(',').nth(1).unwrap().to_owned();
        problems(&Wheel::good().recorded(&digest, to))
    };
    let zeros = "A".repeat(43);
    let wrong = code(&format!("sha256={zeros}"));
    assert!(wrong[0].starts_with(&format!(
        "digest-mismatch expected sha256={zeros} of `beagle_vote/__init__.py`"
    )));
    assert_eq!(
        code(""),
        ["digest-missing RECORD has no digest of `beagle_vote/__init__.py`"]
    );
    for weak in ["md5", "sha1", "sha224", "blake2b"] {
        let expected = format!(
            "digest-algorithm expected sha256, sha384 or sha512 for `beagle_vote/__init__.py` in RECORD, found `{weak}`"
        );
        assert_eq!(code(&format!("{weak}={zeros}A")), [expected]);
    }
}

#[test]
fn file_name_and_what_is_inside_have_to_agree() {
    let good = Wheel::good().bytes();
    let codes = |name: &str| -> Vec<&str> {
        read(name, &good)
            .problems()
            .iter()
            .map(|problem| problem.code())
            .collect()
    };
    assert_eq!(codes("beagle_vote-1.0-2-py2.py3-none-any.whl"), ["field-mismatch"]);
    assert_eq!(codes("beagle_vote-1.0-1-py3-none-any.whl"), ["field-mismatch"]);
    let other = ["directory-mismatch", "directory-mismatch", "field-mismatch"];
    assert_eq!(codes("cat_vote-1.0-1-py2.py3-none-any.whl"), other);
    assert_eq!(codes("beagle_vote-1.1-1-py2.py3-none-any.whl"), other);
    assert_eq!(codes("beagle_vote-1.0.tar.gz"), ["form-mismatch"]);
    assert_eq!(codes("beagle_vote.whl"), ["file-name-invalid"]);
    let older = ["file-name-not-normal"];
    assert_eq!(codes("Beagle.Vote-1.0-1-py2.py3-none-any.whl"), older);
    assert!(!read("Beagle.Vote-1.0-1-py2.py3-none-any.whl", &good).is_rejected());
}

#[test]
fn what_lies_in_the_archive_is_held_to_the_specification() {
    let good = Wheel::good();
    let info = |file: &str| format!("{INFO}/{file}");
    let codes = |wheel: &Wheel| -> Vec<String> {
        problems(wheel)
            .iter()
            .map(|problem| problem.split(' ').next().unwrap().to_owned())
            .collect()
    };
    let cases = [
        (good.clone().without(&info("METADATA")), vec!["file-missing"]),
        (good.clone().without(&info("WHEEL")), vec!["file-missing"]),
        (good.clone().without(&info("licenses/LICENSE")), vec!["file-missing"]),
        (
            good.clone().with("other-2.dist-info/METADATA", ""),
            vec!["directory-not-one"],
        ),
        (
            good.clone().with("other-2.data/scripts/x", ""),
            vec!["directory-mismatch"],
        ),
        (
            good.clone().with("beagle_vote-1.0.data/bin/x", ""),
            vec!["scheme-unknown"],
        ),
        (
            good.clone().with("beagle_vote-1.0.data/scripts2", ""),
            vec!["scheme-unknown"],
        ),
        (
            good.clone().info("METADATA", "Name: Beagle-Vote\n", ""),
            vec!["field-missing"],
        ),
        (
            good.clone().info("METADATA", "Name:", "No colon\nName:"),
            vec!["fields-invalid"],
        ),
        (
            good.clone().info("METADATA", "File: LICENSE", "File: ../LICENSE"),
            vec!["field-invalid"],
        ),
        (
            good.clone().info("WHEEL", "Wheel-Version: 1.0", "Wheel-Version: 2.0"),
            vec!["form-version-unknown"],
        ),
        (
            good.clone().info("WHEEL", "Wheel-Version: 1.0", "Wheel-Version: 1.9"),
            vec!["form-version-unusual"],
        ),
        (
            good.clone().info("WHEEL", "Purelib: true", "Purelib: yes"),
            vec!["field-invalid"],
        ),
        (
            good.clone().info("WHEEL", "Tag: py2-none-any\n", ""),
            vec!["field-mismatch"],
        ),
        (
            good.clone().info("WHEEL", "py2-none-any", "py2.py3-none-any"),
            vec!["tag-invalid"],
        ),
        (good.clone().info("WHEEL", "Build: 1\n", ""), vec!["field-mismatch"]),
        (
            good.clone().info("WHEEL", "Build: 1", "Build: 1\nBuild: 1"),
            vec!["field-repeated"],
        ),
        (good.clone().info("WHEEL", "Generator", "Maker"), vec!["field-unknown"]),
        (
            good.info("entry_points.txt", "beagle_vote:main", "beagle-vote"),
            vec!["entry-points-invalid"],
        ),
    ];
    for (wheel, expected) in cases {
        assert_eq!(codes(&wheel), expected, "{:?}", problems(&wheel));
    }
}

#[test]
fn everything_that_is_wrong_is_found_at_once() {
    let wheel = Wheel::good()
        .info("METADATA", "Version: 1.0\n", "")
        .info("WHEEL", "Root-Is-Purelib: true\n", "")
        .recorded(",14\n", ",15\n");
    let found = problems(&wheel);
    let codes: Vec<&str> = found.iter().map(|problem| problem.split(' ').next().unwrap()).collect();
    assert_eq!(codes, ["field-missing", "field-missing", "size-mismatch"]);
}

#[test]
fn a_link_in_a_wheel_is_rejected() {
    let bytes = Wheel::good().bytes_with(|zip| {
        let (link, target) = ("link.py", "beagle_vote/__init__.py");
        zip.add_symlink(link, target, SimpleFileOptions::default()).unwrap();
    });
    let distribution = read(NAME, &bytes);
    let found: Vec<String> = distribution.problems().iter().map(ToString::to_string).collect();
    assert_eq!(found, ["expected no symbolic link in a wheel, found `link.py`"]);
}

#[test]
fn bills_of_materials_are_found() {
    let wheel = Wheel::good().with(&format!("{INFO}/sboms/app.cdx.json"), "{}");
    let distribution = read(NAME, &wheel.bytes());
    assert_eq!(distribution.sboms()[0].as_str(), format!("{INFO}/sboms/app.cdx.json"));
    assert_eq!(distribution.problems(), []);
}

#[test]
fn the_date_is_known_when_there_is_one() {
    let bytes = Wheel::good().bytes();
    // 2020-01-02 03:04:06 UTC.
    assert_eq!(read(NAME, &bytes).date().unwrap().seconds(), 1_577_934_246);
    let bytes = Wheel::good().bytes_with(|zip| {
        let other = SimpleFileOptions::default().last_modified_time(DateTime::default());
        zip.add_directory("d", other).unwrap();
    });
    assert_eq!(read(NAME, &bytes).date(), None);
}
