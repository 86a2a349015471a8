//! Every verb as a process: one test binary, one module a verb.

mod command;
mod layering;
