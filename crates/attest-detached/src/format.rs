use std::fmt;

/// The world that a signature or a key is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Format {
    /// minisign, with its trusted comment.
    Minisign,
    /// OpenBSD's signify. Its keys have the form of minisign's.
    Signify,
    /// OpenPGP, RFC 9580.
    OpenPgp,
    /// SSH signatures, OpenSSH's `PROTOCOL.sshsig`.
    Ssh,
}

impl Format {
    /// The name, as its users write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Minisign => "minisign",
            Self::Signify => "signify",
            Self::OpenPgp => "OpenPGP",
            Self::Ssh => "SSH",
        }
    }

    /// What a detached signature looks like by its first bytes. Nothing of it is checked.
    pub(crate) fn of_signature(bytes: &[u8]) -> Option<Self> {
        if bytes.starts_with(b"untrusted comment:") {
            let third = bytes.split(|byte| *byte == b'\n').nth(2);
            return match third.is_some_and(|line| line.starts_with(b"trusted comment:")) {
                true => Some(Self::Minisign),
                false => Some(Self::Signify),
            };
        }
        let trimmed = bytes.trim_ascii_start();
        if trimmed.starts_with(b"-----BEGIN SSH SIGNATURE-----") {
            Some(Self::Ssh)
        } else if trimmed.starts_with(b"-----BEGIN PGP SIGNATURE-----") || is_signature_packet(bytes) {
            Some(Self::OpenPgp)
        } else {
            None
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// Whether the bytes begin with an OpenPGP packet header of type 2 and a version of signatures, RFC 9580, section 4.2.
fn is_signature_packet(bytes: &[u8]) -> bool {
    let version = match bytes {
        [0x88, _, version, ..] => version,
        [0x89, _, _, version, ..] => version,
        [0x8a, _, _, _, _, version, ..] => version,
        [0xc2, 0..=191, version, ..] => version,
        [0xc2, 192..=223, _, version, ..] => version,
        [0xc2, 255, _, _, _, _, version, ..] => version,
        _ => return false,
    };
    matches!(version, 3..=6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_are_told_apart_by_their_first_bytes() {
        let cases: [(&[u8], Option<Format>); 8] = [
            (
                b"untrusted comment: x\nRUQ=\ntrusted comment: y\nAA==\n",
                Some(Format::Minisign),
            ),
            (b"untrusted comment: x\nRWQ=\n", Some(Format::Signify)),
            (b"-----BEGIN SSH SIGNATURE-----\n", Some(Format::Ssh)),
            (b"\n-----BEGIN PGP SIGNATURE-----\n", Some(Format::OpenPgp)),
            (&[0x88, 0x5d, 0x04, 0x00], Some(Format::OpenPgp)),
            (&[0xc2, 0x5d, 0x06, 0x00], Some(Format::OpenPgp)),
            (&[0x88, 0x5d, 0x4d, 0x00], None),
            (
                b"{\"mediaType\": \"application/vnd.dev.sigstore.bundle.v0.3+json\"}",
                None,
            ),
        ];
        for (bytes, expected) in cases {
            assert_eq!(Format::of_signature(bytes), expected);
        }
    }
}
