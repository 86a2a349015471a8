use std::ffi::OsString;
use std::fs::{self, DirEntry, FileType, Metadata};
use std::path::{Path, PathBuf};

use crate::{Content, Error, MAX_MEMBERS, Member, MemberPath};

/// Everything below `directory`, in no particular order. Symbolic links are not followed.
pub(crate) fn members_below(directory: &Path, prefix: Option<&MemberPath>) -> Result<Vec<Member>, Error> {
    below(directory, prefix, Member::symlink)
}

/// The same for the root of a file system.
pub(crate) fn root_members(directory: &Path) -> Result<Vec<Member>, Error> {
    below(directory, None, Member::symlink_in_root)
}

type Symlink = fn(MemberPath, &str) -> Result<Member, Error>;

fn below(directory: &Path, prefix: Option<&MemberPath>, symlink: Symlink) -> Result<Vec<Member>, Error> {
    let mut members: Vec<Member> = prefix.cloned().map(Member::directory).into_iter().collect();
    let mut open: Vec<(PathBuf, Option<MemberPath>)> = vec![(directory.to_owned(), prefix.cloned())];
    while let Some((directory, place)) = open.pop() {
        for entry in fs::read_dir(&directory).map_err(Error::read(&directory))? {
            let entry = entry.map_err(Error::read(&directory))?;
            let path = member_path(&directory, place.as_ref(), entry.file_name())?;
            if entry.file_type().map_err(Error::read(entry.path()))?.is_dir() {
                open.push((entry.path(), Some(path.clone())));
            }
            members.push(member(&entry, path, symlink)?);
            if members.len() > MAX_MEMBERS {
                return Err(Error::TooManyMembers { limit: MAX_MEMBERS });
            }
        }
    }
    Ok(members)
}

fn member_path(directory: &Path, place: Option<&MemberPath>, name: OsString) -> Result<MemberPath, Error> {
    let name = name.into_string().map_err(|name| Error::NotUtf8 {
        directory: directory.to_owned(),
        escaped: name.as_encoded_bytes().escape_ascii().to_string(),
    })?;
    Ok(match place {
        Some(place) => place.join(&name)?,
        None => name.parse()?,
    })
}

fn member(entry: &DirEntry, path: MemberPath, symlink: Symlink) -> Result<Member, Error> {
    let metadata = entry.metadata().map_err(Error::read(entry.path()))?;
    let file_type = metadata.file_type();
    if file_type.is_dir() {
        Ok(Member::directory(path))
    } else if file_type.is_file() {
        let executable = is_executable(&metadata);
        Ok(Member::file(path, Content::Path(entry.path()), executable))
    } else if file_type.is_symlink() {
        let target = fs::read_link(entry.path()).map_err(Error::read(entry.path()))?;
        symlink(path, &link_text(entry, target)?)
    } else {
        let kind = special_kind(file_type);
        Err(Error::SpecialFile { path, kind })
    }
}

fn link_text(entry: &DirEntry, target: PathBuf) -> Result<String, Error> {
    target.into_os_string().into_string().map_err(|target| Error::NotUtf8 {
        directory: entry.path(),
        escaped: target.as_encoded_bytes().escape_ascii().to_string(),
    })
}

#[cfg(unix)]
fn is_executable(metadata: &Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    metadata.permissions().mode() & 0o111 != 0
}

/// Elsewhere a file system does not say.
#[cfg(not(unix))]
fn is_executable(_metadata: &Metadata) -> bool {
    false
}

#[cfg(unix)]
fn special_kind(file_type: FileType) -> &'static str {
    use std::os::unix::fs::FileTypeExt;
    if file_type.is_fifo() {
        "a named pipe"
    } else if file_type.is_socket() {
        "a socket"
    } else {
        "a device"
    }
}

#[cfg(not(unix))]
fn special_kind(_file_type: FileType) -> &'static str {
    "a special file"
}
