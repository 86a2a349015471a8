use attest_digest::{Algorithm, Digest};
use attestation::{Bundle, KeyMaterial, LogEntry, SignedContent, Statement, Unverified, media_type};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use sigstore_crypto::sha256;
use sigstore_verify::{PublicKeyVerificationPolicy, VerificationPolicy, VerificationResult};

use crate::expectation::Who;
use crate::proof::{CertificatePublished, CertificateTrusted, LogIncluded, SignatureValid, TimeSigned};
use crate::signer::UnverifiedSigner;
use crate::trust_root::KnownLog;
use crate::verified::{Content, LogEvidence, Proven, TimeEvidence, VerifiedBundle};
use crate::{
    CertifiedSigner, Expectation, KeySigner, PublicKey, Rejection, Signer, TrustRoot, VerificationTime, engine,
    identity, log, timestamp,
};

/// Checks bundles against trust roots, as of a moment. Making one costs nothing; a root was prepared when it was read.
#[derive(Debug, Clone, Copy)]
pub struct Verifier<'a> {
    roots: Roots<'a>,
    time: VerificationTime,
    needs_log: bool,
    needs_certificate_transparency: bool,
}

#[derive(Debug, Clone, Copy)]
enum Roots<'a> {
    One(&'a TrustRoot),
    Several(&'a [&'a TrustRoot]),
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

    fn of(roots: Roots<'a>, time: VerificationTime) -> Self {
        Self {
            roots,
            time,
            needs_log: true,
            needs_certificate_transparency: true,
        }
    }

    /// Makes every check that does not need an artifact, once; any number of artifacts can then be held against the result.
    ///
    /// # Errors
    /// [`Rejection`] says what was found and expected.
    pub fn verify_bundle(&self, bundle: &Bundle, expectation: &Expectation) -> Result<VerifiedBundle, Rejection> {
        let mut contents = bundle.peek_unverified().clone();
        check_key_material(&contents.key_material, &expectation.who)?;
        let (content, claimed) = content(&contents)?;
        let root = self.root(&contents)?;
        let needs_log = self.needs_log && root.has_logs;
        if !needs_log {
            contents.log_entries.clear();
        }
        let logs = log::check_entries(&contents, root)?;
        self.check_log_times(&contents)?;
        let bundle = engine::bundle(&contents, &logs)?;
        let result = self.run_engine((&contents, &bundle), &claimed, (root, needs_log), &expectation.who)?;
        let authorities = timestamp::check_timestamps(&contents, root)?;
        let times = self.times(&contents, &authorities, &result)?;
        let signer = self.signer(expectation, &contents, root, &result)?;
        let proven = Proven {
            not_checked: not_checked(needs_log, &signer, &times),
            signed_time: signed_time(&expectation.who, &times)?,
            signer,
            content,
            logs: log_evidence(&contents, &logs),
            times,
            signature: SignatureValid::of(&result),
            included: needs_log.then(|| LogIncluded::of(&result, logs.len())).transpose()?,
        };
        Ok(VerifiedBundle::new(proven))
    }

    fn root(&self, contents: &Unverified) -> Result<&'a TrustRoot, Rejection> {
        let roots = match self.roots {
            Roots::One(root) => return Ok(root),
            Roots::Several(roots) => roots,
        };
        let knows_signer = |root: &&&TrustRoot| match contents.certificate() {
            Some(certificate) => root.has_issuer_of(certificate),
            None => contents
                .log_entries
                .iter()
                .any(|entry| root.log(&entry.log_id).is_some()),
        };
        let known = roots.iter().find(knows_signer).or(roots.first());
        known.copied().ok_or(Rejection::NotChecked { check: "trust root" })
    }

    fn run_engine(
        &self,
        (contents, bundle): (&Unverified, &sigstore_types::Bundle),
        claimed: &Digest,
        (root, needs_log): (&TrustRoot, bool),
        expected: &Who,
    ) -> Result<VerificationResult, Rejection> {
        let artifact = engine::artifact(claimed)?;
        let verifier = &root.engine;
        match expected {
            Who::Certificate { .. } => {
                let mut policy = VerificationPolicy::any_identity();
                if !needs_log {
                    policy = policy.skip_tlog_unsafe();
                }
                if !self.needs_published(root) {
                    policy = policy.skip_sct();
                }
                verifier.verify(artifact, bundle, &policy)
            }
            Who::Key(key) => {
                let mut policy = PublicKeyVerificationPolicy::new(key.to_engine());
                if !needs_log {
                    policy = policy.skip_tlog_unsafe();
                }
                verifier.verify(artifact, bundle, &policy)
            }
        }
        .map_err(|error| {
            let signer = contents.certificate().and_then(UnverifiedSigner::peek);
            engine::rejection(error, signer.as_ref())
        })
    }

    fn needs_published(&self, root: &TrustRoot) -> bool {
        self.needs_certificate_transparency && root.has_certificate_logs
    }

    fn signer(
        &self,
        expectation: &Expectation,
        contents: &Unverified,
        root: &TrustRoot,
        result: &VerificationResult,
    ) -> Result<Signer, Rejection> {
        if let Who::Key(key) = &expectation.who {
            identity::check_no_claims(expectation)?;
            let public_key_der = key.as_der().to_vec();
            return Ok(Signer::Key(KeySigner { public_key_der }));
        }
        let found = contents.certificate().and_then(UnverifiedSigner::peek);
        let found = found.ok_or(Rejection::NotChecked { check: "certificate" })?;
        let matched = identity::check(expectation, &found)?;
        Ok(Signer::Certificate(CertifiedSigner {
            identity: found.identity.unwrap_or_default(),
            issuer: found.issuer,
            claims: found.claims,
            not_before: found.not_before,
            not_after: found.not_after,
            trusted: CertificateTrusted::of(result)?,
            published: self
                .needs_published(root)
                .then(|| CertificatePublished::of(result))
                .transpose()?,
            matched,
        }))
    }

    /// The engine holds the time of a promise against the clock of the machine. Before it can, the time is held against the
    /// moment that was asked for.
    fn check_log_times(&self, contents: &Unverified) -> Result<(), Rejection> {
        let promised = contents.log_entries.iter().filter(|entry| entry.promise.is_some());
        promised
            .filter_map(|entry| entry.integrated_time)
            .try_for_each(|seconds| self.check_time(engine::moment(seconds)?))
    }

    fn check_time(&self, time: Timestamp) -> Result<(), Rejection> {
        let verification_time = self.time.moment();
        match time > verification_time {
            true => Err(Rejection::NotYetValid {
                time,
                verification_time,
            }),
            false => Ok(()),
        }
    }

    /// The engine gives the times of a certificate's bundle in this order: timestamps, then logs; for a key, the reverse.
    fn times(
        &self,
        contents: &Unverified,
        authorities: &[&str],
        result: &VerificationResult,
    ) -> Result<Vec<TimeEvidence>, Rejection> {
        let mut verified = result.verified_timestamps().to_vec();
        if contents.certificate().is_none() {
            let logs = verified.len().saturating_sub(authorities.len());
            verified.rotate_left(logs);
        }
        verified.iter().try_for_each(|time| self.check_time(*time))?;
        let mut names = authorities.iter();
        Ok(verified
            .into_iter()
            .map(|time| match names.next() {
                Some(authority) => TimeEvidence::Authority {
                    authority: (*authority).to_owned(),
                    time,
                },
                None => TimeEvidence::Log { time },
            })
            .collect())
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

/// A hint proves nothing, and may be left out. One that is there has to be right.
fn check_hint(key: &PublicKey, hint: &str) -> Result<(), Rejection> {
    let expected = STANDARD.encode(sha256(key.as_der()).as_bytes());
    match hint.is_empty() || hint == expected {
        true => Ok(()),
        false => Err(Rejection::KeyHintMismatch {
            expected,
            found: hint.to_owned(),
        }),
    }
}

/// What is signed, and a digest out of it that the engine can be asked about. Everything else about the digest is left to
/// [`VerifiedBundle::artifact`].
fn content(contents: &Unverified) -> Result<(Content, Digest), Rejection> {
    match &contents.content {
        SignedContent::Message(message) => {
            let digest = match &message.digest {
                Some(digest) => digest.clone(),
                None => logged_digest(contents)?,
            };
            Ok((Content::Artifact(digest.clone()), digest))
        }
        SignedContent::Envelope(envelope) => {
            let payload = envelope.payload();
            if payload.payload_type() != media_type::IN_TOTO {
                return Err(Rejection::Unsupported {
                    detail: format!("payload of type `{}`", payload.payload_type()),
                });
            }
            let statement = Statement::parse(payload.as_bytes())?;
            let digest = digest_for_engine(&statement)?;
            Ok((Content::Statement(statement), digest))
        }
        _ => Err(Rejection::Unsupported {
            detail: "signed content of this kind".to_owned(),
        }),
    }
}

fn digest_for_engine(statement: &Statement) -> Result<Digest, Rejection> {
    [Algorithm::Sha256, Algorithm::Sha512]
        .into_iter()
        .find_map(|algorithm| {
            let mut subjects = statement.subjects().iter();
            subjects.find_map(|subject| subject.digests().of(algorithm).cloned())
        })
        .ok_or_else(|| Rejection::Unsupported {
            detail: "a statement whose subjects have neither a sha256 nor a sha512 digest".to_owned(),
        })
}

/// A message signature may leave the digest out; the log entry has it.
fn logged_digest(contents: &Unverified) -> Result<Digest, Rejection> {
    let bodies = contents.log_entries.iter().map(|entry| &entry.body);
    bodies
        .filter_map(|body| serde_json::from_slice::<serde_json::Value>(body).ok())
        .find_map(|body| {
            let hash = &body["spec"]["data"]["hash"];
            if hash["algorithm"] == "sha256" {
                return Digest::from_hex(Algorithm::Sha256, hash["value"].as_str()?).ok();
            }
            let data = &body["spec"]["hashedRekordV002"]["data"];
            let digest = STANDARD.decode(data["digest"].as_str()?).ok()?;
            Digest::from_bytes(Algorithm::Sha256, &digest).ok()
        })
        .ok_or_else(|| Rejection::BundleInvalid {
            detail: "neither the signature nor a log entry has the digest of the artifact".to_owned(),
        })
}

/// A certificate lives for minutes and counts only with a time; a key may come without.
fn signed_time(expected: &Who, times: &[TimeEvidence]) -> Result<Option<TimeSigned>, Rejection> {
    match (expected, times.len()) {
        (Who::Key(_), 0) => Ok(None),
        (_, times) => TimeSigned::of(times).map(Some),
    }
}

fn not_checked(needs_log: bool, signer: &Signer, times: &[TimeEvidence]) -> Vec<&'static str> {
    let published = match signer {
        Signer::Certificate(signer) => signer.certificate_published().is_some(),
        Signer::Key(_) => true,
    };
    let checks = [
        (needs_log, "transparency log"),
        (published, "certificate transparency"),
        (!times.is_empty(), "signed time"),
    ];
    checks
        .iter()
        .filter(|(made, _)| !made)
        .map(|(_, check)| *check)
        .collect()
}

fn log_evidence(contents: &Unverified, logs: &[&KnownLog]) -> Vec<LogEvidence> {
    contents
        .log_entries
        .iter()
        .zip(logs)
        .map(|(entry, log)| LogEvidence {
            log: log.url.clone(),
            index: signed_index(entry),
            kind: format!("{}/{}", entry.kind, entry.version),
        })
        .collect()
}

/// A promise signs the index in the whole log; without one, the proof shows the index in its tree.
fn signed_index(entry: &LogEntry) -> u64 {
    match (&entry.promise, &entry.proof) {
        (None, Some(proof)) => proof.log_index,
        _ => entry.log_index,
    }
}
