use std::fmt::Write as _;

use attest_net::{ListedAuthority, ListedLog, TrustListing, Window};
use jiff::Timestamp;

use super::{json, print};
use crate::context::Context;
use crate::exit::Outcome;
use crate::failure::Failure;
use crate::trust::{self, Directory, Instance, Known, TrustArguments};
use crate::visible::visible;

/// Show whom this program believes: authorities and logs, since when, and where that is from
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Which instances [default: those that count: the initialised one, else the public ones]
    #[arg(value_name = "INSTANCE", conflicts_with_all = ["trusted_root", "max_trust_age"])]
    instances: Vec<Instance>,
    #[command(flatten)]
    trust: TrustArguments,
    /// How it is written
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// A table for each root
    Text,
    /// One document, as docs/TRUST-ROOTS.md says
    Json,
    /// The `trusted_root.json` of one instance, byte for byte, for other programs
    TrustedRoot,
}

/// A trusted root, with everybody in it.
pub(super) struct Shown {
    pub(super) known: Known,
    pub(super) listing: TrustListing,
}

pub(super) fn run(arguments: &Arguments, context: &mut Context<'_>) -> Result<Outcome, Failure> {
    let now = trust::now(context)?;
    let known = match arguments.instances.as_slice() {
        [] => arguments.trust.settle(context)?,
        named => {
            let directory = Directory::of(&context.environment);
            named
                .iter()
                .map(|instance| directory.known(*instance))
                .collect::<Result<_, _>>()?
        }
    };
    let shown = known.into_iter().map(Shown::new).collect::<Result<Vec<_>, _>>()?;
    match (arguments.format, shown.as_slice()) {
        (Format::Text, shown) => print(context, text(shown, now).trim_end())?,
        (Format::Json, shown) => print(context, json::render(shown, now))?,
        (Format::TrustedRoot, [one]) => verbatim(context, one.known.trusted_root())?,
        (Format::TrustedRoot, _) => {
            return Err(
                Failure::usage("trust-instance-missing", "expected one instance, found several")
                    .hint("name it: `attest trust show public-good --format trusted-root`"),
            );
        }
    }
    Ok(Outcome::Accepted)
}

impl Shown {
    fn new(known: Known) -> Result<Self, Failure> {
        // What cannot be verified against is not shown as if it could.
        known.root().map_err(|failure| failure.at(known.origin.shown()))?;
        let listing = TrustListing::read(known.trusted_root())
            .map_err(|error| Failure::usage("trusted-root-invalid", visible(&error.to_string())))?;
        Ok(Self { known, listing })
    }
}

fn verbatim(context: &mut Context<'_>, text: &str) -> Result<(), Failure> {
    let written = context.stdout.write_all(text.as_bytes());
    written.map_err(|error| Failure::undecided("stdout-failed", error))
}

fn text(shown: &[Shown], now: Timestamp) -> String {
    let mut text = String::new();
    for Shown { known, listing } in shown {
        let _ = writeln!(text, "{}", visible(&known.origin.heading()));
        for (name, value) in known.origin.facts(now) {
            let _ = writeln!(text, "  {name:<10} {}", visible(&value));
        }
        authorities(&mut text, "certificate authorities", &listing.authorities, now);
        logs(&mut text, "transparency logs", &listing.logs, now);
        logs(
            &mut text,
            "certificate transparency logs",
            &listing.certificate_logs,
            now,
        );
        authorities(&mut text, "timestamp authorities", &listing.timestamp_authorities, now);
        text.push('\n');
    }
    text
}

fn authorities(text: &mut String, title: &str, authorities: &[ListedAuthority], now: Timestamp) {
    heading(text, title, authorities.len());
    for authority in authorities {
        party(text, &authority.name, &authority.window, now);
        for certificate in &authority.certificates {
            let subject = certificate
                .subject
                .as_deref()
                .unwrap_or("a certificate that cannot be read");
            let _ = writeln!(text, "      sha256:{}  {}", certificate.sha256, visible(subject));
        }
    }
}

fn logs(text: &mut String, title: &str, logs: &[ListedLog], now: Timestamp) {
    heading(text, title, logs.len());
    for log in logs {
        party(text, &log.url, &log.window, now);
        let _ = writeln!(text, "      id {}  {}", log.id, visible(&log.key));
    }
}

fn heading(text: &mut String, title: &str, count: usize) {
    let none = if count == 0 { ": none" } else { "" };
    let _ = writeln!(text, "\n  {title}{none}");
}

fn party(text: &mut String, name: &str, valid: &Window, now: Timestamp) {
    let word = match valid.contains(now) {
        true => "",
        false if valid.start.is_some_and(|start| now < start) => " (not yet)",
        false => " (over; counts for what was signed before)",
    };
    let _ = writeln!(text, "    {:<44} {}{word}", visible(name), window(valid));
}

/// For people; days are as exact as they need.
pub(super) fn window(window: &Window) -> String {
    let day = |time: Timestamp| time.strftime("%Y-%m-%d").to_string();
    match (window.start.map(day), window.end.map(day)) {
        (Some(start), Some(end)) => format!("from {start} to {end}"),
        (Some(start), None) => format!("from {start}"),
        (None, Some(end)) => format!("until {end}"),
        (None, None) => "always".to_owned(),
    }
}
