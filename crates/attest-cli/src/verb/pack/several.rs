//! `attest pack DIR… --output-directory OUT`: directories in, archives of several kinds out.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use attest_archive::{Format, MemberPath, Members, Order, OrderFailed, Packed, Recipe, write_archives};
use attest_digest::Algorithms;

use super::date::{self, Date};
use super::directory::{refuse_empty, require_directory};
use super::output_directory::OutputDirectory;
use super::refusal::refusal;
use super::several_report::{Packing, SeveralReport};
use crate::answer::AnswerFormat;
use crate::context::Context;
use crate::exit::Outcome;
use crate::failure::Failure;
use crate::open_files::allow_open_files;

/// What is packed, where to, and how.
pub(super) struct Request {
    pub(super) directories: Vec<PathBuf>,
    pub(super) output: PathBuf,
    pub(super) formats: Vec<Format>,
    pub(super) prefix: Option<MemberPath>,
    pub(super) algorithms: Algorithms,
    pub(super) threads: NonZeroUsize,
    pub(super) format: AnswerFormat,
}

/// A directory to pack, looked through.
struct Target<'a> {
    directory: &'a Path,
    name: String,
    members: Members,
    date: Date,
}

pub(super) fn run(request: &Request, context: &mut Context<'_>) -> Result<Outcome, Failure> {
    let targets: Vec<Target<'_>> = request
        .directories
        .iter()
        .map(|directory| target(request, directory, context))
        .collect::<Result<_, _>>()?;
    let orders = orders(request, &targets);
    refuse_collisions(&orders)?;
    let packed = write(request, &targets, &orders)?;
    let each = request.formats.len();
    let packings = targets.iter().zip(orders.chunks(each).zip(packed.chunks(each)));
    let report = SeveralReport(
        packings
            .map(|(target, (orders, packed))| Packing {
                directory: target.directory,
                date: &target.date,
                orders,
                packed,
            })
            .collect(),
    );
    report.warn(context);
    report.print(request.format, context)?;
    Ok(Outcome::Accepted)
}

fn target<'a>(request: &Request, directory: &'a Path, context: &Context<'_>) -> Result<Target<'a>, Failure> {
    require_directory(directory)?;
    let name = name_of(directory)?;
    refuse_inside(&request.output, directory)?;
    let prefix = request.prefix.as_ref();
    let members =
        Members::from_directory(directory, prefix).map_err(|error| refusal(&error, directory, &request.output))?;
    refuse_empty(&members, directory, prefix)?;
    let date = date::find(directory, &context.environment)?;
    Ok(Target {
        directory,
        name,
        members,
        date,
    })
}

/// What the directory is called, also when it is given as `.`.
fn name_of(directory: &Path) -> Result<String, Failure> {
    let whole = directory.canonicalize().ok();
    let name = whole
        .as_deref()
        .and_then(Path::file_name)
        .and_then(|name| name.to_str());
    name.map(str::to_owned).ok_or_else(|| {
        let message = "expected a directory whose name is UTF-8, for its archives are named like it";
        Failure::usage("directory-nameless", message).at(directory.display())
    })
}

/// Archives must not be found among what the next invocation packs.
fn refuse_inside(output: &Path, directory: &Path) -> Result<(), Failure> {
    let named = |path: &Path| match path == Path::new("") {
        true => Path::new(".").canonicalize(),
        false => path.canonicalize(),
    };
    // What is not there is made, below what is.
    let place = output.ancestors().find_map(|path| named(path).ok());
    match (place, directory.canonicalize()) {
        (Some(place), Ok(directory)) if place.starts_with(&directory) => {
            let message = format!(
                "expected a directory outside `{}`, which is packed",
                directory.display()
            );
            Err(Failure::usage("output-inside", message).at(output.display()))
        }
        // What is not there is told when it is needed.
        _ => Ok(()),
    }
}

/// All formats of the first directory, then those of the next.
fn orders(request: &Request, targets: &[Target<'_>]) -> Vec<Order> {
    let of_target = |target: &Target<'_>, format: Format| Order {
        recipe: Recipe {
            format,
            members: target.members.clone(),
            source_date: target.date.value,
            threads: request.threads,
            algorithms: request.algorithms.clone(),
        },
        destination: request.output.join(format!("{}.{format}", target.name)),
    };
    targets
        .iter()
        .flat_map(|target| request.formats.iter().map(move |format| of_target(target, *format)))
        .collect()
}

/// Names that differ only in case are one file on Windows and macOS.
fn refuse_collisions(orders: &[Order]) -> Result<(), Failure> {
    let mut seen = BTreeMap::new();
    for Order { destination, .. } in orders {
        let folded = destination.to_string_lossy().to_lowercase();
        if let Some(first) = seen.insert(folded, destination) {
            let message = format!(
                "two archives would be `{}` and `{}`",
                first.display(),
                destination.display()
            );
            return Err(Failure::usage("output-collision", message)
                .hint("give each directory a name of its own, and each kind once"));
        }
    }
    Ok(())
}

fn write(request: &Request, targets: &[Target<'_>], orders: &[Order]) -> Result<Vec<Packed>, Failure> {
    allow_open_files();
    let output = OutputDirectory::make(&request.output)?;
    let packed = write_archives(orders, request.threads).map_err(|failed| {
        let OrderFailed {
            order,
            destination,
            source,
            ..
        } = failed;
        refusal(&source, targets[order / request.formats.len()].directory, &destination)
    })?;
    output.keep();
    Ok(packed)
}
