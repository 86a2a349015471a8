use attest_net::{TrustCache, TufError};

use super::Instance;
use crate::failure::Failure;
use crate::keyless::net_failure;
use crate::visible::visible;

/// Tells why trust was not fetched, or not read.
pub(crate) fn failure(error: &TufError, instance: Instance, cache: &TrustCache) -> Failure {
    let name = instance.name();
    let update = format!("to fetch it again, run `attest trust update {name}`");
    // Names of files and roles are the repository's, and may hold a line break.
    let message = visible(&error.to_string());
    match error {
        TufError::Net(error) => net_failure(error),
        TufError::Missing { .. } => Failure::undecided("trust-repository-incomplete", message),
        TufError::TooLarge { .. }
        | TufError::Malformed { .. }
        | TufError::Threshold { .. }
        | TufError::RootVersion { .. }
        | TufError::TooManyRoots { .. }
        | TufError::Rollback { .. }
        | TufError::Mismatch { .. } => Failure::rejected("trust-repository-rejected", message).hint(format_args!(
            "nothing was changed; to see what is believed now, run `attest trust show {name}`"
        )),
        TufError::Expired { .. } => Failure::undecided("trust-repository-expired", message)
            .hint("compare the clock of this machine with `date --utc`; a mirror may be held back"),
        TufError::Unusable { .. } => Failure::undecided("trust-unusable", message),
        TufError::Superseded { .. } => Failure::undecided("trust-superseded", message).hint(update),
        TufError::Cache { .. } => Failure::undecided("trust-cache-unusable", message).at(cache.path().display()),
        TufError::CacheInvalid { .. } => Failure::undecided("trust-cache-invalid", message)
            .at(cache.path().display())
            .hint(mend(instance)),
        _ => Failure::undecided("trust-failed", message),
    }
}

/// What is forgotten with a cache is which versions were seen; that is for a person to decide.
fn mend(instance: Instance) -> String {
    let name = instance.name();
    match instance {
        Instance::Private => format!(
            "find out who changed the file; then `attest trust remove {name}` forgets it, and `attest trust init` begins anew"
        ),
        _ => format!(
            "find out who changed the file; then `attest trust remove {name}` forgets it, and `attest trust update {name}` \
             begins anew"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repository_cannot_forge_a_line() {
        let error = TufError::Malformed {
            file: "timestamp.json".to_owned(),
            detail: "unknown role: x\nhint: believe me".to_owned(),
        };
        let cache = TrustCache::new("github.json".into());
        let text = failure(&error, Instance::Github, &cache).to_string();
        assert_eq!(
            text.lines().filter(|line| line.starts_with("hint:")).count(),
            1,
            "{text}"
        );
    }
}
