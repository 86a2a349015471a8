//! The forms of a report: JSON, SARIF and JUnit, on standard output and in files.

use std::fs;
use std::path::Path;

use attest_testkit::World;
use attest_testkit::own_authority::OwnAuthority;
use serde_json::{Value, json};

use crate::command::{Command, Finished};
use crate::fixtures::directory;
use crate::signed_release::{APPLICATION as BYTES, Release};

const IDENTITY: &str = "https://github.com/example/app/.github/workflows/release.yml@refs/tags/v1.0.0";
const ISSUER: &str = "https://token.actions.githubusercontent.com";
const APPLICATION: &str = "app-1.0.0.tar.gz";

/// A good archive with its bundle, one file that nobody signed, and the trust root.
fn release() -> tempfile::TempDir {
    let release = tempfile::tempdir().unwrap();
    let good = directory().join("accept/statement-rekor-v2");
    let copy = |from: &str, to: &str| fs::copy(good.join(from), release.path().join(to)).unwrap();
    copy(APPLICATION, APPLICATION);
    copy("bundle.sigstore.json", "release.sigstore.json");
    copy("trusted_root.json", "root.json");
    fs::write(release.path().join("odd & <new>.bin"), "other").unwrap();
    release
}

fn verify(place: &Path, arguments: &[&str]) -> Finished {
    Command::attest()
        .arg("verify")
        .args(arguments)
        .args(["--trusted-root", "root.json", "--certificate-identity", IDENTITY])
        .args(["--certificate-oidc-issuer", ISSUER])
        .current_dir(place)
        .run()
}

const EVERYTHING: [&str; 4] = [APPLICATION, "odd & <new>.bin", "absent.bin", "release.sigstore.json"];

#[test]
fn json_tells_what_was_checked_by_which_evidence_and_what_was_not() {
    let release = release();
    let finished = verify(release.path(), &[APPLICATION, "--format", "json"]).expect_code(0);
    let document: Value = serde_json::from_slice(&finished.stdout).unwrap();
    let artifact = &document["artifacts"][0];
    let checks: Vec<&str> = artifact["checked"]
        .as_array()
        .unwrap()
        .iter()
        .map(|check| check["check"].as_str().unwrap())
        .collect();
    let certificate = ["certificate", "certificate-transparency", "identity", "issuer"];
    assert_eq!(
        checks,
        [
            &["digest", "signature"],
            &certificate[..],
            &["transparency-log", "signed-time"]
        ]
        .concat()
    );
    assert_eq!(artifact["checked"][0]["bundles"], json!([0]));
    assert_eq!(artifact["notChecked"], json!(["predicate"]));
    assert_eq!(document["bundles"][0]["format"], "sigstore-bundle");
}

#[test]
fn a_certificate_that_names_no_issuer_is_told_without_one() {
    let release = Release::new();
    let (root, bundle) = OwnAuthority::new("release@example.com")
        .sign(&World::new(1).unwrap(), BYTES)
        .unwrap();
    release.write("root.json", root.to_string());
    release.write("app.bin.sigstore.json", bundle.to_string());
    let identity = ["app.bin", "--format=json", "--certificate-identity=release@example.com"];
    let verify = |issuer: &str| release.verify(&[&identity[..], &[issuer]].concat());
    let finished = verify("--certificate-without-oidc-issuer").expect_code(0);
    let document: Value = serde_json::from_slice(&finished.stdout).unwrap();
    let signer = document["bundles"][0]["signer"].as_object().unwrap();
    assert_eq!(signer["certificateIdentity"], "release@example.com");
    assert_eq!(signer.get("certificateOidcIssuer"), Some(&Value::Null));
    let checked = document["bundles"][0]["checked"].as_array().unwrap();
    assert!(checked.contains(&json!("identity")) && !checked.contains(&json!("issuer")));
    verify("--certificate-oidc-issuer=https://accounts.example.com").expect_code(1);
}

#[test]
fn what_was_left_out_is_told() {
    let release = release();
    let relaxed = [
        APPLICATION,
        "--insecure-ignore-tlog",
        "--insecure-ignore-sct=true",
        "--format=json",
    ];
    let finished = verify(release.path(), &relaxed).expect_code(0);
    let document: Value = serde_json::from_slice(&finished.stdout).unwrap();
    let left_out = json!(["certificate-transparency", "predicate", "transparency-log"]);
    assert_eq!(document["artifacts"][0]["notChecked"], left_out);
    assert_eq!(document["bundles"][0]["logEntries"], json!([]));
}

#[test]
fn flags_that_are_always_so_are_taken() {
    let release = release();
    let flags = [
        APPLICATION,
        "--offline",
        "--use-signed-timestamps",
        "--new-bundle-format=true",
    ];
    verify(release.path(), &flags).expect_code(0);
}

#[test]
fn sarif_has_a_result_for_every_artifact() {
    let release = release();
    let arguments = [&EVERYTHING[..], &["--format", "sarif"]].concat();
    let finished = verify(release.path(), &arguments).expect_code(1);
    let document: Value = serde_json::from_slice(&finished.stdout).unwrap();
    let run = &document["runs"][0];
    let results: Vec<(&str, &str, &str)> = run["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|result| {
            let location = &result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"];
            let text = |value: &'static str| result[value].as_str().unwrap();
            (text("ruleId"), text("kind"), location.as_str().unwrap())
        })
        .collect();
    let expected = [
        ("verified", "pass", APPLICATION),
        ("subject-missing", "fail", "odd%20%26%20%3Cnew%3E.bin"),
        ("cannot-open", "fail", "absent.bin"),
    ];
    assert_eq!(results, expected);
    assert_eq!(
        (&document["version"], &run["results"][0]["level"]),
        (&json!("2.1.0"), &json!("none"))
    );
    let properties = &run["results"][0]["properties"];
    assert_eq!(properties["notChecked"], json!(["predicate"]));
    assert_eq!(properties["checked"][0], "digest");
    assert_eq!(run["results"][1]["properties"], json!({ "verdict": "rejected" }));
    let rules: Vec<&str> = run["tool"]["driver"]["rules"]
        .as_array()
        .unwrap()
        .iter()
        .map(|rule| rule["id"].as_str().unwrap())
        .collect();
    for result in run["results"].as_array().unwrap() {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index], result["ruleId"]);
    }
}

#[test]
fn junit_has_failures_for_what_is_rejected_and_errors_for_what_is_unknown() {
    let release = release();
    let arguments = [&EVERYTHING[..], &["--format", "junit"]].concat();
    let finished = verify(release.path(), &arguments).expect_code(1);
    let text = finished.stdout_text();
    let says = |expected: &str| assert!(text.contains(expected), "expected {expected:?} in:\n{text}");
    says("<testsuites name=\"attest verify\" tests=\"4\" failures=\"1\" errors=\"1\" skipped=\"0\">");
    says("<testcase classname=\"attest.verify.artifacts\" name=\"app-1.0.0.tar.gz\">\n      <properties>");
    says("<property name=\"checked\" value=\"digest, signature, ");
    says("<property name=\"notChecked\" value=\"predicate\"/>");
    says("name=\"odd &amp; &lt;new&gt;.bin\">");
    says("<failure type=\"subject-missing\"");
    says("<error type=\"cannot-open\"");
    says("<testcase classname=\"attest.verify.evidence\" name=\"release.sigstore.json\">");
}

#[test]
fn evidence_that_was_passed_over_is_no_test_that_passed() {
    let release = release();
    let bundle = fs::read_to_string(release.path().join("release.sigstore.json")).unwrap();
    let signed = fs::read_to_string(directory().join("accept/artifact-rekor-v2/bundle.sigstore.json")).unwrap();
    let compact = |text: &str| serde_json::from_str::<Value>(text).unwrap().to_string();
    let both = format!("{}\n{}\n", compact(&bundle), compact(&signed));
    fs::write(release.path().join("release.sigstore.json"), both).unwrap();
    let type_ = serde_json::from_slice::<Value>(
        &verify(release.path(), &[APPLICATION, "--format=json"])
            .expect_code(0)
            .stdout,
    )
    .unwrap()["bundles"][0]["statement"]["predicateType"]
        .as_str()
        .unwrap()
        .to_owned();
    let arguments = [
        APPLICATION,
        "release.sigstore.json",
        "--type",
        &type_,
        "--format",
        "junit",
    ];
    let finished = verify(release.path(), &arguments).expect_code(0);
    let text = finished.stdout_text();
    let says = |expected: &str| assert!(text.contains(expected), "expected {expected:?} in:\n{text}");
    says("tests=\"3\" failures=\"0\" errors=\"0\" skipped=\"1\">");
    says("name=\"release.sigstore.json:2\">\n      <skipped type=\"predicate-type-mismatch\"");
}

#[test]
fn reports_go_to_files_whatever_the_verdict_and_the_rest_to_standard_output() {
    let release = release();
    let outputs = ["-o", "json=verdicts.json", "--output", "junit=verdicts.xml"];
    let finished = verify(release.path(), &[&EVERYTHING[..], &outputs].concat()).expect_code(1);
    assert!(finished.stdout_text().starts_with("ok       app-1.0.0.tar.gz"));
    let read = |name: &str| fs::read_to_string(release.path().join(name)).unwrap();
    let document: Value = serde_json::from_str(&read("verdicts.json")).unwrap();
    assert_eq!(document["verdict"], "rejected");
    assert!(read("verdicts.xml").starts_with("<?xml"));
    let alone = ["--format", "json", "--output-file", "alone.json"];
    let finished = verify(release.path(), &[&[APPLICATION][..], &alone].concat()).expect_code(0);
    assert_eq!(finished.stdout_text(), "");
    assert!(read("alone.json").contains("\"verdict\": \"accepted\""));
}

#[test]
fn a_report_does_not_take_the_place_of_what_is_verified() {
    let release = release();
    for output in [APPLICATION, "release.sigstore.json", "root.json"] {
        let finished = verify(release.path(), &[APPLICATION, "-o", &format!("json={output}")]).expect_code(2);
        let text = finished.stderr_text();
        assert!(text.contains("error[output-is-input]"), "{text}");
    }
}

/// Everything that a call can name to be read, the report in its place, and one in a place of its own.
#[test]
fn a_report_does_not_take_the_place_of_what_it_is_verified_with() {
    let place = tempfile::tempdir().unwrap();
    let names = ["s", "c", "chain", "entry", "timestamp", "roots", "list", "trust", "key"];
    for name in names {
        fs::write(place.path().join(name), "[[root]]\nlevel = 9").unwrap();
    }
    fs::write(place.path().join("app"), "app").unwrap();
    fs::write(place.path().join("list"), "app\n").unwrap();
    let run = |arguments: &str| {
        Command::attest()
            .arg("verify")
            .args(arguments.split(' '))
            .current_dir(place.path())
            .run()
    };
    let signature = "app --signature s --certificate c --certificate-chain chain --rekor-entry entry \
                     --rfc3161-timestamp timestamp";
    let signature = signature.split_whitespace().collect::<Vec<_>>().join(" ");
    for (call, outputs) in [
        (signature.as_str(), &["s", "c", "chain", "entry", "timestamp"][..]),
        ("app --roots-of-trust roots", &["roots"]),
        ("--files-from list", &["list", "app"]),
        ("app --trusted-root trust", &["trust"]),
        ("app --key key", &["key"]),
    ] {
        for output in outputs {
            let finished = run(&format!("{call} -o json=./{output}")).expect_code(2);
            let text = finished.stderr_text();
            assert!(text.contains("error[output-is-input]"), "{output}: {text}");
        }
        let finished = run(&format!("{call} -o json=fresh.json"));
        assert!(!finished.stderr_text().contains("output-is-input"), "{call}");
    }
}

/// A list that is signed names files that the call does not.
#[test]
fn a_report_does_not_take_the_place_of_a_file_that_a_list_names() {
    let release = Release::new();
    release.write("files/one.bin", "one\n");
    let listing = release
        .attest()
        .args(["hash", "app.bin", "files/one.bin"])
        .run()
        .expect_code(0);
    let bundle = release.signer().sign_artifact(&listing.stdout).unwrap();
    release.write("SHA256SUMS", &listing.stdout);
    release.write("SHA256SUMS.sigstore.json", bundle.to_string());
    let verify = |output: &str| {
        let arguments = ["SHA256SUMS", "--key", "key.pub", "--format", "json"];
        release.verify(&[&arguments[..], &[output]].concat())
    };
    for place in ["files/one.bin", "./app.bin", "files/../files/one.bin", "SHA256SUMS"] {
        for output in [format!("-ojson={place}"), format!("--output-file={place}")] {
            let finished = verify(&output).expect_code(2);
            let text = finished.stderr_text();
            assert!(text.contains("error[output-is-input]"), "{output}: {text}");
        }
    }
    assert_eq!(fs::read(release.path("app.bin")).unwrap(), BYTES);
    assert_eq!(fs::read(release.path("files/one.bin")).unwrap(), b"one\n");
    assert_eq!(fs::read(release.path("SHA256SUMS")).unwrap(), listing.stdout);
    std::os::unix::fs::symlink("other.sigstore.json", release.path("link")).unwrap();
    std::os::unix::fs::symlink("files/one.bin", release.path("other")).unwrap();
    std::os::unix::fs::symlink("files/fresh", release.path("third")).unwrap();
    for link in ["link", "other"] {
        let text = verify(&format!("-ojson={link}")).expect_code(2);
        assert!(text.stderr_text().contains("error[output-is-input]"), "{link}");
    }
    let twice = [
        &["SHA256SUMS", "--key", "key.pub"][..],
        &["-ojson=third", "-ojson=files/fresh"],
    ]
    .concat();
    let twice = release.verify(&twice).expect_code(2);
    assert!(twice.stderr_text().contains("error[output-named-twice]"));
    assert_eq!(fs::read(release.path("files/one.bin")).unwrap(), b"one\n");
    verify("--output-file=files/report.json").expect_code(0);
    assert!(release.path("files/report.json").exists());
}

#[test]
fn two_reports_do_not_go_to_one_file() {
    let release = release();
    for (first, second) in [
        ("-ojson=a", "--output-file=a"),
        ("-ojson=a", "-ojunit=./a"),
        ("-ojson=old", "-ojunit=../old"),
    ] {
        let here = release.path().file_name().unwrap().to_str().unwrap();
        let second = second.replace("..", &format!("../{here}"));
        let finished = verify(release.path(), &[APPLICATION, first, &second]).expect_code(2);
        let text = finished.stderr_text();
        assert!(text.contains("error[output-named-twice]"), "{text}");
    }
    verify(release.path(), &[APPLICATION, "-ojson=a", "-ojunit=b"]).expect_code(0);
}
