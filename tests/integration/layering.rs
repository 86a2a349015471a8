//! What must never depend on what. A broken rule prints the path that breaks it.

use std::path::Path;
use std::process::Command;

/// A crate, and the crates that must not be reachable from it by normal dependencies.
struct Rule {
    crate_name: &'static str,
    never: &'static [&'static [&'static str]],
}

const SOCKETS: &[&str] = &[
    "attest-net",
    "reqwest",
    "hyper",
    "h2",
    "ureq",
    "axum",
    "rustls",
    "socket2",
    "oci-client",
];
/// `futures-io` is a trait without a runtime; the verification family implements a reader for it.
const RUNTIMES: &[&str] = &["tokio", "async-std", "smol", "futures-executor", "mio"];
const CLOCKS: &[&str] = &["jiff", "chrono", "time"];
const SIGNING: &[&str] = &["attest-sign", "sigstore-sign", "sigstore-fulcio", "sigstore-oidc"];
const VERIFYING: &[&str] = &["attest-verify", "attest-policy", "sigstore-verify"];
/// What verification does for itself, so that nothing else decides what is good.
const FOREIGN_VERIFIERS: &[&str] = &[
    "sigstore-verify",
    "sigstore-trust-root",
    "sigstore-crypto",
    "sigstore-types",
];
const STORES: &[&str] = &["attest-store"];
const FURTHER: &[&str] = &[
    "attest-archive",
    "attest-sbom",
    "attest-provenance",
    "attest-release",
    "attest-sandbox",
];
const DEVELOPMENT: &[&str] = &["attest-testkit"];

const RULES: &[Rule] = &[
    Rule {
        crate_name: "attest-digest",
        never: &[
            SOCKETS,
            RUNTIMES,
            CLOCKS,
            SIGNING,
            VERIFYING,
            STORES,
            FURTHER,
            &["attestation"],
        ],
    },
    Rule {
        crate_name: "attestation",
        never: &[SOCKETS, RUNTIMES, CLOCKS, SIGNING, VERIFYING, STORES, FURTHER],
    },
    Rule {
        crate_name: "attest-archive",
        never: &[SOCKETS, RUNTIMES, CLOCKS, SIGNING, VERIFYING, STORES, &["attestation"]],
    },
    Rule {
        crate_name: "attest-sbom",
        never: &[SOCKETS, RUNTIMES, SIGNING, VERIFYING, STORES],
    },
    Rule {
        crate_name: "attest-provenance",
        never: &[SOCKETS, RUNTIMES, SIGNING, VERIFYING, STORES],
    },
    Rule {
        crate_name: "attest-sign",
        never: &[SOCKETS, RUNTIMES, VERIFYING, STORES],
    },
    Rule {
        crate_name: "attest-store",
        never: &[SOCKETS, RUNTIMES, SIGNING, VERIFYING],
    },
    Rule {
        crate_name: "attest-verify",
        never: &[SOCKETS, RUNTIMES, SIGNING, STORES, FURTHER, FOREIGN_VERIFIERS],
    },
    Rule {
        crate_name: "attest-detached",
        never: &[SOCKETS, RUNTIMES, SIGNING, STORES, FURTHER],
    },
    Rule {
        crate_name: "attest-net",
        never: &[VERIFYING, STORES, FURTHER],
    },
    Rule {
        crate_name: "attest-sandbox",
        never: &[&["attest-net", "reqwest"], SIGNING, VERIFYING, STORES],
    },
    Rule {
        crate_name: "attest-release",
        never: &[SOCKETS, RUNTIMES, &["attest-sandbox"]],
    },
    Rule {
        crate_name: "attest",
        never: &[
            DEVELOPMENT,
            &["ring", "openssl", "openssl-sys", "native-tls", "sigstore"],
        ],
    },
];

/// A package, and the only members of the workspace that may name it in their manifests.
const DOORS: &[(&str, &[&str])] = &[
    ("cyclonedx-bom", &["attest-sbom"]),
    ("flate2", &["attest-archive"]),
    ("libdeflater", &["attest-archive"]),
    ("liblzma", &["attest-archive"]),
    ("tar", &["attest-archive"]),
    ("zip", &["attest-archive"]),
    ("zstd", &["attest-archive"]),
    ("reqwest", &["attest-net"]),
    ("oci-client", &["attest-net"]),
    ("axum", &["attest-sandbox"]),
    ("tokio", &["attest-net", "attest-sandbox"]),
    ("attest-net", &["attest"]),
    ("sigstore-bundle", &["attest-sign"]),
    ("sigstore-crypto", &["attest-net", "attest-sign"]),
    ("sigstore-fulcio", &["attest-net"]),
    ("sigstore-oidc", &["attest-net"]),
    ("sigstore-rekor", &["attest-net"]),
    ("sigstore-trust-root", &["attest-net"]),
    ("cryptoki", &["attest-sign"]),
    ("crypto_secretbox", &["attest-sign"]),
    ("scrypt", &["attest-sign"]),
    ("pgp", &["attest-detached"]),
    ("ssh-key", &["attest-detached"]),
    ("sigstore-tsa", &["attest-net"]),
    ("sigstore-tuf", &["attest-net"]),
    ("sigstore-types", &["attest-net", "attest-sign"]),
    // Only to be compared with, in tests and benches.
    ("sigstore-verify", &[]),
];

fn cargo(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO"))
        .args(arguments)
        .args(["--locked", "--offline"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs: this test was started by it");
    assert!(
        output.status.success(),
        "cargo {arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).expect("cargo writes UTF-8")
}

/// The path from `root` to the first crate of `never`, by the features that `root` alone asks for.
fn offending_path(tree: &str, never: &[&str]) -> Option<String> {
    let mut path: Vec<&str> = Vec::new();
    for line in tree.lines() {
        let digits = line.bytes().take_while(u8::is_ascii_digit).count();
        let depth: usize = line[..digits]
            .parse()
            .expect("--prefix depth begins each line with a number");
        let name = line[digits..]
            .split(' ')
            .next()
            .expect("split yields at least one item");
        path.truncate(depth);
        path.push(name);
        if depth > 0 && never.contains(&name) {
            return Some(path.join(" → "));
        }
    }
    None
}

#[test]
fn no_crate_reaches_what_it_must_not() {
    let mut broken = Vec::new();
    for rule in RULES {
        let tree = cargo(&[
            "tree",
            "--package",
            rule.crate_name,
            "--edges",
            "normal",
            "--prefix",
            "depth",
        ]);
        assert!(
            tree.starts_with(&format!("0{} ", rule.crate_name)),
            "unexpected tree: {tree}"
        );
        broken.extend(rule.never.iter().filter_map(|never| offending_path(&tree, never)));
    }
    assert!(
        broken.is_empty(),
        "these paths must not exist:\n  {}",
        broken.join("\n  ")
    );
}

#[test]
fn an_offending_path_is_found_and_printed_whole() {
    let tree = "0a v1\n1b v1\n2c v1\n1d v1\n2reqwest v0.13\n";
    assert_eq!(offending_path(tree, SOCKETS), Some("a → d → reqwest".to_owned()));
    assert_eq!(offending_path(tree, RUNTIMES), None);
}

#[test]
fn every_named_package_has_one_door() {
    let metadata = cargo(&["metadata", "--format-version", "1", "--no-deps"]);
    let metadata: serde_json::Value = serde_json::from_str(&metadata).expect("cargo metadata writes JSON");
    let mut broken = Vec::new();
    for package in metadata["packages"].as_array().expect("packages is an array") {
        let member = package["name"].as_str().expect("a package has a name");
        for dependency in package["dependencies"].as_array().expect("dependencies is an array") {
            // Development dependencies may look at the outside to compare with it.
            if dependency["kind"] == "dev" || member == "attest-testkit" {
                continue;
            }
            let name = dependency["name"].as_str().expect("a dependency has a name");
            if let Some((_, allowed)) = DOORS.iter().find(|(package, _)| *package == name)
                && !allowed.contains(&member)
            {
                broken.push(format!("{member} names {name}, only {} may", allowed.join(", ")));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn every_member_has_a_rule() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("crates");
    for entry in std::fs::read_dir(crates).expect("crates is a directory") {
        let path = entry.expect("crates can be listed").path();
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .expect("crate names are UTF-8");
        let exempt = ["attest-cli", "attest-testkit"].contains(&name) || !path.is_dir();
        assert!(
            exempt || RULES.iter().any(|rule| rule.crate_name == name),
            "no layering rule for {name}"
        );
    }
}

/// What only the front end may do. Lints hold this too; this also catches an `expect` that was put over one.
#[test]
fn clock_environment_and_terminal_are_touched_only_by_the_front_end() {
    let forbidden = [
        "SystemTime::now",
        "Timestamp::now",
        "env::var",
        "println!",
        "eprintln!",
        "process::exit",
    ];
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("crates");
    let mut broken = Vec::new();
    visit(&crates, &mut |path| {
        let shown = path.strip_prefix(&crates).expect("below crates").display().to_string();
        let exempt = ["attest-cli", "attest-testkit"]
            .iter()
            .any(|name| shown.starts_with(name));
        if exempt || !shown.contains("/src/") {
            return;
        }
        let text = std::fs::read_to_string(path).expect("sources are UTF-8");
        let production = text.split("#[cfg(test)]").next().unwrap_or_default();
        let hits = production.lines().enumerate().filter(|(_, line)| {
            let code = line.trim_start();
            !code.starts_with("//") && forbidden.iter().any(|word| code.contains(word))
        });
        broken.extend(hits.map(|(number, line)| format!("{shown}:{}: {}", number + 1, line.trim())));
    });
    assert!(
        broken.is_empty(),
        "only attest-cli may do this:\n  {}",
        broken.join("\n  ")
    );
}

fn visit(directory: &Path, found: &mut dyn FnMut(&Path)) {
    for entry in std::fs::read_dir(directory).expect("a directory of sources can be listed") {
        let path = entry.expect("a directory of sources can be listed").path();
        if path.is_dir() {
            visit(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found(&path);
        }
    }
}
