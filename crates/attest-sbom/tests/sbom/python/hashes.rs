//! Which hashes of its files a package has.

use attest_sbom::tree::Memory;
use attest_sbom::{Format, Metadata, Options, Root, scan};
use serde_json::Value;

use super::{Said, with};

fn digest(digit: usize) -> String {
    digit.to_string().repeat(64)
}

#[test]
fn a_file_of_which_no_address_is_known_is_a_file_in_spdx() {
    let digests = [digest(1), digest(2)];
    let lock = format!(
        "[[package]]\nname = \"a\"\nversion = \"1\"\nfiles = [{{file = \"a-1.tar.gz\", hash = \"sha256:{}\"}}, \
         {{file = \"a-1-py3-none-any.whl\", hash = \"sha256:{}\"}}]\n",
        digests[0], digests[1]
    );
    let inventory = scan(&Memory::new([("pdm.lock", lock)]), &Options::default()).unwrap();
    let bom = inventory.document(&Root::default(), &Metadata::default()).unwrap();
    let spdx: Value = serde_json::from_slice(&bom.write(Format::Spdx23).unwrap()).unwrap();
    let mut packages = spdx["packages"].as_array().unwrap().iter();
    let package = packages.find(|package| package["name"] == "a").unwrap();
    assert_eq!(package["downloadLocation"], "NOASSERTION");
    assert_eq!(package["packageFileName"], "a-1-py3-none-any.whl");
    assert_eq!(package["checksums"][0]["checksumValue"], digests[1].as_str());
}

/// Lock files that have so many hashes for a package, with names or without.
fn locks(count: usize) -> Vec<(&'static str, bool, String)> {
    let each = |text: &dyn Fn(usize) -> String| (1..=count).map(text).collect::<Vec<_>>();
    let requirements = each(&|digit| format!(" --hash=sha256:{}", digest(digit))).concat();
    let pipenv = each(&|digit| format!("\"sha256:{}\"", digest(digit))).join(",");
    let wheels = each(&|digit| {
        format!(
            "{{name = \"a-1-cp31{digit}-none-any.whl\", hashes = {{sha256 = \"{}\"}}}}",
            digest(digit)
        )
    });
    let files = each(&|digit| {
        format!(
            "{{file = \"a-1-cp31{digit}-none-any.whl\", hash = \"sha256:{}\"}}",
            digest(digit)
        )
    });
    let old = each(&|digit| format!("\"{}\"", digest(digit))).join(",");
    vec![
        ("requirements.txt", false, format!("a==1{requirements}\n")),
        (
            "Pipfile.lock",
            false,
            format!("{{\"default\": {{\"a\": {{\"hashes\": [{pipenv}], \"version\": \"==1\"}}}}}}"),
        ),
        (
            "poetry.lock",
            false,
            format!(
                "[[package]]\nname = \"a\"\nversion = \"1\"\n[metadata]\nlock-version = \"1.0\"\n[metadata.hashes]\na = [{old}]\n"
            ),
        ),
        (
            "poetry.lock",
            true,
            format!(
                "[[package]]\nname = \"a\"\nversion = \"1\"\nfiles = [{}]\n[metadata]\nlock-version = \"2.0\"\n",
                files.join(",")
            ),
        ),
        (
            "pylock.toml",
            true,
            format!(
                "lock-version = \"1.0\"\n[[packages]]\nname = \"a\"\nversion = \"1\"\nwheels = [{}]\n",
                wheels.join(",")
            ),
        ),
    ]
}

fn hashes(value: &Value) -> usize {
    value["hashes"].as_array().map_or(0, Vec::len)
}

/// How many hashes the package has, how many its files, and how many are said not to be there.
fn counts(said: &Said) -> (usize, usize, Option<String>) {
    let component = said.component("a");
    let references = component["externalReferences"].as_array().into_iter().flatten();
    let count = said.property("a", "attest:python:files").map(str::to_owned);
    (hashes(component), references.map(hashes).sum(), count)
}

#[test]
fn the_hashes_of_few_files_stand_and_those_of_many_are_counted_unless_they_are_asked_for() {
    let mut all = Options::default();
    all.all_hashes = true;
    for (count, options, unnamed, named) in [
        (1, Options::default(), (1, 0, None), (1, 0, None)),
        (2, Options::default(), (2, 0, None), (0, 1, None)),
        (5, Options::default(), (0, 0, Some("5")), (0, 1, Some("5"))),
        (1, all.clone(), (1, 0, None), (1, 0, None)),
        (5, all, (5, 0, None), (0, 5, None)),
    ] {
        for (name, has_names, text) in locks(count) {
            let said = with(vec![(name, text.into_bytes())], options.clone());
            let (own, of_files, more) = if has_names { named } else { unnamed };
            assert_eq!(
                counts(&said),
                (own, of_files, more.map(str::to_owned)),
                "{name} {count}"
            );
        }
    }
}
