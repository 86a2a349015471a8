#!/usr/bin/env bash
# What verifying an index of images with signatures and attestations costs, beside cosign, in one run.
#
#   benches/verify-images.sh OUT.json
#
# An index of PLATFORMS [10] images lies in the registry of a sandbox. Each image has a signature and an attestation of each of
# three types, all made by cosign. attest verifies everything in one call, with a verdict for each image; cosign in a loop, with
# one call for the signature and one for each type of each image. The two take turns, ROUNDS [5] of them. OUT.json holds the best
# and the median of each, in milliseconds, and how many times faster attest is.
# COSIGN is a cosign of version 3. ATTEST names the program to measure; without it a release build is made.
set -euo pipefail
export LC_ALL=C

if [ $# -lt 1 ]; then
    sed -n '2,11s/^# \{0,1\}//p' "$0" >&2
    exit 2
fi
out=$1
cosign=${COSIGN:?COSIGN names a cosign of version 3}
platforms=${PLATFORMS:-10}
rounds=${ROUNDS:-5}
here=$(cd "$(dirname "$0")/.." && pwd)
if [ -z "${ATTEST:-}" ]; then
    (cd "$here" && cargo build --quiet --release --locked --bin attest)
    ATTEST=${CARGO_TARGET_DIR:-$here/target}/release/attest
fi
work=$(mktemp -d)
sandbox=
finish() {
    [ -z "$sandbox" ] || { kill "$sandbox" 2>/dev/null && wait "$sandbox" || true; }
    rm -rf "$work"
}
trap finish EXIT
unset SIGSTORE_ID_TOKEN TUF_ROOT GITHUB_ACTIONS CI
export HOME=$work/home SOURCE_DATE_EPOCH=1700000000
mkdir -p "$HOME" "$work/root"

"$ATTEST" sandbox --print json --write-trust "$work/trust" --registry "$work/kept" --user signer@example.com >"$work/sandbox.json" 2>"$work/log" &
sandbox=$!
for _ in $(seq 200); do [ -s "$work/sandbox.json" ] && break; sleep 0.1; done
member() { python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))[sys.argv[2]])' "$work/sandbox.json" "$1"; }
url=$(member url) registry=$(member registry)
printf '#!/bin/sh\n' >"$work/root/app"
images=()
for number in $(seq "$platforms"); do images+=(--platform "linux/cpu$number=$work/root"); done
"$ATTEST" pack image "${images[@]}" --entrypoint /app --tag v1 -o "$work/app.oci" >/dev/null
"$ATTEST" push "$work/app.oci:v1" "oci://$registry/team/app:v1" >/dev/null 2>&1
mapfile -t digests < <(python3 - "$work/app.oci" <<'P'
import json, sys

layout = sys.argv[1]
top = json.load(open(f"{layout}/index.json"))["manifests"][0]["digest"]
for image in json.load(open(f"{layout}/blobs/{top.replace(':', '/')}"))["manifests"]:
    print(image["digest"])
P
)
types=(cyclonedx openvex slsaprovenance1)
printf '{"bomFormat":"CycloneDX","specVersion":"1.6","components":[]}' >"$work/cyclonedx"
printf '{"@context":"https://openvex.dev/ns/v0.2.0","statements":[]}' >"$work/openvex"
printf '{"buildDefinition":{"buildType":"https://example.com/build","externalParameters":{},"resolvedDependencies":[]},"runDetails":{"builder":{"id":"https://example.com/builder"}}}' >"$work/slsaprovenance1"
trust=$work/trust
access=(--trusted-root "$trust/trusted_root.json" --allow-insecure-registry --allow-http-registry)
services=("${access[@]}" --signing-config "$trust/signing_config.json" --identity-token "$trust/identity_token")
for digest in "${digests[@]}"; do
    "$cosign" sign --yes "${services[@]}" "$registry/team/app@$digest" >"$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }
    for type in "${types[@]}"; do
        "$cosign" attest --yes "${services[@]}" --type "$type" --predicate "$work/$type" "$registry/team/app@$digest" >"$work/log" 2>&1 ||
            { cat "$work/log" >&2; exit 1; }
    done
done

identity=(--certificate-identity signer@example.com --certificate-oidc-issuer "$url")
with_attest() {
    "$ATTEST" verify "oci://$registry/team/app:v1" --trusted-root "$trust/trusted_root.json" "${identity[@]}" --require images \
        --type signature --type cyclonedx --type openvex --type slsaprovenance1
}
with_cosign() {
    local digest type
    for digest in "${digests[@]}"; do
        "$cosign" verify "${access[@]}" "${identity[@]}" "$registry/team/app@$digest" || return 1
        for type in "${types[@]}"; do
            "$cosign" verify-attestation "${access[@]}" "${identity[@]}" --type "$type" "$registry/team/app@$digest" || return 1
        done
    done
}
turn() { # NAME COMMAND: appends the elapsed milliseconds
    local before after
    before=$EPOCHREALTIME
    "$2" >"$work/log" 2>&1 || { tail -n 20 "$work/log" >&2; echo "$1 does not verify" >&2; exit 1; }
    after=$EPOCHREALTIME
    awk -v a="$after" -v b="$before" 'BEGIN { printf "%.3f\n", (a - b) * 1000 }' >>"$work/$1"
}
figures() { # NAME: best and median of its turns
    sort -n "$work/$1" | awk '{ t[NR] = $1 } END { printf "{\"best\": %s, \"median\": %s}", t[1], t[int((NR + 1) / 2)] }'
}
for _ in $(seq "$rounds"); do
    turn attest with_attest
    turn cosign with_cosign
done
faster=$(paste <(sort -n "$work/attest" | head -n 1) <(sort -n "$work/cosign" | head -n 1) | awk '{ printf "%.1f", $2 / $1 }')
printf '{"platforms": %s, "attestationsEach": 3, "rounds": %s, "milliseconds": {"attest": %s, "cosign": %s}, "timesFaster": %s}\n' \
    "$platforms" "$rounds" "$(figures attest)" "$(figures cosign)" "$faster" >"$out"
cat "$out"
