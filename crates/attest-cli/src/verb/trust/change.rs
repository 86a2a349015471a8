use std::collections::BTreeSet;

use attest_net::{ListedAuthority, ListedLog, TrustListing};

use super::show::window;

/// Who came and who went between two trusted roots, and whose time was changed. A root that cannot be listed has nobody.
pub(super) fn changes(before: Option<&str>, after: &str) -> Vec<String> {
    let Some(before) = before else { return Vec::new() };
    let parties = |json: &str| {
        TrustListing::read(json)
            .map(|listing| parties(&listing))
            .unwrap_or_default()
    };
    let (before, after) = (parties(before), parties(after));
    let gone = before.difference(&after).map(|party| format!("- {party}"));
    let come = after.difference(&before).map(|party| format!("+ {party}"));
    gone.chain(come).collect()
}

fn parties(listing: &TrustListing) -> BTreeSet<String> {
    let authority = |kind: &str, authority: &ListedAuthority| {
        let digest = authority.certificates.first().map_or("", |leaf| leaf.sha256.as_str());
        format!(
            "{kind} {} (sha256:{digest}), {}",
            authority.name,
            window(&authority.window)
        )
    };
    let log = |kind: &str, log: &ListedLog| format!("{kind} {} (id {}), {}", log.url, log.id, window(&log.window));
    let mut parties = BTreeSet::new();
    parties.extend(
        listing
            .authorities
            .iter()
            .map(|one| authority("certificate authority", one)),
    );
    parties.extend(listing.logs.iter().map(|one| log("transparency log", one)));
    parties.extend(
        listing
            .certificate_logs
            .iter()
            .map(|one| log("certificate transparency log", one)),
    );
    parties.extend(
        listing
            .timestamp_authorities
            .iter()
            .map(|one| authority("timestamp authority", one)),
    );
    parties
}

#[cfg(test)]
mod tests {
    use attest_net::PUBLIC_GOOD_TRUSTED_ROOT;

    use super::*;

    #[test]
    fn an_end_that_was_set_is_a_change() {
        let after = PUBLIC_GOOD_TRUSTED_ROOT.replace("2022-12-31T23:59:59.999Z", "2022-12-30T23:59:59.999Z");
        let changes = changes(Some(PUBLIC_GOOD_TRUSTED_ROOT), &after);
        assert_eq!(changes.len(), 2, "{changes:?}");
        assert!(changes[0].starts_with("- certificate authority https://fulcio.sigstore.dev (sha256:"));
        assert!(changes[0].ends_with("from 2021-03-07 to 2022-12-31"), "{changes:?}");
        assert!(changes[1].ends_with("from 2021-03-07 to 2022-12-30"), "{changes:?}");
    }

    #[test]
    fn what_is_the_same_or_was_not_there_has_no_changes() {
        assert_eq!(
            changes(Some(PUBLIC_GOOD_TRUSTED_ROOT), PUBLIC_GOOD_TRUSTED_ROOT),
            [""; 0]
        );
        assert_eq!(changes(None, PUBLIC_GOOD_TRUSTED_ROOT), [""; 0]);
    }
}
