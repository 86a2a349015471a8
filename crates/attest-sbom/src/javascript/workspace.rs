use glob::{MatchOptions, Pattern};

/// The folders of a workspace, by the patterns in a manifest.
///
/// A later pattern goes before an earlier one, and one that begins with `!` takes folders out again.
#[derive(Debug)]
pub(super) struct Workspace {
    patterns: Vec<(Pattern, bool)>,
}

/// Enough for every workspace, and bounds what braces can make of one line.
const MAX_PATTERNS: usize = 1000;

/// `*` stays inside of one name.
const OPTIONS: MatchOptions = MatchOptions {
    case_sensitive: true,
    require_literal_separator: true,
    require_literal_leading_dot: false,
};

impl Workspace {
    pub(super) fn new<'p>(patterns: impl Iterator<Item = &'p str>) -> Self {
        let mut found = Vec::new();
        for pattern in patterns {
            let (pattern, is_in) = match pattern.strip_prefix('!') {
                Some(rest) => (rest, false),
                None => (pattern, true),
            };
            let pattern = pattern.trim_start_matches("./").trim_end_matches('/');
            for one in without_braces(pattern) {
                // A pattern that cannot be read matches nothing, as with npm.
                found.extend(Pattern::new(&one).ok().map(|one| (one, is_in)));
            }
            found.truncate(MAX_PATTERNS);
        }
        Self { patterns: found }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.patterns.is_empty()
    }

    /// Whether a folder, relative to the manifest, belongs to the workspace.
    pub(super) fn has(&self, folder: &str) -> bool {
        let mut patterns = self.patterns.iter().rev();
        let last = patterns.find(|(pattern, _)| pattern.matches_with(folder, OPTIONS));
        !folder.is_empty() && last.is_some_and(|(_, is_in)| *is_in)
    }
}

/// `a/{b,c}` as `a/b` and `a/c`; braces in braces are left as they are.
fn without_braces(pattern: &str) -> Vec<String> {
    let mut done = Vec::new();
    let mut left = vec![pattern.to_owned()];
    while let Some(one) = left.pop() {
        let parts = one
            .split_once('{')
            .and_then(|(before, rest)| Some((before, rest.split_once('}')?)));
        match parts {
            Some((before, (choices, after))) if done.len() + left.len() < MAX_PATTERNS => {
                left.extend(
                    choices
                        .split(',')
                        .rev()
                        .map(|choice| format!("{before}{choice}{after}")),
                );
            }
            _ => done.push(one),
        }
    }
    done
}

#[cfg(test)]
mod tests {
    use super::*;

    fn has(patterns: &[&str], folder: &str) -> bool {
        Workspace::new(patterns.iter().copied()).has(folder)
    }

    #[test]
    fn folders_are_matched_as_package_managers_do() {
        for (patterns, folder, expected) in [
            (&["packages/*"][..], "packages/a", true),
            (&["packages/*"], "packages/a/b", false),
            (&["./packages/*/"], "packages/a", true),
            (&["packages/**"], "packages/a/b", true),
            (&["packages/{a,b}"], "packages/b", true),
            (&["packages/{a,b}"], "packages/c", false),
            (&["packages/*", "!packages/a"], "packages/a", false),
            (&["!packages/a", "packages/*"], "packages/a", true),
            (&["a"], "a", true),
            (&["**"], "", false),
            (&["packages/[a"], "packages/a", false),
        ] {
            assert_eq!(has(patterns, folder), expected, "{patterns:?} {folder}");
        }
    }

    #[test]
    fn braces_do_not_multiply_without_end() {
        let pattern = "{a,b}".repeat(100);
        assert!(without_braces(&pattern).len() <= 2 * MAX_PATTERNS);
    }
}
