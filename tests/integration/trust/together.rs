use std::fs;
use std::io::Read as _;
use std::net::TcpListener;
use std::thread;

use super::repository::{World, says};
use crate::command::Command;

#[test]
fn twenty_updates_and_twenty_readers_do_not_disturb_each_other() {
    let world = World::new();
    world.init().expect_code(0);
    thread::scope(|scope| {
        for _ in 0..20 {
            scope.spawn(|| world.trust(&["update"]).expect_code(0));
            scope.spawn(|| world.verify(&[]).expect_code(0));
        }
    });
    let mut names: Vec<_> = fs::read_dir(world.path("trust"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["private.json", "private.lock"]);
}

#[cfg(unix)]
#[test]
fn an_update_that_is_killed_leaves_what_was_and_is_in_nobodys_way() {
    let world = World::new();
    world.init().expect_code(0);
    let before = fs::read(world.state()).unwrap();
    // A mirror that takes a request and never answers it.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let state = String::from_utf8(before.clone()).unwrap();
    let mirror = format!("http://{}", silent.local_addr().unwrap());
    fs::write(world.state(), state.replacen(world.url(), &mirror, 1)).unwrap();
    let asked = thread::spawn(move || {
        let (mut connection, _) = silent.accept().unwrap();
        connection.read_exact(&mut [0; 4]).unwrap();
        connection
    });
    let script = "\"$0\" trust update >/dev/null 2>&1 & echo $! >\"$1\"; wait $!; true";
    let update = {
        let command = Command::new("sh")
            .args(["-c", script, env!("CARGO_BIN_EXE_attest")])
            .arg(world.path("pid"))
            .env("ATTEST_TUF_ROOT", world.path("trust"));
        thread::spawn(move || command.run().expect_code(0))
    };
    let connection = asked.join().unwrap();
    let pid = fs::read_to_string(world.path("pid")).unwrap();
    Command::new("kill").args(["-9", pid.trim()]).run().expect_code(0);
    update.join().unwrap();
    drop(connection);
    fs::write(world.state(), before).unwrap();
    says(
        world.trust(&["update"]).expect_code(0).stdout_text(),
        "private: unchanged",
    );
    world.verify(&[]).expect_code(0);
}
