#!/usr/bin/env python3
"""shipped.py NAME DOCUMENT FOLDER LOG: holds what `--shipped` lists against what the manager itself says is built for the target.

FOLDER has `truth.shipped.x86_64-linux.purls`. Nothing of it may be missing. More may be listed only where a gap says so, since a lock
file does not know which features of others are on.
"""
import json
import os
import sys
from urllib.parse import unquote

LEAST_PRECISION = 0.99


def plain(purl):
    return unquote(purl.split("?")[0].split("#")[0])


def purls(path):
    if not os.path.exists(path):
        return set()
    with open(path, encoding="utf-8") as file:
        return {plain(line.strip()) for line in file if line.strip()}


def main(name, document, folder, log):
    with open(document, encoding="utf-8") as file:
        components = json.load(file).get("components") or []
    with open(log, encoding="utf-8", errors="replace") as file:
        is_told = "no-sources" in file.read()
    own = purls(f"{folder}/truth.members.purls")
    truth = purls(f"{folder}/truth.shipped.x86_64-linux.purls") - own
    listed = {plain(one["purl"]) for one in components if one.get("purl") and one.get("scope") != "excluded"} - own
    missing = truth - listed
    precision = len(truth & listed) / max(1, len(listed))
    if missing or (precision < LEAST_PRECISION and not is_told):
        print(f"MISSED: {name}: shipped: missing {sorted(missing)[:3]}, precision {precision:.4f}")
        return 1
    print(f"ok: {name}: shipped: recall 1.0, precision {precision:.4f}{', more may be listed' if is_told else ''}")
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
