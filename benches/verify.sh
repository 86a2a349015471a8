#!/usr/bin/env bash
# What one `attest verify` of one file costs as a process, offline, beside /bin/true, cosign and sigstore-python in one run.
#
#   benches/verify.sh OUT.json
#
# Every program verifies the same small artifact of fixtures/accept/statement-rekor-v2 (one statement, Rekor v2, one
# timestamp). The programs take turns. OUT.json holds the best and the median of each, in milliseconds, and the most memory
# that was resident, in KiB: also for an artifact of LARGE bytes (a sparse file that a sandbox signs; 0 leaves it out).
# PYTHON is an interpreter that has sigstore-python and COSIGN a cosign of version 3; without them these peers are left out.
# ATTEST names the program to measure; without it a release build is made. ROUNDS [200], PEER_ROUNDS [10], LARGE [10G].
set -euo pipefail
export LC_ALL=C

if [ $# -lt 1 ]; then
    sed -n '2,10s/^# \{0,1\}//p' "$0" >&2
    exit 2
fi
out=$1
python=${PYTHON:-}
cosign=${COSIGN:-}
rounds=${ROUNDS:-200}
peer_rounds=${PEER_ROUNDS:-10}
large=${LARGE:-10G}
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
with_cosign() {
    "$cosign" verify-blob-attestation --bundle "$fixture/bundle.sigstore.json" --trusted-root "$fixture/trusted_root.json" \
        --certificate-identity "$identity" --certificate-oidc-issuer "$issuer" --type https://example.com/provenance/v1 "$artifact"
}
with_python() {
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
python_figures=null
cosign_figures=null
if [ -n "$cosign" ]; then
    with_cosign >/dev/null 2>&1
    for _ in $(seq "$peer_rounds"); do
        turn cosign with_cosign
        turn attest verify
    done
    cosign_figures=$(figures cosign)
fi
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
    with_python >/dev/null 2>&1
    for _ in $(seq "$peer_rounds"); do
        turn python with_python
        turn attest verify
    done
    python_figures=$(figures python)
fi
# The most resident memory for a large artifact, which has to be read once.
resident_large() {
    local pid status=0
    ATTEST_TUF_ROOT=$work/trust "$ATTEST" sandbox --write-trust "$work/sandbox" >"$work/environment" &
    pid=$!
    while ! grep -q '^# As inside' "$work/environment"; do kill -0 "$pid" && sleep 0.1; done
    truncate -s "$large" "$work/large"
    "$ATTEST" sign "$work/large" --yes --trusted-root "$work/sandbox/trusted_root.json" \
        --signing-config "$work/sandbox/signing_config.json" --identity-token "$work/sandbox/identity_token" >/dev/null 2>&1 || status=$?
    issuer=$(sed -n 's/^export ATTEST_SANDBOX_URL=//p' "$work/environment")
    resident "$ATTEST" verify "$work/large" --trusted-root "$work/sandbox/trusted_root.json" \
        --certificate-identity sandbox@example.com --certificate-oidc-issuer "$issuer" || status=$?
    kill "$pid"
    return "$status"
}
memory_large=null
if [ "$large" != 0 ]; then memory_large=$(resident_large); fi
printf '{"unit": "ms", "true": %s, "attest": %s, "cosign": %s, "sigstore-python": %s, "attest-resident-kib": %s, "attest-resident-kib-%s": %s}\n' \
    "$(figures true)" "$(figures attest)" "$cosign_figures" "$python_figures" "$memory" "$large" "$memory_large" >"$out"
cat "$out"
