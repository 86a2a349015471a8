use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::tree::Memory;
use crate::{Metadata, Options, Root, scan};

const RELEASE: &str = "ID=fedora\nVERSION_ID=39\n";

/// A header with texts and numbers, as rpm has it in its database.
#[derive(Default)]
struct Written {
    entries: Vec<u8>,
    data: Vec<u8>,
}

impl Written {
    fn entry(mut self, tag: Tag, kind: u32, count: usize, data: &[u8]) -> Self {
        let (offset, count) = (u32::try_from(self.data.len()).unwrap(), u32::try_from(count).unwrap());
        for number in [tag as u32, kind, offset, count] {
            self.entries.extend_from_slice(&number.to_be_bytes());
        }
        self.data.extend_from_slice(data);
        self
    }

    fn text(self, tag: Tag, text: &str) -> Self {
        self.entry(tag, 6, 1, format!("{text}\0").as_bytes())
    }

    fn texts(self, tag: Tag, texts: &[&str]) -> Self {
        let data: String = texts.iter().map(|text| format!("{text}\0")).collect();
        self.entry(tag, 8, texts.len(), data.as_bytes())
    }

    fn numbers(self, tag: Tag, numbers: &[u32]) -> Self {
        let data: Vec<u8> = numbers.iter().flat_map(|number| number.to_be_bytes()).collect();
        self.entry(tag, 4, numbers.len(), &data)
    }

    fn end(self) -> Vec<u8> {
        let lengths = [self.entries.len() / 16, self.data.len()];
        let lengths = lengths.map(|length| u32::try_from(length).unwrap().to_be_bytes());
        [&lengths.concat()[..], &self.entries, &self.data].concat()
    }
}

fn package(name: &str) -> Written {
    let package = Written::default()
        .text(Tag::Name, name)
        .text(Tag::Version, "1.0")
        .text(Tag::Release, "2.fc39");
    package
        .text(Tag::Architecture, "x86_64")
        .text(Tag::License, "GPLv2+ and MIT")
}

/// Three packages, one of them too large for one page of any database, and the key of a signer.
fn packages() -> Vec<Vec<u8>> {
    let long: Vec<String> = (0..300).map(|number| format!("provided-name-{number}")).collect();
    let long: Vec<&str> = long.iter().map(String::as_str).collect();
    vec![
        package("app")
            .numbers(Tag::Epoch, &[3])
            .text(Tag::Vendor, "Example")
            .text(Tag::SourcePackage, "src-1.0-2.src.rpm")
            .texts(
                Tag::RequireName,
                &["provided-name-7", "/usr/bin/tool", "rpmlib(X)", "(none-a or tools)"],
            )
            .end(),
        package("lib").texts(Tag::ProvideName, &long).end(),
        package("tools")
            .texts(Tag::BaseNames, &["tool"])
            .texts(Tag::DirectoryNames, &["/usr/bin/"])
            .numbers(Tag::DirectoryIndexes, &[0])
            .end(),
        package("gpg-pubkey").end(),
    ]
}

fn ndb(blobs: &[Vec<u8>]) -> Vec<u8> {
    let mut file = b"RpmP".to_vec();
    let word = |number: usize| u32::try_from(number).unwrap().to_le_bytes();
    file.extend(
        [0, 0, 1, blobs.len() + 1, 0, 0, 0]
            .iter()
            .flat_map(|number| word(*number)),
    );
    let mut bodies = Vec::new();
    for (number, blob) in blobs.iter().enumerate() {
        let block = (4096 + bodies.len()) / 16;
        file.extend_from_slice(b"Slot");
        file.extend(
            [number + 1, block, blob.len().div_ceil(16) + 2]
                .iter()
                .flat_map(|number| word(*number)),
        );
        bodies.extend_from_slice(b"BlbS");
        bodies.extend([number + 1, 0, blob.len()].iter().flat_map(|number| word(*number)));
        bodies.extend_from_slice(blob);
        bodies.resize(bodies.len().next_multiple_of(16), 0);
    }
    while file.len() < 4096 {
        file.extend_from_slice(b"Slot");
        file.resize(file.len() + 12, 0);
    }
    [file, bodies].concat()
}

/// Every value on pages of its own, as Berkeley DB keeps what is larger than a quarter of a page.
fn berkeley(blobs: &[Vec<u8>], is_big: bool) -> Vec<u8> {
    const PAGE: usize = 512;
    let word = |number: usize| {
        let bytes = u32::try_from(number).unwrap().to_le_bytes();
        if is_big {
            [bytes[3], bytes[2], bytes[1], bytes[0]]
        } else {
            bytes
        }
    };
    let half = |number: usize| {
        let bytes = u16::try_from(number).unwrap().to_le_bytes();
        if is_big { [bytes[1], bytes[0]] } else { bytes }
    };
    let mut overflow: Vec<Vec<u8>> = Vec::new();
    let mut items = vec![[&[1][..], &[0; 4]].concat(), vec![1, 9, 0, 0, 0]];
    for (number, blob) in blobs.iter().enumerate() {
        items.push([&[1][..], &word(number + 1)].concat());
        items.push([&[3, 0, 0, 0][..], &word(overflow.len() + 2), &word(blob.len())].concat());
        let chunks: Vec<&[u8]> = blob.chunks(PAGE - 26).collect();
        for (place, chunk) in chunks.iter().enumerate() {
            let mut page = vec![0; PAGE];
            let next = if place + 1 < chunks.len() {
                overflow.len() + 3
            } else {
                0
            };
            page[16..20].copy_from_slice(&word(next));
            page[22..24].copy_from_slice(&half(chunk.len()));
            page[25] = 7;
            page[26..26 + chunk.len()].copy_from_slice(chunk);
            overflow.push(page);
        }
    }
    let mut hash = vec![0; PAGE];
    hash[20..22].copy_from_slice(&half(items.len()));
    hash[25] = 13;
    let mut end = PAGE;
    for (place, item) in items.iter().enumerate() {
        end -= item.len();
        hash[26 + 2 * place..28 + 2 * place].copy_from_slice(&half(end));
        hash[end..end + item.len()].copy_from_slice(item);
    }
    let mut meta = vec![0; PAGE];
    meta[12..16].copy_from_slice(&word(0x0006_1561));
    meta[20..24].copy_from_slice(&word(PAGE));
    meta[25] = 8;
    meta[32..36].copy_from_slice(&word(1 + overflow.len()));
    [meta, hash, overflow.concat()].concat()
}

fn varint(mut number: u64) -> Vec<u8> {
    let mut bytes = vec![(number & 0x7f) as u8];
    while number > 0x7f {
        number >>= 7;
        bytes.insert(0, (number & 0x7f) as u8 | 0x80);
    }
    bytes
}

/// A schema on the first page, an interior page, and a leaf for each blob, whose rest lies on pages of its own.
fn sqlite(blobs: &[Vec<u8>]) -> Vec<u8> {
    const PAGE: usize = 512;
    let leaf = |start: usize, cell: &[u8]| {
        let mut page = vec![0; PAGE];
        page[start] = 13;
        page[start + 4] = 1;
        let at = PAGE - cell.len();
        page[start + 8..start + 10].copy_from_slice(&u16::try_from(at).unwrap().to_be_bytes());
        page[at..].copy_from_slice(cell);
        page
    };
    let columns = [&b"table"[..], b"Packages", b"Packages"];
    let types: Vec<u8> = columns
        .iter()
        .map(|text| 13 + 2 * text.len() as u8)
        .chain([1, 13])
        .collect();
    let record = [vec![types.len() as u8 + 1], types, columns.concat(), vec![2]].concat();
    let cell = [varint(record.len() as u64), varint(1), record].concat();
    let mut first = leaf(100, &cell);
    first[..16].copy_from_slice(b"SQLite format 3\0");
    first[16..18].copy_from_slice(&512_u16.to_be_bytes());
    let mut interior = vec![0; PAGE];
    interior[0] = 5;
    interior[4] = u8::try_from(blobs.len() - 1).unwrap();
    let mut pages = Vec::new();
    for (number, blob) in blobs.iter().enumerate() {
        let this = u32::try_from(pages.len() + 3).unwrap();
        let kind = varint(12 + 2 * blob.len() as u64);
        let record = [vec![kind.len() as u8 + 2, 0], kind, blob.clone()].concat();
        let (most, least) = (PAGE - 35, (PAGE - 12) * 32 / 255 - 23);
        let local = match record.len() {
            length if length <= most => length,
            length => Some(least + (length - least) % (PAGE - 4))
                .filter(|local| *local <= most)
                .unwrap_or(least),
        };
        let rest: Vec<&[u8]> = record[local..].chunks(PAGE - 4).collect();
        let mut cell = [
            varint(record.len() as u64),
            varint(number as u64 + 1),
            record[..local].to_vec(),
        ]
        .concat();
        if !rest.is_empty() {
            cell.extend_from_slice(&(this + 1).to_be_bytes());
        }
        pages.push(leaf(0, &cell));
        for (place, chunk) in rest.iter().enumerate() {
            let next = if place + 1 < rest.len() {
                this + 2 + u32::try_from(place).unwrap()
            } else {
                0
            };
            let mut page = [&next.to_be_bytes()[..], chunk].concat();
            page.resize(PAGE, 0);
            pages.push(page);
        }
        if number + 1 == blobs.len() {
            interior[8..12].copy_from_slice(&this.to_be_bytes());
        } else {
            let at = PAGE - 8 * (number + 1);
            interior[12 + 2 * number..14 + 2 * number].copy_from_slice(&u16::try_from(at).unwrap().to_be_bytes());
            interior[at..at + 4].copy_from_slice(&this.to_be_bytes());
        }
    }
    [first, interior, pages.concat()].concat()
}

fn scanned(place: &str, database: Vec<u8>) -> (Option<Value>, Vec<String>) {
    let files = [(place, database), ("etc/os-release", RELEASE.as_bytes().to_vec())];
    let inventory = scan(&Memory::new(files), &Options::default()).unwrap();
    let gaps = inventory.gaps().map(|gap| gap.code().to_owned()).collect();
    let bom = inventory.document(&Root::default(), &Metadata::default()).ok();
    (bom.map(|bom| serde_json::from_slice(&bom.to_json()).unwrap()), gaps)
}

fn every_form() -> [(&'static str, Vec<u8>); 4] {
    [
        ("usr/lib/sysimage/rpm/rpmdb.sqlite", sqlite(&packages())),
        ("usr/lib/sysimage/rpm/Packages.db", ndb(&packages())),
        ("var/lib/rpm/Packages", berkeley(&packages(), false)),
        ("var/lib/rpm/Packages", berkeley(&packages(), true)),
    ]
}

#[test]
fn every_form_of_the_database_holds_the_same_packages() {
    for (place, database) in every_form() {
        let (document, gaps) = scanned(place, database);
        let document = document.unwrap();
        assert_eq!(gaps, [] as [&str; 0], "{place}");
        let components = document["components"].as_array().unwrap();
        let purls: Vec<_> = components.iter().map(|one| one["purl"].as_str().unwrap()).collect();
        let expected = ["app", "lib", "tools"].map(|name| {
            let epoch = if name == "app" { "&epoch=3" } else { "" };
            format!("pkg:rpm/fedora/{name}@1.0-2.fc39?arch=x86_64&distro=fedora-39{epoch}")
        });
        assert_eq!(purls, expected, "{place}");
        assert_eq!(components[0]["supplier"]["name"], "Example");
        assert_eq!(components[1]["supplier"]["name"], "fedora");
        assert_eq!(components[0]["licenses"][0]["expression"], "GPL-2.0-or-later AND MIT");
        assert_eq!(components[0]["properties"][0]["value"], "src-1.0-2.src.rpm");
        let all = document["dependencies"].as_array().unwrap();
        let app = all.iter().find(|one| one["ref"] == "app").unwrap();
        assert_eq!(app["dependsOn"], serde_json::json!(["lib", "tools"]), "{place}");
    }
}

#[test]
fn a_database_that_is_cut_off_is_a_gap() {
    for (place, database) in every_form() {
        let (_, gaps) = scanned(place, database[..database.len() - 700].to_vec());
        assert_eq!(gaps, ["damaged"], "{place}");
        assert_eq!(scanned(place, b"nothing".to_vec()).1, ["damaged"], "{place}");
    }
}

#[test]
fn pages_that_lead_in_a_circle_have_an_end() {
    let mut database = sqlite(&packages());
    // The interior page is its own last child.
    database[512 + 8..512 + 12].copy_from_slice(&2_u32.to_be_bytes());
    assert_eq!(scanned("var/lib/rpm/rpmdb.sqlite", database).1, ["damaged"]);
    let mut database = berkeley(&packages(), false);
    // A header that is longer than all of the database.
    let item = database[512..1024]
        .windows(4)
        .position(|bytes| bytes == [3, 0, 0, 0])
        .unwrap()
        + 512;
    database[item + 8..item + 12].copy_from_slice(&u32::MAX.to_le_bytes());
    assert_eq!(scanned("var/lib/rpm/Packages", database).1, ["too-large"]);
}

#[test]
fn what_is_not_in_the_database_yet_is_read_from_its_log() {
    let database = sqlite(&packages()[..1]);
    let newer = sqlite(&packages()[1..2]);
    let log = logged(&newer);
    let of = |log: Vec<u8>| {
        let files = [
            ("var/lib/rpm/rpmdb.sqlite", database.clone()),
            ("var/lib/rpm/rpmdb.sqlite-wal", log),
            ("etc/os-release", RELEASE.as_bytes().to_vec()),
        ];
        let inventory = scan(&Memory::new(files), &Options::default()).unwrap();
        assert_eq!(inventory.gaps().len(), 0);
        let mut names: Vec<String> = inventory
            .packages()
            .iter()
            .map(|package| package.name.clone())
            .collect();
        names.sort();
        names
    };
    assert_eq!(of(Vec::new()), ["app", "fedora"]);
    assert_eq!(of(log.clone()), ["fedora", "lib"]);
    // A frame whose checksum is wrong was never finished, and nothing after it counts.
    let mut broken = log;
    broken[32 + 24] ^= 1;
    assert_eq!(of(broken), ["app", "fedora"]);
}

/// A log with all pages of a database as one transaction.
fn logged(database: &[u8]) -> Vec<u8> {
    let mut sums = (0_u32, 0_u32);
    let mut add = |bytes: &[u8]| {
        for pair in bytes.chunks_exact(8) {
            let word = |at: usize| u32::from_be_bytes(pair[at..at + 4].try_into().unwrap());
            sums.0 = sums.0.wrapping_add(word(0)).wrapping_add(sums.1);
            sums.1 = sums.1.wrapping_add(word(4)).wrapping_add(sums.0);
        }
        [sums.0.to_be_bytes(), sums.1.to_be_bytes()].concat()
    };
    let words = |numbers: &[u32]| {
        numbers
            .iter()
            .flat_map(|number| number.to_be_bytes())
            .collect::<Vec<u8>>()
    };
    let mut log = words(&[0x377f_0683, 3_007_000, 512, 0, 11, 22]);
    let sum = add(&log);
    log.extend(sum);
    let count = database.len() / 512;
    for (page, number) in database.chunks(512).zip(1_u32..) {
        let size = if number as usize == count { number } else { 0 };
        let head = words(&[number, size]);
        add(&head);
        let sum = add(page);
        log.extend([head, words(&[11, 22]), sum, page.to_vec()].concat());
    }
    log
}

#[test]
fn a_rich_need_names_packages_and_a_condition_is_none() {
    let names = |text: &str| required(text).map(str::to_owned).collect::<Vec<_>>();
    for (text, expected) in [
        ("glibc", vec!["glibc"]),
        ("libc.so.6()(64bit)", vec!["libc.so.6()(64bit)"]),
        ("rpmlib(CompressedFileNames)", vec![]),
        ("(a or b)", vec!["a", "b"]),
        ("(a >= 1.2 or perl(B) < 3)", vec!["a", "perl(B)"]),
        ("(langpacks-en if langpacks)", vec!["langpacks-en"]),
        ("((a and b) or c)", vec!["a", "b", "c"]),
        ("/bin/sh", vec!["/bin/sh"]),
    ] {
        assert_eq!(names(text), expected, "{text}");
    }
}

#[test]
fn vendors_are_those_that_package_urls_name() {
    for (release, expected) in [("rhel", "redhat"), ("opensuse-leap", "opensuse"), ("rocky", "rocky")] {
        let files = [
            ("var/lib/rpm/Packages.db", ndb(&packages())),
            ("etc/os-release", format!("ID={release}\n").into_bytes()),
        ];
        let inventory = scan(&Memory::new(files), &Options::default()).unwrap();
        let purls: Vec<_> = inventory
            .packages()
            .iter()
            .filter_map(|package| package.purl.clone())
            .collect();
        assert!(
            purls
                .iter()
                .all(|purl| purl.starts_with(&format!("pkg:rpm/{expected}/"))),
            "{purls:?}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn no_change_of_a_database_makes_the_readers_panic(
        form in 0_usize..4,
        changes in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..6),
        early in any::<bool>(),
    ) {
        let (place, mut database) = every_form()[form].clone();
        for (at, byte) in changes {
            let length = if early { database.len().min(1200) } else { database.len() };
            database[at.index(length)] = byte;
        }
        let _ = scanned(place, database);
    }
}
