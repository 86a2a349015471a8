use crate::scan::Scan;
use crate::{Gap, rootfs};

/// Real ones take about 500 bytes.
const LIMIT: u64 = 64 * 1024;

/// Where a system describes itself, the first that is there. Source: `os-release(5)`; the others are from before it.
const PLACES: [(&str, Parse); 6] = [
    ("etc/os-release", of_fields),
    ("usr/lib/os-release", of_fields),
    ("etc/alpine-release", |text| of_version("alpine", text)),
    ("etc/debian_version", |text| of_version("debian", text)),
    ("etc/centos-release", of_sentence),
    ("etc/redhat-release", of_sentence),
];

type Parse = fn(&str) -> Option<Release>;

/// What a system says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Release {
    /// In lower case: `debian`.
    pub(crate) id: String,
    /// `12`, or the code name of a version that has no number yet.
    pub(crate) version: Option<String>,
    pub(crate) pretty_name: Option<String>,
    pub(crate) cpe: Option<String>,
    /// Who makes it, where it says so.
    pub(crate) vendor: Option<String>,
}

impl Release {
    /// `debian-12`, as the purl specification writes it in `distro`.
    pub(crate) fn distribution(&self) -> String {
        match &self.version {
            Some(version) => format!("{}-{version}", self.id),
            None => self.id.clone(),
        }
    }
}

/// Whether a file is one of those that describe a system.
pub(super) fn is_known(path: &str) -> bool {
    root_in(path).is_some()
}

/// The root of the system that a file describes.
pub(super) fn root_in(path: &str) -> Option<&str> {
    PLACES.iter().find_map(|(place, _)| rootfs::root_of(path, place))
}

/// What the system below a root says of itself, and where.
pub(super) fn find(scan: &Scan<'_>, root: &str) -> Result<Option<(String, Release)>, Gap> {
    for (place, parse) in PLACES {
        let path = format!("{root}{place}");
        let Some(bytes) = scan.read(&path, LIMIT)? else {
            continue;
        };
        if let Some(release) = parse(&String::from_utf8_lossy(&bytes)) {
            // The file itself, not a link to it, so that one system is one component however it was found.
            let found = scan.listing().resolve(&path).map(|entry| entry.path.clone());
            return Ok(Some((found.unwrap_or(path), release)));
        }
    }
    Ok(None)
}

fn of_fields(text: &str) -> Option<Release> {
    let field = |name: &str| {
        let mut lines = text.lines().rev();
        let value = lines.find_map(|line| line.trim().strip_prefix(name)?.strip_prefix('='))?;
        Some(unquoted(value)).filter(|value| !value.is_empty())
    };
    let is_id = |id: &String| {
        id.chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'))
    };
    Some(Release {
        id: field("ID").map(|id| id.to_lowercase()).filter(is_id)?,
        version: field("VERSION_ID").or_else(|| field("VERSION_CODENAME")),
        pretty_name: field("PRETTY_NAME"),
        cpe: field("CPE_NAME").filter(|cpe| cpe.starts_with("cpe:")),
        vendor: field("VENDOR_NAME"),
    })
}

/// Quotes are taken off, and a backslash in front of what the shell would expand.
fn unquoted(value: &str) -> String {
    let value = value.trim();
    let inner = ['"', '\'']
        .into_iter()
        .find_map(|quote| value.strip_prefix(quote)?.strip_suffix(quote))
        .unwrap_or(value);
    let mut text = String::new();
    let mut characters = inner.chars();
    while let Some(c) = characters.next() {
        match c {
            '\\' => text.extend(characters.next()),
            c if c.is_control() => {}
            c => text.push(c),
        }
    }
    text
}

fn of_version(id: &str, text: &str) -> Option<Release> {
    let version = text.split_whitespace().next()?;
    Some(Release {
        id: id.to_owned(),
        version: Some(version.to_owned()),
        pretty_name: None,
        cpe: None,
        vendor: None,
    })
}

/// `CentOS release 6.10 (Final)`, `Red Hat Enterprise Linux Server release 6.10 (Santiago)`.
fn of_sentence(text: &str) -> Option<Release> {
    let line = text.lines().next()?.trim();
    let (name, rest) = line.split_once(" release ")?;
    let id = match name.starts_with("Red Hat Enterprise") {
        true => "rhel".to_owned(),
        false => name.split_whitespace().next()?.to_lowercase(),
    };
    Some(Release {
        pretty_name: Some(line.to_owned()),
        ..of_version(&id, rest)?
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_as_a_shell_would() {
        let text = "# comment\nNAME=\"Red Hat\"\nID=\"rhel\"\nID_LIKE=\"fedora\"\nVERSION_ID='9.3'\nPRETTY_NAME=\"A \\\"B\\\" \\$C\"\n\
                    CPE_NAME=\"cpe:/o:redhat:enterprise_linux:9\"\nID=RHEL\n";
        let release = of_fields(text).unwrap();
        assert_eq!(release.distribution(), "rhel-9.3");
        assert_eq!(release.pretty_name.as_deref(), Some("A \"B\" $C"));
        assert_eq!(release.cpe.as_deref(), Some("cpe:/o:redhat:enterprise_linux:9"));
    }

    #[test]
    fn a_version_without_a_number_is_known_by_its_code_name() {
        let release = of_fields("ID=debian\nVERSION_CODENAME=forky\n").unwrap();
        assert_eq!(release.distribution(), "debian-forky");
        assert_eq!(of_fields("ID=arch\n").unwrap().distribution(), "arch");
    }

    #[test]
    fn a_file_without_an_identifier_says_nothing() {
        for text in ["", "NAME=x\n", "ID=\n", "ID=a/b\n", "ID=a b\n"] {
            assert_eq!(of_fields(text), None, "{text}");
        }
    }

    #[test]
    fn systems_from_before_os_release_are_known() {
        assert_eq!(
            of_sentence("CentOS release 6.10 (Final)\n").unwrap().distribution(),
            "centos-6.10"
        );
        let redhat = of_sentence("Red Hat Enterprise Linux Server release 6.1 (Santiago)").unwrap();
        assert_eq!(redhat.distribution(), "rhel-6.1");
        assert_eq!(of_sentence("Debian"), None);
    }
}
