use std::collections::BTreeSet;
use std::fmt;

use attest_digest::Digest;
use attest_store::image::{MAX_ATTACHMENTS, StoredManifest, StoredManifests};

use crate::failure::Failure;

/// How far it is followed what hangs on something that hangs on an image: a list of contents, its signature, and one of that.
pub(crate) const MAX_HANGING_DEPTH: usize = 4;

/// Everything that hangs on manifests, and on what hangs there.
#[derive(Default)]
pub(crate) struct Hanging {
    /// Each with what it hangs on, which stands before it.
    pub(crate) manifests: Vec<(Digest, StoredManifest)>,
    /// How many are not there, or are none that can be read.
    pub(crate) unreadable: usize,
    /// On how many it was not looked for what hangs there, or not for all of it.
    pub(crate) not_followed: usize,
}

impl Hanging {
    /// Looks for it by `look`, which says what hangs on each of several manifests, level by level. Too much on the subjects themselves is
    /// refused. What hangs on that is followed as far as anybody needs it, and told beyond: whoever may write can make it endless.
    pub(crate) fn on(
        subjects: &[Digest],
        at: &dyn fmt::Display,
        look: impl Fn(&[Digest]) -> Result<Vec<StoredManifests>, Failure>,
    ) -> Result<Self, Failure> {
        let mut all = Self::default();
        // A tag of cosign 2 may lead back to what it hangs on.
        let mut seen: BTreeSet<Digest> = subjects.iter().cloned().collect();
        let mut level = subjects.to_vec();
        let mut room = MAX_ATTACHMENTS;
        for depth in 0..MAX_HANGING_DEPTH {
            let mut next = Vec::new();
            for (subject, found) in level.iter().zip(look(&level)?) {
                match depth {
                    0 => require_few(&found, at)?,
                    _ => all.not_followed += usize::from(found.not_opened > 0),
                }
                all.unreadable += found.unreadable;
                for manifest in found.manifests {
                    if seen.insert(manifest.digest.clone()) {
                        next.push(manifest.digest.clone());
                    }
                    all.manifests.push((subject.clone(), manifest));
                }
            }
            all.not_followed += next.len().saturating_sub(room);
            next.truncate(room);
            room -= next.len();
            level = next;
            if level.is_empty() {
                break;
            }
        }
        all.not_followed += level.len();
        Ok(all)
    }

    /// What a person is told of what was not looked at.
    pub(crate) fn warning(&self) -> Option<String> {
        (self.not_followed > 0).then(|| {
            format!(
                "warning: on {} manifests that hang on the image it was not looked for all that hangs there: {MAX_ATTACHMENTS} are looked at, {MAX_HANGING_DEPTH} deep",
                self.not_followed
            )
        })
    }
}

/// Refuses to copy a part of what hangs on a manifest for the whole.
fn require_few(found: &StoredManifests, at: &dyn fmt::Display) -> Result<(), Failure> {
    match found.not_opened {
        0 => Ok(()),
        more => {
            let message =
                format_args!("expected at most {MAX_ATTACHMENTS} manifests that hang on one, found {more} more");
            Err(Failure::rejected("attachments-too-many", message).at(at))
        }
    }
}

#[cfg(test)]
mod tests {
    use attest_store::image::{Document, Place};

    use super::*;

    fn digest(number: usize) -> Digest {
        format!("sha256:{number:064x}").parse().unwrap()
    }

    fn hangs(number: usize) -> StoredManifest {
        let bytes = b"{\"layers\":[]}".to_vec();
        StoredManifest {
            place: Place::Referrer,
            digest: digest(number),
            document: Document::parse(&bytes).unwrap(),
            bytes,
        }
    }

    /// On each number hangs what `next` says.
    fn on(next: impl Fn(usize) -> Vec<usize>) -> Hanging {
        let number = |digest: &Digest| usize::from_str_radix(&digest.to_hex(), 16).unwrap();
        let look = |level: &[Digest]| {
            let found = level.iter().map(|subject| StoredManifests {
                manifests: next(number(subject)).into_iter().map(hangs).collect(),
                ..StoredManifests::default()
            });
            Ok(found.collect())
        };
        Hanging::on(&[digest(0)], &"here", look).unwrap()
    }

    #[test]
    fn what_hangs_on_what_hangs_there_is_found() {
        let found = on(|number| if number < 2 { vec![number + 1] } else { Vec::new() });
        let pairs: Vec<(Digest, Digest)> = found
            .manifests
            .iter()
            .map(|(subject, manifest)| (subject.clone(), manifest.digest.clone()))
            .collect();
        assert_eq!(pairs, [(digest(0), digest(1)), (digest(1), digest(2))]);
        assert_eq!(found.warning(), None);
    }

    #[test]
    fn what_leads_back_or_never_ends_is_bounded_and_told() {
        let round = on(|number| vec![(number + 1) % 2]);
        assert_eq!((round.manifests.len(), round.not_followed), (2, 0));
        let endless = on(|number| vec![number + 1]);
        assert_eq!(endless.manifests.len(), MAX_HANGING_DEPTH);
        assert_eq!(endless.not_followed, 1);
        assert!(endless.warning().unwrap().contains("on 1 manifests"));
        let many = on(|number| {
            if number == 0 {
                (1..=MAX_ATTACHMENTS + 2).collect()
            } else {
                Vec::new()
            }
        });
        assert_eq!((many.manifests.len(), many.not_followed), (MAX_ATTACHMENTS + 2, 2));
    }
}
