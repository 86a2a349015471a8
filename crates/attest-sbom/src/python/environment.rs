//! Where packages are installed, as far as its files tell: which Python, on which system.

use std::collections::BTreeSet;

use super::marker::{Marker, World};

/// What is known of an environment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Environment {
    /// `3.11`
    minor: Option<String>,
    /// `3.11.7`
    full: Option<String>,
    implementation: Option<String>,
    systems: BTreeSet<System>,
    machine: Option<String>,
    /// Whether packages outside of it count.
    pub(super) sees_system: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum System {
    Linux,
    Darwin,
    Windows,
}

impl Environment {
    /// Reads `pyvenv.cfg`, if there is one, and the path of the directory with the packages.
    pub(super) fn new(configuration: Option<&str>, directory: &str) -> Self {
        let mut environment = Self {
            sees_system: configuration.is_none(),
            ..Self::default()
        };
        let is_windows_path = directory.split('/').any(|part| part == "Lib");
        environment.systems = match is_windows_path {
            true => BTreeSet::from([System::Windows]),
            false => BTreeSet::from([System::Linux, System::Darwin]),
        };
        environment.minor = directory.split('/').rev().find_map(minor_of_directory);
        if directory.contains("pypy") {
            environment.implementation = Some("PyPy".to_owned());
        } else if environment.minor.is_some() {
            environment.implementation = Some("CPython".to_owned());
        }
        for line in configuration.unwrap_or_default().lines() {
            if let Some((key, value)) = line.split_once('=') {
                environment.configure(key.trim(), value.trim());
            }
        }
        environment
    }

    fn configure(&mut self, key: &str, value: &str) {
        match key {
            "version" | "version_info" => {
                let numbers: Vec<&str> = value.split('.').take(3).collect();
                let is_number = |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
                if let ([major, minor, _], true) = (&numbers[..], numbers.iter().all(is_number)) {
                    self.minor = Some(format!("{major}.{minor}"));
                    self.full = Some(numbers.join("."));
                }
            }
            "implementation" => self.implementation = Some(value.to_owned()),
            "include-system-site-packages" => self.sees_system = value.eq_ignore_ascii_case("true"),
            "home" if value.contains('\\') => self.systems = BTreeSet::from([System::Windows]),
            _ => {}
        }
    }

    /// Learns from the tags of an installed wheel. Whether the system is settled now.
    pub(super) fn learn(&mut self, wheel: &str) -> bool {
        let tags = wheel.lines().filter_map(|line| line.strip_prefix("Tag:"));
        for tag in tags {
            let mut parts = tag.trim().split('-');
            let (Some(python), Some(abi), Some(platform)) = (parts.next(), parts.next(), parts.next()) else {
                continue;
            };
            if let Some((system, machine)) = system_of(platform) {
                self.systems = BTreeSet::from([system]);
                self.machine = self.machine.take().or(machine);
            }
            let digits = python.strip_prefix("cp3").filter(|_| abi.starts_with(python));
            if let (None, Some(digits)) = (&self.minor, digits) {
                self.minor = Some(format!("3.{digits}"));
            }
        }
        self.systems.len() == 1
    }

    /// Whether a marker holds here, with an extra or without.
    pub(super) fn holds(&self, marker: Option<&Marker>, extra: &str) -> bool {
        marker.is_none_or(|marker| self.worlds(extra).any(|world| marker.can_hold(&world)))
    }

    /// Whether a marker holds here without any extra, whatever is not known.
    pub(super) fn must_hold(&self, marker: Option<&Marker>) -> bool {
        marker.is_none_or(|marker| self.worlds("").all(|world| marker.must_hold(&world)))
    }

    fn worlds<'a>(&'a self, extra: &'a str) -> impl Iterator<Item = Installation<'a>> {
        self.systems.iter().map(move |system| Installation {
            environment: self,
            system: *system,
            extra,
        })
    }
}

/// `python3.11`, `pypy3.10`, and `Python311` of Windows.
fn minor_of_directory(part: &str) -> Option<String> {
    let start = ["python", "pypy", "Python"]
        .iter()
        .find_map(|start| part.strip_prefix(start))?;
    let digits = start.strip_prefix("3.").or_else(|| start.strip_prefix('3'))?;
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| format!("3.{digits}"))
}

fn system_of(platform: &str) -> Option<(System, Option<String>)> {
    let machine = |rest: &str, versions: usize| {
        let machine = rest.splitn(versions + 1, '_').nth(versions)?;
        (!machine.starts_with("universal")).then(|| machine.to_owned())
    };
    if let Some(rest) = platform.strip_prefix("macosx_") {
        return Some((System::Darwin, machine(rest, 2)));
    }
    if let Some(machine) = platform.strip_prefix("win") {
        let machine = if machine == "_arm64" { "ARM64" } else { "AMD64" };
        return Some((System::Windows, Some(machine.to_owned())));
    }
    for (start, versions) in [("manylinux_", 2), ("musllinux_", 2), ("manylinux", 1), ("linux_", 0)] {
        if let Some(rest) = platform.strip_prefix(start) {
            return Some((System::Linux, machine(rest, versions)));
        }
    }
    None
}

/// One of the systems that an environment may be on.
struct Installation<'a> {
    environment: &'a Environment,
    system: System,
    extra: &'a str,
}

impl World for Installation<'_> {
    fn value(&self, variable: &str) -> Option<&str> {
        let (os, platform, system) = match self.system {
            System::Linux => ("posix", "linux", "Linux"),
            System::Darwin => ("posix", "darwin", "Darwin"),
            System::Windows => ("nt", "win32", "Windows"),
        };
        let of = self.environment;
        match variable {
            "os_name" => Some(os),
            "sys_platform" => Some(platform),
            "platform_system" => Some(system),
            "platform_machine" => of.machine.as_deref(),
            "python_version" => of.minor.as_deref(),
            "python_full_version" => of.full.as_deref(),
            "implementation_version" => of
                .full
                .as_deref()
                .filter(|_| of.implementation.as_deref() == Some("CPython")),
            "platform_python_implementation" => of.implementation.as_deref(),
            "implementation_name" => match of.implementation.as_deref()? {
                "CPython" => Some("cpython"),
                "PyPy" => Some("pypy"),
                _ => None,
            },
            "extra" => Some(self.extra),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(environment: &Environment, marker: &str) -> bool {
        environment.holds(Some(&Marker::parse(marker).unwrap()), "")
    }

    #[test]
    fn the_configuration_and_the_path_tell_which_python_it_is() {
        let configuration = "home = /usr/bin\ninclude-system-site-packages = false\nversion_info = 3.12.1.final.0\nimplementation = CPython\n";
        let environment = Environment::new(Some(configuration), ".venv/lib/python3.12/site-packages");
        assert!(!environment.sees_system);
        assert!(holds(
            &environment,
            "python_full_version == '3.12.1' and implementation_name == 'cpython'"
        ));
        assert!(!holds(&environment, "python_version < '3.11'"));
        assert!(!holds(&environment, "sys_platform == 'win32'"));
        let environment = Environment::new(None, "usr/lib/python3.9/site-packages");
        assert!(holds(&environment, "python_version == '3.9'") && environment.sees_system);
        assert!(!holds(&environment, "platform_python_implementation == 'PyPy'"));
        let environment = Environment::new(None, "Python311/Lib/site-packages");
        assert!(holds(&environment, "os_name == 'nt' and python_version == '3.11'"));
        assert!(!holds(&environment, "sys_platform == 'linux'"));
    }

    #[test]
    fn wheels_tell_which_system_it_is() {
        let mut environment = Environment::new(None, "python");
        assert!(holds(&environment, "sys_platform == 'darwin'") && holds(&environment, "python_version < '3'"));
        assert!(!environment.learn("Tag: py3-none-any\n"));
        assert!(environment.learn(
            "Wheel-Version: 1.0\nTag: cp310-cp310-manylinux_2_17_aarch64\nTag: cp310-cp310-manylinux2014_aarch64\n"
        ));
        assert!(holds(
            &environment,
            "sys_platform == 'linux' and platform_machine == 'aarch64' and python_version == '3.10'"
        ));
        assert!(!holds(&environment, "sys_platform == 'darwin'"));
        for (platform, marker) in [
            (
                "macosx_11_0_arm64",
                "sys_platform == 'darwin' and platform_machine == 'arm64'",
            ),
            ("win_amd64", "os_name == 'nt' and platform_machine == 'AMD64'"),
            (
                "musllinux_1_2_x86_64",
                "platform_system == 'Linux' and platform_machine == 'x86_64'",
            ),
            ("linux_armv7l", "platform_machine == 'armv7l'"),
            ("manylinux1_i686", "platform_machine == 'i686'"),
        ] {
            let mut environment = Environment::new(None, "python");
            assert!(environment.learn(&format!("Tag: cp39-abi3-{platform}\n")), "{platform}");
            assert!(holds(&environment, marker), "{platform}");
            assert!(!holds(&environment, "platform_machine == 'other'"), "{platform}");
        }
    }
}
