use attest_sbom::Error;

use crate::failure::Failure;

/// Why the library made no document, as a failure of the verb.
pub(super) fn refusal(error: Error) -> Failure {
    match &error {
        Error::SeveralPackages { .. } => {
            Failure::usage("sbom-package-ambiguous", &error).hint("choose one with `--package NAME`")
        }
        Error::UnknownPackage { .. } => Failure::usage("sbom-package-unknown", &error),
        Error::InvalidTarget { .. } => Failure::usage("sbom-target-invalid", &error),
        Error::InvalidFileName { .. } | Error::DuplicateFile { .. } => Failure::usage("sbom-binary-name", &error),
        Error::InvalidTimestamp { .. } => Failure::usage("sbom-timestamp-invalid", &error),
        Error::BuildFailed | Error::Unfinished => Failure::rejected("sbom-build-unfinished", &error)
            .hint("run `cargo build --message-format=json` to its end and save all of what it writes to stdout"),
        Error::NothingFound => Failure::rejected("sbom-nothing-found", &error)
            .hint("name the directory of a project, a lock file, a binary or a root file system; `attest sbom --help` lists the kinds"),
        Error::NothingToList => Failure::rejected("sbom-nothing-listed", &error),
        Error::Unwritable { .. } => Failure::rejected("sbom-format-lacks", &error)
            .hint("write CycloneDX as JSON, which has a form for every character: `--output-format cyclonedx-json`"),
        Error::NotBuilt { .. } => Failure::rejected("sbom-package-not-built", &error),
        Error::ForeignMessage { .. } => Failure::rejected("sbom-records-differ", &error)
            .hint("make both with one Cargo.lock: `cargo metadata --locked …` and `cargo build --locked …`"),
        _ => Failure::rejected("sbom-records-invalid", &error),
    }
}
