//! Names of images as other tools take them, and options between the arguments: what is meant is done, or told.

use std::fs;

use super::base::Scene;
use crate::command::Finished;

const SIGNER: [&str; 4] = [
    "--certificate-identity",
    "release@example.com",
    "--certificate-oidc-issuer",
    "https://accounts.example.com",
];

impl Scene {
    /// A call with a key that is there, and a signer to expect.
    fn call(&self, verb: &str, name: &str) -> Finished {
        match verb {
            "sign" => self.attest(&["sign", name, "--key", "own.key", "--no-log", "--no-timestamp"]),
            "verify" => self.attest(&[&["verify", name][..], &SIGNER].concat()),
            verb => self.attest(&[verb, name]),
        }
    }

    fn make_key(&self) {
        let arguments = ["key", "generate", "--without-password", "--output-key-prefix", "own"];
        self.attest(&arguments).expect_code(0);
    }
}

#[test]
fn a_name_without_its_scheme_is_told_how_it_is_written() {
    let scene = Scene::new();
    scene.make_key();
    let name = format!("{}/team/app:v1", scene.registry.host());
    for verb in ["verify", "sign", "inspect", "sbom"] {
        let refused = scene.call(verb, &name).expect_code(2);
        let talk = refused.stderr_text();
        assert!(talk.starts_with("error[image-expected]: "), "{verb}: {talk}");
        let hint = format!("hint: an image of a registry is named `oci://{name}`\n");
        assert!(talk.ends_with(&hint), "{verb}: {talk}");
        assert_eq!(refused.stdout_text(), "", "{verb}");
    }
    assert_eq!(scene.registry.requests().len(), 0);
    // Where there is such a directory, it is a file that is missing.
    fs::create_dir(scene.path("v1.2")).unwrap();
    let missing = scene.call("verify", "v1.2/app.tar.gz").expect_code(3);
    assert!(!missing.stderr_text().contains("oci://"), "{}", missing.stderr_text());
}

#[test]
fn a_layout_among_files_is_told_how_its_images_are_named() {
    let scene = Scene::new();
    scene.make_key();
    let hint = "hint: `layout` is an OCI layout: with `--oci-layout` the images in it are meant\n";
    for (verb, code) in [("verify", 1), ("sign", 3), ("inspect", 3)] {
        let refused = scene.call(verb, "layout").expect_code(code);
        assert!(
            refused.stderr_text().ends_with(hint),
            "{verb}: {}",
            refused.stderr_text()
        );
        let tagged = scene.call(verb, "layout:v1").expect_code(2);
        assert!(tagged.stderr_text().ends_with(hint), "{verb}: {}", tagged.stderr_text());
    }
}

#[test]
fn options_stand_anywhere() {
    let scene = Scene::empty();
    let place = scene.place();
    for arguments in [
        ["push", "layout:v1", "--platform", "linux/amd64", &place],
        ["push", "--tag", "latest", "layout:v1", &place],
        ["push", "layout:v1", "--tag", "newest", &place],
        ["push", "layout:v1", &place, "--tag", "last"],
    ] {
        scene.attest(&arguments).expect_code(0);
    }
    for tag in ["v1", "latest", "newest", "last"] {
        assert!(scene.registry.state().manifests.contains_key(tag), "{tag}");
    }
    fs::write(scene.path("a"), "a").unwrap();
    fs::write(scene.path("b"), "b").unwrap();
    let between = ["push", "a", "--artifact-type", "a/b", "b", "--tag", "files", &place];
    scene.attest(&between).expect_code(0);
    for alone in ["layout:v1", &place] {
        let refused = scene.attest(&["push", alone]).expect_code(2);
        assert!(
            refused.stderr_text().starts_with("error[destination-expected]: "),
            "{}",
            refused.stderr_text()
        );
    }
}
