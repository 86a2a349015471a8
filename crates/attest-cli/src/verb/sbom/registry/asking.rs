//! Questions in, answers out, within limits: a registry that is slow, large or broken costs no more than was agreed.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use attest_net::registry::concurrently;
use attest_net::{Error, PackageRegistry};
use attest_sbom::registry::{ANSWER_LIMIT, Licence, Question, Unanswered};

use crate::progress::Progress;

/// Registries serve more clients than one.
const AT_ONCE: NonZeroUsize = NonZeroUsize::new(8).expect("eight is not zero");

/// How much is asked, whatever comes back. What is under way when a limit is reached is brought to its end.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// For the answers of all registries together, in bytes.
    bytes: u64,
    /// From the first question to the beginning of the last one.
    time: Duration,
    /// How often in a row a registry may fail to answer. That it has no such package is an answer.
    failures: usize,
}

/// An hour is 3,600 crates at one a second, more than the largest lock files list. Answers have some kilobytes; those of indexes
/// of Python rarely more than a hundred.
pub(super) const LIMITS: Limits = Limits {
    bytes: 512 << 20,
    time: Duration::from_secs(60 * 60),
    failures: 8,
};

impl Limits {
    /// What stands against another question.
    fn reached(&self, bytes: u64, time: Duration, failures: usize) -> Option<String> {
        if failures >= self.failures {
            return Some(format!("it failed {failures} times in a row"));
        }
        if bytes >= self.bytes {
            return Some(format!("the answers have more than {} MiB", self.bytes >> 20));
        }
        let minutes = self.time.as_secs() / 60;
        (time >= self.time).then(|| format!("asking took {minutes} minutes"))
    }
}

/// A registry that is asked, and how often it has failed since it last answered.
pub(super) struct Asked {
    client: PackageRegistry,
    failures: AtomicUsize,
}

impl Asked {
    pub(super) fn new(client: PackageRegistry) -> Self {
        Self {
            client,
            failures: AtomicUsize::new(0),
        }
    }

    /// Who was given up stays so: what was asked before and is answered late changes nothing.
    fn note(&self, is_failure: bool, limits: &Limits) {
        let next = |failures: usize| {
            let next = if is_failure { failures + 1 } else { 0 };
            (failures < limits.failures).then_some(next)
        };
        // Nothing is to be done where it was given up.
        let _ = self.failures.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next);
    }
}

/// One round of questions.
pub(super) struct Asking<'a> {
    limits: Limits,
    began: Instant,
    registries: Vec<&'a Asked>,
    progress: &'a Progress,
}

impl<'a> Asking<'a> {
    /// The time begins to count.
    pub(super) fn new(limits: Limits, registries: Vec<&'a Asked>, progress: &'a Progress) -> Self {
        Self {
            limits,
            began: Instant::now(),
            registries,
            progress,
        }
    }

    /// The answers, in the order of the questions.
    pub(super) fn ask(&self, questions: &[(Question, &Asked)]) -> Vec<Result<Licence, Unanswered>> {
        let answers: Mutex<BTreeMap<usize, Result<Licence, Unanswered>>> = Mutex::default();
        let places: Vec<usize> = (0..questions.len()).collect();
        let act = |place: &usize| {
            let (question, registry) = &questions[*place];
            let answer = self.one(question, registry);
            let mut answers = answers.lock().unwrap_or_else(PoisonError::into_inner);
            answers.insert(*place, answer);
            self.progress.add_one();
            Ok::<(), std::convert::Infallible>(())
        };
        let Ok(()) = self.progress.watch(|| concurrently(&places, AT_ONCE, act));
        let answers = answers.into_inner().unwrap_or_else(PoisonError::into_inner);
        answers.into_values().collect()
    }

    fn one(&self, question: &Question, registry: &Asked) -> Result<Licence, Unanswered> {
        let bytes = self.registries.iter().map(|registry| registry.client.received()).sum();
        let failures = registry.failures.load(Ordering::Relaxed);
        if let Some(reason) = self.limits.reached(bytes, self.began.elapsed(), failures) {
            return Err(Unanswered::NotAsked(reason));
        }
        let answer = match registry.client.read(&question.path(), ANSWER_LIMIT) {
            Ok(Some(answer)) => question.read(&answer).map_err(|error| error.to_string()),
            Ok(None) => {
                registry.note(false, &self.limits);
                return Err(Unanswered::Failed("it has no such package".to_owned()));
            }
            Err(error) => Err(reason(&error)),
        };
        registry.note(answer.is_err(), &self.limits);
        answer.map_err(Unanswered::Failed)
    }
}

/// Without the address, which is nobody's business.
fn reason(error: &Error) -> String {
    match error {
        Error::Unreachable { .. } => "it cannot be reached".to_owned(),
        Error::Status { status, .. } => format!("it answered {status}"),
        Error::TooLarge { limit, .. } => format!("expected at most {limit} bytes, found more"),
        _ => "it gave no answer".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use attest_net::Endpoint;
    use attest_sbom::tree::Memory;
    use attest_sbom::{Options, scan};

    use super::*;

    const SMALL: Limits = Limits {
        bytes: 1 << 20,
        time: Duration::from_secs(60),
        failures: 2,
    };

    fn asked() -> Asked {
        let endpoint = Endpoint::parse("http://127.0.0.1:9").unwrap();
        Asked::new(PackageRegistry::new(endpoint, Duration::ZERO).unwrap())
    }

    #[test]
    fn each_limit_ends_the_questions_and_says_so() {
        let (bytes, time) = (1 << 20, Duration::from_secs(60));
        assert_eq!(SMALL.reached(bytes - 1, time / 2, 1), None);
        for (reached, expected) in [
            (SMALL.reached(bytes, time / 2, 1), "the answers have more than 1 MiB"),
            (SMALL.reached(0, time, 1), "asking took 1 minutes"),
            (SMALL.reached(0, time / 2, 2), "it failed 2 times in a row"),
        ] {
            assert_eq!(reached.as_deref(), Some(expected));
        }
    }

    #[test]
    fn failures_count_in_a_row_and_who_was_given_up_stays_so() {
        let asked = asked();
        let failures = |is_failure| {
            asked.note(is_failure, &SMALL);
            asked.failures.load(Ordering::Relaxed)
        };
        assert_eq!([true, false, true, true, false, true].map(failures), [1, 0, 1, 2, 2, 2]);
    }

    #[test]
    fn after_the_time_nobody_is_asked() {
        let lock = "a==1\nb==1\n";
        let inventory = scan(&Memory::new([("requirements.txt", lock)]), &Options::default()).unwrap();
        let registry = asked();
        let questions: Vec<_> = inventory.questions().into_iter().map(|one| (one, &registry)).collect();
        let limits = Limits {
            time: Duration::ZERO,
            ..SMALL
        };
        let answers = Asking::new(limits, vec![&registry], &Progress::new(false, 2, "licences")).ask(&questions);
        let expected = Err(Unanswered::NotAsked("asking took 0 minutes".to_owned()));
        assert_eq!(answers, [expected.clone(), expected]);
    }
}
