use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use attest_detached::SignerKeys;
use attest_digest::{Algorithm, Digest, Tree};
use attest_store::EvidenceKind;

use super::arguments::SubjectArguments;
use super::evidence::Signature;
use super::problem::Problem;
use super::tree::Trees;
use crate::causes::with_causes;
use crate::failure::Failure;

/// What a call is about: artifacts in the order in which they were given, and the evidence to hold them against.
pub(super) struct Input {
    pub(super) subjects: Vec<Subject>,
    /// Evidence that is in the call: each piece has to verify.
    pub(super) given: Vec<PathBuf>,
    /// What of it an option names, so that it is for every artifact.
    pub(super) named: BTreeSet<PathBuf>,
    /// Signatures without a bundle that were named among the artifacts.
    pub(super) given_signatures: BTreeSet<PathBuf>,
    /// The signature over the one artifact, where that was said.
    pub(super) signature: Option<Signature>,
    /// The files that directories of the call hold, and that nobody named.
    pub(super) walked: BTreeSet<PathBuf>,
    /// Whether evidence is looked for beside the artifacts.
    pub(super) look_beside: bool,
}

/// An artifact of the call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Subject {
    File(PathBuf),
    Digest(Digest),
    Stdin,
    /// An image, by its name with its digest.
    Image(String),
    /// A directory with a tree manifest, which is one artifact.
    Tree(PathBuf),
    /// Something in a directory that nothing can vouch for, or a directory that cannot be listed.
    Refused(PathBuf, Problem),
}

impl Input {
    /// Tells artifacts from evidence, by their names alone: what a file holds cannot turn it from something that needs
    /// evidence into evidence.
    ///
    /// Directories with a tree manifest, and what holds that, are not among them.
    pub(super) fn read(
        arguments: &SubjectArguments,
        keys: Option<&SignerKeys>,
        trees: &Trees,
    ) -> Result<Self, Failure> {
        let bundles = || arguments.bundle.iter().filter(|path| !trees.holds(path)).cloned();
        let mut found = Found {
            subjects: Vec::new(),
            given: bundles().collect(),
            given_signatures: BTreeSet::new(),
            walked: BTreeSet::new(),
        };
        for path in arguments.files.iter().filter(|path| !trees.is_one(path)) {
            found.take(path)?;
        }
        if let Some(list) = &arguments.files_from {
            for path in super::listing::read(list, arguments.null)? {
                found.take(&path)?;
            }
        }
        if keys.is_some_and(|keys| keys.format() == attest_detached::Format::OpenPgp) {
            found.take_messages();
        }
        found.check(arguments, trees)?;
        Ok(Self {
            subjects: found.subjects,
            given: found.given.into_iter().collect(),
            named: bundles().collect(),
            given_signatures: found.given_signatures,
            walked: found.walked,
            signature: arguments.signature.read(),
            look_beside: arguments.bundle.is_empty() && arguments.signature.is_empty(),
        })
    }
}

struct Found {
    subjects: Vec<Subject>,
    given: BTreeSet<PathBuf>,
    given_signatures: BTreeSet<PathBuf>,
    walked: BTreeSet<PathBuf>,
}

impl Found {
    fn take(&mut self, path: &Path) -> Result<(), Failure> {
        if path.as_os_str() == "-" {
            self.subjects.push(Subject::Stdin);
        } else if let Some(digest) = digest(path)? {
            self.subjects.push(Subject::Digest(digest));
        } else if !attest_store::has_bundle_name(path) && path.is_dir() {
            self.take_directory(path);
        } else {
            self.take_file(path.to_owned());
        }
        Ok(())
    }

    fn take_file(&mut self, path: PathBuf) {
        match EvidenceKind::of_name(&path) {
            Some(EvidenceKind::Bundle) => {
                self.given.insert(path);
            }
            Some(EvidenceKind::Signature) => {
                self.given_signatures.insert(path);
            }
            // The part of a signature is an artifact as well, until it has been used as such a part.
            _ => self.subjects.push(Subject::File(path)),
        }
    }

    /// A clear-signed message that is named like a signature is an artifact of its own, unless what it bears the name of is
    /// in the call as well.
    fn take_messages(&mut self) {
        let is_message = |path: &&PathBuf| {
            let artifact = attest_store::artifact_of(path).map(Subject::File);
            super::detached::is_message(path) && !artifact.is_some_and(|artifact| self.subjects.contains(&artifact))
        };
        let messages: Vec<PathBuf> = self.given_signatures.iter().filter(is_message).cloned().collect();
        for path in messages {
            self.given_signatures.remove(&path);
            self.subjects.push(Subject::File(path));
        }
    }

    /// Every file under a directory, in the order of the bytes of their paths. What is no file is not passed over: whoever
    /// verifies a directory wants to use all of it.
    fn take_directory(&mut self, path: &Path) {
        let tree = match Tree::list(path) {
            Ok(tree) => tree,
            Err(error) => {
                let problem = Problem::undecided("cannot-list-directory", with_causes(&error));
                return self.subjects.push(Subject::Refused(path.to_owned(), problem));
            }
        };
        let before = self.subjects.len();
        self.walked.extend(tree.files.iter().cloned());
        tree.files.into_iter().for_each(|file| self.take_file(file));
        self.subjects.extend(tree.others.into_iter().map(|(path, kind)| {
            let message = format_args!("expected a regular file, found {kind}, for which nothing can vouch");
            let problem = Problem::rejected("not-coverable", message);
            Subject::Refused(path, problem)
        }));
        if self.subjects.len() == before {
            let problem = Problem::rejected(
                "directory-empty",
                "expected a directory with artifacts, found none in it",
            );
            self.subjects.push(Subject::Refused(path.to_owned(), problem));
        }
    }

    fn check(&self, arguments: &SubjectArguments, trees: &Trees) -> Result<(), Failure> {
        let listed_on_stdin = arguments
            .files_from
            .as_deref()
            .is_some_and(|list| list.as_os_str() == "-");
        let stdin = self
            .subjects
            .iter()
            .filter(|subject| **subject == Subject::Stdin)
            .count();
        if stdin + usize::from(listed_on_stdin) > 1 {
            let message = "expected standard input to be named once, found it again";
            return Err(Failure::usage("stdin-twice", message));
        }
        match (self.subjects.len(), arguments.signature.is_empty()) {
            (0, true) if !trees.is_empty() => Ok(()),
            (0, _) => Err(no_artifact(self.given.is_empty() && self.given_signatures.is_empty())),
            (1, _) | (_, true) => Ok(()),
            (found, false) => {
                let message = format_args!("expected one artifact for the signature, found {found}");
                Err(Failure::usage("signature-for-several-files", message).at("--signature"))
            }
        }
    }
}

fn no_artifact(nothing_at_all: bool) -> Failure {
    let found = if nothing_at_all { "none" } else { "only evidence" };
    Failure::usage(
        "no-artifact",
        format_args!("expected at least one artifact, found {found}"),
    )
    .hint("name the files that the evidence is about; to look into it, run `attest inspect FILE`")
}

impl Subject {
    pub(super) fn shown(&self) -> String {
        match self {
            Self::File(path) | Self::Tree(path) | Self::Refused(path, _) => path.display().to_string(),
            Self::Digest(digest) => digest.to_string(),
            Self::Image(name) => name.clone(),
            Self::Stdin => "-".to_owned(),
        }
    }

    pub(super) fn file(&self) -> Option<&Path> {
        match self {
            Self::File(path) => Some(path),
            Self::Digest(_) | Self::Stdin | Self::Image(_) | Self::Tree(_) | Self::Refused(..) => None,
        }
    }

    pub(super) fn file_name(&self) -> Option<&OsStr> {
        self.file().and_then(Path::file_name)
    }

    /// The directory of a file, spelled as the paths of its neighbours begin.
    pub(super) fn directory(&self) -> Option<&Path> {
        self.file().and_then(Path::parent)
    }
}

/// `sha256:…`, unless there is a file of that name.
fn digest(path: &Path) -> Result<Option<Digest>, Failure> {
    let Some((algorithm, hex)) = path.to_str().and_then(|text| text.split_once(':')) else {
        return Ok(None);
    };
    let Ok(algorithm) = algorithm.parse::<Algorithm>() else {
        return Ok(None);
    };
    if path.exists() {
        return Ok(None);
    }
    Digest::from_hex(algorithm, hex)
        .map(Some)
        .map_err(|error| Failure::usage("digest-invalid", error).at(path.display()))
}

/// A path from the bytes of a list.
pub(super) fn path_of(bytes: &[u8]) -> Option<PathBuf> {
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStringExt as _;
        Some(OsString::from_vec(bytes.to_vec()).into())
    }
    #[cfg(not(unix))]
    {
        std::str::from_utf8(bytes).ok().map(|text| OsString::from(text).into())
    }
}
