//! Licences that no input tells, from registries that somebody named.

mod asking;

use std::time::Duration;

use attest_net::{Endpoint, PackageRegistry};
use attest_sbom::Inventory;
use attest_sbom::registry::{Question, Registry};

use self::asking::{Asked, Asking, LIMITS};
use crate::context::Context;
use crate::failure::Failure;
use crate::keyless::net_failure;
use crate::progress::Progress;

/// What the registry of crates asks of programs: one question a second.
const PACE_OF_CARGO: Duration = Duration::from_secs(1);

/// Whom to ask for licences.
#[derive(Debug, Default, clap::Args)]
#[group(id = "PackageRegistryArguments")]
pub(super) struct RegistryArguments {
    /// Ask a registry for the licences that no file tells, as KIND=URL of its web API (cargo, npm, pypi), for an hour and 512 MiB of
    /// answers at most; may be repeated
    #[arg(long, value_name = "KIND=URL", value_parser = address, conflicts_with_all = ["cargo", "messages"])]
    licenses_from_registry: Vec<Address>,
}

/// A registry, and where its web API is.
#[derive(Debug, Clone)]
struct Address {
    registry: Registry,
    endpoint: Endpoint,
}

fn address(text: &str) -> Result<Address, String> {
    let (kind, url) = text.split_once('=').ok_or("expected KIND=URL")?;
    let registry = kind
        .parse()
        .map_err(|()| "expected cargo, npm or pypi before `=`".to_owned())?;
    let endpoint = Endpoint::parse(url).map_err(|error| error.to_string())?;
    Ok(Address { registry, endpoint })
}

impl RegistryArguments {
    /// Asks for what is missing. A package whose lock file names a registry is asked for there only; what is not answered is a gap.
    pub(super) fn complete(&self, inventory: &mut Inventory, context: &mut Context<'_>) -> Result<(), Failure> {
        if self.licenses_from_registry.is_empty() {
            return Ok(());
        }
        let registries = self.registries()?;
        let mut questions = inventory.questions();
        questions.retain(|question| registries.iter().any(|one| one.registry == question.registry()));
        let all = questions.len();
        let asked: Vec<(Question, &Asked)> = questions
            .into_iter()
            .filter_map(|question| {
                let registry = registries.iter().find(|registry| registry.serves(&question))?;
                Some((question, &registry.asked))
            })
            .collect();
        context.say(format_args!(
            "asking registries for the licences of {} packages",
            asked.len()
        ));
        match all - asked.len() {
            0 => {}
            1 => context.say("1 package of another registry is not asked for"),
            others => context.say(format_args!("{others} packages of other registries are not asked for")),
        }
        let progress = Progress::new(context.interactive, asked.len(), "licences");
        let answers = Asking::new(LIMITS, registries.iter().map(|one| &one.asked).collect(), &progress).ask(&asked);
        drop(progress);
        inventory.answered(asked.into_iter().map(|(question, _)| question).zip(answers).collect());
        Ok(())
    }

    fn registries(&self) -> Result<Vec<Reachable>, Failure> {
        let addresses = self.licenses_from_registry.iter();
        let reachable = addresses.map(|Address { registry, endpoint }| {
            let pace = match registry {
                Registry::Cargo => PACE_OF_CARGO,
                _ => Duration::ZERO,
            };
            Ok(Reachable {
                registry: *registry,
                host: endpoint.host().to_owned(),
                asked: Asked::new(PackageRegistry::new(endpoint.clone(), pace).map_err(|error| net_failure(&error))?),
            })
        });
        reachable.collect()
    }
}

/// A registry that may be asked.
struct Reachable {
    registry: Registry,
    host: String,
    asked: Asked,
}

impl Reachable {
    fn serves(&self, question: &Question) -> bool {
        self.registry == question.registry() && question.host().is_none_or(|host| host == self.host)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registry_is_a_kind_and_an_address() {
        let found = address("npm=https://npm.example.com/base").unwrap();
        assert_eq!(
            (found.registry, found.endpoint.host()),
            (Registry::Npm, "npm.example.com")
        );
        for (text, expected) in [
            ("npm", "expected KIND=URL"),
            ("gem=https://example.com", "expected cargo, npm or pypi before `=`"),
            (
                "npm=http://example.com/",
                "expected an https URL (http only to the loopback interface), found `http://example.com/`",
            ),
            (
                "npm=https://u:PW@example.com/",
                "expected a URL without credentials, found `https://…@example.com`",
            ),
        ] {
            assert_eq!(address(text).unwrap_err(), expected);
        }
    }
}
