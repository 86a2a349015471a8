use std::path::{Path, PathBuf};

use attest_verify::Verifier;
use clap::ArgAction::Set;

use super::build::BuildArguments;
use super::checksums::ListArguments;
use super::detached::DetachedArguments;
use super::evidence::{Origin, Signature};
use super::expectation::{ClaimArguments, IdentityArguments};
use super::image::ImageOptions;
use super::input::{Input, Subject};
use super::output::OutputArguments;
use crate::threads::ThreadsArgument;
use crate::tree::Strictness;
use crate::trust::TrustArguments;

const EXAMPLES: &str = "Examples:
  attest verify app-1.0.tar.gz --certificate-identity release@example.com \\
      --certificate-oidc-issuer https://accounts.example.com
      Verify a file with the bundle beside it, or with any bundle of its directory.

  attest verify dist --repo example/app
      Verify a whole release: every file in the directory has to be covered, here by any workflow
      of a repository on GitHub. Evidence among the files (*.sigstore.json and the like) has to
      verify, every piece of it. The same holds for `attest verify dist/*`.

  attest verify app.tar.gz --repo example/app --type slsaprovenance1 --source-tag v1.0.0
      Verify that a file was built from a tag, and that its provenance does not lie.

  attest verify sha256:9f86d081884c7d65… --bundle app.sigstore.json --key release.pub
      Verify a digest with a key that is known beforehand.

  attest verify SHA256SUMS --key publisher.asc
      Verify a checksum list with the signature of minisign, signify, OpenPGP or SSH beside it,
      and every file that it lists.

  attest verify model --certificate-identity release@example.com \\
      --certificate-oidc-issuer https://accounts.example.com
      Verify a model or data set: the tree manifest in model/model.sig, and every file against it.

  attest verify oci://registry.example.org/app:v1 --certificate-identity release@example.com \\
      --certificate-oidc-issuer https://accounts.example.com
      Verify the image that a tag names, with the signatures beside it, and tell for each image of
      an index whether it is signed itself or covered by the index. --oci-layout does the same
      for a layout on disk, and --recursive asks for a signature of each.

  attest verify --files-from list.txt --repo example/app -o json=verdicts.json
      Verify thousands of files in one call, and keep the verdicts as JSON too.

Nothing is fetched but images of registries: verifying works with the cable out. Exit code 0: every artifact is covered and
every given piece of evidence holds; 1: not so; 2: wrong usage; 3: something could not be read.
docs/VERIFYING.md has all of it.";

/// Verify artifacts offline: who signed them, when, and that they are unchanged
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(super) subjects: SubjectArguments,
    #[command(flatten)]
    pub(super) identity: IdentityArguments,
    #[command(flatten)]
    pub(super) claims: ClaimArguments,
    #[command(flatten)]
    pub(super) build: BuildArguments,
    #[command(flatten)]
    pub(super) image: ImageOptions,
    #[command(flatten)]
    pub(super) trust: TrustArguments,
    #[command(flatten)]
    pub(super) lists: ListArguments,
    #[command(flatten)]
    pub(super) detached: DetachedArguments,
    #[command(flatten)]
    pub(super) relaxations: RelaxationArguments,
    #[command(flatten)]
    pub(super) output: OutputArguments,
    #[command(flatten)]
    pub(super) threads: ThreadsArgument,
}

impl Arguments {
    /// Every file that was named to be read.
    pub(super) fn reads<'a>(&'a self, input: &'a Input) -> impl Iterator<Item = &'a Path> {
        let artifacts = input.subjects.iter().filter_map(Subject::file);
        let evidence = input.given.iter().chain(&input.given_signatures).map(PathBuf::as_path);
        let list = self.subjects.files_from.as_deref();
        let parts = self.subjects.signature.words().map(|(_, path)| path.as_path());
        artifacts.chain(evidence).chain(self.means()).chain(list).chain(parts)
    }

    /// Every file that says whom to believe.
    pub(super) fn means(&self) -> impl Iterator<Item = &Path> {
        let means = [&self.trust.trusted_root, &self.identity.key, &self.build.roots_of_trust];
        means.into_iter().filter_map(|path| path.as_deref())
    }
}

/// What is left out, in so many words. The report says of every piece of evidence what was not checked.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "What is left out")]
pub(super) struct RelaxationArguments {
    /// Ask no transparency log: nobody can find out that the signature exists. A signed time is still needed
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_value_t = false, default_missing_value = "true", action = Set)]
    insecure_ignore_tlog: bool,
    /// Ask no certificate transparency log: an authority can certify the wrong people unseen
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_value_t = false, default_missing_value = "true", action = Set)]
    insecure_ignore_sct: bool,
    /// Judge a certificate as of now where nobody signed a time: whoever has its key can sign for as long as it is good, with any date
    #[arg(long)]
    insecure_ignore_signed_time: bool,
    /// Of a directory with a tree manifest, let files pass that the manifest does not know: nobody vouches for them
    #[arg(long, alias = "ignore-unsigned-files")]
    insecure_ignore_unsigned_files: bool,
    /// Of such a directory, follow symbolic links that lead out of it, if its manifest allows links
    #[arg(long)]
    insecure_follow_links_outside: bool,
    /// Always so: every timestamp that is there is verified
    #[arg(long, hide = true, num_args = 0..=1, require_equals = true, default_value_t = true, default_missing_value = "true", action = Set)]
    use_signed_timestamps: bool,
    /// Always so: what a file holds tells its format
    #[arg(long, hide = true, num_args = 0..=1, require_equals = true, default_value_t = true, default_missing_value = "true", action = Set)]
    new_bundle_format: bool,
}

impl RelaxationArguments {
    /// What is let pass in directories.
    pub(super) fn strictness(&self) -> Strictness {
        Strictness {
            ignore_unsigned_files: self.insecure_ignore_unsigned_files,
            links_may_leave: self.insecure_follow_links_outside,
        }
    }

    /// The verifier that asks for no more than was said.
    pub(super) fn relax<'a>(&self, verifier: Verifier<'a>) -> Verifier<'a> {
        let verifier = match self.insecure_ignore_tlog {
            true => verifier.without_log_unsafe(),
            false => verifier,
        };
        let verifier = match self.insecure_ignore_sct {
            true => verifier.without_certificate_transparency_unsafe(),
            false => verifier,
        };
        match self.insecure_ignore_signed_time {
            true => verifier.without_signed_time_unsafe(),
            false => verifier,
        }
    }
}

/// What is verified, and by which evidence.
#[derive(Debug, clap::Args)]
pub(super) struct SubjectArguments {
    /// Artifacts: files, directories, `-` for standard input, digests such as sha256:…, or images such as oci://registry.example.org/app:v1; files named like evidence (*.sigstore.json, *.sig, …, see docs/FORMATS.md) are evidence
    #[arg(required_unless_present = "files_from", value_name = "FILE")]
    pub(super) files: Vec<PathBuf>,
    /// More artifacts: a file with one on each line, or `-` for standard input
    #[arg(long, value_name = "FILE")]
    pub(super) files_from: Option<PathBuf>,
    /// The entries of --files-from end with a NUL byte, as `find -print0` writes them
    #[arg(long, short = '0', requires = "files_from")]
    pub(super) null: bool,
    /// A bundle, or a file of several; instead of looking beside the artifacts
    #[arg(long, short, value_name = "FILE", alias = "provenance-path")]
    pub(super) bundle: Vec<PathBuf>,
    #[command(flatten)]
    pub(super) signature: SignatureArguments,
}

/// A signature that came without a bundle, as older clients wrote it.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "A signature without a bundle")]
pub(super) struct SignatureArguments {
    /// The signature over the one artifact; instead of looking beside it
    #[arg(long, value_name = "FILE", conflicts_with = "bundle")]
    signature: Option<PathBuf>,
    /// Its certificate
    #[arg(long, value_name = "FILE", alias = "cert", requires = "signature")]
    certificate: Option<PathBuf>,
    /// The certificates above it
    #[arg(long, value_name = "FILE", alias = "cert-chain", requires = "signature")]
    certificate_chain: Option<PathBuf>,
    /// Its entry in the log, as Rekor answers
    #[arg(long, value_name = "FILE", requires = "signature")]
    rekor_entry: Option<PathBuf>,
    /// Its timestamp
    #[arg(long, value_name = "FILE", requires = "signature")]
    rfc3161_timestamp: Option<PathBuf>,
}

impl SignatureArguments {
    pub(super) fn is_empty(&self) -> bool {
        self.signature.is_none()
    }

    pub(super) fn read(&self) -> Option<Signature> {
        Some(Signature {
            path: self.signature.clone()?,
            origin: Origin::Given,
            certificate: self.certificate.clone(),
            chain: self.certificate_chain.clone(),
            log_entry: self.rekor_entry.clone(),
            timestamp: self.rfc3161_timestamp.clone(),
        })
    }

    /// Each option that was given, as it was given.
    pub(super) fn words(&self) -> impl Iterator<Item = (&'static str, &PathBuf)> {
        [
            ("--signature", &self.signature),
            ("--certificate", &self.certificate),
            ("--certificate-chain", &self.certificate_chain),
            ("--rekor-entry", &self.rekor_entry),
            ("--rfc3161-timestamp", &self.rfc3161_timestamp),
        ]
        .into_iter()
        .filter_map(|(name, path)| Some((name, path.as_ref()?)))
    }
}
