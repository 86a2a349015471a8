use std::collections::BTreeMap;

use attest_digest::{Algorithm, Digest};
use serde::Deserialize;

use super::workspace::limited;
use crate::Error;

/// A lock file of 5,000 packages takes about 1 MB.
const LOCK_LIMIT: usize = 32 << 20;

/// Name, version and source of a package.
type Key = (String, String, Option<String>);

/// The SHA-256 of packages as their registry ships them.
#[derive(Debug, Default)]
pub(super) struct Checksums(BTreeMap<Key, Digest>);

#[derive(Deserialize)]
struct LockWire {
    #[serde(default)]
    package: Vec<PackageWire>,
    #[serde(default)]
    metadata: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct PackageWire {
    name: String,
    version: String,
    source: Option<String>,
    checksum: Option<String>,
}

impl Checksums {
    pub(super) fn parse(lock: Option<&[u8]>) -> Result<Self, Error> {
        let Some(bytes) = lock else {
            return Ok(Self::default());
        };
        let bytes = limited("Cargo.lock", bytes, LOCK_LIMIT)?;
        let invalid = |reason: String| Error::InvalidLock { reason };
        let text = std::str::from_utf8(bytes).map_err(|error| invalid(error.to_string()))?;
        let lock: LockWire = toml::from_str(text).map_err(|error| invalid(error.message().to_owned()))?;
        let old = lock
            .metadata
            .iter()
            .filter_map(|(key, checksum)| old_entry(key, checksum));
        let mut checksums = Self::default();
        for package in old.chain(lock.package) {
            checksums.add(package)?;
        }
        Ok(checksums)
    }

    fn add(&mut self, package: PackageWire) -> Result<(), Error> {
        // The first form of the file writes `<none>` for packages from git.
        let Some(checksum) = package.checksum.filter(|checksum| checksum != "<none>") else {
            return Ok(());
        };
        let digest = Digest::from_hex(Algorithm::Sha256, &checksum).map_err(|error| Error::InvalidChecksum {
            package: format!("{} {}", package.name, package.version),
            reason: error.to_string(),
        })?;
        self.0.insert((package.name, package.version, package.source), digest);
        Ok(())
    }

    pub(super) fn of(&self, name: &str, version: &str, source: Option<&str>) -> Option<&Digest> {
        let key = (name.to_owned(), version.to_owned(), source.map(str::to_owned));
        self.0.get(&key)
    }
}

/// `"checksum NAME VERSION (SOURCE)" = "…"`, as it was written until 2020.
fn old_entry(key: &str, checksum: &str) -> Option<PackageWire> {
    let mut words = key.strip_prefix("checksum ")?.splitn(3, ' ');
    let (name, version, source) = (words.next()?, words.next()?, words.next()?);
    let source = source.strip_prefix('(')?.strip_suffix(')')?;
    Some(PackageWire {
        name: name.to_owned(),
        version: version.to_owned(),
        source: Some(source.to_owned()),
        checksum: Some(checksum.to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SUM: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    const SOURCE: &str = "registry+https://cargo.example.com/index";

    fn checksum(lock: &str) -> Option<String> {
        let checksums = Checksums::parse(Some(lock.as_bytes())).unwrap();
        checksums.of("a", "1.0.0", Some(SOURCE)).map(Digest::to_hex)
    }

    #[test]
    fn both_forms_of_the_file_carry_checksums() {
        let package = format!("[[package]]\nname = \"a\"\nversion = \"1.0.0\"\nsource = \"{SOURCE}\"\n");
        let new = format!("version = 4\n{package}checksum = \"{SUM}\"\n");
        assert_eq!(checksum(&new).as_deref(), Some(SUM));
        let old = format!("{package}[metadata]\n\"checksum a 1.0.0 ({SOURCE})\" = \"{SUM}\"\n");
        assert_eq!(checksum(&old).as_deref(), Some(SUM));
        assert_eq!(checksum(&package), None);
    }

    #[test]
    fn a_checksum_of_the_wrong_length_is_rejected() {
        let lock = "[[package]]\nname = \"a\"\nversion = \"1.0.0\"\nchecksum = \"00\"\n";
        let expected = Error::InvalidChecksum {
            package: "a 1.0.0".to_owned(),
            reason: "expected 32 bytes for sha256, found 1".to_owned(),
        };
        assert_eq!(Checksums::parse(Some(lock.as_bytes())).unwrap_err(), expected);
    }

    #[test]
    fn a_garbled_file_is_rejected() {
        let error = Checksums::parse(Some(b"[[package]\n")).unwrap_err();
        assert!(matches!(error, Error::InvalidLock { .. }), "{error}");
        let error = Checksums::parse(Some(b"\xff")).unwrap_err();
        assert!(matches!(error, Error::InvalidLock { .. }), "{error}");
    }

    proptest! {
        #[test]
        fn no_text_makes_the_parser_panic(text in ".{0,200}") {
            let _ = Checksums::parse(Some(text.as_bytes()));
        }
    }
}
