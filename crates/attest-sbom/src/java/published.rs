//! A package in, the licence that its publisher states in the manifests which all of its packages continue out.
//!
//! Manifests in jars often name no licence, because one does that they continue and that lies in no jar: it is published
//! beside them. The table has what those say, of publishers who release everything below a name under one licence. What is
//! published in a version does not change, so a licence that changed has the version from which it holds.

mod table;

use self::table::{CHANGED, OTHERWISE, UNIFORM};
use super::coordinates::Coordinates;

/// The expression of SPDX that the publisher of a package states for it; nothing of those who are not known.
pub(super) fn licence(package: &Coordinates) -> Option<&'static str> {
    let (group, artifact) = package.name();
    let own = format!("{group}:{artifact}");
    match of_name(&own, package.version()) {
        Stated::Unknown => of_name_space(group, package.version()),
        stated => stated.expression(),
    }
}

/// The same of the classes of a jar, by the name that they share. Classes of a specification are published by whoever
/// implements it, so their name does not tell the publisher.
pub(super) fn of_classes(name_space: &str, version: Option<&str>) -> Option<&'static str> {
    let is_of_specification = ["jakarta", "javax"].contains(&name_space.split('.').next()?);
    if is_of_specification {
        return None;
    }
    of_name_space(name_space, version)
}

/// The same of a group.
pub(super) fn of_name_space(name_space: &str, version: Option<&str>) -> Option<&'static str> {
    let mut names = std::iter::successors(Some(name_space), |name| name.rsplit_once('.').map(|(above, _)| above));
    let stated = names.find_map(|name| match of_name(name, version) {
        Stated::Unknown => None,
        stated => Some(stated),
    });
    stated?.expression()
}

/// What the table has for one name.
enum Stated {
    /// Nothing: what lies above it may be there.
    Unknown,
    /// That what lies above it does not hold.
    Otherwise,
    As(&'static str),
}

impl Stated {
    fn expression(self) -> Option<&'static str> {
        match self {
            Self::As(expression) => Some(expression),
            Self::Unknown | Self::Otherwise => None,
        }
    }
}

fn of_name(name: &str, version: Option<&str>) -> Stated {
    if OTHERWISE.contains(&name) {
        return Stated::Otherwise;
    }
    if let Some((_, changes)) = CHANGED.iter().find(|(changed, _)| *changed == name) {
        let version = version.map(numbers).unwrap_or_default();
        let mut before = changes.iter().rev().filter(|(from, _)| numbers(from) <= version);
        return match before.next() {
            Some((_, expression)) if !expression.is_empty() => Stated::As(expression),
            _ => Stated::Otherwise,
        };
    }
    let uniform = UNIFORM.iter().find(|(_, names)| names.contains(&name));
    uniform.map_or(Stated::Unknown, |(expression, _)| Stated::As(expression))
}

/// The numbers at the beginning of a version: `9.4.57` of `9.4.57.v20241219`.
fn numbers(version: &str) -> Vec<u64> {
    let parts = version.split(['.', '-']);
    parts.map_while(|part| part.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::table::JAKARTA;
    use super::*;

    fn stated(group: &str, artifact: &str, version: &str) -> Option<&'static str> {
        licence(&Coordinates::new(group, artifact, Some(version)).unwrap())
    }

    #[test]
    fn the_nearest_name_counts() {
        for (group, artifact, version, expected) in [
            ("org.apache.commons", "commons-parent", "52", Some("Apache-2.0")),
            ("org.apache", "apache", "18", Some("Apache-2.0")),
            ("org.apacheextra", "a", "1", None),
            ("org.slf4j", "slf4j-api", "1.7.36", Some("MIT")),
            ("org.slf4j", "jcl-over-slf4j", "1.7.36", Some("Apache-2.0")),
            ("org.springframework", "spring-core", "6", Some("Apache-2.0")),
            ("org.springframework.boot", "spring-boot-starter-parent", "3.2.0", None),
            ("com.example", "app", "1", None),
            ("io.vertx", "vertx-parent", "13", None),
            ("io.vertx", "vertx-core", "4.5.0", Some("Apache-2.0 OR EPL-2.0")),
            ("org.bouncycastle", "bcpg-jdk18on", "1.78", None),
            ("org.apache.servicemix.bundles", "a", "1", None),
        ] {
            assert_eq!(stated(group, artifact, version), expected, "{group}:{artifact}");
        }
    }

    #[test]
    fn a_licence_that_changed_depends_on_the_version() {
        let jetty = |version: &str| stated("org.eclipse.jetty", "jetty-project", version);
        assert_eq!(jetty("9.4.57.v20241219"), Some("Apache-2.0 OR EPL-1.0"));
        assert_eq!(jetty("12.0.34"), Some("Apache-2.0 OR EPL-2.0"));
        assert_eq!(jetty("debian"), None);
        assert_eq!(
            stated("org.eclipse.jetty.ee10", "jetty-ee10", "12.0.34"),
            jetty("12.0.34")
        );
        assert_eq!(stated("org.eclipse.jetty.toolchain", "jetty-schemas", "5.2"), None);
        assert_eq!(
            stated("com.sun.activation", "all", "1.2.0"),
            Some("CDDL-1.1 OR GPL-2.0-only WITH Classpath-exception-2.0")
        );
        assert_eq!(stated("com.sun.activation", "all", "1.2.2"), Some("BSD-3-Clause"));
    }

    #[test]
    fn before_the_version_that_has_a_licence_there_is_none() {
        for (group, artifact, before, from, expected) in [
            ("io.grpc", "grpc-core", "1.4.0", "1.5.0", "Apache-2.0"),
            (
                "org.hibernate",
                "hibernate-validator",
                "3.1.0.GA",
                "4.0.0.GA",
                "Apache-2.0",
            ),
            (
                "org.jboss.logging",
                "jboss-logging",
                "3.1.1.GA",
                "3.1.2.GA",
                "Apache-2.0",
            ),
            ("org.objenesis", "objenesis", "1.0", "1.2", "Apache-2.0"),
            (
                "org.rocksdb",
                "rocksdbjni",
                "5.1.4",
                "6.0.1",
                "Apache-2.0 OR GPL-2.0-only",
            ),
            (
                "org.scala-lang.modules",
                "scala-collection-compat_2.12",
                "2.1.6",
                "2.9.0",
                "Apache-2.0",
            ),
        ] {
            assert_eq!(stated(group, artifact, before), None, "{group} {before}");
            assert_eq!(stated(group, artifact, from), Some(expected), "{group} {from}");
        }
    }

    #[test]
    fn the_classes_of_a_jar_have_the_licence_of_their_name() {
        assert_eq!(
            of_classes("org.apache.derby.shared", Some("10.16.1.1")),
            Some("Apache-2.0")
        );
        assert_eq!(of_classes("okhttp3", None), Some("Apache-2.0"));
        assert_eq!(of_classes("org", Some("1")), None);
    }

    #[test]
    fn classes_of_a_specification_or_from_before_a_licence_have_none() {
        assert_eq!(of_name_space("jakarta.servlet", Some("6.0.0")), Some(JAKARTA));
        assert_eq!(of_classes("jakarta.servlet", Some("6.0.0")), None);
        assert_eq!(of_classes("javax.mail", Some("1.6.2")), None);
        assert_eq!(of_classes("org.apache.oro.text", Some("2.0.8")), None);
        assert_eq!(of_classes("org.apache.log4j", Some("1.2.8")), None);
        assert_eq!(of_classes("org.apache.log4j", None), None);
        assert_eq!(of_classes("org.apache.log4j", Some("1.2.17")), Some("Apache-2.0"));
    }

    #[test]
    fn the_table_has_each_name_once_and_only_expressions() {
        let mut names = BTreeSet::new();
        for (expression, uniform) in UNIFORM {
            assert!(crate::licence::canonical(expression).is_some(), "{expression}");
            for name in *uniform {
                assert!(names.insert(*name), "{name}");
            }
        }
        for name in OTHERWISE {
            assert!(names.insert(*name), "{name}");
        }
        for (name, changes) in CHANGED {
            assert!(names.insert(*name), "{name}");
            assert!(
                changes
                    .iter()
                    .all(|(_, expression)| expression.is_empty() || crate::licence::canonical(expression).is_some())
            );
            assert!(changes.is_sorted_by_key(|(from, _)| numbers(from)), "{name}");
        }
    }
}
