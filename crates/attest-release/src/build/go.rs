use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use super::{BuildError, Built, Missing, Workshop};
use crate::plan::{PlannedArchive, PlannedBinary, PlannedSteps};

/// What is lacking to run `go build`: it brings everything for every target itself.
pub(super) fn missing(workshop: &Workshop) -> Option<Missing> {
    match workshop.variables.find_program("go") {
        Some(_) => None,
        None => Some(Missing {
            what: "the program `go` is not installed".to_owned(),
            remedy: "install Go as https://go.dev/doc/install says".to_owned(),
        }),
    }
}

/// Builds `binary`, which has to be one of Go.
pub(super) fn build(
    workshop: &Workshop,
    archive: &PlannedArchive,
    binary: &PlannedBinary,
    built: &mut Built,
) -> Result<PathBuf, BuildError> {
    let output = workshop
        .scratch
        .join("go")
        .join(archive.target.hyphenated())
        .join(&binary.file);
    let variables = workshop.variables.without(is_foreign);
    let mut invocation = workshop.invocation(OsStr::new("go"), &variables);
    let PlannedSteps::Go { environment, .. } = &binary.steps else {
        unreachable!("only binaries of Go come here");
    };
    let settings = environment.iter().map(|(name, value)| (name.into(), value.into()));
    invocation.settings.extend(settings);
    // The file of `go env -w` may say the same as the variables that are left out.
    invocation.settings.push(("GOENV".into(), "off".into()));
    invocation.arguments = arguments(&binary.steps, &output);
    workshop.run(&invocation, workshop.talk)?;
    built.tools.insert("go".to_owned(), workshop.version("go", "version")?);
    Ok(output)
}

/// Variables that choose another target, or other instructions of its processor, than the configuration does.
fn is_foreign(name: &str) -> bool {
    const NAMES: [&str; 16] = [
        "GOFLAGS",
        "GOOS",
        "GOARCH",
        "GOEXPERIMENT",
        "GOFIPS140",
        "GO386",
        "GOAMD64",
        "GOARM",
        "GOARM64",
        "GOMIPS",
        "GOMIPS64",
        "GOPPC64",
        "GORISCV64",
        "GOWASM",
        "GOENV",
        "GODEBUG",
    ];
    NAMES.contains(&name)
}

fn arguments(steps: &PlannedSteps, output: &Path) -> Vec<OsString> {
    let PlannedSteps::Go {
        package, ldflags, tags, ..
    } = steps
    else {
        return Vec::new();
    };
    // The commit stands in the provenance; a stamp in the binary would depend on how the checkout was made.
    let fixed = ["build", "-trimpath", "-buildvcs=false", "-mod=readonly"];
    let mut arguments: Vec<OsString> = fixed.iter().map(Into::into).collect();
    if let Some(ldflags) = ldflags {
        arguments.push(format!("-ldflags={ldflags}").into());
    }
    if !tags.is_empty() {
        arguments.push(format!("-tags={}", tags.join(",")).into());
    }
    arguments.extend(["-o".into(), output.into(), package.into()]);
    arguments
}
