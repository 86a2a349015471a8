use super::ChartError;
use super::glob::Glob;

/// Which files of a chart's directory are left out: the rules of `.helmignore`, as Helm follows them
/// (<https://helm.sh/docs/chart_template_guide/helm_ignore_file/>, `pkg/ignore`).
///
/// They look like those of git and are not. The first rule that matches decides; a rule with `!` leaves out everything that it
/// does not match; a rule without `/` is about names, wherever they are; `**` is refused.
#[derive(Debug, Clone)]
pub(super) struct IgnoreRules(Vec<Rule>);

#[derive(Debug, Clone)]
struct Rule {
    is_negated: bool,
    is_for_directories: bool,
    is_for_paths: bool,
    glob: Glob,
}

/// The name of the file with the rules.
pub(super) const FILE_NAME: &str = ".helmignore";

/// The most bytes of rules that are read: real ones have a few hundred.
pub(super) const MAX_BYTES: u64 = 64 << 10;

/// What Helm leaves out of every chart.
const DEFAULT_RULE: &str = "templates/.?*";

impl IgnoreRules {
    /// Reads the rules, and adds those that always hold.
    ///
    /// # Errors
    /// [`ChartError::IgnoreRule`] for a rule that Helm would refuse.
    pub(super) fn parse(text: &str) -> Result<Self, ChartError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut rules = Vec::new();
        for (number, line) in text.lines().chain([DEFAULT_RULE]).enumerate() {
            let line = line.trim();
            if !line.is_empty() && !line.starts_with('#') {
                let rule = Rule::parse(line).ok_or_else(|| ChartError::IgnoreRule {
                    line: number + 1,
                    found: line.to_owned(),
                });
                rules.push(rule?);
            }
        }
        Ok(Self(rules))
    }

    /// Whether the file or directory at `path`, below the chart's own, is left out. What lies in a directory goes with it.
    pub(super) fn leaves_out(&self, path: &str, is_directory: bool) -> bool {
        for rule in &self.0 {
            let applies = is_directory || !rule.is_for_directories;
            let matches = applies && rule.matches(path);
            if matches != rule.is_negated {
                return true;
            }
        }
        false
    }
}

impl Rule {
    fn parse(line: &str) -> Option<Self> {
        if line.contains("**") {
            return None;
        }
        let (is_negated, rest) = without(line.strip_prefix('!'), line);
        let (is_for_directories, rest) = without(rest.strip_suffix('/'), rest);
        let (is_anchored, pattern) = without(rest.strip_prefix('/'), rest);
        // Helm asks whether the whole line is a pattern, signs included.
        Glob::parse(line)?;
        Some(Self {
            is_negated,
            is_for_directories,
            is_for_paths: is_anchored || pattern.contains('/'),
            glob: Glob::parse(pattern)?,
        })
    }

    fn matches(&self, path: &str) -> bool {
        let name = path.rsplit('/').next().unwrap_or(path);
        self.glob.matches(if self.is_for_paths { path } else { name })
    }
}

fn without<'a>(stripped: Option<&'a str>, whole: &'a str) -> (bool, &'a str) {
    (stripped.is_some(), stripped.unwrap_or(whole))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaves_out(rules: &str, path: &str, is_directory: bool) -> bool {
        IgnoreRules::parse(rules).unwrap().leaves_out(path, is_directory)
    }

    #[test]
    fn rules_are_about_names_paths_and_directories() {
        for (rules, path, is_directory) in [
            ("a.txt", "a.txt", false),
            ("a.txt", "deep/down/a.txt", false),
            ("*.txt", "b/a.txt", false),
            ("/a.txt", "a.txt", false),
            ("b/*.txt", "b/a.txt", false),
            ("ci/", "ci", true),
            ("/ci/", "ci", true),
            ("  # no\n\n  x  \r\n", "x", false),
            ("\u{feff}x", "x", false),
            ("", "templates/.hidden", false),
        ] {
            assert!(leaves_out(rules, path, is_directory), "{rules} {path}");
        }
        for (rules, path, is_directory) in [
            ("/a.txt", "b/a.txt", false),
            ("b/*.txt", "c/b/a.txt", false),
            ("ci/", "ci", false),
            ("#x", "#x", false),
            ("", "templates/_helpers.tpl", false),
            ("", "templates/.", false),
            ("", "sub/templates/.hidden", false),
            ("", ".hidden", false),
        ] {
            assert!(!leaves_out(rules, path, is_directory), "{rules} {path}");
        }
    }

    #[test]
    fn a_negated_rule_leaves_out_what_it_does_not_match() {
        let rules = "a*\n!*.yaml";
        assert!(leaves_out(rules, "notes.txt", false));
        assert!(!leaves_out(rules, "values.yaml", false));
        // The first rule that matches decides: what was left out before stays out.
        assert!(leaves_out(rules, "a.yaml", false));
        assert!(leaves_out("!ci/", "file", false));
        assert!(!leaves_out("!ci/", "ci", true));
    }

    #[test]
    fn what_helm_refuses_is_refused_with_its_line() {
        for rule in ["**/x", "[a", "a\\"] {
            let error = IgnoreRules::parse(&format!("# words\n{rule}\n")).unwrap_err();
            let ChartError::IgnoreRule { line: 2, found } = error else {
                panic!("{error}")
            };
            assert_eq!(found, rule);
        }
    }
}
