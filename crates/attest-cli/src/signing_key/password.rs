use attest_sign::Secret;

use super::terminal;
use crate::context::Context;
use crate::failure::Failure;

/// cosign's variable. It may be set and empty: then that is the password.
const VARIABLE: &str = "COSIGN_PASSWORD";

/// What opens a key.
pub(super) fn password(key: &str, context: &Context<'_>) -> Result<Secret, Failure> {
    match given(context)? {
        Some(password) => Ok(password),
        None if context.person => terminal::ask(&format!("password of {}: ", crate::visible::visible(key))),
        None => Err(missing().at(key)),
    }
}

/// What is to open a new key; asked for twice.
pub(crate) fn new_password(context: &Context<'_>) -> Result<Secret, Failure> {
    if let Some(password) = given(context)? {
        return Ok(password);
    }
    if !context.person {
        return Err(missing());
    }
    let first = terminal::ask("password for the new key: ")?;
    let again = terminal::ask("the same again: ")?;
    match first.expose() == again.expose() {
        true => Ok(first),
        false => Err(Failure::usage(
            "key-password-differs",
            "expected the same password twice, found two",
        )),
    }
}

fn given(context: &Context<'_>) -> Result<Option<Secret>, Failure> {
    let value = context.environment.value(VARIABLE);
    let text = value.map(|value| value.to_str().map(str::to_owned));
    match text {
        None => Ok(None),
        Some(Some(password)) => Ok(Some(Secret::from(password))),
        Some(None) => Err(Failure::usage("key-password-missing", "expected a password in UTF-8").at(VARIABLE)),
    }
}

fn missing() -> Failure {
    Failure::usage("key-password-missing", "expected a password for the key, found none")
        .hint(format_args!("set {VARIABLE}, or run this in a terminal and type it"))
}
