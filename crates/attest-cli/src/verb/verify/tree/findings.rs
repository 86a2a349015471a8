use super::super::problem::Problem;
use crate::tree::{Difference, MAX_NAMED, Reason, Told};

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
    fn of<T: Ord>(told: &Told<T>, name: impl Fn(&T) -> &String) -> Self {
        Self {
            count: told.count(),
            first: told.first().map(name).cloned().collect(),
        }
    }
}

impl TreeFindings {
    pub(super) fn of(difference: &Difference) -> Self {
        Self {
            same: difference.same,
            extra: Named::of(&difference.extra, |(name, _)| name),
            missing: Named::of(&difference.missing, |name| name),
            changed: Named::of(&difference.changed, |(name, _)| name),
            unreadable: Named::of(&difference.unreadable, |(name, _)| name),
            ignored: difference.ignored.iter().take(MAX_NAMED).cloned().collect(),
            unsigned: difference.unsigned,
            empty: difference.empty,
        }
    }

    /// Every word for what was not looked at.
    pub(in super::super) const LEFT_OUT: [&'static str; 3] = ["left-out-paths", "unsigned-files", "empty-files"];

    /// What was not looked at, as it stands in reports.
    pub(in super::super) fn not_checked(&self) -> impl Iterator<Item = &'static str> {
        let is_there = [!self.ignored.is_empty(), self.unsigned > 0, self.empty > 0];
        let words = is_there.into_iter().zip(Self::LEFT_OUT);
        words.filter_map(|(is_there, word)| is_there.then_some(word))
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
    let mut problems = Vec::new();
    bounded(&mut problems, &difference.changed, |(name, reason)| {
        changed(name, reason.as_ref())
    });
    bounded(&mut problems, &difference.missing, |name| {
        let message = format_args!("expected the signed file `{name}`, found none");
        Problem::rejected("tree-missing-file", message)
    });
    bounded(&mut problems, &difference.extra, |(name, reason)| {
        let what = reason.as_ref().map(|reason| format!(": {}", reason.message));
        let what = what.unwrap_or_default();
        let message = format_args!("expected only files that were signed, found `{name}`{what}");
        Problem::rejected("tree-extra-file", message)
    });
    bounded(
        &mut problems,
        &difference.unreadable,
        |(name, Reason { code, message })| {
            Problem::undecided(code, format_args!("cannot say what is in `{name}`: {message}"))
        },
    );
    problems
}

fn changed(name: &str, reason: Option<&Reason>) -> Problem {
    let Some(Reason { code, message }) = reason else {
        let message = format_args!("expected the signed bytes of `{name}`, found others");
        return Problem::rejected("tree-changed-file", message);
    };
    let message = format_args!("`{name}` is not the file that was signed: {message}");
    match *code {
        // The bytes may be those that were signed: nobody has looked.
        "tree-symbolic-link-outside" => Problem::rejected("tree-symbolic-link-outside", message),
        _ => Problem::rejected("tree-changed-file", message),
    }
}

fn bounded<T: Ord>(problems: &mut Vec<Problem>, told: &Told<T>, problem: impl Fn(&T) -> Problem) {
    let before = problems.len();
    problems.extend(told.first().map(problem));
    if let (Some(first), true) = (problems.get(before), told.count() > MAX_NAMED) {
        let more = first.like(format_args!("and {} more like these", told.count() - MAX_NAMED));
        problems.push(more);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_names_are_counted_beyond_a_bound() {
        let mut difference = Difference::default();
        difference.missing.extend((0..250).map(|number| number.to_string()));
        let problems = problems(&difference);
        assert_eq!(problems.len(), MAX_NAMED + 1);
        assert_eq!(problems.last().unwrap().message, "and 150 more like these");
        assert_eq!(problems.last().unwrap().code, "tree-missing-file");
        let findings = TreeFindings::of(&difference);
        assert_eq!((findings.missing.count, findings.missing.first.len()), (250, MAX_NAMED));
        assert_eq!(findings.summary(), "0 files as they were signed; 250 missing");
    }
}
