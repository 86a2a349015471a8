//! Paths in, a document of everything that is recognised in them out.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use attest_sbom::tree::{self, Joined, Tree, Without};
use attest_sbom::{Error, Exclusion, Gap, Inventory, Kind, Metadata, Options, Root, oci};

use super::build::{self, CargoArguments};
use super::chart::Chart;
use super::description::{self, DescriptionArguments};
use super::document::{self, Moment};
use super::image;
use super::named_image::{Asked, Named};
use super::project::Project;
use super::refusal::refusal;
use super::registry::RegistryArguments;
use crate::context::Context;
use crate::exit::Outcome;
use crate::failure::Failure;
use crate::image::{ImageArguments, is_image_reference, refuse_bare_name};
use crate::visible::visible;

/// How many warnings are shown; all of them are in the document.
const SHOWN_GAPS: usize = 20;

/// What to list, and how.
#[derive(Debug, clap::Args)]
pub(super) struct ScanArguments {
    /// Directories and files: projects, lock files, binaries, root file systems, images, archives, any other file; or one image of a registry
    #[arg(value_name = "PATH|oci://NAME[:TAG][@DIGEST]", required = true)]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    description: DescriptionArguments,
    /// Look for this kind of input only; may be repeated; `file` lists every file by its digest [default: every kind but `file`]
    #[arg(long, value_name = "KIND", value_parser = kind)]
    kind: Vec<Kind>,
    /// Leave out files by a pattern of paths as they stand in the list, a directory with everything in it, but not inside of images; may be repeated; the document says so
    #[arg(long, value_name = "PATTERN")]
    exclude: Vec<Exclusion>,
    /// What the document is about, as NAME or NAME@VERSION [default: what the topmost manifest says]
    #[arg(long, value_name = "NAME", value_parser = root)]
    name: Option<Root>,
    /// Of an image for several platforms, list this one, as OS/ARCH or OS/ARCH/VARIANT
    #[arg(long, value_name = "PLATFORM")]
    platform: Option<String>,
    /// List every file that a lock file of Python names for a package, with its hashes [default: one that stands for all]
    #[arg(long)]
    all_hashes: bool,
    /// Exit 1, without a document, when something cannot be known
    #[arg(long)]
    strict: bool,
    #[command(flatten)]
    registries: RegistryArguments,
    #[command(flatten)]
    cargo: CargoArguments,
    #[command(flatten)]
    image: ImageArguments,
}

fn kind(text: &str) -> Result<Kind, String> {
    let names = || Kind::all().map(Kind::name).collect::<Vec<_>>().join(", ");
    Kind::named(text).ok_or_else(|| format!("expected one of {}", names()))
}

pub(super) fn root(text: &str) -> Result<Root, String> {
    // An `@` at the beginning is that of a scope.
    let (name, version) = match text.char_indices().skip(1).filter(|(_, c)| *c == '@').last() {
        Some((at, _)) => (&text[..at], Some(&text[at + 1..])),
        None => (text, None),
    };
    if name.is_empty() || version == Some("") || text.chars().any(char::is_control) {
        return Err("expected NAME or NAME@VERSION".to_owned());
    }
    Ok(Root {
        name: Some(name.to_owned()),
        version: version.map(str::to_owned),
        ..Root::default()
    })
}

pub(super) fn run(arguments: &ScanArguments, context: &mut Context<'_>) -> Result<Outcome, Failure> {
    let first = &arguments.paths[0];
    let is_of_registry = is_image_reference(first);
    arguments.refuse_bare_names()?;
    if let Some(option) = arguments.cargo.idle(is_of_registry) {
        let message = format!("expected --cargo beside {option}: it says how cargo builds");
        return Err(Failure::usage("sbom-option-of-cargo", message));
    }
    // What is in a registry has no commit.
    let moment = match is_of_registry {
        true => document::timestamp_of_environment(context)?.map_or(Moment::None, Moment::Known),
        false => document::timestamp(directory_of(first), context)?,
    };
    let metadata = arguments.description.metadata(Metadata {
        timestamp: moment.timestamp(),
        ..Metadata::default()
    });
    if arguments.cargo.decide() {
        let project = Project::find(one_path(arguments)?)?;
        let bom = build::document(&project, &arguments.cargo, &metadata, context)?;
        warn(moment.gap().as_slice(), context);
        description::write(&bom, &arguments.description, context)?;
        return Ok(Outcome::Accepted);
    }
    let mut options = Options::default();
    options.kinds.clone_from(&arguments.kind);
    options.shipped.clone_from(&arguments.cargo.shipped);
    options.all_hashes = arguments.all_hashes;
    let (tree, is_named) = match arguments.image.oci_layout || is_of_registry {
        true => arguments.named(&options, context)?,
        false => (trees(&arguments.paths, &options)?, false),
    };
    let tree = Without::new(&*tree, &arguments.exclude);
    let found = Found {
        tree: &tree,
        options: &options,
        is_named,
        untold: moment.gap(),
    };
    listed(arguments, &found, &metadata, context)?;
    Ok(Outcome::Accepted)
}

impl ScanArguments {
    /// Whether one file was named, and no kind of input that it has to be.
    fn is_one_file(&self) -> bool {
        matches!(self.paths.as_slice(), [path] if self.kind.is_empty() && path.is_file())
    }

    fn refuse_bare_names(&self) -> Result<(), Failure> {
        match self.image.oci_layout {
            true => Ok(()),
            false => self.paths.iter().try_for_each(|path| refuse_bare_name(path)),
        }
    }

    /// What a name stands for, and whether that is an image.
    fn named(&self, options: &Options, context: &mut Context<'_>) -> Result<(Box<dyn Tree>, bool), Failure> {
        let [path] = self.paths.as_slice() else {
            let message = format!("expected one image, found {} names", self.paths.len());
            return Err(Failure::usage("sbom-several-images", message));
        };
        let Some(name) = path.to_str() else {
            let message = "expected the name of an image in UTF-8";
            return Err(Failure::usage("image-expected", message).at(path.display()));
        };
        let asked = Asked {
            name: self.image.name(name)?,
            platform: self.platform.as_deref(),
            is_offline: self.cargo.is_offline(),
        };
        Ok(match Named::open(&asked, &self.image, options, context)? {
            Named::Image(image) => (Box::new(image), true),
            Named::Chart(chart) => (Box::new(chart), false),
        })
    }
}

/// What is to be listed.
struct Found<'a> {
    tree: &'a Without<'a>,
    options: &'a Options,
    /// Whether it is an image because somebody said so: nothing else in its tree is looked for.
    is_named: bool,
    /// Why the time of a document is not known, though something would say it.
    untold: Option<&'a Gap>,
}

fn one_path(arguments: &ScanArguments) -> Result<&Path, Failure> {
    match arguments.paths.as_slice() {
        [path] => Ok(path),
        paths => {
            let message = format!("expected one Cargo project beside --cargo, found {} paths", paths.len());
            Err(Failure::usage("sbom-several-projects", message))
        }
    }
}

fn directory_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !path.is_dir() && parent != Path::new("") => parent,
        Some(_) if !path.is_dir() => Path::new("."),
        _ => path,
    }
}

fn listed(
    arguments: &ScanArguments,
    found: &Found<'_>,
    metadata: &Metadata,
    context: &mut Context<'_>,
) -> Result<(), Failure> {
    let root = arguments.name.clone().unwrap_or_default();
    let images = oci::images(found.tree);
    if let [path] = arguments.paths.as_slice()
        && let Some(failure) = image::none(&images, path)
    {
        return Err(failure);
    }
    let in_images = image::Found {
        images: &images,
        tree: found.tree,
        options: found.options,
    };
    let listing = image::Listing {
        found: in_images,
        metadata,
        root: &root,
        description: &arguments.description,
    };
    let Some(mut inventory) = in_one_document(arguments, found, &listing)? else {
        let mut settle =
            |inventory: &mut Inventory, context: &mut Context<'_>| settle(inventory, arguments, found, context);
        return listing.write_all(&mut settle, &image::scratch(), context);
    };
    settle(&mut inventory, arguments, found, context)?;
    let bom = inventory.document(&root, metadata).map_err(refusal)?;
    description::write(&bom, &arguments.description, context)
}

/// What one document can tell: of files, or of one image. Nothing where there are several images and nothing else.
fn in_one_document(
    arguments: &ScanArguments,
    found: &Found<'_>,
    listing: &image::Listing<'_>,
) -> Result<Option<Inventory>, Failure> {
    let scanned = match found.is_named {
        true => Err(Error::NothingFound),
        false => attest_sbom::scan(found.tree, found.options),
    };
    let images = &listing.found;
    Ok(match (scanned, images.one(arguments.platform.as_deref())?) {
        (_, Some(image)) if arguments.platform.is_some() => Some(images.inventory(image, &image::scratch())),
        (Err(Error::NothingFound), Some(image)) => Some(images.inventory(image, &image::scratch())),
        (Err(Error::NothingFound), None) if !images.images.platforms.is_empty() => None,
        (Err(Error::NothingFound), None) if !found.is_named && arguments.is_one_file() => {
            Some(plain_file(&arguments.paths[0], found)?)
        }
        // What could not be looked at may be why.
        (Err(Error::NothingFound), None) if !found.tree.listing().gaps().is_empty() => Some(unseen(found)),
        (Err(error), _) => return Err(refusal(error).at(shown(&arguments.paths))),
        (Ok(mut inventory), _) => {
            images.images.note_unlisted(&mut inventory);
            Some(inventory)
        }
    })
}

/// A file that was named and is nothing that readers know, by its digest.
fn plain_file(path: &Path, found: &Found<'_>) -> Result<Inventory, Failure> {
    let mut options = found.options.clone();
    options.kinds = vec![Kind::File];
    let tree = tree::Directory::of_file(path, &options).map_err(|error| unreadable(&error, path))?;
    let mut inventory = attest_sbom::scan(&tree, &options).map_err(|error| refusal(error).at(path.display()))?;
    note_gaps(&mut inventory, found);
    Ok(inventory)
}

/// Nothing, and what could not be looked at.
fn unseen(found: &Found<'_>) -> Inventory {
    let mut inventory = Inventory::default();
    note_gaps(&mut inventory, found);
    inventory
}

fn note_gaps(inventory: &mut Inventory, found: &Found<'_>) {
    for gap in found.tree.listing().gaps() {
        inventory.gap(gap.clone());
    }
}

fn trees(paths: &[PathBuf], options: &Options) -> Result<Box<dyn Tree>, Failure> {
    if let [path] = paths {
        if let Some(chart) = Chart::of_path(path, options)? {
            return Ok(Box::new(chart));
        }
        return one_tree(path, options, Others::None);
    }
    let mut joined = Joined::default();
    let mut names = BTreeSet::new();
    for path in paths {
        let name = name_in_document(path);
        let is_new = names.insert(name.clone());
        if !is_new || !add(&mut joined, path, &name, options)? {
            let message = format!("expected paths that do not overlap, found `{name}` twice");
            return Err(Failure::usage("sbom-same-name", message).at(path.display()));
        }
    }
    Ok(Box::new(joined))
}

/// A file lies in its directory, and what is in an archive there, too; below the name of the archive if another one holds the same.
fn add(joined: &mut Joined, path: &Path, name: &str, options: &Options) -> Result<bool, Failure> {
    let tree = || one_tree(path, options, Others::Beside);
    let (parent, file) = name.rsplit_once('/').unwrap_or(("", name));
    if path.is_dir() {
        return Ok(joined.add(name, tree()?));
    }
    let tree_of_file = tree()?;
    let is_archive = tree_of_file.listing().at(file).is_none();
    Ok(joined.add(parent, tree_of_file) || is_archive && joined.add(name, tree()?))
}

/// A relative path as it is given, without `.`, and without `..` where that leads back; of others the last part, since the rest
/// tells where the machine keeps them.
fn name_in_document(path: &Path) -> String {
    use std::path::Component;
    let own = path.components().any(|part| part == Component::ParentDir);
    let own = own.then(|| own_name(path)).flatten();
    let path = own.as_deref().unwrap_or(path);
    let parts: Vec<_> = path.components().filter(|part| *part != Component::CurDir).collect();
    let is_inside = parts.iter().all(|part| matches!(part, Component::Normal(_)));
    let kept = if is_inside {
        &parts[..]
    } else {
        &parts[parts.len().saturating_sub(1)..]
    };
    let names = kept.iter().map(|part| part.as_os_str().to_string_lossy().into_owned());
    names.collect::<Vec<_>>().join("/")
}

/// Where a path leads that goes upwards: a link on its way may lead elsewhere, so its text does not tell.
fn own_name(path: &Path) -> Option<PathBuf> {
    let here = fs::canonicalize(".").ok()?;
    let own = match (path.file_name(), path.parent()) {
        (Some(name), Some(parent)) => fs::canonicalize(parent).ok()?.join(name),
        _ => fs::canonicalize(path).ok()?,
    };
    Some(own.strip_prefix(here).map(Path::to_owned).unwrap_or(own))
}

/// What else was named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Others {
    None,
    Beside,
}

pub(super) fn one_tree(path: &Path, options: &Options, others: Others) -> Result<Box<dyn Tree>, Failure> {
    let is_beside = others == Others::Beside;
    tree::open(path, options, is_beside, &image::scratch()).map_err(|error| unreadable(&error, path))
}

fn unreadable(error: &std::io::Error, path: &Path) -> Failure {
    let message = format!("expected a file or a directory that can be read, found: {error}");
    Failure::undecided("sbom-path-unreadable", message).at(path.display())
}

/// Asks for what is missing, if that was wanted, and says what still is; all of it is in the document, too.
fn settle(
    inventory: &mut Inventory,
    arguments: &ScanArguments,
    found: &Found<'_>,
    context: &mut Context<'_>,
) -> Result<(), Failure> {
    found.tree.note(inventory);
    arguments.registries.complete(inventory, context)?;
    if let Some(gap) = found.untold {
        inventory.gap(gap.clone());
    }
    let gaps: Vec<&Gap> = inventory.gaps().collect();
    warn(&gaps, context);
    if inventory.is_empty() {
        let message = "expected something that can be listed, found only what is said above";
        return Err(Failure::rejected("sbom-nothing-listed", message).at(shown(&arguments.paths)));
    }
    match arguments.strict && !gaps.is_empty() {
        true => {
            let message = format!("expected nothing that cannot be known, found {}", gaps.len());
            Err(Failure::rejected("sbom-incomplete", message).at(shown(&arguments.paths)))
        }
        false => Ok(()),
    }
}

/// Says what is missing, as much of it as anybody reads.
pub(super) fn warn(gaps: &[&Gap], context: &mut Context<'_>) {
    for gap in gaps.iter().take(SHOWN_GAPS) {
        context.say(format_args!("warning: {}", visible(&gap.to_string())));
    }
    if gaps.len() > SHOWN_GAPS {
        context.say(format_args!("warning: and {} more", gaps.len() - SHOWN_GAPS));
    }
}

fn shown(paths: &[PathBuf]) -> String {
    paths
        .iter()
        .map(|path| path.display().to_string())
        .collect::<Vec<_>>()
        .join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_root_is_a_name_and_perhaps_a_version() {
        for (text, name, version) in [
            ("app", "app", None),
            ("app@1.2", "app", Some("1.2")),
            ("@a/b@1", "@a/b", Some("1")),
            ("@a/b", "@a/b", None),
        ] {
            let root = root(text).unwrap();
            assert_eq!(
                (root.name.as_deref(), root.version.as_deref()),
                (Some(name), version),
                "{text}"
            );
        }
        for text in ["", "app@", "a\nb"] {
            assert!(root(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_path_outside_leaves_only_its_last_part() {
        for (path, name) in [("./a/b", "a/b"), ("/home/x/a", "a"), ("../a", "a"), ("a/../b", "b")] {
            assert_eq!(name_in_document(Path::new(path)), name);
        }
    }

    #[test]
    fn a_path_that_leads_upwards_is_called_as_what_it_leads_to() {
        let here = fs::canonicalize(".").unwrap();
        let own = here.file_name().unwrap().to_str().unwrap();
        let back = format!("../{own}/crates");
        let above = here.parent().and_then(Path::file_name).unwrap().to_str().unwrap();
        for (path, name) in [
            ("crates/..", ""),
            ("crates/../crates/.", "crates"),
            ("crates/../docs/adr", "docs/adr"),
            (back.as_str(), "crates"),
            ("..", above),
        ] {
            assert_eq!(name_in_document(Path::new(path)), name, "{path}");
        }
    }
}
