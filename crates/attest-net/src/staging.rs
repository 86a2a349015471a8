//! The staging instance of Sigstore, as it was when this program was built. It is for trying things out: its keys and its
//! log are worth nothing.

/// The trust root, as JSON. Source: `trusted_root.json` of the TUF repository of `sigstage.dev`.
pub const STAGING_TRUSTED_ROOT: &str = sigstore_trust_root::SIGSTORE_STAGING_TRUSTED_ROOT;

/// The services, as JSON. Source: `signing_config.v0.2.json` of the same repository.
pub const STAGING_SIGNING_CONFIG: &str = sigstore_trust_root::SIGSTORE_STAGING_SIGNING_CONFIG;
