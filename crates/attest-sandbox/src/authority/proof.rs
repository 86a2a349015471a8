use der::Decode;
use x509_cert::request::CertReq;

use crate::error::Error;
use crate::public_key::PublicKey;
use crate::x509;

/// How a caller shows that it holds the private key that is to be certified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyProof<'a> {
    /// The key, and its signature over the challenge of the token: the e-mail address, else the subject.
    Signature {
        /// SubjectPublicKeyInfo in DER.
        public_key: &'a [u8],
        /// Over the challenge.
        signature: &'a [u8],
    },
    /// A PKCS#10 request in DER, signed with the key. Only its key is used.
    Request(&'a [u8]),
}

impl KeyProof<'_> {
    /// The key, if the caller holds it.
    pub(crate) fn check(&self, challenge: &str) -> Result<PublicKey, Error> {
        match self {
            Self::Signature { public_key, signature } => {
                let key = PublicKey::from_der(public_key)?;
                match key.verifies(challenge.as_bytes(), signature) {
                    true => Ok(key),
                    false => Err(Error::ProofOfPossession),
                }
            }
            Self::Request(der) => check_request(der),
        }
    }
}

fn check_request(der: &[u8]) -> Result<PublicKey, Error> {
    let request = CertReq::from_der(der).map_err(|error| Error::malformed("certificate signing request", error))?;
    let signed = x509::encode("a certificate signing request", &request.info)?;
    let key = PublicKey::new(request.info.public_key)?;
    match key.verifies(&signed, request.signature.raw_bytes()) {
        true => Ok(key),
        false => Err(Error::ProofOfPossession),
    }
}
