use super::contents::Contents;
use super::fields::Fields;
use super::file_name::FileName;
use super::name::ProjectName;
use super::problem::Problem;
use super::version::Version;
use crate::MemberPath;

/// The versions of core metadata that are known. 2.0 was withdrawn and is none.
const VERSIONS: [&str; 8] = ["1.0", "1.1", "1.2", "2.1", "2.2", "2.3", "2.4", "2.5"];

const KNOWN: &str = "1.0 to 1.2 or 2.1 to 2.5";

/// A field of core metadata.
struct Known {
    name: &'static str,
    /// The version that it came with.
    since: &'static str,
    /// Whether it may be there more than once.
    is_multiple: bool,
}

const fn once(name: &'static str, since: &'static str) -> Known {
    let is_multiple = false;
    Known {
        name,
        since,
        is_multiple,
    }
}

const fn often(name: &'static str, since: &'static str) -> Known {
    let is_multiple = true;
    Known {
        name,
        since,
        is_multiple,
    }
}

/// Every field of the core metadata specifications, up to version 2.5 (PEP 794).
const FIELDS: [Known; 32] = [
    once("Metadata-Version", "1.0"),
    once("Name", "1.0"),
    once("Version", "1.0"),
    often("Platform", "1.0"),
    once("Summary", "1.0"),
    once("Description", "1.0"),
    once("Keywords", "1.0"),
    once("Home-page", "1.0"),
    once("Author", "1.0"),
    once("Author-email", "1.0"),
    once("License", "1.0"),
    often("Supported-Platform", "1.1"),
    once("Download-URL", "1.1"),
    often("Classifier", "1.1"),
    often("Requires", "1.1"),
    often("Provides", "1.1"),
    often("Obsoletes", "1.1"),
    once("Maintainer", "1.2"),
    once("Maintainer-email", "1.2"),
    often("Requires-Dist", "1.2"),
    often("Provides-Dist", "1.2"),
    often("Obsoletes-Dist", "1.2"),
    once("Requires-Python", "1.2"),
    often("Requires-External", "1.2"),
    often("Project-URL", "1.2"),
    once("Description-Content-Type", "2.1"),
    often("Provides-Extra", "2.1"),
    often("Dynamic", "2.2"),
    once("License-Expression", "2.4"),
    often("License-File", "2.4"),
    often("Import-Name", "2.5"),
    often("Import-Namespace", "2.5"),
];

/// The fields that have to be there.
const REQUIRED: [&str; 3] = ["Metadata-Version", "Name", "Version"];

/// Core metadata, and where it stands.
pub(super) struct Metadata<'a> {
    pub(super) path: &'a str,
    pub(super) fields: &'a Fields,
    /// What the file name says, if it says anything.
    pub(super) file_name: Option<&'a FileName>,
    /// The first version that this kind of file should have, and how that is said.
    pub(super) oldest: (&'static str, &'static str),
}

impl Metadata<'_> {
    /// Holds the fields to the core metadata specifications and to the file name.
    pub(super) fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        for field in REQUIRED {
            if self.fields.first(field).is_none_or(str::is_empty) {
                problems.push(Problem::FieldMissing {
                    path: self.path(),
                    field,
                });
            }
        }
        problems.extend(self.form_version());
        self.known_fields(&mut problems);
        problems.extend(self.name());
        problems.extend(self.version());
        problems.extend(self.content_type());
        problems.extend(self.dynamic());
        problems
    }

    /// Every file that `License-File` names lies below `directory`. Before version 2.4 nothing says where they are.
    pub(super) fn license_problems(&self, contents: &Contents, directory: &str) -> Vec<Problem> {
        if self.fields.first("Metadata-Version").and_then(rank) < rank("2.4") {
            return Vec::new();
        }
        let files = self.fields.all("License-File");
        files
            .filter_map(|found| self.license_problem(contents, directory, found))
            .collect()
    }

    fn license_problem(&self, contents: &Contents, directory: &str, found: &str) -> Option<Problem> {
        if found.parse::<MemberPath>().is_err() {
            return Some(self.invalid("License-File", "a relative path without `..`", found));
        }
        let path = format!("{directory}/{found}");
        (!contents.has_file(&path)).then_some(Problem::FileMissing { path })
    }

    fn path(&self) -> String {
        self.path.to_owned()
    }

    fn invalid(&self, field: &'static str, expected: &'static str, found: &str) -> Problem {
        let (path, found) = (self.path(), found.to_owned());
        Problem::FieldInvalid {
            path,
            field,
            expected,
            found,
        }
    }

    fn form_version(&self) -> Option<Problem> {
        let found = self
            .fields
            .first("Metadata-Version")
            .filter(|found| !found.is_empty())?;
        let (path, field) = (self.path(), "Metadata-Version");
        let (oldest, usual) = self.oldest;
        match rank(found) {
            Some(known) if Some(known) >= rank(oldest) => None,
            Some(_) => Some(Problem::FormVersionUnusual {
                path,
                field,
                expected: usual,
                found: found.to_owned(),
            }),
            None if is_later_minor(found, "2") && found != "2.0" => Some(Problem::FormVersionUnusual {
                path,
                field,
                expected: KNOWN,
                found: found.to_owned(),
            }),
            None => Some(Problem::FormVersion {
                path,
                field,
                expected: KNOWN,
                found: found.to_owned(),
            }),
        }
    }

    fn known_fields(&self, problems: &mut Vec<Problem>) {
        let version = self.fields.first("Metadata-Version").unwrap_or_default();
        let mut seen: Vec<&str> = Vec::new();
        for field in self.fields.iter() {
            let path = self.path();
            let Some(known) = FIELDS.iter().find(|known| known.name.eq_ignore_ascii_case(&field.name)) else {
                // A later version may have more.
                problems.push(Problem::FieldUnknown {
                    path,
                    field: field.name.clone(),
                });
                continue;
            };
            let is_first = !seen.contains(&known.name);
            seen.extend(is_first.then_some(known.name));
            let field = known.name.to_owned();
            if !is_first && !known.is_multiple {
                problems.push(Problem::FieldRepeated { path, field });
            } else if is_first && rank(version).is_some_and(|version| Some(version) < rank(known.since)) {
                let (since, found) = (known.since, version.to_owned());
                problems.push(Problem::FieldTooNew {
                    path,
                    field,
                    since,
                    found,
                });
            }
        }
    }

    fn name(&self) -> Option<Problem> {
        let found = self.fields.first("Name").filter(|found| !found.is_empty())?;
        let name: ProjectName = match found.parse() {
            Ok(name) => name,
            Err(source) => {
                return Some(Problem::Name {
                    path: self.path(),
                    source,
                });
            }
        };
        let expected = &self.file_name?.name;
        (name != *expected).then(|| self.mismatch("Name", expected.as_str(), found))
    }

    fn version(&self) -> Option<Problem> {
        let found = self.fields.first("Version").filter(|found| !found.is_empty())?;
        let version: Version = match found.parse() {
            Ok(version) => version,
            Err(source) => {
                return Some(Problem::Version {
                    path: self.path(),
                    source,
                });
            }
        };
        let expected = &self.file_name?.version;
        (version != *expected).then(|| self.mismatch("Version", &expected.to_string(), found))
    }

    fn mismatch(&self, field: &'static str, expected: &str, found: &str) -> Problem {
        let (path, expected, found) = (self.path(), expected.to_owned(), found.to_owned());
        Problem::FieldMismatch {
            path,
            field,
            expected,
            found,
        }
    }

    /// `text/plain`, `text/x-rst` or `text/markdown`; UTF-8; a variant for Markdown only.
    fn content_type(&self) -> Option<Problem> {
        let found = self
            .fields
            .first("Description-Content-Type")
            .filter(|found| !found.is_empty())?;
        let mut parts = found.split(';').map(|part| part.trim().to_ascii_lowercase());
        let media_type = parts.next().unwrap_or_default();
        let is_markdown = media_type == "text/markdown";
        let is_known = is_markdown || matches!(media_type.as_str(), "text/plain" | "text/x-rst");
        let is_right = is_known
            && parts
                .filter(|part| !part.is_empty())
                .all(|part| match part.split_once('=') {
                    Some(("charset", value)) => value.trim_matches('"') == "utf-8",
                    Some(("variant", value)) => is_markdown && matches!(value.trim_matches('"'), "gfm" | "commonmark"),
                    _ => false,
                });
        let expected = "text/plain, text/x-rst or text/markdown, with charset=UTF-8 if any";
        (!is_right).then(|| self.invalid("Description-Content-Type", expected, found))
    }

    /// What every other field hangs on cannot be unknown until the build.
    fn dynamic(&self) -> Vec<Problem> {
        let is_fixed = |found: &&str| REQUIRED.iter().any(|name| name.eq_ignore_ascii_case(found));
        let expected = "a field other than Metadata-Version, Name and Version";
        let fixed = self.fields.all("Dynamic").filter(is_fixed);
        fixed.map(|found| self.invalid("Dynamic", expected, found)).collect()
    }
}

/// Where a version stands among those that are known.
fn rank(version: &str) -> Option<usize> {
    VERSIONS.iter().position(|known| *known == version)
}

/// Whether a version is `major.` and a number, which readers of that major version take with a warning.
pub(super) fn is_later_minor(found: &str, major: &str) -> bool {
    let minor = found.strip_prefix(major).and_then(|rest| rest.strip_prefix('.'));
    minor.is_some_and(|minor| !minor.is_empty() && minor.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "Metadata-Version: 2.4\nName: Beagle.Vote\nVersion: 1.0.0\nClassifier: a\nClassifier: b\n\
        License-File: LICENSE\nDescription-Content-Type: text/markdown; charset=UTF-8; variant=GFM\n\nbody";

    fn problems(text: &str) -> Vec<String> {
        let fields = Fields::parse(text.as_bytes()).unwrap();
        let file_name = FileName::parse("beagle_vote-1.0-py3-none-any.whl").unwrap();
        let metadata = Metadata {
            path: "METADATA",
            fields: &fields,
            file_name: Some(&file_name),
            oldest: ("1.1", "1.1 or later"),
        };
        metadata
            .problems()
            .iter()
            .map(|problem| format!("{} {problem}", problem.code()))
            .collect()
    }

    fn changed(from: &str, to: &str) -> Vec<String> {
        assert!(GOOD.contains(from));
        problems(&GOOD.replacen(from, to, 1))
    }

    #[test]
    fn what_agrees_with_the_file_name_has_no_problem() {
        assert_eq!(problems(GOOD), Vec::<String>::new());
    }

    #[test]
    fn a_required_field_that_is_missing_or_empty_is_named() {
        let missing = |field: &str| {
            vec![format!(
                "field-missing METADATA: expected a field `{field}`, found none"
            )]
        };
        assert_eq!(changed("Name: Beagle.Vote\n", ""), missing("Name"));
        assert_eq!(changed("Version: 1.0.0", "Version:"), missing("Version"));
        assert_eq!(changed("Metadata-Version: 2.4\n", ""), missing("Metadata-Version"));
    }

    #[test]
    fn another_name_or_version_than_the_file_name_says_is_a_mismatch() {
        assert_eq!(
            changed("Beagle.Vote", "cat-vote"),
            ["field-mismatch METADATA: expected Name `beagle_vote` as in the file name, found `cat-vote`"]
        );
        assert_eq!(
            changed("1.0.0", "1.0.1"),
            ["field-mismatch METADATA: expected Version `1.0` as in the file name, found `1.0.1`"]
        );
        assert_eq!(changed("Beagle.Vote", "a b")[0].split(' ').next(), Some("name-invalid"));
        assert_eq!(changed("1.0.0", "one")[0].split(' ').next(), Some("version-invalid"));
    }

    #[test]
    fn a_version_of_the_form_that_is_not_known_is_rejected_and_a_later_one_is_warned_of() {
        let code = |version| changed("2.4", version)[0].split(' ').next().unwrap().to_owned();
        for version in ["2.0", "3.0", "1.3", "two", "2.", "02.1"] {
            assert_eq!(code(version), "form-version-unknown", "{version}");
        }
        assert_eq!(code("2.9"), "form-version-unusual");
        assert_eq!(code("1.0"), "form-version-unusual");
        assert_eq!(changed("2.4", "2.5"), Vec::<String>::new());
    }

    #[test]
    fn fields_are_held_to_what_the_specification_knows() {
        assert_eq!(
            changed("Classifier: a", "Summary: a\nsummary: b"),
            ["field-repeated METADATA: expected `Summary` once, found it again"]
        );
        assert_eq!(
            changed("Classifier: a", "X-Own: a"),
            ["field-unknown METADATA: field `X-Own` is not known"]
        );
        assert_eq!(
            changed("2.4", "2.1"),
            ["field-too-new METADATA: expected metadata version 2.4 or later for field `License-File`, found 2.1"]
        );
    }

    #[test]
    fn a_content_type_that_is_not_listed_is_rejected() {
        for good in [
            "text/plain",
            "text/x-rst; charset=utf-8",
            "text/markdown",
            "Text/Markdown; Variant=CommonMark",
        ] {
            assert_eq!(
                changed("text/markdown; charset=UTF-8; variant=GFM", good),
                Vec::<String>::new()
            );
        }
        for bad in [
            "text/html",
            "markdown",
            "text/plain; variant=GFM",
            "text/markdown; variant=MyST",
            "text/plain; charset=latin-1",
        ] {
            assert_eq!(
                changed("text/markdown; charset=UTF-8; variant=GFM", bad)[0]
                    .split(' ')
                    .next(),
                Some("field-invalid")
            );
        }
    }

    #[test]
    fn the_name_cannot_be_dynamic() {
        assert_eq!(changed("Classifier: a", "Dynamic: Summary"), Vec::<String>::new());
        assert_eq!(
            changed("Classifier: a", "Dynamic: name"),
            [
                "field-invalid METADATA: expected a field other than Metadata-Version, Name and Version as Dynamic, found `name`"
            ]
        );
    }
}
