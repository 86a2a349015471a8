use std::collections::{BTreeMap, HashMap};

use attest_digest::{Algorithm, Digest};
use serde::Deserialize;

use super::workspace::limited;
use crate::Error;

/// A lock file of 5,000 packages takes about 1 MB.
pub(super) const LOCK_LIMIT: usize = 32 << 20;

/// The latest form of the file that is known.
const LATEST: u32 = 4;

/// Name, version and source of a package.
type Identity = (String, String, Option<String>);

/// `Cargo.lock`, of any form: the first held checksums and its root in tables of their own.
#[derive(Debug)]
pub(super) struct Lock {
    pub(super) packages: Vec<Locked>,
    /// The form, where it is one that came after those that are known.
    pub(super) unknown_form: Option<u32>,
}

/// A package that was chosen.
#[derive(Debug, Deserialize)]
pub(super) struct Locked {
    pub(super) name: String,
    pub(super) version: String,
    pub(super) source: Option<String>,
    checksum: Option<String>,
    /// The package that stands in for this one.
    replace: Option<String>,
    #[serde(default)]
    dependencies: Vec<String>,
}

#[derive(Deserialize)]
struct LockWire {
    version: Option<u32>,
    root: Option<Locked>,
    #[serde(default)]
    package: Vec<Locked>,
    #[serde(default)]
    metadata: BTreeMap<String, String>,
}

impl Lock {
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let bytes = limited("Cargo.lock", bytes, LOCK_LIMIT)?;
        let invalid = |reason: String| Error::InvalidLock { reason };
        let text = std::str::from_utf8(bytes).map_err(|error| invalid(error.to_string()))?;
        let lock: LockWire = toml::from_str(text).map_err(|error| invalid(error.message().to_owned()))?;
        let mut checksums: HashMap<Identity, &String> = HashMap::new();
        for (key, checksum) in &lock.metadata {
            checksums.extend(old_entry(key).map(|identity| (identity, checksum)));
        }
        let mut packages = lock.package;
        packages.extend(lock.root);
        if !checksums.is_empty() {
            for package in &mut packages {
                let checksum = checksums.get(&package.identity()).copied();
                package.checksum = package.checksum.take().or_else(|| checksum.cloned());
            }
        }
        let unknown_form = lock.version.filter(|version| *version > LATEST);
        Ok(Self { packages, unknown_form })
    }

    /// What each package needs, by its place, and the names under which there is no package.
    pub(super) fn needs(&self) -> (Vec<Vec<usize>>, Vec<String>) {
        let names = Names::new(&self.packages);
        let mut unknown = Vec::new();
        let mut needs = Vec::with_capacity(self.packages.len());
        for package in &self.packages {
            let mut of_one = Vec::with_capacity(package.dependencies.len());
            for name in &package.dependencies {
                match names.of(name) {
                    Some(place) => of_one.push(self.replacement(place, &names)),
                    None => unknown.push(name.clone()),
                }
            }
            needs.push(of_one);
        }
        (needs, unknown)
    }

    /// A package may be replaced by one that is not replaced itself.
    fn replacement(&self, place: usize, names: &Names<'_>) -> usize {
        let other = self.packages[place].replace.as_deref();
        other.and_then(|name| names.of(name)).unwrap_or(place)
    }
}

impl Locked {
    fn identity(&self) -> Identity {
        (self.name.clone(), self.version.clone(), self.source.clone())
    }

    /// Whether another package stands in for it, so that nothing of it is used.
    pub(super) fn is_replaced(&self) -> bool {
        self.replace.is_some()
    }

    /// The SHA-256 of the package as its registry ships it.
    pub(super) fn digest(&self) -> Result<Option<Digest>, Error> {
        // The first form of the file writes `<none>` for packages from git.
        let Some(checksum) = self.checksum.as_deref().filter(|checksum| *checksum != "<none>") else {
            return Ok(None);
        };
        let digest = Digest::from_hex(Algorithm::Sha256, checksum);
        digest.map(Some).map_err(|error| Error::InvalidChecksum {
            package: format!("{} {}", self.name, self.version),
            reason: error.to_string(),
        })
    }
}

/// `checksum NAME VERSION (SOURCE)`, as it was written until 2020.
fn old_entry(key: &str) -> Option<Identity> {
    let mut words = key.strip_prefix("checksum ")?.splitn(3, ' ');
    let (name, version, source) = (words.next()?, words.next()?, words.next()?);
    let source = source.strip_prefix('(')?.strip_suffix(')')?;
    Some((name.to_owned(), version.to_owned(), Some(source.to_owned())))
}

/// How a lock file names its packages: `name`, `name version` or `name version (source)`, as short as it is clear.
struct Names<'a> {
    packages: &'a [Locked],
    by_name: HashMap<&'a str, Vec<usize>>,
}

impl<'a> Names<'a> {
    fn new(packages: &'a [Locked]) -> Self {
        let mut by_name: HashMap<&str, Vec<usize>> = HashMap::with_capacity(packages.len());
        for (place, package) in packages.iter().enumerate() {
            by_name.entry(&package.name).or_default().push(place);
        }
        Self { packages, by_name }
    }

    /// Of two with one name and version, the one in a directory is called without a source.
    fn of(&self, text: &str) -> Option<usize> {
        let mut words = text.splitn(3, ' ');
        let same_name = self.by_name.get(words.next()?)?;
        let (version, source) = (words.next(), words.next());
        let source = source.map(|source| source.trim_start_matches('(').trim_end_matches(')'));
        let is_meant = |place: &&usize| {
            let package = &self.packages[**place];
            version.is_none_or(|version| package.version == version)
                && source.is_none_or(|source| package.source.as_deref() == Some(source))
        };
        let in_directory = |place: &&usize| self.packages[**place].source.is_none();
        let mut meant = same_name.iter().filter(is_meant);
        let first = meant.clone().next();
        meant.find(in_directory).or(first).copied()
    }
}

/// The SHA-256 of packages as their registry ships them.
#[derive(Debug, Default)]
pub(super) struct Checksums(HashMap<Identity, Digest>);

impl Checksums {
    pub(super) fn parse(lock: Option<&[u8]>) -> Result<Self, Error> {
        let Some(bytes) = lock else {
            return Ok(Self::default());
        };
        let mut checksums = HashMap::new();
        for package in Lock::parse(bytes)?.packages {
            if let Some(digest) = package.digest()? {
                checksums.insert(package.identity(), digest);
            }
        }
        Ok(Self(checksums))
    }

    pub(super) fn of(&self, name: &str, version: &str, source: Option<&str>) -> Option<&Digest> {
        let identity = (name.to_owned(), version.to_owned(), source.map(str::to_owned));
        self.0.get(&identity)
    }
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

    fn needs(lock: &str) -> (Vec<Vec<usize>>, Vec<String>) {
        Lock::parse(lock.as_bytes()).unwrap().needs()
    }

    #[test]
    fn a_name_is_as_long_as_it_must_be_to_be_clear() {
        let lock = format!(
            "[[package]]\nname = \"app\"\nversion = \"1.0.0\"\n\
             dependencies = [\"a\", \"b 1.0.0\", \"b 2.0.0\", \"b 2.0.0 ({SOURCE})\", \"c\", \"b 3.0.0\"]\n\
             [[package]]\nname = \"a\"\nversion = \"1.0.0\"\nsource = \"{SOURCE}\"\n\
             [[package]]\nname = \"b\"\nversion = \"1.0.0\"\nsource = \"{SOURCE}\"\n\
             [[package]]\nname = \"b\"\nversion = \"2.0.0\"\nsource = \"{SOURCE}\"\n\
             [[package]]\nname = \"b\"\nversion = \"2.0.0\"\n"
        );
        let (needs, unknown) = needs(&lock);
        assert_eq!(needs[0], [1, 2, 4, 3]);
        assert_eq!(unknown, ["c", "b 3.0.0"]);
    }

    #[test]
    fn a_replaced_package_gives_way() {
        let lock = format!(
            "[root]\nname = \"app\"\nversion = \"1.0.0\"\ndependencies = [\"a 1.0.0 ({SOURCE})\"]\n\
             [[package]]\nname = \"a\"\nversion = \"1.0.0\"\nsource = \"{SOURCE}\"\nreplace = \"a 1.0.0\"\n\
             [[package]]\nname = \"a\"\nversion = \"1.0.0\"\n"
        );
        let (needs, unknown) = needs(&lock);
        assert_eq!(needs, [vec![], vec![], vec![1]]);
        assert!(unknown.is_empty());
    }

    #[test]
    fn a_form_that_is_not_known_is_told() {
        let form = |text: &str| Lock::parse(text.as_bytes()).unwrap().unknown_form;
        assert_eq!(form("version = 5\n"), Some(5));
        assert_eq!(form("version = 4\n"), None);
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
