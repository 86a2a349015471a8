use jiff::Timestamp;

use super::line::{Entry, LineError, is_kind};
use super::signature::SshSignature;
use crate::{DetachedError, Verification};

/// Public keys of OpenSSH, or a list of allowed signers.
#[derive(Debug, Clone)]
pub(crate) struct SshKeys {
    entries: Vec<Entry>,
}

/// That a key may have made the signature, and under which name.
pub(crate) struct Permitted {
    pub(super) principal: Option<String>,
}

const PRIVATE: &str = "-----BEGIN OPENSSH PRIVATE KEY-----";

impl SshKeys {
    /// Whether the first line that says something has a kind of key in it. Nothing is checked.
    pub(crate) fn recognise(bytes: &[u8]) -> bool {
        let first = bytes
            .split(|byte| *byte == b'\n')
            .find(|line| !line.trim_ascii().is_empty() && !line.starts_with(b"#"));
        let first = String::from_utf8_lossy(first.unwrap_or_default());
        first.starts_with(PRIVATE) || first.split_whitespace().take(4).any(is_kind)
    }

    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, DetachedError> {
        let text =
            std::str::from_utf8(bytes).map_err(|_| DetachedError::malformed("SSH public keys", "they are no UTF-8"))?;
        if text.contains(PRIVATE) {
            return Err(DetachedError::PrivateKey);
        }
        let mut entries: Vec<Entry> = Vec::new();
        for (index, line) in text.lines().enumerate() {
            if line.trim().is_empty() || line.trim_start().starts_with('#') {
                continue;
            }
            let malformed = |problem| DetachedError::MalformedLine {
                line: index + 1,
                problem,
            };
            let entry = Entry::parse(line).map_err(|error| match error {
                LineError::Problem(problem) => malformed(problem),
                LineError::Key(error) => error,
            })?;
            let named = entry.principals.is_some();
            if entries.first().is_some_and(|first| first.principals.is_some() != named) {
                return Err(malformed("some lines say whose key they hold, and others do not"));
            }
            entries.push(entry);
        }
        match entries.is_empty() {
            true => Err(DetachedError::NoKeys),
            false => Ok(Self { entries }),
        }
    }

    pub(crate) fn are_allowed_signers(&self) -> bool {
        self.entries.iter().any(|entry| entry.principals.is_some())
    }

    pub(crate) fn fingerprints(&self) -> Vec<String> {
        self.entries.iter().map(|entry| entry.key.fingerprint()).collect()
    }

    /// Whether the key of the signature is one of these, and may sign this. What the signature says is not verified yet.
    pub(crate) fn permit(
        &self,
        signature: &SshSignature,
        asked: &Verification<'_>,
    ) -> Result<Permitted, DetachedError> {
        if self.are_allowed_signers() && asked.principal.is_none() {
            return Err(DetachedError::PrincipalMissing);
        }
        if signature.namespace != asked.namespace {
            return Err(DetachedError::NamespaceMismatch {
                expected: asked.namespace.to_owned(),
                found: signature.namespace.clone(),
            });
        }
        let mut refused = DetachedError::SignerUnknown {
            found: signature.fingerprint(),
        };
        for entry in self.entries.iter().filter(|entry| entry.key.blob() == signature.key()) {
            match entry.permits(asked) {
                Ok(()) => {
                    return Ok(Permitted {
                        principal: asked.principal.map(str::to_owned),
                    });
                }
                // That a key is somebody else's says less than why it is not good enough for who is asked for.
                Err(DetachedError::PrincipalMismatch { .. })
                    if !matches!(refused, DetachedError::SignerUnknown { .. }) => {}
                Err(error) => refused = error,
            }
        }
        Err(refused)
    }
}

impl Entry {
    fn permits(&self, asked: &Verification<'_>) -> Result<(), DetachedError> {
        let conditions = &self.conditions;
        if let (Some(principals), Some(expected)) = (&self.principals, asked.principal)
            && !principals.matches(expected)
        {
            return Err(DetachedError::PrincipalMismatch {
                expected: expected.to_owned(),
                found: principals.as_str().to_owned(),
            });
        }
        if conditions.is_authority {
            return Err(DetachedError::KeyUnfit {
                key: self.key.fingerprint(),
                problem: "it is an authority, which signs certificates and no messages",
            });
        }
        if let Some(namespaces) = &conditions.namespaces
            && !namespaces.matches(asked.namespace)
        {
            return Err(DetachedError::NamespaceForbidden {
                expected: asked.namespace.to_owned(),
                found: namespaces.as_str().to_owned(),
            });
        }
        self.is_valid_at(asked.moment)
    }

    fn is_valid_at(&self, moment: Timestamp) -> Result<(), DetachedError> {
        match (self.conditions.valid_after, self.conditions.valid_before) {
            (Some(from), _) if moment < from => Err(DetachedError::KeyNotYetValid {
                key: self.key.fingerprint(),
                from,
            }),
            (_, Some(at)) if moment >= at => Err(DetachedError::KeyExpired {
                key: self.key.fingerprint(),
                at,
            }),
            _ => Ok(()),
        }
    }
}
