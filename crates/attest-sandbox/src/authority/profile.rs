use const_oid::ObjectIdentifier;
use const_oid::db::rfc5280::ID_CE_SUBJECT_ALT_NAME;
use der::asn1::{Ia5String, Utf8StringRef};
use serde_json::Value;
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;

use crate::error::Error;
use crate::oidc::VerifiedToken;
use crate::x509::{encode, extension, raw_extension};

/// What a certificate says of its holder, made of a token as Fulcio does (its `docs/oid-info.md`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Profile {
    subject: Subject,
    /// What the holder of the key signs to prove it.
    pub(crate) challenge: String,
    /// The last arc under 1.3.6.1.4.1.57264.1 and the text, in the order of the arcs.
    extensions: Vec<(u8, String)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Subject {
    Email(String),
    Uri(String),
}

/// Arcs up to this one hold the bare text, later ones a UTF8String in DER.
const LAST_RAW_ARC: u8 = 6;

impl Profile {
    pub(crate) fn of(token: &VerifiedToken) -> Result<Self, Error> {
        let has = |name| token.claims.value(name).is_some();
        let mut profile = match () {
            () if has("email") => email(token)?,
            () if has("job_workflow_ref") => github(token)?,
            () if has("ci_config_ref_uri") => gitlab(token)?,
            () if has("pipeline_slug") => buildkite(token)?,
            () if has("kubernetes.io") => kubernetes(token)?,
            () => workload(token)?,
        };
        profile.extensions.push((1, token.issuer.clone()));
        profile.extensions.push((8, token.issuer.clone()));
        profile.extensions.sort();
        Ok(profile)
    }

    /// The subject alternative name, critical because the subject is empty, and Fulcio's own extensions.
    pub(crate) fn extensions(&self) -> Result<Vec<Extension>, Error> {
        let mut extensions = vec![extension(ID_CE_SUBJECT_ALT_NAME, true, &self.alternative_name()?)?];
        for (arc, text) in &self.extensions {
            let value = match *arc <= LAST_RAW_ARC {
                true => text.as_bytes().to_vec(),
                false => encode("an extension", &utf8(text)?)?,
            };
            extensions.push(raw_extension(fulcio_oid(*arc)?, false, value)?);
        }
        Ok(extensions)
    }

    fn alternative_name(&self) -> Result<SubjectAltName, Error> {
        let ascii = |text: &str| Ia5String::new(text).map_err(|error| Error::malformed("subject of the token", error));
        let name = match &self.subject {
            Subject::Email(address) => GeneralName::Rfc822Name(ascii(address)?),
            Subject::Uri(uri) => GeneralName::UniformResourceIdentifier(ascii(uri)?),
        };
        Ok(SubjectAltName(vec![name]))
    }
}

fn fulcio_oid(arc: u8) -> Result<ObjectIdentifier, Error> {
    ObjectIdentifier::new_unwrap("1.3.6.1.4.1.57264.1")
        .push_arc(arc.into())
        .map_err(|error| Error::internal("an extension", error))
}

fn utf8(text: &str) -> Result<Utf8StringRef<'_>, Error> {
    Utf8StringRef::new(text).map_err(|error| Error::internal("an extension", error))
}

fn email(token: &VerifiedToken) -> Result<Profile, Error> {
    let address = token.claim("email")?;
    match token.claims.value("email_verified") {
        Some(Value::Bool(true)) => {}
        Some(Value::String(text)) if text == "true" => {}
        found => {
            return Err(Error::TokenClaim {
                claim: "email_verified",
                expected: "true".to_owned(),
                found: found.unwrap_or(&Value::Null).to_string(),
            });
        }
    }
    Ok(Profile {
        challenge: address.clone(),
        subject: Subject::Email(address),
        extensions: Vec::new(),
    })
}

fn github(token: &VerifiedToken) -> Result<Profile, Error> {
    let claim = |name| token.claim(name);
    let server = token
        .claims
        .text("server_url")
        .unwrap_or_else(|| "https://github.com".to_owned());
    let repository = claim("repository")?;
    let workflow = format!("{server}/{}", claim("job_workflow_ref")?);
    let mut extensions = vec![
        (2, claim("event_name")?),
        (3, claim("sha")?),
        (4, claim("workflow")?),
        (5, repository.clone()),
        (6, claim("ref")?),
        (9, workflow.clone()),
        (10, claim("job_workflow_sha")?),
        (11, claim("runner_environment")?),
        (12, format!("{server}/{repository}")),
        (13, claim("sha")?),
        (14, claim("ref")?),
        (15, claim("repository_id")?),
        (16, format!("{server}/{}", claim("repository_owner")?)),
        (17, claim("repository_owner_id")?),
        (18, format!("{server}/{}", claim("workflow_ref")?)),
        (19, claim("workflow_sha")?),
        (20, claim("event_name")?),
        (
            21,
            format!(
                "{server}/{repository}/actions/runs/{}/attempts/{}",
                claim("run_id")?,
                claim("run_attempt")?
            ),
        ),
        (22, claim("repository_visibility")?),
        (24, claim("sub")?),
    ];
    extensions.extend(token.claims.text("environment").map(|environment| (23, environment)));
    uri_profile(token, workflow, extensions)
}

fn gitlab(token: &VerifiedToken) -> Result<Profile, Error> {
    let claim = |name| token.claim(name);
    let server = token
        .claims
        .text("server_url")
        .unwrap_or_else(|| "https://gitlab.com".to_owned());
    let project = format!("{server}/{}", claim("project_path")?);
    let configuration = format!("https://{}", claim("ci_config_ref_uri")?);
    let kind = match claim("ref_type")?.as_str() {
        "tag" => "tags",
        _ => "heads",
    };
    let mut extensions = vec![
        (9, configuration.clone()),
        (10, claim("ci_config_sha")?),
        (11, claim("runner_environment")?),
        (12, project.clone()),
        (13, claim("sha")?),
        (14, format!("refs/{kind}/{}", claim("ref")?)),
        (15, claim("project_id")?),
        (16, format!("{server}/{}", claim("namespace_path")?)),
        (17, claim("namespace_id")?),
        (18, configuration.clone()),
        (19, claim("ci_config_sha")?),
        (20, claim("pipeline_source")?),
        (21, format!("{project}/-/jobs/{}", claim("job_id")?)),
        (22, claim("project_visibility")?),
        (24, claim("sub")?),
    ];
    extensions.extend(token.claims.text("environment").map(|environment| (23, environment)));
    uri_profile(token, configuration, extensions)
}

fn buildkite(token: &VerifiedToken) -> Result<Profile, Error> {
    let claim = |name| token.claim(name);
    let pipeline = format!(
        "https://buildkite.com/{}/{}",
        claim("organization_slug")?,
        claim("pipeline_slug")?
    );
    let extensions = vec![
        (11, claim("runner_environment")?),
        (13, claim("build_commit")?),
        (
            21,
            format!("{pipeline}/builds/{}#{}", claim("build_number")?, claim("job_id")?),
        ),
        (24, claim("sub")?),
    ];
    uri_profile(token, pipeline, extensions)
}

fn kubernetes(token: &VerifiedToken) -> Result<Profile, Error> {
    let text = |pointer: &str| {
        let value = token
            .claims
            .value("kubernetes.io")
            .and_then(|claim| claim.pointer(pointer));
        value.and_then(Value::as_str).ok_or_else(|| Error::TokenClaimMissing {
            claim: format!("kubernetes.io{pointer}"),
        })
    };
    let account = format!(
        "https://kubernetes.io/namespaces/{}/serviceaccounts/{}",
        text("/namespace")?,
        text("/serviceaccount/name")?
    );
    uri_profile(token, account, vec![(24, token.claim("sub")?)])
}

fn workload(token: &VerifiedToken) -> Result<Profile, Error> {
    let subject = token.claim("sub")?;
    if !subject.contains("://") {
        return Err(Error::TokenClaim {
            claim: "sub",
            expected: "a URI".to_owned(),
            found: subject,
        });
    }
    uri_profile(token, subject.clone(), vec![(24, subject)])
}

fn uri_profile(token: &VerifiedToken, uri: String, extensions: Vec<(u8, String)>) -> Result<Profile, Error> {
    Ok(Profile {
        subject: Subject::Uri(uri),
        challenge: token.claim("sub")?,
        extensions,
    })
}
