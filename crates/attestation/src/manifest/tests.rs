use attest_digest::Measured;
use proptest::prelude::*;
use std::num::NonZeroU64;

use super::*;
use crate::Statement;

fn path(text: &str) -> TreePath {
    TreePath::parse(text).unwrap()
}

fn serialization(shard_size: Option<u64>) -> Serialization {
    let method = match shard_size.and_then(NonZeroU64::new) {
        Some(size) => Method::Shards { size },
        None => Method::Files,
    };
    let ignored = vec![path("model.sig"), path(".git")];
    Serialization::new(method, Algorithm::Sha256, false, ignored).unwrap()
}

/// Any 32 bytes that depend on the piece.
fn digest(piece: &Piece) -> [u8; 32] {
    let measured = Measured::of_bytes(piece.name().as_bytes(), &Algorithms::one(Algorithm::Sha256));
    let digest = measured.digest(Algorithm::Sha256).unwrap();
    digest.as_bytes().try_into().unwrap()
}

fn listing(files: &[(&str, u64)], serialization: &Serialization) -> Listing {
    let pieces = files.iter().flat_map(|(name, size)| {
        let path = path(name);
        let pieces: Vec<Piece> = serialization.pieces(&path, *size).collect();
        pieces.into_iter().map(|piece| {
            let length = piece.bytes().map_or(*size, |range| range.end - range.start);
            (piece, length)
        })
    });
    Listing::new(pieces.collect())
}

fn whole(listing: &Listing, serialization: &Serialization) -> Result<TreeManifest, TreeManifestError> {
    let resources = listing
        .pieces()
        .iter()
        .map(|piece| Resource::new(piece.clone(), digest(piece)));
    TreeManifest::new("tree".to_owned(), serialization.clone(), resources.collect())
}

fn parts(listing: &Listing, serialization: &Serialization, count: u32) -> Vec<Part> {
    let part = |index| {
        let shard = Shard::new(index, count).unwrap();
        let pieces = &listing.pieces()[listing.share(shard)];
        Part::new(Share {
            shard,
            name: "tree".to_owned(),
            serialization: serialization.clone(),
            listing,
            digests: pieces.iter().map(digest).collect(),
        })
    };
    (0..count).map(part).collect()
}

const FILES: [(&str, u64); 6] = [
    ("a/b", 10),
    ("a-b/c", 70_000),
    ("a", 0),
    ("weights", 250_000),
    ("z", 1),
    ("é", 40_000),
];

fn sample() -> (Listing, Serialization) {
    let serialization = serialization(None);
    (listing(&FILES[..5], &serialization), serialization)
}

fn of_json(json: &str) -> Result<TreeManifest, TreeManifestError> {
    TreeManifest::of_statement(&Statement::parse(json.as_bytes()).unwrap())
}

fn text(manifest: &TreeManifest, layout: SubjectLayout) -> String {
    String::from_utf8(manifest.to_payload(layout).unwrap().as_bytes().to_vec()).unwrap()
}

#[test]
fn what_is_written_is_read_back_in_either_layout() {
    for shard_size in [None, Some(30_000)] {
        let serialization = serialization(shard_size);
        let manifest = whole(&listing(&FILES, &serialization), &serialization).unwrap();
        assert_eq!(of_json(&text(&manifest, SubjectLayout::Root)), Ok(manifest));
    }
    let (listing, serialization) = sample();
    let manifest = whole(&listing, &serialization).unwrap();
    let read = of_json(&text(&manifest, SubjectLayout::Files)).unwrap();
    assert_eq!(read.resources(), manifest.resources());
}

#[test]
fn files_stand_in_the_order_of_their_whole_names() {
    let (listing, serialization) = sample();
    let manifest = whole(&listing, &serialization).unwrap();
    let names: Vec<_> = manifest
        .resources()
        .iter()
        .map(|resource| resource.piece().name())
        .collect();
    assert_eq!(names, ["a", "a-b/c", "a/b", "weights", "z"]);
}

#[test]
fn the_root_digest_is_over_the_raw_digests() {
    // The test vector `valid/key.bundle.json` of the specification.
    let resource = |name: &str, hex: &str| {
        let digest = Digest::from_hex(Algorithm::Sha256, hex).unwrap();
        Resource::new(Piece::file(&path(name)), digest.as_bytes().try_into().unwrap())
    };
    let resources = vec![
        resource(
            "signme-2",
            "32dcb1f8e1ae52d5963e56a6ba06ab58b424c15ed2a6b70d2feca1d089370028",
        ),
        resource(
            "signme-1",
            "bc9a717db6064a32cbe9eae6fc40651dd6d36ef1757183f590eff2b1765d7ebc",
        ),
    ];
    let manifest = TreeManifest::new("my-model".to_owned(), serialization(None), resources).unwrap();
    assert_eq!(
        manifest.root_digest().to_hex(),
        "92745110b1ab4368471cbe31664e10174e954b113a3df333db860317b2c6dec4"
    );
}

#[test]
fn what_the_reference_implementation_writes_is_read() {
    let json = r#"{
  "_type": "https://in-toto.io/Statement/v1",
  "subject": [{"name": "m", "digest": {"sha256": "ff418dec9ecff2d2fcb531fc14a9052e4416cfef31b672b04b4d879699cffdee"}}],
  "predicateType": "https://model_signing/signature/v1.0",
  "predicate": {
    "resources": [
      {"algorithm": "sha256", "name": "a", "digest": "87428fc522803d31065e7bce3cf03fe475096631e5e07bbd7a0fde60c4cf25c7"},
      {"algorithm": "sha256", "name": "empty", "digest": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
      {"algorithm": "sha256", "name": "sub/x", "digest": "0263829989b6fd954f72baaf2fc64bc2e2f01d692d4de72986ea808f6e99813f"},
      {"algorithm": "sha256", "name": "sub-1/x", "digest": "a3a5e715f0cc574a73c3f9bebb6bc24f32ffd5b67b387244c2c909da779a1478"}
    ],
    "serialization": {
      "allow_symlinks": false,
      "ignore_paths": [".git", ".github", ".gitignore", "model.sig", ".gitattributes"],
      "method": "files", "hash_type": "sha256"
    }
  }
}"#;
    let manifest = of_json(json).unwrap();
    assert_eq!(manifest.resources().len(), 4);
    assert_eq!(manifest.serialization().ignore_paths().len(), 5);
    let swapped = json.replacen("\"a\"", "\"b\"", 1);
    // A name is no part of the root digest.
    assert!(of_json(&swapped).is_ok());
    let changed = of_json(&json.replace("87428f", "97428f")).unwrap_err();
    assert!(matches!(changed, TreeManifestError::RootMismatch { .. }), "{changed}");
    for (from, to, code) in [
        ("\"sub/x\"", "\"../x\"", "tree-manifest-invalid"),
        ("\"sub/x\"", "\"/x\"", "tree-manifest-invalid"),
        ("\"sub/x\"", "\"a\"", "tree-manifest-invalid"),
        ("\"files\"", "\"tensors\"", "tree-manifest-unsupported"),
        (
            "\"hash_type\": \"sha256\"",
            "\"hash_type\": \"blake2b\"",
            "tree-manifest-unsupported",
        ),
        (
            "\"allow_symlinks\": false",
            "\"allow_symlinks\": \"false\"",
            "tree-manifest-invalid",
        ),
        ("signature/v1.0", "signature/v2.0", "tree-manifest-invalid"),
        (
            "\"algorithm\": \"sha256\", \"name\": \"a\"",
            "\"algorithm\": \"sha512\", \"name\": \"a\"",
            "tree-manifest-invalid",
        ),
    ] {
        let wrong = json.replacen(from, to, 1);
        assert_ne!(wrong, json, "{from}");
        assert_eq!(of_json(&wrong).unwrap_err().code(), code, "{to}");
    }
}

#[test]
fn an_empty_manifest_is_none() {
    let (listing, serialization) = sample();
    let manifest = whole(&listing, &serialization).unwrap();
    let json = text(&manifest, SubjectLayout::Root);
    let start = json.find("\"resources\":[").unwrap() + "\"resources\":[".len();
    let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    let json = format!("{}]}}}}", &json[..start]).replace(&manifest.root_digest().to_hex(), empty);
    assert_eq!(of_json(&json), Err(TreeManifestError::Empty));
}

#[test]
fn the_older_layout_says_neither_ranges_nor_other_algorithms() {
    let serialization = serialization(Some(30_000));
    let manifest = whole(&listing(&FILES, &serialization), &serialization).unwrap();
    let expected = "whole files";
    assert_eq!(
        manifest.to_payload(SubjectLayout::Files),
        Err(TreeManifestError::NotForSubjects { expected })
    );
}

#[test]
fn parts_that_are_not_all_there_once_are_refused() {
    let (listing, serialization) = sample();
    let all = parts(&listing, &serialization, 3);
    assert_eq!(merge(Vec::new()), Err(MergeError::Nothing));
    let missing = merge(vec![all[0].clone(), all[2].clone()]).unwrap_err();
    assert_eq!(
        missing,
        MergeError::Missing {
            missing: vec![1],
            count: 3
        }
    );
    let twice = merge([all.clone(), vec![all[1].clone()]].concat()).unwrap_err();
    assert_eq!(twice, MergeError::Twice { shard: all[1].shard() });
}

#[test]
fn parts_of_different_trees_are_refused() {
    let (listing, serialization) = sample();
    let all = parts(&listing, &serialization, 2);
    let differs = |change: fn(&mut Part), expected: &'static str| {
        let mut all = all.clone();
        change(&mut all[1]);
        let found = merge(all).unwrap_err();
        assert!(
            matches!(found, MergeError::Differs { what, .. } if what == expected),
            "{found}"
        );
    };
    differs(|part| part.name = "other".to_owned(), "name of the tree");
    differs(|part| part.count += 1, "list of files");
    differs(
        |part| part.listing = ListingDigest::claimed("sha256:00".to_owned()),
        "list of files",
    );
    differs(|part| part.shard = Shard::new(1, 3).unwrap(), "number of shards");
    let other = serialization_with_links();
    let mut mixed = all;
    mixed[1].serialization = other;
    assert_eq!(merge(mixed).unwrap_err().code(), "parts-differ");
}

fn serialization_with_links() -> Serialization {
    Serialization::new(Method::Files, Algorithm::Sha256, true, Vec::new()).unwrap()
}

#[test]
fn a_part_with_anything_but_its_share_is_refused() {
    let (listing, serialization) = sample();
    let all = parts(&listing, &serialization, 2);
    // A file in two parts.
    let mut both = all.clone();
    let (resource, length) = (both[0].resources[0].clone(), both[0].lengths[0]);
    both[1].resources.push(resource);
    both[1].lengths.push(length);
    assert_eq!(merge(both).unwrap_err().code(), "part-duplicate-file");
    // A file in the wrong part.
    let mut moved = all.clone();
    let (resource, length) = (moved[0].resources.pop().unwrap(), moved[0].lengths.pop().unwrap());
    moved[1].resources.push(resource);
    moved[1].lengths.push(length);
    assert_eq!(merge(moved).unwrap_err().code(), "part-outside-share");
    // A file left out, and one of another length.
    let mut less = all.clone();
    less[1].resources.pop();
    less[1].lengths.pop();
    assert_eq!(merge(less).unwrap_err().code(), "parts-not-the-tree");
    let mut longer = all;
    longer[1].lengths[0] += 1;
    assert_eq!(merge(longer).unwrap_err().code(), "parts-not-the-tree");
}

#[test]
fn a_part_is_read_only_as_it_is_written() {
    let (listing, serialization) = sample();
    let part = parts(&listing, &serialization, 2).remove(0);
    let json = String::from_utf8(part.to_json()).unwrap();
    assert_eq!(Part::parse(json.as_bytes()), Ok(part));
    for (from, to) in [
        ("tree-part/v1", "tree-part/v2"),
        ("\"index\":0", "\"index\":2"),
        ("\"index\":0", "\"index\":0,\"index\":0"),
        ("\"name\":\"a\"", "\"name\":\"../a\""),
        ("\"size\":0", "\"size\":-1"),
        ("\"shard\":", "\"extra\":1,\"shard\":"),
    ] {
        let wrong = json.replacen(from, to, 1);
        assert_ne!(wrong, json, "{from}");
        assert!(Part::parse(wrong.as_bytes()).is_err(), "{to}");
    }
}

#[test]
fn many_parts_make_the_tree_and_two_that_changed_places_do_not() {
    let names: Vec<String> = (0..600).map(|number| format!("file-{number}")).collect();
    let files: Vec<(&str, u64)> = names.iter().map(|name| (name.as_str(), 1)).collect();
    let serialization = serialization(None);
    let listing = listing(&files, &serialization);
    let mut parts = parts(&listing, &serialization, 300);
    assert_eq!(merge(parts.clone()), Ok(whole(&listing, &serialization).unwrap()));
    let (first, last) = (parts[100].resources.clone(), parts[200].resources.clone());
    (parts[100].resources, parts[200].resources) = (last, first);
    assert_eq!(merge(parts).unwrap_err().code(), "part-outside-share");
}

proptest! {
    #[test]
    fn all_shares_are_those_of_the_pieces_one_after_the_other(
        lengths in proptest::collection::vec(0..1_000_000_u64, 0..60), count in 1..80_u32,
    ) {
        let piece = |(number, length): (usize, &u64)| (Piece::file(&path(&format!("{number:02}"))), *length);
        let listing = Listing::new(lengths.iter().enumerate().map(piece).collect());
        let all = listing.shares(count);
        let of_each: Vec<u32> = super::share::shares(&lengths, count).collect();
        let mut start = 0;
        for (index, share) in (0..).zip(&all) {
            let length = of_each.iter().filter(|of| **of == index).count();
            prop_assert_eq!(share, &(start..start + length));
            prop_assert_eq!(share, &listing.share(Shard::new(index, count).unwrap()));
            start += length;
        }
        prop_assert_eq!((all.len(), start), (count as usize, lengths.len()));
    }

    #[test]
    fn parts_of_any_number_make_what_one_machine_makes(
        files in proptest::collection::btree_map("[a-c]{1,3}(/[d-f-]{1,3}){0,2}", 0..200_000_u64, 1..30),
        count in 1..40_u32, shard_size in proptest::option::of(10_000..100_000_u64), rotation in 0..40_usize,
    ) {
        let files: Vec<(&str, u64)> = files.iter().map(|(name, size)| (name.as_str(), *size)).collect();
        let serialization = serialization(shard_size);
        let listing = listing(&files, &serialization);
        let expected = whole(&listing, &serialization);
        let written = parts(&listing, &serialization, count);
        let mut read: Vec<Part> = written.iter().map(|part| Part::parse(&part.to_json()).unwrap()).collect();
        read.rotate_left(rotation % count as usize);
        match (merge(read), expected) {
            (Ok(merged), Ok(expected)) => prop_assert_eq!(
                merged.to_payload(SubjectLayout::Root).unwrap(), expected.to_payload(SubjectLayout::Root).unwrap()
            ),
            (merged, expected) => prop_assert_eq!(merged, expected.map_err(MergeError::from)),
        }
    }

    #[test]
    fn no_bytes_make_a_part_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = Part::parse(&bytes);
    }

    #[test]
    fn no_changed_byte_of_a_part_makes_it_panic(place in any::<usize>(), byte in any::<u8>()) {
        let (listing, serialization) = sample();
        let mut parts = parts(&listing, &serialization, 2);
        let mut json = parts.remove(0).to_json();
        let place = place % json.len();
        json[place] = byte;
        if let Ok(part) = Part::parse(&json) {
            parts.push(part);
            let _ = merge(parts);
        }
    }
}
