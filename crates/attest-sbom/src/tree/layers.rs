use std::io::{self, Read};
use std::path::Path;
use std::sync::atomic::AtomicUsize;

use attest_archive::Spool;
use attest_digest::{Algorithms, Digest, MeasuringReader};

use super::kept::Kept;
use super::stack::{Change, Stack};
use super::stream::Keeper;
use super::{Content, Listing, Tree};
use crate::{Gap, Options};

/// What stays in memory of each layer before it goes to a temporary file: an image may have 127 of them.
const IN_MEMORY: usize = 256 * 1024;

/// A layer that is to be read.
#[derive(Debug, Clone)]
pub struct Layer {
    /// What a gap says of its place.
    pub name: String,
    /// What its bytes are held to.
    pub digest: Option<Digest>,
}

/// The layers of an image, as a system sees them that runs it. Kept of files are those that some reader wants.
///
/// What is wanted goes to temporary files without names, so that memory does not grow with the size of the image.
#[derive(Debug, Default)]
pub struct Layers(Kept);

impl Layers {
    /// Reads layers, the lowest first: tar, plain or compressed by gzip, Zstandard or xz. `open` gives the bytes of one by its
    /// number; `scratch` is a directory for temporary files. Layers are read side by side.
    ///
    /// A layer that is damaged, missing, or not the one that its digest names is a gap of the listing; what could be read of
    /// it is there.
    pub fn read<'a>(
        layers: &[Layer],
        open: &(dyn Fn(usize) -> io::Result<Box<dyn Read + 'a>> + Sync),
        options: &Options,
        scratch: &Path,
    ) -> Self {
        use rayon::prelude::*;
        let members = AtomicUsize::new(0);
        let read = |(number, layer): (usize, &Layer)| {
            let keeper = Keeper {
                options,
                is_always_kept: |_| false,
                file: None,
                spool: Spool::with_memory(scratch, IN_MEMORY),
                members: &members,
            };
            read_one(layer, keeper, || open(number))
        };
        let read: Vec<(Vec<Change>, Vec<Gap>)> = layers.par_iter().enumerate().map(read).collect();
        let (mut stack, mut gaps) = (Stack::default(), Vec::new());
        read.iter().for_each(|(changes, _)| stack.foresee(changes));
        for (number, (changes, found)) in read.into_iter().enumerate() {
            if number > 0 {
                stack.next_layer();
            }
            changes.into_iter().for_each(|change| stack.apply(change));
            gaps.extend(found);
        }
        let problems = stack.problems().iter();
        gaps.extend(problems.map(|(layer, detail)| Gap::new("damaged", &layers[*layer].name, detail.as_str())));
        Self(Kept::new(stack.into_nodes(), gaps))
    }
}

impl Tree for Layers {
    fn listing(&self) -> &Listing {
        &self.0.listing
    }

    fn open(&self, path: &str) -> io::Result<Box<dyn Content + '_>> {
        let content = self.0.open(path)?;
        Ok(content)
    }

    fn is_kept(&self, path: &str) -> bool {
        self.0.is_kept(path)
    }
}

fn read_one<'a>(
    layer: &Layer,
    keeper: Keeper<'_>,
    open: impl FnOnce() -> io::Result<Box<dyn Read + 'a>>,
) -> (Vec<Change>, Vec<Gap>) {
    let gap = |code, detail: String| Gap::new(code, &layer.name, detail);
    let bytes = match open() {
        Ok(bytes) => bytes,
        Err(error) => return (Vec::new(), vec![gap("unreadable", error.to_string())]),
    };
    let Some(digest) = &layer.digest else {
        let passed = keeper.read(bytes);
        let gaps = passed.problems.into_iter().map(|(code, detail)| gap(code, detail));
        return (passed.changes, gaps.collect());
    };
    let mut measuring = MeasuringReader::new(bytes, &Algorithms::one(digest.algorithm()));
    let passed = keeper.read(&mut measuring);
    let mut gaps: Vec<Gap> = passed
        .problems
        .into_iter()
        .map(|(code, detail)| gap(code, detail))
        .collect();
    let rest = io::copy(&mut measuring, &mut io::sink());
    let (_, measured) = measuring.finish();
    let found = measured.digest(digest.algorithm());
    if rest.is_err() || found != Some(digest) {
        let found = found.map(ToString::to_string).unwrap_or_default();
        gaps.push(gap(
            "damaged",
            format!("expected a layer with digest `{digest}`, found `{found}`"),
        ));
    }
    (passed.changes, gaps)
}

#[cfg(test)]
mod tests;
