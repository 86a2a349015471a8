//! `attest sbom` as a program of its own.

use std::process::ExitCode;

fn main() -> ExitCode {
    attest_cli::main(Some("sbom"))
}
