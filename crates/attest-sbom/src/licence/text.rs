//! The text of a licence in, the identifiers of the SPDX list that it is out: by the sentences that grant and the sentences
//! that bind, wherever the lines break and whatever marks of comments stand before them.
//!
//! The detection of the crate `spdx` compares n-grams instead. It needs the texts themselves in the program (4 MB) and 39 ms to
//! take in forty of them, 1 ms for each text that it judges, and it takes one Apache-2.0 in five for a licence that differs by a clause.

use std::collections::BTreeSet;

use super::texts::{Family, families};

/// The longest texts, of products that repeat the licence of everything they contain, say what they are long before this.
const TEXT_LIMIT: usize = 1 << 20;

/// Where the terms of the licences of GNU end and the advice how to use them begins, which quotes what others should write.
const END_OF_TERMS: &str = " end of terms and conditions ";

/// Conditions that take back what a licence grants: what is left is no licence of the list.
const RESTRICTIONS: [&str; 6] = [
    " commons clause ",
    " without limiting other conditions in the license the grant of rights under the license will not include ",
    " functional source license ",
    " solderpad hardware license ",
    " common public attribution license version 1 0 ",
    " netscape public license version 1 1 ",
];

/// Licences whose text holds that of another one.
const CONTAINED: [(&str, &str); 4] = [
    ("OpenSSL", "BSD-4-Clause"),
    ("Python-2.0", "HPND"),
    ("Python-2.0", "PSF-2.0"),
    ("Sleepycat", "BSD-3-Clause"),
];

/// Every licence that a text holds, as expressions of SPDX, each once.
///
/// A text of GNU alone does not say whether a later version may be used instead; it is listed as `-only`, which promises
/// less. Where what is granted is taken back, nothing is listed.
pub(crate) fn identifiers(text: &str) -> BTreeSet<&'static str> {
    let words = Words::of(text);
    if RESTRICTIONS.iter().any(|phrase| words.0.contains(phrase)) {
        return BTreeSet::new();
    }
    let mut found: BTreeSet<&'static str> = families().flat_map(|family| words.members(family)).collect();
    let later: Vec<String> = found
        .iter()
        .filter_map(|id| id.strip_suffix("-or-later"))
        .map(|id| format!("{id}-only"))
        .collect();
    found.retain(|id| !later.iter().any(|only| only == id));
    if found.iter().any(|id| id.starts_with("LGPL-3.0")) {
        // It is written as an addition to the GPL, whose text lies beside it or in one file with it.
        found.retain(|id| !id.starts_with("GPL-3.0"));
    }
    for (whole, part) in CONTAINED {
        if found.contains(whole) {
            found.remove(part);
        }
    }
    found
}

/// The words with which a file begins that offers a choice between the licences in it.
const CHOICES: [&str; 9] = [
    " at your option under either ",
    " under either of ",
    " under either the ",
    " under the terms of either ",
    " your choice of ",
    " dual licensed ",
    " either of the following licenses ",
    " one of the following licenses ",
    " choose either ",
];

/// How many bytes at the beginning may offer it: further down licences speak of choices themselves.
const HEAD: usize = 1000;

/// Whether a text of several licences begins by saying that one of them will do.
pub(super) fn offers_choice(text: &str) -> bool {
    let mut end = text.len().min(HEAD);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let words = Words::of(&text[..end]);
    CHOICES.iter().any(|phrase| words.0.contains(phrase))
}

/// The words of a text in lower case, a blank before and after each.
struct Words(String);

impl Words {
    fn of(text: &str) -> Self {
        let mut end = text.len().min(TEXT_LIMIT);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let text = &text[..end];
        let mut words = String::with_capacity(end + 2);
        words.push(' ');
        let mut start = 1;
        for word in text
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| !word.is_empty())
        {
            if !is_broken(text, word) {
                start = words.len();
            } else {
                words.pop();
            }
            words.extend(word.chars().flat_map(char::to_lowercase));
            let replaced = match &words[start..] {
                "licence" => "license",
                "licences" => "licenses",
                "licenced" => "licensed",
                "https" => "http",
                _ => "",
            };
            if !replaced.is_empty() {
                words.truncate(start);
                words.push_str(replaced);
            }
            words.push(' ');
        }
        Self(words)
    }

    fn members<'a>(&'a self, family: &'a Family) -> impl Iterator<Item = &'static str> + 'a {
        self.segments(family).filter_map(|segment| {
            let member = family.members.iter().find(|rule| {
                rule.all.iter().all(|phrase| contains(segment, phrase))
                    && !rule.none.iter().any(|phrase| contains(segment, phrase))
            });
            member.map(|rule| rule.id)
        })
    }

    /// From each place where a licence of the family begins to the next one.
    fn segments<'a>(&'a self, family: &'a Family) -> impl Iterator<Item = &'a str> + 'a {
        let text = match family.reach {
            Some(_) => self.0.split(END_OF_TERMS).next().unwrap_or_default(),
            None => &self.0,
        };
        let mut starts = positions(text, family.anchor).peekable();
        std::iter::from_fn(move || {
            let start = starts.next()?;
            let next = starts.peek().copied().unwrap_or(text.len());
            let mut end = family
                .reach
                .map_or(next, |reach| next.min(start + family.anchor.len() + reach));
            while !text.is_char_boundary(end) {
                end -= 1;
            }
            Some(&text[start..end])
        })
    }
}

/// Whether a word is the rest of one that was broken at the end of a line.
fn is_broken(text: &str, word: &str) -> bool {
    // Both are slices of one text.
    let before = &text[..word.as_ptr() as usize - text.as_ptr() as usize];
    let line = before.trim_end_matches([' ', '\t']);
    let line = line
        .strip_suffix('\n')
        .map(|line| line.strip_suffix('\r').unwrap_or(line));
    line.and_then(|line| line.strip_suffix('-'))
        .is_some_and(|line| line.ends_with(|c: char| c.is_ascii_lowercase()))
        && word.starts_with(|c: char| c.is_ascii_lowercase())
}

/// Where whole words stand.
fn positions<'a>(text: &'a str, phrase: &'a str) -> impl Iterator<Item = usize> + 'a {
    text.match_indices(phrase)
        .map(|(place, _)| place)
        .filter(move |place| is_whole(text, *place, phrase))
}

fn contains(text: &str, phrase: &str) -> bool {
    positions(text, phrase).next().is_some()
}

fn is_whole(text: &str, place: usize, phrase: &str) -> bool {
    let before = text[..place].chars().next_back();
    let after = text[place + phrase.len()..].chars().next();
    before.is_none_or(|c| c == ' ') && after.is_none_or(|c| c == ' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rare licences of the SPDX list that say the same as a common one but for a sentence or a name.
    const ALIKE: &str = "Artistic-1.0-cl8 BSD-2-Clause-Darwin BSD-2-Clause-FreeBSD BSD-2-Clause-NetBSD \
        BSD-2-Clause-first-lines BSD-2-Clause-pkgconf-disclaimer BSD-2-Clause-pos-unchanged BSD-3-Clause-HP \
        BSD-3-Clause-No-Nuclear-License-2014 BSD-3-Clause-Tso BSD-3-Clause-acpica BSD-3-Clause-flex \
        BSD-Advertising-Acknowledgement BSD-Mark-Modifications BSD-Systemics BSD-Systemics-W3Works Clips Cube DocBook-XML \
        Intel MIT-Wu MPL-2.0-no-copyleft-exception Net-SNMP OFL-1.0 OFL-1.0-RFN OFL-1.0-no-RFN OFL-1.1-RFN OFL-1.1-no-RFN \
        OpenSSL-standalone Python-2.0.1 SSLeay-standalone SugarCRM-1.1.3 TMate TOSL Ubuntu-font-1.0 Unlicense-libwhirlpool \
        X11-swapped Xdebug-1.03 Xnet eCos-2.0";

    #[test]
    fn every_licence_that_is_known_is_found_in_its_text_and_no_other_text_is_taken_for_it() {
        let known: BTreeSet<&str> = families()
            .flat_map(|family| family.members)
            .map(|member| member.id)
            .collect();
        let mut seen = 0;
        for (id, text) in spdx::text::LICENSE_TEXTS {
            // Several identifiers share each text of GNU.
            let is_gnu = ["GPL-", "LGPL-", "AGPL-", "GFDL-"]
                .iter()
                .any(|prefix| id.starts_with(prefix));
            let is_shared = is_gnu && !id.ends_with("-only") || id.contains("invariants");
            if is_shared || ALIKE.split_whitespace().any(|alike| alike == *id) {
                continue;
            }
            seen += 1;
            let expected = if known.contains(id) {
                BTreeSet::from([*id])
            } else {
                BTreeSet::new()
            };
            assert_eq!(identifiers(text), expected, "{id}");
        }
        assert!(seen > 500, "{seen}");
    }

    #[test]
    fn marks_of_comments_line_breaks_and_spelling_do_not_matter() {
        let text = "// Permis-\n// sion";
        assert_eq!(Words::of(text).0, " permis sion ");
        let text = " *  LICENCED under the Apache Li-\r\n  cense,\n *  Version 2.0 (the \u{201c}Licence\u{201d})";
        assert_eq!(identifiers(text), BTreeSet::from(["Apache-2.0"]));
    }

    #[test]
    fn the_permissions_of_x_are_told_from_each_other_by_whose_name_may_not_be_used() {
        let granted = |condition: &str| {
            identifiers(&format!(
                "Permission to use, copy, modify, distribute, and sell this software and its documentation for any purpose is \
                 hereby granted without fee, provided that the above copyright notice appear in all copies and that both that \
                 copyright notice and this permission notice appear in supporting documentation{condition}"
            ))
        };
        let unnamed = ", and that the name of Example not be used in advertising or publicity pertaining to distribution of \
                       the software without specific, written prior permission.";
        assert_eq!(granted(unnamed), BTreeSet::from(["HPND-sell-variant"]));
        let group = ".\n\nThe above copyright notice and this permission notice shall be included in all copies or substantial \
                     portions of the Software.\n\nExcept as contained in this notice, the name of The Open Group shall not be \
                     used in advertising";
        assert_eq!(granted(group), BTreeSet::from(["MIT-open-group"]));
        assert_eq!(granted("."), BTreeSet::new());
    }

    #[test]
    fn a_later_version_of_gnu_may_be_used_only_where_a_notice_says_so() {
        let notice = |version: &str, later: &str| {
            identifiers(&format!(
                "you can redistribute it and/or modify it under the terms of the GNU General Public License as published by \
                 the Free Software Foundation; either version {version} of the License{later}"
            ))
        };
        assert_eq!(
            notice("2", ", or (at your option) any later version."),
            BTreeSet::from(["GPL-2.0-or-later"])
        );
        assert_eq!(notice("2", "."), BTreeSet::from(["GPL-2.0-only"]));
        assert_eq!(
            notice("3", ", or (at your option) any later version."),
            BTreeSet::from(["GPL-3.0-or-later"])
        );
    }

    #[test]
    fn two_licences_in_one_text_are_both_found_and_a_restriction_takes_them_back() {
        let text = |id: &str| {
            spdx::text::LICENSE_TEXTS
                .iter()
                .find(|(name, _)| *name == id)
                .map(|(_, text)| *text)
                .unwrap()
        };
        let both = format!("{}\n{}\n{}", text("BSD-2-Clause"), text("MIT"), text("BSD-3-Clause"));
        assert_eq!(
            identifiers(&both),
            BTreeSet::from(["BSD-2-Clause", "BSD-3-Clause", "MIT"])
        );
        let restricted = format!("{}\n\"Commons Clause\" License Condition v1.0", text("Apache-2.0"));
        assert_eq!(identifiers(&restricted), BTreeSet::new());
    }
}
