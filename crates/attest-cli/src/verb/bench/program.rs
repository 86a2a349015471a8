//! The programs that are measured: this one, and those of others that are installed.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::record;
use crate::context::Environment;
use crate::failure::Failure;
use crate::visible::visible;

/// How much of the line is kept in which a program says its version.
const VERSION: usize = 120;

/// What `model_signing` does between reading its arguments and signing, and nothing else, with the answer in the form of
/// `sha256sum`. Nothing is left out, so that it answers about every file.
pub(super) const MODEL_SIGNING: &str = "\
import sys
from model_signing import hashing
config = hashing.Config().set_ignored_paths(paths=[], ignore_git_paths=False)
for found in config.hash(sys.argv[1]).resource_descriptors():
    print(found.digest.digest_hex + '  ' + found.identifier)
";

const MODEL_SIGNING_VERSION: &str = "\
import platform, model_signing
print('model_signing', model_signing.__version__, 'on Python', platform.python_version())
";

/// Where the programs are.
#[derive(Debug, Clone, Default)]
pub(super) struct Programs {
    pub(super) ours: PathBuf,
    pub(super) openssl: Option<PathBuf>,
    pub(super) sha256sum: Option<PathBuf>,
    pub(super) b3sum: Option<PathBuf>,
    pub(super) shell: Option<PathBuf>,
    pub(super) find: Option<PathBuf>,
    pub(super) xargs: Option<PathBuf>,
    /// A Python that has `model_signing`.
    pub(super) python: Option<PathBuf>,
}

/// Which of them there are.
#[derive(Debug, Clone, Default)]
pub(super) struct Found {
    pub(super) programs: Programs,
    pub(super) versions: Vec<record::Program>,
    pub(super) skipped: Vec<record::Skipped>,
}

impl Found {
    /// Looks on `PATH`, and for `model_signing` in `python`.
    pub(super) fn look(environment: &Environment, python: Option<&Path>) -> Result<Self, Failure> {
        let ours = std::env::current_exe().map_err(|error| {
            Failure::undecided(
                "bench-program-failed",
                format_args!("cannot find this program itself: {error}"),
            )
        })?;
        let mut found = Self::default();
        found.programs.ours = ours;
        found.versions.push(record::Program {
            name: "attest".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        });
        let search = Search { environment };
        let programs = Programs {
            openssl: found.peer("openssl", search.on_path("openssl"), &["version"]),
            sha256sum: found.peer("sha256sum", search.on_path("sha256sum"), &["--version"]),
            b3sum: found.peer("b3sum", search.on_path("b3sum"), &["--version"]),
            shell: search.on_path("sh"),
            find: found.peer("find", search.on_path("find"), &["--version"]),
            xargs: found.peer("xargs", search.on_path("xargs"), &["--version"]),
            python: found.peer(
                "model_signing",
                python.map(Path::to_owned).or_else(|| search.on_path("python3")),
                &["-c", MODEL_SIGNING_VERSION],
            ),
            ours: found.programs.ours.clone(),
        };
        found.programs = programs;
        Ok(found)
    }

    /// Notes the version of a peer, or why there is none.
    fn peer(&mut self, name: &str, program: Option<PathBuf>, arguments: &[&str]) -> Option<PathBuf> {
        let version = program.as_deref().map(|program| version(program, arguments));
        match version {
            Some(Some(version)) => {
                self.versions.push(record::Program {
                    name: name.to_owned(),
                    version,
                });
                program
            }
            Some(None) => self.skip(name, "it does not say its version, or is not complete"),
            None => self.skip(name, "it is not installed"),
        }
    }

    fn skip(&mut self, name: &str, reason: &str) -> Option<PathBuf> {
        self.skipped.push(record::Skipped {
            name: name.to_owned(),
            reason: reason.to_owned(),
        });
        None
    }
}

struct Search<'a> {
    environment: &'a Environment,
}

impl Search<'_> {
    fn on_path(&self, name: &str) -> Option<PathBuf> {
        let path = self.environment.value("PATH")?;
        std::env::split_paths(path)
            .map(|directory| directory.join(name))
            .find(|program| program.is_absolute() && program.is_file())
    }
}

/// The first line that it writes; the path of a library in it is nobody's business.
fn version(program: &Path, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let line: String = text.lines().next()?.trim().chars().take(VERSION).collect();
    (output.status.success() && !line.is_empty()).then(|| visible(&line))
}
