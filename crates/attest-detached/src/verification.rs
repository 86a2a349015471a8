use std::io::Read;

use jiff::Timestamp;

use crate::keys::Inner as Keys;
use crate::signature::Inner as Signature;
use crate::{DetachedError, DetachedSignature, SignerKeys, VerifiedDetached};

/// The namespace of SSH signatures over files: what `ssh-keygen -Y sign -n file` writes.
pub const FILE_NAMESPACE: &str = "file";

/// One signature, and everything that decides about it.
#[derive(Clone, Copy)]
pub struct Verification<'a> {
    /// The signature.
    pub signature: &'a DetachedSignature,
    /// Who may have signed.
    pub keys: &'a SignerKeys,
    /// Now: what is later, or has run out by then, is refused.
    pub moment: Timestamp,
    /// SSH: what the signature has to be for. The other worlds know no namespaces.
    pub namespace: &'a str,
    /// SSH: which of the allowed signers has to have signed.
    pub principal: Option<&'a str>,
}

impl Verification<'_> {
    /// Reads the message once, to its end, and holds the signature against it.
    ///
    /// Memory does not grow with the message, unless the signature is one of signify or a legacy one of minisign: those
    /// are over the bytes themselves, of which 256 MiB are taken.
    ///
    /// # Errors
    /// [`DetachedError`]: one for each cause. Only [`DetachedError::Unreadable`] means that nothing was decided.
    pub fn verify(&self, message: impl Read) -> Result<VerifiedDetached, DetachedError> {
        if self.principal.is_some() && !self.keys.need_principal() {
            return Err(DetachedError::PrincipalUnsupported {
                format: self.keys.format(),
            });
        }
        match (&self.signature.0, &self.keys.0) {
            (Signature::Minisign(signature), Keys::Minisign(keys)) => signature.verify(keys, message),
            (Signature::OpenPgp(signatures), Keys::OpenPgp(certificates)) => {
                signatures.verify(certificates, self.moment, message)
            }
            (Signature::Ssh(signature), Keys::Ssh(keys)) => {
                let key = keys.permit(signature, self)?;
                signature.verify(&key, message)
            }
            _ => Err(DetachedError::FormatMismatch {
                expected: self.keys.format(),
                found: self.signature.format(),
            }),
        }
        .map(VerifiedDetached::from)
    }
}
