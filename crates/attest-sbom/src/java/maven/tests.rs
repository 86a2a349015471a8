use crate::tree::Memory;
use crate::{Inventory, Options, scan};

fn read(files: &[(&str, &str)]) -> Inventory {
    let tree = Memory::new(files.iter().map(|(path, text)| (*path, *text)));
    scan(&tree, &Options::default()).unwrap()
}

fn listed(inventory: &Inventory) -> Vec<String> {
    let shown = inventory.packages().iter().map(|package| {
        let scope = package.scope.map(|scope| format!(" {scope:?}")).unwrap_or_default();
        format!("{}{scope}", package.purl.as_deref().unwrap())
    });
    let mut shown: Vec<String> = shown.collect();
    shown.sort();
    shown
}

fn gaps(inventory: &Inventory) -> Vec<String> {
    inventory.gaps().map(ToString::to_string).collect()
}

fn project(inner: &str) -> String {
    format!("<project xmlns=\"http://maven.apache.org/POM/4.0.0\">{inner}</project>")
}

fn dependency(group: &str, artifact: &str, rest: &str) -> String {
    format!("<dependency><groupId>{group}</groupId><artifactId>{artifact}</artifactId>{rest}</dependency>")
}

const NAMES: &str = "<groupId>org.example</groupId><artifactId>app</artifactId><version>1.0</version>";

const NO_LOCK: &str =
    "pom.xml: no-lock: Maven writes no lock: what the packages need that are named here is not listed";

#[test]
fn versions_come_from_properties_and_managed_lists() {
    let pom = project(&format!(
        "{NAMES}<properties><a.version>${{major}}.1</a.version><major>2</major></properties>\
         <dependencyManagement><dependencies>{}{}</dependencies></dependencyManagement><dependencies>{}{}{}{}{}</dependencies>",
        dependency("g", "managed", "<version>3</version><scope>test</scope>"),
        dependency("g", "unused", "<version>9</version>"),
        dependency("g", "a", "<version>${a.version}</version>"),
        dependency("g", "managed", ""),
        dependency(
            "${project.groupId}",
            "own",
            "<version>${project.version}</version><scope>provided</scope>"
        ),
        dependency("g", "may", "<version>1</version><optional>true</optional>"),
        dependency("g", "range", "<version>[1,2)</version>"),
    ));
    let pom = pom.replace("<version>1</version><optional>", "<version>[1]</version><optional>");
    let inventory = read(&[("pom.xml", &pom)]);
    assert_eq!(
        listed(&inventory),
        [
            "pkg:maven/g/a@2.1",
            "pkg:maven/g/managed@3 Excluded",
            "pkg:maven/g/may@1 Optional",
            "pkg:maven/g/range",
            "pkg:maven/org.example/app@1.0",
            "pkg:maven/org.example/own@1.0",
        ]
    );
    assert_eq!(
        gaps(&inventory),
        [NO_LOCK, "pom.xml: unresolved: no version is known of `g:range`"]
    );
    let range = inventory.packages().iter().find(|package| package.name == "range");
    assert_eq!(range.unwrap().properties[0].value, "[1,2)");
}

#[test]
fn modules_continue_their_parent_and_need_each_other() {
    let parent = project(&format!(
        "{NAMES}<modules><module>core</module><module>../outside</module></modules>\
         <dependencyManagement><dependencies>{}</dependencies></dependencyManagement><dependencies>{}</dependencies>",
        dependency("g", "a", "<version>1</version>"),
        dependency("g", "inherited", "<version>5</version>"),
    ));
    let of_parent = "<parent><groupId>org.example</groupId><artifactId>app</artifactId><version>1.0</version></parent>";
    let core = project(&format!(
        "{of_parent}<artifactId>core</artifactId><dependencies>{}</dependencies>",
        dependency("g", "a", "")
    ));
    let service = project(&format!(
        "{}<artifactId>service</artifactId><dependencies>{}</dependencies>",
        of_parent.replace("</parent>", "<relativePath>../pom.xml</relativePath></parent>"),
        dependency("org.example", "core", "<version>${project.version}</version>")
    ));
    let inventory = read(&[
        ("pom.xml", &parent),
        ("core/pom.xml", &core),
        ("service/pom.xml", &service),
        ("src/test/resources/pom.xml", "<broken"),
        (
            "core/src/it/one/pom.xml",
            &project("<groupId>no</groupId><artifactId>no</artifactId>"),
        ),
    ]);
    assert_eq!(
        listed(&inventory),
        [
            "pkg:maven/g/a@1",
            "pkg:maven/g/inherited@5",
            "pkg:maven/org.example/app@1.0",
            "pkg:maven/org.example/core@1.0",
            "pkg:maven/org.example/service@1.0",
        ]
    );
    let key = |purl: &str| inventory.by_purl(purl).unwrap();
    let edge = |from: &str, to: &str| inventory.edges().contains(&(key(from), key(to)));
    assert!(edge("pkg:maven/org.example/app@1.0", "pkg:maven/org.example/core@1.0"));
    assert!(edge(
        "pkg:maven/org.example/service@1.0",
        "pkg:maven/org.example/core@1.0"
    ));
    assert!(edge("pkg:maven/org.example/core@1.0", "pkg:maven/g/inherited@5"));
    assert_eq!(inventory.projects().len(), 3);
}

#[test]
fn what_others_decide_is_not_known() {
    let pom = project(&format!(
        "<parent><groupId>p</groupId><artifactId>parent</artifactId><version>4</version></parent><artifactId>app</artifactId>\
         <dependencyManagement><dependencies>{}{}</dependencies></dependencyManagement><dependencies>{}{}</dependencies>\
         <profiles><profile><id>extra</id><dependencies>{}</dependencies></profile></profiles>",
        dependency("b", "bom", "<version>7</version><type>pom</type><scope>import</scope>"),
        dependency("o", "list", "<version>1</version><type>pom</type><scope>import</scope>"),
        dependency("g", "a", ""),
        dependency("g", "listed", ""),
        dependency("g", "b", ""),
    ));
    let list = project(&format!(
        "<groupId>o</groupId><artifactId>list</artifactId><version>1</version>\
         <dependencyManagement><dependencies>{}</dependencies></dependencyManagement>",
        dependency("g", "listed", "<version>${v}</version>")
            + "</dependencies></dependencyManagement><properties><v>8</v></properties><x><y>"
            + "</y></x><dependencyManagement><dependencies>",
    ));
    let inventory = read(&[("pom.xml", &pom), ("list/pom.xml", &list)]);
    assert_eq!(
        listed(&inventory),
        [
            "pkg:maven/g/a",
            "pkg:maven/g/listed@8",
            "pkg:maven/o/list@1",
            "pkg:maven/p/app@4"
        ]
    );
    let gaps = gaps(&inventory);
    assert!(gaps.contains(
        &"pom.xml: unresolved: no version is known of `g:a`, which `b:bom:7`, `p:parent:4` may decide".to_owned()
    ));
    assert!(gaps.contains(&"pom.xml: unresolved: what profiles add is not listed: `extra`".to_owned()));
}

#[test]
fn lists_import_lists_and_the_first_that_decides_counts() {
    let list = |name: &str, managed: &str| {
        project(&format!(
            "<groupId>o</groupId><artifactId>{name}</artifactId><version>1</version>\
             <dependencyManagement><dependencies>{managed}</dependencies></dependencyManagement>"
        ))
    };
    let import = |name: &str| dependency("o", name, "<version>1</version><type>pom</type><scope>import</scope>");
    let managed = |name: &str, version: &str| dependency("g", name, &format!("<version>{version}</version>"));
    let pom = project(&format!(
        "{NAMES}<dependencyManagement><dependencies>{}{}</dependencies></dependencyManagement><dependencies>{}{}</dependencies>",
        import("outer"),
        import("later"),
        dependency("g", "a", ""),
        dependency("g", "b", ""),
    ));
    let outer = list(
        "outer",
        &(import("inner") + &import("outer") + &import("gone") + &managed("a", "1")),
    );
    let inventory = read(&[
        ("pom.xml", &pom),
        ("outer/pom.xml", &outer),
        (
            "inner/pom.xml",
            &list("inner", &(managed("a", "2") + &managed("b", "2"))),
        ),
        ("later/pom.xml", &list("later", &managed("b", "3"))),
    ]);
    let listed = listed(&inventory);
    assert!(listed.contains(&"pkg:maven/g/a@1".to_owned()), "{listed:?}");
    assert!(listed.contains(&"pkg:maven/g/b@2".to_owned()), "{listed:?}");
    assert!(gaps(&inventory).contains(&"pom.xml: unresolved: what `o:gone:1` add is not known".to_owned()));
}

#[test]
fn parents_in_a_circle_end() {
    let one = |name: &str, other: &str| {
        project(&format!(
            "<parent><groupId>g</groupId><artifactId>{other}</artifactId><version>1</version>\
             <relativePath>../{other}/pom.xml</relativePath></parent><artifactId>{name}</artifactId>"
        ))
    };
    let inventory = read(&[("a/pom.xml", &one("a", "b")), ("b/pom.xml", &one("b", "a"))]);
    assert_eq!(listed(&inventory), ["pkg:maven/g/a@1", "pkg:maven/g/b@1"]);
}

#[test]
fn a_damaged_manifest_hides_no_other() {
    let inventory = read(&[
        ("a/pom.xml", "<project>"),
        ("b/pom.xml", &project(NAMES)),
        ("c/pom.xml", &project("<artifactId>x</artifactId>")),
    ]);
    assert_eq!(listed(&inventory), ["pkg:maven/org.example/app@1.0"]);
    assert_eq!(
        gaps(&inventory),
        [
            "a/pom.xml: damaged: the document ends inside of an element",
            &NO_LOCK.replace("pom.xml: no", "b/pom.xml: no"),
            "c/pom.xml: damaged: expected a group and an artifact",
        ]
    );
}
