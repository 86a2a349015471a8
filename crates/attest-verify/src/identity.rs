//! What a certificate says, held against what was asked for.

use crate::certificate::Certificate;
use crate::expectation::{CertificateIdentity, OidcIssuer, Who};
use crate::token::token;
use crate::{Expectation, Rejection};

token! {
    /// The certificate is for the expected identity, vouched for by the expected issuer, and claims what was expected.
    IdentityMatched
}

/// Holds identity, issuer and claims of a certificate against the expectation. Gives the name that was expected.
pub(crate) fn check<'a>(
    expectation: &Expectation,
    certificate: &'a Certificate,
) -> Result<(&'a str, IdentityMatched), Rejection> {
    let Who::Certificate { identity, issuer } = &expectation.who else {
        return Err(Rejection::NotChecked { check: "identity" });
    };
    let name = check_identity(identity, issuer.is_some(), certificate)?;
    check_issuer(issuer.as_ref(), certificate)?;
    check_claims(expectation, |claim| certificate.claims().get(claim).map(String::as_str))?;
    Ok((name, IdentityMatched { _private: () }))
}

/// A key claims nothing, so whoever expects a claim does not mean a key.
pub(crate) fn check_no_claims(expectation: &Expectation) -> Result<(), Rejection> {
    check_claims(expectation, |_| None)
}

/// Fulcio writes one name. With several, one could be shown and another one meant.
fn check_identity<'a>(
    expected: &CertificateIdentity,
    has_one_name: bool,
    certificate: &'a Certificate,
) -> Result<&'a str, Rejection> {
    let names = certificate.names();
    if has_one_name && names.count > 1 {
        return Err(Rejection::CertificateInvalid {
            detail: format!("expected one subject alternative name, found {}", names.count),
        });
    }
    let found = names.texts.iter().find(|name| expected.0.matches(name));
    found.map(String::as_str).ok_or_else(|| Rejection::IdentityMismatch {
        expected: expected.0.clone(),
        found: (!names.texts.is_empty()).then(|| names.texts.join(", ")),
    })
}

fn check_issuer(expected: Option<&OidcIssuer>, certificate: &Certificate) -> Result<(), Rejection> {
    let found = certificate.oidc_issuer();
    let matches = match (expected, found) {
        (Some(expected), Some(found)) => expected.0.matches(found),
        (None, None) => true,
        _ => false,
    };
    match matches {
        true => Ok(()),
        false => Err(Rejection::IssuerMismatch {
            expected: expected.map(|expected| expected.0.clone()),
            found: found.map(str::to_owned),
        }),
    }
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
