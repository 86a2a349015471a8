use crate::{Platform, Threads};

/// Bytes that one read asks for, at most: with the lanes of one worker they stay in a core's second-level cache between
/// the read and the compression.
const LARGEST_BUFFER: usize = 64 * 1024;

/// Below a page, reading costs more system calls than it saves memory.
const SMALLEST_BUFFER: usize = 4 * 1024;

/// The buffers of all workers together. The window and the program itself need as much again, and 32 MiB are not to be
/// exceeded.
const ALL_BUFFERS: usize = 12 * 1024 * 1024;

/// How many files a worker reads side by side, and how much of each at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) platform: Platform,
    pub(super) lanes: usize,
    pub(super) buffer_len: usize,
}

impl Plan {
    /// `threads × lanes × buffer_len` is at most [`ALL_BUFFERS`]: many threads have smaller buffers, then fewer lanes.
    pub(super) fn new(platform: Platform, threads: Threads) -> Self {
        let share = ALL_BUFFERS / threads.count();
        let lanes = platform.lanes().min(share / SMALLEST_BUFFER).max(1);
        let buffer_len = (share / lanes).clamp(SMALLEST_BUFFER, LARGEST_BUFFER);
        Self {
            platform,
            lanes,
            buffer_len: buffer_len - buffer_len % SMALLEST_BUFFER,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_stay_within_their_share_whatever_the_number_of_threads() {
        for platform in Platform::available() {
            for count in 1..=Threads::MAX {
                let threads: Threads = count.to_string().parse().unwrap();
                let plan = Plan::new(platform, threads);
                assert!(count * plan.lanes * plan.buffer_len <= ALL_BUFFERS, "{plan:?}");
                assert!(plan.buffer_len >= SMALLEST_BUFFER && plan.buffer_len.is_multiple_of(SMALLEST_BUFFER));
                assert!((1..=platform.lanes()).contains(&plan.lanes));
            }
            let one = Plan::new(platform, Threads::ONE);
            assert_eq!((one.lanes, one.buffer_len), (platform.lanes(), LARGEST_BUFFER));
        }
    }
}
