//! The routes of the published versions of a film.

use crate::Api;
use crate::artifacts::{known_artifact, send};
use crate::auth::{Caller, Scope};
use crate::extract::{ApiJson, ApiPath, ApiQuery};
use crate::job_brief;
use crate::jobs::{Job, authorized_job, moment, storage_name};
use crate::problem::Problem;
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use pytoon_records::job::versions::{FilmVersion, version_folder};
use pytoon_vocabulary::JobId;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Maximum length of a version's name, in characters.
const MAX_NAME: usize = 100;

/// A published version of a film.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub(crate) struct Version {
    /// The number of the version: 1 for the first publication.
    version: u32,
    /// The name that a person gave it; empty without one.
    name: String,
    /// The time of the publication, as RFC 3339.
    created_at: String,
    /// True for the version that the job shows.
    is_current: bool,
}

/// The versions of a film.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub(crate) struct Versions {
    /// The versions, the latest first.
    versions: Vec<Version>,
}

/// A new name of a version.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct VersionName {
    /// The name, at most 100 characters; empty to remove it.
    name: String,
}

/// List the versions of a film
///
/// Each publication is a version. Earlier versions stay until the job is deleted.
#[cfg_attr(feature = "openapi", utoipa::path(
    get,
    path = "/api/v2/jobs/{id}/versions",
    operation_id = "list_versions",
    tag = "jobs",
    params(("id" = String, Path, description = "The job")),
    responses(
        (status = 200, description = "The versions", body = Versions),
        (status = 401, description = "The API key is missing or unknown", body = Problem),
        (status = 403, description = "The key lacks the `read` scope", body = Problem),
        (status = 404, description = "There is no such job", body = Problem),
        (status = 503, description = "The database does not respond", body = Problem),
    )
))]
pub(crate) async fn list(
    State(api): State<Api>,
    caller: Caller,
    ApiPath(id): ApiPath<JobId>,
) -> Result<Json<Versions>, Problem> {
    caller.may(Scope::Read)?;
    authorized_job(&api, &caller, &id).await?;
    let rows = api.versions.version_list(&id).await?;
    let latest = rows.first().map(|row| row.version);
    let versions = rows.into_iter().map(|row| Version {
        version: row.version,
        name: row.name,
        created_at: moment(row.created_at),
        is_current: Some(row.version) == latest,
    });
    Ok(Json(Versions { versions: versions.collect() }))
}

/// Name a version of a film
#[cfg_attr(feature = "openapi", utoipa::path(
    put,
    path = "/api/v2/jobs/{id}/versions/{version}",
    operation_id = "name_version",
    tag = "jobs",
    request_body(content = VersionName, description = "The name"),
    params(
        ("id" = String, Path, description = "The job"),
        ("version" = String, Path, description = "The number of the version"),
    ),
    responses(
        (status = 204, description = "Named"),
        (status = 400, description = "The body is not valid JSON", body = Problem),
        (status = 401, description = "The API key is missing or unknown", body = Problem),
        (status = 403, description = "The key lacks the `submit` scope", body = Problem),
        (status = 404, description = "There is no such job or version", body = Problem),
        (status = 413, description = "The body is too large", body = Problem),
        (status = 415, description = "The Content-Type is not JSON", body = Problem),
        (status = 422, description = "The name is too long", body = Problem),
        (status = 503, description = "The database does not respond", body = Problem),
    )
))]
pub(crate) async fn rename(
    State(api): State<Api>,
    caller: Caller,
    ApiPath((id, version)): ApiPath<(JobId, String)>,
    ApiJson(body): ApiJson,
) -> Result<StatusCode, Problem> {
    caller.may(Scope::Submit)?;
    authorized_job(&api, &caller, &id).await?;
    let body: VersionName = serde_json::from_value(Value::Object(body))
        .map_err(|error| Problem::field("(body)", error.to_string()))?;
    let chars = body.name.chars().count();
    if chars > MAX_NAME || body.name.chars().any(char::is_control) {
        let detail =
            format!("the name has {chars} characters; use at most {MAX_NAME}, on one line");
        return Err(Problem::field("name", detail));
    }
    let number = number(&version)?;
    if !api.versions.version_name(&id, number, body.name.trim()).await? {
        return Err(no_version(&version));
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Restore a version of a film
///
/// The film is made again from the brief of the version. Clips that were purchased for it are reused.
#[cfg_attr(feature = "openapi", utoipa::path(
    post,
    path = "/api/v2/jobs/{id}/versions/{version}/restore",
    operation_id = "restore_version",
    tag = "jobs",
    params(
        ("id" = String, Path, description = "The job"),
        ("version" = String, Path, description = "The number of the version"),
        job_brief::Accepted,
    ),
    responses(
        (status = 202, description = "Taken", body = Job),
        (status = 401, description = "The API key is missing or unknown", body = Problem),
        (status = 402, description = "The price is not accepted", body = Problem),
        (status = 403, description = "The key lacks the `submit` scope", body = Problem),
        (status = 404, description = "There is no such job or version", body = Problem),
        (status = 409, description = "The job has not ended", body = Problem),
        (status = 412, description = "The brief changed in the meantime", body = Problem),
        (status = 422, description = "A parameter is invalid", body = Problem),
        (status = 503, description = "The database does not respond", body = Problem),
        (status = 507, description = "The disk is nearly full", body = Problem),
    )
))]
pub(crate) async fn restore(
    State(api): State<Api>,
    caller: Caller,
    ApiPath((id, version)): ApiPath<(JobId, String)>,
    ApiQuery(accepted): ApiQuery<job_brief::Accepted>,
) -> Result<(StatusCode, Json<Job>), Problem> {
    caller.may(Scope::Submit)?;
    let row = authorized_job(&api, &caller, &id).await?;
    let wanted = find(&api, &id, &version).await?;
    crate::disk_space::check(&api)?;
    let brief = serde_json::from_value(wanted.brief.clone())
        .map_err(|error| Problem::field("(brief)", error.to_string()))?;
    job_brief::check_price(&api, &id, brief, accepted).await?;
    job_brief::start(&api, &caller, &id, row.brief, wanted.brief).await
}

/// Fetch a file of a version
///
/// The film, its captions, its timeline and its receipt, as the version was published.
#[cfg_attr(feature = "openapi", utoipa::path(
    get,
    path = "/api/v2/jobs/{id}/versions/{version}/artifacts/{name}",
    operation_id = "version_artifact",
    tag = "jobs",
    params(
        ("id" = String, Path, description = "The job"),
        ("version" = String, Path, description = "The number of the version"),
        ("name" = String, Path, description = "The file"),
    ),
    responses(
        (status = 200, description = "The file", body = String, content_type = "application/octet-stream"),
        (status = 206, description = "The requested range", body = String, content_type = "application/octet-stream"),
        (status = 304, description = "Unchanged"),
        (status = 307, description = "The file is in the object store; follow the link, which expires",
            headers(("Location" = String, description = "The link"))),
        (status = 401, description = "The API key is missing or unknown", body = Problem),
        (status = 403, description = "The key lacks the `read` scope", body = Problem),
        (status = 404, description = "There is no such job, version or file", body = Problem),
        (status = 416, description = "The range lies outside of the file", body = Problem,
            headers(("Content-Range" = String, description = "`bytes */` and the file's size"))),
        (status = 503, description = "The database does not respond", body = Problem),
    )
))]
pub(crate) async fn artifact(
    State(api): State<Api>,
    caller: Caller,
    ApiPath((id, version, name)): ApiPath<(JobId, String, String)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    caller.may(Scope::Read)?;
    let row = authorized_job(&api, &caller, &id).await?;
    let (path, media_type) = known_artifact(&name)?;
    let folder = version_folder(number(&version)?);
    let kept = storage_name(&row.id, &format!("{folder}/{path}"));
    send(&api, &kept, media_type, &headers, &|| no_version(&version)).await
}

async fn find(api: &Api, id: &JobId, version: &str) -> Result<FilmVersion, Problem> {
    let number = number(version)?;
    let rows = api.versions.version_list(id).await?;
    rows.into_iter().find(|row| row.version == number).ok_or_else(|| no_version(version))
}

fn number(version: &str) -> Result<u32, Problem> {
    version.parse().map_err(|_| no_version(version))
}

fn no_version(version: &str) -> Problem {
    let detail = format!("the film has no version `{version}`, or the version has no such file");
    Problem::new(StatusCode::NOT_FOUND, "no_such_version", detail)
}
