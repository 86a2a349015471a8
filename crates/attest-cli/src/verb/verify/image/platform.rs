use attest_archive::image::{Manifest, Platform};
use attest_store::image::{Node, NodeKind, Repository as _, Tree};
use serde::Deserialize;

use super::super::problem::Problem;
use super::arguments::ImageOptions;
use super::findings::{ImageFindings, NodeVerdict};
use crate::image::{Opened, Place};

/// The largest configuration that is read, as registries have manifests.
const MAX_CONFIGURATION_BYTES: u64 = 4 << 20;

#[derive(Deserialize)]
struct ConfigurationWire {
    #[serde(default)]
    os: String,
    #[serde(default)]
    architecture: String,
    #[serde(default)]
    variant: Option<String>,
}

/// Why an image that no index names is not for the platforms that are asked for: only its configuration says what it runs on.
pub(super) fn unfit(options: &ImageOptions, opened: &Opened, top: &Node) -> Option<Problem> {
    let NodeKind::Image(manifest) = &top.kind else {
        return None;
    };
    if !options.has_platforms() {
        return None;
    }
    match found(&opened.place, manifest) {
        Ok(Some(platform)) if options.asks_for(&platform) => None,
        Ok(found) => Some(Problem::rejected(
            "platform-missing",
            format_args!(
                "expected an image for {}, found one for {}",
                options.platforms_shown(),
                found.map_or_else(|| "no platform".to_owned(), |platform| platform.to_string())
            ),
        )),
        Err(problem) => Some(problem),
    }
}

/// Why images that are signed themselves are not what an index that nobody signed calls them: only their configurations are
/// signed with them.
pub(super) fn mislabelled(opened: &Opened, tree: &Tree, findings: &ImageFindings) -> Vec<Problem> {
    let is_signed = |place: &usize| {
        let verdict = findings.nodes[*place].verdict;
        matches!(verdict, NodeVerdict::Itself | NodeVerdict::Covered)
    };
    let nodes = tree.nodes().iter().enumerate();
    let alone = nodes.filter(|(place, _)| {
        let node = &findings.nodes[*place];
        node.is_required && node.verdict == NodeVerdict::Itself && !tree.ancestors(*place).iter().any(is_signed)
    });
    alone
        .filter_map(|(_, node)| contradiction(&opened.place, node))
        .collect()
}

fn contradiction(place: &Place, node: &Node) -> Option<Problem> {
    let (NodeKind::Image(manifest), Some(called)) = (&node.kind, node.platform()) else {
        return None;
    };
    match found(place, manifest) {
        Ok(Some(platform)) if platform.is_same_as(called) => None,
        Ok(found) => Some(Problem::rejected(
            "platform-mismatch",
            format_args!(
                "expected `{}` to be for {called}, as an index that nobody signed says, found it is for {}",
                node.digest(),
                found.map_or_else(|| "no platform".to_owned(), |platform| platform.to_string())
            ),
        )),
        Err(problem) => Some(problem),
    }
}

fn found(place: &Place, manifest: &Manifest) -> Result<Option<Platform>, Problem> {
    let config = manifest.config();
    if config.size() > MAX_CONFIGURATION_BYTES {
        let found = config.size();
        let message = format_args!("expected at most {MAX_CONFIGURATION_BYTES} bytes of configuration, found {found}");
        return Err(Problem::rejected("configuration-too-large", message));
    }
    let bytes = place.blob(config.digest(), config.size());
    let bytes = bytes.map_err(|error| Problem::from(&place.failure(&error)))?;
    let Some(bytes) = bytes else {
        let message = format_args!("expected configuration `{}`, found nothing", config.digest());
        return Err(Problem::undecided("image-incomplete", message));
    };
    Ok(platform(&bytes))
}

fn platform(configuration: &[u8]) -> Option<Platform> {
    let wire: ConfigurationWire = serde_json::from_slice(configuration).ok()?;
    let variant = wire.variant.filter(|variant| !variant.is_empty());
    let variant = variant.map(|variant| format!("/{variant}")).unwrap_or_default();
    format!("{}/{}{variant}", wire.os, wire.architecture).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_configuration_says_what_it_is_for() {
        let read = |text: &str| platform(text.as_bytes()).map(|platform| platform.to_string());
        assert_eq!(
            read(r#"{"os":"linux","architecture":"arm","variant":"v7"}"#).as_deref(),
            Some("linux/arm/v7")
        );
        assert_eq!(
            read(r#"{"os":"linux","architecture":"amd64","variant":""}"#).as_deref(),
            Some("linux/amd64")
        );
        for none in ["", "{}", r#"{"os":"linux"}"#, r#"{"os":1,"architecture":"amd64"}"#] {
            assert_eq!(read(none), None);
        }
    }
}
