//! What is read of a checkout, with the real program.

#![expect(clippy::unwrap_used, reason = "what cannot be set up fails the test")]

use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::process::Command;

use attest_release::Variables;
use attest_release::git::{
    Checkout, GitError, PointerRule, Repository as Sources, SourceKind, SourceProfile, SourceRequest, SourceRules,
    SubmoduleRule, Unpacked,
};
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
        let lenient = SourceRules {
            pointers: PointerRule::Pointer,
            submodules: SubmoduleRule::Omit,
            profile: SourceProfile::Attest,
        };
        let (scratch, unpacked) = self.try_unpack(directory, lenient);
        (scratch, unpacked.unwrap())
    }

    fn try_unpack(&self, directory: &str, rules: SourceRules) -> (TempDir, Result<Unpacked, GitError>) {
        let scratch = tempfile::tempdir().unwrap();
        let repository = Sources::open(&self.path().join(directory), &variables()).unwrap();
        let unpacked = repository.unpack(&SourceRequest {
            revision: &repository.resolve("HEAD").unwrap(),
            rules,
            only: &[],
            scratch: scratch.path(),
        });
        (scratch, unpacked)
    }
}

fn variables() -> Variables {
    let path = std::env::split_paths(env!("PATH"));
    let path = std::env::join_paths(path).unwrap();
    [(OsString::from("PATH"), path)].into_iter().collect()
}

/// The names of everything but directories.
fn names(unpacked: &Unpacked) -> Vec<&str> {
    let entries = unpacked.entries.iter();
    let entries = entries.filter(|entry| entry.kind != SourceKind::Directory);
    entries.map(|entry| std::str::from_utf8(&entry.path).unwrap()).collect()
}

fn kind<'a>(unpacked: &'a Unpacked, path: &str) -> &'a SourceKind {
    let mut entries = unpacked.entries.iter();
    &entries.find(|entry| entry.path == path.as_bytes()).unwrap().kind
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
    let SourceKind::File { content, executable } = kind(&unpacked, "file") else {
        panic!()
    };
    assert_eq!(
        (fs::read(content).unwrap(), *executable),
        (b"committed\n".to_vec(), false)
    );
    assert!(matches!(
        kind(&unpacked, "dir/run"),
        SourceKind::File { executable: true, .. }
    ));
    assert_eq!(
        *kind(&unpacked, "link"),
        SourceKind::Symlink {
            target: b"dir/run".to_vec()
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
    // It is marked, but there is nothing to fill in.
    assert!(unpacked.substituted.is_empty());
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
    let (_scratch, unpacked) = repository.try_unpack("", SourceProfile::Attest.rules());
    match unpacked.unwrap_err() {
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
fn attributes_that_are_not_committed_change_nothing() {
    let repository = Repository::new();
    repository.write("a", "$Format:%s$");
    repository.write("b", "1");
    repository.commit();
    repository.write("own", "a export-ignore\n");
    let own = repository.path().join("own");
    repository.git(&["config", "core.attributesFile", own.to_str().unwrap()]);
    repository.write(".git/info/attributes", "b export-ignore\na export-subst\n");
    repository.write(".gitattributes", "* export-ignore\n");
    let (_scratch, unpacked) = repository.unpack("");
    assert_eq!(names(&unpacked), ["a", "b"]);
    assert!(unpacked.substituted.is_empty());
}
