use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use attest_sandbox::{Keys, TufPlan};
use jiff::{SignedDuration, Timestamp};
use tempfile::TempDir;

use crate::command::{Command, Finished};
use crate::fixtures;

pub(super) const IDENTITY: &str = "https://github.com/example/app/.github/workflows/release.yml@refs/tags/v1.0.0";
pub(super) const ISSUER: &str = "https://token.actions.githubusercontent.com";
const ARTIFACT: &str = "app-1.0.0.tar.gz";

type Files = Arc<Mutex<BTreeMap<String, Vec<u8>>>>;

/// A trust repository on loopback that vouches for the trusted root of a fixture, and a client with a directory of its own.
pub(super) struct World {
    pub(super) plan: TufPlan,
    url: String,
    served: Files,
    directory: TempDir,
}

impl World {
    pub(super) fn new() -> Self {
        Self::until(Timestamp::now() + SignedDuration::from_hours(24))
    }

    /// Everything runs out at that moment.
    pub(super) fn until(expires: Timestamp) -> Self {
        let root = fs::read(fixture("trusted_root.json")).unwrap();
        let files = BTreeMap::from([("trusted_root.json".to_owned(), root)]);
        let served = Files::default();
        let world = Self {
            plan: TufPlan::new(expires, files),
            url: serve(&served),
            served,
            directory: tempfile::tempdir().unwrap(),
        };
        world.publish();
        let root = world.served.lock().unwrap()["1.root.json"].clone();
        fs::write(world.path("1.root.json"), root).unwrap();
        for name in [ARTIFACT, "bundle.sigstore.json", "trusted_root.json"] {
            fs::copy(fixture(name), world.path(name)).unwrap();
        }
        world
    }

    /// Lets the plan be seen.
    pub(super) fn publish(&self) {
        let keys = Keys::from_seed([7; 32], Timestamp::UNIX_EPOCH);
        *self.served.lock().unwrap() = self.plan.publish(&keys).unwrap();
    }

    /// Serves something else in place of a file.
    pub(super) fn replace(&self, name: &str, content: &[u8]) {
        self.served.lock().unwrap().insert(name.to_owned(), content.to_vec());
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(super) fn state(&self) -> PathBuf {
        self.path("trust/private.json")
    }

    pub(super) fn attest(&self) -> Command {
        Command::attest()
            .current_dir(self.directory.path())
            .env("ATTEST_TUF_ROOT", self.path("trust"))
    }

    pub(super) fn trust(&self, arguments: &[&str]) -> Finished {
        self.attest().arg("trust").args(arguments).run()
    }

    pub(super) fn init(&self) -> Finished {
        self.trust(&["init", "--mirror", &self.url, "--root", "1.root.json"])
    }

    pub(super) fn verify(&self, arguments: &[&str]) -> Finished {
        self.attest().args(verify_arguments()).args(arguments).run()
    }
}

pub(super) fn verify_arguments() -> [&'static str; 6] {
    [
        "verify",
        ARTIFACT,
        "--certificate-identity",
        IDENTITY,
        "--certificate-oidc-issuer",
        ISSUER,
    ]
}

fn fixture(name: &str) -> PathBuf {
    fixtures::directory().join("accept/statement-rekor-v2").join(name)
}

fn serve(files: &Files) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let files = Arc::clone(files);
    std::thread::spawn(move || {
        for connection in listener.incoming() {
            // A client that was killed is no reason to stop.
            let _ = connection.and_then(|connection| answer(connection, &files));
        }
    });
    url
}

fn answer(mut connection: TcpStream, files: &Files) -> std::io::Result<()> {
    let mut reader = BufReader::new(connection.try_clone()?);
    let mut request = String::new();
    reader.read_line(&mut request)?;
    let mut line = String::new();
    while reader.read_line(&mut line)? > 2 {
        line.clear();
    }
    let path = request.split(' ').nth(1).unwrap_or_default().trim_start_matches('/');
    let content = files.lock().unwrap().get(path).cloned();
    let status = if content.is_some() { "200 OK" } else { "404 Not Found" };
    let content = content.unwrap_or_default();
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        content.len()
    );
    connection.write_all(&[head.as_bytes(), &content].concat())
}

#[track_caller]
pub(super) fn says(text: &str, expected: &str) {
    assert!(text.contains(expected), "expected {expected:?} in:\n{text}");
}
