use std::collections::BTreeSet;
use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use attest_archive::image::{Base, Descriptor, Layout, Taken, Word};
use attest_digest::Digest;

use super::Arguments;
use super::refusal::refusal;
use crate::context::Context;
use crate::failure::Failure;
use crate::registry::{Bases, is_registry_reference, parse_reference};

/// `LAYOUT`, `LAYOUT:TAG` or `LAYOUT@DIGEST`. What of it is the path is known once the disk was asked.
#[derive(Debug, Clone)]
pub(crate) struct LayoutReference(String);

/// A layout and what was chosen of it.
pub(crate) struct Opened {
    layout: Layout,
    descriptor: Descriptor,
}

impl FromStr for LayoutReference {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text.to_owned()))
    }
}

impl LayoutReference {
    /// Where the layout is.
    pub(crate) fn path(&self) -> PathBuf {
        self.parts().0
    }

    /// The shortest beginning that is there and ends before a `:` or a `@` is the path, unless the whole is one. A digest counts
    /// also where it is part of a name on the disk: what is called by it is held to it.
    fn parts(&self) -> (PathBuf, Option<&str>) {
        let text = &*self.0;
        if Path::new(text).exists() {
            let pin = text.rfind('@').map(|at| &text[at..]);
            return (text.into(), pin.filter(|pin| pin[1..].parse::<Digest>().is_ok()));
        }
        let cut = text
            .match_indices([':', '@'])
            .find(|(at, _)| *at > 0 && Path::new(&text[..*at]).exists());
        match cut {
            Some((at, "@")) => (text[..at].into(), Some(&text[at..])),
            Some((at, _)) => (text[..at].into(), Some(&text[at + 1..])),
            None => (text.into(), None),
        }
    }
}

impl Opened {
    /// What `--base` names: a layout if there is one, else an image of a registry.
    pub(super) fn open_base(
        reference: &LayoutReference,
        arguments: &Arguments,
        context: &mut Context<'_>,
    ) -> Result<Self, Failure> {
        let (path, _) = reference.parts();
        if path.exists() {
            return Self::open(reference);
        }
        if !is_registry_reference(&reference.0) {
            return Err(nothing_at(&path)
                .hint("`--base` also takes an image of a registry: `oci://debian:12` tells its digest"));
        }
        let named = parse_reference(&reference.0)?;
        let platforms: BTreeSet<_> = arguments.platform.iter().map(|root| root.platform.clone()).collect();
        let bases = Bases::open(&arguments.registry, arguments.offline, context)?;
        let base = bases.fetch(&named, &platforms, context)?;
        Ok(Self {
            layout: base.layout,
            descriptor: base.descriptor,
        })
    }

    pub(crate) fn open(reference: &LayoutReference) -> Result<Self, Failure> {
        let (path, asked) = reference.parts();
        if !path.exists() {
            return Err(
                nothing_at(&path).hint("`attest fetch oci://NAME -o DIR` makes a layout of an image of a registry")
            );
        }
        let refuse = |error| refusal(&error, &path, &path);
        let layout = Layout::open(&path).map_err(refuse)?;
        let descriptor = layout.find(asked).map_err(refuse)?;
        Ok(Self { layout, descriptor })
    }

    /// What lies below. A layout of one that names its image by more than a tag knows its name.
    pub(super) fn base(&self, name: Option<&Word>) -> Base<'_> {
        let named = self.descriptor.reference_name().filter(|name| name.contains('/'));
        let name = name.map(Word::as_str).or(named).map(str::to_owned);
        Base::new(&self.layout, self.descriptor.clone(), name)
    }

    pub(crate) fn layout(&self) -> &Layout {
        &self.layout
    }

    /// The layout, and what was chosen.
    pub(crate) fn into_parts(self) -> (Layout, Descriptor) {
        (self.layout, self.descriptor)
    }

    /// What was chosen.
    pub(crate) fn descriptor(&self) -> &Descriptor {
        &self.descriptor
    }

    pub(super) fn taken(&self) -> Taken<'_> {
        Taken::new(&self.layout, self.descriptor.clone())
    }
}

fn nothing_at(path: &Path) -> Failure {
    let message = "expected an OCI layout directory or archive, found nothing";
    Failure::usage("layout-expected", message).at(path.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_ends_where_something_is() {
        let directory = tempfile::tempdir().unwrap();
        let layout = directory.path().join("layout");
        std::fs::create_dir(&layout).unwrap();
        let layout = layout.to_str().unwrap();
        let odd = format!("{layout}:odd");
        std::fs::write(&odd, "").unwrap();
        let pin = format!("@sha256:{}", "0".repeat(64));
        let pinned = format!("{layout}{pin}");
        std::fs::write(&pinned, "").unwrap();
        for (text, path, asked) in [
            (layout.to_owned(), layout, None),
            (format!("{layout}:v1"), layout, Some("v1")),
            (
                format!("{layout}:example.org/app:v1"),
                layout,
                Some("example.org/app:v1"),
            ),
            (format!("{layout}@sha256:00"), layout, Some("@sha256:00")),
            (format!("{layout}:v1@sha256:00"), layout, Some("v1@sha256:00")),
            (odd.clone(), &odd, None),
            (pinned.clone(), &pinned, Some(&pin)),
            ("docker.io/debian:12".to_owned(), "docker.io/debian:12", None),
        ] {
            let reference: LayoutReference = text.parse().unwrap();
            assert_eq!(reference.parts(), (PathBuf::from(path), asked));
        }
    }
}
