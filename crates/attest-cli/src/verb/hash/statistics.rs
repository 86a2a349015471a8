use std::fmt;
use std::time::Duration;

use attest_digest::Progress;
use serde::Serialize;

use super::machine::Machine;
use super::number::{bytes, counted};

/// How the work went: for whoever wants to know whether the machine is used.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Statistics {
    files: u64,
    bytes: u64,
    seconds: f64,
    bytes_per_second: f64,
    /// The share of the lanes that were at work.
    #[serde(skip_serializing_if = "Option::is_none")]
    lane_occupancy: Option<f64>,
    platform: &'static str,
    lanes: usize,
    threads: usize,
}

impl Machine {
    /// Of a run that measured so many files and has taken so long.
    pub(super) fn statistics(self, progress: &Progress, files: u64, elapsed: Duration) -> Statistics {
        let (seconds, bytes) = (elapsed.as_secs_f64(), progress.bytes_read());
        Statistics {
            files,
            bytes,
            seconds,
            bytes_per_second: if seconds > 0.0 { bytes as f64 / seconds } else { 0.0 },
            lane_occupancy: progress.occupancy(),
            platform: self.platform.name(),
            lanes: self.platform.lanes(),
            threads: self.threads.count().get(),
        }
    }
}

impl fmt::Display for Statistics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let files = counted(self.files, "file", "files");
        let rate = bytes(self.bytes_per_second);
        write!(
            f,
            "{files}, {} in {:.3} s: {rate}/s; ",
            bytes(self.bytes as f64),
            self.seconds
        )?;
        if let Some(occupancy) = self.lane_occupancy {
            write!(f, "lanes {:.1} % filled; ", occupancy * 100.0)?;
        }
        let lanes = counted(self.lanes as u64, "lane", "lanes");
        let threads = counted(self.threads as u64, "thread", "threads");
        write!(f, "{}, {lanes}, {threads}", self.platform)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_it_all() {
        let statistics = Statistics {
            files: 1004,
            bytes: 12_350_000_000,
            seconds: 3.4124,
            bytes_per_second: 3_619_000_000.0,
            lane_occupancy: Some(0.9712),
            platform: "avx512",
            lanes: 16,
            threads: 2,
        };
        assert_eq!(
            statistics.to_string(),
            "1,004 files, 12.35 GB in 3.412 s: 3.62 GB/s; lanes 97.1 % filled; avx512, 16 lanes, 2 threads"
        );
    }
}
