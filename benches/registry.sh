#!/usr/bin/env bash
# How fast `attest push` is, beside `skopeo copy --all` and `crane push`, to the same registry, with the same image, in the same run.
#
#   benches/registry.sh OUT.json            (an image for two platforms, each with a layer of half a GB that does not compress)
#
# The programs take turns, each turn begins with an empty registry that was just started, and the best of ROUNDS turns (default 3)
# counts. Registries, each if it is there: docker-registry with a file system, and crane's, in memory. What they keep is in BENCH_DIR
# (default /dev/shm, so that no disk is measured). MEGABYTES (default 500) is the size of a layer.
# ATTEST, SKOPEO, CRANE and DOCKER_REGISTRY name the programs; without ATTEST a release build is made. A peer or a registry that is
# not there is left out. Ratios above 1 mean: attest is faster. The account of memory is the most that was resident, and with LARGE=4000
# once more for one layer of so many megabytes.
set -euo pipefail
export LC_ALL=C SOURCE_DATE_EPOCH=1700000000

if [ $# -lt 1 ]; then
    sed -n '2,12s/^# \{0,1\}//p' "$0" >&2
    exit 2
fi
out=$1
rounds=${ROUNDS:-3}
here=$(cd "$(dirname "$0")/.." && pwd)
if [ -z "${ATTEST:-}" ]; then
    (cd "$here" && cargo build --quiet --release --locked --bin attest)
    ATTEST=${CARGO_TARGET_DIR:-$here/target}/release/attest
fi
skopeo=$(command -v "${SKOPEO:-skopeo}" || true)
crane=$(command -v "${CRANE:-crane}" || true)
docker=$(command -v "${DOCKER_REGISTRY:-docker-registry}" || true)
work=$(mktemp -d "${BENCH_DIR:-/dev/shm}/attest-registry-bench.XXXXXX")
server=
stop() { [ -z "$server" ] || { kill "$server" 2>/dev/null && wait "$server" 2>/dev/null || true; server=; }; rm -rf "$work/kept"; }
trap 'stop; rm -rf "$work"' EXIT
export HOME=$work/home ATTEST_CACHE=$work/cache
unset REGISTRY_AUTH_FILE XDG_RUNTIME_DIR XDG_CONFIG_HOME DOCKER_CONFIG
mkdir -p "$HOME"

image() { # MEGABYTES PLATFORM…
    local size=$1 platform roots=()
    shift
    rm -rf "$work/image"
    for platform; do
        mkdir -p "$work/roots/$platform"
        head -c "${size}000000" /dev/urandom >"$work/roots/$platform/data"
        roots+=(--platform "linux/$platform=$work/roots/$platform")
    done
    "$ATTEST" pack image "${roots[@]}" --tag v1 -o "$work/image" >/dev/null
    rm -rf "$work/roots"
}
listens() { python3 -c 'import socket, sys; socket.create_connection(("127.0.0.1", int(sys.argv[1])), 1)' "$1" 2>/dev/null; }
start() { # KIND
    stop
    mkdir -p "$work/kept"
    port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    case $1 in
        docker-registry)
            printf 'version: 0.1\nlog: {level: error}\nstorage: {filesystem: {rootdirectory: %s}}\nhttp: {addr: 127.0.0.1:%s}\n' \
                "$work/kept" "$port" >"$work/registry.yml"
            "$docker" serve "$work/registry.yml" >"$work/server" 2>&1 </dev/null & ;;
        crane) "$crane" registry serve --address "127.0.0.1:$port" >"$work/server" 2>&1 </dev/null & ;;
    esac
    server=$!
    for _ in $(seq 100); do listens "$port" && return; sleep 0.05; done
    echo "registry.sh: $1 does not answer" >&2; exit 3
}
# One push into an empty registry: seconds, processor seconds, KiB at most resident, processor seconds of the registry.
turn() { # KIND NAME COMMAND…
    local kind=$1 name=$2
    shift 2
    start "$kind"
    python3 - "$work/$kind.$name.turns" "$server" "${@//PORT/$port}" <<'P'
import os, resource, subprocess, sys, time
path, server, command = sys.argv[1], sys.argv[2], sys.argv[3:]
def served():
    # Behind the name, which may hold anything: proc_pid_stat(5), utime and stime, in ticks.
    fields = open(f"/proc/{server}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
before, begin = served(), time.monotonic()
done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
elapsed, serving = time.monotonic() - begin, served() - before
if done.returncode:
    sys.exit(f"registry.sh: {command}: {done.stdout.decode(errors='replace')}")
used = resource.getrusage(resource.RUSAGE_CHILDREN)
with open(path, "a") as turns:
    print(f"{elapsed:.3f} {used.ru_utime + used.ru_stime:.3f} {used.ru_maxrss} {serving:.2f}", file=turns)
P
    # Whoever says that it is done has sent everything.
    python3 - "$port" "$work/image" <<'P'
import json, sys, urllib.request
port, image = sys.argv[1:]
top = json.load(open(f"{image}/index.json"))["manifests"][0]
def get(path, method="GET"):
    request = urllib.request.Request(f"http://127.0.0.1:{port}/v2/team/app/{path}", method=method, headers={"Accept": top["mediaType"] + ", application/vnd.oci.image.manifest.v1+json"})
    return urllib.request.urlopen(request)
for child in json.load(get(f"manifests/{top['digest']}")).get("manifests", []):
    manifest = json.load(get(f"manifests/{child['digest']}"))
    for blob in manifest["layers"] + [manifest["config"]]:
        assert int(get(f"blobs/{blob['digest']}", "HEAD").headers["Content-Length"]) == blob["size"], blob
P
}
ours() { turn "$1" attest "$ATTEST" push "$work/image:v1" "oci://127.0.0.1:PORT/team/app:v1"; }
theirs() { # KIND
    [ -z "$skopeo" ] || turn "$1" skopeo "$skopeo" --insecure-policy copy --all --preserve-digests --dest-tls-verify=false \
        "oci:$work/image:v1" "docker://127.0.0.1:PORT/team/app:v1"
    # It pushes the index of the layout, in which the image is.
    [ -z "$crane" ] || turn "$1" crane "$crane" push --insecure --index "$work/image" "127.0.0.1:PORT/team/app:v1"
}

image "${MEGABYTES:-500}" amd64 arm64
kinds=()
[ -z "$docker" ] || kinds+=(docker-registry)
[ -z "$crane" ] || kinds+=(crane)
[ ${#kinds[@]} -gt 0 ] || { echo "registry.sh: no registry is there" >&2; exit 3; }
for kind in "${kinds[@]}"; do
    # One that does not count, so that programs and the image are in memory.
    ours "$kind" && rm -f "$work/$kind.attest.turns"
    for ((round = 0; round < rounds; round++)); do
        if ((round % 2)); then theirs "$kind"; ours "$kind"; else ours "$kind"; theirs "$kind"; fi
    done
done
if [ -n "${LARGE:-}" ] && [ -n "$docker" ]; then
    image "$LARGE" amd64
    turn docker-registry large "$ATTEST" push "$work/image:v1" "oci://127.0.0.1:PORT/team/app:v1"
fi
stop
python3 - "$work" "$out" "$rounds" "${MEGABYTES:-500}" <<'P'
import glob, json, os, platform, sys
work, out, rounds, megabytes = sys.argv[1:]
model = next((line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), platform.machine())
result = {"machine": {"cores": os.cpu_count(), "model": model}, "rounds": int(rounds), "megabytes_per_layer": int(megabytes), "registries": {}}
for path in sorted(glob.glob(f"{work}/*.turns")):
    kind, name = os.path.basename(path).removesuffix(".turns").rsplit(".", 1)
    turns = [tuple(map(float, line.split())) for line in open(path)]
    result["registries"].setdefault(kind, {})[name] = {
        "seconds": min(turn[0] for turn in turns), "all_seconds": [turn[0] for turn in turns],
        "processor_seconds": min(turn[1] for turn in turns), "registry_processor_seconds": min(turn[3] for turn in turns),
        "peak_kib": int(max(turn[2] for turn in turns))}
for programs in result["registries"].values():
    for name, program in programs.items():
        if name not in ("attest", "large"):
            program["attest_is_faster_by"] = round(program["seconds"] / programs["attest"]["seconds"], 3)
json.dump(result, open(out, "w"), indent=2)
print(json.dumps(result, indent=2))
P
