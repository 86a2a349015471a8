use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::PackageId;
use serde::Deserialize;

use super::Records;
use super::workspace::{Workspace, limited};
use crate::Error;

/// Messages carry every warning twice, as data and rendered; a large noisy build reaches some 100 MB.
const MESSAGES_LIMIT: usize = 1 << 30;

/// What the compiler made, by package.
pub(super) type Artifacts = BTreeMap<PackageId, Compiled>;

/// What was made of one package.
#[derive(Debug, Default)]
pub(super) struct Compiled {
    /// The features of all its compilations together.
    pub(super) features: BTreeSet<String>,
    /// Files of libraries and programs, as opposed to build scripts and procedural macros.
    pub(super) code: Vec<String>,
    /// Native libraries that its build script asked to link.
    pub(super) native_libraries: BTreeSet<String>,
    executables: BTreeSet<String>,
}

#[derive(Deserialize)]
#[serde(tag = "reason", rename_all = "kebab-case")]
enum MessageWire {
    CompilerArtifact(ArtifactWire),
    BuildScriptExecuted(ScriptWire),
    BuildFinished {
        success: bool,
    },
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
struct ArtifactWire {
    package_id: PackageId,
    target: TargetWire,
    profile: ProfileWire,
    features: Vec<String>,
    filenames: Vec<String>,
    executable: Option<String>,
}

#[derive(Deserialize)]
struct TargetWire {
    kind: Vec<String>,
}

#[derive(Deserialize)]
struct ProfileWire {
    test: bool,
}

#[derive(Deserialize)]
struct ScriptWire {
    package_id: PackageId,
    linked_libs: Vec<String>,
}

impl ArtifactWire {
    fn is(&self, kinds: &[&str]) -> bool {
        self.target.kind.iter().any(|kind| kinds.contains(&kind.as_str()))
    }

    /// Tests and examples are not part of what is shipped.
    fn is_aside(&self) -> bool {
        self.profile.test || self.is(&["test", "bench", "example"])
    }
}

/// Reads the messages of one build, or of several one after the other, each finished and successful.
pub(super) fn parse(messages: &[u8]) -> Result<Artifacts, Error> {
    let bytes = limited("cargo messages", messages, MESSAGES_LIMIT)?;
    let mut artifacts = Artifacts::new();
    let mut native = BTreeMap::<PackageId, BTreeSet<String>>::new();
    let mut finished = false;
    for (index, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        if line.trim_ascii().is_empty() {
            continue;
        }
        finished = false;
        match message(index + 1, line)? {
            MessageWire::CompilerArtifact(artifact) if artifact.is_aside() => {}
            MessageWire::CompilerArtifact(artifact) => add(&mut artifacts, artifact),
            MessageWire::BuildScriptExecuted(script) => {
                native.entry(script.package_id).or_default().extend(script.linked_libs);
            }
            MessageWire::BuildFinished { success: true } => finished = true,
            MessageWire::BuildFinished { success: false } => return Err(Error::BuildFailed),
            MessageWire::Other => {}
        }
    }
    if !finished {
        return Err(Error::Unfinished);
    }
    for (package, libraries) in native {
        if let Some(compiled) = artifacts.get_mut(&package) {
            compiled.native_libraries = libraries;
        }
    }
    Ok(artifacts)
}

fn message(line: usize, bytes: &[u8]) -> Result<MessageWire, Error> {
    serde_json::from_slice(bytes).map_err(|error| Error::InvalidMessage {
        line,
        reason: error.to_string(),
    })
}

fn add(artifacts: &mut Artifacts, artifact: ArtifactWire) {
    let is_code = !artifact.is(&["proc-macro", "custom-build"]);
    let compiled = artifacts.entry(artifact.package_id).or_default();
    compiled.features.extend(artifact.features);
    if is_code {
        compiled.code.extend(artifact.filenames);
        compiled.executables.extend(artifact.executable);
    }
}

/// The programs that the build made of the package that a document will be about, sorted.
///
/// # Errors
/// Those of [`document()`](super::document()).
pub fn executables(records: &Records, package: Option<&str>) -> Result<Vec<String>, Error> {
    let workspace = Workspace::parse(&records.metadata)?;
    let package = workspace.subject(package)?;
    let mut artifacts = parse(&records.messages)?;
    let compiled = artifacts.remove(&package.id).ok_or_else(|| Error::NotBuilt {
        package: package.name.to_string(),
    })?;
    Ok(compiled.executables.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const FINISHED: &str = r#"{"reason":"build-finished","success":true}"#;

    #[test]
    fn messages_without_their_end_are_rejected() {
        assert_eq!(parse(b"").unwrap_err(), Error::Unfinished);
        let cut = format!("{FINISHED}\n{{\"reason\":\"compiler-message\"}}\n");
        assert_eq!(parse(cut.as_bytes()).unwrap_err(), Error::Unfinished);
        assert!(parse(FINISHED.as_bytes()).unwrap().is_empty());
    }

    #[test]
    fn a_failed_build_is_rejected() {
        let failed = FINISHED.replace("true", "false");
        assert_eq!(parse(failed.as_bytes()).unwrap_err(), Error::BuildFailed);
    }

    #[test]
    fn a_line_that_is_no_message_is_named() {
        let text = format!("{{\"reason\":\"new-in-cargo-9\"}}\n\nwarning: x\n{FINISHED}\n");
        let error = parse(text.as_bytes()).unwrap_err();
        assert!(matches!(error, Error::InvalidMessage { line: 3, .. }), "{error}");
    }

    #[test]
    fn deep_nesting_is_an_error_and_no_overflow() {
        let deep = "[".repeat(200_000);
        let text = format!("{{\"reason\":\"compiler-message\",\"x\":{deep}\n");
        let error = parse(text.as_bytes()).unwrap_err();
        assert!(matches!(error, Error::InvalidMessage { line: 1, .. }), "{error}");
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_parser_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = parse(&bytes);
        }
    }
}
