//! The limit: the same code on memory that is there already, without files, processes and their answers.

use std::time::Instant;

use attest_digest::{Algorithm, Algorithms, Platform, measure_many_bytes};

use super::generate::SplitMix64;
use super::system::Usage;
use super::turn::Taken;
use crate::failure::Failure;

/// How much memory a thread goes over again and again: more than the nearest caches hold, as what comes from files is.
pub(super) const WINDOW: usize = 4 << 20;

/// Hashing in memory.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kernel {
    pub(super) platform: Platform,
    pub(super) threads: usize,
    /// The length of a stream.
    pub(super) stream: usize,
    /// What the time is said for.
    pub(super) bytes: u64,
}

/// The memory of one kernel.
pub(super) struct Memory {
    kernel: Kernel,
    bytes: Vec<u8>,
}

impl Kernel {
    pub(super) fn memory(self) -> Memory {
        let mut bytes = vec![0; WINDOW.max(self.stream)];
        SplitMix64::of_file(0).fill(&mut bytes);
        Memory { kernel: self, bytes }
    }

    /// How often each thread goes over its window.
    fn passes(self) -> u64 {
        let window = (WINDOW.max(self.stream) * self.threads) as u64;
        self.bytes.div_ceil(window).max(1)
    }
}

impl Memory {
    fn streams(&self) -> Vec<&[u8]> {
        self.bytes.chunks_exact(self.kernel.stream).collect()
    }

    /// Takes the time. Every thread hashes the same memory, which it only reads.
    pub(super) fn run(&self) -> Taken {
        let algorithms = Algorithms::one(Algorithm::Sha256);
        let streams = self.streams();
        let passes = self.kernel.passes();
        let begin = Instant::now();
        std::thread::scope(|scope| {
            for _ in 0..self.kernel.threads {
                scope.spawn(|| {
                    for _ in 0..passes {
                        std::hint::black_box(measure_many_bytes(
                            std::hint::black_box(&streams),
                            &algorithms,
                            self.kernel.platform,
                        ));
                    }
                });
            }
        });
        let elapsed = begin.elapsed().as_secs_f64();
        let hashed = streams.len() as u64 * self.kernel.stream as u64 * self.kernel.threads as u64 * passes;
        Taken {
            elapsed: elapsed * self.kernel.bytes as f64 / hashed as f64,
            usage: Usage::default(),
            peak_memory: None,
        }
    }

    /// That it comes to what the reference comes to.
    pub(super) fn check(&self) -> Result<(), Failure> {
        let algorithms = Algorithms::one(Algorithm::Sha256);
        let streams = self.streams();
        let found = measure_many_bytes(&streams, &algorithms, self.kernel.platform);
        match found == measure_many_bytes(&streams, &algorithms, Platform::portable()) {
            true => Ok(()),
            false => Err(Failure::rejected(
                "bench-answer-differs",
                format_args!(
                    "the platform `{}` and the reference do not agree",
                    self.kernel.platform.name()
                ),
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_platform_agrees_with_the_reference_and_takes_time() {
        for platform in Platform::available() {
            let kernel = Kernel {
                platform,
                threads: 2,
                stream: 4096,
                bytes: 100,
            };
            let memory = kernel.memory();
            memory.check().unwrap();
            assert!(memory.run().elapsed > 0.0);
        }
    }
}
