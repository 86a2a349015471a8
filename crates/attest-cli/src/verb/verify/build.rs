//! What a statement has to be, and what provenance has to say.

use std::collections::BTreeMap;
use std::path::PathBuf;

use attest_provenance::{
    BuildClaims, BuildExpectation, BuildLevel, BuildSigner, Error as InvalidProvenance, Mismatch, RootsOfTrust,
};
use attest_verify::{Signer, VerifiedBundle};

use super::expectation::{ClaimArguments, not_a};
use super::problem::Problem;
use crate::failure::Failure;
use crate::input_file::{InputFile, MAX_CONFIGURATION_BYTES};
use crate::predicate_type::{IMAGE_SIGNATURE, type_uri};
use crate::visible::visible;

/// The word for what is no statement.
const SIGNATURE: &str = "signature";

/// What has to be signed about the artifacts.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "What has to be signed")]
pub(super) struct BuildArguments {
    /// A statement of this type: a word of cosign such as slsaprovenance1, or a URI; `signature` for one of the artifact itself. Of images, each that is named
    #[arg(long = "type", value_name = "TYPE", visible_alias = "predicate-type")]
    types: Vec<String>,
    /// Provenance by this builder; without @REF, at any version of it
    #[arg(long, value_name = "URI")]
    builder_id: Option<String>,
    /// Provenance of a build of this repository, with @REF also at that ref
    #[arg(long, value_name = "URI")]
    source_uri: Option<String>,
    /// The same, at this tag
    #[arg(long, value_name = "TAG", conflicts_with_all = ["source_branch", "source_ref"])]
    source_tag: Option<String>,
    /// The same, on this branch
    #[arg(long, value_name = "BRANCH", conflicts_with = "source_ref")]
    source_branch: Option<String>,
    /// Provenance of a build of this type
    #[arg(long, value_name = "URI")]
    build_type: Option<String>,
    /// An external parameter that the build was asked for, by its path; one that nobody expects is rejected
    #[arg(long, value_name = "NAME=VALUE")]
    external_parameter: Vec<String>,
    /// The same for an input of a workflow: NAME stands for inputs.NAME
    #[arg(long, value_name = "NAME=VALUE", hide = true)]
    build_workflow_input: Vec<String>,
    /// Provenance that is believed up to this level of SLSA's build track, by --roots-of-trust
    #[arg(long, value_name = "1|2|3", value_parser = level, requires = "roots_of_trust")]
    min_level: Option<BuildLevel>,
    /// Up to which level each signer and builder is believed: TOML or JSON, as docs/VERIFYING.md says
    #[arg(long, value_name = "FILE")]
    pub(super) roots_of_trust: Option<PathBuf>,
}

/// What has to be signed, and what provenance has to say.
pub(super) struct Wanted {
    type_: Option<Type>,
    /// There where anything was asked of provenance.
    build: Option<BuildExpectation>,
    roots: Option<RootsOfTrust>,
    min_level: Option<BuildLevel>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Type {
    Signature,
    Statement(String),
}

/// What verified evidence turned out to be.
#[derive(Default)]
pub(super) struct Admitted {
    /// What was found out beside the signature.
    pub(super) checked: Vec<&'static str>,
    /// What its provenance says.
    pub(super) build: Option<ProvenBuild>,
}

/// What provenance says of a build. Its signer says so; the checks say what was compared.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ProvenBuild {
    pub(super) builder_id: String,
    pub(super) build_type: String,
    pub(super) source: Option<String>,
    pub(super) reference: Option<String>,
    pub(super) commit: Option<String>,
    /// By the roots of trust, if there are any.
    pub(super) level: Option<u8>,
    /// Of what the provenance says, that which was found to be the same in the certificate.
    pub(super) certified: Vec<&'static str>,
}

/// Why verified evidence does not count.
pub(super) enum Inadmissible {
    /// It is of another kind than the one that was asked for. Other evidence may be.
    Aside(Problem),
    /// It is of that kind, and says something else.
    Rejected(Problem),
}

impl BuildArguments {
    pub(super) fn read(&self, claims: &ClaimArguments, has_key: bool) -> Result<Wanted, Failure> {
        let mut each = self.read_all(claims, has_key)?;
        match (each.pop(), each.is_empty()) {
            (Some(wanted), true) => Ok(wanted),
            _ => {
                let message = format_args!("expected one --type for files, found {}", self.types.len());
                Err(Failure::usage("type-several", message)
                    .at("--type")
                    .hint("evidence of each type is asked for in a call of its own; of images, in one"))
            }
        }
    }

    /// The same for images, which have to have each type that is named, and a signature where none is.
    pub(super) fn read_each(&self, claims: &ClaimArguments, has_key: bool) -> Result<Vec<Wanted>, Failure> {
        let mut each = self.read_all(claims, has_key)?;
        for wanted in &mut each {
            let is_signature = match &wanted.type_ {
                None => wanted.build.is_none(),
                Some(type_) => *type_ == Type::Statement(IMAGE_SIGNATURE.to_owned()),
            };
            if is_signature {
                wanted.type_ = Some(Type::Signature);
            }
        }
        Ok(each)
    }

    /// One for each type, at least one. What is asked of provenance is asked of those types that are provenance.
    fn read_all(&self, claims: &ClaimArguments, has_key: bool) -> Result<Vec<Wanted>, Failure> {
        let types = self
            .types
            .iter()
            .map(|word| Type::of(word))
            .collect::<Result<Vec<_>, _>>()?;
        let build = self.expectation(claims, has_key)?;
        if build.is_some() && !types.is_empty() && !types.iter().any(Type::is_provenance) {
            let message = "expected no other --type where something is asked of provenance, found one";
            return Err(Failure::usage("type-is-no-provenance", message).at("--type"));
        }
        let roots = self.roots_of_trust.as_ref().map(read_roots).transpose()?;
        let wanted = |type_: Option<Type>| Wanted {
            build: build.clone().filter(|_| type_.as_ref().is_none_or(Type::is_provenance)),
            type_,
            roots: roots.clone(),
            min_level: self.min_level,
        };
        Ok(match types.is_empty() {
            true => vec![wanted(None)],
            false => types.into_iter().map(|type_| wanted(Some(type_))).collect(),
        })
    }

    /// Nothing when nothing is asked of provenance.
    fn expectation(&self, claims: &ClaimArguments, has_key: bool) -> Result<Option<BuildExpectation>, Failure> {
        let tag = self.source_tag.as_ref().map(|tag| format!("refs/tags/{tag}"));
        let branch = self.source_branch.as_ref().map(|branch| format!("refs/heads/{branch}"));
        let own = BuildExpectation {
            builder_id: self.builder_id.clone(),
            build_type: self.build_type.clone(),
            source_uri: self.source_uri.clone(),
            source_ref: tag.or(branch),
            source_digest: None,
            parameters: self.parameters()?,
        };
        let asked = own != BuildExpectation::default() || self.min_level.is_some();
        let of_source =
            claims.source_repository_url()?.is_some() || claims.source_ref.is_some() || claims.source_digest.is_some();
        // A key says nothing about a build: what is asked about the source is then for the provenance to say.
        if !(asked || has_key && of_source) {
            return Ok(None);
        }
        Ok(Some(BuildExpectation {
            source_uri: own.source_uri.or(claims.source_repository_url()?),
            source_ref: own.source_ref.or(claims.source_ref.clone()),
            source_digest: claims.source_digest.clone(),
            ..own
        }))
    }

    fn parameters(&self) -> Result<BTreeMap<String, String>, Failure> {
        let mut parameters = BTreeMap::new();
        for (flag, prefix, texts) in [
            ("--external-parameter", "", &self.external_parameter),
            ("--build-workflow-input", "inputs.", &self.build_workflow_input),
        ] {
            for text in texts {
                let (name, value) = text.split_once('=').ok_or_else(|| not_a(flag, "NAME=VALUE", text))?;
                parameters.insert(format!("{prefix}{name}"), value.to_owned());
            }
        }
        Ok(parameters)
    }
}

fn read_roots(path: &PathBuf) -> Result<RootsOfTrust, Failure> {
    let file = InputFile {
        path,
        unreadable: "roots-of-trust-unreadable",
        limit: MAX_CONFIGURATION_BYTES,
    };
    RootsOfTrust::parse(&file.read()?)
        .map_err(|error| Failure::usage("roots-of-trust-invalid", visible(&error.to_string())).at(path.display()))
}

fn level(text: &str) -> Result<BuildLevel, String> {
    let number = text
        .parse()
        .map_err(|_| format!("expected 1, 2 or 3, found `{text}`"))?;
    BuildLevel::new(number)
}

impl Type {
    fn of(word: &str) -> Result<Self, Failure> {
        match word {
            SIGNATURE => Ok(Self::Signature),
            word => type_uri(word).map(Self::Statement),
        }
    }

    fn is_provenance(&self) -> bool {
        matches!(self, Self::Statement(uri) if BuildClaims::is_provenance(uri))
    }

    fn shown(&self) -> String {
        match self {
            Self::Signature => "a signature of the artifact itself".to_owned(),
            Self::Statement(uri) => format!("a statement of type `{uri}`"),
        }
    }
}

impl Wanted {
    pub(super) fn asks_for_anything(&self) -> bool {
        self.type_.is_some() || self.build.is_some() || self.roots.is_some()
    }

    /// Whether a signature is asked for, and no statement.
    pub(super) fn is_signature(&self) -> bool {
        self.type_ == Some(Type::Signature)
    }

    /// Whether a statement of this type may be what is asked for.
    pub(super) fn accepts_type(&self, uri: &str) -> bool {
        match &self.type_ {
            Some(type_) => *type_ == Type::Statement(uri.to_owned()),
            None => self.build.is_none() || BuildClaims::is_provenance(uri),
        }
    }

    /// What is asked for, as in a sentence.
    pub(super) fn type_shown(&self) -> String {
        let provenance = || "SLSA provenance".to_owned();
        self.type_.as_ref().map_or_else(provenance, Type::shown)
    }

    /// What was asked for, by the names of JSON fields.
    pub(super) fn shown(&self) -> Vec<(&'static str, String)> {
        let build = self.build.as_ref();
        let type_ = self.type_.as_ref().map(|type_| match type_ {
            Type::Signature => SIGNATURE.to_owned(),
            Type::Statement(uri) => uri.clone(),
        });
        [
            ("type", type_),
            ("builderId", build.and_then(|build| build.builder_id.clone())),
            ("buildType", build.and_then(|build| build.build_type.clone())),
            ("sourceUri", build.and_then(|build| build.source_uri.clone())),
            ("sourceRef", build.and_then(|build| build.source_ref.clone())),
            ("sourceDigest", build.and_then(|build| build.source_digest.clone())),
            ("minLevel", self.min_level.map(|level| level.to_string())),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .collect()
    }

    /// Looks at what was signed, after the signature has been verified.
    pub(super) fn admit(&self, bundle: &VerifiedBundle) -> Result<Admitted, Inadmissible> {
        let mut admitted = Admitted::default();
        self.check_type(bundle).map_err(Inadmissible::Aside)?;
        if self.type_.is_some() {
            admitted.checked.push("predicate-type");
        }
        let statement = bundle
            .statement()
            .filter(|statement| BuildClaims::is_provenance(statement.predicate_type()));
        let Some(statement) = statement else {
            return Ok(admitted);
        };
        let claims = match BuildClaims::of(statement.predicate_type(), statement.predicate()) {
            Ok(claims) => claims,
            // Whoever asks nothing of it gets what is proven all the same: a signature over a statement.
            Err(InvalidProvenance::Malformed { .. }) if self.build.is_none() => return Ok(admitted),
            Err(error) => return Err(rejected(&Mismatch::from(error))),
        };
        self.check_build(bundle, &claims, &mut admitted)
            .map_err(|mismatch| rejected(&mismatch))?;
        Ok(admitted)
    }

    fn check_type(&self, bundle: &VerifiedBundle) -> Result<(), Problem> {
        let found = match bundle.statement() {
            None => Type::Signature,
            Some(statement) => Type::Statement(statement.predicate_type().to_owned()),
        };
        let expected = match &self.type_ {
            Some(expected) if *expected != found => expected.shown(),
            None if self.build.is_some() && !found.is_provenance() => "SLSA provenance".to_owned(),
            _ => return Ok(()),
        };
        let message = format_args!("expected {expected}, found {}", found.shown());
        Err(Problem::rejected("predicate-type-mismatch", message))
    }

    fn check_build(
        &self,
        bundle: &VerifiedBundle,
        claims: &BuildClaims,
        admitted: &mut Admitted,
    ) -> Result<(), Mismatch> {
        let mut certified = Vec::new();
        if let Signer::Certificate(signer) = bundle.signer() {
            certified = claims.check_certificate(signer.claims())?;
            if !certified.is_empty() {
                admitted.checked.push("provenance-matches-certificate");
            }
        }
        if let Some(expectation) = &self.build {
            expectation.check(claims)?;
            admitted.checked.push("provenance");
        }
        let level = self.level(bundle, claims);
        if let Some(expected) = self.min_level {
            if level.is_none_or(|level| level < expected) {
                return Err(Mismatch::Level {
                    expected,
                    found: level,
                    builder_id: claims.builder_id().to_owned(),
                });
            }
            admitted.checked.push("build-level");
        }
        admitted.build = Some(ProvenBuild {
            certified,
            ..ProvenBuild::of(claims, level)
        });
        Ok(())
    }

    fn level(&self, bundle: &VerifiedBundle, claims: &BuildClaims) -> Option<BuildLevel> {
        let roots = self.roots.as_ref()?;
        match bundle.signer() {
            Signer::Certificate(signer) => {
                let (identity, issuer) = (signer.identity(), signer.issuer());
                roots.level(BuildSigner::Certificate { identity, issuer }, claims.builder_id())
            }
            Signer::Key(key) => {
                let sha256 = sha256(key.public_key_der());
                roots.level(BuildSigner::Key { sha256: &sha256 }, claims.builder_id())
            }
            _ => None,
        }
    }
}

fn rejected(mismatch: &Mismatch) -> Inadmissible {
    Inadmissible::Rejected(Problem::rejected(mismatch.code(), mismatch))
}

fn sha256(bytes: &[u8]) -> String {
    use attest_digest::{Algorithm, Algorithms, Measured};
    let measured = Measured::of_bytes(bytes, &Algorithms::one(Algorithm::Sha256));
    measured
        .digest(Algorithm::Sha256)
        .map(attest_digest::Digest::to_hex)
        .unwrap_or_default()
}

impl ProvenBuild {
    fn of(claims: &BuildClaims, level: Option<BuildLevel>) -> Self {
        let source = claims.source();
        Self {
            builder_id: claims.builder_id().to_owned(),
            build_type: claims.build_type().to_owned(),
            source: source.map(|source| source.repository.clone()),
            reference: source.and_then(|source| source.reference.clone()),
            commit: source.and_then(|source| source.commit.clone()),
            level: level.map(BuildLevel::number),
            certified: Vec::new(),
        }
    }
}
