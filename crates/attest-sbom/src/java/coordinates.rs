//! What Maven calls a package: group, artifact, version.

use packageurl::PackageUrl;

use crate::Error;
use crate::cyclonedx::{Component, ComponentKind};

/// A package of Maven. Group and artifact are names that Maven takes; the version is one, or not known.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Coordinates {
    group: String,
    artifact: String,
    version: Option<String>,
}

impl Coordinates {
    /// Nothing unless both names are names; a version that is none (a range, a property without value) is left out.
    pub(super) fn new(group: &str, artifact: &str, version: Option<&str>) -> Option<Self> {
        let (group, artifact) = (group.trim(), artifact.trim());
        let version = version.map(str::trim).filter(|version| is_version(version));
        (is_name(group) && is_name(artifact)).then(|| Self {
            group: group.to_owned(),
            artifact: artifact.to_owned(),
            version: version.map(str::to_owned),
        })
    }

    pub(super) fn artifact(&self) -> &str {
        &self.artifact
    }

    pub(super) fn version(&self) -> Option<&str> {
        self.version.as_deref()
    }

    /// The same package in whatever version.
    pub(super) fn name(&self) -> (&str, &str) {
        (&self.group, &self.artifact)
    }

    /// `pkg:maven/GROUP/ARTIFACT@VERSION`. Source: purl specification, type `maven`.
    ///
    /// Neither `type` nor `classifier` is said: several files of one version are one package.
    pub(super) fn purl(&self) -> Result<String, Error> {
        let invalid = |error: packageurl::Error| Error::InvalidPurl {
            package: format!("{}:{}", self.group, self.artifact),
            reason: error.to_string(),
        };
        let mut purl = PackageUrl::new("maven", self.artifact.as_str()).map_err(invalid)?;
        purl.with_namespace(self.group.as_str()).map_err(invalid)?;
        if let Some(version) = &self.version {
            purl.with_version(version.as_str()).map_err(invalid)?;
        }
        Ok(purl.to_string())
    }

    pub(super) fn component(&self, kind: ComponentKind) -> Result<Component, Error> {
        Ok(Component {
            group: Some(self.group.clone()),
            version: self.version.clone(),
            purl: Some(self.purl()?),
            ..Component::new(kind, self.artifact.as_str())
        })
    }
}

impl std::fmt::Display for Coordinates {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.group, self.artifact)?;
        match &self.version {
            Some(version) => write!(f, ":{version}"),
            None => Ok(()),
        }
    }
}

/// What Maven takes for an identifier (`DefaultModelValidator`, `ID_REGEX`).
fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-'))
}

/// What Maven does not take in a version (`DefaultModelValidator`, `ILLEGAL_VERSION_CHARS`), blanks, and what is no version
/// but the wish for one.
fn is_version(text: &str) -> bool {
    let is_illegal = |c: char| {
        c.is_whitespace() || c.is_control() || matches!(c, '\\' | '/' | ':' | '"' | '<' | '>' | '|' | '?' | '*')
    };
    let is_wish = |c: char| matches!(c, '[' | ']' | '(' | ')' | ',' | '$' | '{' | '}' | '&');
    !text.is_empty() && !text.contains(is_illegal) && !text.contains(is_wish) && !matches!(text, "LATEST" | "RELEASE")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn purl(group: &str, artifact: &str, version: Option<&str>) -> Option<String> {
        Coordinates::new(group, artifact, version).map(|coordinates| coordinates.purl().unwrap())
    }

    #[test]
    fn the_group_is_the_name_space() {
        assert_eq!(
            purl(" org.example ", "app_2.12", Some("1.0+a")).as_deref(),
            Some("pkg:maven/org.example/app_2.12@1.0%2Ba")
        );
    }

    #[test]
    fn what_is_no_version_is_left_out() {
        for version in ["${x.version}", "[1,2)", "LATEST", "", "1 0", "a/b"] {
            assert_eq!(
                purl("g", "a", Some(version)).as_deref(),
                Some("pkg:maven/g/a"),
                "{version}"
            );
        }
    }

    #[test]
    fn what_is_no_name_is_no_package() {
        for (group, artifact) in [
            ("", "a"),
            ("g", ""),
            ("${g}", "a"),
            ("g", "a b"),
            ("g/h", "a"),
            ("&x;", "a"),
        ] {
            assert_eq!(purl(group, artifact, Some("1")), None, "{group} {artifact}");
        }
    }
}
