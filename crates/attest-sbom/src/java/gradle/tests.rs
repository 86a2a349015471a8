use crate::tree::Memory;
use crate::{Inventory, Options, scan};

fn read(files: &[(&str, &str)]) -> Inventory {
    let tree = Memory::new(files.iter().map(|(path, text)| (*path, *text)));
    scan(&tree, &Options::default()).unwrap()
}

fn listed(inventory: &Inventory) -> Vec<String> {
    let mut listed: Vec<String> = inventory
        .packages()
        .iter()
        .map(|package| {
            let purl = package.purl.as_deref().unwrap_or(&package.name);
            let scope = package.scope.map(|scope| format!(" {scope:?}")).unwrap_or_default();
            format!("{purl}{scope}")
        })
        .collect();
    listed.sort();
    listed
}

fn gaps(inventory: &Inventory) -> Vec<String> {
    inventory.gaps().map(ToString::to_string).collect()
}

const LOCK: &str = "# This is a Gradle generated file for dependency locking.\n\
    org.example:a:1.0=compileClasspath,runtimeClasspath,testRuntimeClasspath\n\
    org.example:t:2.0=testCompileClasspath,testRuntimeClasspath\n\
    org.example:p:3.0=annotationProcessor\n\
    org.example:s:4.0=shadow\nempty=kapt\n";

#[test]
fn what_is_on_no_class_path_of_the_program_is_excluded() {
    let inventory = read(&[
        ("gradle.lockfile", LOCK),
        ("settings.gradle.kts", "rootProject.name = \"app\""),
    ]);
    assert_eq!(
        listed(&inventory),
        [
            "app",
            "pkg:maven/org.example/a@1.0",
            "pkg:maven/org.example/p@3.0 Excluded",
            "pkg:maven/org.example/s@4.0 Excluded",
            "pkg:maven/org.example/t@2.0 Excluded",
        ]
    );
    assert_eq!(gaps(&inventory), [""; 0]);
}

#[test]
fn where_no_class_path_is_known_an_unknown_use_may_run() {
    let inventory = read(&[("gradle.lockfile", "g:a:1=bundled\ng:b:1=checkstyle\n")]);
    assert_eq!(listed(&inventory), ["pkg:maven/g/a@1", "pkg:maven/g/b@1 Excluded"]);
}

#[test]
fn older_locks_have_a_file_for_each_configuration() {
    let inventory = read(&[
        ("x/gradle/dependency-locks/runtimeClasspath.lockfile", "# c\ng:a:1\n"),
        (
            "x/gradle/dependency-locks/testRuntimeClasspath.lockfile",
            "g:a:1\ng:t:1\n",
        ),
        ("buildscript-gradle.lockfile", "g:plugin:1=classpath\n"),
    ]);
    assert_eq!(
        listed(&inventory),
        [
            "pkg:maven/g/a@1",
            "pkg:maven/g/plugin@1 Excluded",
            "pkg:maven/g/t@1 Excluded"
        ]
    );
}

#[test]
fn lines_that_are_none_are_a_gap_and_hide_no_others() {
    let inventory = read(&[("gradle.lockfile", "g:a=x\ng:b:1=runtimeClasspath\n<<<<<<<\ng:c:=x\n")]);
    assert_eq!(listed(&inventory), ["pkg:maven/g/b@1"]);
    assert_eq!(
        gaps(&inventory),
        [
            "gradle.lockfile: damaged: expected `GROUP:ARTIFACT:VERSION=CONFIGURATIONS`, found something else on 3 lines, \
             first on line 1"
        ]
    );
}

#[test]
fn a_build_without_lock_is_a_gap_and_its_catalog_is_listed() {
    let catalog = "[versions]\nx = \"1.2\"\nrich = { strictly = \"[1,2)\", prefer = \"1.5\" }\n\
        [libraries]\na = \"g:a:1\"\nb = { module = \"g:b\", version.ref = \"x\" }\n\
        c = { group = \"g\", name = \"c\", version = { ref = \"rich\" } }\nd = { module = \"g:d\" }\n";
    let files = [
        ("build.gradle.kts", "dependencies { implementation(libs.a) }"),
        ("gradle/libs.versions.toml", catalog),
    ];
    let inventory = read(&files);
    assert_eq!(
        listed(&inventory),
        [
            "pkg:maven/g/a@1",
            "pkg:maven/g/b@1.2",
            "pkg:maven/g/c@1.5",
            "pkg:maven/g/d"
        ]
    );
    let codes: Vec<String> = inventory
        .gaps()
        .map(|gap| format!("{} {}", gap.code(), gap.place()))
        .collect();
    assert_eq!(codes, ["no-lock build.gradle.kts", "no-lock gradle/libs.versions.toml"]);
    let locked = read(&[files[0], files[1], ("gradle.lockfile", LOCK)]);
    assert_eq!(gaps(&locked), [""; 0]);
    assert_eq!(locked.len(), 4);
}

#[test]
fn a_project_that_asks_for_something_and_has_no_lock_is_a_gap() {
    let inventory = read(&[
        ("gradle.lockfile", LOCK),
        ("a/build.gradle", "dependencies { }"),
        ("b/build.gradle", "// dependencies\nplugins { }"),
        ("build.gradle", "dependencies { }"),
    ]);
    let places: Vec<&str> = inventory.gaps().map(crate::Gap::place).collect();
    assert_eq!(places, ["a/build.gradle"]);
}

#[test]
fn digests_of_the_jar_are_those_of_the_package() {
    let digest = "ab".repeat(32);
    let metadata = format!(
        "<verification-metadata><components><component group='org.example' name='a' version='1.0'>\
         <artifact name='a-1.0.jar'><sha256 value='{digest}' origin='x'/><sha1 value='no'/></artifact>\
         <artifact name='a-1.0.pom'><sha256 value='{digest}'/></artifact></component>\
         <component group='org.example' name='t' version='2.0'><artifact name='t-2.0.jar'><md5 value='{0}'/><md5 value='{1}'/>\
         </artifact></component></components></verification-metadata>",
        "0".repeat(32),
        "1".repeat(32)
    );
    let inventory = read(&[
        ("gradle.lockfile", LOCK),
        ("gradle/verification-metadata.xml", &metadata),
    ]);
    let hashes = |name: &str| {
        let package = inventory
            .packages()
            .iter()
            .find(|package| package.name == name)
            .unwrap();
        package
            .hashes
            .iter()
            .map(|hash| (hash.alg, hash.content.clone()))
            .collect::<Vec<_>>()
    };
    assert_eq!(hashes("a"), [("SHA-256", digest)]);
    assert_eq!(hashes("t"), []);
}

#[test]
fn damaged_files_are_gaps() {
    let inventory = read(&[
        ("gradle.lockfile", LOCK),
        ("gradle/verification-metadata.xml", "<a></b>"),
        ("settings.gradle", "rootProject.name = 'app'"),
        ("gradle.properties", "group=org.example\nversion=1\n"),
    ]);
    let codes: Vec<String> = inventory
        .gaps()
        .map(|gap| format!("{} {}", gap.code(), gap.place()))
        .collect();
    assert_eq!(codes, ["damaged gradle/verification-metadata.xml"]);
    assert!(listed(&inventory).contains(&"pkg:maven/org.example/app@1".to_owned()));
}
