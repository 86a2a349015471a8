//! A document that anybody wrote in, what it says out: CycloneDX 1.2 to 1.7 as JSON, 1.2 to 1.6 as XML, SPDX 2.2 and 2.3 as
//! JSON.
//!
//! The reader takes what it understands, names what it leaves out, and writes down everything that is wrong with it as a
//! [`Finding`], so that one damaged component hides no other.

mod cyclonedx;
mod element;
mod finding;
mod json;
mod spdx;
mod spdx_licences;
mod xml;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::Error;
pub use finding::{Finding, Group};

/// The longest document that is read. The largest that registries and logs were seen to be handed have 50 MB.
pub const MAX_BYTES: usize = 64 << 20;

/// The most components of a document: an image with every file listed has some 100,000.
const MAX_COMPONENTS: usize = 1_000_000;

/// What a document says.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Document {
    /// The specification and its version: `CycloneDX 1.6`, `SPDX-2.3`.
    pub format: String,
    /// The serial number, or the name space of an SPDX document.
    pub identity: Option<String>,
    /// The version of the document itself.
    pub version: u64,
    /// The moment that it stands for, as it is written.
    pub timestamp: Option<String>,
    /// Who made it: people and organizations.
    pub authors: Vec<String>,
    /// What made it.
    pub tools: Vec<String>,
    /// In which phases of its life the thing was looked at.
    pub phases: Vec<String>,
    /// What it is about, as a place in [`Document::components`].
    pub root: Option<usize>,
    /// Every component, the root and those inside of others too.
    pub components: Vec<Component>,
    /// What each needs; a component without an entry needs nobody knows what.
    pub needs: BTreeMap<usize, BTreeSet<usize>>,
    /// The components of which it is said that not all of their needs are listed, or whose needs lead to nothing or may be those of
    /// another one.
    pub incomplete: BTreeSet<usize>,
    /// Whether it says of itself that it is complete.
    pub is_complete: bool,
    /// What is wrong with it.
    pub findings: Vec<Finding>,
    /// The names of what it holds and is not taken.
    pub left_out: BTreeSet<String>,
    /// The JSON that it is, for the schema.
    pub(crate) value: Value,
}

/// One component of a [`Document`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Component {
    /// Where it stands in its document.
    pub place: String,
    /// The name by which others of the document refer to it.
    pub reference: Option<String>,
    /// What it is, in the words of CycloneDX.
    pub kind: String,
    /// What its name belongs to.
    pub group: Option<String>,
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: Option<String>,
    /// Its package URL.
    pub purl: Option<String>,
    /// Its name in the list of platforms of NVD.
    pub cpe: Option<String>,
    /// Who hands it out.
    pub supplier: Option<String>,
    /// Who wrote it.
    pub authors: Vec<String>,
    /// `required`, `optional` or `excluded`; `required` where nothing is said.
    pub scope: Option<String>,
    /// What it is, in a sentence.
    pub description: Option<String>,
    /// Who owns it.
    pub copyright: Option<String>,
    /// Its licences: all of them hold at once.
    pub licences: Vec<Licence>,
    /// Its digests in hexadecimal, by the names that CycloneDX has for algorithms.
    pub hashes: BTreeMap<String, String>,
    /// Addresses about it.
    pub references: Vec<Reference>,
    /// Where it was found.
    pub occurrences: Vec<String>,
    /// Anything else, by name.
    pub properties: Vec<(String, String)>,
    /// What it is a part of.
    pub parent: Option<usize>,
}

/// One licence of a [`Component`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Licence {
    /// What it says.
    pub terms: Terms,
    /// `declared` or `concluded`.
    pub acknowledgement: Option<String>,
}

/// What a licence says.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Terms {
    /// Identifiers of the SPDX list, alone or joined.
    Expression(String),
    /// Any other words.
    Name(String),
}

impl Terms {
    /// The words.
    #[must_use]
    pub fn text(&self) -> &str {
        match self {
            Self::Expression(text) | Self::Name(text) => text,
        }
    }
}

/// An address about a [`Component`].
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reference {
    /// What is to be found there, in the words of CycloneDX.
    pub kind: String,
    /// Where.
    pub url: String,
    /// The digests of what is there, as those of a [`Component`].
    pub hashes: BTreeMap<String, String>,
}

impl Component {
    /// `group/name`, or the name alone.
    #[must_use]
    pub fn full_name(&self) -> String {
        match &self.group {
            Some(group) => format!("{group}/{}", self.name),
            None => self.name.clone(),
        }
    }

    /// The licences that count: the concluded ones where there are any, since somebody looked.
    #[must_use]
    pub fn effective_licences(&self) -> Vec<&Licence> {
        let is_concluded = |licence: &&Licence| licence.acknowledgement.as_deref() == Some("concluded");
        let concluded: Vec<&Licence> = self.licences.iter().filter(is_concluded).collect();
        match concluded.is_empty() {
            true => self.licences.iter().collect(),
            false => concluded,
        }
    }

    /// The licences that count in one text, if there are any.
    #[must_use]
    pub fn licence_text(&self) -> Option<String> {
        let licences = self.effective_licences();
        let is_joined = |text: &str| licences.len() > 1 && text.contains(" OR ");
        let texts = licences.iter().map(|licence| match licence.terms.text() {
            text if is_joined(text) => format!("({text})"),
            text => text.to_owned(),
        });
        let texts: Vec<String> = texts.collect();
        (!texts.is_empty()).then(|| texts.join(" AND "))
    }

    /// Whether it is a file or a system rather than a package.
    #[must_use]
    pub fn is_file(&self) -> bool {
        matches!(self.kind.as_str(), "file" | "operating-system")
    }
}

impl Document {
    /// Reads a document of any format that is known.
    ///
    /// # Errors
    /// [`Error::TooLarge`] above [`MAX_BYTES`], [`Error::InvalidDocument`] for what is neither JSON nor XML, and
    /// [`Error::UnsupportedDocument`] for what is no document, or one of another version.
    pub fn read(bytes: &[u8]) -> Result<Self, Error> {
        if bytes.len() > MAX_BYTES {
            return Err(Error::TooLarge {
                what: "document",
                limit: MAX_BYTES,
                found: bytes.len(),
            });
        }
        let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
        if bytes.trim_ascii_start().starts_with(b"<") {
            return cyclonedx::read(xml::to_json(bytes)?, false);
        }
        let value = json::value(bytes).map_err(|error| invalid(&error))?;
        let has = |name: &str| value.get(name).is_some_and(Value::is_string);
        match (has("bomFormat") || has("specVersion"), has("spdxVersion")) {
            (true, false) => cyclonedx::read(value, true),
            (false, true) => spdx::read(value),
            _ => Err(Error::UnsupportedDocument {
                found: "another file".to_owned(),
            }),
        }
    }

    /// Reads a document from which a conclusion is to be drawn: one of which a part cannot be read is refused, since what it hides
    /// would be taken for what is not there.
    ///
    /// # Errors
    /// Those of [`Document::read`], and [`Error::InvalidDocument`] for a component that is none, or a member of another type.
    pub fn read_whole(bytes: &[u8]) -> Result<Self, Error> {
        let document = Self::read(bytes)?;
        let is_hiding = |finding: &&Finding| matches!(finding.code, element::WRONG_TYPE | "no-component");
        match document.findings.iter().find(is_hiding) {
            Some(finding) => Err(invalid(&format_args!("{} at {}", finding.detail, finding.place))),
            None => Ok(document),
        }
    }

    /// What it is about, if it says so.
    #[must_use]
    pub fn root(&self) -> Option<&Component> {
        self.components.get(self.root?)
    }

    /// The components beside the root.
    pub fn listed(&self) -> impl Iterator<Item = &Component> {
        let places = self.components.iter().enumerate();
        places
            .filter(|(place, _)| Some(*place) != self.root)
            .map(|(_, component)| component)
    }

    fn find(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    fn add(&mut self, component: Component) -> Result<usize, Error> {
        if self.components.len() == MAX_COMPONENTS {
            return Err(Error::UnsupportedDocument {
                found: format!("more than {MAX_COMPONENTS} components"),
            });
        }
        self.components.push(component);
        Ok(self.components.len() - 1)
    }
}

fn invalid(error: &dyn std::fmt::Display) -> Error {
    Error::InvalidDocument {
        reason: error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_no_document_is_refused() {
        for text in ["", "{", "<", "<bom", "[1]x"] {
            let error = Document::read(text.as_bytes()).unwrap_err();
            assert!(matches!(error, Error::InvalidDocument { .. }), "{text}: {error}");
        }
        for text in ["{}", "[]", "1", "null", "{\"bomFormat\":1}", "<html/>"] {
            let error = Document::read(text.as_bytes()).unwrap_err();
            assert!(matches!(error, Error::UnsupportedDocument { .. }), "{text}: {error}");
        }
    }

    #[test]
    fn a_document_of_which_a_part_cannot_be_read_says_nothing() {
        let cyclonedx = r#""bomFormat":"CycloneDX","specVersion":"1.6""#;
        let spdx = r#""spdxVersion":"SPDX-2.3""#;
        for (marks, members, reason) in [
            (cyclonedx, r#""components":{"a":1}"#, "expected a list at /components"),
            (cyclonedx, r#""components":"x""#, "expected a list at /components"),
            (cyclonedx, r#""components":null"#, "expected a list at /components"),
            (cyclonedx, r#""components":[1]"#, "expected an object at /components/0"),
            (
                cyclonedx,
                r#""metadata":{"component":[]}"#,
                "expected an object at /metadata/component",
            ),
            (
                cyclonedx,
                r#""components":[{"name":"a","components":{}}]"#,
                "expected a list at /components/0/components",
            ),
            (
                cyclonedx,
                r#""components":[{"name":"a","purl":["pkg:npm/a@1"]}]"#,
                "expected a text at /components/0/purl",
            ),
            (
                cyclonedx,
                r#""components":[{"name":"a","licenses":[{"expression":"MIT"},{"license":{"id":1}}]}]"#,
                "expected an identifier, a name or an expression at /components/0/licenses/1",
            ),
            (spdx, r#""packages":{}"#, "expected a list at /packages"),
            (spdx, r#""packages":["a"]"#, "expected an object at /packages/0"),
            (
                spdx,
                r#""packages":[{"SPDXID":"SPDXRef-a","name":"a","licenseDeclared":["MIT"]}]"#,
                "expected a text at /packages/0/licenseDeclared",
            ),
        ] {
            let text = format!("{{{marks},{members}}}");
            assert!(!Document::read(text.as_bytes()).unwrap().findings.is_empty(), "{text}");
            let reason = reason.to_owned();
            let error = Document::read_whole(text.as_bytes()).unwrap_err();
            assert_eq!(error, Error::InvalidDocument { reason }, "{text}");
        }
        let text = format!(r#"{{{cyclonedx},"components":[{{"name":"a","licenses":[]}}]}}"#);
        assert!(Document::read_whole(text.as_bytes()).is_ok());
    }

    #[test]
    fn a_document_that_is_both_is_neither() {
        let text = r#"{"bomFormat":"CycloneDX","specVersion":"1.6","spdxVersion":"SPDX-2.3"}"#;
        let found = "another file".to_owned();
        assert_eq!(
            Document::read(text.as_bytes()).unwrap_err(),
            Error::UnsupportedDocument { found }
        );
    }

    #[test]
    fn a_document_above_the_limit_is_refused_unread() {
        let error = Document::read(&vec![b' '; MAX_BYTES + 1]).unwrap_err();
        assert!(matches!(error, Error::TooLarge { limit: MAX_BYTES, .. }));
    }

    #[test]
    fn a_document_that_is_nested_without_end_is_refused() {
        let deep = format!("{{\"bomFormat\":{}", "[".repeat(100_000));
        assert!(matches!(
            Document::read(deep.as_bytes()),
            Err(Error::InvalidDocument { .. })
        ));
        let deep = "<a>".repeat(100_000);
        assert!(matches!(
            Document::read(deep.as_bytes()),
            Err(Error::InvalidDocument { .. })
        ));
    }

    #[test]
    fn a_concluded_licence_counts_before_a_declared_one() {
        let licence = |text: &str, acknowledgement: &str| Licence {
            terms: Terms::Expression(text.to_owned()),
            acknowledgement: Some(acknowledgement.to_owned()),
        };
        let mut component = Component {
            licences: vec![licence("MIT OR Zlib", "declared"), licence("ISC", "declared")],
            ..Component::default()
        };
        assert_eq!(component.licence_text().as_deref(), Some("(MIT OR Zlib) AND ISC"));
        component.licences.push(licence("BSD-3-Clause", "concluded"));
        assert_eq!(component.licence_text().as_deref(), Some("BSD-3-Clause"));
    }

    /// Any JSON below the marks of a document.
    fn anything() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            "[a-z:/@.%-]{0,12}".prop_map(Value::from),
        ];
        let names = prop::sample::select(vec![
            "components",
            "metadata",
            "component",
            "type",
            "bom-ref",
            "name",
            "version",
            "purl",
            "licenses",
            "license",
            "id",
            "expression",
            "hashes",
            "alg",
            "content",
            "dependencies",
            "ref",
            "dependsOn",
            "compositions",
            "aggregate",
            "SPDXID",
            "packages",
            "relationships",
            "spdxElementId",
            "relatedSpdxElement",
            "relationshipType",
            "externalRefs",
            "checksums",
        ]);
        leaf.prop_recursive(5, 64, 6, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::vec((names.clone(), inner), 0..6).prop_map(|members| {
                    let members = members.into_iter().map(|(name, value)| (name.to_owned(), value));
                    Value::Object(members.collect())
                }),
            ]
        })
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = Document::read(&bytes);
        }

        #[test]
        fn no_document_makes_the_reader_panic(value in anything(), is_spdx in any::<bool>()) {
            let mut document = value;
            if let Some(members) = document.as_object_mut() {
                let (name, version) = if is_spdx { ("spdxVersion", "SPDX-2.3") } else { ("specVersion", "1.6") };
                members.insert(name.to_owned(), version.into());
                prop_assert!(Document::read(document.to_string().as_bytes()).is_ok());
            }
        }

        #[test]
        fn no_xml_makes_the_reader_panic(text in "(<[/!?]?[a-z]{0,3}( [a-z]=\"[a-z&;]{0,3}\")?/?>|[a-z&;]{0,3}){0,20}") {
            let _ = Document::read(format!("<bom xmlns=\"http://cyclonedx.org/schema/bom/1.4\">{text}</bom>").as_bytes());
        }
    }
}
