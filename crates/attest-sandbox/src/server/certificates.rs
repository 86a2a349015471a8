use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::authority::{IssuedCertificate, KeyProof};
use crate::error::Error;
use crate::server::identity::bearer;
use crate::server::reply::{Reply, typed};
use crate::sigstore::Sigstore;
use crate::x509::certificate_pem;

const PEM_CHAIN: &str = "application/pem-certificate-chain";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RequestV2Wire {
    credentials: Option<CredentialsWire>,
    public_key_request: Option<PublicKeyRequestWire>,
    certificate_signing_request: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CredentialsWire {
    oidc_identity_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PublicKeyRequestWire {
    public_key: ContentWire,
    proof_of_possession: String,
}

#[derive(Deserialize)]
struct ContentWire {
    content: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RequestV1Wire {
    public_key: Option<ContentWire>,
    signed_email_address: Option<String>,
    certificate_signing_request: Option<String>,
}

/// Owned form of [`KeyProof`].
enum Proof {
    Signature { public_key: Vec<u8>, signature: Vec<u8> },
    Request(Vec<u8>),
}

impl Proof {
    fn borrowed(&self) -> KeyProof<'_> {
        match self {
            Self::Signature { public_key, signature } => KeyProof::Signature { public_key, signature },
            Self::Request(der) => KeyProof::Request(der),
        }
    }
}

/// The token is in the body (sigstore-js) or in the header (sigstore-go, sigstore-python). sigstore-go insists on 200.
pub(super) async fn issue_v2(
    State(sigstore): State<Arc<Sigstore>>,
    headers: HeaderMap,
    body: Bytes,
) -> Reply<Json<Value>> {
    let wire: RequestV2Wire = parse(&body)?;
    let in_body = wire.credentials.and_then(|credentials| credentials.oidc_identity_token);
    let in_body = in_body.filter(|token| !token.is_empty());
    let token = in_body.as_deref().or_else(|| bearer(&headers)).ok_or_else(no_token)?;
    let proof = match (wire.public_key_request, wire.certificate_signing_request) {
        (Some(request), None) => Proof::Signature {
            public_key: pem_content("public key", request.public_key.content.as_bytes())?,
            signature: base64("proof of possession", &request.proof_of_possession)?,
        },
        (None, Some(request)) => signing_request(&request)?,
        _ => return Err(no_key().into()),
    };
    let certificate = sigstore.issue_certificate(token, proof.borrowed())?;
    Ok(Json(
        json!({"signedCertificateEmbeddedSct": {"chain": {"certificates": certificate.chain_pem()?}}}),
    ))
}

/// What cosign 2 speaks.
pub(super) async fn issue_v1(
    State(sigstore): State<Arc<Sigstore>>,
    headers: HeaderMap,
    body: Bytes,
) -> Reply<Response> {
    let wire: RequestV1Wire = parse(&body)?;
    let token = bearer(&headers).ok_or_else(no_token)?;
    let request = wire.certificate_signing_request.filter(|request| !request.is_empty());
    let proof = match (request, wire.public_key, wire.signed_email_address) {
        (Some(request), _, _) => signing_request(&request)?,
        (None, Some(key), Some(signature)) => Proof::Signature {
            public_key: v1_public_key(&base64("public key", &key.content)?)?,
            signature: base64("proof of possession", &signature)?,
        },
        _ => return Err(no_key().into()),
    };
    let certificate: IssuedCertificate = sigstore.issue_certificate(token, proof.borrowed())?;
    Ok(typed(StatusCode::CREATED, PEM_CHAIN, certificate.chain_pem()?.concat()))
}

pub(super) async fn root(State(sigstore): State<Arc<Sigstore>>) -> Reply<Response> {
    Ok(typed(StatusCode::OK, PEM_CHAIN, chain_pem(&sigstore)?.concat()))
}

pub(super) async fn trust_bundle(State(sigstore): State<Arc<Sigstore>>) -> Reply<Json<Value>> {
    Ok(Json(json!({"chains": [{"certificates": chain_pem(&sigstore)?}]})))
}

pub(super) async fn configuration(State(sigstore): State<Arc<Sigstore>>) -> Json<Value> {
    let issuers: Vec<Value> = sigstore
        .issuers()
        .iter()
        .map(|issuer| json!({"issuerUrl": issuer, "audience": "sigstore", "challengeClaim": "email", "issuerType": "email"}))
        .collect();
    Json(json!({"issuers": issuers}))
}

fn chain_pem(sigstore: &Sigstore) -> Result<Vec<String>, Error> {
    let chain = sigstore.chain();
    [&chain.intermediate, &chain.root]
        .into_iter()
        .map(certificate_pem)
        .collect()
}

fn parse<T: for<'a> Deserialize<'a>>(body: &[u8]) -> Result<T, Error> {
    serde_json::from_slice(body).map_err(|error| Error::malformed("certificate request", error))
}

fn signing_request(text: &str) -> Result<Proof, Error> {
    let pem = base64("certificate signing request", text)?;
    Ok(Proof::Request(pem_content("certificate signing request", &pem)?))
}

/// Version 1 is sent PEM by cosign, and DER by older clients.
fn v1_public_key(content: &[u8]) -> Result<Vec<u8>, Error> {
    match content.starts_with(b"-----BEGIN") {
        true => pem_content("public key", content),
        false => Ok(content.to_vec()),
    }
}

fn pem_content(what: &'static str, pem: &[u8]) -> Result<Vec<u8>, Error> {
    let (_, der) = der::pem::decode_vec(pem).map_err(|error| Error::malformed(what, error))?;
    Ok(der)
}

fn base64(what: &'static str, text: &str) -> Result<Vec<u8>, Error> {
    BASE64_STANDARD
        .decode(text)
        .map_err(|error| Error::malformed(what, error))
}

fn no_token() -> Error {
    Error::malformed("certificate request", "no identity token")
}

fn no_key() -> Error {
    Error::malformed(
        "certificate request",
        "expected one of a public key with its proof and a signing request",
    )
}
