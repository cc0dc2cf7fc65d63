//! The adapter for Runway, which turns pictures or text into video.
//!
//! Guarantees: a picture is sent inline if its whole `data:` URI fits into 5 MB, and as an upload otherwise;
//! moderated content is distinguished from all other task failures by `SAFETY` anywhere in its code; a cancel checks
//! the task first, since deleting a finished task deletes its clip.
//!
//! The vendor charges moderated content like a finished clip and does not refund a running task, as
//! `price.refusal_charged` and `price.cancel_charged` in `engine.yaml` state.
//!
//! The options name one model for image-to-video and one for text-to-video.
//!
//! Start with [`Runway`].

use super::common::{self, CANCEL, HEALTH, Picture, UPLOAD};
use super::shared_adapter::{Adapter, Paid, Vendor};
use super::{AdapterParts, AdapterResult, OptionProblem, read_options};
use crate::adapter::{
    Cancelled, Capabilities, EngineHealth, GenerateRequest, ImageInput, Prepared, PromptUnit, Task,
    TaskState,
};
use crate::http::{Body, Call};
use crate::{ErrorStatus, Result, VendorErrorKind};
use pytoon_vendor::errors::Row;
use pytoon_vocabulary::MicroUsd;
use reqwest::Method;
use reqwest::multipart::Form;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::path::Path;
use url::Url;

/// The version of the API, which is sent with every call.
const VERSION: &str = "2024-11-06";
/// Maximum length of a picture's `data:` URI, in encoded bytes.
const MAX_DATA_URI: usize = 5_000_000;
/// Maximum size of an uploaded picture, in bytes. The vendor accepts 16 MB by URL and 200 MB by upload.
const MAX_UPLOAD: u64 = 16_000_000;
/// The value of a credit, in US dollars.
const USD_PER_CREDIT: f64 = 0.01;

/// Output sizes of the gen4 family in pixels, the vertical one first.
const GEN4_RATIOS: &[(u32, u32)] =
    &[(720, 1280), (1280, 720), (832, 1104), (1104, 832), (960, 960), (1584, 672)];
/// Output sizes of gen4.5 for text-to-video, in pixels.
const WIDE_AND_TALL: &[(u32, u32)] = &[(720, 1280), (1280, 720)];
/// Output sizes of the veo family, in pixels.
const VEO_RATIOS: &[(u32, u32)] = &[(720, 1280), (1280, 720), (1080, 1920), (1920, 1080)];
const TWO_TO_TEN: &[u32] = &[2, 3, 4, 5, 6, 7, 8, 9, 10];
const FOUR_SIX_EIGHT: &[u32] = &[4, 6, 8];

/// The offer of one model.
#[derive(Debug)]
struct Model {
    name: &'static str,
    /// Output sizes for image-to-video; empty if the model accepts no image.
    image_ratios: &'static [(u32, u32)],
    /// Output sizes for text-to-video; empty if the model needs an image.
    text_ratios: &'static [(u32, u32)],
    /// The offered lengths, in seconds.
    seconds: &'static [u32],
    /// Maximum length of a prompt, in UTF-16 code units.
    max_prompt: usize,
    family: Family,
}

/// The family of a model, which determines its extra fields.
#[derive(Debug, PartialEq, Eq)]
enum Family {
    /// The gen4 family, which has a threshold for public figures.
    Gen4,
    /// The veo family, which has a negative prompt and optional audio.
    Veo,
}

const MODELS: &[Model] =
    &[gen4("gen4_turbo", &[]), gen4("gen4.5", WIDE_AND_TALL), veo("veo3.1"), veo("veo3.1_fast")];

const fn gen4(name: &'static str, text_ratios: &'static [(u32, u32)]) -> Model {
    let (image_ratios, seconds) = (GEN4_RATIOS, TWO_TO_TEN);
    Model { name, image_ratios, text_ratios, seconds, max_prompt: 1000, family: Family::Gen4 }
}

const fn veo(name: &'static str) -> Model {
    Model {
        name,
        image_ratios: VEO_RATIOS,
        text_ratios: VEO_RATIOS,
        seconds: FOUR_SIX_EIGHT,
        max_prompt: 1000,
        family: Family::Veo,
    }
}

/// The `options` of a Runway engine.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Options {
    /// The model for clips that start from a picture; `None` to disable them.
    image_model: Option<String>,
    /// The model for clips from text alone; `None` to disable them.
    text_model: Option<String>,
    /// A seed for every clip, which overrides the scene's own.
    seed: Option<u32>,
    /// The strictness of the filter for likenesses of public figures.
    public_figures: Option<PublicFigures>,
}

#[derive(Debug, Clone, Copy, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
enum PublicFigures {
    Auto,
    Low,
}

/// The Runway adapter.
#[derive(Debug)]
pub(super) struct Runway {
    image_model: Option<&'static Model>,
    text_model: Option<&'static Model>,
    seed: Option<u32>,
    public_figures: Option<PublicFigures>,
}

impl Runway {
    /// Creates the adapter from its configuration block.
    pub(super) fn try_new(parts: &AdapterParts<'_>) -> AdapterResult {
        let Options { image_model, text_model, seed, public_figures } = read_options(parts.config)?;
        let image_model = model(image_model.as_deref(), "image_model", |m| m.image_ratios)?;
        let text_model = model(text_model.as_deref(), "text_model", |m| m.text_ratios)?;
        let sold = capabilities(image_model, text_model)?;
        Adapter::build(parts, sold, Self { image_model, text_model, seed, public_figures })
    }

    fn model(&self, request: &GenerateRequest) -> Option<&'static Model> {
        if request.image.is_some() { self.image_model } else { self.text_model }
    }
}

impl Adapter<Runway> {
    fn task(&self, id: &str) -> Url {
        self.http.url(&format!("/v1/tasks/{}", common::segment(id)))
    }

    fn body_of(&self, model: &Model, request: &GenerateRequest, image: Option<String>) -> Value {
        let mut body = json!({
            "model": model.name,
            "promptText": request.prompt,
            "ratio": common::ratio_named(&self.capabilities, request).to_string(),
            "duration": request.duration_ms / 1000,
            "seed": self.vendor.seed.unwrap_or(request.seed),
        });
        if let Some(image) = image {
            body["promptImage"] = image.into();
        }
        match (&model.family, self.vendor.public_figures, &request.negative_prompt) {
            (Family::Gen4, Some(threshold), _) => {
                body["contentModeration"] = json!({ "publicFigureThreshold": threshold });
            }
            (Family::Veo, _, negative) => {
                // The film has its own sound.
                body["audio"] = false.into();
                if let Some(negative) = negative {
                    body["negativePrompt"] = negative.as_str().into();
                }
            }
            _ => {}
        }
        body
    }

    /// Returns the picture as a `data:` URI or, if that is too long, uploads the picture and returns its URI.
    async fn hand_over(&self, path: &Path) -> Result<String> {
        let picture = Picture::read(self.http.engine(), path, MAX_UPLOAD).await?;
        if picture.data_uri_len() <= MAX_DATA_URI {
            return Ok(picture.data_uri());
        }
        self.upload(picture).await
    }

    async fn upload(&self, picture: Picture) -> Result<String> {
        let wanted = json!({ "filename": picture.file_name(), "type": "ephemeral" });
        let call = Call::post(UPLOAD, self.http.url("/v1/uploads"), wanted);
        let reply = self.ask(call).await?;
        let unreadable = || self.unreadable(UPLOAD, &reply);
        let json = reply.json().ok_or_else(unreadable)?;
        let target = common::address_at(&json, "/uploadUrl").ok_or_else(unreadable)?;
        let address = common::text_at(&json, "/runwayUri").ok_or_else(unreadable)?;
        let mut form = Form::new();
        for (name, value) in common::fields_at(&json, "/fields") {
            form = form.text(name.clone(), value.as_str().unwrap_or_default().to_owned());
        }
        // The object store reads the fields first and ignores everything after the file.
        let name = picture.file_name();
        let form = form.part("file", picture.into_part(self.http.engine(), name)?);
        let mut call = Call::new(UPLOAD, Method::POST, target);
        call.body = Body::Form(form);
        self.store(call).await?;
        Ok(address.to_owned())
    }

    fn state(&self, task: &Value) -> TaskState {
        let failed = |kind, message: &str| {
            // An estimate is not a bill: without a bill, the price table gives the cost of moderated content, and
            // any other failure costs nothing.
            common::task_failed(&self.http, kind, message).with_charged(billed_cost(task))
        };
        match common::text_at(task, "/status") {
            Some(status @ ("PENDING" | "THROTTLED")) => {
                TaskState::Queued { mark: Some(status.to_owned()) }
            }
            Some("RUNNING") => {
                common::running(common::number_at(task, "/progress").map(|p| p.clamp(0.0, 1.0)))
            }
            Some("SUCCEEDED") => {
                let clip = common::text_at(task, "/output/0");
                let cost = billed_cost(task)
                    .or_else(|| common::cost_at(task, "/estimatedCost/credits", USD_PER_CREDIT));
                common::success_state(&self.http, clip, "the task succeeded without a clip", cost)
            }
            Some("FAILED") => {
                let code = common::text_at(task, "/failureCode").unwrap_or_default();
                let message = common::failure_message(code, common::text_at(task, "/failure"));
                let (kind, status) = failure_kind(code);
                TaskState::Failed(failed(kind, &message).with_status(status))
            }
            Some("CANCELLED") => TaskState::Failed(failed(
                VendorErrorKind::Cancelled,
                "the task was cancelled at the vendor",
            )),
            other => common::unknown_status(&self.http, other),
        }
    }
}

fn billed_cost(task: &Value) -> Option<MicroUsd> {
    common::cost_at(task, "/cost/credits", USD_PER_CREDIT)
}

/// The error table for rejected submissions.
const REFUSALS: &[Row] = &[Row::message(&[400], &["enough credits"], VendorErrorKind::Quota)
    .source("the vendor's page on errors; the sentence is all there is")];

/// Returns the kind of error for a failure code, and its status: temporary if a retry of the same request may
/// succeed.
fn failure_kind(code: &str) -> (VendorErrorKind, ErrorStatus) {
    use VendorErrorKind as K;
    // The word occurs in several families of codes and overrides all of them.
    if code.contains("SAFETY") {
        (K::Moderation, ErrorStatus::Permanent)
    } else if code.starts_with("ASSET.INVALID") || code.contains("INPUT_VALIDATION") {
        (K::InvalidRequest, ErrorStatus::Permanent)
    } else if code.starts_with("INTERNAL.BAD_OUTPUT") {
        (K::BadOutput, ErrorStatus::Temporary)
    } else {
        (K::Server, ErrorStatus::Temporary)
    }
}

fn model(
    name: Option<&str>,
    field: &str,
    shapes: fn(&Model) -> &'static [(u32, u32)],
) -> Result<Option<&'static Model>, OptionProblem> {
    let Some(name) = name else { return Ok(None) };
    let fit = |m: &&Model| !shapes(m).is_empty();
    MODELS.iter().filter(fit).find(|m| m.name == name).map(Some).ok_or_else(|| {
        let list: Vec<&str> = MODELS.iter().filter(fit).map(|m| m.name).collect();
        let reason = format!("`{name}` is not one of the known models: {}", list.join(", "));
        OptionProblem::new(format!("options.{field}"), reason)
    })
}

/// Returns the engine's offers: those of the image-to-video and the text-to-video model. Returns an error if both are
/// `None`.
fn capabilities(
    image: Option<&'static Model>,
    text: Option<&'static Model>,
) -> Result<Capabilities, OptionProblem> {
    let none = || {
        OptionProblem::new("options", "neither image_model nor text_model is set: set at least one")
    };
    let prompts = image.into_iter().chain(text).map(|model| model.max_prompt);
    let offer = |model: &Model, ratios| {
        common::offer(model.seconds.iter().map(|s| s * 1000).collect(), ratios)
    };
    let inline = (MAX_DATA_URI as u64 - 64) / 4 * 3;
    let image_inputs = vec![ImageInput::Inline(inline), ImageInput::Upload(MAX_UPLOAD)];
    Ok(Capabilities {
        max_prompt: prompts.min().ok_or_else(none)?,
        from_words: text.map(|model| offer(model, model.text_ratios)),
        from_picture: image.map(|model| offer(model, model.image_ratios)),
        image_inputs: if image.is_some() { image_inputs } else { Vec::new() },
        prompt_unit: PromptUnit::Utf16,
        cancel: true,
        ..Capabilities::default()
    })
}

impl Vendor for Runway {
    const REFUSALS: &'static [Row] = REFUSALS;

    fn price_key(&self, request: &GenerateRequest) -> String {
        self.model(request).map_or("default", |model| model.name).to_owned()
    }

    fn sign(engine: &Adapter<Self>, call: Call) -> Result<Call> {
        common::with_key(&engine.http, call.header("X-Runway-Version", VERSION), "Bearer ")
    }

    async fn health(engine: &Adapter<Self>) -> Result<EngineHealth> {
        let reply = engine.ask(Call::get(HEALTH, engine.http.url("/v1/organization"))).await?;
        let json = reply.json().unwrap_or_default();
        let most = common::cost_at(&json, "/tier/maxMonthlyCreditSpend", USD_PER_CREDIT);
        Ok(EngineHealth {
            balance: common::cost_at(&json, "/creditBalance", USD_PER_CREDIT),
            detail: most.map(|most| format!("spending limit {most} a month")),
        })
    }

    async fn body(engine: &Adapter<Self>, request: &GenerateRequest) -> Result<Paid> {
        let unset = || {
            let message = if request.image.is_some() {
                "no model for clips from a picture is set: set options.image_model"
            } else {
                "no model for clips from text alone is set: set options.text_model"
            };
            common::unsupported_error(engine.http.engine(), message)
        };
        let model = engine.vendor.model(request).ok_or_else(unset)?;
        let (path, image) = match &request.image {
            Some(path) => ("/v1/image_to_video", Some(engine.hand_over(path).await?)),
            None => ("/v1/text_to_video", None),
        };
        Ok((path.to_owned(), engine.body_of(model, request, image)))
    }

    async fn submit(engine: &Adapter<Self>, prepared: &Prepared) -> Result<Task> {
        let reply = engine.post(&prepared.path, prepared.body.clone()).await?;
        let (id, json) = engine.parse_submission(&reply, "/id")?;
        Ok(Task { id, data: json!({ "estimatedCost": json.get("estimatedCost") }) })
    }

    async fn poll(engine: &Adapter<Self>, task: &Task) -> Result<TaskState> {
        let with_cost = |mut json: Value| {
            // If the task has no cost, the estimate from its submission applies.
            if json.pointer("/estimatedCost").is_none_or(Value::is_null)
                && let Some(foretold) = task.data.pointer("/estimatedCost")
            {
                json["estimatedCost"] = foretold.clone();
            }
            json
        };
        let url = engine.task(&task.id);
        engine.poll_at(url, |json, _| async move { Ok(engine.state(&with_cost(json))) }).await
    }

    async fn cancel(engine: &Adapter<Self>, task: &Task) -> Result<Cancelled> {
        let reply = engine.send(Call::get(CANCEL, engine.task(&task.id))).await?;
        if !reply.is_success() {
            return common::cancel_outcome(&engine.http, &reply, Cancelled::TooLate);
        }
        let agreed = match reply.json().filter(Value::is_object).map(|json| engine.state(&json)) {
            Some(TaskState::Queued { .. }) => Cancelled::Yes,
            Some(TaskState::Running { .. }) | None => Cancelled::Asked,
            Some(TaskState::Succeeded { .. } | TaskState::Failed(_)) => {
                return Ok(Cancelled::TooLate);
            }
        };
        let reply = engine.send(Call::new(CANCEL, Method::DELETE, engine.task(&task.id))).await?;
        common::cancel_outcome(&engine.http, &reply, agreed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapter::Durations;
    use crate::http::Reply;
    use pytoon_vendor::errors;

    #[test]
    fn safety_anywhere_in_a_code_is_a_refusal_of_the_content() {
        use VendorErrorKind as K;
        for (code, expected) in [
            ("SAFETY", K::Moderation),
            ("SAFETY.INPUT.TEXT", K::Moderation),
            ("SAFETY.OUTPUT.VIDEO", K::Moderation),
            ("INPUT_PREPROCESSING.SAFETY.TEXT", K::Moderation),
            ("INPUT_PREPROCESSING.SAFETY.THIRD_PARTY", K::Moderation),
            ("INPUT_PREPROCESSING.INTERNAL", K::Server),
            ("INTERNAL", K::Server),
            ("INTERNAL.BAD_OUTPUT.CODE01", K::BadOutput),
            ("ASSET.INVALID", K::InvalidRequest),
            ("THIRD_PARTY.UNAVAILABLE", K::Server),
            ("THIRD_PARTY.INPUT_VALIDATION", K::InvalidRequest),
            ("", K::Server),
        ] {
            assert_eq!(failure_kind(code).0, expected, "{code}");
        }
    }

    #[test]
    fn an_empty_account_is_distinguished_from_a_wrong_request() {
        let kind = |status, said: &str| {
            let body = json!({ "error": said }).to_string().into_bytes();
            errors::kind(REFUSALS, &Reply { status, headers: Default::default(), body })
        };
        let empty = "You do not have enough credits to run this task.";
        assert_eq!(kind(400, empty), VendorErrorKind::Quota);
        assert_eq!(kind(400, "Validation failed"), VendorErrorKind::InvalidRequest);
        assert_eq!(kind(401, empty), VendorErrorKind::Auth);
    }

    #[test]
    fn each_model_sells_its_own() {
        let named = |name| MODELS.iter().find(|m| m.name == name);
        let sold = capabilities(named("gen4_turbo"), named("veo3.1")).expect("sells");
        let (picture, words) = (sold.offer(true).expect("sold"), sold.offer(false).expect("sold"));
        assert_eq!(picture.ratios, common::ratios(GEN4_RATIOS));
        assert_eq!(picture.durations.longest(), 10_000);
        assert_eq!(words.ratios, common::ratios(VEO_RATIOS));
        assert_eq!(words.durations, Durations::Fixed(vec![4000, 6000, 8000]));
        let sold = capabilities(None, named("gen4.5")).expect("sells");
        assert_eq!((sold.from_picture, sold.image_inputs.len()), (None, 0));
        assert!(capabilities(None, None).is_err());
        assert!(model(Some("gen4_turbo"), "text_model", |m| m.text_ratios).is_err());
    }
}
