"""What tests/interop/trust-clients does, step by step. Every step that does not go as it should ends it."""

import copy
import functools
import http.server
import json
import pathlib
import re
import subprocess
import sys
import threading
from datetime import datetime, timedelta, timezone

from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import Metadata, MetaFile, Root, Snapshot, TargetFile, Targets, Timestamp
from tuf.api.serialization.json import JSONSerializer
from tuf.ngclient import Updater, UpdaterConfig

ATTEST, WORK = sys.argv[1], pathlib.Path(sys.argv[2])
ROLES = ("root", "timestamp", "snapshot", "targets")


class Repository:
    """A repository of python-tuf in a directory, with keys of one kind."""

    def __init__(self, name, signer):
        self.place = WORK / name
        (self.place / "targets").mkdir(parents=True)
        self.new_signer = signer
        self.signers = {role: [signer()] for role in ROLES}
        self.roots = 0
        self.until = datetime.now(timezone.utc).replace(microsecond=0) + timedelta(days=1)
        self.root = Root(consistent_snapshot=True)
        self.versions = {"timestamp": 1, "snapshot": 1, "targets": 1}
        for role in ROLES:
            self.root.add_key(self.signers[role][0].public_key, role)
        self.publish_root(self.signers["root"])

    def publish_root(self, signers):
        self.roots += 1
        self.root.version, self.root.expires = self.roots, self.until
        self.write(f"{self.roots}.root.json", self.root, signers)

    def rotate(self, role):
        """Another key for a role; the root is signed by its old and its new keys."""
        signers = list(self.signers["root"])
        old, new = self.signers[role][0], self.new_signer()
        self.root = copy.deepcopy(self.root)
        self.root.revoke_key(old.public_key.keyid, role)
        self.root.add_key(new.public_key, role)
        self.signers[role] = [new]
        self.publish_root(signers + ([new] if role == "root" else []))

    def publish(self, trusted_root):
        targets = Targets(expires=self.until, version=self.versions["targets"])
        info = TargetFile.from_data("trusted_root.json", trusted_root, ["sha256"])
        targets.targets["trusted_root.json"] = info
        (self.place / "targets" / f"{info.hashes['sha256']}.trusted_root.json").write_bytes(trusted_root)
        version = self.versions["targets"]
        self.write(f"{version}.targets.json", targets, self.signers["targets"])
        snapshot = Snapshot(expires=self.until, version=self.versions["snapshot"])
        snapshot.meta["targets.json"] = MetaFile(version)
        self.write(f"{self.versions['snapshot']}.snapshot.json", snapshot, self.signers["snapshot"])
        timestamp = Timestamp(expires=self.until, version=self.versions["timestamp"])
        timestamp.snapshot_meta = MetaFile(self.versions["snapshot"])
        self.write("timestamp.json", timestamp, self.signers["timestamp"])

    def write(self, name, signed, signers):
        metadata = Metadata(signed)
        for signer in signers:
            metadata.sign(signer, append=True)
        (self.place / name).write_bytes(metadata.to_bytes(JSONSerializer(compact=False)))


def serve(place):
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=place))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}"


def attest(what, code, pattern, *arguments):
    done = subprocess.run([ATTEST, *arguments], capture_output=True, text=True, check=False)
    said = done.stdout + done.stderr
    if done.returncode != code or not re.search(pattern, said):
        sys.exit(f"FAILED: {what}: expected code {code} and /{pattern}/, found {done.returncode}\n{said}")
    print(f"ok: {what}")


def followed(kind, signer, first, second):
    """A client that is initialised, sees news, new keys and an old state, and is held back."""
    repository = Repository(kind, signer)
    repository.publish(first)
    url = serve(repository.place)
    init = ("trust", "init", "--mirror", url, "--root", str(repository.place / "1.root.json"))
    attest(f"{kind}: a repository of python-tuf is believed", 0, "private: fetched, root 1, timestamp 1", *init)
    for role in ROLES:
        repository.rotate(role)
    repository.versions = dict.fromkeys(repository.versions, 2)
    repository.publish(second)
    attest(f"{kind}: its new keys and its news are followed", 0, "private: updated, root 5, timestamp 2", "trust", "update")
    shown = subprocess.run([ATTEST, "trust", "show", "--format", "trusted-root"], capture_output=True, check=True)
    if shown.stdout != second:
        sys.exit(f"FAILED: {kind}: what is shown is not what was published")
    repository.versions["timestamp"] = 1
    repository.publish(second)
    attest(f"{kind}: what goes back is rejected", 1, r"trust-repository-rejected\]: expected version 2", "trust", "update")
    repository.versions["timestamp"] = 3
    repository.until = datetime.now(timezone.utc).replace(microsecond=0) - timedelta(minutes=1)
    repository.publish(second)
    attest(f"{kind}: what has run out is not taken", 3, "trust-repository-expired", "trust", "update")
    attest(f"{kind}: and can be forgotten", 0, "private: forgotten", "trust", "remove", "private")


def sandbox():
    """The sandbox, and what tells where it is."""
    command = [ATTEST, "sandbox", "--print", "json", "--duration", "120", "--write-trust", str(WORK / "sandbox")]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    return process, json.loads(process.stdout.readline())


def main():
    process, document = sandbox()
    try:
        first = pathlib.Path(document["files"]["trusted_root"]).read_bytes()
        second = first.replace(b'"SHA2_256"', b'"SHA2_256" ', 1)
        for kind in ("ecdsa", "ed25519", "rsa"):
            followed(kind, getattr(CryptoSigner, f"generate_{kind}"), first, second)
        mirror, root = document["tuf_mirror"], pathlib.Path(document["files"]["tuf_root"]).read_bytes()
        updater = Updater(
            str(WORK), mirror, str(WORK), f"{mirror}/targets", bootstrap=root, config=UpdaterConfig(prefix_targets_with_hash=True)
        )
        updater.refresh()
        path = updater.download_target(updater.get_targetinfo("trusted_root.json"))
        if pathlib.Path(path).read_bytes() != first:
            sys.exit("FAILED: python-tuf does not find the trusted root of the sandbox")
        print("ok: python-tuf believes the repository of the sandbox")
    finally:
        process.terminate()
        process.wait()


main()
