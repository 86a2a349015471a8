//! Hanging evidence on images: what is written, and that nothing is lost, on good and bad repositories.

mod again;
mod cosign;
mod layouts;
mod many;
mod refusals;
mod schedules;

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

use attest_archive::image::{Descriptor, media_type};
use attest_digest::Digest;
use attestation::Bundle;
use serde_json::{Value, json};

use super::written::sha256;
use super::*;

/// A repository in memory that several may write into, with the manners of some registry.
struct Shelf {
    manners: Manners,
    state: Mutex<State>,
    begin: Instant,
}

#[derive(Debug, Clone, Default)]
struct Manners {
    /// It lists referrers, and says so.
    lists: bool,
    /// It offers versions.
    versions: bool,
    /// It keeps conditions.
    conditions: bool,
    /// It keeps the condition that there is no such tag.
    keeps_absence: bool,
    /// It refuses what has a condition.
    refuses_conditions: bool,
    /// The longest that a request takes on each way.
    latency: Duration,
    settling: Duration,
    /// Time passes only by pauses.
    is_fast: bool,
}

#[derive(Default)]
struct State {
    blobs: BTreeMap<String, Vec<u8>>,
    manifests: BTreeMap<String, Vec<u8>>,
    tags: BTreeMap<String, Vec<u8>>,
    log: Vec<String>,
    paused: Duration,
    count: u64,
    /// What somebody else does before the next tag is moved.
    meanwhile: Vec<Meanwhile>,
}

enum Meanwhile {
    /// Somebody else moves the tag there.
    Moves(Vec<u8>),
    /// It is moved, and the answer is lost.
    LosesAnswer,
    /// It is moved, and then somebody else who read before moves it there.
    Undoes(Vec<u8>),
    /// It breaks before anything is done.
    Breaks,
    Denies,
}

impl Shelf {
    fn new(manners: Manners) -> Self {
        Self {
            manners,
            state: Mutex::default(),
            begin: Instant::now(),
        }
    }

    fn fast(manners: Manners) -> Self {
        Self::new(Manners {
            is_fast: true,
            settling: Duration::from_secs(2),
            ..manners
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// On its way there or back.
    fn travel(&self) {
        if self.manners.latency > Duration::ZERO {
            let mut state = self.state();
            state.count += 1;
            let die = u32::from(sha256(&state.count.to_le_bytes()).as_bytes()[0]);
            drop(state);
            std::thread::sleep(self.manners.latency * die / 255);
        }
    }

    fn tag(&self, tag: &str) -> Value {
        serde_json::from_slice(&self.state().tags[tag]).unwrap()
    }

    /// How often something was asked for.
    fn count(&self, request: &str) -> usize {
        self.state().log.iter().filter(|line| line.starts_with(request)).count()
    }
}

impl Repository for Shelf {
    type Error = String;

    fn manifest(&self, digest: &Digest) -> Result<Option<Vec<u8>>, String> {
        let mut state = self.state();
        state.log.push(format!("read {digest}"));
        Ok(state.manifests.get(&digest.to_string()).cloned())
    }

    fn tagged(&self, tag: &str) -> Result<Option<Vec<u8>>, String> {
        Ok(self.state().tags.get(tag).cloned())
    }

    fn blob(&self, digest: &Digest, _: u64) -> Result<Option<Vec<u8>>, String> {
        Ok(self.state().blobs.get(&digest.to_string()).cloned())
    }

    fn referrers(&self, subject: &Digest) -> Result<Listed, String> {
        let state = self.state();
        let about = |bytes: &[u8]| Document::parse(bytes).unwrap().subject.as_ref() == Some(subject);
        let all = state
            .manifests
            .iter()
            .filter(|(_, bytes)| self.manners.lists && about(bytes));
        let digests: Vec<Digest> = all.map(|(digest, _)| digest.parse().unwrap()).collect();
        Ok(digests.into())
    }
}

impl Writer for Shelf {
    fn put_blob(&self, bytes: &[u8]) -> Result<(Digest, u64), String> {
        let digest = sha256(bytes);
        let mut state = self.state();
        state.log.push(format!("blob {digest}"));
        state.blobs.insert(digest.to_string(), bytes.to_vec());
        Ok((digest, bytes.len() as u64))
    }

    fn put_manifest(&self, _: &str, bytes: &[u8]) -> Result<(Digest, bool), String> {
        let digest = sha256(bytes);
        let mut state = self.state();
        state.log.push(format!("manifest {digest}"));
        state.manifests.insert(digest.to_string(), bytes.to_vec());
        Ok((digest, self.manners.lists))
    }

    fn versioned(&self, tag: &str) -> Result<Option<Versioned>, String> {
        self.travel();
        let mut state = self.state();
        state.log.push(format!("read {tag}"));
        let bytes = state.tags.get(tag).cloned();
        drop(state);
        self.travel();
        Ok(bytes.map(|bytes| Versioned {
            version: self.manners.versions.then(|| sha256(&bytes).to_string()),
            bytes,
        }))
    }

    fn put_tag(
        &self,
        tag: &str,
        media_type: &str,
        bytes: &[u8],
        condition: Option<&Condition>,
    ) -> Result<TagPut<String>, String> {
        assert_eq!(kind_of(bytes), media_type);
        if condition.is_some() && self.manners.refuses_conditions {
            return Ok(TagPut::NoConditions);
        }
        self.travel();
        let mut state = self.state();
        state.log.push(format!("move {tag}"));
        let meanwhile = state.meanwhile.pop();
        match &meanwhile {
            Some(Meanwhile::Moves(to)) => drop(state.tags.insert(tag.to_owned(), to.clone())),
            Some(Meanwhile::Breaks) => return Ok(TagPut::Unsure("broken".to_owned())),
            Some(Meanwhile::Denies) => return Err("denied".to_owned()),
            Some(Meanwhile::LosesAnswer | Meanwhile::Undoes(_)) | None => {}
        }
        let now = state.tags.get(tag).map(|bytes| sha256(bytes).to_string());
        let is_kept = |condition: &&Condition| {
            self.manners.conditions || self.manners.keeps_absence && **condition == Condition::Absent
        };
        let holds = match condition.filter(is_kept) {
            None => true,
            Some(Condition::Unchanged(version)) => now.as_ref() == Some(version),
            Some(Condition::Absent) => now.is_none(),
            Some(Condition::Impossible) => false,
        };
        if !holds {
            return Ok(TagPut::Changed);
        }
        state.tags.insert(tag.to_owned(), bytes.to_vec());
        if let Some(Meanwhile::Undoes(to)) = &meanwhile {
            state.tags.insert(tag.to_owned(), to.clone());
        }
        drop(state);
        self.travel();
        Ok(match meanwhile {
            Some(Meanwhile::LosesAnswer) => TagPut::Unsure("lost".to_owned()),
            _ => TagPut::Moved,
        })
    }

    fn settling(&self) -> Duration {
        self.manners.settling
    }

    fn elapsed(&self) -> Duration {
        match self.manners.is_fast {
            true => self.state().paused,
            false => self.begin.elapsed(),
        }
    }

    fn pause(&self, duration: Duration) {
        match self.manners.is_fast {
            true => self.state().paused += duration,
            false => std::thread::sleep(duration),
        }
    }
}

fn image() -> Descriptor {
    Descriptor::new(media_type::MANIFEST, sha256(b"image"), 5)
}

/// A bundle that is another one for each number.
pub(super) fn bundle(number: usize) -> Bundle {
    let document = json!({
        "mediaType": attestation::media_type::BUNDLE_V0_3,
        "verificationMaterial": { "publicKey": { "hint": number.to_string() }, "tlogEntries": [] },
        "messageSignature": { "signature": "MAYCAQUCAQY=" },
    });
    Bundle::parse(document.to_string().as_bytes()).unwrap()
}

fn attaching<'a>(shelf: &'a Shelf, subject: &'a Descriptor) -> Attaching<'a, Shelf> {
    Attaching {
        repository: shelf,
        subject,
        created: None,
        above: &[],
    }
}

/// The digests below the fallback tag.
fn listed(shelf: &Shelf) -> Vec<String> {
    let index = shelf.tag(&fallback_tag(image().digest()));
    let entries = index["manifests"].as_array().unwrap().iter();
    entries
        .map(|entry| entry["digest"].as_str().unwrap().to_owned())
        .collect()
}
