#!/usr/bin/env bash
# How fast and how small `attest pack` is, beside the programs that archives are made with, in the same run.
#
#   benches/pack.sh OUT.json [DIR]          (default DIR: the toolchain's own bin and lib, up to 300 MiB of them)
#
# Peers, whose digests nobody computes while ours are counted: `tar | pigz -6`, `tar czf`, `zip -r -6`,
# `tar | zstd -12`, `tar | xz -6` and Python's tarfile. Then four targets in five formats in one invocation, beside the same
# archives one after the other; and how much memory it takes for one file of 10 MiB and of 3 GiB, and for 100,000 small files.
#
# The programs take turns, so that whatever else the machine does falls on all of them; each has ROUNDS turns (default 3),
# what takes minutes has one, and the best counts. A peer that is not installed is left out. Ratios above 1 mean: `attest pack`
# is faster, or its archive is smaller. ATTEST_PACK names the program to measure; without it a release build is made.
# BENCH_WRAP names a program that runs each turn, such as one that keeps a machine quiet meanwhile. SKIP_SLOW=1 leaves xz out.
set -euo pipefail
export LC_ALL=C SOURCE_DATE_EPOCH=1700000000

if [ $# -lt 1 ]; then
    sed -n '2,16s/^# \{0,1\}//p' "$0" >&2
    exit 2
fi
out=$1
tree=${2:-}
rounds=${ROUNDS:-3}
here=$(cd "$(dirname "$0")/.." && pwd)

if [ -z "${ATTEST_PACK:-}" ]; then
    (cd "$here" && cargo build --quiet --release --locked --bin attest-pack)
    ATTEST_PACK=${CARGO_TARGET_DIR:-$here/target}/release/attest-pack
fi
command -v tar >/dev/null || { echo "pack.sh: tar is needed as the peer" >&2; exit 3; }
work=$(mktemp -d "${BENCH_DIR:-${TMPDIR:-/tmp}}/attest-pack-bench.XXXXXX")
trap 'rm -rf "$work"' EXIT

if [ -z "$tree" ]; then
    tree=$work/tree
    mkdir "$tree"
    left=$((300 * 1024 * 1024))
    while IFS= read -r file; do
        size=$(stat -c %s "$file")
        [ "$size" -le "$left" ] || continue
        cp "$file" "$tree/"
        left=$((left - size))
    done < <(find "$(rustc --print sysroot)/bin" "$(rustc --print sysroot)/lib" -type f | sort)
fi
tar cf - "$tree" 2>/dev/null | cat >/dev/null

# turn NAME COMMAND: appends "elapsed user system" to the turns of NAME.
turn() {
    # shellcheck disable=SC2086 # the wrapper may have arguments
    ${BENCH_WRAP:-} bash -o pipefail -c \
        "TIMEFORMAT='%3R %3U %3S'; { time { $2; } >'$work/talk' 2>&1; } 2>>'$work/$1.turns'" || {
        echo "pack.sh: $1 failed" >&2
        cat "$work/talk" >&2
        exit 3
    }
}
has() { command -v "$1" >/dev/null; }
ours() { # NAME EXTENSION THREADS
    turn "$1" "'$ATTEST_PACK' '$tree' -o '$work/$1.$2' --threads $3"
}

cores=$(nproc)
parent=$(dirname "$tree") name=$(basename "$tree")
tarred="tar cf - -C '$parent' '$name'"
python="import sys, tarfile; t = tarfile.open(sys.argv[2], 'w:gz', compresslevel=6); t.add(sys.argv[1]); t.close()"
for ((round = 0; round < rounds; round++)); do
    ! has pigz || turn pigz "$tarred | pigz -6 -p $cores >'$work/pigz.tar.gz'"
    ours attest-gz tar.gz "$cores"
    turn tar-czf "tar czf '$work/tar-czf.tar.gz' -C '$parent' '$name'"
    ours attest-gz-1 tar.gz 1
    ! has zip || turn zip "cd '$parent' && rm -f '$work/zip.zip' && zip -q -6 -r '$work/zip.zip' '$name'"
    ours attest-zip zip "$cores"
    ours attest-zip-1 zip 1
    ! has zstd || turn zstd "$tarred | zstd -q -12 -T$cores -f -o '$work/zstd.tar.zst'"
    ours attest-zst tar.zst "$cores"
    ! has python3 || turn python "python3 -c \"$python\" '$tree' '$work/python.tar.gz'"
done
if [ -z "${SKIP_SLOW:-}" ] && has xz; then
    turn xz "$tarred | xz -6 -T$cores >'$work/xz.tar.xz'"
    ours attest-xz tar.xz "$cores"
fi

# Four targets of 16 MiB, cut from the largest file.
largest=$(find "$tree" -type f -printf '%s %p\n' | sort -rn | awk 'NR == 1 { print $2 }')
formats=tar.gz,tar.zst,tar.xz,zip,tar
targets=""
for target in 1 2 3 4; do
    mkdir -p "$work/targets/target-$target"
    dd if="$largest" of="$work/targets/target-$target/app" bs=1M count=16 skip=$((target * 24)) status=none
    targets="$targets '$work/targets/target-$target'"
done
each() { # THREADS: the archives one after the other
    local target format
    for target in 1 2 3 4; do
        for format in ${formats//,/ }; do
            printf "'%s' '%s' -o '%s' --threads %d && " "$ATTEST_PACK" "$work/targets/target-$target" \
                "$work/each/target-$target.$format" "$1"
        done
    done
    echo true
}
mkdir "$work/each"
turn many-each-1 "$(each 1)"
turn many-each "$(each "$cores")"
turn many-at-once "'$ATTEST_PACK' $targets --output-directory '$work/once' --archive-format $formats --threads $cores"
diff -r "$work/each" "$work/once" >/dev/null || { echo "pack.sh: archives differ" >&2; exit 3; }
rm -rf "$work/each" "$work/once"

best() { # NAME COLUMN: 1 elapsed, 2 processor
    awk -v by="$2" '{ t = by == 1 ? $1 : $2 + $3; if (NR == 1 || t < b) b = t } END { print b }' "$work/$1.turns"
}
size() { stat -c %s "$work/$1".*[!s] 2>/dev/null || echo 0; }
compare() { # PEER OURS: one JSON object, or nothing when the peer is not there
    [ -f "$work/$1.turns" ] || return 0
    awk -v p="$1" -v o="$2" -v pe="$(best "$1" 1)" -v oe="$(best "$2" 1)" -v pc="$(best "$1" 2)" -v oc="$(best "$2" 2)" \
        -v ps="$(size "$1")" -v os="$(size "$2")" 'BEGIN {
        printf "    {\"peer\": \"%s\", \"ours\": \"%s\", \"peer_seconds\": %.3f, \"our_seconds\": %.3f, ", p, o, pe, oe
        printf "\"speed\": %.3f, \"peer_processor\": %.3f, \"our_processor\": %.3f, ", pe / oe, pc, oc
        printf "\"peer_bytes\": %d, \"our_bytes\": %d, \"size\": %s}", ps, os, os ? sprintf("%.4f", ps / os) : "null" }'
}

# peak DIRECTORY EXTENSION THREADS: the most memory, in KiB, that packing it takes.
peak() {
    "$ATTEST_PACK" "$1" -o "$work/peak.$2" --threads "$3" >/dev/null &
    local pid=$! most=0 now
    while now=$(awk '/^VmHWM/ { print $2 }' "/proc/$pid/status" 2>/dev/null) && [ -n "$now" ]; do
        most=$now
        sleep 0.02
    done
    wait "$pid"
    rm -f "$work/peak.$2"
    echo "$most"
}
memory() {
    local extension separator=""
    mkdir "$work/small" "$work/big" "$work/many"
    # Base64 of noise compresses a little, as programs do.
    head -c 7864320 /dev/urandom | base64 -w0 >"$work/small/file"
    for ((part = 0; part < 307; part++)); do cat "$work/small/file"; done >"$work/big/file"
    (cd "$work/many" && seq 100000 | split -l 1 -a 6 -d -)
    for extension in tar tar.gz tar.zst zip ${SLOW_MEMORY:+tar.xz}; do
        printf '%s    {"format": "%s", "threads": 64, "ten_mib_kib": %d, "three_gib_kib": %d, "many_files_kib": %d}' "$separator" \
            "$extension" "$(peak "$work/small" "$extension" 64)" "$(peak "$work/big" "$extension" 64)" \
            "$(peak "$work/many" "$extension" 64)"
        separator=$',\n'
    done
}

{
    printf '{\n  "machine": {"cores": %d, "model": "%s"},\n' "$cores" \
        "$(awk -F': ' '/^model name/ { print $2; exit }' /proc/cpuinfo)"
    printf '  "input_bytes": %d,\n  "rounds": %d,\n  "comparisons": [\n' "$(du -sb "$tree" | cut -f1)" "$rounds"
    for pair in "pigz attest-gz" "tar-czf attest-gz-1" "tar-czf attest-gz" "python attest-gz" "zip attest-zip-1" \
        "zip attest-zip" "zstd attest-zst" "xz attest-xz" "many-each-1 many-at-once" "many-each many-at-once"; do
        # shellcheck disable=SC2086 # two words on purpose
        compare $pair
        echo
    done | sed '/^$/d; $!s/$/,/'
    printf '  ],\n  "peak_memory": [\n'
    [ -n "${SKIP_MEMORY:-}" ] || memory
    printf '\n  ],\n  "turns": {\n'
    for file in "$work"/*.turns; do
        printf '    "%s": "%s"\n' "$(basename "$file" .turns)" "$(paste -sd';' "$file")"
    done | sed '$!s/$/,/'
    printf '  }\n}\n'
} >"$work/out.json"
mv "$work/out.json" "$out"
