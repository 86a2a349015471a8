//! `go.mod` or `go.work` in, its directives out, one a line, whether they stand in a block or alone.
//!
//! Source: "Go Modules Reference", sections "Lexical elements" and "Grammar".

/// A directive and what stands after it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Line<'a> {
    /// `require`, `replace` and so on; inside a block the word before its parenthesis.
    pub(super) verb: String,
    pub(super) arguments: Vec<String>,
    /// What stands after `//` on the same line.
    pub(super) comment: &'a str,
    pub(super) number: usize,
}

/// All lines that say something; the number of the first one that cannot be read, if there is one.
pub(super) fn lines(text: &str) -> (Vec<Line<'_>>, Option<usize>) {
    let mut block: Option<(String, usize)> = None;
    let mut lines = Vec::new();
    let mut damaged = None;
    for (number, line) in (1..).zip(text.lines()) {
        let Some((mut tokens, comment)) = tokens(line) else {
            damaged = damaged.or(Some(number));
            continue;
        };
        if tokens.first().is_some_and(|token| token == ")") {
            if block.take().is_none() {
                damaged = damaged.or(Some(number));
            }
            continue;
        }
        if tokens.len() == 2 && tokens[1] == "(" {
            // A block in a block is none; what stands in it is read as if it were one.
            if block.is_some() {
                damaged = damaged.or(Some(number));
            }
            block = tokens.drain(..).next().map(|verb| (verb, number));
            continue;
        }
        let verb = match &block {
            Some((verb, _)) if !tokens.is_empty() => verb.clone(),
            None if !tokens.is_empty() => tokens.remove(0),
            _ => continue,
        };
        lines.push(Line {
            verb,
            arguments: tokens,
            comment,
            number,
        });
    }
    let unclosed = block.map(|(_, number)| number);
    (lines, damaged.into_iter().chain(unclosed).min())
}

/// The words of a line and its comment; nothing if a string does not end.
fn tokens(line: &str) -> Option<(Vec<String>, &str)> {
    let mut tokens = Vec::new();
    let mut rest = line.trim();
    while let Some(first) = rest.chars().next() {
        if let Some(comment) = rest.strip_prefix("//") {
            return Some((tokens, comment.trim()));
        }
        let length = match first {
            '"' | '`' => quoted(rest)?,
            '(' | ')' | '[' | ']' | ',' => 1,
            _ => word(rest),
        };
        tokens.push(unquoted(&rest[..length])?);
        rest = rest[length..].trim_start();
    }
    Some((tokens, ""))
}

fn word(rest: &str) -> usize {
    let end = rest.find(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | '[' | ']' | ','));
    let end = end.unwrap_or(rest.len());
    rest[..end].find("//").unwrap_or(end)
}

/// The length of a string with its marks.
fn quoted(rest: &str) -> Option<usize> {
    let mark = rest.chars().next()?;
    let mut is_escaped = false;
    for (place, c) in rest.char_indices().skip(1) {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' if mark == '"' => is_escaped = true,
            _ if c == mark => return Some(place + 1),
            _ => {}
        }
    }
    None
}

fn unquoted(token: &str) -> Option<String> {
    match token.as_bytes().first()? {
        // The escapes that paths and versions can need are those of JSON.
        b'"' => serde_json::from_str(token).ok(),
        b'`' => Some(token[1..token.len() - 1].to_owned()),
        _ => Some(token.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<(String, Vec<String>, &str)> {
        let (lines, damaged) = lines(text);
        assert_eq!(damaged, None);
        lines
            .into_iter()
            .map(|line| (line.verb, line.arguments, line.comment))
            .collect()
    }

    #[test]
    fn a_block_says_the_same_as_single_lines() {
        let single = read("require a.b/c v1.0.0 // indirect\nrequire \"d.e/f\" `v2.0.0`\n");
        let block = read("// x\nrequire(\r\n\ta.b/c   v1.0.0//indirect\n\n// y\n\td.e/f v2.0.0\n)\n");
        assert_eq!(single, block);
        assert_eq!(
            single[0],
            (
                "require".to_owned(),
                vec!["a.b/c".to_owned(), "v1.0.0".to_owned()],
                "indirect"
            )
        );
    }

    #[test]
    fn a_string_that_does_not_end_is_damage_and_hides_nothing_else() {
        let (found, damaged) = lines("module \"a\nrequire b.c/d v1.0.0\n");
        assert_eq!((found.len(), damaged), (1, Some(1)));
    }

    #[test]
    fn a_block_that_does_not_end_or_begins_in_another_is_damage() {
        for (text, expected) in [
            ("module a\nrequire (\n b.c/d v1.0.0\n", Some(2)),
            ("require (\n b.c/d v1.0.0\nrequire (\n e.f/g v1.0.0\n)\n", Some(3)),
            ("module a\n)\n", Some(2)),
            ("require (\n b.c/d v1.0.0\n)\n", None),
        ] {
            assert_eq!(lines(text).1, expected, "{text}");
        }
    }

    #[test]
    fn an_interval_is_a_list_of_words() {
        let arguments = ["[", "v1.0.0", ",", "v1.9.9", "]"].map(str::to_owned).to_vec();
        assert_eq!(
            read("retract [v1.0.0, v1.9.9] // bad"),
            [("retract".to_owned(), arguments, "bad")]
        );
    }
}
