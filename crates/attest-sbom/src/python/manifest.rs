//! `pyproject.toml`: what a project is called, and what it asks for.
//!
//! Source: PyPA "pyproject.toml specification" (PEP 621, PEP 639), dependency groups (PEP 735), and what poetry, pdm and uv
//! write into `tool`.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use toml::Value;

use super::lock::{Need, When};
use super::release::normalised;
use super::requirement::Requirement;

/// A project.
#[derive(Debug, Clone, Default)]
pub(super) struct Manifest {
    pub(super) name: Option<String>,
    pub(super) version: Option<String>,
    pub(super) licence: Option<String>,
    pub(super) classifiers: Vec<String>,
    pub(super) has_programs: bool,
    pub(super) needs: Vec<Need>,
    /// What is no requirement, as it is written.
    pub(super) unclear: Vec<String>,
    /// Whether a program says what it needs.
    pub(super) has_dynamic_needs: bool,
    development: BTreeSet<String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
struct ManifestWire {
    project: Option<ProjectWire>,
    #[serde(default)]
    dependency_groups: BTreeMap<String, Vec<Value>>,
    #[serde(default)]
    tool: ToolWire,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
struct ProjectWire {
    name: Option<String>,
    version: Option<String>,
    license: Option<Value>,
    #[serde(default)]
    classifiers: Vec<String>,
    #[serde(default)]
    dependencies: Vec<String>,
    #[serde(default)]
    optional_dependencies: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    scripts: BTreeMap<String, Value>,
    #[serde(default)]
    gui_scripts: BTreeMap<String, Value>,
    #[serde(default)]
    dynamic: Vec<String>,
}

#[derive(Deserialize, Default)]
struct ToolWire {
    poetry: Option<PoetryWire>,
    pdm: Option<PdmWire>,
    uv: Option<UvWire>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
struct PoetryWire {
    name: Option<String>,
    version: Option<String>,
    license: Option<String>,
    #[serde(default)]
    classifiers: Vec<String>,
    #[serde(default)]
    dependencies: BTreeMap<String, Value>,
    #[serde(default)]
    dev_dependencies: BTreeMap<String, Value>,
    #[serde(default)]
    group: BTreeMap<String, GroupWire>,
    #[serde(default)]
    scripts: BTreeMap<String, Value>,
}

#[derive(Deserialize, Default)]
struct GroupWire {
    #[serde(default)]
    dependencies: BTreeMap<String, Value>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
struct PdmWire {
    #[serde(default)]
    dev_dependencies: BTreeMap<String, Vec<String>>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
struct UvWire {
    #[serde(default)]
    dev_dependencies: Vec<String>,
}

impl Manifest {
    /// Reads a manifest; nothing for one that only configures tools.
    pub(super) fn parse(text: &str) -> Result<Option<Self>, String> {
        let wire: ManifestWire = toml::from_str(text).map_err(|error| error.message().to_owned())?;
        let is_empty = wire.project.is_none() && wire.tool.poetry.is_none() && wire.dependency_groups.is_empty();
        if is_empty && wire.tool.pdm.is_none() && wire.tool.uv.is_none() {
            return Ok(None);
        }
        let mut manifest = Self::default();
        manifest.take_project(wire.project.unwrap_or_default());
        manifest.take_poetry(wire.tool.poetry.unwrap_or_default());
        let groups = wire.dependency_groups.into_iter().map(|(group, list)| {
            let list = list.into_iter().filter_map(|one| one.as_str().map(str::to_owned));
            (group, list.collect())
        });
        let uv = ("dev".to_owned(), wire.tool.uv.unwrap_or_default().dev_dependencies);
        let pdm = wire.tool.pdm.unwrap_or_default().dev_dependencies;
        for (group, list) in groups.chain([uv]).chain(pdm) {
            manifest.take(&list, |_| When::Development);
            manifest.development.insert(group);
        }
        Ok(Some(manifest))
    }

    /// Whether a group is one for development, and no extra.
    pub(super) fn is_development_group(&self, group: &str) -> bool {
        self.development.contains(group)
    }

    fn take_project(&mut self, project: ProjectWire) {
        self.name = project.name;
        self.version = project.version;
        self.has_programs = !(project.scripts.is_empty() && project.gui_scripts.is_empty());
        self.classifiers = project.classifiers;
        self.has_dynamic_needs = project.dynamic.iter().any(|field| field == "dependencies");
        self.licence = project.license.and_then(|licence| match licence {
            Value::String(expression) => Some(expression),
            // The old form, of which a text may be a name.
            Value::Table(table) => Some(table.get("text")?.as_str()?.to_owned()),
            _ => None,
        });
        self.take(&project.dependencies, |_| When::Always);
        for (extra, list) in &project.optional_dependencies {
            self.take(list, |_| When::Extra(vec![normalised(extra)]));
        }
    }

    fn take(&mut self, list: &[String], when: impl Fn(&Requirement) -> When) {
        for text in list {
            match Requirement::parse(text) {
                Some(requirement) => self.needs.push(Need {
                    when: when(&requirement),
                    ..Need::of(&requirement)
                }),
                None => self.unclear.push(text.clone()),
            }
        }
    }

    fn take_poetry(&mut self, poetry: PoetryWire) {
        self.name = self.name.take().or(poetry.name);
        self.version = self.version.take().or(poetry.version);
        self.licence = self.licence.take().or(poetry.license);
        self.has_programs |= !poetry.scripts.is_empty();
        self.classifiers.extend(poetry.classifiers);
        self.take_table(&poetry.dependencies, &When::Always);
        self.take_table(&poetry.dev_dependencies, &When::Development);
        for (group, table) in &poetry.group {
            self.take_table(&table.dependencies, &When::Development);
            self.development.insert(group.clone());
        }
    }

    fn take_table(&mut self, table: &BTreeMap<String, Value>, when: &When) {
        for (name, value) in table.iter().filter(|(name, _)| *name != "python") {
            let alternatives = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
            for one in alternatives {
                let field = |key: &str| one.get(key).and_then(Value::as_str);
                let extras = one.get("extras").and_then(Value::as_array).into_iter().flatten();
                self.needs.push(Need {
                    name: normalised(name),
                    versions: one.as_str().or(field("version")).unwrap_or_default().to_owned(),
                    origin: None,
                    extras: extras.filter_map(Value::as_str).map(normalised).collect(),
                    when: when.clone(),
                    is_conditional: ["markers", "python", "platform"]
                        .iter()
                        .any(|key| one.get(key).is_some()),
                });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn needs(manifest: &Manifest) -> Vec<(&str, &str, &When)> {
        let needs = manifest.needs.iter();
        needs
            .map(|need| (need.name.as_str(), need.versions.as_str(), &need.when))
            .collect()
    }

    #[test]
    fn what_every_manager_writes_is_read() {
        let text = r#"
            [project]
            name = "My.App"
            dynamic = ["version"]
            license = {text = "MIT"}
            dependencies = ["a[x]>=1; python_version < '3.9'", "not a requirement"]
            optional-dependencies.Fast_er = ["b"]
            [project.scripts]
            app = "app:main"
            [dependency-groups]
            test = ["c", {include-group = "lint"}]
            [tool.pdm.dev-dependencies]
            doc = ["d"]
            [tool.uv]
            dev-dependencies = ["e"]
            [tool.poetry]
            version = "0.1"
            [tool.poetry.dependencies]
            python = "^3.9"
            f = [{version = "<2", python = "<3.9"}, {version = ">=2", extras = ["q"]}]
            [tool.poetry.group.lint.dependencies]
            g = "*"
        "#;
        let manifest = Manifest::parse(text).unwrap().unwrap();
        assert_eq!(manifest.name.as_deref(), Some("My.App"));
        assert_eq!(manifest.version.as_deref(), Some("0.1"));
        assert_eq!(manifest.licence.as_deref(), Some("MIT"));
        assert!(
            manifest.has_programs && manifest.is_development_group("test") && manifest.is_development_group("lint")
        );
        assert_eq!(manifest.unclear, ["not a requirement"]);
        let extra = When::Extra(vec!["fast-er".to_owned()]);
        let expected = [
            ("a", ">=1", &When::Always),
            ("b", "", &extra),
            ("f", "<2", &When::Always),
            ("f", ">=2", &When::Always),
            ("g", "*", &When::Development),
            ("c", "", &When::Development),
            ("e", "", &When::Development),
            ("d", "", &When::Development),
        ];
        assert_eq!(needs(&manifest), expected);
    }

    #[test]
    fn a_manifest_that_only_configures_tools_describes_no_project() {
        assert!(Manifest::parse("[tool.ruff]\nline-length = 1\n").unwrap().is_none());
        assert!(Manifest::parse("[project\n").is_err());
        assert!(Manifest::parse("[project]\nname = 1\n").is_err());
    }
}
