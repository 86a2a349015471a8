use std::collections::BTreeMap;

use crate::path::leads_out_on_windows;
use crate::{Error, Kind, MAX_PATH_BYTES, Member, MemberPath};

/// The most links that are followed from one: as many as Linux follows (`MAXSYMLINKS`).
const MAX_HOPS: usize = 40;

/// Where a symbolic link leads: a relative path, which may hold `..`; in the root of a file system, any path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkTarget(String);

impl LinkTarget {
    pub(crate) fn parse(path: &MemberPath, target: &str) -> Result<Self, Error> {
        Self::unless(target.starts_with('/'), path, target)
    }

    /// A target in a root file system, where `/` is the root, and `..` does not lead out of it.
    pub(crate) fn in_root(path: &MemberPath, target: &str) -> Result<Self, Error> {
        Self::unless(false, path, target)
    }

    fn unless(is_refused: bool, path: &MemberPath, target: &str) -> Result<Self, Error> {
        let is_valid = !is_refused && !target.is_empty() && !target.contains('\0') && target.len() <= MAX_PATH_BYTES;
        match is_valid {
            true => Ok(Self(target.to_owned())),
            false => Err(Error::InvalidLink {
                path: path.clone(),
                target: target.to_owned(),
            }),
        }
    }

    /// The target as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Follows the link at `path` as a file system would, other links on the way included, and refuses to leave the archive.
///
/// Reading `..` off the text alone is not enough: after `a/b/up -> ..`, the target `a/b/up/../..` is outside.
pub(crate) fn refuse_escape(
    members: &BTreeMap<MemberPath, Member>,
    path: &MemberPath,
    target: &LinkTarget,
) -> Result<(), Error> {
    let escapes = || Error::LinkEscapes {
        path: path.clone(),
        target: target.0.clone(),
    };
    if leads_out_on_windows(&target.0) {
        return Err(escapes());
    }
    let mut place: Vec<&str> = path.components().collect();
    place.pop();
    let mut ahead: Vec<&str> = target.0.split('/').rev().collect();
    let mut hops = 1;
    while let Some(component) = ahead.pop() {
        match component {
            "" | "." => continue,
            ".." if place.pop().is_none() => return Err(escapes()),
            ".." => continue,
            name => place.push(name),
        }
        if let Some(next) = link_at(members, &place) {
            hops += 1;
            if hops > MAX_HOPS {
                let (path, limit) = (path.clone(), MAX_HOPS);
                return Err(Error::LinkLoop { path, limit });
            }
            place.pop();
            ahead.extend(next.0.split('/').rev());
        }
    }
    Ok(())
}

fn link_at<'a>(members: &'a BTreeMap<MemberPath, Member>, place: &[&str]) -> Option<&'a LinkTarget> {
    let path: MemberPath = place.join("/").parse().ok()?;
    match members.get(&path)?.kind() {
        Kind::Symlink { target } => Some(target),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::{Error, Member, Members};

    fn members(links: &[(&str, &str)]) -> Result<Members, Error> {
        let links = links
            .iter()
            .map(|(path, target)| Member::symlink(path.parse().unwrap(), target));
        Members::new(links.collect::<Result<Vec<_>, _>>()?)
    }

    #[test]
    fn a_link_that_stays_inside_is_accepted_even_if_it_dangles() {
        for target in ["missing", "../x", "..", "./../b//c", "../d/../e"] {
            assert!(members(&[("d/link", target)]).is_ok(), "{target}");
        }
    }

    #[test]
    fn a_link_that_leaves_is_rejected() {
        for target in ["../..", "../../d", "x/../../../y"] {
            let error = members(&[("d/link", target)]).unwrap_err();
            assert!(matches!(error, Error::LinkEscapes { .. }), "{target}: {error}");
        }
    }

    #[test]
    fn a_link_that_leaves_on_windows_is_rejected() {
        for target in ["..\\..\\x", "a\\..\\..\\x", "\\x", "C:\\x", "c:x"] {
            let error = members(&[("d/link", target)]).unwrap_err();
            assert!(matches!(error, Error::LinkEscapes { .. }), "{target}: {error}");
        }
        for target in ["a\\b", "x..\\y", "ab:c", "./C:x"] {
            assert!(members(&[("d/link", target)]).is_ok(), "{target}");
        }
    }

    #[test]
    fn a_link_that_leaves_through_another_link_is_rejected() {
        let error = members(&[("a/b/up", ".."), ("out", "a/b/up/../..")]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "symbolic link `out` leads out of the archive: its target is `a/b/up/../..`"
        );
        assert!(members(&[("a/b/up", ".."), ("in", "a/b/up/..")]).is_ok());
    }

    #[test]
    fn an_absolute_empty_or_overlong_target_is_rejected() {
        for target in ["/etc/passwd", "", "a\0b", &"a".repeat(4097)] {
            let error = members(&[("link", target)]).unwrap_err();
            assert!(matches!(error, Error::InvalidLink { .. }), "{error}");
        }
    }

    #[test]
    fn links_that_lead_to_each_other_are_rejected() {
        let error = members(&[("a", "b"), ("b", "a")]).unwrap_err();
        assert!(matches!(error, Error::LinkLoop { limit: 40, .. }));
    }
}
