use std::collections::BTreeSet;

/// What an image is called, as somebody wrote it. Source: the grammar of references of the distribution project.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Name {
    text: String,
    /// Host and path, or a path alone; nothing when only a tag is known.
    path: Option<String>,
    tag: Option<String>,
}

impl Name {
    /// `registry.example.com/team/app:1.0`, `app:1.0`, `app`.
    pub(super) fn of_reference(text: &str) -> Self {
        // No reference has a scheme or a user, and what somebody wrote all the same may have a password.
        let text = text.split_once("://").map_or(text, |(_, rest)| {
            let start = rest.split('/').next().and_then(|authority| authority.rfind('@'));
            start.map_or(rest, |start| &rest[start + 1..])
        });
        let text = text.split(['@', '?', '#']).next().unwrap_or(text);
        let (path, tag) = match text.rsplit_once(':') {
            Some((path, tag)) if !tag.contains('/') => (path, Some(tag.to_owned())),
            _ => (text, None),
        };
        Self {
            path: Some(path.to_owned()).filter(|path| !path.is_empty()),
            text: text.to_owned(),
            tag,
        }
    }

    /// The annotation of OCI for names, which may be a whole reference and is a tag most often.
    pub(super) fn of_annotation(text: &str) -> Self {
        if text.contains(['/', ':']) {
            return Self::of_reference(text);
        }
        Self {
            text: text.to_owned(),
            path: None,
            tag: Some(text.to_owned()),
        }
    }

    /// What several names of one image say together: the first with a path, and the tag if all have the same.
    pub(super) fn of_several(names: &BTreeSet<Self>) -> Option<Self> {
        let first = names.iter().find(|name| name.path.is_some()).or(names.first())?;
        let tags: BTreeSet<&str> = names.iter().filter_map(Self::tag).collect();
        let only = tags.first().filter(|_| tags.len() == 1);
        Some(Self {
            tag: only.map(|tag| (*tag).to_owned()),
            ..first.clone()
        })
    }

    /// `HOST/PATH` or `oci://HOST/PATH`, with a tag that was known before.
    pub(super) fn in_repository(repository: &str, tag: Option<&str>) -> Self {
        match (Self::of_reference(repository), tag) {
            (repository, None) => repository,
            (repository, Some(tag)) => Self {
                text: format!("{}:{tag}", repository.text),
                tag: Some(tag.to_owned()),
                ..repository
            },
        }
    }

    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    /// The last part of the path, which is the name of the package.
    pub(super) fn last(&self) -> Option<&str> {
        self.path.as_deref()?.rsplit('/').next().filter(|name| !name.is_empty())
    }

    /// The path with its host: without one nobody knows where the image is from.
    pub(super) fn repository(&self) -> Option<&str> {
        let (host, _) = self.path.as_deref()?.split_once('/')?;
        let is_host = host.contains(['.', ':']) || host == "localhost";
        is_host.then_some(self.path.as_deref()?)
    }

    pub(super) fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_has_a_repository_a_name_and_a_tag() {
        for (text, repository, last, tag) in [
            (
                "ghcr.example.com/team/app:1.0",
                Some("ghcr.example.com/team/app"),
                Some("app"),
                Some("1.0"),
            ),
            ("localhost:5000/app", Some("localhost:5000/app"), Some("app"), None),
            ("team/app:1", None, Some("app"), Some("1")),
            ("app", None, Some("app"), None),
            ("app:1@sha256:0123", None, Some("app"), Some("1")),
        ] {
            let name = Name::of_reference(text);
            assert_eq!(
                (name.repository(), name.last(), name.tag()),
                (repository, last, tag),
                "{text}"
            );
        }
    }

    #[test]
    fn an_annotation_without_a_path_is_a_tag() {
        let name = Name::of_annotation("v1.0.0-rc.1");
        assert_eq!(
            (name.last(), name.tag(), name.as_str()),
            (None, Some("v1.0.0-rc.1"), "v1.0.0-rc.1")
        );
        assert_eq!(Name::of_annotation("example.com/a:1").last(), Some("a"));
    }

    #[test]
    fn of_several_names_the_first_with_a_path_counts_and_the_only_tag() {
        let together = |texts: &[&str]| {
            let names = texts.iter().map(|text| Name::of_annotation(text)).collect();
            let name = Name::of_several(&names)?;
            Some((name.last().map(str::to_owned), name.tag().map(str::to_owned)))
        };
        let owned = |name: Option<&str>, tag: Option<&str>| Some((name.map(str::to_owned), tag.map(str::to_owned)));
        assert_eq!(together(&[]), None);
        assert_eq!(together(&["v1"]), owned(None, Some("v1")));
        assert_eq!(together(&["latest", "v1"]), owned(None, None));
        assert_eq!(
            together(&["latest", "team/app:latest"]),
            owned(Some("app"), Some("latest"))
        );
        assert_eq!(together(&["team/app:1", "team/app:latest"]), owned(Some("app"), None));
    }
}
