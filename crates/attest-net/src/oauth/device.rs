use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::Value;

use super::discovery::near;
use super::grant::{Grant, Reply, unexpected};
use super::pkce::Pkce;
use super::{DevicePrompt, Person, SCOPE, refused};
use crate::{Error, Secret};

/// The grant of RFC 8628.
const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// How often is asked when the provider does not say, and how seldom at most, in seconds (RFC 8628, section 3.2).
const INTERVAL: u64 = 5;
const MAX_INTERVAL: u64 = 60;

/// By how much the pause grows when the provider asks for it (RFC 8628, section 3.5).
const SLOWER: Duration = Duration::from_secs(5);

/// The longest that is waited for a person, whatever the provider says, in seconds.
const MAX_SECONDS: u64 = 1800;

/// Asks for a code, has it entered, and asks until it was (RFC 8628). The code is bound to this process by PKCE, which
/// providers that do not know it for devices ignore.
pub(super) fn login(grant: &Grant<'_>, person: &mut dyn Person) -> Result<Secret, Error> {
    let pkce = Pkce::new()?;
    let device = begin(grant, &pkce)?;
    let seconds = device.expires_in.min(MAX_SECONDS);
    person.enter(&DevicePrompt {
        url: device.verification_uri,
        code: device.user_code,
        complete_url: device.verification_uri_complete,
        seconds,
    });
    let fields = [
        ("grant_type", GRANT_TYPE),
        ("device_code", device.device_code.as_str()),
        ("code_verifier", pkce.verifier()),
    ];
    let mut polling = Polling::new(device.interval);
    let end = Instant::now() + Duration::from_secs(seconds);
    while Instant::now() + polling.pause <= end {
        std::thread::sleep(polling.pause);
        match polling.step(grant.ask(&grant.provider.token, &fields)?) {
            Step::Again => {}
            Step::Given(answer) => return grant.identity_token(&answer),
            Step::Refused { code, description } => return Err(refused(&grant.provider.issuer, &code, &description)),
        }
    }
    Err(Error::LoginTimedOut { seconds })
}

fn begin(grant: &Grant<'_>, pkce: &Pkce) -> Result<DeviceWire, Error> {
    let provider = grant.provider;
    let endpoint = provider.device.as_ref().ok_or_else(|| Error::LoginUnavailable {
        issuer: provider.issuer.clone(),
        missing: "login with a code on another device",
    })?;
    let fields = [
        ("scope", SCOPE),
        ("code_challenge", pkce.challenge()),
        ("code_challenge_method", "S256"),
    ];
    let answer = match grant.ask(endpoint, &fields)? {
        Reply::Given(answer) => answer,
        Reply::Refused { code, description } => return Err(refused(&provider.issuer, &code, &description)),
    };
    let wire: DeviceWire =
        serde_json::from_value(answer).map_err(|error| unexpected(endpoint, "a device code", &error.to_string()))?;
    // A person goes to these addresses, so they have to be as good as the endpoints.
    for url in std::iter::once(&wire.verification_uri).chain(&wire.verification_uri_complete) {
        near(url, endpoint)?;
    }
    Ok(wire)
}

/// How long to wait before the next question.
struct Polling {
    pause: Duration,
}

enum Step {
    Again,
    Given(Value),
    Refused { code: String, description: String },
}

impl Polling {
    fn new(interval: Option<u64>) -> Self {
        let seconds = interval.unwrap_or(INTERVAL).clamp(1, MAX_INTERVAL);
        Self {
            pause: Duration::from_secs(seconds),
        }
    }

    fn step(&mut self, reply: Reply) -> Step {
        match reply {
            Reply::Given(answer) => Step::Given(answer),
            Reply::Refused { code, .. } if code == "authorization_pending" => Step::Again,
            Reply::Refused { code, .. } if code == "slow_down" => {
                self.pause += SLOWER;
                Step::Again
            }
            Reply::Refused { code, description } => Step::Refused { code, description },
        }
    }
}

#[derive(Deserialize)]
struct DeviceWire {
    device_code: String,
    user_code: String,
    verification_uri: String,
    verification_uri_complete: Option<String>,
    expires_in: u64,
    interval: Option<u64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(code: &str) -> Reply {
        Reply::Refused {
            code: code.to_owned(),
            description: String::new(),
        }
    }

    #[test]
    fn who_is_asked_to_slow_down_does_and_stays_slow() {
        let mut polling = Polling::new(None);
        assert_eq!(polling.pause, Duration::from_secs(5));
        assert!(matches!(polling.step(refusal("slow_down")), Step::Again));
        assert!(matches!(polling.step(refusal("authorization_pending")), Step::Again));
        assert_eq!(polling.pause, Duration::from_secs(10));
    }

    #[test]
    fn a_no_and_a_code_that_ran_out_end_it() {
        for code in ["access_denied", "expired_token", "invalid_grant"] {
            let step = Polling::new(Some(1)).step(refusal(code));
            assert!(matches!(step, Step::Refused { code: said, .. } if said == code));
        }
    }

    #[test]
    fn an_interval_is_kept_within_reason() {
        assert_eq!(Polling::new(Some(0)).pause, Duration::from_secs(1));
        assert_eq!(Polling::new(Some(u64::MAX)).pause, Duration::from_secs(60));
    }
}
