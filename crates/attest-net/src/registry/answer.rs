use oci_distribution::errors::OciEnvelope;
use serde_json::Value;

/// How much of what a registry says is shown, in characters.
const MAX_CHARACTERS: usize = 500;

/// The most errors of one answer that are shown.
const MAX_ERRORS: usize = 3;

/// What the body of an error says, to a person.
///
/// Source: OCI distribution-spec 1.1, "Error Codes". Token services and proxies in front answer otherwise.
pub(super) fn message(body: &[u8]) -> String {
    let text = match serde_json::from_slice::<OciEnvelope>(body) {
        Ok(envelope) if !envelope.errors.is_empty() => of_envelope(&envelope),
        _ => of_others(body),
    };
    match text.trim() {
        "" => "no message".to_owned(),
        text => text.chars().take(MAX_CHARACTERS).collect(),
    }
}

/// How a registry says that one may not look.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    Denied,
    Unauthorized,
}

/// Whether the body of an error says that one may not look, whatever its status is.
pub(super) fn refusal(body: &[u8]) -> Option<Refusal> {
    codes(body).iter().find_map(|code| match code.as_str() {
        "DENIED" => Some(Refusal::Denied),
        "UNAUTHORIZED" => Some(Refusal::Unauthorized),
        _ => None,
    })
}

/// Whether the body of an error says that the registry does not do what it is asked for.
///
/// Source: OCI distribution-spec 1.1, "Error Codes", `UNSUPPORTED`.
pub(super) fn is_unsupported(body: &[u8]) -> bool {
    codes(body).iter().any(|code| code == "UNSUPPORTED")
}

fn codes(body: &[u8]) -> Vec<String> {
    let parsed: Value = serde_json::from_slice(body).unwrap_or_default();
    let errors = parsed["errors"].as_array().into_iter().flatten();
    errors
        .filter_map(|error| error["code"].as_str().map(str::to_owned))
        .collect()
}

fn of_envelope(envelope: &OciEnvelope) -> String {
    let errors = envelope.errors.iter().take(MAX_ERRORS).map(|error| {
        let code = serde_json::to_value(&error.code).unwrap_or_default();
        let code = code.as_str().unwrap_or_default().to_owned();
        let detail = match &error.detail {
            Value::String(detail) if error.message.is_empty() => detail,
            _ => &error.message,
        };
        match detail.is_empty() {
            true => code,
            false => format!("{code}: {detail}"),
        }
    });
    errors.collect::<Vec<_>>().join("; ")
}

fn of_others(body: &[u8]) -> String {
    let parsed: Value = serde_json::from_slice(body).unwrap_or_default();
    let said = ["details", "message", "error_description", "error"]
        .iter()
        .find_map(|key| parsed[*key].as_str());
    match said {
        Some(said) => said.to_owned(),
        None => String::from_utf8_lossy(body)
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_one_by_its_code() {
        for (body, expected) in [
            (r#"{"errors":[{"code":"X"},{"code":"DENIED"}]}"#, Some(Refusal::Denied)),
            (r#"{"errors":[{"code":"UNAUTHORIZED"}]}"#, Some(Refusal::Unauthorized)),
            (r#"{"errors":[{"code":"MANIFEST_UNKNOWN","message":"DENIED"}]}"#, None),
            (r#"{"errors":[]}"#, None),
            ("DENIED", None),
        ] {
            assert_eq!(refusal(body.as_bytes()), expected);
        }
    }

    #[test]
    fn what_a_registry_says_is_shown_with_its_code() {
        for (body, expected) in [
            (
                r#"{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown","detail":{"Tag":"v1"}}]}"#,
                "MANIFEST_UNKNOWN: manifest unknown",
            ),
            (
                r#"{"errors":[{"code":"TOOMANYREQUESTS","detail":"slow down"},{"code":"X_LOCKED","message":"locked"}]}"#,
                "TOOMANYREQUESTS: slow down; X_LOCKED: locked",
            ),
            (r#"{"errors":[{"code":"DENIED"}]}"#, "DENIED"),
            (
                r#"{"details":"incorrect username or password"}"#,
                "incorrect username or password",
            ),
            ("<html>\n  bad\n gateway</html>", "<html> bad gateway</html>"),
            ("", "no message"),
        ] {
            assert_eq!(message(body.as_bytes()), expected);
        }
        assert_eq!(message(&[b'x'; 600]).len(), MAX_CHARACTERS);
        let many = format!(r#"{{"errors":[{}]}}"#, [r#"{"code":"X"}"#; 9].join(","));
        assert_eq!(message(many.as_bytes()), "X; X; X");
    }
}
