use attest_net::{ListedAuthority, ListedLog, Window};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::show::Shown;

/// Documented in `docs/TRUST-ROOTS.md`.
const SCHEMA: &str = "https://attest.dev/schema/trust/v1";

pub(super) fn render(shown: &[Shown], now: Timestamp) -> String {
    let document = json!({
        "schema": SCHEMA,
        "time": now.to_string(),
        "roots": shown.iter().map(|shown| root(shown, now)).collect::<Vec<_>>(),
    });
    serde_json::to_string_pretty(&document).expect("strings, numbers and lists have a JSON form")
}

fn root(shown: &Shown, now: Timestamp) -> Value {
    let mut value = shown.known.origin.to_json(now);
    let listing = &shown.listing;
    value["certificateAuthorities"] = listing.authorities.iter().map(authority).collect();
    value["transparencyLogs"] = listing.logs.iter().map(log).collect();
    value["certificateTransparencyLogs"] = listing.certificate_logs.iter().map(log).collect();
    value["timestampAuthorities"] = listing.timestamp_authorities.iter().map(authority).collect();
    value
}

fn authority(authority: &ListedAuthority) -> Value {
    let certificates = authority.certificates.iter();
    let certificates = certificates.map(|one| json!({ "subject": one.subject, "sha256": one.sha256 }));
    let mut value = json!({ "name": authority.name, "certificates": certificates.collect::<Vec<_>>() });
    put(&mut value, &authority.window);
    value
}

fn log(log: &ListedLog) -> Value {
    let mut value = json!({ "url": log.url, "id": log.id, "key": log.key });
    put(&mut value, &log.window);
    value
}

fn put(value: &mut Value, window: &Window) {
    value["start"] = json!(window.start.map(|time| time.to_string()));
    value["end"] = json!(window.end.map(|time| time.to_string()));
}
