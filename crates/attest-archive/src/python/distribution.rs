use std::io::{Read, Seek};
use std::path::Path;

use super::contents::Contents;
use super::file_name::FileName;
use super::problem::Problem;
use super::recorded::SIGNATURES;
use super::sdist::check_sdist;
use super::wheel::WheelCheck;
use crate::read::{Compression, Container, Limits, ReadError};
use crate::{MemberPath, SourceDate};

/// The most problems that are kept: whoever has more has one that matters, and a hostile archive shall not fill the memory.
pub const MAX_PROBLEMS: usize = 1000;

/// What can be installed with pip.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum DistributionKind {
    /// A built distribution: a zip archive.
    Wheel,
    /// A source distribution: a tar archive, compressed by gzip.
    Sdist,
}

/// A wheel or an sdist that was read, and what is wrong with it.
#[derive(Debug)]
pub struct Distribution {
    pub(super) kind: DistributionKind,
    pub(super) contents: Contents,
    /// The one `.dist-info` directory of a wheel.
    pub(super) dist_info: Option<String>,
    file_name: Option<FileName>,
    problems: Vec<Problem>,
    is_rejected: bool,
}

impl Distribution {
    /// Reads a file of that name, front to back, and holds it to the specifications. `scratch` is a directory in which a
    /// temporary file without a name may be needed.
    ///
    /// # Errors
    /// [`ReadError`] when it is no archive that can be read. Everything else that is wrong is among the problems.
    pub fn read(file: impl Read + Seek, file_name: &str, limits: &Limits, scratch: &Path) -> Result<Self, ReadError> {
        let contents = Contents::read(file, limits, scratch)?;
        let kind = match contents.summary.container {
            Some(Container::Zip) => DistributionKind::Wheel,
            _ => DistributionKind::Sdist,
        };
        let mut problems = Vec::new();
        let file_name = named(file_name, kind, &mut problems);
        problems.extend(form_problem(kind, &contents));
        let (found, dist_info) = match kind {
            DistributionKind::Wheel => WheelCheck::run(&contents, file_name.as_ref())?,
            DistributionKind::Sdist => (check_sdist(&contents, file_name.as_ref())?, None),
        };
        let dist_info = dist_info.map(str::to_owned);
        problems.extend(found);
        problems.extend(case_collisions(&contents));
        // What rejects comes first, so that warnings never stand in its place.
        problems.sort_by_key(Problem::is_warning);
        let is_rejected = problems.first().is_some_and(|problem| !problem.is_warning());
        problems.truncate(MAX_PROBLEMS);
        Ok(Self {
            kind,
            contents,
            dist_info,
            file_name,
            problems,
            is_rejected,
        })
    }

    /// What it is, by its content.
    #[must_use]
    pub fn kind(&self) -> DistributionKind {
        self.kind
    }

    /// What its file name says.
    #[must_use]
    pub fn file_name(&self) -> Option<&FileName> {
        self.file_name.as_ref()
    }

    /// What is wrong and what is worth a warning, at most [`MAX_PROBLEMS`], warnings last.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// Whether some problem is more than a warning.
    #[must_use]
    pub fn is_rejected(&self) -> bool {
        self.is_rejected
    }

    /// The modification time that all members have, if it is one.
    #[must_use]
    pub fn date(&self) -> Option<SourceDate> {
        self.contents.date()
    }

    /// The bills of materials that a wheel brings along (PEP 770).
    #[must_use]
    pub fn sboms(&self) -> Vec<&MemberPath> {
        self.below_dist_info("sboms/")
    }

    /// The signatures over `RECORD` that a wheel brings along.
    #[must_use]
    pub fn signatures(&self) -> Vec<&MemberPath> {
        let is_signature = |path: &&MemberPath| SIGNATURES.iter().any(|ending| path.as_str().ends_with(ending));
        self.below_dist_info("RECORD")
            .into_iter()
            .filter(is_signature)
            .collect()
    }

    fn below_dist_info(&self, start: &str) -> Vec<&MemberPath> {
        let Some(dist_info) = &self.dist_info else {
            return Vec::new();
        };
        let start = format!("{dist_info}/{start}");
        let files = self.contents.files().map(|(path, _)| path);
        files.filter(|path| path.as_str().starts_with(&start)).collect()
    }
}

/// What the file name says, if it is that of such a file.
fn named(file_name: &str, kind: DistributionKind, problems: &mut Vec<Problem>) -> Option<FileName> {
    let name = match FileName::parse(file_name) {
        Ok(name) => name,
        Err(error) => {
            problems.push(Problem::FileName(error));
            return None;
        }
    };
    if name.wheel.is_some() != (kind == DistributionKind::Wheel) {
        let (expected, found) = match kind {
            DistributionKind::Wheel => ("a tar archive, compressed by gzip", "a zip archive"),
            DistributionKind::Sdist => ("a zip archive", "a tar archive"),
        };
        problems.push(Problem::Form {
            expected,
            found: found.to_owned(),
        });
        return None;
    }
    let (expected, found) = (name.normal(), file_name.to_owned());
    if expected != found {
        problems.push(Problem::FileNameNotNormal { expected, found });
    }
    Some(name)
}

/// An sdist is compressed by gzip, and pip knows no other way; in one piece, because not all readers know another.
fn form_problem(kind: DistributionKind, contents: &Contents) -> Option<Problem> {
    let found = contents.summary.frame_count;
    match (kind, contents.summary.compression) {
        (DistributionKind::Wheel, _) => None,
        (DistributionKind::Sdist, Some(Compression::Gzip)) => (found > 1).then_some(Problem::GzipMembers { found }),
        _ => Some(Problem::Form {
            expected: "a tar archive, compressed by gzip",
            found: "one that is not".to_owned(),
        }),
    }
}

fn case_collisions(contents: &Contents) -> impl Iterator<Item = Problem> {
    contents
        .summary
        .case_collisions
        .iter()
        .map(|collision| Problem::CaseCollision {
            first: collision.first.to_string(),
            second: collision.second.to_string(),
        })
}
