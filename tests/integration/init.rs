use std::fs;

use crate::command::Command;

const MANIFEST: &str = "[package]\nname = \"app\"\nversion = \"1.2.0\"\n";

#[test]
fn a_new_file_says_what_was_found_and_what_comes_next() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("Cargo.toml"), MANIFEST).unwrap();
    fs::create_dir(directory.path().join("src")).unwrap();
    fs::write(directory.path().join("src/main.rs"), "fn main() {}\n").unwrap();
    let finished = Command::attest()
        .arg("init")
        .current_dir(&directory)
        .run()
        .expect_code(0);
    assert_eq!(finished.stdout_text(), "");
    assert_eq!(
        finished.stderr_text(),
        "wrote ./attest.toml for app (Cargo.toml)\nnext: `attest release --plan` shows what would be released\n"
    );
    let text = fs::read_to_string(directory.path().join("attest.toml")).unwrap();
    assert!(text.contains("[[binary]]\nname = \"app\"\ncargo = {}\n"), "{text}");
    let printed = Command::attest()
        .args(["init", "--print"])
        .current_dir(&directory)
        .run()
        .expect_code(0);
    assert_eq!(printed.stdout_text(), text);
}

#[test]
fn a_file_that_is_there_is_kept_unless_force_is_given() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("attest.toml");
    fs::write(&path, "mine").unwrap();
    let refused = Command::attest().arg("init").arg(directory.path()).run().expect_code(2);
    assert!(
        refused.stderr_text().starts_with("error[config-exists]: "),
        "{}",
        refused.stderr_text()
    );
    assert_eq!(fs::read_to_string(&path).unwrap(), "mine");
    Command::attest()
        .args(["init", "--force"])
        .arg(directory.path())
        .run()
        .expect_code(0);
    assert!(
        fs::read_to_string(&path)
            .unwrap()
            .starts_with("# What `attest release` makes")
    );
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
}

#[test]
fn a_directory_that_is_not_there_cannot_be_decided() {
    let finished = Command::attest().args(["init", "no/such/place"]).run().expect_code(3);
    assert!(
        finished.stderr_text().starts_with("error[init-failed]: "),
        "{}",
        finished.stderr_text()
    );
}
