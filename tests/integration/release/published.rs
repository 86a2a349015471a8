//! What a release puts into registries: content and evidence first, tags at the end, or no tag at all.

use std::fs;
use std::sync::Arc;

use attest_sandbox::registry::Registry as Kept;
use attest_sandbox::{Claims, Config, Keys, ManualClock, Server, Sigstore};
use jiff::Timestamp;
use serde_json::Value;

use super::project::{IDENTITY, ISSUER, Project};
use crate::command::{Command, Finished};
use crate::registry::server::{Fault, Registry};
use crate::registry::wire::Answer;
use crate::sign::Bench;

/// With an image for two platforms and a chart, which are published at `host`.
pub(super) fn project(host: &str) -> Project {
    let project = Project::new("prebuilt");
    fs::create_dir_all(project.path().join("chart/templates")).unwrap();
    let chart = "apiVersion: v2\nname: tally\nversion: 0.1.0\n";
    fs::write(project.path().join("chart/Chart.yaml"), chart).unwrap();
    fs::write(project.path().join("chart/templates/note.yaml"), "kind: ConfigMap\n").unwrap();
    let published = format!(
        "[[image]]\nbinaries = [\"tally\"]\ntags = [\"v{{version}}\", \"latest\"]\npublish = \"oci://{host}/team/{{name}}\"\n\n\
         [[chart]]\ndirectory = \"chart\"\nversion = \"{{version}}\"\npublish = \"oci://{host}/charts\"\n\n[archive]"
    );
    project.configure("[archive]", &published);
    project
}

pub(super) fn document(finished: &Finished) -> Value {
    serde_json::from_slice(&finished.stdout).unwrap()
}

/// The registry that a rehearsal left, at a port again.
pub(super) fn kept(project: &Project) -> Server {
    let clock = Arc::new(ManualClock::new(Timestamp::from_second(1_700_000_000).unwrap()));
    let sigstore = Sigstore::new(Config {
        keys: Keys::from_seed([7; 32], Timestamp::from_second(1_600_000_000).unwrap()),
        clock,
        user: Claims::email("somebody@example.com"),
        issuers: Vec::new(),
    });
    let registry = Kept::open(&project.path().join(".attest/sandbox/registry")).unwrap();
    Server::start_with_registry(sigstore.unwrap(), registry, 0).unwrap()
}

#[test]
fn a_rehearsal_publishes_to_its_own_registry_and_nowhere_else() {
    let elsewhere = Registry::start();
    let project = project(elsewhere.host());
    let released = project.release(&["--format", "json"]).expect_code(0);
    assert!(elsewhere.requests().is_empty());
    let published = document(&released)["published"].clone();
    let digest = published[0]["digest"].as_str().unwrap();
    assert_eq!(published[0]["file"], "tally-2.0.1-image.tar");
    assert_eq!(published[0]["tags"], serde_json::json!(["latest", "v2.0.1"]));
    // A signature of the index and of both images, and what is in each of the three; how the index was made.
    assert_eq!(published[0]["evidence"], 7);
    assert_eq!(
        (&published[1]["tags"][0], &published[1]["evidence"]),
        (&"2.0.1".into(), &3.into())
    );
    let server = kept(&project);
    let host = server.url().trim_start_matches("http://");
    let image = format!("oci://{host}/team/tally:latest");
    let drawn = Command::attest().args(["inspect", &image]).run().expect_code(0);
    let text = drawn.stdout_text();
    let claimed = format!("  claimed by {IDENTITY} ({ISSUER})");
    for (line, count) in [
        (format!("signature{claimed}"), 3),
        (format!("attestation https://slsa.dev/provenance/v1{claimed}"), 1),
        (format!("SBOM https://cyclonedx.org/bom{claimed}"), 3),
        (digest.to_owned(), 1),
    ] {
        assert!(text.matches(&line).count() >= count, "{line}\n{text}");
    }
    let chart = format!("oci://{host}/charts/tally:2.0.1");
    let drawn = Command::attest().args(["inspect", &chart]).run().expect_code(0);
    assert!(
        drawn.stdout_text().contains("application/vnd.cncf.helm.config.v1+json"),
        "{}",
        drawn.stdout_text()
    );
    assert!(
        drawn
            .stdout_text()
            .contains("attestation https://slsa.dev/provenance/v1")
    );
    server.stop();
    // Once more: nothing of the last time is in the way.
    project.release(&[]).expect_code(0);
}

#[test]
fn each_image_of_an_index_has_a_list_and_one_links_them_and_what_they_cannot_say_is_said() {
    let project = project("registry.example.org");
    let released = project.attest(&["release", "--skip-sign"]).run().expect_code(0);
    let read = |name: &str| -> Value { serde_json::from_slice(&fs::read(project.dist().join(name)).unwrap()).unwrap() };
    let whole = read("tally-2.0.1-image.tar.cdx.json");
    let platforms = whole["components"].as_array().unwrap();
    assert_eq!(platforms.len(), 2);
    for (number, platform) in ["linux-amd64", "linux-arm64"].into_iter().enumerate() {
        let name = format!("tally-2.0.1-image.tar.{platform}.cdx.json");
        let list = read(&name);
        let serial = list["serialNumber"].as_str().unwrap().trim_start_matches("urn:uuid:");
        let links = platforms[number]["externalReferences"].to_string();
        assert!(links.contains(&format!("urn:cdx:{serial}/1")), "{links}");
        assert_eq!(list["metadata"]["component"]["version"], platforms[number]["version"]);
        let sums = fs::read_to_string(project.dist().join("SHA256SUMS")).unwrap();
        assert!(sums.contains(&name), "{sums}");
    }
    let expected = "warning: `tally-2.0.1-image.tar.linux-amd64.cdx.json`, `tally-2.0.1-image.tar.linux-arm64.cdx.json`: nothing-found: no \
                    package was found in the image\n  hint: files alone do not say";
    assert!(released.stderr_text().contains(expected), "{}", released.stderr_text());
}

#[test]
fn the_list_of_each_platform_has_a_bundle_about_its_manifest() {
    let project = project("registry.example.org");
    project.release(&[]).expect_code(0);
    project.verify().expect_code(0);
    for platform in ["linux-amd64", "linux-arm64"] {
        let stem = format!("dist/tally-2.0.1-image.tar.{platform}.cdx");
        let list: Value =
            serde_json::from_slice(&fs::read(project.path().join(format!("{stem}.json"))).unwrap()).unwrap();
        let digest = list["metadata"]["component"]["version"].as_str().unwrap();
        let bundle = format!("{stem}.sigstore.json");
        let attested = |artifact: &str| {
            let arguments = [artifact, "--bundle", &bundle, "--type", "cyclonedx"];
            project.verify_files(arguments.map(str::to_owned).into_iter())
        };
        attested(digest).expect_code(0);
        attested("dist/tally-2.0.1-image.tar").expect_code(1);
    }
}

/// How many pieces of evidence hang below a tag.
fn layers(reference: &str) -> usize {
    let directory = tempfile::tempdir().unwrap();
    let layout = directory.path().join("layout");
    let fetch = Command::attest().args(["fetch", reference, "-o"]).arg(&layout);
    fetch.run().expect_code(0);
    let blobs = fs::read_dir(layout.join("blobs/sha256")).unwrap();
    let blobs = blobs.map(|blob| fs::read(blob.unwrap().path()).unwrap());
    let documents = blobs.filter_map(|bytes| serde_json::from_slice::<Value>(&bytes).ok());
    let layers = documents.filter_map(|document| Some(document["layers"].as_array()?.len()));
    layers.max().unwrap()
}

#[test]
fn what_is_published_is_signed_for_cosign_2_as_well_if_that_is_asked_for() {
    let bench = Bench::new();
    let host = bench.server.url().trim_start_matches("http://");
    let project = project(host);
    project.configure("[sign]\n", "[sign]\nlegacy = true\n");
    let release = |arguments: &[&str]| {
        let release = project.attest(&["release", "--publish", "--format", "json", "--signing-config"]);
        let release = release.arg(bench.path("signing_config.json")).arg("--trusted-root");
        let release = release.arg(bench.path("trusted_root.json")).arg("--identity-token");
        release.arg(bench.path("token")).args(arguments).run()
    };
    // What an earlier release hung below the same tags stays, and is in nobody's way.
    for times in 1..=2 {
        let published = document(&release(&[]).expect_code(0))["published"].clone();
        // Another signature of the index, of both its images, and of the chart.
        for (name, entry, evidence) in [("team/tally", &published[0], 10), ("charts/tally", &published[1], 4)] {
            assert_eq!(entry["evidence"], evidence);
            let tag = entry["digest"].as_str().unwrap().replace(':', "-");
            let below = |ending: &str| layers(&format!("oci://{host}/{name}:{tag}.{ending}"));
            assert_eq!((below("sig"), below("att")), (times, 2 * times), "{name}");
        }
    }
    let refused = release(&["--rekor-version", "2"]).expect_code(2);
    let said = refused.stderr_text();
    assert!(said.starts_with("error[legacy-needs-rekor-1]"), "{said}");
}

#[test]
fn tags_move_when_everything_else_is_in_its_place() {
    let registry = Registry::start();
    let project = project(registry.host());
    let release = || project.attest(&["release", "--skip-sign", "--publish"]).run();
    let full = || Fault::Instead(Answer::error(507, "STORAGE", "the disk is full"));
    for (method, target) in [("PUT", "uploads"), ("PUT", "charts/tally/manifests/sha256")] {
        registry.fault(method, target, full());
        let failed = release().expect_code(3);
        assert!(
            failed.stderr_text().contains("STORAGE: the disk is full"),
            "{}",
            failed.stderr_text()
        );
        assert!(!project.dist().exists());
        for tag in ["latest", "v2.0.1", "2.0.1"] {
            assert!(!registry.state().manifests.contains_key(tag), "{tag} after {target}");
        }
    }
    registry.state().log.clear();
    let released = release().expect_code(0);
    assert!(
        released.stdout_text().contains("; signed by nobody"),
        "{}",
        released.stdout_text()
    );
    assert!(project.dist().join("tally-2.0.1.tgz").exists());
    let requests = registry.requests();
    let tags: Vec<&String> = requests.iter().rev().take(3).collect();
    for (request, tag) in tags.iter().rev().zip([
        "team/tally/manifests/latest",
        "team/tally/manifests/v2.0.1",
        "charts/tally/manifests/2.0.1",
    ]) {
        assert_eq!(**request, format!("PUT /v2/{tag}"), "{requests:#?}");
    }
    // Everything is there: only the tags are written again.
    registry.state().log.clear();
    release().expect_code(0);
    assert_eq!(registry.count("PUT", "") + registry.count("POST", ""), 3);
}

#[test]
fn nothing_is_published_unless_it_is_asked_for_and_has_a_place() {
    let registry = Registry::start();
    let project = project(registry.host());
    project.attest(&["release", "--skip-sign"]).run().expect_code(0);
    assert!(registry.requests().is_empty());
    let plan = project.attest(&["release", "--plan"]).run().expect_code(0);
    let expected = format!(
        "\npublished with --publish:\n  tally-2.0.1-image.tar: oci://{host}/team/tally:latest, v2.0.1\n  tally-2.0.1.tgz: \
         oci://{host}/charts/tally:2.0.1\n",
        host = registry.host()
    );
    assert!(plan.stdout_text().ends_with(&expected), "{}", plan.stdout_text());
    let bare = Project::new("prebuilt");
    let refused = bare
        .attest(&["release", "--skip-sign", "--publish"])
        .run()
        .expect_code(2);
    assert!(
        refused.stderr_text().starts_with("error[nothing-to-publish]"),
        "{}",
        refused.stderr_text()
    );
    project.configure("/charts\"", "/charts:v1\"");
    let refused = project.attest(&["release", "--plan"]).run().expect_code(2);
    assert!(
        refused.stderr_text().contains("expected a place for charts"),
        "{}",
        refused.stderr_text()
    );
}

#[test]
fn the_plan_of_a_rehearsal_names_the_registry_of_the_rehearsal() {
    let project = project("registry.example.org");
    let plan = |format: &str| {
        let plan = project.attest(&["release", "--plan", "--sandbox", "--format", format]);
        plan.run().expect_code(0)
    };
    let text = plan("text");
    let expected = "\npublished in the registry of the rehearsal, at a port that is free then:\n  tally-2.0.1-image.tar: \
                    oci://localhost:0/team/tally:latest, v2.0.1\n  tally-2.0.1.tgz: oci://localhost:0/charts/tally:2.0.1\n";
    assert!(text.stdout_text().ends_with(expected), "{}", text.stdout_text());
    let document = document(&plan("json"));
    assert_eq!(document["publish"][0]["repository"], "oci://localhost:0/team/tally");
    assert!(!project.path().join(".attest").exists());
}

#[test]
fn a_plus_sign_of_a_version_is_an_underscore_in_a_tag() {
    let project = project("registry.example.org");
    project.configure("version = \"2.0.1\"", "version = \"2.0.1+build.5\"");
    let plan = project.attest(&["release", "--plan"]).run().expect_code(0);
    for tag in ["team/tally:latest, v2.0.1_build.5", "charts/tally:2.0.1_build.5"] {
        assert!(plan.stdout_text().contains(tag), "{}", plan.stdout_text());
    }
    let released = project.release(&["--format", "json"]).expect_code(0);
    let published = document(&released)["published"].clone();
    assert_eq!(published[0]["tags"], serde_json::json!(["latest", "v2.0.1_build.5"]));
    assert_eq!(published[1]["tags"], serde_json::json!(["2.0.1_build.5"]));
}

#[test]
fn a_plan_that_cannot_be_published_is_none() {
    for (from, to, expected) in [
        ("name = \"tally\"\n", "name = \"Tally\"\n", "team/Tally`"),
        ("/team/{name}", "/team/{name}-", "team/tally-`"),
        (
            "oci://registry.example.org/team",
            "oci://registry..example.org/team",
            "`oci://registry..example.org/team/tally`",
        ),
        ("version = \"2.0.1\"", "version = \"2.0.1~rc1\"", "2.0.1~rc1`"),
    ] {
        let project = project("registry.example.org");
        project.configure(from, to);
        for arguments in [
            ["release", "--plan"],
            ["release", "--sandbox"],
            ["release", "--skip-sign"],
        ] {
            let refused = project.attest(&arguments).run().expect_code(2);
            assert_eq!(refused.stdout_text(), "");
            assert!(refused.stderr_text().contains(expected), "{}", refused.stderr_text());
        }
        assert!(!project.dist().exists());
    }
}

/// A second image under the same name and tags, in another registry.
fn twice(first: &str, second: &str) -> Project {
    let project = project(first);
    let image = format!(
        "[[image]]\nname = \"second\"\nbinaries = [\"tally\"]\ntags = [\"latest\"]\npublish = \"oci://{second}/team/tally\"\n\n[archive]"
    );
    project.configure("[archive]", &image);
    project
}

#[test]
fn hosts_that_differ_in_case_are_one_place() {
    let project = twice("registry.example.org", "Registry.Example.ORG");
    for arguments in [&["release", "--plan"][..], &["release", "--plan", "--sandbox"]] {
        let refused = project.attest(arguments).run().expect_code(2);
        let said = refused.stderr_text();
        assert!(said.starts_with("error[plan-impossible]"), "{said}");
        assert!(said.contains("team/tally:latest`"), "{said}");
    }
}

#[test]
fn a_rehearsal_keeps_registries_apart() {
    let project = twice("one.example.org", "other.example.org:8080");
    let released = project.release(&["--format", "json"]).expect_code(0);
    let published = document(&released)["published"].clone();
    for (number, name) in [
        (0, "/one.example.org/team/tally:latest@"),
        (1, "/other.example.org-8080/team/tally:latest@"),
        (2, "/charts/tally:2.0.1@"),
    ] {
        let reference = published[number]["reference"].as_str().unwrap();
        assert!(reference.contains(name), "{reference}");
    }
}

#[test]
fn a_key_of_a_chart_is_for_releases_that_count() {
    let project = project("registry.example.org");
    project.configure(
        "directory = \"chart\"\n",
        "directory = \"chart\"\nkey = \"release@example.com\"\n",
    );
    let planned = |arguments: &[&str]| {
        let plan = project.attest(&[&["release", "--plan"], arguments].concat()).run();
        let plan = plan.expect_code(0).stdout_text().to_owned();
        plan.contains("tally-2.0.1.tgz.prov")
    };
    assert!(planned(&[]));
    assert!(!planned(&["--sandbox"]));
    assert!(!planned(&["--skip-sign"]));
}
