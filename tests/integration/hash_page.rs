//! The transcripts of `docs/HASHING.md`: every command is run, and prints what stands there.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use crate::command::Command;

const PAGE: &str = include_str!("../../docs/HASHING.md");
const PAGE_OF_TREES: &str = include_str!("../../docs/TREE-MANIFESTS.md");

/// Each command of the page with what it prints, in their order.
fn transcripts() -> Vec<(&'static str, String)> {
    let blocks = PAGE.split("```console\n").skip(1);
    let blocks = blocks.map(|block| block.split("```").next().unwrap_or_default());
    let mut transcripts: Vec<(&str, String)> = Vec::new();
    for line in blocks.flat_map(str::lines) {
        match (line.strip_prefix("$ "), transcripts.last_mut()) {
            (Some(command), _) => transcripts.push((command, String::new())),
            (None, Some((_, printed))) => *printed += &format!("{line}\n"),
            (None, None) => panic!("a block begins with a command, found {line:?}"),
        }
    }
    transcripts
}

#[test]
fn every_transcript_of_the_page_is_what_happens() {
    let directory = tempfile::tempdir().unwrap();
    let place = |name: &str| directory.path().join(name);
    fs::create_dir_all(place("dist/app")).unwrap();
    fs::write(place("app.tar.gz"), "a\n").unwrap();
    fs::write(place("dist/app-1.0"), "a\n").unwrap();
    fs::write(place("dist/app/b"), "b\n").unwrap();
    symlink("app-1.0", place("dist/latest")).unwrap();
    let programs = Path::new(env!("CARGO_BIN_EXE_attest")).parent().unwrap();
    let transcripts = transcripts();
    assert!(transcripts.len() >= 12, "found only {transcripts:?}");
    for (command, printed) in transcripts {
        let script = format!("PATH='{}':$PATH; exec 2>&1; {command}", programs.display());
        let finished = Command::new("sh")
            .args(["-c", &script])
            .current_dir(directory.path())
            .run();
        assert_eq!(String::from_utf8_lossy(&finished.stdout), printed, "{command}");
        assert_eq!(finished.code, 0, "{command}");
    }
}

#[test]
fn every_option_of_the_verb_is_on_a_page_of_its() {
    let help = Command::attest().args(["hash", "--help"]).run().expect_code(0);
    let options = help.stdout_text().lines().filter_map(|line| {
        let (_, name) = line
            .trim_start()
            .split_once("--")
            .filter(|_| line.trim_start().starts_with('-'))?;
        name.split(|c: char| !c.is_alphanumeric() && c != '-').next()
    });
    let is_told = |option: &str| [PAGE, PAGE_OF_TREES].iter().any(|page| page.contains(option));
    // What every program has, and what coreutils has under the same names.
    let elsewhere = ["help", "version", "text", "check"];
    let missing: Vec<_> = options
        .filter(|name| !elsewhere.contains(name) && !is_told(&format!("--{name}")))
        .collect();
    assert!(missing.is_empty(), "in neither page: {missing:?}");
}
