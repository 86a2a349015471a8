//! Options between the arguments: what is meant is done.

use std::fs;

use super::base::Scene;

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
