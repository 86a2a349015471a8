//! The sandbox as its clients see it: requests over a socket, answers as the real services give them.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod client;
mod login;
mod registry;

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use client::{Client, EMAIL};
use p256::pkcs8::{EncodePublicKey, LineEnding};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

fn certificate_request(client: &Client, challenge: &str) -> Value {
    let pem = client.key.verifying_key().to_public_key_pem(LineEnding::LF).unwrap();
    json!({
        "publicKeyRequest": {
            "publicKey": {"algorithm": "ECDSA", "content": pem},
            "proofOfPossession": BASE64_STANDARD.encode(client.sign(challenge.as_bytes())),
        },
    })
}

fn rekor_v2_request(client: &Client, artifact: &[u8], signed: &[u8]) -> Value {
    let spki = client.key.verifying_key().to_public_key_der().unwrap();
    json!({"hashedRekordRequestV002": {
        "digest": BASE64_STANDARD.encode(Sha256::digest(artifact)),
        "signature": {
            "content": BASE64_STANDARD.encode(client.sign(signed)),
            "verifier": {
                "publicKey": {"rawBytes": BASE64_STANDARD.encode(spki.as_bytes())},
                "keyDetails": "PKIX_ECDSA_P256_SHA_256",
            },
        },
    }})
}

fn rekor_v1_request(client: &Client, artifact: &[u8]) -> Value {
    let pem = client.key.verifying_key().to_public_key_pem(LineEnding::LF).unwrap();
    json!({
        "apiVersion": "0.0.1", "kind": "hashedrekord",
        "spec": {
            "data": {"hash": {"algorithm": "sha256", "value": hex::encode(Sha256::digest(artifact))}},
            "signature": {
                "content": BASE64_STANDARD.encode(client.sign(artifact)),
                "publicKey": {"content": BASE64_STANDARD.encode(pem)},
            },
        },
    })
}

#[test]
fn discovery_names_the_issuer_and_its_keys() {
    let client = Client::start();
    let discovery = client.get("/.well-known/openid-configuration").expect(200).json();
    assert_eq!(discovery["issuer"], client.server.url());
    assert_eq!(discovery["jwks_uri"], format!("{}/keys", client.server.url()));
    let keys = client.get("/keys").expect(200).json();
    let token = client.server.sigstore().mint_user().unwrap();
    let header = BASE64_URL_SAFE_NO_PAD.decode(token.split('.').next().unwrap()).unwrap();
    let header: Value = serde_json::from_slice(&header).unwrap();
    assert_eq!(header["kid"], keys["keys"][0]["kid"]);
}

#[test]
fn the_ambient_endpoint_asks_for_its_bearer_token() {
    let client = Client::start();
    client.get("/gha?audience=sigstore").expect(401);
    let bearer = client.server.sigstore().ambient_request_token();
    let answer = client
        .get_as("/gha?api-version=2.0&audience=sigstore", &bearer)
        .expect(200)
        .json();
    let token = answer["value"].as_str().unwrap();
    let body = certificate_request(&client, "repo:example/project:ref:refs/heads/main");
    client.post_as("/api/v2/signingCert", token, &body).expect(200);
}

#[test]
fn a_certificate_comes_with_its_chain() {
    let client = Client::start();
    let token = client.server.sigstore().mint_user().unwrap();
    let answer = client
        .post_as("/api/v2/signingCert", &token, &certificate_request(&client, EMAIL))
        .expect(200);
    let chain = answer.json();
    let chain = chain["signedCertificateEmbeddedSct"]["chain"]["certificates"]
        .as_array()
        .unwrap()
        .clone();
    assert_eq!(chain.len(), 3);
    let bundle = client.get("/api/v2/trustBundle").expect(200).json();
    assert_eq!(bundle["chains"][0]["certificates"].as_array().unwrap()[..], chain[1..]);
}

#[test]
fn version_one_of_the_authority_answers_in_pem() {
    let client = Client::start();
    let token = client.server.sigstore().mint_user().unwrap();
    let pem = client.key.verifying_key().to_public_key_pem(LineEnding::LF).unwrap();
    let body = json!({
        "publicKey": {"algorithm": "ecdsa", "content": BASE64_STANDARD.encode(pem)},
        "signedEmailAddress": BASE64_STANDARD.encode(client.sign(EMAIL.as_bytes())),
    });
    let answer = client.post_as("/api/v1/signingCert", &token, &body).expect(201);
    assert_eq!(answer.header("content-type"), Some("application/pem-certificate-chain"));
    assert_eq!(answer.text().matches("BEGIN CERTIFICATE").count(), 3);
}

#[test]
fn refusals_are_what_a_grpc_gateway_sends() {
    let client = Client::start();
    let token = client.server.sigstore().mint_user().unwrap();
    let refused = client
        .post_as("/api/v2/signingCert", "a.b.c", &certificate_request(&client, EMAIL))
        .expect(400);
    assert_eq!(
        (&refused.json()["code"], &refused.json()["details"]),
        (&json!(3), &json!([]))
    );
    let refused = client
        .post_as("/api/v2/signingCert", &token, &certificate_request(&client, "other"))
        .expect(400);
    assert_eq!(
        refused.json()["message"],
        "the proof of possession does not match the public key"
    );
    let forged = format!("{}A", &token[..token.len() - 1]);
    let forged = if forged == token {
        format!("{}B", &token[..token.len() - 1])
    } else {
        forged
    };
    let refused = client.post_as("/api/v2/signingCert", &forged, &certificate_request(&client, EMAIL));
    assert!(matches!(refused.status, 400 | 401), "{}", refused.text());
    assert_eq!(client.get("/nothing").expect(404).json()["code"], 5);
}

#[test]
fn version_one_of_the_log_records_answers_and_finds() {
    let client = Client::start();
    let request = rekor_v1_request(&client, b"artifact");
    let answer = client.post_json("/api/v1/log/entries", &request).expect(201);
    let uuid = answer.header("etag").unwrap().to_owned();
    assert_eq!(uuid.len(), 80);
    assert_eq!(
        answer.header("location"),
        Some(format!("/api/v1/log/entries/{uuid}").as_str())
    );
    let entry = answer.json();
    assert_eq!(entry[&uuid]["logIndex"], 1);
    let duplicate = client.post_json("/api/v1/log/entries", &request).expect(409);
    assert_eq!(duplicate.header("location"), answer.header("location"));
    assert_eq!(
        client.get(&format!("/api/v1/log/entries/{uuid}")).expect(200).json(),
        entry
    );
    assert_eq!(client.get("/api/v1/log/entries?logIndex=1").expect(200).json(), entry);
    client.get("/api/v1/log/entries?logIndex=2").expect(404);
    let found = client
        .post_json("/api/v1/log/entries/retrieve", &json!({"logIndexes": [1]}))
        .expect(200)
        .json();
    assert_eq!(found, json!([entry]));
    let hash = format!("sha256:{}", hex::encode(Sha256::digest(b"artifact")));
    let found = client
        .post_json("/api/v1/index/retrieve", &json!({"hash": hash}))
        .expect(200)
        .json();
    assert_eq!(found, json!([uuid]));
    assert_eq!(client.get("/api/v1/log").expect(200).json()["treeSize"], 2);
    let proof = client
        .get("/api/v1/log/proof?firstSize=1&lastSize=2")
        .expect(200)
        .json();
    assert_eq!(proof["hashes"].as_array().unwrap().len(), 1);
    client.get("/api/v1/log/proof?firstSize=1&lastSize=3").expect(400);
}

#[test]
fn version_two_of_the_log_records_and_serves_tiles() {
    let client = Client::start();
    let request = rekor_v2_request(&client, b"artifact", b"artifact");
    let entry = client.post_json("/api/v2/log/entries", &request).expect(201).json();
    assert_eq!(entry["logIndex"], "1");
    assert_eq!(
        client
            .post_json("/api/v2/log/entries", &request)
            .expect(409)
            .header("x-log-index"),
        Some("1")
    );
    let checkpoint = client.get("/api/v2/checkpoint").expect(200);
    assert_eq!(checkpoint.text(), entry["inclusionProof"]["checkpoint"]["envelope"]);
    let bundle = client.get("/api/v2/tile/entries/000.p/2").expect(200).body;
    let body = BASE64_STANDARD
        .decode(entry["canonicalizedBody"].as_str().unwrap())
        .unwrap();
    assert!(bundle.ends_with(&body));
    let hashes = client.get("/api/v2/tile/0/000.p/2").expect(200).body;
    assert_eq!(hashes[32..], Sha256::digest([&[0][..], &body].concat())[..]);
    client.get("/api/v2/tile/0/000").expect(404);
}

#[test]
fn an_entry_that_does_not_verify_is_not_recorded() {
    let client = Client::start();
    let request = rekor_v2_request(&client, b"artifact", b"another artifact");
    let refused = client.post_json("/api/v2/log/entries", &request).expect(400).json();
    assert_eq!(
        refused["message"],
        "the signature of the entry does not match its key and its digest"
    );
    assert!(
        client
            .get("/api/v2/checkpoint")
            .expect(200)
            .text()
            .starts_with("localhost\n1\n")
    );
}

#[test]
fn timestamps_are_asked_for_in_json_too() {
    let client = Client::start();
    let digest = BASE64_STANDARD.encode(Sha256::digest(b"signature"));
    let body = json!({"artifactHash": digest, "hashAlgorithm": "sha256", "certificates": true, "nonce": 1234});
    let answer = client.post_json("/api/v1/timestamp", &body).expect(201);
    assert_eq!(answer.header("content-type"), Some("application/timestamp-reply"));
    assert_eq!(answer.body[0], 0x30);
    let body = json!({"artifactHash": "AAAA", "hashAlgorithm": "sha256"});
    let refused = client.post_json("/api/v1/timestamp", &body).expect(400).json();
    assert_eq!(refused["message"], "invalid digest: expected 32 bytes, found 3");
}

#[test]
fn the_repository_serves_every_target_under_both_hashes() {
    let client = Client::start();
    let root = client.get("/tuf/1.root.json").expect(200);
    assert_eq!(root.text(), client.server.sigstore().tuf_root_json().unwrap());
    client.get("/tuf/timestamp.json").expect(200);
    client.get("/tuf/1.snapshot.json").expect(200);
    let targets = client.get("/tuf/1.targets.json").expect(200).json();
    for (name, target) in targets["signed"]["targets"].as_object().unwrap() {
        for algorithm in ["sha256", "sha512"] {
            let hash = target["hashes"][algorithm].as_str().unwrap();
            let content = client.get(&format!("/tuf/targets/{hash}.{name}")).expect(200).body;
            assert_eq!(content.len() as u64, target["length"]);
        }
    }
    client.get("/tuf/2.root.json").expect(404);
    client.get("/tuf/../Cargo.toml").expect(404);
}

#[test]
fn a_request_beyond_the_limit_is_refused() {
    let client = Client::start();
    let status = client.declare("/api/v1/log/entries", 17 * 1024 * 1024);
    assert_eq!(status, 413);
}

#[test]
fn a_stopped_sandbox_answers_no_more() {
    let client = Client::start();
    let port = client.port();
    client.server.stop();
    let refused = std::net::TcpStream::connect(("127.0.0.1", port));
    assert_eq!(refused.unwrap_err().kind(), std::io::ErrorKind::ConnectionRefused);
}
