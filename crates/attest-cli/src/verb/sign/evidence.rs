use attest_net::Wanted;

use crate::failure::Failure;

/// What a bundle is to hold beside the signature.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct EvidenceArguments {
    /// Publish nothing: nobody can find out that the signature exists, and whoever verifies has to say
    /// `--insecure-ignore-tlog` unless their trust root has no log
    #[arg(long)]
    no_log: bool,
    /// Have nobody sign the time: whoever verifies cannot tell when it was signed. Only with `--key`, or with Rekor 1, which
    /// signs the time itself
    #[arg(long)]
    no_timestamp: bool,
    /// cosign's word: `false` is `--no-log`
    #[arg(long, value_name = "BOOL", hide = true, action = clap::ArgAction::Set, num_args = 0..=1,
          require_equals = true, default_value_t = true, default_missing_value = "true", conflicts_with = "no_log")]
    tlog_upload: bool,
    /// Sign and timestamp now, and leave the log for `attest sign --resume`: writes FILE.sigstore.json.pending
    #[arg(long, conflicts_with_all = ["no_log", "resume"])]
    defer_log: bool,
}

/// The same, decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Evidence {
    pub(super) log: Log,
    pub(super) timestamp: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Log {
    Now,
    Later,
    Never,
}

impl EvidenceArguments {
    pub(super) fn evidence(&self) -> Evidence {
        let log = match (self.no_log || !self.tlog_upload, self.defer_log) {
            (true, _) => Log::Never,
            (false, true) => Log::Later,
            (false, false) => Log::Now,
        };
        let timestamp = !self.no_timestamp;
        Evidence { log, timestamp }
    }
}

impl Evidence {
    /// A certificate counts only at a signed time. Said before anybody is asked for anything.
    pub(super) fn check(self, certified: bool) -> Result<(), Failure> {
        match (self.log, self.timestamp) {
            (Log::Never | Log::Later, false) if certified => Err(Failure::usage(
                "evidence-missing",
                "expected somebody to sign the time: a certificate counts only at a time that is signed, so that nobody could \
                 verify this bundle",
            )
            .hint("leave out `--no-timestamp`, or sign with a key that verifiers know: `attest sign --key KEY`")),
            _ => Ok(()),
        }
    }

    /// What services are needed for.
    pub(super) fn wanted(self, certificate: bool) -> Wanted {
        Wanted {
            certificate,
            log: self.log != Log::Never,
            timestamp: self.timestamp,
        }
    }

    /// Whether a trust root says anything about such bundles.
    pub(super) fn has_witnesses(self) -> bool {
        self.log != Log::Never || self.timestamp
    }
}
