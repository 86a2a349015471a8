use std::fs;

use attest_sandbox::TufRoot;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::repository::{World, says};
use crate::command::Command;
use crate::sign::Bench;

#[test]
fn after_init_signing_and_verifying_need_no_files() {
    let bench = Bench::new();
    let sigstore = bench.server.sigstore();
    bench.write("1.root.json", sigstore.tuf_root_json().unwrap());
    let mirror = format!("{}/tuf", bench.server.url());
    let attest = || {
        Command::attest()
            .current_dir(bench.path(""))
            .env("ATTEST_TUF_ROOT", bench.path("trust"))
    };
    let init = ["trust", "init", "--root", "1.root.json", "--mirror", &mirror];
    let finished = attest().args(init).run().expect_code(0);
    says(
        finished.stdout_text(),
        "private: fetched, root 1, timestamp 1, snapshot 1, targets 1",
    );
    attest()
        .args(["sign", "a.tar.gz", "--identity-token", "token"])
        .run()
        .expect_code(0);
    let verify = ["verify", "a.tar.gz", "--certificate-identity", "signer@example.com"];
    let issuer = ["--certificate-oidc-issuer", bench.server.url()];
    let finished = attest().args(verify).args(issuer).run().expect_code(0);
    says(finished.stdout_text(), "the private instance at http://localhost");
    attest().args(["trust", "remove", "private"]).run().expect_code(0);
    attest().args(verify).args(issuer).run().expect_code(1);
}

#[test]
fn an_initialised_instance_is_believed_and_nobody_else() {
    let world = World::new();
    world.verify(&[]).expect_code(1);
    world.init().expect_code(0);
    let finished = world.verify(&["--format", "json"]).expect_code(0);
    assert_eq!(finished.stderr_text(), "");
    let document: Value = serde_json::from_str(finished.stdout_text()).unwrap();
    let roots = document["trustRoots"].as_array().unwrap();
    assert_eq!(roots.len(), 1);
    assert_eq!(roots[0]["source"], "fetched");
    assert_eq!(roots[0]["instance"], "private");
    assert_eq!(roots[0]["versions"]["root"], 1);
    assert_eq!(roots[0]["expired"], false);
}

#[test]
fn a_root_that_is_named_is_the_only_one() {
    let world = World::new();
    world.init().expect_code(0);
    fs::write(world.path("trust/private.json"), "broken").unwrap();
    let finished = world.verify(&["--trusted-root", "trusted_root.json"]).expect_code(0);
    says(finished.stdout_text(), "against the trust root trusted_root.json");
}

#[test]
fn a_second_instance_is_not_believed_beside_the_first() {
    let world = World::new();
    world.init().expect_code(0);
    world.init().expect_code(0);
    let other = World::new();
    let init = ["init", "--root", "1.root.json", "--mirror", other.url()];
    let finished = world.trust(&init).expect_code(2);
    says(finished.stderr_text(), "error[trust-initialised]");
    world.trust(&["remove", "private"]).expect_code(0);
    world.trust(&init).expect_code(0);
}

#[test]
fn an_update_tells_what_changed_and_follows_new_keys() {
    let mut world = World::new();
    world.init().expect_code(0);
    let finished = world.trust(&["update"]).expect_code(0);
    says(finished.stdout_text(), "private: unchanged, root 1");
    let root = &world.plan.files["trusted_root.json"];
    let mut root: Value = serde_json::from_slice(root).unwrap();
    root["tlogs"][0]["publicKey"]["validFor"]["end"] = "2099-01-01T00:00:00Z".into();
    world
        .plan
        .files
        .insert("trusted_root.json".to_owned(), root.to_string().into_bytes());
    let expires = world.plan.timestamp.expires;
    world.plan.roots.push(TufRoot::new(expires, "next"));
    for edition in [
        &mut world.plan.timestamp,
        &mut world.plan.snapshot,
        &mut world.plan.targets,
    ] {
        edition.version = 2;
    }
    world.publish();
    let finished = world.trust(&["update"]).expect_code(0);
    let text = finished.stdout_text();
    says(text, "private: updated, root 2, timestamp 2, snapshot 2, targets 2");
    says(text, "\n  - transparency log http://localhost");
    says(text, "to 2099-01-01");
}

#[test]
fn trust_that_ran_out_still_counts_and_says_so() {
    let world = World::until(Timestamp::now() + SignedDuration::from_secs(4));
    world.init().expect_code(0);
    std::thread::sleep(std::time::Duration::from_secs(5));
    let finished = world.verify(&["--format", "json"]).expect_code(0);
    says(
        finished.stderr_text(),
        "note: the trust root of the private instance at http://127.0.0.1",
    );
    says(
        finished.stderr_text(),
        "`attest trust update private` fetches what is new",
    );
    let document: Value = serde_json::from_str(finished.stdout_text()).unwrap();
    assert_eq!(document["trustRoots"][0]["expired"], true);
    let finished = world.trust(&["update"]).expect_code(3);
    says(finished.stderr_text(), "error[trust-repository-expired]");
}

#[test]
fn older_trust_than_somebody_relies_on_decides_nothing() {
    let world = World::new();
    world.init().expect_code(0);
    world.verify(&["--max-trust-age", "1"]).expect_code(0);
    world.trust(&["remove", "private"]).expect_code(0);
    let finished = world.verify(&["--max-trust-age", "1"]).expect_code(3);
    assert_eq!(finished.stdout_text(), "");
    says(
        finished.stderr_text(),
        "error[trust-expired]: expected trust that was fetched at most 1 days ago",
    );
    says(finished.stderr_text(), "attest trust update public-good");
    let both = ["--max-trust-age", "1", "--trusted-root", "trusted_root.json"];
    world.verify(&both).expect_code(2);
}

#[test]
fn everybody_who_is_believed_is_shown() {
    let world = World::new();
    let finished = world.trust(&["show"]).expect_code(0);
    let text = finished.stdout_text();
    says(text, "the public-good instance of Sigstore: built in, as of 2026-10-13");
    says(text, "the instance of GitHub: built in");
    says(text, "https://rekor.sigstore.dev");
    says(text, "c0d23d6ad406973f9559f3ba2d1ca01f84147d8ffc5b8445c224f98b9591801d");
    says(
        text,
        "from 2021-03-07 to 2022-12-31 (over; counts for what was signed before)",
    );
    world.init().expect_code(0);
    let finished = world.trust(&["show", "--format", "json"]).expect_code(0);
    let document: Value = serde_json::from_str(finished.stdout_text()).unwrap();
    assert_eq!(document["schema"], "https://attest.dev/schema/trust/v1");
    let roots = document["roots"].as_array().unwrap();
    assert_eq!(roots.len(), 1);
    assert_eq!(roots[0]["mirror"], format!("{}/", world.url()));
    assert_eq!(
        roots[0]["certificateAuthorities"][0]["certificates"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    assert_eq!(roots[0]["transparencyLogs"].as_array().unwrap().len(), 2);
}

#[test]
fn a_root_goes_to_other_programs_as_it_was_fetched() {
    let world = World::new();
    world.init().expect_code(0);
    let finished = world.trust(&["show", "--format", "trusted-root"]).expect_code(0);
    assert_eq!(finished.stdout, fs::read(world.path("trusted_root.json")).unwrap());
    let finished = world
        .trust(&["show", "public-good", "github", "--format", "trusted-root"])
        .expect_code(2);
    says(finished.stderr_text(), "error[trust-instance-missing]");
}

#[test]
fn signing_through_an_instance_without_services_is_wrong_usage() {
    let world = World::new();
    world.init().expect_code(0);
    let finished = world.attest().args(["sign", "1.root.json"]).run().expect_code(2);
    says(finished.stderr_text(), "error[signing-config-missing]");
}

#[test]
fn the_directory_of_cosign_is_shared_below_a_name_of_ours() {
    let world = World::new();
    let finished = Command::attest()
        .env("ATTEST_TUF_ROOT", "")
        .env("TUF_ROOT", world.path("tuf"))
        .args(["trust", "init", "--mirror", world.url(), "--root"])
        .arg(world.path("1.root.json"))
        .run()
        .expect_code(0);
    says(finished.stdout_text(), "private: fetched");
    assert!(world.path("tuf/attest/private.json").exists());
}
