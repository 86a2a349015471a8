//! A document that was read in, everything that is wrong with it out.

use std::collections::{BTreeMap, HashMap};

use jsonschema::{Retrieve, Uri, Validator};
use packageurl::PackageUrl;
use serde_json::Value;

use crate::document::{Component, Document, Finding, Group};

/// More faults of the form tell nobody more: then it is another kind of file.
const MAX_SCHEMA_FINDINGS: usize = 1000;

/// The official schemas, by the version that a document names.
const SCHEMAS: &[(&str, &str)] = &[
    ("CycloneDX 1.2", include_str!("../schemas/bom-1.2.schema.json")),
    ("CycloneDX 1.3", include_str!("../schemas/bom-1.3.schema.json")),
    ("CycloneDX 1.4", include_str!("../schemas/bom-1.4.schema.json")),
    ("CycloneDX 1.5", include_str!("../schemas/bom-1.5.schema.json")),
    ("CycloneDX 1.6", include_str!("../schemas/bom-1.6.schema.json")),
    ("CycloneDX 1.7", include_str!("../schemas/bom-1.7.schema.json")),
    ("SPDX-2.2", include_str!("../schemas/spdx-2.2.schema.json")),
    ("SPDX-2.3", include_str!("../schemas/spdx-2.3.schema.json")),
];

/// What the schemas refer to.
const PARTS: &[(&str, &str)] = &[
    ("spdx.schema.json", include_str!("../schemas/spdx.schema.json")),
    ("jsf-0.82.schema.json", include_str!("../schemas/jsf-0.82.schema.json")),
    (
        "cryptography-defs.schema.json",
        include_str!("../schemas/cryptography-defs.schema.json"),
    ),
];

impl Document {
    /// Everything that is wrong with it in these respects, in the order of the places.
    #[must_use]
    pub fn validate(&self, groups: &[Group]) -> Vec<Finding> {
        let mut findings: Vec<Finding> = groups.iter().flat_map(|group| self.check(*group)).collect();
        findings.sort();
        findings.dedup();
        findings
    }

    /// Whether there is a schema to hold it to. There is none for XML: its form was checked only as far as it was read.
    #[must_use]
    pub fn has_schema(&self) -> bool {
        !self.value.is_null()
    }

    fn check(&self, group: Group) -> Vec<Finding> {
        match group {
            Group::Schema => self.check_schema(),
            Group::Integrity => {
                let mut findings = self.findings.clone();
                findings.extend(self.check_package_urls());
                findings
            }
            Group::MinimumElements => self.check_minimum_elements(),
        }
    }

    fn check_schema(&self) -> Vec<Finding> {
        let schema = SCHEMAS.iter().find(|(format, _)| *format == self.format);
        let Some((_, schema)) = schema.filter(|_| self.has_schema()) else {
            return Vec::new();
        };
        let validator = validator(schema);
        let faults = validator.iter_errors(&self.value).take(MAX_SCHEMA_FINDINGS);
        let finding = |fault: jsonschema::ValidationError<'_>| {
            let place = fault.instance_path().to_string();
            Finding::new(Group::Schema, "schema", &place, fault.masked().to_string())
        };
        faults.map(finding).collect()
    }

    fn check_package_urls(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        let mut seen: HashMap<&str, &str> = HashMap::new();
        for component in &self.components {
            let Some(purl) = component.purl.as_deref() else {
                continue;
            };
            let place = format!("{}/purl", component.place);
            match purl.parse::<PackageUrl<'_>>() {
                Ok(parsed) => findings.extend(other_version(component, &parsed, &place)),
                Err(error) => {
                    let detail = format!("`{purl}`: {error}");
                    findings.push(Finding::new(Group::Integrity, "invalid-purl", &place, detail));
                }
            }
            match seen.get(purl) {
                Some(first) => {
                    let detail = format!("`{purl}` is listed at {first}, too");
                    findings.push(Finding::new(Group::Integrity, "duplicate-purl", &place, detail));
                }
                None => {
                    seen.insert(purl, &component.place);
                }
            }
        }
        findings
    }

    fn check_minimum_elements(&self) -> Vec<Finding> {
        let missing = |code, place: &str, detail: &str| Finding::new(Group::MinimumElements, code, place, detail);
        let mut findings = Vec::new();
        if self.timestamp.is_none() {
            findings.push(missing("no-timestamp", "", "nobody says when it was made"));
        }
        if self.authors.is_empty() && self.tools.is_empty() {
            findings.push(missing("no-author", "", "nobody says who or what made it"));
        }
        if self.root.is_none() {
            findings.push(missing("no-root", "", "nobody says what it is about"));
        }
        let reached = self.reached();
        for (key, component) in self.components.iter().enumerate() {
            let place = &component.place;
            if component.name.is_empty() {
                findings.push(missing("no-name", place, "the component has no name"));
            }
            if !component.is_file() {
                findings.extend(missing_of(component));
            }
            if !reached[key] {
                findings.push(missing(
                    "no-relationship",
                    place,
                    "nothing that is reached from the root needs or holds it",
                ));
            }
        }
        findings
    }

    /// Which components are reached from the root, by what they need and what they hold.
    fn reached(&self) -> Vec<bool> {
        let mut parts: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (key, component) in self.components.iter().enumerate() {
            if let Some(parent) = component.parent {
                parts.entry(parent).or_default().push(key);
            }
        }
        let mut reached = vec![false; self.components.len()];
        let mut left: Vec<usize> = self.root.into_iter().collect();
        while let Some(key) = left.pop() {
            if !std::mem::replace(&mut reached[key], true) {
                left.extend(self.needs.get(&key).into_iter().flatten());
                left.extend(parts.get(&key).into_iter().flatten());
            }
        }
        reached
    }
}

/// Versions of Debian and of rpm have an epoch, which their package URLs write elsewhere; of an image the version may be its tag,
/// which its package URL has beside the digest.
fn other_version(component: &Component, purl: &PackageUrl<'_>, place: &str) -> Option<Finding> {
    let (said, version) = (component.version.as_deref()?, purl.version()?);
    let without_epoch = said.split_once(':').map_or(said, |(_, rest)| rest);
    let tag = purl.qualifiers().get("tag").filter(|_| purl.ty() == "oci");
    let is_tag = tag.is_some_and(|tag| *tag == said);
    (version != said && version != without_epoch && !is_tag).then(|| {
        let detail = format!("expected version `{said}` of the component, found `{version}`");
        Finding::new(Group::Integrity, "purl-version-differs", place, detail)
    })
}

fn missing_of(component: &Component) -> impl Iterator<Item = Finding> {
    let has_identifier = component.purl.is_some() || component.cpe.is_some();
    let elements = [
        (
            component.supplier.is_some(),
            "no-supplier",
            "nobody says who supplies it",
        ),
        (component.version.is_some(), "no-version", "it has no version"),
        (
            has_identifier,
            "no-identifier",
            "it has neither a package URL nor a CPE",
        ),
    ];
    let place = component.place.clone();
    elements
        .into_iter()
        .filter(|(is_there, ..)| !is_there)
        .map(move |(_, code, detail)| Finding::new(Group::MinimumElements, code, &place, detail))
}

struct Parts;

impl Retrieve for Parts {
    fn retrieve(&self, uri: &Uri<String>) -> Result<Value, Box<dyn std::error::Error + Send + Sync>> {
        let name = uri.as_str().rsplit('/').next().unwrap_or_default();
        let part = PARTS.iter().find(|(known, _)| *known == name);
        let (_, text) = part.ok_or("the schema refers to another one")?;
        Ok(serde_json::from_str(text)?)
    }
}

fn validator(schema: &str) -> Validator {
    let schema: Value = serde_json::from_str(schema).expect("the official schemas are JSON");
    let options = jsonschema::options()
        .with_retriever(Parts)
        .should_validate_formats(true);
    options.build(&schema).expect("the official schemas are schemas")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn good() -> Value {
        json!({
            "bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1,
            "metadata": { "timestamp": "2024-01-01T00:00:00Z", "authors": [{ "name": "Ann" }],
                "component": { "type": "application", "bom-ref": "r", "name": "app", "version": "1",
                    "purl": "pkg:generic/app@1", "supplier": { "name": "Example" } } },
            "components": [{ "type": "library", "bom-ref": "a", "name": "a", "version": "1:2", "purl": "pkg:deb/debian/a@2?epoch=1",
                "supplier": { "name": "Example" } }],
            "dependencies": [{ "ref": "r", "dependsOn": ["a"] }, { "ref": "a" }],
        })
    }

    fn found(value: &Value) -> Vec<(&'static str, String)> {
        let document = Document::read(value.to_string().as_bytes()).unwrap();
        let findings = document.validate(&Group::all());
        findings
            .into_iter()
            .map(|finding| (finding.code, finding.place))
            .collect()
    }

    #[test]
    fn a_good_document_has_no_findings() {
        assert_eq!(found(&good()), []);
    }

    #[test]
    fn each_damage_is_found_where_it_is() {
        type Damage = (fn(&mut Value), &'static str, &'static str);
        let damages: [Damage; 13] = [
            (
                |bom| bom["components"][0]["type"] = "crate".into(),
                "schema",
                "/components/0/type",
            ),
            (
                |bom| bom["metadata"]["timestamp"] = "yesterday".into(),
                "schema",
                "/metadata/timestamp",
            ),
            (
                |bom| bom["components"][0]["invented"] = 1.into(),
                "schema",
                "/components/0",
            ),
            (
                |bom| bom["dependencies"][0]["dependsOn"][0] = "b".into(),
                "dangling-reference",
                "/dependencies/0/dependsOn/0",
            ),
            (
                |bom| bom["components"][0]["bom-ref"] = "r".into(),
                "duplicate-reference",
                "/components/0",
            ),
            (
                |bom| bom["components"][0]["purl"] = "npm/a".into(),
                "invalid-purl",
                "/components/0/purl",
            ),
            (
                |bom| bom["components"][0]["purl"] = "pkg:generic/app@1".into(),
                "duplicate-purl",
                "/components/0/purl",
            ),
            (
                |bom| bom["components"][0]["version"] = "3".into(),
                "purl-version-differs",
                "/components/0/purl",
            ),
            (
                |bom| remove(&mut bom["components"][0], "supplier"),
                "no-supplier",
                "/components/0",
            ),
            (
                |bom| remove(&mut bom["components"][0], "version"),
                "no-version",
                "/components/0",
            ),
            (
                |bom| remove(&mut bom["components"][0], "purl"),
                "no-identifier",
                "/components/0",
            ),
            (
                |bom| bom["dependencies"][0]["dependsOn"] = json!([]),
                "no-relationship",
                "/components/0",
            ),
            (|bom| remove(&mut bom["metadata"], "timestamp"), "no-timestamp", ""),
        ];
        for (damage, code, place) in damages {
            let mut bom = good();
            damage(&mut bom);
            let findings = found(&bom);
            assert!(
                findings.contains(&(code, place.to_owned())),
                "{code} at {place}: {findings:?}"
            );
        }
    }

    fn remove(value: &mut Value, name: &str) {
        value.as_object_mut().unwrap().remove(name);
    }

    #[test]
    fn the_version_of_an_image_is_its_digest_or_its_tag() {
        let mut bom = good();
        let component = &mut bom["components"][0];
        component["purl"] = "pkg:oci/a@sha256:00?tag=1.25".into();
        for (version, expected) in [
            ("sha256:00", &[][..]),
            ("1.25", &[]),
            ("1.26", &["purl-version-differs"]),
        ] {
            bom["components"][0]["version"] = version.into();
            let codes: Vec<_> = found(&bom).into_iter().map(|(code, _)| code).collect();
            assert_eq!(codes, expected, "{version}");
        }
    }

    #[test]
    fn only_what_is_asked_for_is_checked() {
        let mut bom = good();
        bom["components"][0]["type"] = "crate".into();
        bom["components"][0]["purl"] = "npm/a".into();
        remove(&mut bom["metadata"], "timestamp");
        let document = Document::read(bom.to_string().as_bytes()).unwrap();
        for (group, code) in [
            (Group::Schema, "schema"),
            (Group::Integrity, "invalid-purl"),
            (Group::MinimumElements, "no-timestamp"),
        ] {
            let codes: Vec<_> = document
                .validate(&[group])
                .into_iter()
                .map(|finding| finding.code)
                .collect();
            assert_eq!(codes, [code]);
        }
    }

    #[test]
    fn every_schema_is_one_and_says_no() {
        for (format, schema) in SCHEMAS {
            assert!(
                !validator(schema).is_valid(&json!({ "components": 1, "packages": 1 })),
                "{format}"
            );
        }
    }
}
