use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::command::{Command, Finished};

pub(crate) const IDENTITY: &str = "sandbox@example.com";
pub(crate) const ISSUER: &str = "https://sandbox.example.com";

/// A copy of a fixture, committed at a fixed time.
pub(crate) struct Project {
    directory: TempDir,
}

impl Project {
    pub(crate) fn new(fixture: &str) -> Self {
        let project = Self {
            directory: tempfile::tempdir().unwrap(),
        };
        let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/releases");
        copy_tree(&fixtures.join(fixture), project.path());
        project.git(&["init", "--quiet", "--initial-branch=main"]);
        project.commit();
        project
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    pub(crate) fn dist(&self) -> PathBuf {
        self.path().join("dist")
    }

    pub(crate) fn commit(&self) {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--message", "all of it"]);
    }

    /// Changes the configuration, and commits that.
    #[track_caller]
    pub(crate) fn configure(&self, from: &str, to: &str) {
        let path = self.path().join("attest.toml");
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{from} in {text}");
        fs::write(path, text.replacen(from, to, 1)).unwrap();
        self.commit();
    }

    pub(crate) fn git(&self, arguments: &[&str]) {
        let git = Command::new("git").args(arguments).current_dir(self.path());
        git.env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_AUTHOR_NAME", "A")
            .env("GIT_AUTHOR_EMAIL", "a@example.com")
            .env("GIT_COMMITTER_NAME", "A")
            .env("GIT_COMMITTER_EMAIL", "a@example.com")
            .env("GIT_AUTHOR_DATE", "1700000000 +0000")
            .env("GIT_COMMITTER_DATE", "1700000000 +0000")
            .run()
            .expect_code(0);
    }

    pub(crate) fn attest(&self, arguments: &[&str]) -> Command {
        Command::attest().args(arguments).current_dir(self.path())
    }

    pub(crate) fn release(&self, arguments: &[&str]) -> Finished {
        let arguments = ["release", "--sandbox"].iter().chain(arguments);
        self.attest(&[]).args(arguments).run()
    }

    /// What `attest verify dist/*` says.
    pub(crate) fn verify(&self) -> Finished {
        self.verify_files(names(&self.dist()).into_iter().map(|name| format!("dist/{name}")))
    }

    pub(crate) fn verify_files(&self, files: impl Iterator<Item = String>) -> Finished {
        self.attest(&[
            "verify",
            "--certificate-identity",
            IDENTITY,
            "--certificate-oidc-issuer",
            ISSUER,
        ])
        .args(["--trusted-root", ".attest/sandbox/trusted_root.json"])
        .args(files)
        .run()
    }

    /// Nothing of a release that failed is left beside what was there.
    #[track_caller]
    pub(crate) fn assert_nothing_left(&self) {
        let left: Vec<String> = names(self.path())
            .into_iter()
            .filter(|name| name.contains("dist"))
            .collect();
        assert_eq!(left, [""; 0]);
    }
}

fn copy_tree(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy_tree(&entry.path(), &to),
            false => drop(fs::copy(entry.path(), to).unwrap()),
        }
    }
}

pub(crate) fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

pub(crate) fn contents(directory: &Path) -> BTreeMap<String, Vec<u8>> {
    let read = |name: String| (name.clone(), fs::read(directory.join(name)).unwrap());
    names(directory).into_iter().map(read).collect()
}

/// Everything that has to be the same wherever it is made. A bundle has a time and a signature of its own.
pub(crate) fn repeatable(directory: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = contents(directory);
    files.retain(|name, _| !name.ends_with(".sigstore.json"));
    assert!(!files.is_empty());
    files
}

pub(crate) fn json(finished: &Finished) -> serde_json::Value {
    serde_json::from_slice(&finished.stdout).unwrap()
}
