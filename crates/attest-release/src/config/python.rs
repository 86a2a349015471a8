use super::keys;
use super::problem::ProblemKind;
use super::reader::Section;
use super::value::Pattern;

/// `[python]`: wheels and sdists that are there already.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Python {
    /// Which files.
    pub files: Vec<Pattern>,
}

/// None when there is no such table.
pub(super) fn python(top: &Section<'_>) -> Option<Python> {
    top.value("python")?;
    let section = top.table("python", keys::PYTHON);
    let Some(patterns) = section.all_parsed("files", Pattern::required) else {
        if section.value("files").is_none() {
            section.missing("files");
        }
        return None;
    };
    if patterns.is_empty() {
        let offset = section.value("files").map_or(0, |value| value.span().start);
        section.source().report(
            offset,
            ProblemKind::Unusable {
                key: "python.files".to_owned(),
                expected: "at least one pattern",
                found: "[]".to_owned(),
            },
        );
    }
    let files = patterns.into_iter().map(|pattern| pattern.value).collect();
    Some(Python { files })
}
