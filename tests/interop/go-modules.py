#!/usr/bin/env python3
"""go-modules.py make PROXY PROJECT: writes modules and a project that needs them.
go-modules.py KIND DOCUMENT TRUTH: whether a document lists what the go command says; KIND is the command that said it.
"""
import json
import os
import sys
import zipfile

MIT = """Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated documentation
files (the "Software"), to deal in the Software without restriction, including without limitation the rights to use, copy, modify,
merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit persons to whom the Software is furnished
to do so, subject to the following conditions: The above copyright notice and this permission notice shall be included in all copies
or substantial portions of the Software. THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND."""

FIXED = "v0.0.0-20200102030405-0123456789ab"


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def module(proxy, path, version, source, requires=()):
    """One version of a module, as a proxy has it. Capitals are escaped."""
    place = os.path.join(proxy, "".join("!" + c.lower() if c.isupper() else c for c in path), "@v")
    manifest = f"module {path}\n\ngo 1.21\n" + "".join(f"require {need}\n" for need in requires)
    write(os.path.join(place, f"{version}.mod"), manifest)
    write(os.path.join(place, f"{version}.info"), json.dumps({"Version": version}))
    with zipfile.ZipFile(os.path.join(place, f"{version}.zip"), "w") as archive:
        for name, text in (("go.mod", manifest), ("source.go", source), ("LICENSE", MIT)):
            archive.writestr(f"{path}@{version}/{name}", text)
    with open(os.path.join(place, "list"), "a", encoding="utf-8") as file:
        file.write(version + "\n")


def make(proxy, project):
    module(proxy, "example.com/a", "v1.0.0", 'package a\nimport "example.com/c"\nvar X = c.X\n', ["example.com/c v1.0.0"])
    module(proxy, "example.com/Upper/v2", "v2.1.0", "package upper\nvar X = 2\n")
    for version in ("v1.0.0", "v1.2.0"):
        module(proxy, "example.com/c", version, "package c\nvar X = 3\n")
    module(proxy, "example.com/d", FIXED, "package d\nvar X = 4\n")
    module(proxy, "example.org/fork", "v1.9.0", "package d\nvar X = 5\n")
    module(proxy, "example.com/tool", "v1.0.0", "package main\nfunc main() {}\n")
    write(f"{project}/go.mod", f"""module example.com/app

go 1.24

tool example.com/tool

require (
	example.com/a v1.0.0
	example.com/Upper/v2 v2.1.0
	example.com/d {FIXED}
	example.com/local v0.0.0
	example.com/tool v1.0.0
)

replace (
	example.com/d {FIXED} => example.org/fork v1.9.0
	example.com/local => ./local
)
""")
    write(f"{project}/cmd/app/main.go", 'package main\nimport (\n"example.com/a"\nupper "example.com/Upper/v2"\n"example.com/d"\n'
          '"example.com/local"\n)\nfunc main() { println(a.X, upper.X, d.X, local.X) }\n')
    write(f"{project}/local/go.mod", "module example.com/local\n\ngo 1.21\n")
    write(f"{project}/local/local.go", "package local\nvar X = 1\n")
    write(f"{project}/tools/go.mod", "module example.com/app/tools\n\ngo 1.24\n\nrequire example.com/c v1.2.0\n")
    write(f"{project}/tools/tools.go", 'package tools\nimport _ "example.com/c"\n')


def said(kind, truth):
    """Modules with their versions as the go command has them, replacements applied, without directories."""
    if kind == "manifest":
        manifest = json.loads(truth)
        replaced = {one["Old"]["Path"]: one["New"] for one in manifest.get("Replace") or []}
        modules = [replaced.get(one["Path"], one) for one in manifest["Require"]]
        return {(one["Path"], one["Version"]) for one in modules if one.get("Version")}
    if kind == "program":
        modules = []
        for words in (line.split("\t")[1:] for line in truth.splitlines()):
            if words[:1] == ["dep"]:
                modules.append((words[1], words[2]))
            if words[:1] == ["=>"]:
                modules[-1] = (words[1], words[2])
        return {one for one in modules if one[1] != "(devel)"}
    words = [line.split() for line in truth.splitlines()]
    modules = {tuple(one[-2:]) for one in words if len(one) in (2, 4)}
    return {one for one in modules if not one[0].startswith(".")}


def listed(kind, document):
    """Modules of others with their versions, under the names that Go has for them."""
    modules = set()
    for one in document["components"]:
        if not one.get("purl", "").startswith("pkg:golang/"):
            continue
        path = "/".join(part for part in (one.get("group"), one["name"]) if part)
        if one["purl"].split("@")[0] != f"pkg:golang/{path.lower()}":
            sys.exit(f"{path} has the package URL {one['purl']}")
        if kind == "vendor" and one.get("scope") != "excluded" and one.get("licenses") != [{"expression": "MIT", "acknowledgement": "concluded"}]:
            sys.exit(f"{path} has the licences {one.get('licenses')}")
        if kind != "vendor" or one.get("scope") != "excluded":
            modules.add((path, one["version"]))
    return modules


if __name__ == "__main__":
    if sys.argv[1:2] == ["make"]:
        make(*sys.argv[2:])
        sys.exit()
    kind, document, truth = sys.argv[1:]
    with open(document, encoding="utf-8") as file:
        found = listed(kind, json.load(file))
    with open(truth, encoding="utf-8") as file:
        expected = said(kind, file.read())
    if not expected or found != expected:
        sys.exit(f"only the go command: {sorted(expected - found)}; only the document: {sorted(found - expected)}")
