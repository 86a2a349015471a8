#!/usr/bin/env python3
"""sbom.py OUT.json INPUTS CACHE ATTEST: measures and scores; `sbom.sh` installs the peers and starts it.

sbom.py --table RUN.json: what was measured, as a table for docs/BENCHMARKS.md.
"""
import fnmatch
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time

# One that takes longer has no figure.
TIMEOUT = 300


def kind(name):
    return name.split("-")[0]


class Peer:
    """A program: for which kinds it is one, and how it is called. `OUT` and `IN` stand for the document and the folder."""

    def __init__(self, name, program, arguments, kinds=None, environment=None, is_slow=False):
        self.name, self.program, self.arguments, self.kinds = name, program, arguments, kinds
        self.environment, self.is_slow = environment or {}, is_slow

    def is_there(self):
        return self.program is not None and os.access(self.program, os.X_OK)

    def command(self, folder, document):
        return [self.program] + [a.replace("IN", folder).replace("OUT", document) for a in self.arguments]


def peers(cache, attest):
    npm = os.path.join(cache, "sbom-npm", "node_modules", ".bin")
    return [
        Peer("attest", attest, ["sbom", "IN", "-o", "OUT"]),
        Peer("syft", f"{cache}/syft/bin/syft", ["scan", "dir:IN", "-q", "-o", "cyclonedx-json=OUT"],
             environment={"SYFT_CHECK_FOR_APP_UPDATE": "false"}),
        Peer("cdxgen", f"{npm}/cdxgen", ["--no-install-deps", "--no-babel", "--spec-version", "1.6", "-o", "OUT", "IN"],
             kinds={"cargo", "go", "npm", "pnpm", "yarn", "py", "gradle"}, is_slow=True, environment={"FETCH_LICENSE": "false"}),
        Peer("cyclonedx-npm", f"{npm}/cyclonedx-npm", ["--package-lock-only", "--output-file", "OUT", "IN/package.json"], kinds={"npm"}),
        Peer("cyclonedx-py", f"{cache}/cyclonedx-py/bin/cyclonedx-py", ["poetry", "-o", "OUT", "IN"], kinds={"py"}),
        Peer("cargo-cyclonedx", shutil.which("cargo-cyclonedx"),
             ["cyclonedx", "--manifest-path", "IN/Cargo.toml", "--format", "json", "--override-filename", "OUT"], kinds={"cargo"}),
    ]


def turn(command, environment):
    """Seconds and KiB of a whole process, and of those that it waited for; nothing if it failed."""
    began = time.perf_counter()
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                               env={**os.environ, **environment})
    limit = threading.Timer(TIMEOUT, process.kill)
    limit.start()
    _, status, usage = os.wait4(process.pid, 0)
    elapsed = time.perf_counter() - began
    limit.cancel()
    process.returncode = os.waitstatus_to_exitcode(status)
    return (elapsed, usage.ru_maxrss) if process.returncode == 0 else None


SCORES = ("components", "recall", "precision", "purl_exact", "duplicates", "bad_purls", "dangling", "edge_recall", "edge_precision", "reach",
          "scope_f1", "licences", "licences_spdx", "licences_right", "hashes", "size", "schema")


def score(document, folder, scorer):
    if scorer is None or not os.path.exists(document):
        return None
    answer = subprocess.run([sys.executable, scorer, document, folder], capture_output=True, text=True)
    if answer.returncode != 0:
        return None
    found = json.loads(answer.stdout)
    figures = {name: found[name] for name in SCORES if name in found}
    figures["ntia"] = sum(share == 1.0 for share in found["ntia"].values())
    return figures


def measure(name, folder, entrants, rounds, scorer, work):
    document = lambda peer: os.path.join(work, f"{name}.{peer.name}.json")
    turns = {peer.name: [] for peer in entrants}
    for number in range(rounds + 1):
        # Another one begins each round.
        for peer in entrants[number % len(entrants):] + entrants[:number % len(entrants)]:
            if peer.is_slow and number > 1 and not os.environ.get("SLOW"):
                continue
            # One that failed in the first round that counts fails in all.
            if number > 1 and not turns[peer.name]:
                continue
            found = turn(peer.command(folder, document(peer)), peer.environment)
            if number > 0 and found:
                turns[peer.name].append(found)
    result = {"input": name, "entrants": []}
    for peer in entrants:
        took = turns[peer.name]
        entrant = {"name": peer.name, "turns": [round(seconds, 4) for seconds, _ in took]}
        if took:
            entrant["seconds"] = round(min(seconds for seconds, _ in took), 4)
            entrant["peak_kib"] = max(memory for _, memory in took)
            entrant["score"] = score(document(peer), folder, scorer)
        result["entrants"].append(entrant)
    ours = result["entrants"][0].get("seconds")
    for entrant in result["entrants"][1:]:
        if ours and entrant.get("seconds"):
            entrant["ours_is"] = round(entrant["seconds"] / ours, 2)
    return result


def version(peer):
    for argument in ("--version", "version"):
        try:
            answer = subprocess.run([peer.program, argument], capture_output=True, text=True, timeout=60)
        except OSError:
            continue
        lines = re.sub("\x1b\\[[0-9;]*m", "", answer.stdout or answer.stderr).strip().splitlines()
        if answer.returncode == 0 and lines:
            return lines[0]
    return None


def processor():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        return next((line.split(": ")[1].strip() for line in file if line.startswith("model name")), platform.processor())


def main(out, inputs, cache, attest):
    rounds = int(os.environ.get("ROUNDS", "5"))
    scorer = os.path.join(inputs, "..", "tools", "score-sbom")
    scorer = scorer if os.path.exists(scorer) else None
    everybody = peers(cache, attest)
    there = [peer for peer in everybody if peer.is_there()]
    names = sorted(name for name in os.listdir(inputs) if os.path.isdir(os.path.join(inputs, name)))
    names = [name for name in names if fnmatch.fnmatch(name, os.environ.get("ONLY", "*"))]
    run = {
        "machine": {"processor": processor(), "cores": os.cpu_count(), "load": os.getloadavg()[0]},
        "rounds": rounds,
        "programs": {peer.name: version(peer) for peer in there},
        "skipped": [peer.name for peer in everybody if not peer.is_there()],
        "inputs": [],
    }
    with tempfile.TemporaryDirectory(prefix="attest-sbom-bench.") as work:
        for name in names:
            folder = os.path.join(inputs, name)
            entrants = [peer for peer in there if peer.kinds is None or kind(name) in peer.kinds]
            found = measure(name, folder, entrants, rounds, scorer, work)
            run["inputs"].append(found)
            print(line(found), file=sys.stderr)
    with open(out + ".part", "w", encoding="utf-8") as file:
        json.dump(run, file, indent=1)
        file.write("\n")
    os.replace(out + ".part", out)


def line(found):
    def shown(entrant):
        if "seconds" not in entrant:
            return f"{entrant['name']} failed"
        ratio = f" (1/{entrant['ours_is']})" if "ours_is" in entrant else ""
        truth = (entrant.get("score") or {}).get("recall")
        truth = f" recall {truth}" if truth is not None else ""
        return f"{entrant['name']} {entrant['seconds']:.3f} s {entrant['peak_kib'] // 1024} MiB{truth}{ratio}"

    return f"{found['input']}: " + "; ".join(shown(entrant) for entrant in found["entrants"])


COLUMNS = ("recall", "precision", "purl_exact", "edge_recall", "edge_precision", "reach", "scope_f1", "licences", "ntia")


def table(path):
    with open(path, encoding="utf-8") as file:
        run = json.load(file)
    print("| input | program | seconds | ours is | MiB | bytes a component | " + " | ".join(COLUMNS) + " |")
    print("|---" * (6 + len(COLUMNS)) + "|")
    for measured in run["inputs"]:
        for entrant in measured["entrants"]:
            print(row(measured["input"], entrant))


def row(name, entrant):
    if "seconds" not in entrant:
        return f"| {name} | {entrant['name']} | failed |" + "  |" * (3 + len(COLUMNS))
    found = entrant.get("score") or {}
    size = f"{found['size'] / max(1, found['components']):.0f}" if found else ""
    ratio = f"{entrant['ours_is']} x" if "ours_is" in entrant else ""
    figures = [str(found.get(column, "")) for column in COLUMNS]
    return f"| {name} | {entrant['name']} | {entrant['seconds']:.3f} | {ratio} | {entrant['peak_kib'] / 1024:.0f} | {size} | " + " | ".join(figures) + " |"


if __name__ == "__main__":
    if len(sys.argv) == 3 and sys.argv[1] == "--table":
        table(sys.argv[2])
    elif len(sys.argv) == 5:
        main(*sys.argv[1:])
    else:
        sys.exit(__doc__)
