use jiff::Timestamp;

use crate::signing_config::Listed;
use crate::{Endpoint, Error, RekorVersion, Selector, Service, SigningConfig};

/// The versions of each service that are spoken.
const FULCIO: &[u32] = &[1];
const TIMESTAMP: &[u32] = &[1];
const IDENTITY: &[u32] = &[1];
const REKOR: &[u32] = &[1, 2];

/// When, and with which log, services are chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Choice {
    /// The moment at which the services have to be valid.
    pub now: Timestamp,
    /// The version of Rekor, or none for the highest that the configuration offers.
    pub rekor: Option<RekorVersion>,
    /// What services are needed for.
    pub wanted: Wanted,
}

/// What services are needed for; everything unless it is said otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    /// A certificate. With a key of one's own there is none.
    pub certificate: bool,
    /// An entry in a log.
    pub log: bool,
    /// A signed time.
    pub timestamp: bool,
}

impl Default for Wanted {
    fn default() -> Self {
        Self {
            certificate: true,
            log: true,
            timestamp: true,
        }
    }
}

/// The services that a signature will use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Services {
    pub(crate) authority: Option<Endpoint>,
    pub(crate) logs: Vec<(RekorVersion, Endpoint)>,
    pub(crate) timestamp_authorities: Vec<Endpoint>,
}

impl SigningConfig {
    /// Chooses services: of those that are valid now and speak a version that is spoken here, the ones with the highest
    /// version; of each operator the one that began last; and as many as the selector demands.
    ///
    /// Source: Sigstore client specification and `SigningConfig` in `sigstore_trustroot.proto`.
    ///
    /// # Errors
    /// When the configuration demands what it does not offer. Nothing is quietly done with less.
    pub fn choose(&self, choice: &Choice) -> Result<Services, Error> {
        let authority = match choice.wanted.certificate {
            true => Some(
                pick(Service::Fulcio, &self.authorities, FULCIO, Selector::Any, choice.now)?[0]
                    .endpoint
                    .clone(),
            ),
            false => None,
        };
        let logs = self.choose_logs(choice)?;
        let timestamps = self.choose_timestamps(choice, logs.first().map(|(version, _)| *version))?;
        Ok(Services {
            authority,
            timestamp_authorities: endpoints(&timestamps),
            logs,
        })
    }

    fn choose_logs(&self, choice: &Choice) -> Result<Vec<(RekorVersion, Endpoint)>, Error> {
        if !choice.wanted.log {
            return Ok(Vec::new());
        }
        let forced = choice.rekor.map(|version| [version.major()]);
        let speaks = forced.as_ref().map_or(REKOR, |one| one.as_slice());
        let logs = pick(Service::Rekor, &self.logs, speaks, self.log_selector, choice.now)?;
        let version = |log: &Listed| {
            if log.version == 2 {
                RekorVersion::V2
            } else {
                RekorVersion::V1
            }
        };
        Ok(logs
            .into_iter()
            .map(|log| (version(log), log.endpoint.clone()))
            .collect())
    }

    /// Only Rekor v1 signs the time itself; without it, and for a certificate, somebody else has to.
    fn choose_timestamps(&self, choice: &Choice, log: Option<RekorVersion>) -> Result<Vec<&Listed>, Error> {
        let untimed = log != Some(RekorVersion::V1);
        let listed = &self.timestamp_authorities;
        match (choice.wanted.timestamp, listed.is_empty(), self.timestamp_selector) {
            (false, _, _) if choice.wanted.certificate && untimed => Err(Error::NoTimestampAuthority),
            (false, _, _) => Ok(Vec::new()),
            (true, true, _) if untimed => Err(Error::NoTimestampAuthority),
            (true, true, Selector::Any) => Ok(Vec::new()),
            (true, _, selector) => pick(Service::TimestampAuthority, listed, TIMESTAMP, selector, choice.now),
        }
    }

    /// The identity provider for people, to whom a browser is sent.
    ///
    /// # Errors
    /// When there is none that is valid now.
    pub fn identity_provider(&self, now: Timestamp) -> Result<&Endpoint, Error> {
        let found = pick(
            Service::IdentityProvider,
            &self.identity_providers,
            IDENTITY,
            Selector::Any,
            now,
        )?;
        Ok(&found[0].endpoint)
    }
}

impl Services {
    /// Whether the certificate authority and the logs are on this machine, so that nothing becomes public.
    #[must_use]
    pub fn is_local(&self) -> bool {
        let mut public = self.authority.iter().chain(self.logs.iter().map(|(_, log)| log));
        public.all(Endpoint::is_loopback)
    }

    /// The version of Rekor that the logs speak; none if there are no logs.
    #[must_use]
    pub fn rekor(&self) -> Option<RekorVersion> {
        self.logs.first().map(|(version, _)| *version)
    }

    /// Whether signatures will be recorded in a log.
    #[must_use]
    pub fn recorded(&self) -> bool {
        !self.logs.is_empty()
    }

    /// Whether somebody other than a log will sign the time.
    #[must_use]
    pub fn timestamped(&self) -> bool {
        !self.timestamp_authorities.is_empty()
    }
}

/// At least one, or an error.
fn pick<'a>(
    service: Service,
    listed: &'a [Listed],
    versions: &[u32],
    selector: Selector,
    now: Timestamp,
) -> Result<Vec<&'a Listed>, Error> {
    let usable = listed
        .iter()
        .filter(|one| one.is_valid(now) && versions.contains(&one.version));
    let usable: Vec<&Listed> = usable.collect();
    let highest = usable
        .iter()
        .map(|one| one.version)
        .max()
        .ok_or_else(|| Error::NoService {
            service,
            now,
            versions: versions.iter().map(u32::to_string).collect::<Vec<_>>().join(" or "),
        })?;
    let mut candidates: Vec<&Listed> = usable.into_iter().filter(|one| one.version == highest).collect();
    candidates.sort_by_key(|one| std::cmp::Reverse(one.start));
    let mut operators = one_per_operator(candidates);
    let wanted = match selector {
        Selector::Any => 1,
        Selector::All => operators.len(),
        Selector::Exact(count) => count,
    };
    if operators.len() < wanted {
        let found = operators.len();
        return Err(Error::TooFew { service, wanted, found });
    }
    operators.truncate(wanted);
    Ok(operators)
}

/// Services that name no operator count as one of their own each.
fn one_per_operator(candidates: Vec<&Listed>) -> Vec<&Listed> {
    let mut chosen: Vec<&Listed> = Vec::new();
    for candidate in candidates {
        let known = |one: &&Listed| one.operator.is_some() && one.operator == candidate.operator;
        if !chosen.iter().any(known) {
            chosen.push(candidate);
        }
    }
    chosen
}

impl Listed {
    /// Both ends belong to the interval.
    fn is_valid(&self, now: Timestamp) -> bool {
        self.start.is_none_or(|start| start <= now) && self.end.is_none_or(|end| now <= end)
    }
}

fn endpoints(listed: &[&Listed]) -> Vec<Endpoint> {
    listed.iter().map(|one| one.endpoint.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn service(url: &str, version: u32, start: &str, operator: &str) -> Value {
        json!({ "url": url, "majorApiVersion": version, "validFor": { "start": start }, "operator": operator })
    }

    fn config(logs: Value, log_selector: Value, tsa: Value, tsa_selector: Value) -> SigningConfig {
        let json = json!({
            "mediaType": "application/vnd.dev.sigstore.signingconfig.v0.2+json",
            "caUrls": [service("https://ca.example.com", 1, "2020-01-01T00:00:00Z", "a")],
            "rekorTlogUrls": logs, "rekorTlogConfig": log_selector,
            "tsaUrls": tsa, "tsaConfig": tsa_selector,
        });
        SigningConfig::parse(json.to_string().as_bytes()).unwrap()
    }

    fn four_logs() -> Value {
        json!([
            service("https://one.example.com", 1, "2021-01-01T00:00:00Z", "a"),
            service("https://old.example.com", 2, "2022-01-01T00:00:00Z", "a"),
            service("https://new.example.com", 2, "2023-01-01T00:00:00Z", "a"),
            service("https://other.example.com", 2, "2022-06-01T00:00:00Z", "b"),
        ])
    }

    fn tsa() -> Value {
        json!([service("https://tsa.example.com", 1, "2020-01-01T00:00:00Z", "a")])
    }

    fn at(now: &str, rekor: Option<RekorVersion>) -> Choice {
        let now = now.parse().unwrap();
        let wanted = Wanted::default();
        Choice { now, rekor, wanted }
    }

    fn urls(services: &Services) -> Vec<String> {
        services.logs.iter().map(|(_, url)| url.to_string()).collect()
    }

    #[test]
    fn any_takes_the_newest_of_the_highest_version() {
        let config = config(
            four_logs(),
            json!({"selector": "ANY"}),
            tsa(),
            json!({"selector": "ANY"}),
        );
        let services = config.choose(&at("2024-01-01T00:00:00Z", None)).unwrap();
        assert_eq!(services.rekor(), Some(RekorVersion::V2));
        assert_eq!(urls(&services), ["https://new.example.com/"]);
        let forced = config
            .choose(&at("2024-01-01T00:00:00Z", Some(RekorVersion::V1)))
            .unwrap();
        assert_eq!(urls(&forced), ["https://one.example.com/"]);
    }

    #[test]
    fn what_is_not_yet_valid_is_passed_over_and_both_ends_count() {
        let config = config(four_logs(), json!({}), tsa(), json!({}));
        let services = config.choose(&at("2022-01-01T00:00:00Z", None)).unwrap();
        assert_eq!(urls(&services), ["https://old.example.com/"]);
        let early = config.choose(&at("2021-12-31T23:59:59Z", None)).unwrap();
        assert_eq!(early.rekor(), Some(RekorVersion::V1));
    }

    #[test]
    fn exact_and_all_take_one_of_each_operator() {
        for selector in [json!({"selector": "EXACT", "count": 2}), json!({"selector": "ALL"})] {
            let config = config(four_logs(), selector, tsa(), json!({}));
            let services = config.choose(&at("2024-01-01T00:00:00Z", None)).unwrap();
            assert_eq!(
                urls(&services),
                ["https://new.example.com/", "https://other.example.com/"]
            );
        }
    }

    #[test]
    fn what_cannot_be_satisfied_is_an_error() {
        let now = "2024-01-01T00:00:00Z";
        let three = config(four_logs(), json!({"selector": "EXACT", "count": 3}), tsa(), json!({}));
        let too_few = Error::TooFew {
            service: Service::Rekor,
            wanted: 3,
            found: 2,
        };
        assert_eq!(three.choose(&at(now, None)), Err(too_few));
        let no_tsa = config(four_logs(), json!({}), json!([]), json!({}));
        assert_eq!(no_tsa.choose(&at(now, None)), Err(Error::NoTimestampAuthority));
        let no_log = config(json!([]), json!({}), tsa(), json!({}));
        assert_eq!(
            no_log.choose(&at(now, None)).unwrap_err().to_string(),
            "expected a Rekor service that is valid at 2024-01-01T00:00:00Z and speaks version 1 or 2, found none in the \
             signing configuration"
        );
        let all_of_none = config(four_logs(), json!({}), json!([]), json!({"selector": "ALL"}));
        let error = all_of_none.choose(&at(now, Some(RekorVersion::V1))).unwrap_err();
        assert!(matches!(
            error,
            Error::NoService {
                service: Service::TimestampAuthority,
                ..
            }
        ));
    }

    #[test]
    fn what_is_not_wanted_need_not_be_there() {
        let now = "2024-01-01T00:00:00Z";
        let choose = |config: &SigningConfig, certificate, log, timestamp| {
            let wanted = Wanted {
                certificate,
                log,
                timestamp,
            };
            let chosen = config.choose(&Choice {
                wanted,
                ..at(now, None)
            });
            chosen.map(|chosen| (chosen.authority.is_some(), chosen.recorded(), chosen.timestamped()))
        };
        let all = config(four_logs(), json!({}), tsa(), json!({}));
        let none = config(json!([]), json!({}), json!([]), json!({}));
        assert_eq!(choose(&all, false, true, true), Ok((false, true, true)));
        assert_eq!(choose(&all, true, false, true), Ok((true, false, true)));
        assert_eq!(choose(&all, false, true, false), Ok((false, true, false)));
        assert_eq!(choose(&none, false, false, false), Ok((false, false, false)));
        assert_eq!(choose(&all, true, true, false), Err(Error::NoTimestampAuthority));
        assert_eq!(choose(&all, true, false, false), Err(Error::NoTimestampAuthority));
        assert_eq!(choose(&none, false, false, true), Err(Error::NoTimestampAuthority));
    }
}
