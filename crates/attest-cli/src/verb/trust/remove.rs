use super::print;
use crate::context::Context;
use crate::exit::Outcome;
use crate::failure::Failure;
use crate::trust::{self, Directory, Instance};

/// Forget what was fetched of an instance; what is built in counts again
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Which instances
    #[arg(value_name = "INSTANCE", required = true)]
    instances: Vec<Instance>,
}

pub(super) fn run(arguments: &Arguments, context: &mut Context<'_>) -> Result<Outcome, Failure> {
    let directory = Directory::of(&context.environment);
    for instance in &arguments.instances {
        let cache = directory.cache(*instance)?;
        let removed = cache
            .remove()
            .map_err(|error| trust::failure(&error, *instance, &cache))?;
        let word = match removed {
            true => "forgotten",
            false => "nothing was known",
        };
        print(context, format_args!("{}: {word}", instance.name()))?;
    }
    Ok(Outcome::Accepted)
}
