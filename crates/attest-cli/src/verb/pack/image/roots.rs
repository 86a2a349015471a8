use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use attest_archive::image::{Platform, Root};

use super::arguments::{Arguments, PlatformRoot};
use super::refusal::refusal;
use crate::context::Context;
use crate::failure::Failure;

type Roots = BTreeMap<Platform, Option<Root>>;

/// Reads what each platform is made of.
pub(super) fn read(arguments: &Arguments, context: &mut Context<'_>) -> Result<Roots, Failure> {
    refuse_different_names(arguments)?;
    let mut roots = Roots::new();
    for root in &arguments.platform {
        if roots.keys().any(|platform| platform.is_same_as(&root.platform)) {
            let message = format_args!("`{}` is given twice", root.platform);
            return Err(Failure::usage("platform-twice", message));
        }
        let read = root
            .path
            .as_deref()
            .map(|path| read_one(path, root, arguments))
            .transpose()?;
        if let Some(read) = &read {
            warn(read, &root.platform, arguments.base.is_some(), context);
        }
        roots.insert(root.platform.clone(), read);
    }
    Ok(roots)
}

/// Says what may surprise somebody later.
fn warn(root: &Root, platform: &Platform, has_base: bool, context: &mut Context<'_>) {
    for path in root.privileged() {
        let path = path.as_str().escape_debug();
        context.say(format_args!(
            "warning: `{path}` has a set-user, set-group or sticky bit, and none in the image; say so with `--mode`"
        ));
    }
    for (path, interpreter) in root.interpreters().iter().filter(|_| !has_base) {
        let (path, interpreter) = (path.as_str().escape_debug(), interpreter.escape_debug());
        context.say(format_args!(
            "warning: `{path}` for `{platform}` needs `{interpreter}`, and nothing lies below it; link it statically or say `--base`"
        ));
    }
}

fn read_one(path: &Path, asked: &PlatformRoot, arguments: &Arguments) -> Result<Root, Failure> {
    let refuse = |error| refusal(&error, path, &arguments.output);
    let unfit = |found: &str| {
        let message = format_args!("expected a program or a directory, found {found}");
        Failure::usage("root-expected", message).at(path.display())
    };
    let metadata = fs::metadata(path).map_err(|error| unfit(&error.to_string()))?;
    if !metadata.is_dir() && !metadata.is_file() {
        return Err(unfit("something else"));
    }
    let mut root = match metadata.is_dir() {
        true => {
            refuse_output_inside(path, &arguments.output)?;
            Root::from_directory(path).map_err(refuse)?
        }
        false => Root::of_program(path, arguments.place(path)?.0, &asked.platform).map_err(refuse)?,
    };
    if root.members().is_empty() {
        let message = "expected files, found an empty directory";
        return Err(Failure::usage("nothing-to-pack", message).at(path.display()));
    }
    for mode in &arguments.mode {
        root = root.with_mode(&mode.path.0, mode.value).map_err(refuse)?;
    }
    for owner in &arguments.owner {
        root = root.with_owner(&owner.path.0, owner.value).map_err(refuse)?;
    }
    Ok(root)
}

/// One entrypoint for every platform needs one place.
fn refuse_different_names(arguments: &Arguments) -> Result<(), Failure> {
    let programs = arguments.platform.iter().filter_map(|root| root.path.as_deref());
    let mut names = programs.filter(|path| path.is_file()).map(Path::file_name);
    let first = names.next();
    match first.is_some_and(|first| names.any(|name| name != first)) && arguments.binary_path.is_none() {
        true => Err(Failure::usage(
            "binary-path-needed",
            "expected one name for the program of every platform, found several",
        )
        .hint("say where it goes with `--binary-path /usr/local/bin/NAME`")),
        false => Ok(()),
    }
}

/// A layout that is written while its own directory is read would hold a part of itself.
fn refuse_output_inside(root: &Path, output: &Path) -> Result<(), Failure> {
    let parent = match output.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    let is_inside = match (parent.canonicalize(), root.canonicalize()) {
        (Ok(parent), Ok(root)) => parent.starts_with(root),
        _ => false,
    };
    match is_inside {
        true => Err(
            Failure::usage("output-inside", "expected an output outside of the root directory").at(output.display()),
        ),
        false => Ok(()),
    }
}
