use std::collections::{BTreeMap, BTreeSet};

use super::keys;
use super::problem::ProblemKind;
use super::project::{self, Build};
use super::reader::{Located, Section};
use super::value::ProjectPath;
use crate::template::{Scope, Template, Values};
use crate::{FileName, Target};

/// `[[binary]]`: one program, for some or all targets.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Binary {
    /// What it is called in the archive, without `.exe`.
    pub name: FileName,
    /// For which targets, all of them among `build.targets`.
    pub targets: Vec<Target>,
    /// How it comes into being.
    pub steps: BuildSteps,
}

/// How a binary comes into being.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum BuildSteps {
    /// `cargo = { … }`.
    Cargo(Cargo),
    /// `go = { … }`.
    Go(Go),
    /// `command = { … }`.
    Command(Command),
    /// `prebuilt = { … }`.
    Prebuilt(Prebuilt),
}

/// `cargo build`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Cargo {
    /// `--package`, when the workspace has several.
    pub package: Option<String>,
    /// `--bin`: the name of the binary unless said otherwise.
    pub bin: String,
    /// `--features`.
    pub features: Vec<String>,
    /// `--all-features`.
    pub all_features: bool,
    /// `--no-default-features`.
    pub no_default_features: bool,
    /// `--profile`: `release` unless said otherwise.
    pub profile: String,
}

/// `go build`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Go {
    /// The package to build, such as `./cmd/app`; `.` unless said otherwise.
    pub package: String,
    /// `-ldflags`, with placeholders.
    pub ldflags: Option<Template>,
    /// `-tags`.
    pub tags: Vec<String>,
    /// Whether C code is linked; it is not unless said so, because cross building then needs no C compiler.
    pub cgo: bool,
}

/// Any program that leaves the binary at a known path.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Command {
    /// Program and arguments, at least the program; no shell is involved.
    pub run: Vec<Template>,
    /// Where the binary lies afterwards: a path inside the project.
    pub output: Template,
    /// Variables that the program sees beside what it inherits.
    pub environment: Environment,
    /// What it builds with, by name, and the command that prints the version of each: stands in the provenance.
    pub tools: BTreeMap<String, ToolVersion>,
}

/// A program and its arguments that print a version in their first line, without a shell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolVersion(Vec<String>);

impl ToolVersion {
    /// The words of the command, at least one.
    #[must_use]
    pub fn words(&self) -> &[String] {
        &self.0
    }
}

/// Variables with placeholders in their values.
pub type Environment = BTreeMap<String, Template>;

/// Files that somebody built before.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Prebuilt {
    /// The file for each target of the binary, and for no other.
    pub paths: BTreeMap<Target, ProjectPath>,
}

/// Reads every `[[binary]]`, and settles for which targets is built when the file does not say.
pub(super) fn binaries(top: &Section<'_>, build: &mut Build) -> Vec<Binary> {
    let sections = top.tables("binary", keys::BINARY);
    if sections.is_empty() {
        if let Some(offset) = build.targets_given_at.filter(|_| top.value("binary").is_none()) {
            let key = "binary".to_owned();
            top.source().report(offset, ProblemKind::MissingKey { key });
        }
        return Vec::new();
    }
    let drafts: Vec<_> = sections.iter().filter_map(draft).collect();
    if build.targets_given_at.is_none() {
        build.targets = default_targets(&drafts);
    }
    let mut names = BTreeSet::new();
    for draft in &drafts {
        if !names.insert(draft.name.value.case_folded()) {
            let kind = ProblemKind::Twice {
                what: "binary",
                value: draft.name.value.to_string(),
            };
            top.source().report(draft.name.offset, kind);
        }
    }
    drafts.into_iter().map(|draft| settle(draft, build)).collect()
}

struct Draft<'a> {
    section: &'a Section<'a>,
    name: Located<FileName>,
    targets: Option<Vec<Target>>,
    steps: BuildSteps,
}

fn draft<'a>(section: &'a Section<'a>) -> Option<Draft<'a>> {
    let Some(name) = section.text("name") else {
        if section.value("name").is_none() {
            section.missing("name");
        }
        return None;
    };
    let offset = name.offset;
    let value = section.accept(offset, FileName::new(name.value))?;
    Some(Draft {
        steps: steps(section, &value)?,
        targets: project::targets(section),
        name: Located { value, offset },
        section,
    })
}

fn steps(section: &Section<'_>, name: &FileName) -> Option<BuildSteps> {
    let kinds = ["cargo", "go", "command", "prebuilt"].map(|kind| section.value(kind).is_some());
    match kinds {
        [true, false, false, false] => Some(BuildSteps::Cargo(cargo(&section.table("cargo", keys::CARGO), name))),
        [false, true, false, false] => Some(BuildSteps::Go(go(&section.table("go", keys::GO)))),
        [false, false, true, false] => command(&section.table("command", keys::COMMAND)).map(BuildSteps::Command),
        [false, false, false, true] => Some(BuildSteps::Prebuilt(prebuilt(section))),
        _ => {
            let kind = ProblemKind::BuildKind {
                binary: name.to_string(),
                found: kinds.iter().filter(|kind| **kind).count(),
            };
            section.source().report(section.offset(), kind);
            None
        }
    }
}

fn cargo(section: &Section<'_>, name: &FileName) -> Cargo {
    let word = |key: &str| section.parsed(key, |text| argument(&section.key_path(key), text));
    Cargo {
        package: word("package"),
        bin: word("bin").unwrap_or_else(|| name.to_string()),
        features: arguments(section, "features"),
        all_features: section.boolean("all-features").unwrap_or(false),
        no_default_features: section.boolean("no-default-features").unwrap_or(false),
        profile: word("profile").unwrap_or_else(|| "release".to_owned()),
    }
}

fn go(section: &Section<'_>) -> Go {
    Go {
        package: section
            .parsed("package", |text| argument("binary.go.package", text))
            .unwrap_or_else(|| ".".to_owned()),
        ldflags: section.parsed("ldflags", |text| Template::parse(text, Scope::Target)),
        tags: arguments(section, "tags"),
        cgo: section.boolean("cgo").unwrap_or(false),
    }
}

fn command(section: &Section<'_>) -> Option<Command> {
    for key in ["run", "output"] {
        if section.value(key).is_none() {
            section.missing(key);
        }
    }
    let run = section.all_parsed("run", |text| Template::parse(text, Scope::Target))?;
    if run.is_empty() {
        section.missing("run");
    }
    Some(Command {
        run: run.into_iter().map(|argument| argument.value).collect(),
        output: section.parsed("output", output)?,
        environment: environment(section),
        tools: tools(section),
    })
}

fn tools(section: &Section<'_>) -> BTreeMap<String, ToolVersion> {
    let tools = section.entries("tools").into_iter().filter_map(|(name, command)| {
        let name = section.accept(name.offset, tool_name(name.value))?;
        Some((name, section.accept(command.offset, tool_version(command.value))?))
    });
    tools.collect()
}

fn tool_name(name: &str) -> Result<String, ProblemKind> {
    match !name.is_empty() && !name.contains(char::is_control) {
        true => Ok(name.to_owned()),
        false => Err(unusable_tool("the name of a tool", name)),
    }
}

fn tool_version(command: &str) -> Result<ToolVersion, ProblemKind> {
    let words: Vec<String> = command.split_whitespace().map(str::to_owned).collect();
    match words.is_empty() {
        true => Err(unusable_tool("a command that prints a version", command)),
        false => Ok(ToolVersion(words)),
    }
}

fn unusable_tool(expected: &'static str, found: &str) -> ProblemKind {
    ProblemKind::Unusable {
        key: "binary.command.tools".to_owned(),
        expected,
        found: found.escape_debug().to_string(),
    }
}

fn environment(section: &Section<'_>) -> Environment {
    let variables = section.entries("environment").into_iter().filter_map(|(name, value)| {
        let template = Template::parse(value.value, Scope::Target).map_err(ProblemKind::from);
        let name = section.accept(name.offset, variable(name.value))?;
        Some((name, section.accept(value.offset, template)?))
    });
    variables.collect()
}

/// A template that gives a path inside the project, whatever its values are: no value holds a slash.
fn output(text: &str) -> Result<Template, ProblemKind> {
    let template = Template::parse(text, Scope::Target)?;
    let values = Values {
        name: "name",
        version: "1",
        target: Some((Target::DEFAULT[0], "triple")),
    };
    template.render(&values).parse::<ProjectPath>()?;
    Ok(template)
}

fn variable(name: &str) -> Result<String, ProblemKind> {
    let is_name = !name.is_empty() && !name.contains(|c: char| c == '=' || c.is_control());
    match is_name {
        true => Ok(name.to_owned()),
        false => Err(ProblemKind::Unusable {
            key: "binary.command.environment".to_owned(),
            expected: "the name of a variable",
            found: name.escape_debug().to_string(),
        }),
    }
}

fn prebuilt(section: &Section<'_>) -> Prebuilt {
    let mut paths = BTreeMap::new();
    for (target, path) in section.entries("prebuilt") {
        let parsed = section.accept(target.offset, target.value.parse::<Target>());
        let path = section.accept(path.offset, path.value.parse::<ProjectPath>());
        let (Some(parsed), Some(path)) = (parsed, path) else {
            continue;
        };
        // `linux/arm` and `linux/arm/v7` are two keys of TOML, and one target.
        if paths.insert(parsed, path).is_some() {
            let value = parsed.to_string();
            section
                .source()
                .report(target.offset, ProblemKind::Twice { what: "target", value });
        }
    }
    Prebuilt { paths }
}

/// An argument of a build tool that cannot be taken for an option.
fn argument(key: &str, text: &str) -> Result<String, ProblemKind> {
    match !text.is_empty() && !text.starts_with('-') && !text.contains(char::is_control) {
        true => Ok(text.to_owned()),
        false => Err(ProblemKind::Unusable {
            key: key.to_owned(),
            expected: "a name",
            found: text.escape_debug().to_string(),
        }),
    }
}

fn arguments(section: &Section<'_>, key: &str) -> Vec<String> {
    let located = section.all_parsed(key, |text| argument(&section.key_path(key), text));
    located.unwrap_or_default().into_iter().map(|item| item.value).collect()
}

/// When every binary is prebuilt, the targets are those that there are files for.
fn default_targets(drafts: &[Draft<'_>]) -> Vec<Target> {
    let mut found = BTreeSet::new();
    for draft in drafts {
        match (&draft.steps, &draft.targets) {
            (_, Some(targets)) => found.extend(targets),
            (BuildSteps::Prebuilt(prebuilt), None) => found.extend(prebuilt.paths.keys()),
            _ => return Target::DEFAULT.to_vec(),
        }
    }
    found.into_iter().collect()
}

fn settle(draft: Draft<'_>, build: &Build) -> Binary {
    let report = |kind| draft.section.source().report(draft.name.offset, kind);
    let targets = draft.targets.unwrap_or_else(|| build.targets.clone());
    for target in targets.iter().filter(|target| !build.targets.contains(target)) {
        let target = target.to_string();
        report(ProblemKind::ForeignTarget { target });
    }
    match &draft.steps {
        BuildSteps::Cargo(_) => {
            for target in targets.iter().filter(|target| build.triple(**target).is_none()) {
                let target = target.to_string();
                report(ProblemKind::NoTriple { target });
            }
        }
        BuildSteps::Prebuilt(prebuilt) => {
            for target in targets.iter().filter(|target| !prebuilt.paths.contains_key(target)) {
                report(ProblemKind::NoPrebuilt {
                    binary: draft.name.value.to_string(),
                    target: target.to_string(),
                });
            }
            for target in prebuilt.paths.keys().filter(|target| !targets.contains(target)) {
                let target = target.to_string();
                report(ProblemKind::ForeignTarget { target });
            }
        }
        BuildSteps::Go(_) | BuildSteps::Command(_) => {}
    }
    Binary {
        name: draft.name.value,
        targets,
        steps: draft.steps,
    }
}
