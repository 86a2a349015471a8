use std::collections::BTreeSet;

use attest_archive::image::{self, Descriptor};
use attest_store::image::{Node, NodeKind, Repository as _, Writer as _, kind_of};

use crate::context::Context;
use crate::failure::Failure;
use crate::image::{Opened, Place, docker_reference};
use crate::verb::sign::Arguments;

/// An image that was named, as it was named.
pub(crate) struct Named {
    pub(crate) text: String,
    pub(crate) opened: Opened,
}

/// A manifest or an index that is signed.
pub(crate) struct Target<'a> {
    /// Where it is.
    pub(crate) place: &'a Place,
    /// Where it is and which, for people: `registry.example.org/team/app@sha256:…`.
    pub(crate) name: String,
    /// What its repository is called, if it is in one or somebody said so.
    pub(crate) repository: Option<String>,
    /// The same as cosign 2 writes it.
    pub(crate) docker_reference: Option<String>,
    /// Its media type, digest and size, and nothing else.
    pub(crate) subject: Descriptor,
    /// What it runs on, if an index says so.
    pub(crate) platform: Option<String>,
    /// Whether it was named itself.
    pub(crate) is_named: bool,
}

/// How the parts of an image are found.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scope<'a> {
    /// The images of an index as well.
    pub(crate) recursive: bool,
    /// What the repository is called instead of its name.
    pub(crate) identity: Option<&'a str>,
}

/// Opens what was named, and says which digest each tag is at: it is not asked for again.
pub(super) fn open(arguments: &Arguments, context: &mut Context<'_>) -> Result<Vec<Named>, Failure> {
    let images = &arguments.image.images;
    let texts = arguments.files.iter().map(|path| path.to_string_lossy().into_owned());
    let names = texts
        .map(|text| Ok((images.name(&text)?, text)))
        .collect::<Result<Vec<_>, Failure>>()?;
    let mut named = Vec::with_capacity(names.len());
    for (name, text) in names {
        let opened = Opened::open(&name, images, &context.environment)?;
        check_place(&opened.place)?;
        if !text.contains(&opened.digest.to_string()) {
            context.say(format_args!(
                "{} is at {}",
                crate::visible::visible(&text),
                opened.digest
            ));
        }
        named.push(Named { text, opened });
    }
    Ok(named)
}

/// Everything that is signed, each once.
pub(crate) fn targets<'a>(named: &'a [Named], scope: Scope<'_>) -> Result<Vec<Target<'a>>, Failure> {
    let mut targets = Vec::new();
    let mut known = BTreeSet::new();
    for Named { opened, .. } in named {
        let found = match scope.recursive {
            true => below(opened, scope)?,
            false => vec![top(opened, scope)?],
        };
        targets.extend(found.into_iter().filter(|target| known.insert(target.name.clone())));
    }
    Ok(targets)
}

/// Tells somebody who may not write before anything is signed or published: what every new manifest refers to is put there first.
/// A registry that has it already lets nobody find out so early.
pub(crate) fn check_writable(named: &[Named]) -> Result<(), Failure> {
    for Named { opened, .. } in named {
        let tried = match &opened.place {
            Place::Registry { .. } => opened.place.put_blob(b"{}").map(drop),
            Place::Layout(layout) => image::Additions::open(layout.layout().path())
                .map(drop)
                .map_err(Into::into),
        };
        tried.map_err(|error| opened.place.failure(&error).hint("nothing was signed"))?;
    }
    Ok(())
}

/// Nothing is written into an archive.
fn check_place(place: &Place) -> Result<(), Failure> {
    match place {
        Place::Layout(layout) if !layout.layout().path().is_dir() => {
            let path = layout.layout().path().to_owned();
            Err(place.failure(&image::Error::LayoutArchive { path }.into()))
        }
        _ => Ok(()),
    }
}

fn below<'a>(opened: &'a Opened, scope: Scope<'_>) -> Result<Vec<Target<'a>>, Failure> {
    let tree = opened.tree()?;
    let signed = tree.nodes().iter().filter(|node| is_signed(node));
    Ok(signed.map(|node| target(opened, scope, node)).collect())
}

/// What an index holds beside images, such as what BuildKit says of them, runs nowhere; the signature of the index covers it.
fn is_signed(node: &Node) -> bool {
    node.depth == 0 || !matches!(node.kind, NodeKind::BuildAttestation { .. } | NodeKind::Other)
}

fn target<'a>(opened: &'a Opened, scope: Scope<'_>, node: &Node) -> Target<'a> {
    Target {
        platform: node.platform().map(ToString::to_string),
        is_named: node.depth == 0,
        ..bare(opened, scope, &node.descriptor)
    }
}

/// What was named, without a look at what it names.
fn top<'a>(opened: &'a Opened, scope: Scope<'_>) -> Result<Target<'a>, Failure> {
    let found = opened.place.manifest(&opened.digest);
    let found = found.map_err(|error| opened.place.failure(&error).at(&opened.name))?;
    let bytes = found.ok_or_else(|| {
        let message = format_args!("expected manifest `{}`, found none", opened.digest);
        Failure::undecided("not-in-registry", message).at(&opened.name)
    })?;
    let descriptor = Descriptor::new(&kind_of(&bytes), opened.digest.clone(), bytes.len() as u64);
    Ok(bare(opened, scope, &descriptor))
}

fn bare<'a>(opened: &'a Opened, scope: Scope<'_>, descriptor: &Descriptor) -> Target<'a> {
    let digest = descriptor.digest();
    let (place, repository) = match &opened.place {
        Place::Registry { repository, .. } => (repository.to_string(), Some(repository)),
        Place::Layout(layout) => (layout.layout().path().display().to_string(), None),
    };
    let said = scope.identity.map(str::to_owned);
    Target {
        place: &opened.place,
        name: format!("{place}@{digest}"),
        repository: said.clone().or(repository.map(ToString::to_string)),
        docker_reference: said.or(repository.map(docker_reference)),
        subject: Descriptor::new(descriptor.media_type(), digest.clone(), descriptor.size()),
        platform: None,
        is_named: true,
    }
}
