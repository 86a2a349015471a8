use std::time::Duration;

use jiff::Timestamp;

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

    /// The pause that a service names with `Retry-After`: in seconds, or as a moment, which counts from the moment at which the
    /// answer says that it was sent, as clocks differ. A moment that has passed is no pause.
    ///
    /// Source: RFC 9110, sections 5.6.7 and 10.2.3.
    pub(crate) fn named_pause(value: &str, sent: Option<&str>) -> Option<Duration> {
        let value = value.trim();
        if let Ok(seconds) = value.parse() {
            return Some(Duration::from_secs(seconds));
        }
        let pause = moment(value)?.duration_since(moment(sent?.trim())?);
        Some(Duration::try_from(pause).unwrap_or_default())
    }

    /// How long to wait before the next attempt, or none when it is time to give up. Pauses double; a service that names
    /// one gets it, unless that is beyond the budget.
    pub(crate) fn pause(&self, attempt: u32, spent: Duration, named: Option<Duration>) -> Option<Duration> {
        if attempt >= self.attempts {
            return None;
        }
        let doubled = self.first_pause.saturating_mul(1 << (attempt - 1).min(16));
        let pause = named.map_or(doubled, |named| named.max(doubled));
        (spent.saturating_add(pause) <= self.budget).then_some(pause)
    }
}

/// The one form of dates that may be sent; the two that may only be received died out in the last century.
fn moment(text: &str) -> Option<Timestamp> {
    jiff::fmt::rfc2822::parse(text).ok().map(|moment| moment.timestamp())
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

    #[test]
    fn a_pause_is_named_in_seconds_or_by_a_date() {
        let sent = Some("Fri, 02 Jan 2026 03:04:05 GMT");
        let seconds = |value| Some(Duration::from_secs(value));
        assert_eq!(Retry::named_pause(" 120 ", None), seconds(120));
        assert_eq!(Retry::named_pause("Fri, 02 Jan 2026 03:04:35 GMT", sent), seconds(30));
        assert_eq!(Retry::named_pause("Fri, 02 Jan 2026 03:04:00 GMT", sent), seconds(0));
        assert_eq!(Retry::named_pause("Fri, 02 Jan 2026 03:04:35 GMT", None), None);
        for nonsense in ["", "-1", "soon", "1.5", "99999999999999999999"] {
            assert_eq!(Retry::named_pause(nonsense, sent), None, "{nonsense}");
        }
    }
}
