//! Tags and referrers, page by page, and from where they are.

use attest_net::registry::{Error, Missing, ReferrersSource, Tag};
use serde_json::json;

use super::server::{Fault, INDEX, MANIFEST, Registry};
use super::wire::Answer;
use super::{client, repository, sha256, tag};

const SUBJECT: &[u8] = b"the subject";

/// A manifest about the subject.
fn about(number: usize) -> Vec<u8> {
    json!({"schemaVersion": 2, "subject": {"digest": sha256(SUBJECT).to_string()}, "annotations": {"number": number.to_string()}})
        .to_string()
        .into_bytes()
}

fn attach(registry: &Registry, numbers: std::ops::Range<usize>) -> Vec<String> {
    let mut digests: Vec<String> = numbers
        .map(|number| registry.manifest(&format!("t{number}"), MANIFEST, &about(number)))
        .collect();
    digests.sort();
    digests
}

/// An index under the tag of referrers that has these manifests.
fn fall_back(registry: &Registry, digests: &[String]) {
    let entries: Vec<_> = digests
        .iter()
        .map(|digest| json!({"mediaType": MANIFEST, "digest": digest, "size": 1, "artifactType": "a/b", "annotations": null}))
        .collect();
    let index = json!({"schemaVersion": 2, "manifests": entries}).to_string();
    registry.manifest(Tag::of_referrers(&sha256(SUBJECT)).as_str(), INDEX, index.as_bytes());
}

fn referrers(registry: &Registry) -> Result<(Vec<String>, ReferrersSource), Error> {
    let found = client().referrers(&repository(registry), &sha256(SUBJECT))?;
    let digests = found.entries.iter().map(|entry| entry.digest.to_string());
    Ok((digests.collect(), found.source))
}

#[test]
fn every_page_of_tags_is_read() {
    let registry = Registry::start();
    for number in 0..25 {
        registry.manifest(&format!("v{number}"), MANIFEST, b"{}");
    }
    registry.state().page = Some(10);
    let tags = client().tags(&repository(&registry)).unwrap();
    assert_eq!(tags.len(), 25);
    assert!(tags.is_sorted());
    assert_eq!(registry.count("GET", "/tags/list"), 3);
}

#[test]
fn a_repository_that_is_not_there_has_no_tags() {
    let registry = Registry::start();
    let unknown = Answer::error(404, "NAME_UNKNOWN", "repository name not known");
    registry.fault("GET", "/tags/list", Fault::Instead(unknown));
    let error = client().tags(&repository(&registry)).unwrap_err();
    assert!(
        matches!(
            error,
            Error::NotFound {
                missing: Missing::Repository,
                ..
            }
        ),
        "{error}"
    );
    let none = Answer::new(200).body(r#"{"name":"team/app","tags":null}"#);
    registry.fault("GET", "/tags/list", Fault::Instead(none));
    assert!(client().tags(&repository(&registry)).unwrap().is_empty());
}

#[test]
fn a_list_that_never_ends_or_leads_elsewhere_is_refused() {
    let registry = Registry::start();
    for _ in 0..200 {
        let page = Answer::new(200)
            .with("link", "</v2/team/app/tags/list?n=1>; rel=\"next\"")
            .body(r#"{"tags":["a"]}"#);
        registry.fault("GET", "/tags/list", Fault::Instead(page));
    }
    let error = client().tags(&repository(&registry)).unwrap_err();
    assert!(
        matches!(
            error,
            Error::TooLarge {
                what: "pages",
                limit: 100,
                ..
            }
        ),
        "{error}"
    );
    let registry = Registry::start();
    let page = Answer::new(200)
        .with("link", "<https://example.com/v2/tags/list>; rel=next")
        .body(r#"{"tags":["a"]}"#);
    registry.fault("GET", "/tags/list", Fault::Instead(page));
    let error = client().tags(&repository(&registry)).unwrap_err();
    assert!(matches!(error, Error::Elsewhere { .. }), "{error}");
}

#[test]
fn what_is_no_list_is_refused() {
    let registry = Registry::start();
    for body in ["<html>", "[]", "{}", r#"{"tags":["no tag!"]}"#, r#"{"tags":[1]}"#] {
        registry.fault("GET", "/tags/list", Fault::Instead(Answer::new(200).body(body)));
        let error = client().tags(&repository(&registry)).unwrap_err();
        assert!(
            matches!(
                error,
                Error::Answer {
                    expected: "a list of tags",
                    ..
                }
            ),
            "{error}"
        );
    }
}

#[test]
fn every_page_of_referrers_is_read() {
    let registry = Registry::start();
    let expected = attach(&registry, 0..7);
    registry.state().page = Some(2);
    assert_eq!(referrers(&registry).unwrap(), (expected, ReferrersSource::Interface));
    assert_eq!(registry.count("GET", "/referrers/"), 4);
}

#[test]
fn without_an_interface_referrers_stand_under_a_tag() {
    let registry = Registry::start();
    registry.state().without_referrers = true;
    assert_eq!(referrers(&registry).unwrap(), (Vec::new(), ReferrersSource::Tag));
    let expected = attach(&registry, 0..3);
    fall_back(&registry, &expected);
    assert_eq!(referrers(&registry).unwrap(), (expected.clone(), ReferrersSource::Tag));
    for status in [404, 405, 501] {
        registry.fault("GET", "/referrers/", Fault::Instead(Answer::new(status)));
        assert_eq!(referrers(&registry).unwrap(), (expected.clone(), ReferrersSource::Tag));
    }
}

#[test]
fn what_is_no_list_of_referrers_is_not_having_none() {
    let registry = Registry::start();
    let page = |status: u16, media_type: &str, body: &str| {
        Answer::new(status)
            .with("content-type", media_type)
            .body(body.to_owned())
    };
    for answer in [
        page(200, "text/html", "<html>"),
        page(200, "application/json", "{}"),
        page(200, "", ""),
        Answer::new(204),
    ] {
        registry.fault("GET", "/referrers/", Fault::Instead(answer));
        let error = referrers(&registry).unwrap_err();
        let expected = "an index of referrers";
        assert!(
            matches!(error, Error::Answer { expected: found, .. } if found == expected),
            "{error}"
        );
    }
    for status in [400, 406] {
        for answer in [
            page(status, "text/html", "<html>"),
            Answer::error(status, "NAME_INVALID", "what?"),
        ] {
            registry.fault("GET", "/referrers/", Fault::Instead(answer));
            let error = referrers(&registry).unwrap_err();
            assert!(
                matches!(error, Error::Status { status: found, .. } if found == status),
                "{error}"
            );
        }
    }
}

#[test]
fn what_only_the_interface_and_what_only_the_tag_knows_is_put_together() {
    let registry = Registry::start();
    let mut expected = attach(&registry, 0..3);
    let earlier = sha256(b"before there was an interface").to_string();
    fall_back(&registry, &[earlier.clone(), expected[0].clone()]);
    expected.push(earlier);
    expected.sort();
    assert_eq!(referrers(&registry).unwrap(), (expected, ReferrersSource::Interface));
}

#[test]
fn not_being_allowed_to_look_is_not_having_none() {
    let registry = Registry::start();
    let denied = || Fault::Instead(Answer::error(403, "DENIED", "not for you"));
    registry.fault("GET", "/referrers/", denied());
    assert!(matches!(referrers(&registry), Err(Error::Denied { .. })));
    registry.fault("GET", "/manifests/sha256-", denied());
    assert!(matches!(referrers(&registry), Err(Error::Denied { .. })));
    registry.state().without_referrers = true;
    registry.fault("GET", "/manifests/sha256-", denied());
    assert!(matches!(referrers(&registry), Err(Error::Denied { .. })));
    let broken = || Fault::Instead(Answer::error(500, "X", "broken"));
    for _ in 0..3 {
        registry.fault("GET", "/referrers/", broken());
    }
    assert!(matches!(referrers(&registry), Err(Error::Status { status: 500, .. })));
}

#[test]
fn a_tag_of_referrers_that_is_something_else_is_refused() {
    let registry = Registry::start();
    let name = Tag::of_referrers(&sha256(SUBJECT));
    registry.manifest(name.as_str(), MANIFEST, b"{}");
    assert!(matches!(referrers(&registry), Err(Error::Answer { .. })));
    registry.manifest(
        name.as_str(),
        INDEX,
        br#"{"manifests":[{"mediaType":"a/b","digest":"sha256:x","size":1}]}"#,
    );
    assert!(matches!(referrers(&registry), Err(Error::Answer { .. })));
    for nothing in [&b"[]"[..], b"{}", b""] {
        registry.manifest(name.as_str(), INDEX, nothing);
        assert!(matches!(referrers(&registry), Err(Error::Answer { .. })));
    }
    registry.manifest(name.as_str(), INDEX, br#"{"manifests":null}"#);
    assert_eq!(referrers(&registry).unwrap().0, Vec::<String>::new());
    assert!(
        client()
            .find_manifest(&repository(&registry), &tag(name.as_str()))
            .unwrap()
            .is_some()
    );
}

#[test]
fn a_refusal_is_one_whatever_its_status() {
    let registry = Registry::start();
    for status in [400, 404, 406] {
        let refused = |code: &str| Fault::Instead(Answer::error(status, code, "not for you"));
        registry.fault("GET", "/referrers/", refused("DENIED"));
        assert!(matches!(referrers(&registry), Err(Error::Denied { .. })));
        registry.fault("GET", "/referrers/", refused("UNAUTHORIZED"));
        assert!(matches!(referrers(&registry), Err(Error::Unauthorized { .. })));
        registry.fault("GET", "/referrers/", refused("UNSUPPORTED"));
        assert_eq!(referrers(&registry).unwrap(), (Vec::new(), ReferrersSource::Tag));
    }
    let refused = || Fault::Instead(Answer::error(404, "DENIED", "not for you"));
    registry.fault("GET", "/manifests/sha256-", refused());
    assert!(matches!(referrers(&registry), Err(Error::Denied { .. })));
    registry.fault("GET", "/tags/list", refused());
    assert!(matches!(
        client().tags(&repository(&registry)),
        Err(Error::Denied { .. })
    ));
}

#[test]
fn a_list_of_referrers_that_has_begun_goes_on() {
    let page = |media_type: &str, body: &str| Answer::new(200).with("content-type", media_type).body(body.to_owned());
    let first = || {
        let link = format!("</v2/team/app/referrers/{}?n=1>; rel=\"next\"", sha256(SUBJECT));
        page(INDEX, r#"{"manifests":[]}"#).with("link", link)
    };
    for (media_type, body) in [("text/html", "<html>"), ("application/json", "{}")] {
        let registry = Registry::start();
        registry.fault("GET", "/referrers/", Fault::Instead(first()));
        registry.fault("GET", "/referrers/", Fault::Instead(page(media_type, body)));
        let error = referrers(&registry).unwrap_err();
        assert!(matches!(error, Error::Answer { .. }), "{error}");
    }
}

#[test]
fn a_list_of_referrers_that_is_only_called_json_is_one() {
    let registry = Registry::start();
    let entry = json!({"mediaType": MANIFEST, "digest": sha256(b"x").to_string(), "size": 1});
    let list = json!({"schemaVersion": 2, "manifests": [entry]}).to_string();
    let answer = Answer::new(200).with("content-type", "application/json").body(list);
    registry.fault("GET", "/referrers/", Fault::Instead(answer));
    let expected = (vec![sha256(b"x").to_string()], ReferrersSource::Interface);
    assert_eq!(referrers(&registry).unwrap(), expected);
    let answer = Answer::new(200).with("content-type", "application/json").body("{}");
    registry.fault("GET", "/referrers/", Fault::Instead(answer));
    assert!(matches!(referrers(&registry), Err(Error::Answer { .. })));
}

#[test]
fn an_index_below_the_tag_that_is_only_called_json_is_one() {
    let registry = Registry::start();
    registry.state().without_referrers = true;
    let below = |body: &str| {
        let answer = Answer::new(200)
            .with("content-type", "application/json")
            .body(body.to_owned());
        registry.fault("GET", "/manifests/sha256-", Fault::Instead(answer));
        referrers(&registry)
    };
    let entry = json!({"mediaType": MANIFEST, "digest": sha256(b"x").to_string(), "size": 1});
    let list = json!({"schemaVersion": 2, "manifests": [entry]}).to_string();
    let expected = (vec![sha256(b"x").to_string()], ReferrersSource::Tag);
    assert_eq!(below(&list).unwrap(), expected);
    let error = below("{}").unwrap_err();
    assert!(matches!(error, Error::Answer { .. }), "{error}");
}

#[test]
fn a_list_of_referrers_that_is_longer_than_is_read_is_cut() {
    let registry = Registry::start();
    let entry = |number: usize| json!({"mediaType": MANIFEST, "digest": format!("sha256:{number:064x}"), "size": 1});
    let list = |count: usize| {
        let entries: Vec<_> = (0..count).map(entry).collect();
        let list = json!({"schemaVersion": 2, "manifests": entries}).to_string();
        Answer::new(200).with("content-type", INDEX).body(list)
    };
    let listed = |answer: Answer| {
        registry.fault("GET", "/referrers/", Fault::Instead(answer));
        let subject = sha256(SUBJECT);
        client().listed_referrers(&repository(&registry), &subject).unwrap()
    };
    let whole = listed(list(10_000));
    assert_eq!((whole.digests.len(), whole.cut), (10_000, None));
    let what = |cut: Option<Error>| match cut {
        Some(Error::TooLarge { what, .. }) => what,
        other => panic!("{other:?}"),
    };
    let cut = listed(list(10_001));
    assert!(cut.digests.len() >= 10_000);
    assert_eq!(what(cut.cut), "referrers");
    let endless = Answer::new(200).with("content-type", INDEX).body("[".repeat(5 << 20));
    let cut = listed(endless);
    assert!(cut.digests.is_empty());
    assert!(what(cut.cut) == "bytes");
}
