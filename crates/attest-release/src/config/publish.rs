use super::problem::ProblemKind;
use super::reader::Section;
use crate::template::{Scope, Template, Values};

/// What every place in a registry begins with.
const SCHEME: &str = "oci://";

/// What a place is like: a repository, or for a chart what its repository lies below.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Repository,
    Parent,
}

/// Where something goes in a registry.
pub(super) fn publish(section: &Section<'_>, place: Place) -> Option<Template> {
    let text = section.text("publish")?;
    section.accept(text.offset, parse(&section.key_path("publish"), text.value, place))
}

fn parse(key: &str, text: &str, place: Place) -> Result<Template, ProblemKind> {
    let template = Template::parse(text, Scope::Release)?;
    let values = Values {
        name: "name",
        version: "1",
        target: None,
    };
    match is_place(&template.render(&values), place) {
        true => Ok(template),
        false => Err(ProblemKind::Unusable {
            key: key.to_owned(),
            expected: match place {
                Place::Repository => "a repository without a tag, such as `oci://registry.example.org/team/app`",
                Place::Parent => "a place for charts, such as `oci://registry.example.org/charts`",
            },
            found: text.escape_debug().to_string(),
        }),
    }
}

/// A host, perhaps with a port, and below it a name without a tag and without a digest.
fn is_place(text: &str, place: Place) -> bool {
    let Some(rest) = text.strip_prefix(SCHEME) else {
        return false;
    };
    let (host, name) = rest.split_once('/').unwrap_or((rest, ""));
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-".contains(c);
    let is_host = !host.is_empty() && host.chars().all(|c| is_plain(c) || c.is_ascii_uppercase() || c == ':');
    let is_name = name
        .split('/')
        .all(|part| !part.is_empty() && part.chars().all(is_plain));
    is_host && (is_name || (name.is_empty() && place == Place::Parent))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_has_a_host_and_no_tag() {
        for text in ["oci://registry.example.org/team/app", "oci://localhost:5000/{name}"] {
            assert!(parse("image.publish", text, Place::Repository).is_ok(), "{text}");
            assert!(parse("chart.publish", text, Place::Parent).is_ok(), "{text}");
        }
        assert!(parse("chart.publish", "oci://registry.example.org", Place::Parent).is_ok());
        for text in [
            "oci://registry.example.org",
            "registry.example.org/team/app",
            "oci://registry.example.org/team/app:v1",
            "oci://registry.example.org/Team/app",
            "oci://registry.example.org/app@sha256:00",
            "oci:///app",
            "oci://registry.example.org/team//app",
            "oci://registry.example.org/team/{target}",
        ] {
            assert!(parse("image.publish", text, Place::Repository).is_err(), "{text}");
        }
    }
}
