use attest_net::registry::{Pointer, Reference, Tag};

use crate::failure::Failure;
use crate::registry::parse_reference;

/// Where a layout or an artifact goes.
pub(super) fn named(text: &str) -> Result<Reference, Failure> {
    let reference = parse_reference(text)?;
    match reference.digest() {
        None => Ok(reference),
        Some(_) => Err(Failure::usage(
            "digest-unexpected",
            "expected a place without a digest: what is pushed says which one it has",
        )
        .at(text)),
    }
}

/// Where a chart goes: below a registry or a part of it, by its name, under its version, as `helm push` does it.
pub(super) fn of_chart(below: &str, name: &str, tag: &str) -> Result<Reference, Failure> {
    let bare = below.strip_prefix("oci://").unwrap_or(below).trim_end_matches('/');
    let has_tag = bare.rsplit_once('/').is_some_and(|(_, last)| last.contains(':'));
    if has_tag || bare.contains('@') {
        let message =
            format_args!("expected a place without a tag and a digest: the chart goes to `NAME:VERSION` below it");
        return Err(Failure::usage("chart-place", message).at(below));
    }
    // Its first part is a registry, also where it looks like a name.
    let with_name = parse_reference(&format!("{bare}/{name}"))?;
    let tag: Tag = parse_tag(tag)?;
    Ok(Reference::new(with_name.repository().clone(), Pointer::Tag(tag)))
}

fn parse_tag(text: &str) -> Result<Tag, Failure> {
    text.parse().map_err(|error| Failure::usage("reference-invalid", error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chart_goes_to_its_name_and_version() {
        for (below, expected) in [
            (
                "oci://registry.example.org/charts",
                "registry.example.org/charts/app:1.2.0_x",
            ),
            (
                "oci://registry.example.org/a/b/",
                "registry.example.org/a/b/app:1.2.0_x",
            ),
            ("oci://localhost:5000", "localhost:5000/app:1.2.0_x"),
            ("localhost:5000/charts", "localhost:5000/charts/app:1.2.0_x"),
        ] {
            assert_eq!(of_chart(below, "app", "1.2.0_x").unwrap().to_string(), expected);
        }
    }

    #[test]
    fn a_place_that_says_more_is_refused() {
        let digest = format!("oci://example.org/charts@sha256:{}", "0".repeat(64));
        for below in ["oci://localhost:5000/charts:v1", &digest] {
            assert_eq!(of_chart(below, "app", "1.2.0").unwrap_err().code(), "chart-place");
        }
        let upper = of_chart("oci://example.org", "App", "1.2.0").unwrap_err();
        assert_eq!(upper.code(), "reference-invalid");
        let long = of_chart("oci://example.org", "app", &"1".repeat(129)).unwrap_err();
        assert_eq!(long.code(), "reference-invalid");
        let digest = digest.replace("charts", "app");
        assert_eq!(named(&digest).unwrap_err().code(), "digest-unexpected");
    }
}
