//! A lock of Gradle in, its packages and the configurations that hold them out.
//!
//! Source: Gradle user guide, "Locking Versions": `group:artifact:version=configuration,…`, and `empty=configuration,…` for
//! those that hold nothing. Before Gradle 7, a file for each configuration in `gradle/dependency-locks`, without `=`.

use std::collections::BTreeMap;

use super::configuration::{Configuration, Use};
use crate::Gap;
use crate::java::coordinates::Coordinates;

/// A lock.
#[derive(Debug, Default)]
pub(super) struct Lock {
    pub(super) packages: BTreeMap<Coordinates, Vec<Configuration>>,
    has_main: bool,
}

/// The configuration that a file of Gradle before 7 is the lock of.
pub(super) fn configuration_of_path(path: &str) -> Option<&str> {
    let (directory, name) = path.rsplit_once('/')?;
    let is_there = directory == "gradle/dependency-locks" || directory.ends_with("/gradle/dependency-locks");
    name.strip_suffix(".lockfile").filter(|_| is_there)
}

impl Lock {
    /// Reads what can be read; a line that is none is a gap.
    pub(super) fn parse(path: &str, text: &str) -> (Self, Option<Gap>) {
        let name = path.rsplit('/').next().unwrap_or(path);
        let all = match configuration_of_path(path) {
            Some(configuration) => Some(Configuration::of(configuration)),
            // What a build script needs runs in the build.
            None if name != super::LOCK => Some(Configuration {
                usage: Use::Development,
            }),
            None => None,
        };
        let mut lock = Self::default();
        let mut damaged = Vec::new();
        let mut known = BTreeMap::new();
        for (number, line) in text.lines().enumerate() {
            let line = line.trim();
            if !line.is_empty() && !line.starts_with('#') && lock.line(line, all, &mut known).is_none() {
                damaged.push(number + 1);
            }
        }
        let gap = damaged.first().map(|line| {
            let more = damaged.len();
            let detail = format!("expected `GROUP:ARTIFACT:VERSION=CONFIGURATIONS`, found something else on {more} lines, first on line {line}");
            Gap::new("damaged", path, detail)
        });
        (lock, gap)
    }

    /// Whether it knows a class path of the program, even an empty one.
    pub(super) fn has_main(&self) -> bool {
        self.has_main
    }

    /// `known` has the configurations of the lines before, which are mostly the same.
    fn line<'t>(
        &mut self,
        line: &'t str,
        all: Option<Configuration>,
        known: &mut BTreeMap<&'t str, Vec<Configuration>>,
    ) -> Option<()> {
        let (package, configurations) = match line.split_once('=') {
            Some((package, configurations)) => (package, configurations),
            None => (line, all.map(|_| "")?),
        };
        let configurations = known.entry(configurations).or_insert_with(|| match all {
            Some(configuration) => vec![configuration],
            None => configurations
                .split(',')
                .map(|name| Configuration::of(name.trim()))
                .collect(),
        });
        self.has_main |= configurations
            .iter()
            .any(|configuration| configuration.usage == Use::Main);
        if package == "empty" {
            return Some(());
        }
        let mut parts = package.splitn(3, ':');
        let (group, artifact, version) = (parts.next()?, parts.next()?, parts.next()?);
        let coordinates = Coordinates::new(group, artifact, Some(version))?;
        coordinates.version()?;
        let held = self.packages.entry(coordinates).or_default();
        held.extend(configurations.iter().copied());
        held.sort_unstable();
        held.dedup();
        Some(())
    }
}
