//! A manifest and those that it continues in, what it says with everything filled in out.

use std::collections::{BTreeMap, BTreeSet};

use super::model::{Dependency, Pom};
use super::projects::Projects;
use super::values::Values;
use crate::cyclonedx::Scope;
use crate::java::coordinates::Coordinates;

/// Manifests continue others, and import lists of versions from others: a few, and never in a circle.
const MAX_MANIFESTS: usize = 64;

/// What a manifest says.
pub(super) struct Effective {
    /// Its own package; nothing if it has no name.
    pub(super) coordinates: Option<Coordinates>,
    pub(super) needs: Vec<Need>,
    /// The manifests that are continued or imported and are not here: what they decide is not known.
    pub(super) missing: Vec<String>,
}

/// A package that is needed.
pub(super) struct Need {
    pub(super) coordinates: Coordinates,
    pub(super) scope: Option<Scope>,
    /// The versions that will do, where no single one is asked for.
    pub(super) range: Option<String>,
}

impl Effective {
    pub(super) fn of(projects: &Projects, path: &str, pom: &Pom) -> Self {
        let mut line = Line::new(projects, path, pom);
        line.import();
        let own = line.values.filled(pom.group().unwrap_or_default());
        let artifact = line.values.filled(pom.artifact.as_deref().unwrap_or_default());
        let version = pom.version().map(|version| line.values.filled(version));
        let mut needs = BTreeMap::new();
        for dependency in line.poms.iter().flat_map(|pom| &pom.dependencies) {
            if let Some(need) = line.need(dependency) {
                // The nearest manifest says what counts.
                let key = (
                    need.coordinates.name().0.to_owned(),
                    need.coordinates.name().1.to_owned(),
                    dependency.kind.clone(),
                );
                needs.entry(key).or_insert(need);
            }
        }
        line.missing.sort();
        line.missing.dedup();
        Self {
            coordinates: Coordinates::new(&own, &artifact, version.as_deref()),
            needs: needs.into_values().collect(),
            missing: line.missing,
        }
    }
}

/// A manifest, the one that it continues, and so on.
struct Line<'a> {
    projects: &'a Projects,
    poms: Vec<&'a Pom>,
    values: Values,
    managed: BTreeMap<(String, String, String), Managed>,
    missing: Vec<String>,
}

/// A list of versions that is taken over.
struct Import {
    group: String,
    artifact: String,
    version: String,
}

impl Import {
    fn of(dependency: &Dependency, values: &Values) -> Self {
        Self {
            group: values.filled(&dependency.group),
            artifact: values.filled(&dependency.artifact),
            version: values.filled(dependency.version.as_deref().unwrap_or_default()),
        }
    }
}

impl std::fmt::Display for Import {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}:{}", self.group, self.artifact, self.version)
    }
}

#[derive(Clone)]
struct Managed {
    version: Option<String>,
    scope: Option<String>,
}

impl<'a> Line<'a> {
    fn new(projects: &'a Projects, path: &'a str, pom: &'a Pom) -> Self {
        let mut line = Self {
            projects,
            poms: Vec::new(),
            values: Values::default(),
            managed: BTreeMap::new(),
            missing: Vec::new(),
        };
        let mut next = Some((path, pom));
        while let Some((path, pom)) = next {
            if line.poms.len() == MAX_MANIFESTS {
                break;
            }
            pom.add_values(&mut line.values);
            line.poms.push(pom);
            next = projects.parent(path, pom);
            if let (None, Some(parent)) = (next, &pom.parent) {
                line.missing
                    .push(format!("{}:{}:{}", parent.group, parent.artifact, parent.version));
            }
        }
        line
    }

    /// Takes the managed versions, the nearest first, then those of imported lists.
    fn import(&mut self) {
        let mut imports = Vec::new();
        for pom in self.poms.clone() {
            for dependency in &pom.managed {
                match dependency.scope.as_deref() {
                    Some("import") => imports.push(dependency),
                    _ => self.manage(dependency),
                }
            }
        }
        let mut left: Vec<Import> = imports
            .into_iter()
            .map(|import| Import::of(import, &self.values))
            .rev()
            .collect();
        let mut seen = BTreeSet::new();
        while let Some(import) = left.pop() {
            if seen.len() == MAX_MANIFESTS || !seen.insert((import.group.clone(), import.artifact.clone())) {
                continue;
            }
            // What a list imports itself comes before what is imported after it.
            left.extend(self.import_one(&import).into_iter().rev());
        }
    }

    fn manage(&mut self, dependency: &Dependency) {
        let managed = Managed {
            version: dependency.version.as_deref().map(|text| self.values.filled(text)),
            scope: dependency.scope.as_deref().map(|text| self.values.filled(text)),
        };
        let key = self.key(dependency);
        self.managed.entry(key).or_insert(managed);
    }

    /// Takes what a list manages, and gives back what it imports.
    fn import_one(&mut self, import: &Import) -> Vec<Import> {
        let Some((path, pom)) = self.projects.named(&import.group, &import.artifact) else {
            self.missing.push(import.to_string());
            return Vec::new();
        };
        let line = Line::new(self.projects, path, pom);
        let mut imports = Vec::new();
        for dependency in line.poms.iter().flat_map(|pom| &pom.managed) {
            let managed = Managed {
                version: dependency.version.as_deref().map(|text| line.values.filled(text)),
                scope: None,
            };
            match dependency.scope.as_deref() {
                Some("import") => imports.push(Import::of(dependency, &line.values)),
                _ => drop(self.managed.entry(line.key(dependency)).or_insert(managed)),
            }
        }
        self.missing.extend(line.missing);
        imports
    }

    /// By what a dependency is told from others. Source: Maven, "Dependency Management": group, artifact, type (and
    /// classifier, which makes no other package).
    fn key(&self, dependency: &Dependency) -> (String, String, String) {
        let kind = dependency.kind.as_deref().unwrap_or("jar");
        (
            self.values.filled(&dependency.group),
            self.values.filled(&dependency.artifact),
            self.values.filled(kind),
        )
    }

    fn need(&self, dependency: &Dependency) -> Option<Need> {
        let key = self.key(dependency);
        let managed = self.managed.get(&key);
        let version = dependency.version.as_deref().map(|text| self.values.filled(text));
        let version = version.or_else(|| managed?.version.clone()).map(exact);
        let scope = dependency.scope.as_deref().map(|text| self.values.filled(text));
        let scope = scope.or_else(|| managed?.scope.clone());
        let is_optional = dependency
            .optional
            .as_deref()
            .is_some_and(|text| self.values.filled(text) == "true");
        let coordinates = Coordinates::new(&key.0, &key.1, version.as_deref())?;
        let is_range = |version: &String| coordinates.version().is_none() && !version.contains("${");
        Some(Need {
            range: version.filter(is_range),
            coordinates,
            scope: match scope.as_deref() {
                Some("test") => Some(Scope::Excluded),
                _ if is_optional => Some(Scope::Optional),
                _ => None,
            },
        })
    }
}

/// `[1.2]` is 1.2 and no other. Source: Maven, "Dependency Version Requirement Specification".
fn exact(version: String) -> String {
    let only = version.strip_prefix('[').and_then(|version| version.strip_suffix(']'));
    match only {
        Some(only) if !only.contains(',') => only.trim().to_owned(),
        _ => version,
    }
}
