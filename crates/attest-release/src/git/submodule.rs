use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::GitError;
use super::objects::Objects;
use super::program::Program;
use super::repository::Place;
use super::store::Store;
use super::tree::{Mode, TreeEntry};

/// The most that `.gitmodules` may hold, in bytes: some hundred lines are usual.
const MAX_MODULES_BYTES: u64 = 1 << 20;

/// Where a superproject says which submodule lies where.
const MODULES: &[u8] = b".gitmodules";

/// The names of the submodules of one commit, by their paths.
#[derive(Debug, Default)]
pub(super) struct Names(BTreeMap<Vec<u8>, String>);

impl Names {
    /// Reads the committed `.gitmodules`, if there is one.
    pub(super) fn of(store: &Store, objects: &mut Objects, entries: &[TreeEntry]) -> Result<Self, GitError> {
        let is_file = |entry: &&TreeEntry| matches!(entry.mode, Mode::File | Mode::Executable);
        let Some(file) = entries.iter().filter(is_file).find(|entry| entry.path == MODULES) else {
            return Ok(Self::default());
        };
        // Read once for its size alone, so that git never sees a file without bounds.
        objects.read(&file.object, "blob", ("bytes in `.gitmodules`", MAX_MODULES_BYTES))?;
        let blob = format!("--blob={}", file.object);
        let listing = store.answer(&["config", &blob, "-z", "--list"])?;
        Ok(Self::parse(&listing))
    }

    /// Reads `<key> LF <value> NUL`. A name that leads out of the place where git keeps submodules is no name.
    fn parse(listing: &[u8]) -> Self {
        let records = listing.split(|byte| *byte == 0);
        let named = records.filter_map(|record| {
            let end = record.iter().position(|byte| *byte == b'\n')?;
            let key = std::str::from_utf8(&record[..end]).ok()?;
            let name = key.strip_prefix("submodule.")?.strip_suffix(".path")?;
            let leads_out = name.split(['/', '\\']).any(|part| matches!(part, "" | "." | ".."));
            (!leads_out).then(|| (record[end + 1..].to_owned(), name.to_owned()))
        });
        Self(named.collect())
    }

    /// The repository of the submodule at `path`: where git keeps those of `superproject`, else where it is checked out.
    pub(super) fn locate(&self, path: &Path, raw: &[u8], superproject: &Place) -> Result<Option<Place>, GitError> {
        if let Some(name) = self.0.get(raw) {
            let kept = superproject.common.join("modules").join(name);
            if kept.join("HEAD").is_file() {
                return Ok(Some(Place::of_git_directory(&superproject.git, kept)));
            }
        }
        let Some(checked_out) = superproject.top.as_ref().map(|top| top.join(path)) else {
            return Ok(None);
        };
        // Without this git would look further up and find the superproject.
        match checked_out.join(".git").exists() {
            true => Place::of_directory(superproject.git.in_directory(&checked_out)).map(Some),
            false => Ok(None),
        }
    }
}

impl Place {
    fn of_git_directory(git: &Program, common: PathBuf) -> Self {
        let git = git.in_directory(&common).with_settings([("GIT_DIR", common.clone())]);
        Self {
            objects: common.join("objects"),
            git,
            common,
            top: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_by_their_paths_and_none_leads_out() {
        let listing = b"submodule.lib/a.path\nvendor/a\0submodule.lib/a.url\n../a\0submodule.../../x.path\nb\0\
            submodule.c/../d.path\nc\0core.path\nd\0submodule.empty.path\0";
        let names = Names::parse(listing);
        let expected = BTreeMap::from([(b"vendor/a".to_vec(), "lib/a".to_owned())]);
        assert_eq!(names.0, expected);
    }
}
