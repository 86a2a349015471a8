use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::error::Error;
use crate::oidc::grant::{Authorization, Consent, LIFETIME, Shown};

/// Most devices that wait. The oldest is forgotten.
const MAX_DEVICES: usize = 1024;

/// How long a device has to wait between two questions.
pub(crate) const INTERVAL: SignedDuration = SignedDuration::from_secs(1);

/// Letters that make no words and are not mistaken for others (RFC 8628, section 6.1).
const LETTERS: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";

/// The two codes of a device: one that it keeps, one that a person types.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DeviceCodes {
    pub(crate) device: String,
    pub(crate) user: String,
}

/// What a person said to the request of a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Decision {
    /// Yes, as this address, or as the sandbox's own user.
    Allowed(Option<String>),
    Denied,
}

/// Devices that wait for a person (RFC 8628), in the order in which they came.
#[derive(Debug, Default)]
pub(crate) struct Devices {
    next: u64,
    waiting: BTreeMap<u64, Waiting>,
}

#[derive(Debug)]
struct Waiting {
    codes: DeviceCodes,
    authorization: Authorization,
    expiry: Timestamp,
    asked: Option<Timestamp>,
    decision: Option<Decision>,
}

impl DeviceCodes {
    /// Codes out of 20 bytes that nobody can guess.
    pub(crate) fn of(bytes: [u8; 20]) -> Self {
        let letter = |byte: &u8| char::from(LETTERS[usize::from(*byte) % LETTERS.len()]);
        let (first, second) = bytes[..8].split_at(4);
        let word = |bytes: &[u8]| bytes.iter().map(letter).collect::<String>();
        Self {
            device: hex::encode(bytes),
            user: format!("{}-{}", word(first), word(second)),
        }
    }
}

impl Devices {
    /// Takes a device in; `codes` makes its codes out of its number.
    pub(crate) fn take_in(
        &mut self,
        authorization: Authorization,
        now: Timestamp,
        codes: impl Fn(u64) -> DeviceCodes,
    ) -> DeviceCodes {
        let codes = codes(self.next);
        let waiting = Waiting {
            codes: codes.clone(),
            authorization,
            expiry: now.saturating_add(LIFETIME).unwrap_or(now),
            asked: None,
            decision: None,
        };
        self.waiting.insert(self.next, waiting);
        self.next += 1;
        if self.waiting.len() > MAX_DEVICES {
            self.waiting.pop_first();
        }
        codes
    }

    /// Notes what a person said; whether there was a device with that code to say it of.
    pub(crate) fn decide(&mut self, user_code: &str, decision: Decision, now: Timestamp) -> bool {
        let waiting = self.undecided(user_code, now);
        waiting.map(|waiting| waiting.decision = Some(decision)).is_some()
    }

    /// Whether a device with this code waits for a decision.
    pub(crate) fn awaits(&mut self, user_code: &str, now: Timestamp) -> bool {
        self.undecided(user_code, now).is_some()
    }

    fn undecided(&mut self, user_code: &str, now: Timestamp) -> Option<&mut Waiting> {
        let typed = spelled(user_code);
        self.waiting
            .values_mut()
            .find(|waiting| spelled(&waiting.codes.user) == typed && waiting.decision.is_none() && now < waiting.expiry)
    }

    /// Answers the question of a device, which has to be asked again until a person has decided.
    pub(crate) fn ask(&mut self, device_code: &str, shown: Shown<'_>, now: Timestamp) -> Result<Consent, Error> {
        let place = self
            .waiting
            .iter()
            .find(|(_, waiting)| waiting.codes.device == device_code);
        let place = *place
            .ok_or_else(|| refused("invalid_grant", "the device code is unknown or was redeemed before"))?
            .0;
        let refusal = match self.waiting.get_mut(&place) {
            Some(waiting) => waiting.refusal(now),
            None => None,
        };
        match refusal {
            Some(code @ ("slow_down" | "authorization_pending")) => {
                Err(refused(code, "nobody has entered the code yet"))
            }
            Some(code) => {
                self.waiting.remove(&place);
                Err(refused(code, "the code has run out, or the person said no"))
            }
            None => self.redeem(place, shown),
        }
    }

    fn redeem(&mut self, place: u64, shown: Shown<'_>) -> Result<Consent, Error> {
        match self.waiting.remove(&place) {
            Some(Waiting {
                authorization,
                decision: Some(Decision::Allowed(address)),
                ..
            }) => {
                authorization.check(shown)?;
                Ok(Consent { authorization, address })
            }
            _ => Err(refused("invalid_grant", "nobody consented")),
        }
    }
}

impl Waiting {
    /// The error code of RFC 8628, section 3.5, or none when the device gets its token.
    fn refusal(&mut self, now: Timestamp) -> Option<&'static str> {
        let too_soon = self.asked.is_some_and(|asked| now.duration_since(asked) < INTERVAL);
        self.asked = Some(now);
        match &self.decision {
            _ if self.expiry <= now => Some("expired_token"),
            Some(Decision::Denied) => Some("access_denied"),
            Some(Decision::Allowed(_)) => None,
            None if too_soon => Some("slow_down"),
            None => Some("authorization_pending"),
        }
    }
}

/// People leave out the hyphen, and type small letters.
fn spelled(user_code: &str) -> String {
    let letters = user_code.chars().filter(char::is_ascii_alphanumeric);
    letters.map(|letter| letter.to_ascii_uppercase()).collect()
}

fn refused(code: &'static str, reason: &str) -> Error {
    Error::OAuth {
        code,
        reason: reason.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn one() -> (Devices, DeviceCodes) {
        let mut devices = Devices::default();
        let codes = devices.take_in(Authorization::default(), NOW, |_| DeviceCodes::of([7; 20]));
        (devices, codes)
    }

    fn code(result: Result<Consent, Error>) -> &'static str {
        match result {
            Err(Error::OAuth { code, .. }) => code,
            other => panic!("expected a refusal, found {other:?}"),
        }
    }

    #[test]
    fn a_device_waits_until_the_code_was_entered_and_then_gets_one_token() {
        let (mut devices, codes) = one();
        assert_eq!(codes.user, "KKKK-KKKK");
        let ask = |devices: &mut Devices, seconds| {
            devices.ask(
                &codes.device,
                Shown::default(),
                NOW + SignedDuration::from_secs(seconds),
            )
        };
        assert_eq!(code(ask(&mut devices, 0)), "authorization_pending");
        assert_eq!(code(ask(&mut devices, 0)), "slow_down");
        assert_eq!(code(ask(&mut devices, 1)), "authorization_pending");
        assert!(devices.decide("kkkkkkkk", Decision::Allowed(Some("a@example.com".to_owned())), NOW));
        let consent = ask(&mut devices, 2).unwrap();
        assert_eq!(consent.address.as_deref(), Some("a@example.com"));
        assert_eq!(code(ask(&mut devices, 3)), "invalid_grant");
    }

    #[test]
    fn a_no_is_a_no() {
        let (mut devices, codes) = one();
        assert!(devices.decide(&codes.user, Decision::Denied, NOW));
        assert!(!devices.decide(&codes.user, Decision::Allowed(None), NOW));
        assert_eq!(code(devices.ask(&codes.device, Shown::default(), NOW)), "access_denied");
    }

    #[test]
    fn a_code_runs_out_for_the_person_and_for_the_device() {
        let (mut devices, codes) = one();
        assert!(!devices.awaits(&codes.user, NOW + LIFETIME));
        assert_eq!(
            code(devices.ask(&codes.device, Shown::default(), NOW + LIFETIME)),
            "expired_token"
        );
    }
}
