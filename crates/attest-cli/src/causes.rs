use std::error::Error;

/// An error and what led to it: libraries do not repeat a source in their own text.
pub(crate) fn with_causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(found) = cause {
        text.push_str(": ");
        text.push_str(&found.to_string());
        cause = found.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use std::io;

    use attest_store::StoreError;

    use super::*;

    #[test]
    fn a_cause_is_told_once() {
        let error = StoreError::Io {
            path: "a.sigstore.json".into(),
            source: io::Error::other("the disk is gone"),
        };
        assert_eq!(error.to_string(), "cannot read `a.sigstore.json`");
        assert_eq!(with_causes(&error), "cannot read `a.sigstore.json`: the disk is gone");
    }
}
