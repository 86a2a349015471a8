//! One document in every format, read back: nothing is lost but what is said to be.

use attest_sbom::document::{Component, Document, Group, Licence};
use attest_sbom::{Bom, Error, Format, Metadata, Subject, cargo};
use serde_json::Value;

use crate::records::{file, metadata, package, records, subject, with_metadata};

fn bom() -> Bom {
    let files = vec![file("bin/a"), file("bin/b")];
    cargo::document(&records(), &Subject { files, ..subject() }, &metadata()).unwrap()
}

fn read(bom: &Bom, format: Format) -> Document {
    Document::read(&bom.write(format).unwrap()).unwrap()
}

/// The components by what all formats have of them.
fn components(document: &Document) -> Vec<Component> {
    let mut components = document.components.clone();
    for component in &mut components {
        for Licence { acknowledgement, .. } in &mut component.licences {
            *acknowledgement = None;
        }
        component.authors = vec![component.authors.join(", ")];
        component.references.sort();
    }
    components
}

#[test]
fn every_version_of_cyclonedx_says_the_same_of_every_component() {
    let bom = bom();
    let newest = read(&bom, Format::CycloneDx16);
    assert!(newest.findings.is_empty() && newest.left_out.is_empty());
    for format in [
        Format::CycloneDx15,
        Format::CycloneDx17,
        Format::CycloneDx14,
        Format::CycloneDxXml15,
        Format::CycloneDxXml14,
    ] {
        let other = read(&bom, format);
        assert_eq!(other.findings, [], "{format}");
        assert_eq!(components(&other), components(&newest), "{format}");
        assert_eq!((&other.needs, other.root), (&newest.needs, newest.root), "{format}");
        assert_eq!(other.incomplete, newest.incomplete, "{format}");
        assert_eq!(other.is_complete, newest.is_complete, "{format}");
        assert_eq!(other.identity, newest.identity, "{format}");
        assert_eq!(other.timestamp, newest.timestamp, "{format}");
        assert_eq!(other.authors, newest.authors, "{format}");
        assert_eq!(other.tools, newest.tools, "{format}");
    }
}

#[test]
fn xml_says_what_json_of_its_version_says() {
    let bom = bom();
    for (xml, json) in [
        (Format::CycloneDxXml14, Format::CycloneDx14),
        (Format::CycloneDxXml15, Format::CycloneDx15),
    ] {
        let (xml, json) = (read(&bom, xml), read(&bom, json));
        assert_eq!(xml.components, json.components);
        assert_eq!(xml.phases, json.phases);
        assert_eq!(xml.left_out, json.left_out);
    }
}

#[test]
fn spdx_says_the_same_of_packages_and_needs() {
    let bom = bom();
    let (ours, spdx) = (read(&bom, Format::CycloneDx16), read(&bom, Format::Spdx23));
    assert_eq!(spdx.findings, []);
    assert_eq!((&spdx.needs, spdx.root), (&ours.needs, ours.root));
    assert_eq!(spdx.incomplete, ours.incomplete);
    for (theirs, ours) in spdx.components.iter().zip(&ours.components) {
        assert_eq!(theirs.name, ours.full_name());
        assert_eq!(theirs.version, ours.version);
        assert_eq!(theirs.purl, ours.purl);
        assert_eq!(theirs.hashes, ours.hashes);
        assert_eq!(theirs.parent, ours.parent);
        assert_eq!(theirs.licence_text(), ours.licence_text());
        let is_excluded = |component: &Component| component.scope.as_deref() == Some("excluded");
        assert_eq!(is_excluded(theirs), is_excluded(ours));
    }
}

#[test]
fn every_format_is_the_same_each_time_and_has_no_findings_of_form() {
    for format in Format::all() {
        let bytes = bom().write(format).unwrap();
        assert_eq!(bytes, bom().write(format).unwrap());
        let document = Document::read(&bytes).unwrap();
        assert_eq!(document.validate(&[Group::Schema, Group::Integrity]), [], "{format}");
    }
}

#[test]
fn a_licence_that_is_no_expression_has_a_name_of_its_own_in_spdx() {
    let records = with_metadata(|metadata| package(metadata, "cfg-if")["license"] = "Ours \u{e9}".into());
    let bom = cargo::document(&records, &subject(), &Metadata::default()).unwrap();
    let spdx = read(&bom, Format::Spdx23);
    assert_eq!(spdx.validate(&[Group::Schema, Group::Integrity]), []);
    let texts: Vec<_> = spdx.components.iter().filter_map(Component::licence_text).collect();
    assert!(texts.contains(&"Ours \u{e9}".to_owned()), "{texts:?}");
}

#[test]
fn a_licence_that_is_in_no_list_is_declared_in_spdx() {
    let records = with_metadata(|metadata| {
        package(metadata, "cfg-if")["license"] = "mit AND LicenseRef-1".into();
        package(metadata, "blake3")["license"] = "Ours".into();
    });
    let bom = cargo::document(&records, &subject(), &Metadata::default()).unwrap();
    let spdx = read(&bom, Format::Spdx23);
    assert_eq!(spdx.validate(&[Group::Schema, Group::Integrity]), []);
    let texts: Vec<_> = spdx.components.iter().filter_map(Component::licence_text).collect();
    for text in ["MIT AND LicenseRef-1", "Ours"] {
        assert!(texts.contains(&text.to_owned()), "{texts:?}");
    }
    let written: Value = serde_json::from_slice(&bom.write(Format::Spdx23).unwrap()).unwrap();
    let declared = written["hasExtractedLicensingInfos"].as_array().unwrap();
    let ids: Vec<_> = declared.iter().map(|one| one["licenseId"].as_str().unwrap()).collect();
    assert_eq!(ids, ["LicenseRef-2", "LicenseRef-1"]);
}

#[test]
fn what_cannot_stand_in_xml_is_refused() {
    let records = with_metadata(|metadata| package(metadata, "cfg-if")["description"] = "a \u{1} b".into());
    let bom = cargo::document(&records, &subject(), &Metadata::default()).unwrap();
    let reason = "the character '\\u{1}' cannot stand in XML".to_owned();
    assert_eq!(bom.write(Format::CycloneDxXml15), Err(Error::Unwritable { reason }));
    assert!(bom.write(Format::CycloneDx15).is_ok());
}
