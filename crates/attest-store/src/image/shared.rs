//! What several writers keep below one tag: a list that only grows.

use std::collections::{BTreeMap, BTreeSet};

use attest_archive::image::{Edited, Error, Index, Manifest, media_type};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::kind_of;
use super::written::{Pointer, SIGNATURE, go_json, sha256};

/// The types of layers that are evidence, as cosign keeps them below tags.
pub(super) const SIMPLE_SIGNING: &str = "application/vnd.dev.cosign.simplesigning.v1+json";
pub(super) const ENVELOPE: &str = "application/vnd.dsse.envelope.v1+json";

/// What the list is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The referrers of a manifest, in an index.
    Referrers,
    /// The layers of a manifest of cosign 2.
    Layers,
}

/// An entry of a list.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    key: Key,
    json: Box<RawValue>,
}

/// By what an entry is told from another one: its digest, and what cosign keeps beside it of the signature.
type Key = (String, BTreeMap<String, String>);

/// What stands below a tag. Fields and entries of others stay as they were written.
#[derive(Debug, Clone)]
pub(super) struct Shared {
    kind: Kind,
    media_type: String,
    document: Edited,
    entries: Vec<Entry>,
}

/// What is to be written below a tag.
#[derive(Debug)]
pub(super) struct ToWrite {
    pub(super) media_type: String,
    pub(super) bytes: Vec<u8>,
    /// A blob that must be there before.
    pub(super) configuration: Option<Vec<u8>>,
}

/// Why what stands below a tag gains no entry.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotShared {
    #[error("expected {expected}, found `{found}`")]
    Other { expected: &'static str, found: String },
    #[error(transparent)]
    Invalid(#[from] Error),
}

#[derive(Deserialize)]
struct EntryWire {
    digest: String,
    #[serde(default)]
    annotations: Option<BTreeMap<String, String>>,
}

/// In the order of Go's structure.
#[derive(Serialize)]
struct ConfigurationWire {
    architecture: &'static str,
    created: &'static str,
    history: Vec<HistoryWire>,
    os: &'static str,
    rootfs: RootWire,
    config: Nothing,
}

#[derive(Serialize)]
struct HistoryWire {
    created: &'static str,
}

#[derive(Serialize)]
struct RootWire {
    r#type: &'static str,
    diff_ids: Vec<String>,
}

#[derive(Serialize)]
struct Nothing {}

/// With what the annotations begin that cosign 2 keeps beside a signature: certificates, the entry of the log, timestamps.
const EVIDENCE: &str = "dev.sigstore.cosign/";

/// Go's zero.
const NO_TIME: &str = "0001-01-01T00:00:00Z";

impl Entry {
    /// An entry is another one when its digest is, or the signature beside it, as one payload may be signed by several, or what
    /// proves the signature: the same one may be logged later.
    pub(super) fn new(json: Box<RawValue>) -> Result<Self, Error> {
        let wire: EntryWire = serde_json::from_str(json.get()).map_err(|error| Error::Json {
            expected: "an entry with a digest",
            reason: error.to_string(),
        })?;
        let mut beside = wire.annotations.unwrap_or_default();
        beside.retain(|name, _| name == SIGNATURE || name.starts_with(EVIDENCE));
        Ok(Self {
            key: (wire.digest, beside),
            json,
        })
    }
}

impl Shared {
    /// Reads what stands below a tag; without anything, begins it.
    pub(super) fn read(kind: Kind, bytes: Option<&[u8]>) -> Result<Self, NotShared> {
        let Some(bytes) = bytes else {
            return Ok(Self {
                kind,
                media_type: kind.media_type().to_owned(),
                document: Edited::parse(
                    format!(r#"{{"schemaVersion":2,"mediaType":"{}"}}"#, kind.media_type()).as_bytes(),
                )?,
                entries: Vec::new(),
            });
        };
        let media_type = kind_of(bytes);
        kind.require(&media_type, bytes)?;
        let document = Edited::parse(bytes)?;
        let entries = document.list(kind.list())?.into_iter().map(Entry::new);
        Ok(Self {
            kind,
            media_type,
            entries: entries.collect::<Result<_, _>>()?,
            document,
        })
    }

    /// Whether all of these are in it.
    pub(super) fn holds(&self, entries: &[Entry]) -> bool {
        let keys: BTreeSet<_> = self.entries.iter().map(|entry| &entry.key).collect();
        entries.iter().all(|entry| keys.contains(&entry.key))
    }

    /// Adds those that are not in it.
    pub(super) fn merge(&mut self, entries: &[Entry]) {
        let keys: BTreeSet<_> = self.entries.iter().map(|entry| entry.key.clone()).collect();
        let new = entries.iter().filter(|entry| !keys.contains(&entry.key));
        self.entries.extend(new.cloned());
    }

    pub(super) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The document as it is to be written.
    pub(super) fn write(&self) -> Result<ToWrite, Error> {
        let mut document = self.document.clone();
        let configuration = match self.kind {
            Kind::Referrers => None,
            Kind::Layers => {
                let configuration = self.configuration();
                let kind = match &*self.media_type {
                    media_type::DOCKER_MANIFEST => media_type::DOCKER_CONFIG,
                    _ => media_type::CONFIG,
                };
                let pointer = Pointer::new(kind, &sha256(&configuration), configuration.len() as u64);
                document.set("config", &pointer)?;
                Some(configuration)
            }
        };
        let entries: Vec<&RawValue> = self.entries.iter().map(|entry| &*entry.json).collect();
        document.set(self.kind.list(), &entries)?;
        Ok(ToWrite {
            media_type: self.media_type.clone(),
            bytes: document.to_json().into_bytes(),
            configuration,
        })
    }

    /// As cosign 2 writes it: layers are not compressed, so that each is its own difference.
    fn configuration(&self) -> Vec<u8> {
        let history = self.entries.iter().map(|_| HistoryWire { created: NO_TIME });
        let wire = ConfigurationWire {
            architecture: "",
            created: NO_TIME,
            history: history.collect(),
            os: "",
            rootfs: RootWire {
                r#type: "layers",
                diff_ids: self.entries.iter().map(|entry| entry.key.0.clone()).collect(),
            },
            config: Nothing {},
        };
        go_json(&wire).into_bytes()
    }
}

impl Kind {
    fn media_type(self) -> &'static str {
        match self {
            Self::Referrers => media_type::INDEX,
            Self::Layers => media_type::MANIFEST,
        }
    }

    fn list(self) -> &'static str {
        match self {
            Self::Referrers => "manifests",
            Self::Layers => "layers",
        }
    }

    /// What others keep below the tag is not touched unless it is what belongs there.
    fn require(self, found: &str, bytes: &[u8]) -> Result<(), NotShared> {
        let other = |expected, found: &str| {
            let found = found.to_owned();
            Err(NotShared::Other { expected, found })
        };
        match (self, found) {
            (Self::Referrers, media_type::INDEX) => {
                Index::from_json(bytes)?;
            }
            (Self::Referrers, _) => return other("an index of referrers", found),
            (Self::Layers, media_type::MANIFEST | media_type::DOCKER_MANIFEST) => {
                let manifest = Manifest::from_json(bytes)?;
                let mut layers = manifest
                    .layers()
                    .iter()
                    .map(attest_archive::image::Descriptor::media_type);
                if let Some(layer) = layers.find(|layer| !matches!(*layer, SIMPLE_SIGNING | ENVELOPE)) {
                    return other("layers of signatures or attestations", layer);
                }
            }
            (Self::Layers, _) => return other("a manifest of signatures or attestations", found),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn entry(json: &str) -> Entry {
        Entry::new(RawValue::from_string(json.to_owned()).unwrap()).unwrap()
    }

    fn hex(digit: char) -> String {
        digit.to_string().repeat(64)
    }

    fn text(shared: &Shared) -> String {
        String::from_utf8(shared.write().unwrap().bytes).unwrap()
    }

    #[test]
    fn entries_of_others_stay_as_they_were_written() {
        let (one, two) = (hex('1'), hex('2'));
        let theirs = format!(r#"{{ "digest":"sha256:{one}","mediaType":"a/b","size":1,"x-new":[1.0,{{"y":null}}] }}"#);
        let index = format!(
            r#"{{"manifests":[{theirs}],"schemaVersion":2,"mediaType":"{}","x-top":1e3}}"#,
            media_type::INDEX
        );
        let mut shared = Shared::read(Kind::Referrers, Some(index.as_bytes())).unwrap();
        let ours = entry(&format!(r#"{{"mediaType":"c/d","size":2,"digest":"sha256:{two}"}}"#));
        assert!(!shared.holds(std::slice::from_ref(&ours)));
        for _ in 0..2 {
            shared.merge(std::slice::from_ref(&ours));
        }
        assert!(shared.holds(std::slice::from_ref(&ours)));
        let expected = index.replace(&theirs, &format!("{theirs},{}", ours.json.get()));
        assert_eq!(text(&shared), expected);
    }

    #[test]
    fn one_payload_may_be_signed_twice_and_the_same_signature_counts_once() {
        let layer = |signature: &str| {
            entry(&format!(
                r#"{{"mediaType":"{SIMPLE_SIGNING}","size":1,"digest":"sha256:{}","annotations":{{"{SIGNATURE}":"{signature}"}}}}"#,
                hex('1')
            ))
        };
        let mut shared = Shared::read(Kind::Layers, None).unwrap();
        shared.merge(&[layer("a")]);
        shared.merge(&[layer("b"), layer("a")]);
        assert_eq!(shared.entries().len(), 2);
        let written = shared.write().unwrap();
        let again = Shared::read(Kind::Layers, Some(&written.bytes)).unwrap();
        assert!(again.holds(shared.entries()));
        let configuration = String::from_utf8(written.configuration.unwrap()).unwrap();
        let one = format!(r#""sha256:{}""#, hex('1'));
        let expected = format!(
            r#"{{"architecture":"","created":"{NO_TIME}","history":[{{"created":"{NO_TIME}"}},{{"created":"{NO_TIME}"}}],"os":"","rootfs":{{"type":"layers","diff_ids":[{one},{one}]}},"config":{{}}}}"#
        );
        assert_eq!(configuration, expected);
    }

    #[test]
    fn a_signature_that_was_logged_later_is_another_entry_and_a_remark_makes_none() {
        let layer = |more: &str| {
            let digest = hex('1');
            entry(&format!(
                r#"{{"mediaType":"{SIMPLE_SIGNING}","size":1,"digest":"sha256:{digest}","annotations":{{"{SIGNATURE}":"a"{more}}}}}"#
            ))
        };
        let mut shared = Shared::read(Kind::Layers, None).unwrap();
        shared.merge(&[layer("")]);
        for name in ["bundle", "certificate", "chain", "rfc3161timestamp"] {
            let proven = layer(&format!(r#","dev.sigstore.cosign/{name}":"x""#));
            assert!(!shared.holds(std::slice::from_ref(&proven)), "{name}");
            shared.merge(std::slice::from_ref(&proven));
            assert!(shared.holds(&[layer(""), proven]));
        }
        assert_eq!(shared.entries().len(), 5);
        assert!(shared.holds(&[layer(r#","com.example.remark":"x""#)]));
    }

    #[test]
    fn what_does_not_belong_below_the_tag_is_not_touched() {
        let manifest = |layer: &str| {
            format!(
                r#"{{"schemaVersion":2,"mediaType":"{}","config":{{"mediaType":"{}","digest":"sha256:{}","size":2}},"layers":[{{"mediaType":"{layer}","digest":"sha256:{}","size":2}}]}}"#,
                media_type::MANIFEST,
                media_type::CONFIG,
                hex('1'),
                hex('2')
            )
        };
        Shared::read(Kind::Layers, Some(manifest(ENVELOPE).as_bytes())).unwrap();
        let error = Shared::read(Kind::Layers, Some(manifest("a/b").as_bytes())).unwrap_err();
        assert_eq!(
            error.to_string(),
            "expected layers of signatures or attestations, found `a/b`"
        );
        let error = Shared::read(Kind::Referrers, Some(manifest(ENVELOPE).as_bytes())).unwrap_err();
        let expected = format!("expected an index of referrers, found `{}`", media_type::MANIFEST);
        assert_eq!(error.to_string(), expected);
        for garbled in [
            "",
            "[]",
            r#"{"manifests":[],"schemaVersion":1}"#,
            r#"{"manifests":[],"Manifests":[]}"#,
        ] {
            assert!(
                Shared::read(Kind::Referrers, Some(garbled.as_bytes())).is_err(),
                "{garbled}"
            );
        }
    }

    proptest! {
        #[test]
        fn whatever_others_wrote_stays(
            theirs in prop::collection::btree_map(0..50_u32, ("[ \n\t]{0,3}", "[a-zA-Z<>&é]{0,9}", any::<f64>()), 0..9),
            ours in prop::collection::vec(0..60_u32, 1..5),
        ) {
            let digest = |number: &u32| format!("sha256:{number:064x}");
            let theirs: Vec<String> = theirs
                .iter()
                .map(|(number, (space, text, float))| {
                    let digest = digest(number);
                    format!(r#"{{{space}"x-{text}":{float:e},{space}"digest":"{digest}","mediaType":"a/b","size":1}}"#)
                })
                .collect();
            let index = format!(
                r#"{{"schemaVersion":2,"mediaType":"{}","manifests":[{}]}}"#,
                media_type::INDEX,
                theirs.join(" , ")
            );
            let ours: Vec<Entry> = ours
                .iter()
                .map(|number| entry(&format!(r#"{{"digest":"{}","mediaType":"c/d","size":2}}"#, digest(number))))
                .collect();
            let mut shared = Shared::read(Kind::Referrers, Some(index.as_bytes())).unwrap();
            for entry in &ours {
                shared.merge(std::slice::from_ref(entry));
            }
            let again = Shared::read(Kind::Referrers, Some(text(&shared).as_bytes())).unwrap();
            prop_assert!(again.holds(&ours));
            let found: Vec<&str> = again.entries().iter().map(|entry| entry.json.get()).collect();
            prop_assert_eq!(&found[..theirs.len()], &theirs[..]);
            let keys: BTreeSet<_> = again.entries().iter().map(|entry| &entry.key).collect();
            prop_assert_eq!(keys.len(), found.len());
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            for kind in [Kind::Referrers, Kind::Layers] {
                let _ = Shared::read(kind, Some(&bytes));
            }
        }

        #[test]
        fn no_json_makes_it_panic(text in r#"\{("(manifests|layers|config|mediaType|digest|annotations)":(\[\{?\}?\]|\{\}|1|"a"|null),?){0,5}\}?"#) {
            for kind in [Kind::Referrers, Kind::Layers] {
                let _ = Shared::read(kind, Some(text.as_bytes()));
            }
        }
    }
}
