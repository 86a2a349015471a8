use std::collections::{BTreeMap, BTreeSet};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::sha256;
use super::wire::{Answer, Connection, Request};

/// A registry on loopback that does what it is told to, also wrongly.
pub(crate) struct Registry {
    host: String,
    state: Arc<Mutex<State>>,
}

/// Who may come in.
#[derive(Debug, Clone, Default)]
pub(crate) enum Door {
    #[default]
    Open,
    /// `user:password`.
    Basic(&'static str),
    /// A token; whoever has `user:password` or this identity token gets one that may write, and anybody one that may read.
    Bearer(&'static str),
}

/// How one request is answered otherwise.
#[derive(Debug, Clone)]
pub(crate) enum Fault {
    /// With this, and nothing is done.
    Instead(Answer),
    /// The connection breaks after so many bytes of the answer.
    CutAnswer(usize),
    /// The connection breaks after so many bytes of the request; an upload keeps them.
    CutRequest(usize),
    /// One bit of the body is another.
    Flip,
    /// The body ends early, and its length says so.
    Shorten(usize),
}

#[derive(Default)]
pub(crate) struct State {
    pub(crate) door: Door,
    pub(crate) blobs: BTreeMap<String, Vec<u8>>,
    pub(crate) manifests: BTreeMap<String, (String, Vec<u8>)>,
    pub(crate) mounts: bool,
    pub(crate) without_ranges: bool,
    pub(crate) without_referrers: bool,
    pub(crate) etags: bool,
    pub(crate) ignores_conditions: bool,
    /// The longest that a request takes on each way.
    pub(crate) latency: Duration,
    /// How many requests are on their way, and how many were at most.
    pub(crate) busy: (usize, usize),
    /// How many entries a page has.
    pub(crate) page: Option<usize>,
    pub(crate) least_piece: Option<u64>,
    pub(crate) log: Vec<Request>,
    faults: Vec<(&'static str, &'static str, Fault)>,
    uploads: BTreeMap<String, Vec<u8>>,
    tokens: BTreeSet<String>,
    count: usize,
    travelled: u8,
}

impl Registry {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let host = listener.local_addr().unwrap().to_string();
        let state = Arc::new(Mutex::new(State::default()));
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&shared);
                std::thread::spawn(move || {
                    let mut connection = Connection::new(stream.try_clone().unwrap());
                    // A client that goes away is no reason to stop.
                    let _ = serve(&mut connection, &shared, &stream);
                });
            }
        });
        Self { host, state }
    }

    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// The next request with this method, and this in its target, goes wrong.
    pub(crate) fn fault(&self, method: &'static str, target: &'static str, fault: Fault) {
        self.state().faults.push((method, target, fault));
    }

    pub(crate) fn blob(&self, bytes: &[u8]) -> String {
        let digest = sha256(bytes).to_string();
        self.state().blobs.insert(digest.clone(), bytes.to_vec());
        digest
    }

    /// Puts a manifest there, under its digest and under a name.
    pub(crate) fn manifest(&self, name: &str, media_type: &str, bytes: &[u8]) -> String {
        let digest = sha256(bytes).to_string();
        let mut state = self.state();
        for key in [name, &digest] {
            state
                .manifests
                .insert(key.to_owned(), (media_type.to_owned(), bytes.to_vec()));
        }
        digest
    }

    /// Every request so far, as `METHOD TARGET`.
    pub(crate) fn requests(&self) -> Vec<String> {
        let state = self.state();
        state
            .log
            .iter()
            .map(|request| format!("{} {}", request.method, request.target))
            .collect()
    }

    pub(crate) fn count(&self, method: &str, target: &str) -> usize {
        let state = self.state();
        let counted = state
            .log
            .iter()
            .filter(|request| request.method == method && request.target.contains(target));
        counted.count()
    }

    pub(crate) fn forget_tokens(&self) {
        self.state().tokens.clear();
    }
}

fn serve(connection: &mut Connection, state: &Mutex<State>, stream: &TcpStream) -> std::io::Result<()> {
    loop {
        let cut = |request: &Request| match state.lock().unwrap().next_fault(request, false) {
            Some(Fault::CutRequest(most)) => Some(most),
            _ => None,
        };
        let Some(request) = connection.request(cut)? else {
            return Ok(());
        };
        state.lock().unwrap().come();
        travel(state);
        let answer = state.lock().unwrap().answer(&request);
        travel(state);
        state.lock().unwrap().busy.0 -= 1;
        match answer {
            Some(answer) if connection.answer(&request, &answer)? => {}
            _ => return stream.shutdown(Shutdown::Both),
        }
    }
}

/// On its way there or back; longer for one request than for another.
fn travel(state: &Mutex<State>) {
    let mut held = state.lock().unwrap();
    held.travelled = held.travelled.wrapping_mul(181).wrapping_add(101);
    let time = held.latency * u32::from(held.travelled) / u32::from(u8::MAX);
    drop(held);
    if time > Duration::ZERO {
        std::thread::sleep(time);
    }
}

impl State {
    fn come(&mut self) {
        let (now, most) = self.busy;
        self.busy = (now + 1, most.max(now + 1));
    }

    pub(crate) fn forget_faults(&mut self) {
        self.faults.clear();
    }

    fn next_fault(&mut self, request: &Request, take: bool) -> Option<Fault> {
        let is_it =
            |(method, target, _): &(&str, &str, Fault)| request.method == *method && request.target.contains(*target);
        let at = self.faults.iter().position(is_it)?;
        match take {
            true => Some(self.faults.remove(at).2),
            false => Some(self.faults[at].2.clone()),
        }
    }

    /// None breaks the connection.
    fn answer(&mut self, request: &Request) -> Option<Answer> {
        self.log.push(request.clone());
        if request.path() == "/token" {
            return Some(self.token(request));
        }
        let fault = self.next_fault(request, true);
        if let Some(Fault::Instead(answer)) = fault {
            return Some(answer);
        }
        if let Some(challenge) = self.challenge(request) {
            return Some(challenge);
        }
        if let Some(Fault::CutRequest(_)) = fault {
            let id = request.path().rsplit('/').next().unwrap();
            let held = self.uploads.get_mut(id)?;
            held.extend_from_slice(&request.body);
            return None;
        }
        let mut answer = self.route(request);
        match fault {
            Some(Fault::CutAnswer(after)) => answer.cut_after = Some(after),
            Some(Fault::Flip) => answer.body[0] ^= 1,
            Some(Fault::Shorten(to)) => answer.body.truncate(to),
            _ => {}
        }
        Some(answer)
    }

    fn challenge(&self, request: &Request) -> Option<Answer> {
        let given = request.header("authorization").unwrap_or_default();
        let refuse = |challenge: String| {
            let answer = Answer::error(401, "UNAUTHORIZED", "authentication required");
            Some(answer.with("www-authenticate", challenge))
        };
        match &self.door {
            Door::Open => None,
            Door::Basic(pair) if given == basic(pair) => None,
            Door::Basic(_) => refuse(r#"Basic realm="test""#.to_owned()),
            Door::Bearer(_) => {
                let writes = !matches!(&*request.method, "GET" | "HEAD");
                let actions = if writes { "pull,push" } else { "pull" };
                let scope = format!("repository:team/app:{actions}");
                let token = given.strip_prefix("Bearer ").unwrap_or_default();
                let may = self.tokens.contains(token) && (!writes || token.contains("push"));
                let host = request.header("host").unwrap();
                let shortcoming = match (token, self.tokens.contains(token)) {
                    ("", _) => "",
                    (_, true) => r#",error="insufficient_scope""#,
                    (_, false) => r#",error="invalid_token""#,
                };
                let challenge =
                    format!(r#"Bearer realm="http://{host}/token",service="test",scope="{scope}"{shortcoming}"#);
                if may { None } else { refuse(challenge) }
            }
        }
    }

    fn token(&mut self, request: &Request) -> Answer {
        let Door::Bearer(pair) = self.door else {
            return Answer::new(404);
        };
        let body = String::from_utf8_lossy(&request.body).into_owned();
        let given = request.header("authorization");
        let is_known = given == Some(&basic(pair)) || body.contains("refresh_token=identity");
        if given.is_some() && !is_known {
            return Answer::new(401).body(r#"{"details":"incorrect username or password"}"#);
        }
        self.count += 1;
        let actions = if is_known { "push" } else { "pull" };
        let token = format!("{actions}-{}", self.count);
        self.tokens.insert(token.clone());
        Answer::new(200).body(json!({"token": token, "expires_in": 300}).to_string())
    }

    fn route(&mut self, request: &Request) -> Answer {
        let path = request.path().to_owned();
        let rest = |kind: &str| path.split_once(kind).map(|(_, rest)| rest.to_owned());
        if let Some(id) = rest("/blobs/uploads/") {
            return self.upload(request, &id);
        }
        if let Some(digest) = rest("/blobs/") {
            return self.read_blob(request, &digest);
        }
        if let Some(name) = rest("/manifests/") {
            return match &*request.method {
                "PUT" => self.put_manifest(request, &name),
                _ => self.read_manifest(request, &name),
            };
        }
        match (rest("/tags/list"), rest("/referrers/")) {
            (Some(_), _) => self.tags(request),
            (_, Some(digest)) if !self.without_referrers => self.referrers(request, &digest),
            _ => Answer::new(404).body("404 page not found"),
        }
    }

    fn read_blob(&self, request: &Request, digest: &str) -> Answer {
        let Some(bytes) = self.blobs.get(digest) else {
            return Answer::error(404, "BLOB_UNKNOWN", "blob unknown to registry");
        };
        let from = request.header("range").and_then(|range| range.strip_prefix("bytes="));
        let from: Option<usize> = from.map(|range| range.trim_end_matches('-').parse().unwrap());
        match from.filter(|_| !self.without_ranges) {
            Some(from) => Answer::new(206)
                .with(
                    "content-range",
                    format!("bytes {from}-{}/{}", bytes.len() - 1, bytes.len()),
                )
                .body(&bytes[from..]),
            None => Answer::new(200).body(&bytes[..]),
        }
    }

    fn read_manifest(&self, request: &Request, name: &str) -> Answer {
        let unknown = |message: &str| Answer::error(404, "MANIFEST_UNKNOWN", message);
        let Some((media_type, bytes)) = self.manifests.get(name) else {
            return unknown("manifest unknown");
        };
        if !request.header("accept").unwrap_or_default().contains(&**media_type) {
            return unknown("accept header does not support this");
        }
        let answer = Answer::new(200)
            .with("content-type", media_type)
            .with("docker-content-digest", sha256(bytes))
            .body(&bytes[..]);
        match self.etags {
            true => answer.with("etag", format!("\"{}\"", sha256(bytes))),
            false => answer,
        }
    }

    fn put_manifest(&mut self, request: &Request, name: &str) -> Answer {
        let digest = sha256(&request.body).to_string();
        let there = self
            .manifests
            .get(name)
            .map(|(_, bytes)| format!("\"{}\"", sha256(bytes)));
        let is_stale = request
            .header("if-match")
            .is_some_and(|etag| there.as_deref() != Some(etag));
        let is_there = request.header("if-none-match").is_some() && there.is_some();
        if (is_stale || is_there) && !self.ignores_conditions {
            return Answer::error(412, "PRECONDITION", "changed");
        }
        let media_type = request.header("content-type").unwrap_or_default().to_owned();
        for key in [name, &digest] {
            self.manifests
                .insert(key.to_owned(), (media_type.clone(), request.body.clone()));
        }
        let parsed: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        let answer = Answer::new(201).with("docker-content-digest", &digest);
        match parsed["subject"]["digest"].as_str().filter(|_| !self.without_referrers) {
            Some(subject) => answer.with("oci-subject", subject),
            None => answer,
        }
    }

    fn upload(&mut self, request: &Request, id: &str) -> Answer {
        if &*request.method == "POST" {
            return self.begin(request);
        }
        let Some(held) = self.uploads.get_mut(id) else {
            return Answer::error(404, "BLOB_UPLOAD_UNKNOWN", "upload unknown");
        };
        if request.method == "PATCH" {
            let expected = format!("{}-", held.len());
            if !request
                .header("content-range")
                .is_some_and(|range| range.starts_with(&expected))
            {
                return Answer::error(416, "RANGE_INVALID", "out of order");
            }
        }
        held.extend_from_slice(&request.body);
        let range = format!("0-{}", held.len().saturating_sub(1));
        let answer = |status| {
            Answer::new(status)
                .with("location", format!("{}?_state=2", request.path()))
                .with("range", range)
        };
        match &*request.method {
            "GET" => answer(204),
            "PATCH" => answer(202),
            _ => self.finish(request, id),
        }
    }

    fn begin(&mut self, request: &Request) -> Answer {
        if let Some(digest) = request
            .query("mount")
            .filter(|digest| self.mounts && self.blobs.contains_key(digest))
        {
            return Answer::new(201).with("docker-content-digest", digest);
        }
        self.count += 1;
        let id = format!("upload-{}", self.count);
        self.uploads.insert(id.clone(), Vec::new());
        let path = request.path().trim_end_matches('/').to_owned();
        let answer = Answer::new(202).with("location", format!("{path}/{id}?_state=1"));
        match self.least_piece {
            Some(least) => answer.with("oci-chunk-min-length", least),
            None => answer,
        }
    }

    fn finish(&mut self, request: &Request, id: &str) -> Answer {
        let bytes = self.uploads.remove(id).unwrap();
        let (asked, found) = (request.query("digest").unwrap(), sha256(&bytes).to_string());
        if asked.starts_with("sha256:") && asked != found {
            return Answer::error(400, "DIGEST_INVALID", "provided digest did not match uploaded content");
        }
        // As some registries do that know no other algorithm.
        self.blobs.insert(found.clone(), bytes);
        Answer::new(201).with("docker-content-digest", found)
    }

    fn tags(&self, request: &Request) -> Answer {
        let tags: Vec<&String> = self.manifests.keys().filter(|name| !name.contains(':')).collect();
        self.paged(
            request,
            &tags,
            |tags| json!({"name": "team/app", "tags": tags}),
            "application/json",
        )
    }

    fn referrers(&self, request: &Request, digest: &str) -> Answer {
        let by_digest = self.manifests.iter().filter(|(name, _)| name.contains(':'));
        let entries = by_digest.filter_map(|(name, (media_type, bytes))| {
            let manifest: Value = serde_json::from_slice(bytes).ok()?;
            let is_about = manifest["subject"]["digest"] == digest;
            is_about.then(|| json!({"mediaType": media_type, "digest": name, "size": bytes.len()}))
        });
        let entries: Vec<Value> = entries.collect();
        let index = |entries: &[Value]| json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": entries});
        self.paged(request, &entries, index, INDEX)
    }

    fn paged<T>(&self, request: &Request, all: &[T], page: impl Fn(&[T]) -> Value, media_type: &str) -> Answer {
        let from: usize = request.query("from").map_or(0, |from| from.parse().unwrap());
        let to = all.len().min(from + self.page.unwrap_or(all.len()));
        let answer = Answer::new(200)
            .with("content-type", format!("{media_type}; charset=utf-8"))
            .body(page(&all[from..to]).to_string());
        match to < all.len() {
            true => answer.with("link", format!("<{}?from={to}>; rel=\"next\"", request.path())),
            false => answer,
        }
    }
}

pub(crate) const INDEX: &str = "application/vnd.oci.image.index.v1+json";
pub(crate) const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

fn basic(pair: &str) -> String {
    format!("Basic {}", STANDARD.encode(pair))
}
