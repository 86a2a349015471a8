use attest_digest::{Engine, Platform, Threads};

use crate::failure::Failure;

/// What of the machine does the work.
#[derive(Debug, Clone, Copy)]
pub(super) struct Machine {
    pub(super) threads: Threads,
    pub(super) platform: Platform,
}

impl Machine {
    pub(super) fn engine(self) -> Engine {
        allow_open_files();
        Engine::new(self.threads).on(self.platform)
    }
}

/// As many open files as the administrator lets this program have: the usual limit is there for programs that cannot count
/// beyond it, and this one starts no other. Without, fewer files are read at once.
#[cfg(unix)]
fn allow_open_files() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: maximum,
        maximum,
    };
    // What is refused is not needed.
    let _ = setrlimit(Resource::Nofile, raised);
}

#[cfg(not(unix))]
fn allow_open_files() {}

/// The platform of that name; the quickest one unless one is named.
pub(super) fn platform(name: Option<&str>) -> Result<Platform, Failure> {
    let Some(name) = name else {
        return Ok(Platform::detect());
    };
    Platform::available()
        .find(|platform| platform.name() == name)
        .ok_or_else(|| {
            let available: Vec<_> = Platform::available().map(Platform::name).collect();
            let available = available.join(", ");
            Failure::usage(
                "platform-unavailable",
                format_args!("expected a platform of this processor ({available}), found `{name}`"),
            )
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_platform_is_found_by_its_name() {
        for available in Platform::available() {
            assert_eq!(platform(Some(available.name())), Ok(available));
        }
        assert_eq!(platform(None), Ok(Platform::detect()));
        assert_eq!(platform(Some("abacus")).unwrap_err().code(), "platform-unavailable");
    }
}
