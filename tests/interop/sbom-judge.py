#!/usr/bin/env python3
"""sbom-judge.py FORMAT FILE: exits 1 unless the reference implementation for Python finds the document valid."""
import sys


def cyclonedx(kind, version, path):
    from cyclonedx.schema import OutputFormat, SchemaVersion
    from cyclonedx.validation import make_schemabased_validator

    format = OutputFormat.JSON if kind == "json" else OutputFormat.XML
    if kind == "json":
        from cyclonedx.validation.json import JsonStrictValidator

        validator = JsonStrictValidator(SchemaVersion.from_version(version))
    else:
        validator = make_schemabased_validator(format, SchemaVersion.from_version(version))
    with open(path, encoding="utf-8") as file:
        fault = validator.validate_str(file.read())
    return [] if fault is None else [str(fault)]


def spdx(path):
    from spdx_tools.spdx.parser.jsonlikedict.json_like_dict_parser import JsonLikeDictParser
    from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document
    import json

    with open(path, encoding="utf-8") as file:
        document = JsonLikeDictParser().parse(json.load(file))
    return [message.validation_message for message in validate_full_spdx_document(document)]


def main(format, path):
    name, version = format.split("@")
    faults = spdx(path) if name == "spdx-json" else cyclonedx(name.split("-")[1], version, path)
    for fault in faults[:20]:
        print(fault[:500])
    return 1 if faults else 0


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
