//! Source: SPDX specification 2.2 and 2.3, chapters 6 to 11, and its `spdx-schema.json`.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

use super::element::{At, Form};
use super::spdx_licences::{extracted, undeclared};
use super::{Component, Document, Finding, Licence, Reference, Terms};
use crate::Error;

const VERSIONS: &[&str] = &["SPDX-2.2", "SPDX-2.3"];

/// What a document may hold that is taken, or says nothing of what is inside.
const TAKEN: &[&str] = &[
    "SPDXID",
    "spdxVersion",
    "dataLicense",
    "name",
    "documentNamespace",
    "creationInfo",
    "documentDescribes",
    "packages",
    "files",
    "relationships",
    "hasExtractedLicensingInfos",
    "$schema",
    "comment",
];

/// The types of what is taken of a document.
const OF_DOCUMENT: Form = Form {
    lists: &[
        "packages",
        "files",
        "relationships",
        "hasExtractedLicensingInfos",
        "documentDescribes",
    ],
    objects: &["creationInfo"],
    texts: &["documentNamespace"],
};

/// The types of what is taken of a package or a file.
const OF_ELEMENT: Form = Form {
    lists: &["checksums", "externalRefs"],
    objects: &[],
    texts: &[
        "SPDXID",
        "name",
        "fileName",
        "versionInfo",
        "supplier",
        "originator",
        "licenseDeclared",
        "licenseConcluded",
        "copyrightText",
        "primaryPackagePurpose",
    ],
};

/// What stands for nothing, and for something that nobody knows.
const NONE: &str = "NONE";
const NOBODY_KNOWS: &str = "NOASSERTION";

/// The document itself, as relationships name it.
const DOCUMENT: &str = "SPDXRef-DOCUMENT";

pub(super) fn read(value: Value) -> Result<Document, Error> {
    let top = At::top(&value);
    let number = top.text("spdxVersion").unwrap_or_default();
    if !VERSIONS.contains(&number) {
        let found = number.to_owned();
        return Err(Error::UnsupportedDocument { found });
    }
    let mut document = Document {
        format: number.to_owned(),
        identity: top.owned("documentNamespace"),
        version: 1,
        ..Document::default()
    };
    top.note_others(TAKEN, &mut document.left_out);
    document.findings.extend(top.wrong_types(&OF_DOCUMENT));
    read_creation(&value, &mut document);
    let mut reader = Reader {
        document,
        by_reference: HashMap::new(),
        licences: extracted(&value),
    };
    reader.read_elements(&value)?;
    reader.read_relationships(&value);
    reader.read_root(&value);
    let mut document = reader.document;
    document.value = value;
    Ok(document)
}

fn read_creation(value: &Value, document: &mut Document) {
    let Some(creation) = value.get("creationInfo") else {
        return;
    };
    document.timestamp = At::top(creation).owned("created");
    let creators = creation.get("creators").and_then(Value::as_array).into_iter().flatten();
    for creator in creators.filter_map(Value::as_str) {
        match creator.split_once(": ") {
            Some(("Tool", tool)) => document.tools.push(tool.to_owned()),
            _ => document.authors.extend(actor(creator)),
        }
    }
}

/// `Organization: Example (mail)` and `Person: Ann`, without saying which.
fn actor(text: &str) -> Option<String> {
    let (kind, name) = text.split_once(':')?;
    let name = name.trim().trim_end_matches("()").trim();
    (matches!(kind, "Organization" | "Person") && !name.is_empty()).then(|| name.to_owned())
}

struct Reader {
    document: Document,
    by_reference: HashMap<String, usize>,
    licences: HashMap<String, String>,
}

impl Reader {
    fn read_elements(&mut self, value: &Value) -> Result<(), Error> {
        for (list, form) in [("packages", package as Convert), ("files", file as Convert)] {
            let elements = value.get(list).and_then(Value::as_array).into_iter().flatten();
            for (index, value) in elements.enumerate() {
                let at = At::new(value, &format!("/{list}/{index}"));
                if !value.is_object() {
                    let finding = Finding::broken("no-component", &at.place, "expected an object");
                    self.document.find(finding);
                    continue;
                }
                self.document.findings.extend(at.wrong_types(&OF_ELEMENT));
                self.document.findings.extend(undeclared(&at, &self.licences));
                let component = Component {
                    licences: self.licence(&at),
                    ..form(&at)
                };
                self.add(component)?;
            }
        }
        Ok(())
    }

    fn add(&mut self, component: Component) -> Result<(), Error> {
        let (reference, place) = (component.reference.clone(), component.place.clone());
        let key = self.document.add(component)?;
        let Some(reference) = reference else {
            self.document
                .find(Finding::broken("no-reference", &place, "expected an SPDXID"));
            return Ok(());
        };
        if let Some(first) = self.by_reference.get(&reference).copied() {
            // What is said of the SPDXID may be about either.
            self.document.incomplete.extend([first, key]);
            let first = &self.document.components[first].place;
            let detail = format!("SPDXID `{reference}` is that of {first}, too");
            self.document
                .find(Finding::broken("duplicate-reference", &place, detail));
        } else {
            self.by_reference.insert(reference, key);
        }
        Ok(())
    }

    /// What was concluded and what was declared, each if somebody said something.
    fn licence(&self, at: &At<'_>) -> Vec<Licence> {
        let said = |name: &str| at.owned(name).filter(|text| text != NOBODY_KNOWS && text != NONE);
        let licence = |(name, acknowledgement): (&str, &str)| {
            let text = said(name)?;
            let terms = match self.licences.get(&text.to_ascii_lowercase()) {
                // A name that says no more than the identifier.
                Some(name) if *name != text => Terms::Name(name.clone()),
                _ => Terms::Expression(text),
            };
            let acknowledgement = Some(acknowledgement.to_owned());
            Some(Licence { terms, acknowledgement })
        };
        let both = [("licenseDeclared", "declared"), ("licenseConcluded", "concluded")];
        both.into_iter().filter_map(licence).collect()
    }

    fn read_relationships(&mut self, value: &Value) {
        let listed = value
            .get("relationships")
            .and_then(Value::as_array)
            .into_iter()
            .flatten();
        for (index, relationship) in listed.enumerate() {
            let at = At::new(relationship, &format!("/relationships/{index}"));
            let (from, kind) = (
                self.resolve(&at, "spdxElementId"),
                at.text("relationshipType").unwrap_or_default(),
            );
            let to = self.resolve(&at, "relatedSpdxElement");
            match (from, to) {
                (End::Element(from), End::Element(to)) => self.relate(from, kind, to),
                (End::Document, End::Element(to)) if kind == "DESCRIBES" => self.describe(to),
                (End::Element(from), End::Document) if kind == "DESCRIBED_BY" => self.describe(from),
                (End::Element(from), End::None) if kind == "DEPENDS_ON" => {
                    self.document.needs.entry(from).or_default();
                }
                (End::Element(from), End::NobodyKnows) if kind == "DEPENDS_ON" => {
                    self.document.incomplete.insert(from);
                }
                (End::Element(from), End::Elsewhere) if kind == "DEPENDS_ON" => {
                    self.document.incomplete.insert(from);
                }
                _ => {}
            }
        }
    }

    fn describe(&mut self, root: usize) {
        if self.document.root.is_none() {
            self.document.root = Some(root);
        }
    }

    fn resolve(&mut self, at: &At<'_>, end: &str) -> End {
        let text = at.text(end).unwrap_or_default();
        match text {
            NONE => return End::None,
            NOBODY_KNOWS => return End::NobodyKnows,
            DOCUMENT => return End::Document,
            // Elements of other documents are not looked for.
            text if text.starts_with("DocumentRef-") => return End::Elsewhere,
            _ => {}
        }
        let Some(key) = self.by_reference.get(text) else {
            let detail = format!("no element has SPDXID `{text}`");
            self.document
                .find(Finding::broken("dangling-reference", &at.place, detail));
            return End::Elsewhere;
        };
        End::Element(*key)
    }

    fn relate(&mut self, from: usize, kind: &str, to: usize) {
        let (from, to, scope) = match kind {
            "DEPENDS_ON" | "HAS_PREREQUISITE" => (from, to, None),
            "DEPENDENCY_OF" | "RUNTIME_DEPENDENCY_OF" | "PREREQUISITE_FOR" => (to, from, None),
            "DEV_DEPENDENCY_OF" | "BUILD_DEPENDENCY_OF" | "TEST_DEPENDENCY_OF" | "DEV_TOOL_OF" | "BUILD_TOOL_OF" => {
                (to, from, Some("excluded"))
            }
            "OPTIONAL_DEPENDENCY_OF" | "PROVIDED_DEPENDENCY_OF" => (to, from, Some("optional")),
            "CONTAINS" => return self.contain(from, to),
            "CONTAINED_BY" => return self.contain(to, from),
            _ => return,
        };
        self.document.needs.entry(from).or_default().insert(to);
        if let Some(scope) = scope {
            let component = &mut self.document.components[to];
            component.scope.get_or_insert_with(|| scope.to_owned());
        }
    }

    /// The first that says so holds it, and nothing holds itself.
    fn contain(&mut self, whole: usize, part: usize) {
        let component = &mut self.document.components[part];
        if whole != part {
            component.parent.get_or_insert(whole);
        }
    }

    /// SPDX 2.2 names what is described in a list of its own.
    fn read_root(&mut self, value: &Value) {
        let listed = value
            .get("documentDescribes")
            .and_then(Value::as_array)
            .into_iter()
            .flatten();
        let named = listed
            .filter_map(Value::as_str)
            .filter_map(|text| self.by_reference.get(text));
        let first = named.copied().next();
        self.document.root = self.document.root.or(first);
    }
}

/// One end of a relationship.
enum End {
    Element(usize),
    Document,
    Elsewhere,
    None,
    NobodyKnows,
}

type Convert = fn(&At<'_>) -> Component;

fn package(at: &At<'_>) -> Component {
    let said = |name: &str| at.owned(name).filter(|text| text != NOBODY_KNOWS && text != NONE);
    let external = |kinds: &[&str]| locator(at.value, kinds);
    let purpose = at.text("primaryPackagePurpose").unwrap_or("LIBRARY");
    Component {
        place: at.place.clone(),
        reference: at.owned("SPDXID"),
        kind: kind(purpose).to_owned(),
        name: at.owned("name").unwrap_or_default(),
        version: said("versionInfo"),
        purl: external(&["purl"]),
        cpe: external(&["cpe23Type", "cpe22Type"]),
        supplier: said("supplier").as_deref().and_then(actor),
        authors: said("originator").as_deref().and_then(actor).into_iter().collect(),
        description: said("description").or_else(|| said("summary")),
        copyright: said("copyrightText"),
        hashes: checksums(at.value),
        references: addresses(at),
        ..Component::default()
    }
}

fn file(at: &At<'_>) -> Component {
    let name = at.owned("fileName").unwrap_or_default();
    Component {
        place: at.place.clone(),
        reference: at.owned("SPDXID"),
        kind: "file".to_owned(),
        name: name.strip_prefix("./").map_or(name.clone(), str::to_owned),
        copyright: at
            .owned("copyrightText")
            .filter(|text| text != NOBODY_KNOWS && text != NONE),
        hashes: checksums(at.value),
        ..Component::default()
    }
}

fn kind(purpose: &str) -> &'static str {
    match purpose {
        "APPLICATION" | "INSTALL" => "application",
        "FRAMEWORK" => "framework",
        "CONTAINER" => "container",
        "OPERATING_SYSTEM" | "OPERATING-SYSTEM" => "operating-system",
        "DEVICE" => "device",
        "FIRMWARE" => "firmware",
        "FILE" => "file",
        _ => "library",
    }
}

fn locator(package: &Value, kinds: &[&str]) -> Option<String> {
    let mut listed = package.get("externalRefs")?.as_array()?.iter();
    listed.find_map(|reference| {
        let reference = At::top(reference);
        // Some write the whole address of the type.
        let kind = reference.text("referenceType")?.rsplit('/').next()?;
        kinds.contains(&kind).then(|| reference.owned("referenceLocator"))?
    })
}

fn addresses(at: &At<'_>) -> Vec<Reference> {
    let is_address = |text: &String| text.starts_with("http://") || text.starts_with("https://");
    let named = [("downloadLocation", "distribution"), ("homepage", "website")];
    let address = |(name, kind): (&str, &str)| {
        let url = at.owned(name).filter(is_address)?;
        let (kind, hashes) = (kind.to_owned(), BTreeMap::new());
        Some(Reference { kind, url, hashes })
    };
    named.into_iter().filter_map(address).collect()
}

fn checksums(element: &Value) -> BTreeMap<String, String> {
    let listed = element.get("checksums").and_then(Value::as_array).into_iter().flatten();
    let checksum = |checksum: &Value| {
        let checksum = At::top(checksum);
        let content = checksum.owned("checksumValue")?.to_ascii_lowercase();
        Some((algorithm(checksum.text("algorithm")?), content))
    };
    listed.filter_map(checksum).collect()
}

/// `SHA256` is `SHA-256` in CycloneDX; the names of all others are the same.
fn algorithm(name: &str) -> String {
    match name.strip_prefix("SHA") {
        Some(bits) if bits.bytes().all(|byte| byte.is_ascii_digit()) => format!("SHA-{bits}"),
        _ => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::json;

    use super::*;

    fn document() -> Value {
        json!({
            "SPDXID": "SPDXRef-DOCUMENT", "spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "name": "app",
            "documentNamespace": "https://example.com/app",
            "creationInfo": { "created": "2024-01-01T00:00:00Z", "creators": ["Tool: t-1", "Organization: Example ()"] },
            "packages": [
                { "SPDXID": "SPDXRef-app", "name": "app", "downloadLocation": "NOASSERTION", "primaryPackagePurpose": "APPLICATION" },
                { "SPDXID": "SPDXRef-a", "name": "a", "versionInfo": "1", "downloadLocation": "https://example.com/a.tgz",
                  "supplier": "Person: Ann (ann@example.com)", "licenseDeclared": "MIT", "licenseConcluded": "NOASSERTION",
                  "checksums": [{ "algorithm": "SHA256", "checksumValue": "AB" }],
                  "externalRefs": [{ "referenceCategory": "PACKAGE_MANAGER", "referenceType": "purl", "referenceLocator": "pkg:npm/a@1" }] },
                { "SPDXID": "SPDXRef-b", "name": "b", "downloadLocation": "NONE", "licenseConcluded": "LicenseRef-1" },
            ],
            "files": [{ "SPDXID": "SPDXRef-f", "fileName": "./bin/app", "checksums": [] }],
            "hasExtractedLicensingInfos": [{ "licenseId": "LicenseRef-1", "extractedText": "Do what you want" }],
            "relationships": [
                { "spdxElementId": "SPDXRef-DOCUMENT", "relationshipType": "DESCRIBES", "relatedSpdxElement": "SPDXRef-app" },
                { "spdxElementId": "SPDXRef-app", "relationshipType": "DEPENDS_ON", "relatedSpdxElement": "SPDXRef-a" },
                { "spdxElementId": "SPDXRef-b", "relationshipType": "DEV_DEPENDENCY_OF", "relatedSpdxElement": "SPDXRef-app" },
                { "spdxElementId": "SPDXRef-app", "relationshipType": "CONTAINS", "relatedSpdxElement": "SPDXRef-f" },
                { "spdxElementId": "SPDXRef-a", "relationshipType": "DEPENDS_ON", "relatedSpdxElement": "NONE" },
                { "spdxElementId": "SPDXRef-b", "relationshipType": "DEPENDS_ON", "relatedSpdxElement": "NOASSERTION" },
            ],
        })
    }

    fn read(value: &Value) -> Document {
        Document::read(value.to_string().as_bytes()).unwrap()
    }

    #[test]
    fn packages_and_relationships_are_components_and_needs() {
        let document = read(&document());
        assert_eq!(document.findings, []);
        assert_eq!(
            (document.tools[0].as_str(), document.authors[0].as_str()),
            ("t-1", "Example")
        );
        assert_eq!(document.root().unwrap().name, "app");
        let [app, a, b, f] = [0, 1, 2, 3];
        assert_eq!(document.needs[&app], BTreeSet::from([a, b]));
        assert!(document.needs[&a].is_empty() && document.incomplete.contains(&b));
        let component = &document.components[a];
        assert_eq!(component.purl.as_deref(), Some("pkg:npm/a@1"));
        assert_eq!(component.hashes["SHA-256"], "ab");
        assert_eq!(component.supplier.as_deref(), Some("Ann (ann@example.com)"));
        assert_eq!(component.licence_text().as_deref(), Some("MIT"));
        assert_eq!(component.references[0].kind, "distribution");
        assert_eq!(
            document.components[b].licence_text().as_deref(),
            Some("Do what you want")
        );
        assert_eq!(document.components[b].scope.as_deref(), Some("excluded"));
        assert_eq!(document.components[f].parent, Some(app));
        assert_eq!(document.components[f].name, "bin/app");
    }

    #[test]
    fn what_2_2_describes_is_the_root() {
        let mut older = document();
        older["spdxVersion"] = "SPDX-2.2".into();
        older["documentDescribes"] = json!(["SPDXRef-a"]);
        older["relationships"] = json!([]);
        assert_eq!(read(&older).root().unwrap().name, "a");
    }

    #[test]
    fn a_relationship_to_nothing_is_found() {
        let mut damaged = document();
        damaged["relationships"][1]["relatedSpdxElement"] = "SPDXRef-none".into();
        damaged["packages"][2]["SPDXID"] = "SPDXRef-a".into();
        let codes: Vec<_> = read(&damaged)
            .findings
            .into_iter()
            .map(|finding| finding.code)
            .collect();
        assert_eq!(
            codes,
            [
                "duplicate-reference",
                "dangling-reference",
                "dangling-reference",
                "dangling-reference"
            ]
        );
    }

    #[test]
    fn another_version_is_refused_by_name() {
        let mut newer = document();
        newer["spdxVersion"] = "SPDX-3.0".into();
        let error = Document::read(newer.to_string().as_bytes()).unwrap_err();
        let found = "SPDX-3.0".to_owned();
        assert_eq!(error, Error::UnsupportedDocument { found });
    }
}
