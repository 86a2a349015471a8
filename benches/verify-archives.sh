#!/usr/bin/env bash
# What `attest verify` of many archives under one signature costs as a process, offline, with one thread and with all.
#
#   benches/verify-archives.sh OUT.json
#
# COUNT [200] archives of SIZE [8M] random bytes are signed together, with a key, and verified; the files are in the page
# cache. Beside it, in the same run and taking turns: the program BEFORE, an earlier build of attest, if it is given, and
# `openssl dgst -sha256` over the same files, which only hashes them. OUT.json holds the best and the median of each, in
# milliseconds: elapsed, and on all processors together. ATTEST names the program to measure; without it a release build is
# made. ROUNDS [7]. ARCHIVES keeps and reuses the archives in a directory, where nothing else is touched.
set -euo pipefail
export LC_ALL=C

if [ $# -lt 1 ]; then
    sed -n '2,10s/^# \{0,1\}//p' "$0" >&2
    exit 2
fi
out=$(realpath "$1")
count=${COUNT:-200}
size=${SIZE:-8M}
rounds=${ROUNDS:-7}
before=${BEFORE:-}
here=$(cd "$(dirname "$0")/.." && pwd)

if [ -z "${ATTEST:-}" ]; then
    (cd "$here" && cargo build --quiet --release --locked --bin attest)
    ATTEST=${CARGO_TARGET_DIR:-$here/target}/release/attest
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
archives=${ARCHIVES:-$work/archives}
mkdir -p "$archives"
archives=$(realpath "$archives")
files=()
for number in $(seq -w "$count"); do
    file=app-$number.tar.gz
    [ -e "$archives/$file" ] || head -c "$size" /dev/urandom >"$archives/$file"
    files+=("$file")
done
cd "$archives"
release=$work/release
"$ATTEST" key generate --without-password --output-key-prefix "$release" >/dev/null 2>&1
"$ATTEST" sign --key "$release.key" --no-log --no-timestamp --bundle "$release.sigstore.json" "${files[@]}" >/dev/null 2>&1

verify() { # PROGRAM THREADS
    "$1" verify --key "$release.pub" --bundle "$release.sigstore.json" --insecure-ignore-tlog --threads "$2" "${files[@]}"
}
TIMEFORMAT='%R %U %S'
exec 3>&2
# turn NAME COMMAND…: appends the elapsed seconds, and those on all processors; a command that fails ends the run.
turn() {
    local name=$1 seconds
    shift
    seconds=$({ time "$@" >/dev/null 2>&3; } 2>&1)
    awk '{ printf "%.0f %.0f\n", $1 * 1000, ($2 + $3) * 1000 }' <<<"$seconds" >>"$work/$name"
}
best_and_median() { # NAME COLUMN
    awk -v column="$2" '{ print $column }' "$work/$1" | sort -n |
        awk '{ t[NR] = $1 } END { printf "{\"best\": %s, \"median\": %s}", t[1], t[int((NR + 1) / 2)] }'
}
figures() { # NAME
    if [ ! -e "$work/$1" ]; then echo null && return; fi
    printf '{"elapsed": %s, "processors": %s}' "$(best_and_median "$1" 1)" "$(best_and_median "$1" 2)"
}

threads=$(nproc)
cat "${files[@]}" >/dev/null
for _ in $(seq "$rounds"); do
    for many in 1 "$threads"; do
        turn "attest-$many" verify "$ATTEST" "$many"
        if [ -n "$before" ]; then turn "before-$many" verify "$before" "$many"; fi
    done
    if command -v openssl >/dev/null; then turn openssl openssl dgst -sha256 "${files[@]}"; fi
done
printf '{"unit": "ms", "archives": %s, "size": "%s", "threads": %s,\n "one-thread": {"attest": %s, "before": %s, "openssl-dgst": %s},\n "all-threads": {"attest": %s, "before": %s}}\n' \
    "$count" "$size" "$threads" "$(figures attest-1)" "$(figures before-1)" "$(figures openssl)" \
    "$(figures "attest-$threads")" "$(figures "before-$threads")" >"$out"
cat "$out"
