//! `attest pack source`, held against the `git archive` of the machine.

mod rules;
mod scene;

use std::fs;

use scene::Scene;

/// Every shape that changes how git writes an archive.
fn shapes() -> Scene {
    let scene = Scene::new();
    for length in [99, 100, 101, 102, 153, 154, 155, 156, 157, 240] {
        scene.write(&"n".repeat(length), "long\n");
        scene.write(&format!("d{length}/{}", "m".repeat(length)), "long\n");
    }
    // Around the lengths at which a record of an extended header gets another digit.
    for length in [80, 85, 86, 87, 88, 89, 90, 91, 92, 93, 200, 242, 250] {
        let deep = format!("{}/{}", "x".repeat(length), "y".repeat(length));
        scene.write(&format!("deep{length}/{deep}/z"), "");
        scene.write(
            &format!("{}/{}/{}", "a".repeat(250), "b".repeat(250), "c".repeat(length)),
            "",
        );
        scene.link(&format!("link{length}"), &"t".repeat(length));
    }
    scene.link("link99", &"t".repeat(99));
    scene.link("link100", &"t".repeat(100));
    scene.link("link101", &"t/".repeat(51)[..101]);
    scene.link("out", "/etc/passwd");
    scene.write("grüße/日本/\u{1f600}", "unicode\n");
    scene.write("with\nbreak \"quoted\"\t\\", "x");
    scene.write("empty", "");
    scene.write("run", "#!/bin/sh\n");
    scene.make_executable("run");
    scene.write("a.b/x", "1");
    scene.write("a/x", "2");
    scene.write("a-b", "3");
    scene.write("block", &"k".repeat(10_240));
    scene.write("text.txt", "one\ntwo\n");
    scene.write(
        ".gitattributes",
        "gone export-ignore\nemptied/inner/* export-ignore\n*.sub export-subst\n*.bat text eol=crlf\n*.id ident\n\
         *.utf16 text working-tree-encoding=UTF-16LE\nboth.* export-subst ident eol=crlf\n-kept -export-ignore\n",
    );
    scene.write("hollow/gone/x", "");
    scene.write("gone/x", "");
    scene.write("emptied/inner/x", "");
    scene.write("emptied/kept", "");
    scene.write("dos.bat", "echo one\necho two\n");
    scene.write("rcs.id", "$Id$\n$Id: old $\n");
    scene.write("wide.utf16", "hello\n");
    scene.write("both.c", "$Id$ $Format:%H$\nx\n");
    scene.write(
        "version.sub",
        "$Format:%H %h %T %t %P|%an|%ae|%ad|%cI|%s|%n%%$ and $Format:$ and $Format:%D%d\n",
    );
    scene.write(
        "refs.sub",
        "$Format:%D|%d$\n$Format:%(describe:tags=true)|%(describe:tags=true)$ $Format:%(describe:tags)$",
    );
    scene.write("none.sub", "no placeholder $Format:");
    scene.commit("Subject: one\n\nbody\n");
    scene.git(&["tag", "-a", "-m", "tagged", "v1.0.0"]);
    scene
}

#[test]
fn the_stream_is_that_of_git_archive() {
    let scene = shapes();
    for (revision, prefix) in [
        ("HEAD", None),
        ("v1.0.0", Some("app-1.0.0")),
        ("main", Some("a/b/c")),
        ("HEAD", Some(&*"p".repeat(120))),
    ] {
        scene.assert_equal(revision, prefix);
    }
}

#[test]
fn the_stream_is_that_of_git_archive_whatever_the_configuration_says() {
    let scene = shapes();
    let expected = scene.git_archive("HEAD", None);
    for (key, value) in [
        ("core.autocrlf", "true"),
        ("core.eol", "crlf"),
        ("tar.umask", "0077"),
        ("core.abbrev", "20"),
        ("log.date", "iso"),
        ("i18n.logOutputEncoding", "ISO-8859-1"),
        ("color.ui", "always"),
    ] {
        scene.git(&["config", key, value]);
    }
    scene.write(".git/info/attributes", "* export-ignore\n* export-subst\n");
    assert!(scene.as_git("HEAD", None) == expected);
}

#[test]
fn a_subdirectory_is_the_whole_for_git() {
    let scene = Scene::new();
    // What the attributes above it say of it, git has heeded only lately.
    scene.write("sub/.gitattributes", "c export-ignore\n");
    for name in ["sub/a", "sub/b/d", "sub/c", "subway"] {
        scene.write(name, "1");
    }
    scene.commit("one");
    let expected = scene.git_in("sub", &["archive", "--format=tar", "HEAD"]);
    let finished = scene.pack_in("sub", &["--profile", "git-archive", "-o", "../out.tar"]);
    finished.expect_code(0);
    assert!(fs::read(scene.path().join("out.tar")).unwrap() == expected);
}

#[test]
fn paths_may_be_chosen() {
    let scene = Scene::new();
    scene.write(".gitattributes", "a/ignored/* export-ignore\na/gone export-ignore\n");
    for name in ["a/b/c", "a/b/d", "a/e", "f", "g/h", "a/ignored/i", "a/gone/x"] {
        scene.write(name, "1");
    }
    scene.commit("one");
    for paths in [
        &["a/b", "f"][..],
        &["a"],
        &["g/h", "a/e"],
        &["a/ignored/i"],
        &["a/gone"],
    ] {
        let expected = scene.git_in("", &[&["archive", "--format=tar", "HEAD"], paths].concat());
        let only = paths.iter().flat_map(|path| ["--only", path]);
        let arguments: Vec<&str> = ["--profile", "git-archive", "-o", "../out.tar"]
            .into_iter()
            .chain(only)
            .collect();
        scene.pack(&arguments).expect_code(0);
        assert!(fs::read(scene.beside("out.tar")).unwrap() == expected, "{paths:?}");
    }
    // What a shell types that completes the name of a directory.
    for (only, archive) in [("a/b", "../plain.tar"), ("a/b/", "../completed.tar")] {
        scene.pack(&["-o", archive, "--only", only]).expect_code(0);
    }
    assert!(fs::read(scene.beside("plain.tar")).unwrap() == fs::read(scene.beside("completed.tar")).unwrap());
    let finished = scene.pack(&["-o", "x.tar", "--only", "missing/"]).expect_code(2);
    let error = "error[path-not-committed]: expected a committed path, found none named `missing`\n";
    assert!(finished.stderr_text().starts_with(error), "{}", finished.stderr_text());
}

#[test]
fn an_empty_commit_and_one_of_which_everything_is_left_out_are_those_of_git() {
    let scene = Scene::new();
    scene.git(&["commit", "--quiet", "--allow-empty", "--message", "nothing"]);
    scene.assert_equal("HEAD", None);
    scene.assert_equal("HEAD", Some("p"));
    scene.write(".gitattributes", "* export-ignore\n");
    scene.write("a/b", "");
    scene.commit("ignored");
    scene.assert_equal("HEAD", None);
    let finished = scene.pack(&["-o", "x.tar"]).expect_code(2);
    assert!(finished.stderr_text().starts_with("error[nothing-to-pack]"));
}

#[test]
fn a_time_beyond_what_old_headers_hold_is_that_of_git() {
    let scene = Scene::new();
    scene.write("a", "1");
    scene.commit_at("later", "@8589934592 +0000");
    scene.assert_equal("HEAD", None);
}

#[test]
fn a_repository_with_sha256_is_packed_as_git_does() {
    let Some(scene) = Scene::with_sha256() else {
        return;
    };
    scene.write(&"n".repeat(120), "long\n");
    scene.write("a.sub", "$Format:%H$\n");
    scene.write(".gitattributes", "*.sub export-subst eol=crlf\n");
    scene.commit("one");
    scene.assert_equal("HEAD", Some("p"));
    let finished = scene.pack(&["-o", "x.tar.gz", "--format", "json"]).expect_code(0);
    let document: serde_json::Value = serde_json::from_slice(&finished.stdout).unwrap();
    assert_eq!(document["source"]["commit"].as_str().unwrap().len(), 64);
}

#[cfg(unix)]
#[test]
fn a_name_that_is_not_utf8_is_packed_as_git_does_and_refused_otherwise() {
    use std::os::unix::ffi::OsStrExt;
    let scene = Scene::new();
    let name = std::ffi::OsStr::from_bytes(b"caf\xe9");
    fs::write(scene.path().join(name), "").unwrap();
    scene.link("link", "x");
    scene.commit("one");
    scene.assert_equal("HEAD", None);
    let finished = scene.pack(&["-o", "x.tar"]).expect_code(2);
    let error = "error[name-not-utf8]: expected committed names in UTF-8, found `caf\\xe9`\n";
    assert!(finished.stderr_text().starts_with(error), "{}", finished.stderr_text());
    assert!(!scene.path().join("x.tar").exists());
}

#[test]
fn a_submodule_is_an_empty_directory_as_in_git() {
    let (scene, _library) = Scene::with_submodule();
    scene.assert_equal("HEAD", Some("p"));
}

#[test]
fn a_zip_archive_is_refused_with_the_reason() {
    let scene = Scene::new();
    scene.write("a", "1");
    scene.commit("one");
    let finished = scene.pack(&["--profile", "git-archive", "-o", "a.zip"]).expect_code(2);
    assert!(
        finished
            .stderr_text()
            .starts_with("error[profile-without-zip]: expected a format with a tar archive")
    );
    assert!(finished.stderr_text().contains("local time zone"));
}

#[test]
fn a_bare_tree_has_the_time_that_is_given() {
    let scene = Scene::new();
    scene.write("a", "$Format:%H$");
    scene.write(".gitattributes", "a export-subst\n");
    scene.commit("one");
    let arguments = ["--profile", "git-archive", "--revision", "HEAD^{tree}", "-o", "out.tar"];
    let finished = scene.pack(&arguments).expect_code(2);
    assert!(
        finished.stderr_text().starts_with("error[revision-without-time]"),
        "{}",
        finished.stderr_text()
    );
    scene
        .command("", &arguments)
        .env("SOURCE_DATE_EPOCH", "1700000000")
        .run()
        .expect_code(0);
    let ours = fs::read(scene.path().join("out.tar")).unwrap();
    // Only newer versions of git can be told the time of a tree.
    let git = ["archive", "--format=tar", "--mtime=1700000000 +0000", "HEAD^{tree}"];
    if let Some(expected) = scene.try_git("", &git) {
        assert!(ours == expected);
    }
    assert_eq!(&ours[..2], b".g", "without a commit there is no global header");
}

#[test]
fn a_tree_that_is_named_by_its_path_is_packed() {
    let scene = Scene::new();
    scene.write("sub/a", "1");
    scene.write("b", "2");
    scene.commit("one");
    let arguments = ["--profile", "git-archive", "--revision", "HEAD:sub", "-o", "out.tar"];
    let dated = scene.command("", &arguments).env("SOURCE_DATE_EPOCH", "1700000000");
    dated.run().expect_code(0);
    let ours = fs::read(scene.path().join("out.tar")).unwrap();
    let git = ["archive", "--format=tar", "--mtime=1700000000 +0000", "HEAD:sub"];
    if let Some(expected) = scene.try_git("", &git) {
        assert!(ours == expected);
    }
    for unknown in ["HEAD:b", "HEAD:nowhere", "^HEAD", "--all"] {
        let revision = format!("--revision={unknown}");
        let finished = scene.pack(&[&revision, "-o", "x.tar"]).expect_code(2);
        let talk = finished.stderr_text();
        assert!(talk.starts_with("error[revision-unknown]"), "{talk}");
    }
}

#[test]
fn what_is_no_directory_is_not_taken_for_a_missing_git() {
    let scene = Scene::new();
    scene.write("file", "1");
    scene.commit("one");
    for place in ["nowhere", "file"] {
        let finished = scene.pack(&[place, "-o", "x.tar"]).expect_code(2);
        let talk = finished.stderr_text();
        assert!(talk.starts_with("error[directory-expected]"), "{talk}");
    }
    scene.pack(&[".", "-o", "x.tar"]).expect_code(0);
}
