use std::io::{Read, Seek};

use super::dependency::{REQUIREMENTS, of_requirements, refuse_overrides};
use super::metadata::Identity;
use super::{ChartError, MAX_CHART_BYTES, MAX_FILE_BYTES, MAX_FILES, Metadata};
use crate::MemberPath;
use crate::read::{Compression, Container, Entry, EntryKind, Limits, read_archive};

/// The most bytes of the tar stream: those of the files, and the headers and padding of as many as there may be.
const MAX_STREAM_BYTES: u64 = MAX_CHART_BYTES + 3 * 512 * 2 * MAX_FILES as u64;

/// The package of a chart: a gzip-compressed tar archive with everything below one directory.
///
/// What the reader of hostile archives refuses is refused, and whatever is neither a file nor a directory: Helm would take a
/// link for an empty file.
#[derive(Debug, Clone)]
pub struct ArchivedChart {
    chart_yaml: Vec<u8>,
    requirements: Option<Vec<u8>>,
    directory: String,
}

impl ArchivedChart {
    /// Reads a package to its end, keeping its `Chart.yaml`.
    ///
    /// # Errors
    /// [`ChartError::Read`], [`ChartError::NotAChart`] or [`ChartError::FileMissing`].
    pub fn read(reader: impl Read + Seek) -> Result<Self, ChartError> {
        let limits = Limits {
            members: 2 * MAX_FILES,
            member: MAX_FILE_BYTES,
            total: MAX_STREAM_BYTES,
            ..Limits::default()
        };
        let mut found = Found::default();
        let summary = read_archive(reader, &limits, |entry, content| found.visit(entry, content))?;
        if (summary.container, summary.compression) != (Some(Container::Tar), Some(Compression::Gzip)) {
            return Err(not_a_chart("another kind of archive than `.tar.gz`"));
        }
        let file = "Chart.yaml".to_owned();
        match (found.chart_yaml, found.directory) {
            (Some(chart_yaml), Some(directory)) => Ok(Self {
                chart_yaml,
                requirements: found.requirements,
                directory,
            }),
            _ => Err(ChartError::FileMissing { file }),
        }
    }

    /// What its `Chart.yaml` says.
    ///
    /// # Errors
    /// As for [`Metadata::parse_foreign`], and the same of a `requirements.yaml` that says something else of the chart.
    pub fn metadata(&self) -> Result<Metadata, ChartError> {
        self.refuse_overrides()?;
        Metadata::parse_foreign(&self.chart_yaml)
    }

    /// The same with the dependencies of a `requirements.yaml`, which Helm reads over those of `Chart.yaml`.
    ///
    /// # Errors
    /// As for [`ArchivedChart::metadata`]; of `requirements.yaml`, as for its dependencies.
    pub fn metadata_with_requirements(&self) -> Result<Metadata, ChartError> {
        let metadata = self.metadata()?;
        let listed = self.requirements.as_deref().map_or(Ok(Vec::new()), of_requirements)?;
        Ok(match listed.is_empty() {
            true => metadata,
            false => metadata.with_dependencies(listed),
        })
    }

    /// The directory that everything in it lies below.
    #[must_use]
    pub fn directory(&self) -> &str {
        &self.directory
    }

    pub(super) fn identity(&self) -> Result<Identity, ChartError> {
        self.refuse_overrides()?;
        Identity::parse(&self.chart_yaml)
    }

    fn refuse_overrides(&self) -> Result<(), ChartError> {
        self.requirements.as_deref().map_or(Ok(()), refuse_overrides)
    }
}

#[derive(Default)]
struct Found {
    chart_yaml: Option<Vec<u8>>,
    requirements: Option<Vec<u8>>,
    directory: Option<String>,
}

impl Found {
    fn visit(&mut self, entry: &Entry, content: &mut dyn Read) -> Result<(), ChartError> {
        if !matches!(entry.kind, EntryKind::File { .. } | EntryKind::Directory) {
            return Err(not_a_chart(&described("the link", &entry.path)));
        }
        let (top, rest) = match entry.path.as_str().split_once('/') {
            Some((top, rest)) => (top, Some(rest)),
            None => (entry.path.as_str(), None),
        };
        let directory = self.directory.get_or_insert_with(|| top.to_owned());
        if directory != top || (rest.is_none() && entry.kind != EntryKind::Directory) {
            return Err(not_a_chart(&described("outside of it", &entry.path)));
        }
        if entry.path.as_str().contains('\\') {
            return Err(ChartError::Backslash {
                path: entry.path.clone(),
            });
        }
        let kept = match rest {
            Some("Chart.yaml") => &mut self.chart_yaml,
            Some(REQUIREMENTS) => &mut self.requirements,
            _ => return Ok(()),
        };
        if entry.kind != EntryKind::Directory {
            // The reader holds it to the limit of a member.
            content
                .read_to_end(kept.insert(Vec::new()))
                .map_err(crate::read::ReadError::from)?;
        }
        Ok(())
    }
}

fn described(what: &str, path: &MemberPath) -> String {
    format!("{what} `{}`", crate::error::visible(path.as_str()))
}

fn not_a_chart(found: &str) -> ChartError {
    ChartError::NotAChart {
        found: found.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;
    use std::num::NonZeroUsize;
    use std::path::Path;

    use super::*;
    use crate::{Content, Format, Member, Members, Recipe, write_archive_to};

    const CHART: &str = "apiVersion: v2\nname: app\nversion: v1.2\nappVersion: 1.10\n";

    fn packed(format: Format, members: Vec<Member>) -> Cursor<Vec<u8>> {
        let recipe = Recipe {
            format,
            members: Members::new(members).unwrap(),
            source_date: crate::SourceDate::EARLIEST_FOR_ALL,
            threads: NonZeroUsize::MIN,
            algorithms: "sha256".parse().unwrap(),
        };
        Cursor::new(write_archive_to(&recipe, Vec::new(), Path::new(".")).unwrap().0)
    }

    fn file(path: &str) -> Member {
        Member::file(path.parse().unwrap(), Content::Bytes(CHART.into()), false)
    }

    #[test]
    fn a_package_says_what_it_is() {
        let members = vec![
            file("app/Chart.yaml"),
            file("app/charts/x/Chart.yaml"),
            file("app/README.md"),
        ];
        let chart = ArchivedChart::read(packed(Format::TarGz, members)).unwrap();
        assert_eq!(chart.directory(), "app");
        let identity = chart.identity().unwrap();
        assert_eq!((identity.name.as_str(), identity.version.as_str()), ("app", "v1.2"));
        // Another file of it is one that readers take differently.
        assert!(matches!(chart.metadata().unwrap_err(), ChartError::Field { .. }));
    }

    #[test]
    fn nothing_but_its_dependencies_stands_in_another_file() {
        let read = |text: &str| {
            let path = "app/requirements.yaml".parse().unwrap();
            let members = vec![
                file("app/Chart.yaml"),
                Member::file(path, Content::Bytes(text.into()), false),
            ];
            ArchivedChart::read(packed(Format::TarGz, members)).unwrap().identity()
        };
        for text in [
            "",
            "# none\n",
            "dependencies: [{name: db, version: 1.10}]\n",
            "more: x\n",
        ] {
            assert!(read(text).is_ok(), "{text}");
        }
        for text in [
            "name: other\n",
            "dependencies: []\nVersion: 2.0.0\n",
            "Dependencies: []\n",
        ] {
            let error = read(text).unwrap_err();
            assert!(
                matches!(&error, ChartError::Field { file, .. } if file == "requirements.yaml"),
                "{text}: {error}"
            );
        }
    }

    #[test]
    fn what_is_no_package_is_refused() {
        let link = || Member::symlink("app/link".parse().unwrap(), "Chart.yaml").unwrap();
        for (members, found) in [
            (vec![file("app/Chart.yaml"), link()], "the link `app/link`"),
            (vec![file("app/Chart.yaml"), file("other/x")], "outside of it `other`"),
            (vec![file("Chart.yaml")], "outside of it `Chart.yaml`"),
        ] {
            let error = ArchivedChart::read(packed(Format::TarGz, members)).unwrap_err();
            assert!(
                matches!(&error, ChartError::NotAChart { found: words } if words == found),
                "{error}"
            );
        }
        let error = ArchivedChart::read(packed(Format::Zip, vec![file("app/Chart.yaml")])).unwrap_err();
        assert!(matches!(error, ChartError::NotAChart { .. }), "{error}");
        let error = ArchivedChart::read(packed(Format::TarGz, vec![file("app/x/Chart.yaml")])).unwrap_err();
        assert!(matches!(error, ChartError::FileMissing { .. }), "{error}");
        let backslash = vec![file("app/Chart.yaml"), file("app/a\\b")];
        let error = ArchivedChart::read(packed(Format::TarGz, backslash)).unwrap_err();
        assert!(matches!(error, ChartError::Backslash { .. }), "{error}");
        let mut cut = packed(Format::TarGz, vec![file("app/Chart.yaml")]).into_inner();
        cut.truncate(cut.len() - 9);
        assert!(matches!(
            ArchivedChart::read(Cursor::new(cut)),
            Err(ChartError::Read(_))
        ));
    }
}
