//! An [`Environment`] and facts about a build in, SLSA [`Provenance`] out.
//!
//! The environment is a value: it is made from variables, or from the claims of an identity token, that the caller read.
//! What cannot be known is left out, not invented; a CI system that does not say what it has to say is an error and not a
//! local build. Nothing here reads a file, a variable or the clock.
//!
//! The way back as well: [`BuildClaims`] of provenance that **was verified** in, a [`Mismatch`] with what was asked for out.
//!
//! | build type | when | described in |
//! |---|---|---|
//! | [`RELEASE`] | `attest release` made everything itself | `docs/buildtypes/release-v1.md` |
//! | [`GITHUB_WORKFLOW`] | files of a GitHub Actions job | <https://actions.github.io/buildtypes/workflow/v1> |
//! | [`FILES`] | files of any other place | `docs/buildtypes/files-v1.md` |

mod environment;
mod error;
mod files;
mod github;
mod gitlab;
mod predicate;
mod release;
mod run;
mod source;
mod uri;
mod verification;

pub use environment::Environment;
pub use error::Error;
pub use files::{FILES, Files};
pub use github::{GITHUB_WORKFLOW, GithubActions};
pub use gitlab::GitlabCi;
pub use predicate::{BuildDefinition, Builder, Provenance, ResourceDescriptor, RunDetails, RunMetadata};
pub use release::{RELEASE, Release};
pub use run::{LOCAL_BUILDER, Run};
pub use source::Source;
pub use uri::{Uri, repository_uri};
pub use verification::{
    BuildClaims, BuildExpectation, BuildLevel, BuildSigner, InvalidRoots, Mismatch, RootsOfTrust, SourceClaim,
};
