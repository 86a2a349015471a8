use std::fs::{self, File};
use std::io::{self, Read, Seek};
use std::path::{Path, PathBuf};

use super::{Entry, EntryKind, Limits, ReadError, Summary, Symlinks, read_archive};
use crate::MemberPath;

/// Unpacks an archive into a new directory: under a temporary name beside its place, then renamed.
///
/// Files are 0644 or 0755 less the umask, directories 0755; owners, times and other metadata are not taken over. Symbolic
/// links are made last, when everything else is there, so that nothing is ever written through one. Members that are one
/// where case is ignored are refused on every system.
///
/// # Errors
/// [`ReadError`]; then nothing is left behind.
pub fn extract<R: Read + Seek>(reader: R, limits: &Limits, destination: &Path) -> Result<Summary, ReadError> {
    if fs::symlink_metadata(destination).is_ok() {
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, "the destination is there already").into());
    }
    let parent = match destination.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    let directory = tempfile::Builder::new()
        .prefix(".attest-")
        .suffix(".partial")
        .tempdir_in(parent)?;
    let mut target = Target {
        top: directory.path(),
        links: Vec::new(),
    };
    let mut limits = limits.clone();
    limits.symlinks = Symlinks::Inside;
    let summary = read_archive(reader, &limits, |entry, content| target.write(entry, content))?;
    if let Some(collision) = summary.case_collisions.first() {
        let (first, second) = (collision.first.clone(), collision.second.clone());
        return Err(ReadError::CaseCollision { first, second });
    }
    target.make_links()?;
    set_mode(directory.path(), 0o755)?;
    fs::rename(directory.path(), destination)?;
    // It has another name now, and stays.
    let _ = directory.keep();
    Ok(summary)
}

/// Where members are written.
struct Target<'a> {
    top: &'a Path,
    links: Vec<(MemberPath, String)>,
}

impl Target<'_> {
    fn write(&mut self, entry: &Entry, content: &mut dyn Read) -> Result<(), ReadError> {
        match &entry.kind {
            EntryKind::Directory => fs::create_dir_all(self.place(&entry.path))?,
            EntryKind::File { executable } => {
                let mut file = self.create(&entry.path, *executable)?;
                io::copy(content, &mut file)?;
            }
            EntryKind::Symlink { target } => self.links.push((entry.path.clone(), target.clone())),
            EntryKind::HardLink { target } => {
                let place = self.place(&entry.path);
                make_parent(&place)?;
                fs::hard_link(self.place(target), place)?;
            }
        }
        Ok(())
    }

    /// Safe to join: a path of an archive has no `..` and does not begin at a root, and no link was made yet.
    fn place(&self, path: &MemberPath) -> PathBuf {
        path.components()
            .fold(self.top.to_owned(), |place, name| place.join(name))
    }

    fn create(&self, path: &MemberPath, executable: bool) -> io::Result<File> {
        let place = self.place(path);
        make_parent(&place)?;
        let mut options = File::options();
        options.write(true).create_new(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt;
            options.mode(if executable { 0o777 } else { 0o666 });
        }
        #[cfg(not(unix))]
        let _ = executable;
        options.open(place)
    }

    fn make_links(&self) -> Result<(), ReadError> {
        for (path, target) in &self.links {
            let place = self.place(path);
            make_parent(&place)?;
            symlink(target, &place)?;
        }
        Ok(())
    }
}

fn make_parent(place: &Path) -> io::Result<()> {
    match place.parent() {
        Some(parent) => fs::create_dir_all(parent),
        None => Ok(()),
    }
}

#[cfg(unix)]
fn symlink(target: &str, place: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(target, place)
}

/// Elsewhere links need rights that few have.
#[cfg(not(unix))]
fn symlink(_target: &str, _place: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// A temporary directory is for its owner alone; this one becomes an ordinary one.
#[cfg(unix)]
fn set_mode(directory: &Path, mode: u32) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(directory, fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
fn set_mode(_directory: &Path, _mode: u32) -> io::Result<()> {
    Ok(())
}
