use super::found;

#[test]
fn packages_stand_in_each_other_by_their_names() {
    let lock = r#"{
  "lockfileVersion": 1,
  "workspaces": {
    "": {"name": "app", "dependencies": {"a": "^1", "alias": "npm:real@1", "m": "workspace:*",}, "devDependencies": {"b": "2",},},
    "packages/m": {"name": "m", "version": "2.0.0", "dependencies": {"b": "1"}},
  },
  "packages": {
    "a": ["a@1.0.0", "", { "dependencies": { "b": "^1" }, "peerDependencies": { "none": "*" } }, "sha1-cfUw57AQr163p993UveJId1X6e4="],
    "a/b": ["b@1.0.0", "", {}, "sha1-cfUw57AQr163p993UveJId1X6e4="],
    "alias": ["real@1.0.0", "", {}, "sha1-cfUw57AQr163p993UveJId1X6e4="],
    "b": ["b@2.0.0", "", {}, "sha1-cfUw57AQr163p993UveJId1X6e4="],
    "m": ["m@workspace:packages/m"],
    "m/b": ["b@1.5.0", "", {}, "sha1-cfUw57AQr163p993UveJId1X6e4="],
  }
}"#;
    let found = found([
        ("bun.lock", lock),
        ("package.json", r#"{"name": "app", "version": "1.0.0"}"#),
        ("packages/m/package.json", r#"{"name": "m", "version": "2.0.0"}"#),
    ]);
    assert_eq!(
        found.packages(),
        [
            "pkg:npm/a@1.0.0",
            "pkg:npm/app@1.0.0",
            "pkg:npm/b@1.0.0",
            "pkg:npm/b@1.5.0",
            "pkg:npm/b@2.0.0 excluded",
            "pkg:npm/m@2.0.0",
            "pkg:npm/real@1.0.0",
        ]
    );
    assert_eq!(
        found.edges(),
        [
            "a@1.0.0 -> b@1.0.0",
            "app@1.0.0 -> a@1.0.0",
            "app@1.0.0 -> b@2.0.0",
            "app@1.0.0 -> m@2.0.0",
            "app@1.0.0 -> real@1.0.0",
            "m@2.0.0 -> b@1.5.0",
        ]
    );
    assert_eq!(found.gaps, [""; 0]);
    assert_eq!(found.component("real@1.0.0")["hashes"][0]["alg"], "SHA-1");
}

#[test]
fn a_lock_file_alone_says_what_its_folders_are_called() {
    let lock = r#"{"lockfileVersion": 1, "workspaces": {
        "": {"name": "app", "dependencies": {"m": "workspace:*"}},
        "packages/m": {"name": "m", "version": "2.0.0"},
        "packages/n": {},
    }, "packages": {"m": ["m@workspace:packages/m"]}}"#;
    let alone = found([("bun.lock", lock)]);
    assert_eq!(alone.packages(), ["app", "packages/n", "pkg:npm/m@2.0.0"]);
    assert_eq!(alone.edges(), ["app -> m@2.0.0"]);
    let named = found([
        ("bun.lock", lock),
        ("package.json", r#"{"name": "other", "version": "1.0.0"}"#),
    ]);
    assert_eq!(
        named.packages(),
        ["packages/n", "pkg:npm/m@2.0.0", "pkg:npm/other@1.0.0"]
    );
}

#[test]
fn what_a_folder_leaves_to_others_is_needed_where_bun_installed_it() {
    let lock = r#"{"lockfileVersion": 1, "workspaces": {
        "": {"name": "app", "peerDependencies": {"a": "1"}},
        "m": {"name": "m", "devDependencies": {"b": "1"}, "peerDependencies": {"b": "1", "none": "1"}},
    }, "packages": {
        "a": ["a@1.0.0", "", {}, "sha1-cfUw57AQr163p993UveJId1X6e4="],
        "b": ["b@1.0.0", "", {}, "sha1-cfUw57AQr163p993UveJId1X6e4="],
        "m": ["m@workspace:m"],
    }}"#;
    let found = found([("bun.lock", lock)]);
    assert_eq!(found.edges(), ["app -> a@1.0.0", "m -> b@1.0.0"]);
    assert_eq!(
        found.packages(),
        ["app", "m", "pkg:npm/a@1.0.0", "pkg:npm/b@1.0.0 excluded"]
    );
    assert_eq!(found.gaps, [""; 0]);
}

#[test]
fn a_binary_lock_file_is_a_gap_unless_one_in_text_lies_beside_it() {
    let binary = "#!/usr/bin/env bun\nbun-lockfile-format-v0\n\u{3}\0";
    let root = r#"{"name": "app", "version": "1.0.0", "dependencies": {"a": "^1"}}"#;
    let alone = found([("package.json", root), ("bun.lockb", binary)]);
    assert_eq!(alone.packages(), ["pkg:npm/a", "pkg:npm/app@1.0.0"]);
    assert!(alone.gaps[0].starts_with("bun.lockb: unsupported: only Bun reads this form;"));
    let lock = r#"{"lockfileVersion": 1, "workspaces": {"": {"name": "app"}}, "packages": {}}"#;
    let both = found([("bun.lock", lock), ("bun.lockb", binary)]);
    assert_eq!(both.gaps, [""; 0]);
}
