//! What a person calls an image of a layout: a tag, a digest, or a tag with the digest that it has to be at.

use attest_digest::Digest;

use super::{Descriptor, Error, Layout};

/// By which `cosign save` says what an entry is, and what it says of signatures and attestations.
const SAVED_KIND: &str = "kind";
const SAVED_BESIDE: [&str; 2] = ["dev.cosignproject.cosign/sigs", "dev.cosignproject.cosign/atts"];

/// How digests of manifests begin. What begins like one and is none is no tag either.
const ALGORITHMS: [&str; 3] = ["sha256:", "sha384:", "sha512:"];

/// What is asked for. Whoever writes a layout chooses the names in it, and may choose one that reads as a digest: a digest is held
/// against digests alone.
enum Asked<'a> {
    Digest(Digest),
    Tag(&'a str),
    /// What is at the digest, if `tag` or `whole` is its name.
    Pinned {
        whole: &'a str,
        tag: &'a str,
        digest: Digest,
    },
    /// A digest that is none.
    Nothing,
}

impl<'a> Asked<'a> {
    fn parse(text: &'a str) -> Self {
        let (tag, pin) = match text.rsplit_once('@') {
            Some((tag, pin)) if tag.is_empty() || is_like_digest(pin) => (tag, pin),
            _ if is_like_digest(text) => ("", text),
            _ => return Self::Tag(text),
        };
        match pin.parse() {
            Err(_) => Self::Nothing,
            Ok(digest) if tag.is_empty() => Self::Digest(digest),
            Ok(digest) => Self::Pinned {
                whole: text,
                tag,
                digest,
            },
        }
    }
}

fn is_like_digest(text: &str) -> bool {
    text.parse::<Digest>().is_ok() || ALGORITHMS.iter().any(|algorithm| text.starts_with(algorithm))
}

impl Layout {
    /// What `index.json` names by a tag, by `DIGEST` or `@DIGEST`, or by `TAG@DIGEST`, which both have to be its own; without any,
    /// the only thing that it names, beside what hangs on others. Below an index of `index.json`, an image is found by its digest.
    ///
    /// # Errors
    /// [`Error::NoSuchReference`], [`Error::AmbiguousReference`], [`Error::SeveralReferences`]; as for [`Layout::images`].
    pub fn find(&self, reference: Option<&str>) -> Result<Descriptor, Error> {
        let Some(asked) = reference else {
            return self.only();
        };
        let found = match Asked::parse(asked) {
            Asked::Digest(digest) => self.at(&digest)?,
            Asked::Tag(tag) => self.named(tag)?,
            Asked::Pinned { whole, tag, digest } => self.pinned([whole, tag], &digest),
            Asked::Nothing => None,
        };
        found.ok_or_else(|| Error::NoSuchReference {
            asked: asked.to_owned(),
            found: self.names(),
        })
    }

    fn at(&self, digest: &Digest) -> Result<Option<Descriptor>, Error> {
        let entries = self.index().manifests();
        if let Some(entry) = entries.iter().find(|entry| entry.digest() == digest) {
            return Ok(Some(entry.clone()));
        }
        for entry in entries {
            let mut images = self.images(entry)?.into_iter();
            if let Some(image) = images.find(|image| image.descriptor.digest() == digest) {
                return Ok(Some(image.descriptor));
            }
        }
        Ok(None)
    }

    /// Of two images with one tag, one tool takes the first and another one the last.
    fn named(&self, tag: &str) -> Result<Option<Descriptor>, Error> {
        let entries = self.index().manifests().iter();
        let named: Vec<&Descriptor> = entries.filter(|entry| entry.reference_name() == Some(tag)).collect();
        match (single(&named), named.is_empty()) {
            (Some(only), _) => Ok(Some(only.clone())),
            (None, true) => Ok(None),
            (None, false) => {
                let mut found: Vec<Digest> = named.iter().map(|entry| entry.digest().clone()).collect();
                found.sort_by_key(Digest::to_string);
                found.dedup();
                Err(Error::AmbiguousReference {
                    asked: tag.to_owned(),
                    found,
                })
            }
        }
    }

    fn pinned(&self, names: [&str; 2], digest: &Digest) -> Option<Descriptor> {
        let is_named = |entry: &Descriptor| entry.reference_name().is_some_and(|name| names.contains(&name));
        let mut entries = self.index().manifests().iter();
        entries
            .find(|entry| entry.digest() == digest && is_named(entry))
            .cloned()
    }

    fn only(&self) -> Result<Descriptor, Error> {
        let all: Vec<&Descriptor> = self.index().manifests().iter().collect();
        if let Some(only) = single(&all) {
            return Ok(only.clone());
        }
        let mut independent = Vec::new();
        for entry in all {
            if !self.hangs_on_another(entry)? {
                independent.push(entry);
            }
        }
        let found = || self.names();
        single(&independent)
            .cloned()
            .ok_or_else(|| Error::SeveralReferences { found: found() })
    }

    /// Whether an entry of `index.json` is about another one: by its `subject`, or by where signatures are kept.
    fn hangs_on_another(&self, entry: &Descriptor) -> Result<bool, Error> {
        let is_kept_beside = entry.reference_name().is_some_and(is_tag_of_another);
        let kind = entry.annotations().get(SAVED_KIND).map(String::as_str);
        if is_kept_beside || kind.is_some_and(|kind| SAVED_BESIDE.contains(&kind)) {
            return Ok(true);
        }
        let has_subject = match () {
            () if entry.is_index() => self.nested_index(entry).map(|index| index.subject().is_some()),
            () if entry.is_manifest() => self.manifest(entry).map(|manifest| manifest.subject().is_some()),
            () => Ok(false),
        };
        match has_subject {
            Err(Error::MissingBlob { .. }) => Ok(false),
            has_subject => has_subject,
        }
    }

    fn names(&self) -> Vec<String> {
        let name = |descriptor: &Descriptor| match descriptor.reference_name() {
            Some(name) => name.to_owned(),
            None => descriptor.digest().to_string(),
        };
        self.index().manifests().iter().map(name).collect()
    }
}

/// The only blob that is named, perhaps several times.
fn single<'a>(named: &[&'a Descriptor]) -> Option<&'a Descriptor> {
    let (first, rest) = named.split_first()?;
    rest.iter()
        .all(|other| other.digest() == first.digest())
        .then_some(*first)
}

/// `sha256-HEX`, alone or with the ending of cosign 2. Sources: OCI distribution specification 1.1, "Referrers Tag Schema";
/// cosign, `specs/SIGNATURE_SPEC.md`.
fn is_tag_of_another(name: &str) -> bool {
    let (stem, ending) = name.split_once('.').unwrap_or((name, ""));
    let is_digest = stem
        .split_once('-')
        .is_some_and(|(algorithm, hex)| format!("{algorithm}:{hex}").parse::<Digest>().is_ok());
    is_digest && matches!(ending, "" | "sig" | "att" | "sbom")
}
