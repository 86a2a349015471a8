//! What lists of contents call the things of a release, and who is said to supply them.

use std::fs;

use serde_json::{Value, json};

use super::project::{Project, names};

fn list(project: &Project, name: &str) -> Value {
    let bytes = fs::read(project.dist().join(format!("{name}.cdx.json"))).unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

#[test]
fn an_image_is_called_after_the_repository_that_it_goes_to() {
    let project = Project::new("processors");
    project.attest(&["release", "--skip-sign"]).run().expect_code(0);
    for name in ["mill-count", "mill-sort"] {
        for (platform, arch) in [("", ""), (".linux-arm64", "arch=arm64&")] {
            let list = list(&project, &format!("{name}-2.3.0-image.tar{platform}"));
            let root = &list["metadata"]["component"];
            assert_eq!(root["name"], name);
            let digest = root["version"].as_str().unwrap();
            let repository = format!("repository_url=registry.example.org%2Fteam%2F{name}");
            let purl = format!("pkg:oci/{name}@{digest}?{arch}{repository}");
            let found = root["purl"].as_str().unwrap();
            // With one tag it says which.
            assert_eq!(found.split("&tag=").next(), Some(purl.as_str()));
        }
    }
}

#[test]
fn what_the_configuration_says_of_lists_stands_in_each() {
    let project = Project::new("processors");
    let said = "[sbom]\nauthors = [\"Ann <ann@example.com>\"]\nsupplier = \"Mill Works\"\nmanufacturer = \"Press\"\nprofile = \"bsi\"\n\n[sign]";
    project.configure("[sign]", said);
    project.attest(&["release", "--skip-sign"]).run().expect_code(0);
    let lists = names(&project.dist());
    let lists: Vec<_> = lists.iter().filter_map(|name| name.strip_suffix(".cdx.json")).collect();
    assert!(lists.len() > 5, "{lists:?}");
    for name in lists {
        let metadata = &list(&project, name)["metadata"];
        assert_eq!(
            metadata["authors"],
            json!([{ "name": "Ann", "email": "ann@example.com" }]),
            "{name}"
        );
        assert_eq!(metadata["manufacturer"]["name"], "Press", "{name}");
        assert_eq!(metadata["component"]["supplier"]["name"], "Mill Works", "{name}");
    }
    let notes = list(&project, "mill-2.3.0-notes.zip");
    let files = notes["components"].as_array().unwrap().iter();
    let properties = files.flat_map(|file| file["properties"].as_array().unwrap());
    let file = json!({ "name": "bsi:component:filename", "value": "NOTES.md" });
    assert_eq!(properties.filter(|property| **property == file).count(), 1);
}

#[test]
fn the_lists_of_a_release_are_merged_into_one_of_a_product() {
    let project = Project::new("benchsuite");
    project.attest(&["release", "--skip-sign"]).run().expect_code(0);
    let lists = names(&project.dist());
    let lists: Vec<_> = lists.into_iter().filter(|name| name.ends_with(".cdx.json")).collect();
    let merged = project.attest(&["sbom", "merge", "-o", "all.json"]);
    let lists = lists.into_iter().map(|name| format!("dist/{name}"));
    merged.args(lists).run().expect_code(0);
    let bytes = fs::read(project.path().join("all.json")).unwrap();
    let merged: Value = serde_json::from_slice(&bytes).unwrap();
    let root = &merged["metadata"]["component"];
    assert_eq!(root["purl"], "pkg:generic/pacer@1.0.0");
    assert_eq!((&root["name"], &root["version"]), (&json!("pacer"), &json!("1.0.0")));
    assert_eq!(root["supplier"]["name"], "example.com/team");
    assert_eq!(root.get("hashes"), None);
    project.attest(&["sbom", "validate", "all.json"]).run().expect_code(0);
}
