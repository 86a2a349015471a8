//! `attest hash` in a process that may have few files open.

use std::fs;
use std::process::{Command, Output};

use tempfile::TempDir;

/// Hashes the tree in a process with these limits of open files.
fn hash_within(limits: &str, directory: &TempDir) -> Output {
    Command::new("sh")
        .arg("-c")
        .arg(format!(r#"{limits}; exec "$0" hash --threads 16 --recursive ."#))
        .arg(env!("CARGO_BIN_EXE_attest"))
        .current_dir(directory.path())
        .output()
        .unwrap()
}

#[test]
fn a_tree_is_hashed_whole_however_few_files_may_be_open() {
    let directory = tempfile::tempdir().unwrap();
    for folder in ["a", "b"] {
        fs::create_dir(directory.path().join(folder)).unwrap();
        for number in 0..300 {
            let content = vec![7; 100_000];
            fs::write(directory.path().join(format!("{folder}/{number}")), content).unwrap();
        }
    }
    let usual = hash_within("true", &directory);
    assert_eq!(usual.stdout.iter().filter(|byte| **byte == b'\n').count(), 600);
    for limits in ["ulimit -Sn 24", "ulimit -n 64", "ulimit -n 24", "ulimit -n 10"] {
        let found = hash_within(limits, &directory);
        assert_eq!(String::from_utf8_lossy(&found.stderr), "", "{limits}");
        assert_eq!(
            (found.status.code(), &found.stdout),
            (Some(0), &usual.stdout),
            "{limits}"
        );
    }
}
