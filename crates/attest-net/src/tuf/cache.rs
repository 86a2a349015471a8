use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::TufError;
use super::anchor::TrustAnchor;
use super::material::{TrustMaterial, chain, load, verify};
use super::refresh::Refresh;
use super::source::{HttpSource, Source};
use super::state::{Edition, MAX_STATE_BYTES, Remembered, State};
use crate::Http;

/// A file that remembers one repository.
///
/// It is replaced as a whole, by renaming, so that a reader sees the old state or the new one and needs no lock. Those who
/// update wait for each other, by a lock on a file beside it. What is read is verified from the anchor on each time: a file
/// that was changed is an error, and one that was taken away is as if nothing had been fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustCache {
    path: PathBuf,
}

/// How a repository is asked for news.
pub struct TrustUpdate<'a> {
    /// The client.
    pub http: &'a Http,
    /// Where trust begins.
    pub anchor: &'a TrustAnchor,
    /// The moment that every expiry is held against.
    pub now: Timestamp,
    /// Says why verified material is of no use, so that it does not take the place of what is.
    pub usable: &'a dyn Fn(&TrustMaterial) -> Result<(), String>,
}

/// What an update did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Updated {
    /// What was known before.
    pub before: Option<TrustMaterial>,
    /// What is known now.
    pub after: TrustMaterial,
}

impl TrustCache {
    /// A cache in the file of this name, which need not be there yet.
    #[must_use]
    pub fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What was fetched of a repository; none if nothing was, or only by a program with an older anchor.
    ///
    /// # Errors
    /// When the file cannot be read or is not as an update has left it.
    pub fn read(&self, anchor: &TrustAnchor) -> Result<Option<TrustMaterial>, TufError> {
        let Some(state) = self.state()? else { return Ok(None) };
        if state.root_version < anchor.version() {
            return Ok(None);
        }
        material(anchor, &state).map(Some)
    }

    /// What was fetched of a repository whose anchor is in the cache too, where [`TrustCache::update`] has put it.
    ///
    /// # Errors
    /// As [`TrustCache::read`].
    pub fn read_anchored(&self) -> Result<Option<(TrustAnchor, TrustMaterial)>, TufError> {
        let Some(state) = self.state()? else { return Ok(None) };
        let anchor = anchor_of(&state)?;
        let material = material(&anchor, &state)?;
        Ok(Some((anchor, material)))
    }

    /// The anchor alone, where the cache has one; what was fetched below it is not looked at.
    ///
    /// # Errors
    /// When the file cannot be read or has no anchor.
    pub fn anchor(&self) -> Result<Option<TrustAnchor>, TufError> {
        self.state()?.as_ref().map(anchor_of).transpose()
    }

    /// Fetches what is new. On failure everything stays as it was; only new roots are kept, so that revoked keys stay revoked.
    ///
    /// # Errors
    /// When the repository cannot be reached, is not what the anchor vouches for, or the cache cannot be written.
    pub fn update(&self, update: &TrustUpdate<'_>) -> Result<Updated, TufError> {
        let TrustUpdate { http, anchor, .. } = *update;
        self.update_from(&HttpSource { http, anchor }, update)
    }

    /// The same from any source.
    pub(super) fn update_from(&self, source: &dyn Source, update: &TrustUpdate<'_>) -> Result<Updated, TufError> {
        let TrustUpdate { anchor, now, .. } = *update;
        let _lock = self.lock()?;
        let (known, before) = self.known(anchor)?;
        let refresh = Refresh {
            source,
            anchor,
            known: known.as_ref(),
            now,
        };
        let refreshed = refresh.run()?;
        let edition = match refreshed.edition {
            Ok(edition) => edition,
            Err(error) => {
                self.keep_roots(anchor, known, refreshed.roots, refreshed.root_version);
                return Err(error);
            }
        };
        let state = State::from(Remembered {
            mirror: anchor.mirror().to_string(),
            fetched: now,
            anchor: (!anchor.is_embedded()).then(|| anchor.root().to_owned()),
            root_version: refreshed.root_version,
            roots: refreshed.roots,
            edition: Some(edition),
        });
        let after = verify(anchor, &state)?;
        (update.usable)(&after).map_err(|detail| TufError::Unusable { detail })?;
        self.write(&state)?;
        Ok(Updated { before, after })
    }

    /// Forgets the repository. Says whether there was anything to forget.
    ///
    /// # Errors
    /// When the file cannot be removed.
    pub fn remove(&self) -> Result<bool, TufError> {
        if !self.path.exists() {
            return Ok(false);
        }
        let _lock = self.lock()?;
        match fs::remove_file(&self.path) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(error) => Err(failed("remove", &error)),
        }
    }

    /// What an update may build on, and what it holds if it holds anything.
    fn known(&self, anchor: &TrustAnchor) -> Result<(Option<State>, Option<TrustMaterial>), TufError> {
        let Some(state) = self.state()? else {
            return Ok((None, None));
        };
        let outdated = state.root_version < anchor.version();
        match material(anchor, &state) {
            Ok(material) => Ok((Some(state), Some(material))),
            Err(TufError::Superseded { .. }) => Ok((Some(state), None)),
            Err(_) if outdated => Ok((None, None)),
            Err(error) => Err(error),
        }
    }

    /// An update that found new roots and failed below them. What was known is kept if the new root still vouches for it.
    fn keep_roots(&self, anchor: &TrustAnchor, known: Option<State>, roots: Vec<String>, root_version: u64) {
        let Some(mut known) = known.filter(|known| known.roots.len() < roots.len()) else {
            return;
        };
        let vouched = |edition: &Edition| chain(anchor, &roots).and_then(|mut set| load(&mut set, edition));
        known.edition = known.edition.filter(|edition| vouched(edition).is_ok());
        known.roots = roots;
        known.root_version = root_version;
        // The failure before this one is the one to tell.
        let _ = self.write(&known);
    }

    fn state(&self) -> Result<Option<State>, TufError> {
        let file = match File::open(&self.path) {
            Ok(file) => file,
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(None),
            Err(error) => return Err(failed("read", &error)),
        };
        let mut json = Vec::new();
        file.take(MAX_STATE_BYTES as u64 + 1)
            .read_to_end(&mut json)
            .map_err(|error| failed("read", &error))?;
        match json.len() > MAX_STATE_BYTES {
            true => Err(invalid(format!("expected at most {MAX_STATE_BYTES} bytes, found more"))),
            false => State::parse(&json).map(Some),
        }
    }

    /// Held until it is dropped, by one process at a time.
    fn lock(&self) -> Result<File, TufError> {
        fs::create_dir_all(directory_of(&self.path)).map_err(|error| failed("write", &error))?;
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(self.path.with_extension("lock"))
            .map_err(|error| failed("write", &error))?;
        file.lock().map_err(|error| failed("lock", &error))?;
        Ok(file)
    }

    /// Only who holds the lock writes. What a process that was killed has left goes first.
    fn write(&self, state: &State) -> Result<(), TufError> {
        let json = state.to_json();
        if json.len() > MAX_STATE_BYTES {
            let file = "the trust cache".to_owned();
            return Err(TufError::TooLarge {
                file,
                limit: MAX_STATE_BYTES,
            });
        }
        let new = self.path.with_extension("new");
        let _ = fs::remove_file(&new);
        let written = write_new(&new, &json)
            .and_then(|()| fs::rename(&new, &self.path))
            .and_then(|()| sync_directory(directory_of(&self.path)));
        written.map_err(|error| {
            let _ = fs::remove_file(&new);
            failed("write", &error)
        })
    }
}

fn anchor_of(state: &State) -> Result<TrustAnchor, TufError> {
    let root = state.anchor.as_ref().ok_or_else(|| invalid("it has no anchor"))?;
    TrustAnchor::new(&state.mirror, root.as_bytes()).map_err(invalid)
}

fn material(anchor: &TrustAnchor, state: &State) -> Result<TrustMaterial, TufError> {
    if state.mirror != anchor.mirror().to_string() {
        return Err(invalid(format!(
            "expected what is from {}, found what is from {}",
            anchor.mirror(),
            state.mirror
        )));
    }
    verify(anchor, state).map_err(|error| match error {
        TufError::Superseded { .. } => error,
        other => invalid(other),
    })
}

fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().create_new(true).write(true).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Without this a crash could undo the renaming. Not every system can sync a directory.
fn sync_directory(directory: &Path) -> io::Result<()> {
    match cfg!(unix) {
        true => File::open(directory)?.sync_all(),
        false => Ok(()),
    }
}

fn directory_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    }
}

fn failed(action: &'static str, error: &io::Error) -> TufError {
    TufError::Cache {
        action,
        detail: error.to_string(),
    }
}

fn invalid(detail: impl std::fmt::Display) -> TufError {
    TufError::CacheInvalid {
        detail: detail.to_string(),
    }
}
