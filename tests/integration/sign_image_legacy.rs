//! `attest sign` on images in the form of cosign 2, and of images that are signed already.

use attest_digest::{Algorithm, Algorithms, Measured};
use attest_store::image::{Attached, Attachment, Place, SimpleSigning, StoredEvidence};
use attest_verify::Artifact;

use crate::sign_image::{Scene, of_layout, refused, report};

#[test]
fn the_form_of_cosign_2_is_signed_too_for_the_index_and_each_image() {
    let scene = Scene::new();
    scene.key("ecdsa-p256");
    let legacy = ["--legacy", "-a", "b=<2>", "-a", "a=1"];
    scene
        .sign_alone(&[&[&*scene.reference()], &legacy[..]].concat())
        .expect_code(0);
    for digest in [&scene.index].into_iter().chain(&scene.images) {
        assert_eq!(scene.bundles(digest).len(), 1);
        let tagged = scene
            .evidence(digest)
            .into_iter()
            .find(|stored| stored.place != Place::Referrer)
            .unwrap();
        assert_eq!(tagged.place, Place::Tag(format!("sha256-{}.sig", digest.to_hex())));
        let Attachment::Evidence(Ok(Attached::SimpleSigning { bundle, payload })) = tagged.attachment else {
            panic!("{:?}", tagged.attachment);
        };
        let expected = format!(
            r#"{{"critical":{{"identity":{{"docker-reference":"{}"}},"image":{{"docker-manifest-digest":"{digest}"}},"type":"cosign container image signature"}},"optional":{{"a":"1","b":"\u003c2\u003e"}}}}"#,
            scene.name
        );
        assert_eq!(String::from_utf8(payload.clone()).unwrap(), expected);
        SimpleSigning::parse_about(&payload, digest).unwrap();
        let algorithms = Algorithms::one(Algorithm::Sha256);
        let measured = Measured::of_bytes(&payload, &algorithms);
        scene.verified_by_key(&bundle, &Artifact::nameless(&measured));
    }
}

#[test]
fn the_form_of_cosign_2_goes_through_the_log_that_gives_a_promise() {
    let scene = Scene::new();
    scene.sign(&["--legacy", "--no-recursive"]).expect_code(0);
    let evidence = scene.evidence(&scene.index);
    for stored in &evidence {
        let Attachment::Evidence(Ok(attached)) = &stored.attachment else {
            panic!("{:?}", stored.attachment);
        };
        let bundle = match attached {
            Attached::Bundle(bundle) | Attached::SimpleSigning { bundle, .. } => bundle,
        };
        let entry = &bundle.peek_unverified().log_entries[0];
        assert!(entry.integrated_time.is_some());
    }
    assert_eq!(evidence.len(), 2);
    refused(
        scene.sign(&["--legacy", "--rekor-version", "2"]),
        2,
        "legacy-needs-rekor-1",
    );
    let only_2 = scene.bench.server.sigstore().signing_config_json_with_rekor(2).unwrap();
    scene.bench.write("signing_config.json", only_2);
    let finished = scene.sign(&["--legacy"]).expect_code(2);
    assert!(
        finished.stderr_text().contains("error[signing-config-unusable]")
            && finished.stderr_text().contains("`--legacy` needs Rekor 1"),
        "{}",
        finished.stderr_text()
    );
    assert_eq!(scene.evidence(&scene.index).len(), 2);
}

#[test]
fn an_attestation_in_the_form_of_cosign_2_is_the_same_one() {
    let scene = Scene::new();
    scene.key("ed25519");
    scene.bench.write("p.json", "{}");
    let said = [
        "--predicate",
        "p.json",
        "--type",
        "https://example.com/x/v1",
        "--legacy",
    ];
    scene
        .sign_alone(&[&[&*scene.reference()], &said[..]].concat())
        .expect_code(0);
    let evidence = scene.evidence(&scene.index);
    assert_eq!(evidence.len(), 2);
    let payload = |stored: &StoredEvidence| match &stored.attachment {
        Attachment::Evidence(Ok(Attached::Bundle(bundle))) => {
            let envelope = bundle.peek_unverified().envelope().unwrap();
            (envelope.payload().as_bytes().to_vec(), envelope.signature().to_vec())
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(payload(&evidence[0]), payload(&evidence[1]));
    assert_eq!(
        evidence[1].place,
        Place::Tag(format!("sha256-{}.att", scene.index.to_hex()))
    );
    refused(
        scene.sign_alone(&[&scene.reference(), "--legacy"]),
        2,
        "signing-algorithm-unfit",
    );
}

#[test]
fn a_layout_has_no_name_that_the_form_of_cosign_2_could_sign() {
    let scene = Scene::new();
    scene.key("ecdsa-p256");
    let layout = ["--oci-layout", "app.oci", "--legacy"];
    refused(scene.sign_alone(&layout), 2, "image-name-missing");
    assert!(of_layout(&scene.bench.path("app.oci"), &scene.index).is_empty());
    let named = ["--sign-container-identity", "registry.example.org/team/app:v1"];
    scene.sign_alone(&[&layout[..], &named].concat()).expect_code(0);
    let stored = of_layout(&scene.bench.path("app.oci"), &scene.images[0]).pop().unwrap();
    let Attachment::Evidence(Ok(Attached::SimpleSigning { payload, .. })) = stored.attachment else {
        panic!("{:?}", stored.attachment);
    };
    let payload = SimpleSigning::parse_about(&payload, &scene.images[0]).unwrap();
    assert_eq!(payload.reference(), "registry.example.org/team/app:v1");
}

#[test]
fn what_is_signed_already_is_left_if_that_is_asked_for() {
    let scene = Scene::new();
    scene.sign(&["--no-recursive"]).expect_code(0);
    let first = scene.evidence(&scene.index)[0].manifest.clone().unwrap();
    let again = scene.sign(&["--skip-signed", "--format", "json"]).expect_code(0);
    let report = report(&again);
    assert_eq!(report["signatures"][0]["stored"]["wasThere"], true);
    assert_eq!(report["signatures"][0]["stored"]["manifest"], first.to_string());
    assert_eq!(report["signatures"][1]["stored"]["wasThere"], false);
    let finished = scene.sign(&["--skip-signed"]).expect_code(0);
    let lines = finished.stdout_text().lines();
    assert!(
        lines.clone().all(|line| line.starts_with("already signed ")),
        "{}",
        finished.stdout_text()
    );
    assert_eq!(lines.count(), 3);
    let counts = |count: usize| {
        let mut all = [&scene.index].into_iter().chain(&scene.images);
        assert!(all.all(|digest| scene.bundles(digest).len() == count));
    };
    counts(1);
    // Something else is said, or somebody else says it.
    scene.sign(&["--skip-signed", "-a", "a=1"]).expect_code(0);
    counts(2);
    scene.key("ecdsa-p256");
    let by_key = ["--key", "release.key", "--skip-signed"];
    let sign = || {
        scene
            .bench
            .sign_without_token(&[&[&*scene.reference()], &by_key[..]].concat())
    };
    sign().expect_code(0);
    counts(3);
    sign().expect_code(0);
    counts(3);
    scene.sign(&[]).expect_code(0);
    counts(4);
}

#[test]
fn a_signature_without_a_log_is_none_where_one_is_wanted() {
    let scene = Scene::new();
    scene.key("ecdsa-p256");
    scene.sign_alone(&[&scene.reference(), "--no-recursive"]).expect_code(0);
    let wanted = ["--key", "release.key", "--skip-signed", "--no-recursive"];
    let sign = |more: &[&str]| {
        let reference = scene.reference();
        let arguments = [&[&*reference], &wanted[..], more].concat();
        scene.bench.sign_without_token(&arguments).expect_code(0);
        scene.bundles(&scene.index).len()
    };
    assert_eq!(sign(&["--no-log", "--no-timestamp"]), 1);
    assert_eq!(sign(&[]), 2);
    assert_eq!(sign(&[]), 2);
}
