//! What is true for a target, held against what the compiler says.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use attest_sbom::tree::Memory;
use attest_sbom::{Metadata, Options, Root, scan};

const TARGETS: [&str; 40] = [
    "aarch64-apple-darwin",
    "aarch64-apple-ios",
    "aarch64-apple-ios-sim",
    "aarch64-linux-android",
    "aarch64-pc-windows-gnullvm",
    "aarch64-pc-windows-msvc",
    "aarch64-unknown-linux-gnu",
    "aarch64-unknown-linux-musl",
    "aarch64-unknown-none",
    "arm-unknown-linux-gnueabihf",
    "armv7-linux-androideabi",
    "armv7-unknown-linux-gnueabihf",
    "armv7-unknown-linux-musleabihf",
    "i586-unknown-linux-gnu",
    "i686-pc-windows-msvc",
    "i686-unknown-linux-gnu",
    "loongarch64-unknown-linux-gnu",
    "powerpc64-unknown-linux-gnu",
    "powerpc64le-unknown-linux-gnu",
    "riscv32imac-unknown-none-elf",
    "riscv64gc-unknown-linux-gnu",
    "s390x-unknown-linux-gnu",
    "sparcv9-sun-solaris",
    "thumbv6m-none-eabi",
    "thumbv7em-none-eabihf",
    "wasm32-unknown-emscripten",
    "wasm32-unknown-unknown",
    "wasm32-wasip1",
    "wasm32-wasip2",
    "x86_64-apple-darwin",
    "x86_64-apple-ios",
    "x86_64-linux-android",
    "x86_64-pc-windows-gnu",
    "x86_64-pc-windows-msvc",
    "x86_64-unknown-freebsd",
    "x86_64-unknown-linux-gnu",
    "x86_64-unknown-linux-musl",
    "x86_64-unknown-netbsd",
    "x86_64-unknown-none",
    "x86_64-unknown-uefi",
];

/// What packages ask for. Of processor features, only those that every processor of a kind has are known, and few of them.
const KEYS: [&str; 9] = [
    "target_arch",
    "target_endian",
    "target_env",
    "target_family",
    "target_has_atomic",
    "target_os",
    "target_pointer_width",
    "target_vendor",
    "panic",
];

/// What the compiler says, nothing for a target that it does not know.
fn stated(target: &str) -> Option<BTreeSet<String>> {
    let output = Command::new("rustc")
        .args(["--print", "cfg", "--target", target])
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let facts = text.lines().filter(|line| match line.split_once('=') {
        Some((key, _)) => KEYS.contains(&key),
        None => matches!(*line, "unix" | "windows"),
    });
    output.status.success().then(|| facts.map(str::to_owned).collect())
}

/// Which of the facts hold, asked by a dependency for each.
fn held<'a>(target: &str, facts: &[&'a str]) -> BTreeSet<&'a str> {
    let mut lock = "[[package]]\nname = \"app\"\nversion = \"1.0.0\"\ndependencies = [\n".to_owned();
    let mut manifest = "package.name = \"app\"\npackage.version = \"1.0.0\"\nworkspace.resolver = \"2\"\n".to_owned();
    let mut packages = String::new();
    let mut files = BTreeMap::new();
    for (number, fact) in facts.iter().enumerate() {
        lock += &format!("\"p{number}\",\n");
        packages += &format!(
            "[[package]]\nname = \"p{number}\"\nversion = \"1.0.0\"\nsource = \"registry+https://x.example\"\n"
        );
        manifest += &format!("[target.'cfg({fact})'.dependencies]\np{number} = \"1\"\n");
    }
    files.insert("Cargo.lock", lock + "]\n" + &packages);
    files.insert("Cargo.toml", manifest);
    let mut options = Options::default();
    options.shipped = Some(target.to_owned());
    let inventory = scan(&Memory::new(files), &options).unwrap();
    assert_eq!(inventory.gaps().len(), 0, "{target}");
    let bom = inventory.document(&Root::default(), &Metadata::default()).unwrap();
    let document: serde_json::Value = serde_json::from_slice(&bom.to_json()).unwrap();
    let components = document["components"].as_array().unwrap().iter();
    let names = components.map(|one| one["name"].as_str().unwrap());
    names.map(|name| facts[name[1..].parse::<usize>().unwrap()]).collect()
}

#[test]
fn what_is_true_for_a_target_is_what_the_compiler_says() {
    let stated: BTreeMap<&str, BTreeSet<String>> = TARGETS
        .into_iter()
        .filter_map(|target| Some((target, stated(target)?)))
        .collect();
    assert!(stated.len() > TARGETS.len() / 2, "the compiler knows most of them");
    let all: BTreeSet<&str> = stated.values().flatten().map(String::as_str).collect();
    let all: Vec<&str> = all.into_iter().collect();
    for (target, facts) in &stated {
        let facts: BTreeSet<&str> = facts.iter().map(String::as_str).collect();
        assert_eq!(held(target, &all), facts, "{target}");
    }
}
