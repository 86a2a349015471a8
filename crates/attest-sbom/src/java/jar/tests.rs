use std::num::NonZeroUsize;
use std::path::Path;

use attest_archive::{Content, Format, Member, Members, Recipe, write_archive_to};

use crate::tree::Memory;
use crate::{Inventory, Metadata, Options, Root, scan};

mod licences;

pub(crate) fn jar<B: AsRef<[u8]>>(files: &[(&str, B)]) -> Vec<u8> {
    let member =
        |(path, bytes): &(&str, B)| Member::file(path.parse().unwrap(), Content::Bytes(bytes.as_ref().to_vec()), false);
    let recipe = Recipe {
        format: Format::Zip,
        members: Members::new(files.iter().map(member)).unwrap(),
        source_date: "315532800".parse().unwrap(),
        threads: NonZeroUsize::MIN,
        algorithms: "sha256".parse().unwrap(),
    };
    write_archive_to(&recipe, Vec::new(), Path::new(".")).unwrap().0
}

fn read(files: &[(&str, Vec<u8>)]) -> Inventory {
    let tree = Memory::new(files.iter().map(|(path, bytes)| (*path, bytes.clone())));
    scan(&tree, &Options::default()).unwrap()
}

/// Every package with its number of hashes and its places.
fn listed(inventory: &Inventory) -> Vec<String> {
    let shown = inventory.packages().iter().map(|package| {
        let name = package
            .purl
            .clone()
            .unwrap_or_else(|| format!("{}:{}", package.name, package.version.as_deref().unwrap_or_default()));
        let places = package
            .evidence
            .occurrences
            .iter()
            .map(|occurrence| occurrence.location.as_str());
        let places: Vec<&str> = places.collect();
        format!("{name} {} {}", package.hashes.len(), places.join(" "))
    });
    let mut shown: Vec<String> = shown.collect();
    shown.sort();
    shown
}

fn gaps(inventory: &Inventory) -> Vec<String> {
    inventory
        .gaps()
        .map(|gap| format!("{} {}", gap.code(), gap.place()))
        .collect()
}

fn properties(group: &str, artifact: &str, version: &str) -> String {
    format!("groupId={group}\nartifactId={artifact}\nversion={version}\n")
}

const OWN: &str = "META-INF/maven/g/a/pom.properties";
const COPIED: &str = "META-INF/maven/g/copied/pom.properties";

#[test]
fn a_jar_is_its_package_and_holds_those_that_were_copied_into_it() {
    let bytes = jar(&[
        (OWN, properties("g", "a", "1.0")),
        (COPIED, properties("g", "copied", "2.0")),
    ]);
    let inventory = read(&[("lib/a-1.0.jar", bytes)]);
    assert_eq!(
        listed(&inventory),
        [
            "pkg:maven/g/a@1.0 1 lib/a-1.0.jar",
            "pkg:maven/g/copied@2.0 0 lib/a-1.0.jar"
        ]
    );
    let key = |purl: &str| inventory.by_purl(purl).unwrap();
    let edges: Vec<_> = inventory.edges().iter().copied().collect();
    assert_eq!(edges, [(key("pkg:maven/g/a@1.0"), key("pkg:maven/g/copied@2.0"))]);
}

#[test]
fn a_jar_that_nothing_lies_beside_is_the_root() {
    let bytes = jar(&[(OWN, properties("g", "a", "1.0"))]);
    let root = |files: &[(&str, Vec<u8>)]| {
        let bom = read(files).document(&Root::default(), &Metadata::default()).unwrap();
        let document: serde_json::Value = serde_json::from_slice(&bom.to_json()).unwrap();
        document["metadata"]["component"]["purl"].as_str().map(str::to_owned)
    };
    assert_eq!(
        root(&[("a-1.0.jar", bytes.clone())]).as_deref(),
        Some("pkg:maven/g/a@1.0")
    );
    assert_eq!(root(&[("a-1.0.jar", bytes), ("readme", Vec::new())]), None);
}

#[test]
fn a_jar_that_is_the_root_is_not_own_and_is_supplied_by_its_group() {
    let bytes = jar(&[(OWN, properties("org.example", "a", "1.0"))]);
    let bom = read(&[("a-1.0.jar", bytes)])
        .document(&Root::default(), &Metadata::default())
        .unwrap();
    let document: serde_json::Value = serde_json::from_slice(&bom.to_json()).unwrap();
    let root = &document["metadata"]["component"];
    assert_eq!(root["supplier"]["name"], "org.example");
    assert!(!root.to_string().contains("attest:own"), "{root}");
}

#[test]
fn any_number_of_threads_makes_the_same_document() {
    let files: Vec<(String, Vec<u8>)> = (0..40)
        .map(|number| {
            let own = properties("g", &format!("a{}", number % 30), "1.0");
            let copied = properties("g", "copied", &format!("{}", number % 7));
            (
                format!("lib{}/a{}-1.0.jar", number % 3, number % 30),
                jar(&[(OWN, own), (COPIED, copied)]),
            )
        })
        .collect();
    let document = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let tree = Memory::new(files.clone());
        let inventory = pool.install(|| scan(&tree, &Options::default()).unwrap());
        inventory
            .document(&Root::default(), &Metadata::default())
            .unwrap()
            .to_json()
    };
    assert!(document(1) == document(8));
}

#[test]
fn jars_in_jars_hang_on_them() {
    let inner = jar(&[(COPIED, properties("g", "copied", "2.0"))]);
    let outer = jar(&[
        (OWN, properties("g", "a", "1.0").into_bytes()),
        ("BOOT-INF/lib/copied-2.0.jar", inner),
        ("BOOT-INF/lib/broken-1.0.jar", b"no".to_vec()),
    ]);
    let inventory = read(&[("app.jar", outer)]);
    assert_eq!(
        listed(&inventory),
        [
            "pkg:maven/g/a@1.0 1 app.jar",
            "pkg:maven/g/copied@2.0 1 app.jar!/BOOT-INF/lib/copied-2.0.jar",
        ]
    );
    assert_eq!(inventory.edges().len(), 1);
    assert_eq!(gaps(&inventory), ["damaged app.jar!/BOOT-INF/lib/broken-1.0.jar"]);
}

#[test]
fn a_jar_without_files_of_maven_has_its_name_and_no_package_url() {
    let manifest = "Manifest-Version: 1.0\nImplementation-Vendor: Example\nImplementation-Version: 3.1 built today\n";
    let bytes = jar(&[("META-INF/MANIFEST.MF", manifest)]);
    let copied = jar(&[(COPIED, properties("g", "copied", "2.0"))]);
    let nothing = jar(&[("META-INF/MANIFEST.MF", "Implementation-Version: 4\n")]);
    let inventory = read(&[
        ("b-1.5.jar", bytes.clone()),
        ("c.jar", bytes),
        ("d-3.0.jar", copied),
        ("e.jar", nothing),
    ]);
    assert_eq!(
        listed(&inventory),
        [
            "b:1.5 1 b-1.5.jar",
            "c:3.1 1 c.jar",
            "d:3.0 1 d-3.0.jar",
            "e:4 1 e.jar",
            "pkg:maven/g/copied@2.0 0 d-3.0.jar"
        ]
    );
    let package = |name: &str| {
        inventory
            .packages()
            .iter()
            .find(|package| package.name == name)
            .unwrap()
    };
    let named = package("b");
    assert_eq!(named.supplier.as_ref().unwrap().name, "Example");
    assert_eq!(package("d").supplier.as_ref().unwrap().name, "d");
    assert_eq!(package("e").supplier, None);
    assert_eq!(named.cpe.as_deref(), Some("cpe:2.3:a:*:b:1.5:*:*:*:*:*:*:*"));
    assert_eq!(gaps(&inventory), [""; 0]);
}

#[test]
fn the_classes_of_an_android_library_are_no_package() {
    let classes = jar(&[(COPIED, properties("g", "copied", "2.0"))]);
    let library = jar(&[("AndroidManifest.xml", b"<x/>".to_vec()), ("classes.jar", classes)]);
    let inventory = read(&[("b-1.0.aar", library)]);
    assert_eq!(
        listed(&inventory),
        ["b:1.0 1 b-1.0.aar", "pkg:maven/g/copied@2.0 0 b-1.0.aar!/classes.jar"]
    );
}

#[test]
fn two_files_of_one_version_are_one_package() {
    let one = jar(&[(OWN, properties("g", "a", "1.0"))]);
    let two = jar(&[(OWN, properties("g", "a", "1.0")), ("native.so", "x".to_owned())]);
    let inventory = read(&[("a-1.0.jar", one), ("a-1.0-linux.jar", two)]);
    assert_eq!(listed(&inventory), ["pkg:maven/g/a@1.0 2 a-1.0-linux.jar a-1.0.jar"]);
}

#[test]
fn licences_come_from_the_manifest_or_the_one_that_it_continues() {
    let pom = |names: &str| format!("<project>{names}</project>");
    let parent = pom("<groupId>g</groupId><artifactId>p</artifactId><version>1</version>\
        <licenses><license><name>MIT License</name></license></licenses>");
    let child = pom(
        "<parent><groupId>g</groupId><artifactId>p</artifactId><version>1</version></parent><artifactId>a</artifactId>\
        <dependencies><dependency><groupId>g</groupId><artifactId>b</artifactId></dependency></dependencies>",
    );
    let inventory = read(&[
        ("p-1.jar", jar(&[("META-INF/maven/g/p/pom.xml", parent)])),
        ("a-1.jar", jar(&[("META-INF/maven/g/a/pom.xml", child)])),
        (
            "b-1.jar",
            jar(&[
                ("META-INF/maven/g/b/pom.properties", properties("g", "b", "1")),
                (
                    "META-INF/MANIFEST.MF",
                    "Bundle-License: https://www.apache.org/licenses/LICENSE-2.0.txt\n".to_owned(),
                ),
            ]),
        ),
    ]);
    let licences: Vec<String> = inventory
        .packages()
        .iter()
        .map(|package| serde_json::to_string(&package.licenses).unwrap())
        .collect();
    assert_eq!(licences[0], r#"[{"expression":"MIT","acknowledgement":"declared"}]"#);
    assert_eq!(
        licences[1],
        r#"[{"expression":"Apache-2.0","acknowledgement":"declared"}]"#
    );
    assert_eq!(licences[2], licences[0]);
}

#[test]
fn unpacked_jars_and_damaged_ones_are_told() {
    let inventory = read(&[
        (
            "webapps/x/META-INF/maven/g/a/pom.properties",
            properties("g", "a", "1.0").into_bytes(),
        ),
        ("webapps/x/META-INF/maven/g/b/pom.xml", b"<project>".to_vec()),
        ("pointer.jar", b"version https://git-lfs.github.com/spec/v1\n".to_vec()),
        ("empty.war", Vec::new()),
    ]);
    assert_eq!(
        listed(&inventory),
        [
            "pkg:maven/g/a@1.0 0 webapps/x/META-INF/maven/g/a",
            "pkg:maven/g/b 0 webapps/x/META-INF/maven/g/b",
        ]
    );
    assert_eq!(
        gaps(&inventory),
        [
            "damaged empty.war",
            "damaged pointer.jar",
            "damaged webapps/x/META-INF/maven/g/b/pom.xml"
        ]
    );
}

#[test]
fn jars_nest_only_so_deep() {
    let mut nested = jar(&[(OWN, properties("g", "a", "1.0"))]);
    for _ in 0..8 {
        nested = jar(&[("x-1.0.jar", nested)]);
    }
    let inventory = read(&[("x-1.0.jar", nested)]);
    let codes: Vec<&str> = inventory.gaps().map(crate::Gap::code).collect();
    assert_eq!(codes, ["too-deep"]);
}

proptest::proptest! {
    #![proptest_config(proptest::test_runner::Config::with_cases(64))]
    #[test]
    fn no_bytes_make_it_panic(noise in proptest::collection::vec(proptest::prelude::any::<(proptest::sample::Index, u8)>(), 0..20)) {
        let inner = jar(&[(COPIED, properties("g", "copied", "2.0"))]);
        let mut bytes = jar(&[(OWN, properties("g", "a", "1.0").into_bytes()), ("lib/copied-2.0.jar", inner)]);
        for (place, byte) in noise {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        let tree = Memory::new([("a-1.0.jar", bytes)]);
        let inventory = scan(&tree, &Options::default()).unwrap();
        assert!(!inventory.is_empty() || inventory.gaps().len() > 0);
    }
}

#[test]
fn one_jar_in_two_places_is_one_package_and_another_of_its_name_is_a_second() {
    let other = jar(&[("b.txt", "b")]);
    let same = jar(&[("a.txt", "a")]);
    let files = [
        ("one/a-1.0.jar", same.clone()),
        ("two/a-1.0.jar", same.clone()),
        ("three/a-1.0.jar", other),
        ("two/b-1.0.jar", same),
    ];
    assert_eq!(
        listed(&read(&files)),
        [
            "a:1.0 1 one/a-1.0.jar two/a-1.0.jar",
            "a:1.0 1 three/a-1.0.jar",
            "b:1.0 1 two/b-1.0.jar"
        ]
    );
}

#[test]
fn the_class_that_a_program_begins_with_says_who_made_it_unless_it_only_starts_another() {
    let supplier = |manifest: &str| {
        let bytes = jar(&[
            ("META-INF/MANIFEST.MF", manifest),
            ("org/a/A.class", ""),
            ("com/b/B.class", ""),
        ]);
        let inventory = read(&[("lib/a-1.0-all.jar", bytes), ("readme", Vec::new())]);
        let package = &inventory.packages()[0];
        assert_eq!(package.version.as_deref(), Some("1.0"));
        package.supplier.as_ref().map(|supplier| supplier.name.clone())
    };
    assert_eq!(
        supplier("Main-Class: org.example.app.Main\n").as_deref(),
        Some("org.example.app")
    );
    let launcher = "Main-Class: org.springframework.boot.loader.JarLauncher\n";
    // Then it is the project whose release the file is by its name.
    assert_eq!(supplier(launcher).as_deref(), Some("a"));
    assert_eq!(
        supplier(&format!("{launcher}Start-Class: com.example.Main\n")).as_deref(),
        Some("com.example")
    );
    assert_eq!(supplier("Main-Class: Main\n").as_deref(), Some("a"));
}
