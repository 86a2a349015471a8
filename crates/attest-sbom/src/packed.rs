//! Packages as files: what was handed to an index lies in a tree as it is. The manifest of one in, with the hash of the file.

use std::io::{Read, Seek};

use attest_archive::read::{EntryKind, Limits, ReadError, read_archive};
use attest_digest::{Algorithm, Algorithms, MeasuringReader};

use crate::cyclonedx::Hash;
use crate::inventory::Inventory;
use crate::scan::Scan;
use crate::{Gap, cargo, oci};

/// One has to be read whole to know what it is, and every archive of anything may have such a name. Indexes take 10 MiB
/// (crates) and rarely more (npm).
const SIZE_LIMIT: u64 = 64 << 20;

/// The most archives that are named: beyond that a number tells as much.
const NAMED: usize = 16;

/// Directories of what others made, or of what tests play with.
pub(crate) const OTHERS: [&str; 5] = ["node_modules", "site-packages", "dist-packages", "vendor", "testdata"];

const VENDOR: &str = "vendor";

/// What managers leave in a `vendor` that they fill: Go, Composer, Bundler. Packages that Cargo put there have marks of their own.
const FILLED: [&str; 3] = ["modules.txt", "autoload.php", "bundle"];

/// How archives are called that may hold packages: of a program's sources, of packages, of systems.
const ENDINGS: [&str; 20] = [
    "zip", "tar", "tgz", "gz", "tbz2", "bz2", "txz", "xz", "tzst", "zst", "7z", "crate", "whl", "egg", "gem", "nupkg",
    "deb", "rpm", "apk", "conda",
];

/// Those of them that compress one file alone unless it is a `.tar`.
const COMPRESSED: [&str; 4] = ["gz", "bz2", "xz", "zst"];

/// A package that was packed.
pub(crate) struct Packed {
    /// The text of its manifest.
    pub(crate) manifest: String,
    /// The hash of the file.
    pub(crate) hash: Hash,
}

/// Reads the manifest of this name that lies in the only directory of an archive; nothing if it is another archive.
pub(crate) fn read(scan: &Scan<'_>, path: &str, name: &str, limit: u64) -> Result<Option<Packed>, Gap> {
    let damaged = |error: ReadError| Gap::new("damaged", path, error.to_string());
    let is_read = |size: u64| size <= SIZE_LIMIT;
    if scan.listing().at(path).is_none_or(|entry| !is_read(entry.size())) {
        return Ok(None);
    }
    let Some(mut file) = scan.open(path)? else {
        return Ok(None);
    };
    let mut manifests = manifests(&mut file, name, limit).map_err(damaged)?;
    let Some(manifest) = manifests.pop() else {
        return Ok(None);
    };
    if !manifests.is_empty() {
        let detail = format!("expected one `{name}`, found another one beside it");
        return Err(Gap::new("damaged", path, detail));
    }
    if manifest.len() as u64 > limit {
        let detail = format!("expected a `{name}` of at most {limit} bytes, found more");
        return Err(Gap::new("too-large", path, detail));
    }
    let not_utf8 = |_| Gap::new("not-utf8", path, format!("its `{name}` is not UTF-8"));
    let manifest = String::from_utf8(manifest).map_err(not_utf8)?;
    file.rewind().map_err(|error| damaged(ReadError::from(error)))?;
    let hash = sha256(&mut file).map_err(damaged)?;
    Ok(Some(Packed { manifest, hash }))
}

/// The first two manifests at most, each cut one byte beyond the limit.
fn manifests(file: &mut (impl Read + Seek), name: &str, limit: u64) -> Result<Vec<Vec<u8>>, ReadError> {
    let mut found = Vec::new();
    read_archive(file, &Limits::default(), |entry, bytes| {
        let path = entry.path.as_str();
        let is_it = path.split_once('/').is_some_and(|(_, rest)| rest == name);
        if is_it && found.len() < 2 && matches!(entry.kind, EntryKind::File { .. }) {
            let mut content = Vec::new();
            bytes.take(limit + 1).read_to_end(&mut content)?;
            found.push(content);
        }
        Ok::<_, ReadError>(())
    })?;
    Ok(found)
}

/// The hash of everything that follows.
pub(crate) fn sha256(file: &mut impl Read) -> Result<Hash, ReadError> {
    let mut reader = MeasuringReader::new(file, &Algorithms::one(Algorithm::Sha256));
    std::io::copy(&mut reader, &mut std::io::sink())?;
    let (_, measured) = reader.finish();
    let digest = measured.digest(Algorithm::Sha256).expect("it was asked for");
    Ok(Hash {
        alg: "SHA-256",
        content: digest.to_hex(),
    })
}

/// Says which archives of a directory nobody looked into. Those of what others made are part of it.
pub(crate) fn note_unread(scan: &Scan<'_>, inventory: &mut Inventory) {
    if scan.is_named_file() || !scan.options.kinds.is_empty() || inventory.whole().is_some() {
        return;
    }
    let entries = scan.listing().entries();
    let archives = entries
        .iter()
        .filter(|entry| entry.is_file() && is_archive(entry.name()));
    let archives = archives.map(|entry| entry.path.as_str());
    let archives: Vec<&str> = archives
        .filter(|path| !is_of_others(scan, path) && !oci::is_part(path) && !cargo::is_stored(path))
        .collect();
    if archives.is_empty() {
        return;
    }
    let unread: Vec<&str> = {
        let read = inventory.places();
        let is_read = |path: &str| read.contains(path);
        archives.into_iter().filter(|path| !is_read(path)).collect()
    };
    for path in unread.iter().take(NAMED) {
        let detail = "an archive that is not looked into: it is listed when it is named alone";
        inventory.gap(Gap::new("not-listed", path, detail));
    }
    if let Some(more @ 1..) = unread.len().checked_sub(NAMED) {
        let detail = format!("{more} more archives are not looked into");
        inventory.gap(Gap::new("not-listed", "", detail));
    }
}

/// Whether a path leads into what others made, or what tests play with.
pub(crate) fn is_of_others(scan: &Scan<'_>, path: &str) -> bool {
    let mut directories = path.match_indices('/').map(|(end, _)| &path[..end]);
    may_be_of_others(path)
        || directories.any(|directory| {
            scan.brought_along().holds(directory) || is_vendor(directory) && is_filled(scan, directory)
        })
}

/// Whether the names of directories alone say so: of a `vendor` they do not.
pub(crate) fn may_be_of_others(path: &str) -> bool {
    path.split('/').any(|part| part != VENDOR && OTHERS.contains(&part))
}

fn is_vendor(directory: &str) -> bool {
    directory.rsplit('/').next() == Some(VENDOR)
}

/// Whether a manager filled a directory called `vendor`: anybody may keep own things in one.
pub(crate) fn is_filled(scan: &Scan<'_>, directory: &str) -> bool {
    let is_there = |mark: &&str| scan.listing().at(&format!("{directory}/{mark}")).is_some();
    FILLED.iter().any(is_there)
}

fn is_archive(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let Some((stem, ending)) = name.rsplit_once('.') else {
        return false;
    };
    let is_compressed = COMPRESSED.contains(&ending);
    ENDINGS.contains(&ending) && (!is_compressed || stem.ends_with(".tar"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_archive_is_told_by_its_name() {
        for name in ["a.zip", "a.tar", "a.tar.gz", "A.TGZ", "a-1.crate", "a.tar.zst", "a.deb"] {
            assert!(is_archive(name), "{name}");
        }
        for name in ["a.gz", "a.json.zst", "zip", "a.rs", ".tar.gz.sig", "tar"] {
            assert!(!is_archive(name), "{name}");
        }
    }

    #[test]
    fn what_others_made_is_passed_over_and_a_folder_that_is_called_vendor_is_not() {
        let options = crate::Options::default();
        let of_others = |files: &[&str], path: &str| {
            let tree = crate::tree::Memory::new(files.iter().map(|path| (*path, "")));
            is_of_others(&Scan::of(&tree, &options), path)
        };
        assert!(of_others(&[], "x/site-packages/a/b.zip"));
        for mark in ["x/vendor/modules.txt", "x/vendor/autoload.php"] {
            assert!(of_others(&[mark], "x/vendor/a/b.tgz"), "{mark}");
        }
        assert!(of_others(
            &["vendor/a/.cargo-checksum.json", "vendor/a/Cargo.toml"],
            "vendor/a/b.tgz"
        ));
        for path in ["vendor/a.tgz", "x/vendor/a.tgz", "vendored/a.tgz"] {
            assert!(!of_others(&["y/vendor/modules.txt"], path), "{path}");
        }
    }
}
