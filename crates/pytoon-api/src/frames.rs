//! The route that returns single frames of a film as pictures, also while the film is being rendered.

use crate::Api;
use crate::auth::{Caller, Scope};
use crate::entity_tag::{is_known, tag_of_key, tagged, unchanged};
use crate::extract::{ApiPath, ApiQuery};
use crate::film_copy;
use crate::inspection::{read_timeline, run_blocking};
use crate::jobs::{authorized_job, missing_file, storage_name};
use crate::problem::Problem;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use bytes::Bytes;
use pytoon_core::artifact;
use pytoon_core::time::FrameRange;
use pytoon_core::timeline::Timeline;
use pytoon_records::job::JobStatus;
use pytoon_vocabulary::{Frame, JobId};
use serde::Deserialize;

/// The supported heights, in pixels.
const HEIGHTS: std::ops::RangeInclusive<u32> = 16..=1920;
/// The default height, in pixels.
const USUAL_HEIGHT: u32 = 160;

/// The parameters of a frame.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams))]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", into_params(parameter_in = Query))]
pub(crate) struct Size {
    /// Height of the picture in pixels, 16 to 1920; default 160. A film that is lower is not enlarged.
    #[cfg_attr(feature = "openapi", param(minimum = 16, maximum = 1920))]
    height: Option<u32>,
    /// Any text. Browsers keep pictures by their addresses: a page changes it to see the frame of a film that was made
    /// again.
    #[expect(dead_code, reason = "it only makes addresses different")]
    v: Option<String>,
}

/// The part of a chunk's record that this module reads.
#[derive(Debug, Deserialize)]
struct ChunkRecord {
    output: ChunkOutput,
}

#[derive(Debug, Deserialize)]
struct ChunkOutput {
    range: FrameRange,
}

/// A video file of a job that contains a frame.
#[derive(Debug)]
struct Source {
    /// The name of the file in the job's folder.
    file: String,
    /// The film's frame with which the file begins.
    first: Frame,
}

/// A frame to extract from a video file of a job.
#[derive(Debug)]
struct WantedFrame {
    id: JobId,
    /// The version of the file.
    version: String,
    file: String,
    /// An instant between the frame before and the wanted one, from the start of the file.
    seconds: f64,
    /// The height of the picture, in pixels.
    height: u32,
}

/// Fetch a frame
///
/// One frame of the film as JPEG. Until the job is done, only frames of finished parts are available.
#[cfg_attr(feature = "openapi", utoipa::path(
    get,
    path = "/api/v2/jobs/{id}/frames/{name}",
    tag = "jobs",
    params(
        ("id" = String, Path, description = "The job"),
        ("name" = String, Path, description = "The number of the frame, from 0, and `.jpg`; such as `12.jpg`"),
        Size,
    ),
    responses(
        (status = 200, description = "The frame", body = String, content_type = "image/jpeg",
            headers(("ETag" = String, description = "The version of the response"))),
        (status = 304, description = "Unchanged"),
        (status = 401, description = "The API key is missing or unknown", body = Problem),
        (status = 403, description = "The key lacks the `read` scope", body = Problem),
        (status = 404, description = "There is no such job or frame", body = Problem),
        (status = 409, description = "The frame is not rendered yet, or the film was removed", body = Problem),
        (status = 422, description = "A parameter is invalid", body = Problem),
        (status = 500, description = "The frame cannot be extracted", body = Problem),
        (status = 503, description = "The database does not respond, or too many films are being read", body = Problem),
    )
))]
pub(crate) async fn frame(
    State(api): State<Api>,
    caller: Caller,
    ApiPath((id, name)): ApiPath<(JobId, String)>,
    ApiQuery(size): ApiQuery<Size>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    caller.may(Scope::Read)?;
    let row = authorized_job(&api, &caller, &id).await?;
    let frame = frame_number(&name).ok_or_else(|| {
        let detail = format!("there is no frame `{name}`: use its number from 0, such as `12.jpg`");
        Problem::new(StatusCode::NOT_FOUND, "no_such_frame", detail)
    })?;
    let height = size.height.unwrap_or(USUAL_HEIGHT);
    if !HEIGHTS.contains(&height) {
        let detail = format!("{height} is not between {} and {}", HEIGHTS.start(), HEIGHTS.end());
        return Err(Problem::field("height", detail));
    }
    let not_yet = || missing_file(&row, &format!("frame {frame}"));
    let is_done = row.status == JobStatus::Done;
    let work = |name: &str| format!("{}/{name}", artifact::WORK_DIR);
    let timeline = if is_done { artifact::TIMELINE.to_owned() } else { work(artifact::TIMELINE) };
    let timeline = read_timeline(&api, &id, &timeline).await?.ok_or_else(not_yet)?;
    if frame >= timeline.total_frames {
        let detail = format!(
            "there is no frame {frame}: the film has {} frames, from 0",
            timeline.total_frames
        );
        return Err(Problem::new(StatusCode::NOT_FOUND, "no_such_frame", detail));
    }
    let source = match is_done {
        true => Source { file: artifact::OUTPUT.to_owned(), first: Frame::ZERO },
        false => finished_chunk(&api, &id, &timeline, frame).await?.ok_or_else(not_yet)?,
    };
    let version = film_copy::version(&api, &id, &source.file).await?.ok_or_else(not_yet)?;
    let tag = tag_of_key(&format!("frame {frame} {height} {id} {} {version}", source.file));
    if is_known(&headers, &tag) {
        return unchanged(&tag);
    }
    // Half a frame earlier is after the frame before, however the times in the file are rounded.
    let begins = timeline.frame_rate.frame_to_seconds(frame - source.first);
    let seconds = begins - 0.5 * timeline.frame_rate.frame_to_seconds(Frame::new(1));
    let wanted = WantedFrame { id, version, file: source.file, seconds, height };
    let compute = extract(api.clone(), caller, wanted);
    let content = api.cache.get_or_compute(tag.clone(), compute).await?;
    tagged(&tag, "image/jpeg", content)
}

/// Parses a name such as `12.jpg`. Numbers have no sign and no leading zeros, so that a frame has one name.
fn frame_number(name: &str) -> Option<Frame> {
    let digits = name.strip_suffix(".jpg")?;
    let number: u32 = digits.parse().ok()?;
    (number.to_string() == digits).then(|| Frame::new(i64::from(number)))
}

/// Returns the finished chunk that contains a frame; `None` if it is not finished. A chunk that an earlier version of
/// the film left behind does not count if the film is divided differently now.
async fn finished_chunk(
    api: &Api,
    id: &JobId,
    timeline: &Timeline,
    frame: Frame,
) -> Result<Option<Source>, Problem> {
    let chunks = timeline.chunks();
    let Some(index) = chunks.iter().position(|chunk| chunk.contains(frame)) else {
        return Ok(None);
    };
    let range = chunks[index];
    let file = |ending: &str| {
        format!("{}/{}/{index:03}.{ending}", artifact::WORK_DIR, artifact::CHUNKS_DIR)
    };
    let record = api.storage.read(&storage_name(id, &file("json"))).await?;
    let record = record.and_then(|bytes| serde_json::from_slice::<ChunkRecord>(&bytes).ok());
    let is_finished = record.is_some_and(|record| record.output.range == range);
    Ok(is_finished.then(|| Source { file: file("mp4"), first: range.start }))
}

async fn extract(api: Api, caller: Caller, wanted: WantedFrame) -> Result<Bytes, Problem> {
    let WantedFrame { id, version, file, seconds, height } = wanted;
    let share = api.budgets.previews.take(&caller.key_id, 1).await?;
    let folder = film_copy::folder(&api, &id, &version, std::slice::from_ref(&file)).await?;
    let inspector = api.inspector.clone();
    run_blocking(move || {
        let frame = inspector.frame(&folder.root().join(file), seconds, height);
        drop(share);
        let missing = || {
            let detail = "the film is shorter than its timeline: retry the job";
            Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "inspection_failed", detail)
        };
        frame?.map(Bytes::from).ok_or_else(missing)
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_have_one_name_each() {
        assert_eq!(frame_number("0.jpg"), Some(Frame::ZERO));
        assert_eq!(frame_number("120.jpg"), Some(Frame::new(120)));
        for name in ["", ".jpg", "12", "012.jpg", "+1.jpg", "-1.jpg", "1.png", "99999999999.jpg"] {
            assert_eq!(frame_number(name), None, "{name}");
        }
    }
}
