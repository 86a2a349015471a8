use attest_digest::Threads;

use crate::context::Environment;
use crate::failure::Failure;

/// rayon's own variable, so that one setting holds for every tool of a build.
const VARIABLE: &str = "RAYON_NUM_THREADS";

/// `--threads N`, for every verb that works in parallel: `#[command(flatten)]` it.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct ThreadsArgument {
    /// How many threads work at once [default: RAYON_NUM_THREADS, else one a core]
    #[arg(long, value_name = "N")]
    threads: Option<Threads>,
}

impl ThreadsArgument {
    /// The argument, else the environment, else what the machine has.
    pub(crate) fn resolve(&self, environment: &Environment) -> Result<Threads, Failure> {
        match (self.threads, environment.text(VARIABLE)) {
            (Some(threads), _) => Ok(threads),
            // rayon reads 0 as "choose for me".
            (None, None | Some("0")) => Ok(Threads::of_machine(std::thread::available_parallelism().ok())),
            (None, Some(text)) => text
                .parse()
                .map_err(|error| Failure::usage("threads-invalid", format_args!("{VARIABLE}: {error}"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(value: &str) -> Environment {
        std::iter::once((VARIABLE.into(), value.into())).collect()
    }

    #[test]
    fn the_argument_wins_over_the_environment() {
        let argument = ThreadsArgument {
            threads: Some("3".parse().unwrap()),
        };
        assert_eq!(argument.resolve(&environment("5")).unwrap().count().get(), 3);
    }

    #[test]
    fn the_environment_wins_over_the_machine() {
        let argument = ThreadsArgument::default();
        assert_eq!(argument.resolve(&environment("5")).unwrap().count().get(), 5);
        assert_eq!(
            argument.resolve(&environment("0")).unwrap(),
            argument.resolve(&Environment::default()).unwrap()
        );
    }

    #[test]
    fn a_variable_that_is_no_number_is_wrong_usage() {
        let failure = ThreadsArgument::default().resolve(&environment("many")).unwrap_err();
        assert_eq!(failure.code(), "threads-invalid");
        assert_eq!(
            failure.message(),
            "RAYON_NUM_THREADS: expected a whole number from 1 to 1024, found `many`"
        );
    }
}
