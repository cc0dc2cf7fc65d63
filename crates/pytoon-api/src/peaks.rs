//! The route that returns the peaks of a film's sound, for drawing waveforms.

use crate::Api;
use crate::auth::{Caller, Scope};
use crate::entity_tag::{is_known, tag_of_key, tagged, unchanged};
use crate::extract::{ApiPath, ApiQuery};
use crate::film_copy;
use crate::inspection::run_blocking;
use crate::jobs::{authorized_job, missing_file};
use crate::problem::Problem;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use bytes::Bytes;
use pytoon_core::artifact;
use pytoon_vocabulary::JobId;
use serde::Deserialize;

/// The names of the tracks, with their files.
const TRACKS: [(&str, &str); 3] =
    [("voice", artifact::VOICE_STEM), ("music", artifact::MUSIC_STEM), ("mixed", artifact::MIXED)];
/// The supported numbers of samples per pair. The first is the default.
pub(crate) const RESOLUTIONS: [u32; 2] = [256, 2048];

/// The parameters of a waveform.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams))]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", into_params(parameter_in = Query))]
pub(crate) struct Resolution {
    /// Number of samples per pair, 256 or 2048; default 256.
    samples_per_pair: Option<u32>,
}

/// Fetch the waveform of a track
///
/// Peaks of the voice, the music with the sound of clips, or the mastered mix, in the binary format of
/// `audiowaveform`, version 2: six little-endian 32-bit numbers (version 2, flags 1 for 8 bits, sample rate 48000,
/// samples per pair, number of pairs, channels 1), then a minimum and a maximum per pair, each a signed byte.
#[cfg_attr(feature = "openapi", utoipa::path(
    get,
    path = "/api/v2/jobs/{id}/peaks/{name}",
    tag = "jobs",
    params(
        ("id" = String, Path, description = "The job"),
        ("name" = String, Path, description = "The track: `voice`, `music` or `mixed`"),
        Resolution,
    ),
    responses(
        (status = 200, description = "The peaks", body = String, content_type = "application/octet-stream",
            headers(("ETag" = String, description = "The version of the response"))),
        (status = 304, description = "Unchanged"),
        (status = 401, description = "The API key is missing or unknown", body = Problem),
        (status = 403, description = "The key lacks the `read` scope", body = Problem),
        (status = 404, description = "There is no such job or track", body = Problem),
        (status = 409, description = "The job does not have the track: it is not done, or its files were removed", body = Problem),
        (status = 422, description = "A parameter is invalid", body = Problem),
        (status = 500, description = "The track cannot be read", body = Problem),
        (status = 503, description = "The database does not respond, or too many films are being read", body = Problem),
    )
))]
pub(crate) async fn peaks(
    State(api): State<Api>,
    caller: Caller,
    ApiPath((id, track)): ApiPath<(JobId, String)>,
    ApiQuery(resolution): ApiQuery<Resolution>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    caller.may(Scope::Read)?;
    let row = authorized_job(&api, &caller, &id).await?;
    let known = TRACKS.iter().find(|(name, _)| *name == track);
    let &(track, file) = known.ok_or_else(|| {
        let detail = format!("there is no track `{track}`; there are voice, music and mixed");
        Problem::new(StatusCode::NOT_FOUND, "no_such_track", detail)
    })?;
    let samples_per_pair = resolution.samples_per_pair.unwrap_or(RESOLUTIONS[0]);
    if !RESOLUTIONS.contains(&samples_per_pair) {
        let detail = format!("{samples_per_pair} is not supported: use 256 or 2048");
        return Err(Problem::field("samples_per_pair", detail));
    }
    let version = film_copy::version(&api, &id, file).await?;
    let version = version.ok_or_else(|| missing_file(&row, &format!("track `{track}`")))?;
    let tag = tag_of_key(&format!("peaks {track} {samples_per_pair} {id} {version}"));
    if is_known(&headers, &tag) {
        return unchanged(&tag);
    }
    let compute = read_peaks(api.clone(), caller, id, version, file, samples_per_pair);
    let content = api.cache.get_or_compute(tag.clone(), compute).await?;
    tagged(&tag, "application/octet-stream", content)
}

async fn read_peaks(
    api: Api,
    caller: Caller,
    id: JobId,
    version: String,
    file: &'static str,
    samples_per_pair: u32,
) -> Result<Bytes, Problem> {
    let share = api.budgets.previews.take(&caller.key_id, 1).await?;
    let folder = film_copy::folder(&api, &id, &version, &[file.to_owned()]).await?;
    let inspector = api.inspector.clone();
    run_blocking(move || {
        let peaks = inspector.peaks(&folder.root().join(file), samples_per_pair);
        drop(share);
        Ok(Bytes::from(peaks?))
    })
    .await
}
