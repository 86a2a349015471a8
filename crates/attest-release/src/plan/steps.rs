use std::collections::BTreeMap;

use super::Facts;
use crate::config::{Binary, BuildSteps, Cargo, Command, Go, ProjectPath, ToolVersion};
use crate::template::Values;
use crate::{Error, FileName, Target};

/// One binary for one target.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PlannedBinary {
    /// What it is called in the archive, with `.exe` on Windows.
    pub file: FileName,
    /// How it comes into being.
    pub steps: PlannedSteps,
}

/// How a binary comes into being for one target, with every placeholder replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum PlannedSteps {
    /// `cargo build` for a triple.
    Cargo {
        /// What is built.
        settings: Cargo,
        /// For which triple.
        triple: String,
    },
    /// `go build`.
    Go {
        /// The package.
        package: String,
        /// `-ldflags`.
        ldflags: Option<String>,
        /// `-tags`.
        tags: Vec<String>,
        /// `GOOS`, `GOARCH`, `GOARM` and `CGO_ENABLED`.
        environment: BTreeMap<String, String>,
    },
    /// A program that leaves the binary at a known path.
    Command {
        /// Program and arguments, at least the program.
        run: Vec<String>,
        /// Where the binary lies afterwards.
        output: ProjectPath,
        /// Variables beside what is inherited.
        environment: BTreeMap<String, String>,
        /// The commands that print the versions of what it builds with, by name.
        tools: BTreeMap<String, ToolVersion>,
    },
    /// A file that is there already.
    Prebuilt {
        /// Where.
        path: ProjectPath,
    },
}

impl PlannedSteps {
    /// In a few words, for a table.
    #[must_use]
    pub fn describe(&self) -> String {
        match self {
            Self::Cargo { triple, .. } => format!("cargo {triple}"),
            Self::Go { package, .. } => format!("go {package}"),
            Self::Command { run, .. } => format!("command {}", run.join(" ")),
            Self::Prebuilt { path } => format!("prebuilt {path}"),
        }
    }
}

pub(super) fn planned(binary: &Binary, values: &Values<'_>, facts: &Facts) -> Result<PlannedBinary, Error> {
    let (target, triple) = values.target.expect("binaries are planned for a target");
    let name = format!("{}{}", binary.name, target.os().executable_suffix());
    let file = FileName::new(name).map_err(|problem| Error::from((binary.name.as_str(), problem)))?;
    let steps = match &binary.steps {
        BuildSteps::Cargo(settings) => PlannedSteps::Cargo {
            settings: settings.clone(),
            triple: triple.to_owned(),
        },
        BuildSteps::Go(settings) => go(settings, target, values),
        BuildSteps::Command(settings) => command(settings, values)?,
        BuildSteps::Prebuilt(prebuilt) => PlannedSteps::Prebuilt {
            path: prebuilt_path(prebuilt.paths.get(&target), target, facts)?,
        },
    };
    Ok(PlannedBinary { file, steps })
}

fn go(settings: &Go, target: Target, values: &Values<'_>) -> PlannedSteps {
    let cgo = ("CGO_ENABLED", if settings.cgo { "1" } else { "0" });
    let variables = target.go_environment().into_iter().chain([cgo]);
    PlannedSteps::Go {
        package: settings.package.clone(),
        ldflags: settings.ldflags.as_ref().map(|template| template.render(values)),
        tags: settings.tags.clone(),
        environment: variables
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
    }
}

fn command(settings: &Command, values: &Values<'_>) -> Result<PlannedSteps, Error> {
    let output = settings.output.render(values);
    let variables = settings.environment.iter();
    Ok(PlannedSteps::Command {
        run: settings.run.iter().map(|argument| argument.render(values)).collect(),
        output: output
            .parse()
            .map_err(|_| Error::UnusableOutput { path: output.clone() })?,
        environment: variables
            .map(|(name, value)| (name.clone(), value.render(values)))
            .collect(),
        tools: settings.tools.clone(),
    })
}

fn prebuilt_path(path: Option<&ProjectPath>, target: Target, facts: &Facts) -> Result<ProjectPath, Error> {
    let missing = |path: String| Error::PrebuiltMissing { path, target };
    let path = path.ok_or_else(|| missing(String::new()))?;
    match facts.files.contains(path.as_str()) {
        true => Ok(path.clone()),
        false => Err(missing(path.to_string())),
    }
}
