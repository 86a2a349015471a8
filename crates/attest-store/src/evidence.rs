use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// What a file holds, by its name alone. Of which format the content is, the content says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum EvidenceKind {
    /// Signatures that come with everything about them.
    Bundle,
    /// A signature, of whatever world, over the file whose name it bears.
    Signature,
    /// The certificate of a signature that lies beside it.
    Certificate,
    /// The log entry of a signature that lies beside it.
    LogEntry,
    /// The timestamp of a signature that lies beside it.
    Timestamp,
}

/// Every ending that makes a file evidence, the more telling first: of two that fit, the first counts.
const ENDINGS: [(&str, EvidenceKind); 21] = [
    (".sigstore.json", EvidenceKind::Bundle),
    (".sigstore.jsonl", EvidenceKind::Bundle),
    (".sigstore", EvidenceKind::Bundle),
    (".intoto.jsonl", EvidenceKind::Bundle),
    (".publish.attestation", EvidenceKind::Bundle),
    (".slsa.attestation", EvidenceKind::Bundle),
    (".attestation", EvidenceKind::Bundle),
    (".attestations.json", EvidenceKind::Bundle),
    (".provenance", EvidenceKind::Bundle),
    (".bundle", EvidenceKind::Bundle),
    (".sig", EvidenceKind::Signature),
    (".minisig", EvidenceKind::Signature),
    (".sshsig", EvidenceKind::Signature),
    (".asc", EvidenceKind::Signature),
    (".prov", EvidenceKind::Signature),
    (".pem", EvidenceKind::Certificate),
    (".crt", EvidenceKind::Certificate),
    (".cert", EvidenceKind::Certificate),
    (".rekor", EvidenceKind::LogEntry),
    (".rekor.json", EvidenceKind::LogEntry),
    (".tsr", EvidenceKind::Timestamp),
];

/// The files of a signature that came without a bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SignatureFiles {
    /// The signature itself.
    pub signature: PathBuf,
    /// The certificate or key, if one lies beside it.
    pub certificate: Option<PathBuf>,
    /// The log entry, if one lies beside it.
    pub log_entry: Option<PathBuf>,
    /// The timestamp, if one lies beside it.
    pub timestamp: Option<PathBuf>,
}

/// What lies beside an artifact under its name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct EvidenceBeside {
    /// Files of bundles, in the order in which they are tried.
    pub bundles: Vec<PathBuf>,
    /// Signatures with the files that belong to them.
    pub signatures: Vec<SignatureFiles>,
}

impl EvidenceKind {
    /// The kind of a file of this name, or none when it is no evidence by its name. What a file holds makes it none either.
    #[must_use]
    pub fn of_name(path: &Path) -> Option<Self> {
        match ending(path) {
            Some((_, kind)) => Some(kind),
            None => is_named_by_digest(path).then_some(Self::Bundle),
        }
    }
}

/// The path without the ending that makes it evidence: the artifact whose name it bears. None for what is no evidence by
/// its name, and for a bare ending.
#[must_use]
pub fn artifact_of(evidence: &Path) -> Option<PathBuf> {
    let (ending, _) = ending(evidence)?;
    let mut artifact = evidence.to_owned();
    for _ in ending.matches('.') {
        let without = artifact
            .file_stem()
            .filter(|_| artifact.extension().is_some())?
            .to_owned();
        artifact.set_file_name(without);
    }
    Some(artifact)
}

/// Everything that lies beside an artifact under its name.
#[must_use]
pub fn evidence_beside(artifact: &Path) -> EvidenceBeside {
    let of_kind = |kind: EvidenceKind| {
        let endings = ENDINGS.iter().filter(move |(_, found)| *found == kind);
        endings
            .map(|(ending, _)| with_ending(artifact, ending))
            .filter(|path| path.is_file())
    };
    let signature_files = |signature: PathBuf| SignatureFiles {
        certificate: of_kind(EvidenceKind::Certificate).next(),
        log_entry: of_kind(EvidenceKind::LogEntry).next(),
        timestamp: of_kind(EvidenceKind::Timestamp).next(),
        signature,
    };
    EvidenceBeside {
        bundles: of_kind(EvidenceKind::Bundle).collect(),
        signatures: of_kind(EvidenceKind::Signature).map(signature_files).collect(),
    }
}

/// Whether evidence of any kind is named after an artifact of this name.
#[must_use]
pub fn is_evidence_of(evidence: &Path, artifact_name: &OsStr) -> bool {
    let name = evidence.file_name().map(OsStr::as_encoded_bytes).unwrap_or_default();
    let left = name.strip_prefix(artifact_name.as_encoded_bytes());
    !artifact_name.is_empty() && left.is_some_and(|left| ENDINGS.iter().any(|(ending, _)| left == ending.as_bytes()))
}

/// How `gh attestation download` names what it saves: `sha256:<digest>.jsonl`, with `-` where `:` cannot stand in a name.
fn is_named_by_digest(path: &Path) -> bool {
    let digest = || {
        let (algorithm, rest) = path.file_name()?.to_str()?.split_once([':', '-'])?;
        let digest = rest.strip_suffix(".jsonl")?;
        Some(
            matches!((algorithm, digest.len()), ("sha256", 64) | ("sha512", 128))
                && digest.bytes().all(|c| c.is_ascii_hexdigit()),
        )
    };
    digest().unwrap_or(false)
}

fn ending(path: &Path) -> Option<(&'static str, EvidenceKind)> {
    let name = path.file_name()?.as_encoded_bytes();
    ENDINGS
        .into_iter()
        .find(|(ending, _)| name.ends_with(ending.as_bytes()))
}

fn with_ending(artifact: &Path, ending: &str) -> PathBuf {
    let mut path = artifact.as_os_str().to_owned();
    path.push(ending);
    PathBuf::from(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_tells_the_kind_and_the_artifact() {
        for (name, kind, artifact) in [
            ("dist/a.tar.gz.sigstore.json", EvidenceKind::Bundle, "dist/a.tar.gz"),
            ("a.sigstore", EvidenceKind::Bundle, "a"),
            ("a.whl.publish.attestation", EvidenceKind::Bundle, "a.whl"),
            ("a.intoto.jsonl", EvidenceKind::Bundle, "a"),
            ("SHA256SUMS.sig", EvidenceKind::Signature, "SHA256SUMS"),
            ("SHA256SUMS.asc", EvidenceKind::Signature, "SHA256SUMS"),
            ("a.minisig", EvidenceKind::Signature, "a"),
            ("a.sig.pem", EvidenceKind::Certificate, "a.sig"),
            ("a.rekor.json", EvidenceKind::LogEntry, "a"),
            ("a.tsr", EvidenceKind::Timestamp, "a"),
        ] {
            assert_eq!(EvidenceKind::of_name(Path::new(name)), Some(kind), "{name}");
            assert_eq!(artifact_of(Path::new(name)), Some(PathBuf::from(artifact)), "{name}");
            assert!(
                is_evidence_of(Path::new(name), Path::new(artifact).file_name().unwrap()),
                "{name}"
            );
        }
        let digest = format!("sha256:{}.jsonl", "0".repeat(64));
        assert_eq!(EvidenceKind::of_name(Path::new(&digest)), Some(EvidenceKind::Bundle));
        for name in ["a.json", "a.tar.gz", "sig", "", "sha256:00.jsonl"] {
            assert_eq!(EvidenceKind::of_name(Path::new(name)), None, "{name}");
            assert_eq!(artifact_of(Path::new(name)), None, "{name}");
        }
        assert_eq!(artifact_of(Path::new("dist/.sig")), None);
        assert_eq!(artifact_of(Path::new(".sigstore.json")), None);
        assert!(!is_evidence_of(Path::new("a.tar.gz.sig"), OsStr::new("a.tar")));
        assert!(!is_evidence_of(Path::new(".sig"), OsStr::new("")));
    }

    #[test]
    fn a_signature_is_found_with_the_files_that_belong_to_it() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        for name in [
            "a",
            "a.sig",
            "a.asc",
            "a.pem",
            "a.rekor.json",
            "a.intoto.jsonl",
            "a.sigstore.json",
            "b.pem",
        ] {
            std::fs::write(at(name), "").unwrap();
        }
        let files = |signature: &str| SignatureFiles {
            signature: at(signature),
            certificate: Some(at("a.pem")),
            log_entry: Some(at("a.rekor.json")),
            timestamp: None,
        };
        let beside = evidence_beside(&at("a"));
        assert_eq!(beside.bundles, [at("a.sigstore.json"), at("a.intoto.jsonl")]);
        assert_eq!(beside.signatures, [files("a.sig"), files("a.asc")]);
        assert_eq!(evidence_beside(&at("b")).signatures, []);
    }
}
