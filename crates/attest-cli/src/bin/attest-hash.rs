//! Digests of files and trees; lists of them checked. The same as `attest hash`.

use std::process::ExitCode;

fn main() -> ExitCode {
    attest_cli::main(Some("hash"))
}
