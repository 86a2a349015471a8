//! Digests of bytes in memory, beside plain `sha2` in the same run: what the crate adds has to be nothing.

use std::hint::black_box;
use std::io::Write as _;

use attest_digest::{
    Algorithm, Algorithms, Measured, Platform, Threads, measure_file, measure_files, measure_many_bytes, measure_reader,
};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use sha2::Digest as _;

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

/// Noise from a fixed seed (xorshift64), so that every run hashes the same bytes.
fn noise(len: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut bytes = Vec::with_capacity(len + 8);
    while bytes.len() < len {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(len);
    bytes
}

/// Bytes in memory, at an odd address: content and offset are nothing special.
fn in_memory(criterion: &mut Criterion) {
    let sha256 = Algorithms::one(Algorithm::Sha256);
    let mut group = criterion.benchmark_group("sha256-in-memory");
    for len in [KIB, 64 * KIB, MIB, 64 * MIB] {
        let noise = noise(len + 13);
        let bytes = &noise[13..];
        group.throughput(Throughput::Bytes(len as u64));
        group.bench_with_input(BenchmarkId::new("sha2", len), bytes, |bencher, bytes| {
            bencher.iter(|| sha2::Sha256::digest(black_box(bytes)));
        });
        group.bench_with_input(BenchmarkId::new("attest-digest", len), bytes, |bencher, bytes| {
            bencher.iter(|| Measured::of_bytes(black_box(bytes), &sha256));
        });
        group.bench_with_input(
            BenchmarkId::new("attest-digest-reader", len),
            bytes,
            |bencher, bytes| {
                bencher.iter(|| measure_reader(black_box(bytes), &sha256).expect("memory can be read"));
            },
        );
    }
    group.finish();
}

/// Contents side by side on one core, by every platform of this processor, beside plain `sha2` one after the other.
fn lanes(criterion: &mut Criterion) {
    let sha256 = Algorithms::one(Algorithm::Sha256);
    let noise = noise(16 * 256 * KIB + 16);
    for count in [1, 2, 3, 4, 8, 12, 16] {
        let contents: Vec<&[u8]> = (0..count)
            .map(|place| &noise[place * (256 * KIB + 1)..][..256 * KIB])
            .collect();
        let mut group = criterion.benchmark_group(format!("sha256-lanes/{count}"));
        group.sample_size(20);
        group.throughput(Throughput::Bytes((count * 256 * KIB) as u64));
        group.bench_with_input("sha2", &contents, |bencher, contents| {
            bencher.iter(|| {
                for content in contents {
                    black_box(sha2::Sha256::digest(black_box(content)));
                }
            });
        });
        for platform in Platform::available() {
            group.bench_with_input(platform.name(), &contents, |bencher, contents| {
                bencher.iter(|| measure_many_bytes(black_box(contents), &sha256, platform));
            });
        }
        group.finish();
    }
}

/// One read for several algorithms, beside one read each.
fn several_algorithms(criterion: &mut Criterion) {
    let bytes = noise(16 * MIB);
    let (sha256, sha512) = (Algorithms::one(Algorithm::Sha256), Algorithms::one(Algorithm::Sha512));
    let both = Algorithms::new(Algorithm::Sha256, &[Algorithm::Sha512]);
    let mut group = criterion.benchmark_group("sha256-and-sha512");
    group.throughput(Throughput::Bytes(bytes.len() as u64));
    group.bench_function("one read", |bencher| {
        bencher.iter(|| measure_reader(black_box(bytes.as_slice()), &both).expect("memory can be read"));
    });
    group.bench_function("a read each", |bencher| {
        bencher.iter(|| {
            let first = measure_reader(black_box(bytes.as_slice()), &sha256).expect("memory can be read");
            (
                first,
                measure_reader(black_box(bytes.as_slice()), &sha512).expect("memory can be read"),
            )
        });
    });
    group.finish();
}

/// Files from the page cache, by one thread and by two.
fn files(criterion: &mut Criterion) {
    let sha256 = Algorithms::one(Algorithm::Sha256);
    let bytes = noise(4 * MIB);
    let files: Vec<_> = (0..8)
        .map(|_| {
            let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
            file.write_all(&bytes).expect("the temporary directory has room");
            file
        })
        .collect();
    let mut group = criterion.benchmark_group("files");
    group.sample_size(20);
    group.throughput(Throughput::Bytes((bytes.len() * files.len()) as u64));
    group.bench_function("one after the other", |bencher| {
        bencher.iter(|| {
            files
                .iter()
                .filter(|file| measure_file(file.path(), &sha256).is_ok())
                .count()
        });
    });
    for threads in ["1", "2"] {
        let threads: Threads = threads.parse().expect("a number of threads");
        group.bench_function(BenchmarkId::new("threads", threads), |bencher| {
            bencher.iter(|| measure_files(&files, &sha256, threads));
        });
    }
    group.finish();
}

criterion_group!(benches, in_memory, lanes, several_algorithms, files);
criterion_main!(benches);
