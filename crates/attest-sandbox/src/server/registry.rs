//! The registry over HTTP. Source: OCI distribution specification 1.1, "API".

use std::future::poll_fn;
use std::io::{Read, Seek, SeekFrom};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use axum::{Json, Router};
use http_body::Frame;
use serde::Deserialize;
use serde_json::json;

use crate::registry::{Digest, Expected, MAX_MANIFEST_BYTES, Name, Reference, Registry, RegistryError, Upload};
use crate::server::reply::set;

/// How much of a blob is read at a time.
const PIECE_BYTES: usize = 256 << 10;

/// The most tags in one answer; the rest is behind a link.
const MAX_TAGS: usize = 1000;

pub(super) fn router(registry: Arc<Registry>) -> Router {
    Router::new()
        .route("/v2/", any(version))
        .route("/v2", any(version))
        .route("/v2/{*path}", any(answer))
        .with_state(registry)
}

async fn version() -> Json<serde_json::Value> {
    Json(json!({}))
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Parameters {
    digest: Option<String>,
    mount: Option<String>,
    from: Option<String>,
    n: Option<usize>,
    last: Option<String>,
    artifact_type: Option<String>,
}

struct Request {
    registry: Arc<Registry>,
    name: Name,
    method: Method,
    parameters: Parameters,
    headers: HeaderMap,
    body: Body,
}

type Answer = Result<Response, RegistryError>;

async fn answer(
    State(registry): State<Arc<Registry>>,
    Path(path): Path<String>,
    Query(parameters): Query<Parameters>,
    method: Method,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let request = |name: &str| -> Result<Request, RegistryError> {
        Ok(Request {
            registry,
            name: name.parse()?,
            method,
            parameters,
            headers,
            body,
        })
    };
    let answered = match target(&path) {
        Some((name, Target::Upload(identifier))) => match request(name) {
            Ok(request) => request.upload(identifier).await,
            Err(error) => Err(error),
        },
        Some((name, Target::Manifest(reference))) => match request(name) {
            Ok(request) => request.manifest(reference).await,
            Err(error) => Err(error),
        },
        Some((name, Target::Blob(digest))) => request(name).and_then(|request| request.blob(digest)),
        Some((name, Target::Tags)) => request(name).and_then(|request| request.tags()),
        Some((name, Target::Referrers(digest))) => request(name).and_then(|request| request.referrers(digest)),
        None => return StatusCode::NOT_FOUND.into_response(),
    };
    answered.unwrap_or_else(|error| refusal(&error))
}

/// What a path below `/v2/` means: the name may hold slashes, what follows it may not.
enum Target<'a> {
    Blob(&'a str),
    Manifest(&'a str),
    Referrers(&'a str),
    Tags,
    Upload(&'a str),
}

fn target(path: &str) -> Option<(&str, Target<'_>)> {
    if let Some(name) = path.strip_suffix("/tags/list") {
        return Some((name, Target::Tags));
    }
    let (before, last) = path.rsplit_once('/')?;
    if let Some(name) = before.strip_suffix("/blobs/uploads") {
        return Some((name, Target::Upload(last)));
    }
    let (name, kind) = before.rsplit_once('/')?;
    match kind {
        "blobs" if last == "uploads" => Some((name, Target::Upload(""))),
        "blobs" => Some((name, Target::Blob(last))),
        "manifests" => Some((name, Target::Manifest(last))),
        "referrers" => Some((name, Target::Referrers(last))),
        _ => None,
    }
}

impl Request {
    async fn upload(self, identifier: &str) -> Answer {
        match (self.method.as_str(), identifier) {
            ("POST", "") => self.begin().await,
            ("GET", _) => Ok(self.under_way(StatusCode::NO_CONTENT, &self.registry.upload(&self.name, identifier)?)),
            ("PATCH", _) => self.piece(identifier).await,
            ("PUT", _) => self.finish(identifier).await,
            ("DELETE", _) => {
                self.registry.upload(&self.name, identifier)?.cancel()?;
                Ok(StatusCode::NO_CONTENT.into_response())
            }
            _ => Ok(StatusCode::METHOD_NOT_ALLOWED.into_response()),
        }
    }

    async fn begin(self) -> Answer {
        if let (Some(digest), Some(from)) = (&self.parameters.mount, &self.parameters.from) {
            let digest = digest.parse()?;
            if self.registry.mount(&self.name, &from.parse()?, &digest)? {
                return Ok(self.created(&digest));
            }
        }
        let upload = self.registry.begin(&self.name)?;
        let Some(digest) = self.parameters.digest.clone() else {
            return Ok(self.under_way(StatusCode::ACCEPTED, &upload));
        };
        self.complete(upload, &digest).await
    }

    async fn piece(mut self, identifier: &str) -> Answer {
        let mut upload = self.registry.upload(&self.name, identifier)?;
        if let Some(start) = self.start() {
            upload.expect_start(start)?;
        }
        append(&mut self.body, &mut upload).await?;
        Ok(self.under_way(StatusCode::ACCEPTED, &upload))
    }

    async fn finish(self, identifier: &str) -> Answer {
        let upload = self.registry.upload(&self.name, identifier)?;
        if let Some(start) = self.start() {
            upload.expect_start(start)?;
        }
        let digest = self.parameters.digest.clone();
        let digest = digest.ok_or_else(|| RegistryError::DigestMalformed(String::new()))?;
        self.complete(upload, &digest).await
    }

    async fn complete(mut self, mut upload: Upload, digest: &str) -> Answer {
        let digest = digest.parse()?;
        append(&mut self.body, &mut upload).await?;
        self.registry.finish(&self.name, upload, &digest)?;
        Ok(self.created(&digest))
    }

    /// Where the piece begins, of `Content-Range: START-END`.
    fn start(&self) -> Option<u64> {
        let range = self.headers.get(header::CONTENT_RANGE)?.to_str().ok()?;
        let range = range.strip_prefix("bytes ").unwrap_or(range);
        range.split('-').next()?.trim().parse().ok()
    }

    fn under_way(&self, status: StatusCode, upload: &Upload) -> Response {
        let mut response = status.into_response();
        let location = format!("/v2/{}/blobs/uploads/{}", self.name, upload.identifier());
        set(&mut response, "location", &location);
        set(
            &mut response,
            "range",
            &format!("0-{}", upload.length().saturating_sub(1)),
        );
        response
    }

    fn created(&self, digest: &Digest) -> Response {
        let mut response = StatusCode::CREATED.into_response();
        set(&mut response, "location", &format!("/v2/{}/blobs/{digest}", self.name));
        set(&mut response, "docker-content-digest", &digest.to_string());
        response
    }

    fn blob(self, digest: &str) -> Answer {
        let digest: Digest = digest.parse()?;
        match self.method.as_str() {
            "DELETE" => {
                self.registry.delete_blob(&self.name, &digest)?;
                Ok(StatusCode::ACCEPTED.into_response())
            }
            "GET" | "HEAD" => self.content(&digest),
            _ => Ok(StatusCode::METHOD_NOT_ALLOWED.into_response()),
        }
    }

    fn content(&self, digest: &Digest) -> Answer {
        let mut file = self.registry.blob(&self.name, digest)?;
        let length = file.metadata()?.len();
        let range = self.range(length);
        let (start, end) = range.unwrap_or((0, length));
        if range.is_some() && start >= length {
            let mut response = StatusCode::RANGE_NOT_SATISFIABLE.into_response();
            set(&mut response, "content-range", &format!("bytes */{length}"));
            return Ok(response);
        }
        file.seek(SeekFrom::Start(start))?;
        let left = end - start;
        let body = if self.method == Method::HEAD {
            Body::empty()
        } else {
            Body::new(Piecewise { file, left })
        };
        let mut response = Response::new(body);
        if range.is_some() {
            *response.status_mut() = StatusCode::PARTIAL_CONTENT;
            set(
                &mut response,
                "content-range",
                &format!("bytes {start}-{}/{length}", end.saturating_sub(1)),
            );
        }
        set(&mut response, "content-type", "application/octet-stream");
        set(&mut response, "content-length", &left.to_string());
        set(&mut response, "accept-ranges", "bytes");
        set(&mut response, "docker-content-digest", &digest.to_string());
        Ok(response)
    }

    /// One range, which may begin behind the end; of everything else the whole is sent, as RFC 9110 section 14.2 allows.
    fn range(&self, length: u64) -> Option<(u64, u64)> {
        let range = self.headers.get(header::RANGE)?.to_str().ok()?.strip_prefix("bytes=")?;
        let (start, end) = range.split_once('-')?;
        let start: u64 = start.parse().ok()?;
        let end = if end.is_empty() {
            length
        } else {
            end.parse::<u64>().ok()?.checked_add(1)?.min(length)
        };
        (start >= length || start < end).then_some((start, end))
    }

    async fn manifest(mut self, reference: &str) -> Answer {
        let reference: Reference = reference.parse()?;
        match self.method.as_str() {
            "GET" | "HEAD" => {
                let served = self.registry.manifest(&self.name, &reference)?;
                let length = served.bytes.len();
                let body = if self.method == Method::HEAD {
                    Body::empty()
                } else {
                    Body::from(served.bytes)
                };
                let mut response = Response::new(body);
                set(&mut response, "content-type", &served.media_type);
                set(&mut response, "content-length", &length.to_string());
                set(&mut response, "docker-content-digest", &served.digest.to_string());
                set(&mut response, "etag", &format!("\"{}\"", served.digest));
                Ok(response)
            }
            "PUT" => self.put_manifest(&reference).await,
            "DELETE" => {
                self.registry.delete_manifest(&self.name, &reference)?;
                Ok(StatusCode::ACCEPTED.into_response())
            }
            _ => Ok(StatusCode::METHOD_NOT_ALLOWED.into_response()),
        }
    }

    async fn put_manifest(&mut self, reference: &Reference) -> Answer {
        let text = |headers: &HeaderMap, name| -> Option<String> { Some(headers.get(name)?.to_str().ok()?.to_owned()) };
        let media_type = text(&self.headers, header::CONTENT_TYPE).unwrap_or_default();
        let version = text(&self.headers, header::IF_MATCH);
        let version = version.as_deref().map(|version| version.trim_matches('"'));
        let is_absent = text(&self.headers, header::IF_NONE_MATCH).is_some_and(|versions| versions.trim() == "*");
        let expected = version.map(Expected::At).or(is_absent.then_some(Expected::Absent));
        let bytes = limited(&mut self.body).await?;
        let put = self
            .registry
            .put_manifest(&self.name, reference, &media_type, &bytes, expected);
        let (digest, manifest) = put?;
        let mut response = StatusCode::CREATED.into_response();
        set(
            &mut response,
            "location",
            &format!("/v2/{}/manifests/{digest}", self.name),
        );
        set(&mut response, "docker-content-digest", &digest.to_string());
        set(&mut response, "etag", &format!("\"{digest}\""));
        if let Some(subject) = &manifest.subject {
            set(&mut response, "oci-subject", &subject.to_string());
        }
        Ok(response)
    }

    fn tags(self) -> Answer {
        let tags = self.registry.tags(&self.name)?;
        let last = self.parameters.last.as_deref().unwrap_or_default();
        let count = self.parameters.n.unwrap_or(MAX_TAGS).min(MAX_TAGS);
        let mut after = tags
            .into_iter()
            .skip_while(|tag| !last.is_empty() && tag.as_str() <= last);
        let shown: Vec<String> = after.by_ref().take(count).collect();
        let next = after.next().and(shown.last());
        let link = next.map(|last| format!("</v2/{}/tags/list?n={count}&last={last}>; rel=\"next\"", self.name));
        let mut response = Json(json!({"name": self.name.to_string(), "tags": shown})).into_response();
        if let Some(link) = link {
            set(&mut response, "link", &link);
        }
        Ok(response)
    }

    fn referrers(self, digest: &str) -> Answer {
        let mut referrers = self.registry.referrers(&self.name, &digest.parse()?)?;
        let wanted = self.parameters.artifact_type.as_deref();
        if let Some(wanted) = wanted {
            referrers.retain(|referrer| referrer.artifact_type() == Some(wanted));
        }
        let index = "application/vnd.oci.image.index.v1+json";
        let document = json!({"schemaVersion": 2, "mediaType": index, "manifests": referrers});
        let mut response = Json(document).into_response();
        set(&mut response, "content-type", index);
        if wanted.is_some() {
            set(&mut response, "oci-filters-applied", "artifactType");
        }
        Ok(response)
    }
}

async fn append(body: &mut Body, upload: &mut Upload) -> Result<(), RegistryError> {
    while let Some(piece) = next(body).await? {
        upload.append(&piece)?;
    }
    Ok(())
}

async fn limited(body: &mut Body) -> Result<Vec<u8>, RegistryError> {
    let mut bytes = Vec::new();
    while let Some(piece) = next(body).await? {
        bytes.extend_from_slice(&piece);
        if bytes.len() > MAX_MANIFEST_BYTES {
            let reason = format!("expected at most {MAX_MANIFEST_BYTES} bytes, found more");
            return Err(RegistryError::ManifestInvalid(reason));
        }
    }
    Ok(bytes)
}

async fn next(body: &mut Body) -> Result<Option<Bytes>, RegistryError> {
    loop {
        let frame = poll_fn(|context| Pin::new(&mut *body).poll_frame(context)).await;
        match frame.transpose().map_err(std::io::Error::other)? {
            None => return Ok(None),
            Some(frame) => {
                if let Ok(data) = frame.into_data() {
                    return Ok(Some(data));
                }
            }
        }
    }
}

/// A file on its way out, a piece at a time, so that its size does not matter.
struct Piecewise {
    file: std::fs::File,
    left: u64,
}

impl HttpBody for Piecewise {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        let wanted = usize::try_from(self.left).map_or(PIECE_BYTES, |left| left.min(PIECE_BYTES));
        let mut piece = vec![0; wanted];
        if let Err(error) = self.file.read_exact(&mut piece) {
            return Poll::Ready(Some(Err(error)));
        }
        self.left -= wanted as u64;
        Poll::Ready(Some(Ok(Frame::data(piece.into()))))
    }
}

/// Source: OCI distribution specification 1.1, "Error Codes".
fn refusal(error: &RegistryError) -> Response {
    let (status, code) = match error {
        RegistryError::BlobUnknown(_) => (StatusCode::NOT_FOUND, "BLOB_UNKNOWN"),
        RegistryError::ManifestUnknown(_) => (StatusCode::NOT_FOUND, "MANIFEST_UNKNOWN"),
        RegistryError::NameUnknown(_) => (StatusCode::NOT_FOUND, "NAME_UNKNOWN"),
        RegistryError::NameInvalid(_) => (StatusCode::BAD_REQUEST, "NAME_INVALID"),
        RegistryError::TagInvalid(_) => (StatusCode::BAD_REQUEST, "MANIFEST_INVALID"),
        RegistryError::DigestMalformed(_) | RegistryError::DigestInvalid { .. } => {
            (StatusCode::BAD_REQUEST, "DIGEST_INVALID")
        }
        RegistryError::ManifestInvalid(_) => (StatusCode::BAD_REQUEST, "MANIFEST_INVALID"),
        RegistryError::UploadUnknown(_) => (StatusCode::NOT_FOUND, "BLOB_UPLOAD_UNKNOWN"),
        RegistryError::OutOfOrder { .. } => (StatusCode::RANGE_NOT_SATISFIABLE, "BLOB_UPLOAD_INVALID"),
        RegistryError::TagMoved(_) => (StatusCode::PRECONDITION_FAILED, "DENIED"),
        RegistryError::Io(_) | RegistryError::InUse(_) => (StatusCode::INTERNAL_SERVER_ERROR, "UNKNOWN"),
    };
    let document = json!({"errors": [{"code": code, "message": error.to_string()}]});
    let mut response = (status, Json(document)).into_response();
    if let RegistryError::OutOfOrder { expected, .. } = error {
        set(&mut response, "range", &format!("0-{}", expected.saturating_sub(1)));
    }
    response
}
