//! What a certificate says, held against what was asked for.

use crate::expectation::Who;
use crate::proof::IdentityMatched;
use crate::signer::UnverifiedSigner;
use crate::{Expectation, Rejection};

/// Holds identity, issuer and claims of a certificate against the expectation.
pub(crate) fn check(expectation: &Expectation, found: &UnverifiedSigner) -> Result<IdentityMatched, Rejection> {
    let Who::Certificate { identity, issuer } = &expectation.who else {
        return Err(Rejection::NotChecked { check: "identity" });
    };
    let found_identity = found.identity.as_deref();
    if !found_identity.is_some_and(|found| identity.0.matches(found)) {
        return Err(Rejection::IdentityMismatch {
            expected: identity.0.clone(),
            found: found.identity.clone(),
        });
    }
    let issuer_matches = match (issuer, found.issuer.as_deref()) {
        (Some(expected), Some(found)) => expected.0.matches(found),
        (None, None) => true,
        _ => false,
    };
    if !issuer_matches {
        return Err(Rejection::IssuerMismatch {
            expected: issuer.as_ref().map(|issuer| issuer.0.clone()),
            found: found.issuer.clone(),
        });
    }
    check_claims(expectation, |claim| found.claims.get(claim).map(String::as_str))?;
    Ok(IdentityMatched::compared())
}

/// A key claims nothing, so whoever expects a claim does not mean a key.
pub(crate) fn check_no_claims(expectation: &Expectation) -> Result<(), Rejection> {
    check_claims(expectation, |_| None)
}

fn check_claims<'a>(
    expectation: &Expectation,
    find: impl Fn(&'static str) -> Option<&'a str>,
) -> Result<(), Rejection> {
    for (claim, expected) in &expectation.claims {
        let found = find(claim.as_str());
        if !found.is_some_and(|found| expected.matches(found)) {
            return Err(Rejection::ClaimMismatch {
                claim: *claim,
                expected: expected.clone(),
                found: found.map(str::to_owned),
            });
        }
    }
    Ok(())
}
