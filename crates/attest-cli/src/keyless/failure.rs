use attest_net::Error as Net;
use attest_sign::Error as Sign;

use crate::failure::Failure;

/// Tells why nothing was signed. A service that refuses has not judged an artifact: nothing here is a rejection.
pub(crate) fn failure(error: &Sign) -> Failure {
    match error {
        Sign::Port { port, source } => match source.downcast_ref::<Net>() {
            Some(error) => net(error),
            None => Failure::undecided("signing-failed", format_args!("{port}: {source}")),
        },
        Sign::AlreadyRecorded { source } => match source.downcast_ref::<Net>() {
            Some(error) => net(error),
            None => Failure::undecided("signing-failed", error),
        }
        .hint(
            "the log has this very signature already: use the bundle that was made with it. Keys of kind RSA and Ed25519 sign the \
             same bytes in the same way; a log of the trust root shows its entry again",
        ),
        Sign::Token { .. } => Failure::usage("identity-token-invalid", error),
        Sign::Answer { .. } => Failure::undecided("service-answer-invalid", error),
        Sign::NotValidNow { .. } => Failure::undecided("certificate-not-valid-now", error)
            .hint("compare the clock of this machine with `date --utc`"),
        Sign::IdentityChanged { .. } => Failure::undecided("identity-changed", error),
        Sign::NoLog | Sign::NoSignedTime => Failure::usage("signing-config-unusable", error),
        Sign::NotLoggable { .. } => Failure::usage("key-not-loggable", error)
            .hint("leave out `--signing-algorithm`, or sign through the other version of the log: `--rekor-version 1|2`"),
        Sign::OtherSignatureAlgorithm { .. } => Failure::usage("signing-algorithm-unfit", error),
        Sign::TooLargeForLog { .. } => {
            Failure::usage("input-too-large", error).hint("Rekor 2 takes the digest alone: `--rekor-version 2`")
        }
        Sign::Bundle(_) => Failure::undecided("bundle-invalid", error),
        _ => Failure::undecided("signing-failed", error),
    }
}

/// The same, for what the clients of the services say.
pub(crate) fn net(error: &Net) -> Failure {
    match error {
        Net::Url { .. } => Failure::usage("url-unusable", error),
        Net::SigningConfig { .. } => Failure::usage("signing-config-invalid", error),
        Net::NoService { .. } | Net::TooFew { .. } | Net::NoTimestampAuthority => {
            Failure::usage("signing-config-unusable", error)
        }
        Net::TokenExpired { .. } => Failure::usage("identity-token-expired", error),
        Net::TokenAudience { .. } => {
            Failure::usage("identity-token-audience", error).hint("request the token for the audience that is expected")
        }
        Net::TokenClaim { .. } => Failure::undecided("identity-token-foreign", error),
        Net::Agent { .. } => Failure::undecided("identity-agent-failed", error),
        Net::RedirectUrl { .. } => Failure::usage("redirect-url-invalid", error),
        Net::Listen { .. } => Failure::undecided("redirect-port-unusable", error)
            .hint("leave out `--oidc-redirect-url` to take any free port"),
        Net::LoginUnavailable { .. } => Failure::usage("login-unavailable", error),
        Net::LoginRefused { .. } => Failure::undecided("login-refused", error),
        Net::LoginTimedOut { .. } => Failure::undecided("login-timed-out", error),
        Net::TokenFile { .. } => Failure::undecided("identity-token-unreadable", error),
        Net::Unreachable { .. } => Failure::undecided("service-unreachable", error),
        Net::Status { status: 400..=499, .. } => Failure::undecided("service-refused", error),
        Net::Status { .. } => Failure::undecided("service-failed", error),
        Net::TooLarge { .. } | Net::Answer { .. } => Failure::undecided("service-answer-invalid", error),
        _ => Failure::undecided("signing-failed", error),
    }
}
