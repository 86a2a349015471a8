use serde_json::{Value, json};

use super::{Change, Donors, Random, To, encoded, number};

/// Every change of every node.
pub(super) fn changes(document: &Value, donors: Donors<'_>, random: &mut Random) -> Vec<Change> {
    let mut all = Vec::new();
    for pointer in pointers(document) {
        let Some(node) = document.pointer(&pointer) else {
            continue;
        };
        all.extend(of_any(&pointer, node));
        all.extend(from_donors(&pointer, node, donors));
        match node {
            Value::Object(_) => all.push(Change::new(
                "unknown field",
                &format!("{pointer}/unknownField"),
                To::Beside(json!(1)),
            )),
            Value::Array(list) => all.extend(of_list(&pointer, list, donors)),
            Value::Number(found) => all.extend(number::of_number(&pointer, found)),
            Value::String(text) => {
                all.extend(number::of_text(&pointer, text));
                all.extend(encoded::of_text(&pointer, text, random));
            }
            Value::Null | Value::Bool(_) => {}
        }
    }
    all
}

/// A JSON pointer to every node but the document itself, parents first.
fn pointers(document: &Value) -> Vec<String> {
    let mut all = Vec::new();
    let mut open = vec![(String::new(), document)];
    while let Some((pointer, node)) = open.pop() {
        let children: Vec<(String, &Value)> = match node {
            Value::Object(object) => object
                .iter()
                .map(|(name, child)| (name.replace('~', "~0").replace('/', "~1"), child))
                .collect(),
            Value::Array(list) => list
                .iter()
                .enumerate()
                .map(|(at, child)| (at.to_string(), child))
                .collect(),
            _ => Vec::new(),
        };
        for (name, child) in children {
            let pointer = format!("{pointer}/{name}");
            all.push(pointer.clone());
            open.push((pointer, child));
        }
    }
    all.sort();
    all
}

fn of_any(pointer: &str, node: &Value) -> Vec<Change> {
    let mut all = vec![
        Change::new("dropped", pointer, To::Nothing),
        Change::new("repeated", pointer, To::Twice(node.clone())),
        Change::new("repeated with null", pointer, To::Twice(Value::Null)),
    ];
    let others = [
        Value::Null,
        json!(0),
        json!(""),
        json!("AAAA"),
        json!([]),
        json!({}),
        json!(true),
        json!([node]),
    ];
    all.extend(
        others
            .into_iter()
            .map(|other| Change::new(format!("replaced with {}", brief(&other)), pointer, To::Value(other))),
    );
    all
}

fn from_donors(pointer: &str, node: &Value, donors: Donors<'_>) -> Vec<Change> {
    let others = donors.0.iter().enumerate();
    others
        .filter_map(|(number, donor)| Some((number, donor.pointer(pointer)?)))
        .filter(|(_, other)| *other != node)
        .map(|(number, other)| {
            let what = format!("exchanged with donor {number}");
            Change::new(what, pointer, To::Value(other.clone()))
        })
        .collect()
}

fn of_list(pointer: &str, list: &[Value], donors: Donors<'_>) -> Vec<Change> {
    let mut all = Vec::new();
    if list.len() > 1 {
        let mut turned = list.to_vec();
        turned.rotate_left(1);
        all.push(Change::new("turned", pointer, To::Value(Value::Array(turned))));
    }
    if let Some(first) = list.first() {
        let many: Vec<Value> = std::iter::repeat_n(first.clone(), 40).collect();
        all.push(Change::new("forty times", pointer, To::Value(Value::Array(many))));
    }
    for (number, donor) in donors.0.iter().enumerate() {
        let Some(Value::Array(others)) = donor.pointer(pointer) else {
            continue;
        };
        for (place, other) in others.iter().enumerate().filter(|(_, other)| !list.contains(other)) {
            let more = |items: Vec<Value>| To::Value(Value::Array(items));
            let behind = [list, std::slice::from_ref(other)].concat();
            let before = [std::slice::from_ref(other), list].concat();
            let what = format!("item {place} of donor {number}");
            all.push(Change::new(format!("{what} added behind"), pointer, more(behind)));
            all.push(Change::new(format!("{what} added before"), pointer, more(before)));
        }
    }
    all
}

fn brief(value: &Value) -> String {
    value.to_string().chars().take(12).collect()
}
