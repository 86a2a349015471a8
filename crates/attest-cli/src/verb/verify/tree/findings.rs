use super::super::problem::Problem;
use crate::tree::Difference;

/// How many names of each kind are told: enough to see what happened, and few enough to be read. The rest is counted.
const MAX_NAMED: usize = 100;

/// What was found in a directory that was held against its manifest.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(in super::super) struct TreeFindings {
    /// How many files are as they were signed.
    pub(in super::super) same: usize,
    pub(in super::super) extra: Named,
    pub(in super::super) missing: Named,
    pub(in super::super) changed: Named,
    pub(in super::super) unreadable: Named,
    /// What is there and was left out by whoever signed.
    pub(in super::super) ignored: Vec<String>,
    /// What is there, was not signed, and was let pass.
    pub(in super::super) unsigned: usize,
    /// Files without bytes that a manifest of ranges cannot list.
    pub(in super::super) empty: usize,
}

/// Names, up to a bound, and how many there are.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(in super::super) struct Named {
    pub(in super::super) first: Vec<String>,
    pub(in super::super) count: usize,
}

impl Named {
    fn of<'a>(names: impl ExactSizeIterator<Item = &'a String>) -> Self {
        Self {
            count: names.len(),
            first: names.take(MAX_NAMED).cloned().collect(),
        }
    }
}

impl TreeFindings {
    pub(super) fn of(difference: &Difference) -> Self {
        Self {
            same: difference.same,
            extra: Named::of(difference.extra.iter().map(|(name, _)| name)),
            missing: Named::of(difference.missing.iter()),
            changed: Named::of(difference.changed.iter()),
            unreadable: Named::of(difference.unreadable.iter().map(|(name, ..)| name)),
            ignored: difference.ignored.iter().take(MAX_NAMED).cloned().collect(),
            unsigned: difference.unsigned,
            empty: difference.empty,
        }
    }

    /// What was not looked at, as it stands in reports.
    pub(super) fn not_checked(&self) -> impl Iterator<Item = &'static str> {
        let left_out = [
            (!self.ignored.is_empty(), "left-out-paths"),
            (self.unsigned > 0, "unsigned-files"),
            (self.empty > 0, "empty-files"),
        ];
        left_out
            .into_iter()
            .filter_map(|(is_there, name)| is_there.then_some(name))
    }

    /// One line of all that was looked at, and of what was not.
    pub(in super::super) fn summary(&self) -> String {
        let mut parts = vec![format!("{} files as they were signed", self.same)];
        let counted = [
            (self.changed.count, "changed"),
            (self.missing.count, "missing"),
            (self.extra.count, "extra"),
            (self.unreadable.count, "unreadable"),
            (self.unsigned, "NOT signed and let pass"),
            (self.empty, "empty and NOT listed"),
        ];
        let counted = counted.iter().filter(|(count, _)| *count > 0);
        parts.extend(counted.map(|(count, word)| format!("{count} {word}")));
        if !self.ignored.is_empty() {
            parts.push(format!("NOT looked at: {}", self.ignored.join(", ")));
        }
        parts.join("; ")
    }
}

/// Why a directory is not what was signed: a problem for each file, up to a bound.
pub(super) fn problems(difference: &Difference) -> Vec<Problem> {
    let extra = difference.extra.iter().map(|(name, what)| {
        let what = what.as_ref().map(|what| format!(": {what}")).unwrap_or_default();
        Problem::rejected(
            "tree-extra-file",
            format_args!("expected only files that were signed, found `{name}`{what}"),
        )
    });
    let missing = difference.missing.iter().map(|name| {
        Problem::rejected(
            "tree-missing-file",
            format_args!("expected the signed file `{name}`, found none"),
        )
    });
    let changed = difference.changed.iter().map(|name| {
        Problem::rejected(
            "tree-changed-file",
            format_args!("expected the signed bytes of `{name}`, found others"),
        )
    });
    let unreadable = difference
        .unreadable
        .iter()
        .map(|(name, code, reason)| Problem::undecided(code, format_args!("cannot say what is in `{name}`: {reason}")));
    let mut problems = Vec::new();
    bounded(&mut problems, changed);
    bounded(&mut problems, missing);
    bounded(&mut problems, extra);
    bounded(&mut problems, unreadable);
    problems
}

fn bounded(problems: &mut Vec<Problem>, all: impl ExactSizeIterator<Item = Problem>) {
    let count = all.len();
    let before = problems.len();
    problems.extend(all.take(MAX_NAMED));
    if let (Some(last), true) = (problems.get(before), count > MAX_NAMED) {
        let more = last.like(format_args!("and {} more like these", count - MAX_NAMED));
        problems.push(more);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_names_are_counted_beyond_a_bound() {
        let difference = Difference {
            missing: (0..250).map(|number| number.to_string()).collect(),
            ..Difference::default()
        };
        let problems = problems(&difference);
        assert_eq!(problems.len(), MAX_NAMED + 1);
        assert_eq!(problems.last().unwrap().message, "and 150 more like these");
        assert_eq!(problems.last().unwrap().code, "tree-missing-file");
        let findings = TreeFindings::of(&difference);
        assert_eq!((findings.missing.count, findings.missing.first.len()), (250, MAX_NAMED));
        assert_eq!(findings.summary(), "0 files as they were signed; 250 missing");
    }
}
