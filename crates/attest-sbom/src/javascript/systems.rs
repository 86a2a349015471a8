use attest_archive::yaml::{Node, NodeContent};

use super::loose::Loose;
use super::mapping::at;

/// The systems that a package is for, as its manifest has them: `os`, `cpu` and `libc`; any, where a list is empty.
///
/// Source: <https://docs.npmjs.com/cli/v11/configuring-npm/package-json#os>.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Systems {
    os: Vec<String>,
    cpu: Vec<String>,
    libc: Vec<String>,
}

impl Systems {
    pub(super) fn of_json(os: &Loose<'_>, cpu: &Loose<'_>, libc: &Loose<'_>) -> Self {
        let names = |value: &Loose<'_>| {
            let listed = value.list().iter().filter_map(Loose::text);
            value.text().into_iter().chain(listed).map(str::to_owned).collect()
        };
        Self {
            os: names(os),
            cpu: names(cpu),
            libc: names(libc),
        }
    }

    pub(super) fn of_yaml(package: &Node) -> Self {
        let names = |key: &str| match at(package, key).map(|node| &node.content) {
            Some(NodeContent::List(list)) => list.iter().filter_map(Node::text).map(str::to_owned).collect(),
            _ => Vec::new(),
        };
        Self {
            os: names("os"),
            cpu: names("cpu"),
            libc: names("libc"),
        }
    }

    /// `os=linux & (cpu=x64 | cpu=arm64)`, as later Yarns write it.
    pub(super) fn of_conditions(text: &str) -> Self {
        let mut systems = Self::default();
        for one in text.split(['&', '|']) {
            let one = one.trim_matches([' ', '(', ')']);
            let (not, one) = one.strip_prefix('!').map_or(("", one), |rest| ("!", rest));
            let Some((key, name)) = one.split_once('=') else {
                continue;
            };
            let list = match key {
                "os" => &mut systems.os,
                "cpu" => &mut systems.cpu,
                "libc" => &mut systems.libc,
                _ => continue,
            };
            list.push(format!("{not}{name}"));
        }
        systems
    }
}

/// The system that something is shipped for, in the words of Node.js.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Target {
    os: &'static str,
    cpu: &'static str,
    libc: &'static str,
}

/// The words that Rust and Node.js have for processors.
const PROCESSORS: [(&str, &str); 9] = [
    ("x86_64", "x64"),
    ("aarch64", "arm64"),
    ("i686", "ia32"),
    ("i586", "ia32"),
    ("arm", "arm"),
    ("powerpc64", "ppc64"),
    ("riscv64", "riscv64"),
    ("s390x", "s390x"),
    ("loongarch64", "loong64"),
];

/// The same for systems.
const SYSTEMS: [(&str, &str); 8] = [
    ("-android", "android"),
    ("-linux", "linux"),
    ("-darwin", "darwin"),
    ("-windows", "win32"),
    ("-freebsd", "freebsd"),
    ("-openbsd", "openbsd"),
    ("-netbsd", "netbsd"),
    ("-solaris", "sunos"),
];

impl Target {
    /// Takes a target triple of Rust, or `os/architecture`; nothing for a target that is not known.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let triple = crate::cargo::triple(text)?;
        let cpu = PROCESSORS.iter().find(|(name, _)| triple.starts_with(name))?.1;
        let os = SYSTEMS.iter().find(|(name, _)| triple.contains(name))?.1;
        let libc = match triple.contains("-musl") {
            true => "musl",
            false if os == "linux" => "glibc",
            false => "",
        };
        Some(Self { os, cpu, libc })
    }

    pub(super) fn takes(&self, systems: &Systems) -> bool {
        is_in(self.os, &systems.os) && is_in(self.cpu, &systems.cpu) && is_in(self.libc, &systems.libc)
    }
}

/// Whether a list has a name, or has nothing but others that are excluded.
fn is_in(name: &str, list: &[String]) -> bool {
    let excludes = |entry: &&String| entry.starts_with('!');
    if list.iter().any(|entry| entry.strip_prefix('!') == Some(name)) {
        return false;
    }
    list.iter().all(|entry| excludes(&entry)) || list.iter().any(|entry| entry == name || entry == "any")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_takes_what_is_for_it() {
        let linux = Target::parse("linux/amd64").unwrap();
        let musl = Target::parse("aarch64-unknown-linux-musl").unwrap();
        let windows = Target::parse("windows/arm64").unwrap();
        for (conditions, expected) in [
            ("", [true, true, true]),
            ("os=linux & cpu=x64 & libc=glibc", [true, false, false]),
            ("os=linux & libc=musl", [false, true, false]),
            ("(os=linux | os=win32) & cpu=arm64", [false, true, true]),
            ("!os=win32", [true, true, false]),
            ("os=darwin", [false, false, false]),
            ("cpu=any", [true, true, true]),
        ] {
            let systems = Systems::of_conditions(conditions);
            let taken = [linux, musl, windows].map(|target| target.takes(&systems));
            assert_eq!(taken, expected, "{conditions}");
        }
        assert_eq!(Target::parse("plan9/vax"), None);
    }

    #[test]
    fn json_has_names_or_lists_of_them() {
        let value: Loose<'_> = serde_json::from_str(r#"{"os": "linux", "cpu": ["x64", 1, "!arm"]}"#).unwrap();
        let systems = Systems::of_json(value.at("os"), value.at("cpu"), value.at("libc"));
        assert_eq!(systems, Systems::of_conditions("os=linux & cpu=x64 & !cpu=arm"));
    }
}
