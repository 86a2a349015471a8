//! Packaged charts in, their files out.

use attest_archive::chart::{MAX_CHART_BYTES, MAX_FILE_BYTES, MAX_FILES};
use attest_archive::read::{Limits, ReadError, read_archive};

use super::charts::Charts;
use super::{CHART, is_read};
use crate::Gap;
use crate::inventory::Inventory;
use crate::scan::Scan;
use crate::tree::{Memory, Tree};

/// Whether a file may be a packaged chart: what lies in `charts/`, and what lies at the top.
pub(super) fn is_package(path: &str) -> bool {
    let is_there = !path.contains('/') || path.rsplit('/').nth(1) == Some("charts");
    is_there && path.ends_with(".tgz")
}

/// Reads a packaged chart, and those in it. Another archive that ends in `.tgz` is none, and no gap.
pub(super) fn read(scan: &Scan<'_>, path: &str, charts: &mut Charts, inventory: &mut Inventory) {
    let opened = scan.open(path).and_then(|content| {
        let Some(content) = content else {
            return Ok(Memory::default());
        };
        files(content).map_err(|error| Gap::new("damaged", path, error.to_string()))
    });
    match opened {
        Ok(files) => {
            let place = format!("{path}!/");
            let inside = Scan::of(&files, scan.options);
            let found = files.listing().entries().iter().filter(|entry| entry.name() == CHART);
            let above = path.rsplit_once('/').map_or("", |(above, _)| above);
            for entry in found {
                charts.read(&inside, &place, entry.parent(), inventory);
                if entry.parent().matches('/').count() == 0 {
                    charts.packaged(&format!("{place}{}", entry.parent()), above);
                }
            }
        }
        // What lies at the top may be a package of anything.
        Err(gap) if path.contains('/') => inventory.gap(gap),
        Err(_) => {}
    }
}

fn files(content: impl std::io::Read + std::io::Seek) -> Result<Memory, ReadError> {
    let mut limits = Limits::default();
    limits.members = 2 * MAX_FILES;
    limits.member = MAX_FILE_BYTES;
    limits.total = 2 * MAX_CHART_BYTES;
    let mut files = Vec::new();
    read_archive(content, &limits, |entry, content| {
        let path = entry.path.to_string();
        if is_read(&path) {
            let mut bytes = Vec::new();
            content.read_to_end(&mut bytes)?;
            files.push((path, bytes));
        }
        Ok::<(), ReadError>(())
    })?;
    Ok(Memory::new(files))
}
