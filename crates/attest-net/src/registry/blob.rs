use std::io::Write;

use attest_digest::{Algorithms, Digest, Hasher};
use reqwest::Method;

use super::client::Client;
use super::exchange::{Call, Reply};
use super::origin::shown;
use super::patience::{Failed, Patience};
use super::reference::Repository;
use super::session::Access;
use super::{Error, Missing};

/// A blob of a repository, as what points to it says.
#[derive(Debug, Clone, Copy)]
pub struct BlobAddress<'a> {
    /// The repository.
    pub repository: &'a Repository,
    /// What its bytes must be.
    pub digest: &'a Digest,
    /// How many there must be.
    pub size: u64,
}

/// A blob that is coming in.
struct Incoming<'a> {
    address: BlobAddress<'a>,
    sink: &'a mut dyn Write,
    hasher: Hasher,
    reached: u64,
    url: String,
}

impl Client {
    /// Writes a blob into `sink`. What broke off is asked for from there on. Until this returns without an error, what is in the
    /// sink is nobody's blob.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::OtherSize`] and [`Error::OtherDigest`] when it is another one; [`Error`].
    pub fn fetch_blob(&self, address: BlobAddress<'_>, sink: &mut dyn Write) -> Result<(), Error> {
        let url = self.url(address.repository, &format!("blobs/{}", address.digest))?;
        let mut incoming = Incoming {
            address,
            sink,
            hasher: Hasher::new(&Algorithms::one(address.digest.algorithm())),
            reached: 0,
            url: shown(&url),
        };
        let mut patience = Patience::new(&self.options().patience);
        loop {
            let call = Call::new(Method::GET, url.clone(), Access::reading(address.repository));
            match self.fetch_rest(call, &mut incoming) {
                Ok(()) => return incoming.finish(),
                // It broke off where it would have ended.
                Err(_) if incoming.reached == address.size && address.size > 0 => return incoming.finish(),
                Err(failed) => patience.wait_at(incoming.reached, failed)?,
            }
        }
    }

    fn fetch_rest(&self, call: Call<'_>, incoming: &mut Incoming<'_>) -> Result<(), Failed> {
        let from = incoming.reached;
        let call = match from {
            0 => call,
            from => call.with("range", format!("bytes={from}-")),
        };
        let reply = self.attempt(&call, &[404])?;
        match (reply.status(), from) {
            (404, _) => Err(Failed::from(incoming.not_found(reply.message()))),
            (206, 1..) => {
                incoming.require_range(&reply, from)?;
                incoming.take(reply, 0)
            }
            (200, _) => {
                incoming.require_length(&reply)?;
                // A registry that knows no ranges sends all of it again.
                incoming.take(reply, from)
            }
            (status, _) => Err(Failed::from(incoming.wrong(format!("status {status}")))),
        }
    }

    /// Whether a blob is there.
    ///
    /// # Errors
    /// [`Error`]; also when one may not look.
    pub fn has_blob(&self, address: BlobAddress<'_>) -> Result<bool, Error> {
        self.has_blob_as(address, Access::reading(address.repository))
    }

    pub(super) fn has_blob_as(&self, address: BlobAddress<'_>, access: Access<'_>) -> Result<bool, Error> {
        let url = self.url(address.repository, &format!("blobs/{}", address.digest))?;
        let reply = self.ask(&Call::new(Method::HEAD, url, access), &[404])?;
        let is_whole = reply.length().is_none_or(|length| length == address.size);
        Ok(reply.status() != 404 && is_whole)
    }
}

impl Incoming<'_> {
    /// Takes what comes, but for the first bytes, which are here already.
    fn take(&mut self, mut reply: Reply<'_>, mut known: u64) -> Result<(), Failed> {
        while let Some(chunk) = reply.chunk()? {
            let skipped = usize::try_from(known).unwrap_or(usize::MAX).min(chunk.len());
            known -= skipped as u64;
            self.write(&chunk[skipped..])?;
        }
        match self.reached == self.address.size {
            true => Ok(()),
            // Without a length in its header, an answer that breaks off looks like one that ends.
            false => Err(Failed::transient(self.other_size(self.reached))),
        }
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let reached = self.reached + bytes.len() as u64;
        if reached > self.address.size {
            return Err(self.other_size(reached));
        }
        self.hasher.update(bytes);
        self.sink.write_all(bytes).map_err(|error| Error::Sink {
            digest: self.address.digest.clone(),
            problem: error.to_string(),
        })?;
        self.reached = reached;
        Ok(())
    }

    fn finish(self) -> Result<(), Error> {
        let expected = self.address.digest;
        let measured = self.hasher.finish();
        match measured.digest(expected.algorithm()) {
            Some(found) if found == expected => Ok(()),
            found => Err(Error::OtherDigest {
                url: self.url,
                expected: expected.clone(),
                found: found.unwrap_or(expected).clone(),
            }),
        }
    }

    fn require_length(&self, reply: &Reply<'_>) -> Result<(), Error> {
        match reply.length() {
            Some(length) if length != self.address.size => Err(self.other_size(length)),
            _ => Ok(()),
        }
    }

    /// Source: RFC 9110, section 14.4.
    fn require_range(&self, reply: &Reply<'_>, from: u64) -> Result<(), Error> {
        let range = reply.header("content-range").unwrap_or_default();
        let first = range.strip_prefix("bytes ").and_then(|range| range.split_once('-'));
        match first.is_some_and(|(first, _)| first.trim().parse() == Ok(from)) {
            true => Ok(()),
            false => Err(self.wrong(format!("the range `{range}` for what begins at {from}"))),
        }
    }

    fn other_size(&self, found: u64) -> Error {
        Error::OtherSize {
            url: self.url.clone(),
            expected: self.address.size,
            found,
        }
    }

    fn wrong(&self, found: String) -> Error {
        Error::Answer {
            url: self.url.clone(),
            expected: "a blob",
            found,
        }
    }

    fn not_found(&self, message: String) -> Error {
        Error::NotFound {
            missing: Missing::Blob,
            name: format!("{}@{}", self.address.repository, self.address.digest),
            message,
        }
    }
}
