//! The route that measures a finished film: times of words and captions, ducking, and loudness over time.

use crate::Api;
use crate::auth::{Caller, Scope};
use crate::entity_tag::{is_known, tag_of_key, tagged, unchanged};
use crate::extract::ApiPath;
use crate::film_copy;
use crate::jobs::{authorized_job, missing_file, storage_name};
use crate::problem::Problem;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use bytes::Bytes;
use pytoon_core::artifact;
use pytoon_core::timeline::{AudioTrack, Timeline};
use pytoon_records::job::JobStatus;
use pytoon_vocabulary::JobId;
use serde_json::Value;
use std::fmt;
use std::path::Path;

/// The files that an inspection reads, without the voice takes.
const FILES: [&str; 7] = [
    artifact::METADATA,
    artifact::TIMELINE,
    artifact::SCENE_GRAPH,
    artifact::MIXED,
    artifact::VOICE_STEM,
    artifact::MUSIC_STEM,
    artifact::OUTPUT,
];

/// The cause of a failed measurement, for the caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InspectFailure(pub String);

/// Measures and extracts parts of films. The `pytoon` binary implements it. All functions block the thread.
pub trait FilmInspector: fmt::Debug + Send + Sync {
    /// Returns the measurements of the finished film in a job's folder.
    fn inspect(&self, root: &Path) -> Result<Value, InspectFailure>;
    /// Returns the peaks of a sound file as waveform data.
    fn peaks(&self, sound: &Path, samples_per_pair: u32) -> Result<Vec<u8>, InspectFailure>;
    /// Returns the first frame of a video that begins at `seconds` or later, as JPEG; `None` if there is none.
    fn frame(
        &self,
        video: &Path,
        seconds: f64,
        height: u32,
    ) -> Result<Option<Vec<u8>>, InspectFailure>;
}

impl From<InspectFailure> for Problem {
    fn from(InspectFailure(reason): InspectFailure) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "inspection_failed", reason)
    }
}

/// Inspect a finished film
///
/// Returns `facts` (lengths, ducking, the offset of the audio, words and captions that do not match the voice, and the
/// reasons) and `loudness`: `momentary_lufs` (400 ms) and `short_term_lufs` (3 s) every `step_ms` milliseconds
/// (EBU Tech 3341). A value belongs to the window that ends with its step; it is null before the first window is full and
/// below -70 LUFS.
#[cfg_attr(feature = "openapi", utoipa::path(
    get,
    path = "/api/v2/jobs/{id}/inspection",
    tag = "jobs",
    params(("id" = String, Path, description = "The job")),
    responses(
        (status = 200, description = "The measurements", body = Object, content_type = "application/json",
            headers(("ETag" = String, description = "The version of the response"))),
        (status = 304, description = "Unchanged"),
        (status = 401, description = "The API key is missing or unknown", body = Problem),
        (status = 403, description = "The key lacks the `read` scope", body = Problem),
        (status = 404, description = "There is no such job", body = Problem),
        (status = 409, description = "The job is not done, or its files were removed", body = Problem),
        (status = 500, description = "The film cannot be measured", body = Problem),
        (status = 503, description = "The database does not respond, or too many films are being measured", body = Problem),
    )
))]
pub(crate) async fn inspection(
    State(api): State<Api>,
    caller: Caller,
    ApiPath(id): ApiPath<JobId>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    caller.may(Scope::Read)?;
    let row = authorized_job(&api, &caller, &id).await?;
    let not_yet = || missing_file(&row, "inspection");
    if row.status != JobStatus::Done {
        return Err(not_yet());
    }
    let film = film_copy::version(&api, &id, artifact::OUTPUT).await?.ok_or_else(not_yet)?;
    let receipt = film_copy::version(&api, &id, artifact::METADATA).await?.ok_or_else(not_yet)?;
    let timeline = read_timeline(&api, &id, artifact::TIMELINE).await?.ok_or_else(not_yet)?;
    let version = format!("{film} {receipt}");
    let tag = tag_of_key(&format!("inspection {id} {version}"));
    if is_known(&headers, &tag) {
        return unchanged(&tag);
    }
    let compute = measure(api.clone(), caller, id, version, timeline);
    let content = api.cache.get_or_compute(tag.clone(), compute).await?;
    tagged(&tag, "application/json", content)
}

async fn measure(
    api: Api,
    caller: Caller,
    id: JobId,
    version: String,
    timeline: Timeline,
) -> Result<Bytes, Problem> {
    let share = api.budgets.measuring.take(&caller.key_id, 1).await?;
    let names: Vec<String> =
        FILES.iter().map(|name| (*name).to_owned()).chain(takes(&timeline)).collect();
    let folder = film_copy::folder(&api, &id, &version, &names).await?;
    let inspector = api.inspector.clone();
    run_blocking(move || {
        let measured = inspector.inspect(folder.root());
        drop(share);
        Ok(Bytes::from(measured?.to_string()))
    })
    .await
}

/// Returns the names of the voice takes that a film plays.
fn takes(timeline: &Timeline) -> impl Iterator<Item = String> {
    let clips = timeline.tracks.audio.iter().flat_map(|track| match track {
        AudioTrack::Voice { clips, .. } => clips.as_slice(),
        AudioTrack::Music { .. } | AudioTrack::ClipSound { .. } | AudioTrack::Effects { .. } => &[],
    });
    clips.map(|clip| clip.asset.clone())
}

/// Reads a timeline of a job; `None` if there is no such file.
pub(crate) async fn read_timeline(
    api: &Api,
    id: &JobId,
    name: &str,
) -> Result<Option<Timeline>, Problem> {
    let Some(bytes) = api.storage.read(&storage_name(id, name)).await? else { return Ok(None) };
    let read = crate::extract::apart(bytes.len(), move || serde_json::from_slice(&bytes)).await?;
    read.map(Some).map_err(|error: serde_json::Error| {
        let detail = format!(
            "this version of pytoon cannot read the timeline of the job ({error}): retry the job"
        );
        Problem::new(StatusCode::CONFLICT, "unreadable", detail)
    })
}

/// Runs work on a thread where it may block. Work that has begun continues if the caller is dropped.
pub(crate) async fn run_blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    let span = tracing::Span::current();
    let done = tokio::task::spawn_blocking(move || span.in_scope(work)).await;
    done.map_err(|error| {
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", error.to_string())
    })?
}
