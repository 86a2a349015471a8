use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE};
use serde_json::{Value, json};

use super::{Change, Donors, Random, SAMPLED_BYTES, To, der, note, structure};

/// What a text is decides how it is changed: a signed note, base64 of something, or words.
pub(super) fn of_text(pointer: &str, text: &str, random: &mut Random) -> Vec<Change> {
    if text.contains("\n\n\u{2014} ") {
        return note::changes(pointer, text, random);
    }
    match STANDARD.decode(text) {
        Ok(bytes) if bytes.len() > 3 => of_base64(pointer, text, &bytes, random),
        _ => of_words(pointer, text, random),
    }
}

fn of_base64(pointer: &str, text: &str, bytes: &[u8], random: &mut Random) -> Vec<Change> {
    let mut all = written_differently(pointer, text, bytes);
    let mut add = |what: String, bytes: Vec<u8>| {
        all.push(Change::new(what, pointer, To::Value(json!(STANDARD.encode(bytes)))));
    };
    for place in places(bytes.len(), random) {
        let mut flipped = bytes.to_vec();
        random.flip(&mut flipped[place]);
        add(format!("bit of byte {place} flipped"), flipped);
    }
    add("cut by one byte".to_owned(), bytes[..bytes.len() - 1].to_vec());
    add("begun one byte later".to_owned(), bytes[1..].to_vec());
    add("a byte more".to_owned(), [bytes, &[0]].concat());
    add("twice in a row".to_owned(), [bytes, bytes].concat());
    add("all zero".to_owned(), vec![0; bytes.len()]);
    for (what, changed) in der::changes(bytes) {
        add(what, changed);
    }
    for (what, changed) in inner_json(bytes, random) {
        add(what, changed);
    }
    all
}

/// The same bytes in other letters, and letters that decode to the same only for the lax.
fn written_differently(pointer: &str, text: &str, bytes: &[u8]) -> Vec<Change> {
    let others = [
        STANDARD_NO_PAD.encode(bytes),
        URL_SAFE.encode(bytes),
        format!("{text}="),
        format!("{text}\n"),
        format!(" {text}"),
        [&text[..4], "\n", &text[4..]].concat(),
        stray_bits(text),
    ];
    others
        .into_iter()
        .filter(|other| other != text)
        .map(|other| Change::new("base64 written differently", pointer, To::Value(json!(other))))
        .collect()
}

/// Sets a bit that no byte is made of.
fn stray_bits(text: &str) -> String {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digits = text.trim_end_matches('=');
    let last = digits.bytes().last();
    let place = alphabet.iter().position(|letter| Some(*letter) == last);
    match (text.len() - digits.len(), place) {
        (1 | 2, Some(place)) => {
            let letter = char::from(alphabet[(place | 1) % alphabet.len()]);
            format!("{}{letter}{}", &digits[..digits.len() - 1], &text[digits.len()..])
        }
        _ => text.to_owned(),
    }
}

fn inner_json(bytes: &[u8], random: &mut Random) -> Vec<(String, Vec<u8>)> {
    let Ok(document) = serde_json::from_slice::<Value>(bytes) else {
        return Vec::new();
    };
    if !document.is_object() {
        return Vec::new();
    }
    let changes = structure::changes(&document, Donors(&[]), random);
    changes
        .into_iter()
        .map(|change| change.apply(&document))
        .map(|mutant| (format!("{} inside", mutant.what), mutant.bytes))
        .collect()
}

fn of_words(pointer: &str, text: &str, random: &mut Random) -> Vec<Change> {
    let mut others = vec![
        format!("{text}x"),
        format!("{text} "),
        format!(" {text}"),
        format!("{text}\0"),
        format!("{text}\n"),
        text.to_uppercase(),
        text.chars().skip(1).collect(),
    ];
    for place in places(text.len(), random) {
        let mut bytes = text.as_bytes().to_vec();
        bytes[place] ^= 1;
        others.extend(String::from_utf8(bytes));
    }
    others
        .into_iter()
        .filter(|other| other != text)
        .map(|other| Change::new("text changed", pointer, To::Value(json!(other))))
        .collect()
}

/// Every byte of what is short; the first, the last and a sample of what is long.
pub(super) fn places(length: usize, random: &mut Random) -> Vec<usize> {
    if length <= SAMPLED_BYTES {
        return (0..length).collect();
    }
    let mut places: Vec<usize> = (0..SAMPLED_BYTES).map(|_| random.below(length)).collect();
    places.extend([0, length - 1]);
    places.sort_unstable();
    places.dedup();
    places
}
