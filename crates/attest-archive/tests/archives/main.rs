//! Archives as others see them: written here, read back by libraries and by the programs of this machine.

#![expect(clippy::unwrap_used, reason = "tests")]
#![expect(clippy::print_stdout, reason = "a test that is skipped says why")]

mod batch;
mod canary;
mod compare;
mod determinism;
mod divergent;
mod extract;
mod failure;
mod foreign;
mod golden;
mod hostile;
mod made_wheel;
mod python_sdist;
mod python_wheel;
mod raw_tar;
mod raw_zip;
mod read_back;
mod read_tar;
mod read_zip;
mod tree;
mod wheel_problems;
