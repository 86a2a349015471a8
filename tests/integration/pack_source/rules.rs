use std::collections::BTreeMap;
use std::fs;

use attest_digest::{Algorithm, Algorithms, Measured};
use serde_json::Value;

use super::scene::Scene;
use crate::command::Finished;

const POINTER: &str = "version https://git-lfs.github.com/spec/v1\noid sha256:";

/// Every entry of an archive with short names: files with their content, everything else with its kind.
fn entries(scene: &Scene, name: &str) -> BTreeMap<String, String> {
    let bytes = fs::read(scene.path().join(name)).expect("the archive is there");
    let text = |bytes: &[u8]| {
        let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
        String::from_utf8(bytes[..end].to_vec()).expect("a text")
    };
    let mut entries = BTreeMap::new();
    let mut rest = &bytes[..];
    while rest[0] != 0 {
        let (header, content) = rest.split_at(512);
        let size = usize::from_str_radix(&text(&header[124..136]), 8).expect("a size");
        let content = match header[156] {
            b'0' => text(&content[..size]),
            b'2' => format!("-> {}", text(&header[157..257])),
            b'5' => "directory".to_owned(),
            other => panic!("an entry of type {other}"),
        };
        entries.insert(text(&header[..100]), content);
        rest = &rest[512 + size.next_multiple_of(512)..];
    }
    entries
}

fn document(finished: &Finished) -> Value {
    serde_json::from_slice(&finished.stdout).expect("a document")
}

#[track_caller]
fn expect_refusal(scene: &Scene, arguments: &[&str], code: i32, error: &str) {
    let finished = scene
        .pack(&[&["-o", "refused.tar"], arguments].concat())
        .expect_code(code);
    assert!(finished.stderr_text().starts_with(error), "{}", finished.stderr_text());
    assert_eq!(finished.stdout_text(), "");
    let left: Vec<_> = fs::read_dir(scene.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    let is_left = |name: &std::ffi::OsString| {
        name.to_string_lossy().contains("refused") || name.to_string_lossy().contains("partial")
    };
    assert!(!left.iter().any(is_left), "{left:?}");
}

#[test]
fn the_same_bytes_come_from_every_clone_and_configuration() {
    let scene = Scene::new();
    scene.write(".gitattributes", "*.c text eol=crlf\nv export-subst\n");
    scene.write("a.c", "one\ntwo\n");
    scene.write("v", "$Format:%h %D$\n");
    scene.write("run", "");
    scene.make_executable("run");
    scene.commit("one");
    scene.git(&["tag", "v1"]);
    let output = scene.beside("a.tar.gz");
    let pack = |directory: &std::path::Path| {
        let arguments = ["--revision", "v1", "-o", output.to_str().unwrap()];
        let command = scene
            .command("", &arguments)
            .current_dir(directory)
            .env("TZ", "Asia/Kathmandu");
        command
            .env("GIT_DIR", "/nowhere")
            .env("GIT_INDEX_FILE", "/nowhere")
            .run()
            .expect_code(0)
            .stdout
    };
    let first = pack(scene.path());
    for (key, value) in [("core.autocrlf", "true"), ("core.abbrev", "9"), ("tar.umask", "0077")] {
        scene.git(&["config", key, value]);
    }
    scene.git(&["branch", "another"]);
    scene.git(&["tag", "-a", "-m", "another", "w2"]);
    scene.write("a.c", "changed");
    scene.write(".git/info/attributes", "* export-ignore\n");
    assert_eq!(pack(scene.path()), first);
    let (bare, worktree) = (scene.beside("bare"), scene.beside("worktree"));
    scene.git(&["clone", "--quiet", "--bare", ".", bare.to_str().unwrap()]);
    assert_eq!(pack(&bare), first);
    scene.git(&["worktree", "add", "--quiet", worktree.to_str().unwrap(), "another"]);
    assert_eq!(pack(&worktree), first);
    let shallow = scene.beside("shallow");
    let url = format!("file://{}", scene.path().display());
    scene.git(&["clone", "--quiet", "--depth=1", &url, shallow.to_str().unwrap()]);
    assert_eq!(pack(&shallow), first);
}

#[test]
fn placeholders_say_what_git_says_where_both_are_stable() {
    let scene = Scene::new();
    scene.write("first", "");
    scene.commit("first");
    let formats = "%H|%T|%P|%an|%ae|%al|%ad|%aD|%ai|%as|%at|%cn|%ce|%cd|%cD|%ci|%cs|%ct|%s|%f|%b|%B|%e|%n%%%x41";
    scene.write(
        "v",
        &format!("<$Format:{formats}$>\n$Format:%D|%d|%(describe)$\n$Id$\n"),
    );
    scene.write(".gitattributes", "v export-subst\n");
    scene.commit("\n\n Fix: a/b..c (d) \ncont.\n\n\nbody\n\nmore -- \n\n");
    scene.git(&["tag", "-a", "-m", "x", "v1"]);
    let git = scene.git_in("", &["log", "-1", &format!("--format=format:{formats}")]);
    scene.pack(&["-o", "a.tar", "--revision", "v1"]).expect_code(0);
    let expected = format!("<{}>\ntag: v1| (tag: v1)|v1\n$Id$\n", String::from_utf8(git).unwrap());
    assert_eq!(entries(&scene, "a.tar")["v"], expected);
    // Without the tag nobody says it, although it is there.
    expect_refusal(
        &scene,
        &["--revision", "main"],
        2,
        "error[placeholder-unstable]: expected placeholders that depend on the commit alone, found `%(describe)` in `v`\n",
    );
}

#[test]
fn a_placeholder_that_depends_on_more_than_the_commit_is_refused_by_name() {
    let scene = Scene::new();
    scene.write(".gitattributes", "v export-subst\n");
    for placeholder in ["%aN", "%ar", "%N", "%GG", "%z"] {
        scene.write("v", &format!("$Format:%H{placeholder}$"));
        scene.commit(placeholder);
        let error = format!(
            "error[placeholder-unstable]: expected placeholders that depend on the commit alone, found `{placeholder}` in `v`\n"
        );
        expect_refusal(&scene, &[], 2, &error);
    }
}

#[test]
fn submodules_are_refused_by_name_left_out_or_included() {
    let (scene, library) = Scene::with_submodule();
    expect_refusal(
        &scene,
        &[],
        2,
        "error[submodules-refused]: expected no submodules, found `vendor/lib`\n",
    );
    let commit = library.git_in("", &["rev-parse", "HEAD"]);
    let commit = String::from_utf8(commit).unwrap().trim().to_owned();
    let omitted = scene
        .pack(&["-o", "a.tar", "--submodules", "omit", "--format", "json"])
        .expect_code(0);
    assert_eq!(document(&omitted)["submodules"][0]["commit"], commit.as_str());
    assert_eq!(entries(&scene, "a.tar")["vendor/lib/"], "directory");
    let included = || scene.pack(&["-o", "a.tar", "--submodules", "include", "--format", "json"]);
    let first = included().expect_code(0);
    assert_eq!(document(&first)["submodules"][0]["path"], "vendor/lib");
    let packed = entries(&scene, "a.tar");
    assert_eq!(packed["vendor/lib/lib.c"], "int x;\n");
    assert_eq!(packed["vendor/lib/version"], "the library\n");
    assert!(!packed.contains_key("vendor/lib/hidden"));
    // Where git keeps it is enough; nothing needs to be checked out.
    fs::remove_dir_all(scene.path().join("vendor/lib")).unwrap();
    assert_eq!(included().expect_code(0).stdout, first.stdout);
    fs::remove_dir_all(scene.path().join(".git/modules")).unwrap();
    let error = format!(
        "error[submodule-missing]: expected commit `{commit}` of submodule `vendor/lib` in this clone, found none\n"
    );
    expect_refusal(&scene, &["--submodules", "include"], 3, &error);
    let finished = scene.pack(&["-o", "x.tar", "--submodules", "include"]);
    assert!(finished.stderr_text().contains("git submodule update --init"));
}

#[test]
fn large_files_are_refused_by_name_resolved_or_left_as_pointers() {
    let scene = Scene::new();
    let content = "large content\n";
    let oid = Measured::of_bytes(content.as_bytes(), &Algorithms::one(Algorithm::Sha256));
    let oid = oid.digest(Algorithm::Sha256).unwrap().to_hex();
    let pointer = format!("{POINTER}{oid}\nsize {}\n", content.len());
    scene.write(".gitattributes", "*.bin filter=lfs diff=lfs merge=lfs -text\n");
    scene.write("a.bin", &pointer);
    scene.write("b.bin", &pointer);
    scene.commit("pointers");
    expect_refusal(
        &scene,
        &[],
        2,
        "error[lfs-pointers-refused]: expected no Git LFS pointers, found `a.bin`, `b.bin`\n",
    );
    let finished = scene
        .pack(&["-o", "p.tar", "--lfs", "pointer", "--format", "json"])
        .expect_code(0);
    assert_eq!(document(&finished)["pointers"], serde_json::json!(["a.bin", "b.bin"]));
    assert_eq!(entries(&scene, "p.tar")["a.bin"], pointer);
    let missing = format!(
        "error[lfs-object-missing]: expected the Git LFS object `{oid}` of `a.bin` in this clone, found none\n"
    );
    expect_refusal(&scene, &["--lfs", "resolve"], 3, &missing);
    let object = format!(".git/lfs/objects/{}/{}/{oid}", &oid[..2], &oid[2..4]);
    scene.write(&object, content);
    scene.pack(&["-o", "r.tar", "--lfs", "resolve"]).expect_code(0);
    assert_eq!(entries(&scene, "r.tar")["b.bin"], content);
    scene.write(&object, "other content\n");
    expect_refusal(
        &scene,
        &["--lfs", "resolve"],
        1,
        &format!("error[lfs-object-differs]: expected SHA-256 `{oid}`"),
    );
    scene.write("a.bin", &format!("{POINTER}../../x\nsize 1\n"));
    scene.commit("broken");
    scene.write(&object, content);
    expect_refusal(&scene, &["--lfs", "resolve"], 2, "error[lfs-pointer-invalid]: ");
}

#[test]
fn a_clone_without_every_object_is_refused_by_the_object() {
    let scene = Scene::new();
    scene.write("a", "some content\n");
    scene.commit("one");
    scene.git(&["config", "uploadpack.allowFilter", "true"]);
    let partial = scene.beside("partial");
    let url = format!("file://{}", scene.path().display());
    scene.git(&[
        "clone",
        "--quiet",
        "--bare",
        "--filter=blob:none",
        &url,
        partial.to_str().unwrap(),
    ]);
    let blob = String::from_utf8(scene.git_in("", &["rev-parse", "HEAD:a"])).unwrap();
    let finished = scene.pack(&[partial.to_str().unwrap(), "-o", "x.tar"]).expect_code(3);
    let error = format!(
        "error[object-missing]: expected every object of the commit in the repository, found no `{}`\n",
        blob.trim()
    );
    assert!(finished.stderr_text().starts_with(&error), "{}", finished.stderr_text());
    assert!(!scene.path().join("x.tar").exists());
}

#[test]
fn what_is_not_there_is_told_by_its_name() {
    let scene = Scene::new();
    expect_refusal(
        &scene,
        &[],
        2,
        "error[revision-unknown]: expected a commit or a tree, found none named `HEAD`\n",
    );
    scene.write("a", "");
    scene.commit("one");
    for revision in ["v9", "--upload-pack=x", "HEAD:a", "HEAD~9"] {
        let error = format!("error[revision-unknown]: expected a commit or a tree, found none named `{revision}`\n");
        expect_refusal(&scene, &[&format!("--revision={revision}")], 2, &error);
    }
    let elsewhere = scene.beside("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    let elsewhere = elsewhere.to_str().unwrap();
    let error = format!("error[repository-expected]: expected a git checkout, found none at `{elsewhere}`\n");
    expect_refusal(&scene, &[elsewhere], 2, &error);
    let finished = scene
        .command("", &["-o", "x.tar"])
        .env("PATH", elsewhere)
        .run()
        .expect_code(2);
    let error = "error[git-missing]: expected the program `git` on the search path, found none\n";
    assert!(finished.stderr_text().starts_with(error), "{}", finished.stderr_text());
}

#[test]
fn a_link_that_leads_out_is_refused() {
    let scene = Scene::new();
    scene.link("out", "../../etc/passwd");
    scene.commit("one");
    if cfg!(unix) {
        expect_refusal(
            &scene,
            &[],
            2,
            "error[link-escapes]: symbolic link `out` leads out of the archive",
        );
    }
}

#[test]
fn the_document_names_commit_tree_tag_rules_and_files() {
    let scene = Scene::new();
    scene.write("v", "$Format:%D$");
    scene.write(".gitattributes", "v export-subst\n");
    scene.commit("one");
    scene.git(&["tag", "v1"]);
    let finished = scene
        .pack(&["-o", "a.zip", "--revision", "v1", "--prefix", "p", "--format", "json"])
        .expect_code(0);
    let document = document(&finished);
    let id = |name: &str| {
        String::from_utf8(scene.git_in("", &["rev-parse", name]))
            .unwrap()
            .trim()
            .to_owned()
    };
    assert_eq!(document["schema"], "https://attest.dev/schema/pack-source/v1");
    let source = serde_json::json!({
        "commit": id("HEAD"), "tree": id("HEAD^{tree}"), "tag": "v1", "profile": "attest", "submodules": "refuse", "lfs": "refuse",
    });
    assert_eq!(document["source"], source);
    assert_eq!(
        document["source_date"],
        serde_json::json!({ "seconds": 1_700_000_001, "origin": "commit" })
    );
    assert_eq!(document["substituted"], serde_json::json!(["v"]));
    assert_eq!(document["files"][1]["path"], "p/v");
    assert_eq!(document["archive"]["format"], "zip");
}
