//! What the metadata of a package say of it.

use attest_archive::python::Fields;

use super::requirement::Requirement;
use crate::cyclonedx::LicenceChoice;
use crate::licence;
use crate::scan::Scan;

/// The part of `METADATA` or `PKG-INFO` that a list of contents holds.
#[derive(Debug, Default)]
pub(super) struct Described {
    pub(super) name: Option<String>,
    pub(super) version: Option<String>,
    pub(super) requirements: Vec<Requirement>,
    pub(super) licence: Licence,
    pub(super) licence_files: Vec<String>,
}

pub(super) fn described(fields: &Fields) -> Described {
    let first = |name: &str| fields.first(name).filter(|value| !value.is_empty()).map(str::to_owned);
    Described {
        name: first("Name"),
        version: first("Version"),
        requirements: fields.all("Requires-Dist").filter_map(Requirement::parse).collect(),
        licence: Licence {
            expression: first("License-Expression"),
            field: first("License"),
            classifiers: fields
                .all("Classifier")
                .filter(|one| one.starts_with("License ::"))
                .map(str::to_owned)
                .collect(),
        },
        licence_files: fields.all("License-File").map(str::to_owned).collect(),
    }
}

/// What is wrong with fields that a package has once.
pub(super) fn repeated(fields: &Fields) -> impl Iterator<Item = String> {
    let once = ["Name", "Version"].into_iter();
    let several = once.filter(|field| fields.all(field).count() > 1);
    several.map(|field| format!("expected one `{field}`, found several: the first one is listed"))
}

/// The licence, in the three ways in which metadata have said it over the years.
#[derive(Debug, Clone, Default)]
pub(super) struct Licence {
    pub(super) expression: Option<String>,
    pub(super) field: Option<String>,
    pub(super) classifiers: Vec<String>,
}

/// The longest name of a licence: beyond, it is the text of one.
const MAX_NAME: usize = 100;

impl Licence {
    /// An expression goes before what is one by its form, and that before a classifier that means one licence only; then come
    /// the texts that the package brings along, and last whatever it is called.
    pub(super) fn resolve(&self, texts: impl FnOnce() -> Vec<String>) -> Vec<LicenceChoice> {
        let field = self.field.as_deref().map(str::trim).filter(|text| !text.is_empty());
        let name = field
            .filter(|text| !text.contains('\n') && text.len() <= MAX_NAME && !text.eq_ignore_ascii_case("unknown"));
        let declared = [self.expression.as_deref(), name].into_iter().flatten();
        for text in declared {
            let choice = licence::declared(Some(super::licence_names::identifier(text).unwrap_or(text)), None);
            if matches!(choice[..], [LicenceChoice::Expression { .. }]) {
                return choice;
            }
        }
        let of_classifiers: Vec<Option<&str>> = self
            .classifiers
            .iter()
            .map(|one| super::licence_names::of_classifier(one))
            .collect();
        if let [Some(identifier)] = of_classifiers[..] {
            return licence::declared(Some(identifier), None);
        }
        if let Some(concluded) = licence::of_texts(texts().iter().map(String::as_str)) {
            return vec![concluded];
        }
        let last = |classifier: &String| classifier.rsplit("::").next().unwrap_or_default().trim().to_owned();
        let named = self.expression.clone().or(name.map(str::to_owned));
        let named = named.map_or_else(|| self.classifiers.iter().map(last).collect(), |name| vec![name]);
        let choices = named.iter().flat_map(|name| licence::declared(Some(name), None));
        match named.len() {
            1 => choices.collect(),
            // No expression may stand beside a name.
            _ => choices.map(licence::as_name).collect(),
        }
    }
}

/// The largest licences, with those of everything that is bundled, take some hundred kilobytes.
const LICENCE_LIMIT: u64 = 1 << 20;

/// The most texts that are read.
const MAX_TEXTS: usize = 16;

/// The texts of the licences of an installed package: those that its metadata name, else those that lie beside them.
pub(super) fn licence_texts<'a>(
    scan: &Scan<'_>,
    information: &str,
    named: impl Iterator<Item = &'a str>,
) -> Vec<String> {
    let named = named.filter(|name| licence::is_licence_file(name.rsplit('/').next().unwrap_or(name)));
    let mut paths: Vec<String> = named
        .flat_map(|name| {
            [
                format!("{information}/licenses/{name}"),
                format!("{information}/{name}"),
            ]
        })
        .collect();
    if paths.is_empty() {
        let below = scan.listing().below(information).iter();
        paths = below
            .filter(|entry| licence::is_licence_file(entry.name()))
            .map(|entry| entry.path.clone())
            .collect();
    }
    let texts = paths
        .iter()
        .filter_map(|path| scan.text(path, LICENCE_LIMIT).ok().flatten());
    texts.take(MAX_TEXTS).collect()
}
