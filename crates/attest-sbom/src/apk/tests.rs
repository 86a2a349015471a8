use crate::tree::Memory;
use crate::{Metadata, Options, Root, scan};

const RELEASE: &str = "ID=alpine\nVERSION_ID=3.20.1\n";

fn document(database: &str) -> serde_json::Value {
    let tree = Memory::new([("lib/apk/db/installed", database), ("etc/os-release", RELEASE)]);
    let inventory = scan(&tree, &Options::default()).unwrap();
    let bom = inventory.document(&Root::default(), &Metadata::default()).unwrap();
    serde_json::from_slice(&bom.to_json()).unwrap()
}

#[test]
fn needs_are_names_libraries_commands_and_files() {
    let database = "C:Q1aaa=\nP:app\nV:1-r0\nA:x86_64\nL:MIT AND GPL-2.0-only\nm:A <a@example.com>\no:src\n\
                    D:so:libc.so.1 cmd:sh /bin/tool !no name>1\n\n\
                    P:libc\nV:1-r0\nA:x86_64\nL:MIT\np:so:libc.so.1=1\n\n\
                    P:busybox\nV:1-r0\nA:x86_64\np:cmd:sh=1-r0\n\n\
                    P:tools\nV:1-r0\nA:x86_64\nF:bin\nR:tool\n\n\
                    P:name\nV:1-r0\nA:x86_64\n\nP:no\nV:1-r0\nA:x86_64\n\n";
    let document = document(database);
    let app = &document["components"][0];
    assert_eq!(app["purl"], "pkg:apk/alpine/app@1-r0?arch=x86_64&distro=alpine-3.20.1");
    assert_eq!(app["licenses"][0]["expression"], "MIT AND GPL-2.0-only");
    assert_eq!(app["properties"][0]["value"], "Q1aaa=");
    assert_eq!(app["properties"][1]["value"], "src");
    let dependencies = document["dependencies"].as_array().unwrap();
    let of = |name: &str| dependencies.iter().find(|one| one["ref"] == name).unwrap()["dependsOn"].clone();
    assert_eq!(of("app"), serde_json::json!(["busybox", "libc", "name", "tools"]));
    assert_eq!(of("alpine@3.20.1"), serde_json::json!(["app", "no"]));
}

#[test]
fn a_damaged_paragraph_does_not_hide_the_others() {
    let tree = Memory::new([
        ("usr/lib/apk/db/installed", "P:a\nV:1\n\nV:2\n\nP:b\nV:1\n\n"),
        ("etc/os-release", RELEASE),
    ]);
    let inventory = scan(&tree, &Options::default()).unwrap();
    let gaps: Vec<_> = inventory.gaps().map(crate::Gap::code).collect();
    assert_eq!(gaps, ["damaged"]);
    // The system is one of them.
    assert_eq!(inventory.len(), 3);
}

#[test]
fn a_database_that_is_cut_off_or_joins_two_packages_is_damaged() {
    let details = |database: &str| {
        let tree = Memory::new([("lib/apk/db/installed", database), ("etc/os-release", RELEASE)]);
        let inventory = scan(&tree, &Options::default()).unwrap();
        let gaps = inventory.gaps().map(|gap| gap.detail().to_owned());
        gaps.collect::<Vec<_>>()
    };
    let whole = "P:a\nV:1\nF:bin\nR:a\n\nP:b\nV:1\n\n";
    assert_eq!(details(whole), [""; 0]);
    let cut_off =
        "expected an empty line behind the last package, found the end of the file: what came behind is not listed";
    assert_eq!(details(&whole[..whole.len() - 1]), [cut_off]);
    assert_eq!(details(&whole[..whole.find("R:a").unwrap()]), [cut_off]);
    let joined = "expected one line `P:` of every package, found another one in that of `a`";
    assert_eq!(details(&whole.replace("\n\nP:b", "\nP:b")), [joined]);
}
