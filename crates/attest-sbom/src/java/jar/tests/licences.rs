use super::{COPIED, jar, listed, properties, read};
use crate::Inventory;

/// Each package with its licence and who says so: the package, or others.
fn licensed(inventory: &Inventory) -> Vec<String> {
    let shown = inventory.packages().iter().map(|package| {
        let licences = serde_json::to_value(&package.licenses).unwrap();
        let licence = &licences[0];
        let expression = licence["expression"].as_str().unwrap_or("none");
        let how = licence["acknowledgement"].as_str().unwrap_or_default();
        let from = package
            .properties
            .iter()
            .find(|property| property.name == "attest:license-from");
        let from = from.map(|property| property.value.as_str()).unwrap_or_default();
        format!("{} {expression} {how} {from}", package.name)
            .trim_end()
            .to_owned()
    });
    let mut shown: Vec<String> = shown.collect();
    shown.sort();
    shown
}

/// A manifest that names no licence and continues another one.
fn module(parent: &str, name: &str) -> (String, String) {
    let (group, artifact) = parent.split_once(':').unwrap();
    let pom = format!(
        "<project><parent><groupId>{group}</groupId><artifactId>{artifact}</artifactId><version>1</version></parent>\
         <artifactId>{name}</artifactId></project>"
    );
    (format!("META-INF/maven/{group}/{name}/pom.xml"), pom)
}

fn module_jar(parent: &str, name: &str, files: &[(&str, &str)]) -> Vec<u8> {
    let (path, pom) = module(parent, name);
    let mut all = vec![(path.as_str(), pom.as_str())];
    all.extend(files);
    jar(&all)
}

const MIT: (&str, &str) = ("META-INF/MANIFEST.MF", "Bundle-License: MIT\n");

#[test]
fn what_one_module_says_holds_for_another_unless_they_differ() {
    let says = module_jar("g:p", "a", &[MIT]);
    let silent = module_jar("g:p", "b", &[]);
    let of_others = module_jar("g:q", "c", &[]);
    let files = [("a-1.jar", says), ("b-1.jar", silent), ("c-1.jar", of_others)];
    assert_eq!(
        licensed(&read(&files)),
        ["a MIT declared", "b MIT concluded project", "c none"]
    );
    let other = module_jar("g:p", "d", &[("META-INF/MANIFEST.MF", "Bundle-License: Apache-2.0\n")]);
    let [one, two, _] = files;
    assert_eq!(
        licensed(&read(&[one, two, ("d-1.jar", other)])),
        ["a MIT declared", "b none", "d Apache-2.0 declared"]
    );
}

#[test]
fn a_publisher_is_heard_where_the_package_says_nothing_in_any_place() {
    let silent = module_jar("org.apache:apache", "a", &[]);
    assert_eq!(
        licensed(&read(&[("a-1.jar", silent.clone())])),
        ["a Apache-2.0 concluded published"]
    );
    let (path, pom) = module("org.apache:apache", "a");
    let shaded = jar(&[
        (path.as_str(), pom.as_str()),
        (COPIED, &properties("g", "copied", "1")),
        MIT,
    ]);
    let says = module_jar("org.apache:apache", "a", &[MIT]);
    let inventory = read(&[("1/shaded-3.jar", shaded), ("2/a-1.jar", says)]);
    assert_eq!(
        licensed(&inventory),
        ["a MIT declared", "copied none", "shaded MIT declared"]
    );
}

#[test]
fn a_program_has_not_the_licence_of_the_framework_that_its_manifest_continues() {
    let of = |parent: &str, more: &str| {
        let (path, pom) = module(parent, "a");
        let pom = pom.replace(
            "<artifactId>a<",
            &format!("<groupId>com.example</groupId>{more}<artifactId>a<"),
        );
        licensed(&read(&[("a-1.jar", jar(&[(path.as_str(), pom.as_str())]))]))
    };
    assert_eq!(
        of("org.springframework.boot:spring-boot-starter-parent", ""),
        ["a none"]
    );
    assert_eq!(of("org.apache:apache", ""), ["a Apache-2.0 concluded published"]);
    assert_eq!(of("org.apache:apache", "<licenses><license/></licenses>"), ["a none"]);
}

#[test]
fn a_jar_that_only_its_classes_describe_has_the_licence_of_their_publisher() {
    let of = |class: &str, manifest: &str| {
        let bytes = jar(&[(class, ""), ("META-INF/MANIFEST.MF", manifest)]);
        licensed(&read(&[("a-1.jar", bytes)]))
    };
    assert_eq!(of("org/apache/derby/A.class", ""), ["a Apache-2.0 concluded published"]);
    assert_eq!(of("org/example/A.class", ""), ["a none"]);
    let vendor = "Specification-Vendor: com.lihaoyi\n";
    assert_eq!(of("upickle/A.class", vendor), ["a MIT concluded published"]);
}

#[test]
fn a_list_in_one_jar_names_the_licences_of_packages_in_others() {
    let list = "From: 'an unknown organization'\n  - B (http://example.org) g:b:jar:1\n    License: MIT  (http://example.org/mit)\n";
    let files = [
        ("a-1.jar", jar(&[("META-INF/DEPENDENCIES", list)])),
        (
            "b-1.jar",
            jar(&[("META-INF/maven/g/b/pom.properties", properties("g", "b", "1"))]),
        ),
        (
            "b-2.jar",
            jar(&[("META-INF/maven/g/b/pom.properties", properties("g", "b", "2"))]),
        ),
    ];
    assert_eq!(licensed(&read(&files)), ["a none", "b MIT declared", "b none"]);
}

#[test]
fn a_manifest_beside_a_jar_says_what_it_is_and_another_one_may_be_continued() {
    let pom = |inner: &str| format!("<project>{inner}</project>").into_bytes();
    let names = "<groupId>g</groupId><artifactId>p</artifactId><version>1</version>";
    let licences = "<licenses><license><name>MIT</name></license></licenses>";
    let (_, child) = module("g:p", "b");
    let files = [
        ("g/p/1/p-1.pom", pom(&format!("{names}{licences}"))),
        ("g/b/1/b-1.pom", child.into_bytes()),
        ("g/b/1/b-1.jar", jar(&[("b.txt", "")])),
        ("other/c-1.jar", module_jar("g:p", "c", &[])),
        ("other/d-1.pom", b"no manifest".to_vec()),
        ("other/d-1.jar", jar(&[("d.txt", "")])),
    ];
    let inventory = read(&files);
    assert_eq!(
        listed(&inventory),
        [
            "d:1 1 other/d-1.jar",
            "pkg:maven/g/b@1 1 g/b/1/b-1.jar",
            "pkg:maven/g/c@1 1 other/c-1.jar",
        ]
    );
    assert_eq!(licensed(&inventory), ["b MIT declared", "c MIT declared", "d none"]);
}

#[test]
fn a_page_about_a_plug_in_counts_where_there_is_no_licence_file() {
    let page = (
        "about.html",
        "provided to you under the terms and conditions of the <i>Eclipse Public License</i> Version 2.0",
    );
    assert_eq!(licensed(&read(&[("a-1.jar", jar(&[page]))])), ["a EPL-2.0 concluded"]);
    let file = ("LICENSE", "SPDX-License-Identifier: MIT");
    assert_eq!(licensed(&read(&[("a-1.jar", jar(&[page, file]))])), ["a MIT concluded"]);
}
