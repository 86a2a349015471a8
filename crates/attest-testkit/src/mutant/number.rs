use serde_json::{Number, Value, json};

use super::{Change, To};

pub(super) fn of_number(pointer: &str, found: &Number) -> Vec<Change> {
    let Some(value) = found.as_i64() else { return Vec::new() };
    let others = near(value).map(Value::from);
    let written = [json!(value.to_string()), json!(0.5), json!(u64::MAX), json!(i64::MIN)];
    others
        .into_iter()
        .chain(written)
        .map(|other| changed(pointer, other))
        .collect()
}

/// 64-bit numbers are strings in the JSON of protobuf.
pub(super) fn of_text(pointer: &str, text: &str) -> Vec<Change> {
    let Ok(value) = text.parse::<i64>() else {
        return Vec::new();
    };
    let texts = [
        format!("0{text}"),
        format!("+{text}"),
        format!(" {text}"),
        format!("{text} "),
        format!("{text}.0"),
        format!("{text}e0"),
        format!("0x{value:x}"),
        u64::MAX.to_string(),
        (u64::MAX - 1).to_string(),
        format!("{}0", u64::MAX),
        i64::MIN.to_string(),
    ];
    let near = near(value).map(|other| json!(other.to_string()));
    let all = near.into_iter().chain(texts.map(Value::from)).chain([json!(value)]);
    all.map(|other| changed(pointer, other)).collect()
}

fn near(value: i64) -> [i64; 6] {
    [
        value.wrapping_add(1),
        value.wrapping_sub(1),
        value.wrapping_neg(),
        value.wrapping_add(1 << 32),
        value.wrapping_mul(2),
        i64::MAX,
    ]
}

fn changed(pointer: &str, other: Value) -> Change {
    Change::new(format!("number {other}"), pointer, To::Value(other))
}
