use std::fmt;

use attest_digest::checksums::{ChecksumReader, MAX_LINE_LEN};

use super::{base64, der, shape};

/// What a file is, by its content alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Format {
    /// A Sigstore bundle.
    SigstoreBundle,
    /// What cosign wrote with `--bundle` before version 3.
    CosignBlobBundle,
    /// What GitHub's attestation API answers, or a line of what `gh attestation verify` prints.
    GithubAttestations,
    /// What npm's attestation API answers.
    NpmAttestations,
    /// An attestation of a Python package (PEP 740).
    PypiAttestation,
    /// A provenance object of a Python package (PEP 740): attestations, by publisher.
    PypiProvenance,
    /// A bundle of a tree manifest with a chain of certificates or an old kind of key (OpenSSF Model Signing).
    ModelSigningBundle,
    /// A DSSE envelope.
    DsseEnvelope,
    /// A bare signature, raw or in base64.
    Signature,
    /// What Rekor v1 answers about an entry, or what cosign keeps of it.
    LogEntry,
    /// An RFC 3161 timestamp response.
    Timestamp,
    /// A signature of minisign or signify.
    MinisignSignature,
    /// A detached OpenPGP signature.
    OpenpgpSignature,
    /// A clear-signed OpenPGP message.
    OpenpgpMessage,
    /// A signature of `ssh-keygen -Y sign`.
    SshSignature,
    /// Certificates in PEM or DER.
    Certificate,
    /// A public key in PEM or DER.
    PublicKey,
    /// A private key of any kind. It is never looked into.
    PrivateKey,
    /// A public key of minisign or signify.
    MinisignKey,
    /// OpenPGP certificates.
    OpenpgpKey,
    /// Public keys of OpenSSH, or a list of allowed signers.
    SshKey,
    /// A list of digests and file names.
    Checksums,
    /// A Sigstore trust root.
    TrustedRoot,
    /// A Sigstore signing configuration.
    SigningConfig,
    /// A Sigstore client trust configuration: a trust root and a signing configuration.
    ClientTrustConfig,
    /// Metadata of a TUF repository.
    TufMetadata,
    /// An in-toto statement that nobody signed.
    Statement,
    /// SLSA provenance without a statement around it.
    SlsaProvenance,
}

/// Each format with its kebab-case code and its name in a sentence.
const NAMES: [(Format, &str, &str); 28] = [
    (Format::SigstoreBundle, "sigstore-bundle", "a Sigstore bundle"),
    (
        Format::CosignBlobBundle,
        "cosign-blob-bundle",
        "a blob bundle of cosign",
    ),
    (
        Format::GithubAttestations,
        "github-attestations",
        "a list of GitHub attestations",
    ),
    (
        Format::NpmAttestations,
        "npm-attestations",
        "a list of npm attestations",
    ),
    (Format::PypiAttestation, "pypi-attestation", "a PyPI attestation"),
    (Format::PypiProvenance, "pypi-provenance", "a PyPI provenance object"),
    (
        Format::ModelSigningBundle,
        "model-signing-bundle",
        "a bundle of OpenSSF Model Signing",
    ),
    (Format::DsseEnvelope, "dsse-envelope", "a DSSE envelope"),
    (Format::Signature, "signature", "a bare signature"),
    (Format::LogEntry, "log-entry", "a Rekor log entry"),
    (Format::Timestamp, "timestamp", "an RFC 3161 timestamp"),
    (Format::MinisignSignature, "minisign-signature", "a minisign signature"),
    (Format::OpenpgpSignature, "openpgp-signature", "an OpenPGP signature"),
    (
        Format::OpenpgpMessage,
        "openpgp-message",
        "a clear-signed OpenPGP message",
    ),
    (Format::SshSignature, "ssh-signature", "an SSH signature"),
    (Format::Certificate, "certificate", "a certificate"),
    (Format::PublicKey, "public-key", "a public key"),
    (Format::PrivateKey, "private-key", "a private key"),
    (Format::MinisignKey, "minisign-key", "a minisign public key"),
    (Format::OpenpgpKey, "openpgp-key", "an OpenPGP public key"),
    (Format::SshKey, "ssh-key", "an SSH public key"),
    (Format::Checksums, "checksums", "a list of checksums"),
    (Format::TrustedRoot, "trusted-root", "a Sigstore trust root"),
    (
        Format::SigningConfig,
        "signing-config",
        "a Sigstore signing configuration",
    ),
    (
        Format::ClientTrustConfig,
        "client-trust-config",
        "a Sigstore client trust configuration",
    ),
    (Format::TufMetadata, "tuf-metadata", "TUF metadata"),
    (Format::Statement, "statement", "an in-toto statement"),
    (
        Format::SlsaProvenance,
        "slsa-provenance",
        "SLSA provenance without a statement",
    ),
];

/// What a clear-text line of armour says that follows, without the dashes.
const ARMOUR: [(&str, Format); 8] = [
    ("BEGIN PGP SIGNATURE", Format::OpenpgpSignature),
    ("BEGIN PGP SIGNED MESSAGE", Format::OpenpgpMessage),
    ("BEGIN PGP PUBLIC KEY BLOCK", Format::OpenpgpKey),
    ("BEGIN SSH SIGNATURE", Format::SshSignature),
    ("BEGIN CERTIFICATE", Format::Certificate),
    ("BEGIN TRUSTED CERTIFICATE", Format::Certificate),
    ("BEGIN PUBLIC KEY", Format::PublicKey),
    ("BEGIN RSA PUBLIC KEY", Format::PublicKey),
];

/// How an OpenSSH public key begins, alone or after the principals of an allowed signer.
const SSH_KEY_TYPES: [&str; 5] = [
    "ssh-ed25519 ",
    "ssh-rsa ",
    "ecdsa-sha2-nistp",
    "sk-ssh-ed25519@openssh.com ",
    "sk-ecdsa-sha2-nistp256@openssh.com ",
];

/// The lengths of signatures that have no structure: Ed25519, and RSA with 2048, 3072 and 4096 bits.
const BARE_LENGTHS: [usize; 4] = [64, 256, 384, 512];

impl Format {
    /// Tells what a file is. Its name does not matter, and what follows the first document or line is not looked at.
    #[must_use]
    pub fn recognise(bytes: &[u8]) -> Option<Self> {
        let Some(text) = as_text(bytes) else {
            return of_binary(bytes);
        };
        match text.starts_with(['{', '[']) {
            true => shape::first(text.as_bytes()).and_then(|shape| shape.format()),
            false => of_text(text),
        }
    }

    /// The name, as in a sentence.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.row().2
    }

    /// The kebab-case code.
    #[must_use]
    pub fn code(self) -> &'static str {
        self.row().1
    }

    /// Whether it holds signatures that [`read_evidence`](super::read_evidence) gives.
    #[must_use]
    pub fn is_evidence(self) -> bool {
        self < Self::Signature
    }

    /// Whether it is a signature that is verified together with its artifact.
    #[must_use]
    pub fn is_detached(self) -> bool {
        matches!(
            self,
            Self::Signature
                | Self::MinisignSignature
                | Self::OpenpgpSignature
                | Self::OpenpgpMessage
                | Self::SshSignature
        )
    }

    /// Whether a log entry has a place in it. Of what has none, its absence says nothing.
    #[must_use]
    pub fn can_hold_log_entry(self) -> bool {
        self.is_evidence() && self != Self::DsseEnvelope
    }

    fn row(self) -> &'static (Self, &'static str, &'static str) {
        let row = NAMES.iter().find(|(format, _, _)| *format == self);
        row.expect("a test holds that every format stands in the table")
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The text without white space around it, unless it holds what no text holds.
fn as_text(bytes: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(bytes).ok()?;
    let is_binary = |c: char| c.is_control() && !c.is_ascii_whitespace();
    match text.contains(is_binary) {
        true => None,
        false => Some(text.trim_start_matches('\u{feff}').trim()),
    }
}

fn of_text(text: &str) -> Option<Format> {
    let first = text.lines().next()?;
    if let Some(armour) = first.strip_prefix("-----") {
        let known = ARMOUR.iter().find(|(begin, _)| armour.starts_with(begin));
        return match known {
            Some((_, format)) => Some(*format),
            None => armour.contains("PRIVATE KEY").then_some(Format::PrivateKey),
        };
    }
    if first.starts_with("untrusted comment:") {
        return of_minisign(text);
    }
    if is_ssh_key(text) {
        return Some(Format::SshKey);
    }
    // A long text is no base64 of a signature, and decoding it would be for nothing.
    let decoded = (text.len() < 1 << 20).then(|| base64::decode(text)).flatten();
    if let Some(found) = decoded.as_deref().and_then(of_encoded) {
        return Some(found);
    }
    match is_checksum(text.as_bytes()) {
        true => Some(Format::Checksums),
        // Text may stand before the first certificate (RFC 7468, section 5.2).
        false => text
            .contains("\n-----BEGIN CERTIFICATE-----")
            .then_some(Format::Certificate),
    }
}

/// What base64 around it hides.
fn of_encoded(bytes: &[u8]) -> Option<Format> {
    match bytes.first()? {
        b'{' => shape::first(bytes)?
            .format()
            .filter(|found| *found == Format::DsseEnvelope),
        b'-' => of_text(std::str::from_utf8(bytes).ok()?.trim()),
        _ => of_binary(bytes),
    }
}

fn of_binary(bytes: &[u8]) -> Option<Format> {
    if der::is_ecdsa_signature(bytes) {
        Some(Format::Signature)
    } else if der::is_certificate(bytes) {
        Some(Format::Certificate)
    } else if der::is_public_key(bytes) {
        Some(Format::PublicKey)
    } else if der::is_timestamp(bytes) {
        Some(Format::Timestamp)
    } else {
        of_openpgp(bytes)
            .or_else(|| BARE_LENGTHS.contains(&bytes.len()).then_some(Format::Signature))
            .or_else(|| is_checksum(bytes).then_some(Format::Checksums))
    }
}

/// The first packet tells. Source: RFC 9580, section 4.2: its tag, its length, and the version that it begins with.
fn of_openpgp(bytes: &[u8]) -> Option<Format> {
    const SIGNATURE: u8 = 2;
    const PUBLIC_KEY: u8 = 6;
    let (&header, rest) = bytes.split_first()?;
    let (tag, length_bytes) = match header {
        0xc0..=0xff => (
            header & 0x3f,
            matches!(rest.first()?, 192..=223).then_some(2).unwrap_or(1),
        ),
        0x80..=0xbf => ((header >> 2) & 0x0f, 1 << (header & 3)),
        _ => return None,
    };
    let version = rest.get(length_bytes)?;
    match (tag, version) {
        (SIGNATURE, 3..=6) => Some(Format::OpenpgpSignature),
        (PUBLIC_KEY, 4..=6) => Some(Format::OpenpgpKey),
        _ => None,
    }
}

/// Source: minisign, "Signature format" and "Public key format": two bytes of algorithm, eight of key id, then the rest.
fn of_minisign(text: &str) -> Option<Format> {
    let decoded = base64::decode(text.lines().nth(1)?)?;
    match (decoded.get(..2)?, decoded.len()) {
        (b"Ed" | b"ED", 74) => Some(Format::MinisignSignature),
        (b"Ed", 42) => Some(Format::MinisignKey),
        (b"Ed", _) => Some(Format::PrivateKey),
        _ => None,
    }
}

fn is_ssh_key(text: &str) -> bool {
    let mut lines = text.lines().map(str::trim);
    let first = lines.find(|line| !line.is_empty() && !line.starts_with('#'));
    first.is_some_and(|line| {
        SSH_KEY_TYPES
            .iter()
            .any(|type_| line.starts_with(type_) || line.contains(&format!(" {type_}")))
    })
}

/// Whether the first line is one that `sha256sum` and its like write. The name in it may be no Unicode.
fn is_checksum(bytes: &[u8]) -> bool {
    let beginning = &bytes[..bytes.len().min(MAX_LINE_LEN)];
    matches!(ChecksumReader::new(beginning, None).next(), Some(Ok(_)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_stands_once_in_the_table_and_codes_are_unique() {
        for (place, (format, code, _)) in NAMES.iter().enumerate() {
            assert_eq!(*format as usize, place, "{code}");
        }
        assert_eq!(NAMES.len(), Format::SlsaProvenance as usize + 1);
        let mut codes: Vec<&str> = NAMES.iter().map(|(_, code, _)| *code).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), NAMES.len());
    }
}
