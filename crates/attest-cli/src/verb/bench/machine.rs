//! What it was measured on, as far as others may know: no name of a host, no user, no path.

use std::path::Path;

use attest_digest::Platform;

use super::record::Machine;
use super::system;

/// Before anything is measured.
pub(super) fn look(directory: &Path) -> Machine {
    Machine {
        processor: system::processor_name(),
        cores: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        features: system::processor_features(),
        platform: Platform::detect().name().to_owned(),
        system: system::system_name(),
        memory: system::total_memory().unwrap_or(0),
        file_system: system::file_system(directory),
        governor: system::governor(),
        load_before: system::load(),
        load_after: None,
    }
}
