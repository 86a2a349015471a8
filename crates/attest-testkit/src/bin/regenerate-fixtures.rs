//! Writes every fixture into the directory that is named.

use std::path::PathBuf;
use std::process::ExitCode;

fn main() -> ExitCode {
    let Some(directory) = std::env::args_os().nth(1).map(PathBuf::from) else {
        return ExitCode::from(2);
    };
    let written = attest_testkit::write_fixtures(&directory)
        .and_then(|()| attest_testkit::write_conformance(&directory.join("conformance")));
    match written {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = std::io::Write::write_fmt(&mut std::io::stderr(), format_args!("error: {error}\n"));
            ExitCode::from(3)
        }
    }
}
