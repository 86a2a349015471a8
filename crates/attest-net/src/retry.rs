use std::time::Duration;

/// What is worth trying again: the service is busy or its front door has a bad day. Everything else would be answered the
/// same way the next time.
const TRANSIENT: [u16; 5] = [429, 500, 502, 503, 504];

/// How long and how often a request is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Retry {
    pub(crate) attempts: u32,
    pub(crate) budget: Duration,
    pub(crate) first_pause: Duration,
}

impl Retry {
    pub(crate) fn is_transient(status: u16) -> bool {
        TRANSIENT.contains(&status)
    }

    /// How long to wait before the next attempt, or none when it is time to give up. Pauses double; a service that names
    /// one (`Retry-After`, in seconds) gets it, unless that is beyond the budget.
    pub(crate) fn pause(&self, attempt: u32, spent: Duration, named: Option<Duration>) -> Option<Duration> {
        if attempt >= self.attempts {
            return None;
        }
        let doubled = self.first_pause.saturating_mul(1 << (attempt - 1).min(16));
        let pause = named.map_or(doubled, |named| named.max(doubled));
        (spent.saturating_add(pause) <= self.budget).then_some(pause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RETRY: Retry = Retry {
        attempts: 4,
        budget: Duration::from_secs(60),
        first_pause: Duration::from_millis(500),
    };

    #[test]
    fn pauses_double_until_the_attempts_are_used_up() {
        let pauses: Vec<_> = (1..=4)
            .map(|attempt| RETRY.pause(attempt, Duration::ZERO, None))
            .collect();
        let milliseconds = |value| Some(Duration::from_millis(value));
        assert_eq!(
            pauses,
            [milliseconds(500), milliseconds(1000), milliseconds(2000), None]
        );
    }

    #[test]
    fn a_named_pause_is_kept_if_the_budget_allows_it() {
        let ten = Duration::from_secs(10);
        assert_eq!(RETRY.pause(1, Duration::ZERO, Some(ten)), Some(ten));
        assert_eq!(RETRY.pause(1, Duration::from_secs(51), Some(ten)), None);
        assert_eq!(RETRY.pause(1, Duration::ZERO, Some(Duration::MAX)), None);
    }

    #[test]
    fn only_busy_services_are_asked_again() {
        let transient: Vec<u16> = (100..600).filter(|status| Retry::is_transient(*status)).collect();
        assert_eq!(transient, TRANSIENT);
    }
}
