use attest_digest::{Algorithm, Digest};

use crate::{DetachedError, VerifiedText};

const WHAT: &str = "the files of a provenance file of Helm";

/// The archives that a provenance file of Helm vouches for: it is a clear-signed message (a [`VerifiedText`]) of two YAML
/// documents, of which the second says `files:` and under it `NAME: sha256:…`, one a line
/// (<https://helm.sh/docs/topics/provenance/>). Read so strictly, it needs no reader of YAML.
///
/// # Errors
/// [`DetachedError::Malformed`]; also for a text that is nothing of Helm's.
pub fn helm_files(verified: &VerifiedText) -> Result<Vec<(String, Digest)>, DetachedError> {
    let malformed = |problem| DetachedError::malformed(WHAT, problem);
    let text = std::str::from_utf8(verified.text()).map_err(|_| malformed("it is no UTF-8"))?;
    let mut lines = text.lines();
    let is_second = lines.any(|line| line == "...") && lines.any(|line| line == "files:");
    if !is_second {
        return Err(malformed("no document says `files:`"));
    }
    let listed = lines.take_while(|line| line.starts_with(' ')).map(file);
    let files = listed.collect::<Option<Vec<_>>>();
    match files {
        Some(files) if !files.is_empty() => Ok(files),
        _ => Err(malformed("a line under `files:` is not `NAME: sha256:…`")),
    }
}

fn file(line: &str) -> Option<(String, Digest)> {
    let (name, digest) = line.trim().split_once(": sha256:")?;
    let name = name.trim_matches('"');
    let digest = Digest::from_hex(Algorithm::Sha256, digest).ok()?;
    (!name.is_empty()).then(|| (name.to_owned(), digest))
}
