use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::{Path, PathBuf};

use cargo_platform::Cfg;

use super::{BuildError, Workshop};
use crate::process::Talk;

/// What a target lacks, and what to install.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// What is not there.
    pub what: String,
    /// What to do about it.
    pub remedy: String,
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; {}", self.what, self.remedy)
    }
}

/// The Rust toolchain of a project.
#[derive(Debug, Clone)]
pub(super) struct Toolchain {
    pub(super) host: String,
    pub(super) commit: Option<String>,
    pub(super) version: String,
    pub(super) sysroot: PathBuf,
}

impl Toolchain {
    pub(super) fn of(workshop: &Workshop) -> Result<Self, BuildError> {
        let facts = rustc(workshop, &["-vV"])?;
        let fact = |name: &str| {
            facts
                .lines()
                .find_map(|line| line.strip_prefix(name))
                .map(str::to_owned)
        };
        Ok(Self {
            host: fact("host: ").ok_or_else(|| BuildError::Malformed {
                program: "rustc -vV",
                expected: "a line `host:`",
                found: facts.clone(),
            })?,
            commit: fact("commit-hash: ").filter(|commit| commit != "unknown"),
            version: facts.lines().next().unwrap_or_default().to_owned(),
            sysroot: PathBuf::from(rustc(workshop, &["--print", "sysroot"])?.trim_end()),
        })
    }
}

/// What is lacking to compile and link for `triple`.
pub(super) fn missing(workshop: &Workshop, triple: &str) -> Result<Option<Missing>, BuildError> {
    for program in ["rustc", "cargo"] {
        if workshop.variables.find_program(program).is_none() {
            return Ok(Some(Missing {
                what: format!("the program `{program}` is not installed"),
                remedy: "install Rust as https://rustup.rs says".to_owned(),
            }));
        }
    }
    if !has_standard_library(workshop, triple)? {
        return Ok(Some(Missing {
            what: format!("the Rust standard library for {triple} is not installed"),
            remedy: format!(
                "install it with `rustup target add {triple}`{}",
                also_linker(workshop, triple)?
            ),
        }));
    }
    let host = Toolchain::of(workshop)?.host;
    Ok(match linker(workshop, &host, triple) {
        Linker::Missing(missing) => Some(missing),
        Linker::Usual | Linker::Found(_) => None,
    })
}

fn also_linker(workshop: &Workshop, triple: &str) -> Result<String, BuildError> {
    let host = Toolchain::of(workshop)?.host;
    Ok(match linker(workshop, &host, triple) {
        Linker::Missing(missing) => format!(", and then {}", missing.remedy),
        Linker::Usual | Linker::Found(_) => String::new(),
    })
}

/// How a target is linked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Linker {
    /// As rustc or the user's configuration does it anyway.
    Usual,
    /// By a cross linker that has to be named.
    Found(&'static str),
    /// Not at all.
    Missing(Missing),
}

/// How `triple` is linked on `host`.
pub(super) fn linker(workshop: &Workshop, host: &str, triple: &str) -> Linker {
    if is_configured(workshop, triple) {
        return Linker::Usual;
    }
    let variables = &workshop.variables;
    let usual = uses_usual_linker(host, triple);
    if usual && (triple.ends_with("-msvc") || variables.find_program("cc").is_some()) {
        return Linker::Usual;
    }
    if let Some(found) = cross_linkers(triple)
        .iter()
        .find(|name| variables.find_program(name).is_some())
    {
        return Linker::Found(found);
    }
    Linker::Missing(match usual {
        true => Missing {
            what: "the linker `cc` is not installed".to_owned(),
            remedy: "install a C compiler (Debian and Ubuntu: `apt install gcc`; macOS: `xcode-select --install`)"
                .to_owned(),
        },
        false => Missing {
            what: format!("no linker for {triple} was found on {host}"),
            remedy: remedy(triple),
        },
    })
}

/// rustc's own choice links for the machine it runs on, for other processors of a Mac, and for musl on the same processor.
fn uses_usual_linker(host: &str, triple: &str) -> bool {
    let is_apple = |triple: &str| triple.ends_with("-apple-darwin");
    let is_msvc = |triple: &str| triple.ends_with("-windows-msvc");
    let arch = |triple: &str| triple.split('-').next().unwrap_or_default().to_owned();
    let same_linux = host.contains("-linux-") && triple.ends_with("-linux-musl") && arch(host) == arch(triple);
    host == triple || (is_apple(host) && is_apple(triple)) || (is_msvc(host) && is_msvc(triple)) || same_linux
}

/// Linkers by the names that distributions give them, in the order in which they are tried.
fn cross_linkers(triple: &str) -> &'static [&'static str] {
    match triple {
        "x86_64-unknown-linux-gnu" => &["x86_64-linux-gnu-gcc"],
        "aarch64-unknown-linux-gnu" => &["aarch64-linux-gnu-gcc"],
        "i686-unknown-linux-gnu" => &["i686-linux-gnu-gcc"],
        "armv7-unknown-linux-gnueabihf" | "arm-unknown-linux-gnueabihf" => &["arm-linux-gnueabihf-gcc"],
        "armv5te-unknown-linux-gnueabi" => &["arm-linux-gnueabi-gcc"],
        "riscv64gc-unknown-linux-gnu" => &["riscv64-linux-gnu-gcc"],
        "powerpc64le-unknown-linux-gnu" => &["powerpc64le-linux-gnu-gcc"],
        "s390x-unknown-linux-gnu" => &["s390x-linux-gnu-gcc"],
        "loongarch64-unknown-linux-gnu" => &["loongarch64-linux-gnu-gcc"],
        "x86_64-unknown-linux-musl" => &["x86_64-linux-musl-gcc"],
        "aarch64-unknown-linux-musl" => &["aarch64-linux-musl-gcc"],
        "x86_64-pc-windows-gnu" => &["x86_64-w64-mingw32-gcc"],
        "i686-pc-windows-gnu" => &["i686-w64-mingw32-gcc"],
        "aarch64-pc-windows-gnullvm" => &["aarch64-w64-mingw32-clang"],
        _ => &[],
    }
}

fn remedy(triple: &str) -> String {
    let variable = linker_variable(triple);
    match cross_linkers(triple) {
        [name, ..] => {
            let package = match *name {
                "x86_64-w64-mingw32-gcc" => "gcc-mingw-w64-x86-64".to_owned(),
                "i686-w64-mingw32-gcc" => "gcc-mingw-w64-i686".to_owned(),
                name => format!("gcc-{}", name.trim_end_matches("-gcc").replace('_', "-")),
            };
            format!("install `{name}` (Debian and Ubuntu: `apt install {package}`), or name a linker in {variable}")
        }
        [] if triple.contains("-apple-") => format!("build on macOS, or name a linker for it in {variable}"),
        [] if triple.ends_with("-msvc") => format!("build on Windows, or name a linker for it in {variable}"),
        [] => format!("name a linker for it in {variable}"),
    }
}

/// `CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER`.
pub(super) fn linker_variable(triple: &str) -> String {
    format!("CARGO_TARGET_{}_LINKER", triple.to_uppercase().replace(['-', '.'], "_"))
}

/// Whether the user named a linker, in the environment or in a configuration of cargo.
fn is_configured(workshop: &Workshop, triple: &str) -> bool {
    let names_linker = |file: &toml::Table| {
        let target = file.get("target").and_then(|targets| targets.get(triple));
        target.is_some_and(|target| target.get("linker").is_some())
    };
    workshop.variables.value(&linker_variable(triple)).is_some()
        || super::rustflags::configurations(workshop).iter().any(names_linker)
}

/// What is true of `triple`, for `cfg(…)`.
pub(super) fn conditions(workshop: &Workshop, triple: &str) -> Result<Vec<Cfg>, BuildError> {
    let facts = rustc(workshop, &["--print", "cfg", "--target", triple])?;
    let parsed = facts.lines().map(|line| {
        line.parse().map_err(|_| BuildError::Malformed {
            program: "rustc --print cfg",
            expected: "names and values",
            found: line.to_owned(),
        })
    });
    parsed.collect()
}

fn has_standard_library(workshop: &Workshop, triple: &str) -> Result<bool, BuildError> {
    let directory = match rustc(workshop, &["--print", "target-libdir", "--target", triple]) {
        Ok(directory) => PathBuf::from(directory.trim_end()),
        // A triple that this rustc does not know has no library either.
        Err(BuildError::Failed { .. }) => return Ok(false),
        Err(error) => return Err(error),
    };
    Ok(holds_libstd(&directory))
}

fn holds_libstd(directory: &Path) -> bool {
    let Ok(entries) = std::fs::read_dir(directory) else {
        return false;
    };
    entries
        .flatten()
        .any(|entry| entry.file_name().to_string_lossy().starts_with("libstd-"))
}

fn rustc(workshop: &Workshop, arguments: &[&str]) -> Result<String, BuildError> {
    let mut invocation = workshop.invocation(OsStr::new("rustc"), &workshop.variables);
    invocation.arguments = arguments.iter().map(OsString::from).collect();
    let finished = workshop.run(&invocation, Talk::Kept)?;
    Ok(String::from_utf8_lossy(&finished.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINUX: &str = "x86_64-unknown-linux-gnu";

    #[test]
    fn the_usual_linker_serves_this_machine_and_its_kin() {
        assert!(uses_usual_linker(LINUX, LINUX));
        assert!(uses_usual_linker(LINUX, "x86_64-unknown-linux-musl"));
        assert!(uses_usual_linker("aarch64-apple-darwin", "x86_64-apple-darwin"));
        assert!(!uses_usual_linker(LINUX, "aarch64-unknown-linux-gnu"));
        assert!(!uses_usual_linker(LINUX, "x86_64-pc-windows-msvc"));
    }

    #[test]
    fn what_to_install_is_named() {
        assert_eq!(
            remedy("aarch64-unknown-linux-gnu"),
            "install `aarch64-linux-gnu-gcc` (Debian and Ubuntu: `apt install gcc-aarch64-linux-gnu`), or name a linker in \
             CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER"
        );
        assert!(remedy("x86_64-pc-windows-gnu").contains("apt install gcc-mingw-w64-x86-64"));
        assert!(remedy("aarch64-apple-darwin").starts_with("build on macOS"));
    }
}
