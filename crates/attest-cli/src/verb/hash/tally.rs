use super::check::Report;
use super::check_document::Status;
use super::verdict::Verdict;

/// What the lines of one list came to.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) matched: u64,
    pub(super) mismatched: u64,
    pub(super) unreadable: u64,
    pub(super) missing: u64,
    pub(super) malformed: u64,
}

impl Tally {
    pub(super) fn count(&mut self, status: Status) {
        match status {
            Status::Ok => self.matched += 1,
            Status::Failed => self.mismatched += 1,
            Status::Unreadable => self.unreadable += 1,
            Status::Missing => self.missing += 1,
        }
    }

    /// Whether there was a line that is no malformed one.
    pub(super) fn has_entries(&self) -> bool {
        self.matched + self.mismatched + self.unreadable + self.missing > 0
    }

    /// A list that verified nothing is rejected, not accepted: no check was done.
    pub(super) fn verdict(&self, report: &Report) -> Verdict {
        let rejected = self.mismatched > 0
            || !self.has_entries()
            || (report.strict && self.malformed > 0)
            || (report.ignore_missing && self.matched == 0);
        Verdict::when(rejected, Verdict::Rejected).max(Verdict::when(self.unreadable > 0, Verdict::Undecided))
    }

    /// What coreutils warns of, in its words and its order.
    pub(super) fn warnings(&self) -> impl Iterator<Item = String> {
        [
            (
                self.malformed,
                "line is improperly formatted",
                "lines are improperly formatted",
            ),
            (
                self.unreadable,
                "listed file could not be read",
                "listed files could not be read",
            ),
            (
                self.mismatched,
                "computed checksum did NOT match",
                "computed checksums did NOT match",
            ),
        ]
        .into_iter()
        .filter(|(count, ..)| *count > 0)
        .map(|(count, one, many)| format!("{count} {}", if count == 1 { one } else { many }))
    }
}
