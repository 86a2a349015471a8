//! Which package a jar itself is: one of those that Maven left its files of, or whatever its name says.

use super::inside::Jar;
use super::{Coordinates, FileName};

/// Where a version stands in a manifest.
const VERSIONS: [&str; 2] = ["implementation-version", "bundle-version"];

/// Who made it, in a manifest; who wrote the specification only where nobody else is named.
const VENDORS: [&str; 4] = [
    "implementation-vendor",
    "bundle-vendor",
    "implementation-vendor-id",
    "specification-vendor",
];

/// The place in [`Jar::packages`] of the package that the jar is; nothing if all of them were copied into it.
///
/// It is the one that the file is called after; where the file was given a name without a version, the one that the
/// manifest names, or the only one; and the only one that has the version of the file.
pub(super) fn own(jar: &Jar) -> Option<usize> {
    let file = FileName::of(&jar.place);
    if is_of_android(jar) {
        return None;
    }
    let packages = || jar.packages.iter().map(|package| &package.coordinates).enumerate();
    let called = packages().filter(|(_, package)| file.is_of(package.artifact(), package.version()));
    if let Some((place, _)) = called.max_by_key(|(place, package)| (package.artifact().len(), usize::MAX - place)) {
        return Some(place);
    }
    let mut all = packages();
    match (all.next(), all.next(), file.version) {
        (Some((place, only)), None, Some(version)) => begins(version, only.version()).then_some(place),
        (Some((place, _)), None, None) => Some(place),
        (_, _, None) => packages()
            .find(|(_, package)| is_titled(jar, package))
            .map(|(place, _)| place),
        _ => None,
    }
}

/// Whether a file has this version, with a classifier after it or without.
fn begins(of_file: &str, version: Option<&str>) -> bool {
    let rest = version.and_then(|version| of_file.strip_prefix(version));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
}

/// The classes of an Android library, with whatever was copied into them.
pub(super) fn is_of_android(jar: &Jar) -> bool {
    jar.place.ends_with("!/classes.jar")
}

fn is_titled(jar: &Jar, package: &Coordinates) -> bool {
    let title = jar.manifest.attribute("implementation-title");
    let version = jar.manifest.attribute("implementation-version");
    title == Some(package.artifact()) && version.is_some() && version == package.version()
}

/// The version of a jar that no file of Maven describes: that of its name without a classifier, else that of its manifest.
pub(super) fn version<'a>(jar: &'a Jar, file: FileName<'a>) -> Option<&'a str> {
    let of_manifest = || jar.manifest.first(&VERSIONS)?.split_whitespace().next();
    file.version_without_classifier().or_else(of_manifest)
}

/// Who made a jar that no file of Maven describes: the vendor of its manifest, else the name space of its classes, of its
/// bundle, of its module or of the class that it begins with.
pub(super) fn vendor(jar: &Jar) -> Option<String> {
    let vendor = jar.manifest.first(&VENDORS).map(str::to_owned);
    let bundle = jar.manifest.attribute("bundle-symbolicname");
    let module = jar.manifest.attribute("automatic-module-name");
    vendor
        .or_else(|| jar.name_space.clone().filter(|space| space.contains('.')))
        .or_else(|| bundle.and_then(above))
        .or_else(|| module.and_then(above))
        .or_else(|| first_class(jar).and_then(package_of))
}

/// What begins a program that was packed by others first calls their code; then it says in another place where its own is.
const LAUNCHERS: [&str; 3] = [
    "org.springframework.boot.loader.",
    "org.eclipse.jdt.internal.jarinjarloader.",
    "com.simontuffs.onejar.",
];

const FIRST_CLASSES: [&str; 3] = ["start-class", "rsrc-main-class", "main-class"];

fn first_class(jar: &Jar) -> Option<&str> {
    let class = jar.manifest.first(&FIRST_CLASSES)?;
    let is_launcher = LAUNCHERS.iter().any(|launcher| class.starts_with(launcher));
    (!is_launcher).then_some(class)
}

/// The package of a class, if it is more than a top-level domain.
fn package_of(class: &str) -> Option<String> {
    let (package, _) = class.rsplit_once('.')?;
    package.contains('.').then(|| package.to_owned())
}

/// Where nobody is named, the project whose release a file is by its name: `NAME-VERSION.jar` is what Maven, Ivy and Gradle call
/// what a project of this name released. Another file may have any name.
pub(super) fn project(file: FileName<'_>) -> Option<String> {
    file.version.map(|_| file.name.to_owned())
}

/// The name that a name lies in, if it has a domain: `org.example` of `org.example.app`. What follows a semicolon are
/// directives.
fn above(name: &str) -> Option<String> {
    let name = name.split(';').next()?.trim();
    match name.split('.').count() {
        0 | 1 => None,
        2 => Some(name.to_owned()),
        _ => name.rsplit_once('.').map(|(above, _)| above.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_a_version_or_another_one() {
        assert!(begins("1.3", Some("1.3")));
        assert!(begins("1.3-spec", Some("1.3")));
        assert!(!begins("1.3.1", Some("1.3")));
        assert!(!begins("1.3", None));
    }

    #[test]
    fn a_class_lies_in_a_package_with_a_domain_or_in_nothing() {
        for (class, expected) in [
            ("org.example.app.Main", Some("org.example.app")),
            ("example.Main", None),
            ("Main", None),
            ("", None),
        ] {
            assert_eq!(package_of(class).as_deref(), expected, "{class}");
        }
    }

    #[test]
    fn a_name_lies_in_a_domain_or_in_nothing() {
        for (name, expected) in [
            ("org.example.app;singleton:=true", Some("org.example")),
            ("org.example", Some("org.example")),
            ("derby", None),
        ] {
            assert_eq!(above(name).as_deref(), expected, "{name}");
        }
    }
}
