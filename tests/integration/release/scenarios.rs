//! The reference scenarios, released as they lie in `fixtures/releases`: what their rows ask for is made, signed, published and
//! verified, in a rehearsal and for real.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::made::sha256;
use super::project::{IDENTITY, ISSUER, Project, json, names, repeatable};
use super::published::kept;
use crate::command::Command;
use crate::registry::server::Registry;
use crate::sign::{Bench, SIGNER};

/// Statements beside an index of two images: three signatures, three lists of contents, how it was made.
const INDEX: u64 = 7;
/// Statements beside a chart: one of each.
const CHART: u64 = 3;
const PROVENANCE: &str = "slsaprovenance1";

struct Scenario {
    fixture: &'static str,
    /// Files of the release beside those that are published.
    files: &'static [&'static str],
    published: &'static [Publication],
}

struct Publication {
    file: &'static str,
    place: &'static str,
    tags: &'static [&'static str],
    statements: u64,
}

const SERVICE: Scenario = Scenario {
    fixture: "service",
    files: &[
        "ledger-1.4.0-source.tar.gz",
        "ledger-1.4.0-source.zip",
        "ledger-1.4.0.tgz.cdx.json",
        "ledger-api-1.4.0-image.tar.linux-arm64.cdx.json",
        "ledger-report-1.4.0-image.tar.cdx.sigstore.json",
    ],
    published: &[
        Publication {
            file: "ledger-api-1.4.0-image.tar",
            place: "team/ledger-api",
            tags: &["v1.4.0"],
            statements: INDEX,
        },
        Publication {
            file: "ledger-report-1.4.0-image.tar",
            place: "team/ledger-report",
            tags: &["v1.4.0"],
            statements: INDEX,
        },
        Publication {
            file: "ledger-1.4.0.tgz",
            place: "charts/ledger",
            tags: &["1.4.0"],
            statements: CHART,
        },
    ],
};

const CONTROLLER: Scenario = Scenario {
    fixture: "controller",
    files: &[
        "sweeper-0.9.0-darwin-arm64.tar.gz",
        "sweeper-0.9.0-linux-amd64.tar.gz.sigstore.json",
        "sweeper-0.9.0-source.tar.gz",
        "sweeper-0.9.0-source.zip",
    ],
    published: &[
        Publication {
            file: "sweeper-0.9.0-image.tar",
            place: "team/sweeper",
            tags: &["latest", "v0.9.0"],
            statements: INDEX,
        },
        Publication {
            file: "sweeper-0.9.0.tgz",
            place: "charts/sweeper",
            tags: &["0.9.0"],
            statements: CHART,
        },
    ],
};

const PROCESSORS: Scenario = Scenario {
    fixture: "processors",
    files: &["mill-2.3.0-notes.zip", "mill-2.3.0-notes.zip.sigstore.json"],
    published: &[
        Publication {
            file: "mill-count-2.3.0-image.tar",
            place: "team/mill-count",
            tags: &["2.3.0"],
            statements: INDEX,
        },
        Publication {
            file: "mill-sort-2.3.0-image.tar",
            place: "team/mill-sort",
            tags: &["2.3.0"],
            statements: INDEX,
        },
        Publication {
            file: "mill-2.3.0.tgz",
            place: "charts/mill",
            tags: &["2.3.0"],
            statements: CHART,
        },
    ],
};

const SNAPSHOT: Scenario = Scenario {
    fixture: "snapshot",
    files: &[
        "roster-0.5.0-py3-none-any.whl",
        "roster-0.5.0.tar.gz",
        "roster-0.5.0.tar.gz.cdx.json",
        "roster-0.5.0-docs.tar.gz",
        "roster-0.5.0-source.tar.gz",
    ],
    published: &[Publication {
        file: "roster-0.5.0-image.tar",
        place: "team/roster",
        tags: &["0.5.0", "edge"],
        statements: INDEX,
    }],
};

const BENCHSUITE: Scenario = Scenario {
    fixture: "benchsuite",
    files: &[
        "SHA256SUMS",
        "pacer-1.0.0-py3-none-any.whl.sigstore.json",
        "pacer-1.0.0.tar.gz",
        "pacer-1.0.0.tar.gz.cdx.json",
    ],
    published: &[Publication {
        file: "pacer-1.0.0-image.tar",
        place: "team/pacer",
        tags: &["1.0.0", "latest"],
        statements: INDEX,
    }],
};

/// How those who receive it ask.
struct Receiver<'a> {
    host: &'a str,
    identity: &'a str,
    issuer: &'a str,
    root: &'a Path,
}

impl Receiver<'_> {
    /// The exit code and the talk of `attest verify`, as somebody who expects this signer.
    fn verify(&self, name: &str, identity: &str, kind: Option<&str>) -> (i32, String) {
        let finished = Command::attest()
            .args(["verify", &format!("oci://{}/{name}", self.host)])
            .args(["--certificate-identity", identity])
            .args(["--certificate-oidc-issuer", self.issuer])
            .args(["--trusted-root", self.root.to_str().unwrap()])
            .args(kind.into_iter().flat_map(|kind| ["--type", kind]))
            .run();
        (finished.code, finished.stdout_text().to_owned())
    }

    #[track_caller]
    fn assert_takes(&self, name: &str, publication: &Publication) {
        for kind in [None, Some(PROVENANCE), Some("cyclonedx")] {
            let (code, said) = self.verify(name, self.identity, kind);
            assert_eq!(code, 0, "{name} {kind:?}: {said}");
            for platform in ["linux/amd64", "linux/arm64"] {
                assert_eq!(said.contains(platform), publication.statements == INDEX, "{said}");
            }
        }
        let (code, said) = self.verify(name, "other@example.com", None);
        assert_eq!(code, 1, "{name} is nobody else's: {said}");
        let (code, said) = self.verify(name, self.identity, Some("vuln"));
        assert_eq!(code, 1, "{name} has no report of a scan: {said}");
    }
}

/// What the account says was published.
#[track_caller]
fn assert_published(report: &Value, scenario: &Scenario) {
    let published = report["published"].as_array().unwrap();
    let found: Vec<Value> = published
        .iter()
        .map(|entry| json!([entry["file"], entry["tags"], entry["evidence"]]))
        .collect();
    let expected: Vec<Value> = scenario
        .published
        .iter()
        .map(|publication| json!([publication.file, publication.tags, publication.statements]))
        .collect();
    assert_eq!(found, expected);
    for (entry, publication) in published.iter().zip(scenario.published) {
        let reference = entry["reference"].as_str().unwrap();
        let expected = format!("/{}:{}@sha256:", publication.place, publication.tags[0]);
        assert!(reference.contains(&expected), "{reference}");
    }
}

/// The digests under which everything is to be deployed.
fn digests(report: &Value) -> Vec<String> {
    let published = report["published"].as_array().unwrap();
    let digest = |entry: &Value| entry["digest"].as_str().unwrap().to_owned();
    published.iter().map(digest).collect()
}

/// Releases twice with `--sandbox`, and verifies everything that is in the output and in the registry of the rehearsal.
fn rehearse(scenario: &Scenario) -> Project {
    let project = Project::new(scenario.fixture);
    let report = json(&project.release(&["--format", "json"]).expect_code(0));
    assert_published(&report, scenario);
    let made = names(&project.dist());
    let published = scenario.published.iter().map(|publication| publication.file);
    for file in published.chain(scenario.files.iter().copied()) {
        assert!(made.iter().any(|name| name == file), "{file} in {made:?}");
    }
    project.verify().expect_code(0);
    let server = kept(&project);
    let receiver = Receiver {
        host: server.url().trim_start_matches("http://"),
        identity: IDENTITY,
        issuer: ISSUER,
        root: &project.path().join(".attest/sandbox/trusted_root.json"),
    };
    for publication in scenario.published {
        for tag in publication.tags {
            receiver.assert_takes(&format!("{}:{tag}", publication.place), publication);
        }
    }
    server.stop();
    let first = repeatable(&project.dist());
    let again = json(&project.release(&["--format", "json"]).expect_code(0));
    assert!(repeatable(&project.dist()) == first);
    assert_eq!(digests(&again), digests(&report));
    project
}

/// Releases into a registry that `attest.toml` names, signed through an instance that is running.
fn publish(scenario: &Scenario) {
    let (bench, registry) = (Bench::new(), Registry::start());
    let project = Project::new(scenario.fixture);
    let description = project.path().join("attest.toml");
    let text = fs::read_to_string(&description).unwrap();
    fs::write(description, text.replace("registry.example.org", registry.host())).unwrap();
    project.commit();
    let root = bench.path("trusted_root.json");
    let released = project
        .attest(&["release", "--publish", "--format", "json", "--signing-config"])
        .arg(bench.path("signing_config.json"))
        .arg("--trusted-root")
        .arg(&root)
        .arg("--identity-token")
        .arg(bench.path("token"))
        .run()
        .expect_code(0);
    let report = json(&released);
    assert_eq!(report["signer"]["sandbox"], false);
    assert_published(&report, scenario);
    let receiver = Receiver {
        host: registry.host(),
        identity: SIGNER,
        issuer: bench.server.url(),
        root: &root,
    };
    let requests = registry.requests();
    for (publication, digest) in scenario.published.iter().zip(digests(&report)) {
        receiver.assert_takes(&format!("{}@{digest}", publication.place), publication);
        for tag in publication.tags {
            let moved = format!("PUT /v2/{}/manifests/{tag}", publication.place);
            assert!(requests.contains(&moved), "{moved} in {requests:#?}");
        }
    }
}

#[test]
fn a_service_is_two_images_for_two_architectures_and_a_chart() {
    rehearse(&SERVICE);
    publish(&SERVICE);
}

#[test]
fn a_controller_has_an_image_under_two_tags_a_chart_and_binaries() {
    rehearse(&CONTROLLER);
    publish(&CONTROLLER);
}

#[test]
fn processors_are_two_images_a_chart_and_notes() {
    rehearse(&PROCESSORS);
    publish(&PROCESSORS);
}

#[test]
fn a_snapshot_is_a_wheel_an_sdist_an_image_and_documentation() {
    rehearse(&SNAPSHOT);
    publish(&SNAPSHOT);
}

#[test]
fn a_suite_of_benchmarks_is_a_wheel_an_sdist_and_an_image() {
    rehearse(&BENCHSUITE);
    publish(&BENCHSUITE);
}

#[test]
fn a_suite_of_benchmarks_is_a_candidate_and_then_the_version_unless_that_is_slower() {
    let project = Project::new("benchsuite");
    let candidate = json(
        &project
            .release(&["--config", "candidate.toml", "--format", "json"])
            .expect_code(0),
    );
    assert_eq!(candidate["published"][0]["tags"], json!(["1.0.0rc1", "candidate"]));
    project.verify().expect_code(0);
    let made = repeatable(&project.dist());
    assert!(made.contains_key("pacer-1.0.0rc1-py3-none-any.whl"));
    let results = project.path().join("results/1.0.0.txt");
    let measured = fs::read_to_string(&results).unwrap();
    let slower = measured.replace("sort 0.021500", "sort 0.022471");
    assert_ne!(slower, measured);
    for (found, said) in [
        (slower, "gate: sort takes 0.022471 s, more than 5 % over 0.021400 s"),
        (measured.replace("sum 0.000700\n", ""), "gate: sum was not measured"),
    ] {
        fs::write(&results, found).unwrap();
        let failed = project.release(&[]).expect_code(3);
        assert!(failed.stderr_text().contains(said), "{}", failed.stderr_text());
        assert!(repeatable(&project.dist()) == made);
    }
    fs::write(&results, measured).unwrap();
    project.release(&[]).expect_code(0);
    let made = names(&project.dist());
    assert!(made.iter().all(|name| !name.contains("1.0.0rc1")), "{made:?}");
}

#[test]
fn the_chart_of_a_controller_joins_the_index_of_those_before_it() {
    let project = Project::new("controller");
    project.attest(&["release", "--skip-sign"]).run().expect_code(0);
    let before = fs::read_to_string(project.path().join("index.yaml")).unwrap();
    let merge = ["pack", "chart-index", "dist", "--url", "https://example.com/charts"];
    project
        .attest(&[&merge[..], &["--merge", "index.yaml", "-o", "index.yaml"]].concat())
        .run()
        .expect_code(0);
    let after = fs::read_to_string(project.path().join("index.yaml")).unwrap();
    let digest = sha256(&fs::read(project.dist().join("sweeper-0.9.0.tgz")).unwrap());
    for line in [
        format!("    digest: {digest}\n"),
        "    - https://example.com/charts/sweeper-0.9.0.tgz\n".to_owned(),
        "    version: 0.9.0\n".to_owned(),
    ] {
        assert!(after.contains(&line), "{line} in {after}");
    }
    let (_, entry) = before.split_once("  - ").unwrap();
    let (entry, _) = entry.split_once("generated:").unwrap();
    assert!(after.contains(entry), "{entry} in {after}");
}
