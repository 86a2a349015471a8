//! Keys in a directory: made once, read again, never replaced.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::fs;
use std::path::Path;
use std::sync::Arc;

use attest_sandbox::{Claims, Config, Error, Keys, ManualClock, Sigstore};
use jiff::Timestamp;

const FILE: &str = "sandbox-keys.json";

fn moment(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn trusted_root(directory: &Path, seed: u8, now: &str) -> String {
    let sigstore = Sigstore::new(Config {
        keys: Keys::kept_in(directory, [seed; 32], moment(now)).unwrap(),
        clock: Arc::new(ManualClock::new(moment(now))),
        user: Claims::email("signer@example.com"),
        issuers: Vec::new(),
    });
    sigstore.unwrap().trusted_root_json().unwrap()
}

fn reason(directory: &Path) -> String {
    match Keys::kept_in(directory, [1; 32], moment("2026-03-01T12:00:00Z")) {
        Err(Error::KeysInvalid { path, reason }) => {
            assert_eq!(path, directory.join(FILE));
            reason
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_trust_root_is_the_same_the_next_day() {
    let directory = tempfile::tempdir().unwrap();
    let place = directory.path().join("a/b");
    let first = trusted_root(&place, 1, "2026-03-01T12:00:00.5Z");
    assert_eq!(trusted_root(&place, 2, "2026-03-02T12:00:00Z"), first);
    assert_eq!(fs::read_dir(&place).unwrap().count(), 1, "only the keys are left");
}

#[cfg(unix)]
#[test]
fn only_the_owner_reads_them() {
    use std::os::unix::fs::PermissionsExt;
    let directory = tempfile::tempdir().unwrap();
    let place = directory.path().join("keys");
    trusted_root(&place, 1, "2026-03-01T12:00:00Z");
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&place), mode(&place.join(FILE))), (0o700, 0o600));
}

#[test]
fn broken_keys_are_an_error_and_stay_as_they_are() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join(FILE);
    trusted_root(directory.path(), 1, "2026-03-01T12:00:00Z");
    let whole = fs::read_to_string(&path).unwrap();
    let broken = [
        (whole[..whole.len() / 2].to_owned(), "EOF while parsing"),
        (whole.replace("sandbox-keys/v1", "sandbox-keys/v9"), "expected schema"),
        (whole.replace("\"seed\": \"01", "\"seed\": \"zz"), "seed: "),
        (whole.replace("\"seed\": \"01", "\"seed\": \""), "seed: "),
        (whole.replace("2026-03-01T", "yesterday"), "created: "),
        (whole.replace("\"oidc\": \"MII", "\"oidc\": \"AAA"), "invalid RSA key"),
        (whole.replace("\"seed\"", "\"seeds\""), "unknown field"),
        (" ".repeat(70_000), "more than 65536 bytes"),
        (String::new(), "EOF while parsing"),
    ];
    for (content, expected) in broken {
        fs::write(&path, &content).unwrap();
        let reason = reason(directory.path());
        assert!(reason.contains(expected), "expected `{expected}`, found `{reason}`");
        assert_eq!(fs::read_to_string(&path).unwrap(), content);
    }
}

#[test]
fn a_place_that_is_no_directory_is_an_error() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("file");
    fs::write(&file, "").unwrap();
    let refused = Keys::kept_in(&file.join("keys"), [1; 32], moment("2026-03-01T12:00:00Z"));
    assert!(matches!(refused, Err(Error::Io { .. })), "{refused:?}");
}
