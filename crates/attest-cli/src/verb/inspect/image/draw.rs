//! A tree for people. The lines are the same everywhere: no locale decides how they are drawn.

use std::collections::BTreeSet;

use attest_store::image::MAX_ATTACHMENTS;

use super::ImageDocument;
use super::attached::{self, AttachedDocument, Stored};
use super::manifest::{Kind, ManifestDocument};
use crate::image::MAX_HANGING_DEPTH;
use crate::shell::quoted;
use crate::visible::visible;

/// The most of what hangs on one manifest that is shown. A document has all of it.
const MAX_SHOWN: usize = 20;

/// An image, each line marked for itself: what is cut out of the output stays marked.
pub(in crate::verb::inspect) fn text(image: &ImageDocument) -> String {
    let mut drawing = Drawing {
        image,
        drawn: BTreeSet::from([0]),
        lines: vec![format!("{}: {}, UNVERIFIED", image.name, image.what())],
    };
    drawing.below(0, "");
    if image.not_followed > 0 {
        drawing.lines.push(format!(
            "On {} of these it was not looked for what hangs there: {MAX_ATTACHMENTS} are looked at, {MAX_HANGING_DEPTH} deep.",
            image.not_followed
        ));
    }
    let switch = if image.is_layout { "--oci-layout " } else { "" };
    let scheme = if image.is_layout { "" } else { "oci://" };
    drawing.lines.push(format!(
        "Nobody has checked any of this: `attest verify {switch}{}` does.",
        quoted(&format!("{scheme}{}", image.name))
    ));
    drawing.lines.iter().map(|line| visible(line) + "\n").collect()
}

impl ImageDocument {
    fn what(&self) -> String {
        let Some(top) = self.manifests.first() else {
            return "nothing".to_owned();
        };
        match top.kind {
            Kind::Index => match self.images() {
                1 => "an index of one image".to_owned(),
                count => format!("an index of {count} images"),
            },
            Kind::Image => match &top.platform {
                Some(platform) => format!("an image for {platform}, {}", top.amount()),
                None => format!("an image, {}", top.amount()),
            },
            _ => format!("{}, {}", top.type_name(), top.amount()),
        }
    }

    fn images(&self) -> usize {
        let images = self.manifests.iter();
        images.filter(|manifest| manifest.kind == Kind::Image).count()
    }

    /// What an attestation of BuildKit is about, by its platform where there is one.
    fn about(&self, manifest: &ManifestDocument) -> String {
        let Some(about) = &manifest.about else {
            return "an image that it does not name".to_owned();
        };
        let image = self.manifests.iter().find(|other| other.digest == *about);
        let platform = image.and_then(|image| image.platform.clone());
        platform.unwrap_or_else(|| about.clone())
    }
}

impl ManifestDocument {
    fn amount(&self) -> String {
        match &self.content {
            Some(content) if content.layers == 1 => format!("1 layer, {} bytes", content.bytes),
            Some(content) => format!("{} layers, {} bytes", content.layers, content.bytes),
            None => format!("{} bytes", self.size),
        }
    }

    fn type_name(&self) -> &str {
        self.artifact_type.as_deref().unwrap_or(&self.media_type)
    }
}

struct Drawing<'a> {
    image: &'a ImageDocument,
    drawn: BTreeSet<usize>,
    lines: Vec<String>,
}

/// What stands below a manifest.
enum Branch<'a> {
    Line(String),
    Attached(&'a AttachedDocument),
    Child(usize),
}

impl Drawing<'_> {
    fn below(&mut self, place: usize, indent: &str) {
        let image = self.image;
        let Some(manifest) = image.manifests.get(place) else {
            return;
        };
        let annotations = manifest.annotations.iter().filter(|_| place == 0);
        let mut branches: Vec<Branch<'_>> = annotations
            .map(|(name, value)| Branch::Line(format!("{name} = {value}")))
            .take(MAX_SHOWN)
            .collect();
        branches.extend(manifest.attached.iter().take(MAX_SHOWN).map(Branch::Attached));
        if manifest.attached.len() > MAX_SHOWN {
            let more = manifest.attached.len() - MAX_SHOWN;
            branches.push(Branch::Line(format!("and {more} more")));
        }
        branches.extend(image.children[place].iter().copied().map(Branch::Child));
        let last = branches.len().saturating_sub(1);
        for (number, branch) in branches.iter().enumerate() {
            let (knot, line) = if number == last {
                ("└─", "  ")
            } else {
                ("├─", "│ ")
            };
            match branch {
                Branch::Line(text) => self.lines.push(format!("{indent}{knot} {text}")),
                Branch::Attached(attached) => {
                    self.lines.push(format!("{indent}{knot} {}", attached.line()));
                    self.hanging(&attached.attached, &format!("{indent}{line} "));
                }
                Branch::Child(child) => {
                    let is_new = self.drawn.insert(*child);
                    self.lines
                        .push(format!("{indent}{knot} {}", self.child(*child, is_new)));
                    if is_new {
                        self.below(*child, &format!("{indent}{line} "));
                    }
                }
            }
        }
    }

    /// What hangs on something that hangs on a manifest.
    fn hanging(&mut self, attached: &[AttachedDocument], indent: &str) {
        let shown = attached.iter().take(MAX_SHOWN);
        for (number, one) in shown.enumerate() {
            let (knot, line) = match number + 1 == attached.len() {
                true => ("└─", "  "),
                false => ("├─", "│ "),
            };
            self.lines.push(format!("{indent}{knot} {}", one.line()));
            self.hanging(&one.attached, &format!("{indent}{line} "));
        }
        if attached.len() > MAX_SHOWN {
            let more = attached.len() - MAX_SHOWN;
            self.lines.push(format!("{indent}└─ and {more} more"));
        }
    }

    fn child(&self, place: usize, is_new: bool) -> String {
        let manifest = &self.image.manifests[place];
        let what = match manifest.kind {
            Kind::Index => format!("index of {}", self.image.children[place].len()),
            Kind::Image => {
                let platform = manifest.platform.as_deref().unwrap_or("image");
                format!("{platform}  {}", manifest.amount())
            }
            Kind::BuildAttestation => {
                let (about, types) = (self.image.about(manifest), manifest.predicate_types.join(", "));
                format!("said by BuildKit of {about}, signed by nobody: {types}")
            }
            Kind::Artifact => format!("{}  {}", manifest.type_name(), manifest.amount()),
            Kind::Missing => match &manifest.platform {
                Some(platform) => format!("{platform}  not there"),
                None => "not there".to_owned(),
            },
            Kind::Other => format!("{}  {}, not looked into", manifest.type_name(), manifest.amount()),
        };
        let above = if is_new { "" } else { "  (as above)" };
        format!("{what}  {}{above}", manifest.digest)
    }
}

impl AttachedDocument {
    fn line(&self) -> String {
        let mut parts = vec![self.what()];
        parts.extend(self.by_whom());
        parts.extend(self.time.clone());
        parts.push(self.place());
        parts.join("  ")
    }

    fn what(&self) -> String {
        let named = self.predicate_type.as_ref();
        let other = self.media_types.first().or(self.artifact_type.as_ref());
        match (self.kind, &self.error) {
            (_, Some(error)) => format!("unreadable: [{}] {}", error.code, error.message),
            (attached::Kind::Signature, _) => match (&self.reference, &self.about) {
                (Some(reference), Some(about)) => format!("signature of another image, {reference}@{about}"),
                (Some(reference), None) => format!("signature of {reference}"),
                (None, _) => "signature".to_owned(),
            },
            (attached::Kind::Attestation, _) => format!("attestation {}", named.map_or("", String::as_str)),
            (attached::Kind::Sbom, _) => format!("SBOM {}", named.or(other).map_or("", String::as_str)),
            (attached::Kind::Other | attached::Kind::Unreadable, _) => {
                let kind = self.artifact_type.as_ref().or(other);
                format!("{}, not looked into", kind.map_or("something", String::as_str))
            }
        }
    }

    fn by_whom(&self) -> Option<String> {
        let issuer = self.issuer.as_ref().map(|issuer| format!(" ({issuer})"));
        match (self.signed, &self.identity, &self.key, self.kind) {
            (true, Some(identity), _, _) => Some(format!("claimed by {identity}{}", issuer.unwrap_or_default())),
            (true, None, Some(key), _) => Some(format!("claimed by key {key}")),
            (true, None, None, _) => Some("claimed by a key that is not named".to_owned()),
            (false, _, _, attached::Kind::Sbom) => Some("signed by nobody".to_owned()),
            (false, ..) => None,
        }
    }

    fn place(&self) -> String {
        let ending = self.tag.as_deref().and_then(|tag| tag.rsplit_once('.'));
        match (self.stored, ending) {
            (Stored::Referrer, _) => "referrer".to_owned(),
            (Stored::FallbackTag, _) => "referrer by its tag".to_owned(),
            (Stored::CosignTag, Some((_, ending))) => format!("tag .{ending}"),
            (Stored::CosignTag, None) => "tag".to_owned(),
        }
    }
}
