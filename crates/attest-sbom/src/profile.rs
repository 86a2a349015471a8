use crate::cyclonedx::{Component, ComponentKind, Property};

/// Whose wishes a document meets beyond the minimum elements.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Profile {
    /// Nobody's: every byte of a document is read by somebody.
    #[default]
    Plain,
    /// Those of BSI TR-03183-2, version 2.1.0, section 5.2.2: properties of the files that components are.
    Bsi,
}

impl Profile {
    /// Adds what is known of the file; nothing for what is no file.
    pub(crate) fn describe(self, component: &mut Component) {
        if self == Self::Bsi {
            component.properties.extend(properties(component));
        }
        for part in &mut component.components {
            self.describe(part);
        }
    }
}

/// What the names of archives end in. All of them say what is in them.
const ARCHIVES: &[&str] = &[
    ".jar", ".war", ".ear", ".whl", ".zip", ".tar", ".tar.gz", ".tgz", ".tar.xz", ".tar.zst", ".tar.bz2", ".crate",
    ".deb", ".rpm",
];

fn properties(component: &Component) -> Vec<Property> {
    let Some(name) = file_name(component) else {
        return Vec::new();
    };
    let property = |name, value: &str| Property {
        name,
        value: value.to_owned(),
    };
    let mut properties = vec![property("bsi:component:filename", name)];
    if is_archive(name) {
        properties.push(property("bsi:component:archive", "archive"));
        properties.push(property("bsi:component:structured", "structured"));
    }
    properties
}

/// The name of the file that the component is: not of one that only lists it.
fn file_name(component: &Component) -> Option<&str> {
    let path = match (component.kind, component.evidence.occurrences.as_slice()) {
        _ if component.file.is_some() => component.file.as_deref()?,
        (ComponentKind::File, _) => component.name.as_str(),
        (_, [only]) if is_archive(&only.location) => only.location.as_str(),
        _ => return None,
    };
    path.rsplit('/').next()
}

fn is_archive(path: &str) -> bool {
    let path = path.to_ascii_lowercase();
    ARCHIVES.iter().any(|end| path.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn described(profile: Profile, component: Component) -> Vec<(&'static str, String)> {
        let mut component = component;
        profile.describe(&mut component);
        let properties = component.properties.into_iter();
        properties.map(|property| (property.name, property.value)).collect()
    }

    #[test]
    fn a_file_has_a_name_and_an_archive_is_one() {
        let file = |name: &str| Component::new(ComponentKind::File, name);
        let name = |name: &str| ("bsi:component:filename", name.to_owned());
        assert_eq!(described(Profile::Bsi, file("bin/app")), [name("app")]);
        let archive = described(Profile::Bsi, file("dist/app.TAR.GZ"));
        assert_eq!(archive[0], name("app.TAR.GZ"));
        assert_eq!(archive[1], ("bsi:component:archive", "archive".to_owned()));
        assert_eq!(archive[2], ("bsi:component:structured", "structured".to_owned()));
    }

    #[test]
    fn a_package_is_the_file_that_it_was_found_in_only_if_that_is_an_archive() {
        let library = |place: &str| Component::new(ComponentKind::Library, "a").found_at(place);
        assert_eq!(described(Profile::Bsi, library("lib/a.jar")).len(), 3);
        assert_eq!(described(Profile::Bsi, library("package-lock.json")), []);
        assert_eq!(described(Profile::Bsi, library("lib/a.jar").found_at("lib/b.jar")), []);
        assert_eq!(described(Profile::Plain, library("lib/a.jar")), []);
        let program = Component {
            file: Some("app".to_owned()),
            ..library("Cargo.lock")
        };
        let name = ("bsi:component:filename", "app".to_owned());
        assert_eq!(described(Profile::Bsi, program), [name]);
    }
}
