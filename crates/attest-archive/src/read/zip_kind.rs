//! What a member of a zip archive is, by its name and its attributes, where they leave no choice.

use super::ReadError;
use super::zip_directory::Central;

/// The system in the upper byte of "version made by" (APPNOTE.TXT 6.3.10, 4.4.2).
const UNIX: u16 = 3;
/// macOS, which writes modes as Unix does.
const DARWIN: u16 = 19;

/// Systems whose programs put a Unix mode in the upper half of the attributes, and whose readers look for nothing else
/// there: MS-DOS (Python on Windows), Unix, Windows by two numbers, VFAT, macOS.
const WITH_MODE: [u16; 6] = [0, UNIX, 10, 11, 14, DARWIN];

const KIND_BITS: u32 = 0o170_000;
const FILE_BITS: u32 = 0o100_000;
const DIRECTORY_BITS: u32 = 0o040_000;
const SYMLINK_BITS: u32 = 0o120_000;

/// Bits of MS-DOS, in the lower half of the attributes.
const DOS_VOLUME_LABEL: u32 = 0x08;
const DOS_DIRECTORY: u32 = 0x10;

/// What a member is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ZipKind {
    File { executable: bool },
    Directory,
    Symlink,
}

/// The Unix mode, if there is one. pip and others take it from there whatever the system is.
pub(super) fn unix_mode(central: &Central) -> Option<u32> {
    let mode = central.external >> 16;
    (mode != 0 || matches!(system(central), UNIX | DARWIN)).then_some(mode)
}

/// What the member is by its name, which its attributes may not contradict, for whichever system they are.
pub(super) fn kind(central: &Central) -> Result<ZipKind, ReadError> {
    refuse_attributes(central)?;
    let mode = unix_mode(central).unwrap_or_default();
    let name = || central.name.text.clone();
    let disagrees = |kind| Err(ReadError::KindDisagrees { name: name(), kind });
    let unsupported = |kind| Err(ReadError::UnsupportedKind { name: name(), kind });
    match (mode & KIND_BITS, central.name.of_directory) {
        (0 | DIRECTORY_BITS, true) => Ok(ZipKind::Directory),
        (0 | FILE_BITS, false) => Ok(ZipKind::File {
            executable: mode & 0o111 != 0,
        }),
        (SYMLINK_BITS, false) if system(central) == UNIX => Ok(ZipKind::Symlink),
        // For some readers it is a file that holds the target.
        (SYMLINK_BITS, false) => unsupported(format!("a symbolic link of system {}", system(central))),
        (DIRECTORY_BITS, false) => disagrees("a directory"),
        (FILE_BITS, true) => disagrees("a file"),
        (SYMLINK_BITS, true) => disagrees("a symbolic link"),
        (other, _) => unsupported(format!("of the unknown type {other:o}")),
    }
}

/// What some readers take for something and others do not look at.
fn refuse_attributes(central: &Central) -> Result<(), ReadError> {
    let name = || central.name.text.clone();
    let (system, attributes) = (system(central), central.external);
    if attributes >> 16 != 0 && !WITH_MODE.contains(&system) {
        return Err(ReadError::ZipAttributes {
            name: name(),
            system,
            attributes,
        });
    }
    // unzip leaves such a member out.
    if attributes & DOS_VOLUME_LABEL != 0 {
        let (name, kind) = (name(), "a volume label".to_owned());
        return Err(ReadError::UnsupportedKind { name, kind });
    }
    if attributes & DOS_DIRECTORY != 0 && !central.name.of_directory {
        let (name, kind) = (name(), "a directory");
        return Err(ReadError::KindDisagrees { name, kind });
    }
    Ok(())
}

fn system(central: &Central) -> u16 {
    central.made_by >> 8
}
