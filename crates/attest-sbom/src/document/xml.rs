//! CycloneDX as XML in, the same in the form of its JSON out.
//!
//! Source: `bom-1.2.xsd` to `bom-1.6.xsd` of the CycloneDX specification.

use std::collections::BTreeSet;

use quick_xml::Reader;
use quick_xml::events::{BytesRef, BytesStart, Event};
use serde_json::{Map, Value, json};

use super::invalid;
use crate::Error;

/// The deepest that elements may be nested. Documents with components in components have some 20.
const MAX_DEPTH: usize = 128;

/// A component has some 20 elements; each takes a hundred bytes of memory, and four in the file.
const MAX_ELEMENTS: usize = 4_000_000;

const NAME_SPACE: &str = "http://cyclonedx.org/schema/bom/";

/// An element without what its name space is called.
#[derive(Default)]
struct Element {
    name: String,
    attributes: Vec<(String, String)>,
    text: String,
    children: Vec<Element>,
}

impl Element {
    fn attribute(&self, name: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }

    fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    fn text(&self) -> Value {
        self.text.trim().into()
    }
}

/// Reads the document. No entity but the five of XML is replaced, and none is declared.
pub(super) fn to_json(bytes: &[u8]) -> Result<Value, Error> {
    let root = tree(bytes)?;
    let version = root.attribute("xmlns").and_then(|space| space.strip_prefix(NAME_SPACE));
    let Some(version) = version.filter(|_| root.name == "bom") else {
        let found = format!("an XML document `{}`", root.name);
        return Err(Error::UnsupportedDocument { found });
    };
    repeated(&root)?;
    let mut bom = Map::new();
    bom.insert("bomFormat".to_owned(), "CycloneDX".into());
    bom.insert("specVersion".to_owned(), version.into());
    if let Some(serial) = root.attribute("serialNumber") {
        bom.insert("serialNumber".to_owned(), serial.into());
    }
    let number = root.attribute("version").and_then(|text| text.parse::<u64>().ok());
    bom.insert("version".to_owned(), number.unwrap_or(1).into());
    for child in &root.children {
        let value = match child.name.as_str() {
            "metadata" => metadata(child),
            "components" => each(child, component),
            "dependencies" => each(child, dependency),
            "compositions" => each(child, composition),
            _ => Value::Null,
        };
        bom.insert(child.name.clone(), value);
    }
    Ok(Value::Object(bom))
}

/// Elements that may hold each of theirs once: of two, a reader would take one.
const WHOLES: &[&str] = &["bom", "metadata", "component"];

/// What such an element may hold several times.
const REPEATED: &[&str] = &["manufacture", "author"];

fn repeated(element: &Element) -> Result<(), Error> {
    let mut names = BTreeSet::new();
    for child in &element.children {
        let is_once = WHOLES.contains(&element.name.as_str()) && !REPEATED.contains(&child.name.as_str());
        if is_once && !names.insert(child.name.as_str()) {
            return Err(invalid(&format_args!(
                "element `{}` stands twice in `{}`",
                child.name, element.name
            )));
        }
        repeated(child)?;
    }
    Ok(())
}

fn tree(bytes: &[u8]) -> Result<Element, Error> {
    tree_of(bytes, MAX_ELEMENTS)
}

fn tree_of(bytes: &[u8], limit: usize) -> Result<Element, Error> {
    let mut count = 0;
    let mut reader = Reader::from_reader(bytes);
    reader.config_mut().check_end_names = true;
    // The last one holds what is being read, the first one the document.
    let mut open = vec![Element::default()];
    loop {
        let event = reader.read_event().map_err(|error| invalid(&error))?;
        count += usize::from(matches!(event, Event::Start(_) | Event::Empty(_)));
        match event {
            Event::Start(start) => {
                if open.len() > MAX_DEPTH {
                    return Err(invalid(&format_args!("elements are nested deeper than {MAX_DEPTH}")));
                }
                open.push(element(&start)?);
            }
            Event::Empty(start) => append(&mut open, element(&start)?),
            Event::End(_) => {
                let closed = open.pop().unwrap_or_default();
                append(&mut open, closed);
            }
            Event::Text(text) => push_text(&mut open, &text.decode().map_err(|error| invalid(&error))?),
            Event::CData(text) => push_text(&mut open, &text.decode().map_err(|error| invalid(&error))?),
            Event::GeneralRef(reference) => push_text(&mut open, &replaced(&reference)?),
            Event::DocType(_) => return Err(invalid(&"expected no document type")),
            Event::Eof => break,
            Event::Decl(_) | Event::Comment(_) | Event::PI(_) => {}
        }
        if count > limit {
            return Err(invalid(&format_args!("there are more than {limit} elements")));
        }
    }
    let mut document = open.pop().unwrap_or_default();
    match (open.is_empty(), document.children.pop()) {
        (true, Some(root)) => Ok(root),
        _ => Err(invalid(&"the document ends within an element")),
    }
}

/// The text of one of the five entities of XML, or of a character by its number.
fn replaced(reference: &BytesRef<'_>) -> Result<String, Error> {
    let name = reference.decode().map_err(|error| invalid(&error))?;
    let character = reference.resolve_char_ref().map_err(|error| invalid(&error))?;
    match (character, quick_xml::escape::resolve_predefined_entity(&name)) {
        (Some(character), _) => Ok(character.to_string()),
        (None, Some(text)) => Ok(text.to_owned()),
        (None, None) => Err(invalid(&format_args!("unknown entity `{name}`"))),
    }
}

fn element(start: &BytesStart<'_>) -> Result<Element, Error> {
    let mut element = Element {
        name: utf8(start.local_name().as_ref())?,
        ..Element::default()
    };
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|error| invalid(&error))?;
        let value = utf8(&attribute.value)?;
        let value = quick_xml::escape::unescape(&value).map_err(|error| invalid(&error))?;
        element
            .attributes
            .push((utf8(attribute.key.as_ref())?, value.into_owned()));
        // A name space with a prefix is the one of the prefix that the element has.
        if let (Some(prefix), Some(declared)) = (start.name().prefix(), attribute.key.as_namespace_binding())
            && declared == quick_xml::name::PrefixDeclaration::Named(prefix.as_ref())
        {
            let value = utf8(&attribute.value)?;
            element.attributes.push(("xmlns".to_owned(), value));
        }
    }
    Ok(element)
}

fn utf8(bytes: &[u8]) -> Result<String, Error> {
    let text = std::str::from_utf8(bytes).map_err(|error| invalid(&error))?;
    Ok(text.to_owned())
}

fn append(open: &mut [Element], element: Element) {
    if let Some(parent) = open.last_mut() {
        parent.children.push(element);
    }
}

fn push_text(open: &mut [Element], text: &str) {
    if let Some(element) = open.last_mut() {
        element.text.push_str(text);
    }
}

fn each(list: &Element, form: impl Fn(&Element) -> Value) -> Value {
    list.children.iter().map(form).collect()
}

fn metadata(element: &Element) -> Value {
    object(element, |child| match child.name.as_str() {
        "timestamp" => child.text(),
        "authors" => each(child, contact),
        "component" => component(child),
        "manufacturer" | "manufacture" | "supplier" => organization(child),
        "licenses" => each(child, licence),
        "lifecycles" => each(child, |phase| object(phase, Element::text)),
        "properties" => each(child, property),
        "tools" => tools(child),
        _ => Value::Null,
    })
}

/// Either tools, or components that are tools.
fn tools(element: &Element) -> Value {
    match element.child("components") {
        Some(components) => json!({ "components": each(components, component) }),
        None => each(element, |tool| object(tool, Element::text)),
    }
}

fn component(element: &Element) -> Value {
    let mut value = object(element, |child| match child.name.as_str() {
        "supplier" | "manufacturer" => organization(child),
        "authors" => each(child, contact),
        "hashes" => each(child, hash),
        "licenses" => each(child, licence),
        "externalReferences" => each(child, reference),
        "properties" => each(child, property),
        "components" => each(child, component),
        "evidence" => evidence(child),
        _ if child.children.is_empty() => child.text(),
        _ => Value::Null,
    });
    for name in ["type", "bom-ref", "mime-type"] {
        if let Some(text) = element.attribute(name) {
            value[name] = text.into();
        }
    }
    value
}

fn evidence(element: &Element) -> Value {
    object(element, |child| match child.name.as_str() {
        "occurrences" => each(child, |place| object(place, Element::text)),
        _ => Value::Null,
    })
}

fn organization(element: &Element) -> Value {
    let contacts = element
        .children
        .iter()
        .filter(|child| child.name == "contact")
        .map(contact);
    let urls = element
        .children
        .iter()
        .filter(|child| child.name == "url")
        .map(Element::text);
    let name = element.child("name").map_or(Value::Null, Element::text);
    json!({ "name": name, "url": urls.collect::<Value>(), "contact": contacts.collect::<Value>() })
}

fn contact(element: &Element) -> Value {
    object(element, Element::text)
}

fn hash(element: &Element) -> Value {
    json!({ "alg": element.attribute("alg"), "content": element.text() })
}

fn licence(element: &Element) -> Value {
    let acknowledgement = element.attribute("acknowledgement");
    if element.name == "expression" {
        return json!({ "expression": element.text(), "acknowledgement": acknowledgement });
    }
    let license = object(element, |child| match child.name.as_str() {
        "id" | "name" | "url" => child.text(),
        _ => Value::Null,
    });
    json!({ "license": license, "acknowledgement": acknowledgement })
}

fn reference(element: &Element) -> Value {
    let url = element.child("url").map_or(Value::Null, Element::text);
    let hashes = element.child("hashes").map_or(json!([]), |hashes| each(hashes, hash));
    json!({ "type": element.attribute("type"), "url": url, "hashes": hashes })
}

fn property(element: &Element) -> Value {
    json!({ "name": element.attribute("name"), "value": element.text() })
}

fn dependency(element: &Element) -> Value {
    let needs = each(element, |child| child.attribute("ref").into());
    json!({ "ref": element.attribute("ref"), "dependsOn": needs })
}

fn composition(element: &Element) -> Value {
    object(element, |child| match child.name.as_str() {
        "aggregate" => child.text(),
        "assemblies" | "dependencies" => each(child, |one| one.attribute("ref").into()),
        _ => Value::Null,
    })
}

fn object(element: &Element, form: impl Fn(&Element) -> Value) -> Value {
    let members = element.children.iter().map(|child| (child.name.clone(), form(child)));
    Value::Object(members.collect())
}

#[cfg(test)]
mod tests {
    use super::super::Document;
    use super::*;

    fn read(body: &str) -> Result<Document, Error> {
        let text = format!(
            "<?xml version=\"1.0\"?>\n<bom xmlns=\"{NAME_SPACE}1.5\" serialNumber=\"urn:uuid:x\" version=\"2\">{body}</bom>"
        );
        Document::read(text.as_bytes())
    }

    #[test]
    fn xml_is_read_like_json() {
        let document = read(
            "<metadata><timestamp>2024-01-01T00:00:00Z</timestamp><tools><tool><name>t</name><version>1</version></tool></tools>\
             <component type=\"application\" bom-ref=\"r\"><name>app</name></component></metadata>\
             <components><component type=\"library\" bom-ref=\"a\"><supplier><name>Ex &amp; Co</name></supplier><name>a</name>\
             <version>1</version><hashes><hash alg=\"SHA-256\">AB</hash></hashes><licenses><license><id>MIT</id></license></licenses>\
             <purl>pkg:cargo/a@1</purl><evidence><occurrences><occurrence><location>x</location></occurrence></occurrences></evidence>\
             <properties><property name=\"n\">v</property></properties></component></components>\
             <dependencies><dependency ref=\"r\"><dependency ref=\"a\"/></dependency><dependency ref=\"a\"/></dependencies>\
             <compositions><composition><aggregate>complete</aggregate><assemblies><assembly ref=\"r\"/></assemblies></composition></compositions>",
        )
        .unwrap();
        assert_eq!(document.findings, []);
        assert_eq!((document.format.as_str(), document.version), ("CycloneDX 1.5", 2));
        assert_eq!(document.tools, ["t 1"]);
        let component = &document.components[1];
        assert_eq!(component.supplier.as_deref(), Some("Ex & Co"));
        assert_eq!(component.hashes["SHA-256"], "ab");
        assert_eq!(component.licence_text().as_deref(), Some("MIT"));
        assert_eq!(component.occurrences, ["x"]);
        assert_eq!(component.properties, [("n".to_owned(), "v".to_owned())]);
        assert!(document.needs[&0].contains(&1) && document.needs[&1].is_empty());
        assert!(document.is_complete);
    }

    #[test]
    fn entities_are_never_declared_and_never_expanded() {
        let bomb = "<!DOCTYPE bom [<!ENTITY a \"aaaa\">]><bom xmlns=\"http://cyclonedx.org/schema/bom/1.4\">&a;</bom>";
        let error = Document::read(bomb.as_bytes()).unwrap_err();
        let reason = "expected no document type".to_owned();
        assert_eq!(error, Error::InvalidDocument { reason });
        let reason = "unknown entity `a`".to_owned();
        assert_eq!(read("&a;").unwrap_err(), Error::InvalidDocument { reason });
    }

    #[test]
    fn an_element_that_stands_twice_hides_the_other() {
        let components = "<components><component type=\"library\"><name>a</name></component></components>";
        assert!(read(components).is_ok());
        let reason = "element `components` stands twice in `bom`".to_owned();
        let error = read(&format!("{components}<components/>")).unwrap_err();
        assert_eq!(error, Error::InvalidDocument { reason });
    }

    #[test]
    fn a_document_of_too_many_elements_is_refused() {
        assert!(tree_of(b"<a><b/><c/></a>", 3).is_ok());
        let reason = "there are more than 2 elements".to_owned();
        let error = tree_of(b"<a><b/><c/></a>", 2).err();
        assert_eq!(error, Some(Error::InvalidDocument { reason }));
    }

    #[test]
    fn a_document_that_ends_too_soon_is_refused() {
        let text = format!("<bom xmlns=\"{NAME_SPACE}1.4\"><components>");
        assert!(matches!(
            Document::read(text.as_bytes()),
            Err(Error::InvalidDocument { .. })
        ));
    }

    #[test]
    fn a_prefix_of_the_name_space_makes_no_difference() {
        let text = format!(
            "<c:bom xmlns:c=\"{NAME_SPACE}1.4\"><c:components><c:component type=\"library\"><c:name>a</c:name></c:component></c:components></c:bom>"
        );
        assert_eq!(Document::read(text.as_bytes()).unwrap().components[0].name, "a");
    }
}
