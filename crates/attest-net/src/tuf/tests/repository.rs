use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::PathBuf;

use attest_sandbox::{Keys, TufPlan};
use jiff::Timestamp;
use serde_json::Value;
use tempfile::TempDir;

use super::super::source::Source;
use super::super::{TrustAnchor, TrustCache, TrustMaterial, TrustUpdate, TufError, Updated};
use super::{days, now};
use crate::{Http, HttpOptions};

pub(super) const MIRROR: &str = "https://tuf.example.com/repository";

/// A repository, what stands between it and its client, and the client's cache.
pub(super) struct World {
    pub(super) plan: TufPlan,
    /// Files that are served in place of the published ones; none for a file that is held back.
    pub(super) replaced: BTreeMap<String, Option<Vec<u8>>>,
    pub(super) asked: RefCell<Vec<String>>,
    anchor: TrustAnchor,
    cache: TempDir,
    http: Http,
}

impl World {
    pub(super) fn new() -> Self {
        Self::anchored(TufPlan::new(days(30), files("first")))
    }

    /// A client that was given the first root of the plan.
    pub(super) fn anchored(plan: TufPlan) -> Self {
        let anchor = TrustAnchor::new(MIRROR, &published(&plan)["1.root.json"]).unwrap();
        Self {
            plan,
            replaced: BTreeMap::new(),
            asked: RefCell::default(),
            anchor,
            cache: tempfile::tempdir().unwrap(),
            http: Http::new(HttpOptions::default()).unwrap(),
        }
    }

    pub(super) fn with_anchor(self, anchor: TrustAnchor) -> Self {
        Self { anchor, ..self }
    }

    pub(super) fn anchor(&self) -> &TrustAnchor {
        &self.anchor
    }

    pub(super) fn path(&self) -> PathBuf {
        self.cache.path().join("instance.json")
    }

    pub(super) fn cache(&self) -> TrustCache {
        TrustCache::new(self.path())
    }

    pub(super) fn update(&self) -> Result<Updated, TufError> {
        self.update_at(now())
    }

    pub(super) fn update_at(&self, now: Timestamp) -> Result<Updated, TufError> {
        self.update_if(now, &|_| Ok(()))
    }

    pub(super) fn update_if(
        &self,
        now: Timestamp,
        usable: &dyn Fn(&TrustMaterial) -> Result<(), String>,
    ) -> Result<Updated, TufError> {
        self.asked.borrow_mut().clear();
        let (http, anchor) = (&self.http, &self.anchor);
        let update = TrustUpdate {
            http,
            anchor,
            now,
            usable,
        };
        self.cache().update_from(self, &update)
    }

    pub(super) fn read(&self) -> Result<Option<TrustMaterial>, TufError> {
        self.cache().read(&self.anchor)
    }

    /// Publishes the next version of everything, with other content.
    pub(super) fn publish(&mut self, content: &str) {
        self.plan.files = files(content);
        for edition in [
            &mut self.plan.timestamp,
            &mut self.plan.snapshot,
            &mut self.plan.targets,
        ] {
            edition.version += 1;
        }
    }

    /// Serves something else for a file than what is published.
    pub(super) fn replace(&mut self, name: &str, content: impl Into<Vec<u8>>) {
        self.replaced.insert(name.to_owned(), Some(content.into()));
    }

    pub(super) fn files(&self) -> BTreeMap<String, Vec<u8>> {
        published(&self.plan)
    }
}

impl Source for World {
    fn fetch(&self, path: &str, limit: usize) -> Result<Option<Vec<u8>>, TufError> {
        self.asked.borrow_mut().push(path.to_owned());
        let content = match self.replaced.get(path) {
            Some(replaced) => replaced.clone(),
            None => self.files().remove(path),
        };
        match content {
            Some(content) if content.len() > limit => Err(TufError::TooLarge {
                file: path.to_owned(),
                limit,
            }),
            other => Ok(other),
        }
    }
}

pub(super) fn published(plan: &TufPlan) -> BTreeMap<String, Vec<u8>> {
    plan.publish(&keys()).unwrap()
}

fn keys() -> Keys {
    Keys::from_seed([7; 32], now())
}

pub(super) fn files(content: &str) -> BTreeMap<String, Vec<u8>> {
    BTreeMap::from([
        ("trusted_root.json".to_owned(), content.as_bytes().to_vec()),
        (
            "signing_config.v0.2.json".to_owned(),
            format!("config of {content}").into_bytes(),
        ),
    ])
}

/// The metadata with another list of signatures.
pub(super) fn with_signatures(metadata: &[u8], change: impl FnOnce(&mut Vec<Value>)) -> Vec<u8> {
    let mut document: Value = serde_json::from_slice(metadata).unwrap();
    change(document["signatures"].as_array_mut().unwrap());
    serde_json::to_vec(&document).unwrap()
}
