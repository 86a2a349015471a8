/// Why there is no provenance.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A CI system says that it runs, but not what has to be known of it.
    #[error("expected {system} to set the variable `{variable}`, found none")]
    MissingVariable {
        /// Who should have set it.
        system: &'static str,
        /// Which one.
        variable: &'static str,
    },
    /// A variable or claim has a value that cannot be what it should say.
    #[error("expected {expected} in `{variable}`, found `{found}`")]
    UnusableVariable {
        /// Which one.
        variable: &'static str,
        /// What belongs there.
        expected: &'static str,
        /// What was found.
        found: String,
    },
    /// An identity token lacks a claim.
    #[error("expected the claim `{claim}` in the identity token, found none")]
    MissingClaim {
        /// Which one.
        claim: &'static str,
    },
    /// A text is no URI.
    #[error("expected a URI for {what}, found `{found}`")]
    NotAUri {
        /// What it is for.
        what: &'static str,
        /// The text that was found.
        found: String,
    },
    /// A field of a predicate is missing or has another type.
    #[error("expected SLSA provenance v1: {detail}")]
    Malformed {
        /// What the reader says.
        detail: String,
    },
    /// Provenance says one thing in two ways, which differ: one would hide the other.
    #[error("expected one {field}, found `{first}` and `{second}`")]
    Contradiction {
        /// What is said twice.
        field: &'static str,
        /// What is said first.
        first: String,
        /// What is said otherwise.
        second: String,
    },
    /// A resource is neither named by a URI nor pinned by a digest.
    #[error("expected a URI, a digest or content for resource `{name}`, found none")]
    EmptyResource {
        /// Its name.
        name: String,
    },
    /// The build type knows exactly which parameters there are, and this is none of them.
    #[error("build type `{build_type}` has no external parameter `{parameter}`")]
    ForeignParameter {
        /// The build type.
        build_type: String,
        /// The parameter.
        parameter: String,
    },
    /// A build type says that a CI system runs that does not.
    #[error("build type `{build_type}` describes {expected}, found {found}")]
    ForeignBuildType {
        /// The build type.
        build_type: String,
        /// Which system it is for.
        expected: &'static str,
        /// Which system runs.
        found: &'static str,
    },
}
