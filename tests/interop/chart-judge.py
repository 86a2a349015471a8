"""What real Helm says of charts that attest packed. Each command ends with 1 where Helm disagrees.

usage: chart-judge.py COMMAND ARGUMENT…
"""

import gzip
import json
import os
import shutil
import sys
import tarfile

import helm_python
from helm_python import chart as helm


def files_of(archive):
    """Paths and bytes; and nothing but files and directories with the modes that Helm gives."""
    found = {}
    with tarfile.open(archive) as tar:
        for member in tar:
            assert member.isdir() or member.isfile(), member.name
            if member.isfile():
                assert member.mode == 0o644, (member.name, oct(member.mode))
                found[member.name] = tar.extractfile(member).read()
    return found


def accepts(archive, version, app_version):
    report = helm.lint(archive, strict=True, with_subcharts=False)
    assert not report["errors"], report
    assert all(message["severity"] < 2 for message in report["messages"]), report
    with helm.Chart.load(archive) as chart:
        assert chart.name == "greeter" and chart.version == version, (chart.name, chart.version)
        assert chart.metadata["appVersion"] == app_version, chart.metadata
        manifests = chart.render(name="hello")
        config = next(text for name, text in manifests.items() if name.endswith("config.yaml"))
        assert "hello-greeter" in config and "Ask, and you are greeted." in config, config
        assert "bom dia" in config and f"greeter-{version}" in config, config
        chart.validate_schema()
        try:
            chart.validate_schema({"replicas": -1})
        except helm_python.HelmError:
            pass
        else:
            raise AssertionError("the schema was not packed")
        with helm_python.Config(kubeconfig_content=KUBECONFIG, storage_driver="memory") as config:
            release = config.install(chart, "hello", dry_run="client")
            assert "kind: Deployment" in json.dumps(release), release
    print(f"{os.path.basename(archive)}: linted, rendered, its schema checked, installed without a cluster")


KUBECONFIG = """
apiVersion: v1
kind: Config
clusters: [{name: none, cluster: {server: "http://127.0.0.1:9"}}]
contexts: [{name: none, context: {cluster: none, user: none}}]
current-context: none
users: [{name: none, user: {}}]
"""


def same_files(directory, archive, scratch):
    theirs = files_of(helm.package(directory, destination=scratch, version="1.4.0", app_version="1.10"))
    ours = files_of(archive)
    assert sorted(theirs) == sorted(ours), (sorted(theirs), sorted(ours))
    # Helm writes these anew from what it read; everything else is byte for byte the same.
    written_anew = {path for path in ours if path.endswith(("/Chart.yaml", "/Chart.lock"))}
    for path in ours:
        assert path in written_anew or theirs[path] == ours[path], path
    for path in written_anew:
        assert helm.values_from_yaml(theirs[path].decode()) == helm.values_from_yaml(ours[path].decode()) or path.endswith(".lock"), path
    print(f"{len(ours)} files, the same as in Helm's own package")


def lock(scratch, library):
    """A chart that Helm locks: a library by its path."""
    app = os.path.join(scratch, "app")
    os.makedirs(app)
    shutil.copytree(library, os.path.join(scratch, "common"))
    with open(os.path.join(app, "Chart.yaml"), "w", encoding="utf-8") as file:
        file.write(
            "apiVersion: v2\nname: app\nversion: 0.1.0\ndependencies:\n"
            "- name: common\n  version: '>=0.1.0 <0.2.0'\n  repository: file://../common\n  alias: shared\n  tags: [a, b]\n"
            "  condition: shared.enabled\n  import-values:\n  - data\n  - child: inner\n    parent: outer\n"
        )
    helm_python.registry.dependency_update(app)
    assert os.path.exists(os.path.join(app, "Chart.lock"))


def index(directory):
    entries = helm_python.registry.repo_index_generate(directory)["entries"]
    assert [entry["version"] for entry in entries["greeter"]] == ["1.4.0"], entries


def pulls(url, directory):
    entries = helm_python.registry.repo_index(url)["entries"]["greeter"]
    assert [entry["version"] for entry in entries] == ["1.10.0", "1.4.0"], entries
    scratch = os.path.join(directory, "..", "pulled")
    os.makedirs(scratch)
    for version, expected in [(None, "1.10.0"), ("1.4.0", "1.4.0"), ("<1.10", "1.4.0")]:
        helm_python.registry.pull("greeter", repo_url=url, version=version, destination=scratch)
        name = f"greeter-{expected}.tgz"
        with open(os.path.join(scratch, name), "rb") as pulled, open(os.path.join(directory, name), "rb") as packed:
            assert pulled.read() == packed.read(), name
    digests = {entry["version"]: entry["digest"] for entry in entries}
    for version, digest in digests.items():
        assert helm.digest(os.path.join(directory, f"greeter-{version}.tgz")).removeprefix("sha256:") == digest
    print(f"{len(entries)} versions pulled by Helm from the index")


def verifies(archive, keyring, scratch):
    result = helm.verify(archive, keyring)
    assert result["file_name"] == os.path.basename(archive), result
    assert any("release@example.com" in identity for identity in result["signed_by"]), result
    tampered = os.path.join(scratch, os.path.basename(archive))
    with open(archive, "rb") as file:
        bytes_ = gzip.decompress(file.read())
    with open(tampered, "wb") as file:
        file.write(gzip.compress(bytes_.replace(b"greeted", b"greeteD"), mtime=0))
    try:
        helm.verify(tampered, keyring, provenance_file=f"{archive}.prov")
    except helm_python.HelmError as error:
        assert "sha256 sum does not match" in str(error), error
    else:
        raise AssertionError("Helm verified a package that was tampered with")
    os.remove(tampered)
    print(f"{os.path.basename(archive)}.prov: verified by Helm, and refused for another package")


def version():
    print(f"Helm {helm_python.helm_sdk_version()}")


COMMANDS = {"accepts": accepts, "same-files": same_files, "lock": lock, "index": index, "pulls": pulls, "verifies": verifies, "version": version}

if __name__ == "__main__":
    COMMANDS[sys.argv[1]](*sys.argv[2:])
