use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::process::Child;

use rustix::fs::Advice;
use rustix::io::Errno;
use rustix::process::{Pid, WaitId, WaitIdOptions};
use rustix::thread::CpuSet;

use super::Usage;

/// In what `/proc/PID/stat` counts times: `USER_HZ`, which is 100 on every architecture that Rust is built for.
const TICKS_PER_SECOND: f64 = 100.0;

/// The fields of `/proc/PID/stat` that follow the name, from 0: user and system time, own and of children that were waited
/// for (proc_pid_stat(5): 14 to 17).
const TIMES: std::ops::Range<usize> = 11..15;

/// The flags of a processor that decide how fast it hashes.
const FEATURES: [&str; 12] = [
    "sha_ni", "ssse3", "sse4_1", "avx", "avx2", "avx512f", "avx512bw", "avx512vl", "bmi2", "sha1", "sha2", "sha512",
];

/// File systems by their magic numbers (statfs(2)).
const FILE_SYSTEMS: [(u64, &str); 10] = [
    (0xef53, "ext4"),
    (0x5846_5342, "xfs"),
    (0x9123_683e, "btrfs"),
    (0x0102_1994, "tmpfs"),
    (0x794c_7630, "overlayfs"),
    (0x2fc1_2fc1, "zfs"),
    (0xf2f5_2010, "f2fs"),
    (0x6969, "nfs"),
    (0x6573_5546, "fuse"),
    (0x0102_1997, "9p"),
];

/// The calling thread, and what it starts, on some processors only; as before when it is dropped.
pub(in super::super) struct Pin {
    before: CpuSet,
}

impl Pin {
    /// None when there is nothing to choose from, or the system does not let us.
    pub(in super::super) fn to(processors: &[usize]) -> Option<Self> {
        let before = rustix::thread::sched_getaffinity(None).ok()?;
        let mut wanted = CpuSet::new();
        for &processor in processors {
            wanted.set(processor);
        }
        rustix::thread::sched_setaffinity(None, &wanted).ok()?;
        Some(Self { before })
    }
}

impl Drop for Pin {
    fn drop(&mut self) {
        // What was allowed before is allowed again; if not, the rest of the run is slower and says so.
        let _ = rustix::thread::sched_setaffinity(None, &self.before);
    }
}

/// The processors that this process may run on.
pub(in super::super) fn allowed_processors() -> Vec<usize> {
    match rustix::thread::sched_getaffinity(None) {
        Ok(set) => (0..CpuSet::MAX_CPU)
            .filter(|&processor| set.is_set(processor))
            .collect(),
        Err(_) => Vec::new(),
    }
}

/// Waits until the process has ended, and leaves it so that its account can still be read.
pub(in super::super) fn wait_to_end(child: &mut Child) -> io::Result<()> {
    wait(child, WaitIdOptions::EXITED | WaitIdOptions::NOWAIT).map(|_| ())
}

/// Whether the process has ended; it stays readable as well.
pub(in super::super) fn ended(child: &mut Child) -> io::Result<bool> {
    wait(
        child,
        WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG,
    )
}

fn wait(child: &Child, options: WaitIdOptions) -> io::Result<bool> {
    loop {
        match rustix::process::waitid(WaitId::Pid(Pid::from_child(child)), options) {
            Err(Errno::INTR) => {}
            found => return Ok(found?.is_some()),
        }
    }
}

/// What a process took that has ended and was not waited for yet.
pub(in super::super) fn usage(child: &Child) -> Usage {
    Usage {
        processor: read(child, "stat").and_then(|stat| processor_time(&stat)),
        storage: read(child, "io").and_then(|io| number_after(&io, "read_bytes:")),
    }
}

/// The most memory that was resident so far, of a process that still runs.
pub(in super::super) fn peak_memory(child: &Child) -> Option<u64> {
    number_after(&read(child, "status")?, "VmHWM:").map(|kib| kib * 1024)
}

fn read(child: &Child, name: &str) -> Option<String> {
    fs::read_to_string(format!("/proc/{}/{name}", child.id())).ok()
}

/// The name of the program stands in parentheses and may hold anything, parentheses and blanks too.
fn processor_time(stat: &str) -> Option<f64> {
    let (_, rest) = stat.rsplit_once(')')?;
    let fields: Vec<&str> = rest.split_whitespace().collect();
    let ticks: u64 = fields.get(TIMES)?.iter().map(|field| field.parse().unwrap_or(0)).sum();
    Some(ticks as f64 / TICKS_PER_SECOND)
}

fn number_after(text: &str, label: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(label))?;
    line.split_whitespace().next()?.parse().ok()
}

/// Writes everything to storage that is still to be written: what is dirty cannot be dropped, and writing disturbs.
pub(in super::super) fn write_back(directory: &Path) -> io::Result<()> {
    Ok(rustix::fs::syncfs(File::open(directory)?)?)
}

/// Asks the system to forget the content of a file. To look whether it did would make it read again: what a turn took from
/// storage says it afterwards.
pub(in super::super) fn drop_from_cache(file: &File) -> io::Result<()> {
    Ok(rustix::fs::fadvise(file, 0, None, Advice::DontNeed)?)
}

pub(in super::super) fn file_system(path: &Path) -> String {
    let Ok(found) = rustix::fs::statfs(path) else {
        return "unknown".to_owned();
    };
    let magic = found.f_type as u64;
    let known = FILE_SYSTEMS.iter().find(|(number, _)| *number == magic);
    known.map_or_else(|| format!("{magic:#x}"), |(_, name)| (*name).to_owned())
}

/// The bytes that may still be written.
pub(in super::super) fn free_space(path: &Path) -> Option<u64> {
    let found = rustix::fs::statvfs(path).ok()?;
    found.f_bavail.checked_mul(found.f_frsize)
}

/// The memory that can be had, the page cache included.
pub(in super::super) fn available_memory() -> Option<u64> {
    memory("MemAvailable:")
}

pub(in super::super) fn total_memory() -> Option<u64> {
    memory("MemTotal:")
}

fn memory(label: &str) -> Option<u64> {
    number_after(&fs::read_to_string("/proc/meminfo").ok()?, label).map(|kib| kib * 1024)
}

/// How many processes wanted to run, on average over the last minute.
pub(in super::super) fn load() -> Option<f64> {
    let text = fs::read_to_string("/proc/loadavg").ok()?;
    text.split_whitespace().next()?.parse().ok()
}

/// How the frequency of the first processor is governed.
pub(in super::super) fn governor() -> Option<String> {
    let text = fs::read_to_string("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor").ok()?;
    Some(text.trim().to_owned())
}

pub(in super::super) fn processor_name() -> String {
    cpuinfo("model name").unwrap_or_else(|| std::env::consts::ARCH.to_owned())
}

/// Of the flags that decide how fast it hashes, those that the processor has.
pub(in super::super) fn processor_features() -> Vec<String> {
    let flags = cpuinfo("flags").or_else(|| cpuinfo("Features")).unwrap_or_default();
    let has = |feature: &&str| flags.split_whitespace().any(|flag| flag == *feature);
    FEATURES.into_iter().filter(has).map(str::to_owned).collect()
}

fn cpuinfo(label: &str) -> Option<String> {
    let text = fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = text
        .lines()
        .find(|line| line.split(':').next().map(str::trim) == Some(label))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

/// The kernel with its version, without the name of the host.
pub(in super::super) fn system_name() -> String {
    let found = rustix::system::uname();
    let text = |part: &std::ffi::CStr| part.to_string_lossy().into_owned();
    format!(
        "{} {} {}",
        text(found.sysname()),
        text(found.release()),
        text(found.machine())
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_found_behind_any_name() {
        let stat = "7 (a) b (c) Z 1 7 7 0 -1 4 80 254 0 0 1 2 30 400 20 0 1 0 25 0 0";
        assert_eq!(processor_time(stat), Some(4.33));
        assert_eq!(processor_time("7 a"), None);
    }

    #[test]
    fn a_number_stands_behind_its_label() {
        assert_eq!(
            number_after("rchar: 1\nread_bytes: 50003968\n", "read_bytes:"),
            Some(50_003_968)
        );
        assert_eq!(number_after("VmHWM:\t    5120 kB\n", "VmHWM:"), Some(5120));
        assert_eq!(number_after("VmHWM:\n", "VmHWM:"), None);
    }

    #[test]
    fn a_child_that_has_ended_can_still_be_asked() {
        let mut child = std::process::Command::new("true").spawn().unwrap();
        wait_to_end(&mut child).unwrap();
        assert!(ended(&mut child).unwrap());
        assert!(usage(&child).processor.is_some());
        assert!(child.wait().unwrap().success());
    }

    #[test]
    fn what_was_allowed_before_a_pin_is_allowed_after_it() {
        let before = allowed_processors();
        let last = *before.last().unwrap();
        let pin = Pin::to(&[last]).unwrap();
        assert_eq!(allowed_processors(), [last]);
        drop(pin);
        assert_eq!(allowed_processors(), before);
    }
}
