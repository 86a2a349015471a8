use std::sync::Arc;

use attest_digest::{Algorithms, Digest, DigestSet};
use attestation::{Statement, Subject};
use jiff::Timestamp;

use crate::proof::{LogIncluded, SignatureValid, SubjectMatched, TimeSigned};
use crate::subject::{self, Content};
use crate::{Artifact, Rejection, Signer};

/// A bundle that passed every check which does not need the artifact. It says nothing about any file yet.
#[derive(Debug, Clone)]
pub struct VerifiedBundle {
    proven: Arc<Proven>,
}

/// An artifact, and a bundle that passed every check for it.
#[derive(Debug, Clone)]
pub struct Verified {
    proven: Arc<Proven>,
    artifact: Artifact,
    subject: Option<Subject>,
    matched: SubjectMatched,
}

/// Everything that was found out about a bundle, with a token for each check.
#[derive(Debug)]
pub(crate) struct Proven {
    pub(crate) signer: Signer,
    pub(crate) content: Content,
    pub(crate) logs: Vec<LogEvidence>,
    pub(crate) times: Vec<TimeEvidence>,
    pub(crate) signature: SignatureValid,
    pub(crate) included: Option<LogIncluded>,
    pub(crate) signed_time: Option<TimeSigned>,
    pub(crate) not_checked: Vec<&'static str>,
}

/// An entry in a log of the trust root.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogEvidence {
    /// The URL of the log, as the trust root says.
    pub log: String,
    /// The index of the entry: in the whole log where the log has signed that, else in the tree of the inclusion proof.
    pub index: u64,
    /// What kind of entry it is, with its version.
    pub kind: String,
}

/// A time that somebody of the trust root has signed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum TimeEvidence {
    /// A timestamp authority.
    Authority {
        /// The authority, as the trust root says.
        authority: String,
        /// When it saw the signature.
        time: Timestamp,
    },
    /// A log that signs the time of an entry.
    Log {
        /// The time of the entry.
        time: Timestamp,
    },
}

impl TimeEvidence {
    /// The time.
    #[must_use]
    pub fn time(&self) -> Timestamp {
        match self {
            Self::Authority { time, .. } | Self::Log { time } => *time,
        }
    }
}

impl VerifiedBundle {
    pub(crate) fn new(proven: Proven) -> Self {
        Self {
            proven: Arc::new(proven),
        }
    }

    /// Who signed.
    #[must_use]
    pub fn signer(&self) -> &Signer {
        &self.proven.signer
    }

    /// The statement, unless the artifact itself was signed.
    #[must_use]
    pub fn statement(&self) -> Option<&Statement> {
        self.proven.statement()
    }

    /// The digest of the one artifact, when that itself was signed.
    #[must_use]
    pub fn signed_digest(&self) -> Option<&Digest> {
        match &self.proven.content {
            Content::Artifact(digest) => Some(digest),
            Content::Statement(_) => None,
        }
    }

    /// The log entries.
    #[must_use]
    pub fn log_entries(&self) -> &[LogEvidence] {
        &self.proven.logs
    }

    /// The signed times, at least one unless a key was expected or it was said in so many words that it does not matter.
    #[must_use]
    pub fn times(&self) -> &[TimeEvidence] {
        &self.proven.times
    }

    /// What was **not** checked, because the trust root has nobody who could vouch for it or because it was asked not to be:
    /// `transparency log`, `certificate transparency`, `signed time`. Empty when everything was.
    #[must_use]
    pub fn not_checked(&self) -> &[&'static str] {
        &self.proven.not_checked
    }

    /// What an artifact has to be measured with to be held against this bundle.
    #[must_use]
    pub fn algorithms(&self) -> Algorithms {
        subject::algorithms(&self.proven.content)
    }

    /// Holds an artifact against the bundle.
    ///
    /// A name that the statement knows has to go with its own digest; a name that it does not know is accepted by digest.
    ///
    /// # Errors
    /// [`Rejection`] says what was found and expected.
    pub fn artifact(&self, artifact: &Artifact) -> Result<Verified, Rejection> {
        let (subject, matched) = subject::check(artifact, &self.proven.content)?;
        Ok(Verified {
            proven: Arc::clone(&self.proven),
            artifact: artifact.clone(),
            subject: subject.cloned(),
            matched,
        })
    }
}

impl Verified {
    /// Who signed.
    #[must_use]
    pub fn signer(&self) -> &Signer {
        &self.proven.signer
    }

    /// The statement, unless the artifact itself was signed.
    #[must_use]
    pub fn statement(&self) -> Option<&Statement> {
        self.proven.statement()
    }

    /// The subject of the statement that the artifact is.
    #[must_use]
    pub fn subject(&self) -> Option<&Subject> {
        self.subject.as_ref()
    }

    /// What the artifact goes by here, and its digests.
    #[must_use]
    pub fn digests(&self) -> &DigestSet {
        &self.artifact.digests
    }

    /// Whether the artifact goes by another name than the one under which it was signed. What it is called is then
    /// vouched for by nobody.
    #[must_use]
    pub fn is_renamed(&self) -> bool {
        let signed_as = self.subject.as_ref().and_then(Subject::name);
        matches!((signed_as, &self.artifact.name), (Some(signed), Some(name)) if signed != name)
    }

    /// The log entries.
    #[must_use]
    pub fn log_entries(&self) -> &[LogEvidence] {
        &self.proven.logs
    }

    /// The signed times, at least one unless a key was expected or it was said in so many words that it does not matter.
    #[must_use]
    pub fn times(&self) -> &[TimeEvidence] {
        &self.proven.times
    }

    /// What was **not** checked; see [`VerifiedBundle::not_checked`].
    #[must_use]
    pub fn not_checked(&self) -> &[&'static str] {
        &self.proven.not_checked
    }

    /// That the signature is by the signer.
    #[must_use]
    pub fn signature_valid(&self) -> &SignatureValid {
        &self.proven.signature
    }

    /// That it is logged; none when the trust root has no log, or when it was said in so many words that it does not matter.
    #[must_use]
    pub fn log_included(&self) -> Option<&LogIncluded> {
        self.proven.included.as_ref()
    }

    /// That its time is signed; there when a certificate was expected, unless it was said in so many words that it does not
    /// matter.
    #[must_use]
    pub fn time_signed(&self) -> Option<&TimeSigned> {
        self.proven.signed_time.as_ref()
    }

    /// That it is about this artifact.
    #[must_use]
    pub fn subject_matched(&self) -> &SubjectMatched {
        &self.matched
    }
}

impl Proven {
    fn statement(&self) -> Option<&Statement> {
        match &self.content {
            Content::Statement(subjects) => Some(subjects.statement()),
            Content::Artifact(_) => None,
        }
    }
}
