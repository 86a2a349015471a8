use std::path::Path;

use serde::Deserialize;

use super::Error;
use super::credential::Credential;
use crate::Secret;
use crate::program::{Finished, Program};

/// The largest answer of a helper, in bytes: a token of a cloud has a few kilobytes.
const MAX_ANSWER_BYTES: usize = 64 << 10;

/// What helpers say, on stdout, of a server that they do not know.
/// Source: docker-credential-helpers, `credentials/error.go`.
const NOT_FOUND: &str = "credentials not found in native keychain";

/// The name that marks an identity token.
const TOKEN_USER: &str = "<token>";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct AnswerWire {
    #[serde(default)]
    username: String,
    #[serde(default)]
    secret: String,
}

/// Runs `docker-credential-NAME get` with the server on its stdin. None is what it has for a server that it does not know.
///
/// Source: docker-credential-helpers, README, "Development".
pub(super) fn ask(name: &str, server: &str, file: &Path) -> Result<Option<Credential>, Error> {
    let is_safe = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if name.is_empty() || !name.bytes().all(is_safe) {
        return Err(Error::AuthFile {
            path: file.to_owned(),
            problem: format!("expected the name of a credential helper, found `{name}`"),
        });
    }
    let program = Program::new(format!("docker-credential-{name}"), &["get"]);
    let failed = |detail: String| Error::Helper {
        program: program.path().to_owned(),
        server: server.to_owned(),
        detail,
    };
    let finished = program.run(server.as_bytes(), MAX_ANSWER_BYTES).map_err(failed)?;
    credential(&finished).map_err(failed)
}

fn credential(finished: &Finished) -> Result<Option<Credential>, String> {
    let text = std::str::from_utf8(&finished.output).map_err(|_| "it printed something else than text".to_owned())?;
    if !finished.status.success() {
        return match text.trim() == NOT_FOUND {
            true => Ok(None),
            // What helpers complain of goes to stdout, before a secret could.
            false => Err(format!("{}{}", finished.status, finished.last_words(text))),
        };
    }
    let answer: AnswerWire = serde_json::from_str(text)
        .map_err(|_| "expected JSON with `Username` and `Secret`, found something else".to_owned())?;
    let secret = Secret::new(answer.secret);
    Ok(match (&*answer.username, secret.expose()) {
        (_, "") => None,
        (TOKEN_USER, _) => Some(Credential::Identity(secret)),
        (user, _) => Some(Credential::Password {
            user: user.to_owned(),
            password: secret,
        }),
    })
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn said(script: &str) -> Result<Option<Credential>, String> {
        let program = Program::new("/bin/sh", &["-c", script]);
        credential(&program.run(b"example.org", MAX_ANSWER_BYTES)?)
    }

    #[test]
    fn a_helper_is_asked_on_its_stdin_and_answers_on_its_stdout() {
        let script = r#"read server; echo "{\"ServerURL\":\"$server\",\"Username\":\"$server\",\"Secret\":\"s\"}""#;
        assert_eq!(said(script).unwrap().unwrap().to_string(), "as `example.org`");
        let token = r#"echo '{"Username":"<token>","Secret":"s"}'"#;
        assert_eq!(said(token).unwrap().unwrap().to_string(), "with an identity token");
    }

    #[test]
    fn what_a_helper_does_not_know_is_no_failure() {
        let unknown = "echo 'credentials not found in native keychain'; exit 1";
        assert_eq!(said(unknown), Ok(None));
        assert_eq!(said(r#"echo '{"Username":"","Secret":""}'"#), Ok(None));
    }

    #[test]
    fn a_helper_that_fails_is_told() {
        assert_eq!(
            said("echo 'the keychain is locked'; exit 2"),
            Err("exit status: 2: the keychain is locked".to_owned())
        );
        assert_eq!(
            said("echo s3cret"),
            Err("expected JSON with `Username` and `Secret`, found something else".to_owned())
        );
    }

    #[test]
    fn a_name_that_leads_elsewhere_is_no_helper() {
        for name in ["", "../x", "a b", "a/b"] {
            let error = ask(name, "example.org", Path::new("config.json")).unwrap_err();
            assert!(matches!(error, Error::AuthFile { .. }), "{name}");
        }
    }
}
