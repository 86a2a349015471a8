//! Several releases of one project at once: none of them takes anything away from another.

use std::fs;

use super::project::{Project, names};
use super::published::{document, project};
use crate::command::Finished;
use crate::sandbox::Held;

/// What each of several processes says that are started at once.
fn at_once(count: usize, release: impl Fn(usize) -> Finished + Sync) -> Vec<Finished> {
    let release = &release;
    std::thread::scope(|scope| {
        let begun: Vec<_> = (0..count).map(|number| scope.spawn(move || release(number))).collect();
        begun.into_iter().map(|release| release.join().unwrap()).collect()
    })
}

#[test]
fn releases_at_once_leave_one_that_is_whole() {
    let project = Project::new("prebuilt");
    for _ in 0..4 {
        for finished in at_once(4, |_| project.attest(&["release", "--skip-sign"]).run()) {
            finished.expect_code(0);
        }
        let dist = project.dist();
        let sums = project.attest(&["hash", "--check", "SHA256SUMS"]).current_dir(&dist);
        sums.run().expect_code(0);
        let left = names(project.path());
        let left: Vec<&String> = left.iter().filter(|name| name.contains("dist")).collect();
        assert_eq!(left, ["dist"]);
    }
}

#[test]
fn what_a_command_builds_for_one_release_is_not_packed_half_built_by_another() {
    let project = Project::new("benchsuite");
    let slow = "#!/bin/sh\nset -eu\nmkdir -p \"${4%/*}\"\nprintf half >\"$4\"\nsleep 0.3\nprintf whole >>\"$4\"\n";
    fs::write(project.path().join("gate"), slow).unwrap();
    project.commit();
    let output = |number: usize| format!("dist-{number}");
    let release = |number: usize| {
        project
            .attest(&["release", "--skip-sign", "--output", &output(number)])
            .run()
    };
    at_once(3, release)
        .into_iter()
        .for_each(|finished| drop(finished.expect_code(0)));
    let packed = |number: usize| {
        let archive = "pacer-1.0.0-linux-amd64.tar.gz";
        fs::read(project.path().join(output(number)).join(archive)).unwrap()
    };
    assert!(packed(0) == packed(1) && packed(1) == packed(2));
}

#[test]
fn rehearsals_at_once_have_the_sandbox_one_after_the_other() {
    let project = project("registry.example.org");
    for finished in at_once(3, |_| project.release(&["--format", "json"])) {
        let finished = finished.expect_code(0);
        assert_eq!(document(&finished)["published"].as_array().unwrap().len(), 2);
    }
    project.verify().expect_code(0);
}

#[test]
fn a_rehearsal_leaves_a_registry_alone_that_somebody_looks_at() {
    let project = project("registry.example.org");
    project.release(&[]).expect_code(0);
    let registry = project.path().join(".attest/sandbox/registry");
    let blobs = names(&registry.join("blobs"));
    let held = Held::start(&registry);
    let refused = project.release(&[]).expect_code(3);
    let said = refused.stderr_text();
    assert!(said.contains("error[sandbox-registry-in-use]"), "{said}");
    assert!(said.contains(&format!("process {} works", held.process())), "{said}");
    assert_eq!(names(&registry.join("blobs")), blobs);
    drop(held);
    // A process that was killed leaves its number, and no lock.
    assert!(!fs::read_to_string(registry.join("lock")).unwrap().is_empty());
    project.release(&[]).expect_code(0);
}
