//! `attest sbom --licenses-from-registry` with a registry on loopback.

use std::collections::BTreeMap;
use std::fs;
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use serde_json::Value;

use crate::command::{Command, Finished};
use crate::registry::wire::{Answer, Connection};

/// Answers by path, and keeps what it was asked; everything else is not there.
struct Registry {
    url: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Registry {
    fn start(answers: &[(&str, Answer)]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let answers: BTreeMap<String, Answer> = answers
            .iter()
            .map(|(path, answer)| ((*path).to_owned(), answer.clone()))
            .collect();
        let (answers, log) = (Arc::new(answers), Arc::clone(&asked));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (answers, log) = (Arc::clone(&answers), Arc::clone(&log));
                std::thread::spawn(move || {
                    let mut connection = Connection::new(stream);
                    while let Ok(Some(request)) = connection.request(|_| None) {
                        log.lock().unwrap().push(request.target.clone());
                        let missing = Answer::new(404);
                        let answer = answers.get(&request.target).unwrap_or(&missing);
                        // A client that goes away is no reason to stop.
                        if !connection.answer(&request, answer).unwrap_or(false) {
                            break;
                        }
                    }
                });
            }
        });
        Self { url, asked }
    }

    fn asked(&self) -> Vec<String> {
        let mut asked = self.asked.lock().unwrap().clone();
        asked.sort();
        asked
    }
}

fn json(text: &str) -> Answer {
    Answer::new(200).body(text)
}

const LOCK: &str = r#"{"name": "app", "version": "1.0.0", "lockfileVersion": 3, "packages": {
    "": {"name": "app", "version": "1.0.0", "dependencies": {"a": "1", "@s/b": "1", "c": "1", "mine": "1"}},
    "node_modules/a": {"version": "1.0.0"},
    "node_modules/@s/b": {"version": "1.0.0"},
    "node_modules/c": {"version": "1.0.0", "license": "ISC"},
    "node_modules/mine": {"version": "1.0.0", "resolved": "https://npm.example.com/mine/-/mine-1.0.0.tgz"}}}"#;

/// Lists a lock file of npm beside requirements of Python.
fn listed(arguments: &[&str]) -> (Finished, Option<Value>) {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("package-lock.json"), LOCK).unwrap();
    fs::write(directory.path().join("requirements.txt"), "D_e==1.0\n").unwrap();
    let output = directory.path().join("../").join(format!(
        "{}.cdx.json",
        directory.path().file_name().unwrap().to_string_lossy()
    ));
    let finished = Command::attest()
        .arg("sbom")
        .arg(directory.path())
        .args(arguments)
        .arg("-o")
        .arg(&output)
        .run();
    let document = fs::read(&output)
        .ok()
        .map(|bytes| serde_json::from_slice(&bytes).unwrap());
    let _ = fs::remove_file(&output);
    (finished, document)
}

fn licence<'a>(document: &'a Value, name: &str) -> &'a Value {
    let components = document["components"].as_array().unwrap();
    let component = components.iter().find(|one| one["name"] == name).unwrap();
    &component["licenses"][0]["expression"]
}

fn answering() -> Registry {
    Registry::start(&[
        (
            "/npm/a/1.0.0",
            json(r#"{"name": "a", "version": "1.0.0", "license": "MIT"}"#),
        ),
        (
            "/npm/@s/b/1.0.0",
            json(r#"{"name": "@s/b", "version": "1.0.0", "license": "MIT OR Apache-2.0"}"#),
        ),
        (
            "/pypi/d-e/1.0/json",
            json(r#"{"info": {"name": "D.E", "version": "1.0.0", "license_expression": "BSD-3-Clause"}}"#),
        ),
    ])
}

#[test]
fn missing_licences_come_from_the_registry_that_was_named_and_nothing_else_is_asked() {
    let registry = answering();
    let npm = format!("npm={}/npm/", registry.url);
    let pypi = format!("pypi={}", registry.url);
    let arguments = ["--licenses-from-registry", &npm, "--licenses-from-registry", &pypi];
    let (finished, document) = listed(&arguments);
    let finished = finished.expect_code(0);
    let document = document.unwrap();
    assert_eq!(
        registry.asked(),
        ["/npm/@s/b/1.0.0", "/npm/a/1.0.0", "/pypi/d-e/1.0/json"]
    );
    assert_eq!(*licence(&document, "a"), "MIT");
    assert_eq!(*licence(&document, "b"), "MIT OR Apache-2.0");
    assert_eq!(*licence(&document, "c"), "ISC");
    assert_eq!(*licence(&document, "D_e"), "BSD-3-Clause");
    assert_eq!(*licence(&document, "mine"), Value::Null);
    let said = finished.stderr_text();
    assert!(
        said.contains("asking registries for the licences of 3 packages"),
        "{said}"
    );
    assert!(
        said.contains("1 package of another registry is not asked for"),
        "{said}"
    );
    let again = listed(&arguments).1.unwrap();
    assert_eq!(again, document);
}

#[test]
fn without_the_option_nothing_is_asked() {
    let (finished, document) = listed(&[]);
    let _ = finished.expect_code(0);
    assert_eq!(*licence(&document.unwrap(), "b"), Value::Null);
}

#[test]
fn a_package_that_the_registry_does_not_have_is_a_gap_and_strict_refuses_it() {
    let registry = Registry::start(&[(
        "/a/1.0.0",
        json(r#"{"name": "other", "version": "1.0.0", "license": "MIT"}"#),
    )]);
    let npm = format!("npm={}", registry.url);
    let (finished, document) = listed(&["--licenses-from-registry", &npm]);
    let finished = finished.expect_code(0);
    let gap = "no-answer: the npm registry did not tell the licences of 2 packages, the first: @s/b 1.0.0: it has no such package";
    assert!(finished.stderr_text().contains(gap), "{}", finished.stderr_text());
    let document = document.unwrap();
    assert_eq!(*licence(&document, "a"), Value::Null);
    let gaps = document["metadata"]["properties"].as_array().unwrap();
    assert!(
        gaps.iter()
            .any(|one| one["name"] == "attest:gap" && one["value"] == gap)
    );
    let (finished, document) = listed(&["--licenses-from-registry", &npm, "--strict"]);
    let finished = finished.expect_code(1);
    assert!(finished.stderr_text().contains("error[sbom-incomplete]"));
    assert_eq!(document, None);
}

#[test]
fn a_registry_that_is_not_there_is_a_gap_without_its_address() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let (finished, document) = listed(&["--licenses-from-registry", &format!("pypi={url}")]);
    let finished = finished.expect_code(0);
    let gap = "the pypi registry did not tell the licences of 1 package, the first: d-e 1.0: it cannot be reached";
    assert!(finished.stderr_text().contains(gap), "{}", finished.stderr_text());
    assert!(!document.unwrap().to_string().contains("127.0.0.1"));
}

#[test]
fn an_answer_without_end_and_one_that_leads_elsewhere_are_refused() {
    let long = format!(
        r#"{{"name": "a", "version": "1.0.0", "license": "{}"}}"#,
        "x".repeat(9 << 20)
    );
    let registry = Registry::start(&[
        ("/a/1.0.0", json(&long)),
        ("/@s/b/1.0.0", Answer::new(302).with("location", "http://127.0.0.1:1/b")),
    ]);
    let (finished, document) = listed(&["--licenses-from-registry", &format!("npm={}", registry.url)]);
    let finished = finished.expect_code(0);
    let gap = "of 2 packages, the first: @s/b 1.0.0: it answered 302";
    assert!(finished.stderr_text().contains(gap), "{}", finished.stderr_text());
    assert_eq!(*licence(&document.unwrap(), "a"), Value::Null);
}

#[test]
fn a_registry_that_always_fails_is_given_up_and_who_was_not_asked_is_counted() {
    let numbers = 0..100;
    let paths: Vec<String> = numbers
        .clone()
        .map(|number| format!("/pypi/p{number}/1.0/json"))
        .collect();
    let refusing: Vec<(&str, Answer)> = paths.iter().map(|path| (path.as_str(), Answer::new(403))).collect();
    let registry = Registry::start(&refusing);
    let directory = tempfile::tempdir().unwrap();
    let lines: String = numbers.map(|number| format!("p{number}==1.0\n")).collect();
    fs::write(directory.path().join("requirements.txt"), lines).unwrap();
    let asked_of = format!("pypi={}", registry.url);
    let finished = Command::attest()
        .arg("sbom")
        .arg(directory.path())
        .args(["--licenses-from-registry", &asked_of])
        .run()
        .expect_code(0);
    let asked = registry.asked().len();
    // Eight in a row, beside those that were under way.
    assert!((8..=15).contains(&asked), "{asked}");
    let said = finished.stderr_text();
    for gap in [
        format!("no-answer: the pypi registry did not tell the licences of {asked} packages, the first: p"),
        format!(
            "not-asked: the pypi registry was not asked for the licences of {} packages, since it failed 8 times in a row",
            100 - asked
        ),
    ] {
        assert!(said.contains(&gap), "{said}");
    }
}

#[test]
fn a_registry_is_named_with_its_kind_and_an_address_that_keeps_names_from_others() {
    for (value, expected) in [
        ("gem=https://example.com", "expected cargo, npm or pypi before `=`"),
        ("npm=http://example.com", "expected an https URL"),
    ] {
        let (finished, _) = listed(&["--licenses-from-registry", value]);
        let finished = finished.expect_code(2);
        assert!(finished.stderr_text().contains(expected), "{}", finished.stderr_text());
    }
}
