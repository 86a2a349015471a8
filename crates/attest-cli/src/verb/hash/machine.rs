use attest_digest::{Engine, Platform, Threads};

use crate::failure::Failure;
use crate::open_files::allow_open_files;

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
