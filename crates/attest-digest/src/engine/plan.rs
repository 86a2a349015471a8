use crate::{Platform, Threads};

/// Bytes that one read asks for, at most: with the lanes of one worker they stay in a core's second-level cache between
/// the read and the compression.
const LARGEST_BUFFER: usize = 64 * 1024;

/// Below a page, reading costs more system calls than it saves memory.
const SMALLEST_BUFFER: usize = 4 * 1024;

/// A worker itself, measured: the pages of its stack that it touches, and what the allocator keeps for it.
const WORKER: usize = 16 * 1024;

/// The states of all algorithms of one lane, of which BLAKE3's is nearly all.
const STATES: usize = 2 * 1024;

/// All workers with their buffers together. The window and the program itself need as much again, and 32 MiB are not to be
/// exceeded.
const ALL_WORKERS: usize = 12 * 1024 * 1024;

/// How many files a worker reads side by side, and how much of each at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) platform: Platform,
    pub(super) workers: usize,
    pub(super) lanes: usize,
    pub(super) buffer_len: usize,
}

impl Plan {
    /// `workers × (WORKER + lanes × (STATES + buffer_len))` is at most [`ALL_WORKERS`] up to 512 workers, and
    /// `workers × lanes` at most `open_files`: many threads have smaller buffers, then fewer lanes, and there are no more
    /// workers than files.
    pub(super) fn new(platform: Platform, threads: Threads, open_files: usize) -> Self {
        let workers = threads.count().get().min(open_files.max(1));
        let share = (ALL_WORKERS / workers).saturating_sub(WORKER);
        let lanes = platform.lanes().min(share / (SMALLEST_BUFFER + STATES));
        let lanes = lanes.min(open_files / workers).max(1);
        let buffer_len = (share / lanes)
            .saturating_sub(STATES)
            .clamp(SMALLEST_BUFFER, LARGEST_BUFFER);
        Self {
            platform,
            workers,
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
                let plan = Plan::new(platform, threads, usize::MAX);
                assert_eq!(plan.workers, count);
                let occupied = count * (WORKER + plan.lanes * (STATES + plan.buffer_len));
                assert!(occupied <= ALL_WORKERS || count > 512, "{plan:?}");
                assert!(plan.buffer_len >= SMALLEST_BUFFER && plan.buffer_len.is_multiple_of(SMALLEST_BUFFER));
                assert!((1..=platform.lanes()).contains(&plan.lanes));
            }
            let one = Plan::new(platform, Threads::ONE, usize::MAX);
            assert_eq!((one.lanes, one.buffer_len), (platform.lanes(), LARGEST_BUFFER));
        }
    }

    #[test]
    fn no_more_files_are_planned_than_may_be_open_and_one_at_least() {
        for platform in Platform::available() {
            for open_files in [0, 1, 2, 5, 16, 32, 192, 960] {
                for count in [1, 2, 7, 8, 96, Threads::MAX] {
                    let threads: Threads = count.to_string().parse().unwrap();
                    let plan = Plan::new(platform, threads, open_files);
                    let most = open_files.max(1);
                    assert!(plan.workers * plan.lanes <= most, "{plan:?}, {open_files} files");
                    assert!(plan.workers == count.min(most) && plan.lanes > 0, "{plan:?}");
                }
            }
        }
    }
}
