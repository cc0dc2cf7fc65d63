//! The routes for webhooks about the end of jobs: their registration and their deliveries.

use crate::Api;
use crate::auth::{Caller, Scope};
use crate::extract::ApiPath;
use crate::jobs::{authorized_job, moment};
use crate::problem::Problem;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use pytoon_records::job::webhook::{WebhookRow, WebhookState};
use pytoon_vendor::http::public::PublicHttp;
use pytoon_vocabulary::JobId;
use serde::Serialize;
use serde_json::{Value, json};

/// Maximum length of a webhook URL.
const MAX_URL: usize = 2048;

/// A webhook message about a job.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub(crate) struct Webhook {
    /// The id of the message, which the receiver gets as `webhook-id`.
    id: String,
    /// The type of the message: `job.done`, `job.failed`, `job.held` or `job.cancelled`.
    event: String,
    /// The URL of the receiver without its query, which may contain secrets.
    receiver: String,
    /// The state of the message: `due`, `delivered` or `dead`.
    state: String,
    /// The time of the next attempt, if there is one.
    next_at: Option<String>,
    /// The time of the event.
    created_at: String,
    /// The attempts so far.
    attempts: Vec<WebhookAttempt>,
}

/// An attempt to deliver a message.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub(crate) struct WebhookAttempt {
    /// The time of the attempt.
    at: String,
    /// The receiver's HTTP status, if it responded.
    status: Option<u16>,
    /// The duration of the attempt, in milliseconds.
    duration_ms: i64,
    /// The error; null on success.
    error: Option<String>,
}

/// The webhook messages of a job.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub(crate) struct Webhooks {
    webhooks: Vec<Webhook>,
}

impl From<WebhookRow> for Webhook {
    fn from(row: WebhookRow) -> Self {
        let attempts = row.attempts.into_iter().map(|attempt| WebhookAttempt {
            at: moment(attempt.at),
            status: attempt.status,
            duration_ms: attempt.duration_ms,
            // Names, addresses and certificates of our network are shown to the operator only (`pytoon webhooks
            // list`).
            error: attempt.error.map(|error| match attempt.status {
                Some(_) => error,
                None => {
                    "the receiver could not be reached over https at a public address".to_owned()
                }
            }),
        });
        Self {
            receiver: receiver(&row.url).to_owned(),
            id: row.id,
            event: row.event,
            state: row.state.as_str().to_owned(),
            next_at: row.next_at.map(moment),
            created_at: moment(row.created_at),
            attempts: attempts.collect(),
        }
    }
}

/// Returns a URL without its query and fragment, which may contain secrets.
fn receiver(url: &str) -> &str {
    url.split(['?', '#']).next().unwrap_or_default()
}

/// Parses the webhook of a submission. Returns a 422 problem for an unknown field, for a URL that must not be called,
/// or if the service has no signing secret.
pub(crate) fn parse_webhook(api: &Api, asked: &Value) -> Result<Value, Problem> {
    let fields = asked.as_object();
    let stray = fields.and_then(|fields| fields.keys().find(|name| *name != "url"));
    if let Some(stray) = stray {
        return Err(Problem::field(
            &format!("webhook.{stray}"),
            "there is no such field; the only field is `url`",
        ));
    }
    let url = fields.and_then(|fields| fields.get("url")).and_then(Value::as_str);
    let url = url.ok_or_else(|| {
        Problem::field("webhook", "the field `url` is missing: send `{\"url\": \"https://…\"}`")
    })?;
    let refused = |reason: String| Problem::field("webhook.url", reason);
    if url.len() > MAX_URL {
        return Err(refused(format!("the URL is longer than {MAX_URL} characters: shorten it")));
    }
    if !api.signs {
        let reason = "this service has no secret for signing webhooks: ask its operator to set \
                      WEBHOOK_SECRET (`pytoon webhooks secret` generates one)";
        return Err(Problem::field("webhook", reason));
    }
    let allowed = &api.config.settings.webhooks.allow_hosts;
    PublicHttp::check(allowed, url).map_err(refused)?;
    Ok(json!({ "url": url }))
}

/// List the webhook messages of a job
#[cfg_attr(feature = "openapi", utoipa::path(
    get,
    path = "/api/v2/jobs/{id}/webhooks",
    operation_id = "list_webhooks",
    tag = "jobs",
    params(("id" = String, Path, description = "The job")),
    responses(
        (status = 200, description = "The messages, oldest first", body = Webhooks),
        (status = 401, description = "The API key is missing or unknown", body = Problem),
        (status = 403, description = "The key lacks the `read` scope", body = Problem),
        (status = 404, description = "There is no such job", body = Problem),
        (status = 429, description = "Too many requests with this key", body = Problem),
        (status = 503, description = "The database does not respond", body = Problem),
    )
))]
pub(crate) async fn list(
    State(api): State<Api>,
    caller: Caller,
    ApiPath(id): ApiPath<JobId>,
) -> Result<Json<Webhooks>, Problem> {
    caller.may(Scope::Read)?;
    authorized_job(&api, &caller, &id).await?;
    let rows = api.webhooks.webhooks_of_job(&id).await?;
    Ok(Json(Webhooks { webhooks: rows.into_iter().map(Webhook::from).collect() }))
}

/// Send a webhook message again
///
/// The message keeps its id, so that a receiver can detect a duplicate.
#[cfg_attr(feature = "openapi", utoipa::path(
    post,
    path = "/api/v2/jobs/{id}/webhooks/{message}/resend",
    tag = "jobs",
    params(
        ("id" = String, Path, description = "The job"),
        ("message" = String, Path, description = "The message's id"),
    ),
    responses(
        (status = 202, description = "The message is queued for delivery", body = Webhook),
        (status = 401, description = "The API key is missing or unknown", body = Problem),
        (status = 403, description = "The key lacks the `submit` scope", body = Problem),
        (status = 404, description = "There is no such job or message", body = Problem),
        (status = 409, description = "The message is already queued for delivery", body = Problem),
        (status = 429, description = "Too many requests with this key", body = Problem),
        (status = 503, description = "The database does not respond", body = Problem),
    )
))]
pub(crate) async fn resend(
    State(api): State<Api>,
    caller: Caller,
    ApiPath((id, message)): ApiPath<(JobId, String)>,
) -> Result<(StatusCode, Json<Webhook>), Problem> {
    caller.may(Scope::Submit)?;
    authorized_job(&api, &caller, &id).await?;
    let of_job = async || -> Result<WebhookRow, Problem> {
        let rows = api.webhooks.webhooks_of_job(&id).await?;
        rows.into_iter().find(|row| row.id == message).ok_or_else(|| {
            let detail = format!(
                "job `{id}` has no message `{message}`; GET /api/v2/jobs/{id}/webhooks lists all"
            );
            Problem::new(StatusCode::NOT_FOUND, "no_such_webhook", detail)
        })
    };
    let known = of_job().await?;
    if known.state == WebhookState::Due || !api.webhooks.webhook_resend(&message).await? {
        let detail = "the message is already queued for delivery";
        return Err(Problem::new(StatusCode::CONFLICT, "wrong_status", detail));
    }
    Ok((StatusCode::ACCEPTED, Json(of_job().await?.into())))
}
