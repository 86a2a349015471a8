use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use attest_digest::Algorithms;

use super::{Error, Platform, machine};
use crate::tar_writer::{Attributes, TarWriter};
use crate::{Content, Kind, Member, MemberPath, Members, Owner};

/// The files of a layer: a program, or the root of a file system.
///
/// Sorted, each path once, every parent directory there, as in any archive of ours; mode 0755 or 0644, owner 0:0, unless an
/// exception was made. Symbolic links may lead anywhere, because `/` is the root of the container and not of this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Root {
    members: Members,
    modes: BTreeMap<MemberPath, u32>,
    owners: BTreeMap<MemberPath, Owner>,
    privileged: BTreeSet<MemberPath>,
    interpreters: BTreeMap<MemberPath, String>,
}

/// The permissions of a file: up to four octal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mode(u32);

/// Set user, set group, sticky.
const PRIVILEGES: u32 = 0o7000;

const MAX_MODE: u32 = 0o7777;

impl std::str::FromStr for Mode {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let is_octal = !text.is_empty() && text.bytes().all(|digit| matches!(digit, b'0'..=b'7'));
        let mode = is_octal.then(|| u32::from_str_radix(text, 8).ok()).flatten();
        match mode.filter(|mode| *mode <= MAX_MODE) {
            Some(mode) => Ok(Self(mode)),
            None => Err(Error::Setting {
                expected: "a mode in octal digits, at most 7777",
                found: text.to_owned(),
            }),
        }
    }
}

impl Root {
    /// Reads the root of a file system.
    ///
    /// # Errors
    /// [`Error::Archive`] for devices, sockets, named pipes and names that are not UTF-8; [`Error::Whiteout`].
    pub fn from_directory(directory: &Path) -> Result<Self, Error> {
        let members = Members::from_root(directory)?;
        let privileged = privileged(&members, directory)?;
        let root = Self::of(members)?;
        Ok(Self { privileged, ..root })
    }

    /// A single program at `place`.
    ///
    /// # Errors
    /// [`Error::WrongMachine`] when its header says that it is for another platform; [`Error::Archive`]; [`Error::Read`].
    pub fn of_program(program: &Path, place: MemberPath, platform: &Platform) -> Result<Self, Error> {
        Self::of_programs([(program, place)], platform)
    }

    /// Several programs, each with its place.
    ///
    /// # Errors
    /// As for [`Root::of_program`].
    pub fn of_programs<'a>(
        programs: impl IntoIterator<Item = (&'a Path, MemberPath)>,
        platform: &Platform,
    ) -> Result<Self, Error> {
        let mut members = Vec::new();
        let mut interpreters = BTreeMap::new();
        for (program, place) in programs {
            machine::refuse_other_machine(program, platform)?;
            if let Some(interpreter) = machine::interpreter(program)? {
                interpreters.insert(place.clone(), interpreter);
            }
            members.push(Member::file(place, Content::Path(program.to_owned()), true));
        }
        let root = Self::of(Members::new(members)?)?;
        Ok(Self { interpreters, ..root })
    }

    fn of(members: Members) -> Result<Self, Error> {
        let whiteout = members
            .iter()
            .find(|member| member.path().file_name().starts_with(".wh."));
        if let Some(member) = whiteout {
            let path = member.path().to_string();
            return Err(Error::Whiteout { path });
        }
        Ok(Self {
            members,
            modes: BTreeMap::new(),
            owners: BTreeMap::new(),
            privileged: BTreeSet::new(),
            interpreters: BTreeMap::new(),
        })
    }

    /// The same with another mode for one file or directory.
    ///
    /// # Errors
    /// [`Error::NoSuchMember`] when it is not there, or is a symbolic link.
    pub fn with_mode(mut self, path: &MemberPath, mode: Mode) -> Result<Self, Error> {
        match self.members.at(path).map(Member::kind) {
            None | Some(Kind::Symlink { .. }) => Err(no_such(path, "a mode")),
            Some(_) => {
                self.modes.insert(path.clone(), mode.0);
                self.privileged.remove(path);
                Ok(self)
            }
        }
    }

    /// The same with another owner for a path and all that lies below it. What was said of a path that is nearer holds.
    ///
    /// # Errors
    /// [`Error::NoSuchMember`] when it is not there.
    pub fn with_owner(mut self, path: &MemberPath, owner: Owner) -> Result<Self, Error> {
        match self.members.at(path) {
            None => Err(no_such(path, "an owner")),
            Some(_) => {
                self.owners.insert(path.clone(), owner);
                Ok(self)
            }
        }
    }

    /// What has a set-user, set-group or sticky bit on disk, and gets none, because nobody asked for it.
    #[must_use]
    pub fn privileged(&self) -> &BTreeSet<MemberPath> {
        &self.privileged
    }

    /// Programs that were given as such and need a dynamic linker, which only a base can have, with its path.
    #[must_use]
    pub fn interpreters(&self) -> &BTreeMap<MemberPath, String> {
        &self.interpreters
    }

    /// The files, links and directories.
    #[must_use]
    pub fn members(&self) -> &Members {
        &self.members
    }

    pub(super) fn append_to<W: Write>(&self, tar: &mut TarWriter<W>, algorithms: &Algorithms) -> Result<(), Error> {
        for member in self.members.iter() {
            let attributes = Attributes {
                mode: self.modes.get(member.path()).copied(),
                owner: self.owner(member.path()),
            };
            tar.append_as(member, attributes, algorithms)?;
        }
        Ok(())
    }

    fn owner(&self, path: &MemberPath) -> Owner {
        let mut place = Some(path.clone());
        while let Some(path) = place {
            if let Some(owner) = self.owners.get(&path) {
                return *owner;
            }
            place = path.parent();
        }
        Owner::ROOT
    }
}

fn no_such(path: &MemberPath, what: &'static str) -> Error {
    let path = path.to_string();
    Error::NoSuchMember { path, what }
}

fn privileged(members: &Members, directory: &Path) -> Result<BTreeSet<MemberPath>, Error> {
    let mut found = BTreeSet::new();
    for member in members.iter() {
        let path: PathBuf = directory.join(member.path().as_str());
        let metadata = fs::symlink_metadata(&path).map_err(Error::read(&path))?;
        if permissions(&metadata) & PRIVILEGES != 0 && !metadata.is_symlink() {
            found.insert(member.path().clone());
        }
    }
    Ok(found)
}

#[cfg(unix)]
fn permissions(metadata: &fs::Metadata) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    metadata.permissions().mode()
}

/// Elsewhere a file system does not say.
#[cfg(not(unix))]
fn permissions(_: &fs::Metadata) -> u32 {
    0
}
