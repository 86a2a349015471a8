use std::ffi::OsString;
use std::path::Path;

use attest_verify::UnverifiedSigner;
use attestation::foreign::{Limits, read_evidence, read_pem};

use super::super::input::Input;
use super::IdentityArguments;
use crate::context::Context;
use crate::failure::Failure;
use crate::shell::quoted;
use crate::visible::visible;

/// A signature by just anybody proves nothing. Says who claims to have signed, and how to ask for them.
pub(super) fn expected(
    identity: &IdentityArguments,
    claimed: &dyn Fn() -> Option<Claim>,
    context: &Context<'_>,
) -> Failure {
    let names_identity = identity.certificate_identity.is_some() || identity.certificate_identity_regexp.is_some();
    let names_issuer = identity.certificate_oidc_issuer.is_some() || identity.certificate_oidc_issuer_regexp.is_some();
    let missing = match (names_identity, names_issuer) {
        (true, false) => "--certificate-oidc-issuer",
        (false, true) => "--certificate-identity",
        _ => "--certificate-identity and --certificate-oidc-issuer, or --key",
    };
    let failure = Failure::usage("no-identity", format_args!("expected {missing}: anybody can sign"));
    let Some(claim) = claimed() else {
        return failure.hint("ask whoever publishes the artifact who signs it, or for their key");
    };
    failure.at(&claim.path).hint(format_args!(
        "the bundle claims, UNVERIFIED, to be signed by\n    identity {}\n    issuer   {}\n\
         if that is who publishes the artifact, run\n    {}",
        visible(&claim.identity),
        visible(claim.issuer.as_deref().unwrap_or("none")),
        // A value with a control character in it is shown, and does not go into a shell as it is.
        visible(&command(context, &claim))
    ))
}

/// Who a bundle says that it is signed by. Nobody has checked it.
pub(in super::super) struct Claim {
    path: String,
    identity: String,
    issuer: Option<String>,
}

impl Claim {
    /// What a certificate says, that was found somewhere.
    pub(in super::super) fn of(path: String, certificate_der: &[u8]) -> Option<Self> {
        let signer = UnverifiedSigner::peek(certificate_der)?;
        Some(Self {
            path,
            identity: signer.identity?,
            issuer: signer.issuer,
        })
    }
}

/// Who the first bundle that is looked at says that it is signed by.
pub(super) fn claimed_signer(input: &Input) -> Option<Claim> {
    let artifacts = input.subjects.iter().filter_map(|artifact| artifact.file());
    let beside = artifacts.flat_map(|path| {
        let mut paths = attest_store::own_sidecars(path);
        let signatures = attest_store::evidence_beside(path).signatures;
        paths.extend(signatures.into_iter().filter_map(|signature| signature.certificate));
        paths.extend(attest_store::neighbours(path).unwrap_or_default());
        paths
    });
    let given = input
        .signature
        .iter()
        .filter_map(|signature| signature.certificate.clone());
    given
        .chain(input.given.iter().cloned())
        .chain(beside)
        .find_map(|path| Claim::of(path.display().to_string(), &certificate(&path)?))
}

/// The first certificate in a file of evidence, or in one of certificates.
fn certificate(path: &Path) -> Option<Vec<u8>> {
    let bytes = attest_store::read_bundle_file(path).ok()?.into_unverified();
    let pieces = read_evidence(&bytes, &Limits::default());
    let bundle = pieces
        .into_iter()
        .find_map(|piece| piece.ok().map(|(_, bundle)| bundle));
    match bundle {
        Some(bundle) => bundle.peek_unverified().certificate().map(<[u8]>::to_vec),
        None => read_pem(&bytes).ok()?.into_iter().next().map(|block| block.der),
    }
}

/// The same call with the claimed signer, fit for a shell.
fn command(context: &Context<'_>, claim: &Claim) -> String {
    let mut words = vec![quoted(&context.program)];
    words.extend(without_signer(&context.arguments).map(|word| quoted(&word.to_string_lossy())));
    words.push(format!("--certificate-identity {}", quoted(&claim.identity)));
    words.push(match &claim.issuer {
        Some(issuer) => format!("--certificate-oidc-issuer {}", quoted(issuer)),
        None => "--certificate-without-oidc-issuer".to_owned(),
    });
    words.join(" ")
}

/// Half of a signer may have been named already.
fn without_signer(arguments: &[OsString]) -> impl Iterator<Item = &OsString> {
    let names = [
        "--certificate-identity",
        "--certificate-oidc-issuer",
        "--cert-identity",
        "--cert-oidc-issuer",
    ];
    let is_signer = move |word: &str| names.iter().any(|name| word.starts_with(name));
    let mut skip_value = false;
    arguments.iter().filter(move |word| {
        let text = word.to_string_lossy();
        let is_value = std::mem::take(&mut skip_value);
        skip_value = !is_value && is_signer(&text) && !text.contains('=');
        !is_value && !is_signer(&text)
    })
}
