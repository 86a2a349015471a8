use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;

use attest_archive::{Content, Error, Format, Member, Members, Order, write_archives};

use crate::tree::{file, noise, pack, recipe, tiny};

fn orders(directory: &Path, members: &Members) -> Vec<Order> {
    let order = |format: Format| Order {
        recipe: recipe(format, members.clone(), 1),
        destination: directory.join(format!("app.{format}")),
    };
    Format::ALL.into_iter().map(order).collect()
}

fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn threads(count: usize) -> NonZeroUsize {
    NonZeroUsize::new(count).unwrap()
}

#[test]
fn many_archives_are_what_each_is_alone_for_any_number_of_threads() {
    let members = Members::new([file("a", noise(700_000, 7), false), file("b", "b", true)]).unwrap();
    let alone: Vec<_> = Format::ALL.map(|format| pack(format, members.clone(), 1)).into();
    for count in [1, 2, 3, 8] {
        let directory = tempfile::tempdir().unwrap();
        let orders = orders(directory.path(), &members);
        let packed = write_archives(&orders, threads(count)).unwrap();
        for ((order, packed), (bytes, expected)) in orders.iter().zip(&packed).zip(&alone) {
            assert!(
                fs::read(&order.destination).unwrap() == *bytes,
                "{}",
                order.recipe.format
            );
            assert_eq!(packed, expected);
        }
        assert_eq!(names(directory.path()).len(), Format::ALL.len());
    }
}

#[test]
fn no_orders_are_no_archives() {
    assert_eq!(write_archives(&[], threads(2)).unwrap(), []);
}

#[test]
fn one_that_fails_leaves_none_and_what_was_there_before() {
    let directory = tempfile::tempdir().unwrap();
    let mut orders = orders(directory.path(), &tiny());
    fs::write(&orders[0].destination, "before").unwrap();
    let missing = Member::file("z".parse().unwrap(), Content::Path("no/such/file".into()), false);
    orders[3].recipe.members = tiny().with([missing]).unwrap();
    for count in [1, 4] {
        let failed = write_archives(&orders, threads(count)).unwrap_err();
        assert_eq!((failed.order, &failed.destination), (3, &orders[3].destination));
        assert_eq!(failed.source.to_string(), "cannot read `no/such/file`");
        assert_eq!(names(directory.path()), ["app.tar.gz"]);
        assert_eq!(fs::read(&orders[0].destination).unwrap(), b"before");
    }
}

/// Nothing can have so long a name, which shows when the archive is to get it.
#[test]
fn one_that_gets_no_name_leaves_what_was_there_before_in_the_places_of_the_others() {
    let directory = tempfile::tempdir().unwrap();
    let mut orders = orders(directory.path(), &tiny());
    for order in &orders[..2] {
        fs::write(&order.destination, "before").unwrap();
    }
    orders[4].destination = directory.path().join("a".repeat(300));
    let failed = write_archives(&orders, threads(2)).unwrap_err();
    assert_eq!(failed.order, 4);
    assert!(matches!(failed.source, Error::Write { .. }));
    let expected: Vec<&Path> = orders[..2].iter().map(|order| order.destination.as_path()).collect();
    assert_eq!(names(directory.path()).len(), 2);
    for path in expected {
        assert_eq!(fs::read(path).unwrap(), b"before");
    }
    orders.pop();
    write_archives(&orders, threads(2)).unwrap();
    assert_eq!(names(directory.path()).len(), 4);
    assert_ne!(fs::read(&orders[0].destination).unwrap(), b"before");
}

#[test]
fn two_archives_in_one_place_are_rejected() {
    let directory = tempfile::tempdir().unwrap();
    let mut orders = orders(directory.path(), &tiny());
    orders[2].destination = orders[0].destination.clone();
    let failed = write_archives(&orders, threads(2)).unwrap_err();
    assert_eq!(failed.order, 2);
    assert!(matches!(failed.source, Error::SameDestination { path } if path == orders[0].destination));
    assert_eq!(names(directory.path()), [""; 0]);
}

#[test]
fn a_destination_that_is_a_directory_is_rejected_before_anything_is_written() {
    let directory = tempfile::tempdir().unwrap();
    let orders = orders(directory.path(), &tiny());
    fs::create_dir(&orders[4].destination).unwrap();
    let failed = write_archives(&orders, threads(2)).unwrap_err();
    assert_eq!(failed.order, 4);
    assert!(matches!(failed.source, Error::NotAFile { .. }));
    assert_eq!(names(directory.path()), ["app.tar"]);
}
