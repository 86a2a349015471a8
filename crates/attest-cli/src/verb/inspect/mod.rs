//! `attest inspect`: what a file of any known format says, or what hangs on an image, with nothing checked.

mod bundle;
mod certificate;
mod checksums;
mod detached;
mod image;
mod item;
mod log;
mod openpgp;
mod predicate;
mod source;
mod ssh;
mod statement;
mod table;
mod time;
mod trust;

use std::path::{Path, PathBuf};

use attest_archive::image::Platform;
use serde_json::{Value, json};

use crate::answer::AnswerFormat;
use crate::context::Context;
use crate::exit::Outcome;
use crate::failure::Failure;
use crate::image::{ImageArguments, is_image_reference, layout_hint, refuse_bare_name};
use crate::visible::visible;
use image::ImageDocument;
use source::Source;

const EXAMPLES: &str = "Examples:
  attest inspect app-1.0.tar.gz.sigstore.json
      Show who claims to have signed what. Nothing is checked: to check it, run `attest verify`.
  attest inspect app.sig app.pem trusted_root.json SHA256SUMS.asc
      Any format is recognised by its content: bundles, attestations of GitHub, npm and PyPI,
      cosign's older files, signatures of minisign, OpenPGP and SSH, certificates, keys,
      checksum lists, trust roots.
  attest inspect oci://registry.example.org/team/app:v1.2.0
      The tree of an image: its platforms, and the signatures, attestations and lists of contents
      that hang on each, however they are stored. Nothing is checked.
  attest inspect --oci-layout app.oci --platform linux/arm64
      The same of a layout, for one platform; nothing is connected.
  gh api repos/OWNER/NAME/attestations/sha256:… | attest inspect --format json -
      The same as one document, from standard input.";

/// Show what evidence of any format says, or what hangs on an image, unverified
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Files of any known format, `-` for standard input; images
    #[arg(required = true, value_name = "FILE|oci://NAME[:TAG][@DIGEST]")]
    files: Vec<PathBuf>,

    /// Of an image, only what is about this platform; may be given several times
    #[arg(long, value_name = "OS/ARCH[/VARIANT]")]
    platform: Vec<Platform>,

    /// How to answer
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: AnswerFormat,

    #[command(flatten)]
    image: ImageArguments,
}

/// What is shown about an argument.
enum Shown {
    File(Inspected),
    Image(ImageDocument),
}

/// What is said about a file, and what came of it.
struct Inspected {
    name: String,
    items: Vec<Value>,
    outcome: Outcome,
}

pub(crate) fn run(arguments: &Arguments, context: &mut Context<'_>) -> Result<Outcome, Failure> {
    let shown = arguments.files.iter().map(|path| arguments.show(path, context));
    let shown: Vec<Shown> = shown.collect::<Result<_, _>>()?;
    let outcome = shown
        .iter()
        .fold(Outcome::Accepted, |worst, one| worse(worst, one.outcome()));
    let answer = match arguments.format {
        AnswerFormat::Text => shown.iter().map(Shown::text).collect::<Vec<_>>().join("\n"),
        AnswerFormat::Json => document(shown).to_string() + "\n",
    };
    match context.stdout.write_all(answer.as_bytes()) {
        Ok(()) => {
            let hints = arguments.files.iter().filter_map(|path| layout_hint(path));
            hints
                .filter(|_| !arguments.image.oci_layout)
                .for_each(|hint| context.say(format_args!("hint: {}", visible(&hint))));
            Ok(outcome)
        }
        Err(error) => Err(Failure::undecided("stdout-failed", error)),
    }
}

impl Arguments {
    fn show(&self, path: &Path, context: &Context<'_>) -> Result<Shown, Failure> {
        if !self.image.oci_layout && !is_image_reference(path) {
            refuse_bare_name(path)?;
            return Ok(Shown::File(inspect(&Source::of(path))));
        }
        let name = path.to_str().ok_or_else(|| {
            Failure::usage("image-expected", "expected the name of an image in UTF-8").at(path.display())
        })?;
        let name = self.image.name(name)?;
        image::inspect(&name, &self.image, &self.platform, context).map(Shown::Image)
    }
}

impl Shown {
    /// What cannot be read beside an image is no fault of the image: anybody may put something there.
    fn outcome(&self) -> Outcome {
        match self {
            Self::File(file) => file.outcome,
            Self::Image(_) => Outcome::Accepted,
        }
    }

    fn text(&self) -> String {
        match self {
            Self::File(file) => text(file),
            Self::Image(image) => image::text(image),
        }
    }
}

fn inspect(source: &Source<'_>) -> Inspected {
    let name = source.shown();
    let items = match source.read() {
        Ok(bytes) => item::describe(&bytes),
        Err(error) => {
            let outcome = error.outcome;
            let items = vec![error.into_json()];
            return Inspected { name, items, outcome };
        }
    };
    let outcome = match items.iter().any(|item| item.get("error").is_some()) {
        true => Outcome::Rejected,
        false => Outcome::Accepted,
    };
    Inspected { name, items, outcome }
}

fn document(shown: Vec<Shown>) -> Value {
    let (mut files, mut images) = (Vec::new(), Vec::new());
    for one in shown {
        match one {
            Shown::File(file) => files.push(json!({ "path": file.name, "items": file.items })),
            Shown::Image(image) => images.push(image),
        }
    }
    json!({
        "schema": "https://attest.dev/schema/inspect/v1",
        "verified": false,
        "files": files,
        "images": images,
    })
}

/// One paragraph an item, each marked for itself: what is cut out of the output stays marked.
fn text(file: &Inspected) -> String {
    let count = file.items.len();
    let paragraphs = file.items.iter().enumerate().map(|(place, item)| {
        let name = visible(&file.name);
        if let Some(error) = item.get("error") {
            let (code, message) = (error["code"].as_str(), error["message"].as_str());
            let (code, message) = (code.unwrap_or_default(), visible(message.unwrap_or_default()));
            return format!("{name} ({} of {count})\n  [{code}] {message}\n", place + 1);
        }
        let what = item["name"].as_str().unwrap_or_default();
        let contents = table::lines(&item["contents"]);
        format!("{name} ({} of {count}): {what}, UNVERIFIED\n{contents}", place + 1)
    });
    paragraphs.collect::<Vec<_>>().join("\n")
}

/// Rejected before undecided before accepted, as in `attest verify`.
fn worse(one: Outcome, other: Outcome) -> Outcome {
    match (one, other) {
        (Outcome::Rejected, _) | (_, Outcome::Rejected) => Outcome::Rejected,
        (Outcome::Undecided, _) | (_, Outcome::Undecided) => Outcome::Undecided,
        (Outcome::Accepted, Outcome::Accepted) => Outcome::Accepted,
    }
}
