use std::io::{self, Read};

use bytes::Bytes;
use reqwest::{Body, Method, Url};
use tokio::sync::mpsc::{self, Sender};
use tokio::time::timeout;

use super::client::Client;
use super::exchange::{Call, Reply, stalled, unreachable};
use super::feed::{Feed, Outgoing};
use super::manifest::require_digest;
use super::options::{COMMIT, STALL};
use super::origin::{is_same, led, shown};
use super::patience::{Failed, Patience};
use super::reference::Repository;
use super::session::Access;
use super::{BlobAddress, Error};
use crate::http::innermost;

/// How many pieces wait for the network.
const WAITING: usize = 4;

/// What opens a blob anew from its beginning, for each attempt.
pub type Source<'a> = dyn Fn() -> io::Result<Box<dyn Read + 'a>> + Sync + 'a;

/// How a blob came to be in a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Upload {
    /// It was there.
    Present,
    /// It was in another repository of the registry.
    Mounted,
    /// It was sent.
    Sent,
}

/// An upload that has begun.
pub(super) struct Begun {
    pub(super) location: Url,
    /// The shortest piece that the registry takes, but for the last one, in bytes.
    pub(super) least: u64,
}

impl Client {
    /// Puts a blob into a repository, unless it is there; from another repository of the registry, if it is there. It is sent in one
    /// request; if that breaks off, the next attempts go in pieces, which are resumed.
    ///
    /// Source: OCI distribution-spec 1.1, "Pushing Blobs".
    ///
    /// # Errors
    /// [`Error::Source`] when `source` cannot be read, [`Error::OtherSource`] when it has other bytes; [`Error`].
    pub fn upload(
        &self,
        address: BlobAddress<'_>,
        mount_from: Option<&Repository>,
        source: &Source<'_>,
    ) -> Result<Upload, Error> {
        let access = Access::writing(address.repository);
        if self.has_blob_as(address, access)? {
            return Ok(Upload::Present);
        }
        let mut begun = match self.mount_if_any(address, mount_from)? {
            Mount::Done => return Ok(Upload::Mounted),
            Mount::Begun(begun) => Some(begun),
            Mount::Refused => None,
        };
        let mut patience = Patience::new(&self.options().patience);
        let mut is_first = true;
        loop {
            let sent = match begun.take() {
                Some(begun) => Ok(begun),
                None => self.begin(address),
            };
            let sent = sent.and_then(|begun| match is_first {
                true => self.send_whole(begun, address, source),
                false => self.send_in_pieces(begun, address, source),
            });
            match sent {
                Ok(()) => return Ok(Upload::Sent),
                Err(failed) => patience.wait(or_lost(failed))?,
            }
            // It may have come, and only the answer was lost.
            if self.has_blob_as(address, access)? {
                return Ok(Upload::Sent);
            }
            is_first = false;
        }
    }

    fn begin(&self, address: BlobAddress<'_>) -> Result<Begun, Failed> {
        let url = self.url(address.repository, "blobs/uploads/")?;
        let call = Call::new(Method::POST, url, Access::writing(address.repository)).with("content-length", "0");
        let reply = self.attempt(&call, &[])?;
        Ok(begun(&reply)?)
    }

    /// Between registries nothing can be mounted.
    fn mount_if_any(&self, address: BlobAddress<'_>, from: Option<&Repository>) -> Result<Mount, Error> {
        match from.filter(|from| from.registry() == address.repository.registry()) {
            Some(from) => self.mount(address, from),
            None => Ok(Mount::Refused),
        }
    }

    fn mount(&self, address: BlobAddress<'_>, from: &Repository) -> Result<Mount, Error> {
        let mut url = self.url(address.repository, "blobs/uploads/")?;
        url.query_pairs_mut()
            .append_pair("mount", &address.digest.to_string())
            .append_pair("from", from.name());
        let access = Access {
            from: Some(from),
            ..Access::writing(address.repository)
        };
        let call = Call::new(Method::POST, url, access).with("content-length", "0");
        match self.ask(&call, &[]) {
            Ok(reply) if reply.status() == 201 => {
                require_digest(&reply, address.digest)?;
                Ok(Mount::Done)
            }
            Ok(reply) => begun(&reply).map(Mount::Begun),
            // Who may not read there may still write here; and the one is tried because it is cheap.
            Err(Error::Status { status: 400..=499, .. } | Error::Denied { .. } | Error::Unauthorized { .. }) => {
                Ok(Mount::Refused)
            }
            Err(error) => Err(error),
        }
    }

    fn send_whole(&self, begun: Begun, address: BlobAddress<'_>, source: &Source<'_>) -> Result<(), Failed> {
        let mut outgoing = Outgoing::new(open(source, address)?, address);
        let call = ending(begun.location, address)
            .with("content-type", "application/octet-stream")
            .with("content-length", address.size.to_string());
        let reply = self.feed(&call, address, &mut outgoing)?;
        Ok(require_digest(&reply, address.digest)?)
    }

    /// Reads on this thread, and sends on another.
    fn feed(
        &self,
        call: &Call<'_>,
        address: BlobAddress<'_>,
        outgoing: &mut Outgoing<'_>,
    ) -> Result<Reply<'_>, Failed> {
        let authorization = self.authorization_for(call, address)?;
        let (sender, pieces) = mpsc::channel(WAITING);
        let body = Body::wrap(Feed {
            pieces,
            left: address.size,
        });
        let built = self.build(call, &call.url, authorization.as_ref())?.body(body);
        let task = self.runtime().spawn(built.send());
        if let Err(failed) = self.pour(outgoing, &sender, &call.url) {
            task.abort();
            return Err(failed);
        }
        drop(sender);
        let answer = match self.runtime().block_on(async { timeout(COMMIT, task).await }) {
            Ok(Ok(answer)) => answer.map_err(|error| unreachable(&call.url, innermost(&error)))?,
            Ok(Err(error)) => return Err(unreachable(&call.url, error.to_string())),
            Err(_) => return Err(unreachable(&call.url, stalled(COMMIT))),
        };
        // A token that ran out meanwhile is asked for again, for the next attempt.
        let again = answer.status().as_u16() == 401 && self.challenged(call.access, &answer, authorization.as_ref());
        let who = self.who(address.repository, authorization.as_ref());
        let judged = self.judge(answer, &call.url, &[], &who);
        judged.map_err(|failed| Failed {
            again: failed.again || again,
            ..failed
        })
    }

    /// Hands everything over, or as much as the registry takes before it answers.
    fn pour(&self, outgoing: &mut Outgoing<'_>, sender: &Sender<Bytes>, url: &Url) -> Result<(), Failed> {
        while let Some(piece) = outgoing.piece()? {
            match self
                .runtime()
                .block_on(async { timeout(STALL, sender.send(piece)).await })
            {
                Ok(Ok(())) => {}
                Ok(Err(_)) => return Ok(()),
                Err(_) => return Err(unreachable(url, stalled(STALL))),
            }
        }
        Ok(())
    }

    /// Uploads may go to another host, which gets none of our credentials.
    pub(super) fn authorization_for(
        &self,
        call: &Call<'_>,
        address: BlobAddress<'_>,
    ) -> Result<Option<crate::Secret>, Error> {
        match is_same(&call.url, &self.url(address.repository, "")?) {
            true => self.authorization(call.access),
            false => Ok(None),
        }
    }
}

/// An upload that the registry knows nothing of any more is begun anew.
fn or_lost(failed: Failed) -> Failed {
    Failed {
        again: failed.again || matches!(failed.error, Error::Status { status: 404 | 416, .. }),
        ..failed
    }
}

enum Mount {
    Done,
    Begun(Begun),
    Refused,
}

pub(super) fn open<'a>(source: &Source<'a>, address: BlobAddress<'_>) -> Result<Box<dyn Read + 'a>, Error> {
    source().map_err(|error| Error::Source {
        digest: address.digest.clone(),
        problem: error.to_string(),
    })
}

/// The request that ends an upload.
pub(super) fn ending(mut location: Url, address: BlobAddress<'_>) -> Call<'_> {
    location
        .query_pairs_mut()
        .append_pair("digest", &address.digest.to_string());
    Call::new(Method::PUT, location, Access::writing(address.repository))
}

fn begun(reply: &Reply<'_>) -> Result<Begun, Error> {
    let location = reply.header("location").ok_or_else(|| Error::Answer {
        url: shown(reply.url()),
        expected: "a `Location` for the upload",
        found: format!("none with status {}", reply.status()),
    })?;
    let least = reply
        .header("oci-chunk-min-length")
        .and_then(|least| least.trim().parse().ok());
    Ok(Begun {
        location: led(reply.url(), &location)?,
        least: least.unwrap_or_default(),
    })
}
