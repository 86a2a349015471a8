#!/usr/bin/env bash
# What one `attest verify` of one file costs as a process, offline, beside /bin/true and sigstore-python in the same run.
#
#   benches/verify.sh OUT.json [PYTHON]
#
# PYTHON is an interpreter that has sigstore-python; without it that peer is left out. Every program verifies the same small
# artifact of fixtures/accept/statement-rekor-v2 (one statement, Rekor v2, one timestamp). The programs take turns. OUT.json
# holds the best and the median of each, in milliseconds, and the most memory that was resident, in KiB.
# ATTEST names the program to measure; without it a release build is made. ROUNDS (default 200) and PYTHON_ROUNDS (default 10).
set -euo pipefail
export LC_ALL=C

if [ $# -lt 1 ]; then
    sed -n '2,9s/^# \{0,1\}//p' "$0" >&2
    exit 2
fi
out=$1
python=${2:-}
rounds=${ROUNDS:-200}
python_rounds=${PYTHON_ROUNDS:-10}
here=$(cd "$(dirname "$0")/.." && pwd)
fixture=$here/fixtures/accept/statement-rekor-v2

if [ -z "${ATTEST:-}" ]; then
    (cd "$here" && cargo build --quiet --release --locked --bin attest)
    ATTEST=${CARGO_TARGET_DIR:-$here/target}/release/attest
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
identity=$(sed -n 's/.*"identity": "\(.*\)",/\1/p' "$fixture/expect.json")
issuer=$(sed -n 's/.*"issuer": "\(.*\)",/\1/p' "$fixture/expect.json")
artifact=$fixture/$(sed -n 's/.*"artifact": "\(.*\)",/\1/p' "$fixture/expect.json")

verify() {
    "$ATTEST" verify "$artifact" --bundle "$fixture/bundle.sigstore.json" --trusted-root "$fixture/trusted_root.json" \
        --certificate-identity "$identity" --certificate-oidc-issuer "$issuer"
}
peer() {
    "$python" -m sigstore --trust-config "$work/trust.json" verify identity --offline \
        --bundle "$fixture/bundle.sigstore.json" --cert-identity "$identity" --cert-oidc-issuer "$issuer" "$artifact"
}
# turn NAME COMMAND…: appends the elapsed seconds, in microseconds' resolution.
turn() {
    local name=$1 before after
    shift
    before=$EPOCHREALTIME
    "$@" >/dev/null 2>&1
    after=$EPOCHREALTIME
    awk -v a="$after" -v b="$before" 'BEGIN { printf "%.3f\n", (a - b) * 1000 }' >>"$work/$name"
}
# The most resident memory of a process, in KiB.
resident() {
    local format='%M'
    if [ -x /usr/bin/time ]; then
        /usr/bin/time -f "$format" -o "$work/rss" "$@" >/dev/null 2>&1 && cat "$work/rss"
    else
        echo null
    fi
}
figures() { # NAME: best and median of its turns
    sort -n "$work/$1" | awk '{ t[NR] = $1 } END { printf "{\"best\": %s, \"median\": %s}", t[1], t[int((NR + 1) / 2)] }'
}

verify >/dev/null
for _ in $(seq "$rounds"); do
    turn true /bin/true
    turn attest verify
done
memory=$(resident "$ATTEST" verify "$artifact" --bundle "$fixture/bundle.sigstore.json" \
    --trusted-root "$fixture/trusted_root.json" --certificate-identity "$identity" --certificate-oidc-issuer "$issuer")
peer_figures=null
if [ -n "$python" ]; then
    "$python" - "$fixture/trusted_root.json" >"$work/trust.json" <<'PYTHON'
import json, sys
validity = {"start": "2020-01-01T00:00:00Z"}
service = [{"url": "http://localhost", "majorApiVersion": 1, "validFor": validity, "operator": "bench"}]
json.dump({
    "mediaType": "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json",
    "trustedRoot": json.load(open(sys.argv[1])),
    "signingConfig": {
        "mediaType": "application/vnd.dev.sigstore.signingconfig.v0.2+json",
        "caUrls": service, "oidcUrls": service, "rekorTlogUrls": service, "tsaUrls": service,
        "rekorTlogConfig": {"selector": "ANY"}, "tsaConfig": {"selector": "ANY"},
    },
}, sys.stdout)
PYTHON
    peer >/dev/null
    for _ in $(seq "$python_rounds"); do
        turn python peer
        turn attest verify
    done
    peer_figures=$(figures python)
fi
printf '{"unit": "ms", "true": %s, "attest": %s, "sigstore-python": %s, "attest-resident-kib": %s}\n' \
    "$(figures true)" "$(figures attest)" "$peer_figures" "$memory" >"$out"
cat "$out"
