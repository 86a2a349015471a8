use std::sync::atomic::{AtomicU64, Ordering};

/// What an [`Engine`](crate::Engine) has done so far, to be looked at while it works.
#[derive(Debug, Default)]
pub struct Progress {
    bytes_read: AtomicU64,
    files_done: AtomicU64,
    filled: AtomicU64,
    offered: AtomicU64,
}

impl Progress {
    /// Nothing is done yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The bytes that were read, those of unfinished files included.
    #[must_use]
    pub fn bytes_read(&self) -> u64 {
        self.bytes_read.load(Ordering::Relaxed)
    }

    /// The jobs that came to an end, good or bad; some of them may not have been handed over yet.
    #[must_use]
    pub fn files_done(&self) -> u64 {
        self.files_done.load(Ordering::Relaxed)
    }

    /// The share of the offered lanes that were filled, each block of SHA-256 counted once: 1 when every lane was always at
    /// work, and 1/16 for a single file on a platform of sixteen lanes, which computes one stream in the quickest way for one.
    /// None while nothing was compressed in lanes.
    #[must_use]
    pub fn occupancy(&self) -> Option<f64> {
        let offered = self.offered.load(Ordering::Relaxed);
        (offered > 0).then(|| self.filled.load(Ordering::Relaxed) as f64 / offered as f64)
    }

    pub(crate) fn count_bytes(&self, bytes: u64) {
        self.bytes_read.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(super) fn count_files(&self, files: u64) {
        self.files_done.fetch_add(files, Ordering::Relaxed);
    }

    /// `blocks` blocks were compressed in `filled` of the `offered` lanes.
    pub(super) fn count_lanes(&self, filled: usize, offered: usize, blocks: usize) {
        self.filled.fetch_add((filled * blocks) as u64, Ordering::Relaxed);
        self.offered.fetch_add((offered * blocks) as u64, Ordering::Relaxed);
    }
}
