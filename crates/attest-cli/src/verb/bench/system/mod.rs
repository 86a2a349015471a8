//! What is asked of the system around a measurement. Where a system cannot say, the answer is that nothing is known.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
pub(super) use linux::{
    Pin, allowed_processors, available_memory, drop_from_cache, ended, file_system, free_space, governor, load,
    peak_memory, processor_features, processor_name, system_name, total_memory, usage, wait_to_end, write_back,
};

#[cfg(not(target_os = "linux"))]
mod elsewhere;
#[cfg(not(target_os = "linux"))]
pub(super) use elsewhere::{
    Pin, allowed_processors, available_memory, drop_from_cache, ended, file_system, free_space, governor, load,
    peak_memory, processor_features, processor_name, system_name, total_memory, usage, wait_to_end, write_back,
};

/// What a process took, together with everything that it waited for.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Usage {
    /// User and system time in seconds.
    pub(super) processor: Option<f64>,
    /// Bytes that came from storage.
    pub(super) storage: Option<u64>,
}
