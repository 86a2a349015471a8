//! Every verb as a process: one test binary, one module a verb.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod bench;
mod command;
mod config;
mod fixtures;
mod formats;
mod hash;
mod hash_coreutils;
mod hash_limits;
mod hash_output;
mod hash_page;
mod hash_stream;
mod identity;
mod init;
mod inspect;
mod key;
mod layering;
mod manifest;
mod mutation;
mod pack;
mod protocol;
mod provenance;
mod readme;
mod rejections;
mod release;
mod sandbox;
mod sbom;
mod sign;
mod sign_defer;
mod sign_guards;
mod sign_key;
mod signed_release;
mod trust;
mod unsafety;
mod verify;
mod verify_build;
mod verify_detached;
mod verify_key;
mod verify_lists;
mod verify_log;
mod verify_older;
mod verify_output;
mod verify_signature;
mod verify_subjects;
mod verify_tree;
