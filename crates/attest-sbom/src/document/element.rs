use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{Finding, Licence, Reference, Terms};

/// A value, and where it stands.
pub(super) struct At<'a> {
    pub(super) value: &'a Value,
    pub(super) place: String,
}

/// The finding about a member of a type that it cannot have.
pub(super) const WRONG_TYPE: &str = "wrong-type";

/// The members that an object may have, by their types.
pub(super) struct Form {
    pub(super) lists: &'static [&'static str],
    pub(super) objects: &'static [&'static str],
    pub(super) texts: &'static [&'static str],
}

type IsType = fn(&Value) -> bool;

impl<'a> At<'a> {
    pub(super) fn new(value: &'a Value, place: &str) -> Self {
        let place = place.to_owned();
        Self { value, place }
    }

    pub(super) fn top(value: &'a Value) -> Self {
        Self::new(value, "")
    }

    pub(super) fn text(&self, name: &str) -> Option<&'a str> {
        self.value.get(name)?.as_str()
    }

    /// A text that says something.
    pub(super) fn owned(&self, name: &str) -> Option<String> {
        self.text(name).filter(|text| !text.is_empty()).map(str::to_owned)
    }

    /// What is not of the type that its name says: nothing of it is read, and it may hide anything.
    pub(super) fn wrong_types(&self, form: &Form) -> Vec<Finding> {
        let types: [(_, _, IsType); 3] = [
            (form.lists, "a list", Value::is_array),
            (form.objects, "an object", Value::is_object),
            (form.texts, "a text", Value::is_string),
        ];
        let mut findings = Vec::new();
        for (names, expected, is_type) in types {
            for name in names {
                if self.value.get(*name).is_some_and(|value| !is_type(value)) {
                    let place = format!("{}/{name}", self.place);
                    findings.push(Finding::broken(WRONG_TYPE, &place, format!("expected {expected}")));
                }
            }
        }
        findings
    }

    /// Notes the names of members that are not taken.
    pub(super) fn note_others(&self, taken: &[&str], left_out: &mut BTreeSet<String>) {
        for name in self.value.as_object().into_iter().flat_map(|object| object.keys()) {
            if !taken.contains(&name.as_str()) && !left_out.contains(name) {
                left_out.insert(name.clone());
            }
        }
    }
}

/// The name of an organization, or of whoever it names to be asked.
pub(super) fn name_of(organization: &Value) -> Option<String> {
    let organization = At::top(organization);
    let contact = || contacts(organization.value.get("contact")).into_iter().next();
    organization.owned("name").or_else(contact)
}

/// People, as `Name <mail>`, or whichever of the two there is.
pub(super) fn contacts(list: Option<&Value>) -> Vec<String> {
    let contact = |contact: &Value| {
        let contact = At::top(contact);
        match (contact.owned("name"), contact.owned("email")) {
            (Some(name), Some(email)) => Some(format!("{name} <{email}>")),
            (one, other) => one.or(other),
        }
    };
    let list = list.and_then(Value::as_array).into_iter().flatten();
    list.filter_map(contact).collect()
}

pub(super) fn hashes(list: Option<&Value>) -> BTreeMap<String, String> {
    let hash = |hash: &Value| {
        let hash = At::top(hash);
        Some((hash.owned("alg")?, hash.owned("content")?.to_ascii_lowercase()))
    };
    let list = list.and_then(Value::as_array).into_iter().flatten();
    list.filter_map(hash).collect()
}

pub(super) fn references(list: Option<&Value>) -> Vec<Reference> {
    let reference = |value: &Value| {
        let reference = At::top(value);
        Some(Reference {
            kind: reference.owned("type")?,
            url: reference.owned("url")?,
            hashes: hashes(value.get("hashes")),
        })
    };
    let list = list.and_then(Value::as_array).into_iter().flatten();
    list.filter_map(reference).collect()
}

/// The entries of a list of licences that say none: nobody could tell what they hide.
pub(super) fn no_licences(list: Option<&Value>, place: &str) -> Vec<Finding> {
    let entries = list.and_then(Value::as_array).into_iter().flatten().enumerate();
    let broken = entries.filter(|(_, entry)| licence(entry).is_none());
    let finding = |(index, _)| {
        let place = format!("{place}/licenses/{index}");
        Finding::broken(WRONG_TYPE, &place, "expected an identifier, a name or an expression")
    };
    broken.map(finding).collect()
}

pub(super) fn licences(list: Option<&Value>) -> Vec<Licence> {
    let list = list.and_then(Value::as_array).into_iter().flatten();
    list.filter_map(licence).collect()
}

fn licence(choice: &Value) -> Option<Licence> {
    let choice = At::top(choice);
    let license = At::top(choice.value.get("license").unwrap_or(&Value::Null));
    let expression = choice.owned("expression").or_else(|| license.owned("id"));
    let terms = match expression {
        Some(text) => Terms::Expression(text),
        None => Terms::Name(license.owned("name")?),
    };
    let acknowledgement = choice
        .owned("acknowledgement")
        .or_else(|| license.owned("acknowledgement"));
    Some(Licence { terms, acknowledgement })
}
