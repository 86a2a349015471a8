//! Many at once lose nothing; two hundred do so over HTTP, in the tests of the program.

use std::collections::BTreeSet;

use super::*;

const WRITERS: usize = 64;

/// Each writer hangs its own bundle on the same image.
fn all_at_once(manners: Manners) -> (Shelf, BTreeSet<String>) {
    let shelf = Shelf::new(manners);
    let subject = image();
    let stored: Vec<Stored> = std::thread::scope(|scope| {
        let (shelf, subject) = (&shelf, &subject);
        let write = move |number| attaching(shelf, subject).attach(&NewEvidence::Bundle(&bundle(number)));
        let writers: Vec<_> = (0..WRITERS).map(|number| scope.spawn(move || write(number))).collect();
        let stored = writers.into_iter().map(|writer| writer.join().unwrap().unwrap());
        stored.collect()
    });
    let manifests = stored.iter().map(|stored| stored.manifest.to_string()).collect();
    (shelf, manifests)
}

fn require_all(manners: Manners) {
    let (shelf, manifests) = all_at_once(manners);
    assert_eq!(manifests.len(), WRITERS);
    let found = listed(&shelf);
    assert_eq!(found.iter().cloned().collect::<BTreeSet<_>>(), manifests);
    assert_eq!(found.len(), WRITERS, "each once");
}

#[test]
fn where_conditions_are_kept() {
    require_all(Manners {
        versions: true,
        conditions: true,
        latency: Duration::from_millis(2),
        settling: Duration::from_secs(60),
        ..Manners::default()
    });
}

#[test]
fn where_versions_are_offered_and_conditions_ignored() {
    require_all(Manners {
        versions: true,
        latency: Duration::from_millis(15),
        settling: Duration::from_millis(500),
        ..Manners::default()
    });
}

#[test]
fn where_there_are_no_versions() {
    require_all(Manners {
        latency: Duration::from_millis(15),
        settling: Duration::from_millis(500),
        ..Manners::default()
    });
}

#[test]
fn where_referrers_are_listed() {
    let (shelf, manifests) = all_at_once(Manners {
        lists: true,
        ..Manners::default()
    });
    let found = shelf.referrers(image().digest()).unwrap();
    assert_eq!(
        found.digests.iter().map(Digest::to_string).collect::<BTreeSet<_>>(),
        manifests
    );
    assert!(shelf.state().tags.is_empty());
}
