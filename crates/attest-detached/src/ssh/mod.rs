//! SSH signatures: OpenSSH's `PROTOCOL.sshsig`, and the keys that ssh-keygen(1) reads.

mod allowed_signers;
mod key;
mod line;
mod pattern;
mod signature;
mod wire;

pub(crate) use allowed_signers::SshKeys;
pub(crate) use signature::SshSignature;
