"""The programs that sign and verify, and what each is told to do so."""

import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
# A client that hangs is a client that fails; the slowest needs three seconds on a quiet machine.
TIMEOUT = 120
PREDICATE_TYPE = "https://slsa.dev/provenance/v1"
LOGS = {"v2": "Rekor v2", "v1": "Rekor v1", "none": "timestamp only"}


@dataclass(frozen=True)
class Case:
    """What is signed, how it is logged, and with what key."""

    kind: str  # blob, attestation or old: an artifact in the bundle of cosign before version 3
    log: str  # v1, v2 or none
    key: str = "keyless"

    def title(self):
        signed = {"blob": "artifact", "attestation": "attestation", "old": "artifact in cosign's old bundle"}[self.kind]
        return f"{signed}, {LOGS[self.log]}, {self.key}"


OLD = Case("old", "v1")
# An Ed25519 key that signs the artifact itself.
PREHASHED = "Ed25519ph"


@dataclass
class World:
    """The instance and the files that everybody signs."""

    work: Path
    attest: Path
    cache: Path
    url: str = ""
    environment: dict = field(default_factory=dict)

    def trust(self, name):
        return str(self.work / "trust" / name)

    def file(self, name):
        return str(self.work / name)

    def signing_config(self, log):
        return {"v2": self.trust("signing_config.json"), "v1": self.trust("signing_config_rekor_v1.json")}.get(
            log, self.file("signing_config_no_log.json")
        )

    def trust_config(self, log):
        return self.trust("trust_config.json" if log == "v2" else "trust_config_rekor_v1.json")

    def token(self):
        return Path(self.trust("identity_token")).read_text().strip()

    def run(self, *command, **variables):
        """Runs a program to its end; what it says, and whether it succeeded."""
        environment = {**self.environment, **variables}
        try:
            done = subprocess.run(
                [str(word) for word in command], env=environment, cwd=self.work, timeout=TIMEOUT,
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            )
        except subprocess.TimeoutExpired:
            return False, "timed out"
        return done.returncode == 0, done.stdout.decode(errors="replace")


class Client:
    """A program that may be there, may sign and may verify."""

    name = ""
    program = ""
    # Whose keys it signs with: an RSA signature is the same each time, and a log takes it once.
    keys = ""

    def __init__(self, world):
        self.world = world

    def path(self):
        return self.world.cache / "bin" / self.program

    def present(self):
        return self.path().exists()

    def signs(self, case):
        """The command that signs, or None for what the client does not offer."""
        return None

    def verifies(self, case):
        """Whether the client offers to verify such a thing at all."""
        return case != OLD

    def verify(self, case, bundle, artifact, expected):
        raise NotImplementedError

    def sign(self, case, bundle):
        command = self.signs(case)
        if command is None:
            return None
        done, said = self.world.run(*command(bundle), **self.variables())
        return None if done and Path(bundle).exists() else said

    def variables(self):
        return {}


class Attest(Client):
    name = "attest"
    keys = "attest"

    def path(self):
        return self.world.attest

    def verifies(self, case):
        return True

    def signs(self, case):
        # It writes no format that its owners have given up.
        if case == OLD or (case.key == PREHASHED and case.kind != "blob"):
            return None
        world = self.world
        options = ["--trusted-root", world.trust("trusted_root.json"), "--signing-config", world.signing_config(case.log)]
        if case.key == "keyless":
            options += ["--identity-token", world.trust("identity_token")]
        else:
            options += ["--key", world.file(f"{case.key}.{self.keys}.pem")]
        if case.key == PREHASHED:
            options += ["--signing-algorithm", "ed25519-ph"]
        if case.log == "none":
            options += ["--tlog-upload=false"]
        if case.kind == "attestation":
            options += ["--type", "slsaprovenance1", "--predicate", world.file("predicate.json")]
        return lambda bundle: [self.path(), "sign", *options, "--bundle", bundle, world.file("artifact")]

    def verify(self, case, bundle, artifact, expected):
        options = ["--trusted-root", self.world.trust("trusted_root.json"), "--bundle", bundle]
        if case.key == "keyless":
            options += ["--certificate-identity", expected, "--certificate-oidc-issuer", self.world.url]
        else:
            options += ["--key", expected]
        if case.log == "none":
            options += ["--insecure-ignore-tlog"]
        return self.world.run(self.path(), "verify", artifact, *options)


class Cosign(Client):
    """What both versions of cosign have in common."""

    def variables(self):
        return {
            "COSIGN_PASSWORD": "",
            "COSIGN_YES": "true",
            "SIGSTORE_ROOT_FILE": self.world.file("fulcio.pem"),
            "SIGSTORE_CT_LOG_PUBLIC_KEY_FILE": self.world.file("ctlog.pem"),
            "SIGSTORE_REKOR_PUBLIC_KEY": self.world.file("rekor.pem"),
        }

    def identity(self, case, expected):
        if case.key == "keyless":
            return ["--certificate-identity", expected, "--certificate-oidc-issuer", self.world.url]
        return ["--key", expected]

    def verifies(self, case):
        return True

    def verb(self, case):
        if case.kind != "attestation":
            return ["verify-blob"]
        return ["verify-blob-attestation", "--type", "slsaprovenance1"]

    def verify(self, case, bundle, artifact, expected):
        options = [*self.format_options, "--trusted-root", self.world.trust("trusted_root.json"), "--bundle", bundle]
        if case == OLD:
            # For such bundles it reads what it trusts from the environment.
            options = ["--bundle", bundle]
        if case.log == "none":
            options += ["--insecure-ignore-tlog"]
        if case != OLD and (case.log != "v1" or case.key == "keyless"):
            options += ["--use-signed-timestamps"]
        return self.world.run(
            self.path(), *self.verb(case), *options, *self.identity(case, expected), artifact, **self.variables()
        )

    def what(self, case):
        if case.kind != "attestation":
            return ["sign-blob"], []
        return ["attest-blob"], ["--type", "slsaprovenance1", "--predicate", self.world.file("predicate.json")]

    def who(self, case):
        if case.key == "keyless":
            return ["--identity-token", self.world.trust("identity_token")]
        return ["--key", self.world.file(f"{case.key}.{self.keys}.key")]


class Cosign3(Cosign):
    name = "cosign 3.1.1"
    program = "cosign"
    keys = "cosign3"
    format_options = []

    def signs(self, case):
        if case == OLD or (case.key == PREHASHED and case.kind != "blob"):
            return None
        verb, options = self.what(case)
        services = ["--signing-config", self.world.signing_config(case.log)]
        # Told whom to trust it verifies what it has signed, by the key as plain Ed25519, and takes it back.
        if case.key != PREHASHED:
            services += ["--trusted-root", self.world.trust("trusted_root.json")]
        return lambda bundle: [
            self.path(), *verb, "--yes", *services, *self.who(case), *options, "--bundle", bundle, self.world.file("artifact"),
        ]


class Cosign2(Cosign):
    name = "cosign 2.5.0"
    program = "cosign2"
    keys = "cosign2"
    format_options = ["--new-bundle-format"]
    times = {"blob": "--rfc3161-timestamp", "old": "--rfc3161-timestamp", "attestation": "--rfc3161-timestamp-bundle"}

    def signs(self, case):
        if case.log == "v2" or case.key == PREHASHED:
            return None
        verb, options = self.what(case)
        url = self.world.url
        services = ["--fulcio-url", url, "--rekor-url", url, "--timestamp-server-url", f"{url}/api/v1/timestamp"]
        if case.log == "none":
            services += ["--tlog-upload=false"]
        if case != OLD:
            options = [*options, "--new-bundle-format"]
        # The times of the authority go to a file of their own as well, and it insists on its name.
        return lambda bundle: [
            self.path(), *verb, "--yes", *services, *self.who(case), *options,
            self.times[case.kind], bundle + ".tsr", "--bundle", bundle, self.world.file("artifact"),
        ]


class SigstoreGo(Client):
    name = "sigstore-go 1.3.0"
    program = "sigstore-go-verification"

    def signs(self, case):
        # Its example signs with a key that it makes, which no other row has.
        if case.key != "keyless" or case == OLD:
            return None
        world = self.world
        signer = self.path().parent / "sigstore-go-signing"
        options = ["-id-token", world.token(), "-tsa", "-signing-config", world.signing_config(case.log)]
        options += ["-trusted-root", world.trust("trusted_root.json")]
        if case.log != "none":
            options += ["-rekor"]
        signed = [world.file("artifact")]
        if case.kind == "attestation":
            signed = ["-in-toto", world.file("statement.json")]
        script = 'bundle=$1; shift; exec "$@" >"$bundle"'
        return lambda bundle: ["sh", "-c", script, "sh", bundle, signer, *options, *signed]

    def sign(self, case, bundle):
        problem = super().sign(case, bundle)
        if problem is None and Path(bundle).exists():
            # The public key stands before the bundle.
            text = Path(bundle).read_text()
            Path(bundle).write_text(text[text.index("{"):])
        return problem

    def verify(self, case, bundle, artifact, expected):
        options = ["-artifact", artifact, "-trustedrootJSONpath", self.world.trust("trusted_root.json")]
        if case.key == "keyless":
            options += ["-expectedSAN", expected, "-expectedIssuer", self.world.url]
        else:
            options += ["-publicKey", expected, "-requireCTlog=false"]
        if case.log == "none":
            options += ["-requireTlog=false"]
        return self.world.run(self.path(), *options, bundle)


class SigstorePython(Client):
    name = "sigstore-python 4.5.1"
    program = "sigstore"

    def signs(self, case):
        if case.key != "keyless" or case.log == "none" or case == OLD:
            return None
        world = self.world
        verb = ["sign"]
        if case.kind == "attestation":
            verb = ["attest", "--predicate-type", PREDICATE_TYPE, "--predicate", world.file("predicate.json")]
        return lambda bundle: [
            self.path(), "--trust-config", world.trust_config(case.log), *verb, "--identity-token", world.token(),
            "--bundle", bundle, world.file("artifact"),
        ]

    def verifies(self, case):
        return case.key == "keyless" and case.log != "none" and case != OLD

    def verify(self, case, bundle, artifact, expected):
        return self.world.run(
            self.path(), "--trust-config", self.world.trust_config("v2"), "verify", "identity", "--offline", "--bundle", bundle,
            "--cert-identity", expected, "--cert-oidc-issuer", self.world.url, artifact,
        )


class SigstoreJs(Client):
    name = "sigstore-js (@sigstore/sign 4.1.1, verify 3.1.1)"
    program = "../node/node_modules/@sigstore/verify/package.json"
    script = str(TOP / "tests" / "interop" / "sigstore-js.cjs")

    def present(self):
        return super().present() and shutil.which("node") is not None

    def variables(self):
        return {"NODE_PATH": str(self.world.cache / "node" / "node_modules")}

    def signs(self, case):
        if case.key != "keyless" or case == OLD:
            return None
        signed = self.world.file("artifact" if case.kind == "blob" else "statement.json")
        return lambda bundle: [
            "node", self.script, "sign", signed, bundle, self.world.signing_config(case.log), self.world.trust("identity_token"), case.kind,
        ]

    def verify(self, case, bundle, artifact, expected):
        who = ["identity", expected, self.world.url] if case.key == "keyless" else ["key", expected]
        threshold = {"TLOG_THRESHOLD": "0" if case.log == "none" else "1"}
        root = self.world.trust("trusted_root.json")
        return self.world.run("node", self.script, "verify", artifact, bundle, root, *who, **self.variables(), **threshold)


OTHERS = [Cosign3, Cosign2, SigstoreGo, SigstorePython, SigstoreJs]
