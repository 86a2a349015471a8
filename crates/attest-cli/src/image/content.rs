use std::collections::BTreeMap;

use attest_digest::{Algorithm, Algorithms, Digest, Measured};
use attest_net::registry::Repository;
use attest_sign::Session;
use attest_store::image::{CosignTag, NewEvidence, Place, simple_signing_payload};
use attestation::{Bundle, Payload, Statement};

/// How Docker Hub is called by those who wrote the form of cosign 2.
const DOCKER_HUB: (&str, &str) = ("docker.io", "index.docker.io");

/// What is signed of an image, byte for byte.
pub(crate) enum Content {
    Statement {
        payload: Payload,
        statement: Box<Statement>,
    },
    /// What cosign 2 signs.
    SimpleSigning { payload: Vec<u8>, measured: Measured },
}

/// How a bundle is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Form {
    /// As cosign 3 does.
    Referrer,
    /// As cosign 2 does, below a tag.
    Tag,
}

impl Content {
    pub(crate) fn statement(statement: Statement) -> Self {
        Self::Statement {
            payload: statement.to_payload(),
            statement: Box::new(statement),
        }
    }

    /// A signature of cosign 2 over the name of a repository, as cosign writes it, and the digest of an image.
    pub(crate) fn simple_signing(
        docker_reference: &str,
        image: &Digest,
        annotations: &BTreeMap<String, String>,
        digests: &[Algorithm],
    ) -> Self {
        let payload = simple_signing_payload(docker_reference, image, annotations);
        let measured = Measured::of_bytes(&payload, &Algorithms::new(Algorithm::Sha256, digests));
        Self::SimpleSigning { payload, measured }
    }

    /// Below which tag cosign 2 keeps it.
    pub(crate) fn cosign_tag(&self) -> CosignTag {
        match self {
            Self::Statement { .. } => CosignTag::Attestations,
            Self::SimpleSigning { .. } => CosignTag::Signatures,
        }
    }

    pub(crate) fn sign(&self, session: &Session<'_>) -> Result<Bundle, attest_sign::Error> {
        match self {
            Self::Statement { payload, .. } => session.sign_statement(payload),
            Self::SimpleSigning { measured, .. } => session.sign_artifact(measured),
        }
    }

    /// A bundle of this, as it is stored.
    pub(crate) fn evidence<'a>(&'a self, form: Form, bundle: &'a Bundle) -> NewEvidence<'a> {
        match (self, form) {
            (Self::SimpleSigning { payload, .. }, _) => NewEvidence::LegacySignature { bundle, payload },
            (Self::Statement { .. }, Form::Tag) => NewEvidence::LegacyAttestation(bundle),
            (Self::Statement { .. }, Form::Referrer) => NewEvidence::Bundle(bundle),
        }
    }
}

impl Form {
    /// In which of them something was found.
    pub(crate) fn of(place: &Place) -> Self {
        match place {
            Place::Tag(_) => Self::Tag,
            Place::Referrer => Self::Referrer,
        }
    }
}

/// What a repository is called in signatures of cosign 2.
pub(crate) fn docker_reference(repository: &Repository) -> String {
    match repository.registry() == DOCKER_HUB.0 {
        true => format!("{}/{}", DOCKER_HUB.1, repository.name()),
        false => repository.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn docker_hub_has_the_name_that_cosign_gives_it() {
        let shown = |registry: &str| docker_reference(&Repository::new(registry, "library/debian").unwrap());
        assert_eq!(shown("docker.io"), "index.docker.io/library/debian");
        assert_eq!(
            shown("registry.example.org:5000"),
            "registry.example.org:5000/library/debian"
        );
    }
}
