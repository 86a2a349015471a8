use crate::tree::Memory;
use crate::{Inventory, Metadata, Options, Root, scan};

fn read(files: &[(&str, &str)]) -> Inventory {
    let tree = Memory::new(files.iter().map(|(path, text)| (*path, *text)));
    scan(&tree, &Options::default()).unwrap()
}

fn listed(inventory: &Inventory) -> Vec<String> {
    let shown = inventory.packages().iter().map(|package| {
        let name = package
            .purl
            .clone()
            .unwrap_or_else(|| format!("{}:{}", package.name, package.version.as_deref().unwrap_or_default()));
        let scope = package.scope.map(|scope| format!(" {scope:?}")).unwrap_or_default();
        format!("{name}{scope}")
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

const CHART: &str = "apiVersion: v2\nname: app\nversion: 1.2.3\ndependencies:\n- name: redis\n  version: 22.x.x\n  \
    repository: oci://user:secret@registry.example.com/charts\n- name: exact\n  version: 1.0.0\n- name: inner\n  version: '*'\n";

const LOCK: &str = "dependencies:\n- name: redis\n  version: 22.0.4\n  repository: oci://registry.example.com/charts\n\
    digest: sha256:00\ngenerated: \"2026-01-31T12:00:00Z\"\n";

#[test]
fn a_lock_says_which_version_is_taken() {
    let inventory = read(&[
        ("Chart.yaml", CHART),
        ("Chart.lock", LOCK),
        (
            "charts/inner/Chart.yaml",
            "apiVersion: v2\nname: inner\nversion: 0.1.0\n",
        ),
    ]);
    assert_eq!(
        listed(&inventory),
        [
            "pkg:helm/app@1.2.3",
            "pkg:helm/exact@1.0.0",
            "pkg:helm/inner@0.1.0",
            "pkg:helm/redis@22.0.4"
        ]
    );
    // Which charts these are is settled, and not what is in them.
    assert_eq!(gaps(&inventory), ["unresolved Chart.lock", "unresolved Chart.yaml"]);
    assert_eq!(inventory.edges().len(), 3);
    let redis = inventory
        .packages()
        .iter()
        .find(|package| package.name == "redis")
        .unwrap();
    assert_eq!(redis.supplier.as_ref().unwrap().name, "registry.example.com/charts");
}

#[test]
fn a_chart_inside_of_another_is_supplied_by_its_repository_or_is_the_projects_own() {
    let chart = "apiVersion: v2\nname: app\nversion: 1.2.3\ndependencies:\n- name: redis\n  version: 1.x.x\n  \
        repository: https://charts.example.com/team\n- name: local\n  version: 1.0.0\n  repository: file://charts/local\n";
    let inner = |name: &str| format!("apiVersion: v2\nname: {name}\nversion: 1.0.0\n");
    let inventory = read(&[
        ("Chart.yaml", chart),
        ("Chart.lock", ""),
        ("charts/redis/Chart.yaml", &inner("redis")),
        ("charts/local/Chart.yaml", &inner("local")),
        ("charts/unnamed/Chart.yaml", &inner("unnamed")),
    ]);
    let bom = inventory.document(&Root::default(), &Metadata::default()).unwrap();
    let document = crate::document::Document::read(&bom.to_json()).unwrap();
    let supplier = |name: &str| {
        let component = document.components.iter().find(|one| one.name == name).unwrap();
        component.supplier.clone().unwrap()
    };
    assert_eq!(supplier("redis"), "charts.example.com/team");
    assert_eq!(
        (supplier("local"), supplier("unnamed")),
        ("app".to_owned(), "app".to_owned())
    );
}

#[test]
fn a_range_without_a_lock_is_a_gap() {
    let inventory = read(&[("Chart.yaml", CHART)]);
    assert_eq!(
        listed(&inventory),
        [
            "pkg:helm/app@1.2.3",
            "pkg:helm/exact@1.0.0",
            "pkg:helm/inner",
            "pkg:helm/redis"
        ]
    );
    assert_eq!(gaps(&inventory), ["no-lock Chart.yaml", "unresolved Chart.yaml"]);
}

#[test]
fn a_chart_twice_is_locked_twice_and_a_lock_of_something_else_is_told() {
    let chart = "apiVersion: v2\nname: app\nversion: 1.2.3\ndependencies:\n- name: a\n  version: 1.x\n\
                 - name: a\n  alias: b\n  version: 2.x\n- name: c\n  version: ^3\n";
    let lock = "dependencies:\n- name: a\n  version: 1.5.0\n- name: a\n  version: 2.5.0\n- name: c\n  version: 4.0.0\n";
    let inventory = read(&[("Chart.yaml", chart), ("Chart.lock", lock)]);
    assert_eq!(
        listed(&inventory),
        [
            "pkg:helm/a@1.5.0",
            "pkg:helm/a@2.5.0",
            "pkg:helm/app@1.2.3",
            "pkg:helm/c@4.0.0"
        ]
    );
    let gaps: Vec<String> = inventory.gaps().map(ToString::to_string).collect();
    assert_eq!(
        gaps,
        [
            "Chart.lock: mismatch: expected `^3` of `c`, found `4.0.0`",
            "Chart.lock: unresolved: the chart `a` is not there: what is in it is not listed",
            "Chart.lock: unresolved: the chart `c` is not there: what is in it is not listed",
        ]
    );
}

#[test]
fn charts_of_helm_2_have_files_of_their_own() {
    let inventory = read(&[
        ("a/Chart.yaml", "apiVersion: v1\nname: a\nversion: 1.0.0\n"),
        ("a/requirements.yaml", "dependencies:\n- name: b\n  version: ^1\n"),
        ("a/requirements.lock", "dependencies:\n- name: b\n  version: 1.1.0\n"),
    ]);
    assert_eq!(listed(&inventory), ["pkg:helm/a@1.0.0", "pkg:helm/b@1.1.0"]);
    let place = |name: &str| {
        let package = inventory.packages().iter().find(|package| package.name == name);
        package.unwrap().evidence.occurrences[0].location.clone()
    };
    assert_eq!(place("b"), "a/requirements.lock");
}

#[test]
fn images_are_listed_once_with_their_places() {
    let chart = "apiVersion: v2\nname: a\nversion: 1.0.0\nannotations:\n  images: |\n    - name: b\n      image: docker.io/x/b:1\n";
    let inventory = read(&[
        ("Chart.yaml", chart),
        (
            "values.yaml",
            "image:\n  registry: docker.io\n  repository: x/b\n  tag: 1\nc:\n  image:\n    repository: x/c\n    tag: ''\n",
        ),
        (
            "templates/pod.yaml",
            "image: x/d:2\nimage: {{ .Values.image.repository }}\nimage: {{ template \"x\" }}\n",
        ),
        ("templates/tests/test.yaml", "image: busybox:1.36\n"),
    ]);
    assert_eq!(
        listed(&inventory),
        [
            "busybox:1.36 Excluded",
            "docker.io/x/b:1",
            "pkg:helm/a@1.0.0",
            "x/c:",
            "x/d:2"
        ]
    );
    assert_eq!(gaps(&inventory), ["unresolved templates", "unresolved values.yaml"]);
}

#[test]
fn what_is_no_yaml_is_a_gap_and_hides_nothing_else() {
    let inventory = read(&[
        ("Chart.yaml", CHART),
        ("values.yaml", "a: [\n"),
        ("Chart.lock", LOCK),
        ("other/Chart.yaml", "name: 'no name'\n"),
    ]);
    assert_eq!(
        gaps(&inventory),
        [
            "unresolved Chart.lock",
            "no-lock Chart.yaml",
            "unresolved Chart.yaml",
            "damaged other/Chart.yaml",
            "damaged values.yaml"
        ]
    );
    assert_eq!(inventory.len(), 4);
}

#[test]
fn a_packaged_chart_of_no_repository_is_supplied_by_its_maintainers_or_the_account_of_its_sources() {
    let supplier = |more: &str| {
        let chart = format!("apiVersion: v2\nname: inner\nversion: 0.1.0\n{more}");
        let package = package(&[("inner/Chart.yaml", &chart)]);
        let files = [
            ("Chart.yaml", CHART.as_bytes().to_vec()),
            ("charts/inner-0.1.0.tgz", package),
        ];
        let inventory = scan(&Memory::new(files), &Options::default()).unwrap();
        let bom = inventory.document(&Root::default(), &Metadata::default()).unwrap();
        let document = crate::document::Document::read(&bom.to_json()).unwrap();
        let inner = document.components.iter().find(|one| one.name == "inner").unwrap();
        inner.supplier.clone()
    };
    let maintainers = "maintainers:\n- name: Ann\n  email: ann@example.com\n- email: x\n- name: Bob\n";
    let sources = "sources:\n- none\n- https://user:secret@example.com/team/inner/tree/main\n";
    assert_eq!(
        supplier(&format!("{maintainers}{sources}")).as_deref(),
        Some("Ann, Bob")
    );
    assert_eq!(supplier(sources).as_deref(), Some("example.com/team"));
    assert_eq!(supplier(""), None);
}

fn package(files: &[(&str, &str)]) -> Vec<u8> {
    use attest_archive::{Content, Format, Member, Members, Recipe, write_archive_to};
    let member = |(path, text): &(&str, &str)| {
        Member::file(path.parse().unwrap(), Content::Bytes(text.as_bytes().to_vec()), false)
    };
    let recipe = Recipe {
        format: Format::TarGz,
        members: Members::new(files.iter().map(member)).unwrap(),
        source_date: "0".parse().unwrap(),
        threads: std::num::NonZeroUsize::MIN,
        algorithms: "sha256".parse().unwrap(),
    };
    let (package, _) = write_archive_to(&recipe, Vec::new(), std::path::Path::new(".")).unwrap();
    package
}

#[test]
fn a_packaged_chart_is_read_like_one_that_lies_there() {
    let package = package(&[
        ("inner/Chart.yaml", "apiVersion: v2\nname: inner\nversion: 0.1.0\n"),
        ("inner/values.yaml", "image: x/inner:3\n"),
    ]);
    let files: [(&str, &[u8]); 4] = [
        ("Chart.yaml", CHART.as_bytes()),
        ("Chart.lock", LOCK.as_bytes()),
        ("charts/inner-0.1.0.tgz", &package),
        ("charts/broken-1.0.0.tgz", b"no archive"),
    ];
    let inventory = scan(
        &Memory::new(files.map(|(path, bytes)| (path, bytes.to_vec()))),
        &Options::default(),
    )
    .unwrap();
    assert_eq!(
        listed(&inventory),
        [
            "pkg:helm/app@1.2.3",
            "pkg:helm/exact@1.0.0",
            "pkg:helm/inner@0.1.0",
            "pkg:helm/redis@22.0.4",
            "x/inner:3"
        ]
    );
    assert_eq!(
        gaps(&inventory),
        [
            "unresolved Chart.lock",
            "unresolved Chart.yaml",
            "damaged charts/broken-1.0.0.tgz"
        ]
    );
    assert_eq!(inventory.projects().len(), 1);
}

#[test]
fn one_image_under_several_names_is_one_component() {
    let chart = |name: &str| format!("apiVersion: v2\nname: {name}\nversion: 1.0.0\n");
    let (a, b) = (chart("a"), chart("b"));
    let inventory = read(&[
        ("a/Chart.yaml", &a),
        (
            "a/values.yaml",
            "image: docker.io/library/nginx:1\nx:\n  image: nginx:1\n",
        ),
        ("b/Chart.yaml", &b),
        ("b/values.yaml", "image: index.docker.io/library/nginx:1\n"),
    ]);
    assert_eq!(
        listed(&inventory),
        ["docker.io/library/nginx:1", "pkg:helm/a@1.0.0", "pkg:helm/b@1.0.0"]
    );
    let image = inventory.packages().iter().find(|one| one.purl.is_none()).unwrap();
    assert_eq!(image.properties[0].value, "docker.io/library/nginx:1");
    assert_eq!(image.evidence.occurrences.len(), 2);
}

#[test]
fn values_that_name_no_image_where_one_should_be_are_told() {
    let inventory = read(&[
        ("Chart.yaml", "apiVersion: v2\nname: a\nversion: 1.0.0\n"),
        ("values.yaml", "image:\n  repository: Upper/Case\n  tag: 1\n"),
    ]);
    assert_eq!(gaps(&inventory), ["unresolved values.yaml"]);
}

#[test]
fn an_image_without_a_tag_has_the_version_of_the_application_where_a_template_says_so() {
    let chart = |app_version: &str| format!("apiVersion: v2\nname: a\nversion: 1.0.0\n{app_version}");
    let images = |app_version: &str, template: &str| {
        let inventory = read(&[
            ("Chart.yaml", &chart(app_version)),
            ("values.yaml", "image:\n  repository: x/y\n  tag: \"\"\n"),
            ("templates/_helpers.tpl", template),
        ]);
        (listed(&inventory), gaps(&inventory))
    };
    let template = "{{- define \"image\" -}}\n{{- printf \"%s:%s\" .Values.image.repository (.Values.image.tag | default .Chart.AppVersion) -}}\n{{- end }}\n";
    let (listed, gaps) = images("appVersion: \"2.5\"\n", template);
    assert_eq!(listed, ["pkg:helm/a@1.0.0", "x/y:2.5"]);
    assert_eq!(gaps, [""; 0]);
    for (app_version, template) in [
        ("", template),
        ("appVersion: not a tag\n", template),
        ("appVersion: 2.5\n", ""),
    ] {
        let (listed, gaps) = images(app_version, template);
        assert_eq!(listed, ["pkg:helm/a@1.0.0", "x/y:"]);
        assert_eq!(gaps, ["unresolved values.yaml"]);
    }
}
