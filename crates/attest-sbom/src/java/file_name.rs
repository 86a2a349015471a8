//! The name of a jar in, the name and the version that it is made of out.

/// What plug-ins of Maven and Gradle and Spring Boot call further files of a version, if nobody names them otherwise. Other words
/// may as well belong to the version.
const CLASSIFIERS: [&str; 8] = [
    "jar-with-dependencies",
    "test-sources",
    "sources",
    "javadoc",
    "tests",
    "shaded",
    "all",
    "exec",
];

/// What a jar is called: `NAME-VERSION.jar` where it has a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FileName<'a> {
    /// Without the ending.
    pub(super) stem: &'a str,
    pub(super) name: &'a str,
    pub(super) version: Option<&'a str>,
}

impl<'a> FileName<'a> {
    /// Of the last part of a path.
    ///
    /// The version begins at the first hyphen before a digit, unless a word and another version with full stops come
    /// after it: those belong to the name, as in `log4j-1.2-api-2.20.0`.
    pub(super) fn of(path: &'a str) -> Self {
        let file = path.rsplit(['/', '\\']).next().unwrap_or(path);
        let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
        let hyphens = stem.match_indices('-').map(|(at, _)| at);
        let split = hyphens
            .filter(|at| *at > 0)
            .map(|at| (&stem[..at], &stem[at + 1..]))
            .find(|(_, version)| is_version(version));
        match split {
            Some((name, version)) => Self {
                stem,
                name,
                version: Some(version),
            },
            None => Self {
                stem,
                name: stem,
                version: None,
            },
        }
    }

    /// The version without what says which of several files of it this is: `1.0` of `1.0-jar-with-dependencies`.
    pub(super) fn version_without_classifier(&self) -> Option<&'a str> {
        let version = self.version?;
        let mut shorter = CLASSIFIERS
            .iter()
            .filter_map(|classifier| version.strip_suffix(classifier)?.strip_suffix('-'));
        Some(shorter.next().unwrap_or(version))
    }

    /// Whether it is what Maven would call a file of this artifact in this version, with a classifier or without, in front
    /// of it a group or not, with the moment of a snapshot or not.
    pub(super) fn is_of(&self, artifact: &str, version: Option<&str>) -> bool {
        let Some(version) = version else {
            return self.name == artifact || self.stem == artifact;
        };
        let version = version.strip_suffix("-SNAPSHOT").unwrap_or(version);
        let both = format!("{artifact}-{version}");
        let follows = |rest: &str| rest.is_empty() || rest.starts_with('-');
        if let Some(rest) = self.stem.strip_prefix(&both) {
            return follows(rest);
        }
        let ends = |name: &str| {
            name.strip_suffix(artifact)
                .is_some_and(|before| before.is_empty() || before.ends_with(['.', '-', '_']))
        };
        match self.version {
            Some(found) => ends(self.name) && found.strip_prefix(version).is_some_and(follows),
            None => self.stem == artifact,
        }
    }
}

fn is_version(text: &str) -> bool {
    let begins = |text: &str| text.starts_with(|c: char| c.is_ascii_digit());
    let mut parts = text.split('-');
    if !parts.next().is_some_and(begins) {
        return false;
    }
    let mut after_word = false;
    for part in parts {
        if begins(part) && part.contains('.') && after_word {
            return false;
        }
        after_word |= !begins(part);
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_begins_at_a_digit() {
        for (file, name, version) in [
            ("lib/gson-2.2.4.jar", "gson", Some("2.2.4")),
            ("zstd-jni-1.5.5-4.jar", "zstd-jni", Some("1.5.5-4")),
            ("json4s-ast_2.12-3.7.0-M11.jar", "json4s-ast_2.12", Some("3.7.0-M11")),
            ("log4j-1.2-api-2.20.0.jar", "log4j-1.2-api", Some("2.20.0")),
            ("a-1.0-beta-2.jar", "a", Some("1.0-beta-2")),
            ("a-1.0-20200101.123456-1.jar", "a", Some("1.0-20200101.123456-1")),
            (
                "netty-4.1.96.Final-linux-x86_64.jar",
                "netty",
                Some("4.1.96.Final-linux-x86_64"),
            ),
            ("app.jar", "app", None),
            ("log4j-api.jar", "log4j-api", None),
            ("-1.jar", "-1", None),
        ] {
            let found = FileName::of(file);
            assert_eq!((found.name, found.version), (name, version), "{file}");
        }
    }

    #[test]
    fn a_classifier_is_no_part_of_the_version() {
        for (file, expected) in [
            ("tabula-1.0.5-jar-with-dependencies.jar", Some("1.0.5")),
            ("kernel-0.19.0-944-all.jar", Some("0.19.0-944")),
            ("a-1.0-test-sources.jar", Some("1.0")),
            ("a-1.0-tests.jar", Some("1.0")),
            ("a-1.0-install.jar", Some("1.0-install")),
            ("a-1.0.overall.jar", Some("1.0.overall")),
            ("a-all.jar", None),
        ] {
            assert_eq!(FileName::of(file).version_without_classifier(), expected, "{file}");
        }
    }

    #[test]
    fn a_file_is_known_by_its_artifact_and_version() {
        for (file, artifact, version, expected) in [
            ("a-1.0.jar", "a", "1.0", true),
            ("a-1.0-linux.jar", "a", "1.0", true),
            ("a-1.0.1.jar", "a", "1.0.1", true),
            ("a-1.01.jar", "a", "1.0", false),
            ("a-1.0.1.jar", "a", "1.0", false),
            ("org.example.a-1.0.jar", "a", "1.0", true),
            ("ba-1.0.jar", "a", "1.0", false),
            ("a-1.0-20200101.123456-1.jar", "a", "1.0-SNAPSHOT", true),
            ("a-1.0-SNAPSHOT.jar", "a", "1.0-SNAPSHOT", true),
            ("a-2.0.jar", "a", "1.0", false),
            ("a.jar", "a", "1.0", true),
            ("b.jar", "a", "1.0", false),
        ] {
            assert_eq!(FileName::of(file).is_of(artifact, Some(version)), expected, "{file}");
        }
    }
}
