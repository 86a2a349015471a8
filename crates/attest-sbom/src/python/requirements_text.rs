//! The text of a `requirements.txt`, line by line.
//!
//! Source: pip's documentation, "Requirements File Format"; the annotations are those of pip-tools and uv.

use super::files::{ReleaseFile, file_name, parse_hash};
use super::release::{Origin, normalised};
use super::requirement::{Requirement, split_commit};
use crate::cyclonedx::Hash;

/// A line that means something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Line {
    Package(Box<Wanted>),
    /// `-r`: another file of the kind.
    Include(String),
    /// `-c`: a file of versions for what others ask for.
    Constraints(String),
    /// `-e` or a path: a folder.
    Folder(String),
    /// What is none of these.
    Unclear(String),
}

/// A package that is asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) name: String,
    pub(super) version: Option<String>,
    pub(super) origin: Origin,
    pub(super) files: Vec<ReleaseFile>,
    /// Who needs it, normalised, as a comment says; none if there is no such comment.
    pub(super) needed_by: Option<Vec<String>>,
}

/// Options that are about the installation and not about a package.
const SETTINGS: [&str; 16] = [
    "-i",
    "--index-url",
    "--extra-index-url",
    "--no-index",
    "-f",
    "--find-links",
    "--no-binary",
    "--only-binary",
    "--prefer-binary",
    "--require-hashes",
    "--pre",
    "--trusted-host",
    "--use-feature",
    "--no-build-isolation",
    "--upgrade",
    "-U",
];

/// Settings that name where packages are looked for.
const PLACES: [&str; 5] = ["-i", "--index-url", "--extra-index-url", "-f", "--find-links"];

/// Every line that means something, in its order.
pub(super) fn lines(text: &str) -> Vec<Line> {
    let mut lines = lines_without_index(text);
    let origin = index(text);
    for line in &mut lines {
        match line {
            Line::Package(wanted) if wanted.origin == Origin::Index => wanted.origin.clone_from(&origin),
            _ => {}
        }
    }
    lines
}

/// Where packages come from that name no place of their own. Of several places it is not known which one has a package.
fn index(text: &str) -> Origin {
    let settings = text.lines().filter_map(|line| line.trim().split_once([' ', '=', '\t']));
    let places: Vec<_> = settings.filter(|(name, _)| PLACES.contains(name)).collect();
    match places.as_slice() {
        [] => Origin::Index,
        [("-i" | "--index-url", address)] => Origin::IndexAt(address.trim_start_matches(['=', ' ']).trim().to_owned()),
        _ => Origin::IndexAt(String::new()),
    }
}

fn lines_without_index(text: &str) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut logical = String::new();
    let mut is_annotated = false;
    for physical in text.lines() {
        let trimmed = physical.trim();
        if let Some(comment) = trimmed.strip_prefix('#') {
            is_annotated = annotate(comment, is_annotated, &mut lines);
            continue;
        }
        if let Some(start) = physical.trim_end().strip_suffix('\\') {
            logical.push_str(start);
            logical.push(' ');
            continue;
        }
        logical.push_str(physical);
        let whole = std::mem::take(&mut logical);
        let (content, comment) = without_comment(&whole);
        is_annotated = false;
        if let Some(line) = line(content.trim()) {
            lines.push(line);
            is_annotated = annotate(comment, false, &mut lines);
        }
    }
    lines.extend(line(without_comment(&logical).0.trim()));
    lines
}

/// A comment begins a line or follows a blank.
fn without_comment(line: &str) -> (&str, &str) {
    let starts = line.match_indices('#').map(|(place, _)| place);
    let mut starts = starts.filter(|place| line[..*place].ends_with(char::is_whitespace) || *place == 0);
    match starts.next() {
        Some(place) => (&line[..place], &line[place + 1..]),
        None => (line, ""),
    }
}

/// Takes `via NAME, NAME`, or one name a line once there was a `via`. Whether names may follow.
fn annotate(comment: &str, is_annotated: bool, lines: &mut [Line]) -> bool {
    let comment = comment.trim();
    let names = match comment.strip_prefix("via") {
        Some(names) if names.is_empty() || names.starts_with(' ') => names,
        _ if is_annotated => comment,
        _ => return false,
    };
    let Some(Line::Package(wanted)) = lines.last_mut() else {
        return false;
    };
    let needed_by = wanted.needed_by.get_or_insert_default();
    for name in names.split(',').map(str::trim) {
        // `-r FILE`, `-c FILE` and `NAME (pyproject.toml)` are no packages.
        let is_name = !name.is_empty() && !name.starts_with('-') && !name.contains(['(', '/', ' ']);
        if is_name {
            needed_by.push(normalised(name.split('[').next().unwrap_or(name)));
        }
    }
    true
}

fn line(content: &str) -> Option<Line> {
    if content.is_empty() {
        return None;
    }
    let (first, rest) = content.split_once([' ', '=', '\t']).unwrap_or((content, ""));
    let rest = rest.trim_start_matches(['=', ' ']).trim();
    match first {
        "-r" | "--requirement" => return Some(Line::Include(rest.to_owned())),
        "-c" | "--constraint" => return Some(Line::Constraints(rest.to_owned())),
        "-e" | "--editable" => return Some(package(rest).unwrap_or_else(|| Line::Folder(folder(rest)))),
        setting if SETTINGS.contains(&setting) => return None,
        _ => {}
    }
    for (option, make) in [("-r", Line::Include as fn(String) -> Line), ("-c", Line::Constraints)] {
        if let Some(path) = content.strip_prefix(option).filter(|path| !path.starts_with('-')) {
            return Some(make(path.trim().to_owned()));
        }
    }
    if let Some(path) = content.strip_prefix("-e") {
        return Some(Line::Folder(folder(path.trim())));
    }
    if content.starts_with('-') {
        return None;
    }
    package(content).or_else(|| {
        let is_path = content.starts_with(['.', '/', '~']) || content.starts_with("file:") || content.contains(":\\");
        Some(match is_path {
            true => Line::Folder(folder(content)),
            false => Line::Unclear(content.to_owned()),
        })
    })
}

/// A path without the extras and the marker that follow it.
fn folder(text: &str) -> String {
    let text = text.split(" ;").next().unwrap_or(text);
    text.split(['[', '#']).next().unwrap_or(text).trim().to_owned()
}

fn package(content: &str) -> Option<Line> {
    let (asked, options) = match content.find(" --") {
        Some(place) => content.split_at(place),
        None => (content, ""),
    };
    let hashes = options
        .split_whitespace()
        .filter_map(|option| option.strip_prefix("--hash="));
    let mut files: Vec<ReleaseFile> = hashes.map(|hash| ReleaseFile::new(None, Some(hash))).collect();
    let asked = asked.trim();
    let mut wanted = match Requirement::parse(asked) {
        Some(requirement) => match &requirement.address {
            Some(address) => from_address(Some(&requirement.name), address)?,
            None => Wanted {
                version: requirement.pinned().map(str::to_owned),
                name: requirement.name,
                ..Wanted::default()
            },
        },
        None => from_address(None, asked.split(" ;").next()?.trim())?,
    };
    files.retain(|file| wanted.files.iter().all(|named| named.hashes != file.hashes));
    wanted.files.append(&mut files);
    Some(Line::Package(Box::new(wanted)))
}

/// A package from a repository, or a wheel or an sdist from anywhere.
fn from_address(name: Option<&str>, address: &str) -> Option<Wanted> {
    let (place, fragment) = address.split_once('#').unwrap_or((address, ""));
    let fragment = |key: &str| fragment.split('&').find_map(|part| part.strip_prefix(key));
    let egg = fragment("egg=").map(|egg| egg.split('[').next().unwrap_or(egg).to_owned());
    let name = name.map(str::to_owned).or(egg);
    let repository = ["git+", "hg+", "svn+", "bzr+"]
        .iter()
        .find_map(|kind| place.strip_prefix(kind));
    if let Some(repository) = repository {
        let (address, commit) = split_commit(repository);
        return Some(Wanted {
            name: name?,
            origin: Origin::repository(address, commit),
            ..Wanted::default()
        });
    }
    let hash = fragment("sha256=").and_then(|hash| parse_hash(&format!("sha256:{hash}")));
    from_file(name, place, hash)
}

/// A wheel or an sdist, or whatever else lies at an address.
fn from_file(name: Option<String>, place: &str, hash: Option<Hash>) -> Option<Wanted> {
    let file = file_name(place);
    let parsed = file
        .as_deref()
        .and_then(|file| attest_archive::python::FileName::parse(file).ok());
    let is_address = place.contains("://") && !place.starts_with("file:");
    if !is_address && parsed.is_none() {
        return None;
    }
    let found = parsed.as_ref().map(|parsed| parsed.name.as_str().to_owned());
    let files = hash.map(|hash| ReleaseFile {
        name: file,
        hashes: vec![hash],
    });
    Some(Wanted {
        name: name.or(found)?,
        version: parsed.map(|parsed| parsed.version.to_string()),
        origin: match is_address {
            true => Origin::Address(place.to_owned()),
            false => Origin::Folder,
        },
        files: files.into_iter().collect(),
        needed_by: None,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn packages(text: &str) -> Vec<(String, Option<String>)> {
        let packages = lines(text).into_iter().filter_map(|line| match line {
            Line::Package(wanted) => Some((wanted.name, wanted.version)),
            _ => None,
        });
        packages.collect()
    }

    #[test]
    fn every_form_of_a_line_is_read() {
        let hash = "0".repeat(64);
        let text = format!(
            "# a comment\n-i https://example.com/simple\n--extra-index-url=https://example.com\n\
             -r base.txt\n--requirement=more.txt\n-rshort.txt\n-c constraints.txt\n-e .\n-e ./lib[x]\n./folder\n\
             a==1.0 ; python_version < '3.9' \\\n    --hash=sha256:{hash} \\\n    --hash=sha256:{hash}\n\
             B[x,y] >= 2 # why\nc @ git+https://example.com/o/c@v1\n-e git+https://example.com/o/d.git#egg=d\n\
             https://example.com/e-1.5-py3-none-any.whl#sha256={hash}\n./wheels/f-2.0.tar.gz\n??\n"
        );
        let other: Vec<Line> = lines(&text)
            .into_iter()
            .filter(|line| !matches!(line, Line::Package(_)))
            .collect();
        let text_of = |text: &str| text.to_owned();
        assert_eq!(
            other,
            [
                Line::Include(text_of("base.txt")),
                Line::Include(text_of("more.txt")),
                Line::Include(text_of("short.txt")),
                Line::Constraints(text_of("constraints.txt")),
                Line::Folder(text_of(".")),
                Line::Folder(text_of("./lib")),
                Line::Folder(text_of("./folder")),
                Line::Unclear(text_of("??")),
            ]
        );
        let version = |text: &str| Some(text.to_owned());
        assert_eq!(
            packages(&text),
            [
                (text_of("a"), version("1.0")),
                (text_of("B"), None),
                (text_of("c"), None),
                (text_of("d"), None),
                (text_of("e"), version("1.5")),
                (text_of("f"), version("2.0")),
            ]
        );
        let Line::Package(first) = &lines(&text)[7] else {
            panic!()
        };
        assert_eq!(first.files.len(), 2);
    }

    #[test]
    fn comments_of_the_compilers_say_who_needs_what() {
        let text = "a==1\n    # via b\nb==1\n    # via\n    #   -r requirements.in\n    #   C_x\nc-x==1  # via app (pyproject.toml), d\n\n# via e\nd==1\n";
        let needed_by: Vec<_> = lines(text)
            .into_iter()
            .filter_map(|line| match line {
                Line::Package(wanted) => Some(wanted.needed_by),
                _ => None,
            })
            .collect();
        let names = |names: &[&str]| Some(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
        assert_eq!(needed_by[..2], [names(&["b"]), names(&["c-x"])]);
        assert_eq!(needed_by[3], None);
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in ".{0,60}", like in "([a-c]|==|1|\\\\|\n|#| via | -r |--hash=|@|git\\+|://|/){0,20}") {
            let _ = lines(&text);
            let _ = lines(&like);
        }
    }
}
