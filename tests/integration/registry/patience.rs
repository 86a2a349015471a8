//! A registry that takes connections and never answers.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use super::base::Scene;

#[test]
fn who_says_how_long_to_wait_waits_no_longer() {
    let scene = Scene::new();
    // Nobody accepts; the system does, and keeps what is sent.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let name = format!("oci://{}/team/app:v1", silent.local_addr().unwrap());
    for verb in [
        &["fetch", &name, "-o", "got"][..],
        &["push", "layout:v1", &name],
        &["inspect", &name],
    ] {
        let begin = Instant::now();
        let refused = scene
            .attest(&[verb, &["--registry-retry-for", "1"]].concat())
            .expect_code(3);
        assert!(
            begin.elapsed() < Duration::from_secs(20),
            "{verb:?} took {:?}",
            begin.elapsed()
        );
        let told = refused.stderr_text();
        assert!(told.contains("[registry-unreachable]"), "{told}");
        assert!(told.contains("nothing came for 1 seconds"), "{told}");
    }
    assert!(!scene.path("got").exists());
    let never = ["fetch", &name, "-o", "got", "--registry-retry-for", "0"];
    scene.attest(&never).expect_code(2);
}
