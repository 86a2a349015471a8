#!/usr/bin/env bash
# How fast `attest hash` is, beside `openssl dgst -sha256` and `sha256sum` in the same run.
#
#   benches/hash.sh OUT.json [MIB…]         (default: 1 64 1024)
#
# Every program reads the same file of random bytes from the page cache. The programs take turns, so that whatever else the
# machine does falls on all of them; each has ROUNDS turns (default 7). OUT.json holds every turn, in seconds; the ratios are
# those of the best turns, by elapsed and by processor time: above 1, `attest hash` is the faster one.
# ATTEST_HASH names the program to measure; without it a release build is made.
set -euo pipefail
export LC_ALL=C

if [ $# -lt 1 ]; then
    sed -n '2,9s/^# \{0,1\}//p' "$0" >&2
    exit 2
fi
out=$1
shift
sizes=("${@:-1 64 1024}")
read -r -a sizes <<<"${sizes[*]}"
rounds=${ROUNDS:-7}
here=$(cd "$(dirname "$0")/.." && pwd)

if [ -z "${ATTEST_HASH:-}" ]; then
    (cd "$here" && cargo build --quiet --release --locked --bin attest-hash)
    ATTEST_HASH=${CARGO_TARGET_DIR:-$here/target}/release/attest-hash
fi
command -v openssl >/dev/null || { echo "hash.sh: openssl is needed as the peer" >&2; exit 3; }

work=$(mktemp -d "${BENCH_DIR:-${TMPDIR:-/tmp}}/attest-hash-bench.XXXXXX")
trap 'rm -rf "$work"' EXIT
pin=()
command -v taskset >/dev/null && pin=(taskset -c 0)

# turn NAME COMMAND…: appends "elapsed processor" to the turns of NAME.
turn() {
    local name=$1 TIMEFORMAT='%3R %3U %3S'
    shift
    { time "$@" >/dev/null 2>&1; } 2>>"$work/$name"
}

turns_as_json() {
    awk '{ printf "%s{\"elapsed\": %.3f, \"processor\": %.3f}", (NR > 1 ? ", " : ""), $1, $2 + $3 }' "$1"
}

best() { # FILE COLUMN: 1 elapsed, 2 processor
    awk -v by="$2" '{ t = by == 1 ? $1 : $2 + $3; if (NR == 1 || t < b) b = t } END { print b }' "$1"
}

ratio() { # PEER OURS COLUMN
    awk -v peer="$(best "$1" "$3")" -v ours="$(best "$2" "$3")" \
        'BEGIN { if (ours > 0) printf "%.3f", peer / ours; else printf "null" }'
}

measure() { # MIB: one JSON object
    local mib=$1 file=$work/input name peer
    head -c "${mib}M" /dev/urandom >"$file"
    cat "$file" >/dev/null
    cp "$file" "$file.2"
    rm -f "$work"/{openssl,sha256sum,attest,attest-two-files,sha256sum-two-files}
    for ((round = 0; round < rounds; round++)); do
        turn openssl "${pin[@]}" openssl dgst -sha256 "$file"
        turn attest "${pin[@]}" "$ATTEST_HASH" --threads 1 "$file"
        turn sha256sum "${pin[@]}" sha256sum "$file"
        turn sha256sum-two-files sha256sum "$file" "$file.2"
        turn attest-two-files "$ATTEST_HASH" --threads 2 "$file" "$file.2"
    done
    printf '  {"mib": %s, "best_mb_per_second": {' "$mib"
    for name in attest openssl sha256sum; do
        printf '"%s": %s%s' "$name" \
            "$(awk -v t="$(best "$work/$name" 2)" -v mib="$mib" 'BEGIN { if (t > 0) printf "%.0f", mib * 1.048576 / t; else printf "null" }')" \
            "$([ "$name" = sha256sum ] || echo ', ')"
    done
    printf '},\n   "ratio": {'
    for peer in openssl sha256sum; do
        printf '"%s": {"elapsed": %s, "processor": %s}, ' "$peer" \
            "$(ratio "$work/$peer" "$work/attest" 1)" "$(ratio "$work/$peer" "$work/attest" 2)"
    done
    printf '"two files, two threads, beside sha256sum": {"elapsed": %s}},\n   "turns": {' \
        "$(ratio "$work/sha256sum-two-files" "$work/attest-two-files" 1)"
    for name in attest openssl sha256sum attest-two-files sha256sum-two-files; do
        printf '"%s": [%s]%s' "$name" "$(turns_as_json "$work/$name")" \
            "$([ "$name" = sha256sum-two-files ] || echo ', ')"
    done
    printf '}}'
    rm -f "$file" "$file.2"
}

{
    printf '{"schema": "https://attest.dev/schema/bench-hash/v1",\n'
    printf ' "cpu": "%s",\n' "$(sed -n 's/^model name[[:space:]]*: //p' /proc/cpuinfo 2>/dev/null | head -n 1)"
    printf ' "cores": %s,\n' "$(nproc)"
    printf ' "programs": {"attest": "%s", "openssl": "%s", "sha256sum": "%s"},\n' \
        "$("$ATTEST_HASH" --version)" "$(openssl version)" "$(sha256sum --version | head -n 1)"
    printf ' "load_before": "%s",\n' "$(cut -d' ' -f1-3 /proc/loadavg 2>/dev/null)"
    printf ' "rounds": %s,\n "sizes": [\n' "$rounds"
    for i in "${!sizes[@]}"; do
        [ "$i" = 0 ] || printf ',\n'
        measure "${sizes[$i]}"
    done
    printf '\n ]}\n'
} >"$work/result"
mv "$work/result" "$out"
awk '/"ratio"|"mib"/ { print }' "$out" | cut -c1-300 >&2
