//! Whether an output directory may be replaced: only when every file in it is one that a release names.
//!
//! No marker is left in the output, because every file there is to be covered by a signature. A release is known by its own
//! statement: the subjects that it names, and the bundles beside them. What it claims is not verified here; it only decides
//! that a directory with any other file in it is left alone.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use attestation::{Bundle, Statement};

use super::StageError;

/// What the name of a bundle ends in.
pub(super) const BUNDLE_SUFFIX: &str = ".sigstore.json";

/// What the name of the bundle about a list of contents ends in besides: that of the list without `.json`.
const LIST: &str = ".cdx";

/// The largest statement or bundle that is looked at, in bytes; with a subject for each of some thousand files it has 1 MiB.
const MAX_STATEMENT_BYTES: u64 = 16 << 20;

/// Refuses an output that holds anything but an earlier release.
pub(super) fn check(output: &Path) -> Result<(), StageError> {
    match output.symlink_metadata() {
        Ok(metadata) if metadata.is_dir() => {}
        Ok(_) => {
            return Err(StageError::OutputNotADirectory {
                output: output.to_owned(),
            });
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(StageError::io(format!("look at `{}`", output.display()))(error)),
    }
    match foreign(output)? {
        Some(foreign) => Err(StageError::ForeignFile {
            output: output.to_owned(),
            foreign,
        }),
        None => Ok(()),
    }
}

/// The first file that no release named.
fn foreign(output: &Path) -> Result<Option<String>, StageError> {
    let reading = || format!("read `{}`", output.display());
    let mut names = BTreeSet::new();
    for entry in fs::read_dir(output).map_err(StageError::io(reading()))? {
        let entry = entry.map_err(StageError::io(reading()))?;
        let is_file = entry.file_type().map_err(StageError::io(reading()))?.is_file();
        match entry.file_name().into_string() {
            Ok(name) if is_file => names.insert(name),
            Ok(name) => return Ok(Some(name)),
            Err(name) => return Ok(Some(name.to_string_lossy().into_owned())),
        };
    }
    let mut known = BTreeSet::new();
    for name in names.iter().filter(|name| name.ends_with(".json")) {
        if let Some(statement) = read(&output.join(name)).as_deref().and_then(release_statement) {
            known.insert(name.clone());
            known.extend(
                statement
                    .subjects()
                    .iter()
                    .filter_map(|subject| subject.name().map(str::to_owned)),
            );
        }
    }
    let is_of_known = |of: &str| known.contains(of) || (of.ends_with(LIST) && known.contains(&format!("{of}.json")));
    let is_known = |name: &&String| known.contains(*name) || name.strip_suffix(BUNDLE_SUFFIX).is_some_and(is_of_known);
    Ok(names.iter().find(|name| !is_known(name)).cloned())
}

fn read(path: &Path) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)
        .ok()?
        .take(MAX_STATEMENT_BYTES + 1)
        .read_to_end(&mut bytes)
        .ok()?;
    (bytes.len() as u64 <= MAX_STATEMENT_BYTES).then_some(bytes)
}

/// The statement of a release, signed or not.
fn release_statement(bytes: &[u8]) -> Option<Statement> {
    let statement = match Bundle::parse(bytes) {
        Ok(bundle) => Statement::parse(bundle.peek_unverified().envelope()?.payload().as_bytes()).ok()?,
        Err(_) => Statement::parse(bytes).ok()?,
    };
    let build_type = statement.predicate().get("buildDefinition")?.get("buildType")?;
    (build_type == attest_provenance::RELEASE).then_some(statement)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statement(build_type: &str) -> String {
        format!(
            r#"{{"_type":"https://in-toto.io/Statement/v1","subject":[{{"name":"a","digest":{{"sha256":"{}"}}}}],
            "predicateType":"https://slsa.dev/provenance/v1","predicate":{{"buildDefinition":{{"buildType":"{build_type}"}}}}}}"#,
            "0".repeat(64)
        )
    }

    #[test]
    fn an_earlier_release_may_be_replaced() {
        let output = tempfile::tempdir().unwrap();
        fs::write(output.path().join("p.json"), statement(attest_provenance::RELEASE)).unwrap();
        let listed = statement(attest_provenance::RELEASE).replace("\"a\"", "\"b.cdx.json\"");
        fs::write(output.path().join("q.json"), listed).unwrap();
        for name in ["a", "a.sigstore.json", "b.cdx.json", "b.cdx.sigstore.json"] {
            fs::write(output.path().join(name), "").unwrap();
        }
        check(output.path()).unwrap();
    }

    #[test]
    fn what_no_release_names_is_never_deleted() {
        for foreign in [
            "notes.txt",
            "b.sigstore.json",
            "b.cdx.sigstore.json",
            ".hidden",
            "b.json",
        ] {
            let output = tempfile::tempdir().unwrap();
            fs::write(output.path().join("p.json"), statement(attest_provenance::RELEASE)).unwrap();
            fs::write(output.path().join(foreign), "").unwrap();
            match check(output.path()).unwrap_err() {
                StageError::ForeignFile { foreign: found, .. } => assert_eq!(found, foreign),
                other => panic!("{other}"),
            }
        }
    }

    #[test]
    fn a_statement_of_another_build_does_not_make_a_directory_ours() {
        let output = tempfile::tempdir().unwrap();
        fs::write(output.path().join("p.json"), statement("https://example.com/build")).unwrap();
        assert!(matches!(check(output.path()), Err(StageError::ForeignFile { .. })));
    }

    #[test]
    fn nothing_there_and_nothing_in_it_are_both_fine() {
        let output = tempfile::tempdir().unwrap();
        check(output.path()).unwrap();
        check(&output.path().join("none")).unwrap();
    }

    #[test]
    fn a_file_or_a_directory_in_the_way_is_refused() {
        let parent = tempfile::tempdir().unwrap();
        let file = parent.path().join("dist");
        fs::write(&file, "").unwrap();
        assert!(matches!(check(&file), Err(StageError::OutputNotADirectory { .. })));
        fs::create_dir(parent.path().join("sub")).unwrap();
        assert!(matches!(check(parent.path()), Err(StageError::ForeignFile { .. })));
    }
}
