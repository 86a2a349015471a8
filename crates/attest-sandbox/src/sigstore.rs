use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use serde_json::Value;

use crate::authority::{CertificateLog, Chain, IssuedCertificate, Issuing, KeyProof, Profile};
use crate::clock::Clock;
use crate::error::Error;
use crate::keys::Keys;
use crate::log::{LoggedV1, ProposalV1, Rekor1, Rekor2, RequestV2};
use crate::oidc::{
    self, Accepted, Authorization, Claims, Consent, Decision, DeviceCodes, Devices, Grants, Shown, VerifiedToken,
};
use crate::timestamp::{TimestampAuthority, TimestampRequest};
use crate::trust::{self, LogKey, TrustedRoot};
use crate::tuf;

/// The name of the host in checkpoints; clients compare it with the host of the trust root.
const HOST: &str = "localhost";

/// What a sandbox is made of.
pub struct Config {
    /// Its secrets.
    pub keys: Keys,
    /// Its time.
    pub clock: Arc<dyn Clock>,
    /// Whom the interactive grants log in.
    pub user: Claims,
    /// Issuers other than the sandbox itself in whose name it mints and accepts tokens, so that certificates can look like
    /// those of a public provider. They are still worth nothing outside the sandbox.
    pub issuers: Vec<String>,
}

/// A whole Sigstore without a socket: every answer is a function of the keys, the clock and the calls so far.
///
/// Identity tokens are the exception: their RSA key is random unless it is kept.
pub struct Sigstore {
    keys: Keys,
    clock: Arc<dyn Clock>,
    user: Claims,
    url: String,
    issuers: Vec<String>,
    chain: Chain,
    certificate_log: CertificateLog,
    timestamps: TimestampAuthority,
    state: Mutex<State>,
}

struct State {
    issued: u64,
    stamped: u64,
    grants: Grants,
    devices: Devices,
    rekor1: Rekor1,
    rekor2: Rekor2,
}

impl Sigstore {
    /// Sets everything up. Until a server gives it a port, its address is `http://localhost`.
    ///
    /// # Errors
    /// When a certificate cannot be made, which the time of the keys can cause: it has to lie between 1970 and 9989.
    pub fn new(config: Config) -> Result<Self, Error> {
        let keys = config.keys;
        let url = format!("http://{HOST}");
        let mut sigstore = Self {
            chain: Chain::new(&keys)?,
            certificate_log: CertificateLog::new(&keys)?,
            timestamps: TimestampAuthority::new(&keys)?,
            state: Mutex::new(State {
                issued: 0,
                stamped: 0,
                grants: Grants::default(),
                devices: Devices::default(),
                rekor1: Rekor1::new(&keys, HOST)?,
                rekor2: Rekor2::new(&keys, HOST)?,
            }),
            clock: config.clock,
            user: config.user,
            issuers: config.issuers,
            url: String::new(),
            keys,
        };
        sigstore.issuers.insert(0, url.clone());
        sigstore.url = url;
        Ok(sigstore)
    }

    /// Where the services are, which is the issuer of identity tokens too.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn listen_at(&mut self, port: u16) {
        self.url = format!("http://{HOST}:{port}");
        self.issuers[0].clone_from(&self.url);
    }

    /// An identity token. The claims may name another issuer or audience.
    ///
    /// # Errors
    /// When the RSA key cannot be made.
    pub fn mint(&self, claims: &Claims) -> Result<String, Error> {
        oidc::mint(self.keys.oidc()?, &self.url, self.now(), claims.clone())
    }

    /// A token of the sandbox's own user.
    ///
    /// # Errors
    /// As [`Sigstore::mint`].
    pub fn mint_user(&self) -> Result<String, Error> {
        self.mint(&self.user)
    }

    /// The bearer token that the ambient endpoint `/gha` asks for, as GitHub's does.
    #[must_use]
    pub fn ambient_request_token(&self) -> String {
        hex::encode(self.keys.serial("ambient", &[]))
    }

    /// A signing certificate, as Fulcio issues it.
    ///
    /// # Errors
    /// When the token is not accepted, or the proof of possession does not hold.
    pub fn issue_certificate(&self, token: &str, proof: KeyProof<'_>) -> Result<IssuedCertificate, Error> {
        let now = self.now();
        let accepted = Accepted {
            key: self.keys.oidc()?,
            issuers: &self.issuers,
            now,
        };
        let profile = Profile::of(&VerifiedToken::verify(token, &accepted)?)?;
        let public_key = proof.check(&profile.challenge)?;
        let serial = {
            let mut state = self.state();
            state.issued += 1;
            self.numbered("leaf", state.issued, now)
        };
        let issuing = Issuing {
            chain: &self.chain,
            log: &self.certificate_log,
            profile: &profile,
            public_key: &public_key,
            serial,
            now,
        };
        issuing.issue()
    }

    /// Records an entry in version 1 of the log.
    ///
    /// # Errors
    /// When its signature does not verify, or the log holds it already.
    pub fn log_v1(&self, proposal: &ProposalV1) -> Result<LoggedV1, Error> {
        let now = self.now();
        self.state().rekor1.record(proposal, now)
    }

    /// Records an entry in version 2 of the log and returns a `TransparencyLogEntry`.
    ///
    /// # Errors
    /// When its signature does not verify, or the log holds it already.
    pub fn log_v2(&self, request: &RequestV2) -> Result<Value, Error> {
        self.state().rekor2.record(request)
    }

    /// The DER of a timestamp response (RFC 3161).
    ///
    /// # Errors
    /// When the clock shows a time that DER cannot express.
    pub fn timestamp(&self, request: &TimestampRequest) -> Result<Vec<u8>, Error> {
        let now = self.now();
        let serial = {
            let mut state = self.state();
            state.stamped += 1;
            self.numbered("timestamp", state.stamped, now)
        };
        self.timestamps.stamp(request, serial, now)
    }

    /// What clients trust. It does not depend on the port.
    ///
    /// # Errors
    /// Never for a sandbox that was set up.
    pub fn trusted_root_json(&self) -> Result<String, Error> {
        text(&self.trusted_root()?)
    }

    /// Where clients find the services: both versions of the log, of which clients take the highest they know.
    ///
    /// # Errors
    /// Never for a sandbox that was set up.
    pub fn signing_config_json(&self) -> Result<String, Error> {
        text(&self.signing_config(&[2, 1]))
    }

    /// The same with one version of the log only.
    ///
    /// # Errors
    /// Never for a sandbox that was set up.
    pub fn signing_config_json_with_rekor(&self, version: u32) -> Result<String, Error> {
        text(&self.signing_config(&[version]))
    }

    /// Trust root and signing configuration in one, as sigstore-python takes it.
    ///
    /// # Errors
    /// Never for a sandbox that was set up.
    pub fn client_trust_config_json(&self) -> Result<String, Error> {
        text(&trust::client_trust_config(
            self.trusted_root()?,
            self.signing_config(&[2, 1]),
        ))
    }

    /// The same with one version of the log only.
    ///
    /// # Errors
    /// Never for a sandbox that was set up.
    pub fn client_trust_config_json_with_rekor(&self, version: u32) -> Result<String, Error> {
        text(&trust::client_trust_config(
            self.trusted_root()?,
            self.signing_config(&[version]),
        ))
    }

    /// The first root of the TUF repository.
    ///
    /// # Errors
    /// Never for a sandbox that was set up.
    pub fn tuf_root_json(&self) -> Result<String, Error> {
        String::from_utf8(tuf::root(&self.keys)?).map_err(|error| Error::internal("TUF metadata", error))
    }

    pub(crate) fn tuf_repository(&self) -> Result<BTreeMap<String, Vec<u8>>, Error> {
        let files = BTreeMap::from([
            (
                "signing_config.v0.2.json".to_owned(),
                self.signing_config_json()?.into_bytes(),
            ),
            ("trusted_root.json".to_owned(), self.trusted_root_json()?.into_bytes()),
        ]);
        tuf::repository(&self.keys, files)
    }

    pub(crate) fn key_set(&self) -> Result<Value, Error> {
        Ok(self.keys.oidc()?.key_set())
    }

    /// Hands out a code for a login that somebody consented to.
    pub(crate) fn authorize(&self, consent: Consent) -> String {
        let now = self.now();
        let name = |number| hex::encode(self.numbered("code", number, now));
        self.state().grants.hand_out(consent, now, name)
    }

    /// Turns a code into a token.
    pub(crate) fn redeem(&self, code: &str, shown: Shown<'_>) -> Result<String, Error> {
        let now = self.now();
        let consent = self.state().grants.redeem(code, shown, now)?;
        self.mint_for(consent)
    }

    /// Lets a device wait for a person.
    pub(crate) fn take_in_device(&self, authorization: Authorization) -> DeviceCodes {
        let now = self.now();
        let codes = |number| DeviceCodes::of(self.numbered("device", number, now));
        self.state().devices.take_in(authorization, now, codes)
    }

    /// Whether a device with this code waits.
    pub(crate) fn awaits_decision(&self, user_code: &str) -> bool {
        let now = self.now();
        self.state().devices.awaits(user_code, now)
    }

    /// Notes what a person said about a device; whether there is one with that code.
    pub(crate) fn decide_device(&self, user_code: &str, decision: Decision) -> bool {
        let now = self.now();
        self.state().devices.decide(user_code, decision, now)
    }

    /// Turns the code of a device into a token, once a person has consented.
    pub(crate) fn redeem_device(&self, code: &str, shown: Shown<'_>) -> Result<String, Error> {
        let now = self.now();
        let consent = self.state().devices.ask(code, shown, now)?;
        self.mint_for(consent)
    }

    /// The address of the sandbox's user, if it has one.
    pub(crate) fn user_address(&self) -> Option<String> {
        self.user.text("email")
    }

    fn mint_for(&self, consent: Consent) -> Result<String, Error> {
        let Consent { authorization, address } = consent;
        let mut claims = address.map_or_else(|| self.user.clone(), |address| Claims::email(&address));
        for (name, value) in [("nonce", authorization.nonce), ("aud", authorization.client)] {
            if let Some(value) = value {
                claims = claims.with(name, value);
            }
        }
        self.mint(&claims)
    }

    /// The certificates above every leaf: intermediate, root.
    pub(crate) fn chain(&self) -> &Chain {
        &self.chain
    }

    pub(crate) fn timestamp_authority(&self) -> &TimestampAuthority {
        &self.timestamps
    }

    pub(crate) fn with_rekor1<T>(&self, look: impl FnOnce(&Rekor1) -> T) -> T {
        look(&self.state().rekor1)
    }

    pub(crate) fn with_rekor2<T>(&self, look: impl FnOnce(&Rekor2) -> T) -> T {
        look(&self.state().rekor2)
    }

    pub(crate) fn issuers(&self) -> &[String] {
        &self.issuers
    }

    /// What the ambient endpoint says of the workflow it stands for.
    pub(crate) fn workflow(&self) -> Claims {
        Claims::github("example/project", ".github/workflows/release.yml", "refs/heads/main")
    }

    fn trusted_root(&self) -> Result<Value, Error> {
        let state = self.state();
        let rekor2_key = state.rekor2.public_key();
        let p256 = "PKIX_ECDSA_P256_SHA_256";
        let root = TrustedRoot {
            base_url: &format!("http://{HOST}"),
            from: self.keys.created(),
            logs: &[
                LogKey {
                    public_key: state.rekor1.public_key(),
                    details: p256,
                    id: state.rekor1.id(),
                },
                LogKey {
                    public_key: &rekor2_key,
                    details: "PKIX_ED25519",
                    id: state.rekor2.id(),
                },
            ],
            certificate_logs: &[LogKey {
                public_key: self.certificate_log.public_key(),
                details: p256,
                id: self.certificate_log.id(),
            }],
            authority: &[&self.chain.intermediate, &self.chain.root],
            timestamps: &[&self.timestamps.leaf, &self.timestamps.root],
        };
        root.json()
    }

    fn signing_config(&self, rekor_versions: &[u32]) -> Value {
        trust::signing_config(&self.url, self.keys.created(), rekor_versions)
    }

    /// A serial number that no other certificate or token of these keys has, even after a restart at another time.
    fn numbered(&self, label: &str, number: u64, now: Timestamp) -> [u8; 20] {
        let content = [
            number.to_be_bytes(),
            now.as_nanosecond().to_be_bytes()[8..].try_into().unwrap_or_default(),
        ];
        self.keys.serial(label, &content.concat())
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn text(value: &Value) -> Result<String, Error> {
    serde_json::to_string_pretty(value).map_err(|error| Error::internal("JSON", error))
}
