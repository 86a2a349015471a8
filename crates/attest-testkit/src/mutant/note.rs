use serde_json::json;

use super::encoded::places;
use super::{Change, Random, To};

/// Changes of a signed note (C2SP signed-note): lines dropped, repeated and exchanged, letters changed, lines added.
pub(super) fn changes(pointer: &str, text: &str, random: &mut Random) -> Vec<Change> {
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let mut others = Vec::new();
    for at in 0..lines.len() {
        others.push(("line dropped", [&lines[..at], &lines[at + 1..]].concat().concat()));
        others.push(("line repeated", [&lines[..=at], &lines[at..]].concat().concat()));
        if at > 0 {
            let mut turned = lines.clone();
            turned.swap(at - 1, at);
            others.push(("lines exchanged", turned.concat()));
        }
        for added in ["\n", "extension\n", "\u{2014} example.com AAAAAAAAAAAAAAAA\n"] {
            let whole = [&lines[..at], &[added], &lines[at..]].concat().concat();
            others.push(("line added", whole));
        }
    }
    others.push(("line added", format!("{text}\u{2014} example.com AAAAAAAAAAAAAAAA\n")));
    others.push(("line added", format!("{text}text\n")));
    others.push(("break dropped", text.trim_end().to_owned()));
    others.push(("carriage returns", text.replace('\n', "\r\n")));
    others.push(("dash replaced", text.replace('\u{2014}', "-")));
    for place in places(text.len(), random) {
        let mut bytes = text.as_bytes().to_vec();
        bytes[place] ^= 1;
        others.extend(String::from_utf8(bytes).ok().map(|changed| ("letter changed", changed)));
    }
    others
        .into_iter()
        .filter(|(_, other)| other != text)
        .map(|(what, other)| Change::new(what, pointer, To::Value(json!(other))))
        .collect()
}
