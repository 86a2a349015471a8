#!/usr/bin/env python3
"""embedded.py DOCUMENT FOLDER OUT: checks what packages bring along inside of them, and writes the document without it.

The truth of an environment is what its manager lists. Lists of contents inside of wheels (PEP 770) go beyond that: `truth.embedded.purls` has
what they name. All of it must be in DOCUMENT, reached from the root. Exits 1 if some is not.
"""
import json
import sys
from urllib.parse import unquote


def plain(purl):
    """Without qualifiers: they are written in several ways."""
    return unquote(purl.split("?")[0])


def main(source, folder, target):
    with open(source, encoding="utf-8") as file:
        document = json.load(file)
    with open(f"{folder}/truth.embedded.purls", encoding="utf-8") as file:
        embedded = {plain(line.strip()) for line in file if line.strip()}
    inside = {one["bom-ref"]: plain(one["purl"]) for one in document["components"] if plain(one.get("purl", "")) in embedded}
    needs = {one["ref"]: one.get("dependsOn", []) for one in document["dependencies"]}
    reached, left = set(), [document["metadata"]["component"]["bom-ref"]]
    while left:
        reference = left.pop()
        if reference not in reached:
            reached.add(reference)
            left.extend(needs.get(reference, []))
    found = {purl for reference, purl in inside.items() if reference in reached}
    document["components"] = [one for one in document["components"] if one["bom-ref"] not in inside]
    document["dependencies"] = [
        {"ref": reference, "dependsOn": [one for one in list_ if one not in inside]}
        for reference, list_ in needs.items()
        if reference not in inside
    ]
    for composition in document.get("compositions", []):
        for key in ("assemblies", "dependencies"):
            if key in composition:
                composition[key] = [one for one in composition[key] if one not in inside]
    with open(target, "w", encoding="utf-8") as file:
        json.dump(document, file, separators=(",", ":"))
    missing = sorted(embedded - found)
    if missing:
        print(f"MISSED: {folder}: {len(missing)} of {len(embedded)} embedded packages: {', '.join(missing[:3])}")
        return 1
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
