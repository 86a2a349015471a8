use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use crate::link::refuse_escape;
use crate::path::{is_rooted_on_windows, steps_up};
use crate::{Error, Kind, Member, MemberPath, walk};

/// The most members that one archive takes: far above any release, and bounds what a hostile tree can make us hold.
pub const MAX_MEMBERS: usize = 1_000_000;

/// The members of an archive: sorted by the bytes of their paths, each path once, every parent directory there, every
/// symbolic link inside.
///
/// A clone takes no memory of its own until it is changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Members(Arc<BTreeMap<MemberPath, Member>>);

/// Two paths that are one on a file system that ignores case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseCollision {
    /// The path that sorts first.
    pub first: MemberPath,
    /// The other.
    pub second: MemberPath,
}

impl Members {
    /// Sorts and checks members. Parent directories need not be named, and a directory may be named more than once.
    ///
    /// # Errors
    /// [`Error::Duplicate`], [`Error::NotADirectory`], [`Error::LeadsOutOnWindows`], [`Error::LinkEscapes`],
    /// [`Error::LinkLoop`] or [`Error::TooManyMembers`].
    pub fn new(members: impl IntoIterator<Item = Member>) -> Result<Self, Error> {
        Self::default().with(members)
    }

    /// Reads a directory, not following symbolic links, and puts what it holds below `prefix`, or at the top.
    ///
    /// Nothing is left out, hidden files included. A file is executable when anybody may execute it; nothing else of its
    /// mode, owner, times or further names is looked at.
    ///
    /// # Errors
    /// As for [`Members::new`]; also [`Error::SpecialFile`], [`Error::NotUtf8`], [`Error::Path`], [`Error::Read`].
    pub fn from_directory(directory: &Path, prefix: Option<&MemberPath>) -> Result<Self, Error> {
        Self::new(walk::members_below(directory, prefix)?)
    }

    /// Reads a directory as the root of a file system: its symbolic links may lead anywhere, and are not looked after.
    pub(crate) fn from_root(directory: &Path) -> Result<Self, Error> {
        let mut members = Self::default();
        for member in walk::root_members(directory)? {
            members.insert(member)?;
        }
        Ok(members)
    }

    /// These members and some more.
    ///
    /// # Errors
    /// As for [`Members::new`].
    pub fn with(mut self, more: impl IntoIterator<Item = Member>) -> Result<Self, Error> {
        for member in more {
            self.insert(member)?;
        }
        for (path, member) in &*self.0 {
            if let Kind::Symlink { target } = member.kind() {
                refuse_escape(&self.0, path, target)?;
            }
        }
        Ok(self)
    }

    /// These members without the one at `path`, and without what lies below it.
    #[must_use]
    pub fn without(mut self, path: &MemberPath) -> Self {
        let below = format!("{path}/");
        Arc::make_mut(&mut self.0).retain(|other, _| other != path && !other.as_str().starts_with(&below));
        self
    }

    /// Whether one is a clone of the other, and neither was changed since.
    pub(crate) fn is_clone_of(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// The members, in their order.
    pub fn iter(&self) -> impl Iterator<Item = &Member> {
        self.0.values()
    }

    /// The member at `path`, if there is one.
    #[must_use]
    pub fn at(&self, path: &MemberPath) -> Option<&Member> {
        self.0.get(path)
    }

    /// How many members there are, directories included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Paths that would overwrite each other on a file system that ignores case. Allowed, but worth a warning.
    #[must_use]
    pub fn case_collisions(&self) -> Vec<CaseCollision> {
        let mut folded: BTreeMap<String, &MemberPath> = BTreeMap::new();
        let mut collisions = Vec::new();
        for path in self.0.keys() {
            if let Some(first) = folded.get(&path.as_str().to_lowercase()) {
                let (first, second) = ((*first).clone(), path.clone());
                collisions.push(CaseCollision { first, second });
            } else {
                folded.insert(path.as_str().to_lowercase(), path);
            }
        }
        collisions
    }

    fn insert(&mut self, member: Member) -> Result<(), Error> {
        if is_rooted_on_windows(member.path().as_str()) || steps_up(member.path().as_str()) {
            let path = member.path().clone();
            return Err(Error::LeadsOutOnWindows { path });
        }
        self.imply_parents(member.path())?;
        let path = member.path().clone();
        match (self.0.get(&path).map(Member::kind), member.kind()) {
            (None, _) => {
                if self.0.len() == MAX_MEMBERS {
                    return Err(Error::TooManyMembers { limit: MAX_MEMBERS });
                }
                Arc::make_mut(&mut self.0).insert(path, member);
                Ok(())
            }
            (Some(Kind::Directory), Kind::Directory) => Ok(()),
            (Some(Kind::Directory), _) if self.below(&path).is_some() => Err(Error::NotADirectory {
                below: self.below(&path).unwrap_or(&path).clone(),
                path,
            }),
            _ => Err(Error::Duplicate { path }),
        }
    }

    fn imply_parents(&mut self, path: &MemberPath) -> Result<(), Error> {
        let mut parent = path.parent();
        while let Some(directory) = parent {
            parent = directory.parent();
            match self.0.get(&directory).map(Member::kind) {
                // Its own parents were put in with it.
                Some(Kind::Directory) => return Ok(()),
                Some(_) => {
                    let (path, below) = (directory, path.clone());
                    return Err(Error::NotADirectory { path, below });
                }
                None => {
                    Arc::make_mut(&mut self.0).insert(directory.clone(), Member::directory(directory));
                }
            }
        }
        Ok(())
    }

    fn below(&self, path: &MemberPath) -> Option<&MemberPath> {
        let start = format!("{path}/");
        self.0.keys().find(|other| other.as_str().starts_with(&start))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Content;

    fn file(path: &str) -> Member {
        Member::file(path.parse().unwrap(), Content::Bytes(Vec::new()), false)
    }

    fn directory(path: &str) -> Member {
        Member::directory(path.parse().unwrap())
    }

    fn paths(members: &Members) -> Vec<&str> {
        members.iter().map(|member| member.path().as_str()).collect()
    }

    #[test]
    fn members_are_sorted_by_their_bytes_and_parents_are_implied() {
        let members = Members::new([file("b/c/d"), file("a.txt"), file("a/b"), file("B")]).unwrap();
        assert_eq!(paths(&members), ["B", "a", "a.txt", "a/b", "b", "b/c", "b/c/d"]);
    }

    #[test]
    fn a_directory_may_be_named_twice_and_a_file_may_not() {
        let members = Members::new([file("a/b"), directory("a"), directory("a")]).unwrap();
        assert_eq!(paths(&members), ["a", "a/b"]);
        let error = Members::new([file("a"), file("a")]).unwrap_err();
        assert_eq!(error.to_string(), "`a` is given twice");
    }

    #[test]
    fn a_file_where_a_directory_is_needed_is_rejected_in_either_order() {
        for members in [[file("a"), file("a/b")], [file("a/b"), file("a")]] {
            let error = Members::new(members).unwrap_err();
            assert_eq!(error.to_string(), "`a` is not a directory, but `a/b` lies below it");
        }
        let link = Member::symlink("a".parse().unwrap(), "c").unwrap();
        let error = Members::new([link, file("a/b")]).unwrap_err();
        assert!(matches!(error, Error::NotADirectory { .. }));
    }

    #[test]
    fn a_path_that_leads_out_on_windows_is_rejected() {
        for path in [
            "..\\a",
            "a\\..\\..\\b",
            "a/..\\b",
            "\\a",
            "\\\\host\\a",
            "C:\\a",
            "c:a",
            "C:/a",
        ] {
            let error = Members::new([file(path)]).unwrap_err();
            assert!(matches!(error, Error::LeadsOutOnWindows { path: found } if found.as_str() == path));
        }
        for path in ["a\\b", "a/C:x", "a..\\b", "ab:c", "a/\\b"] {
            assert!(Members::new([file(path)]).is_ok(), "{path}");
        }
    }

    #[test]
    fn names_that_differ_only_in_case_are_listed() {
        let members = Members::new([file("README"), file("Readme"), file("other")]).unwrap();
        let first = "README".parse().unwrap();
        let second = "Readme".parse().unwrap();
        assert_eq!(members.case_collisions(), [CaseCollision { first, second }]);
    }

    #[test]
    fn taking_a_directory_out_takes_out_what_lies_below() {
        let members = Members::new([file("a/b"), file("a.txt")]).unwrap();
        assert_eq!(paths(&members.without(&"a".parse().unwrap())), ["a.txt"]);
    }
}
