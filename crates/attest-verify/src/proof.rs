//! One token for each check. A token can be looked at everywhere, and made only where the check is made.

use sigstore_verify::VerificationResult;

use crate::Rejection;

macro_rules! token {
    ($(#[$documentation:meta])* $name:ident) => {
        $(#[$documentation])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct $name {
            _private: (),
        }
    };
}

token! {
    /// The signature is by the key of the signer, over the statement or the artifact, and that same signature is logged.
    SignatureValid
}
token! {
    /// The certificate leads to an authority of the trust root, at every verified time.
    CertificateTrusted
}
token! {
    /// A certificate transparency log of the trust root promised to publish the certificate.
    CertificatePublished
}
token! {
    /// The certificate is for the expected identity, vouched for by the expected issuer.
    IdentityMatched
}
token! {
    /// Every log entry is in a log of the trust root, and is about this signature.
    LogIncluded
}
token! {
    /// Every time is signed by a timestamp authority or a log of the trust root, and none is later than the verification.
    TimeSigned
}
token! {
    /// The digest of the artifact is the one that was signed.
    SubjectMatched
}

impl SignatureValid {
    /// The engine returns a result only after it has checked the signature.
    pub(crate) fn of(_: &VerificationResult) -> Self {
        Self { _private: () }
    }
}

impl CertificateTrusted {
    pub(crate) fn of(result: &VerificationResult) -> Result<Self, Rejection> {
        granted(result.certificate_verified(), "certificate").map(|()| Self { _private: () })
    }
}

impl CertificatePublished {
    pub(crate) fn of(result: &VerificationResult) -> Result<Self, Rejection> {
        granted(result.sct_verified(), "certificate transparency").map(|()| Self { _private: () })
    }
}

impl IdentityMatched {
    /// To be called where identity, issuer and claims were held against the expectation, and nowhere else.
    pub(crate) fn compared() -> Self {
        Self { _private: () }
    }
}

impl LogIncluded {
    pub(crate) fn of(result: &VerificationResult, entries: usize) -> Result<Self, Rejection> {
        granted(result.tlog_verified() && entries > 0, "transparency log").map(|()| Self { _private: () })
    }
}

impl TimeSigned {
    /// `times` is what came out of the engine and was held against the time of the verification.
    pub(crate) fn of(times: usize) -> Result<Self, Rejection> {
        granted(times > 0, "time").map(|()| Self { _private: () })
    }
}

impl SubjectMatched {
    /// To be called where the digests were found equal, and nowhere else.
    pub(crate) fn compared() -> Self {
        Self { _private: () }
    }
}

/// The engine reports which checks it made. One that it left out is a rejection, whatever else it said.
fn granted(made: bool, check: &'static str) -> Result<(), Rejection> {
    match made {
        true => Ok(()),
        false => Err(Rejection::NotChecked { check }),
    }
}
