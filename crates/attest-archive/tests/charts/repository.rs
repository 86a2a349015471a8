use std::fs;

use attest_archive::chart::{Added, ChartError, Index, NewEntry, Repository};
use attest_archive::{Content, Member, Members};
use attest_digest::Algorithm;

use super::tree::{package, package_of};

#[test]
fn packages_are_found_where_helm_looks_for_them() {
    let directory = tempfile::tempdir().unwrap();
    let write = |path: &str, bytes: &[u8]| {
        fs::create_dir_all(directory.path().join(path).parent().unwrap()).unwrap();
        fs::write(directory.path().join(path), bytes).unwrap();
    };
    write("app-1.0.0.tgz", &package_of("app", "1.0.0"));
    write("sub/db-2.0.0.tgz", &package_of("db", "2.0.0"));
    write("sub/deep/db-3.0.0.tgz", &package_of("db", "3.0.0"));
    write("app-1.0.0.tgz.prov", b"signed");
    let other = Member::file("app/README".parse().unwrap(), Content::Bytes(Vec::new()), false);
    write("other.tgz", &package(&Members::new([other]).unwrap()));
    let repository = Repository::read(directory.path()).unwrap();
    let paths: Vec<_> = repository
        .packages
        .iter()
        .map(|package| package.path.as_str())
        .collect();
    assert_eq!(paths, ["app-1.0.0.tgz", "sub/db-2.0.0.tgz"]);
    assert_eq!(repository.others, ["other.tgz"]);
    let mut index = Index::new();
    for package in &repository.packages {
        let added = index.add(&NewEntry {
            metadata: &package.metadata,
            digest: package.measured.digest(Algorithm::Sha256).unwrap(),
            url: package.path.clone(),
            created: "0".parse().unwrap(),
        });
        assert_eq!(added.unwrap(), Added::New);
    }
    assert_eq!(index.entries().map(|(name, _)| name).collect::<Vec<_>>(), ["app", "db"]);

    write("app-1.1.0.tgz", b"no archive");
    let error = Repository::read(directory.path()).unwrap_err();
    assert!(matches!(error, ChartError::Package { path, .. } if path == "app-1.1.0.tgz"));
}
