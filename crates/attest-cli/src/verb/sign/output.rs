use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::{fs, io};

use attest_verify::Artifact;
use attestation::Bundle;
use tempfile::TempPath;

use super::check::Candidate;
use super::request::Request;
use crate::failure::Failure;
use crate::output_file::OutputFile;

/// What was made, and where it goes.
pub(super) struct Output {
    pub(super) request: Request,
    pub(super) made: Made,
}

/// A bundle, or what will become one.
pub(super) enum Made {
    Bundle(Bundle),
    /// A bundle, and how it is written for those who read it in other words.
    Translated {
        bundle: Bundle,
        document: Vec<u8>,
    },
    Pending {
        /// The bundle that it would be without a log, to be checked.
        unlogged: Bundle,
        document: Vec<u8>,
    },
}

impl From<(Request, Made)> for Output {
    fn from((request, made): (Request, Made)) -> Self {
        Self { request, made }
    }
}

impl Output {
    pub(super) fn bundle(&self) -> &Bundle {
        match &self.made {
            Made::Bundle(bundle) | Made::Translated { bundle, .. } | Made::Pending { unlogged: bundle, .. } => bundle,
        }
    }

    pub(super) fn is_pending(&self) -> bool {
        matches!(self.made, Made::Pending { .. })
    }

    pub(super) fn candidate(&self) -> Candidate<'_> {
        let artifacts = self.request.artifacts.iter();
        let artifacts = artifacts.map(|artifact| Artifact::measured(artifact.name.as_str(), &artifact.measured));
        Candidate {
            bundle: self.bundle(),
            artifacts: artifacts.collect(),
            place: self.request.place.display().to_string(),
        }
    }

    fn bytes(&self) -> &[u8] {
        match &self.made {
            Made::Bundle(bundle) => bundle.as_json(),
            Made::Translated { document, .. } | Made::Pending { document, .. } => document,
        }
    }
}

/// Where the bundle of one file goes unless it is said.
pub(super) fn beside(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".sigstore.json");
    name.into()
}

/// A statement about one file goes beside it too; for several there is no such place.
pub(super) fn bundle_of_statement(given: Option<PathBuf>, files: &[PathBuf]) -> Result<PathBuf, Failure> {
    match (given, files) {
        (Some(bundle), _) => Ok(bundle),
        (None, [file]) => Ok(beside(file)),
        (None, _) => Err(Failure::usage(
            "bundle-missing",
            "expected --bundle to say where the bundle of the statement goes",
        )
        .hint("add `--bundle NAME.sigstore.json`")),
    }
}

/// Before anything is signed or published: no bundle may take the place of a file that was read or of another bundle, nor of
/// what is no file, and its directory has to take new files.
pub(super) fn check_places(inputs: &[PathBuf], requests: &[Request]) -> Result<(), Failure> {
    let artifacts = requests.iter().flat_map(|request| &request.artifacts);
    let read = artifacts.map(|artifact| &artifact.path).chain(inputs);
    check_bundles(read, requests.iter().map(|request| request.place.as_path()))
}

/// The same, for bundles by their paths.
pub(super) fn check_bundles<'a>(
    read: impl Iterator<Item = &'a PathBuf>,
    bundles: impl Iterator<Item = &'a Path>,
) -> Result<(), Failure> {
    let mut taken = BTreeSet::new();
    for path in read {
        taken.extend(place(path));
        // The file behind a link is an input as well.
        taken.extend(path.canonicalize());
    }
    for bundle in bundles {
        let place = place(bundle).map_err(|error| unusable(bundle, &error))?;
        if !taken.insert(place) {
            let message = "expected every bundle to have a place of its own, found this one taken";
            return Err(Failure::usage("bundle-place-taken", message).at(bundle.display()));
        }
        check_place(bundle)?;
    }
    Ok(())
}

/// Whether a file can be put there.
pub(super) fn check_place(bundle: &Path) -> Result<(), Failure> {
    check_kind(bundle)?;
    OutputFile::create(bundle).map(drop)
}

/// One spelling for all the paths to an entry of a directory, whether it is there or not.
fn place(path: &Path) -> io::Result<PathBuf> {
    let parent = path.parent().filter(|parent| *parent != Path::new(""));
    let directory = parent.unwrap_or(Path::new(".")).canonicalize()?;
    let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
    Ok(directory.join(name))
}

fn check_kind(bundle: &Path) -> Result<(), Failure> {
    match fs::symlink_metadata(bundle) {
        Ok(found) if found.is_file() => Ok(()),
        Ok(_) => {
            let message = "expected a place for a file, found something there that is no regular file";
            Err(Failure::usage("bundle-place-unusable", message).at(bundle.display()))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(unusable(bundle, &error)),
    }
}

fn unusable(bundle: &Path, error: &io::Error) -> Failure {
    Failure::undecided("output-failed", format_args!("cannot write the output file: {error}")).at(bundle.display())
}

/// All or nothing: everything is on disk under other names before the first gets its own, and what has its name gives it
/// back if a later one cannot have its.
pub(super) fn write(outputs: &[Output]) -> Result<(), Failure> {
    let outputs = outputs.iter();
    write_all(outputs.map(|output| (output.request.place.as_path(), output.bytes())))
}

/// The same for one alone.
pub(super) fn write_one(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    write_all(std::iter::once((path, bytes)))
}

fn write_all<'a>(outputs: impl Iterator<Item = (&'a Path, &'a [u8])>) -> Result<(), Failure> {
    commit_all(
        outputs
            .map(|(path, bytes)| stage(path, bytes))
            .collect::<Result<_, _>>()?,
    )
}

fn commit_all(staged: Vec<Staged<'_>>) -> Result<(), Failure> {
    let mut written = Vec::with_capacity(staged.len());
    for Staged { path, before, file } in staged {
        written.push((path, before));
        if let Err(failure) = file.commit() {
            written
                .into_iter()
                .rev()
                .for_each(|(path, before)| take_back(path, before));
            return Err(failure);
        }
    }
    Ok(())
}

struct Staged<'a> {
    path: &'a Path,
    /// A copy of what the file replaces.
    before: Option<TempPath>,
    file: OutputFile,
}

fn stage<'a>(path: &'a Path, bytes: &[u8]) -> Result<Staged<'a>, Failure> {
    let mut file = OutputFile::create(path)?;
    file.write(bytes)?;
    let before = keep(path).map_err(|error| unusable(path, &error))?;
    Ok(Staged { path, before, file })
}

fn keep(path: &Path) -> io::Result<Option<TempPath>> {
    if !fs::symlink_metadata(path).is_ok_and(|found| found.is_file()) {
        return Ok(None);
    }
    let directory = place(path)?;
    let directory = directory.parent().unwrap_or(Path::new("."));
    let copy = tempfile::Builder::new().prefix(".attest-").tempfile_in(directory)?;
    fs::copy(path, copy.path())?;
    Ok(Some(copy.into_temp_path()))
}

/// As well as it can be done: the failure that is told is the one that led here.
fn take_back(path: &Path, before: Option<TempPath>) {
    match before {
        Some(before) => drop(before.persist(path)),
        None => drop(fs::remove_file(path)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bundle_that_cannot_have_its_name_takes_the_others_back() {
        let directory = tempfile::tempdir().unwrap();
        let [fresh, old, folder] = ["a", "b", "c"].map(|name| directory.path().join(name));
        fs::write(&old, "old").unwrap();
        let outputs = [&fresh, &old, &folder].map(|path| (path.as_path(), &b"new"[..]));
        let staged = outputs.iter().map(|(path, bytes)| stage(path, bytes).unwrap());
        let staged = staged.collect();
        fs::create_dir_all(folder.join("inside")).unwrap();
        let failure = commit_all(staged).unwrap_err();
        assert_eq!(failure.code(), "output-failed");
        assert!(!fresh.exists());
        assert_eq!(fs::read(&old).unwrap(), b"old");
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 2);
        assert!(write_all(outputs.into_iter()).is_err());
        assert_eq!(fs::read(&old).unwrap(), b"old");
        write_all(outputs.into_iter().take(2)).unwrap();
        assert_eq!(fs::read(&old).unwrap(), b"new");
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 3);
    }

    #[test]
    fn two_spellings_are_one_place() {
        let directory = tempfile::tempdir().unwrap();
        fs::create_dir(directory.path().join("d")).unwrap();
        let plain = place(&directory.path().join("x")).unwrap();
        assert_eq!(place(&directory.path().join("./d/../x")).unwrap(), plain);
        assert!(place(&directory.path().join("no/x")).is_err());
    }
}
