use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::command::{Command, Finished};

/// A repository in a temporary directory of its own.
pub(super) struct Scene {
    directory: TempDir,
    repository: PathBuf,
}

impl Scene {
    pub(super) fn new() -> Self {
        Self::made_with(&[]).expect("git makes a repository")
    }

    /// Nothing if the git of the machine is too old.
    pub(super) fn with_sha256() -> Option<Self> {
        Self::made_with(&["--object-format=sha256"])
    }

    /// A repository with `library` as a submodule at `vendor/lib`, and the library.
    pub(super) fn with_submodule() -> (Self, Self) {
        let library = Self::new();
        library.write("lib.c", "int x;\n");
        library.write("version", "$Format:%s$\n");
        library.write("hidden", "");
        library.write(".gitattributes", "version export-subst\nhidden export-ignore\n");
        library.commit("the library");
        let scene = Self::new();
        scene.write("main.c", "int main;\n");
        let url = library.path().to_str().expect("a path in UTF-8");
        let add = [
            "-c",
            "protocol.file.allow=always",
            "submodule",
            "--quiet",
            "add",
            "--name",
            "the-lib",
            url,
        ];
        scene.git(&[&add[..], &["vendor/lib"]].concat());
        scene.commit("with a submodule");
        (scene, library)
    }

    fn made_with(options: &[&str]) -> Option<Self> {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let repository = directory.path().join("repository");
        fs::create_dir(&repository).expect("a directory is made");
        let scene = Self { directory, repository };
        scene
            .try_git("", &[&["init", "--quiet", "--initial-branch=main"], options].concat())
            .map(|_| scene)
    }

    pub(super) fn path(&self) -> &Path {
        &self.repository
    }

    /// A place beside the repository.
    pub(super) fn beside(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(super) fn write(&self, path: &str, content: &str) {
        let path = self.path().join(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("directories are made");
        fs::write(path, content).expect("a file is written");
    }

    pub(super) fn link(&self, path: &str, target: &str) {
        #[cfg(unix)]
        std::os::unix::fs::symlink(target, self.path().join(path)).expect("a link is made");
    }

    pub(super) fn make_executable(&self, path: &str) {
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let executable = fs::Permissions::from_mode(0o755);
            fs::set_permissions(self.path().join(path), executable).expect("the mode is set");
        }
    }

    pub(super) fn commit(&self, message: &str) {
        self.commit_at(message, "1700000001 -0330");
    }

    pub(super) fn commit_at(&self, message: &str, date: &str) {
        self.git(&["add", "--all"]);
        let finished = self
            .git_command("")
            .args(["commit", "--quiet", "--message", message])
            .env("GIT_COMMITTER_DATE", date)
            .run();
        finished.expect_code(0);
    }

    #[track_caller]
    pub(super) fn git(&self, arguments: &[&str]) {
        self.git_in("", arguments);
    }

    #[track_caller]
    pub(super) fn git_in(&self, directory: &str, arguments: &[&str]) -> Vec<u8> {
        self.git_command(directory).args(arguments).run().expect_code(0).stdout
    }

    pub(super) fn try_git(&self, directory: &str, arguments: &[&str]) -> Option<Vec<u8>> {
        let finished = self.git_command(directory).args(arguments).run();
        (finished.code == 0).then_some(finished.stdout)
    }

    /// What `git archive` writes with nobody's configuration.
    #[track_caller]
    pub(super) fn git_archive(&self, revision: &str, prefix: Option<&str>) -> Vec<u8> {
        let prefix = prefix.map(|prefix| format!("--prefix={prefix}/"));
        let mut arguments = vec!["archive", "--format=tar"];
        arguments.extend(prefix.as_deref());
        arguments.push(revision);
        self.git_in("", &arguments)
    }

    /// What `attest pack source --profile git-archive` writes.
    #[track_caller]
    pub(super) fn as_git(&self, revision: &str, prefix: Option<&str>) -> Vec<u8> {
        let output = self.beside("as-git.tar");
        let output = output.to_str().expect("a path in UTF-8");
        let mut arguments = vec!["--profile", "git-archive", "--revision", revision, "-o", output];
        arguments.extend(prefix.iter().flat_map(|prefix| ["--prefix", prefix]));
        self.pack(&arguments).expect_code(0);
        fs::read(output).expect("the archive is there")
    }

    /// Fails unless both write the same bytes, and says where they differ first.
    #[track_caller]
    pub(super) fn assert_equal(&self, revision: &str, prefix: Option<&str>) {
        let (git, ours) = (self.git_archive(revision, prefix), self.as_git(revision, prefix));
        let differs = git.iter().zip(&ours).position(|(git, ours)| git != ours);
        if let Some(place) = differs {
            let block = place / 512 * 512;
            let shown = |bytes: &[u8]| {
                let text = bytes[block..(block + 512).min(bytes.len())].escape_ascii().to_string();
                text.replace("\\x00", "")
            };
            panic!(
                "{revision} {prefix:?} at {place}:\n git {}\nours {}",
                shown(&git),
                shown(&ours)
            );
        }
        assert_eq!(git.len(), ours.len(), "{revision} {prefix:?}");
    }

    pub(super) fn pack(&self, arguments: &[&str]) -> Finished {
        self.pack_in("", arguments)
    }

    pub(super) fn pack_in(&self, directory: &str, arguments: &[&str]) -> Finished {
        self.command(directory, arguments).run()
    }

    pub(super) fn command(&self, directory: &str, arguments: &[&str]) -> Command {
        Command::attest()
            .args(["pack", "source"])
            .args(arguments)
            .current_dir(self.path().join(directory))
    }

    fn git_command(&self, directory: &str) -> Command {
        Command::new("git")
            .current_dir(self.path().join(directory))
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_ATTR_NOSYSTEM", "1")
            .env("LC_ALL", "C")
            .env("GIT_AUTHOR_NAME", "A U Thor")
            .env("GIT_AUTHOR_EMAIL", "author@example.com")
            .env("GIT_COMMITTER_NAME", "C O Mitter")
            .env("GIT_COMMITTER_EMAIL", "committer@example.com")
            .env("GIT_AUTHOR_DATE", "1700000000 +0530")
            .env("GIT_COMMITTER_DATE", "1700000001 -0330")
    }
}
