use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use attest_digest::Algorithm;
use attest_release::stage::StagedFile;
use attest_verify::{TimeEvidence, Verified};
use serde_json::{Value, json};

use super::ground::Ground;
use super::made::{Made, Seal};
use super::publish::Published;
use super::timing::Steps;
use crate::shell::quoted;

/// The `schema` of the JSON form.
const SCHEMA: &str = "https://attest.dev/schema/release/v1";

/// How many digits of a digest are shown to people; the files of digests have all of them.
const SHORT_DIGEST: usize = 16;

/// What was made, by whom it is signed, and how long each step took.
pub(super) struct Report<'a> {
    ground: &'a Ground,
    made: &'a Made,
    steps: &'a Steps,
    program: &'a str,
}

impl<'a> Report<'a> {
    pub(super) fn new(ground: &'a Ground, made: &'a Made, steps: &'a Steps, program: &'a str) -> Self {
        Self {
            ground,
            made,
            steps,
            program,
        }
    }

    pub(super) fn to_text(&self) -> String {
        let mut text = format!(
            "{} {}{}\n\n",
            self.ground.plan.name,
            self.ground.plan.version,
            self.origin()
        );
        self.files(&mut text);
        let mut line = |name: &str, value: String| {
            // A String takes whatever is written to it.
            let _ = writeln!(text, "{name:<10}{value}");
        };
        for skipped in &self.ground.plan.skipped {
            line("left out", format!("{}: {}", skipped.target, skipped.reason));
        }
        for unlisted in &self.made.unlisted {
            let names: Vec<&str> = unlisted.binaries.iter().map(|name| name.as_str()).collect();
            line(
                "sbom",
                format!("{}: nobody says what is inside {}", unlisted.archive, names.join(", ")),
            );
        }
        match &self.made.seal {
            Some(seal) => seal_lines(seal, &mut line),
            None => line(
                "signed",
                "by nobody, as asked; the provenance is a statement without a signature".to_owned(),
            ),
        }
        for published in &self.made.published {
            line("published", published_text(published));
        }
        line("time", self.times());
        if let Some(command) = self.command() {
            let _ = write!(text, "\nTo verify it again, offline:\n  {command}\n");
        }
        text
    }

    pub(super) fn to_json(&self) -> Value {
        let steps = self.steps.taken().iter();
        let plan = &self.ground.plan;
        json!({
            "schema": SCHEMA,
            "name": plan.name.as_str(),
            "version": plan.version.as_str(),
            "commit": plan.commit,
            "dirty": plan.dirty,
            "source_date": self.ground.source_date.seconds(),
            "output": self.output(),
            "files": self.made.files.iter().map(|(name, file)| file_to_json(name.as_str(), file)).collect::<Vec<_>>(),
            "skipped": plan.skipped.iter().map(|skipped| {
                json!({ "target": skipped.target.to_string(), "reason": skipped.reason })
            }).collect::<Vec<_>>(),
            "unlisted": self.made.unlisted.iter().map(|unlisted| {
                let names: Vec<&str> = unlisted.binaries.iter().map(|name| name.as_str()).collect();
                json!({ "archive": unlisted.archive.as_str(), "binaries": names })
            }).collect::<Vec<_>>(),
            "signer": self.made.seal.as_ref().map(seal_to_json),
            "seconds": steps.map(|(name, time)| ((*name).to_owned(), json!(rounded(*time)))).collect::<serde_json::Map<_, _>>(),
            "bundle": plan.bundle.as_ref().map(|name| name.as_str()),
            "trusted_root": self.trusted_root(),
            "verify": self.command(),
            "published": self.made.published.iter().map(published_to_json).collect::<Vec<_>>(),
        })
    }

    fn origin(&self) -> String {
        let Some((_, facts)) = &self.ground.checkout else {
            return ", under no version control".to_owned();
        };
        let reference = facts.reference(self.ground.plan.version.as_str());
        let reference = reference.map(|name| format!(" at {name}")).unwrap_or_default();
        let dirty = if facts.is_dirty() {
            ", with changes that are not committed"
        } else {
            ""
        };
        format!(", commit {}{reference}{dirty}", &facts.commit.id.as_str()[..12])
    }

    fn files(&self, text: &mut String) {
        let width = self
            .made
            .files
            .keys()
            .map(|name| name.as_str().chars().count())
            .max()
            .unwrap_or_default();
        let _ = writeln!(text, "{:<width$}  {:>10}  SHA-256", "FILE", "SIZE");
        for (name, file) in &self.made.files {
            let digest = sha256(file).unwrap_or_default();
            let short = &digest[..SHORT_DIGEST.min(digest.len())];
            let _ = writeln!(
                text,
                "{:<width$}  {:>10}  {short}…",
                name.as_str(),
                size(file.measured.size())
            );
        }
        let total: u64 = self.made.files.values().map(|file| file.measured.size()).sum();
        let count = format!("{} files in {}", self.made.files.len(), self.output());
        let _ = writeln!(text, "{count:<width$}  {:>10}\n", size(total));
    }

    fn times(&self) -> String {
        let steps = self
            .steps
            .taken()
            .iter()
            .map(|(name, time)| format!("{name} {}", seconds(*time)));
        format!(
            "{}; {} in all",
            steps.collect::<Vec<_>>().join(", "),
            seconds(self.steps.total())
        )
    }

    fn output(&self) -> String {
        self.ground.shown(&self.ground.output).display().to_string()
    }

    /// The command that says the same again, from the project's directory.
    fn command(&self) -> Option<String> {
        let seal = self.made.seal.as_ref()?;
        let mut command = format!(
            "{} verify {}/* --certificate-identity {} --certificate-oidc-issuer {}",
            quoted(self.program),
            quoted(&self.output()),
            quoted(&seal.signed.identity),
            quoted(&seal.signed.issuer)
        );
        if let Some(root) = self.trusted_root() {
            let _ = write!(command, " --trusted-root {}", quoted(&root));
        }
        Some(command)
    }

    /// Where the trust root lies; none when it is the one inside attest, or nothing was signed.
    fn trusted_root(&self) -> Option<String> {
        let root = self.made.seal.as_ref()?.root_file.as_ref()?;
        Some(self.shown_root(root))
    }

    fn shown_root(&self, root: &Path) -> String {
        // An argument is relative to where the person stands; the project may be elsewhere.
        let root = root.canonicalize().unwrap_or_else(|_| root.to_owned());
        self.ground.shown(&root).display().to_string()
    }
}

fn seal_lines(seal: &Seal, line: &mut impl FnMut(&str, String)) {
    let bundles = match seal.signed.bundles {
        1 => "one bundle".to_owned(),
        several => format!("{several} bundles"),
    };
    line(
        "signed",
        format!(
            "by {}, for whom {} vouches; one certificate, {bundles}",
            seal.signed.identity, seal.signed.issuer
        ),
    );
    if let Some(evidence) = &seal.evidence {
        line("evidence", evidence_text(evidence));
    }
    line(
        "verified",
        format!("{} files and {bundles}, from disk, offline", seal.verified),
    );
    if seal.is_sandbox {
        line(
            "sandbox",
            "this was a rehearsal: these signatures prove nothing to anybody else".to_owned(),
        );
    }
}

fn published_text(published: &Published) -> String {
    let others = published.tags.iter().skip(1).map(|tag| format!(", {tag}"));
    let evidence = match published.evidence {
        0 => "signed by nobody".to_owned(),
        1 => "one signed statement".to_owned(),
        count => format!("{count} signed statements"),
    };
    format!("{}{}; {evidence}", published.reference, others.collect::<String>())
}

fn published_to_json(published: &Published) -> Value {
    json!({
        "file": published.file,
        "reference": published.reference,
        "digest": published.digest,
        "tags": published.tags,
        "evidence": published.evidence,
    })
}

fn evidence_text(evidence: &Verified) -> String {
    let logs = evidence
        .log_entries()
        .iter()
        .map(|entry| format!("entry {} of {}", entry.index, entry.log));
    let times = evidence.times().iter().map(|time| match time {
        TimeEvidence::Authority { authority, time } => format!("{time} by {authority}"),
        time => format!("{} by the log", time.time()),
    });
    logs.chain(times).collect::<Vec<_>>().join("; ")
}

fn seal_to_json(seal: &Seal) -> Value {
    let logs = seal.evidence.iter().flat_map(|evidence| evidence.log_entries());
    let times = seal.evidence.iter().flat_map(|evidence| evidence.times());
    json!({
        "identity": seal.signed.identity,
        "issuer": seal.signed.issuer,
        "sandbox": seal.is_sandbox,
        "bundles": seal.signed.bundles,
        "verified": seal.verified,
        "log": logs.map(|entry| json!({ "log": entry.log, "index": entry.index, "kind": entry.kind })).collect::<Vec<_>>(),
        "times": times.map(|time| time.time().to_string()).collect::<Vec<_>>(),
    })
}

fn file_to_json(name: &str, file: &StagedFile) -> Value {
    let digests = file.measured.digests().iter();
    json!({
        "name": name,
        "kind": file.kind.name(),
        "size": file.measured.size(),
        "digest": digests.map(|digest| (digest.algorithm().name().to_owned(), json!(digest.to_hex()))).collect::<serde_json::Map<_, _>>(),
    })
}

fn sha256(file: &StagedFile) -> Option<String> {
    Some(file.measured.digest(Algorithm::Sha256)?.to_hex())
}

/// Whole bytes up to 10 KiB, then with one decimal.
fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    if bytes < 10 << 10 {
        return format!("{bytes} B");
    }
    let mut scaled = bytes as f64 / 1024.0;
    let mut unit = 0;
    while scaled >= 1024.0 && unit + 1 < UNITS.len() {
        scaled /= 1024.0;
        unit += 1;
    }
    format!("{scaled:.1} {}", UNITS[unit])
}

fn seconds(time: Duration) -> String {
    format!("{:.2} s", time.as_secs_f64())
}

fn rounded(time: Duration) -> f64 {
    (time.as_secs_f64() * 1000.0).round() / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_short_and_whole_where_they_are_small() {
        for (bytes, shown) in [
            (0, "0 B"),
            (10_239, "10239 B"),
            (10_240, "10.0 KiB"),
            (5 << 30, "5.0 GiB"),
        ] {
            assert_eq!(size(bytes), shown);
        }
    }
}
