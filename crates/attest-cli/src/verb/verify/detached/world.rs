use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use attest_detached::{
    CLEAR_SIGNED_LIMIT, ClearSigned, DetachedError, DetachedSignature, Format, SignerKeys, Verification,
    VerifiedDetached, VerifiedText, helm_files,
};
use attest_digest::{Algorithm, Algorithms, Digest, Measured};

use super::super::checksums::{ListText, Texts};
use super::super::evidence::Origin;
use super::super::finding::{Finding, Proven};
use super::super::input::Subject;
use super::super::judgement::Judgement;
use super::super::problem::Problem;
use super::Examined;
use super::search::{Candidate, Search};

/// The keys, and what else decides about a signature.
pub(super) struct World<'a> {
    pub(super) keys: &'a SignerKeys,
    pub(super) moment: jiff::Timestamp,
    pub(super) namespace: &'a str,
    pub(super) principal: Option<&'a str>,
}

/// A candidate, read.
enum Signature {
    Detached(DetachedSignature),
    Clear(ClearSigned),
    /// It is of a world in which these keys say nothing.
    Foreign(Problem),
    /// It is no signature, whatever its name says.
    None,
}

/// What a signature proves of an artifact.
struct Covered {
    measured: Measured,
    proof: VerifiedDetached,
    text: Option<ListText>,
}

impl World<'_> {
    /// Reads an artifact with each of its signatures. All that are of the world of the keys have to hold.
    pub(super) fn examine(&self, subject: &Subject, search: &Search<'_>) -> Examined {
        match subject {
            Subject::File(path) => self.examine_with(subject, search.candidates(Some(path))),
            Subject::Stdin => self.examine_with(subject, search.candidates(None)),
            Subject::Refused(_, problem) => Examined::refused(subject, problem.clone()),
            Subject::Digest(_) | Subject::Image(_) | Subject::Tree(_) => {
                let message = format_args!(
                    "expected a file: signatures of {} are over its bytes",
                    self.keys.format()
                );
                Examined::refused(subject, Problem::rejected("digest-alone", message))
            }
        }
    }

    fn examine_with(&self, subject: &Subject, candidates: Vec<Candidate>) -> Examined {
        let mut examined = Examined::refused(subject, self.unsigned(subject));
        for candidate in candidates {
            match self.read(&candidate) {
                Ok(Signature::None) => {}
                Ok(Signature::Foreign(problem)) => examined.set_aside(candidate, problem),
                Ok(Signature::Detached(signature)) => examined.add(candidate, self.cover(subject, &signature)),
                Ok(Signature::Clear(message)) => examined.add(candidate, self.cover_with_text(subject, &message)),
                Err(problem) => examined.add(candidate, Err(problem)),
            }
        }
        if let (true, Some(path)) = (examined.is_unsigned, subject.file()) {
            self.examine_message(path, &mut examined);
        }
        examined
    }

    fn read(&self, candidate: &Candidate) -> Result<Signature, Problem> {
        let bytes = read(&candidate.path)?;
        let (keys, named) = (self.keys.format(), candidate.is_named);
        if ClearSigned::recognise(&bytes) {
            return match keys == Format::OpenPgp || named {
                true => ClearSigned::parse(&bytes)
                    .map(Signature::Clear)
                    .map_err(|error| Problem::from(&error)),
                false => Ok(Signature::Foreign(self.foreign(Format::OpenPgp))),
            };
        }
        match DetachedSignature::recognise(&bytes) {
            None if !named => Ok(self.of_sigstore(&bytes).map_or(Signature::None, Signature::Foreign)),
            // A key of signify may be one of minisign whose comment somebody has changed.
            Some(found) if !named && found != keys && (keys, found) != (Format::Signify, Format::Minisign) => {
                Ok(Signature::Foreign(self.foreign(found)))
            }
            _ => DetachedSignature::parse(&bytes)
                .map(Signature::Detached)
                .map_err(|error| Problem::from(&error)),
        }
    }

    fn cover(&self, subject: &Subject, signature: &DetachedSignature) -> Result<Covered, Problem> {
        let verification = Verification {
            signature,
            keys: self.keys,
            moment: self.moment,
            namespace: self.namespace,
            principal: self.principal,
        };
        let proof = verification
            .verify(open(subject)?)
            .map_err(|error| Problem::from(&error))?;
        Ok(Covered {
            measured: proof.measured().clone(),
            proof,
            text: None,
        })
    }

    /// A clear-signed message beside a file holds the file itself, or, as Helm writes it, its digest.
    fn cover_with_text(&self, subject: &Subject, message: &ClearSigned) -> Result<Covered, Problem> {
        let verified = self.verify_text(message)?;
        let measured = match helm_files(&verified) {
            Ok(files) => {
                let measured = measure(open(subject)?).map_err(|error| unreadable(&error))?;
                listed(subject, &files, &measured)?;
                measured
            }
            Err(_) => {
                let bytes = read_all(open(subject)?)?;
                if bytes != verified.text() {
                    let message = "expected the bytes that the clear-signed message holds, found others";
                    return Err(Problem::rejected("clear-signed-mismatch", message));
                }
                Measured::of_bytes(&bytes, &sha256())
            }
        };
        Ok(Covered {
            measured,
            proof: verified.proof().clone(),
            text: None,
        })
    }

    /// The artifact may itself be a clear-signed message.
    fn examine_message(&self, path: &Path, examined: &mut Examined) {
        if self.keys.format() == Format::OpenPgp && is_message(path) {
            let candidate = Candidate {
                path: path.to_owned(),
                origin: Origin::Given,
                is_named: true,
            };
            examined.add(candidate, self.cover_message(path));
        }
    }

    fn cover_message(&self, path: &Path) -> Result<Covered, Problem> {
        let bytes = read(path)?;
        let message = ClearSigned::parse(&bytes).map_err(|error| Problem::from(&error))?;
        let verified = self.verify_text(&message)?;
        Ok(Covered {
            measured: Measured::of_bytes(&bytes, &sha256()),
            proof: verified.proof().clone(),
            text: Some(match helm_files(&verified) {
                Ok(files) => ListText::Files(files),
                Err(_) => ListText::Lines(verified.text().to_owned()),
            }),
        })
    }

    fn verify_text(&self, message: &ClearSigned) -> Result<VerifiedText, Problem> {
        message
            .verify(self.keys, self.moment)
            .map_err(|error| Problem::from(&error))
    }

    fn unsigned(&self, subject: &Subject) -> Problem {
        let message = format_args!(
            "expected a signature of {} for `{}`, found none",
            self.keys.format(),
            subject.shown()
        );
        Problem::rejected("no-signature", message)
    }

    /// A bare signature is for whoever has a key of Sigstore, or expects a certificate.
    fn of_sigstore(&self, bytes: &[u8]) -> Option<Problem> {
        let found = attestation::foreign::Format::recognise(bytes).filter(|found| found.is_detached())?;
        let message = format_args!("expected a signature by a key of {}, found {found}", self.keys.format());
        Some(Problem::passed_over("signature-of-another-world", message))
    }

    fn foreign(&self, found: Format) -> Problem {
        Problem::from(&DetachedError::FormatMismatch {
            expected: self.keys.format(),
            found,
        })
        .into_passed_over()
    }
}

/// As much as says that a file is a clear-signed message.
const CLEAR_SIGNED_BEGINNING: usize = 34;

/// Whether a file begins as a clear-signed message does.
pub(in super::super) fn is_message(path: &Path) -> bool {
    let mut beginning = [0; CLEAR_SIGNED_BEGINNING];
    let file = open(&Subject::File(path.to_owned()));
    file.is_ok_and(|mut file| file.read_exact(&mut beginning).is_ok() && ClearSigned::recognise(&beginning))
}

fn open(subject: &Subject) -> Result<Box<dyn Read>, Problem> {
    let Some(path) = subject.file() else {
        return Ok(Box::new(io::stdin().lock()));
    };
    let cannot_open = |error| Problem::undecided("cannot-open", format_args!("cannot open: {error}"));
    // A pipe would be waited for.
    if !std::fs::metadata(path).map_err(cannot_open)?.is_file() {
        let message = "expected a regular file, found something else";
        return Err(Problem::undecided("not-a-regular-file", message));
    }
    Ok(Box::new(File::open(path).map_err(cannot_open)?))
}

/// A signature, or a clear-signed message, which is the larger of the two.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, Problem> {
    read_all(open(&Subject::File(path.to_owned()))?)
}

fn read_all(reader: impl Read) -> Result<Vec<u8>, Problem> {
    let mut bytes = Vec::new();
    let mut limited = reader.take(CLEAR_SIGNED_LIMIT as u64 + 1);
    limited.read_to_end(&mut bytes).map_err(|error| unreadable(&error))?;
    match bytes.len() > CLEAR_SIGNED_LIMIT {
        true => Err(Problem::rejected(
            "signature-too-large",
            format_args!("expected at most {CLEAR_SIGNED_LIMIT} bytes, found more"),
        )),
        false => Ok(bytes),
    }
}

fn unreadable(error: &io::Error) -> Problem {
    Problem::undecided("cannot-read", format_args!("cannot read: {error}"))
}

/// Whether a list says of the file what was measured.
fn listed(subject: &Subject, files: &[(String, Digest)], measured: &Measured) -> Result<(), Problem> {
    let name = subject.file_name().unwrap_or_default().to_string_lossy();
    let Some((_, expected)) = files.iter().find(|(listed, _)| *listed == name) else {
        let message = format_args!("expected `{name}` among the files that are signed, found it not");
        return Err(Problem::rejected("file-not-listed", message));
    };
    match measured.digest(Algorithm::Sha256) {
        Some(found) if found == expected => Ok(()),
        found => Err(super::super::checksums::mismatch(&name, expected, found)),
    }
}

fn measure(reader: impl Read) -> io::Result<Measured> {
    attest_digest::measure_reader(reader, &sha256())
}

fn sha256() -> Algorithms {
    Algorithms::one(Algorithm::Sha256)
}

impl Examined {
    fn refused(subject: &Subject, problem: Problem) -> Self {
        Self {
            judgement: Judgement::unmeasured(subject, problem),
            findings: Vec::new(),
            texts: Texts::new(),
            is_unsigned: true,
        }
    }

    /// A signature that these keys say nothing about: neither help nor harm.
    fn set_aside(&mut self, candidate: Candidate, problem: Problem) {
        self.findings
            .push(Finding::new(candidate.path, candidate.origin, Err(problem)));
    }

    fn add(&mut self, candidate: Candidate, covered: Result<Covered, Problem>) {
        if std::mem::take(&mut self.is_unsigned) {
            self.judgement.problems.clear();
        }
        let place = self.findings.len();
        let result = match covered {
            Ok(covered) => {
                self.judgement.digest = covered.measured.digest(Algorithm::Sha256).cloned();
                self.judgement.covered_by.push(place);
                if let (Some(text), Some(path)) = (covered.text, self.judgement.subject.file()) {
                    self.texts.insert(path.to_owned(), text);
                }
                Ok(Proven::from(&covered.proof))
            }
            Err(problem) => {
                self.judgement.problems.push(problem.clone().by(place));
                Err(problem)
            }
        };
        self.findings
            .push(Finding::new(candidate.path, candidate.origin, result));
    }
}
