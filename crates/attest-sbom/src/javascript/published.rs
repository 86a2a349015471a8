use super::manifest::Manifest;
use crate::registry::Published;

/// What a registry of npm says of one version of a package: its manifest.
pub(crate) fn published(answer: &[u8]) -> Result<Published, String> {
    let text = std::str::from_utf8(answer).map_err(|error| error.to_string())?;
    let manifest = Manifest::parse(text, "").map_err(|gap| gap.detail().to_owned())?;
    Ok(Published {
        name: manifest.name.text().unwrap_or_default().to_owned(),
        version: manifest.version.text().unwrap_or_default().to_owned(),
        licences: manifest.licences(),
    })
}
