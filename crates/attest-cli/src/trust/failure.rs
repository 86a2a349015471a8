use attest_net::{TrustCache, TufError};

use super::Instance;
use crate::failure::Failure;
use crate::keyless::net_failure;

/// Tells why trust was not fetched, or not read.
pub(crate) fn failure(error: &TufError, instance: Instance, cache: &TrustCache) -> Failure {
    let name = instance.name();
    let update = format!("to fetch it again, run `attest trust update {name}`");
    match error {
        TufError::Net(error) => net_failure(error),
        TufError::Missing { .. } => Failure::undecided("trust-repository-incomplete", error),
        TufError::TooLarge { .. }
        | TufError::Malformed { .. }
        | TufError::Threshold { .. }
        | TufError::RootVersion { .. }
        | TufError::TooManyRoots { .. }
        | TufError::Rollback { .. }
        | TufError::Mismatch { .. } => Failure::rejected("trust-repository-rejected", error).hint(format_args!(
            "nothing was changed; to see what is believed now, run `attest trust show {name}`"
        )),
        TufError::Expired { .. } => Failure::undecided("trust-repository-expired", error)
            .hint("compare the clock of this machine with `date --utc`; a mirror may be held back"),
        TufError::Unusable { .. } => Failure::undecided("trust-unusable", error),
        TufError::Superseded { .. } => Failure::undecided("trust-superseded", error).hint(update),
        TufError::Cache { .. } => Failure::undecided("trust-cache-unusable", error).at(cache.path().display()),
        TufError::CacheInvalid { .. } => Failure::undecided("trust-cache-invalid", error)
            .at(cache.path().display())
            .hint(mend(instance)),
        _ => Failure::undecided("trust-failed", error),
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
