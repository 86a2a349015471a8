use std::path::{Path, PathBuf};

use attest_sandbox::Server;
use serde_json::json;

use super::files::{
    IDENTITY_TOKEN, SIGNING_CONFIG, SIGNING_CONFIG_REKOR_V1, TRUST_CONFIG, TRUST_CONFIG_REKOR_V1, TRUSTED_ROOT,
    TUF_ROOT,
};
use crate::failure::Failure;
use crate::shell::quoted;

/// How clients are pointed at the sandbox.
pub(super) struct Instructions<'a> {
    url: String,
    user: &'a str,
    ambient_request_token: String,
    directory: &'a Path,
    text: &'a str,
}

impl<'a> Instructions<'a> {
    /// The directory's name goes into shell lines and JSON, so it has to be text.
    pub(super) fn new(server: &Server, directory: &'a Path, user: &'a str) -> Result<Self, Failure> {
        let text = directory.to_str().ok_or_else(|| {
            Failure::usage(
                "sandbox-directory-not-text",
                format_args!("the name of the directory `{}` is not UTF-8", directory.display()),
            )
        })?;
        Ok(Self {
            url: server.url().to_owned(),
            user,
            ambient_request_token: server.sigstore().ambient_request_token(),
            directory,
            text,
        })
    }

    /// Lines that a shell can source; what is not for a shell to do stands behind `#`.
    pub(super) fn shell(&self) -> String {
        format!(
            "\
# A Sigstore at {url}. Everyone it signs for is {user}, as told by the issuer {url}.
export ATTEST_SANDBOX_URL={quoted_url}
export ATTEST_SANDBOX_DIR={quoted_directory}
export ATTEST_SANDBOX_REGISTRY={registry}
export SIGSTORE_ID_TOKEN=\"$(cat \"$ATTEST_SANDBOX_DIR/{IDENTITY_TOKEN}\")\"
#
# attest           attest sign FILE --trusted-root \"$ATTEST_SANDBOX_DIR/{TRUSTED_ROOT}\" --signing-config \"$ATTEST_SANDBOX_DIR/{SIGNING_CONFIG}\" --identity-token \"$ATTEST_SANDBOX_DIR/{IDENTITY_TOKEN}\"
#                  attest verify FILE --trusted-root \"$ATTEST_SANDBOX_DIR/{TRUSTED_ROOT}\" --certificate-identity {quoted_user} --certificate-oidc-issuer {url}
#   through TUF    attest trust init --mirror {url}/tuf --root \"$ATTEST_SANDBOX_DIR/{TUF_ROOT}\"; then without --trusted-root and --signing-config
# cosign 3         cosign sign-blob FILE --yes --trusted-root \"$ATTEST_SANDBOX_DIR/{TRUSTED_ROOT}\" --signing-config \"$ATTEST_SANDBOX_DIR/{SIGNING_CONFIG}\" --identity-token \"$ATTEST_SANDBOX_DIR/{IDENTITY_TOKEN}\" --bundle FILE.sigstore.json
#                  cosign verify-blob FILE --trusted-root \"$ATTEST_SANDBOX_DIR/{TRUSTED_ROOT}\" --bundle FILE.sigstore.json --certificate-identity {quoted_user} --certificate-oidc-issuer {url}
#   through TUF    cosign initialize --mirror {url}/tuf --root \"$ATTEST_SANDBOX_DIR/{TUF_ROOT}\"
# sigstore-python  sigstore --trust-config \"$ATTEST_SANDBOX_DIR/{TRUST_CONFIG}\" sign --identity-token \"$(cat \"$ATTEST_SANDBOX_DIR/{IDENTITY_TOKEN}\")\" FILE
#                  sigstore --trust-config \"$ATTEST_SANDBOX_DIR/{TRUST_CONFIG}\" verify identity --cert-identity {quoted_user} --cert-oidc-issuer {url} FILE
# As a person: without --identity-token, with --fulcio-auth-flow normal (a browser) or device (a code); cosign and attest
# Rekor version 1 instead of 2: {SIGNING_CONFIG_REKOR_V1}, {TRUST_CONFIG_REKOR_V1}
# The registry     {registry}, plain HTTP, no login: skopeo copy --dest-tls-verify=false oci:LAYOUT docker://{registry}/NAME:TAG
# As inside GitHub Actions:
# export ACTIONS_ID_TOKEN_REQUEST_URL={quoted_ambient} ACTIONS_ID_TOKEN_REQUEST_TOKEN={ambient_request_token}
",
            url = self.url,
            registry = self.registry(),
            user = self.user,
            quoted_user = quoted(self.user),
            quoted_url = quoted(&self.url),
            quoted_directory = quoted(self.text),
            quoted_ambient = quoted(&self.ambient_url()),
            ambient_request_token = self.ambient_request_token,
        )
    }

    /// One document and a line break.
    pub(super) fn json(&self) -> String {
        let file = |name: &str| self.file(name);
        let document = json!({
            "schema": "https://attest.dev/schema/sandbox/v1",
            "url": self.url,
            "identity": self.user,
            "issuer": self.url,
            "registry": self.registry(),
            "tuf_mirror": format!("{}/tuf", self.url),
            "files": {
                "trusted_root": file(TRUSTED_ROOT),
                "signing_config": file(SIGNING_CONFIG),
                "signing_config_rekor_v1": file(SIGNING_CONFIG_REKOR_V1),
                "trust_config": file(TRUST_CONFIG),
                "trust_config_rekor_v1": file(TRUST_CONFIG_REKOR_V1),
                "tuf_root": file(TUF_ROOT),
                "identity_token": file(IDENTITY_TOKEN),
            },
            "github_actions": {
                "ACTIONS_ID_TOKEN_REQUEST_URL": self.ambient_url(),
                "ACTIONS_ID_TOKEN_REQUEST_TOKEN": self.ambient_request_token,
            },
        });
        format!("{document}\n")
    }

    /// GitHub's own URL has a query already, and clients append `&audience=`.
    fn ambient_url(&self) -> String {
        format!("{}/gha?api-version=2.0", self.url)
    }

    /// As image names begin: the host and the port alone.
    fn registry(&self) -> &str {
        self.url.strip_prefix("http://").unwrap_or(&self.url)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }
}
