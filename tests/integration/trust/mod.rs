//! `attest trust`, and whom the other verbs believe because of it.

mod attacks;
mod instance;
mod offline;
mod repository;
mod together;
