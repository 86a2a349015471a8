use std::fs;
use std::sync::Barrier;
use std::thread;

use proptest::prelude::*;
use serde_json::Value;

use super::super::{PUBLIC_GOOD_TRUSTED_ROOT, TrustAnchor, TrustCache, TrustListing, TufError};
use super::now;
use super::repository::{MIRROR, World};

#[test]
fn nothing_fetched_is_nothing_known() {
    assert_eq!(World::new().read(), Ok(None));
    assert_eq!(World::new().cache().read_anchored(), Ok(None));
    assert_eq!(World::new().cache().remove(), Ok(false));
}

#[test]
fn the_anchor_is_in_the_cache_of_an_instance_of_ones_own() {
    let world = World::new();
    let updated = world.update().unwrap();
    let (anchor, material) = world.cache().read_anchored().unwrap().unwrap();
    assert_eq!((&anchor, &material), (world.anchor(), &updated.after));
}

#[test]
fn what_was_removed_is_gone() {
    let world = World::new();
    world.update().unwrap();
    assert_eq!(world.cache().remove(), Ok(true));
    assert_eq!(world.read(), Ok(None));
}

#[test]
fn material_that_is_of_no_use_does_not_take_the_place_of_what_is() {
    let mut world = World::new();
    world.update().unwrap();
    world.publish("second");
    let detail = "no".to_owned();
    let refuse = |_: &_| Err("no".to_owned());
    assert_eq!(world.update_if(now(), &refuse), Err(TufError::Unusable { detail }));
    assert_eq!(world.read().unwrap().unwrap().trusted_root(), "first");
}

#[test]
fn a_changed_file_in_the_cache_is_found_out() {
    let world = World::new();
    world.update().unwrap();
    let state: Value = serde_json::from_slice(&fs::read(world.path()).unwrap()).unwrap();
    let mut changed = state.clone();
    changed["edition"]["files"]["trusted_root.json"] = "First".into();
    fs::write(world.path(), changed.to_string()).unwrap();
    let error = world.read().unwrap_err();
    assert!(
        matches!(&error, TufError::CacheInvalid { detail } if detail.contains("trusted_root.json")),
        "{error}"
    );
    // An update does not quietly begin anew: that would forget which versions were seen.
    assert_eq!(world.update(), Err(error));
    let mut changed = state;
    changed["mirror"] = "https://elsewhere.example.com/".into();
    fs::write(world.path(), changed.to_string()).unwrap();
    assert!(matches!(world.read(), Err(TufError::CacheInvalid { .. })));
}

#[test]
fn a_cache_that_is_no_cache_is_invalid() {
    let world = World::new();
    for content in ["", "{}", "[]", "\u{0}", "{\"schema\":1}"] {
        fs::write(world.path(), content).unwrap();
        assert!(
            matches!(world.read(), Err(TufError::CacheInvalid { .. })),
            "{content:?}"
        );
    }
    let file = fs::File::create(world.path()).unwrap();
    file.set_len((16 << 20) + 1).unwrap();
    let detail = "expected at most 16777216 bytes, found more".to_owned();
    assert_eq!(world.read(), Err(TufError::CacheInvalid { detail }));
}

#[test]
fn a_program_with_a_newer_anchor_does_not_use_what_is_older() {
    let mut world = World::new();
    world.update().unwrap();
    let mut root = attest_sandbox::TufRoot::new(super::days(30), "tuf");
    root.timestamp.keys = vec!["fresh".to_owned()];
    world.plan.roots.push(root);
    let newer = TrustAnchor::new(MIRROR, &world.files()["2.root.json"]).unwrap();
    let world = world.with_anchor(newer);
    assert_eq!(world.read(), Ok(None));
    assert_eq!(world.update().unwrap().after.versions().root, 2);
    assert!(world.read().unwrap().is_some());
}

#[test]
fn what_a_killed_update_left_is_in_nobodys_way() {
    let world = World::new();
    let half = world.path().with_extension("new");
    fs::write(&half, "{\"schema\":").unwrap();
    assert_eq!(world.read(), Ok(None));
    world.update().unwrap();
    assert!(!half.exists());
    assert!(world.read().unwrap().is_some());
}

#[test]
fn a_place_that_cannot_be_written_is_told() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("file");
    fs::write(&file, "").unwrap();
    let cache = TrustCache::new(file.join("instance.json"));
    let world = World::new();
    assert_eq!(cache.read(world.anchor()), Ok(None));
    let http = crate::Http::new(crate::HttpOptions::default()).unwrap();
    let update = super::super::TrustUpdate {
        http: &http,
        anchor: world.anchor(),
        now: now(),
        usable: &|_| Ok(()),
    };
    let error = cache.update_from(&world, &update).unwrap_err();
    assert!(matches!(&error, TufError::Cache { action: "write", .. }), "{error}");
    assert_eq!(*world.asked.borrow(), [""; 0]);
}

#[test]
fn readers_never_see_half_a_state_and_writers_take_turns() {
    let world = World::new();
    world.update().unwrap();
    let (path, anchor, files) = (world.path(), world.anchor().clone(), world.files());
    let start = Barrier::new(12);
    thread::scope(|scope| {
        for number in 0..12 {
            let (path, anchor, files, start) = (path.clone(), anchor.clone(), files.clone(), &start);
            scope.spawn(move || {
                let cache = TrustCache::new(path);
                start.wait();
                for _ in 0..10 {
                    match number % 3 {
                        0 => update(&cache, &anchor, &files),
                        _ => assert!(cache.read(&anchor).unwrap().is_some()),
                    }
                }
            });
        }
    });
    let names: Vec<_> = fs::read_dir(path.parent().unwrap())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(names.len(), 2, "{names:?}");
}

type Files = std::collections::BTreeMap<String, Vec<u8>>;

impl super::super::source::Source for Files {
    fn fetch(&self, path: &str, _limit: usize) -> Result<Option<Vec<u8>>, TufError> {
        Ok(self.get(path).cloned())
    }
}

fn update(cache: &TrustCache, anchor: &TrustAnchor, files: &Files) {
    let http = crate::Http::new(crate::HttpOptions::default()).unwrap();
    let update = super::super::TrustUpdate {
        http: &http,
        anchor,
        now: now(),
        usable: &|_| Ok(()),
    };
    cache.update_from(files, &update).unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn no_changed_byte_of_a_cache_is_believed(place in any::<usize>(), byte in any::<u8>()) {
        thread_local! {
            static FETCHED: (World, Vec<u8>) = {
                let world = World::new();
                world.update().unwrap();
                let state = fs::read(world.path()).unwrap();
                (world, state)
            };
        }
        FETCHED.with(|(world, state)| {
            fs::write(world.path(), state).unwrap();
            let good = world.read().unwrap().unwrap();
            let mut changed = state.clone();
            let place = place % changed.len();
            changed[place] = byte;
            fs::write(world.path(), changed).unwrap();
            if let Ok(Some(read)) = world.read() {
                // Only the moment of the fetching is nobody's signature.
                prop_assert_eq!(read.trusted_root(), good.trusted_root());
                prop_assert_eq!(read.signing_config(), good.signing_config());
                prop_assert_eq!((read.versions(), read.expires(), read.mirror()), (good.versions(), good.expires(), good.mirror()));
            }
            Ok(())
        })?;
    }

    #[test]
    fn no_bytes_make_a_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = TrustAnchor::new(MIRROR, &bytes);
        let _ = TrustListing::read(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn no_changed_byte_of_a_trusted_root_makes_the_listing_panic(place in any::<usize>(), byte in any::<u8>()) {
        let mut json = PUBLIC_GOOD_TRUSTED_ROOT.as_bytes().to_vec();
        let place = place % json.len();
        json[place] = byte;
        let _ = TrustListing::read(&String::from_utf8_lossy(&json));
    }
}
