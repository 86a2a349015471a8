use std::path::Path;

/// Gives each the name of the other in one step, so that at no moment one of the names is free. Whether that was done: not
/// every system and not every file system can.
#[cfg(any(target_os = "linux", target_vendor = "apple"))]
#[must_use]
pub fn exchange(one: &Path, other: &Path) -> bool {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE).is_ok()
}

/// Gives each the name of the other in one step, which this system cannot.
#[cfg(not(any(target_os = "linux", target_vendor = "apple")))]
#[must_use]
pub fn exchange(_: &Path, _: &Path) -> bool {
    false
}
