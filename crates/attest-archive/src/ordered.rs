use std::collections::VecDeque;
use std::io;
use std::num::NonZeroUsize;
use std::sync::mpsc::{Receiver, sync_channel};

use rayon::{ThreadPool, ThreadPoolBuilder};

/// How many jobs may wait or run for each thread. Bounds memory; three keep a thread busy while one result is written.
const DEPTH: usize = 3;

/// Runs jobs on several threads and gives their results back in the order in which the jobs came.
///
/// With one thread, every job runs at once on the caller's, and no other thread is made.
pub(crate) struct Ordered<T> {
    pool: Option<ThreadPool>,
    waiting: VecDeque<Receiver<T>>,
    depth: usize,
}

impl<T: Send + 'static> Ordered<T> {
    pub(crate) fn new(threads: NonZeroUsize) -> io::Result<Self> {
        let pool = match threads.get() {
            1 => None,
            threads => Some(
                ThreadPoolBuilder::new()
                    .num_threads(threads)
                    .build()
                    .map_err(io::Error::other)?,
            ),
        };
        Ok(Self {
            pool,
            waiting: VecDeque::new(),
            depth: threads.get().saturating_mul(DEPTH),
        })
    }

    #[cfg(test)]
    pub(crate) fn threads(&self) -> usize {
        self.pool.as_ref().map_or(1, ThreadPool::current_num_threads)
    }

    /// Takes a job. Gives back the oldest result when too many are waiting.
    pub(crate) fn push(&mut self, job: impl FnOnce() -> T + Send + 'static) -> Option<T> {
        let Some(pool) = &self.pool else {
            return Some(job());
        };
        let (sender, receiver) = sync_channel(1);
        pool.spawn_fifo(move || {
            // Nobody listens any more once writing has failed.
            let _ = sender.send(job());
        });
        self.waiting.push_back(receiver);
        match self.waiting.len() > self.depth {
            true => self.next(),
            false => None,
        }
    }

    /// Waits for the oldest result. None when there is no job left.
    pub(crate) fn next(&mut self) -> Option<T> {
        let receiver = self.waiting.pop_front()?;
        Some(receiver.recv().expect("a job sends its result or ends the process"))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn results_come_in_the_order_of_their_jobs(threads in 1_usize..5, delays in prop::collection::vec(0_u64..3, 0..40)) {
            let mut ordered = Ordered::new(NonZeroUsize::new(threads).unwrap()).unwrap();
            let mut results = Vec::new();
            for (number, delay) in delays.iter().copied().enumerate() {
                results.extend(ordered.push(move || {
                    std::thread::sleep(std::time::Duration::from_millis(delay));
                    number
                }));
                prop_assert!(ordered.waiting.len() <= threads * DEPTH);
            }
            results.extend(std::iter::from_fn(|| ordered.next()));
            prop_assert_eq!(results, (0..delays.len()).collect::<Vec<_>>());
        }
    }
}
