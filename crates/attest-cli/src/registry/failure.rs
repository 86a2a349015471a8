use attest_net::registry::Error;

use crate::failure::Failure;

/// What a person is told when a registry gave or took nothing. A registry that refuses has not judged an image; one that sends another
/// one than was asked for has.
pub(crate) fn failure(error: &Error) -> Failure {
    match error {
        Error::Reference(_) => Failure::usage("reference-invalid", error),
        Error::AuthFile { .. } => Failure::usage("auth-file-invalid", error),
        Error::Helper { .. } => Failure::undecided("credential-helper-failed", error),
        Error::Certificates { .. } => Failure::usage("registry-certificates-unusable", error),
        Error::PlainHttp { .. } => Failure::usage("plain-http-elsewhere", error)
            .hint("leave out `--plain-http`; an authority of one's own is named with `--registry-cacert FILE`"),
        Error::Elsewhere { .. } => Failure::undecided("registry-leads-elsewhere", error),
        Error::Unauthorized { .. } => Failure::undecided("registry-unauthorized", error).hint(
            "log in with `docker login`, `podman login` or `skopeo login`, or name a file with `--registry-auth-file`",
        ),
        Error::Denied { .. } => Failure::undecided("registry-denied", error),
        Error::NotFound { .. } => Failure::undecided("not-in-registry", error),
        Error::Unreachable { .. } => Failure::undecided("registry-unreachable", error),
        Error::OtherDigest { .. } | Error::OtherSize { .. } | Error::OtherSource { .. } => {
            Failure::rejected("blob-mismatch", error)
        }
        Error::Status { .. } => Failure::undecided("registry-failed", error),
        Error::Answer { .. } | Error::TooLarge { .. } => Failure::undecided("registry-answer-invalid", error),
        Error::Source { .. } => Failure::undecided("layout-not-read", error),
        Error::Sink { .. } => Failure::undecided("image-not-written", error),
        _ => Failure::undecided("registry-failed", error),
    }
}
