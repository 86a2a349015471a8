//! What is wrong with a wheel is named, each by its code.

use attest_archive::python::NormaliseError;
use zip::write::SimpleFileOptions;

use crate::made_wheel::{INFO, NAME, Wheel, normalise, problems, read};

#[test]
fn a_good_wheel_has_no_problem() {
    assert_eq!(problems(&Wheel::good()), Vec::<String>::new());
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

/// Many short lines would take far more memory than the wheel.
#[test]
fn a_record_with_far_more_lines_than_files_is_rejected_before_they_are_looked_at() {
    let with = |more: usize| {
        let lines: String = (0..more).map(|number| format!("{number},,\n")).collect();
        let last = format!("{INFO}/RECORD,,\n");
        Wheel::good().recorded(&last, &format!("{last}{lines}"))
    };
    let found = problems(&with(1000));
    assert_eq!(found.len(), 1000);
    assert_eq!(found[999], "recorded-missing RECORD lists `999`, which is not there");
    assert_eq!(
        problems(&with(1001)),
        [format!(
            "record-invalid {INFO}/RECORD: expected at most 1008 lines, found more"
        )]
    );
}
