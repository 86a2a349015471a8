use attest_sbom::tree::Memory;
use attest_sbom::{Metadata, Options, Root, scan};
use serde_json::{Value, json};

const MANIFEST: &str = "[package]\nname = \"app\"\nversion = \"1.0.0\"\nedition = \"2021\"\n[dev-dependencies]\n\
                        app = { path = \".\", features = [\"x\"] }\n[features]\nx = []\n";

fn needs_of_app(lock: &str) -> Value {
    let tree = Memory::new([("Cargo.toml", MANIFEST), ("Cargo.lock", lock)]);
    let inventory = scan(&tree, &Options::default()).unwrap();
    let bom = inventory.document(&Root::default(), &Metadata::default()).unwrap();
    let document: Value = serde_json::from_slice(&bom.to_json()).unwrap();
    document["dependencies"].clone()
}

#[test]
fn a_package_needs_itself_if_the_lock_file_says_so() {
    let lock = "version = 4\n[[package]]\nname = \"app\"\nversion = \"1.0.0\"\n";
    let alone = json!([{"ref": "app@1.0.0"}]);
    assert_eq!(needs_of_app(lock), alone);
    let itself = json!([{"ref": "app@1.0.0", "dependsOn": ["app@1.0.0"]}]);
    assert_eq!(needs_of_app(&format!("{lock}dependencies = [\"app\"]\n")), itself);
}
