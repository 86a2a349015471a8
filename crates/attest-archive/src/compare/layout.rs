//! Two OCI image layouts, followed from their indexes: platform by platform, layer by layer.

use std::path::Path;

use serde_json::Value;

use super::Cause;
use super::paths::{CompareError, Comparer};
use crate::image::{Descriptor, Layout, MAX_DEPTH};

/// Two layouts, side by side.
struct Layouts {
    left: Layout,
    right: Layout,
}

/// Compares two layouts, if both are one, and says whether they were.
pub(super) fn compare(comparer: &mut Comparer, left: &Path, right: &Path) -> Result<bool, CompareError> {
    let (Ok(left), Ok(right)) = (Layout::open(left), Layout::open(right)) else {
        return Ok(false);
    };
    let before = comparer.findings.count();
    let layouts = Layouts { left, right };
    let descriptors = (layouts.left.index().manifests(), layouts.right.index().manifests());
    comparer.inside("index.json", |comparer| {
        layouts.documents(
            comparer,
            &layouts.left.index().to_json(),
            &layouts.right.index().to_json(),
        )
    });
    layouts.lists(comparer, descriptors.0, descriptors.1, MAX_DEPTH)?;
    Ok(comparer.findings.count() > before)
}

impl Layouts {
    /// What two documents say themselves; what they point to is compared where it stands.
    fn documents(&self, comparer: &mut Comparer, left: &[u8], right: &[u8]) {
        let without = |bytes: &[u8]| {
            let mut value: Value = serde_json::from_slice(bytes).unwrap_or_default();
            forget_digests(&mut value);
            value.to_string()
        };
        let (here, there) = (without(left), without(right));
        if here != there {
            let at = here
                .bytes()
                .zip(there.bytes())
                .take_while(|(left, right)| left == right)
                .count();
            let words = |text: &str| {
                let start = text.floor_char_boundary(at.saturating_sub(60));
                text[start..].to_owned()
            };
            comparer.add(Cause::ImageDescriptor, words(&here), words(&there));
        }
    }

    fn lists(
        &self,
        comparer: &mut Comparer,
        left: &[Descriptor],
        right: &[Descriptor],
        depth: usize,
    ) -> Result<(), CompareError> {
        if left.len() != right.len() {
            comparer.add(
                Cause::ImageDescriptor,
                format!("{} descriptors", left.len()),
                format!("{} descriptors", right.len()),
            );
        }
        for (here, there) in left.iter().zip(right) {
            if here.digest() != there.digest() {
                comparer.inside(name(here), |comparer| self.pair(comparer, here, there, depth))?;
            }
        }
        Ok(())
    }

    fn pair(
        &self,
        comparer: &mut Comparer,
        left: &Descriptor,
        right: &Descriptor,
        depth: usize,
    ) -> Result<(), CompareError> {
        if depth > 0
            && left.is_index()
            && right.is_index()
            && let (Ok(here), Ok(there)) = (self.left.nested_index(left), self.right.nested_index(right))
        {
            self.documents(comparer, &here.to_json(), &there.to_json());
            return self.lists(comparer, here.manifests(), there.manifests(), depth - 1);
        }
        if left.is_manifest()
            && right.is_manifest()
            && let (Ok(here), Ok(there)) = (self.left.manifest(left), self.right.manifest(right))
        {
            self.documents(comparer, &here.to_json(), &there.to_json());
            comparer.inside("config", |comparer| self.blobs(comparer, here.config(), there.config()))?;
            return self.layers(comparer, here.layers(), there.layers());
        }
        self.blobs(comparer, left, right)
    }

    fn layers(&self, comparer: &mut Comparer, left: &[Descriptor], right: &[Descriptor]) -> Result<(), CompareError> {
        if left.len() != right.len() {
            comparer.add(
                Cause::ImageDescriptor,
                format!("{} layers", left.len()),
                format!("{} layers", right.len()),
            );
        }
        for (number, (here, there)) in left.iter().zip(right).enumerate() {
            comparer.inside(format!("layer {}", number + 1), |comparer| {
                self.blobs(comparer, here, there)
            })?;
        }
        Ok(())
    }

    fn blobs(&self, comparer: &mut Comparer, left: &Descriptor, right: &Descriptor) -> Result<(), CompareError> {
        if left.digest() == right.digest() {
            return Ok(());
        }
        let mut kept = (comparer.spool(), comparer.spool());
        let read = self
            .left
            .blob(left)
            .and_then(|blob| blob.copy_to(&mut kept.0))
            .and_then(|()| self.right.blob(right)?.copy_to(&mut kept.1));
        match read {
            Ok(()) => comparer.bytes(&mut kept.0, &mut kept.1),
            Err(error) => {
                comparer.add(Cause::NotRead, error.to_string(), "");
                Ok(())
            }
        }
    }
}

/// The platform, or the name that the descriptor gives, or what it is.
fn name(descriptor: &Descriptor) -> String {
    match (descriptor.platform(), descriptor.reference_name()) {
        (Some(platform), _) => platform.to_string(),
        (None, Some(name)) => name.to_owned(),
        (None, None) if descriptor.is_index() => "index".to_owned(),
        (None, None) => "manifest".to_owned(),
    }
}

/// Digests and sizes follow from what they stand for.
fn forget_digests(value: &mut Value) {
    match value {
        Value::Object(object) => {
            if object.contains_key("digest") {
                object.remove("digest");
                object.remove("size");
            }
            object.values_mut().for_each(forget_digests);
        }
        Value::Array(values) => values.iter_mut().for_each(forget_digests),
        _ => {}
    }
}
