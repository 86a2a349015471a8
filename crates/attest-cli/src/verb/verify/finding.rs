use std::collections::BTreeMap;
use std::path::PathBuf;

use attest_verify::{LogEvidence, Signer, TimeEvidence, VerifiedBundle};

use super::build::{Admitted, ProvenBuild};
use super::detached::DetachedSigner;
use super::evidence::{Evidence, Origin, Proof};
use super::problem::Problem;

/// What is told about a piece of evidence once it has done its work. Small, so that thousands can be kept.
pub(super) struct Finding {
    pub(super) path: PathBuf,
    /// Its place in a file of several, from 1.
    pub(super) place: Option<usize>,
    pub(super) origin: Origin,
    /// How many accepted artifacts it covers.
    pub(super) covers: usize,
    pub(super) result: Result<Proven, Problem>,
}

/// What verified evidence says. Everything in it is authenticated.
pub(super) struct Proven {
    /// What it was kept in: the code of a format.
    pub(super) format: &'static str,
    pub(super) signer: ProvenSigner,
    pub(super) statement: Option<ProvenStatement>,
    pub(super) build: Option<ProvenBuild>,
    /// The name that an image had when it was signed.
    pub(super) image_name: Option<String>,
    pub(super) times: Vec<TimeEvidence>,
    pub(super) log_entries: Vec<LogEvidence>,
    pub(super) checked: Vec<&'static str>,
    pub(super) not_checked: Vec<&'static str>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum ProvenSigner {
    Certificate {
        identity: String,
        /// None by an authority that knows its people without OIDC.
        issuer: Option<String>,
        claims: BTreeMap<&'static str, String>,
    },
    Key,
    Detached(Box<DetachedSigner>),
}

pub(super) struct ProvenStatement {
    pub(super) predicate_type: String,
    pub(super) subjects: usize,
}

impl Finding {
    /// A file that holds one piece, and nothing that it covers yet.
    pub(super) fn new(path: PathBuf, origin: Origin, result: Result<Proven, Problem>) -> Self {
        Self {
            path,
            place: None,
            origin,
            covers: 0,
            result,
        }
    }

    pub(super) fn of(evidence: &Evidence) -> Self {
        Self {
            path: evidence.path.clone(),
            place: evidence.place,
            origin: evidence.origin,
            covers: 0,
            result: match &evidence.result {
                Err(problem) => Err(problem.clone()),
                Ok(proof) => match proof.aside() {
                    Some(problem) => Err(problem.clone().into_passed_over()),
                    None => Ok(Proven::of(proof)),
                },
            },
        }
    }

    /// What makes the whole call fail: a neighbour that does not verify is only no help.
    pub(super) fn counting_problem(&self) -> Option<&Problem> {
        match self.origin {
            Origin::Neighbour | Origin::Attached => None,
            Origin::Beside | Origin::Given | Origin::Named => {
                self.result.as_ref().err().filter(|problem| !problem.is_passed_over())
            }
        }
    }

    /// Why it counts neither for nor against anything, where somebody may have thought that it would.
    pub(super) fn passed_over(&self) -> Option<&Problem> {
        let problem = self.result.as_ref().err().filter(|problem| problem.is_passed_over());
        problem.filter(|_| self.origin != Origin::Neighbour)
    }

    /// The file, with the place in it where there are several.
    pub(super) fn shown(&self) -> String {
        match self.place {
            Some(place) => format!("{}:{place}", self.path.display()),
            None => self.path.display().to_string(),
        }
    }

    pub(super) fn verdict(&self) -> &'static str {
        match &self.result {
            Ok(_) => "accepted",
            Err(problem) => problem.verdict(),
        }
    }
}

impl Proven {
    fn of(proof: &Proof) -> Self {
        match proof {
            Proof::Sigstore {
                format,
                bundle,
                admitted,
                ..
            } => Self::admitted(format.code(), bundle, admitted),
        }
    }

    /// What a bundle says, kept in a format, that turned out to be what was asked for.
    pub(super) fn admitted(format: &'static str, bundle: &VerifiedBundle, admitted: &Admitted) -> Self {
        let mut proven = Self::of_bundle(format, bundle);
        proven.checked.extend(&admitted.checked);
        proven.build = admitted.build.clone();
        if proven.statement.is_some() && !proven.checked.contains(&"provenance") {
            proven.not_checked.push("predicate");
        }
        proven
    }

    fn of_bundle(format: &'static str, bundle: &VerifiedBundle) -> Self {
        let (signer, signed_by) = match bundle.signer() {
            Signer::Certificate(signer) => {
                let issuer = Some(signer.issuer().to_owned()).filter(|issuer| !issuer.is_empty());
                let checked = certificate_checks(issuer.as_deref());
                let signer = ProvenSigner::Certificate {
                    identity: signer.identity().to_owned(),
                    issuer,
                    claims: signer.claims().clone(),
                };
                (signer, checked)
            }
            _ => (ProvenSigner::Key, &["key"][..]),
        };
        let not_checked: Vec<&'static str> = bundle.not_checked().iter().map(|check| token(check)).collect();
        let mut checked = vec!["signature"];
        checked.extend(signed_by);
        checked.extend(["transparency-log", "signed-time"]);
        checked.retain(|check| !not_checked.contains(check));
        Self {
            format,
            signer,
            statement: bundle.statement().map(|statement| ProvenStatement {
                predicate_type: statement.predicate_type().to_owned(),
                subjects: statement.subjects().len(),
            }),
            build: None,
            image_name: None,
            times: bundle.times().to_vec(),
            log_entries: bundle.log_entries().to_vec(),
            checked,
            not_checked,
        }
    }
}

/// What is checked of a certificate. That it names no issuer is part of the identity that was asked for.
fn certificate_checks(issuer: Option<&str>) -> &'static [&'static str] {
    const CHECKS: [&str; 4] = ["certificate", "certificate-transparency", "identity", "issuer"];
    match issuer {
        Some(_) => &CHECKS,
        None => &CHECKS[..3],
    }
}

/// The words of the library as they stand in reports.
fn token(check: &'static str) -> &'static str {
    match check {
        "transparency log" => "transparency-log",
        "certificate transparency" => "certificate-transparency",
        "signed time" => "signed-time",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issuer_is_checked_where_there_is_one() {
        assert_eq!(
            certificate_checks(Some("https://accounts.example.com")).last(),
            Some(&"issuer")
        );
        assert_eq!(certificate_checks(None).last(), Some(&"identity"));
    }
}
