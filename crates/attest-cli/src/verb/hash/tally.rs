use serde::Serialize;

use super::check::Report;
use super::check_document::Status;
use super::verdict::Verdict;

/// What the lines of one list came to, or of all.
#[derive(Debug, Default, Serialize)]
pub(super) struct Tally {
    #[serde(rename = "ok")]
    pub(super) matched: u64,
    #[serde(rename = "failed")]
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

    /// Adds what another list came to.
    pub(super) fn add(&mut self, other: &Self) {
        self.matched += other.matched;
        self.mismatched += other.mismatched;
        self.unreadable += other.unreadable;
        self.missing += other.missing;
        self.malformed += other.malformed;
    }

    /// The files that were read.
    pub(super) fn measured(&self) -> u64 {
        self.matched + self.mismatched
    }

    /// Whether there was a line that is no malformed one.
    pub(super) fn has_entries(&self) -> bool {
        self.matched + self.mismatched + self.unreadable + self.missing > 0
    }

    /// A list that verified nothing is rejected, not accepted: no check was done. A file that cannot be read is not the one
    /// that the list vouches for.
    pub(super) fn verdict(&self, report: &Report) -> Verdict {
        let rejected = self.mismatched > 0
            || self.unreadable > 0
            || !self.has_entries()
            || (report.strict && self.malformed > 0)
            || (report.ignore_missing && self.matched == 0);
        Verdict::when(rejected, Verdict::Rejected)
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
