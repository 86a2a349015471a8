//! What is in archives of programs, of sources and of other files.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use attest_sbom::tree::{Archive, Content, Entry, EntryKind, Listing, Tree, Without};
use attest_sbom::{Bom, Exclusion, Gap, Inventory, Kind, Metadata, Options, Root, oci, scan};

use super::sbom::{Product, problem};
use super::{StageError, Staging};
use crate::FileName;
use crate::plan::{FileKind, PlannedSbom};

/// An archive of sources or other files, of which a list is made.
pub(super) struct PackedFiles<'a> {
    pub(super) artifact: &'a FileName,
    pub(super) sbom: Option<&'a PlannedSbom>,
    /// The directory that everything in it lies in.
    pub(super) directory: Option<&'a FileName>,
    /// What is not read, by paths inside that directory.
    pub(super) excluded: &'a [Exclusion],
}

impl Staging {
    /// Lists what is in an archive of sources or other files: what its manifests tell, else every file in it. Without a manifest of a
    /// package beside everything else in the archive, it is the product.
    pub(super) fn list_packed(&mut self, packed: &PackedFiles<'_>) -> Result<(), StageError> {
        let Some(sbom) = packed.sbom else { return Ok(()) };
        let artifact = packed.artifact;
        let scratch = self.scratch()?;
        let inside = packed.inside(&self.path_of(artifact), scratch.path());
        let inventory = inside.map_err(StageError::io(format!("read `{artifact}`")))?;
        let is_of_sources = self
            .files
            .get(artifact)
            .is_some_and(|file| file.kind == FileKind::Source);
        let directory = packed.directory.map_or("", FileName::as_str);
        let root = match (inventory.has_root_in(directory), inventory.is_identified()) {
            (true, true) => self.product.root_of_manifest(),
            // It may be a workspace without a package of its own.
            (true, false) => self.product.root(),
            (false, _) => Root {
                is_around: true,
                ..self.product.root()
            },
        };
        let metadata = self.product.metadata(self.settings.source_date.seconds());
        let metadata = metadata.map_err(problem(artifact))?;
        let archive = self.as_listed(artifact)?;
        let document = match inventory.is_empty() {
            true => self.product.list_of_files(std::slice::from_ref(&archive), &metadata),
            false => inventory.document(&root, &metadata),
        };
        let document = document
            .map_err(problem(artifact))?
            .with_archive(&archive, is_of_sources);
        self.write_list(&sbom.file, &document)
    }
}

impl PackedFiles<'_> {
    /// What is in it: what manifests tell, else images, else every file by its digest.
    fn inside(&self, path: &Path, scratch: &Path) -> io::Result<Inventory> {
        let mut options = Options::default();
        let known = self.read(path, &options, scratch)?;
        if !known.is_empty() {
            return Ok(known);
        }
        // Of a file that no reader wants, nothing was kept when the archive was opened before.
        options.kinds.push(Kind::File);
        let mut all = self.read(path, &options, scratch)?;
        known.gaps().for_each(|gap| all.gap(gap.clone()));
        Ok(all)
    }

    fn read(&self, path: &Path, options: &Options, scratch: &Path) -> io::Result<Inventory> {
        let archive = Archive::open(path, options, scratch)?;
        let archive = archive.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidData))?;
        let excluded = self.excluded.iter();
        let excluded: Vec<Exclusion> = match self.directory {
            Some(directory) => excluded.map(|exclusion| exclusion.below(directory.as_str())).collect(),
            None => excluded.cloned().collect(),
        };
        let tree = Without::new(&archive, &excluded);
        let mut inventory = found(&tree, options);
        if inventory.is_empty() {
            // What could not be read stays said.
            for platform in &oci::images(&tree).platforms {
                inventory.absorb(platform.scan(&tree, options, scratch));
            }
        } else {
            note_others(&tree, &mut inventory);
        }
        if !inventory.is_empty() {
            tree.note(&mut inventory);
        }
        Ok(inventory)
    }
}

/// Says which images and projects of their own lie in what was read: they are in the archive, and not in its list.
fn note_others(tree: &dyn Tree, inventory: &mut Inventory) {
    oci::images(tree).note_unlisted(inventory);
    let others: Vec<String> = inventory.other_projects().map(str::to_owned).collect();
    for other in others {
        let detail = "a project of its own: it is listed when it is named alone";
        inventory.gap(Gap::new("not-listed", &other, detail));
    }
}

/// What readers find, or at least what they could not read.
pub(super) fn found(tree: &dyn Tree, options: &Options) -> Inventory {
    scan(tree, options).unwrap_or_else(|_| {
        let mut inventory = Inventory::default();
        tree.listing().gaps().iter().for_each(|gap| inventory.gap(gap.clone()));
        inventory
    })
}

/// Files by the names that they have in an archive.
pub(super) struct Files {
    listing: Listing,
    paths: BTreeMap<String, PathBuf>,
}

impl Files {
    pub(super) fn new(files: impl Iterator<Item = (String, PathBuf)>) -> io::Result<Self> {
        let paths: BTreeMap<String, PathBuf> = files.collect();
        let entries = paths.iter().map(|(name, path)| {
            let size = path.metadata()?.len();
            // A program may come from a system that marks none.
            let is_executable = true;
            Ok(Entry {
                path: name.clone(),
                kind: EntryKind::File { size, is_executable },
            })
        });
        let entries = entries.collect::<io::Result<Vec<_>>>()?;
        let listing = Listing::new(entries, Vec::new());
        Ok(Self { listing, paths })
    }

    /// What they tell.
    pub(super) fn inventory(&self) -> Inventory {
        let mut inventory = found(self, &Options::default());
        note_others(self, &mut inventory);
        inventory
    }

    /// What is in them, as parts of the product; of programs that are named as silent, nobody knows.
    pub(super) fn document(
        &self,
        product: &Product,
        silent: &[FileName],
        files: &[attest_sbom::File],
        metadata: &Metadata,
    ) -> Result<Bom, attest_sbom::Error> {
        let mut inventory = self.inventory();
        if inventory.is_empty() {
            let gaps = inventory.gaps().cloned().collect();
            return Ok(product.list_of_files(files, metadata)?.with_more_gaps(gaps));
        }
        for name in silent {
            let detail = "the program does not tell what is in it";
            inventory.gap(Gap::new("unlisted", name.as_str(), detail));
        }
        let root = Root {
            is_around: true,
            is_built: true,
            ..product.root()
        };
        inventory.document_of(&root, files, metadata)
    }
}

impl Tree for Files {
    fn listing(&self) -> &Listing {
        &self.listing
    }

    fn open(&self, path: &str) -> io::Result<Box<dyn Content + '_>> {
        let path = self.paths.get(path).ok_or(io::ErrorKind::NotFound)?;
        Ok(Box::new(File::open(path)?))
    }
}
