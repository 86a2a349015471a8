use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::rust::{self, Linker, Toolchain};
use super::{BuildError, Built, Workshop, rustflags};
use crate::FileName;
use crate::config::Cargo;
use crate::plan::{PlannedArchive, PlannedSteps};
use crate::process::{Talk, Variables};

/// What cargo said about one build.
#[derive(Debug, Clone)]
pub struct CargoRecords {
    /// `cargo metadata` for the target and for the machine that builds, with the features of every run for this archive.
    pub metadata: Vec<u8>,
    /// The lines of `cargo build --message-format=json`.
    pub messages: Vec<u8>,
    /// The lock file that held, if it could be read.
    pub lock: Option<Vec<u8>>,
    /// The triple that was built for.
    pub triple: String,
    /// The package that was asked for, if one was.
    pub package: Option<String>,
    /// The binaries of this build, by the names that cargo knows.
    pub binaries: Vec<String>,
}

/// Variables that a surrounding `cargo run` or the user's shell sets, and that would change what is built.
fn is_foreign(name: &str) -> bool {
    const NAMES: [&str; 9] = [
        "CARGO_TARGET_DIR",
        "CARGO_BUILD_TARGET",
        "CARGO_BUILD_TARGET_DIR",
        "CARGO_ENCODED_RUSTFLAGS",
        "CARGO_CRATE_NAME",
        "CARGO_PRIMARY_PACKAGE",
        "RUSTFLAGS",
        "OUT_DIR",
        "MAKEFLAGS",
    ];
    const PREFIXES: [&str; 4] = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_PROFILE_"];
    NAMES.contains(&name) || PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

/// Builds every binary that comes from cargo, with one run for those that are built alike.
pub(super) fn build(workshop: &Workshop, archive: &PlannedArchive, built: &mut Built) -> Result<(), BuildError> {
    let mut alike: Vec<(&Cargo, &str, Vec<Wanted<'_>>)> = Vec::new();
    for binary in &archive.binaries {
        let PlannedSteps::Cargo { settings, triple } = &binary.steps else {
            continue;
        };
        let wanted = Wanted {
            file: &binary.file,
            bin: &settings.bin,
        };
        match alike.iter_mut().find(|(other, ..)| other.is_built_like(settings)) {
            Some((.., several)) => several.push(wanted),
            None => alike.push((settings, triple, vec![wanted])),
        }
    }
    let every: Vec<&Cargo> = alike.iter().map(|(cargo, ..)| *cargo).collect();
    for (cargo, triple, wanted) in &alike {
        Run::new(workshop, triple, cargo)?.build(wanted, &features_of_all(&every), built)?;
    }
    Ok(())
}

/// A binary: what it is called in the archive, and what cargo calls it.
struct Wanted<'a> {
    file: &'a FileName,
    bin: &'a str,
}

impl Cargo {
    /// Whether both can be built by one run.
    fn is_built_like(&self, other: &Self) -> bool {
        Self {
            bin: other.bin.clone(),
            ..self.clone()
        } == *other
    }
}

/// One run of cargo.
struct Run<'a> {
    workshop: &'a Workshop,
    variables: Variables,
    toolchain: Toolchain,
    triple: &'a str,
    cargo: &'a Cargo,
}

impl<'a> Run<'a> {
    fn new(workshop: &'a Workshop, triple: &'a str, cargo: &'a Cargo) -> Result<Self, BuildError> {
        Ok(Self {
            variables: workshop.variables.without(is_foreign),
            toolchain: Toolchain::of(workshop)?,
            workshop,
            triple,
            cargo,
        })
    }

    fn build(&self, wanted: &[Wanted<'_>], described: &[OsString], built: &mut Built) -> Result<(), BuildError> {
        let metadata = self.metadata(described)?;
        let workspace = workspace_root(&metadata)?;
        let mut invocation = self.workshop.invocation(OsStr::new("cargo"), &self.variables);
        invocation.arguments = self.arguments(wanted);
        invocation.settings.extend(self.settings(&workspace)?);
        let messages = self.workshop.run(&invocation, self.workshop.talk)?.stdout;
        let executables = executables(&messages)?;
        for Wanted { file, bin } in wanted {
            let missing = || BuildError::NoExecutable {
                binary: (*bin).to_owned(),
            };
            let path = executables.get(*bin).ok_or_else(missing)?;
            built.binaries.insert((*file).clone(), path.clone());
        }
        built.tools.insert("rustc".to_owned(), self.toolchain.version.clone());
        built
            .tools
            .insert("cargo".to_owned(), self.workshop.version("cargo", "--version")?);
        built.records.push(CargoRecords {
            metadata,
            messages,
            lock: std::fs::read(workspace.join("Cargo.lock")).ok(),
            triple: self.triple.to_owned(),
            package: self.cargo.package.clone(),
            binaries: wanted.iter().map(|wanted| wanted.bin.to_owned()).collect(),
        });
        Ok(())
    }

    fn metadata(&self, features: &[OsString]) -> Result<Vec<u8>, BuildError> {
        let mut invocation = self.workshop.invocation(OsStr::new("cargo"), &self.variables);
        invocation.arguments = metadata_arguments(self.triple, &self.toolchain.host);
        invocation.arguments.extend_from_slice(features);
        // It says where the artifacts lie, and by that what runs on the target and what on this machine.
        let directory = self.workshop.scratch.clone();
        invocation.settings.push(("CARGO_TARGET_DIR".into(), directory.into()));
        Ok(self.workshop.run(&invocation, Talk::Kept)?.stdout)
    }

    fn arguments(&self, wanted: &[Wanted<'_>]) -> Vec<OsString> {
        let format = "--message-format=json-render-diagnostics";
        let mut arguments: Vec<OsString> = ["build", "--locked", format, "--target", self.triple, "--profile"]
            .iter()
            .map(OsString::from)
            .collect();
        arguments.push(self.cargo.profile.clone().into());
        arguments.push("--target-dir".into());
        arguments.push(self.workshop.scratch.clone().into());
        for Wanted { bin, .. } in wanted {
            arguments.extend(["--bin".into(), OsString::from(bin)]);
        }
        if let Some(package) = &self.cargo.package {
            arguments.extend(["--package".into(), OsString::from(package)]);
        }
        if let Some(jobs) = self.workshop.jobs {
            arguments.extend(["--jobs".into(), OsString::from(jobs.to_string())]);
        }
        arguments.extend(features_of_all(&[self.cargo]));
        arguments
    }

    fn settings(&self, workspace: &Path) -> Result<Vec<(OsString, OsString)>, BuildError> {
        let remapped = rustflags::remapped(self.workshop, &self.toolchain, workspace);
        let c_flags = format!("CFLAGS_{}", self.triple.replace(['-', '.'], "_"));
        let mut settings: Vec<(OsString, OsString)> = vec![
            (
                "CARGO_ENCODED_RUSTFLAGS".into(),
                rustflags::encoded(self.workshop, self.triple, &remapped)?,
            ),
            ("CARGO_INCREMENTAL".into(), "0".into()),
        ];
        if !self.triple.ends_with("-msvc") {
            let flags = rustflags::c_flags(self.workshop, &c_flags, &remapped);
            settings.push((c_flags.into(), flags));
        }
        if let Linker::Found(linker) = rust::linker(self.workshop, &self.toolchain.host, self.triple) {
            settings.push((rust::linker_variable(self.triple).into(), linker.into()));
        }
        Ok(settings)
    }
}

/// What runs on this machine, such as build scripts, may need packages that the target does not.
fn metadata_arguments(triple: &str, host: &str) -> Vec<OsString> {
    let mut arguments = vec![
        "metadata",
        "--format-version=1",
        "--locked",
        "--filter-platform",
        triple,
    ];
    if triple != host {
        arguments.extend(["--filter-platform", host]);
    }
    arguments.into_iter().map(OsString::from).collect()
}

/// The arguments that choose every feature that one of these builds has.
fn features_of_all(builds: &[&Cargo]) -> Vec<OsString> {
    let features: BTreeSet<&str> = builds
        .iter()
        .flat_map(|cargo| cargo.features.iter().map(String::as_str))
        .collect();
    let mut arguments = Vec::new();
    if !features.is_empty() {
        let features: Vec<&str> = features.into_iter().collect();
        arguments.extend(["--features".into(), OsString::from(features.join(","))]);
    }
    if builds.iter().any(|cargo| cargo.all_features) {
        arguments.push("--all-features".into());
    }
    if builds.iter().all(|cargo| cargo.no_default_features) {
        arguments.push("--no-default-features".into());
    }
    arguments
}

fn workspace_root(metadata: &[u8]) -> Result<PathBuf, BuildError> {
    #[derive(Deserialize)]
    struct MetadataWire {
        workspace_root: PathBuf,
    }
    let metadata: MetadataWire = serde_json::from_slice(metadata).map_err(|error| BuildError::Malformed {
        program: "cargo metadata",
        expected: "a document with a `workspace_root`",
        found: error.to_string(),
    })?;
    Ok(metadata.workspace_root)
}

/// The executables in the messages of a build, by the name of their target.
fn executables(messages: &[u8]) -> Result<BTreeMap<String, PathBuf>, BuildError> {
    #[derive(Deserialize)]
    struct MessageWire {
        reason: String,
        executable: Option<PathBuf>,
        target: Option<TargetWire>,
    }
    #[derive(Deserialize)]
    struct TargetWire {
        name: String,
        kind: Vec<String>,
    }
    let mut found = BTreeMap::new();
    for line in messages
        .split(|byte| *byte == b'\n')
        .filter(|line| line.starts_with(b"{"))
    {
        let message: MessageWire = serde_json::from_slice(line).map_err(|error| BuildError::Malformed {
            program: "cargo build",
            expected: "messages in JSON",
            found: error.to_string(),
        })?;
        if let (Some(path), Some(target)) = (message.executable, message.target)
            && message.reason == "compiler-artifact"
            && target.kind.iter().any(|kind| kind == "bin")
        {
            found.insert(target.name, path);
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn executables_are_found_in_the_messages() {
        let messages = concat!(
            r#"{"reason":"compiler-artifact","target":{"kind":["lib"],"name":"a"},"executable":null}"#,
            "\nsomething that a build script printed\n",
            r#"{"reason":"compiler-artifact","target":{"kind":["bin"],"name":"b"},"executable":"/t/b"}"#,
            "\n",
            r#"{"reason":"build-finished","success":true}"#,
        );
        let expected = BTreeMap::from([("b".to_owned(), PathBuf::from("/t/b"))]);
        assert_eq!(executables(messages.as_bytes()).unwrap(), expected);
    }

    #[test]
    fn metadata_covers_the_target_and_what_runs_while_building() {
        let joined = |arguments: Vec<OsString>| arguments.join(OsStr::new(" "));
        assert_eq!(
            joined(metadata_arguments("t", "t")),
            "metadata --format-version=1 --locked --filter-platform t"
        );
        assert_eq!(
            joined(metadata_arguments("t", "h")),
            "metadata --format-version=1 --locked --filter-platform t --filter-platform h"
        );
    }

    #[test]
    fn features_of_several_builds_are_those_of_each() {
        let cargo = |features: &[&str], no_default_features| Cargo {
            package: None,
            bin: "a".to_owned(),
            features: features.iter().map(|name| (*name).to_owned()).collect(),
            all_features: false,
            no_default_features,
            profile: "release".to_owned(),
        };
        let (one, two) = (cargo(&["b", "a"], true), cargo(&["b"], false));
        assert_eq!(features_of_all(&[&one]), ["--features", "a,b", "--no-default-features"]);
        assert_eq!(features_of_all(&[&two, &one]), ["--features", "a,b"]);
    }

    #[test]
    fn garbled_messages_are_malformed() {
        let error = executables(b"{\"reason\":").unwrap_err();
        assert!(matches!(
            error,
            BuildError::Malformed {
                program: "cargo build",
                ..
            }
        ));
    }

    #[test]
    fn what_a_surrounding_cargo_sets_is_not_passed_on() {
        for name in [
            "CARGO_PKG_VERSION",
            "CARGO_MANIFEST_DIR",
            "CARGO_TARGET_DIR",
            "RUSTFLAGS",
        ] {
            assert!(is_foreign(name), "{name}");
        }
        for name in ["CARGO_HOME", "CARGO_NET_OFFLINE", "RUSTUP_TOOLCHAIN", "PATH"] {
            assert!(!is_foreign(name), "{name}");
        }
    }
}
