//! Arguments in, exit codes out: the front end of every binary of the toolkit.
//!
//! This is the only place that reads the environment, the arguments and the clock, and the only one that prints. Each verb
//! is a module under [`verb`]: it turns its arguments into a call of a library crate and renders what comes back. Data goes
//! to stdout, everything else to stderr.

mod answer;
mod arguments;
mod builder_note;
mod causes;
mod context;
mod exit;
mod failure;
mod git_failure;
mod image;
mod input_file;
mod keyless;
mod open_files;
mod output_file;
mod predicate_type;
mod process;
mod progress;
mod registry;
mod shell;
mod signing_key;
mod threads;
mod tree;
mod trust;
pub mod verb;
mod visible;
mod wall_clock;
mod watch;

pub use context::{Context, Environment};
pub use exit::Outcome;
pub use failure::{Failure, FailureClass};
pub use process::main;
