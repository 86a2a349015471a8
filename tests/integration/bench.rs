//! Nothing here is about time: what is measured is too small to say anything. Shape, answers and what stays behind are.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::command::Command;

/// A peer that does what `sha256sum` does.
const RIGHT: &str = r#"case "$1" in --version) echo "sha256sum (test) 1.0";; *) exec "$ATTEST" hash "$@";; esac"#;

/// A peer that is wrong about every file whose digest has an `a`.
const WRONG: &str = r#"case "$1" in --version) echo "sha256sum (test) 1.0";; *) "$ATTEST" hash "$@" | while read -r d n; do echo "$(echo "$d" | tr a b)  $n"; done;; esac"#;

/// A place for the input, one for programs, and nothing else on `PATH` but what a script needs.
struct Bench {
    directory: TempDir,
}

impl Bench {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        for name in ["bin", "input"] {
            fs::create_dir(directory.path().join(name)).unwrap();
        }
        let bench = Self { directory };
        // Scripts need a shell and little else; a real peer is not to be found.
        for tool in ["sh", "tr", "sleep"] {
            let found = ["/bin", "/usr/bin"].map(|place| Path::new(place).join(tool));
            let found = found.iter().find(|path| path.exists()).unwrap();
            std::os::unix::fs::symlink(found, bench.path("bin").join(tool)).unwrap();
        }
        bench
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn with(self, name: &str, script: &str) -> Self {
        let path = self.path("bin").join(name);
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        self
    }

    fn command(&self, scenarios: &str) -> Command {
        Command::attest()
            .args(["bench", "--size=64K", "--files=20", "--rounds=3", "--threads=2"])
            .arg(format!("--scenario={scenarios}"))
            .arg("--directory")
            .arg(self.path("input"))
            .env("PATH", self.path("bin"))
            .env("ATTEST", env!("CARGO_BIN_EXE_attest"))
            .current_dir(self.directory.path())
    }

    fn run(&self, scenarios: &str) -> Value {
        let finished = self.command(scenarios).arg("--format=json").run().expect_code(0);
        assert_eq!(finished.stderr_text(), "");
        serde_json::from_slice(&finished.stdout).unwrap()
    }

    fn left(&self) -> usize {
        fs::read_dir(self.path("input")).unwrap().count()
    }
}

fn names<'a>(list: &'a Value, key: &str) -> Vec<&'a str> {
    let items = list.as_array().unwrap().iter();
    items.map(|item| item[key].as_str().unwrap()).collect()
}

#[test]
fn every_scenario_is_measured_and_every_answer_is_right() {
    let bench = Bench::new().with("sha256sum", RIGHT);
    let listing = Command::attest().args(["bench", "--list"]).run().expect_code(0);
    let listed: Vec<&str> = listing
        .stdout_text()
        .lines()
        .map(|line| line.split(' ').next().unwrap())
        .collect();
    let run = bench.run(&listed.join(","));
    assert_eq!(run["schema"], "https://attest.dev/schema/bench/v1");
    let skipped = names(&run["skipped"], "name");
    let measured = names(&run["scenarios"], "name");
    for name in listed {
        // Where the input is in memory, nothing comes from storage.
        assert!(measured.contains(&name) || name.ends_with("-cold") && skipped.contains(&name));
    }
    for scenario in run["scenarios"].as_array().unwrap() {
        let ours = &scenario["entrants"][0];
        assert_eq!(ours["role"], "ours", "{}", scenario["name"]);
        assert!(ours["elapsed"]["median"].as_f64().unwrap() > 0.0);
        let others = scenario["entrants"].as_array().unwrap().len() - 1;
        assert_eq!(scenario["comparisons"].as_array().unwrap().len(), others);
    }
    assert_eq!(bench.left(), 0);
}

#[test]
fn everybody_has_a_turn_in_every_round() {
    let bench = Bench::new().with("sha256sum", RIGHT).with(
        "openssl",
        r#"case "$1" in version) echo OpenSSL;; *) shift 3; exec "$ATTEST" hash --binary "$@";; esac"#,
    );
    let run = bench.run("many-large-one-thread");
    let entrants = run["scenarios"][0]["entrants"].as_array().unwrap();
    let turns: Vec<Vec<u64>> = entrants
        .iter()
        .map(|entrant| {
            let turns = entrant["turns"].as_array().unwrap().iter();
            turns.map(|turn| turn["sequence"].as_u64().unwrap()).collect()
        })
        .collect();
    let names = names(&run["scenarios"][0]["entrants"], "name");
    assert_eq!(names, ["attest", "openssl", "sha256sum", "in memory, 1 thread"]);
    // Four turns warmed up; each round has four, and begins with another one.
    assert_eq!(turns, [[4, 11, 14], [5, 8, 15], [6, 9, 12], [7, 10, 13]]);
}

#[test]
fn who_is_not_there_is_named() {
    let run = Bench::new().run("one-small");
    assert_eq!(names(&run["programs"], "name"), ["attest"]);
    let expected = ["openssl", "sha256sum", "b3sum", "find", "xargs", "model_signing"];
    assert_eq!(names(&run["skipped"], "name"), expected);
    assert_eq!(names(&run["skipped"], "reason"), ["it is not installed"; 6]);
}

#[test]
fn a_run_tells_nothing_about_whose_it_is() {
    let bench = Bench::new().with("sha256sum", RIGHT);
    let tree = bench.path("project-x");
    fs::create_dir(&tree).unwrap();
    fs::write(tree.join("a"), "a").unwrap();
    let finished = bench
        .command("mixed-sizes,many-large-one-thread")
        .arg("--tree")
        .arg(&tree)
        .arg("--format=json")
        .run()
        .expect_code(0);
    let text = finished.stdout_text();
    assert!(!text.contains("project-x") && !text.contains(bench.directory.path().to_str().unwrap()));
    let run: Value = serde_json::from_str(text).unwrap();
    assert_eq!(run["scenarios"][1]["input"]["files"], 1);
    assert_eq!(fs::read_dir(&tree).unwrap().count(), 1);
}

#[test]
fn a_wrong_digest_has_no_speed() {
    let bench = Bench::new().with("sha256sum", WRONG);
    let finished = bench
        .command("many-large-one-thread")
        .args(["--output=run.json", "--chart=run.svg"])
        .run()
        .expect_code(1);
    let stderr = finished.stderr_text();
    assert!(stderr.starts_with("error[bench-answer-differs]: `sha256sum` is wrong about the sha256 digest of `f00`"));
    assert_eq!(finished.stdout_text(), "");
    assert!(!bench.path("run.json").exists() && !bench.path("run.svg").exists());
    assert_eq!(bench.left(), 0);
}

#[test]
fn a_peer_that_fails_takes_no_part() {
    let bench = Bench::new().with("openssl", r#"case "$1" in version) echo OpenSSL;; *) exit 3;; esac"#);
    let run = bench.run("one-small");
    assert_eq!(names(&run["scenarios"][0]["entrants"], "name"), ["attest"]);
    let skipped = run["skipped"].as_array().unwrap().last().unwrap();
    assert_eq!(skipped["name"], "openssl");
    assert_eq!(skipped["reason"], "it failed at one-small");
}

/// Waits for something that takes moments; a machine under load may take longer.
fn wait_for(what: &str, mut there: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !there() {
        assert!(begin.elapsed() < Duration::from_secs(60), "{what} did not happen");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn the_input_is_removed_when_the_program_is_killed() {
    let bench = Bench::new().with(
        "sha256sum",
        r#"case "$1" in --version) echo 1;; *) : > "$STARTED"; exec sleep 2;; esac"#,
    );
    let started = bench.path("started");
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_attest"))
        .args(["bench", "--size=64K", "--scenario=one-small", "--directory"])
        .arg(bench.path("input"))
        .env("PATH", bench.path("bin"))
        .env("STARTED", &started)
        .spawn()
        .unwrap();
    wait_for("the peer's turn", || started.exists());
    assert_eq!(bench.left(), 1);
    child.kill().unwrap();
    child.wait().unwrap();
    wait_for("the removal", || bench.left() == 0);
}

#[test]
fn what_is_kept_is_named() {
    let bench = Bench::new();
    let finished = bench.command("one-small").arg("--keep").run().expect_code(0);
    let place = finished
        .stderr_text()
        .trim()
        .strip_prefix("the input is kept in ")
        .unwrap();
    assert_eq!(
        fs::metadata(Path::new(place).join("one-small/f00")).unwrap().len(),
        4096
    );
    assert_eq!(bench.left(), 1);
}

#[test]
fn a_run_is_drawn_again_without_measuring() {
    let bench = Bench::new().with("sha256sum", RIGHT);
    bench
        .command("many-large,small-files,memory-one-file,platforms")
        .args(["--output=run.json", "--chart=run.svg"])
        .run()
        .expect_code(0);
    let again = |chart: &str| {
        Command::attest()
            .args(["bench", "--from=run.json", "--format=json", "--chart", chart])
            .current_dir(bench.directory.path())
            .run()
            .expect_code(0)
    };
    let drawn = fs::read(bench.path("run.svg")).unwrap();
    assert!(drawn.starts_with(b"<svg xmlns=") && drawn.ends_with(b"</svg>\n"));
    assert_eq!(again("again.svg").stdout, fs::read(bench.path("run.json")).unwrap());
    assert_eq!(fs::read(bench.path("again.svg")).unwrap(), drawn);
}

#[test]
fn targets_decide_only_where_that_is_asked_for() {
    let bench = Bench::new();
    bench
        .command("many-large")
        .arg("--output=run.json")
        .run()
        .expect_code(0);
    let text = fs::read_to_string(bench.path("run.json")).unwrap();
    let mut run: Value = serde_json::from_str(&text).unwrap();
    for (verdict, code) in [("met", 0), ("missed", 1), ("unclear", 3)] {
        run["scenarios"][0]["comparisons"][0]["verdict"] = verdict.into();
        fs::write(bench.path("run.json"), run.to_string()).unwrap();
        let from = || {
            Command::attest()
                .args(["bench", "--from=run.json"])
                .current_dir(bench.directory.path())
        };
        from().arg("--assert").run().expect_code(code);
        let finished = from().run().expect_code(0);
        assert!(finished.stdout_text().contains(verdict));
    }
}

#[test]
fn what_cannot_be_measured_is_refused_before_anything_is_written() {
    let bench = Bench::new();
    let refused = |arguments: &[&str], code: i32, says: &str| {
        let finished = Command::attest()
            .arg("bench")
            .args(arguments)
            .current_dir(bench.directory.path())
            .run()
            .expect_code(code);
        assert!(finished.stderr_text().contains(says), "{}", finished.stderr_text());
        assert_eq!(finished.stdout_text(), "");
    };
    fs::write(bench.path("other.json"), r#"{"schema": "x"}"#).unwrap();
    refused(&["--size=1X"], 2, "expected a size like 512K, 64M or 2G, found `1X`");
    refused(&["--scenario=speed"], 2, "expected one of many-large-one-thread");
    refused(&["--rounds=0"], 2, "--rounds");
    refused(&["--quick", "--full"], 2, "--full");
    refused(&["--from=other.json", "--size=1M"], 2, "--from");
    refused(&["--from=other.json"], 2, "error[bench-run-invalid]");
    refused(&["--from=none.json"], 3, "error[bench-run-unreadable]");
    refused(
        &["--scenario=one-small", "--directory=none"],
        3,
        "error[bench-input-failed]",
    );
    refused(&["--scenario=one-large", "--size=99999999999G"], 2, "--size");
    refused(
        &["--scenario=one-large", "--size=9000000G", "--directory=."],
        3,
        "error[bench-no-room]",
    );
    refused(
        &["--scenario=one-small", "--output=none/run.json"],
        3,
        "error[output-failed]",
    );
    refused(&["--janitor"], 2, "error[bench-janitor]");
    assert_eq!(bench.left(), 0);
}
