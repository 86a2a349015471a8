use std::path::Path;

use attest_archive::SourceDate;
use attest_archive::chart::ArchivedChart;
use attest_archive::image::{Error as ImageError, Layout, Platform};
use attest_net::registry::Reference;

use super::chart::ChartPackage;
use super::files::Files;
use super::{Arguments, place};
use crate::failure::Failure;
use crate::registry::Content;
use crate::verb::pack::{LayoutReference, Opened, image_refusal};

/// What is pushed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Kind {
    /// An OCI layout
    Layout,
    /// The package of a Helm chart
    Chart,
    /// Files, as an artifact
    File,
}

/// The same, opened.
pub(crate) enum Source {
    Layout(Box<Opened>),
    Chart(ChartPackage),
    Files(Files),
}

impl Source {
    /// What the arguments name.
    pub(super) fn find(sources: &[String], arguments: &Arguments) -> Result<Self, Failure> {
        let kind = match arguments.kind {
            Some(kind) => kind,
            None => kind(sources, arguments)?,
        };
        refuse_others(kind, arguments)?;
        match (kind, sources) {
            (Kind::File, files) => {
                let expected = || artifact_type_expected(files);
                let artifact_type = arguments.artifact_type.clone().ok_or_else(expected)?;
                Files::open(files, artifact_type, &arguments.media_type).map(Self::Files)
            }
            (Kind::Layout, [only]) => {
                Opened::open(&layout_reference(only)).map(|opened| Self::Layout(Box::new(opened)))
            }
            (Kind::Chart, [only]) => ChartPackage::open(Path::new(only)).map(Self::Chart),
            (_, several) => Err(one_source_expected(several)),
        }
    }

    /// The layout, or the package of a chart, at a path.
    pub(crate) fn of_path(path: &Path) -> Result<Self, Failure> {
        match is_chart(path) {
            true => ChartPackage::open(path).map(Self::Chart),
            false => {
                Opened::open(&layout_reference(&path.to_string_lossy())).map(|opened| Self::Layout(Box::new(opened)))
            }
        }
    }

    pub(super) fn place(&self, destination: &str) -> Result<Reference, Failure> {
        match self {
            Self::Chart(chart) => place::of_chart(destination, chart.name(), &chart.tag()),
            Self::Layout(_) | Self::Files(_) => place::named(destination),
        }
    }

    /// What is to be in the registry, made as of `created`, where that is to be said.
    pub(crate) fn content(
        &self,
        platform: Option<&Platform>,
        created: Option<SourceDate>,
    ) -> Result<Content<'_>, Failure> {
        match self {
            Self::Layout(opened) => of_layout(opened, platform),
            Self::Chart(chart) => Ok(chart.content(created)),
            Self::Files(files) => Ok(files.content(created)),
        }
    }

    /// Where it lies.
    pub(crate) fn path(&self) -> &Path {
        match self {
            Self::Layout(opened) => opened.layout().path(),
            Self::Chart(chart) => chart.path(),
            Self::Files(files) => files.path(),
        }
    }
}

fn of_layout<'a>(opened: &'a Opened, platform: Option<&Platform>) -> Result<Content<'a>, Failure> {
    let (layout, path) = (opened.layout(), opened.layout().path());
    let top = match platform {
        None => Ok(opened.descriptor().clone()),
        Some(platform) => layout.image_for(opened.descriptor(), platform),
    };
    top.and_then(|top| Content::of_layout(layout, &top))
        .map_err(|error| image_refusal(&error, path, path))
}

/// What shows in the content. Whoever says what files are means files, but for what is a layout or a chart by itself.
fn kind(sources: &[String], arguments: &Arguments) -> Result<Kind, Failure> {
    let [only] = sources else {
        return match arguments.artifact_type {
            Some(_) => Ok(Kind::File),
            None => Err(several(sources)),
        };
    };
    if arguments.artifact_type.is_some() {
        return Ok(shown(only).unwrap_or(Kind::File));
    }
    let path = layout_reference(only).path();
    if !path.is_dir() {
        require_file(&path)?;
    }
    match Layout::open(&path) {
        Ok(_) => Ok(Kind::Layout),
        Err(ImageError::NotALayout { .. }) if path.is_dir() => Err(directory(&path)),
        Err(ImageError::NotALayout { .. }) if is_chart(&path) => Ok(Kind::Chart),
        Err(ImageError::NotALayout { .. }) => Err(artifact_type_expected(sources)),
        Err(error) => Err(image_refusal(&error, &path, &path)),
    }
}

/// What a source is by its content alone, if that is more than a file.
fn shown(source: &str) -> Option<Kind> {
    let path = layout_reference(source).path();
    match () {
        () if !path.is_file() && !path.is_dir() => None,
        () if Layout::open(&path).is_ok() => Some(Kind::Layout),
        () if path.is_file() && is_chart(&path) => Some(Kind::Chart),
        () => None,
    }
}

fn is_chart(path: &Path) -> bool {
    std::fs::File::open(path).is_ok_and(|file| ArchivedChart::read(file).is_ok())
}

fn layout_reference(text: &str) -> LayoutReference {
    let Ok(reference) = text.parse();
    reference
}

/// Why several sources cannot be pushed, of which nobody says what they are together.
fn several(sources: &[String]) -> Failure {
    match sources.iter().any(|source| shown(source).is_some()) {
        true => one_source_expected(sources),
        false => artifact_type_expected(sources),
    }
}

fn one_source_expected(sources: &[String]) -> Failure {
    let message = format_args!("expected one layout or chart, found {} paths", sources.len());
    Failure::usage("one-source-expected", message).hint("push them one after the other with `attest push`")
}

/// What holds for one kind alone.
fn refuse_others(kind: Kind, arguments: &Arguments) -> Result<(), Failure> {
    let refuse = |option: &str, of: &str| {
        let message = format_args!("expected `{option}` with {of} alone");
        Failure::usage("option-of-another-kind", message)
    };
    match kind {
        Kind::Chart | Kind::File if arguments.platform.is_some() => Err(refuse("--platform", "a layout")),
        Kind::Chart | Kind::File if arguments.attestations => Err(refuse("--attestations", "a layout")),
        Kind::Layout | Kind::Chart if arguments.artifact_type.is_some() => Err(refuse("--artifact-type", "files")
            .hint("leave it out; the bytes of a file, whatever they are, go with `--kind file` beside it")),
        _ => Ok(()),
    }
}

fn artifact_type_expected(files: &[String]) -> Failure {
    let message = match files {
        [_] => "expected a layout, a chart, or what the file is".to_owned(),
        several => format!("expected what these {} files are together", several.len()),
    };
    let failure = Failure::usage("artifact-type-expected", message);
    let failure = match files {
        [only] => failure.at(only),
        _ => failure,
    };
    failure.hint(
        "`attest push FILE… oci://NAME:TAG --artifact-type application/vnd.example.app` pushes files as an artifact",
    )
}

/// Opening a named pipe would wait for a writer.
pub(super) fn require_file(path: &Path) -> Result<(), Failure> {
    let expected = "expected a layout, a chart or a file, found";
    match path.metadata() {
        Ok(metadata) if metadata.is_file() => Ok(()),
        Ok(metadata) if metadata.is_dir() => Err(directory(path)),
        Ok(_) => {
            let message = format_args!("{expected} something else");
            Err(Failure::usage("file-expected", message).at(path.display()))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let message = format_args!("{expected} nothing");
            Err(Failure::usage("push-source-missing", message).at(path.display()))
        }
        Err(error) => Err(Failure::undecided("file-not-read", format_args!("cannot read: {error}")).at(path.display())),
    }
}

/// There is a directory that is no layout.
pub(super) fn directory(path: &Path) -> Failure {
    let failure = Failure::usage(
        "directory-not-pushed",
        "expected a layout, a chart or a file, found a directory",
    );
    let shown = crate::shell::quoted(&path.display().to_string());
    let hint = match path.join("Chart.yaml").is_file() {
        true => format!("`attest pack chart {shown} -d DIR` makes a package of the chart"),
        false => format!("`attest pack {shown} -o FILE.tar.gz` makes a file of it"),
    };
    failure.at(path.display()).hint(hint)
}
