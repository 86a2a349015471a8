//! Evidence beside images, through the transport: two hundred writers at once, and registries that break or refuse.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use attest_archive::image::Descriptor;
use attest_digest::Digest;
use attest_net::registry::{
    BlobAddress, Client, ETag, Error, Moved, Pointer, Precondition, Put, Repository as Name, Tag,
};
use attest_sandbox::{Claims, Clock, Config, Keys, Server, Sigstore};
use attest_store::image::{
    AttachError, Attaching, Condition, Listed, NewEvidence, Repository, Stored, TagPut, Versioned, Writer, fallback_tag,
};
use attestation::Bundle;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::server::{Fault, INDEX, MANIFEST, Registry};
use super::wire::Answer;
use super::{client, repository, sha256, tag};

const WRITERS: usize = 200;

/// How many of them speak through one client.
const CLIENTS: usize = 4;

const NO_VERSION: &str = "\"sha256:0\"";

/// A repository of a registry as a place for evidence.
struct Shelf<'a> {
    client: &'a Client,
    repository: &'a Name,
    begin: Instant,
}

impl Repository for Shelf<'_> {
    type Error = Error;

    fn manifest(&self, digest: &Digest) -> Result<Option<Vec<u8>>, Error> {
        let found = self
            .client
            .find_manifest(self.repository, &Pointer::Digest(digest.clone()))?;
        Ok(found.map(|manifest| manifest.bytes))
    }

    fn tagged(&self, name: &str) -> Result<Option<Vec<u8>>, Error> {
        Ok(self
            .client
            .find_manifest(self.repository, &tag(name))?
            .map(|manifest| manifest.bytes))
    }

    fn blob(&self, digest: &Digest, size: u64) -> Result<Option<Vec<u8>>, Error> {
        let (mut bytes, repository) = (Vec::new(), self.repository);
        match self.client.fetch_blob(
            BlobAddress {
                repository,
                digest,
                size,
            },
            &mut bytes,
        ) {
            Ok(()) => Ok(Some(bytes)),
            Err(Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn referrers(&self, subject: &Digest) -> Result<Listed, Error> {
        let listed = self.client.listed_referrers(self.repository, subject)?;
        Ok(listed.digests.into())
    }
}

impl Writer for Shelf<'_> {
    fn put_blob(&self, bytes: &[u8]) -> Result<(Digest, u64), Error> {
        let digest = sha256(bytes);
        let address = super::address(self.repository, &digest, bytes);
        self.client.upload(address, None, &|| Ok(Box::new(bytes)))?;
        Ok((digest.clone(), bytes.len() as u64))
    }

    fn put_manifest(&self, media_type: &str, bytes: &[u8]) -> Result<(Digest, bool), Error> {
        let digest = sha256(bytes);
        let pointer = Pointer::Digest(digest.clone());
        let put = self
            .client
            .put_manifest(self.repository, &pointer, media_type, bytes, None)?;
        Ok((digest, matches!(put, Put::Stored(stored) if stored.lists_referrers)))
    }

    fn versioned(&self, name: &str) -> Result<Option<Versioned>, Error> {
        let found = self.client.find_manifest(self.repository, &tag(name))?;
        Ok(found.map(|manifest| Versioned {
            bytes: manifest.bytes,
            version: manifest.etag.map(|etag| etag.as_str().to_owned()),
        }))
    }

    fn put_tag(
        &self,
        name: &str,
        media_type: &str,
        bytes: &[u8],
        condition: Option<&Condition>,
    ) -> Result<TagPut<Error>, Error> {
        let name: Tag = name.parse().unwrap();
        let condition = condition.map(|condition| match condition {
            Condition::Unchanged(version) => Precondition::Unchanged(ETag::new(version)),
            Condition::Absent => Precondition::Absent,
            Condition::Impossible => Precondition::Unchanged(ETag::new(NO_VERSION)),
        });
        let moved = self
            .client
            .move_tag(self.repository, &name, media_type, bytes, condition.as_ref())?;
        Ok(match moved {
            Moved::Stored(_) => TagPut::Moved,
            Moved::Changed => TagPut::Changed,
            Moved::NoConditions => TagPut::NoConditions,
            Moved::Unsure(error) => TagPut::Unsure(error),
        })
    }

    fn elapsed(&self) -> Duration {
        self.begin.elapsed()
    }

    fn pause(&self, duration: Duration) {
        std::thread::sleep(duration);
    }
}

fn subject() -> Descriptor {
    Descriptor::new(MANIFEST, sha256(b"image"), 5)
}

fn bundle(number: usize) -> Bundle {
    let document = json!({
        "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
        "verificationMaterial": { "publicKey": { "hint": number.to_string() }, "tlogEntries": [] },
        "messageSignature": { "signature": "MAYCAQUCAQY=" },
    });
    Bundle::parse(document.to_string().as_bytes()).unwrap()
}

fn attach(client: &Client, repository: &Name, number: usize) -> Result<Stored, AttachError<Error>> {
    let begin = Instant::now();
    let shelf = Shelf {
        client,
        repository,
        begin,
    };
    let attaching = Attaching {
        repository: &shelf,
        subject: &subject(),
        created: Some("2026-01-01T00:00:00Z".to_owned()),
        above: &[],
    };
    attaching.attach(&NewEvidence::Bundle(&bundle(number)))
}

/// Each writer hangs its own bundle on the same image; the digests of what they stored.
fn all_at_once(repository: &Name) -> BTreeSet<String> {
    let clients: Vec<Client> = (0..CLIENTS).map(|_| client()).collect();
    let clients = &clients;
    std::thread::scope(|scope| {
        let write = move |number| attach(&clients[number % CLIENTS], repository, number);
        let writers: Vec<_> = (0..WRITERS).map(|number| scope.spawn(move || write(number))).collect();
        let stored = writers.into_iter().map(|writer| writer.join().unwrap().unwrap());
        stored.map(|stored| stored.manifest.to_string()).collect()
    })
}

/// The digests below the fallback tag.
fn listed(registry: &Registry) -> Vec<String> {
    let state = registry.state();
    let (_, index) = &state.manifests[&fallback_tag(subject().digest())];
    let index: Value = serde_json::from_slice(index).unwrap();
    let entries = index["manifests"].as_array().unwrap().iter();
    entries
        .map(|entry| entry["digest"].as_str().unwrap().to_owned())
        .collect()
}

fn require_all_below_the_tag(registry: &Registry) {
    let stored = all_at_once(&repository(registry));
    assert_eq!(stored.len(), WRITERS);
    let found = listed(registry);
    assert_eq!(found.iter().cloned().collect::<BTreeSet<_>>(), stored);
    assert_eq!(found.len(), WRITERS, "each once");
}

fn without_referrers() -> Registry {
    let registry = Registry::start();
    registry.state().without_referrers = true;
    registry
}

#[test]
fn two_hundred_writers_lose_nothing_where_conditions_are_kept() {
    let registry = without_referrers();
    registry.state().etags = true;
    require_all_below_the_tag(&registry);
}

#[test]
fn two_hundred_writers_lose_nothing_where_there_are_no_conditions() {
    let registry = without_referrers();
    let mut state = registry.state();
    (state.ignores_conditions, state.latency) = (true, Duration::from_millis(20));
    drop(state);
    require_all_below_the_tag(&registry);
}

#[test]
fn two_hundred_writers_lose_nothing_in_the_sandbox() {
    struct WallClock;
    impl Clock for WallClock {
        fn now(&self) -> Timestamp {
            Timestamp::now()
        }
    }
    let sigstore = Sigstore::new(Config {
        keys: Keys::from_seed([7; 32], Timestamp::now()),
        clock: Arc::new(WallClock),
        user: Claims::email("signer@example.com"),
        issuers: Vec::new(),
    })
    .unwrap();
    let directory = tempfile::tempdir().unwrap();
    let registry = attest_sandbox::registry::Registry::open(directory.path()).unwrap();
    let server = Server::start_with_registry(sigstore, registry, 0).unwrap();
    let host = server
        .url()
        .split("//")
        .nth(1)
        .unwrap()
        .trim_end_matches('/')
        .to_owned();
    let repository = Name::new(&host, "team/app").unwrap();
    let stored = all_at_once(&repository);
    let found = client().referrers(&repository, subject().digest()).unwrap();
    assert!(found.fallback.is_none());
    let found = found.entries.iter().map(|entry| entry.digest.to_string());
    assert_eq!(found.collect::<BTreeSet<_>>(), stored);
    assert_eq!(stored.len(), WRITERS);
}

#[test]
fn what_may_not_be_looked_at_is_never_overwritten() {
    for target in ["/manifests/sha256-", "/referrers/"] {
        let registry = without_referrers();
        let denied = || Answer::error(403, "DENIED", "not for you");
        registry.fault("GET", target, Fault::Instead(denied()));
        let error = attach(&client(), &repository(&registry), 1).unwrap_err();
        assert!(
            matches!(&error, AttachError::Repository(Error::Denied { .. })),
            "{error:?}"
        );
        assert_eq!(registry.count("PUT", "/manifests/sha256-"), 0);
        let stored = attach(&client(), &repository(&registry), 1).unwrap();
        assert_eq!(listed(&registry), [stored.manifest.to_string()]);
    }
}

#[test]
fn what_breaks_in_the_middle_is_stored_once() {
    for fault in [Fault::Instead(Answer::error(503, "X", "busy")), Fault::CutAnswer(0)] {
        for target in ["/manifests/sha256:", "/manifests/sha256-"] {
            let registry = without_referrers();
            registry.state().etags = true;
            attach(&client(), &repository(&registry), 1).unwrap();
            registry.fault("PUT", target, fault.clone());
            attach(&client(), &repository(&registry), 2).unwrap();
            assert_eq!(listed(&registry).len(), 2);
            assert_eq!(listed(&registry).into_iter().collect::<BTreeSet<_>>().len(), 2);
        }
    }
}

#[test]
fn a_registry_that_stores_something_else_is_told() {
    let registry = without_referrers();
    let other = Answer::new(201).with("docker-content-digest", sha256(b"other"));
    registry.fault("PUT", "/manifests/sha256-", Fault::Instead(other));
    let error = attach(&client(), &repository(&registry), 1).unwrap_err();
    assert!(
        matches!(&error, AttachError::Repository(Error::OtherDigest { found, .. }) if *found == sha256(b"other")),
        "{error:?}"
    );
}

#[test]
fn a_registry_that_says_another_subject_lists_nothing() {
    for said in [sha256(b"other").to_string(), "yes".to_owned(), String::new()] {
        let registry = without_referrers();
        let answer = Answer::new(201).with("oci-subject", said);
        registry.fault("PUT", "/manifests/sha256:", Fault::Instead(answer));
        let stored = attach(&client(), &repository(&registry), 1).unwrap();
        assert_eq!(listed(&registry), [stored.manifest.to_string()]);
    }
}

#[test]
fn a_fallback_tag_that_somebody_uses_otherwise_stays() {
    let registry = without_referrers();
    let config = sha256(b"{}");
    let image = format!(
        r#"{{"schemaVersion":2,"mediaType":"{MANIFEST}","config":{{"mediaType":"a/b","digest":"{config}","size":2}},"layers":[]}}"#
    );
    let name = fallback_tag(subject().digest());
    registry.manifest(&name, MANIFEST, image.as_bytes());
    let error = attach(&client(), &repository(&registry), 1).unwrap_err();
    assert!(
        matches!(&error, AttachError::Taken { found, .. } if found == MANIFEST),
        "{error:?}"
    );
    assert_eq!(registry.state().manifests[&name].1, image.as_bytes());
    assert_eq!(registry.count("PUT", "/manifests/sha256-"), 0);
    assert_eq!(INDEX, attest_archive::image::media_type::INDEX);
}
