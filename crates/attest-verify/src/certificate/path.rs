use std::sync::OnceLock;

use jiff::Timestamp;

use super::{Certificate, KeyPurpose};
use crate::Rejection;
use crate::asn1::Malformed;
use crate::crypto::sha256;
use crate::token::token;
use crate::window::Window;

token! {
    /// The certificate leads to an authority of the trust root, at every verified time.
    CertificateTrusted
}

/// The most certificates between a leaf and an authority. Nobody has more than two.
const MAX_INTERMEDIATES: usize = 8;

/// An authority of a trust root: its certificates, the one nearest to the leaf first.
#[derive(Debug)]
pub(crate) struct Authority {
    pub(crate) chain: Vec<Certificate>,
    pub(crate) window: Window,
    /// Whether each is signed by the next. Found out when it is first needed.
    linked: OnceLock<Result<(), Malformed>>,
}

/// A path from a leaf to an authority: when all of it counts, and the key of whoever issued the leaf.
#[derive(Debug)]
pub(crate) struct Path {
    not_before: Timestamp,
    not_after: Timestamp,
    window: Window,
    pub(super) issuer_key_hash: [u8; 32],
}

/// A certificate that leads to an authority of the trust root, perhaps on several paths; when is another question.
#[derive(Debug)]
pub(crate) struct Issued {
    pub(crate) leaf: Certificate,
    pub(super) paths: Vec<Path>,
    /// Whose certificate it was when a certificate transparency log was found to know it.
    pub(super) published: OnceLock<[u8; 32]>,
}

impl Authority {
    pub(crate) fn new(chain: Vec<Certificate>, window: Window) -> Self {
        Self {
            chain,
            window,
            linked: OnceLock::new(),
        }
    }

    /// Leads from a leaf over `between`, whom nobody trusts yet, to this authority. Source: RFC 5280, section 6.1.
    pub(crate) fn path(
        &self,
        leaf: &Certificate,
        between: &[Certificate],
        purpose: KeyPurpose,
    ) -> Result<Path, Malformed> {
        let mut path = Path::of_one(leaf, self.window);
        let mut current = leaf;
        for (below, next) in between.iter().map(Some).chain([None]).enumerate() {
            if let Some(place) = self.chain.iter().position(|candidate| current.is_issued_by(candidate)) {
                self.follow(place, below, purpose, &mut path)?;
                return Ok(path);
            }
            let next = next.filter(|next| next.issuer != next.subject && current.is_issued_by(next));
            current = next.ok_or(Malformed("an issuer that the trust root knows"))?;
            path.add(current, below, purpose)?;
        }
        Err(Malformed("an issuer that the trust root knows"))
    }

    /// From the certificate at `place` up to the last one.
    fn follow(&self, place: usize, below: usize, purpose: KeyPurpose, path: &mut Path) -> Result<(), Malformed> {
        self.check_linked()?;
        for (above, certificate) in self.chain[place..].iter().enumerate() {
            path.add(certificate, below + above, purpose)?;
        }
        Ok(())
    }

    fn check_linked(&self) -> Result<(), Malformed> {
        *self.linked.get_or_init(|| {
            let mut pairs = self.chain.windows(2);
            match pairs.all(|pair| pair[0].is_issued_by(&pair[1])) {
                true => Ok(()),
                false => Err(Malformed("an authority whose certificates sign each other, in order")),
            }
        })
    }
}

impl Path {
    /// The path of a certificate that is an authority itself.
    pub(crate) fn of_one(certificate: &Certificate, window: Window) -> Self {
        Self {
            not_before: certificate.not_before,
            not_after: certificate.not_after,
            window,
            issuer_key_hash: sha256(&certificate.public_key),
        }
    }

    fn add(&mut self, issuer: &Certificate, below: usize, purpose: KeyPurpose) -> Result<(), Malformed> {
        issuer.extensions.check_authority(purpose, below)?;
        self.not_before = self.not_before.max(issuer.not_before);
        self.not_after = self.not_after.min(issuer.not_after);
        if below == 0 {
            self.issuer_key_hash = sha256(&issuer.public_key);
        }
        Ok(())
    }

    pub(crate) fn is_valid_at(&self, time: Timestamp) -> bool {
        self.not_before <= time && time <= self.not_after && self.window.contains(time)
    }
}

impl Issued {
    /// Reads a leaf and finds every path from it to one of the authorities.
    pub(crate) fn find(leaf: &[u8], between: &[Vec<u8>], authorities: &[Authority]) -> Result<Self, Rejection> {
        if between.len() > MAX_INTERMEDIATES {
            return Err(invalid(&Malformed(
                "at most 8 certificates between a leaf and an authority",
            )));
        }
        let leaf = Certificate::parse(leaf).map_err(|error| invalid(&error))?;
        let purpose = KeyPurpose::CodeSigning;
        leaf.extensions.check_leaf(purpose).map_err(|error| invalid(&error))?;
        let between: Vec<Certificate> = between
            .iter()
            .map(|der| Certificate::parse(der))
            .collect::<Result<_, _>>()
            .map_err(|error| invalid(&error))?;
        let mut paths = Vec::new();
        let mut reason = Malformed("an issuer that the trust root knows");
        for authority in authorities {
            match authority.path(&leaf, &between, purpose) {
                Ok(path) => paths.push(path),
                Err(error) => reason = error,
            }
        }
        match paths.is_empty() {
            true => Err(invalid(&reason)),
            false => Ok(Self {
                leaf,
                paths,
                published: OnceLock::new(),
            }),
        }
    }

    /// The paths that count at every one of these times, which are at least one.
    pub(crate) fn paths_at(&self, times: &[Timestamp]) -> Result<(Vec<&Path>, CertificateTrusted), Rejection> {
        if times.is_empty() {
            return Err(Rejection::NoSignedTime);
        }
        let (not_before, not_after) = (self.leaf.not_before, self.leaf.not_after);
        if times.iter().any(|time| *time > not_after) {
            return Err(Rejection::CertificateExpired { not_after });
        }
        if times.iter().any(|time| *time < not_before) {
            return Err(Rejection::CertificateNotYetValid { not_before });
        }
        let valid = |path: &&Path| times.iter().all(|time| path.is_valid_at(*time));
        let paths: Vec<&Path> = self.paths.iter().filter(valid).collect();
        match paths.is_empty() {
            true => Err(invalid(&Malformed("an authority that counted at every signed time"))),
            false => Ok((paths, CertificateTrusted { _private: () })),
        }
    }
}

pub(super) fn invalid(reason: &Malformed) -> Rejection {
    Rejection::CertificateInvalid {
        detail: reason.to_string(),
    }
}
