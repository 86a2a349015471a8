use std::fs;
use std::net::TcpListener;

use super::repository::{World, says, verify_arguments};
use crate::command::Command;

#[test]
fn what_needs_the_network_is_an_error_where_it_is_forbidden() {
    let world = World::new();
    let init = ["init", "--offline", "--mirror", world.url(), "--root", "1.root.json"];
    for finished in [
        world.trust(&init),
        world.trust(&["update", "--offline"]),
        world.attest().args(["sign", "1.root.json", "--offline"]).run(),
    ] {
        says(finished.expect_code(2).stderr_text(), "error[offline]");
    }
    assert!(!world.path("trust").exists());
}

#[test]
fn what_does_not_need_the_network_takes_the_promise() {
    let world = World::new();
    world.init().expect_code(0);
    world.verify(&["--offline"]).expect_code(0);
    world.trust(&["show", "--offline"]).expect_code(0);
}

#[test]
fn an_instance_that_is_away_keeps_nobody_from_verifying() {
    let world = World::new();
    world.init().expect_code(0);
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let state = fs::read_to_string(world.state()).unwrap();
    let away = state.replacen(world.url(), &format!("http://{free}"), 1);
    assert_ne!(away, state);
    fs::write(world.state(), away).unwrap();
    let finished = world.trust(&["update", "--retry-for", "0"]).expect_code(3);
    says(
        finished.stderr_text(),
        "error[service-unreachable]: trust repository at",
    );
    world.verify(&[]).expect_code(0);
}

/// Linux alone lets an ordinary user take the network away from a process.
#[test]
fn verifying_works_without_any_network() {
    let world = World::new();
    world.init().expect_code(0);
    let unshare = |program: &str| Command::new("sh").args(["-c", "exec unshare -rn \"$@\"", "sh", program]);
    if !runs("unshare -rn true") {
        return;
    }
    unshare(env!("CARGO_BIN_EXE_attest"))
        .current_dir(world.path(""))
        .env("ATTEST_TUF_ROOT", world.path("trust"))
        .args(verify_arguments())
        .run()
        .expect_code(0);
}

/// Not even a socket is made. Where nothing can watch for that, the test before this one stands alone.
#[test]
fn verifying_makes_no_socket() {
    let world = World::new();
    world.init().expect_code(0);
    if !runs("strace -o /dev/null true") {
        return;
    }
    let calls = |arguments: &[&str]| {
        let log = world.path("calls");
        Command::new("strace")
            .args(["-f", "-e", "trace=socket,connect", "-o"])
            .arg(&log)
            .arg(env!("CARGO_BIN_EXE_attest"))
            .args(arguments)
            .current_dir(world.path(""))
            .env("ATTEST_TUF_ROOT", world.path("trust"))
            .run()
            .expect_code(0);
        let log = fs::read_to_string(log).unwrap();
        log.lines().filter(|line| line.contains("socket(")).count()
    };
    assert_eq!(calls(&verify_arguments()), 0);
    assert_eq!(calls(&["trust", "show"]), 0);
    assert_ne!(calls(&["trust", "update"]), 0, "the watcher sees nothing at all");
}

#[expect(clippy::print_stderr, reason = "a skipped test must be visible")]
fn runs(command: &str) -> bool {
    let runs = Command::new("sh").args(["-c", command]).run().code == 0;
    if !runs {
        eprintln!("skipped: `{command}` does not run here");
    }
    runs
}
