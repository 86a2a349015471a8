use attest_sbom::tree::Memory;
use attest_sbom::{Gap, Inventory, Metadata, Options, Root, scan};

use super::Found;

fn shipped(name: &str, lock: &str, target: &str) -> Found {
    let manifest = r#"{"name": "app", "version": "1.0.0"}"#;
    let mut options = Options::default();
    options.shipped = Some(target.to_owned());
    let inventory: Inventory = scan(&Memory::new([(name, lock), ("package.json", manifest)]), &options).unwrap();
    let gaps = inventory.gaps().map(Gap::to_string).collect();
    let bom = inventory.document(&Root::default(), &Metadata::default()).unwrap();
    Found {
        document: serde_json::from_slice(&bom.to_json()).unwrap(),
        gaps,
    }
}

const NPM: &str = r#"{"lockfileVersion": 3, "packages": {
    "": {"name": "app", "version": "1.0.0", "dependencies": {"a": "1"}, "devDependencies": {"dev": "1"}},
    "node_modules/a": {"version": "1.0.0", "optionalDependencies": {"linux": "1", "mac": "1"}},
    "node_modules/dev": {"version": "1.0.0", "dev": true, "dependencies": {"a": "1"}},
    "node_modules/linux": {"version": "1.0.0", "os": ["linux"], "cpu": ["x64"], "libc": ["glibc"], "optional": true},
    "node_modules/mac": {"version": "1.0.0", "os": ["darwin"], "optional": true, "dependencies": {"below": "1"}},
    "node_modules/below": {"version": "1.0.0", "optional": true}}}"#;

const PNPM: &str = "lockfileVersion: '9.0'\nimporters:\n  .:\n    dependencies:\n      a: {specifier: '1', version: 1.0.0}\n    devDependencies:\n      \
                    dev: {specifier: '1', version: 1.0.0}\npackages:\n  a@1.0.0: {}\n  dev@1.0.0: {}\n  linux@1.0.0: {os: [linux], cpu: [x64], libc: \
                    [glibc]}\n  mac@1.0.0: {os: [darwin]}\n  below@1.0.0: {}\nsnapshots:\n  a@1.0.0:\n    optionalDependencies: {linux: 1.0.0, mac: \
                    1.0.0}\n  dev@1.0.0:\n    dependencies: {a: 1.0.0}\n  linux@1.0.0: {}\n  mac@1.0.0:\n    dependencies: {below: 1.0.0}\n  below@1.0.0: {}\n";

#[test]
fn what_is_for_development_or_for_other_systems_is_not_shipped() {
    for (name, lock) in [("package-lock.json", NPM), ("pnpm-lock.yaml", PNPM)] {
        let found = shipped(name, lock, "linux/amd64");
        assert_eq!(
            found.packages(),
            ["pkg:npm/a@1.0.0", "pkg:npm/app@1.0.0", "pkg:npm/linux@1.0.0"],
            "{name}"
        );
        assert_eq!(found.edges(), ["a@1.0.0 -> linux@1.0.0", "app@1.0.0 -> a@1.0.0"]);
        let found = shipped(name, lock, "aarch64-apple-darwin");
        let expected = [
            "pkg:npm/a@1.0.0",
            "pkg:npm/app@1.0.0",
            "pkg:npm/below@1.0.0",
            "pkg:npm/mac@1.0.0",
        ];
        assert_eq!(found.packages(), expected, "{name}");
        assert_eq!(found.gaps, [""; 0]);
    }
}

#[test]
fn for_an_unknown_target_every_system_counts() {
    let found = shipped("package-lock.json", NPM, "plan9/vax");
    let expected = [
        "pkg:npm/a@1.0.0",
        "pkg:npm/app@1.0.0",
        "pkg:npm/below@1.0.0",
        "pkg:npm/linux@1.0.0",
        "pkg:npm/mac@1.0.0",
    ];
    assert_eq!(found.packages(), expected);
    assert_eq!(
        found.gaps,
        ["package-lock.json: unknown-target: nothing is known of `plan9/vax`: what any system needs is listed"]
    );
}
