use crate::purl::vcs_address;
use crate::reference::{host_and_path, public_address};

/// Where the files of a package come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Source {
    /// A registry of npm: its name and version say which package it is.
    Registry,
    /// A repository, as a qualifier of a package URL names it; nothing for one that has no public address or no commit.
    Git(Option<String>),
    /// An archive that lies somewhere else; nothing if that is nobody's business.
    Archive(Option<String>),
    /// A folder or an archive of this machine.
    Local,
    /// A program that pnpm installs beside packages: Node.js, Deno or Bun.
    Runtime,
}

impl Source {
    /// What an address in a lock file leads to, in any of the forms that npm, Yarn and pnpm write.
    pub(super) fn of(address: &str) -> Self {
        if is_local(address) {
            return Self::Local;
        }
        if let Some(git) = git_address(address) {
            return Self::Git(qualifier(&git));
        }
        match address.starts_with("http://") || address.starts_with("https://") {
            true if is_of_registry(address) => Self::Registry,
            true => Self::Archive(archive(address)),
            false => Self::Registry,
        }
    }

    /// An archive at an address, whatever the address looks like.
    pub(super) fn of_archive(address: &str) -> Self {
        match Self::of(address) {
            Self::Registry if address.contains("://") && !is_of_registry(address) => Self::Archive(archive(address)),
            source => source,
        }
    }
}

/// The version at the end of an address in a registry: `…/-/name-1.0.0.tgz`.
pub(super) fn version_in_address<'a>(address: &'a str, name: &str) -> Option<&'a str> {
    let file = address.split(['#', '?']).next()?.rsplit_once("/-/")?.1;
    let short = name.rsplit('/').next()?;
    let file = file.rsplit('/').next()?.strip_suffix(".tgz")?;
    file.strip_prefix(short)?.strip_prefix('-')
}

fn is_local(address: &str) -> bool {
    let beginnings = ["file:", "link:", "portal:", "workspace:", "./", "../", "/", "~/"];
    beginnings.iter().any(|beginning| address.starts_with(beginning))
}

/// `…/name/-/name-1.0.0.tgz` in every registry that speaks npm's protocol, but for the one of GitHub.
fn is_of_registry(address: &str) -> bool {
    address.contains("/-/") || address.contains("://npm.pkg.github.com/download/")
}

/// The address without what could be a secret or a hash: user, password, query and fragment.
fn archive(address: &str) -> Option<String> {
    let end = address.find(['#', '?']).unwrap_or(address.len());
    public_address(&address[..end])
}

/// The address of a repository in the form `scheme://host/path#commit`.
fn git_address(address: &str) -> Option<String> {
    if let Some(rest) = address.strip_prefix("git+") {
        return Some(as_url(rest));
    }
    for (beginning, host) in [
        ("github:", "github.com"),
        ("gitlab:", "gitlab.com"),
        ("bitbucket:", "bitbucket.org"),
    ] {
        if let Some(path) = address.strip_prefix(beginning) {
            let (path, commit) = path.split_once('#').unwrap_or((path, ""));
            let path = path.trim_end_matches(".git");
            return Some(format!("https://{host}/{path}.git#{commit}"));
        }
    }
    let is_git = ["git://", "git@", "ssh://", "git:"]
        .iter()
        .any(|beginning| address.starts_with(beginning));
    let (before, fragment) = address.split_once('#').unwrap_or((address, ""));
    let is_repository = before.contains("://") && (before.ends_with(".git") || fragment.starts_with("commit="));
    (is_git || is_repository).then(|| as_url(address))
}

/// `git@host:owner/name` is how ssh writes `ssh://git@host/owner/name`.
fn as_url(address: &str) -> String {
    if address.contains("://") {
        return address.to_owned();
    }
    match address.split_once(':') {
        Some((host, path)) => format!("ssh://{host}/{path}"),
        None => address.to_owned(),
    }
}

/// `git+<address>@<commit>`, in the form of SPDX download locations.
fn qualifier(address: &str) -> Option<String> {
    let (address, fragment) = address.split_once('#')?;
    let mut parts = fragment.split('&');
    let commit = parts.find(|part| !part.contains('=') || part.starts_with("commit="))?;
    let commit = commit.strip_prefix("commit=").unwrap_or(commit);
    if commit.is_empty() || commit.contains(':') {
        return None;
    }
    match address.strip_prefix("git://") {
        // The protocol of git knows neither users nor passwords.
        Some(rest) if !rest.contains('@') => {
            let (host, path) = host_and_path(rest);
            Some(format!("git+git://{host}{path}@{commit}"))
        }
        _ => vcs_address(&format!("{address}#{commit}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

    #[test]
    fn a_repository_is_named_with_its_commit_and_without_secrets() {
        for (address, expected) in [
            (
                "git+ssh://git@example.com/a/b.git#",
                "git+ssh://git@example.com/a/b.git@",
            ),
            (
                "git+ssh://git@example.com:a/b.git#",
                "git+ssh://git@example.com:a/b.git@",
            ),
            (
                "git+https://user:secret@example.com/a/b.git#",
                "git+https://example.com/a/b.git@",
            ),
            ("git://example.com/a/b.git#", "git+git://example.com/a/b.git@"),
            ("git@example.com:a/b.git#", "git+ssh://git@example.com/a/b.git@"),
            ("github:a/b#", "git+https://github.com/a/b.git@"),
            (
                "https://example.com/a/b.git#commit=",
                "git+https://example.com/a/b.git@",
            ),
            ("https://example.com/a/b#commit=", "git+https://example.com/a/b@"),
            (
                "ssh://git:secret@example.com/a/b#workspace=c&commit=",
                "git+ssh://git@example.com/a/b@",
            ),
        ] {
            let expected = Some(format!("{expected}{COMMIT}"));
            assert_eq!(
                Source::of(&format!("{address}{COMMIT}")),
                Source::Git(expected),
                "{address}"
            );
        }
        let source = Source::of(&format!("git+https://example.com/a/b.git#{COMMIT}&path:/c"));
        assert_eq!(
            source,
            Source::Git(Some(format!("git+https://example.com/a/b.git@{COMMIT}")))
        );
    }

    #[test]
    fn a_repository_without_public_address_or_commit_is_not_named() {
        for address in [
            "git+file:///home/x/b#0123",
            "git+https://example.com/a/b.git",
            "git+https://example.com/a/b.git#semver:^1.0.0",
        ] {
            assert_eq!(Source::of(address), Source::Git(None), "{address}");
        }
    }

    #[test]
    fn an_archive_is_named_without_its_query() {
        let source = Source::of("https://user:secret@example.com/b.tgz?token=secret#0123");
        assert_eq!(source, Source::Archive(Some("https://example.com/b.tgz".to_owned())));
    }

    #[test]
    fn an_address_in_a_registry_ends_with_the_version() {
        for (address, name, expected) in [
            (
                "https://example.com/@a/b/-/b-1.0.0-rc.1.tgz#0123",
                "@a/b",
                Some("1.0.0-rc.1"),
            ),
            ("https://example.com/b/-/b-1.0.0.tgz", "c", None),
            ("https://example.com/b-1.0.0.tgz", "b", None),
        ] {
            assert_eq!(version_in_address(address, name), expected, "{address}");
        }
    }

    #[test]
    fn registries_and_folders_need_no_address() {
        for address in [
            "https://npm.example.org/a/-/a-1.0.0.tgz",
            "https://npm.example.com/api/npm/x/@a/b/-/b-1.0.0.tgz#0123",
            "https://npm.pkg.github.com/download/@a/b/1.0.0/0123",
            "a-1.0.0.tgz#0123",
            "",
        ] {
            assert_eq!(Source::of(address), Source::Registry, "{address}");
        }
        for address in ["file:../b", "link:./b", "../b", "/home/x/b.tgz"] {
            assert_eq!(Source::of(address), Source::Local, "{address}");
        }
    }
}
