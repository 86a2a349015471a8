/// Why no document came out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An input is longer than its limit.
    #[error("expected at most {limit} bytes of {what}, found {found}")]
    TooLarge {
        /// Which input.
        what: &'static str,
        /// The limit, in bytes.
        limit: usize,
        /// The length that was found, in bytes.
        found: usize,
    },
    /// A registry answered with something else than was asked for.
    #[error("expected {expected}, found {found}")]
    RegistryAnswer {
        /// What was asked for.
        expected: &'static str,
        /// What came back.
        found: String,
    },
    /// `cargo metadata` did not write this.
    #[error("invalid cargo metadata: {reason}")]
    InvalidMetadata {
        /// What the parser says, with line and column.
        reason: String,
    },
    /// The metadata was written with `--no-deps`.
    #[error("cargo metadata holds no dependency graph")]
    NoResolve,
    /// The graph names a package that the metadata does not describe.
    #[error("cargo metadata names package `{id}` and does not describe it")]
    UndescribedPackage {
        /// The package id.
        id: String,
    },
    /// A line is no message of `cargo build --message-format=json`.
    #[error("invalid cargo message on line {line}: {reason}")]
    InvalidMessage {
        /// The line, from 1.
        line: usize,
        /// What the parser says.
        reason: String,
    },
    /// The messages do not end with `build-finished`: they were cut off, or the build still runs.
    #[error("cargo messages end before the build finished")]
    Unfinished,
    /// The messages end with a failed build.
    #[error("cargo messages say that the build failed")]
    BuildFailed,
    /// The messages name a package that the metadata does not know: the two are of different builds.
    #[error("cargo messages name package `{id}`, which cargo metadata does not know")]
    ForeignMessage {
        /// The package id.
        id: String,
    },
    /// `Cargo.lock` does not parse.
    #[error("invalid Cargo.lock: {reason}")]
    InvalidLock {
        /// What the parser says.
        reason: String,
    },
    /// A checksum in `Cargo.lock` is no SHA-256.
    #[error("invalid checksum of `{package}` in Cargo.lock: {reason}")]
    InvalidChecksum {
        /// Name and version.
        package: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The text is no target triple.
    #[error("expected a target triple, found `{found}`")]
    InvalidTarget {
        /// The text that was found.
        found: String,
    },
    /// No member of the workspace has this name.
    #[error("no member of the workspace is called `{package}`; its members are {}", list(.members))]
    UnknownPackage {
        /// The name that was asked for.
        package: String,
        /// The names that there are.
        members: Vec<String>,
    },
    /// There is no root package, and not exactly one member with a binary.
    #[error("expected one package to describe, found {}", list(.candidates))]
    SeveralPackages {
        /// The packages that could be meant.
        candidates: Vec<String>,
    },
    /// The package that is to be described was not compiled in this build.
    #[error("package `{package}` was not compiled in this build")]
    NotBuilt {
        /// Its name.
        package: String,
    },
    /// A package cannot be named by a package URL.
    #[error("package `{package}` has no package URL: {reason}")]
    InvalidPurl {
        /// Its name.
        package: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A database has a package without a name or a version.
    #[error("expected a name and a version of every package, found only the name `{name}`")]
    UnnamedPackage {
        /// Its name, perhaps empty.
        name: String,
    },
    /// A paragraph of a database has one field twice: it is of two packages, or damaged.
    #[error("expected one line `{field}:` of every package, found another one in that of `{name}`")]
    RepeatedField {
        /// The name of the first package.
        name: String,
        /// Which field.
        field: String,
    },
    /// A file cannot have this name in a document.
    #[error("expected a relative file name, found `{found}`")]
    InvalidFileName {
        /// The name that was found.
        found: String,
    },
    /// Two files have one name.
    #[error("two files are called `{name}`")]
    DuplicateFile {
        /// The name.
        name: String,
    },
    /// A file was measured without SHA-256.
    #[error("file `{name}` was not measured with sha256")]
    NoDigest {
        /// The name.
        name: String,
    },
    /// A file is neither JSON nor XML, or was cut off.
    #[error("invalid document: {reason}")]
    InvalidDocument {
        /// What the parser says.
        reason: String,
    },
    /// A file is no document, or one of another version.
    #[error("expected CycloneDX 1.2 to 1.7 or SPDX 2.2 or 2.3, found {found}")]
    UnsupportedDocument {
        /// What it says that it is.
        found: String,
    },
    /// Nobody writes this format.
    #[error("expected a format such as `cyclonedx-json@1.6`, found `{found}`")]
    UnknownFormat {
        /// The text that was found.
        found: String,
    },
    /// Something of the document cannot stand in the format.
    #[error("cannot be written in this format: {reason}")]
    Unwritable {
        /// What.
        reason: String,
    },
    /// A rule names no licence.
    #[error("expected an SPDX licence, `osi-approved`, `fsf-free` or `copyleft`, found `{found}`")]
    UnknownLicence {
        /// The text that was found.
        found: String,
    },
    /// No reader found anything that it understands.
    #[error("found nothing that can be listed")]
    NothingFound,
    /// There is nothing to list.
    #[error("there is no file to list")]
    NothingToList,
    /// The moment cannot be written in RFC 3339.
    #[error("expected seconds since 1970 before the year 10000, found `{found}`")]
    InvalidTimestamp {
        /// The text that was found.
        found: String,
    },
}

fn list(names: &[String]) -> String {
    match names {
        [] => "none".to_owned(),
        names => names
            .iter()
            .map(|name| format!("`{name}`"))
            .collect::<Vec<_>>()
            .join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_an_error_are_listed_or_said_to_be_none() {
        let none = Error::SeveralPackages { candidates: vec![] };
        assert_eq!(none.to_string(), "expected one package to describe, found none");
        let candidates = vec!["a".to_owned(), "b".to_owned()];
        let two = Error::SeveralPackages { candidates };
        assert_eq!(two.to_string(), "expected one package to describe, found `a`, `b`");
    }
}
