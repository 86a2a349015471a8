use serde_json::Value;

use crate::tree::Memory;
use crate::{Metadata, Options, Root, scan};

const RELEASE: &str = "ID=debian\nVERSION_ID=\"12\"\n";

fn scanned(files: Vec<(&str, &str)>) -> (Value, Vec<String>) {
    let inventory = scan(&Memory::new(files), &Options::default()).unwrap();
    let gaps = inventory.gaps().map(|gap| gap.code().to_owned()).collect();
    let bom = inventory.document(&Root::default(), &Metadata::default()).unwrap();
    (serde_json::from_slice(&bom.to_json()).unwrap(), gaps)
}

fn purls(document: &Value) -> Vec<&str> {
    let components = document["components"].as_array().unwrap();
    components
        .iter()
        .filter_map(|component| component["purl"].as_str())
        .collect()
}

fn needs<'a>(document: &'a Value, reference: &str) -> Vec<&'a str> {
    let all = document["dependencies"].as_array().unwrap();
    let one = all.iter().find(|one| one["ref"] == reference).unwrap();
    one["dependsOn"]
        .as_array()
        .unwrap()
        .iter()
        .map(|to| to.as_str().unwrap())
        .collect()
}

fn paragraph(name: &str, more: &str) -> String {
    format!("Package: {name}\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1:1.0+b1-2\n{more}\n")
}

#[test]
fn a_package_is_named_with_epoch_architecture_and_distribution() {
    let status = paragraph("a", "Maintainer: A Team <a@example.com>\nSource: src (2.0)\n");
    let (document, gaps) = scanned(vec![("var/lib/dpkg/status", &status), ("usr/lib/os-release", RELEASE)]);
    assert_eq!(
        purls(&document),
        ["pkg:deb/debian/a@1:1.0%2Bb1-2?arch=amd64&distro=debian-12"]
    );
    let component = &document["components"][0];
    assert_eq!(component["supplier"]["name"], "A Team");
    assert_eq!(component["properties"][0]["value"], "src (2.0)");
    let root = &document["metadata"]["component"];
    assert_eq!(
        (root["type"].as_str(), root["name"].as_str()),
        (Some("operating-system"), Some("debian"))
    );
    assert_eq!(root["evidence"]["occurrences"][1]["location"], "var/lib/dpkg/status");
    assert!(gaps.is_empty());
}

#[test]
fn only_what_is_installed_is_listed() {
    let of = |name: &str, state: &str| paragraph(name, "").replace("install ok installed", state);
    let status = [
        of("a", "install ok installed"),
        of("b", "deinstall ok config-files"),
        of("c", "install ok triggers-pending"),
        of("d", "purge ok not-installed"),
        of("e", "install reinstreq half-installed"),
        of("f", "install ok unpacked"),
        "Package: g\nStatus: install ok installed\n\n".to_owned(),
    ]
    .join("\n");
    let (document, gaps) = scanned(vec![("var/lib/dpkg/status", &status), ("etc/os-release", RELEASE)]);
    let names: Vec<_> = document["components"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["a", "c", "f"]);
    assert_eq!(gaps, ["damaged", "half-installed"]);
}

#[test]
fn every_installed_package_that_satisfies_an_alternative_is_needed() {
    let status = [
        paragraph(
            "app",
            "Depends: mta | postfix,\n libc6 (>= 2.36), python3:any\nPre-Depends: dpkg (>= 1), missing\n",
        ),
        paragraph("exim", "Provides: mta, mail-reader (= 2)\n"),
        paragraph("postfix", "Provides: mta\n"),
        paragraph("libc6", ""),
        paragraph("python3", ""),
        paragraph("dpkg", ""),
        paragraph("ring-a", "Depends: ring-b\n"),
        paragraph("ring-b", "Depends: ring-a\n"),
    ]
    .join("\n");
    let (document, _) = scanned(vec![("var/lib/dpkg/status", &status), ("etc/os-release", RELEASE)]);
    assert_eq!(needs(&document, "app"), ["dpkg", "exim", "libc6", "postfix", "python3"]);
    assert_eq!(needs(&document, "debian@12"), ["app", "ring-a"]);
}

#[test]
fn of_one_package_for_two_architectures_the_fitting_one_is_needed() {
    let other = |text: String| text.replace("amd64", "i386");
    let status = [
        paragraph("app", "Depends: lib\n"),
        paragraph("lib", ""),
        other(paragraph("lib", "")),
        paragraph("cross", "Depends: lib:i386, lib:any\n"),
    ]
    .join("\n");
    let (document, _) = scanned(vec![("var/lib/dpkg/status", &status), ("etc/os-release", RELEASE)]);
    let lib = |architecture: &str| format!("pkg:deb/debian/lib@1:1.0%2Bb1-2?arch={architecture}&distro=debian-12");
    assert_eq!(needs(&document, "app"), [lib("amd64")]);
    assert_eq!(needs(&document, "cross"), [lib("amd64"), lib("i386")]);
}

#[test]
fn an_image_without_dpkg_has_a_paragraph_a_file() {
    let paragraph = "Package: base\nVersion: 1\nArchitecture: all\n";
    let files = vec![
        ("var/lib/dpkg/status.d/base", paragraph),
        ("var/lib/dpkg/status.d/base.md5sums", "0123  usr/a\n"),
        ("etc/os-release", RELEASE),
    ];
    assert_eq!(
        purls(&scanned(files).0),
        ["pkg:deb/debian/base@1?arch=all&distro=debian-12"]
    );
}

#[test]
fn a_system_that_does_not_say_which_it_is_has_a_gap() {
    let status = paragraph("a", "");
    let (document, gaps) = scanned(vec![("root/var/lib/dpkg/status", &status)]);
    assert_eq!(gaps, ["no-os-release"]);
    assert_eq!(purls(&document), ["pkg:deb/debian/a@1:1.0%2Bb1-2?arch=amd64"]);
    let location = &document["components"][0]["evidence"]["occurrences"][0]["location"];
    assert_eq!(location, "root/var/lib/dpkg/status");
}

#[test]
fn a_file_that_the_system_owns_is_that_package() {
    use super::claim;
    use crate::scan::Scan;
    let tree = Memory::new([
        ("var/lib/dpkg/info/a:amd64.list", "/.\n/usr\n/usr/lib/x\n"),
        ("var/lib/dpkg/status.d/b.md5sums", "0123  usr/lib/y\n"),
    ]);
    let options = Options::default();
    let scan = Scan::of(&tree, &options);
    let mut found = Vec::new();
    claim(&scan, &mut |kind, name, path| {
        found.push(format!("{kind} {name} {path}"))
    });
    assert_eq!(found, ["deb a ", "deb a usr", "deb a usr/lib/x", "deb b usr/lib/y"]);
}

#[test]
fn licences_come_from_the_documents_of_a_package() {
    let status = [paragraph("a", ""), paragraph("b", "")].join("\n");
    let files = vec![
        ("var/lib/dpkg/status", status.as_str()),
        ("etc/os-release", RELEASE),
        (
            "usr/share/doc/a/copyright",
            "Format: x\n\nFiles: *\nLicense: GPL-2+\n\nFiles: debian/*\nLicense: MIT\n",
        ),
    ];
    let (document, gaps) = scanned(files);
    assert_eq!(
        document["components"][0]["licenses"][0]["expression"],
        "GPL-2.0-or-later"
    );
    assert!(document["components"][1].get("licenses").is_none());
    assert!(gaps.is_empty());
}

#[test]
fn names_and_versions_that_policy_does_not_allow_are_damage_and_hide_nothing_else() {
    let of = |name: &str, version: &str| paragraph(name, "").replace("1:1.0+b1-2", version);
    let good = [of("a", "1:2:3-4"), of("libstdc++6", "0~x"), of("b.c", "r1")].join("\n");
    let bad = [
        of("<b>", "1"),
        of("-a", "1"),
        of("c d", "1"),
        of("e", "x:1"),
        of("f", "1 2"),
        of("g", "../1"),
        of("h", ":1"),
    ]
    .join("\n");
    let status = format!("{good}\n{bad}");
    let (document, gaps) = scanned(vec![("var/lib/dpkg/status", &status), ("etc/os-release", RELEASE)]);
    assert_eq!(purls(&document).len(), 3);
    assert_eq!(gaps, ["damaged"; 7]);
}

#[test]
fn a_status_that_is_not_utf8_is_told() {
    let status = [paragraph("a", "Maintainer: X").as_bytes(), b"\xff\n\n"].concat();
    let files = [
        ("var/lib/dpkg/status", status),
        ("etc/os-release", RELEASE.as_bytes().to_vec()),
    ];
    let inventory = scan(&Memory::new(files), &Options::default()).unwrap();
    let gaps: Vec<&str> = inventory.gaps().map(crate::Gap::code).collect();
    assert_eq!((gaps.as_slice(), inventory.len()), (&["not-utf8"][..], 2));
}

#[test]
fn a_system_without_a_database_is_never_complete() {
    let (document, gaps) = scanned(vec![("etc/os-release", "ID=arch\n")]);
    assert_eq!(gaps, ["no-database"]);
    assert_eq!(document["compositions"][0]["aggregate"], "incomplete");
    assert_eq!(
        document["metadata"]["properties"][0]["value"],
        "etc/os-release: no-database: the system says ID=arch, and no database that is understood"
    );
    let empty = vec![("etc/os-release", RELEASE), ("var/lib/dpkg/status", "")];
    assert_eq!(scanned(empty).1, ["no-database"]);
    let status = paragraph("a", "");
    let known = vec![("etc/os-release", RELEASE), ("var/lib/dpkg/status", &status)];
    assert_eq!(scanned(known).1, [""; 0]);
}

#[test]
fn a_system_below_the_top_without_a_database_is_told() {
    let status = paragraph("a", "");
    let files = |release: &'static str| {
        vec![
            ("one/etc/os-release", RELEASE),
            ("one/var/lib/dpkg/status", status.as_str()),
            (release, "ID=arch\n"),
        ]
    };
    assert_eq!(scanned(files("two/usr/lib/os-release")).1, ["no-database"]);
    assert_eq!(scanned(files("two/doc/os-release")).1, [""; 0]);
}

/// The details of gaps that a database has.
fn damage(status: &str) -> Vec<String> {
    let tree = Memory::new([("var/lib/dpkg/status", status), ("etc/os-release", RELEASE)]);
    let inventory = scan(&tree, &Options::default()).unwrap();
    let gaps = inventory.gaps().filter(|gap| gap.code() == "damaged");
    gaps.map(|gap| gap.detail().to_owned()).collect()
}

#[test]
fn a_database_that_is_cut_off_is_damaged_wherever_it_ends() {
    let (first, second) = (paragraph("a", ""), paragraph("b", ""));
    let whole = format!("{first}{second}");
    assert_eq!(damage(&whole), [""; 0]);
    assert_eq!(damage(&format!("{whole}\n")), [""; 0]);
    // A database that ends behind a package is that of a smaller system.
    for end in first.len() + 1..whole.len() {
        let gaps = damage(&whole[..end]);
        let is_told = gaps
            .iter()
            .any(|gap| gap.starts_with("expected an empty line behind the last package"));
        assert!(is_told, "{end}: {gaps:?}");
    }
}

#[test]
fn a_paragraph_without_a_state_that_dpkg_knows_or_of_two_packages_is_damaged() {
    let whole = paragraph("a", "");
    let field = "Architecture: amd64\n";
    for (found, detail) in [
        (
            whole.replace("ok installed", "ok insta"),
            "expected a state of package `a` that dpkg knows, found `insta`",
        ),
        (
            whole.replace("Status: install ok installed\n", ""),
            "expected a state of package `a`, found no `Status`",
        ),
        (
            whole.replace(field, "Architecture: amd64\nPackage: b\n"),
            "expected one `Package` in a paragraph, found another one in that of `a`",
        ),
    ] {
        let status = format!("{found}{}", paragraph("z", ""));
        assert_eq!(damage(&status), [detail]);
    }
}
