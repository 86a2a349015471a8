use super::entry_points::InvalidEntryPoints;
use super::fields::InvalidFields;
use super::file_name::InvalidFileName;
use super::name::InvalidName;
use super::record::InvalidRecord;
use super::tag::InvalidTag;
use super::version::InvalidVersion;
use crate::error::visible;

/// One thing that is wrong with a wheel or an sdist, or that is worth a warning.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// The file name is that of no wheel and no sdist.
    #[error("{0}")]
    FileName(InvalidFileName),
    /// The file name is spelled in an older way.
    #[error("expected file name `{expected}`, found `{}`", visible(.found))]
    FileNameNotNormal {
        /// The file name as the specification wants it.
        expected: String,
        /// The file name.
        found: String,
    },
    /// It is another kind of archive than its name says.
    #[error("expected {expected}, found {found}")]
    Form {
        /// What it should be.
        expected: &'static str,
        /// What it is.
        found: String,
    },
    /// An sdist is compressed in several parts, each with a header and an end of its own.
    #[error("expected one gzip member, found {found}: some readers stop after the first")]
    GzipMembers {
        /// How many there are.
        found: u64,
    },
    /// A file that has to be there is not.
    #[error("expected a file `{}`, found none", visible(.path))]
    FileMissing {
        /// Its path.
        path: String,
    },
    /// There is not exactly one `.dist-info` directory, or not exactly one directory at the top of an sdist.
    #[error("expected one {what}, found {}", listed(.found))]
    DirectoryCount {
        /// Which directory.
        what: &'static str,
        /// Those that are there.
        found: Vec<String>,
    },
    /// A directory belongs to another project or another version than the file name says.
    #[error("expected {what} `{}`, found `{}`", visible(.expected), visible(.found))]
    DirectoryMismatch {
        /// Which directory.
        what: &'static str,
        /// As the file name says.
        expected: String,
        /// The directory.
        found: String,
    },
    /// A directory is spelled in an older way.
    #[error("expected {what} `{}`, found the older spelling `{}`", visible(.expected), visible(.found))]
    DirectoryNotNormal {
        /// Which directory.
        what: &'static str,
        /// As the specification wants it.
        expected: String,
        /// The directory.
        found: String,
    },
    /// A file in `.data` is for no place that installers know.
    #[error("expected `purelib`, `platlib`, `headers`, `scripts` or `data` below the data directory, found `{}`", visible(.path))]
    SchemeUnknown {
        /// The file.
        path: String,
    },
    /// A wheel holds a symbolic link, which installers write as a file.
    #[error("expected no symbolic link in a wheel, found `{}`", visible(.path))]
    LinkInWheel {
        /// The link.
        path: String,
    },
    /// Two files are one where case is ignored.
    #[error("`{}` and `{}` are one name where case is ignored", visible(.first), visible(.second))]
    CaseCollision {
        /// The one.
        first: String,
        /// The other.
        second: String,
    },
    /// A file of fields is none.
    #[error("{path}: {source}")]
    Fields {
        /// The file.
        path: String,
        /// What is wrong.
        source: InvalidFields,
    },
    /// A field that has to be there is not.
    #[error("{path}: expected a field `{field}`, found none")]
    FieldMissing {
        /// The file.
        path: String,
        /// The field.
        field: &'static str,
    },
    /// A field that may be there once is there more often.
    #[error("{path}: expected `{field}` once, found it again")]
    FieldRepeated {
        /// The file.
        path: String,
        /// The field.
        field: String,
    },
    /// A field that no version of the specification knows.
    #[error("{path}: field `{}` is not known", visible(.field))]
    FieldUnknown {
        /// The file.
        path: String,
        /// The field.
        field: String,
    },
    /// A field that came only with a later version than the file says it is of.
    #[error("{path}: expected metadata version {since} or later for field `{field}`, found {found}")]
    FieldTooNew {
        /// The file.
        path: String,
        /// The field.
        field: String,
        /// The version that it came with.
        since: &'static str,
        /// The version that the file says.
        found: String,
    },
    /// The version of the form is not known.
    #[error("{path}: expected {expected} as {field}, found `{}`", visible(.found))]
    FormVersion {
        /// The file.
        path: String,
        /// `Metadata-Version` or `Wheel-Version`.
        field: &'static str,
        /// The versions that are known.
        expected: &'static str,
        /// What stands there.
        found: String,
    },
    /// The version of the form is newer than those that are known, or too old for this kind of file.
    #[error("{path}: expected {expected} as {field}, found `{}`", visible(.found))]
    FormVersionUnusual {
        /// The file.
        path: String,
        /// `Metadata-Version` or `Wheel-Version`.
        field: &'static str,
        /// The versions that are usual.
        expected: &'static str,
        /// What stands there.
        found: String,
    },
    /// `Name` is no name.
    #[error("{path}: {source}")]
    Name {
        /// The file.
        path: String,
        /// What is wrong.
        source: InvalidName,
    },
    /// `Version` is no version.
    #[error("{path}: {source}")]
    Version {
        /// The file.
        path: String,
        /// What is wrong.
        source: InvalidVersion,
    },
    /// A field says something else than the file name.
    #[error("{path}: expected {field} `{}` as in the file name, found `{}`", visible(.expected), visible(.found))]
    FieldMismatch {
        /// The file.
        path: String,
        /// The field.
        field: &'static str,
        /// What the file name says.
        expected: String,
        /// What the field says.
        found: String,
    },
    /// A field has a value that it cannot have.
    #[error("{path}: expected {expected} as {field}, found `{}`", visible(.found))]
    FieldInvalid {
        /// The file.
        path: String,
        /// The field.
        field: &'static str,
        /// What it can be.
        expected: &'static str,
        /// What it says.
        found: String,
    },
    /// A `Tag` is none.
    #[error("{path}: {source}")]
    Tag {
        /// The file.
        path: String,
        /// What is wrong.
        source: InvalidTag,
    },
    /// `RECORD` cannot be read.
    #[error("{path}: {source}")]
    Record {
        /// The file.
        path: String,
        /// What is wrong.
        source: InvalidRecord,
    },
    /// A file is not in `RECORD`.
    #[error("`{}` is not in RECORD", visible(.path))]
    NotRecorded {
        /// The file.
        path: String,
    },
    /// `RECORD` lists a file that is not there.
    #[error("RECORD lists `{}`, which is not there", visible(.path))]
    RecordedMissing {
        /// The file.
        path: String,
    },
    /// `RECORD` lists a file twice.
    #[error("RECORD lists `{}` twice", visible(.path))]
    RecordedTwice {
        /// The file.
        path: String,
    },
    /// `RECORD` lists a file without a digest.
    #[error("RECORD has no digest of `{}`", visible(.path))]
    DigestMissing {
        /// The file.
        path: String,
    },
    /// `RECORD` has a digest of itself, or of a signature over it.
    #[error("RECORD has a digest or a size of `{}`, which cannot have one", visible(.path))]
    DigestImpossible {
        /// The file.
        path: String,
    },
    /// `RECORD` uses a digest that proves nothing, or one that is not known.
    #[error("expected sha256, sha384 or sha512 for `{}` in RECORD, found `{}`", visible(.path), visible(.found))]
    DigestAlgorithm {
        /// The file.
        path: String,
        /// The name of the algorithm.
        found: String,
    },
    /// A file has another digest than `RECORD` says.
    #[error("expected {expected} of `{}` as RECORD says, found {found}", visible(.path))]
    DigestMismatch {
        /// The file.
        path: String,
        /// What `RECORD` says.
        expected: String,
        /// What it is.
        found: String,
    },
    /// A file has another size than `RECORD` says.
    #[error("expected {expected} bytes of `{}` as RECORD says, found {found}", visible(.path))]
    SizeMismatch {
        /// The file.
        path: String,
        /// What `RECORD` says.
        expected: u64,
        /// What it is.
        found: u64,
    },
    /// `entry_points.txt` is not in its form.
    #[error("{path}: {source}")]
    EntryPoints {
        /// The file.
        path: String,
        /// What is wrong.
        source: InvalidEntryPoints,
    },
    /// An sdist without `pyproject.toml`, which only older tools can build.
    #[error("expected a file `{}`, found none: only tools for the legacy form can build this", visible(.path))]
    PyprojectMissing {
        /// Where it belongs.
        path: String,
    },
}

impl Problem {
    /// The code: kebab-case, stable.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::FileName(_) => "file-name-invalid",
            Self::FileNameNotNormal { .. } => "file-name-not-normal",
            Self::Form { .. } => "form-mismatch",
            Self::GzipMembers { .. } => "gzip-members",
            Self::FileMissing { .. } => "file-missing",
            Self::DirectoryCount { .. } => "directory-not-one",
            Self::DirectoryMismatch { .. } => "directory-mismatch",
            Self::DirectoryNotNormal { .. } => "directory-not-normal",
            Self::SchemeUnknown { .. } => "scheme-unknown",
            Self::LinkInWheel { .. } => "link-in-wheel",
            Self::CaseCollision { .. } => "case-collision",
            Self::Fields { .. } => "fields-invalid",
            Self::FieldMissing { .. } => "field-missing",
            Self::FieldRepeated { .. } => "field-repeated",
            Self::FieldUnknown { .. } => "field-unknown",
            Self::FieldTooNew { .. } => "field-too-new",
            Self::FormVersion { .. } => "form-version-unknown",
            Self::FormVersionUnusual { .. } => "form-version-unusual",
            Self::Name { .. } => "name-invalid",
            Self::Version { .. } => "version-invalid",
            Self::FieldMismatch { .. } => "field-mismatch",
            Self::FieldInvalid { .. } => "field-invalid",
            Self::Tag { .. } => "tag-invalid",
            Self::Record { .. } => "record-invalid",
            Self::NotRecorded { .. } => "not-recorded",
            Self::RecordedMissing { .. } => "recorded-missing",
            Self::RecordedTwice { .. } => "recorded-twice",
            Self::DigestMissing { .. } => "digest-missing",
            Self::DigestImpossible { .. } => "digest-impossible",
            Self::DigestAlgorithm { .. } => "digest-algorithm",
            Self::DigestMismatch { .. } => "digest-mismatch",
            Self::SizeMismatch { .. } => "size-mismatch",
            Self::EntryPoints { .. } => "entry-points-invalid",
            Self::PyprojectMissing { .. } => "pyproject-missing",
        }
    }

    /// Whether the file can be used all the same: by a rule that only newer tools keep, or one that installers do not need.
    #[must_use]
    pub fn is_warning(&self) -> bool {
        matches!(
            self,
            Self::FileNameNotNormal { .. }
                | Self::GzipMembers { .. }
                | Self::DirectoryNotNormal { .. }
                | Self::CaseCollision { .. }
                | Self::FieldUnknown { .. }
                | Self::FieldTooNew { .. }
                | Self::FormVersionUnusual { .. }
                | Self::PyprojectMissing { .. }
        )
    }
}

fn listed(names: &[String]) -> String {
    match names {
        [] => "none".to_owned(),
        _ => names
            .iter()
            .map(|name| format!("`{}`", visible(name)))
            .collect::<Vec<_>>()
            .join(", "),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_code_stands_in_the_document() {
        let document = include_str!("../../../../docs/PYTHON.md");
        let source = include_str!("problem.rs");
        let (_, codes) = source.split_once("match self {").unwrap();
        let (codes, _) = codes.split_once("    }\n").unwrap();
        let codes: Vec<&str> = codes.split('"').skip(1).step_by(2).collect();
        assert!(codes.len() > 30);
        for code in codes {
            assert!(document.contains(&format!("`{code}`")), "{code}");
        }
    }
}
