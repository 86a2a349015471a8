use std::fmt;
use std::str::FromStr;

use crate::Error;

/// Who a file of a root file system belongs to, by number. Names are never written: they differ from place to place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Owner {
    /// The user.
    pub user: u32,
    /// The group.
    pub group: u32,
}

impl Owner {
    /// User 0 and group 0.
    pub const ROOT: Self = Self { user: 0, group: 0 };
}

/// Reads `1000:1000`; without a colon, the group has the number of the user.
impl FromStr for Owner {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let (user, group) = text.split_once(':').unwrap_or((text, text));
        match (number(user), number(group)) {
            (Some(user), Some(group)) => Ok(Self { user, group }),
            _ => Err(Error::Owner { found: text.to_owned() }),
        }
    }
}

/// Without the sign that Rust would take.
fn number(text: &str) -> Option<u32> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit());
    is_plain.then(|| text.parse().ok()).flatten()
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.user, self.group)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_owner_is_two_numbers_or_one_for_both() {
        let (user, group) = (1000, 50);
        assert_eq!("1000:50".parse::<Owner>().unwrap(), Owner { user, group });
        assert_eq!("1000".parse::<Owner>().unwrap().to_string(), "1000:1000");
    }

    #[test]
    fn a_name_a_sign_and_a_number_too_large_are_rejected() {
        for text in ["", "root", "1000:", ":1", "+1", "1:2:3", "4294967296"] {
            let error = text.parse::<Owner>().unwrap_err();
            assert!(matches!(error, Error::Owner { found } if found == text));
        }
    }
}
