//! Keyless signing for every verb that signs: which services, which identity, and how their failures are told.

mod ambient;
mod consent;
mod failure;
mod identity;
mod login;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use attest_net::{
    Choice, Endpoint, Http, HttpOptions, Identity, IdentitySource, RekorVersion, Services, SigningConfig, Sigstore,
    Wanted,
};
use attest_sign::{Clock, EphemeralKey, KeyAlgorithm, Session, TransparencyLog, Witnesses};
use jiff::Timestamp;

use crate::context::Context;
use crate::failure::Failure;
use crate::input_file::{InputFile, MAX_CONFIGURATION_BYTES};
use crate::trust::{self, SigningTrust};
pub(crate) use failure::{failure, net as net_failure};
use identity::Chosen;
pub(crate) use login::LoginArguments;

/// Who signs, and through which services.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct KeylessArguments {
    /// Services to sign through [default: the instance of `attest trust init`, else the public-good instance of Sigstore]
    #[arg(long, value_name = "FILE")]
    pub(crate) signing_config: Option<PathBuf>,
    /// An identity token, or a file that holds one [default: SIGSTORE_ID_TOKEN, else what the CI platform offers]
    #[arg(long, value_name = "TOKEN|FILE")]
    pub(crate) identity_token: Option<String>,
    #[command(flatten)]
    pub(crate) login: LoginArguments,
    /// Version of the transparency log [default: the highest that the services offer]
    #[arg(long, value_name = "1|2", value_parser = rekor_version)]
    pub(crate) rekor_version: Option<RekorVersion>,
    /// How long a service that is busy or away is asked again, for each request
    #[arg(long, value_name = "SECONDS", default_value_t = RETRY_SECONDS)]
    pub(crate) retry_for: u16,
    /// Open no connection: what would need one is an error
    #[arg(long)]
    pub(crate) offline: bool,
}

/// A minute and a half: rolling restarts of a service are over by then, and a job does not hang.
const RETRY_SECONDS: u16 = 90;

/// Everything that a keyless session borrows.
pub(crate) struct Connection {
    reach: Reach,
    identity: Identity,
}

/// The services of an instance, and what time it is.
pub(crate) struct Reach {
    sigstore: Sigstore,
    clock: Arc<dyn Clock>,
}

/// What a person or the platform is asked for, once the services are known.
struct Ground {
    config: SigningConfig,
    services: Services,
    http: Arc<Http>,
    clock: Arc<dyn Clock>,
}

impl KeylessArguments {
    /// Whether services and identity can be chosen; nobody logs in, and nothing is sent.
    pub(crate) fn check(&self, context: &Context<'_>) -> Result<(), Failure> {
        self.refuse_offline(Wanted::default())?;
        let clock = clock(context.now, context.started)?;
        let config = self.config(context)?;
        self.services(&config, clock.now(), Wanted::default())?;
        match self.choose(context)? {
            Chosen::Source(_) => Ok(()),
            Chosen::Login(_) => {
                self.issuer(&config, clock.now())?;
                self.login.check()
            }
        }
    }

    /// Chooses services and identity. A person logs in here, and is asked before a name is published.
    pub(crate) fn connect(&self, context: &mut Context<'_>) -> Result<Connection, Failure> {
        self.connect_for(Wanted::default(), context)
    }

    /// The same, for signatures that need not have every kind of evidence.
    pub(crate) fn connect_for(&self, wanted: Wanted, context: &mut Context<'_>) -> Result<Connection, Failure> {
        let ground = self.ground(wanted, context)?;
        let identity = self.identity(&ground, context)?;
        if context.person && !self.login.yes && !ground.services.is_local() {
            let token = identity.look_ahead().map_err(|error| failure(&error))?;
            consent::ask(&token, context, &mut consent::typed)?;
        }
        Ok(Connection {
            reach: ground.into(),
            identity,
        })
    }

    /// Chooses services for somebody who needs no identity.
    pub(crate) fn reach(&self, wanted: Wanted, context: &Context<'_>) -> Result<Reach, Failure> {
        self.ground(wanted, context).map(Reach::from)
    }

    fn ground(&self, wanted: Wanted, context: &Context<'_>) -> Result<Ground, Failure> {
        self.refuse_offline(wanted)?;
        let clock = clock(context.now, context.started)?;
        let config = self.config(context)?;
        let services = self.services(&config, clock.now(), wanted)?;
        let options = HttpOptions {
            budget: Duration::from_secs(self.retry_for.into()),
            ..HttpOptions::default()
        };
        let http = Arc::new(Http::new(options).map_err(|error| failure::net(&error))?);
        Ok(Ground {
            config,
            services,
            http,
            clock,
        })
    }

    fn identity(&self, ground: &Ground, context: &mut Context<'_>) -> Result<Identity, Failure> {
        let clock = || Arc::clone(&ground.clock);
        match self.choose(context)? {
            Chosen::Source(source) => Ok(Identity::new(source, &ground.http, clock())),
            Chosen::Login(flow) => {
                let place = login::Ground {
                    issuer: self.issuer(&ground.config, ground.clock.now())?,
                    http: &ground.http,
                    clock: clock(),
                };
                let token = self.login.log_in(flow, place, context)?;
                let source = IdentitySource::Given(token);
                Ok(Identity::new(source, &ground.http, clock()).for_client(self.login.client_id()))
            }
        }
    }

    /// A key alone needs nobody.
    fn refuse_offline(&self, wanted: Wanted) -> Result<(), Failure> {
        let alone = !(wanted.certificate || wanted.log || wanted.timestamp);
        match (self.offline, wanted.certificate) {
            (true, true) => Err(trust::offline("signing without a key of one's own")),
            (true, false) if !alone => Err(trust::offline("a log entry or a timestamp")),
            _ => Ok(()),
        }
    }

    fn choose(&self, context: &Context<'_>) -> Result<Chosen, Failure> {
        identity::choose(self.identity_token.as_deref(), &self.login, context)
    }

    fn config(&self, context: &Context<'_>) -> Result<SigningConfig, Failure> {
        let Some(path) = &self.signing_config else {
            return Ok(SigningTrust::load(&context.environment)?.config);
        };
        let json = read(path, "signing-config-unreadable")?;
        SigningConfig::parse(&json).map_err(|error| self.of_config(&error))
    }

    fn services(&self, config: &SigningConfig, now: Timestamp, wanted: Wanted) -> Result<Services, Failure> {
        let rekor = self.rekor_version;
        let services = config.choose(&Choice { now, rekor, wanted });
        services.map_err(|error| self.of_config(&error))
    }

    /// Where people log in: where the argument says, else where the services say.
    fn issuer(&self, config: &SigningConfig, now: Timestamp) -> Result<Endpoint, Failure> {
        if let Some(issuer) = self.login.issuer()? {
            return Ok(issuer);
        }
        let issuer = config.identity_provider(now).cloned();
        issuer.map_err(|error| self.of_config(&error).hint("name one with `--oidc-issuer URL`"))
    }

    fn of_config(&self, error: &attest_net::Error) -> Failure {
        let failure = failure::net(error);
        match &self.signing_config {
            Some(path) => failure.at(path.display()),
            None => failure,
        }
    }
}

impl Connection {
    /// Has logs shown again what an earlier attempt has left in them.
    pub(crate) fn knowing_logs(self, ids: &[Vec<u8>]) -> Self {
        Self {
            reach: self.reach.knowing_logs(ids),
            ..self
        }
    }

    /// Asks for one certificate, for a key on P-256 that lives as long as the session.
    pub(crate) fn open(&self) -> Result<Session<'_>, Failure> {
        self.open_with(KeyAlgorithm::EcdsaP256)
    }

    /// The same, for another kind of key.
    pub(crate) fn open_with(&self, kind: KeyAlgorithm) -> Result<Session<'_>, Failure> {
        let key = EphemeralKey::generate_kind(kind).map_err(|error| failure(&error))?;
        let ports = self.reach.sigstore.ports(&self.identity, self.reach.clock.as_ref());
        Session::open(&ports, Box::new(key)).map_err(|error| failure(&error))
    }

    /// The time now, by the clock that the session uses.
    pub(crate) fn now(&self) -> Timestamp {
        self.reach.now()
    }
}

impl Reach {
    /// Has logs shown again what an earlier attempt has left in them.
    pub(crate) fn knowing_logs(mut self, ids: &[Vec<u8>]) -> Self {
        self.sigstore = self.sigstore.knowing_logs(ids);
        self
    }

    /// The logs and timestamp authorities, for a session with a key of one's own.
    pub(crate) fn witnesses(&self) -> Witnesses<'_> {
        self.sigstore.witnesses()
    }

    /// The logs that were chosen.
    pub(crate) fn logs(&self) -> Vec<&dyn TransparencyLog> {
        self.sigstore.logs().collect()
    }

    /// The time now.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

impl From<Ground> for Reach {
    fn from(ground: Ground) -> Self {
        Self {
            sigstore: Sigstore::connect(&ground.services, &ground.http),
            clock: ground.clock,
        }
    }
}

/// Reads a configuration, with the code for one that cannot be read.
pub(crate) fn read(path: &Path, unreadable: &'static str) -> Result<Vec<u8>, Failure> {
    let limit = MAX_CONFIGURATION_BYTES;
    InputFile {
        path,
        unreadable,
        limit,
    }
    .read()
}

/// The wall clock as it was when the process began, going on from there: setting it back does not renew a certificate.
fn clock(began: SystemTime, start: Instant) -> Result<Arc<dyn Clock>, Failure> {
    let base = Timestamp::try_from(began).map_err(|error| {
        Failure::undecided(
            "clock-unusable",
            format_args!("the system clock cannot be used: {error}"),
        )
    })?;
    Ok(Arc::new(move || {
        base.saturating_add(Duration::min(start.elapsed(), FOREVER))
            .unwrap_or(base)
    }))
}

/// More than any process runs, and nothing that a timestamp cannot hold.
const FOREVER: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

fn rekor_version(text: &str) -> Result<RekorVersion, String> {
    match text {
        "1" => Ok(RekorVersion::V1),
        "2" => Ok(RekorVersion::V2),
        other => Err(format!("expected 1 or 2, found `{other}`")),
    }
}
