//! The front door: every verb of the toolkit.

use std::process::ExitCode;

fn main() -> ExitCode {
    attest_cli::main(None)
}
