use std::path::{Path, PathBuf};
use std::str::FromStr;

use attest_archive::image::{
    Annotations, Assignment, ContainerPath, Error, LayerCompression, Mode, Platform, Port, Settings, StopSignal, Tag,
    Word,
};
use attest_archive::{MemberPath, Owner, SourceDate};

use super::layouts::LayoutReference;
use super::standard::Standard;
use crate::answer::AnswerFormat;
use crate::failure::Failure;
use crate::registry::RegistryArguments;
use crate::threads::ThreadsArgument;

const EXAMPLES: &str = "\
Examples:
  attest pack image --platform linux/amd64=dist/amd64/app --platform linux/arm64=dist/arm64/app \\
      --user 65532:65532 --expose 8080 --tag v1.2.0 -o app.oci
  attest pack image --base debian:12 --base-name docker.io/library/debian:12 \\
      --platform linux/amd64=rootfs --entrypoint /usr/bin/app --tag v1 -o app.tar
  attest pack image --base docker.io/library/debian:12@sha256:DIGEST --platform linux/arm64=app --tag v1 -o app.oci
  attest pack image --from-layout amd64.oci:v1 --from-layout arm64.oci:v1 --tag v1 -o app.oci

No daemon: what comes out is an OCI image layout, a directory or a .tar archive,
that skopeo, crane, umoci, buildah and podman read. A base is such a layout, or
an image of a registry by its digest, which is fetched once and kept.

The same files make the same image, as with `attest pack`; it is dated like an
archive. Files of a root get mode 0755 or 0644 and owner 0:0, whatever they have
on disk; exceptions are made by --mode and --owner. Two platforms or more make an
index; one alone is named by the layout itself.";

/// Build an OCI image, for one platform or several, from programs or root directories, without a daemon
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::verb::pack) struct Arguments {
    /// An image for a platform: a program, a directory that becomes its root, or nothing but the base
    #[arg(long, value_name = "OS/ARCH[/VARIANT][=PATH]")]
    pub(super) platform: Vec<PlatformRoot>,
    /// A layout, or an image of a registry by its digest, whose image of the same platform lies below
    #[arg(long, value_name = "LAYOUT[:TAG|@DIGEST]|[oci://]NAME[:TAG]@DIGEST")]
    pub(super) base: Option<LayoutReference>,
    /// What the base is called, for an annotation: docker.io/library/debian:12
    #[arg(long, value_name = "NAME", requires = "base")]
    pub(super) base_name: Option<Word>,
    /// A layout whose images are taken in as they are
    #[arg(long, value_name = "LAYOUT[:TAG|@DIGEST]")]
    pub(super) from_layout: Vec<LayoutReference>,
    /// Where a program goes [default: /usr/local/bin/ and its own name]
    #[arg(long, value_name = "PATH")]
    pub(super) binary_path: Option<RootPath>,
    /// The mode of one file or directory, in octal digits: tmp=1777
    #[arg(long, value_name = "PATH=MODE")]
    pub(super) mode: Vec<At<Mode>>,
    /// The owner of a path and all below it, in numbers: home/app=1000:1000
    #[arg(long, value_name = "PATH=UID[:GID]")]
    pub(super) owner: Vec<At<Owner>>,
    /// The program that is run and its first arguments, one each time [default: the program of --platform]
    #[arg(long, value_name = "ARG", allow_hyphen_values = true, help_heading = "Configuration")]
    entrypoint: Vec<String>,
    /// Arguments that may be replaced when a container is started, one each time
    #[arg(long, value_name = "ARG", allow_hyphen_values = true, help_heading = "Configuration")]
    cmd: Vec<String>,
    /// An environment variable
    #[arg(long, value_name = "NAME=VALUE", help_heading = "Configuration")]
    env: Vec<Assignment>,
    /// Who runs it, numbers being understood everywhere: 65532:65532
    #[arg(long, value_name = "USER[:GROUP]", help_heading = "Configuration")]
    user: Option<Word>,
    /// Where it runs
    #[arg(long, value_name = "PATH", help_heading = "Configuration")]
    workdir: Option<ContainerPath>,
    /// A port that it listens on: 8080, 53/udp
    #[arg(long, value_name = "PORT[/PROTOCOL]", help_heading = "Configuration")]
    expose: Vec<Port>,
    /// A place of its data
    #[arg(long, value_name = "PATH", help_heading = "Configuration")]
    volume: Vec<ContainerPath>,
    /// The signal that stops it
    #[arg(long, value_name = "SIGNAL", help_heading = "Configuration")]
    stop_signal: Option<StopSignal>,
    /// A label
    #[arg(long, value_name = "KEY=VALUE", help_heading = "Configuration")]
    label: Vec<Assignment>,
    /// An annotation of the index and of every manifest that is made
    #[arg(long, value_name = "KEY=VALUE", help_heading = "Annotations")]
    annotation: Vec<Assignment>,
    #[command(flatten)]
    standard: Standard,
    /// A name of the image in the layout: v1.2.0
    #[arg(long, value_name = "TAG")]
    pub(super) tag: Vec<Tag>,
    /// How the layers that are made are compressed: gzip, zstd or none
    #[arg(long, value_name = "KIND", default_value_t)]
    pub(super) layer_compression: LayerCompression,
    /// The layout to write: an archive if its name ends in .tar, else a directory
    #[arg(short, long, value_name = "DIR|FILE.tar")]
    pub(super) output: PathBuf,
    /// Replace a layout directory that is there, as a whole
    #[arg(long)]
    pub(super) replace: bool,
    #[command(flatten)]
    pub(super) threads: ThreadsArgument,
    /// Open no connection: a base of a registry must have been fetched before
    #[arg(long)]
    pub(super) offline: bool,
    /// How to answer on stdout
    #[arg(long, value_enum, default_value_t)]
    pub(super) format: AnswerFormat,
    #[command(flatten)]
    pub(super) registry: RegistryArguments,
}

/// `linux/amd64=PATH`, or the platform alone.
#[derive(Debug, Clone)]
pub(super) struct PlatformRoot {
    pub(super) platform: Platform,
    pub(super) path: Option<PathBuf>,
}

/// A path below the root, with or without its slash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RootPath(pub(super) MemberPath);

/// Something that is said of a path below the root.
#[derive(Debug, Clone)]
pub(super) struct At<T> {
    pub(super) path: RootPath,
    pub(super) value: T,
}

impl FromStr for PlatformRoot {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let (platform, path) = match text.split_once('=') {
            Some((platform, path)) if !path.is_empty() => (platform, Some(PathBuf::from(path))),
            _ => (text, None),
        };
        let platform = platform.parse()?;
        Ok(Self { platform, path })
    }
}

impl FromStr for RootPath {
    type Err = attest_archive::InvalidPath;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.strip_prefix('/').unwrap_or(text).parse().map(Self)
    }
}

impl<T: FromStr<Err: std::fmt::Display>> FromStr for At<T> {
    type Err = String;

    /// The last equals sign counts: a path may have one, and what is said of it has none.
    fn from_str(text: &str) -> Result<Self, String> {
        let (path, value) = text
            .rsplit_once('=')
            .ok_or_else(|| format!("expected PATH=VALUE, found `{text}`"))?;
        Ok(Self {
            path: path.parse().map_err(|error| format!("{error}"))?,
            value: value.parse().map_err(|error| format!("{error}"))?,
        })
    }
}

impl Arguments {
    pub(super) fn refuse_nothing(&self) -> Result<(), Failure> {
        if self.platform.is_empty() && self.from_layout.is_empty() {
            return Err(
                Failure::usage("nothing-to-pack", "expected a platform or a layout, found neither")
                    .hint("say what the image is made of with `--platform linux/amd64=PATH`"),
            );
        }
        if self.platform.is_empty() && self.says_of_new_images() {
            let message = "expected a platform, found only layouts, which are taken in as they are";
            return Err(Failure::usage("setting-without-image", message).hint(
                "build upon a layout with `--base LAYOUT --platform linux/amd64`; say something of an index with `--annotation`",
            ));
        }
        let bare = self.platform.iter().find(|root| root.path.is_none());
        match (bare, &self.base) {
            (Some(root), None) => Err(Failure::usage(
                "root-expected",
                format_args!(
                    "expected a program or a directory for `{}`, found neither that nor a base",
                    root.platform
                ),
            )
            .hint(format_args!("say `--platform {}=PATH`", root.platform))),
            _ => Ok(()),
        }
    }

    fn says_of_new_images(&self) -> bool {
        let settings = Settings {
            labels: Assignment::map(self.label.iter().cloned()),
            ..self.settings(SourceDate::EARLIEST_FOR_ALL)
        };
        let of_files = !self.mode.is_empty() || !self.owner.is_empty() || self.binary_path.is_some();
        settings != Settings::default() || of_files || self.base.is_some()
    }

    /// Where the time of the commit is looked up.
    pub(super) fn source_directory(&self) -> PathBuf {
        let path = self.platform.iter().find_map(|root| root.path.clone());
        let path = path.unwrap_or_else(|| PathBuf::from("."));
        match path.parent().filter(|_| !path.is_dir()) {
            Some(parent) if parent != Path::new("") => parent.to_owned(),
            Some(_) => PathBuf::from("."),
            None => path,
        }
    }

    /// Where a program goes.
    pub(super) fn place(&self, program: &Path) -> Result<RootPath, Failure> {
        if let Some(place) = &self.binary_path {
            return Ok(place.clone());
        }
        let name = program.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        format!("usr/local/bin/{name}")
            .parse()
            .map_err(|error| Failure::usage("path-invalid", error).at(program.display()))
    }

    /// An entrypoint is the first program, unless another was named.
    pub(super) fn settings(&self, source_date: SourceDate) -> Settings {
        let several = |texts: &[String]| (!texts.is_empty()).then(|| texts.to_vec());
        let mut labels = self.standard_annotations(source_date);
        labels.extend(Assignment::map(self.label.iter().cloned()));
        Settings {
            entrypoint: several(&self.entrypoint).or_else(|| self.only_program()),
            command: several(&self.cmd),
            environment: self.env.clone(),
            user: self.user.clone(),
            directory: self.workdir.clone(),
            labels,
            ports: self.expose.iter().cloned().collect(),
            volumes: self.volume.iter().cloned().collect(),
            stop_signal: self.stop_signal.clone(),
        }
    }

    pub(super) fn annotations(&self, source_date: SourceDate) -> Annotations {
        let mut annotations = self.standard_annotations(source_date);
        annotations.extend(Assignment::map(self.annotation.iter().cloned()));
        annotations
    }

    /// Images that are only taken in have a date already.
    fn standard_annotations(&self, source_date: SourceDate) -> Annotations {
        let created = (!self.platform.is_empty()).then_some(source_date);
        self.standard.annotations(created)
    }

    /// The program that every platform has at one place.
    fn only_program(&self) -> Option<Vec<String>> {
        let program = self.platform.iter().find_map(|root| root.path.as_ref())?;
        let place = self.place(program).ok().filter(|_| program.is_file())?;
        Some(vec![format!("/{}", place.0)])
    }
}
