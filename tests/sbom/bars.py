#!/usr/bin/env python3
"""bars.py NAME SCORE LOG: whether a score of one input reaches every bar; says which it misses, and exits 1 then.

NAME begins with the kind of the input, as in `npm-left-pad`. A bar counts only where the score has a figure for it.
"""
import json
import sys

LEAST_EDGES = {"deb": (0.98, 0.99)}
LEAST_RECALL = {"jars": 0.99}
LEAST_LICENCES = {"npm": 0.99, "venv": 0.97, "apk": 1.0, "deb": 0.97, "jars": 0.80}
LEAST_SPDX_LICENCES = {"venv": 0.90, "deb": 0.90}
MOST_BYTES = 550
# Below this a document is mostly its own head.
FEWEST_FOR_SIZE = 20


def misses(kind, score, log):
    def least(name, bar):
        if name in score and score[name] < bar:
            yield f"{name} {score[name]}, at least {bar}"

    def most(name, bar):
        if name in score and score[name] > bar:
            yield f"{name} {score[name]}, at most {bar}"

    # An input of which nothing can be known has an empty truth, and one without any has none.
    is_known = score.get("truth", 0) > 0
    if is_known:
        yield from truth_misses(kind, score, least)
    for name in ("duplicates", "bad_purls", "dangling"):
        yield from most(name, 0)
    yield from least("reach", 1.0)
    yield from least("licences", LEAST_LICENCES.get(kind, 0))
    yield from least("licences_spdx", LEAST_SPDX_LICENCES.get(kind, 0))
    for element, share in score.get("ntia", {}).items():
        # What is not locked has no version.
        if share < 1.0 and (is_known or element != "version"):
            yield f"ntia {element} {share}"
    if score.get("schema") != "valid":
        yield f"schema {score.get('schema')}"
    if "complete" in score.get("compositions", []) and "warning:" in log:
        yield "complete, and something is missing"
    there = score["components"]
    if there >= FEWEST_FOR_SIZE and score["size"] / there > MOST_BYTES:
        yield f"{score['size'] / there:.0f} bytes a component, at most {MOST_BYTES}"


def truth_misses(kind, score, least):
    yield from least("recall", LEAST_RECALL.get(kind, 1.0))
    yield from least("precision", 0.995)
    yield from least("purl_exact", LEAST_RECALL.get(kind, 1.0))
    recall, precision = LEAST_EDGES.get(kind, (0.999, 0.999))
    yield from least("edge_recall", recall)
    yield from least("edge_precision", precision)
    yield from least("scope_f1", 0.99)


def main(name, score, log):
    with open(score, encoding="utf-8") as file:
        score = json.load(file)
    with open(log, encoding="utf-8", errors="replace") as file:
        log = file.read()
    found = list(misses(name.split("-")[0], score, log))
    if found:
        print(f"MISSED: {name}: {'; '.join(found)}")
        for member in ("missing", "extra"):
            if score.get(member):
                print(f"  {member}: {', '.join(score[member][:3])}")
        return 1
    figures = {key: score[key] for key in ("components", "recall", "precision", "edge_recall", "edge_precision", "scope_f1") if key in score}
    print(f"ok: {name}: {', '.join(f'{key} {value}' for key, value in figures.items())}")
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
