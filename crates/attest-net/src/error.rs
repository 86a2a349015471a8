use std::fmt;
use std::path::PathBuf;

use jiff::Timestamp;

/// A service that signing needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Service {
    /// The certificate authority.
    Fulcio,
    /// The transparency log.
    Rekor,
    /// The RFC 3161 timestamp authority.
    TimestampAuthority,
    /// Whoever issues identity tokens.
    IdentityProvider,
    /// A repository of The Update Framework.
    TrustRepository,
    /// A registry of packages.
    PackageRegistry,
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fulcio => "Fulcio",
            Self::Rekor => "Rekor",
            Self::TimestampAuthority => "timestamp authority",
            Self::IdentityProvider => "identity provider",
            Self::TrustRepository => "trust repository",
            Self::PackageRegistry => "package registry",
        })
    }
}

/// Why a service did not help.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A URL cannot be used.
    #[error("expected {expected}, found `{url}`")]
    Url {
        /// What would do.
        expected: &'static str,
        /// What was given.
        url: String,
    },
    /// The service could not be reached, or stopped in the middle.
    #[error("{service} at {url} cannot be reached ({}): {detail}", tried(*attempts))]
    Unreachable {
        /// Which service.
        service: Service,
        /// Where.
        url: String,
        /// How often it was tried.
        attempts: u32,
        /// What happened the last time.
        detail: String,
    },
    /// The service answered with an error.
    #[error("{service} at {url} answered {status} ({}): {message}", tried(*attempts))]
    Status {
        /// Which service.
        service: Service,
        /// Where.
        url: String,
        /// The HTTP status.
        status: u16,
        /// How often it was tried.
        attempts: u32,
        /// What the body says.
        message: String,
    },
    /// The service answered with more than is read.
    #[error("expected at most {limit} bytes from {service} at {url}, found more")]
    TooLarge {
        /// Which service.
        service: Service,
        /// Where.
        url: String,
        /// The bound, in bytes.
        limit: usize,
    },
    /// The service answered with something else than was asked for.
    #[error("expected {expected} from {service} at {url}, found {found}")]
    Answer {
        /// Which service.
        service: Service,
        /// Where.
        url: String,
        /// What was asked for.
        expected: &'static str,
        /// What came back.
        found: String,
    },
    /// The HTTP client cannot be set up.
    #[error("no HTTP client: {detail}")]
    Client {
        /// What happened.
        detail: String,
    },
    /// The signing configuration is malformed.
    #[error("expected {expected} in the signing configuration, found {found}")]
    SigningConfig {
        /// What belongs there.
        expected: &'static str,
        /// What stands there.
        found: String,
    },
    /// The signing configuration lists no service that can be used.
    #[error(
        "expected a {service} service that is valid at {now} and speaks version {versions}, found none in the signing configuration"
    )]
    NoService {
        /// Which service.
        service: Service,
        /// The moment.
        now: Timestamp,
        /// The versions that would do.
        versions: String,
    },
    /// The signing configuration asks for more services than it lists.
    #[error(
        "expected {wanted} {service} services of different operators, as the signing configuration demands, found {found}"
    )]
    TooFew {
        /// Which service.
        service: Service,
        /// How many are demanded.
        wanted: usize,
        /// How many there are.
        found: usize,
    },
    /// Neither a log nor a timestamp authority would sign the time.
    #[error(
        "expected a timestamp authority in the signing configuration, because no log of Rekor v1 signs the time, found none"
    )]
    NoTimestampAuthority,
    /// The identity token has run out.
    #[error("expected an identity token that is good at {now}, found one that expired at {expiry}")]
    TokenExpired {
        /// The moment.
        now: Timestamp,
        /// When it expired.
        expiry: Timestamp,
    },
    /// The identity token is for somebody else.
    #[error("expected an identity token for the audience `{expected}`, found one for `{found}`")]
    TokenAudience {
        /// For whom it has to be.
        expected: String,
        /// For whom it is.
        found: String,
    },
    /// A file with an identity token cannot be read.
    #[error("cannot read the identity token: {detail}")]
    TokenFile {
        /// What happened.
        detail: String,
    },
    /// The program of a platform gave no identity token.
    #[error("`{}` gave no identity token: {detail}", program.display())]
    Agent {
        /// Which program.
        program: PathBuf,
        /// What happened; never what it printed as a token.
        detail: String,
    },
    /// A claim of the token that a login gave is not what was asked for.
    #[error("expected claim `{claim}` of the identity token to be `{expected}`, found `{found}`")]
    TokenClaim {
        /// The name of the claim.
        claim: &'static str,
        /// What was asked for.
        expected: String,
        /// What came back.
        found: String,
    },
    /// The address to which a browser is to come back cannot be used.
    #[error("expected {expected} as the address to come back to, found `{url}`")]
    RedirectUrl {
        /// What would do.
        expected: &'static str,
        /// What was given.
        url: String,
    },
    /// Nothing can be waited for on this machine.
    #[error("cannot wait for the browser at `{url}`: {detail}")]
    Listen {
        /// Where.
        url: String,
        /// What the system said.
        detail: String,
    },
    /// The identity provider cannot do what this login needs.
    #[error("{issuer} offers no {missing}")]
    LoginUnavailable {
        /// Which provider.
        issuer: String,
        /// What it lacks.
        missing: &'static str,
    },
    /// The identity provider, or the person, said no.
    #[error("{issuer} refused the login with `{code}`{}", because(description))]
    LoginRefused {
        /// Which provider.
        issuer: String,
        /// The error code of RFC 6749 or RFC 8628.
        code: String,
        /// What the provider says about it.
        description: String,
    },
    /// Nobody came back from the browser.
    #[error("nobody logged in within {seconds} seconds")]
    LoginTimedOut {
        /// How long it was waited.
        seconds: u64,
    },
}

fn because(description: &str) -> String {
    match description {
        "" => String::new(),
        description => format!(": {description}"),
    }
}

fn tried(attempts: u32) -> String {
    match attempts {
        1 => "tried once".to_owned(),
        attempts => format!("tried {attempts} times"),
    }
}
