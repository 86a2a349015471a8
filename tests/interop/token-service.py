#!/usr/bin/env python3
"""A token service as registries send their clients to.

usage: token-service.py PORT KEY CERTIFICATE LOG [FOREIGN_KEY]

Source: distribution, `docs/spec/auth/token.md`, `jwt.md` and `oauth.md`. Tokens are signed with KEY (RSA, PEM), whose CERTIFICATE
(PEM) goes along. The password of everybody is `s3cret`. `writer` gets what it asks for; `reader`, and whoever says no name, may
pull; `late` gets tokens that ran out an hour ago, `other` such as are for another registry, and `forger` such as FOREIGN_KEY signed.
`identity` is the identity token of `writer`. A line for each request goes to LOG: the method, who, and the scopes.
"""

import base64
import http.server
import json
import subprocess
import sys
import time
import urllib.parse

SERVICE, ISSUER, PASSWORD = "registry.test", "tokens.test", "s3cret"
HOUR = 3600


def encoded(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Tokens:
    def __init__(self, key, certificate, foreign_key):
        self.key, self.foreign_key = key, foreign_key
        der = subprocess.run(["openssl", "x509", "-in", certificate, "-outform", "DER"], check=True, capture_output=True).stdout
        self.chain = [base64.b64encode(der).decode()]

    def issue(self, user, scopes):
        now = int(time.time()) - (2 * HOUR if user == "late" else 0)
        claims = {
            "iss": ISSUER,
            "sub": user,
            "aud": "elsewhere.test" if user == "other" else SERVICE,
            "nbf": now - 10,
            "iat": now,
            "exp": now + HOUR,
            "jti": f"{time.time_ns()}",
            "access": [access for access in (allowed(user, scope) for scope in scopes) if access["actions"]],
        }
        header = {"typ": "JWT", "alg": "RS256", "x5c": self.chain}
        text = f"{encoded(json.dumps(header).encode())}.{encoded(json.dumps(claims).encode())}"
        key = self.foreign_key if user == "forger" else self.key
        signed = subprocess.run(["openssl", "dgst", "-sha256", "-sign", key], input=text.encode(), check=True, capture_output=True)
        return f"{text}.{encoded(signed.stdout)}"


def allowed(user, scope):
    kind, name, actions = scope.rsplit(":", 2) if scope.count(":") > 2 else scope.split(":")
    most = {"pull"} if user in ("", "reader") else {"pull", "push", "delete"}
    return {"type": kind, "name": name, "actions": [action for action in actions.split(",") if action in most]}


class Handler(http.server.BaseHTTPRequestHandler):
    tokens = None
    log = None

    def do_GET(self):
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
        user = self.user()
        if user is None:
            return self.answer(401, {"details": "incorrect username or password"})
        self.give(user, query.get("service"), " ".join(query.get("scope", [])))

    def do_POST(self):
        form = urllib.parse.parse_qs(self.rfile.read(int(self.headers["content-length"])).decode())
        if form.get("grant_type") != ["refresh_token"] or form.get("refresh_token") != ["identity"]:
            return self.answer(401, {"error": "invalid_grant", "error_description": "identity token is not good any more"})
        self.give("writer", form.get("service"), " ".join(form.get("scope", [])))

    def user(self):
        given = self.headers.get("authorization")
        if given is None:
            return ""
        user, password = base64.b64decode(given.removeprefix("Basic ")).decode().split(":", 1)
        return user if password == PASSWORD else None

    def give(self, user, service, scope):
        print(self.command, user or "-", scope, file=self.log, flush=True)
        if service != [SERVICE]:
            return self.answer(400, {"details": "unknown service"})
        self.answer(200, {"token": self.tokens.issue(user, scope.split()), "expires_in": HOUR})

    def answer(self, status, document):
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


port, key, certificate, log = sys.argv[1:5]
Handler.tokens = Tokens(key, certificate, sys.argv[5] if len(sys.argv) > 5 else key)
Handler.log = open(log, "a", encoding="utf-8")
http.server.ThreadingHTTPServer(("127.0.0.1", int(port)), Handler).serve_forever()
