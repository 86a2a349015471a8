use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::Secret;

/// Who one is to a registry.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Credential {
    /// Nobody.
    Anonymous,
    /// A name and a password.
    Password { user: String, password: Secret },
    /// A token that the registry's token service exchanges for others.
    Identity(Secret),
    /// A token that the registry takes as it is.
    Bearer(Secret),
}

impl Credential {
    /// The value of an `Authorization` header by RFC 7617.
    pub(super) fn basic(&self) -> Option<Secret> {
        match self {
            Self::Password { user, password } => {
                let pair = Secret::new(format!("{user}:{}", password.expose()));
                Some(Secret::new(format!("Basic {}", STANDARD.encode(pair.expose()))))
            }
            _ => None,
        }
    }
}

/// Who, and never with what.
impl fmt::Display for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Anonymous => f.write_str("without credentials"),
            Self::Password { user, .. } => write!(f, "as `{user}`"),
            Self::Identity(_) => f.write_str("with an identity token"),
            Self::Bearer(_) => f.write_str("with a registry token"),
        }
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Credential({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_shown_by_nothing_but_its_header() {
        let credential = Credential::Password {
            user: "someone".to_owned(),
            password: Secret::new("s3cret"),
        };
        assert_eq!(format!("{credential:?}"), "Credential(as `someone`)");
        assert_eq!(credential.basic().unwrap().expose(), "Basic c29tZW9uZTpzM2NyZXQ=");
        assert_eq!(Credential::Anonymous.basic(), None);
    }
}
