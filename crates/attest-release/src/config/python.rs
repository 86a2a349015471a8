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
    let Some(texts) = section.texts("files") else {
        if section.value("files").is_none() {
            section.missing("files");
        }
        return None;
    };
    if texts.is_empty() {
        let offset = section.value("files").map_or(0, |value| value.span().start);
        let kind = ProblemKind::Unusable {
            key: "python.files".to_owned(),
            expected: "at least one pattern",
            found: "[]".to_owned(),
        };
        section.source().report(offset, kind);
    }
    let files = texts.into_iter().filter_map(|text| {
        let pattern = Pattern::required("python.files", text.value);
        section.accept(text.offset, pattern)
    });
    Some(Python { files: files.collect() })
}
