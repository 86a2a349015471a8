use std::fmt;
use std::str::FromStr;

/// An operating system, named as Go and OCI name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Os {
    /// macOS.
    Darwin,
    /// FreeBSD.
    Freebsd,
    /// Linux.
    Linux,
    /// NetBSD.
    Netbsd,
    /// OpenBSD.
    Openbsd,
    /// Windows.
    Windows,
}

/// A processor, named as Go and OCI name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Arch {
    /// x86, 64 bits.
    Amd64,
    /// ARM, 64 bits.
    Arm64,
    /// ARM, 32 bits: the one that comes in variants.
    Arm,
    /// x86, 32 bits.
    I386,
    /// LoongArch, 64 bits.
    Loong64,
    /// POWER, 64 bits, little-endian.
    Ppc64le,
    /// RISC-V, 64 bits.
    Riscv64,
    /// IBM Z.
    S390x,
}

/// A generation of a 32-bit ARM processor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Variant {
    /// ARMv5.
    V5,
    /// ARMv6.
    V6,
    /// ARMv7.
    V7,
}

/// A place where a program runs: `linux/amd64`, `linux/arm/v7`.
///
/// Source: OCI image specification 1.1, `image-index.md`, `platform`; `arm` without a variant is `arm/v7`, as there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Target {
    os: Os,
    arch: Arch,
    variant: Option<Variant>,
}

/// Why some text is no target.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidTarget {
    /// It has not the form of a target.
    #[error("expected a target as `os/arch` or `os/arch/variant`, found `{found}`")]
    Form {
        /// The text that was found.
        found: String,
    },
    /// The operating system is unknown.
    #[error("expected an operating system out of {}, found `{found}`", words(&Os::ALL.map(Os::name)))]
    Os {
        /// The word that was found.
        found: String,
    },
    /// The processor is unknown.
    #[error("expected a processor out of {}, found `{found}`", words(&Arch::ALL.map(Arch::name)))]
    Arch {
        /// The word that was found.
        found: String,
    },
    /// The variant is unknown, or the processor has none.
    #[error("expected v5, v6 or v7 after `arm`, and nothing after any other processor, found `{found}`")]
    Variant {
        /// The word that was found.
        found: String,
    },
}

impl Os {
    /// Every operating system, by name.
    pub const ALL: [Self; 6] = [
        Self::Darwin,
        Self::Freebsd,
        Self::Linux,
        Self::Netbsd,
        Self::Openbsd,
        Self::Windows,
    ];

    /// The name, which is also `GOOS`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Darwin => "darwin",
            Self::Freebsd => "freebsd",
            Self::Linux => "linux",
            Self::Netbsd => "netbsd",
            Self::Openbsd => "openbsd",
            Self::Windows => "windows",
        }
    }

    /// What the file name of a program ends in.
    #[must_use]
    pub const fn executable_suffix(self) -> &'static str {
        match self {
            Self::Windows => ".exe",
            _ => "",
        }
    }
}

impl Arch {
    /// Every processor.
    pub const ALL: [Self; 8] = [
        Self::Amd64,
        Self::Arm64,
        Self::Arm,
        Self::I386,
        Self::Loong64,
        Self::Ppc64le,
        Self::Riscv64,
        Self::S390x,
    ];

    /// The name, which is also `GOARCH`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Amd64 => "amd64",
            Self::Arm64 => "arm64",
            Self::Arm => "arm",
            Self::I386 => "386",
            Self::Loong64 => "loong64",
            Self::Ppc64le => "ppc64le",
            Self::Riscv64 => "riscv64",
            Self::S390x => "s390x",
        }
    }
}

impl Variant {
    /// The name: `v5`, `v6` or `v7`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::V5 => "v5",
            Self::V6 => "v6",
            Self::V7 => "v7",
        }
    }
}

impl Target {
    /// What is built when nobody says otherwise.
    pub const DEFAULT: [Self; 4] = [
        Self::of(Os::Linux, Arch::Amd64),
        Self::of(Os::Linux, Arch::Arm64),
        Self::of(Os::Darwin, Arch::Arm64),
        Self::of(Os::Windows, Arch::Amd64),
    ];

    const fn of(os: Os, arch: Arch) -> Self {
        Self {
            os,
            arch,
            variant: None,
        }
    }

    /// The operating system.
    #[must_use]
    pub fn os(self) -> Os {
        self.os
    }

    /// The processor.
    #[must_use]
    pub fn arch(self) -> Arch {
        self.arch
    }

    /// The variant, which only `arm` has.
    #[must_use]
    pub fn variant(self) -> Option<Variant> {
        self.variant
    }

    /// The target with hyphens, for file names: `linux-amd64`, `linux-arm-v7`.
    #[must_use]
    pub fn hyphenated(self) -> String {
        self.to_string().replace('/', "-")
    }

    /// What `go build` is told: `GOOS`, `GOARCH`, and `GOARM` where there is a variant.
    #[must_use]
    pub fn go_environment(self) -> Vec<(&'static str, &'static str)> {
        let mut variables = vec![("GOOS", self.os.name()), ("GOARCH", self.arch.name())];
        if let Some(variant) = self.variant {
            variables.push(("GOARM", &variant.name()[1..]));
        }
        variables
    }

    /// The Rust target triple that stands for this target unless the configuration names another one; none when Rust has
    /// no usual one.
    #[must_use]
    pub fn default_triple(self) -> Option<&'static str> {
        let triple = match (self.os, self.arch, self.variant) {
            (Os::Linux, Arch::Amd64, _) => "x86_64-unknown-linux-gnu",
            (Os::Linux, Arch::Arm64, _) => "aarch64-unknown-linux-gnu",
            (Os::Linux, Arch::I386, _) => "i686-unknown-linux-gnu",
            (Os::Linux, Arch::Arm, Some(Variant::V5)) => "armv5te-unknown-linux-gnueabi",
            (Os::Linux, Arch::Arm, Some(Variant::V6)) => "arm-unknown-linux-gnueabihf",
            (Os::Linux, Arch::Arm, _) => "armv7-unknown-linux-gnueabihf",
            (Os::Linux, Arch::Riscv64, _) => "riscv64gc-unknown-linux-gnu",
            (Os::Linux, Arch::Ppc64le, _) => "powerpc64le-unknown-linux-gnu",
            (Os::Linux, Arch::S390x, _) => "s390x-unknown-linux-gnu",
            (Os::Linux, Arch::Loong64, _) => "loongarch64-unknown-linux-gnu",
            (Os::Darwin, Arch::Amd64, _) => "x86_64-apple-darwin",
            (Os::Darwin, Arch::Arm64, _) => "aarch64-apple-darwin",
            // The GNU flavour, because it can be built from any machine.
            (Os::Windows, Arch::Amd64, _) => "x86_64-pc-windows-gnu",
            (Os::Windows, Arch::I386, _) => "i686-pc-windows-gnu",
            (Os::Windows, Arch::Arm64, _) => "aarch64-pc-windows-gnullvm",
            (Os::Freebsd, Arch::Amd64, _) => "x86_64-unknown-freebsd",
            (Os::Freebsd, Arch::Arm64, _) => "aarch64-unknown-freebsd",
            (Os::Netbsd, Arch::Amd64, _) => "x86_64-unknown-netbsd",
            (Os::Openbsd, Arch::Amd64, _) => "x86_64-unknown-openbsd",
            _ => return None,
        };
        Some(triple)
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.os.name(), self.arch.name())?;
        match self.variant {
            Some(variant) => write!(f, "/{}", variant.name()),
            None => Ok(()),
        }
    }
}

impl FromStr for Target {
    type Err = InvalidTarget;

    fn from_str(text: &str) -> Result<Self, InvalidTarget> {
        let mut parts = text.split('/');
        let (Some(os), Some(arch), variant, None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
            return Err(InvalidTarget::Form { found: text.to_owned() });
        };
        let os = os.parse()?;
        let arch = Arch::ALL
            .into_iter()
            .find(|known| known.name() == arch)
            .ok_or_else(|| InvalidTarget::Arch { found: arch.to_owned() })?;
        let variant = match (arch, variant) {
            (Arch::Arm, Some("v5")) => Some(Variant::V5),
            (Arch::Arm, Some("v6")) => Some(Variant::V6),
            (Arch::Arm, Some("v7") | None) => Some(Variant::V7),
            (_, None) => None,
            (_, Some(found)) => {
                return Err(InvalidTarget::Variant {
                    found: found.to_owned(),
                });
            }
        };
        Ok(Self { os, arch, variant })
    }
}

impl FromStr for Os {
    type Err = InvalidTarget;

    fn from_str(name: &str) -> Result<Self, InvalidTarget> {
        Self::ALL
            .into_iter()
            .find(|known| known.name() == name)
            .ok_or_else(|| InvalidTarget::Os { found: name.to_owned() })
    }
}

fn words(names: &[&str]) -> String {
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_target_prints_as_it_was_written() {
        for text in ["linux/amd64", "windows/386", "linux/arm/v6", "darwin/arm64"] {
            assert_eq!(text.parse::<Target>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn arm_without_a_variant_is_v7() {
        assert_eq!("linux/arm".parse::<Target>(), "linux/arm/v7".parse::<Target>());
    }

    #[test]
    fn each_way_to_be_wrong_has_its_own_error() {
        let parse = |text: &str| text.parse::<Target>().unwrap_err();
        let found = |text: &str| text.to_owned();
        assert_eq!(parse("linux"), InvalidTarget::Form { found: found("linux") });
        assert_eq!(
            parse("linux/arm/v7/x"),
            InvalidTarget::Form {
                found: found("linux/arm/v7/x")
            }
        );
        assert_eq!(parse("macos/arm64"), InvalidTarget::Os { found: found("macos") });
        assert_eq!(parse("linux/x86_64"), InvalidTarget::Arch { found: found("x86_64") });
        assert_eq!(parse("linux/amd64/v3"), InvalidTarget::Variant { found: found("v3") });
        assert_eq!(parse("linux/arm/v8"), InvalidTarget::Variant { found: found("v8") });
    }

    #[test]
    fn go_is_told_the_generation_of_arm() {
        let target: Target = "linux/arm/v6".parse().unwrap();
        assert_eq!(
            target.go_environment(),
            [("GOOS", "linux"), ("GOARCH", "arm"), ("GOARM", "6")]
        );
    }

    #[test]
    fn the_default_targets_have_a_triple() {
        for target in Target::DEFAULT {
            assert!(target.default_triple().is_some(), "{target}");
        }
    }
}
