use std::io::{self, BufRead as _, Read as _};

use attest_sign::IdentityToken;

use crate::context::Context;
use crate::failure::Failure;
use crate::visible::visible;

/// Nobody types more than a word.
const MAX_ANSWER_BYTES: u64 = 1024;

/// Tells a person whose name is about to become public for good, and goes on only if they say so.
pub(super) fn ask(
    token: &IdentityToken,
    context: &mut Context<'_>,
    answer: &mut dyn FnMut() -> io::Result<String>,
) -> Result<(), Failure> {
    let what = match token.email_unverified() {
        Some(_) => "this e-mail address",
        None => "this name",
    };
    context.say(format_args!(
        "about to sign as {} (vouched for by {})\n{what} will stand in the certificate and in logs that everybody can read, and \
         from which nothing is ever removed",
        visible(token.challenge()),
        visible(token.issuer_unverified()),
    ));
    let _ = write!(context.stderr, "go on? [y/N] ");
    let _ = context.stderr.flush();
    let answer = answer().map_err(|error| Failure::undecided("answer-unreadable", error))?;
    match answer.trim().to_lowercase().as_str() {
        "y" | "yes" => Ok(()),
        _ => Err(Failure::usage(
            "not-confirmed",
            "nothing was signed, and nothing was published: you did not say yes",
        )
        .hint("`--yes` says it on the command line")),
    }
}

/// What the person types, up to the end of the line.
pub(super) fn typed() -> io::Result<String> {
    let mut line = Vec::new();
    io::stdin().lock().take(MAX_ANSWER_BYTES).read_until(b'\n', &mut line)?;
    Ok(String::from_utf8_lossy(&line).into_owned())
}

#[cfg(test)]
mod tests {
    use std::time::{Instant, SystemTime};

    use super::*;

    // {"iss":"https://issuer.example.com","sub":"s","email":"a@example.com","exp":1}
    const EMAIL: &str = "e30.eyJpc3MiOiJodHRwczovL2lzc3Vlci5leGFtcGxlLmNvbSIsInN1YiI6InMiLCJlbWFpbCI6ImFAZXhhbXBsZS5jb20iLCJleHAiOjF9.e30";

    fn asked(reply: &str) -> (String, Result<(), Failure>) {
        let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
        let mut context = Context {
            stdout: &mut stdout,
            stderr: &mut stderr,
            interactive: true,
            person: true,
            program: "attest".to_owned(),
            arguments: Vec::new(),
            environment: std::iter::empty().collect(),
            now: SystemTime::UNIX_EPOCH,
            started: Instant::now(),
        };
        let token = IdentityToken::parse(EMAIL).unwrap();
        let result = ask(&token, &mut context, &mut || Ok(reply.to_owned()));
        (String::from_utf8(stderr).unwrap(), result)
    }

    #[test]
    fn the_address_is_told_before_it_is_published() {
        let (said, result) = asked("y\n");
        assert_eq!(result, Ok(()));
        assert_eq!(
            said,
            "about to sign as a@example.com (vouched for by https://issuer.example.com)\nthis e-mail address will stand in the \
             certificate and in logs that everybody can read, and from which nothing is ever removed\ngo on? [y/N] "
        );
    }

    #[test]
    fn everything_but_a_yes_is_a_no() {
        assert_eq!(asked("YES\n").1, Ok(()));
        for reply in ["", "\n", "n\n", "yess\n"] {
            assert_eq!(asked(reply).1.unwrap_err().code(), "not-confirmed", "{reply:?}");
        }
    }
}
