use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use cargo_platform::Platform;

use super::rust::{self, Toolchain};
use super::{BuildError, Workshop};

/// The largest configuration of cargo that is read, in bytes; people write some hundred.
const MAX_CONFIGURATION_BYTES: u64 = 1 << 20;

/// What separates flags in `CARGO_ENCODED_RUSTFLAGS`.
const SEPARATOR: &str = "\u{1f}";

/// The configurations of cargo that hold for the project: its own, those above it, the user's.
pub(super) fn configurations(workshop: &Workshop) -> Vec<toml::Table> {
    let mut directories: Vec<PathBuf> = workshop.project.ancestors().map(|above| above.join(".cargo")).collect();
    directories.extend(cargo_home(workshop));
    directories.dedup();
    directories
        .iter()
        .filter_map(|directory| configuration(directory))
        .collect()
}

/// Cargo itself reports what is wrong with these files; here only what can be read counts.
fn configuration(directory: &Path) -> Option<toml::Table> {
    let path = ["config.toml", "config"]
        .map(|name| directory.join(name))
        .into_iter()
        .find(|path| path.is_file())?;
    let size = fs::metadata(&path).ok()?.len();
    let text = (size <= MAX_CONFIGURATION_BYTES).then(|| fs::read_to_string(path).ok())??;
    text.parse().ok()
}

/// Where cargo keeps what it downloads.
pub(super) fn cargo_home(workshop: &Workshop) -> Option<PathBuf> {
    let home = || {
        ["HOME", "USERPROFILE"]
            .iter()
            .find_map(|name| workshop.variables.value(name))
    };
    workshop
        .variables
        .value("CARGO_HOME")
        .map(|directory| workshop.project.join(directory))
        .or_else(|| home().map(|home| Path::new(home).join(".cargo")))
}

/// Directories that differ from machine to machine, with what stands for them in what is built.
pub(super) fn remapped(workshop: &Workshop, toolchain: &Toolchain, workspace: &Path) -> Vec<(PathBuf, String)> {
    let mut pairs = Vec::new();
    pairs.extend(cargo_home(workshop).map(|home| (home, "/cargo".to_owned())));
    if let Some(commit) = &toolchain.commit {
        // With the component rust-src, rustc writes where it lies instead of this virtual path.
        let source = toolchain.sysroot.join("lib/rustlib/src/rust");
        pairs.push((source, format!("/rustc/{commit}")));
    }
    // The last match wins, so what lies inside another directory comes after it.
    pairs.push((workspace.to_owned(), "/workspace".to_owned()));
    pairs.push((workshop.scratch.clone(), "/target".to_owned()));
    pairs
}

/// The value of `CARGO_ENCODED_RUSTFLAGS`: what the project asks for, and then the paths. Setting it replaces what the
/// configurations say, so that is put in first.
pub(super) fn encoded(
    workshop: &Workshop,
    triple: &str,
    remapped: &[(PathBuf, String)],
) -> Result<OsString, BuildError> {
    let mut flags: Vec<OsString> = asked_for(workshop, triple)?.into_iter().map(OsString::from).collect();
    for (from, to) in remapped {
        let mut flag = OsString::from("--remap-path-prefix=");
        flag.push(from);
        flag.push("=");
        flag.push(to);
        flags.push(flag);
    }
    Ok(flags.join(SEPARATOR.as_ref()))
}

/// The same for C code that build scripts compile; directories with spaces cannot be said in `CFLAGS`.
pub(super) fn c_flags(workshop: &Workshop, name: &str, remapped: &[(PathBuf, String)]) -> OsString {
    let given = workshop
        .variables
        .value(name)
        .or_else(|| workshop.variables.value("CFLAGS"));
    let mut flags = given.map(OsString::from).unwrap_or_default();
    for (from, to) in remapped {
        let Some(from) = from.to_str().filter(|from| !from.contains(char::is_whitespace)) else {
            continue;
        };
        flags.push(format!(" -ffile-prefix-map={from}={to}"));
    }
    flags
}

/// The flags that would hold without us, in cargo's order of precedence.
fn asked_for(workshop: &Workshop, triple: &str) -> Result<Vec<String>, BuildError> {
    let variable = |name: &str| workshop.variables.value(name).and_then(|value| value.to_str());
    if let Some(flags) = variable("CARGO_ENCODED_RUSTFLAGS") {
        return Ok(split(flags, SEPARATOR));
    }
    if let Some(flags) = variable("RUSTFLAGS") {
        return Ok(split(flags, " "));
    }
    let configurations = configurations(workshop);
    // The nearest file counts most, and cargo appends it last; after it comes what the environment says.
    let joined = |find: &dyn Fn(&toml::Table) -> Option<Vec<String>>, name: &str| -> Vec<String> {
        let of_files = configurations.iter().rev().filter_map(find).flatten();
        of_files.chain(split(variable(name).unwrap_or_default(), " ")).collect()
    };
    let name = format!(
        "CARGO_TARGET_{}_RUSTFLAGS",
        triple.to_uppercase().replace(['-', '.'], "_")
    );
    let mut of_target = joined(&|file| flags(file.get("target")?.get(triple)?), &name);
    of_target.extend(of_conditions(workshop, triple, &configurations)?);
    Ok(match of_target.is_empty() {
        false => of_target,
        true => joined(&|file| flags(file.get("build")?), "CARGO_BUILD_RUSTFLAGS"),
    })
}

/// The flags of every `[target.'cfg(…)']` that holds for `triple`, in the order of the conditions.
fn of_conditions(workshop: &Workshop, triple: &str, files: &[toml::Table]) -> Result<Vec<String>, BuildError> {
    let mut conditions: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for file in files.iter().rev() {
        let targets = file.get("target").and_then(toml::Value::as_table).into_iter().flatten();
        for (name, table) in targets.filter(|(name, _)| name.starts_with("cfg(")) {
            if let Some(flags) = flags(table) {
                conditions.entry(name.as_str()).or_default().extend(flags);
            }
        }
    }
    if conditions.is_empty() {
        return Ok(Vec::new());
    }
    let facts = rust::conditions(workshop, triple)?;
    // What is no condition at all is for cargo to report.
    conditions.retain(|name, _| Platform::from_str(name).is_ok_and(|platform| platform.matches(triple, &facts)));
    Ok(conditions.into_values().flatten().collect())
}

fn split(text: &str, separator: &str) -> Vec<String> {
    let flags = text.split(separator).filter(|flag| !flag.is_empty());
    flags.map(str::to_owned).collect()
}

fn flags(table: &toml::Value) -> Option<Vec<String>> {
    match table.get("rustflags")? {
        toml::Value::String(text) => Some(text.split_whitespace().map(str::to_owned).collect()),
        toml::Value::Array(list) => Some(list.iter().filter_map(|flag| Some(flag.as_str()?.to_owned())).collect()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::{Talk, Variables};

    fn workshop(project: &Path, variables: &[(&str, &str)]) -> Workshop {
        let variables = variables
            .iter()
            .map(|(name, value)| (OsString::from(name), OsString::from(value)));
        Workshop {
            project: project.to_owned(),
            scratch: project.join("scratch"),
            variables: variables.collect::<Variables>(),
            source_date: 0,
            talk: Talk::Kept,
            jobs: None,
        }
    }

    #[test]
    fn flags_of_the_project_stay_in_front() {
        let project = tempfile::tempdir().unwrap();
        fs::create_dir(project.path().join(".cargo")).unwrap();
        fs::write(
            project.path().join(".cargo/config.toml"),
            "[build]\nrustflags = [\"-Cforce-frame-pointers\"]\n",
        )
        .unwrap();
        let remapped = [(PathBuf::from("/a b"), "/workspace".to_owned())];
        let flags = encoded(&workshop(project.path(), &[]), "t", &remapped).unwrap();
        assert_eq!(flags, "-Cforce-frame-pointers\u{1f}--remap-path-prefix=/a b=/workspace");
        let flags = encoded(&workshop(project.path(), &[("RUSTFLAGS", "-g  -O")]), "t", &remapped).unwrap();
        assert_eq!(flags, "-g\u{1f}-O\u{1f}--remap-path-prefix=/a b=/workspace");
    }

    /// What a project with this configuration of cargo and these variables asks for.
    fn asked(configuration: &str, variables: &[(&str, &str)]) -> String {
        let project = tempfile::tempdir().unwrap();
        fs::create_dir(project.path().join(".cargo")).unwrap();
        fs::write(project.path().join(".cargo/config.toml"), configuration).unwrap();
        let path = ("PATH", env!("PATH"));
        let home = ("CARGO_HOME", "none");
        let variables: Vec<_> = variables.iter().copied().chain([path, home]).collect();
        let triple = "x86_64-unknown-linux-gnu";
        asked_for(&workshop(project.path(), &variables), triple)
            .unwrap()
            .join(" ")
    }

    #[test]
    fn variables_of_one_target_come_after_its_configuration_and_replace_those_of_every_build() {
        let configuration = "[build]\nrustflags = \"-Ca\"\n[target.x86_64-unknown-linux-gnu]\nrustflags = \"-Cb\"\n";
        let target = ("CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUSTFLAGS", "-Cc -Cd");
        let build = ("CARGO_BUILD_RUSTFLAGS", "-Ce");
        assert_eq!(asked(configuration, &[target, build]), "-Cb -Cc -Cd");
        assert_eq!(asked("[build]\nrustflags = \"-Ca\"\n", &[build]), "-Ca -Ce");
        assert_eq!(asked(configuration, &[("RUSTFLAGS", "-Cf"), target]), "-Cf");
    }

    #[test]
    fn flags_of_conditions_that_hold_are_taken() {
        let condition =
            |condition: &str, flag: &str| format!("[target.'cfg({condition})']\nrustflags = [\"{flag}\"]\n");
        let configuration = [
            condition("target_os = \"linux\"", "-Ca"),
            condition("windows", "-Cb"),
            condition("all(unix, not(target_env = \"musl\"))", "-Cc"),
            "[build]\nrustflags = [\"-Cd\"]\n".to_owned(),
        ];
        assert_eq!(asked(&configuration.concat(), &[]), "-Cc -Ca");
    }

    #[test]
    fn c_flags_leave_out_what_they_cannot_say() {
        let remapped = [
            (PathBuf::from("/a b"), "/x".to_owned()),
            (PathBuf::from("/c"), "/y".to_owned()),
        ];
        let flags = c_flags(&workshop(Path::new("/p"), &[("CFLAGS", "-g")]), "CFLAGS_t", &remapped);
        assert_eq!(flags, "-g -ffile-prefix-map=/c=/y");
    }
}
