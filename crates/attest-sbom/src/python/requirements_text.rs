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
    /// An option that says where packages are looked for.
    Place(Place),
    /// What is none of these.
    Unclear(String),
}

/// Where packages are looked for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    /// `-i`: the index at this address, in place of the usual one.
    Index(String),
    /// Somewhere else, or nowhere.
    Other,
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

/// Options that name an index, beside `-i`. Source: pip's documentation, "pip install".
const INDEXES: [&str; 2] = ["--index-url", "--pypi-url"];

/// Options that name more places, or none, beside `-f`.
const OTHERS: [&str; 3] = ["--extra-index-url", "--no-index", "--find-links"];

/// What an option may be shortened to: pip takes every beginning that only one option has.
const SHORTEST: usize = 4;

/// The most lines that mean something: indexes have some 700,000 packages, and nobody installs a tenth of them.
pub(super) const MAX_LINES: usize = 100_000;

/// Every line that means something, in its order; of more than [`MAX_LINES`] one more.
pub(super) fn lines(text: &str) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut logical = String::new();
    let mut is_annotated = false;
    for physical in text.lines() {
        if lines.len() > MAX_LINES {
            return lines;
        }
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
        lines.extend(places(content).into_iter().map(Line::Place));
        if let Some(line) = line(content.trim()) {
            lines.push(line);
            is_annotated = annotate(comment, false, &mut lines);
        }
    }
    let content = without_comment(&logical).0.trim();
    lines.extend(places(content).into_iter().map(Line::Place));
    lines.extend(line(content));
    lines
}

/// Where a line of options says that packages are looked for.
fn places(content: &str) -> Vec<Place> {
    let content = content.trim();
    let mut places = Vec::new();
    if !content.starts_with('-') {
        return places;
    }
    let mut words = content.split_whitespace();
    while let Some(word) = words.next() {
        let (name, value) = match word.split_once('=') {
            Some((name, value)) if name.starts_with("--") => (name, Some(value)),
            _ => (word, None),
        };
        let is_any = |options: &[&str]| options.iter().any(|option| is_option(name, option));
        match word.strip_prefix("-i").filter(|_| !word.starts_with("--")) {
            Some("") => places.push(index(words.next())),
            Some(glued) => places.push(index(Some(glued))),
            None if is_any(&INDEXES) => places.push(index(value.or_else(|| words.next()))),
            None if is_any(&OTHERS) || name.starts_with("-f") => places.push(Place::Other),
            None => {}
        }
    }
    places
}

/// Whether a word is an option, or a beginning of it.
fn is_option(word: &str, option: &str) -> bool {
    word.len() >= SHORTEST && option.starts_with(word)
}

fn index(address: Option<&str>) -> Place {
    let address = address.map(|address| address.trim_matches(['=', '"', '\'']));
    address.map_or(Place::Other, |address| Place::Index(address.to_owned()))
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
            .filter(|line| !matches!(line, Line::Package(_) | Line::Place(_)))
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
        let lines = lines(&text);
        let mut packages = lines.iter().filter_map(|line| match line {
            Line::Package(wanted) => Some(wanted),
            _ => None,
        });
        let first = packages.next().unwrap();
        assert_eq!(first.files.len(), 2);
    }

    #[test]
    fn every_form_of_a_place_is_read() {
        let index = |address: &str| vec![Place::Index(address.to_owned())];
        for (line, expected) in [
            ("-i https://example.com/x", index("https://example.com/x")),
            ("-ihttps://example.com/x", index("https://example.com/x")),
            ("--index-url=https://example.com/x", index("https://example.com/x")),
            (
                "--index-url\thttps://example.com/x # why",
                index("https://example.com/x"),
            ),
            ("--index-u \"https://example.com/x\"", index("https://example.com/x")),
            ("--pypi-url \\\nhttps://example.com/x", index("https://example.com/x")),
            ("--pre -i https://example.com/x", index("https://example.com/x")),
            ("--no-index", vec![Place::Other]),
            ("--find-links=wheels", vec![Place::Other]),
            ("-fwheels", vec![Place::Other]),
            ("--extra-index https://example.com/x", vec![Place::Other]),
            ("-i", vec![Place::Other]),
            ("--pre", vec![]),
            ("a==1 --hash=sha256:00", vec![]),
            ("# -i https://example.com/x", vec![]),
        ] {
            let found = lines(line).into_iter().filter_map(|line| match line {
                Line::Place(place) => Some(place),
                _ => None,
            });
            assert_eq!(found.collect::<Vec<_>>(), expected, "{line}");
        }
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
