#!/usr/bin/env python3
"""go_vendor.py ATTEST PROJECT...: of how many modules in `vendor` that have a licence file `attest sbom` tells the licence.

A project is a directory with `go.mod` and `vendor/modules.txt`. Another reader than ours: it knows a licence by a phrase or two. Modules of which
both say something else are listed, for a person to look at. It fails below the bar, 0.95 of the modules of one project.
"""
import json
import os
import re
import subprocess
import sys
import tempfile
from urllib.parse import unquote

LEAST = 0.95
FILES = re.compile(r"licen[cs]e|copying|copyright", re.IGNORECASE)
PHRASES = [
    ("Apache-2.0", "apache license version 2.0"),
    ("Apache-2.0", "apache license 2.0"),
    ("MIT", "permission is hereby granted free of charge to any person"),
    ("MPL-2.0", "mozilla public license version 2.0"),
    ("MPL-2.0", "mozilla public license 2.0"),
    ("ISC", "permission to use copy modify and or distribute this software for any purpose"),
    ("ISC", "permission to use copy modify and distribute this software for any purpose"),
    ("Unlicense", "unencumbered software released into the public domain"),
    ("CC0-1.0", "cc0 1.0 universal"),
]
ENDORSEMENT = re.compile(r"neither the names?|names? of .{0,80} may not be used|may not be used to endorse")


def modules(project):
    """Path and version of each module of which packages were copied; of one that is replaced, what stands in."""
    found, current = [], None
    with open(f"{project}/vendor/modules.txt", encoding="utf-8") as file:
        for line in file:
            words = line.split()
            if line.startswith("# "):
                stands_in = words[words.index("=>") + 1 :] if "=>" in words else words[1:3]
                current = (words[1], stands_in)
            elif current and words and not line.startswith("#"):
                found.append(current)
                current = None
    return [(path, stands_in) for path, stands_in in found if not stands_in[0].startswith(".")]


def texts(directory):
    for name in sorted(os.listdir(directory)) if os.path.isdir(directory) else []:
        path = f"{directory}/{name}"
        if FILES.search(name) and not name.endswith(".go") and os.path.isfile(path):
            with open(path, encoding="utf-8", errors="replace") as file:
                yield " ".join(re.sub(r"[^a-z0-9.]+", " ", file.read().lower()).split())


def licences(text):
    found = {name for name, phrase in PHRASES if phrase in text}
    if "redistribution and use in source and binary forms" in text:
        found.add("BSD-3-Clause" if ENDORSEMENT.search(text) else "BSD-2-Clause")
    return found


def told(attest, project):
    """The licences of the document by path and version."""
    with tempfile.TemporaryDirectory() as work:
        path = f"{work}/sbom.json"
        subprocess.run([attest, "sbom", project, "-o", path], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        with open(path, encoding="utf-8") as file:
            document = json.load(file)
    for one in document["components"]:
        purl = one.get("purl", "")
        if purl.startswith("pkg:golang/"):
            choices = one.get("licenses") or []
            text = " ".join(choice.get("expression") or choice["license"].get("id") or choice["license"]["name"] for choice in choices)
            yield unquote(purl.removeprefix("pkg:golang/").split("?")[0].split("#")[0]), text


def check(attest, project):
    ours = dict(told(attest, project))
    there, known, alike = 0, 0, 0
    for path, stands_in in modules(project):
        found = list(texts(f"{project}/vendor/{path}"))
        if not found:
            continue
        there += 1
        wanted = set().union(*map(licences, found))
        text = ours.get("@".join(stands_in).lower(), "")
        known += bool(text)
        said = set(re.findall(r"[A-Za-z0-9][A-Za-z0-9.+-]*", text)) - {"AND", "OR", "WITH"}
        alike += said == wanted
        if said != wanted:
            print(f"  {path}: {text or 'nothing'}, another reader: {' '.join(sorted(wanted)) or 'nothing'}")
    is_enough = there > 0 and known / there >= LEAST
    print(f"{'ok' if is_enough else 'MISSED'}: {os.path.basename(project.rstrip('/'))}: {known} of {there} modules, {alike} as the other reader")
    return is_enough


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    sys.exit(0 if all([check(sys.argv[1], project) for project in sys.argv[2:]]) else 1)
