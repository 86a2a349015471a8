use std::collections::BTreeMap;

use super::Cause;

/// How many examples of one cause are kept; the others are counted.
pub const MAX_EXAMPLES: usize = 10;

/// The longest value that is shown of either side, in characters.
const MAX_SHOWN: usize = 200;

/// How many characters in front of the difference are shown of values that begin with the same characters for longer.
const MAX_BEFORE: usize = 40;

/// Where two things differ, and what each says there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// From the outside in: a file, a member of it, a member of that. Empty for what was named itself.
    pub place: Vec<String>,
    /// What the first says.
    pub left: String,
    /// What the second says.
    pub right: String,
}

/// How often one cause was met.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// How often.
    pub count: u64,
    /// The first of them, at most [`MAX_EXAMPLES`].
    pub examples: Vec<Difference>,
}

/// Everything that was found out about two things. Nothing, if they are the same bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Findings {
    tallies: BTreeMap<Cause, Tally>,
    first: Option<(Cause, Difference)>,
    count: u64,
}

impl Findings {
    /// Whether both are the same bytes.
    #[must_use]
    pub fn is_equal(&self) -> bool {
        self.first.is_none()
    }

    /// The first difference, from the outside in.
    #[must_use]
    pub fn first(&self) -> Option<(Cause, &Difference)> {
        self.first.as_ref().map(|(cause, difference)| (*cause, difference))
    }

    /// Each cause and how often it was met, from the outside in.
    pub fn tallies(&self) -> impl Iterator<Item = (Cause, &Tally)> {
        self.tallies.iter().map(|(cause, tally)| (*cause, tally))
    }

    /// How many differences there are in all.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    pub(crate) fn add(&mut self, cause: Cause, place: &[String], left: impl Into<String>, right: impl Into<String>) {
        self.count += 1;
        let tally = self.tallies.entry(cause).or_default();
        tally.count += 1;
        if tally.examples.len() == MAX_EXAMPLES {
            return;
        }
        let (left, right) = (left.into(), right.into());
        let hidden = hidden(&left, &right);
        let difference = Difference {
            place: place.to_vec(),
            left: shortened(left, hidden),
            right: shortened(right, hidden),
        };
        self.first.get_or_insert_with(|| (cause, difference.clone()));
        tally.examples.push(difference);
    }
}

/// How many characters are left out of the front of both, so that the first in which they differ is shown.
fn hidden(left: &str, right: &str) -> usize {
    let same = left
        .chars()
        .zip(right.chars())
        .take_while(|(left, right)| left == right);
    match same.count() {
        same if same < MAX_SHOWN || left == right => 0,
        same => same - MAX_BEFORE,
    }
}

fn shortened(text: String, hidden: usize) -> String {
    let mut rest = text.chars().skip(hidden);
    let shown: String = rest.by_ref().take(MAX_SHOWN).collect();
    let (before, after) = (hidden > 0, rest.next().is_some());
    let ellipsis = |is: bool| if is { "…" } else { "" };
    format!("{}{shown}{}", ellipsis(before), ellipsis(after))
}
