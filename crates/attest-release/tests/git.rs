//! What is read of a checkout, with the real program.

#![expect(clippy::unwrap_used, reason = "what cannot be set up fails the test")]

use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::process::Command;

use attest_release::Variables;
use attest_release::git::{Checkout, GitError, SourceKind, Unpacked};
use tempfile::TempDir;

struct Repository(TempDir);

impl Repository {
    fn new() -> Self {
        let repository = Self(tempfile::tempdir().unwrap());
        repository.git(&["init", "--quiet", "--initial-branch=main"]);
        repository
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn git(&self, arguments: &[&str]) {
        let status = Command::new("git")
            .args(arguments)
            .current_dir(self.path())
            .env_clear()
            .envs(variables().iter())
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_AUTHOR_NAME", "A")
            .env("GIT_AUTHOR_EMAIL", "a@example.com")
            .env("GIT_COMMITTER_NAME", "A")
            .env("GIT_COMMITTER_EMAIL", "a@example.com")
            .env("GIT_AUTHOR_DATE", "1700000000 +0100")
            .env("GIT_COMMITTER_DATE", "1700000001 -0330")
            .status()
            .unwrap();
        assert!(status.success(), "{arguments:?}");
    }

    fn write(&self, path: &str, content: &str) {
        let path = self.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    fn commit(&self) {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--message", "one"]);
    }

    fn open(&self, directory: &str) -> Checkout {
        Checkout::open(&self.path().join(directory), &variables()).unwrap()
    }

    fn unpack(&self, directory: &str) -> (TempDir, Unpacked) {
        let scratch = tempfile::tempdir().unwrap();
        let checkout = self.open(directory);
        let commit = checkout.facts(&[]).unwrap().commit.id;
        let unpacked = checkout.unpack(&commit, scratch.path()).unwrap();
        (scratch, unpacked)
    }
}

fn variables() -> Variables {
    let path = std::env::split_paths(env!("PATH"));
    let path = std::env::join_paths(path).unwrap();
    [(OsString::from("PATH"), path)].into_iter().collect()
}

fn names(unpacked: &Unpacked) -> Vec<&str> {
    unpacked.files.iter().map(|file| file.path.as_str()).collect()
}

#[test]
fn facts_are_those_of_the_commit() {
    let repository = Repository::new();
    repository.write("a", "1");
    repository.commit();
    repository.git(&["tag", "v1.0.0"]);
    repository.git(&["remote", "add", "origin", "https://user:secret@example.com/a.git"]);
    let facts = repository.open("").facts(&[]).unwrap();
    assert_eq!(facts.commit.seconds, 1_700_000_001);
    assert_eq!(facts.branch.as_deref(), Some("refs/heads/main"));
    assert_eq!(facts.tags, ["refs/tags/v1.0.0"]);
    assert_eq!(facts.remote.as_deref(), Some("https://example.com/a.git"));
    assert!(!facts.is_dirty());
}

#[test]
fn what_a_release_writes_itself_is_no_difference() {
    let repository = Repository::new();
    repository.write("sub/a", "1");
    repository.commit();
    repository.write("sub/dist/x", "");
    repository.write("sub/new", "");
    repository.write("sub/a", "2");
    let facts = repository.open("sub").facts(&["dist", ".attest"]).unwrap();
    assert_eq!(facts.differences, ["sub/a", "sub/new"]);
}

#[test]
fn only_committed_files_are_unpacked_and_as_committed() {
    let repository = Repository::new();
    repository.write("file", "committed\n");
    repository.write("dir/run", "#!/bin/sh\n");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(repository.path().join("dir/run"), fs::Permissions::from_mode(0o755)).unwrap();
        std::os::unix::fs::symlink("dir/run", repository.path().join("link")).unwrap();
    }
    repository.commit();
    repository.write("file", "changed\n");
    repository.write("untracked", "");
    // What checks files out differently must not change what is packed.
    repository.git(&["config", "core.autocrlf", "true"]);
    let (_scratch, unpacked) = repository.unpack("");
    assert_eq!(names(&unpacked), ["dir/run", "file", "link"]);
    let SourceKind::File { content, executable } = &unpacked.files[1].kind else {
        panic!()
    };
    assert_eq!(
        (fs::read(content).unwrap(), *executable),
        (b"committed\n".to_vec(), false)
    );
    assert!(matches!(
        &unpacked.files[0].kind,
        SourceKind::File { executable: true, .. }
    ));
    assert_eq!(
        unpacked.files[2].kind,
        SourceKind::Symlink {
            target: "dir/run".to_owned()
        }
    );
}

#[test]
fn export_ignore_is_read_from_the_commit_for_files_directories_and_negations() {
    let repository = Repository::new();
    repository.write(
        ".gitattributes",
        "/docs/ export-ignore\n*.log export-ignore\nkept.log -export-ignore\n",
    );
    repository.write("sub/.gitattributes", "private export-ignore\nsubst export-subst\n");
    for path in [
        "docs/a/b",
        "a.log",
        "kept.log",
        "sub/private/x",
        "sub/subst",
        "sub/docs/c",
    ] {
        repository.write(path, path);
    }
    repository.commit();
    repository.write(".gitattributes", "* export-ignore\n");
    let (_scratch, unpacked) = repository.unpack("");
    let expected = [
        ".gitattributes",
        "kept.log",
        "sub/.gitattributes",
        "sub/docs/c",
        "sub/subst",
    ];
    assert_eq!(names(&unpacked), expected);
    assert_eq!(unpacked.unsubstituted, ["sub/subst"]);
}

#[test]
fn a_project_below_the_top_is_unpacked_alone() {
    let repository = Repository::new();
    repository.write("sub/a", "1");
    repository.write("subway", "1");
    repository.write(".gitattributes", "sub/b export-ignore\n");
    repository.write("sub/b", "1");
    repository.commit();
    assert_eq!(names(&repository.unpack("sub").1), ["a"]);
}

#[test]
fn names_with_line_breaks_and_pointers_are_reported_as_they_are() {
    let repository = Repository::new();
    repository.write("with\nbreak \"quoted\"", "1");
    repository.write(
        "big.bin",
        "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n",
    );
    repository.commit();
    let (_scratch, unpacked) = repository.unpack("");
    assert_eq!(names(&unpacked), ["big.bin", "with\nbreak \"quoted\""]);
    assert_eq!(unpacked.pointers, ["big.bin"]);
}

#[test]
#[cfg(unix)]
fn a_committed_name_that_is_not_utf8_is_refused_by_name() {
    use std::os::unix::ffi::OsStrExt;
    let repository = Repository::new();
    fs::write(repository.path().join(std::ffi::OsStr::from_bytes(b"caf\xe9")), "").unwrap();
    repository.commit();
    let checkout = repository.open("");
    let commit = checkout.facts(&[]).unwrap().commit.id;
    match checkout
        .unpack(&commit, tempfile::tempdir().unwrap().path())
        .unwrap_err()
    {
        GitError::NameNotUtf8 { name } => assert_eq!(name, "caf\\xe9"),
        other => panic!("{other}"),
    }
}

#[test]
fn a_directory_without_a_repository_and_one_without_a_commit_are_two_things() {
    let directory = tempfile::tempdir().unwrap();
    let error = Checkout::open(directory.path(), &variables()).unwrap_err();
    assert!(matches!(error, GitError::NotACheckout { .. }), "{error}");
    let error = Repository::new().open("").facts(&[]).unwrap_err();
    assert!(matches!(error, GitError::NoCommit), "{error}");
}

#[test]
fn without_git_the_error_says_so() {
    let empty = tempfile::tempdir().unwrap();
    let variables = [(OsString::from("PATH"), empty.path().into())].into_iter().collect();
    let error = Checkout::open(empty.path(), &variables).unwrap_err();
    assert!(matches!(error, GitError::ProgramMissing), "{error}");
}

#[test]
fn attributes_that_are_not_committed_change_nothing_or_are_refused() {
    let repository = Repository::new();
    repository.write("a", "1");
    repository.write("b", "1");
    repository.commit();
    repository.write("own", "a export-ignore\n");
    let own = repository.path().join("own");
    repository.git(&["config", "core.attributesFile", own.to_str().unwrap()]);
    repository.write(".git/info/attributes", "# b export-ignore\n*.pdf diff=pdf\n");
    assert_eq!(names(&repository.unpack("").1), ["a", "b"]);
    repository.write(".git/info/attributes", "b export-ignore\n");
    let checkout = repository.open("");
    let commit = checkout.facts(&[]).unwrap().commit.id;
    let scratch = tempfile::tempdir().unwrap();
    let error = checkout.unpack(&commit, scratch.path()).unwrap_err();
    assert!(
        matches!(&error, GitError::UncommittedAttributes { line } if line == "b export-ignore"),
        "{error}"
    );
}
