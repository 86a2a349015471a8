use attest_detached::{Format, VerifiedDetached};
use jiff::Timestamp;

use super::super::finding::{Proven, ProvenSigner};

/// Who signed, as a signature of another world says it. What nobody but the signer vouches for has a name that says so.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(in super::super) struct DetachedSigner {
    pub(in super::super) format: &'static str,
    pub(in super::super) algorithm: String,
    pub(in super::super) key: String,
    pub(in super::super) signing_key: Option<String>,
    pub(in super::super) principal: Option<String>,
    pub(in super::super) namespace: Option<String>,
    pub(in super::super) trusted_comment: Option<String>,
    pub(in super::super) self_claimed_user_ids: Vec<String>,
    pub(in super::super) self_claimed_time: Option<Timestamp>,
    pub(in super::super) passed_over: usize,
}

impl DetachedSigner {
    fn of(proof: &VerifiedDetached) -> Self {
        Self {
            format: proof.format().as_str(),
            algorithm: proof.algorithm().to_owned(),
            key: proof.key().to_owned(),
            signing_key: proof.signing_key().map(str::to_owned),
            principal: proof.principal().map(str::to_owned),
            namespace: proof.namespace().map(str::to_owned),
            trusted_comment: proof.trusted_comment().map(str::to_owned),
            self_claimed_user_ids: proof.self_claimed_user_ids().to_vec(),
            self_claimed_time: proof.claimed_time(),
            passed_over: proof.passed_over(),
        }
    }

    /// What is told of the signer, in rows for people.
    pub(in super::super) fn rows(&self) -> Vec<(&'static str, String)> {
        let key = format!("the {} key {}", self.format, self.key);
        let signed_by = match &self.principal {
            Some(principal) => format!("{principal}, with {key}"),
            None => key,
        };
        let mut rows = vec![("signed by", signed_by)];
        rows.extend(self.signing_key.iter().map(|key| ("by its subkey", key.clone())));
        rows.push(("algorithm", self.algorithm.clone()));
        rows.extend(self.namespace.iter().map(|namespace| ("for", namespace.clone())));
        rows.extend(self.trusted_comment.iter().map(|comment| ("it says", comment.clone())));
        let user_ids = self.self_claimed_user_ids.iter();
        rows.extend(user_ids.map(|user_id| ("calls itself", format!("{user_id} (vouched for by nobody else)"))));
        let time = self.self_claimed_time.iter();
        rows.extend(time.map(|time| ("says it signed", format!("{time} (vouched for by nobody else)"))));
        if self.passed_over > 0 {
            rows.push(("passed over", format!("{} other signatures", self.passed_over)));
        }
        rows
    }
}

impl From<&VerifiedDetached> for Proven {
    fn from(proof: &VerifiedDetached) -> Self {
        let mut checked = vec!["signature", "key"];
        checked.extend(proof.principal().map(|_| "principal"));
        checked.extend(proof.namespace().map(|_| "namespace"));
        checked.extend(proof.trusted_comment().map(|_| "trusted-comment"));
        let not_checked = match proof.format() {
            Format::OpenPgp => vec!["transparency-log", "signed-time", "user-id"],
            _ => vec!["transparency-log", "signed-time", "revocation"],
        };
        Self {
            format: match proof.format() {
                Format::OpenPgp => "openpgp-signature",
                Format::Ssh => "ssh-signature",
                _ => "minisign-signature",
            },
            signer: ProvenSigner::Detached(Box::new(DetachedSigner::of(proof))),
            statement: None,
            build: None,
            image_name: None,
            times: Vec::new(),
            log_entries: Vec::new(),
            checked,
            not_checked,
        }
    }
}
