//! Programs made by hand, of each format, with the lists of Go and of cargo-auditable in them.

use attest_digest::{Algorithm, Algorithms, Measured};
use proptest::prelude::*;

use crate::cyclonedx::Scope;
use crate::tree::{Directory, Memory};
use crate::{About, Error, Gap, Inventory, Kind, Metadata, Options, Profile, Root, scan};

const LIST: &str =
    "path\texample.com/app/cmd/app\nmod\texample.com/app\tv1.2.3\th1:AAAA=\ndep\texample.com/a\tv1.0.0\th1:BBBB=\n";

const PURLS: [&str; 2] = ["pkg:golang/example.com/a@v1.0.0", "pkg:golang/example.com/app@v1.2.3"];

/// Build information as Go writes it since 1.18.
fn build_info() -> Vec<u8> {
    let mut bytes = b"\xff Go buildinf:\x08\x02".to_vec();
    bytes.resize(32, 0);
    bytes.extend(b"\x08go1.23.4");
    let list = [&[1u8; 16], LIST.as_bytes(), &[2u8; 16]].concat();
    bytes.extend([(list.len() & 0x7f) as u8 | 0x80, (list.len() >> 7) as u8]);
    bytes.extend(list);
    bytes
}

/// A program of Go.
pub(crate) fn program() -> Vec<u8> {
    elf(".go.buildinfo", &build_info(), 8, false)
}

/// Numbers in one order of bytes, each as wide as it is told.
struct Writer {
    bytes: Vec<u8>,
    is_big_endian: bool,
}

impl Writer {
    fn numbers(&mut self, numbers: &[(u64, usize)]) {
        for (number, width) in numbers {
            match self.is_big_endian {
                true => self.bytes.extend(&number.to_be_bytes()[8 - width..]),
                false => self.bytes.extend(&number.to_le_bytes()[..*width]),
            }
        }
    }
}

fn elf(name: &str, content: &[u8], word: usize, is_big_endian: bool) -> Vec<u8> {
    let (header, section) = if word == 8 { (64, 64) } else { (52, 40) };
    let names = format!("\0{name}\0.shstrtab\0");
    let content_at = 256;
    let names_at = content_at + content.len() as u64;
    let sections_at = names_at + names.len() as u64;
    let bytes = vec![
        0x7f,
        b'E',
        b'L',
        b'F',
        word as u8 / 4,
        is_big_endian as u8 + 1,
        1,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
    ];
    let mut out = Writer { bytes, is_big_endian };
    out.numbers(&[
        (2, 2),
        (62, 2),
        (1, 4),
        (0, word),
        (0, word),
        (sections_at, word),
        (0, 4),
        (header, 2),
    ]);
    out.numbers(&[(0, 2), (0, 2), (section, 2), (3, 2), (2, 2)]);
    out.bytes.resize(content_at as usize, 0);
    out.bytes.extend(content);
    out.bytes.extend(names.as_bytes());
    let second = 2 + name.len() as u64;
    for (name, kind, offset, size) in [
        (0, 0, 0, 0),
        (1, 1, content_at, content.len() as u64),
        (second, 3, names_at, names.len() as u64),
    ] {
        out.numbers(&[(name, 4), (kind, 4), (0, word), (0, word), (offset, word), (size, word)]);
        out.numbers(&[(0, 4), (0, 4), (1, word), (0, word)]);
    }
    out.bytes
}

fn macho(segment: &str, section: &str, content: &[u8]) -> Vec<u8> {
    let padded = |name: &str| {
        let mut name = name.as_bytes().to_vec();
        name.resize(16, 0);
        name
    };
    let size = content.len() as u64;
    let mut out = Writer {
        bytes: b"\xcf\xfa\xed\xfe".to_vec(),
        is_big_endian: false,
    };
    out.numbers(&[
        (0x0100_000c, 4),
        (0, 4),
        (2, 4),
        (1, 4),
        (152, 4),
        (0, 4),
        (0, 4),
        (0x19, 4),
        (152, 4),
    ]);
    out.bytes.extend(padded(segment));
    out.numbers(&[
        (0x1000, 8),
        (size, 8),
        (256, 8),
        (size, 8),
        (3, 4),
        (3, 4),
        (1, 4),
        (0, 4),
    ]);
    out.bytes.extend(padded(section));
    out.bytes.extend(padded(segment));
    out.numbers(&[
        (0x1000, 8),
        (size, 8),
        (256, 4),
        (0, 4),
        (0, 4),
        (0, 4),
        (0, 4),
        (0, 4),
        (0, 4),
        (0, 4),
    ]);
    out.bytes.resize(256, 0);
    out.bytes.extend(content);
    out.bytes
}

fn universal(programs: &[Vec<u8>]) -> Vec<u8> {
    let mut out = Writer {
        bytes: b"\xca\xfe\xba\xbe".to_vec(),
        is_big_endian: true,
    };
    out.numbers(&[(programs.len() as u64, 4)]);
    let mut offset = 4096;
    for program in programs {
        out.numbers(&[(7, 4), (3, 4), (offset, 4), (program.len() as u64, 4), (12, 4)]);
        offset += program.len() as u64;
    }
    out.bytes.resize(4096, 0);
    out.bytes.extend(programs.concat());
    out.bytes
}

fn pe(section: &str, content: &[u8]) -> Vec<u8> {
    let mut out = Writer {
        bytes: b"MZ".to_vec(),
        is_big_endian: false,
    };
    out.bytes.resize(0x3c, 0);
    out.numbers(&[(0x40, 4)]);
    out.bytes.extend(b"PE\0\0");
    out.numbers(&[
        (0x8664, 2),
        (1, 2),
        (0, 4),
        (0, 4),
        (0, 4),
        (240, 2),
        (2, 2),
        (0x20b, 2),
    ]);
    let optional = out.bytes.len() - 2;
    out.bytes.resize(optional + 24, 0);
    out.numbers(&[(0x0040_0000, 8)]);
    out.bytes.resize(optional + 108, 0);
    out.numbers(&[(16, 4)]);
    out.bytes.resize(optional + 240, 0);
    let mut name = section.as_bytes().to_vec();
    name.resize(8, 0);
    out.bytes.extend(name);
    let size = content.len() as u64;
    out.numbers(&[
        (size, 4),
        (0x1000, 4),
        (size, 4),
        (512, 4),
        (0, 4),
        (0, 4),
        (0, 2),
        (0, 2),
        (0xc000_0040, 4),
    ]);
    out.bytes.resize(512, 0);
    out.bytes.extend(content);
    out.bytes
}

fn read(name: &str, bytes: Vec<u8>) -> Result<Inventory, Error> {
    let options = Options {
        kinds: vec![Kind::Binary],
        ..Options::default()
    };
    scan(&Memory::new([(name, bytes)]), &options)
}

fn purls(inventory: &Inventory) -> Vec<&str> {
    let mut purls: Vec<&str> = inventory
        .packages()
        .iter()
        .filter_map(|package| package.purl.as_deref())
        .collect();
    purls.sort_unstable();
    purls
}

#[test]
fn go_is_found_in_every_format_word_size_and_order_of_bytes() {
    let info = build_info();
    let shifted = [vec![0; 48], build_info()].concat();
    let program = macho("__DATA", "__go_buildinfo", &info);
    for (name, bytes) in [
        ("elf64", elf(".go.buildinfo", &info, 8, false)),
        ("elf64-big", elf(".go.buildinfo", &info, 8, true)),
        ("elf32", elf(".go.buildinfo", &info, 4, false)),
        ("elf32-big", elf(".go.buildinfo", &info, 4, true)),
        ("macho", program.clone()),
        ("macho-data", macho("__DATA", "__data", &shifted)),
        ("universal", universal(&[program.clone(), program])),
        ("pe", pe(".data", &shifted)),
    ] {
        let inventory = read(name, bytes).unwrap();
        assert_eq!(purls(&inventory), PURLS, "{name}");
        assert_eq!(inventory.gaps().len(), 0, "{name}");
        assert_eq!(inventory.projects().len(), 1, "{name}");
    }
}

/// `{"packages":[{"name":"app","version":"1.0.0","source":"local","root":true,"dependencies":[1]},
/// {"name":"a","version":"1.0.0","source":"crates.io"}]}` in a zlib stream whose blocks are stored.
fn audit() -> Vec<u8> {
    let text = br#"{"packages":[{"name":"app","version":"1.0.0","source":"local","root":true,"dependencies":[1]},{"name":"a","version":"1.0.0","source":"crates.io"}]}"#;
    let size = text.len() as u16;
    let (mut low, mut high) = (1_u32, 0_u32);
    for byte in text {
        low = (low + u32::from(*byte)) % 65521;
        high = (high + low) % 65521;
    }
    let mut stream = vec![0x78, 0x01, 0x01];
    stream.extend(size.to_le_bytes());
    stream.extend((!size).to_le_bytes());
    stream.extend(text);
    stream.extend((high << 16 | low).to_be_bytes());
    stream
}

#[test]
fn cargo_auditable_is_found_in_every_format() {
    for bytes in [
        elf(".dep-v0", &audit(), 8, false),
        elf(".dep-v0", &audit(), 4, true),
        macho("__DATA", ".dep-v0", &audit()),
        pe(".dep-v0", &[audit(), vec![0; 100]].concat()),
    ] {
        let inventory = read("app", bytes).unwrap();
        assert_eq!(purls(&inventory), ["pkg:cargo/a@1.0.0", "pkg:cargo/app@1.0.0"]);
        assert_eq!(inventory.edges().len(), 1);
    }
}

#[test]
fn a_list_that_is_damaged_is_a_gap() {
    let mut damaged = audit();
    damaged[20] ^= 1;
    let inventory = read("app", elf(".dep-v0", &damaged, 8, false)).unwrap();
    assert_eq!(inventory.gaps().map(Gap::code).collect::<Vec<_>>(), ["damaged"]);
    let info = build_info();
    let inventory = read("app", macho("__DATA", "__go_buildinfo", &info[..60])).unwrap();
    assert_eq!(inventory.gaps().map(Gap::code).collect::<Vec<_>>(), ["damaged"]);
}

#[test]
fn a_program_without_a_list_is_a_gap_for_whoever_names_it_and_none_among_others() {
    let plain = elf(".text", b"", 8, false);
    let inventory = read("app", plain.clone()).unwrap();
    assert_eq!(inventory.gaps().map(Gap::code).collect::<Vec<_>>(), ["no-list"]);
    let among = Memory::new([
        ("app.so", plain),
        ("b.so", elf(".go.buildinfo", &build_info(), 8, false)),
    ]);
    let inventory = scan(&among, &Options::default()).unwrap();
    assert_eq!(inventory.gaps().len(), 0);
    assert_eq!(purls(&inventory), PURLS);
}

#[test]
fn a_packed_program_is_a_gap_among_others_too() {
    let packed = elf(".text", b"UPX!", 8, false);
    let among = Memory::new([("app.so", packed), ("readme", b"x".to_vec())]);
    let inventory = scan(&among, &Options::default()).unwrap();
    let gaps: Vec<String> = inventory.gaps().map(Gap::to_string).collect();
    assert_eq!(
        gaps,
        ["app.so: packed: it is packed by UPX: unpack it to see what is in it"]
    );
}

#[test]
fn a_program_of_a_system_or_of_a_dependency_is_not_what_the_document_is_about() {
    let program = elf(".go.buildinfo", &build_info(), 8, false);
    for (path, other) in [
        ("usr/bin/app.so", "etc/os-release"),
        ("node_modules/x/app.so", "readme"),
        ("bin/app.so", "pyvenv.cfg"),
        ("tools/venv/bin/app.so", "tools/venv/pyvenv.cfg"),
    ] {
        let among = Memory::new([(path, program.clone()), (other, b"x".to_vec())]);
        let inventory = scan(
            &among,
            &Options {
                kinds: vec![Kind::Binary],
                ..Options::default()
            },
        )
        .unwrap();
        assert_eq!(inventory.projects().len(), 0, "{path}");
        assert_eq!(purls(&inventory), PURLS);
    }
}

#[test]
fn a_program_in_a_package_of_npm_lies_below_it_and_is_needed_for_what_it_is() {
    const LOCK: &str = r#"{"lockfileVersion": 3, "packages": {"": {"name": "p", "version": "1.0.0", "devDependencies": {"@s/x": "1"}},
        "node_modules/@s/x": {"version": "1.0.0", "dev": true}}}"#;
    const MANIFEST: &str = r#"{"name": "@s/x", "version": "1.0.0"}"#;
    let program = elf(".go.buildinfo", &build_info(), 8, false);
    let list = |shipped: Option<&str>, own: &[(&'static str, &[u8])]| {
        let files: [(&str, &[u8]); 4] = [
            ("package-lock.json", LOCK.as_bytes()),
            ("package.json", br#"{"name": "p", "version": "1.0.0"}"#),
            ("node_modules/@s/x/package.json", MANIFEST.as_bytes()),
            ("node_modules/@s/x/bin/x.exe", &program),
        ];
        let options = Options {
            shipped: shipped.map(str::to_owned),
            ..Options::default()
        };
        let files: Vec<_> = files.iter().chain(own).copied().collect();
        scan(&Memory::new(files), &options).unwrap()
    };
    let found = list(None, &[]);
    let [holder, app, a] = ["pkg:npm/%40s/x@1.0.0", PURLS[1], PURLS[0]].map(|purl| found.by_purl(purl).unwrap());
    assert!(found.edges().contains(&(holder, app)) && found.edges().contains(&(app, a)));
    let scopes = |inventory: &Inventory, keys: &[crate::inventory::Key]| -> Vec<Option<Scope>> {
        keys.iter().map(|key| inventory.packages()[key.place()].scope).collect()
    };
    assert_eq!(scopes(&found, &[holder, app, a]), [Some(Scope::Excluded); 3]);
    assert_eq!(purls(&list(Some("linux/amd64"), &[])), ["pkg:npm/p@1.0.0"]);
    // The same program of the project itself is needed.
    let own = list(None, &[("bin/x.exe", &program)]);
    let keys = [PURLS[1], PURLS[0]].map(|purl| own.by_purl(purl).unwrap());
    assert_eq!(scopes(&own, &keys), [None, None]);
}

#[test]
fn a_class_of_java_is_no_universal_program() {
    let class = b"\xca\xfe\xba\xbe\x00\x00\x00\x34\x00\x10".repeat(20);
    let inventory = read("A", class).unwrap();
    assert_eq!(inventory.gaps().map(Gap::code).collect::<Vec<_>>(), ["no-list"]);
}

#[test]
fn headers_that_claim_more_than_there_is_are_damage_and_take_no_memory() {
    let mut huge = elf(".go.buildinfo", &build_info(), 8, false);
    // The offset of the sections, and a number of them that stands elsewhere.
    huge[60..62].copy_from_slice(&[0, 0]);
    let place = u64::from_le_bytes(huge[40..48].try_into().unwrap()) as usize;
    huge[place + 32..place + 36].copy_from_slice(&u32::MAX.to_le_bytes());
    let inventory = read("app", huge).unwrap();
    let gaps: Vec<String> = inventory.gaps().map(Gap::to_string).collect();
    assert_eq!(gaps, ["app: damaged: more sections than a program has"]);
}

proptest! {
    #[test]
    fn no_change_of_a_program_makes_it_panic(
        place in 0_usize..700, byte in any::<u8>(), end in 0_usize..1200, kind in 0_usize..5,
    ) {
        let info = build_info();
        let mut bytes = match kind {
            0 => elf(".go.buildinfo", &info, 8, false),
            1 => elf(".dep-v0", &audit(), 4, true),
            2 => macho("__DATA", "__data", &info),
            3 => pe(".data", &info),
            _ => universal(&[macho("__DATA", "__data", &info)]),
        };
        if let Some(one) = bytes.get_mut(place) {
            *one = byte;
        }
        bytes.truncate(end.max(8));
        let _ = read("app", bytes);
    }

    #[test]
    fn no_bytes_after_a_magic_make_it_panic(mut bytes in prop::collection::vec(any::<u8>(), 8..400), kind in 0_usize..6) {
        let magic: [&[u8]; 6] = [b"\x7fELF\x02\x01\x01", b"\x7fELF\x01\x02\x01", b"MZ", b"\xcf\xfa\xed\xfe", b"\xfe\xed\xfa\xce", b"\xca\xfe\xba\xbe"];
        bytes.splice(..magic[kind].len(), magic[kind].iter().copied());
        let _ = read("app", bytes);
    }
}

#[test]
fn a_program_that_was_named_is_the_file_and_one_of_a_directory_is_not_read_to_its_end() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("app");
    std::fs::write(&path, elf(".go.buildinfo", &build_info(), 8, false)).unwrap();
    let root = |tree: Directory| {
        let inventory = scan(&tree, &Options::default()).unwrap();
        let about = About {
            repository: Some("https://example.org/owner/app".to_owned()),
            ..About::default()
        };
        let metadata = Metadata {
            profile: Profile::Bsi,
            about,
            ..Metadata::default()
        };
        let bom = inventory.document(&Root::default(), &metadata).unwrap();
        let value: serde_json::Value = serde_json::from_slice(&bom.to_json()).unwrap();
        value["metadata"]["component"].clone()
    };
    let named = root(Directory::of_file(&path, &Options::default()).unwrap());
    let property = |name: &str| {
        let properties = named["properties"].as_array().unwrap();
        let found = properties.iter().find(|property| property["name"] == name);
        found.map(|property| property["value"].as_str().unwrap().to_owned())
    };
    let bytes = std::fs::read(&path).unwrap();
    let measured = Measured::of_bytes(&bytes, &Algorithms::one(Algorithm::Sha256));
    let sha256 = measured.digest(Algorithm::Sha256).unwrap().to_hex();
    assert_eq!(
        named["hashes"],
        serde_json::json!([{ "alg": "SHA-256", "content": sha256 }])
    );
    assert_eq!(property("attest:size"), Some(bytes.len().to_string()));
    assert_eq!(property("bsi:component:filename").as_deref(), Some("app"));
    let listed = root(Directory::new(directory.path()).unwrap());
    assert_eq!(listed["name"], named["name"]);
    // Its name space is `example.com`, and a project made it.
    assert_eq!(listed["supplier"]["name"], "example.org/owner");
    assert_eq!(listed.get("hashes"), None);
}
