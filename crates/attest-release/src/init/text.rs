//! The words of a new `attest.toml`.

use std::fmt::Write as _;

use super::{Found, FoundBinary};
use crate::manifest::Ecosystem;

impl Found {
    /// A commented `attest.toml` for what was found. It is read without a problem, and planned.
    #[must_use]
    pub fn to_toml(&self) -> String {
        let mut text = String::from(HEAD);
        self.project(&mut text);
        match self.binaries.is_empty() {
            true => self.without_binaries(&mut text),
            false => self.with_binaries(&mut text),
        }
        text.push_str(TAIL);
        text
    }

    fn project(&self, text: &mut String) {
        let _ = writeln!(text, "\n[project]\nname = \"{}\"", self.name);
        let from_cargo = self
            .manifests
            .of(Ecosystem::Cargo)
            .filter(|manifest| manifest.version.is_some());
        let other = self.manifests.iter().find(|manifest| manifest.version.is_some());
        match (from_cargo, other) {
            (Some(_), _) => {
                text.push_str("# From Cargo.toml; or \"from-tag\", or the version itself.\nversion = \"from-cargo\"\n")
            }
            (None, Some(manifest)) => {
                let file = manifest.ecosystem.manifest();
                let _ = writeln!(text, "# The version is the one in {file}; to take it from the git tag:");
                text.push_str("# version = \"from-tag\"\n");
            }
            (None, None) => text.push_str(
                "# From the git tag, with or without a leading v; or the version itself.\nversion = \"from-tag\"\n",
            ),
        }
        text.push_str("# repository = \"https://example.com/team/project\"\n");
    }

    fn with_binaries(&self, text: &mut String) {
        text.push_str(BUILD);
        for binary in &self.binaries {
            let _ = writeln!(text, "\n[[binary]]\nname = \"{}\"", binary.name());
            let _ = match binary {
                FoundBinary::Cargo { package: None, .. } => writeln!(text, "cargo = {{}}"),
                FoundBinary::Cargo {
                    package: Some(package), ..
                } => {
                    writeln!(text, "cargo = {{ package = \"{package}\" }}")
                }
                FoundBinary::Go { package, .. } => writeln!(text, "go = {{ package = \"{package}\" }}"),
            };
        }
    }

    fn without_binaries(&self, text: &mut String) {
        text.push('\n');
        for manifest in self.manifests.iter() {
            if let Some(note) = note(manifest.ecosystem) {
                let _ = writeln!(text, "# {}: {note}", manifest.ecosystem.manifest());
            }
        }
        text.push_str(NO_BINARY);
    }
}

/// What has to be said by hand, or cannot be done yet, said where people look for it.
fn note(ecosystem: Ecosystem) -> Option<&'static str> {
    match ecosystem {
        Ecosystem::Cargo => Some("no program was found in it; a library is released as source."),
        Ecosystem::Go => Some("no main.go and no directory in cmd/ was found; a module is released as source."),
        Ecosystem::Python => Some("wheels and sdists that were built before are released by `[python]`, see below."),
        Ecosystem::Npm => Some("npm packages are not packed yet; today the source archives are."),
        Ecosystem::Helm => Some("a chart in a directory of its own is released by `[[chart]]`, see below."),
    }
}

const HEAD: &str = "\
# What `attest release` makes of this project. `attest release --plan` shows it and touches nothing.
# Every key is described in docs/CONFIGURATION.md of attest; what is left out has a sensible default.
format = 1
";

const BUILD: &str = "
[build]
targets = [\"linux/amd64\", \"linux/arm64\", \"darwin/arm64\", \"windows/amd64\"]
# A target whose toolchain is missing is left out, and said to be. With false it is an error, which is safer in CI.
skip-unavailable = true
# triples = { \"linux/amd64\" = \"x86_64-unknown-linux-musl\" }
";

const NO_BINARY: &str = "\
# Files that something else has built are packed for each target that has one:
# [[binary]]
# name = \"program\"
# prebuilt = { \"linux/amd64\" = \"build/linux-amd64/program\", \"darwin/arm64\" = \"build/darwin-arm64/program\" }
# Any command can build them, too:
# [[binary]]
# name = \"program\"
# command = { run = [\"make\", \"build/{target}/program\"], output = \"build/{target}/program{exe}\" }
# Wheels and sdists that lie there (`python -m build --outdir build`) are checked and made reproducible:
# [python]
# files = [\"build/*.whl\", \"build/*.tar.gz\"]
# A Helm chart gets the version of the release:
# [[chart]]
# directory = \"chart\"
# version = \"{version}\"
";

const TAIL: &str = "
[archive]
# README*, LICENSE*, COPYING* and NOTICE* are packed beside the binaries unless this says otherwise.
# files = [\"README.md\", \"LICENSE\"]
format = \"tar.gz\"
format-by-os = { windows = \"zip\" }

[source]
# The committed files, and only those; `export-ignore` in .gitattributes is honoured.
formats = [\"tar.gz\", \"zip\"]

[checksums]
algorithms = [\"sha256\"]

[sbom]
enabled = true

[sign]
# One bundle for the whole release; this adds one beside each archive.
per-archive = false
# Who has to be the signer: the release stops when it is somebody else.
# certificate-identity = \"https://github.com/team/project/.github/workflows/release.yml@refs/heads/main\"
# certificate-oidc-issuer = \"https://token.actions.githubusercontent.com\"
";
