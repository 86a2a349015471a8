use std::sync::Arc;

use attest_sign::{CertificateAuthority, CertificateRequest, Port, SigningCertificate};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sigstore_types::DerCertificate;

use crate::http::{Exchange, Http, Request};
use crate::{Endpoint, Error, Service};

/// The largest answer that is read, in bytes: a chain of three certificates is about 6 KiB.
const MAX_ANSWER_BYTES: usize = 1 << 20;

/// Fulcio, through version 2 of its HTTP interface.
#[derive(Debug)]
pub(crate) struct Fulcio {
    http: Arc<Http>,
    endpoint: Endpoint,
}

impl Fulcio {
    pub(crate) fn new(http: Arc<Http>, base: &Endpoint) -> Self {
        let endpoint = base.join("api/v2/signingCert");
        Self { http, endpoint }
    }

    fn request(&self, request: &CertificateRequest<'_>) -> Result<SigningCertificate, attest_sign::Error> {
        let exchange = Exchange {
            service: Service::Fulcio,
            endpoint: &self.endpoint,
            limit: MAX_ANSWER_BYTES,
            request: Request::PostJson(&body(request)),
        };
        let answer = self.http.exchange(&exchange, &[]).map_err(failed)?;
        let der = self.leaf(&answer.body).map_err(failed)?;
        SigningCertificate::from_der(&der)
    }

    fn leaf(&self, answer: &[u8]) -> Result<Vec<u8>, Error> {
        let wrong = |expected, found: &str| Error::Answer {
            service: Service::Fulcio,
            url: self.endpoint.to_string(),
            expected,
            found: found.to_owned(),
        };
        let answer: Value = serde_json::from_slice(answer).map_err(|_| wrong("JSON", "something else"))?;
        let chain = [
            &answer["signedCertificateEmbeddedSct"],
            &answer["signedCertificateDetachedSct"],
        ];
        let pem = chain
            .into_iter()
            .find_map(|signed| signed["chain"]["certificates"][0].as_str());
        let pem = pem.ok_or_else(|| wrong("a certificate chain", "none"))?;
        let certificate = DerCertificate::from_pem(pem).map_err(|_| wrong("a certificate in PEM", "something else"))?;
        Ok(certificate.as_bytes().to_vec())
    }
}

impl CertificateAuthority for Fulcio {
    fn issue(&self, request: &CertificateRequest<'_>) -> Result<SigningCertificate, attest_sign::Error> {
        self.request(request)
    }
}

/// Source: Fulcio, `fulcio.proto`, `CreateSigningCertificateRequest`.
fn body(request: &CertificateRequest<'_>) -> Value {
    json!({
        "credentials": { "oidcIdentityToken": request.token.expose_secret() },
        "publicKeyRequest": {
            "publicKey": { "algorithm": "ECDSA", "content": request.public_key.to_pem() },
            "proofOfPossession": STANDARD.encode(request.proof_of_possession),
        },
    })
}

fn failed(error: Error) -> attest_sign::Error {
    attest_sign::Error::port(Port::Authority, error)
}
