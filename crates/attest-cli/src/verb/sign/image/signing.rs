use attest_sign::Session;
use attest_store::image::{Attached, Attachment, StoredEvidence, evidence_of};
use attestation::{Bundle, Statement};
use jiff::Timestamp;
use rayon::prelude::*;

use super::target::Target;
use super::task::{Errand, Kept, Task};
use super::{AT_ONCE, pool};
use crate::context::Context;
use crate::failure::Failure;
use crate::image::{Content, Form};
use crate::keyless::failure;
use crate::predicate_type::CUSTOM;
use crate::verb::sign::check::{Root, Signer, Terms, until_logged};
use crate::verb::sign::wait;

/// Who signs images, and what every bundle is held against.
pub(crate) struct Signing<'a> {
    pub(crate) session: &'a Session<'a>,
    pub(crate) signer: &'a Signer<'a>,
    pub(crate) root: &'a Root,
    /// Whether a log records it.
    pub(crate) logged: bool,
    /// What time it is.
    pub(crate) now: &'a (dyn Fn() -> Timestamp + Sync),
}

/// Signs what is not there yet, several at once, and verifies it as its receivers will. Nothing is stored.
pub(crate) fn sign_images(
    tasks: &mut [Task<'_>],
    signing: &Signing<'_>,
    context: &mut Context<'_>,
) -> Result<(), Failure> {
    let sign = |task: &mut Task<'_>| {
        task.bundle = Some(task.content.sign(signing.session).map_err(|error| failure(&error))?);
        Ok(())
    };
    let mut needed: Vec<&mut Task<'_>> = tasks.iter_mut().filter(|task| task.is_needed()).collect();
    let pool = pool(needed.len().min(AT_ONCE))?;
    pool.install(|| needed.par_iter_mut().try_for_each(|task| sign(task)))?;
    let made = tasks.iter().filter_map(|task| task.bundle.as_ref());
    wait(until_logged(made, (signing.now)()), context);
    let signed = tasks
        .iter()
        .filter_map(|task| Some(task.candidate(task.bundle.as_ref()?)));
    let terms = signing.terms();
    for candidate in signed {
        signing.root.check(signing.signer, terms, &candidate)?;
    }
    Ok(())
}

impl Signing<'_> {
    fn terms(&self) -> Terms {
        Terms {
            now: (self.now)(),
            logged: self.logged,
        }
    }

    /// Marks what is there already: the same said by the same signer, and valid. What is there and does not verify counts as nothing.
    pub(crate) fn skip_signed(&self, tasks: &mut [Task<'_>]) -> Result<(), Failure> {
        let pool = pool(tasks.len().min(AT_ONCE))?;
        let find = |task: &mut Task<'_>| {
            let found = task.errands.iter().map(|errand| self.find(task, errand));
            let found = found.collect::<Result<Vec<_>, Failure>>()?;
            for (errand, kept) in task.errands.iter_mut().zip(found) {
                errand.kept = kept;
            }
            Ok(())
        };
        pool.install(|| tasks.par_iter_mut().try_for_each(find))
    }

    fn find(&self, task: &Task<'_>, errand: &Errand<'_>) -> Result<Option<Kept>, Failure> {
        let Target {
            place, subject, name, ..
        } = errand.target;
        let stored = evidence_of(*place, subject.digest()).map_err(|error| place.failure(&error).at(name))?;
        let form = |stored: &&StoredEvidence| errand.form == Form::of(&stored.place);
        let found = stored.iter().filter(form).find(|stored| self.is_same(task, stored));
        Ok(found.map(|stored| Kept {
            manifest: stored.manifest.clone(),
            place: stored.place.clone(),
            was_there: true,
        }))
    }

    fn is_same(&self, task: &Task<'_>, stored: &StoredEvidence) -> bool {
        let Attachment::Evidence(Ok(attached)) = &stored.attachment else {
            return false;
        };
        match (attached, &task.content) {
            (Attached::Bundle(bundle), Content::Statement { statement, .. }) => self
                .verified(task, bundle)
                .is_some_and(|found| is_same_statement(&found, statement)),
            (Attached::SimpleSigning { bundle, payload: found }, Content::SimpleSigning { payload, .. }) => {
                let candidate = task.candidate(bundle);
                let is_over_bytes = bundle.peek_unverified().envelope().is_none();
                is_over_bytes && found == payload && self.root.verify(self.signer, self.terms(), &candidate).is_ok()
            }
            _ => false,
        }
    }

    fn verified(&self, task: &Task<'_>, bundle: &Bundle) -> Option<Statement> {
        let verified = self.root.verify(self.signer, self.terms(), &task.candidate(bundle));
        verified.ok()?.statement().cloned()
    }
}

/// A custom predicate says when it was signed; the same at another time is the same.
fn is_same_statement(found: &Statement, wanted: &Statement) -> bool {
    let body = |statement: &Statement| {
        let mut body = statement.predicate().clone();
        if statement.predicate_type() == CUSTOM {
            body.remove("Timestamp");
        }
        body
    };
    found.predicate_type() == wanted.predicate_type()
        && found.subjects() == wanted.subjects()
        && body(found) == body(wanted)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn statement(predicate_type: &str, predicate: &serde_json::Value) -> Statement {
        let subject = json!([{ "digest": { "sha256": "0a".repeat(32) } }]);
        let value = json!({
            "_type": "https://in-toto.io/Statement/v1",
            "subject": subject,
            "predicateType": predicate_type,
            "predicate": predicate,
        });
        Statement::parse(value.to_string().as_bytes()).unwrap()
    }

    #[test]
    fn the_time_of_a_custom_predicate_makes_it_no_other_one() {
        let said = |data: &str, time: &str| json!({ "Data": data, "Timestamp": time });
        let first = statement(CUSTOM, &said("a", "2026-01-02T03:04:05Z"));
        assert!(is_same_statement(
            &first,
            &statement(CUSTOM, &said("a", "2027-01-02T03:04:05Z"))
        ));
        assert!(!is_same_statement(
            &first,
            &statement(CUSTOM, &said("b", "2026-01-02T03:04:05Z"))
        ));
        let other = |time: &str| statement("https://example.com/x/v1", &said("a", time));
        assert!(!is_same_statement(&other("1"), &other("2")));
        assert!(!is_same_statement(&other("1"), &first));
    }
}
