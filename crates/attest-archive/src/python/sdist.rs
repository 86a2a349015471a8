use super::contents::Contents;
use super::fields::{Fields, MAX_FIELDS_BYTES};
use super::file_name::FileName;
use super::metadata::Metadata;
use super::problem::Problem;
use super::wheel::directory_problem;
use crate::read::ReadError;

/// Everything that is wrong with an sdist.
///
/// Source: PyPA source distribution format; PEP 625, 639 and 643. Links that lead out, devices and the like are refused by
/// whoever reads the archive.
pub(super) fn check_sdist(contents: &Contents, file_name: Option<&FileName>) -> Result<Vec<Problem>, ReadError> {
    let tops = contents.tops();
    let is_directory = |top: &&str| !contents.has_file(top);
    let one = tops.iter().next().filter(|top| tops.len() == 1 && is_directory(top));
    let Some(top) = one else {
        let found = tops.iter().map(|top| (*top).to_owned()).collect();
        return Ok(vec![Problem::DirectoryCount {
            what: "directory at the top",
            found,
        }]);
    };
    let mut problems = Vec::new();
    problems.extend(directory_problem("directory at the top", top, "", file_name));
    problems.extend(metadata_problems(contents, top, file_name)?);
    let pyproject = format!("{top}/pyproject.toml");
    if !contents.has_file(&pyproject) {
        problems.push(Problem::PyprojectMissing { path: pyproject });
    }
    Ok(problems)
}

fn metadata_problems(contents: &Contents, top: &str, file_name: Option<&FileName>) -> Result<Vec<Problem>, ReadError> {
    let path = format!("{top}/PKG-INFO");
    let Some(file) = contents.file(&path) else {
        return Ok(vec![Problem::FileMissing { path }]);
    };
    let fields = match Fields::parse(&file.read_at_most(MAX_FIELDS_BYTES)?) {
        Ok(fields) => fields,
        Err(source) => return Ok(vec![Problem::Fields { path, source }]),
    };
    let metadata = Metadata {
        path: &path,
        fields: &fields,
        file_name,
        oldest: ("2.2", "2.2 or later"),
    };
    let mut problems = metadata.problems();
    problems.extend(metadata.license_problems(contents, top));
    Ok(problems)
}
