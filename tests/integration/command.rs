use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader, Read, Write};
use std::path::Path;
use std::process::Stdio;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Variables that would change what a verb does; a child of a test never sees them.
const CLEARED_PREFIXES: [&str; 10] = [
    "GITHUB_",
    "GITLAB_",
    "ACTIONS_",
    "SIGSTORE_",
    "COSIGN_",
    "ATTEST_",
    "BUILDKITE",
    "CIRCLE",
    "GCE_",
    "SSH_",
];
const CLEARED: [&str; 13] = [
    "CI",
    "BROWSER",
    "DISPLAY",
    "WAYLAND_DISPLAY",
    "RUNNER_TEMP",
    "NO_COLOR",
    "CLICOLOR_FORCE",
    "SOURCE_DATE_EPOCH",
    "RAYON_NUM_THREADS",
    "TUF_ROOT",
    "DOCKER_CONFIG",
    "REGISTRY_AUTH_FILE",
    "XDG_RUNTIME_DIR",
];

/// A process to run, in an environment that says nothing about where the test runs.
pub(crate) struct Command {
    process: std::process::Command,
    stdin: Vec<u8>,
}

/// How a process ended, and what it wrote.
#[derive(Debug)]
pub(crate) struct Finished {
    /// The exit code; a process that a signal ended fails the test.
    pub(crate) code: i32,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: Vec<u8>,
}

impl Command {
    /// The front door.
    pub(crate) fn attest() -> Self {
        Self::new(env!("CARGO_BIN_EXE_attest"))
    }

    /// Any program.
    #[expect(
        clippy::disallowed_methods,
        reason = "the names of what is set must be known to unset them"
    )]
    pub(crate) fn new(program: impl AsRef<OsStr>) -> Self {
        let mut process = std::process::Command::new(program);
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            if CLEARED.contains(&&*text) || CLEARED_PREFIXES.iter().any(|prefix| text.starts_with(prefix)) {
                process.env_remove(&name);
            }
        }
        // What the person who runs the tests has fetched is nobody's business here.
        process.env(
            "ATTEST_TUF_ROOT",
            concat!(env!("CARGO_TARGET_TMPDIR"), "/nothing-fetched"),
        );
        process.env("ATTEST_CACHE", concat!(env!("CARGO_TARGET_TMPDIR"), "/nothing-kept"));
        Self {
            process,
            stdin: Vec::new(),
        }
    }

    pub(crate) fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.process.arg(argument);
        self
    }

    pub(crate) fn args<A: AsRef<OsStr>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        self.process.args(arguments);
        self
    }

    pub(crate) fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.process.env(name, value);
        self
    }

    pub(crate) fn current_dir(mut self, directory: impl AsRef<Path>) -> Self {
        self.process.current_dir(directory);
        self
    }

    /// What the process reads from its standard input; nothing unless said.
    pub(crate) fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.stdin = bytes.into();
        self
    }

    /// Starts the process, for who ends it. Nobody hears what it says.
    pub(crate) fn spawn(mut self) -> std::process::Child {
        self.process
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program starts")
    }

    /// Runs the process to its end, and hands out each line that it writes to stderr as soon as it is there.
    pub(crate) fn run_watched(mut self, mut line: impl FnMut(&str)) -> Finished {
        self.process
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = self.process.spawn().expect("the program starts");
        let mut stderr = Vec::new();
        for text in BufReader::new(child.stderr.take().expect("stderr is piped")).lines() {
            let text = text.expect("stderr is UTF-8");
            line(&text);
            stderr.extend_from_slice(text.as_bytes());
            stderr.push(b'\n');
        }
        let output = child.wait_with_output().expect("the program ends");
        Finished {
            code: output.status.code().expect("no signal ended the program"),
            stdout: output.stdout,
            stderr,
        }
    }

    /// Runs the process to its end, and fails the test if that is not there in time.
    #[track_caller]
    pub(crate) fn run_within(mut self, limit: Duration) -> Finished {
        self.process
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = self.process.spawn().expect("the program starts");
        let stdout = in_background(child.stdout.take().expect("stdout is piped"));
        let stderr = in_background(child.stderr.take().expect("stderr is piped"));
        let begin = Instant::now();
        let status = loop {
            if let Some(status) = child.try_wait().expect("the program can be waited for") {
                break status;
            }
            if begin.elapsed() > limit {
                child.kill().expect("the program can be ended");
                child.wait().expect("the program ends");
                panic!("the program did not end within {limit:?}");
            }
            std::thread::sleep(Duration::from_millis(5));
        };
        Finished {
            code: status.code().expect("no signal ended the program"),
            stdout: stdout.join().expect("reading a pipe does not panic"),
            stderr: stderr.join().expect("reading a pipe does not panic"),
        }
    }

    /// Runs the process to its end.
    pub(crate) fn run(mut self) -> Finished {
        self.process
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = self.process.spawn().expect("the program starts");
        let mut pipe = child.stdin.take().expect("stdin is piped");
        let bytes = std::mem::take(&mut self.stdin);
        // A process that stops reading early closes the pipe; that is its right.
        let writer = std::thread::spawn(move || {
            let _ = pipe.write_all(&bytes);
        });
        let output = child.wait_with_output().expect("the program ends");
        writer.join().expect("writing to a pipe does not panic");
        Finished {
            code: output.status.code().expect("no signal ended the program"),
            stdout: output.stdout,
            stderr: output.stderr,
        }
    }
}

/// Reads a pipe to its end.
fn in_background(mut pipe: impl Read + Send + 'static) -> JoinHandle<Vec<u8>> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        pipe.read_to_end(&mut bytes).expect("a pipe can be read");
        bytes
    })
}

impl Finished {
    /// What went to stdout, which must be UTF-8.
    #[track_caller]
    pub(crate) fn stdout_text(&self) -> &str {
        std::str::from_utf8(&self.stdout).expect("stdout is UTF-8")
    }

    /// What went to stderr, which must be UTF-8.
    #[track_caller]
    pub(crate) fn stderr_text(&self) -> &str {
        std::str::from_utf8(&self.stderr).expect("stderr is UTF-8")
    }

    /// Fails the test, showing both outputs, unless the process ended with `code`.
    #[track_caller]
    pub(crate) fn expect_code(self, code: i32) -> Self {
        assert_eq!(
            self.code,
            code,
            "stdout:\n{}\nstderr:\n{}",
            String::from_utf8_lossy(&self.stdout),
            String::from_utf8_lossy(&self.stderr)
        );
        self
    }
}

#[test]
fn a_child_sees_no_variable_of_a_continuous_integration() {
    // The test process itself may or may not have such variables; the child's own listing must not.
    let listing = Command::new("env").run().expect_code(0);
    for line in listing.stdout_text().lines() {
        let name = line.split('=').next().unwrap_or_default();
        assert!(name != "CI" && !name.starts_with("GITHUB_"), "{name} reached the child");
    }
}

#[test]
fn version_and_help_go_to_stdout() {
    let version = Command::attest().arg("--version").run().expect_code(0);
    assert!(version.stdout_text().starts_with("attest "));
    assert_eq!(version.stderr_text(), "");
}

#[test]
fn an_unknown_verb_is_wrong_usage() {
    let finished = Command::attest().arg("frobnicate").run().expect_code(2);
    assert_eq!(finished.stdout_text(), "");
    assert!(finished.stderr_text().contains("frobnicate"));
}

#[test]
fn the_builder_passes_everything_on() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let finished = Command::new("sh")
        .args(["-c", "cat; pwd; printf %s \"$FLAVOUR\" >&2; exit 7"])
        .env("FLAVOUR", "plain")
        .current_dir(directory.path())
        .stdin("typed\n")
        .run()
        .expect_code(7);
    let place = directory.path().canonicalize().expect("the directory exists");
    assert_eq!(finished.stdout_text(), format!("typed\n{}\n", place.display()));
    assert_eq!(finished.stderr_text(), "plain");
}
