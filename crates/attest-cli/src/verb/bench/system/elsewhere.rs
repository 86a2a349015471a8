use std::fs::File;
use std::io;
use std::path::Path;
use std::process::Child;

use super::Usage;

/// Nothing is pinned here.
pub(in super::super) struct Pin;

impl Pin {
    pub(in super::super) fn to(_processors: &[usize]) -> Option<Self> {
        None
    }
}

pub(in super::super) fn allowed_processors() -> Vec<usize> {
    Vec::new()
}

pub(in super::super) fn wait_to_end(child: &mut Child) -> io::Result<()> {
    child.wait().map(|_| ())
}

pub(in super::super) fn ended(child: &mut Child) -> io::Result<bool> {
    child.try_wait().map(|status| status.is_some())
}

pub(in super::super) fn usage(_child: &Child) -> Usage {
    Usage::default()
}

pub(in super::super) fn peak_memory(_child: &Child) -> Option<u64> {
    None
}

pub(in super::super) fn write_back(_directory: &Path) -> io::Result<()> {
    Ok(())
}

pub(in super::super) fn drop_from_cache(_file: &File) -> io::Result<()> {
    Ok(())
}

pub(in super::super) fn file_system(_path: &Path) -> String {
    "unknown".to_owned()
}

pub(in super::super) fn free_space(_path: &Path) -> Option<u64> {
    None
}

pub(in super::super) fn available_memory() -> Option<u64> {
    None
}

pub(in super::super) fn total_memory() -> Option<u64> {
    None
}

pub(in super::super) fn load() -> Option<f64> {
    None
}

pub(in super::super) fn governor() -> Option<String> {
    None
}

pub(in super::super) fn processor_name() -> String {
    std::env::consts::ARCH.to_owned()
}

pub(in super::super) fn processor_features() -> Vec<String> {
    Vec::new()
}

pub(in super::super) fn system_name() -> String {
    std::env::consts::OS.to_owned()
}
