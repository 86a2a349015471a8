//! URLs in, the ports of `attest-sign` out. The only crate that opens a connection.
//!
//! | module | speaks to |
//! |---|---|
//! | [`SigningConfig`] | nobody: it says which services of an instance to use |
//! | [`Sigstore`] | Fulcio v2, Rekor v1 and v2, RFC 3161 timestamp authorities |
//! | [`Identity`] | whoever issues identity tokens to a CI job |
//! | [`Login`] | an OpenID Connect provider, for a person with a browser |
//! | [`registry::Client`] | OCI registries |
//! | [`PackageRegistry`] | a registry of packages, when somebody asks for licences |
//! | [`TrustCache`] | a repository of The Update Framework, when it is updated; nobody, when it is read |
//!
//! Synchronous outside, private runtimes inside. Only `https`, except to the loopback interface; redirects are followed only where
//! a registry sends a blob from elsewhere, and then without credentials; every answer has a limit; what is worth trying again is
//! tried again within a stated budget.
//! Time is a parameter. Nothing here is needed to verify.

mod endpoint;
mod error;
mod fulcio;
mod http;
mod identity;
mod oauth;
mod package_registry;
mod program;
pub mod registry;
mod rekor;
mod retry;
mod secret;
mod selection;
mod signing_config;
mod sigstore;
mod staging;
mod timestamp;
mod tuf;

pub use attest_sign::RekorVersion;
pub use endpoint::Endpoint;
pub use error::{Error, Service};
pub use http::{Http, HttpOptions};
pub use identity::{AgentCommand, Identity, IdentitySource};
pub use oauth::{DevicePrompt, Login, LoginClient, Person, RedirectUrl};
pub use package_registry::PackageRegistry;
pub use secret::Secret;
pub use selection::{Choice, Services, Wanted};
pub use signing_config::{Selector, SigningConfig};
pub use sigstore::Sigstore;
pub use staging::{STAGING_SIGNING_CONFIG, STAGING_TRUSTED_ROOT};
pub use tuf::{
    EMBEDDED_AS_OF, GITHUB_TRUSTED_ROOT, ListedAuthority, ListedCertificate, ListedLog, PUBLIC_GOOD_TRUSTED_ROOT,
    TrustAnchor, TrustCache, TrustListing, TrustMaterial, TrustUpdate, TufError, TufVersions, Updated, Window,
};
