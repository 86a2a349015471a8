//! Where an installed package was taken from that came from no index.
//!
//! Source: PyPA "Recording the Direct URL Origin of installed distributions".

use std::collections::BTreeMap;

use serde::Deserialize;

use super::files::ReleaseFile;
use super::installed::RECORD_LIMIT;
use super::release::Origin;
use crate::Gap;
use crate::cyclonedx::{ExternalReference, ReferenceKind};
use crate::inventory::Inventory;
use crate::scan::Scan;

/// `direct_url.json`: where a package was taken from that came from no index.
#[derive(Deserialize)]
pub(super) struct DirectUrl {
    url: String,
    vcs_info: Option<Repository>,
    archive_info: Option<Archive>,
    dir_info: Option<serde_json::Value>,
}

#[derive(Deserialize)]
struct Repository {
    commit_id: String,
}

#[derive(Deserialize)]
struct Archive {
    hash: Option<String>,
    #[serde(default)]
    hashes: BTreeMap<String, String>,
}

impl DirectUrl {
    pub(super) fn origin(&self) -> Origin {
        match &self.vcs_info {
            Some(repository) => Origin::repository(&self.url, &repository.commit_id),
            None if self.dir_info.is_some() || self.url.starts_with("file:") => Origin::Folder,
            None => Origin::Address(self.url.clone()),
        }
    }

    pub(super) fn is_own(&self) -> bool {
        let editable = self
            .dir_info
            .as_ref()
            .and_then(|information| information.get("editable"));
        editable.and_then(serde_json::Value::as_bool).unwrap_or(false)
    }

    /// The file that was installed, with its hash.
    pub(super) fn reference(&self) -> Option<ExternalReference> {
        let archive = self.archive_info.as_ref()?;
        // Those with a name of their own are the newer form.
        let file = match archive.hashes.is_empty() {
            true => ReleaseFile::new(Some(&self.url), archive.hash.as_deref()),
            false => ReleaseFile::of_table(Some(&self.url), &archive.hashes),
        };
        let (hashes, url) = (file.hashes, file.name?);
        let kind = ReferenceKind::Distribution;
        (!hashes.is_empty()).then_some(ExternalReference { kind, url, hashes })
    }
}

/// Reads it beside the metadata of a package, if it is there.
pub(super) fn direct_url(scan: &Scan<'_>, information: &str, inventory: &mut Inventory) -> Option<DirectUrl> {
    let path = format!("{information}/direct_url.json");
    let found = scan.read(&path, RECORD_LIMIT).and_then(|bytes| {
        let damaged = |error: serde_json::Error| Gap::new("damaged", &path, error.to_string());
        bytes
            .map(|bytes| serde_json::from_slice(&bytes).map_err(damaged))
            .transpose()
    });
    found.unwrap_or_else(|gap| {
        inventory.gap(gap);
        None
    })
}
