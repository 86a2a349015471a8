use attest_net::{Http, TrustMaterial, Updated};

use super::change::changes;
use super::{NetworkArguments, fetch, print};
use crate::context::Context;
use crate::exit::Outcome;
use crate::failure::{Failure, FailureClass};
use crate::trust::{Directory, Instance, not_initialised};
use crate::visible::visible;

/// Fetch what is new: the newest trust root and signing services, verified from the root that is known
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Which instances [default: those that count: the initialised one, else the public ones]
    #[arg(value_name = "INSTANCE")]
    instances: Vec<Instance>,
    #[command(flatten)]
    network: NetworkArguments,
}

/// Each instance by itself: that one does not answer says nothing about the other.
pub(super) fn run(arguments: &Arguments, context: &mut Context<'_>) -> Result<Outcome, Failure> {
    let http = arguments.network.connect("fetching what is new")?;
    let directory = Directory::of(&context.environment);
    let instances = match arguments.instances.as_slice() {
        [] => directory.instances_in_use()?,
        named => named.to_vec(),
    };
    let mut failures = Vec::new();
    for instance in instances {
        match update(&http, instance, &directory, context) {
            Ok(updated) => print(context, told(instance, &updated))?,
            Err(failure) => failures.push(failure),
        }
    }
    let worst = worst(&mut failures);
    for other in failures {
        context.say(other);
    }
    worst.map_or(Ok(Outcome::Accepted), Err)
}

fn update(
    http: &Http,
    instance: Instance,
    directory: &Directory,
    context: &mut Context<'_>,
) -> Result<Updated, Failure> {
    let anchor = match instance.anchor() {
        Some(anchor) => anchor,
        None => directory.anchor()?.ok_or_else(not_initialised)?,
    };
    fetch(http, instance, &anchor, context)
}

/// Takes out the one that decides how the call ends.
fn worst(failures: &mut Vec<Failure>) -> Option<Failure> {
    let rejected = |failure: &Failure| failure.class() == FailureClass::Rejected;
    let place = failures.iter().position(rejected).unwrap_or_default();
    (!failures.is_empty()).then(|| failures.remove(place))
}

/// What is known now, and each difference to before on a line of its own.
pub(super) fn told(instance: Instance, updated: &Updated) -> String {
    let before = updated.before.as_ref().map(TrustMaterial::trusted_root);
    let word = match before {
        None => "fetched",
        Some(before) if before == updated.after.trusted_root() => "unchanged",
        Some(_) => "updated",
    };
    let versions = updated.after.versions();
    let mut text = format!(
        "{}: {word}, root {}, timestamp {}, snapshot {}, targets {}, good until {}",
        instance.name(),
        versions.root,
        versions.timestamp,
        versions.snapshot,
        versions.targets,
        updated.after.expires()
    );
    for change in changes(before.or(instance.embedded()), updated.after.trusted_root()) {
        text.push_str("\n  ");
        text.push_str(&visible(&change));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_rejected_decides_before_what_could_not_be_reached() {
        let away = Failure::undecided("service-unreachable", "away");
        let rejected = Failure::rejected("trust-repository-rejected", "rejected");
        let mut failures = vec![away.clone(), rejected.clone()];
        assert_eq!(worst(&mut failures), Some(rejected));
        assert_eq!(worst(&mut failures), Some(away));
        assert_eq!(worst(&mut failures), None);
    }
}
