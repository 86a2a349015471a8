//! The name of a target in, what `cfg(…)` is true for it out: what `rustc --print cfg` says, without rustc.

use cargo_metadata::cargo_platform::{Cfg, Platform as Condition};

/// The deepest `cfg(…)` that is read; what people write is three or four deep.
const MAX_DEPTH: usize = 32;

/// A target, and what is true for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Platform {
    triple: String,
    facts: Vec<Cfg>,
}

impl Platform {
    /// Takes a target triple, or `os/architecture` as container platforms are written; nothing for a target that is not known.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let triple = match text.contains('/') {
            true => triple_of(text)?.to_owned(),
            false => text.to_owned(),
        };
        let facts = facts(&triple)?;
        Some(Self { triple, facts })
    }

    pub(super) fn triple(&self) -> &str {
        &self.triple
    }

    /// Whether something is declared for this target. What cannot be read is taken to be.
    pub(super) fn matches(&self, condition: &str) -> bool {
        if condition.matches('(').count() > MAX_DEPTH {
            return true;
        }
        let condition: Result<Condition, _> = condition.parse();
        condition.map_or(true, |condition| condition.matches(&self.triple, &self.facts))
    }
}

/// The target that a program for a container platform is usually built for.
fn triple_of(platform: &str) -> Option<&'static str> {
    Some(match platform {
        "linux/amd64" => "x86_64-unknown-linux-gnu",
        "linux/386" => "i686-unknown-linux-gnu",
        "linux/arm64" | "linux/arm64/v8" => "aarch64-unknown-linux-gnu",
        "linux/arm" | "linux/arm/v7" => "armv7-unknown-linux-gnueabihf",
        "linux/arm/v6" => "arm-unknown-linux-gnueabihf",
        "linux/ppc64le" => "powerpc64le-unknown-linux-gnu",
        "linux/riscv64" => "riscv64gc-unknown-linux-gnu",
        "linux/s390x" => "s390x-unknown-linux-gnu",
        "linux/loong64" => "loongarch64-unknown-linux-gnu",
        "darwin/amd64" => "x86_64-apple-darwin",
        "darwin/arm64" => "aarch64-apple-darwin",
        "windows/386" => "i686-pc-windows-msvc",
        "windows/amd64" => "x86_64-pc-windows-msvc",
        "windows/arm64" => "aarch64-pc-windows-msvc",
        "freebsd/amd64" => "x86_64-unknown-freebsd",
        _ => return None,
    })
}

fn facts(triple: &str) -> Option<Vec<Cfg>> {
    let (first, rest) = triple.split_once('-')?;
    let mut machine = Machine::parse(first)?;
    let system = System::parse(rest, &machine)?;
    if machine.arch == "x86_64" && matches!(system.vendor, "apple" | "pc") && system.os != "solaris" {
        // Every processor that these systems run on can exchange twice its width.
        machine.atomic = 128;
    }
    let mut text = vec![
        "debug_assertions".to_owned(),
        format!("target_arch=\"{}\"", machine.arch),
        format!("target_endian=\"{}\"", machine.endian),
        format!("target_pointer_width=\"{}\"", machine.width),
        format!("target_os=\"{}\"", system.os),
        format!("target_env=\"{}\"", system.env),
        format!("target_vendor=\"{}\"", system.vendor),
        format!("panic=\"{}\"", system.panic),
    ];
    text.extend(system.family.iter().map(|family| format!("target_family=\"{family}\"")));
    // These two families are names of their own, too.
    let names = system
        .family
        .iter()
        .filter(|family| matches!(**family, "unix" | "windows"));
    text.extend(names.map(|family| (*family).to_owned()));
    text.extend(
        machine
            .features
            .iter()
            .map(|feature| format!("target_feature=\"{feature}\"")),
    );
    if system.env == "musl" && machine.arch != "mips64" {
        text.push("target_feature=\"crt-static\"".to_owned());
    }
    text.extend(machine.atomics().map(|width| format!("target_has_atomic=\"{width}\"")));
    text.iter().map(|fact| fact.parse().ok()).collect()
}

struct Machine {
    arch: &'static str,
    width: &'static str,
    endian: &'static str,
    /// What every processor of the kind has; only what packages are known to ask for.
    features: &'static [&'static str],
    /// The widest atomic operation, in bits; none without any.
    atomic: u32,
}

impl Machine {
    /// A table of the names that targets begin with.
    fn parse(text: &str) -> Option<Self> {
        let machine = |arch, width, endian| Self {
            arch,
            width,
            endian,
            features: &[],
            atomic: if width == "64" { 64 } else { 32 },
        };
        let little = |arch, width| machine(arch, width, "little");
        Some(match text {
            "x86_64" | "x86_64h" => Self {
                features: &["fxsr", "sse", "sse2"],
                ..little("x86_64", "64")
            },
            "i686" => Self {
                features: &["fxsr", "sse", "sse2"],
                atomic: 64,
                ..little("x86", "32")
            },
            "i586" | "i386" => Self {
                atomic: 64,
                ..little("x86", "32")
            },
            "aarch64" | "arm64e" => Self {
                features: &["neon"],
                atomic: 128,
                ..little("aarch64", "64")
            },
            "armv7" | "armv7a" | "thumbv7neon" | "arm" | "armv7s" | "armv7k" => Self {
                atomic: 64,
                ..little("arm", "32")
            },
            "thumbv7m" | "thumbv7em" | "thumbv8m.main" => little("arm", "32"),
            "thumbv6m" => Self {
                atomic: 0,
                ..little("arm", "32")
            },
            "riscv64gc" | "riscv64a23" | "riscv64imac" | "riscv64" => little("riscv64", "64"),
            "riscv32imac" | "riscv32gc" => little("riscv32", "32"),
            "riscv32i" | "riscv32imc" => Self {
                atomic: 0,
                ..little("riscv32", "32")
            },
            "powerpc64le" => little("powerpc64", "64"),
            "powerpc64" => machine("powerpc64", "64", "big"),
            "powerpc" => machine("powerpc", "32", "big"),
            "s390x" => Self {
                atomic: 128,
                ..machine("s390x", "64", "big")
            },
            "loongarch64" => little("loongarch64", "64"),
            "sparc64" | "sparcv9" => machine("sparc64", "64", "big"),
            "mips" => machine("mips", "32", "big"),
            "mipsel" => little("mips", "32"),
            "mips64" => machine("mips64", "64", "big"),
            "mips64el" => little("mips64", "64"),
            "wasm32" => Self {
                atomic: 64,
                ..little("wasm32", "32")
            },
            "wasm64" => little("wasm64", "64"),
            _ => return None,
        })
    }

    fn atomics(&self) -> impl Iterator<Item = String> {
        let widest = self.atomic;
        let widths = [8, 16, 32, 64, 128].into_iter().filter(move |width| *width <= widest);
        let pointer = (widest > 0).then(|| "ptr".to_owned());
        widths.map(|width| width.to_string()).chain(pointer)
    }
}

struct System {
    os: &'static str,
    env: &'static str,
    vendor: &'static str,
    family: &'static [&'static str],
    panic: &'static str,
}

impl System {
    /// A table of the names that targets end in.
    fn parse(text: &str, machine: &Machine) -> Option<Self> {
        let system = |os, env, vendor| Self {
            os,
            env,
            vendor,
            family: &["unix"],
            panic: "unwind",
        };
        let unix = |os| system(os, "", "unknown");
        let apple = |os, env| system(os, env, "apple");
        let bare = |os, family| Self {
            family,
            panic: "abort",
            ..system(os, "", "unknown")
        };
        Some(match text {
            "unknown-linux-gnu"
            | "unknown-linux-gnueabi"
            | "unknown-linux-gnueabihf"
            | "unknown-linux-gnuabi64"
            | "unknown-linux-gnux32" => system("linux", "gnu", "unknown"),
            "unknown-linux-musl"
            | "unknown-linux-musleabi"
            | "unknown-linux-musleabihf"
            | "unknown-linux-muslabi64" => system("linux", "musl", "unknown"),
            "alpine-linux-musl" => system("linux", "musl", "alpine"),
            "linux-android" | "linux-androideabi" => unix("android"),
            "apple-darwin" => apple("macos", ""),
            "apple-ios" => apple("ios", if machine.arch == "x86_64" { "sim" } else { "" }),
            "apple-ios-sim" => apple("ios", "sim"),
            "apple-ios-macabi" => apple("ios", "macabi"),
            "apple-tvos" => apple("tvos", if machine.arch == "x86_64" { "sim" } else { "" }),
            "apple-watchos" => apple("watchos", ""),
            "apple-visionos" => apple("visionos", ""),
            "pc-windows-msvc" => windows("msvc"),
            "pc-windows-gnu" | "pc-windows-gnullvm" => windows("gnu"),
            "unknown-freebsd" => unix("freebsd"),
            "unknown-netbsd" => unix("netbsd"),
            "unknown-openbsd" => unix("openbsd"),
            "unknown-dragonfly" => unix("dragonfly"),
            "unknown-illumos" => unix("illumos"),
            "pc-solaris" => system("solaris", "", "pc"),
            "sun-solaris" => system("solaris", "", "sun"),
            "unknown-fuchsia" => unix("fuchsia"),
            "unknown-redox" => system("redox", "relibc", "unknown"),
            "unknown-haiku" => unix("haiku"),
            "unknown-uefi" => bare("uefi", &[]),
            "unknown-none" | "none-eabi" | "none-eabihf" | "unknown-none-elf" => bare("none", &[]),
            "unknown-unknown" if machine.arch.starts_with("wasm") => Self {
                panic: "abort",
                ..bare("unknown", &["wasm"])
            },
            "wasip1" | "wasi" => Self {
                env: "p1",
                ..bare("wasi", &["wasm"])
            },
            "wasip2" => Self {
                env: "p2",
                ..bare("wasi", &["wasm"])
            },
            "unknown-emscripten" => Self {
                family: &["unix", "wasm"],
                ..unix("emscripten")
            },
            _ => return None,
        })
    }
}

fn windows(env: &'static str) -> System {
    System {
        os: "windows",
        env,
        vendor: "pc",
        family: &["windows"],
        panic: "unwind",
    }
}
