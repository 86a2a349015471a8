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
}

/// The services that a signature will use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Services {
    pub(crate) authority: Endpoint,
    pub(crate) rekor: RekorVersion,
    pub(crate) logs: Vec<Endpoint>,
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
        let now = choice.now;
        let forced = choice.rekor.map(|version| [version.major()]);
        let speaks = forced.as_ref().map_or(REKOR, |one| one.as_slice());
        let authority = pick(Service::Fulcio, &self.authorities, FULCIO, Selector::Any, now)?;
        let logs = pick(Service::Rekor, &self.logs, speaks, self.log_selector, now)?;
        let rekor = if logs[0].version == 2 {
            RekorVersion::V2
        } else {
            RekorVersion::V1
        };
        let timestamps = match (self.timestamp_authorities.is_empty(), rekor, self.timestamp_selector) {
            (true, RekorVersion::V2, _) => return Err(Error::NoTimestampAuthority),
            (true, RekorVersion::V1, Selector::Any) => Vec::new(),
            (_, _, selector) => pick(
                Service::TimestampAuthority,
                &self.timestamp_authorities,
                TIMESTAMP,
                selector,
                now,
            )?,
        };
        Ok(Services {
            authority: authority[0].endpoint.clone(),
            rekor,
            logs: endpoints(&logs),
            timestamp_authorities: endpoints(&timestamps),
        })
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
        self.authority.is_loopback() && self.logs.iter().all(Endpoint::is_loopback)
    }

    /// The version of Rekor that the logs speak.
    #[must_use]
    pub fn rekor(&self) -> RekorVersion {
        self.rekor
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
        Choice { now, rekor }
    }

    fn urls(services: &Services) -> Vec<String> {
        services.logs.iter().map(ToString::to_string).collect()
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
        assert_eq!(services.rekor(), RekorVersion::V2);
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
        assert_eq!(early.rekor(), RekorVersion::V1);
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
}
