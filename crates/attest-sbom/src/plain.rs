//! Plain files in, each with its size and its SHA-256 out: for what nothing else is known of.

use crate::cyclonedx::{Component, ComponentKind, Hash};
use crate::inventory::{Inventory, Key};
use crate::scan::{Kind, Reader, Scan};
use crate::subject::size_property;
use crate::tree::Entry;
use crate::{Gap, packed};

/// Only where it is asked for: of a project every file would be listed.
pub(crate) const READER: Reader = Reader {
    kind: Kind::File,
    wants: |file| file.size <= SIZE_LIMIT,
    recognises: |_| None,
    read,
};

/// A file is read whole, and one of an image goes to a temporary file before that. The largest programs have some 500 MB.
const SIZE_LIMIT: u64 = 1 << 30;

/// An image that was made of one program has a handful; a whole system says of its packages what is in them.
const MAX_FILES: usize = 10_000;

fn read(scan: &Scan<'_>) -> Inventory {
    let mut inventory = Inventory::default();
    let files: Vec<&Entry> = scan
        .listing()
        .entries()
        .iter()
        .filter(|entry| entry.is_file())
        .collect();
    let mut only = None;
    for entry in files.iter().take(MAX_FILES) {
        match component(scan, entry) {
            Ok(component) => only = Some(inventory.add(component)),
            Err(gap) => inventory.gap(gap),
        }
    }
    if files.len() > MAX_FILES {
        let detail = format!(
            "expected at most {MAX_FILES} files, found {}; the rest is not listed",
            files.len()
        );
        inventory.gap(Gap::new("too-many-files", "", detail));
    }
    if let Some(only) = only {
        note(scan, &files, only, &mut inventory);
    }
    inventory
}

/// What a file is made of stays unknown. One that was named is what the document is about.
fn note(scan: &Scan<'_>, files: &[&Entry], only: Key, inventory: &mut Inventory) {
    match files {
        [file] if scan.is_named_file() => {
            inventory.root(only);
            let detail = "nothing tells what it was made of: only its name, its size and its digest are known";
            inventory.gap(Gap::new("no-list", &file.path, detail));
        }
        files => {
            let detail = match files.len().min(MAX_FILES) {
                1 => "nothing tells what 1 file was made of".to_owned(),
                count => format!("nothing tells what {count} files were made of"),
            };
            inventory.gap(Gap::new("no-list", "", detail));
        }
    }
}

/// The digest of a whole file.
pub(crate) fn sha256(scan: &Scan<'_>, entry: &Entry) -> Result<Hash, Gap> {
    let path = entry.path.as_str();
    if entry.size() > SIZE_LIMIT {
        let detail = format!("expected at most {SIZE_LIMIT} bytes, found {}", entry.size());
        return Err(Gap::new("too-large", path, detail));
    }
    let missing = || Gap::new("unreadable", path, "the file is not there");
    let mut content = scan.open(path)?.ok_or_else(missing)?;
    packed::sha256(&mut content).map_err(|error| Gap::new("unreadable", path, error.to_string()))
}

/// A file by its name, its size and its digest.
pub(crate) fn component(scan: &Scan<'_>, entry: &Entry) -> Result<Component, Gap> {
    let path = entry.path.as_str();
    let hash = sha256(scan, entry)?;
    Ok(Component {
        hashes: vec![hash],
        properties: vec![size_property(entry.size())],
        ..Component::new(ComponentKind::File, path)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::tree::{Directory, Memory};
    use crate::{Bom, Gap, Kind, Metadata, Options, Root, scan};

    fn options() -> Options {
        let kinds = vec![Kind::File];
        Options {
            kinds,
            ..Options::default()
        }
    }

    fn document(bom: &Bom) -> Value {
        serde_json::from_slice(&bom.to_json()).unwrap()
    }

    #[test]
    fn a_file_that_was_named_is_what_the_document_is_about() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("plain.bin");
        std::fs::write(&path, "abc").unwrap();
        let tree = Directory::of_file(&path, &options()).unwrap();
        let inventory = scan(&tree, &options()).unwrap();
        let bom = inventory.document(&Root::default(), &Metadata::default()).unwrap();
        assert_eq!(bom.gaps().iter().map(Gap::code).collect::<Vec<_>>(), ["no-list"]);
        let document = document(&bom);
        let root = &document["metadata"]["component"];
        assert_eq!((&root["type"], &root["name"]), (&json!("file"), &json!("plain.bin")));
        let sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(root["hashes"], json!([{ "alg": "SHA-256", "content": sha256 }]));
        assert_eq!(root["properties"], json!([{ "name": "attest:size", "value": "3" }]));
        assert_eq!(document["components"], json!([]));
    }

    #[test]
    fn files_are_listed_only_where_they_are_asked_for() {
        let tree = Memory::new([("a", "1"), ("b/c", "2")]);
        assert!(scan(&tree, &Options::default()).is_err());
        let inventory = scan(&tree, &options()).unwrap();
        let bom = inventory.document(&Root::default(), &Metadata::default()).unwrap();
        let document = document(&bom);
        let names: Vec<_> = document["components"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| &one["name"])
            .collect();
        assert_eq!(names, ["a", "b/c"]);
        assert!(!bom.is_complete());
    }
}
