use std::collections::BTreeSet;

use super::contents::Contents;
use super::entry_points::{MAX_ENTRY_POINTS_BYTES, check_entry_points};
use super::fields::{Fields, MAX_FIELDS_BYTES};
use super::file_name::FileName;
use super::metadata::{Metadata, is_later_minor};
use super::problem::Problem;
use super::recorded::check_record;
use super::tag::Tag;
use crate::MemberPath;
use crate::read::{EntryKind, ReadError};

/// Where installers put what lies in the data directory (binary distribution format, "The .data directory").
const SCHEMES: [&str; 5] = ["purelib", "platlib", "headers", "scripts", "data"];

/// The fields of `WHEEL`.
const FIELDS: [&str; 5] = ["Wheel-Version", "Generator", "Root-Is-Purelib", "Tag", "Build"];

const DIST_INFO: &str = ".dist-info";
const DATA: &str = ".data";

/// A wheel, and what is wrong with it so far.
pub(super) struct WheelCheck<'a> {
    contents: &'a Contents,
    file_name: Option<&'a FileName>,
    problems: Vec<Problem>,
}

impl<'a> WheelCheck<'a> {
    /// Everything that is wrong with a wheel, and its one `.dist-info` directory.
    ///
    /// Source: PyPA binary distribution format; PEP 427, 639 and 770.
    pub(super) fn run(
        contents: &'a Contents,
        file_name: Option<&'a FileName>,
    ) -> Result<(Vec<Problem>, Option<&'a str>), ReadError> {
        let problems = Vec::new();
        let mut check = Self {
            contents,
            file_name,
            problems,
        };
        check.links();
        check.data_directories();
        let dist_info = check.dist_info();
        if let Some(dist_info) = dist_info {
            check.metadata(dist_info)?;
            check.wheel(dist_info)?;
            check.entry_points(dist_info)?;
            let record = format!("{dist_info}/RECORD");
            let found = check_record(contents, &record)?;
            check.problems.extend(found);
        }
        Ok((check.problems, dist_info))
    }

    fn links(&mut self) {
        let is_link = |kind: &EntryKind| matches!(kind, EntryKind::Symlink { .. });
        let links = self.contents.members().iter().filter(|held| is_link(&held.entry.kind));
        let problem = |path: &MemberPath| Problem::LinkInWheel { path: path.to_string() };
        self.problems.extend(links.map(|held| problem(&held.entry.path)));
    }

    fn dist_info(&mut self) -> Option<&'a str> {
        let all = self.contents.tops().into_iter().filter(|top| top.ends_with(DIST_INFO));
        let all: Vec<&str> = all.collect();
        let [one] = all[..] else {
            let (what, found) = (".dist-info directory", all.into_iter().map(str::to_owned).collect());
            self.problems.push(Problem::DirectoryCount { what, found });
            return None;
        };
        self.problems.extend(directory_problem(
            ".dist-info directory",
            one,
            DIST_INFO,
            self.file_name,
        ));
        Some(one)
    }

    /// Installers take every directory at the top that ends so for one.
    fn data_directories(&mut self) {
        for top in self.contents.tops().into_iter().filter(|top| top.ends_with(DATA)) {
            self.problems
                .extend(directory_problem("data directory", top, DATA, self.file_name));
        }
        for (path, _) in self.contents.files() {
            let mut components = path.components();
            let is_data = components.next().is_some_and(|top| top.ends_with(DATA));
            let is_known = components.next().is_some_and(|scheme| SCHEMES.contains(&scheme));
            if is_data && !(is_known && components.next().is_some()) {
                self.problems.push(Problem::SchemeUnknown { path: path.to_string() });
            }
        }
    }

    fn fields(&mut self, path: &str) -> Result<Option<Fields>, ReadError> {
        let Some(file) = self.contents.file(path) else {
            self.problems.push(Problem::FileMissing { path: path.to_owned() });
            return Ok(None);
        };
        match Fields::parse(&file.read_at_most(MAX_FIELDS_BYTES)?) {
            Ok(fields) => Ok(Some(fields)),
            Err(source) => {
                self.problems.push(Problem::Fields {
                    path: path.to_owned(),
                    source,
                });
                Ok(None)
            }
        }
    }

    fn metadata(&mut self, dist_info: &str) -> Result<(), ReadError> {
        let path = format!("{dist_info}/METADATA");
        let Some(fields) = self.fields(&path)? else {
            return Ok(());
        };
        let (path, fields, file_name) = (path.as_str(), &fields, self.file_name);
        let oldest = ("1.1", "1.1 or later");
        let metadata = Metadata {
            path,
            fields,
            file_name,
            oldest,
        };
        self.problems.extend(metadata.problems());
        self.problems
            .extend(metadata.license_problems(self.contents, &format!("{dist_info}/licenses")));
        Ok(())
    }

    fn wheel(&mut self, dist_info: &str) -> Result<(), ReadError> {
        let path = format!("{dist_info}/WHEEL");
        let Some(fields) = self.fields(&path)? else {
            return Ok(());
        };
        let file = WheelFile {
            path: &path,
            fields: &fields,
        };
        self.problems.extend(file.form_version());
        self.problems.extend(file.known_fields());
        self.problems.extend(file.purelib());
        self.problems.extend(file.tags_and_build(self.file_name));
        Ok(())
    }

    fn entry_points(&mut self, dist_info: &str) -> Result<(), ReadError> {
        let path = format!("{dist_info}/entry_points.txt");
        if let Some(file) = self.contents.file(&path)
            && let Err(source) = check_entry_points(&file.read_at_most(MAX_ENTRY_POINTS_BYTES)?)
        {
            self.problems.push(Problem::EntryPoints { path, source });
        }
        Ok(())
    }
}

/// What is wrong with the name of a directory that should be called as the file is.
pub(super) fn directory_problem(
    what: &'static str,
    found: &str,
    ending: &str,
    file_name: Option<&FileName>,
) -> Option<Problem> {
    let file_name = file_name?;
    let expected = format!("{}{ending}", file_name.stem());
    if found == expected {
        return None;
    }
    let parts = found.strip_suffix(ending).and_then(|stem| stem.rsplit_once('-'));
    let is_older = parts.is_some_and(|(name, version)| {
        name.parse().is_ok_and(|name| file_name.name == name)
            && version.parse().is_ok_and(|version| file_name.version == version)
    });
    let found = found.to_owned();
    Some(match is_older {
        true => Problem::DirectoryNotNormal { what, expected, found },
        false => Problem::DirectoryMismatch { what, expected, found },
    })
}

/// `WHEEL`: how the archive is to be installed.
struct WheelFile<'a> {
    path: &'a str,
    fields: &'a Fields,
}

impl WheelFile<'_> {
    fn path(&self) -> String {
        self.path.to_owned()
    }

    fn form_version(&self) -> Option<Problem> {
        let (path, field, expected) = (self.path(), "Wheel-Version", "1.0");
        match self.fields.first(field) {
            None => Some(Problem::FieldMissing { path, field }),
            Some("1.0") => None,
            Some(found) if is_later_minor(found, "1") => Some(Problem::FormVersionUnusual {
                path,
                field,
                expected,
                found: found.to_owned(),
            }),
            Some(found) => Some(Problem::FormVersion {
                path,
                field,
                expected,
                found: found.to_owned(),
            }),
        }
    }

    fn known_fields(&self) -> Vec<Problem> {
        let mut seen = BTreeSet::new();
        let mut problems = Vec::new();
        for field in self.fields.iter() {
            let (path, name) = (self.path(), field.name.clone());
            let known = FIELDS.iter().find(|known| known.eq_ignore_ascii_case(&name));
            match known {
                None => problems.push(Problem::FieldUnknown { path, field: name }),
                Some(known) if !seen.insert(known) && *known != "Tag" => {
                    problems.push(Problem::FieldRepeated { path, field: name });
                }
                Some(_) => {}
            }
        }
        problems
    }

    fn purelib(&self) -> Option<Problem> {
        let (path, field) = (self.path(), "Root-Is-Purelib");
        match self.fields.first(field) {
            None => Some(Problem::FieldMissing { path, field }),
            Some(found) if ["true", "false"].contains(&found.to_ascii_lowercase().as_str()) => None,
            Some(found) => {
                let (expected, found) = ("true or false", found.to_owned());
                Some(Problem::FieldInvalid {
                    path,
                    field,
                    expected,
                    found,
                })
            }
        }
    }

    /// The tags are those of the file name, expanded; the build is its build tag.
    fn tags_and_build(&self, file_name: Option<&FileName>) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut tags = BTreeSet::new();
        for tag in self.fields.all("Tag") {
            match tag.parse::<Tag>() {
                Ok(tag) => drop(tags.insert(tag)),
                Err(source) => problems.push(Problem::Tag {
                    path: self.path(),
                    source,
                }),
            }
        }
        let field = "Tag";
        if tags.is_empty() && problems.is_empty() {
            problems.push(Problem::FieldMissing {
                path: self.path(),
                field,
            });
        }
        let Some(expected) = file_name.and_then(|file_name| file_name.wheel.as_ref()) else {
            return problems;
        };
        if problems.is_empty() && tags != expected.tags {
            problems.push(self.mismatch(field, &listed(&expected.tags), &listed(&tags)));
        }
        let (build, found) = (
            expected.build.as_deref().unwrap_or("none"),
            self.fields.first("Build").unwrap_or("none"),
        );
        if build != found {
            problems.push(self.mismatch("Build", build, found));
        }
        problems
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
}

fn listed(tags: &BTreeSet<Tag>) -> String {
    tags.iter().map(Tag::to_string).collect::<Vec<_>>().join(", ")
}
