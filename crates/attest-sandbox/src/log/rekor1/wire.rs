use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::error::Error;
use crate::log::entry::HashedRekord;
use crate::log::rekor1::ProposalV1;
use crate::public_key::{HashAlgorithm, Verifier};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ProposalWire {
    api_version: String,
    kind: String,
    spec: Value,
}

#[derive(Deserialize)]
struct HashedRekordWire {
    data: DataWire,
    signature: SignatureWire,
}

#[derive(Deserialize)]
struct DataWire {
    hash: HashWire,
}

#[derive(Deserialize)]
struct HashWire {
    algorithm: String,
    value: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SignatureWire {
    content: String,
    public_key: ContentWire,
}

#[derive(Deserialize)]
struct ContentWire {
    content: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DsseWire {
    proposed_content: ProposedContentWire,
}

#[derive(Deserialize)]
struct ProposedContentWire {
    envelope: String,
    verifiers: Vec<String>,
}

pub(super) fn parse(body: &[u8]) -> Result<ProposalV1, Error> {
    let proposal: ProposalWire = serde_json::from_slice(body).map_err(|error| Error::malformed("log entry", error))?;
    match (proposal.kind.as_str(), proposal.api_version.as_str()) {
        ("hashedrekord", "0.0.1") => hashed_rekord(spec(proposal.spec)?),
        ("dsse", "0.0.1") => dsse(&spec(proposal.spec)?),
        (kind, version) => Err(Error::Unsupported {
            what: "kind of log entry",
            found: format!("{kind} {version}"),
        }),
    }
}

fn spec<T: DeserializeOwned>(spec: Value) -> Result<T, Error> {
    serde_json::from_value(spec).map_err(|error| Error::malformed("log entry", error))
}

fn hashed_rekord(wire: HashedRekordWire) -> Result<ProposalV1, Error> {
    Ok(ProposalV1::HashedRekord(HashedRekord {
        algorithm: HashAlgorithm::from_lower_name(&wire.data.hash.algorithm)?,
        digest: hex::decode(&wire.data.hash.value).map_err(|error| Error::malformed("digest", error))?,
        signature: base64("signature", &wire.signature.content)?,
        verifier: Verifier::from_pem(&base64("public key", &wire.signature.public_key.content)?)?,
    }))
}

fn dsse(wire: &DsseWire) -> Result<ProposalV1, Error> {
    let verifier = |text: &String| Verifier::from_pem(&base64("verifier", text)?);
    let verifiers: Vec<Verifier> = wire
        .proposed_content
        .verifiers
        .iter()
        .map(verifier)
        .collect::<Result<_, _>>()?;
    ProposalV1::dsse(&wire.proposed_content.envelope, &verifiers)
}

pub(super) fn base64(what: &'static str, text: &str) -> Result<Vec<u8>, Error> {
    BASE64_STANDARD
        .decode(text)
        .map_err(|error| Error::malformed(what, error))
}
