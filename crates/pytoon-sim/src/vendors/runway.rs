//! Runway: camelCase bodies, a version header, and tasks.
//!
//! Moderation is never an HTTP error at this vendor: the task is created, charged, and then fails.

use super::{Answering, Vendor, authorization, picture};
use crate::call::{Call, Look, Order, Route};
use crate::job::Phase;
use crate::problem::Problem;
use crate::refusal::Refusal;
use crate::reply::{self, Answer};
use crate::scenario::Step;
use crate::strict::{Check, Optional, Required, Units};
use crate::uploads::Upload;
use crate::{clock, contract, prices, receive};
use hyper::{HeaderMap, Method, StatusCode};
use serde_json::{Value, json};

/// The only version that clients may request.
const VERSION: &str = "2024-11-06";
const DAY_MS: u64 = 24 * 3600 * 1000;
/// Maximum size of an encoded picture with its prefix, in bytes.
const MAX_DATA_URI: usize = 5 << 20;
const MAX_URL: usize = 2048;
const MAX_UPLOAD: usize = 200 << 20;

#[derive(Debug)]
pub(super) struct Runway;

impl Vendor for Runway {
    fn name(&self) -> &'static str {
        "runway"
    }

    fn route(&self, method: &Method, path: &[&str]) -> Result<Route, Refusal> {
        match (method, path) {
            (&Method::POST, ["v1", "image_to_video"]) => {
                Ok(Route::new("image_to_video", Step::Submit).json())
            }
            (&Method::POST, ["v1", "text_to_video"]) => {
                Ok(Route::new("text_to_video", Step::Submit).json())
            }
            (&Method::GET, ["v1", "tasks", id]) => Ok(Route::new("task", Step::Poll).id(id)),
            (&Method::DELETE, ["v1", "tasks", id]) => Ok(Route::new("delete", Step::Cancel).id(id)),
            (&Method::POST, ["v1", "uploads"]) => Ok(Route::new("upload", Step::Upload).json()),
            (&Method::POST, ["storage", id]) => {
                Ok(Route::new("store", Step::Upload).id(id).raw().open())
            }
            (&Method::GET, ["v1", "organization"]) => Ok(Route::new("organization", Step::Health)),
            (
                _,
                ["v1", "image_to_video" | "text_to_video" | "uploads" | "organization"]
                | ["v1", "tasks", _]
                | ["storage", _],
            ) => Err(Refusal::MethodNotAllowed),
            _ => Err(Refusal::NotFound),
        }
    }

    fn key(&self, headers: &HeaderMap, _: &[(String, String)]) -> Option<String> {
        authorization(headers, "Bearer")
    }

    fn refuse(&self, refusal: &Refusal) -> Answer {
        // This vendor documents no 402, 415 or 422: an invalid request is a 400.
        let status = match refusal {
            Refusal::Invalid(_)
            | Refusal::ContentType
            | Refusal::NotJson(_)
            | Refusal::TooLarge
            | Refusal::PaymentRequired => StatusCode::BAD_REQUEST,
            other => other.status(),
        };
        let body = match refusal {
            Refusal::Invalid(problems) => json!({
                "error": "Validation of body failed",
                "issues": problems.iter().map(issue).collect::<Vec<_>>(),
            }),
            Refusal::PaymentRequired => {
                json!({ "error": "You do not have enough credits to run this task." })
            }
            other => json!({ "error": other.message() }),
        };
        reply::json(status, &body)
    }

    fn prompt(&self, call: &Call) -> String {
        call.body["promptText"].as_str().unwrap_or_default().to_owned()
    }

    fn serve<'a>(&'a self, call: &'a mut Call) -> Answering<'a> {
        Box::pin(async move {
            if call.route.op != "store" {
                check_version(call)?;
            }
            match call.route.op {
                "image_to_video" | "text_to_video" => submit(call),
                "task" => task(call),
                "delete" => delete(call),
                "upload" => upload(call),
                "store" => store(call).await,
                _ => Ok(organization(call)),
            }
        })
    }
}

fn issue(problem: &Problem) -> Value {
    json!({ "code": problem.kind, "path": problem.path, "message": problem.message })
}

fn check_version(call: &Call) -> Result<(), Refusal> {
    match call.header("x-runway-version") {
        Some(VERSION) => Ok(()),
        Some(_) => Err(Refusal::Bad("X-Runway-Version is not a known version".to_owned())),
        None => Err(Refusal::Bad("X-Runway-Version header is required".to_owned())),
    }
}

/// The limits of a model that its types do not contain.
struct Model {
    name: &'static str,
    /// Maximum length of a prompt, in UTF-16 code units.
    max_prompt: usize,
    /// The minimum and maximum length in seconds, for models whose length is a range.
    seconds: Option<(i64, i64)>,
}

/// The models, from the comments of the types (runwayml 5.24.0). The lengths of seedance are from the vendor's pages.
const MODELS: &[Model] = &[
    Model { name: "gen4_turbo", max_prompt: 1000, seconds: Some((2, 10)) },
    Model { name: "gen4.5", max_prompt: 1000, seconds: Some((2, 10)) },
    Model { name: "veo3.1", max_prompt: 1000, seconds: None },
    Model { name: "veo3.1_fast", max_prompt: 1000, seconds: None },
    Model { name: "seedance2", max_prompt: 3500, seconds: Some((2, 15)) },
    Model { name: "seedance2_fast", max_prompt: 3500, seconds: Some((2, 15)) },
    Model { name: "seedance2_mini", max_prompt: 3500, seconds: Some((2, 15)) },
    Model { name: "seedance2_5", max_prompt: 15_000, seconds: Some((2, 15)) },
];

fn submit(call: &mut Call) -> Result<Answer, Refusal> {
    let with_image = call.route.op == "image_to_video";
    let body = std::mem::take(&mut call.body);
    let checked = check(call, &body, with_image);
    call.body = body;
    let (model, prompt, size, seconds, sound) = checked?;
    let price = prices::runway(model, seconds, sound);
    let submission = call.accept(Order {
        operation: call.route.op,
        model: model.to_owned(),
        prompt,
        size,
        duration_ms: seconds * 1000,
        price_micro_usd: price,
        ..Order::default()
    })?;
    Ok(reply::ok(&json!({
        "id": submission.id,
        "estimatedCost": { "credits": price / 10_000 },
    })))
}

type Checked = (&'static str, String, (u32, u32), u64, bool);

fn check(call: &Call, body: &Value, with_image: bool) -> Result<Checked, Refusal> {
    let name = body["model"].as_str().unwrap_or_default();
    let types = contract::request("runway", &format!("{}/{name}", call.route.op));
    let model = MODELS.iter().find(|model| model.name == name);
    let (Some(types), Some(model)) = (types, model) else {
        // The model determines the other allowed fields, so nothing more can be checked.
        return Err(Refusal::Invalid(vec![Problem::new(
            &["model"],
            "invalid_union_discriminator",
            format!("Invalid discriminator value {name:?}"),
        )]));
    };
    let mut check = Check::with_types(body, types)?;
    // "A non-empty string": it may be absent, but not empty.
    let prompt = check.text("promptText", Optional, 1..=model.max_prompt, Units::Utf16);
    check.text("negativePrompt", Optional, 0..=1000, Units::Utf16);
    check.integer("seed", Optional, 0..=i64::from(u32::MAX));
    let seconds = match (model.seconds, &body["duration"]) {
        (Some((_, most)), Value::String(_)) => Some(most),
        (Some((least, most)), _) => check.integer("duration", Optional, least..=most),
        (None, length) => length.as_i64().or(Some(8)),
    };
    if with_image {
        images(call, &mut check);
    }
    let ratio = check.word("ratio").unwrap_or("720:1280");
    let sound = types.fields().any(|name| name == "audio") && check.boolean("audio") != Some(false);
    check.finish()?;
    let (width, height) = ratio.split_once(':').unwrap_or(("720", "1280"));
    let size = (width.parse().unwrap_or(720), height.parse().unwrap_or(1280));
    // The default length is not documented; five seconds was the old default.
    let seconds = seconds.and_then(|seconds| u64::try_from(seconds).ok()).unwrap_or(5);
    Ok((model.name, prompt.unwrap_or_default().to_owned(), size, seconds, sound))
}

fn images(call: &Call, check: &mut Check<'_>) {
    match check.any("promptImage", Required) {
        None => {}
        Some(Value::String(uri)) => {
            if let Err(why) = image(call, uri) {
                check.report("promptImage", "invalid_asset", why);
            }
        }
        Some(Value::Array(_)) => {
            let found = check.objects("promptImage", Required, 1..=2, |one| {
                let uri = one.text("uri", Required, 1..=MAX_DATA_URI, Units::Bytes);
                if let Some(Err(why)) = uri.map(|uri| image(call, uri)) {
                    one.report("uri", "invalid_asset", why);
                }
                one.word("position").unwrap_or("first").to_owned()
            });
            let distinct = found.first() != found.get(1);
            if !found.is_empty() && (!found.contains(&"first".to_owned()) || !distinct) {
                check.report("promptImage", "custom", "one first image is needed");
            }
        }
        Some(_) => check.report("promptImage", "invalid_union", "a string or a list of images"),
    }
}

/// Checks the URI of an image: a completed upload of the last 24 hours, a `data:` URI of an accepted type, or an
/// HTTPS URL with a domain. The error is the reason for a rejection.
fn image(call: &Call, uri: &str) -> Result<(), String> {
    if let Some(id) = uri.strip_prefix("runway://") {
        let upload = call.sim.uploads.find("runway", id);
        let fresh = |upload: &Upload| clock::now_ms() < upload.created_at + DAY_MS;
        return match upload.filter(|upload| upload.received.is_some() && fresh(upload)) {
            Some(_) => Ok(()),
            None => Err("the upload does not exist or has expired".to_owned()),
        };
    }
    if uri.starts_with("data:") {
        if uri.len() > MAX_DATA_URI {
            return Err("the data URI is larger than 5 MB".to_owned());
        }
        return match picture::data_type(uri) {
            Some("image/jpeg" | "image/jpg" | "image/png" | "image/webp") => Ok(()),
            Some(other) => Err(format!("unsupported media type {other}")),
            None => Err("the data URI is malformed".to_owned()),
        };
    }
    if !uri.starts_with("https://") || !picture::is_web(uri) {
        return Err("must be an HTTPS URL, a data URI or a runway:// URI".to_owned());
    }
    let host = picture::host(uri);
    if host.parse::<std::net::IpAddr>().is_ok() || !host.contains('.') {
        return Err("the host must be a domain".to_owned());
    }
    if uri.len() > MAX_URL {
        return Err("the URL is longer than 2048 characters".to_owned());
    }
    Ok(())
}

fn task(call: &mut Call) -> Result<Answer, Refusal> {
    let Look { submission, phase, is_odd } = call.look()?;
    let estimated = json!({ "credits": submission.job.price_micro_usd / 10_000 });
    // The remaining charge: "fully refunded tasks report 0".
    let cost = json!({ "credits": submission.charge_at(clock::now_ms()) / 10_000 });
    let mut task = json!({
        "id": submission.id,
        "createdAt": clock::iso(submission.accepted_at),
    });
    let (status, extra) = match phase {
        _ if is_odd => ("PONDERING", json!({})),
        // A key whose tasks fill its limit gets the second state; here each task passes through both.
        Phase::Queued if submission.is_early_in_queue(clock::now_ms()) => {
            ("PENDING", json!({ "estimatedCost": estimated }))
        }
        Phase::Queued => ("THROTTLED", json!({ "estimatedCost": estimated })),
        Phase::Running(progress) => {
            ("RUNNING", json!({ "progress": progress, "estimatedCost": estimated }))
        }
        Phase::Succeeded => {
            let url = call.film_url(&submission, Some(DAY_MS));
            ("SUCCEEDED", json!({ "output": [url], "cost": cost }))
        }
        Phase::CompletedWithError => ("SUCCEEDED", json!({ "output": [], "cost": cost })),
        Phase::Failed => (
            "FAILED",
            json!({
                "failure": "An unexpected error occurred.",
                "failureCode": "INTERNAL",
                "cost": cost,
            }),
        ),
        Phase::Moderated => (
            "FAILED",
            json!({
                "failure": "The text was not accepted by content moderation.",
                "failureCode": "SAFETY.INPUT.TEXT",
                "cost": cost,
            }),
        ),
        Phase::Cancelled => ("CANCELLED", json!({ "cost": cost })),
    };
    task["status"] = json!(status);
    for (name, value) in extra.as_object().into_iter().flatten() {
        task[name] = value.clone();
    }
    Ok(reply::ok(&task))
}

fn delete(call: &mut Call) -> Result<Answer, Refusal> {
    call.cancel()?;
    call.delete();
    Ok(reply::empty(StatusCode::NO_CONTENT))
}

fn upload(call: &mut Call) -> Result<Answer, Refusal> {
    let mut check = Check::new(&call.body)?;
    let name = check.text("filename", Required, 1..=255, Units::Chars);
    check.one_of("type", Required, &["ephemeral"]);
    check.finish()?;
    let id = call.sim.new_id("runway upload");
    call.sim.uploads.add(
        &id,
        Upload {
            vendor: "runway".to_owned(),
            name: name.unwrap_or_default().to_owned(),
            created_at: clock::now_ms(),
            ..Upload::default()
        },
    );
    Ok(reply::ok(&json!({
        "uploadUrl": format!("{}/runway/storage/{id}", call.origin),
        "fields": { "key": id, "policy": "c2lt" },
        "runwayUri": format!("runway://{id}"),
    })))
}

/// Receives an upload: first the fields that the API returned, then one file.
async fn store(call: &mut Call) -> Result<Answer, Refusal> {
    let id = call.id().to_owned();
    let request = call.raw.take().ok_or(Refusal::ServerError)?;
    let fields = receive::form(request, MAX_UPLOAD).await?;
    let bad = |why: &str| Refusal::Bad(why.to_owned());
    let (file, before) = fields.split_last().ok_or_else(|| bad("the form is empty"))?;
    if file.name != "file" || file.size == 0 {
        return Err(bad("the last field must be a file named file"));
    }
    let has = |name: &str, value: &str| {
        before.iter().any(|field| field.name == name && field.text == value)
    };
    if !has("key", &id) || !has("policy", "c2lt") {
        return Err(bad("the given fields must come before the file"));
    }
    let size = file.size;
    let stored = call.sim.uploads.update("runway", &id, |one| one.received = Some(size));
    stored.map(|_| reply::empty(StatusCode::NO_CONTENT)).ok_or(Refusal::NotFound)
}

fn organization(call: &Call) -> Answer {
    let balance = if call.is_broke { 0 } else { 10_000 };
    reply::ok(&json!({
        "creditBalance": balance,
        "tier": {
            "maxMonthlyCreditSpend": 10_000,
            "models": {
                "gen4_turbo": { "maxConcurrentGenerations": 5, "maxDailyGenerations": 200 },
                "gen4.5": { "maxConcurrentGenerations": 5, "maxDailyGenerations": 200 },
            },
        },
        "usage": { "models": { "gen4_turbo": { "dailyGenerations": 0 } } },
    }))
}
