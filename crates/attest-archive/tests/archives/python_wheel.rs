//! Wheels in their normal form: builds that differ in what does not matter become equal bytes.

use std::io::Cursor;
use std::path::Path;

use attest_archive::python::{Distribution, RecordedDigest};
use attest_archive::read::Limits;
use attest_digest::{Algorithm, Algorithms, Measured};
use proptest::prelude::*;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime};

use crate::made_wheel::{INFO, NAME, Wheel, causes, normalise, problems, read};

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
fn a_program_stays_executable_whatever_system_the_wheel_was_made_on() {
    let mut wheel = Wheel::good();
    wheel.options = wheel.options.unix_permissions(0o755);
    let on_unix = wheel.bytes();
    let mut on_windows = on_unix.clone();
    let records = on_unix.windows(4).enumerate();
    for (at, _) in records.filter(|(_, bytes)| *bytes == b"PK\x01\x02") {
        assert_eq!(on_windows[at + 5], 3);
        on_windows[at + 5] = 0;
    }
    assert_ne!(on_windows, on_unix);
    let (normal, _) = normalise(&on_windows).unwrap();
    assert!(normal == normalise(&on_unix).unwrap().0);
    assert!(normal != normalise(&Wheel::good().bytes()).unwrap().0);
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
