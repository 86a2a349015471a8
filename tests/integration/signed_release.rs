//! A directory with an application, and the world in which somebody signs it.

use std::fs;
use std::path::PathBuf;

use attest_digest::{Algorithm, Algorithms, Measured};
use attest_testkit::{KeySigner, World};
use attestation::Payload;
use serde_json::{Value, json};

use crate::command::{Command, Finished};

pub(crate) const APPLICATION: &[u8] = b"the bytes of an application\n";

/// `app.bin`, the trust root and the public key; nothing is signed yet.
pub(crate) struct Release {
    directory: tempfile::TempDir,
    pub(crate) world: World,
}

impl Release {
    pub(crate) fn new() -> Self {
        let release = Self {
            directory: tempfile::tempdir().unwrap(),
            world: World::new(1).unwrap(),
        };
        release.write("app.bin", APPLICATION);
        release.write("root.json", release.world.trusted_root().unwrap());
        release.write("key.pub", release.signer().public_key_pem());
        release
    }

    /// Whoever has the key.
    pub(crate) fn signer(&self) -> KeySigner<'_> {
        KeySigner::new(&self.world, 7)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Writes a file, in directories that may have to be made.
    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    pub(crate) fn remove(&self, name: &str) {
        fs::remove_file(self.path(name)).unwrap();
    }

    /// The program, in the directory.
    pub(crate) fn attest(&self) -> Command {
        Command::attest().current_dir(self.directory.path())
    }

    /// Verifies by the trust root of the world.
    pub(crate) fn verify(&self, arguments: &[&str]) -> Finished {
        let root = ["verify", "--trusted-root", "root.json"];
        self.attest().args(root).args(arguments).run()
    }
}

/// A statement about one file.
pub(crate) fn statement((name, bytes): (&str, &[u8]), predicate_type: &str, predicate: &Value) -> Payload {
    let measured = Measured::of_bytes(bytes, &Algorithms::one(Algorithm::Sha256));
    let statement = json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{ "name": name, "digest": { "sha256": measured.digest(Algorithm::Sha256).unwrap().to_hex() } }],
        "predicateType": predicate_type,
        "predicate": predicate,
    });
    Payload::in_toto(statement.to_string().into_bytes())
}

/// What somebody who reads the report has to find in it.
#[track_caller]
pub(crate) fn says(text: &str, expected: &str) {
    assert!(text.contains(expected), "expected {expected:?} in:\n{text}");
}
