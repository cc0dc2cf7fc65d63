//! Streams the events of a job (server-sent events).

use crate::Api;
use crate::auth::{Caller, Scope};
use crate::budget::Share;
use crate::extract::ApiPath;
use crate::jobs::authorized_job;
use crate::problem::Problem;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::IntoResponse;
use axum::response::sse::{Event, KeepAlive, Sse};
use pytoon_records::job::JobStatus;
use pytoon_records::job::store::EventKind;
use pytoon_vocabulary::JobId;
use std::convert::Infallible;
use std::time::Duration;
use tokio::sync::mpsc;

/// The first poll interval. The intervals grow, so that hundreds of streams do not keep the database busy.
const LOOK: Duration = Duration::from_millis(300);
const LATEST_LOOK: Duration = Duration::from_millis(1500);
/// Maximum number of events per poll.
const PAGE: u32 = 200;
/// The interval between keep-alive comments.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// A job event in the form that the stream sends (HTML standard, 9.2).
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[expect(dead_code, reason = "it describes the stream, which axum writes")]
pub(crate) struct StreamedEvent {
    /// The number of the event in the job, for `Last-Event-ID`.
    id: String,
    /// The type of the event: `status` or `scene`.
    event: String,
    /// The content of the event, as JSON text.
    data: String,
}

/// Watch a job
///
/// Sends the server-sent events `status` and `scene`. With `Last-Event-ID`, only later events are sent. The stream
/// ends with the job.
#[cfg_attr(feature = "openapi", utoipa::path(
    get,
    path = "/api/v2/jobs/{id}/events",
    tag = "jobs",
    params(
        ("id" = String, Path, description = "The job"),
        ("Last-Event-ID" = Option<String>, Header, nullable = false, description = "Id of the last event received"),
    ),
    responses(
        (status = 200, description = "Events", body = StreamedEvent, content_type = "text/event-stream"),
        (status = 401, description = "The API key is missing or unknown", body = Problem),
        (status = 403, description = "The key lacks the `read` scope", body = Problem),
        (status = 404, description = "There is no such job", body = Problem),
        (status = 503, description = "The database does not respond", body = Problem),
    )
))]
pub(crate) async fn events(
    State(api): State<Api>,
    caller: Caller,
    ApiPath(id): ApiPath<JobId>,
    headers: HeaderMap,
) -> Result<impl IntoResponse, Problem> {
    caller.may(Scope::Read)?;
    authorized_job(&api, &caller, &id).await?;
    let last = headers.get("last-event-id").and_then(|value| value.to_str().ok());
    let after: i64 = last.and_then(|text| text.parse().ok()).unwrap_or(0);
    let share = api.budgets.streams.take(&caller.key_id, 1).await?;
    let (tell, told) = mpsc::channel::<Result<Event, Infallible>>(32);
    tokio::spawn(async move {
        tokio::select! {
            () = watch(&api, id, after, tell) => {}
            // A stream does not outlive its key.
            () = caller.wait_until_revoked(&api) => {}
        }
    });
    let keep_alive = KeepAlive::new().interval(KEEP_ALIVE);
    let stream = Sse::new(EventStream { told, _share: share }).keep_alive(keep_alive);
    Ok(stream)
}

/// Sends a job's events with numbers above `after`. Returns when the job has ended or was deleted, the client has
/// disconnected, or the database fails.
async fn watch(
    api: &Api,
    id: JobId,
    mut after: i64,
    tell: mpsc::Sender<Result<Event, Infallible>>,
) {
    let mut pause = LOOK;
    loop {
        let Ok(events) = api.jobs.job_events(&id, after, PAGE).await else { return };
        pause = if events.is_empty() { (pause * 5 / 4).min(LATEST_LOOK) } else { LOOK };
        let is_last_page = events.len() < PAGE as usize;
        let mut has_ended = false;
        for event in events {
            after = event.seq;
            let status = event.data["status"].as_str().and_then(JobStatus::from_name);
            if event.event == EventKind::Status {
                has_ended = status.is_some_and(JobStatus::is_terminal);
            }
            let line = Event::default()
                .id(event.seq.to_string())
                .event(event.event.as_str())
                .data(event.data.to_string());
            if tell.send(Ok(line)).await.is_err() {
                return;
            }
        }
        if has_ended && is_last_page || tell.is_closed() {
            return;
        }
        // A client that reconnects after the end learns it from the end of the stream.
        match api.jobs.job_fetch(&id).await {
            Ok(Some(job)) if job.status.is_terminal() => {
                let rest = api.jobs.job_events(&id, after, 1).await;
                if rest.is_ok_and(|rest| rest.is_empty()) {
                    return;
                }
            }
            Ok(Some(_)) => tokio::time::sleep(pause).await,
            Ok(None) | Err(_) => return,
        }
    }
}

/// The stream of the events that [`watch`] sends. It holds a share of the budget for event streams.
struct EventStream {
    told: mpsc::Receiver<Result<Event, Infallible>>,
    _share: Share,
}

impl futures_core::Stream for EventStream {
    type Item = Result<Event, Infallible>;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        self.told.poll_recv(context)
    }
}
