//! SLSA provenance of files. The same as `attest provenance`.

use std::process::ExitCode;

fn main() -> ExitCode {
    attest_cli::main(Some("provenance"))
}
