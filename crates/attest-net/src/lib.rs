//! The only crate with sockets: identity, certificate authority, log and timestamp clients.
