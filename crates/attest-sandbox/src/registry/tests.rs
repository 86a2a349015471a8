use super::*;

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

struct Case {
    _directory: tempfile::TempDir,
    registry: Registry,
    name: Name,
}

fn case() -> Case {
    let directory = tempfile::tempdir().unwrap();
    let registry = Registry::open(directory.path()).unwrap();
    Case {
        _directory: directory,
        registry,
        name: "team/app".parse().unwrap(),
    }
}

impl Case {
    fn blob(&self, bytes: &[u8]) -> Digest {
        let digest = Digest::sha256(bytes);
        let mut upload = self.registry.begin(&self.name).unwrap();
        upload.append(bytes).unwrap();
        self.registry.finish(&self.name, upload, &digest).unwrap();
        digest
    }

    fn manifest(&self, config: &Digest, subject: Option<&Digest>) -> String {
        let subject = subject
            .map(|digest| format!(",\"subject\":{{\"digest\":\"{digest}\"}}"))
            .unwrap_or_default();
        format!("{{\"schemaVersion\":2,\"config\":{{\"mediaType\":\"a/b\",\"digest\":\"{config}\"}}{subject}}}")
    }

    fn put(&self, reference: &str, text: &str, expected: Option<Expected<'_>>) -> Result<Digest, RegistryError> {
        let reference = reference.parse().unwrap();
        let put = self
            .registry
            .put_manifest(&self.name, &reference, MANIFEST, text.as_bytes(), expected);
        put.map(|(digest, _)| digest)
    }
}

#[test]
fn a_manifest_is_served_as_it_was_sent_by_tag_and_by_digest() {
    let case = case();
    let text = case.manifest(&case.blob(b"{}"), None);
    let digest = case.put("v1", &text, None).unwrap();
    for reference in ["v1".to_owned(), digest.to_string()] {
        let served = case.registry.manifest(&case.name, &reference.parse().unwrap()).unwrap();
        assert_eq!(served.bytes, text.as_bytes());
        assert_eq!((served.media_type.as_str(), &served.digest), (MANIFEST, &digest));
    }
    let other = "team/other".parse().unwrap();
    let error = case.registry.manifest(&other, &"v1".parse().unwrap()).unwrap_err();
    assert!(matches!(error, RegistryError::ManifestUnknown(_)));
}

#[test]
fn a_manifest_never_stands_before_its_content() {
    let case = case();
    let missing = Digest::sha256(b"missing");
    let error = case.put("v1", &case.manifest(&missing, None), None).unwrap_err();
    assert!(matches!(error, RegistryError::BlobUnknown(digest) if digest == missing));
    let index = format!("{{\"manifests\":[{{\"digest\":\"{missing}\"}}]}}");
    let error = case.put("v1", &index, None).unwrap_err();
    assert!(matches!(error, RegistryError::ManifestUnknown(digest) if digest == missing.to_string()));
    assert!(case.registry.manifest(&case.name, &"v1".parse().unwrap()).is_err());
}

#[test]
fn content_with_another_digest_is_refused_and_gone() {
    let case = case();
    let mut upload = case.registry.begin(&case.name).unwrap();
    upload.append(b"this").unwrap();
    let identifier = upload.identifier().to_owned();
    let error = case
        .registry
        .finish(&case.name, upload, &Digest::sha256(b"that"))
        .unwrap_err();
    assert!(matches!(error, RegistryError::DigestInvalid { .. }));
    assert!(matches!(
        case.registry.upload(&case.name, &identifier),
        Err(RegistryError::UploadUnknown(_))
    ));
    let text = case.manifest(&case.blob(b"{}"), None);
    let error = case.put(&Digest::sha256(b"that").to_string(), &text, None).unwrap_err();
    assert!(matches!(error, RegistryError::DigestInvalid { .. }));
}

#[test]
fn of_two_writers_with_one_expectation_one_succeeds() {
    let case = case();
    let text = case.manifest(&case.blob(b"{}"), None);
    let first = case.put("v1", &text, None).unwrap().to_string();
    let second = case
        .put("v1", &format!("{text} "), Some(Expected::At(&first)))
        .unwrap()
        .to_string();
    let error = case
        .put("v1", &format!("{text}  "), Some(Expected::At(&first)))
        .unwrap_err();
    assert!(matches!(error, RegistryError::TagMoved(_)));
    let served = case.registry.manifest(&case.name, &"v1".parse().unwrap()).unwrap();
    assert_eq!(served.digest.to_string(), second);
    let error = case.put("v1", &text, Some(Expected::Absent)).unwrap_err();
    assert!(matches!(error, RegistryError::TagMoved(_)));
    assert!(case.put("v2", &text, Some(Expected::Absent)).is_ok());
}

#[test]
fn who_refers_to_a_manifest_is_listed_until_it_is_deleted() {
    let case = case();
    let config = case.blob(b"{}");
    let subject = case.put("v1", &case.manifest(&config, None), None).unwrap();
    let text = case.manifest(&config, Some(&subject));
    let referrer = case
        .put(&Digest::sha256(text.as_bytes()).to_string(), &text, None)
        .unwrap();
    let listed = case.registry.referrers(&case.name, &subject).unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].artifact_type(), Some("a/b"));
    case.registry
        .delete_manifest(&case.name, &Reference::Digest(referrer.clone()))
        .unwrap();
    assert!(case.registry.referrers(&case.name, &subject).unwrap().is_empty());
    assert!(
        case.registry
            .delete_manifest(&case.name, &Reference::Digest(referrer))
            .is_err()
    );
}

#[test]
fn a_deleted_manifest_leaves_no_tag() {
    let case = case();
    let digest = case.put("v1", &case.manifest(&case.blob(b"{}"), None), None).unwrap();
    case.registry
        .delete_manifest(&case.name, &Reference::Digest(digest))
        .unwrap();
    assert!(case.registry.tags(&case.name).unwrap().is_empty());
}

#[test]
fn a_blob_is_mounted_from_where_it_is_and_nowhere_else() {
    let case = case();
    let digest = case.blob(b"x");
    let (other, third) = ("other".parse().unwrap(), "third".parse().unwrap());
    assert!(!case.registry.mount(&other, &third, &digest).unwrap());
    assert!(case.registry.blob(&other, &digest).is_err());
    assert!(case.registry.mount(&other, &case.name, &digest).unwrap());
    case.registry.blob(&other, &digest).unwrap();
    case.registry.delete_blob(&other, &digest).unwrap();
    assert!(case.registry.blob(&other, &digest).is_err());
    case.registry.blob(&case.name, &digest).unwrap();
}

#[test]
fn an_upload_grows_in_order_and_survives_its_connection() {
    let case = case();
    let mut upload = case.registry.begin(&case.name).unwrap();
    upload.append(b"ab").unwrap();
    let identifier = upload.identifier().to_owned();
    drop(upload);
    let mut upload = case.registry.upload(&case.name, &identifier).unwrap();
    assert!(matches!(
        upload.expect_start(1),
        Err(RegistryError::OutOfOrder { expected: 2, found: 1 })
    ));
    upload.expect_start(2).unwrap();
    upload.append(b"c").unwrap();
    case.registry
        .finish(&case.name, upload, &Digest::sha256(b"abc"))
        .unwrap();
    let another = "other".parse().unwrap();
    assert!(matches!(
        case.registry.upload(&another, &identifier),
        Err(RegistryError::UploadUnknown(_))
    ));
}

#[test]
fn a_directory_that_is_kept_holds_the_same_registry() {
    let case = case();
    let digest = case.put("v1", &case.manifest(&case.blob(b"{}"), None), None).unwrap();
    case.registry.begin(&case.name).unwrap();
    let root = case.registry.root.clone();
    drop(case.registry);
    let again = Registry::open(&root).unwrap();
    let reference = "v1".parse().unwrap();
    assert_eq!(again.manifest(&case.name, &reference).unwrap().digest, digest);
    assert!(again.upload(&case.name, "1").is_err());
    drop(again);
    let empty = Registry::open_empty(&root).unwrap();
    assert!(matches!(
        empty.manifest(&case.name, &reference),
        Err(RegistryError::ManifestUnknown(_))
    ));
    assert!(matches!(
        empty.blob(&case.name, &Digest::sha256(b"{}")),
        Err(RegistryError::BlobUnknown(_))
    ));
}

#[test]
fn a_directory_is_open_once_and_what_it_holds_stays_when_another_wants_it() {
    let case = case();
    let digest = case.blob(b"{}");
    let upload = case.registry.begin(&case.name).unwrap();
    for open in [Registry::open, Registry::open_empty] {
        match open(&case.registry.root) {
            Err(RegistryError::InUse(holder)) => assert_eq!(holder, Some(std::process::id())),
            other => panic!("{other:?}"),
        }
    }
    assert!(case.registry.blob(&case.name, &digest).is_ok());
    assert!(case.registry.upload(&case.name, upload.identifier()).is_ok());
}

#[test]
fn names_and_tags_that_are_none_are_refused() {
    for name in [
        "",
        "A",
        "a//b",
        "/a",
        "a/",
        "a..b",
        "a___b",
        "-a",
        "a+b",
        "..",
        "a/../b",
        &"a".repeat(201),
    ] {
        assert!(name.parse::<Name>().is_err(), "{name}");
    }
    for name in ["a", "a/b", "a.b_c__d--e/1"] {
        assert_eq!(name.parse::<Name>().unwrap().to_string(), name);
    }
    for tag in ["", ".", "-a", "a/b", "a b", &"a".repeat(129)] {
        assert!(tag.parse::<Tag>().is_err(), "{tag}");
    }
    for digest in ["sha256:abc", "md5:00", "sha256", &format!("sha256:{}", "A".repeat(64))] {
        assert!(digest.parse::<Digest>().is_err(), "{digest}");
    }
}

#[test]
fn what_is_no_manifest_is_refused() {
    for text in [
        "",
        "[]",
        "{}",
        "{\"schemaVersion\":2,\"layers\":[]}",
        "{\"config\":1}",
        "{\"mediaType\":\"x/y\"}",
    ] {
        let error = Manifest::parse(text.as_bytes(), MANIFEST).unwrap_err();
        assert!(matches!(error, RegistryError::ManifestInvalid(_)), "{text}");
    }
    let large = " ".repeat(MAX_MANIFEST_BYTES + 1);
    assert!(matches!(
        Manifest::parse(large.as_bytes(), MANIFEST),
        Err(RegistryError::ManifestInvalid(_))
    ));
}
