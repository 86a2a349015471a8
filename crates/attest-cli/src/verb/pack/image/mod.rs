//! `attest pack image`: programs or root directories in, an OCI image layout out.

mod arguments;
pub(crate) mod layouts;
pub(in crate::verb) mod refusal;
mod report;
mod roots;
mod standard;

use attest_archive::image::{Destination, ImageRecipe, write_image};

pub(super) use arguments::Arguments;
use layouts::Opened;
use refusal::refusal;
use report::Report;

use super::date;
use crate::context::Context;
use crate::exit::Outcome;
use crate::failure::Failure;

pub(super) fn run(arguments: &Arguments, context: &mut Context<'_>) -> Result<Outcome, Failure> {
    arguments.refuse_nothing()?;
    let date = date::find(&arguments.source_directory(), &context.environment)?;
    let threads = arguments.threads.resolve(&context.environment)?;
    let base = arguments.base.as_ref();
    let base = base
        .map(|base| Opened::open_base(base, arguments, context))
        .transpose()?;
    let taken = arguments.from_layout.iter().map(Opened::open);
    let taken = taken.collect::<Result<Vec<_>, _>>()?;
    let destination = Destination::of(&arguments.output, arguments.replace);
    let recipe = ImageRecipe {
        roots: roots::read(arguments, context)?,
        base: base.as_ref().map(|base| base.base(arguments.base_name.as_ref())),
        taken: taken.iter().map(Opened::taken).collect(),
        attached: Vec::new(),
        settings: arguments.settings(date.value),
        annotations: arguments.annotations(date.value),
        tags: arguments.tag.iter().cloned().collect(),
        compression: arguments.layer_compression,
        source_date: date.value,
        threads: threads.count(),
    };
    let output = &arguments.output;
    let written = write_image(&recipe, destination).map_err(|error| refusal(&error, output, output))?;
    if let Some(replaced) = &written.left_behind {
        context.say(format_args!(
            "warning: the layout that was replaced cannot be removed; it is `{}` now",
            replaced.display().to_string().escape_debug()
        ));
    }
    let report = Report {
        path: output,
        recipe: &recipe,
        date: &date,
        written: &written,
    };
    report.print(arguments.format, context)?;
    Ok(Outcome::Accepted)
}
