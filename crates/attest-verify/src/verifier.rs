use std::sync::Arc;

use attest_digest::{Digest, DigestSet};
use attestation::{Bundle, KeyMaterial, SignedContent, Statement, Unverified, media_type, pre_authentication_encoding};

use crate::certificate::Issued;
use crate::crypto::VerificationKey;
use crate::expectation::Who;
use crate::log::{self, About, Entry, SignedAs};
use crate::proof::SignatureValid;
use crate::subject::Content;
use crate::subjects::Subjects;
use crate::verified::{LogEvidence, Proven, VerifiedBundle};
use crate::{
    CertifiedSigner, Expectation, KeySigner, PublicKey, Rejection, Signer, TimeEvidence, TrustRoot, VerificationTime,
    hint, identity, signature, times,
};

/// Checks bundles against trust roots, as of a moment. Making one costs nothing; a root was prepared when it was read.
#[derive(Debug, Clone, Copy)]
pub struct Verifier<'a> {
    roots: Roots<'a>,
    time: VerificationTime,
    needs_log: bool,
    needs_certificate_transparency: bool,
    needs_signed_time: bool,
}

#[derive(Debug, Clone, Copy)]
enum Roots<'a> {
    One(&'a TrustRoot),
    Several(&'a [&'a TrustRoot]),
}

/// What is at hand of an artifact beside its bundle, for the few signatures that cannot be checked without it.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum AtHand<'a> {
    /// Nothing.
    Nothing,
    /// Its digests, for a bare signature whose bundle has none.
    Digests(&'a DigestSet),
    /// All of it, for a signature by plain Ed25519, which signs no digest.
    Bytes(&'a [u8]),
}

impl<'a> Verifier<'a> {
    /// Trusts `root`, as of `time`.
    #[must_use]
    pub fn new(root: &'a TrustRoot, time: VerificationTime) -> Self {
        Self::of(Roots::One(root), time)
    }

    /// Trusts each of `roots`, as of `time`. A bundle is held against one of them alone: the first whose authorities issued
    /// its certificate, or, for a key, the first that knows its log. Evidence of several roots is never put together.
    ///
    /// Without any root everything is rejected.
    #[must_use]
    pub fn with_roots(roots: &'a [&'a TrustRoot], time: VerificationTime) -> Self {
        Self::of(Roots::Several(roots), time)
    }

    /// Does not ask whether the signature is in a transparency log, nor look at what the bundle says about it.
    ///
    /// What still holds: signature, certificate, identity, and the signed times of timestamp authorities; one is needed for a
    /// certificate. What no longer does: nobody can find out that the signature exists, and the times of logs do not count.
    #[must_use]
    pub fn without_log_unsafe(mut self) -> Self {
        self.needs_log = false;
        self
    }

    /// Does not ask whether the certificate is in a certificate transparency log.
    ///
    /// What no longer holds: an authority that issues certificates to the wrong people can do so unseen.
    #[must_use]
    pub fn without_certificate_transparency_unsafe(mut self) -> Self {
        self.needs_certificate_transparency = false;
        self
    }

    /// Judges a certificate as of the verification where nobody says when it was used.
    ///
    /// What still holds: signature, certificate and identity; the certificate has to be good at the verification, and signed
    /// times that are there still count. What no longer does: whoever has the key can sign for as long as it is, with any date,
    /// and what was signed cannot be verified later.
    #[must_use]
    pub fn without_signed_time_unsafe(mut self) -> Self {
        self.needs_signed_time = false;
        self
    }

    fn of(roots: Roots<'a>, time: VerificationTime) -> Self {
        Self {
            roots,
            time,
            needs_log: true,
            needs_certificate_transparency: true,
            needs_signed_time: true,
        }
    }

    /// Makes every check that does not need an artifact, once; any number of artifacts can then be held against the result.
    ///
    /// # Errors
    /// [`Rejection`] says what was found and expected.
    pub fn verify_bundle(&self, bundle: &Bundle, expectation: &Expectation) -> Result<VerifiedBundle, Rejection> {
        self.verify_bundle_with(bundle, expectation, AtHand::Nothing)
    }

    /// The same where something of the artifact is at hand: the digest of an artifact whose bundle has none, or the bytes of
    /// one that was signed with Ed25519. What is at hand decides nothing; it is held against the signature.
    ///
    /// # Errors
    /// [`Rejection`] says what was found and expected.
    pub fn verify_bundle_with(
        &self,
        bundle: &Bundle,
        expectation: &Expectation,
        at_hand: AtHand<'_>,
    ) -> Result<VerifiedBundle, Rejection> {
        let contents = bundle.peek_unverified();
        check_key_material(&contents.key_material, &expectation.who)?;
        let root = self.root(contents)?;
        let entries = self.entries(contents, root, &expectation.who)?;
        let by = By::of(contents, root, &expectation.who)?;
        let (content, signature_valid) = check_signed(contents, &by, &entries, at_hand)?;
        let included = match entries.is_empty() {
            true => None,
            false => Some(log::check_included(&entries, &root.signatures)?),
        };
        let now = self.time.moment();
        let signed = (contents, signature_of(contents)?);
        let (times, signed_time) = times::collect(signed, (&entries, included.as_ref()), root, now)?;
        entries.iter().try_for_each(|entry| entry.check_not_ended(&times))?;
        let signer = self.signer(&by, expectation, root, &times)?;
        let proven = Proven {
            not_checked: not_checked(contents, &entries, &signer, &times),
            signer,
            content,
            logs: entries.iter().map(log_evidence).collect(),
            times,
            signature: signature_valid,
            included,
            signed_time,
        };
        Ok(VerifiedBundle::new(proven))
    }

    /// The root that issued the certificate or knows the log; else the first one, which will say what is wrong.
    fn root(&self, contents: &Unverified) -> Result<&'a TrustRoot, Rejection> {
        let roots = match self.roots {
            Roots::One(root) => return Ok(root),
            Roots::Several(roots) => roots,
        };
        let knows_signer = |root: &&&TrustRoot| match certificates(&contents.key_material) {
            Some((leaf, between)) => root.issued(leaf, between).is_ok(),
            None => contents.log_entries.iter().any(|entry| root.knows_log(&entry.log_id)),
        };
        let known = roots.iter().find(knows_signer).or(roots.first());
        known.copied().ok_or(Rejection::NotChecked { check: "trust root" })
    }

    /// The log entries that count: none when nobody asks for a log, at least one when somebody does.
    fn entries<'b>(
        &self,
        contents: &'b Unverified,
        root: &'b TrustRoot,
        who: &Who,
    ) -> Result<Vec<Entry<'b>>, Rejection> {
        if !self.needs_log(root, who) {
            return Ok(Vec::new());
        }
        let entries = log::entries(contents, &root.logs)?;
        let now = self.time.moment();
        for entry in &entries {
            entry.check_fields(now)?;
            entry.promised_time().map_or(Ok(()), |time| times::check(time?, now))?;
        }
        Ok(entries)
    }

    /// A certificate leads to its root. A key does not, and must not find the root that asks for least.
    fn needs_log(&self, root: &TrustRoot, who: &Who) -> bool {
        let has_logs = match (who, self.roots) {
            (Who::Key(_), Roots::Several(roots)) => roots.iter().any(|root| !root.logs.is_empty()),
            _ => !root.logs.is_empty(),
        };
        self.needs_log && has_logs
    }

    fn signer(
        &self,
        by: &By<'_>,
        expectation: &Expectation,
        root: &TrustRoot,
        times: &[TimeEvidence],
    ) -> Result<Signer, Rejection> {
        let issued = match by {
            By::Key(key) => {
                identity::check_no_claims(expectation)?;
                let public_key_der = key.as_der().to_vec();
                return Ok(Signer::Key(KeySigner { public_key_der }));
            }
            By::Certificate(issued) => issued,
        };
        let mut times: Vec<_> = times.iter().map(TimeEvidence::time).collect();
        if times.is_empty() && !self.needs_signed_time {
            times.push(self.time.moment());
        }
        let (paths, trusted) = issued.paths_at(&times)?;
        let published = match self.needs_certificate_transparency && !root.certificate_logs.is_empty() {
            true => Some(issued.check_published(&paths, &root.certificate_logs)?),
            false => None,
        };
        let (name, matched) = identity::check(expectation, &issued.leaf)?;
        Ok(Signer::Certificate(CertifiedSigner {
            identity: name.to_owned(),
            issuer: issued.leaf.oidc_issuer().map(str::to_owned),
            claims: Arc::clone(issued.leaf.claims()),
            not_before: issued.leaf.not_before,
            not_after: issued.leaf.not_after,
            trusted,
            published,
            matched,
        }))
    }
}

/// By whose key it is signed.
enum By<'a> {
    Key(&'a PublicKey),
    Certificate(Arc<Issued>),
}

impl<'a> By<'a> {
    fn of(contents: &Unverified, root: &TrustRoot, who: &'a Who) -> Result<Self, Rejection> {
        match (who, certificates(&contents.key_material)) {
            (Who::Key(key), _) => Ok(Self::Key(key)),
            (Who::Certificate { .. }, Some((leaf, between))) => root.issued(leaf, between).map(Self::Certificate),
            (Who::Certificate { .. }, None) => Err(Rejection::NotChecked { check: "certificate" }),
        }
    }

    fn key(&self) -> &VerificationKey {
        match self {
            Self::Key(key) => &key.key,
            Self::Certificate(issued) => &issued.leaf.key,
        }
    }

    fn as_logged(&self) -> log::Verifier<'_> {
        match self {
            Self::Key(key) => log::Verifier::Key(key.as_der()),
            Self::Certificate(issued) => log::Verifier::Certificate(&issued.leaf.der),
        }
    }
}

/// The leaf, and what stands between it and an authority.
fn certificates(material: &KeyMaterial) -> Option<(&[u8], &[Vec<u8>])> {
    match material {
        KeyMaterial::Certificate(leaf) => Some((leaf, &[])),
        KeyMaterial::Chain(chain) => chain.split_first().map(|(leaf, between)| (leaf.as_slice(), between)),
        _ => None,
    }
}

fn check_key_material(material: &KeyMaterial, expected: &Who) -> Result<(), Rejection> {
    let (certificate, key) = ("a certificate", "a key of its own");
    match (expected, material) {
        (Who::Certificate { .. }, KeyMaterial::PublicKey { .. }) => Err(Rejection::KeyMaterialMismatch {
            expected: certificate,
            found: key,
        }),
        (Who::Certificate { .. }, _) => Ok(()),
        (Who::Key(expected), KeyMaterial::PublicKey { hint }) => check_hint(expected, hint),
        (Who::Key(_), _) => Err(Rejection::KeyMaterialMismatch {
            expected: key,
            found: certificate,
        }),
    }
}

fn check_hint(key: &PublicKey, hint: &str) -> Result<(), Rejection> {
    match hint::is_of(key, hint) {
        true => Ok(()),
        false => Err(Rejection::KeyHintMismatch {
            expected: hint::usual(&key.key),
            found: hint.to_owned(),
        }),
    }
}

/// Checks the signature, and that every log entry is about it.
fn check_signed(
    contents: &Unverified,
    by: &By<'_>,
    entries: &[Entry<'_>],
    at_hand: AtHand<'_>,
) -> Result<(Content, SignatureValid), Rejection> {
    let (verifier, key) = (by.as_logged(), by.key());
    let about = |signature, signed| About {
        signature,
        verifier,
        signed,
    };
    let is_logged_so = |scheme| entries.iter().all(|entry| entry.body.allows(scheme));
    let claim = |signature| signature::Claim {
        key,
        signature,
        is_logged_so: &is_logged_so,
    };
    match &contents.content {
        SignedContent::Message(message) => {
            let digests = artifact_digests(message.digest.as_ref(), entries, at_hand)?;
            let (digest, valid) = signature::check_artifact(&claim(&message.signature), &digests, at_hand)?;
            check_entries(entries, &about(&message.signature, SignedAs::Artifact(&digest)))?;
            Ok((Content::Artifact(digest), valid))
        }
        SignedContent::Envelope(envelope) => {
            let (payload, payload_type) = (envelope.payload().as_bytes(), envelope.payload().payload_type());
            if payload_type != media_type::IN_TOTO {
                return Err(Rejection::Unsupported {
                    detail: format!("payload of type `{payload_type}`"),
                });
            }
            let encoding = &pre_authentication_encoding(payload_type, payload);
            let valid = signature::check_message(&claim(envelope.signature()), encoding)?;
            let signed = SignedAs::Envelope {
                encoding,
                payload,
                payload_type,
            };
            check_entries(entries, &about(envelope.signature(), signed))?;
            let subjects = Subjects::of(Statement::parse(payload)?);
            Ok((Content::Statement(subjects), valid))
        }
        _ => Err(unsupported_content()),
    }
}

fn check_entries(entries: &[Entry<'_>], about: &About<'_>) -> Result<(), Rejection> {
    entries.iter().try_for_each(|entry| entry.body.check(about))
}

/// What the artifact may have as its digest: what the signature says, else what a log entry says, else what is at hand.
fn artifact_digests(
    claimed: Option<&Digest>,
    entries: &[Entry<'_>],
    at_hand: AtHand<'_>,
) -> Result<Vec<Digest>, Rejection> {
    let logged = || entries.iter().find_map(|entry| entry.body.artifact_digest());
    if let Some(digest) = claimed.or_else(logged) {
        return Ok(vec![digest.clone()]);
    }
    match at_hand {
        AtHand::Digests(digests) => Ok(digests.iter().cloned().collect()),
        AtHand::Bytes(bytes) => Ok(signature::digests_of(bytes)),
        AtHand::Nothing => Err(Rejection::BundleInvalid {
            detail: "neither the signature nor a log entry has the digest of the artifact".to_owned(),
        }),
    }
}

fn signature_of(contents: &Unverified) -> Result<&[u8], Rejection> {
    match &contents.content {
        SignedContent::Message(message) => Ok(&message.signature),
        SignedContent::Envelope(envelope) => Ok(envelope.signature()),
        _ => Err(unsupported_content()),
    }
}

fn unsupported_content() -> Rejection {
    Rejection::Unsupported {
        detail: "signed content of this kind".to_owned(),
    }
}

fn log_evidence(entry: &Entry<'_>) -> LogEvidence {
    LogEvidence {
        log: entry.log.url.clone(),
        index: entry.signed_index(),
        kind: format!("{}/{}", entry.entry.kind, entry.entry.version),
    }
}

fn not_checked(
    contents: &Unverified,
    entries: &[Entry<'_>],
    signer: &Signer,
    times: &[TimeEvidence],
) -> Vec<&'static str> {
    let published = match signer {
        Signer::Certificate(signer) => signer.certificate_published().is_some(),
        Signer::Key(_) => true,
    };
    let checks = [
        (!entries.is_empty(), "transparency log"),
        (
            entries.is_empty() || entries.len() == contents.log_entries.len(),
            "entries of other logs",
        ),
        (published, "certificate transparency"),
        (!times.is_empty(), "signed time"),
    ];
    checks
        .iter()
        .filter(|(made, _)| !made)
        .map(|(_, check)| *check)
        .collect()
}
