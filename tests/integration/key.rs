use std::fs;

use tempfile::TempDir;

use crate::command::{Command, Finished};

struct Place(TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn key(&self, arguments: &[&str]) -> Finished {
        self.command(arguments).env("COSIGN_PASSWORD", "correct").run()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        Command::attest().current_dir(self.0.path()).arg("key").args(arguments)
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.0.path().join(name)).unwrap()
    }

    fn names(&self) -> Vec<String> {
        let names = fs::read_dir(self.0.path()).unwrap();
        let mut names: Vec<String> = names
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

#[test]
fn a_new_key_is_behind_its_password_and_its_public_part_is_shown() {
    let place = Place::new();
    let finished = place
        .key(&["generate", "--output-key-prefix", "release"])
        .expect_code(0);
    assert_eq!(
        finished.stdout_text(),
        "private key: release.key\npublic key: release.pub\n"
    );
    assert!(
        place
            .read("release.key")
            .starts_with("-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\n")
    );
    let shown = place.key(&["public", "--key", "release.key"]).expect_code(0);
    assert_eq!(shown.stdout_text(), place.read("release.pub"));
    let wrong = place
        .command(&["public", "--key", "release.key"])
        .env("COSIGN_PASSWORD", "wrong")
        .run()
        .expect_code(2);
    assert_eq!(
        wrong.stderr_text(),
        "error[key-password-wrong]: the password does not open the key\n  --> release.key\n"
    );
    let without = place.command(&["public", "--key", "release.key"]).run().expect_code(2);
    assert!(without.stderr_text().starts_with("error[key-password-missing]: "));
    // Who has the public key needs no password to show it.
    let public = place
        .command(&["public", "--key", "release.pub", "--output", "copy.pub"])
        .run();
    public.expect_code(0);
    assert_eq!(place.read("copy.pub"), place.read("release.pub"));
}

#[cfg(unix)]
#[test]
fn only_the_owner_reads_a_private_key() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = Place::new();
    place.key(&["generate"]).expect_code(0);
    let mode = fs::metadata(place.0.path().join("attest.key"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn a_key_is_never_written_over() {
    let place = Place::new();
    for taken in ["attest.key", "attest.pub"] {
        fs::write(place.0.path().join(taken), "precious").unwrap();
        let finished = place.key(&["generate"]).expect_code(2);
        assert!(
            finished.stderr_text().starts_with("error[key-exists]: "),
            "{}",
            finished.stderr_text()
        );
        assert_eq!(place.names(), [taken]);
        assert_eq!(place.read(taken), "precious");
        fs::remove_file(place.0.path().join(taken)).unwrap();
    }
    place.command(&["generate"]).run().expect_code(2);
    assert_eq!(place.names(), [""; 0]);
}

#[test]
fn a_key_without_a_password_is_imported_from_a_file_or_a_variable() {
    let place = Place::new();
    for kind in ["ecdsa-p256", "ecdsa-p384", "ecdsa-p521", "ed25519", "rsa-2048"] {
        let plain = format!("plain-{kind}");
        let arguments = [
            "generate",
            "--algorithm",
            kind,
            "--without-password",
            "--output-key-prefix",
            &plain,
        ];
        let finished = place.command(&arguments).run().expect_code(0);
        assert!(finished.stdout_text().contains("(no password)"));
        let pem = place.read(&format!("{plain}.key"));
        assert!(pem.starts_with("-----BEGIN PRIVATE KEY-----\n"));
        let file = format!("{plain}.key");
        place
            .key(&["import", "--key", &file, "--output-key-prefix", kind])
            .expect_code(0);
        assert_eq!(place.read(&format!("{kind}.pub")), place.read(&format!("{plain}.pub")));
        let other = format!("again-{kind}");
        let variable = place.command(&[
            "import",
            "--key",
            "env://KEY",
            "--output-key-prefix",
            &other,
            "--format",
            "json",
        ]);
        let finished = variable
            .env("KEY", &pem)
            .env("COSIGN_PASSWORD", "")
            .run()
            .expect_code(0);
        let report: serde_json::Value = serde_json::from_slice(&finished.stdout).unwrap();
        assert_eq!(report["schema"], "https://attest.dev/schema/key/v1");
        assert_eq!(report["algorithm"], kind);
        assert_eq!(report["password"], true);
        assert_eq!(place.read(&format!("{other}.pub")), place.read(&format!("{plain}.pub")));
    }
}

#[test]
fn what_is_no_key_is_told_and_nothing_is_written() {
    let place = Place::new();
    fs::write(place.0.path().join("note"), "hello").unwrap();
    let told = |arguments: &[&str], code: i32| {
        let finished = place.key(arguments).expect_code(code);
        finished.stderr_text().lines().next().unwrap_or_default().to_owned()
    };
    assert_eq!(
        told(&["import", "--key", "note"], 2),
        "error[key-invalid]: expected the PEM of a private key in the key, found none"
    );
    assert!(told(&["import", "--key", "nowhere"], 3).starts_with("error[key-unreadable]: "));
    assert!(told(&["import", "--key", "env://NOWHERE"], 2).starts_with("error[key-unreadable]: "));
    let token = "pkcs11:object=a?module-path=/nowhere.so";
    assert!(told(&["import", "--key", token], 2).starts_with("error[key-stays]: "));
    assert!(told(&["public", "--key", token], 3).starts_with("error[key-unusable]: "));
    assert!(told(&["public", "--key", "pkcs11:object=a"], 2).starts_with("error[key-uri-invalid]: "));
    let pin = place
        .key(&["public", "--key", "pkcs11:object=a?pin-value=1234"])
        .expect_code(2);
    assert!(pin.stderr_text().contains("no PIN"));
    assert!(!pin.stderr_text().contains("1234"), "{}", pin.stderr_text());
    assert!(told(&["public", "--key", "awskms://alias/a"], 2).contains("awskms://"));
    assert_eq!(place.names(), ["note"]);
}
