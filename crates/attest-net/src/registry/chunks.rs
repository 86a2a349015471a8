use bytes::Bytes;
use reqwest::{Method, Url};

use super::client::Client;
use super::credential::Credential;
use super::exchange::{Call, Reply};
use super::feed::Outgoing;
use super::manifest::require_digest;
use super::origin::led;
use super::patience::{Failed, Patience};
use super::session::Access;
use super::upload::{Begun, Source, ending, open};
use super::{BlobAddress, Error};

/// How long a piece is, in bytes: it is held in memory until the registry has it, once for each upload at a time.
const PIECE: u64 = 8 << 20;

/// The longest piece that a registry may ask for, in bytes; those that ask at all ask for 5 MiB to 16 MiB.
const MAX_PIECE: u64 = 64 << 20;

/// An upload in pieces.
struct Pieces<'a> {
    address: BlobAddress<'a>,
    location: Url,
    outgoing: Outgoing<'a>,
    /// What was read and is not known to be in the registry.
    held: Bytes,
    /// How much of the blob is there.
    there: u64,
}

impl Client {
    /// Sends a blob piece by piece; after a failure the registry is asked how far it got.
    ///
    /// Source: OCI distribution-spec 1.1, "Pushing a blob in chunks".
    pub(super) fn send_in_pieces(
        &self,
        begun: Begun,
        address: BlobAddress<'_>,
        source: &Source<'_>,
    ) -> Result<(), Failed> {
        let length = begun.least.clamp(PIECE, MAX_PIECE);
        let mut pieces = Pieces {
            address,
            location: begun.location,
            outgoing: Outgoing::new(open(source, address)?, address),
            held: Bytes::new(),
            there: 0,
        };
        let mut patience = Patience::new(&self.options().patience);
        while pieces.there < address.size {
            if pieces.held.is_empty() {
                pieces.held = pieces.outgoing.next(length as usize)?.unwrap_or_default();
            }
            let Err(failed) = self.send_piece(&mut pieces) else {
                continue;
            };
            // Out of step: where the registry is, it says below.
            let again = failed.again || matches!(failed.error, Error::Status { status: 416, .. });
            patience.wait_at(pieces.there, Failed { again, ..failed })?;
            self.catch_up(&mut pieces).map_err(or_begin_anew)?;
        }
        let call = ending(pieces.location, address).with("content-length", "0");
        let reply = self.attempt_upload(&call, address)?;
        Ok(require_digest(&reply, address.digest)?)
    }

    fn send_piece(&self, pieces: &mut Pieces<'_>) -> Result<(), Failed> {
        let (from, length) = (pieces.there, pieces.held.len() as u64);
        let access = Access::writing(pieces.address.repository);
        let call = Call::new(Method::PATCH, pieces.location.clone(), access)
            .with("content-type", "application/octet-stream")
            .with("content-range", format!("{from}-{}", from + length - 1))
            .body(pieces.held.clone());
        let reply = self.attempt_upload(&call, pieces.address)?;
        pieces.follow(&reply)?;
        match there(&reply) {
            Some(there) => pieces.advance(there),
            None => pieces.advance(from + length),
        }
    }

    /// Asks how far an upload got.
    fn catch_up(&self, pieces: &mut Pieces<'_>) -> Result<(), Failed> {
        let access = Access::writing(pieces.address.repository);
        let call = Call::new(Method::GET, pieces.location.clone(), access);
        let reply = self.attempt_upload(&call, pieces.address)?;
        pieces.follow(&reply)?;
        let there = there(&reply).unwrap_or_default();
        pieces.advance(there)
    }

    /// An attempt that gives nothing to another host.
    fn attempt_upload(&self, call: &Call<'_>, address: BlobAddress<'_>) -> Result<Reply<'_>, Failed> {
        if super::origin::is_same(&call.url, &self.url(address.repository, "")?) {
            return self.attempt(call, &[]);
        }
        let built = self.build(call, &call.url, None)?.body(call.body.clone());
        let response = self.send(built, &call.url, call.body.len())?;
        self.judge(response, &call.url, &[], &Credential::Anonymous)
    }
}

/// Some registries cannot say how far an upload got, and some have forgotten it.
fn or_begin_anew(failed: Failed) -> Failed {
    Failed {
        again: failed.again || matches!(failed.error, Error::Status { status: 400..=499, .. }),
        ..failed
    }
}

impl Pieces<'_> {
    fn follow(&mut self, reply: &Reply<'_>) -> Result<(), Error> {
        if let Some(location) = reply.header("location") {
            self.location = led(reply.url(), &location)?;
        }
        Ok(())
    }

    /// The registry has so much: what it has is let go of. If that is not within what is held, the upload has to begin anew.
    fn advance(&mut self, there: u64) -> Result<(), Failed> {
        let ahead = there
            .checked_sub(self.there)
            .filter(|ahead| *ahead <= self.held.len() as u64);
        let Some(ahead) = ahead else {
            return Err(Failed::transient(Error::Answer {
                url: super::origin::shown(&self.location),
                expected: "an upload that goes on where it was",
                found: format!("one that is at {there} of {}", self.address.size),
            }));
        };
        self.held = self.held.slice(ahead as usize..);
        self.there = there;
        Ok(())
    }
}

/// How much a registry says that it has: `Range: 0-N`, where `0-0` also stands for nothing.
fn there(reply: &Reply<'_>) -> Option<u64> {
    last(&reply.header("range")?)
}

fn last(range: &str) -> Option<u64> {
    let range = range.trim().trim_start_matches("bytes=");
    match range.split_once('-')?.1.trim().parse::<u64>().ok()? {
        0 => Some(0),
        last => last.checked_add(1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_says_how_much_is_there() {
        for (range, expected) in [
            ("0-0", Some(0)),
            ("0-9", Some(10)),
            ("bytes=0-9", Some(10)),
            ("0-18446744073709551615", None),
            ("9", None),
            ("", None),
        ] {
            assert_eq!(last(range), expected, "{range}");
        }
    }
}
