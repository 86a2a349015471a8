#!/usr/bin/env bash
# How fast and how small `attest pack` is, beside `tar | gzip`, `tar | pigz`, `tar | zstd` and `zip` in the same run, and how
# much memory it takes for one file of 10 MiB and one of 1 GiB.
#
#   benches/pack.sh OUT.json [DIR]          (default DIR: the toolchain's own bin and lib, up to 300 MiB of them)
#
# The programs take turns, so that whatever else the machine does falls on all of them; each has ROUNDS turns (default 3), and
# the best counts. A peer that is not installed is left out. Ratios above 1 mean: `attest pack` is faster, or its archive is
# smaller. ATTEST_PACK names the program to measure; without it a release build is made.
set -euo pipefail
export LC_ALL=C SOURCE_DATE_EPOCH=1700000000

if [ $# -lt 1 ]; then
    sed -n '2,10s/^# \{0,1\}//p' "$0" >&2
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

# turn NAME COMMAND…: appends "elapsed processor" to the turns of NAME.
turn() {
    local name=$1 TIMEFORMAT='%3R %3U %3S'
    shift
    { time "$@" >/dev/null 2>"$work/talk"; } 2>>"$work/$name.turns"
}
peer() { # NAME COMMAND LINE
    turn "$1" bash -o pipefail -c "$2"
}
ours() { # NAME EXTENSION THREADS
    turn "$1" "$ATTEST_PACK" "$tree" -o "$work/$1.$2" --threads "$3"
}
has() { command -v "$1" >/dev/null; }

cores=$(nproc)
parent=$(dirname "$tree") name=$(basename "$tree")
tarred="tar cf - -C '$parent' '$name'"
for ((round = 0; round < rounds; round++)); do
    peer gzip "$tarred | gzip -6 >'$work/gzip.tar.gz'"
    ! has pigz || peer pigz "$tarred | pigz -6 -p $cores >'$work/pigz.tar.gz'"
    ! has zstd || peer zstd "$tarred | zstd -q -12 -T$cores -f -o '$work/zstd.tar.zst'"
    ! has zip || peer zip "cd '$parent' && rm -f '$work/zip.zip' && zip -q -6 -r '$work/zip.zip' '$name'"
    ours attest-gz-1 tar.gz 1
    ours attest-gz tar.gz "$cores"
    ours attest-zst tar.zst "$cores"
    ours attest-zip-1 zip 1
    ours attest-zip zip "$cores"
done

best() { # NAME COLUMN: 1 elapsed, 2 processor
    awk -v by="$2" '{ t = by == 1 ? $1 : $2 + $3; if (NR == 1 || t < b) b = t } END { print b }' "$work/$1.turns"
}
size() { stat -c %s "$work/$1".*[!s]; }
compare() { # PEER OURS: one JSON object, or nothing when the peer is not there
    [ -f "$work/$1.turns" ] || return 0
    awk -v p="$1" -v o="$2" -v pe="$(best "$1" 1)" -v oe="$(best "$2" 1)" -v pc="$(best "$1" 2)" -v oc="$(best "$2" 2)" \
        -v ps="$(size "$1")" -v os="$(size "$2")" 'BEGIN {
        printf "    {\"peer\": \"%s\", \"ours\": \"%s\", \"peer_seconds\": %.3f, \"our_seconds\": %.3f, ", p, o, pe, oe
        printf "\"speed\": %.3f, \"peer_processor\": %.3f, \"our_processor\": %.3f, ", pe / oe, pc, oc
        printf "\"peer_bytes\": %d, \"our_bytes\": %d, \"size\": %.4f}", ps, os, ps / os }'
}

# peak FILE EXTENSION: the most memory, in KiB, that packing one file takes.
peak() {
    "$ATTEST_PACK" "$1" -o "$work/peak.$2" --threads "$cores" >/dev/null &
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
    local extension
    mkdir "$work/small" "$work/big"
    # Base64 of noise compresses a little, as programs do.
    head -c 7864320 /dev/urandom | base64 -w0 >"$work/small/file"
    for ((part = 0; part < 102; part++)); do cat "$work/small/file"; done >"$work/big/file"
    head -c 4M "$work/small/file" >>"$work/big/file"
    for extension in tar tar.gz tar.zst zip; do
        printf '%s    {"format": "%s", "ten_mib_kib": %d, "one_gib_kib": %d}' "${separator:-}" "$extension" \
            "$(peak "$work/small" "$extension")" "$(peak "$work/big" "$extension")"
        local separator=$',\n'
    done
}

{
    printf '{\n  "machine": {"cores": %d, "model": "%s"},\n' "$cores" \
        "$(awk -F': ' '/^model name/ { print $2; exit }' /proc/cpuinfo)"
    printf '  "input_bytes": %d,\n  "rounds": %d,\n  "comparisons": [\n' "$(du -sb "$tree" | cut -f1)" "$rounds"
    for pair in "gzip attest-gz-1" "gzip attest-gz" "pigz attest-gz" "zstd attest-zst" "zip attest-zip-1" "zip attest-zip"; do
        # shellcheck disable=SC2086 # two words on purpose
        compare $pair
        echo
    done | sed '/^$/d; $!s/$/,/'
    printf '  ],\n  "peak_memory": [\n'
    memory
    printf '\n  ],\n  "turns": {\n'
    for file in "$work"/*.turns; do
        printf '    "%s": "%s"\n' "$(basename "$file" .turns)" "$(paste -sd';' "$file")"
    done | sed '$!s/$/,/'
    printf '  }\n}\n'
} >"$work/out.json"
mv "$work/out.json" "$out"
