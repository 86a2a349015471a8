//! The registry over a socket, as the distribution specification has it.

use sha2::{Digest, Sha256};

use crate::client::{Answer, Client};

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

fn digest(bytes: &[u8]) -> String {
    format!("sha256:{}", hex::encode(Sha256::digest(bytes)))
}

fn put_blob(client: &Client, name: &str, bytes: &[u8]) -> String {
    let digest = digest(bytes);
    let posted = client.send(
        &format!("POST /v2/{name}/blobs/uploads/?digest={digest} HTTP/1.1\r\n"),
        bytes,
    );
    assert_eq!(posted.expect(201).said("docker-content-digest"), digest);
    digest
}

fn put_manifest(client: &Client, path: &str, text: &str, headers: &str) -> Answer {
    let head = format!("PUT {path} HTTP/1.1\r\nContent-Type: {MANIFEST}\r\n{headers}");
    client.send(&head, text.as_bytes())
}

#[test]
fn an_upload_in_pieces_becomes_a_blob_that_is_read_in_pieces() {
    let client = Client::start();
    let begun = client
        .send("POST /v2/team/app/blobs/uploads/ HTTP/1.1\r\n", b"")
        .expect(202);
    let place = begun.said("location").to_owned();
    let piece = |range: &str, bytes: &[u8]| {
        client.send(&format!("PATCH {place} HTTP/1.1\r\nContent-Range: {range}\r\n"), bytes)
    };
    assert_eq!(piece("0-2", b"abc").expect(202).said("range"), "0-2");
    assert_eq!(piece("1-3", b"bcd").expect(416).said("range"), "0-2");
    let asked = client.get(&place).expect(204);
    assert_eq!(asked.said("range"), "0-2");
    let digest = digest(b"abcdef");
    client
        .send(&format!("PUT {place}?digest={digest} HTTP/1.1\r\n"), b"def")
        .expect(201);
    let blob = format!("/v2/team/app/blobs/{digest}");
    assert_eq!(client.get(&blob).expect(200).body, b"abcdef");
    let part = client
        .send(&format!("GET {blob} HTTP/1.1\r\nRange: bytes=2-3\r\n"), b"")
        .expect(206);
    assert_eq!(
        (part.body.as_slice(), part.said("content-range")),
        (&b"cd"[..], "bytes 2-3/6")
    );
    let behind = client
        .send(&format!("GET {blob} HTTP/1.1\r\nRange: bytes=6-\r\n"), b"")
        .expect(416);
    assert_eq!(behind.said("content-range"), "bytes */6");
    let head = client.send(&format!("HEAD {blob} HTTP/1.1\r\n"), b"").expect(200);
    assert_eq!(head.said("content-length"), "6");
    client.get(&place).expect(404);
}

#[test]
fn a_blob_of_another_digest_is_refused_in_words() {
    let client = Client::start();
    let wrong = digest(b"that");
    let head = format!("POST /v2/app/blobs/uploads/?digest={wrong} HTTP/1.1\r\n");
    let refused = client.send(&head, b"this").expect(400).json();
    assert_eq!(refused["errors"][0]["code"], "DIGEST_INVALID");
    client.get(&format!("/v2/app/blobs/{wrong}")).expect(404);
}

#[test]
fn a_larger_blob_than_any_request_of_the_other_services_comes_back_whole() {
    let client = Client::start();
    let bytes: Vec<u8> = (0..20_000_000_u32).map(|place| (place % 251) as u8).collect();
    let digest = put_blob(&client, "app", &bytes);
    assert!(client.get(&format!("/v2/app/blobs/{digest}")).expect(200).body == bytes);
}

#[test]
fn a_tag_is_moved_by_whoever_knows_where_it_is() {
    let client = Client::start();
    let config = put_blob(&client, "app", b"{}");
    let text = format!("{{\"mediaType\":\"{MANIFEST}\",\"config\":{{\"mediaType\":\"a/b\",\"digest\":\"{config}\"}}}}");
    let first = put_manifest(&client, "/v2/app/manifests/v1", &text, "").expect(201);
    let tag = first.said("etag").to_owned();
    let matching = format!("If-Match: {tag}\r\n");
    put_manifest(&client, "/v2/app/manifests/v1", &format!("{text} "), &matching).expect(201);
    put_manifest(&client, "/v2/app/manifests/v1", &text, &matching).expect(412);
    let served = client.get("/v2/app/manifests/v1").expect(200);
    assert_eq!(served.body, format!("{text} ").into_bytes());
    assert_eq!(served.said("content-type"), MANIFEST);
}

#[test]
fn referrers_are_listed_and_filtered() {
    let client = Client::start();
    let config = put_blob(&client, "app", b"{}");
    let manifest = |more: &str| format!("{{\"config\":{{\"mediaType\":\"a/b\",\"digest\":\"{config}\"}}{more}}}");
    let subject = put_manifest(&client, "/v2/app/manifests/v1", &manifest(""), "").expect(201);
    let subject = subject.said("docker-content-digest").to_owned();
    let more =
        format!(",\"artifactType\":\"x/y\",\"annotations\":{{\"k\":\"v\"}},\"subject\":{{\"digest\":\"{subject}\"}}");
    let text = manifest(&more);
    let place = format!("/v2/app/manifests/{}", digest(text.as_bytes()));
    assert_eq!(
        put_manifest(&client, &place, &text, "").expect(201).said("oci-subject"),
        subject
    );
    let listed = client.get(&format!("/v2/app/referrers/{subject}")).expect(200).json();
    assert_eq!(listed["manifests"][0]["artifactType"], "x/y");
    assert_eq!(listed["manifests"][0]["annotations"]["k"], "v");
    let filtered = client
        .get(&format!("/v2/app/referrers/{subject}?artifactType=other"))
        .expect(200);
    assert_eq!(filtered.said("oci-filters-applied"), "artifactType");
    assert_eq!(filtered.json()["manifests"].as_array().unwrap().len(), 0);
    let nobody = format!("/v2/nothing/referrers/{subject}");
    assert_eq!(
        client.get(&nobody).expect(200).json()["manifests"]
            .as_array()
            .unwrap()
            .len(),
        0
    );
}

#[test]
fn tags_are_listed_in_pages() {
    let client = Client::start();
    let config = put_blob(&client, "app", b"{}");
    let text = format!("{{\"config\":{{\"digest\":\"{config}\"}}}}");
    for tag in ["b", "a", "c"] {
        put_manifest(&client, &format!("/v2/app/manifests/{tag}"), &text, "").expect(201);
    }
    let first = client.get("/v2/app/tags/list?n=2").expect(200);
    assert_eq!(first.json()["tags"], serde_json::json!(["a", "b"]));
    assert_eq!(first.said("link"), "</v2/app/tags/list?n=2&last=b>; rel=\"next\"");
    let last = client.get("/v2/app/tags/list?n=2&last=b").expect(200);
    assert_eq!(last.json()["tags"], serde_json::json!(["c"]));
    client.get("/v2/nothing/tags/list").expect(404);
}

#[test]
fn names_that_lead_elsewhere_are_refused() {
    let client = Client::start();
    for path in [
        "/v2/../x/tags/list",
        "/v2/A/tags/list",
        "/v2/a//b/tags/list",
        "/v2/a/manifests/..",
        "/v2/a/blobs/sha256:0",
    ] {
        let answer = client.get(path);
        assert!(matches!(answer.status, 400 | 404), "{path}: {}", answer.status);
    }
    let index = client.get("/v2/").expect(200);
    assert_eq!(index.body, b"{}");
}
