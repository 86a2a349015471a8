use attest_net::{GITHUB_TRUSTED_ROOT, PUBLIC_GOOD_TRUSTED_ROOT, TrustAnchor};

/// The instances of Sigstore that this program keeps trust of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub(crate) enum Instance {
    /// The public-good instance of Sigstore.
    PublicGood,
    /// The instance of GitHub, for attestations of private repositories.
    Github,
    /// The one that `attest trust init` was pointed at.
    Private,
}

impl Instance {
    /// How it is called on the command line, in documents and in the names of files.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::PublicGood => "public-good",
            Self::Github => "github",
            Self::Private => "private",
        }
    }

    /// For people.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::PublicGood => "the public-good instance of Sigstore",
            Self::Github => "the instance of GitHub",
            Self::Private => "the private instance",
        }
    }

    /// Where trust in it begins; none for an instance of which that is not built in.
    pub(crate) fn anchor(self) -> Option<TrustAnchor> {
        match self {
            Self::PublicGood => Some(TrustAnchor::public_good()),
            Self::Github => Some(TrustAnchor::github()),
            Self::Private => None,
        }
    }

    /// The trusted root that is built in.
    pub(crate) fn embedded(self) -> Option<&'static str> {
        match self {
            Self::PublicGood => Some(PUBLIC_GOOD_TRUSTED_ROOT),
            Self::Github => Some(GITHUB_TRUSTED_ROOT),
            Self::Private => None,
        }
    }
}
