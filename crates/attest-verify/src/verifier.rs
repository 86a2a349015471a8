use attest_digest::{Algorithm, Digest};
use attestation::{Bundle, KeyMaterial, LogEntry, SignedContent, Statement, Unverified, media_type};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use sigstore_crypto::sha256;
use sigstore_verify::{PublicKeyVerificationPolicy, VerificationPolicy, VerificationResult};

use crate::expectation::Expected;
use crate::proof::{
    CertificatePublished, CertificateTrusted, IdentityMatched, LogIncluded, SignatureValid, TimeSigned,
};
use crate::signer::{UnverifiedSigner, claims};
use crate::trust_root::KnownLog;
use crate::verified::{Content, LogEvidence, Proven, TimeEvidence, VerifiedBundle};
use crate::{
    CertifiedSigner, Expectation, KeySigner, PublicKey, Rejection, Signer, TrustRoot, VerificationTime, engine, log,
    timestamp,
};

/// Checks bundles against a trust root, as of a moment. Making one costs nothing; the root was prepared when it was read.
#[derive(Debug, Clone, Copy)]
pub struct Verifier<'a> {
    root: &'a TrustRoot,
    time: VerificationTime,
}

impl<'a> Verifier<'a> {
    /// Trusts `root`, as of `time`.
    #[must_use]
    pub fn new(root: &'a TrustRoot, time: VerificationTime) -> Self {
        Self { root, time }
    }

    /// Makes every check that does not need an artifact, once; any number of artifacts can then be held against the result.
    ///
    /// # Errors
    /// [`Rejection`] says what was found and expected.
    pub fn verify_bundle(&self, bundle: &Bundle, expectation: &Expectation) -> Result<VerifiedBundle, Rejection> {
        let contents = bundle.peek_unverified();
        check_key_material(&contents.key_material, &expectation.0)?;
        let (content, claimed) = content(contents)?;
        let logs = log::check_entries(contents, self.root)?;
        self.check_log_times(contents)?;
        let bundle = engine::bundle(contents, &logs)?;
        let result = self.run_engine((contents, &bundle), &claimed, &expectation.0)?;
        let authorities = timestamp::check_timestamps(contents, self.root)?;
        let times = self.times(contents, &authorities, &result)?;
        let proven = Proven {
            signed_time: signed_time(&expectation.0, &times)?,
            signer: signer(&expectation.0, &result)?,
            content,
            logs: log_evidence(contents, &logs),
            times,
            signature: SignatureValid::of(&result),
            included: LogIncluded::of(&result, logs.len())?,
        };
        Ok(VerifiedBundle::new(proven))
    }

    fn run_engine(
        &self,
        (contents, bundle): (&Unverified, &sigstore_types::Bundle),
        claimed: &Digest,
        expected: &Expected,
    ) -> Result<VerificationResult, Rejection> {
        let artifact = engine::artifact(claimed)?;
        let verifier = &self.root.engine;
        match expected {
            Expected::Certificate { identity, issuer } => {
                let policy = VerificationPolicy::new(identity.as_str(), issuer.as_str());
                verifier.verify(artifact, bundle, &policy)
            }
            Expected::Key(key) => {
                let policy = PublicKeyVerificationPolicy::new(key.to_engine());
                verifier.verify(artifact, bundle, &policy)
            }
        }
        .map_err(|error| {
            let signer = contents.certificate().and_then(UnverifiedSigner::peek);
            engine::rejection(error, signer.as_ref())
        })
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

fn check_key_material(material: &KeyMaterial, expected: &Expected) -> Result<(), Rejection> {
    let (certificate, key) = ("a certificate", "a key of its own");
    match (expected, material) {
        (Expected::Certificate { .. }, KeyMaterial::PublicKey { .. }) => Err(Rejection::KeyMaterialMismatch {
            expected: certificate,
            found: key,
        }),
        (Expected::Certificate { .. }, _) => Ok(()),
        (Expected::Key(expected), KeyMaterial::PublicKey { hint }) => check_hint(expected, hint),
        (Expected::Key(_), _) => Err(Rejection::KeyMaterialMismatch {
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

fn signer(expected: &Expected, result: &VerificationResult) -> Result<Signer, Rejection> {
    let (identity, issuer) = match expected {
        Expected::Certificate { identity, issuer } => (identity, issuer),
        Expected::Key(key) => {
            return Ok(Signer::Key(KeySigner {
                public_key_der: key.as_der().to_vec(),
            }));
        }
    };
    let certificate = result
        .certificate()
        .ok_or(Rejection::NotChecked { check: "certificate" })?;
    Ok(Signer::Certificate(CertifiedSigner {
        identity: identity.as_str().to_owned(),
        issuer: issuer.as_str().to_owned(),
        claims: claims(certificate),
        not_before: certificate.not_before,
        not_after: certificate.not_after,
        trusted: CertificateTrusted::of(result)?,
        published: CertificatePublished::of(result)?,
        matched: IdentityMatched::of(result)?,
    }))
}

/// A certificate lives for minutes and counts only with a time; a key may come without.
fn signed_time(expected: &Expected, times: &[TimeEvidence]) -> Result<Option<TimeSigned>, Rejection> {
    match (expected, times.len()) {
        (Expected::Key(_), 0) => Ok(None),
        (_, times) => TimeSigned::of(times).map(Some),
    }
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
