use std::collections::BTreeSet;

use proptest::prelude::*;

use crate::cyclonedx::{LicenceChoice, Scope};
use crate::tree::Memory;
use crate::{Gap, Inventory, Kind, Options, scan};

fn options() -> Options {
    Options {
        kinds: vec![Kind::Go],
        ..Options::default()
    }
}

fn inventory(files: &[(&str, &str)]) -> Inventory {
    scan(&Memory::new(files.iter().copied()), &options()).unwrap()
}

/// Package URLs of what comes from others.
fn purls(inventory: &Inventory) -> Vec<&str> {
    let mut purls: Vec<&str> = inventory
        .packages()
        .iter()
        .filter(|package| !package.is_own())
        .filter_map(|package| package.purl.as_deref())
        .collect();
    purls.sort_unstable();
    purls
}

fn edges(inventory: &Inventory) -> BTreeSet<(&str, &str)> {
    let name = |place: usize| inventory.packages()[place].purl.as_deref().unwrap_or_default();
    let edges = inventory.edges().iter();
    edges.map(|(from, to)| (name(from.place()), name(to.place()))).collect()
}

fn codes(inventory: &Inventory) -> Vec<&str> {
    inventory.gaps().map(Gap::code).collect()
}

const APP: &str = "pkg:golang/example.com/app";

#[test]
fn the_root_needs_what_it_imports_and_nothing_is_said_of_the_rest() {
    let found = inventory(&[
        (
            "go.mod",
            "module example.com/app\ngo 1.21\nrequire example.com/a v1.0.0\nrequire example.com/b v1.0.0 // indirect\n",
        ),
        (
            "go.sum",
            "example.com/a v1.0.0 h1:AAAA=\nexample.com/a v1.0.0/go.mod h1:BBBB=\n",
        ),
    ]);
    assert_eq!(
        purls(&found),
        ["pkg:golang/example.com/a@v1.0.0", "pkg:golang/example.com/b@v1.0.0"]
    );
    assert_eq!(
        edges(&found),
        BTreeSet::from([(APP, "pkg:golang/example.com/a@v1.0.0")])
    );
    assert_eq!(codes(&found), [""; 0]);
    let a = found.by_purl("pkg:golang/example.com/a@v1.0.0").unwrap();
    assert!(found.is_incomplete(a) && !found.is_incomplete(found.by_purl(APP).unwrap()));
    assert_eq!(found.packages()[a.place()].properties[0].value, "AAAA=");
    assert!(found.packages()[a.place()].hashes.is_empty());
}

#[test]
fn a_replacement_of_the_very_version_goes_before_one_of_all() {
    let found = inventory(&[(
        "go.mod",
        "module example.com/app\ngo 1.21\nrequire (\n example.com/a v1.0.0\n example.com/b v1.0.0\n example.com/c v1.0.0\n)\n\
         replace example.com/a => example.org/a v2.0.0+incompatible\nreplace example.com/a v1.0.0 => example.net/a v1.5.0\n\
         replace example.com/b v1.9.9 => example.net/b v1.0.0\nreplace example.com/c => example.com/c v1.1.0\n",
    )]);
    assert_eq!(
        purls(&found),
        [
            "pkg:golang/example.com/b@v1.0.0",
            "pkg:golang/example.com/c@v1.1.0",
            "pkg:golang/example.net/a@v1.5.0"
        ]
    );
    let a = found.by_purl("pkg:golang/example.net/a@v1.5.0").unwrap();
    assert_eq!(found.packages()[a.place()].properties[0].value, "example.com/a@v1.0.0");
}

#[test]
fn what_is_excluded_is_not_needed_and_the_latest_of_two_versions_is() {
    let found = inventory(&[(
        "go.mod",
        "module example.com/app\ngo 1.21\nrequire example.com/a v1.2.0\nrequire example.com/a v1.10.0\n\
         require example.com/b v1.0.0\nexclude example.com/b v1.0.0\n",
    )]);
    assert_eq!(purls(&found), ["pkg:golang/example.com/a@v1.10.0"]);
}

#[test]
fn a_directory_that_stands_in_is_own_and_one_that_is_not_there_is_a_gap() {
    let app = "module example.com/app\ngo 1.21\nrequire example.com/lib v0.0.0\nrequire example.com/out v0.0.0\n\
               replace example.com/lib => ../lib\nreplace example.com/out => ../../out\n";
    let found = inventory(&[
        ("app/go.mod", app),
        (
            "lib/go.mod",
            "module example.com/lib\ngo 1.21\nrequire example.com/a v1.0.0\n",
        ),
        ("out/go.mod", "module example.com/another\ngo 1.21\n"),
    ]);
    assert_eq!(purls(&found), ["pkg:golang/example.com/a@v1.0.0"]);
    assert!(edges(&found).contains(&(APP, "pkg:golang/example.com/lib")));
    let gaps: Vec<String> = found.gaps().map(Gap::to_string).collect();
    assert_eq!(
        gaps,
        ["app/go.mod: unresolved: `example.com/out` is replaced by a directory that is not here"]
    );
    assert!(found.is_incomplete(found.by_purl(APP).unwrap()));
}

const STAND_IN: &str = "module example.com/lib\ngo 1.21\nrequire example.com/app v0.0.0\nrequire example.com/a v1.0.0\n\
                        require example.com/test v1.0.0\nreplace example.com/a => example.net/a v9.0.0\n";

#[test]
fn what_stands_in_is_built_with_the_versions_of_the_module_that_needs_it() {
    let app = "module example.com/app\ngo 1.21\nrequire example.com/lib v0.0.0\nrequire example.com/a v1.5.0 // indirect\n\
               replace example.com/lib => ./lib\n";
    let found = inventory(&[("go.mod", app), ("lib/go.mod", STAND_IN)]);
    assert_eq!(
        purls(&found),
        ["pkg:golang/example.com/a@v1.5.0", "pkg:golang/example.com/test@v1.0.0"]
    );
    // Nothing that is built of the one that needs it uses what that does not list.
    let scope = |purl: &str| found.packages()[found.by_purl(purl).unwrap().place()].scope;
    assert_eq!(scope("pkg:golang/example.com/test@v1.0.0"), Some(Scope::Excluded));
    assert_eq!(scope("pkg:golang/example.com/a@v1.5.0"), None);
    let edges = edges(&found);
    for to in [
        APP,
        "pkg:golang/example.com/a@v1.5.0",
        "pkg:golang/example.com/test@v1.0.0",
    ] {
        assert!(edges.contains(&("pkg:golang/example.com/lib", to)), "{edges:?}");
    }
    assert_eq!(codes(&found), [""; 0]);
}

#[test]
fn a_list_that_is_not_whole_excludes_nothing_of_what_stands_in() {
    let app = "module example.com/app\ngo 1.16\nrequire example.com/lib v0.0.0\nreplace example.com/lib => ./lib\n";
    let found = inventory(&[("go.mod", app), ("lib/go.mod", STAND_IN)]);
    let scopes = found.packages().iter().map(|package| package.scope);
    assert!(scopes.eq(found.packages().iter().map(|_| None)));
    assert_eq!(codes(&found), ["unresolved"]);
}

#[test]
fn modules_of_a_workspace_need_each_other_and_share_one_version_of_what_comes_from_others() {
    let work = (
        "go.work",
        "go 1.21\nuse (\n .\n ./tools\n)\nreplace example.com/b => example.org/b v1.0.0\n",
    );
    let app = (
        "go.mod",
        "module example.com/app\ngo 1.21\nrequire example.com/a v1.1.0\nrequire example.com/b v1.0.0\n",
    );
    let tools = "module example.com/tools\ngo 1.21\nrequire example.com/a v1.2.0\nrequire example.com/app v0.9.0\n\
                 replace example.com/b => example.net/b v1.0.0\n";
    let other = (
        "other/go.mod",
        "module example.com/other
go 1.21
require example.com/c v1.0.0
",
    );
    let found = inventory(&[work, app, ("tools/go.mod", tools), other]);
    assert_eq!(
        purls(&found),
        ["pkg:golang/example.com/a@v1.2.0", "pkg:golang/example.org/b@v1.0.0"]
    );
    let edges = edges(&found);
    assert!(edges.contains(&("pkg:golang/example.com/tools", APP)), "{edges:?}");
}

#[test]
fn a_module_below_another_one_is_another_project_unless_something_says_otherwise() {
    let app = (
        "go.mod",
        "module example.com/app\ngo 1.21\nrequire example.com/a v1.1.0\n",
    );
    let tools = (
        "tools/go.mod",
        "module example.com/tools\ngo 1.21\nrequire example.com/a v1.2.0\n",
    );
    let apart = inventory(&[app, tools]);
    assert_eq!(purls(&apart), ["pkg:golang/example.com/a@v1.1.0"]);
    let (_, properties) = apart.into_parts();
    let said: Vec<_> = properties
        .iter()
        .map(|property| (property.name, property.value.as_str()))
        .collect();
    assert_eq!(said, [("attest:not-listed", "tools/go.mod")]);
    let replaced = format!(
        "{}require example.com/tools v0.0.0\nreplace example.com/tools => ./tools\n",
        app.1
    );
    let replaced = inventory(&[("go.mod", replaced.as_str()), tools]);
    assert_eq!(purls(&replaced), ["pkg:golang/example.com/a@v1.2.0"]);
    let side_by_side = inventory(&[("app/go.mod", app.1), tools]);
    assert_eq!(purls(&side_by_side).len(), 2);
}

#[test]
fn a_workspace_that_uses_what_is_not_there_is_a_gap() {
    let found = inventory(&[
        ("go.work", "go 1.21\nuse ./missing\nuse ../outside\n"),
        ("go.mod", "module example.com/app\n"),
    ]);
    assert_eq!(codes(&found), ["unresolved"]);
}

const VENDORED: [(&str, &str); 4] = [
    (
        "go.mod",
        "module example.com/app\ngo 1.16\nrequire example.com/a v1.0.0\nrequire example.com/unused v1.0.0\n",
    ),
    (
        "vendor/modules.txt",
        "# example.com/a v1.0.0\n## explicit\nexample.com/a/sub\n# example.com/deep v1.0.0\nexample.com/deep\n\
         # example.com/unused v1.0.0\n## explicit\n",
    ),
    (
        "vendor/example.com/a/sub/LICENSE",
        "Licensed under the Apache License, Version 2.0",
    ),
    ("vendor/example.com/deep/COPYING", "// SPDX-License-Identifier: MIT"),
];

#[test]
fn what_was_copied_is_used_and_what_was_not_is_excluded() {
    let found = inventory(&VENDORED);
    assert_eq!(purls(&found).len(), 3);
    // The list is whole: a Go before 1.17 names in its manifest only what the module itself imports.
    assert_eq!(codes(&found), [""; 0]);
    let package = |name: &str| {
        let key = found.by_purl(&format!("pkg:golang/example.com/{name}@v1.0.0")).unwrap();
        &found.packages()[key.place()]
    };
    let licence = |name: &str| match package(name).licenses.first() {
        Some(LicenceChoice::Expression { expression, .. }) => expression.as_str(),
        _ => "",
    };
    assert_eq!((package("a").scope, licence("a")), (None, "Apache-2.0"));
    assert_eq!((package("deep").scope, licence("deep")), (None, "MIT"));
    assert_eq!(
        (package("unused").scope, licence("unused")),
        (Some(Scope::Excluded), "")
    );
    let shipped = Options {
        shipped: Some("linux/amd64".to_owned()),
        ..options()
    };
    let shipped = scan(&Memory::new(VENDORED), &shipped).unwrap();
    assert_eq!(
        purls(&shipped),
        ["pkg:golang/example.com/a@v1.0.0", "pkg:golang/example.com/deep@v1.0.0"]
    );
    assert_eq!(codes(&shipped), [""; 0]);
}

#[test]
fn two_lists_that_differ_are_a_gap() {
    let mut files = VENDORED;
    files[0].1 = "module example.com/app\ngo 1.16\nrequire example.com/a v1.0.1\n";
    let found = inventory(&files);
    let gaps: Vec<String> = found.gaps().map(Gap::to_string).collect();
    assert_eq!(
        gaps,
        ["vendor/modules.txt: mismatch: `example.com/a`: expected `v1.0.1` as in `go.mod`, found `v1.0.0`"]
    );
}

#[test]
fn an_old_manifest_says_that_it_does_not_list_everything() {
    let old = "module example.com/app\ngo 1.16\nrequire example.com/a v1.0.0\n";
    assert_eq!(codes(&inventory(&[("go.mod", old)])), ["unresolved"]);
    assert_eq!(
        codes(&inventory(&[("go.mod", "module example.com/app\ngo 1.16\n")])),
        [""; 0]
    );
    assert_eq!(codes(&inventory(&[("go.mod", &old.replace("1.16", "1.17"))])), [""; 0]);
}

#[test]
fn sums_without_a_manifest_are_a_gap_and_no_packages() {
    let found = inventory(&[("go.sum", "example.com/a v1.0.0 h1:AAAA=\n")]);
    assert!(found.is_empty());
    assert_eq!(codes(&found), ["no-manifest"]);
}

#[test]
fn one_damaged_line_or_file_hides_no_other() {
    let found = inventory(&[
        (
            "a/go.mod",
            "module example.com/app\ngo 1.21\nrequire (\n example.com/a v1.0.0\n example.com/b\n)\n",
        ),
        ("b/go.mod", "require example.com/c v1.0.0 // indirect\ngo 1.21\n"),
        ("c/go.sum", "x\n"),
        ("c/go.mod", "module example.com/c\ngo 1.21\n"),
        ("c/vendor/modules.txt", "x\n"),
    ]);
    assert_eq!(
        purls(&found),
        ["pkg:golang/example.com/a@v1.0.0", "pkg:golang/example.com/c@v1.0.0"]
    );
    let gaps: Vec<String> = found.gaps().map(Gap::to_string).collect();
    assert_eq!(
        gaps,
        [
            "a/go.mod: damaged: line 5 is not understood",
            "b/go.mod: damaged: it does not name a module",
            "c/go.sum: damaged: line 1 is not understood",
            "c/vendor/modules.txt: damaged: line 1 is not understood",
        ]
    );
}

#[test]
fn the_standard_library_and_the_modules_of_tests_are_no_projects() {
    let none = scan(
        &Memory::new([
            (
                "usr/local/go/src/go.mod",
                "module std\ngo 1.21\nrequire golang.org/x/net v0.1.0\n",
            ),
            (
                "testdata/go.mod",
                "module example.com/x\nrequire example.com/a v1.0.0\n",
            ),
        ]),
        &options(),
    );
    assert_eq!(none.unwrap_err(), crate::Error::NothingFound);
}

#[test]
fn forty_thousand_needs_and_replacements_take_no_longer_than_their_number() {
    let mut text = "module example.com/app\ngo 1.21\n".to_owned();
    for number in 0..20_000 {
        text += &format!(
            "require example.com/m{number} v1.0.0\nreplace example.com/m{number} => example.org/m{number} v1.0.0\n"
        );
    }
    assert_eq!(inventory(&[("go.mod", &text)]).len(), 20_001);
}

fn words() -> impl Strategy<Value = String> {
    let word = prop::sample::select(vec![
        "module",
        "go",
        "require",
        "replace",
        "exclude",
        "use",
        "(",
        ")",
        "=>",
        "//",
        "indirect",
        "example.com/a",
        "v1.0.0",
        "./b",
        "../..",
        "#",
        "##",
        "explicit",
        "h1:AA=",
        "\"",
        "`",
        "\n",
        "\n",
        " ",
        "\u{e9}",
        "\u{0}",
    ]);
    prop::collection::vec(word, 0..60).prop_map(|words| words.join(" "))
}

proptest! {
    #[test]
    fn no_words_in_any_file_make_it_panic(manifest in words(), sums in words(), work in words(), list in words()) {
        let files = [("go.mod", manifest), ("go.sum", sums), ("go.work", work), ("vendor/modules.txt", list)];
        let _ = scan(&Memory::new(files), &options());
    }

    #[test]
    fn no_bytes_in_any_file_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), name in 0_usize..4) {
        let name = ["go.mod", "go.sum", "go.work", "vendor/modules.txt"][name];
        let _ = scan(&Memory::new([(name, bytes)]), &options());
    }
}
