use crate::reference::host_and_path;

/// Where a package comes from, as far as an input says it and the package URL does not. It is never written.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Origin {
    /// The package URL says all that is known.
    #[default]
    Unsaid,
    /// A registry at this host.
    Registry(String),
    /// A folder, a repository or an archive: a registry may have another package of this name.
    Elsewhere,
}

impl Origin {
    /// A registry at an address; of one that cannot be understood it is not known whose package it hands out.
    pub(crate) fn registry(address: &str) -> Self {
        host(address).map_or(Self::Elsewhere, Self::Registry)
    }
}

/// The host of an address, without port, in lower case.
pub(crate) fn host(address: &str) -> Option<String> {
    let (scheme, rest) = address.trim().split_once("://")?;
    let is_web = matches!(scheme.rsplit('+').next(), Some("http" | "https"));
    let (host, _) = host_and_path(rest);
    let host = match host.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => host,
    };
    (is_web && !host.is_empty()).then(|| host.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_of_an_address_is_without_user_and_port() {
        for (address, expected) in [
            ("https://npm.example.com/a/-/a-1.tgz", Some("npm.example.com")),
            (
                "sparse+https://u:p@Index.Example.com:8443/simple?x#y",
                Some("index.example.com"),
            ),
            ("http://[::1]:80/", Some("[::1]")),
            ("https://[::1]/", Some("[::1]")),
            ("file:///home/x/index", None),
            ("https:///x", None),
            ("a-1.0.0.tgz", None),
        ] {
            assert_eq!(host(address).as_deref(), expected, "{address}");
        }
        assert_eq!(Origin::registry("../wheels"), Origin::Elsewhere);
    }

    #[test]
    fn of_two_origins_the_one_that_keeps_a_name_here_counts() {
        let at = Origin::Registry("example.com".to_owned());
        assert_eq!(Origin::Unsaid.max(at.clone()), at);
        assert_eq!(at.max(Origin::Elsewhere), Origin::Elsewhere);
    }
}
