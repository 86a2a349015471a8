use std::fs;
use std::ops::ControlFlow;
use std::path::Path;

use attest_digest::{MeasureError, Threads};
use attestation::limits;
use attestation::manifest::{
    Listing, Method, Part, Piece, Resource, Serialization, Shard, Share, TreeManifest, TreePath,
};

use super::difference::Reason;
use super::measure::Measuring;
use super::scan::{Found, Oddity, Scan};
use crate::causes::with_causes;
use crate::failure::Failure;

/// A directory that becomes a manifest.
pub(crate) struct Build<'a> {
    pub(crate) root: &'a Path,
    pub(crate) name: Option<&'a str>,
    pub(crate) serialization: Serialization,
    /// Whether a link may lead out of the directory, where links are allowed at all.
    pub(crate) links_may_leave: bool,
    pub(crate) threads: Threads,
}

impl Build<'_> {
    /// Hashes all of it.
    pub(crate) fn manifest(&self) -> Result<TreeManifest, Failure> {
        let name = self.name()?;
        let pieces = match self.serialization.method() {
            // Nothing but the names has to be known beforehand.
            Method::Files => self.scan()?.iter().map(Piece::file).collect(),
            _ => self.listing()?.pieces().to_vec(),
        };
        let digests = self.measure(&pieces)?;
        let resources = pieces.into_iter().zip(digests);
        let resources = resources.map(|(piece, digest)| Resource::new(piece, digest)).collect();
        let manifest = TreeManifest::new(name, self.serialization.clone(), resources);
        manifest.map_err(|error| Failure::usage("tree-unusable", error).at(self.root.display()))
    }

    /// Hashes one share of it.
    pub(crate) fn part(&self, shard: Shard) -> Result<Part, Failure> {
        let name = self.name()?;
        let listing = self.listing()?;
        let digests = self.measure(&listing.pieces()[listing.share(shard)])?;
        Ok(Part::new(Share {
            shard,
            name,
            serialization: self.serialization.clone(),
            listing: &listing,
            digests,
        }))
    }

    fn name(&self) -> Result<String, Failure> {
        if let Some(name) = self.name {
            return Ok(name.to_owned());
        }
        let path = self.root.canonicalize();
        let path = path.map_err(|error| Failure::undecided("cannot-open", error).at(self.root.display()))?;
        let name = path.file_name().and_then(|name| name.to_str());
        name.map(str::to_owned).ok_or_else(|| {
            let message = "expected a directory whose name is UTF-8, so that the statement can carry it";
            Failure::usage("tree-name-invalid", message)
                .at(self.root.display())
                .hint("add `--manifest-name NAME`")
        })
    }

    /// What is incomplete is no manifest: the first thing that has no place in one ends it.
    fn scan(&self) -> Result<Vec<TreePath>, Failure> {
        if !self.root.is_dir() {
            let message = "expected a directory";
            return Err(Failure::usage("not-a-directory", message).at(self.root.display()));
        }
        let scan = Scan {
            root: self.root,
            serialization: &self.serialization,
            links_may_leave: self.links_may_leave,
            own: None,
        };
        let (mut files, mut refused) = (Vec::new(), None);
        scan.run(|found| {
            match found {
                Found::File(path) => files.push(path),
                Found::Oddity(oddity) => refused = Some(self.refused(&oddity)),
            }
            // One more than a manifest can have is enough to say so.
            match refused.is_some() || files.len() > limits::MAX_TREE_RESOURCES {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            }
        });
        if let Some(failure) = refused {
            return Err(failure);
        }
        files.sort_unstable();
        if files.is_empty() {
            let message = "expected a directory with files, found none in it";
            return Err(Failure::usage("tree-unusable", message).at(self.root.display()));
        }
        self.check_count(files.len() as u64)?;
        Ok(files)
    }

    fn refused(&self, oddity: &Oddity) -> Failure {
        let place = self.root.join(&oddity.path);
        let Reason { code, message } = &oddity.reason;
        if oddity.is_unreadable {
            return Failure::undecided(code, message).at(place.display());
        }
        let failure = Failure::usage(code, message).at(place.display());
        match *code {
            "tree-symbolic-link" if !self.serialization.allow_symlinks() => failure.hint(
                "to take links to files for the files, add `--allow-symlinks`; to leave the path out, `--ignore-path`",
            ),
            _ => failure.hint("to leave the path out, add `--ignore-path PATH`; the statement says so"),
        }
    }

    fn listing(&self) -> Result<Listing, Failure> {
        let files = self.scan()?;
        let (mut pieces, mut count) = (Vec::new(), 0_u64);
        for path in &files {
            let size = self.size(path)?;
            count = count.saturating_add(self.serialization.count_pieces(size));
            // A sparse file of a petabyte has more ranges than there is memory.
            self.check_count(count)?;
            pieces.extend(self.serialization.pieces(path, size).map(|piece| {
                let length = piece.bytes().map_or(size, |range| range.end - range.start);
                (piece, length)
            }));
        }
        Ok(Listing::new(pieces))
    }

    fn check_count(&self, count: u64) -> Result<(), Failure> {
        let limit = limits::MAX_TREE_RESOURCES;
        match count > limit as u64 {
            false => Ok(()),
            true => {
                let message = format_args!("expected at most {limit} files or ranges of files, found more");
                Err(Failure::usage("tree-too-large", message).at(self.root.display()))
            }
        }
    }

    fn size(&self, path: &TreePath) -> Result<u64, Failure> {
        let path = self.root.join(path.to_relative());
        let found = fs::metadata(&path).map_err(|error| {
            Failure::undecided("cannot-open", format_args!("cannot open: {error}")).at(path.display())
        })?;
        Ok(found.len())
    }

    fn measure(&self, pieces: &[Piece]) -> Result<Vec<[u8; 32]>, Failure> {
        let measuring = Measuring {
            root: self.root,
            serialization: &self.serialization,
            threads: self.threads,
        };
        let mut digests = Vec::with_capacity(pieces.len());
        let mut failed = None;
        measuring.run(pieces.iter(), |_, measured| match measured {
            Ok(digest) => {
                digests.push(digest);
                ControlFlow::Continue(())
            }
            Err(error) => {
                failed = Some(unmeasured(&error));
                ControlFlow::Break(())
            }
        });
        failed.map_or(Ok(digests), Err)
    }
}

fn unmeasured(error: &MeasureError) -> Failure {
    Failure::undecided(error.code(), with_causes(error)).at(error.path().display())
}
