//! What this processor can run, and a file's digest by each of it: `platforms FILE`.
//!
//! A line is a platform, how many streams it takes at once, and the SHA-256 of the file, taken alone and as often as the
//! platform has lanes. The first line is what would be used; every line has to end with the same digest.

use std::io::{self, Write as _};

use attest_digest::{Algorithm, Algorithms, Platform, measure_many_bytes};

fn main() -> io::Result<()> {
    let path = std::env::args_os().nth(1).unwrap_or_else(|| "Cargo.toml".into());
    let content = std::fs::read(path)?;
    let sha256 = Algorithms::one(Algorithm::Sha256);
    let mut out = io::stdout().lock();
    for platform in Platform::available() {
        write!(out, "{platform} {}", platform.lanes())?;
        let mut found = measure_many_bytes(&[&content], &sha256, platform);
        found.extend(measure_many_bytes(
            &vec![&*content; platform.lanes()],
            &sha256,
            platform,
        ));
        found.dedup();
        for measured in found {
            let digest = measured.digest(Algorithm::Sha256).expect("SHA-256 was asked for");
            write!(out, " {}", digest.to_hex())?;
        }
        writeln!(out)?;
    }
    Ok(())
}
