//! `unsafe` is only in the lanes of `attest-digest`, and says each time why it is sound.

use std::path::{Path, PathBuf};

const LANES: &str = "crates/attest-digest/src/lane/";

/// The lines, counted from one, where something unsafe begins.
fn unsafe_lines(text: &str) -> Vec<usize> {
    // Put together here, so that this file does not find itself.
    let beginnings = ["{", "fn", "impl", "trait", "extern"].map(|next| ["unsafe", next].join(" "));
    let lines = text.lines().enumerate().filter(|(_, line)| {
        let code = line.trim_start();
        !code.starts_with("//") && beginnings.iter().any(|beginning| code.contains(beginning.as_str()))
    });
    lines.map(|(at, _)| at + 1).collect()
}

/// The lines where something unsafe begins and no comment right before it begins with `SAFETY:`.
fn unexplained_lines(text: &str) -> Vec<usize> {
    let lines: Vec<&str> = text.lines().map(str::trim_start).collect();
    let is_explained = |line: &usize| {
        let before = lines[..line - 1].iter().rev();
        before
            .take_while(|line| line.starts_with("//"))
            .any(|line| line.starts_with("// SAFETY: "))
    };
    unsafe_lines(text)
        .into_iter()
        .filter(|line| !is_explained(line))
        .collect()
}

fn sources() -> Vec<(String, String)> {
    let top = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut waiting: Vec<PathBuf> = ["crates", "tests", "benches"].map(|folder| top.join(folder)).into();
    let mut sources = Vec::new();
    while let Some(folder) = waiting.pop() {
        for entry in std::fs::read_dir(folder).expect("a directory of sources can be listed") {
            let path = entry.expect("a directory of sources can be listed").path();
            if path.is_dir() {
                waiting.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let shown = path.strip_prefix(top).expect("below the top").display().to_string();
                sources.push((shown, std::fs::read_to_string(&path).expect("sources are UTF-8")));
            }
        }
    }
    sources.sort();
    sources
}

#[test]
fn nothing_is_unsafe_but_the_lanes() {
    let lint = ["unsafe", "code"].join("_");
    let mut broken = Vec::new();
    for (path, text) in sources().iter().filter(|(path, _)| !path.starts_with(LANES)) {
        broken.extend(unsafe_lines(text).iter().map(|line| format!("{path}:{line}")));
        if text.contains(&lint) {
            broken.push(format!("{path} speaks of the lint `{lint}`"));
        }
    }
    assert!(
        broken.is_empty(),
        "only {LANES} may do this:\n  {}",
        broken.join("\n  ")
    );
}

#[test]
fn whatever_is_unsafe_says_why_it_is_sound() {
    let mut found = 0;
    let mut broken = Vec::new();
    for (path, text) in sources() {
        found += unsafe_lines(&text).len();
        broken.extend(unexplained_lines(&text).iter().map(|line| format!("{path}:{line}")));
    }
    assert!(found > 0, "the lanes are looked at");
    assert!(
        broken.is_empty(),
        "no SAFETY comment before:\n  {}",
        broken.join("\n  ")
    );
}

#[test]
fn what_is_unexplained_is_found() {
    let block = ["unsafe", "{ load(pointer) }"].join(" ");
    let explained = format!("// SAFETY: it is aligned,\n// and long enough.\nlet a = {block};\n");
    let apart = format!("// SAFETY: of something else.\n\n{block}\n");
    let elsewise = format!("// It is safe.\n{block}\n");
    assert_eq!(unsafe_lines(&explained), [3]);
    assert_eq!(unexplained_lines(&explained), [] as [usize; 0]);
    assert_eq!(unexplained_lines(&apart), [3]);
    assert_eq!(unexplained_lines(&elsewise), [2]);
    assert_eq!(
        unsafe_lines("// unsafely said\nlet content = \"unsafe-inline\";\n"),
        [] as [usize; 0]
    );
}
