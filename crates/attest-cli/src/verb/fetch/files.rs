//! The content of an artifact in, files in a directory out: all of them or none.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use attest_archive::MemberPath;
use attest_archive::image::{Descriptor, Layout};
use attest_net::registry::Reference;

use super::content::{Content, NamedFile};
use super::new_files::NewFiles;
use super::report::FetchedFile;
use crate::context::Context;
use crate::failure::Failure;
use crate::image::ChartLayers;
use crate::registry::Bases;
use crate::verb::pack::image_refusal;

/// Which content goes where.
pub(super) struct Files<'a> {
    pub(super) bases: &'a Bases,
    pub(super) pinned: &'a Reference,
    pub(super) content: &'a Content,
    /// None for the current directory.
    pub(super) output: Option<&'a Path>,
}

impl Files<'_> {
    pub(super) fn fetch(&self, context: &mut Context<'_>) -> Result<Vec<FetchedFile>, Failure> {
        let directory = self.directory()?;
        let fetched = self.bases.fetch(self.pinned, &BTreeSet::new(), context)?;
        let layout = &fetched.layout;
        match self.content {
            Content::Chart(chart) => write_chart(chart, layout, directory).map_err(|failure| failure.at(self.pinned)),
            Content::Files(files) => write_files(files, layout, directory),
        }
    }

    /// A chart may go to the current directory: what Helm calls it is the name of nothing else. Names of files are anything.
    fn directory(&self) -> Result<Option<&Path>, Failure> {
        match self.output {
            None if !self.content.is_chart() => {
                let message = "expected the directory for the files of an artifact, found none";
                Err(Failure::usage("output-expected", message)
                    .at(self.pinned)
                    .hint("name one with `-o DIR`"))
            }
            Some(output) if is_named_like_an_archive(output) => {
                let message = "expected a directory for what is fetched, found the name of an archive";
                Err(Failure::usage("directory-expected", message)
                    .at(output.display())
                    .hint("`-o DIR` names the directory; the files in it have names of their own"))
            }
            output => Ok(output),
        }
    }
}

fn is_named_like_an_archive(path: &Path) -> bool {
    let ending = path.extension().and_then(|ending| ending.to_str());
    ending.is_some_and(|ending| ["tgz", "gz", "tar", "zip"].contains(&ending)) && !path.is_dir()
}

/// The package under the name that Helm gives it, and the `.prov` beside it.
fn write_chart(chart: &ChartLayers, layout: &Layout, directory: Option<&Path>) -> Result<Vec<FetchedFile>, Failure> {
    let package = chart.package(layout)?;
    let provenance = chart.provenance(layout)?;
    let mut parts = vec![(package.name.clone(), &chart.package, package.bytes)];
    let beside = format!("{}.prov", package.name);
    parts.extend(
        chart
            .provenance
            .as_ref()
            .zip(provenance)
            .map(|(blob, text)| (beside, blob, text)),
    );
    let mut files = NewFiles::begin(directory)?;
    let mut written = Vec::new();
    for (name, blob, bytes) in parts {
        let name: MemberPath = name
            .parse()
            .map_err(|error| Failure::rejected("title-invalid", error))?;
        let path = files.add(&name, |file| file.write_all(&bytes).map_err(|error| failed(&error)))?;
        written.push(fetched(path, blob));
    }
    files.keep();
    Ok(written)
}

/// Each was held to its digest when it was fetched, and is again on its way to its name.
fn write_files(files: &[NamedFile], layout: &Layout, directory: Option<&Path>) -> Result<Vec<FetchedFile>, Failure> {
    let mut new = NewFiles::begin(directory)?;
    let mut written = Vec::new();
    for file in files {
        let copy = |sink: &mut File| {
            let copied = layout.blob(&file.blob).and_then(|blob| blob.copy_to(sink));
            copied.map_err(|error| image_refusal(&error, layout.path(), directory.unwrap_or(Path::new("."))))
        };
        written.push(fetched(new.add(&file.name, copy)?, &file.blob));
    }
    new.keep();
    Ok(written)
}

fn fetched(path: PathBuf, blob: &Descriptor) -> FetchedFile {
    FetchedFile {
        path,
        blob: blob.clone(),
    }
}

fn failed(error: &std::io::Error) -> Failure {
    Failure::undecided("output-failed", format_args!("cannot write the output file: {error}"))
}
