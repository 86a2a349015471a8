use std::collections::BTreeMap;

use attest_digest::Digest;
use serde::Deserialize;

use super::client::Client;
use super::manifest::bare;
use super::pages::{Listed, listed};
use super::reference::{Pointer, Repository, Tag, oci_digest};
use super::session::Access;
use super::{Error, Manifest};

/// The most referrers of one manifest that are read: each is a manifest that has to be fetched and looked at.
const MAX_REFERRERS: usize = 10_000;

/// What a registry answers that has no interface for referrers: 404, as the specification says, or that it knows no such method. Some
/// answer 400 or 406 whatever they have no route for, which counts only with the code that says so. 401 and 403 are not among them.
const NOT_OFFERED: [u16; 5] = [400, 404, 405, 406, 501];

const INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// A manifest that says of itself that it is about another one, as a list describes it. What it is stands in the manifest alone: lists
/// name the artifact type of some writers wrongly, or not at all.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Referrer {
    /// What kind of manifest it is.
    pub media_type: String,
    /// Its digest.
    pub digest: Digest,
    /// Its size, in bytes.
    pub size: u64,
    /// What the list says that the artifact is.
    pub artifact_type: Option<String>,
    /// What the list says of it.
    pub annotations: BTreeMap<String, String>,
}

/// Where referrers were found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReferrersSource {
    /// The registry lists them; whoever could not, before, left others under the tag, which count too.
    Interface,
    /// The registry does not: whatever there is stands under the tag.
    Tag,
}

/// What a registry itself lists as referring to a manifest.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ListedReferrers {
    /// The digests of the manifests, sorted, each once.
    pub digests: Vec<Digest>,
    /// Why these are not all: [`Error::TooLarge`], where there are more than are read.
    pub cut: Option<Error>,
}

/// Everything that refers to a manifest, sorted by digest, each once.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Referrers {
    /// The manifests.
    pub entries: Vec<Referrer>,
    /// Who listed them.
    pub source: ReferrersSource,
    /// The index under the fallback tag as it was read: a writer merges into it, under the condition that it did not change.
    pub fallback: Option<Manifest>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DescriptorWire {
    media_type: String,
    digest: String,
    size: u64,
    #[serde(default)]
    artifact_type: Option<String>,
    #[serde(default)]
    annotations: Option<BTreeMap<String, String>>,
}

type Found = BTreeMap<Digest, Referrer>;

impl Client {
    /// Everything that refers to a manifest: what the registry lists, and what stands under the fallback tag. "None" is an answer
    /// only where looking was allowed.
    ///
    /// Source: OCI distribution-spec 1.1, "Listing Referrers" and "Unavailable Referrers API".
    ///
    /// # Errors
    /// [`Error`].
    pub fn referrers(&self, repository: &Repository, subject: &Digest) -> Result<Referrers, Error> {
        let mut found = Found::new();
        let source = match self.listed(repository, subject, &mut found)? {
            true => ReferrersSource::Interface,
            false => {
                found.clear();
                ReferrersSource::Tag
            }
        };
        let tag = Pointer::Tag(Tag::of_referrers(subject));
        let fallback = self.find_manifest(repository, &tag)?;
        if let Some(index) = &fallback {
            let place = format!("{repository}:{tag}");
            if !is_index(&index.media_type, &index.bytes) {
                return Err(not_an_index(&place, &index.media_type));
            }
            take(&index.bytes, &place, &mut found)?;
        }
        Ok(Referrers {
            entries: found.into_values().collect(),
            source,
            fallback,
        })
    }

    /// The digests of what a registry itself lists as referring to a manifest; none when it has no interface for it. A list that is longer
    /// than is read is cut: whoever may write to a repository can make one, and what came before it is there all the same.
    ///
    /// # Errors
    /// [`Error`]; also when one may not look.
    pub fn listed_referrers(&self, repository: &Repository, subject: &Digest) -> Result<ListedReferrers, Error> {
        let mut found = Found::new();
        let cut = match self.listed(repository, subject, &mut found) {
            Ok(true) => None,
            Ok(false) => return Ok(ListedReferrers::default()),
            Err(error @ Error::TooLarge { .. }) => Some(error),
            Err(error) => return Err(error),
        };
        let digests = found.into_keys().collect();
        Ok(ListedReferrers { digests, cut })
    }

    /// False when the registry says that it has no interface for it. A page that is no list says nothing: what a login page or an empty
    /// answer hides may be all signatures there are.
    fn listed(&self, repository: &Repository, subject: &Digest, found: &mut Found) -> Result<bool, Error> {
        let rest = format!("referrers/{subject}");
        let listed = self.pages(
            Access::reading(repository),
            &rest,
            &NOT_OFFERED,
            |media_type, body, url| {
                let media_type = media_type.map(bare).unwrap_or_default();
                match is_index(&media_type, body) {
                    true => take(body, url, found),
                    false => Err(not_an_index(url, &media_type)),
                }
            },
        )?;
        Ok(matches!(listed, Listed::Pages))
    }
}

/// By its type, or, where it is only called JSON, by what it is.
fn is_index(media_type: &str, body: &[u8]) -> bool {
    let has_manifests = || listed::<serde::de::IgnoredAny>(body, "manifests").is_ok();
    media_type == INDEX || (media_type == "application/json" && has_manifests())
}

fn take(json: &[u8], url: &str, found: &mut Found) -> Result<(), Error> {
    for entry in listed::<DescriptorWire>(json, "manifests").map_err(|error| not_an_index(url, &error))? {
        let digest = oci_digest(&entry.digest).map_err(|error| not_an_index(url, &error.to_string()))?;
        let referrer = Referrer {
            media_type: entry.media_type,
            digest: digest.clone(),
            size: entry.size,
            artifact_type: entry.artifact_type,
            annotations: entry.annotations.unwrap_or_default(),
        };
        found.entry(digest).or_insert(referrer);
        if found.len() > MAX_REFERRERS {
            return Err(Error::TooLarge {
                url: url.to_owned(),
                what: "referrers",
                limit: MAX_REFERRERS as u64,
            });
        }
    }
    Ok(())
}

fn not_an_index(url: &str, found: &str) -> Error {
    Error::Answer {
        url: url.to_owned(),
        expected: "an index of referrers",
        found: format!("`{found}`"),
    }
}
