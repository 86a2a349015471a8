//! What hung on an image elsewhere, and others who write at the same time.

use super::*;

/// Signatures of cosign 2, as they hang on the image elsewhere.
fn signed(signature: &str) -> StoredManifest {
    let shelf = Shelf::fast(Manners::default());
    let mut document: Value = serde_json::from_slice(bundle(1).as_json()).unwrap();
    document["messageSignature"]["signature"] = signature.into();
    let evidence = NewEvidence::LegacySignature {
        bundle: &Bundle::parse(document.to_string().as_bytes()).unwrap(),
        payload: b"{}",
    };
    attaching(&shelf, &image()).attach(&evidence).unwrap();
    manifests_of(&shelf, image().digest()).unwrap().manifests.remove(0)
}

fn tag() -> String {
    CosignTag::Signatures.of(image().digest())
}

#[test]
fn what_somebody_else_undoes_is_brought_back_with_what_is_theirs() {
    let (ours, theirs) = (signed("MAYCAQUCAQY="), signed("MAYCAQUCAQc="));
    for refuses_conditions in [false, true] {
        for versions in [false, true] {
            let shelf = Shelf::fast(Manners {
                versions,
                refuses_conditions,
                ..Manners::default()
            });
            shelf.state().meanwhile = vec![Meanwhile::Undoes(theirs.bytes.clone())];
            let stored = attaching(&shelf, &image()).attach_again(&ours).unwrap();
            assert!(!stored.was_there);
            assert_eq!(shelf.tag(&tag())["layers"].as_array().unwrap().len(), 2);
            assert_eq!(stored.manifest, sha256(&shelf.state().tags[&tag()]));
        }
    }
}

#[test]
fn whoever_is_alone_writes_the_same_bytes_and_whoever_comes_again_nothing() {
    let ours = signed("MAYCAQUCAQY=");
    let shelf = Shelf::fast(Manners {
        versions: true,
        conditions: true,
        ..Manners::default()
    });
    let attach = || attaching(&shelf, &image()).attach_again(&ours).unwrap();
    assert_eq!(
        (attach().was_there, shelf.state().tags[&tag()] == ours.bytes),
        (false, true)
    );
    assert!(attach().was_there);
    // The probe whether the condition is kept is the second.
    assert_eq!(shelf.count("move"), 2);
    assert_eq!(shelf.state().tags[&tag()], ours.bytes);
}

#[test]
fn a_list_of_contents_that_somebody_else_put_there_meanwhile_is_told() {
    let mut ours = signed("MAYCAQUCAQY=");
    let tag = CosignTag::Sbom.of(image().digest());
    ours.place = Place::Tag(tag.clone());
    let theirs = signed("MAYCAQUCAQc=").bytes;
    let shelf = Shelf::fast(Manners::default());
    shelf.state().meanwhile = vec![Meanwhile::Undoes(theirs)];
    let subject = image();
    let error = attaching(&shelf, &subject).attach_again(&ours).unwrap_err();
    assert!(
        matches!(&error, AttachError::Taken { tag: taken, .. } if *taken == tag),
        "{error}"
    );
    let shelf = Shelf::fast(Manners::default());
    let stored = attaching(&shelf, &subject).attach_again(&ours).unwrap();
    assert_eq!((stored.manifest, stored.was_there), (ours.digest.clone(), false));
}
