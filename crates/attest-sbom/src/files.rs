//! Measured files in, a document that says how little is known of them out.

use crate::bom::Content;
use crate::cyclonedx::{Aggregate, Component, ComponentKind, Composition, Dependency, Phase, Property};
use crate::{Bom, Error, File, Metadata, purl};

/// The thing that the files belong to.
#[derive(Debug, Clone)]
pub struct Product {
    /// Its name.
    pub name: String,
    /// Its version, if it has one.
    pub version: Option<String>,
}

/// Lists files that were built elsewhere: name, size, digests. What is inside them is stated to be unknown.
///
/// # Errors
/// [`Error::NothingToList`] without files, [`Error::DuplicateFile`], or [`Error::InvalidPurl`] for an empty name.
pub fn document(product: &Product, files: &[File], metadata: &Metadata) -> Result<Bom, Error> {
    if files.is_empty() {
        return Err(Error::NothingToList);
    }
    let purl = purl::generic(&product.name, product.version.as_deref())?;
    let components: Vec<_> = File::sorted(files)?
        .into_iter()
        .map(|file| file.component(&purl))
        .collect();
    let references: Vec<_> = components
        .iter()
        .filter_map(|component| component.bom_ref.clone())
        .collect();
    let content = Content {
        phase: Phase::PostBuild,
        root: root(product, &purl),
        components,
        dependencies: vec![Dependency {
            reference: purl,
            depends_on: references.clone(),
        }],
        compositions: vec![unknown(references)],
        properties: vec![Property {
            name: "attest:basis",
            value: "files".to_owned(),
        }],
    };
    Ok(Bom::new(content, metadata))
}

fn root(product: &Product, purl: &str) -> Component {
    Component {
        bom_ref: Some(purl.to_owned()),
        version: product.version.clone(),
        purl: Some(purl.to_owned()),
        ..Component::new(ComponentKind::Application, product.name.as_str())
    }
}

/// Neither the insides of the files nor what they need is known.
fn unknown(references: Vec<String>) -> Composition {
    Composition {
        aggregate: Aggregate::Unknown,
        assemblies: references.clone(),
        dependencies: references,
    }
}

#[cfg(test)]
mod tests {
    use attest_digest::{Algorithms, Measured};

    use super::*;
    use crate::About;

    fn product() -> Product {
        Product {
            name: "app".to_owned(),
            version: Some("1.0.0".to_owned()),
        }
    }

    fn file(name: &str) -> File {
        let algorithms: Algorithms = "sha256,sha512".parse().unwrap();
        File::new(name, Measured::of_bytes(name.as_bytes(), &algorithms)).unwrap()
    }

    #[test]
    fn nothing_to_list_is_an_error_and_never_an_empty_document() {
        assert_eq!(
            document(&product(), &[], &Metadata::default()).unwrap_err(),
            Error::NothingToList
        );
    }

    #[test]
    fn two_files_of_one_name_are_rejected() {
        let error = document(&product(), &[file("a"), file("a")], &Metadata::default()).unwrap_err();
        assert_eq!(error, Error::DuplicateFile { name: "a".into() });
    }

    #[test]
    fn the_order_of_files_does_not_matter_and_their_insides_are_unknown() {
        let one = document(&product(), &[file("a"), file("b")], &Metadata::default()).unwrap();
        let two = document(&product(), &[file("b"), file("a")], &Metadata::default()).unwrap();
        assert_eq!(one.to_json(), two.to_json());
        assert!(!one.is_complete());
        let json: serde_json::Value = serde_json::from_slice(&one.to_json()).unwrap();
        assert_eq!(json["compositions"][0]["aggregate"], "unknown");
        assert_eq!(json["components"][1]["bom-ref"], "pkg:generic/app@1.0.0#b");
        assert_eq!(json["components"][1]["hashes"][1]["alg"], "SHA-512");
    }

    #[test]
    fn what_a_project_says_of_itself_stands_at_the_root() {
        let metadata = Metadata {
            about: About {
                description: Some("Counts things".to_owned()),
                license: Some("Apache-2.0 OR MIT".to_owned()),
                repository: Some("https://user:secret@example.com/app".to_owned()),
                project: None,
            },
            ..Metadata::default()
        };
        let root = |metadata: &Metadata| {
            let document = document(&product(), &[file("a")], metadata).unwrap();
            let json: serde_json::Value = serde_json::from_slice(&document.to_json()).unwrap();
            json["metadata"]["component"].clone()
        };
        let said = root(&metadata);
        assert_eq!(said["description"], "Counts things");
        assert_eq!(said["licenses"][0]["expression"], "Apache-2.0 OR MIT");
        assert_eq!(
            said["externalReferences"],
            serde_json::json!([{"type": "vcs", "url": "https://example.com/app"}])
        );
        let unsaid = root(&Metadata::default());
        for name in ["description", "licenses", "externalReferences"] {
            assert!(unsaid.get(name).is_none(), "{name} in {unsaid}");
        }
    }
}
