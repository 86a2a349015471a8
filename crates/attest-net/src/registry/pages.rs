use reqwest::Method;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::Error;
use super::client::Client;
use super::exchange::{Call, Reply};
use super::link::next;
use super::origin::{is_same, led, shown};
use super::patience::Failed;
use super::session::Access;

/// The most pages of one list that are read: pages of a hundred make ten thousand entries.
const MAX_PAGES: usize = 100;

/// The largest page, in bytes: that of referrers is a manifest, and may be as large as one.
const MAX_PAGE_BYTES: u64 = super::MAX_MANIFEST_BYTES;

/// A page, its media type, and where the next one is.
struct Page {
    media_type: Option<String>,
    next: Option<String>,
    body: Vec<u8>,
}

/// What came of asking for a list.
pub(super) enum Listed {
    /// Every page, by `take`.
    Pages,
    /// The first answer had a status that was expected, and says this.
    Not(String),
}

impl Client {
    /// Hands every page of a list to `take`, which may say that it is none of what was asked for.
    pub(super) fn pages(
        &self,
        access: Access<'_>,
        rest: &str,
        expected: &[u16],
        mut take: impl FnMut(Option<&str>, &[u8], &str) -> Result<(), Error>,
    ) -> Result<Listed, Error> {
        let mut url = self.url(access.repository, rest.split('?').next().unwrap_or_default())?;
        url.set_query(rest.split_once('?').map(|(_, query)| query));
        for number in 0..MAX_PAGES {
            let call = Call::new(Method::GET, url.clone(), access).with("accept", super::manifest::ACCEPT_INDEX);
            // Only a list that is there at all can have a second page.
            let expected = if number == 0 { expected } else { &[] };
            let page = match self.ask_whole(&call, expected, |reply| read(reply, expected))? {
                Ok(page) => page,
                Err(message) => return Ok(Listed::Not(message)),
            };
            take(page.media_type.as_deref(), &page.body, &shown(&url))?;
            let Some(location) = page.next else {
                return Ok(Listed::Pages);
            };
            let following = led(&url, &location)?;
            if !is_same(&url, &following) {
                return Err(Error::Elsewhere {
                    from: shown(&url),
                    to: shown(&following),
                    problem: "a list goes on where it began",
                });
            }
            url = following;
        }
        Err(Error::TooLarge {
            url: shown(&url),
            what: "pages",
            limit: MAX_PAGES as u64,
        })
    }
}

/// The list under a key of a page, which may be null. What has no such key is another page: an empty list must have been said.
pub(super) fn listed<T: DeserializeOwned>(json: &[u8], key: &str) -> Result<Vec<T>, String> {
    let mut page: Map<String, Value> = serde_json::from_slice(json).map_err(|error| error.to_string())?;
    match page.remove(key) {
        None => Err(format!("no `{key}`")),
        Some(list) => {
            let list: Option<Vec<T>> = serde_json::from_value(list).map_err(|error| error.to_string())?;
            Ok(list.unwrap_or_default())
        }
    }
}

fn read(reply: Reply<'_>, expected: &[u16]) -> Result<Result<Page, String>, Failed> {
    if expected.contains(&reply.status()) {
        return reply.absence().map(Err);
    }
    Ok(Ok(Page {
        media_type: reply.header("content-type").map(|value| super::manifest::bare(&value)),
        next: reply.header("link").and_then(|link| next(&link).map(str::to_owned)),
        body: reply.document(MAX_PAGE_BYTES)?,
    }))
}
