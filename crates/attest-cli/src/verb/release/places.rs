use attest_net::registry::{Repository, Tag};
use attest_release::plan::Plan;
use attest_sandbox::registry::Name;

use super::{Arguments, failure};
use crate::failure::Failure;
use crate::registry::parse_reference;

/// What every place in a registry begins with.
pub(super) const SCHEME: &str = "oci://";

/// What a place that is none may lack.
const HINT: &str =
    "`publish` is `oci://HOST/NAME`, with a name in lower case: letters and digits, joined by `.`, `_`, `-` or `/`";

/// Holds every place and every tag to the rules of registries, so that what a plan shows can be published, and writes places as
/// registries do: in a host, case says nothing. A rehearsal has its own.
pub(super) fn settle(plan: &mut Plan, arguments: &Arguments) -> Result<(), Failure> {
    let at = |failure: Failure| failure.at(arguments.config.display());
    let mut repositories = Vec::new();
    for publication in plan.publications_mut() {
        let reference = parse_reference(&publication.repository);
        let reference = reference.map_err(|failure| at(failure).hint(HINT))?;
        publication.repository = format!("{SCHEME}{}", reference.repository());
        repositories.push(reference.repository().clone());
        for tag in &publication.tags {
            tag.parse::<Tag>()
                .map_err(|error| at(Failure::usage("reference-invalid", error)))?;
        }
    }
    if arguments.sandbox {
        for (publication, name) in plan.publications_mut().zip(rehearsed(&repositories)) {
            name.parse::<Name>()
                .map_err(|error| at(Failure::usage("reference-invalid", error)))?;
            publication.rehearsed_as = Some(name);
        }
    }
    plan.publications_differ().map_err(|error| at(failure::release(&error)))
}

/// The name of each in the registry of a rehearsal: its own, below that of its registry where another registry has one of that name.
fn rehearsed(repositories: &[Repository]) -> Vec<String> {
    let name = |own: &Repository| {
        let has_namesake = |other: &Repository| other.name() == own.name() && other.registry() != own.registry();
        match repositories.iter().any(has_namesake) {
            true => format!("{}/{}", own.registry().replace(':', "-"), own.name()),
            false => own.name().to_owned(),
        }
    };
    repositories.iter().map(name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rehearsal_keeps_names_and_keeps_registries_apart_where_they_have_the_same() {
        let names = |places: &[(&str, &str)]| {
            let places = places.iter().map(|(registry, name)| Repository::new(registry, name));
            rehearsed(&places.collect::<Result<Vec<_>, _>>().unwrap())
        };
        let (one, other) = (("one.example.org", "team/app"), ("other.example.org:8080", "team/app"));
        assert_eq!(
            names(&[one, ("other.example.org", "team/tool")]),
            ["team/app", "team/tool"]
        );
        assert_eq!(names(&[one, ("ONE.example.org", "team/app")]), ["team/app", "team/app"]);
        assert_eq!(
            names(&[one, other]),
            ["one.example.org/team/app", "other.example.org-8080/team/app"]
        );
    }
}
