use attest_archive::python::Version;
use serde::Deserialize;

use super::described::Licence;
use super::release::normalised;
use crate::registry::Published;

/// The metadata of a release, as the JSON API of an index repeats them.
#[derive(Deserialize)]
struct ReleaseWire {
    info: InformationWire,
}

#[derive(Deserialize)]
struct InformationWire {
    name: String,
    version: String,
    license_expression: Option<String>,
    license: Option<String>,
    classifiers: Option<Vec<String>>,
}

/// What an index of Python says of a release. In the field for a name may stand the text of a licence: then it is concluded.
pub(crate) fn published(answer: &[u8]) -> Result<Published, String> {
    let ReleaseWire { info } = serde_json::from_slice(answer).map_err(|error| error.to_string())?;
    let mut classifiers = info.classifiers.unwrap_or_default();
    classifiers.retain(|one| one.starts_with("License ::"));
    let text = info.license.clone().filter(|text| text.trim().contains('\n'));
    let licence = Licence {
        expression: info.license_expression.filter(|text| !text.is_empty()),
        field: info.license,
        classifiers,
    };
    Ok(Published {
        licences: licence.resolve(|| text.into_iter().collect()),
        name: info.name,
        version: info.version,
    })
}

/// Whether indexes take two names for one (PEP 503).
pub(crate) fn is_same_name(one: &str, two: &str) -> bool {
    normalised(one) == normalised(two)
}

/// Whether two versions mean the same (PEP 440).
pub(crate) fn is_same_version(one: &str, two: &str) -> bool {
    match (one.parse::<Version>(), two.parse::<Version>()) {
        (Ok(one), Ok(two)) => one == two,
        _ => one == two,
    }
}
