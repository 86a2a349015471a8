use std::collections::BTreeMap;
use std::fmt;

use attest_digest::{Algorithm, Algorithms};
use attest_sbom::{Author, Exclusion, InvalidExclusion, Metadata, Organization, Profile};

use super::problem::{ProblemKind, nearest};
use super::project::{self, Build};
use super::reader::Section;
use super::value::Pattern;
use crate::git::{PointerRule, SourceProfile, SourceRules, SubmoduleRule};
use crate::template::{Scope, Template, Values};
use crate::{Os, Target};

/// `[archive]`: one file for each target.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Archive {
    /// The file's name without its extension.
    pub name: Template,
    /// Its format, unless the operating system has another.
    pub format: ArchiveFormat,
    /// Formats by operating system.
    pub format_by_os: BTreeMap<Os, ArchiveFormat>,
    /// What goes in beside the binaries.
    pub files: Vec<Pattern>,
    /// Whether everything lies in one directory that has the archive's name.
    pub wrap: bool,
}

impl Archive {
    /// The format for `target`.
    #[must_use]
    pub fn format_for(&self, target: Target) -> ArchiveFormat {
        self.format_by_os.get(&target.os()).copied().unwrap_or(self.format)
    }
}

/// A format of archives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum ArchiveFormat {
    /// `tar.gz`.
    TarGz,
    /// `tar.zst`.
    TarZst,
    /// `tar.xz`.
    TarXz,
    /// `zip`.
    Zip,
}

impl ArchiveFormat {
    /// Every format.
    pub const ALL: [Self; 4] = [Self::TarGz, Self::TarZst, Self::TarXz, Self::Zip];

    /// The name, which is also the extension.
    #[must_use]
    pub const fn extension(self) -> &'static str {
        match self {
            Self::TarGz => "tar.gz",
            Self::TarZst => "tar.zst",
            Self::TarXz => "tar.xz",
            Self::Zip => "zip",
        }
    }
}

impl fmt::Display for ArchiveFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.extension())
    }
}

/// `[source]`: the committed files, packed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SourceArchive {
    /// The file's name without its extension; the files lie in a directory of that name.
    pub name: Template,
    /// One archive for each.
    pub formats: Vec<ArchiveFormat>,
    /// How a commit becomes an archive.
    pub rules: SourceRules,
}

/// `[checksums]`: one file of digests for each algorithm.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Checksums {
    /// The algorithms.
    pub algorithms: Algorithms,
}

/// The name of a file of digests: `SHA256SUMS`.
#[must_use]
pub(crate) fn checksums_file_name(algorithm: Algorithm) -> String {
    format!("{}SUMS", algorithm.name().to_uppercase())
}

/// `[sbom]`: a list of contents for each archive, and what is said of all of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Sbom {
    /// What is not read in source archives, by paths inside the project.
    pub exclude: Vec<Exclusion>,
    /// Who made the lists.
    pub authors: Vec<Author>,
    /// Who supplies what they are about.
    pub supplier: Option<Organization>,
    /// The organization that made the lists.
    pub manufacturer: Option<Organization>,
    /// Whose wishes they meet.
    pub profile: Profile,
}

impl Sbom {
    pub(crate) fn metadata(&self) -> Metadata {
        Metadata {
            authors: self.authors.clone(),
            supplier: self.supplier.clone(),
            manufacturer: self.manufacturer.clone(),
            profile: self.profile,
            ..Metadata::default()
        }
    }
}

/// `[provenance]`: how everything was made. There is no switch: without it nobody could tell what a signature is for.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Provenance {
    /// The name, without extension, of the unsigned statement that is written when nothing is signed.
    pub name: Template,
    /// The builder, when it is none that attest recognises.
    pub builder_id: Option<String>,
}

/// `[sign]`: who vouches for it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Sign {
    /// The bundle's name without `.sigstore.json`.
    pub bundle: Template,
    /// Whether every archive gets a bundle of its own beside the one for all.
    pub per_archive: bool,
    /// Whether what is published is also signed as cosign 2 reads it.
    pub legacy: bool,
    /// Which version of the log, when it is not left to the signing configuration.
    pub rekor_version: Option<RekorVersion>,
    /// Who has to be the signer.
    pub expected: Option<ExpectedSigner>,
}

/// A version of the transparency log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RekorVersion {
    /// Rekor v1.
    V1,
    /// Rekor v2.
    V2,
}

/// The identity that the certificate has to name.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExpectedSigner {
    /// `certificate-identity`.
    pub identity: String,
    /// `certificate-oidc-issuer`.
    pub issuer: String,
}

pub(super) fn archive(section: &Section<'_>, build: &Build) -> Archive {
    let files = section.all_parsed("files", |text| Pattern::required("archive.files", text));
    let files = files.map(|files| files.into_iter().map(|file| file.value).collect());
    let by_os = section
        .value("format-by-os")
        .map(|_| project::os_entries(section, "format-by-os", format));
    let archive = Archive {
        name: template(section, "name", Scope::Target, "{name}-{version}-{os}-{arch}{variant}"),
        format: section.parsed("format", format).unwrap_or(ArchiveFormat::TarGz),
        format_by_os: by_os.unwrap_or_else(|| BTreeMap::from([(Os::Windows, ArchiveFormat::Zip)])),
        files: files.unwrap_or_else(|| {
            ["README*", "LICEN[CS]E*", "COPYING*", "NOTICE*"]
                .map(Pattern::welcome)
                .into()
        }),
        wrap: section.boolean("wrap").unwrap_or(true),
    };
    report_same_names(section, &archive, build);
    archive
}

/// Every file name of a release hangs on the archive's name, so it must tell the targets apart even without the extension.
fn report_same_names(section: &Section<'_>, archive: &Archive, build: &Build) {
    let mut seen: BTreeMap<String, Target> = BTreeMap::new();
    for target in &build.targets {
        let name = archive.name.render(&Values {
            name: "name",
            version: "1",
            target: Some((*target, build.triple(*target).unwrap_or_default())),
        });
        if let Some(first) = seen.insert(name.to_lowercase(), *target) {
            let kind = ProblemKind::SameArchiveName {
                template: archive.name.to_string(),
                name,
                first: first.to_string(),
                second: target.to_string(),
            };
            section
                .source()
                .report(section.value("name").map_or(0, |value| value.span().start), kind);
            return;
        }
    }
}

pub(super) fn source(section: &Section<'_>) -> Option<SourceArchive> {
    let formats = section.all_parsed("formats", format);
    let formats = formats.map(|formats| formats.into_iter().map(|format| format.value).collect());
    let source = SourceArchive {
        name: template(section, "name", Scope::Release, "{name}-{version}-source"),
        formats: formats.unwrap_or_else(|| vec![ArchiveFormat::TarGz]),
        rules: source_rules(section),
    };
    report_no_tar(section, &source);
    section.boolean("enabled").unwrap_or(true).then_some(source)
}

fn source_rules(section: &Section<'_>) -> SourceRules {
    let profile = |text: &str| word("profile", text, &SourceProfile::ALL, SourceProfile::name);
    let submodules = |text: &str| word("submodules", text, &SubmoduleRule::ALL, SubmoduleRule::name);
    let pointers = |text: &str| word("lfs", text, &PointerRule::ALL, PointerRule::name);
    let rules = section
        .parsed("profile", profile)
        .unwrap_or(SourceProfile::Attest)
        .rules();
    SourceRules {
        submodules: section.parsed("submodules", submodules).unwrap_or(rules.submodules),
        pointers: section.parsed("lfs", pointers).unwrap_or(rules.pointers),
        ..rules
    }
}

/// Only the tar stream of `git archive` is the same everywhere: times in its zip archives are those of the local time zone.
fn report_no_tar(section: &Section<'_>, source: &SourceArchive) {
    if source.rules.profile == SourceProfile::GitArchive && source.formats.contains(&ArchiveFormat::Zip) {
        let kind = ProblemKind::Unusable {
            key: "source.formats".to_owned(),
            expected: "formats that profile git-archive has (tar.gz, tar.zst, tar.xz)",
            found: ArchiveFormat::Zip.to_string(),
        };
        let place = section.value("formats").map_or(0, |value| value.span().start);
        section.source().report(place, kind);
    }
}

pub(super) fn checksums(section: &Section<'_>) -> Option<Checksums> {
    let list: Option<Vec<Algorithm>> = section
        .all_parsed("algorithms", str::parse::<Algorithm>)
        .map(|list| list.into_iter().map(|algorithm| algorithm.value).collect());
    let algorithms = match list.as_deref() {
        Some([first, rest @ ..]) => Algorithms::new(*first, rest),
        _ => Algorithms::one(Algorithm::Sha256),
    };
    section
        .boolean("enabled")
        .unwrap_or(true)
        .then_some(Checksums { algorithms })
}

pub(super) fn sbom(section: &Section<'_>) -> Option<Sbom> {
    let authors = section.all_parsed("authors", |text| {
        Author::new(text).ok_or_else(|| unusable("authors", "names, as `NAME <MAIL>` or either of the two", text))
    });
    let organization = |key: &str| {
        section.parsed(key, |text| {
            Organization::named(text).ok_or_else(|| unusable(key, "a name", text))
        })
    };
    let exclude = section.all_parsed("exclude", |text| {
        text.parse()
            .map_err(|_| unusable("exclude", InvalidExclusion::EXPECTED, text))
    });
    let sbom = Sbom {
        exclude: exclude.into_iter().flatten().map(|exclusion| exclusion.value).collect(),
        authors: authors.into_iter().flatten().map(|author| author.value).collect(),
        supplier: organization("supplier"),
        manufacturer: organization("manufacturer"),
        profile: section
            .parsed("profile", |text| word("profile", text, &[Profile::Bsi], |_| "bsi"))
            .unwrap_or_default(),
    };
    section.boolean("enabled").unwrap_or(true).then_some(sbom)
}

fn unusable(key: &str, expected: &'static str, found: &str) -> ProblemKind {
    ProblemKind::Unusable {
        key: format!("sbom.{key}"),
        expected,
        found: found.escape_debug().to_string(),
    }
}

pub(super) fn provenance(section: &Section<'_>) -> Provenance {
    Provenance {
        name: template(section, "name", Scope::Release, "{name}-{version}.provenance"),
        builder_id: section.parsed("builder-id", |text| project::url("provenance.builder-id", text)),
    }
}

pub(super) fn sign(section: &Section<'_>) -> Option<Sign> {
    let legacy = section.boolean("legacy").unwrap_or(false);
    let sign = Sign {
        bundle: template(section, "bundle", Scope::Release, "{name}-{version}"),
        per_archive: section.boolean("per-archive").unwrap_or(false),
        legacy,
        rekor_version: rekor_version(section, legacy),
        expected: expected(section),
    };
    section.boolean("enabled").unwrap_or(true).then_some(sign)
}

/// Those who read the form of cosign 2 want to see the promise of a log, and version 1 alone gives one.
fn rekor_version(section: &Section<'_>, legacy: bool) -> Option<RekorVersion> {
    let default = legacy.then_some(RekorVersion::V1);
    let Some(found) = section.integer("rekor-version") else {
        return default;
    };
    match found.value {
        1 => Some(RekorVersion::V1),
        2 if !legacy => Some(RekorVersion::V2),
        other => {
            let kind = ProblemKind::Unusable {
                key: "sign.rekor-version".to_owned(),
                expected: if legacy { "1 beside `legacy = true`" } else { "1 or 2" },
                found: other.to_string(),
            };
            section.source().report(found.offset, kind);
            None
        }
    }
}

/// An identity means nothing without who vouches for it, and the other way round.
fn expected(section: &Section<'_>) -> Option<ExpectedSigner> {
    let [identity, issuer] = ["certificate-identity", "certificate-oidc-issuer"].map(|key| section.text(key));
    match (identity, issuer) {
        (Some(identity), Some(issuer)) => Some(ExpectedSigner {
            identity: identity.value.to_owned(),
            issuer: issuer.value.to_owned(),
        }),
        (Some(_), None) => {
            section.missing("certificate-oidc-issuer");
            None
        }
        (None, Some(_)) => {
            section.missing("certificate-identity");
            None
        }
        (None, None) => None,
    }
}

pub(super) fn template(section: &Section<'_>, key: &str, scope: Scope, default: &str) -> Template {
    own_template(section, key, scope)
        .unwrap_or_else(|| Template::parse(default, scope).expect("our own templates are templates"))
}

/// None when it is not there, or no template, which is then reported.
pub(super) fn own_template(section: &Section<'_>, key: &str, scope: Scope) -> Option<Template> {
    let text = section.text(key)?;
    let result = Template::parse(text.value, scope);
    // The quote, then the place inside the text.
    let inside = result.as_ref().err().map_or(0, |error| error.offset() + 1);
    section.accept(text.offset + inside, result)
}

pub(super) fn format(text: &str) -> Result<ArchiveFormat, ProblemKind> {
    word("format", text, &ArchiveFormat::ALL, ArchiveFormat::extension)
}

/// One of a few words.
fn word<T: Copy>(key: &str, text: &str, all: &[T], name: fn(T) -> &'static str) -> Result<T, ProblemKind> {
    let found = all.iter().copied().find(|one| name(*one) == text);
    found.ok_or_else(|| ProblemKind::UnknownWord {
        key: key.to_owned(),
        expected: all.iter().map(|one| name(*one).to_owned()).collect(),
        found: text.escape_debug().to_string(),
        nearest: nearest(text, all.iter().map(|one| name(*one))),
    })
}
