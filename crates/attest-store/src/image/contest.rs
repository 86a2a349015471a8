//! How an entry comes to stand below a tag that others write too, and stays there.
//!
//! Where the repository keeps conditions (`If-Match`), a writer that was not first reads again, merges and writes again. Whether it
//! does is found out by a condition that cannot hold: a repository that writes all the same would have done so without it.
//!
//! Where it does not, whoever writes looks again when everybody who read before has written, and merges everything that it ever
//! wrote. Why nothing is lost then: say that an entry is there for the last time until `s`, when somebody writes who read before it
//! was there. Whoever brought it there wrote less than the settling time before `s`, is still to look again, and brings it back.

use std::time::Duration;

use attest_digest::Digest;

use super::attach::AttachError;
use super::shared::{Entry, Kind, Shared, ToWrite};
use super::written::sha256;
use super::{Condition, MAX_DOCUMENT_BYTES, TagPut, Versioned, Writer};

/// How long a writer tries. Two hundred at once were done in a quarter of that.
const BUDGET: Duration = Duration::from_secs(180);

/// How often it tries at most, where no time passes.
const MAX_ATTEMPTS: u32 = 1000;

/// How often in a row an answer may be missing.
const MAX_UNSURE: u32 = 5;

/// The first pause after somebody else was first; it doubles.
const FIRST_PAUSE: Duration = Duration::from_millis(50);

/// The longest one.
const LONGEST_PAUSE: Duration = Duration::from_secs(4);

/// The longest time that others are waited for, however slow the repository is.
const LONGEST_SETTLING: Duration = Duration::from_secs(60);

/// How much longer others may take than this one did.
const SLOWER: u32 = 3;

/// Entries on their way below a tag.
pub(super) struct Contest<'a, W: Writer> {
    writer: &'a W,
    tag: &'a str,
    kind: Kind,
    ours: Vec<Entry>,
    /// What has to be there: ours, and whatever we wrote of others.
    known: Vec<Entry>,
    conditions: Conditions,
    written: Option<Written>,
    /// The longest time that reading and writing took.
    slowest: Duration,
    attempts: u32,
    unsure: u32,
    refused: Option<Option<String>>,
}

/// How it ended.
pub(super) struct Settled {
    /// Whether the entries were there before, and nothing was written.
    pub(super) was_there: bool,
    /// What stood below the tag then.
    pub(super) document: Digest,
}

/// What is known of the conditions of a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Conditions {
    Untried,
    /// The first one to write made the tag under the condition that there is none, which may have been passed over.
    Created,
    Kept,
    Ignored,
}

#[derive(Debug, Clone, Copy)]
struct Written {
    at: Duration,
    is_certain: bool,
}

impl<'a, W: Writer> Contest<'a, W> {
    pub(super) fn new(writer: &'a W, tag: &'a str, kind: Kind, ours: Vec<Entry>) -> Self {
        let conditions = match writer.keeps_conditions() {
            true => Conditions::Kept,
            false => Conditions::Untried,
        };
        Self {
            writer,
            tag,
            kind,
            known: ours.clone(),
            ours,
            conditions,
            written: None,
            slowest: Duration::ZERO,
            attempts: 0,
            unsure: 0,
            refused: None,
        }
    }

    /// The same for who made the tag, with these entries alone: where the condition that there is none was passed over, or could
    /// not be made, somebody else may have made it at the same time.
    pub(super) fn begun(self, has_condition: bool) -> Self {
        let conditions = match (self.conditions, has_condition) {
            (Conditions::Kept, _) => Conditions::Kept,
            (_, true) => Conditions::Created,
            (_, false) => Conditions::Ignored,
        };
        let written = Written {
            at: self.writer.elapsed(),
            is_certain: conditions == Conditions::Kept,
        };
        Self {
            conditions,
            written: Some(written),
            ..self
        }
    }

    /// Sees to it that the entries are there.
    pub(super) fn run(mut self) -> Result<Settled, AttachError<W::Error>> {
        let begin = self.writer.elapsed();
        let mut is_late = false;
        loop {
            let asked = self.writer.elapsed();
            let found = self.writer.versioned(self.tag).map_err(AttachError::Repository)?;
            let shared = Shared::read(self.kind, found.as_ref().map(|found| &*found.bytes));
            let shared = shared.map_err(|reason| AttachError::of_tag(self.tag, reason))?;
            if shared.holds(&self.known) {
                match self.left_to_wait(asked, found.as_ref(), &shared)? {
                    None => return Ok(self.settled(found.as_ref())),
                    Some(pause) => self.writer.pause(pause),
                }
                is_late = false;
            } else if self.written.is_some() && !is_late {
                // Somebody wrote who had read before: so did others, who now come back at once.
                self.back_off();
                is_late = true;
            } else {
                self.require_patience(begin)?;
                self.write(shared, found.as_ref(), asked)?;
                is_late = false;
            }
        }
    }

    fn settled(&self, found: Option<&Versioned>) -> Settled {
        Settled {
            was_there: self.written.is_none(),
            document: sha256(found.map_or(&[], |found| &found.bytes)),
        }
    }

    /// Nothing when what is there will stay.
    fn left_to_wait(
        &mut self,
        asked: Duration,
        found: Option<&Versioned>,
        shared: &Shared,
    ) -> Result<Option<Duration>, AttachError<W::Error>> {
        let Some(written) = self.written.filter(|written| !written.is_certain) else {
            return Ok(None);
        };
        if let (
            Conditions::Created,
            Some(Versioned {
                bytes,
                version: Some(_),
            }),
        ) = (self.conditions, found)
        {
            self.known = shared.entries().to_vec();
            return self.ask_whether_created(bytes, asked);
        }
        let settling = self.writer.settling().max(self.slowest * SLOWER).min(LONGEST_SETTLING);
        let due = written.at + settling;
        Ok((asked < due).then(|| due.saturating_sub(self.writer.elapsed())))
    }

    /// Whoever keeps the condition that there is no such tag does not write what is there again.
    fn ask_whether_created(
        &mut self,
        bytes: &[u8],
        asked: Duration,
    ) -> Result<Option<Duration>, AttachError<W::Error>> {
        let media_type = super::kind_of(bytes);
        let put = self
            .writer
            .put_tag(self.tag, &media_type, bytes, Some(&Condition::Absent));
        self.conditions = match put.map_err(AttachError::Repository)? {
            TagPut::Changed => return Ok(None),
            _ => Conditions::Ignored,
        };
        let at = self.writer.elapsed();
        self.slowest = self.slowest.max(at.saturating_sub(asked));
        let is_certain = false;
        self.written = Some(Written { at, is_certain });
        Ok(Some(Duration::ZERO))
    }

    fn write(
        &mut self,
        mut shared: Shared,
        found: Option<&Versioned>,
        asked: Duration,
    ) -> Result<(), AttachError<W::Error>> {
        shared.merge(&self.known);
        let to_write = shared
            .write()
            .map_err(|reason| AttachError::of_tag(self.tag, reason.into()))?;
        self.require_size(&to_write)?;
        if let Some(configuration) = &to_write.configuration {
            self.writer.put_blob(configuration).map_err(AttachError::Repository)?;
        }
        let condition = self.condition(found);
        let put = self
            .writer
            .put_tag(self.tag, &to_write.media_type, &to_write.bytes, condition.as_ref());
        let put = put.map_err(AttachError::Repository)?;
        let now = self.writer.elapsed();
        self.slowest = self.slowest.max(now.saturating_sub(asked));
        if !matches!(put, TagPut::Unsure(_)) {
            self.unsure = 0;
        }
        match put {
            TagPut::Moved => self.moved(shared, condition.as_ref(), now),
            TagPut::Changed => self.changed(condition.as_ref(), found),
            TagPut::NoConditions => self.conditions = Conditions::Ignored,
            TagPut::Unsure(error) => {
                self.unsure += 1;
                if self.unsure >= MAX_UNSURE {
                    return Err(AttachError::Repository(error));
                }
                self.moved(shared, None, now);
                self.back_off();
            }
        }
        Ok(())
    }

    fn condition(&self, found: Option<&Versioned>) -> Option<Condition> {
        let version = found.map(|found| found.version.clone());
        match (self.conditions, version) {
            (Conditions::Ignored, _) | (_, Some(None)) => None,
            (_, None) => Some(Condition::Absent),
            (Conditions::Kept, Some(Some(version))) => Some(Condition::Unchanged(version)),
            (Conditions::Untried | Conditions::Created, _) => Some(Condition::Impossible),
        }
    }

    fn moved(&mut self, shared: Shared, condition: Option<&Condition>, at: Duration) {
        self.conditions = match (self.conditions, condition) {
            (_, Some(Condition::Impossible)) => Conditions::Ignored,
            (Conditions::Untried, Some(Condition::Absent)) => Conditions::Created,
            (conditions, _) => conditions,
        };
        let is_certain = self.conditions == Conditions::Kept
            && match condition {
                Some(Condition::Unchanged(_)) => true,
                Some(Condition::Absent) => self.writer.keeps_conditions(),
                Some(Condition::Impossible) | None => false,
            };
        self.written = Some(Written { at, is_certain });
        if !is_certain {
            self.known = shared.entries().to_vec();
        }
    }

    fn changed(&mut self, condition: Option<&Condition>, found: Option<&Versioned>) {
        if condition == Some(&Condition::Impossible) {
            self.conditions = Conditions::Kept;
            return;
        }
        // A version that is refused twice and did not change is no version that a condition can be made with.
        let version = found.map(|found| sha256(&found.bytes).to_string());
        if self.refused.replace(version.clone()) == Some(version) {
            self.conditions = Conditions::Ignored;
        }
        self.back_off();
    }

    fn require_patience(&mut self, begin: Duration) -> Result<(), AttachError<W::Error>> {
        self.attempts += 1;
        match self.attempts > MAX_ATTEMPTS || self.writer.elapsed().saturating_sub(begin) > BUDGET {
            false => Ok(()),
            true => Err(AttachError::Contended {
                tag: self.tag.to_owned(),
                attempts: self.attempts - 1,
            }),
        }
    }

    fn require_size(&self, to_write: &ToWrite) -> Result<(), AttachError<W::Error>> {
        match to_write.bytes.len() > MAX_DOCUMENT_BYTES {
            false => Ok(()),
            true => Err(AttachError::Full {
                tag: self.tag.to_owned(),
                limit: MAX_DOCUMENT_BYTES,
                found: to_write.bytes.len(),
            }),
        }
    }

    /// Waits for a time that is another one for each writer: the digest of what it brings is its die.
    fn back_off(&self) {
        let longest = FIRST_PAUSE
            .saturating_mul(1 << self.attempts.min(10))
            .min(LONGEST_PAUSE);
        let die = sha256(format!("{:?} {}", self.ours, self.attempts).as_bytes());
        let die = u32::from(u16::from_be_bytes([die.as_bytes()[0], die.as_bytes()[1]]));
        self.writer.pause(longest * die / u32::from(u16::MAX));
    }
}
