//! Uploads of files for briefs.

use crate::Api;
use crate::auth::{Caller, Scope};
use crate::extract::{ApiPath, ApiQuery};
use crate::form::{BodyError, Pieces};
use crate::problem::Problem;
use crate::received_file::{ReceivedFile, Receiver, Refused, keep};
use axum::Json;
use axum::body::Body;
use axum::extract::multipart::MultipartError;
use axum::extract::{FromRequest, Multipart, Request, State};
use axum::http::{StatusCode, header};
use futures_util::TryStreamExt;
use pytoon_records::job::files::{ASSET_MARK, AssetRow, Uploaded};
use pytoon_storage::Bucket;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use tokio::io::AsyncReadExt;

/// An uploaded file.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub(crate) struct Asset {
    /// The id of the file.
    asset_id: String,
    /// The name of the file in a brief: `asset:{id}`.
    name: String,
    /// The name that the uploader gave the file, without signs that programs interpret; null without one.
    file_name: Option<String>,
    /// The media type as detected from the content.
    media_type: String,
    /// The size of the file, in bytes.
    size_bytes: i64,
    /// The SHA-256 of the content, in hexadecimal.
    sha256: String,
}

impl From<AssetRow> for Asset {
    fn from(row: AssetRow) -> Self {
        Self {
            name: format!("{ASSET_MARK}{}", row.id),
            file_name: own_name(&row).map(str::to_owned),
            asset_id: row.id,
            media_type: row.media_type,
            size_bytes: row.size_bytes,
            sha256: row.sha256,
        }
    }
}

/// Returns the last part of a stored file's name if the file is in a folder of its own.
fn own_name(row: &AssetRow) -> Option<&str> {
    row.file.strip_prefix("assets/")?.split_once('/').map(|(_, name)| name)
}

/// The query of an upload.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams))]
#[serde(deny_unknown_fields)]
pub(crate) struct UploadQuery {
    /// The name of the file, which films and errors show. A form states it as the file name of its field.
    name: Option<String>,
}

fn answer(uploaded: Uploaded) -> (StatusCode, Json<Asset>) {
    match uploaded {
        Uploaded::New(row) => (StatusCode::CREATED, Json(row.into())),
        Uploaded::Known(row) => (StatusCode::OK, Json(row.into())),
    }
}

/// Upload a file
///
/// The body is the file itself, or a form (`multipart/form-data`) with one field `file`. Accepts pictures, clips and
/// audio files, identified by their content. A brief names the file as `asset:{id}`; only the key that uploaded it
/// may do so. The same content is stored once.
#[cfg_attr(feature = "openapi", utoipa::path(
    post,
    path = "/api/v2/assets",
    tag = "assets",
    params(UploadQuery),
    request_body(content = String, content_type = "application/octet-stream", description = "The file"),
    responses(
        (status = 200, description = "This key has uploaded the same file before", body = Asset),
        (status = 201, description = "Kept", body = Asset),
        (status = 400, description = "The form cannot be read", body = Problem),
        (status = 401, description = "The API key is missing or unknown", body = Problem),
        (status = 403, description = "The key lacks the `submit` scope", body = Problem),
        (status = 413, description = "The body is too large", body = Problem),
        (status = 422, description = "Not a picture, clip or sound", body = Problem),
        (status = 503, description = "The database or the storage does not respond", body = Problem),
        (status = 507, description = "The disk is nearly full", body = Problem),
    )
))]
pub(crate) async fn upload(
    State(api): State<Api>,
    caller: Caller,
    ApiQuery(query): ApiQuery<UploadQuery>,
    request: Request,
) -> Result<(StatusCode, Json<Asset>), Problem> {
    caller.may(Scope::Submit)?;
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let is_form = kind.is_some_and(|kind| kind.starts_with("multipart/form-data"));
    let received = if is_form {
        of_form(&api, &caller, request).await?
    } else {
        of_body(&api, &caller, request).await?
    };
    let received =
        if query.name.is_some() { received.with_name(query.name.as_deref()) } else { received };
    Ok(answer(keep(&api, &caller, received).await.map_err(Refused::of_body)?))
}

async fn of_body(api: &Api, caller: &Caller, request: Request) -> Result<ReceivedFile, Problem> {
    let length = request.headers().get(header::CONTENT_LENGTH);
    let length = length.and_then(|length| length.to_str().ok()?.parse().ok());
    let mut receiver = Receiver::begin(api, caller).await.map_err(Refused::of_body)?;
    receiver.expect(length).map_err(Refused::of_body)?;
    let mut pieces = Pieces::new(request.into_body());
    let broken = |error: BodyError| {
        let detail = format!("the upload is incomplete: {error}");
        Problem::new(StatusCode::BAD_REQUEST, "body", detail)
    };
    while let Some(piece) = pieces.try_next().await.map_err(broken)? {
        receiver.push(&piece).await.map_err(Refused::of_body)?;
    }
    receiver.end().await.map_err(Refused::of_body)
}

async fn of_form(api: &Api, caller: &Caller, request: Request) -> Result<ReceivedFile, Problem> {
    let broken = |error: &dyn std::fmt::Display| {
        let detail = format!("the form cannot be read: {error}");
        Problem::new(StatusCode::BAD_REQUEST, "body", detail)
    };
    let (parts, body) = request.into_parts();
    let (pieces, unread) = Pieces::for_search(body);
    let request = Request::from_parts(parts, Body::from_stream(pieces));
    let mut form = Multipart::from_request(request, api).await.map_err(|error| broken(&error))?;
    let broken = |error: MultipartError| broken(&root_cause(&error));
    let mut others = 0;
    let mut file: Option<Receiver> = None;
    let mut name = None;
    while let Some(mut field) = form.next_field().await.map_err(broken)? {
        unread.progress();
        if field.name() == Some("file") {
            if file.is_some() {
                return Err(Problem::field(
                    "file",
                    "the form contains this field twice: send one file",
                ));
            }
            name = field.file_name().map(str::to_owned);
            let mut receiver = Receiver::begin(api, caller).await.map_err(Refused::of_body)?;
            while let Some(piece) = field.chunk().await.map_err(broken)? {
                unread.progress();
                receiver.push(&piece).await.map_err(Refused::of_body)?;
            }
            file = Some(receiver);
            continue;
        }
        while let Some(piece) = field.chunk().await.map_err(broken)? {
            unread.progress();
            others += piece.len();
            if others > MAX_OTHER_FIELDS {
                let detail =
                    "the form's fields other than `file` are larger than 1 MiB: remove them";
                return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", detail));
            }
        }
    }
    let Some(receiver) = file else {
        return Err(Problem::field(
            "file",
            "the form has no field `file`: send the file in a field of this name",
        ));
    };
    let received = receiver.end().await.map_err(Refused::of_body)?;
    Ok(received.with_name(name.as_deref()))
}

/// Show an uploaded file
///
/// The record of a file that this key uploaded; with the scope `admin`, of any file.
#[cfg_attr(feature = "openapi", utoipa::path(
    get,
    path = "/api/v2/assets/{id}",
    operation_id = "show_asset",
    tag = "assets",
    params(("id" = String, Path, description = "The file")),
    responses(
        (status = 200, description = "The file's record", body = Asset),
        (status = 401, description = "The API key is missing or unknown", body = Problem),
        (status = 403, description = "The key lacks the `read` scope", body = Problem),
        (status = 404, description = "This key has uploaded no such file", body = Problem),
        (status = 503, description = "The database does not respond", body = Problem),
    )
))]
pub(crate) async fn show(
    State(api): State<Api>,
    caller: Caller,
    ApiPath(id): ApiPath<String>,
) -> Result<Json<Asset>, Problem> {
    caller.may(Scope::Read)?;
    let row = api.files.asset_fetch(&id).await?;
    let own = row.filter(|row| caller.sees().is_none_or(|key| key == row.key_id));
    own.map(|row| Json(row.into())).ok_or_else(|| {
        let detail = format!("there is no uploaded file `{id}`");
        Problem::new(StatusCode::NOT_FOUND, "no_such_asset", detail)
    })
}

/// Returns the message of the innermost error. The outer errors state only that the stream could not be read.
fn root_cause(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

/// Maximum total size of a form's other fields, in bytes.
const MAX_OTHER_FIELDS: usize = 1 << 20;

/// An upload URL in the object store.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub(crate) struct UploadPlace {
    /// The id of the upload, for `POST /api/v2/assets/uploads/{id}/confirm`.
    upload_id: String,
    /// The HTTP method of the upload.
    method: String,
    /// The URL of the upload, which expires.
    url: String,
    /// The lifetime of the URL, in seconds.
    expires_in_seconds: u64,
}

fn bucket(api: &Api) -> Result<&Bucket, Problem> {
    api.storage.bucket().ok_or_else(|| {
        let detail = "this service has no object store: send the file to POST /api/v2/assets";
        Problem::new(StatusCode::CONFLICT, "no_object_store", detail)
    })
}

/// Returns the object name of an unconfirmed upload. It contains the API key's id, so that no other key can confirm
/// the upload.
fn upload_name(caller: &Caller, id: &uuid::Uuid) -> String {
    format!("uploads/{}/{id}", caller.key_id)
}

/// Request an upload URL
///
/// If films are in an object store, a file can be sent there directly, with PUT to `url`, and then confirmed.
#[cfg_attr(feature = "openapi", utoipa::path(
    post,
    path = "/api/v2/assets/uploads",
    tag = "assets",
    responses(
        (status = 201, description = "A place", body = UploadPlace),
        (status = 401, description = "The API key is missing or unknown", body = Problem),
        (status = 403, description = "The key lacks the `submit` scope", body = Problem),
        (status = 409, description = "There is no object store", body = Problem),
        (status = 503, description = "The database or the storage does not respond", body = Problem),
    )
))]
pub(crate) async fn begin_upload(
    State(api): State<Api>,
    caller: Caller,
) -> Result<(StatusCode, Json<UploadPlace>), Problem> {
    caller.may(Scope::Submit)?;
    let bucket = bucket(&api)?;
    let id = uuid::Uuid::new_v4();
    let seconds = 60 * u64::from(api.config.settings.storage.link_minutes);
    let url = bucket.link(&upload_name(&caller, &id), true, Duration::from_secs(seconds)).await?;
    let place = UploadPlace {
        upload_id: id.to_string(),
        method: "PUT".to_owned(),
        url,
        expires_in_seconds: seconds,
    };
    Ok((StatusCode::CREATED, Json(place)))
}

/// Confirm an upload
///
/// Checks and stores the file like an upload to this service.
#[cfg_attr(feature = "openapi", utoipa::path(
    post,
    path = "/api/v2/assets/uploads/{id}/confirm",
    tag = "assets",
    params(UploadQuery, ("id" = String, Path, description = "The upload")),
    responses(
        (status = 200, description = "This key has uploaded the same file before", body = Asset),
        (status = 201, description = "Kept", body = Asset),
        (status = 401, description = "The API key is missing or unknown", body = Problem),
        (status = 403, description = "The key lacks the `submit` scope", body = Problem),
        (status = 404, description = "Nothing was uploaded to the link", body = Problem),
        (status = 409, description = "There is no object store", body = Problem),
        (status = 413, description = "The body is too large", body = Problem),
        (status = 422, description = "Not a picture, clip or sound", body = Problem),
        (status = 503, description = "The database or the storage does not respond", body = Problem),
        (status = 507, description = "The disk is nearly full", body = Problem),
    )
))]
pub(crate) async fn confirm_upload(
    State(api): State<Api>,
    caller: Caller,
    ApiPath(id): ApiPath<String>,
    ApiQuery(query): ApiQuery<UploadQuery>,
) -> Result<(StatusCode, Json<Asset>), Problem> {
    caller.may(Scope::Submit)?;
    let bucket = bucket(&api)?;
    crate::disk_space::check(&api)?;
    let none = || {
        let detail = format!("nothing was uploaded as `{id}`: PUT the file to the link first");
        Problem::new(StatusCode::NOT_FOUND, "no_such_upload", detail)
    };
    let name = upload_name(&caller, &uuid::Uuid::parse_str(&id).map_err(|_| none())?);
    let size = bucket.size(&name).await?.ok_or_else(none)?;
    let mut receiver = Receiver::begin(&api, &caller).await.map_err(Refused::of_body)?;
    if let Err(refused) = receiver.expect(Some(size)) {
        let _ = bucket.delete(&name).await;
        return Err(refused.of_body());
    }
    let copy = format!("incoming/{id}.part");
    let path = api.storage.path(&copy);
    bucket.download(&name, &path).await?.ok_or_else(none)?;
    let unreadable = |error: std::io::Error| {
        tracing::error!(reason = %error, "an uploaded file could not be read");
        let detail = "the server could not read the uploaded file: repeat the request later";
        let (status, code) = (StatusCode::SERVICE_UNAVAILABLE, "storage_unavailable");
        Refused::Ours(Problem::new(status, code, detail))
    };
    let read = async {
        let mut file = tokio::fs::File::open(&path).await.map_err(unreadable)?;
        let mut piece = vec![0; 1 << 20];
        loop {
            let got = file.read(&mut piece).await.map_err(unreadable)?;
            if got == 0 {
                return Ok(());
            }
            receiver.push(&piece[..got]).await?;
        }
    };
    let read: Result<(), Refused> = read.await;
    let _ = api.storage.remove_here(&copy).await;
    read.map_err(Refused::of_body)?;
    let received = receiver.end().await.map_err(Refused::of_body)?;
    let kept = keep(&api, &caller, received.with_name(query.name.as_deref())).await;
    // Stored or rejected, the upload is no longer needed.
    if !matches!(kept, Err(Refused::Ours(_))) {
        let _ = bucket.delete(&name).await;
    }
    Ok(answer(kept.map_err(Refused::of_body)?))
}
