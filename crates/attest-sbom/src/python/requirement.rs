use attest_archive::python::ProjectName;

use super::constraint::Constraint;
use super::marker::Marker;
use super::release::Origin;

/// What some package needs, as `Requires-Dist`, `pyproject.toml` and `requirements.txt` write it.
///
/// Source: PyPA dependency specifiers (PEP 508).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Requirement {
    /// As it is written.
    pub(super) name: String,
    pub(super) extras: Vec<String>,
    /// The version specifiers, as they are written.
    pub(super) versions: String,
    /// Where to take it from, in place of an index.
    pub(super) address: Option<String>,
    pub(super) marker: Option<Marker>,
}

/// The longest requirement. Those with long markers have some thousand bytes.
const MAX_REQUIREMENT: usize = 64 << 10;

impl Requirement {
    /// Reads a requirement; nothing for one that is none.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if text.len() > MAX_REQUIREMENT {
            return None;
        }
        let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        let (name, rest) = text.split_at(text.find(|c: char| !is_part(c)).unwrap_or(text.len()));
        name.parse::<ProjectName>().ok()?;
        let (extras, rest) = extras(rest.trim_start())?;
        let (source, marker) = match rest.strip_prefix('@') {
            // An address may hold a semicolon itself.
            Some(address) => address.split_once(" ;").unwrap_or((address, "")),
            None => rest.split_once(';').unwrap_or((rest, "")),
        };
        let source = source.trim();
        let is_address = rest.starts_with('@');
        if is_address && source.is_empty() {
            return None;
        }
        let versions = match is_address {
            true => "",
            false => in_parentheses(source)?,
        };
        Constraint::parse(versions)?;
        let marker = match marker.trim() {
            "" => None,
            marker => Some(Marker::parse(marker)?),
        };
        Some(Self {
            name: name.to_owned(),
            extras,
            versions: versions.to_owned(),
            address: is_address.then(|| source.to_owned()),
            marker,
        })
    }

    /// The only version that it allows, if that is one.
    pub(super) fn pinned(&self) -> Option<&str> {
        pinned(&self.versions)
    }

    /// Where it is taken from.
    pub(super) fn origin(&self) -> Origin {
        match self.address.as_deref() {
            None => Origin::Index,
            Some(address) => match address.strip_prefix("git+") {
                Some(repository) => {
                    let (address, commit) = split_commit(repository.split('#').next().unwrap_or(repository));
                    Origin::repository(address, commit)
                }
                None => Origin::Address(address.to_owned()),
            },
        }
    }

    /// The extras that its marker asks for; without any it is always needed.
    pub(super) fn of_extras(&self) -> Vec<String> {
        self.marker.as_ref().map(Marker::extras).unwrap_or_default()
    }
}

/// `ADDRESS@COMMIT`, where the address may name a user of its host.
pub(super) fn split_commit(repository: &str) -> (&str, &str) {
    match repository.rsplit_once('@') {
        Some((address, commit)) if address.rsplit("://").next().is_some_and(|rest| rest.contains('/')) => {
            (address, commit)
        }
        _ => (repository, ""),
    }
}

/// The version of `==VERSION` or `===VERSION` alone.
pub(super) fn pinned(versions: &str) -> Option<&str> {
    let version = versions
        .strip_prefix("===")
        .or_else(|| versions.strip_prefix("=="))?
        .trim();
    (!version.contains([',', '*', '|', ' ']) && !version.is_empty()).then_some(version)
}

fn extras(rest: &str) -> Option<(Vec<String>, &str)> {
    let Some(rest) = rest.strip_prefix('[') else {
        return Some((Vec::new(), rest));
    };
    let (inside, rest) = rest.split_once(']')?;
    let names = inside.split(',').map(str::trim).filter(|name| !name.is_empty());
    Some((names.map(super::normalised).collect(), rest.trim_start()))
}

fn in_parentheses(text: &str) -> Option<&str> {
    match text.strip_prefix('(') {
        Some(rest) => rest.strip_suffix(')').map(str::trim),
        None => Some(text),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_part_of_a_requirement_is_read() {
        let requirement =
            Requirement::parse("Requests [Socks,use_chardet] (>=2.8.1, ==2.8.*) ; python_version < '2.7'").unwrap();
        assert_eq!(requirement.name, "Requests");
        assert_eq!(requirement.extras, ["socks", "use-chardet"]);
        assert_eq!(requirement.versions, ">=2.8.1, ==2.8.*");
        assert_eq!(requirement.marker, Marker::parse("python_version < '2.7'"));
        assert_eq!(requirement.pinned(), None);
        let requirement =
            Requirement::parse("pip @ https://example.com/pip.zip#sha1=da9234;x ; os_name == 'nt'").unwrap();
        assert_eq!(
            requirement.address.as_deref(),
            Some("https://example.com/pip.zip#sha1=da9234;x")
        );
        assert!(requirement.marker.is_some());
        let requirement = Requirement::parse("a[]; extra == 'Dev_x'").unwrap();
        assert_eq!(requirement.of_extras(), ["dev-x"]);
    }

    #[test]
    fn only_one_exact_version_is_pinned() {
        for (text, expected) in [
            ("a==1.0", Some("1.0")),
            ("a === 1.0-odd", Some("1.0-odd")),
            ("a == 1!2.0+cpu ; os_name == 'nt'", Some("1!2.0+cpu")),
            ("a==1.*", None),
            ("a>=1", None),
            ("a", None),
            ("a==1,==1.0", None),
        ] {
            assert_eq!(Requirement::parse(text).unwrap().pinned(), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_requirement_is_none() {
        for text in [
            "", "-a", "a b", "a[b", "a (>=1", "a @", "a ; b", "a >= x", "/a", "a/b", "a.", "é",
        ] {
            assert_eq!(Requirement::parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in ".{0,30}", like in "[a-c]{1,3} ?(\\[[a,]{0,3}\\])? ?(>=|==|@ )?[0-9.]{0,3} ?;?.{0,6}") {
            let _ = Requirement::parse(&text);
            let _ = Requirement::parse(&like);
        }
    }
}
