//! The description of a vendor's API, which is the `options` block of an engine of kind `http`, and its validation.
//!
//! Guarantees: in a description that passes [`HttpOptions::check`], placeholders have known names, pointers
//! begin with `/` (a lookup's list may be the whole response), and methods are HTTP methods.

use super::super::{AdapterParts, OptionProblem, common, require, template, yes};
use crate::VendorErrorKind;
use crate::adapter::{Durations, Offer, Ratio};
use reqwest::Method;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use std::collections::BTreeMap;

/// The placeholders that the paid call of a description may contain.
pub(super) const SUBMIT_PLACES: &[&str] = &[
    "prompt",
    "negative_prompt",
    "seconds",
    "duration_ms",
    "width",
    "height",
    "ratio",
    "seed",
    "call_id",
    "image_data_uri",
];
/// The placeholders that the paths of a description's task requests may contain.
const TASK_PLACES: &[&str] = &["id"];
/// The placeholder that the path of a lookup may contain.
const LOOKUP_PLACES: &[&str] = &["call_id"];

/// The description of a vendor's API.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HttpOptions {
    pub(super) auth: Option<Auth>,
    /// Headers of every call. They must not contain secrets.
    #[serde(default)]
    pub(super) headers: BTreeMap<String, String>,
    pub(super) capabilities: Sold,
    /// The model's key in the price table.
    #[serde(default = "default_model")]
    pub(super) model: String,
    pub(super) submit: Submit,
    pub(super) poll: Poll,
    pub(super) result: ResultPlace,
    pub(super) cancel: Option<Cancel>,
    pub(super) health: Option<Health>,
    pub(super) lookup: Option<LookupCall>,
    /// Rules for responses whose status does not determine their meaning. The first matching rule wins.
    #[serde(default)]
    pub(super) errors: Vec<ErrorRule>,
}

fn default_model() -> String {
    "default".to_owned()
}

/// The location of the API key: a header or the query.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Auth {
    pub(super) header: Option<String>,
    /// The value of the header, which contains `{{key}}`.
    #[serde(default = "bare_key")]
    pub(super) format: String,
    pub(super) query: Option<String>,
}

fn bare_key() -> String {
    "{{key}}".to_owned()
}

/// The clips that the vendor offers, and its limits for prompts and pictures.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sold {
    /// The offered lengths, in milliseconds.
    #[serde(default)]
    durations_ms: Vec<u32>,
    /// The shortest length of a range, in milliseconds, as an alternative to `durations_ms`.
    min_ms: Option<u32>,
    max_ms: Option<u32>,
    step_ms: Option<u32>,
    /// The offered aspect ratios such as `9:16`, or output sizes such as `720:1280`.
    ratios: Vec<String>,
    /// Overrides of the offer for clips that start from a picture.
    with_picture: Option<SoldWithPicture>,
    #[serde(default)]
    pub(super) image: Image,
    /// Maximum size of a picture, in bytes.
    #[serde(default = "five_mib")]
    pub(super) max_image_bytes: u64,
    pub(super) max_prompt: usize,
    #[serde(default = "yes")]
    pub(super) text_to_video: bool,
}

/// Lengths and ratios for clips that start from a picture; see [`Sold`].
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SoldWithPicture {
    #[serde(default)]
    durations_ms: Vec<u32>,
    min_ms: Option<u32>,
    max_ms: Option<u32>,
    step_ms: Option<u32>,
    #[serde(default)]
    ratios: Vec<String>,
    /// True if the vendor ignores the requested ratio and uses the picture's.
    #[serde(default)]
    follows_picture: bool,
}

fn five_mib() -> u64 {
    5 << 20
}

/// The form in which a vendor accepts a picture: not at all, as a public URL, or inline as a `data:` URL. `Url` has
/// the same effect as `None`, because a film's pictures have no public address.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Image {
    #[default]
    None,
    Url,
    Inline,
}

/// The one call that costs money, and the location of the task's id in its response.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Submit {
    #[serde(default = "post", deserialize_with = "method")]
    pub(super) method: Method,
    pub(super) path: String,
    #[serde(default)]
    pub(super) headers: BTreeMap<String, String>,
    pub(super) body: Value,
    /// The JSON pointer of the task's id in the response.
    pub(super) id: String,
}

fn post() -> Method {
    Method::POST
}

/// The request that polls a task.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Poll {
    pub(super) path: String,
    pub(super) status: String,
    pub(super) states: States,
    pub(super) progress: Option<String>,
    /// The factor that scales the vendor's progress to the range 0 to 1.
    #[serde(default = "unit")]
    pub(super) progress_scale: f64,
    /// The JSON pointer of the reason for a task's failure.
    pub(super) error: Option<String>,
    pub(super) cost: Option<Cost>,
}

fn unit() -> f64 {
    1.0
}

/// The vendor's names for the states of a task. A task in any other state is still running.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct States {
    #[serde(default)]
    pub(super) queued: Vec<String>,
    #[serde(default)]
    pub(super) running: Vec<String>,
    pub(super) succeeded: Vec<String>,
    pub(super) failed: Vec<String>,
    #[serde(default)]
    pub(super) refused: Vec<String>,
    #[serde(default)]
    pub(super) cancelled: Vec<String>,
}

/// The JSON pointer of the cost, and the value of its unit.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Cost {
    pub(super) pointer: String,
    pub(super) usd_per_unit: f64,
}

/// The location of a finished clip's URL.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ResultPlace {
    pub(super) url: String,
    /// The path of the request that returns the URL, if the poll response does not contain it.
    pub(super) path: Option<String>,
}

/// The request that cancels a task.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Cancel {
    #[serde(default = "delete", deserialize_with = "method")]
    pub(super) method: Method,
    pub(super) path: String,
}

fn delete() -> Method {
    Method::DELETE
}

/// A free request that checks the API key.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Health {
    pub(super) path: String,
    /// The JSON pointer of the remaining balance, and the value of its unit.
    pub(super) balance: Option<Cost>,
}

/// The request that lists tasks, in which Pytoon's id identifies a task.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LookupCall {
    pub(super) path: String,
    /// The JSON pointer of the list in the response.
    pub(super) items: String,
    /// The JSON pointer of the submission's `{{call_id}}` in an item.
    #[serde(rename = "ref")]
    pub(super) reference: String,
    /// The JSON pointer of the task's id in an item.
    pub(super) id: String,
    /// The number of items from which the list may be incomplete.
    #[serde(default = "hundred")]
    pub(super) limit: usize,
    /// The time after a call, in seconds, from which the call's absence from the list proves that it never arrived.
    #[serde(default = "two_minutes")]
    pub(super) settles_seconds: u64,
}

fn hundred() -> usize {
    100
}

fn two_minutes() -> u64 {
    common::LIST_SETTLES.as_secs()
}

/// A rule that classifies a response.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ErrorRule {
    /// The HTTP status of the response. If absent, the rule matches any status, and also failed tasks.
    pub(super) status: Option<u16>,
    /// The JSON pointer of the value to compare; the whole response if absent.
    pub(super) pointer: Option<String>,
    pub(super) equals: Option<Value>,
    pub(super) contains: Option<String>,
    #[serde(with = "RuleKind")]
    pub(super) kind: VendorErrorKind,
}

/// The kinds of failure that a rule can assign.
#[derive(Deserialize)]
#[serde(remote = "VendorErrorKind", rename_all = "snake_case")]
enum RuleKind {
    Auth,
    Quota,
    RateLimited,
    Moderation,
    InvalidRequest,
    Timeout,
    Server,
    Lost,
}

impl HttpOptions {
    /// Returns an error that names the first invalid field of the description.
    pub(super) fn check(&self, parts: &AdapterParts<'_>) -> Result<(), OptionProblem> {
        self.check_auth(!parts.config.key_env.is_empty())?;
        self.check_submit()?;
        self.check_poll()?;
        pointer(&self.result.url, "options.result.url")?;
        self.result.path.iter().try_for_each(|p| path(p, TASK_PLACES, "options.result.path"))?;
        let cancel = self.cancel.iter();
        cancel.map(|it| &it.path).try_for_each(|p| path(p, TASK_PLACES, "options.cancel.path"))?;
        if let Some(health) = &self.health {
            path(&health.path, &[], "options.health.path")?;
            health.balance.iter().try_for_each(|sum| cost(sum, "options.health.balance"))?;
        }
        self.check_lookup()?;
        self.errors.iter().enumerate().try_for_each(|(index, rule)| {
            let field = format!("options.errors[{index}]");
            let ErrorRule { status, pointer: place, equals, contains, .. } = rule;
            place.iter().try_for_each(|place| pointer(place, &format!("{field}.pointer")))?;
            let has_place = equals.is_none() || place.is_some();
            require(
                has_place,
                &field,
                "`equals` is set without a `pointer`: add the pointer to the value that it \
                 compares",
            )?;
            let is_picky = status.is_some() || equals.is_some() || contains.is_some();
            require(is_picky, &field, "it compares nothing: add `status`, `equals` or `contains`")
        })
    }

    fn check_auth(&self, has_key: bool) -> Result<(), OptionProblem> {
        let field = "options.auth";
        let Some(auth) = &self.auth else {
            return require(
                !has_key,
                field,
                "key_env names a key, but `options.auth` is missing: add it",
            );
        };
        require(has_key, field, "there is no key to send: set key_env")?;
        let has_one_place = auth.header.is_some() != auth.query.is_some();
        require(has_one_place, field, "set exactly one of `header` and `query`")?;
        template::check_text(&auth.format, &["key"], "options.auth.format")?;
        require(
            auth.format.contains("{{key}}"),
            "options.auth.format",
            "it has no `{{key}}`: write it in place of the key",
        )
    }

    fn check_submit(&self) -> Result<(), OptionProblem> {
        let submit = &self.submit;
        path(&submit.path, SUBMIT_PLACES, "options.submit.path")?;
        template::check(&submit.body, SUBMIT_PLACES, "options.submit.body")?;
        for (name, value) in &submit.headers {
            template::check_text(value, SUBMIT_PLACES, &format!("options.submit.headers.{name}"))?;
        }
        pointer(&submit.id, "options.submit.id")?;
        let (field, body) = ("options.submit.body", &submit.body);
        require(
            template::uses(body, "prompt"),
            field,
            "it has no `{{prompt}}`: write it in place of the prompt",
        )?;
        let is_inline = self.capabilities.image == Image::Inline;
        let is_taken = !is_inline || template::uses(body, "image_data_uri");
        let reason = "it has no `{{image_data_uri}}`: add it, or change capabilities.image from \
                      inline";
        require(is_taken, field, reason)
    }

    fn check_poll(&self) -> Result<(), OptionProblem> {
        let poll = &self.poll;
        path(&poll.path, TASK_PLACES, "options.poll.path")?;
        require(
            poll.path.contains("{{"),
            "options.poll.path",
            "it has no `{{id}}`: write it in place of the task's id",
        )?;
        pointer(&poll.status, "options.poll.status")?;
        poll.progress.iter().try_for_each(|place| pointer(place, "options.poll.progress"))?;
        poll.error.iter().try_for_each(|place| pointer(place, "options.poll.error"))?;
        let is_scale = poll.progress_scale.is_finite() && poll.progress_scale > 0.0;
        require(is_scale, "options.poll.progress_scale", "it is not a number above 0")?;
        poll.cost.iter().try_for_each(|price| cost(price, "options.poll.cost"))?;
        let States { queued, running, succeeded, failed, refused, cancelled } = &poll.states;
        let ends = [(succeeded, "succeeded", "finished"), (failed, "failed", "failed")];
        for (words, name, ended) in ends {
            let field = format!("options.poll.states.{name}");
            require(
                !words.is_empty(),
                &field,
                &format!("it is empty: list at least one vendor status for a {ended} task"),
            )?;
        }
        let all = [queued, running, succeeded, failed, refused, cancelled];
        let mut seen = std::collections::BTreeSet::new();
        all.into_iter().flatten().try_for_each(|word| {
            let reason = format!("the vendor status `{word}` is given twice: remove one");
            require(seen.insert(word), "options.poll.states", &reason)
        })
    }

    fn check_lookup(&self) -> Result<(), OptionProblem> {
        let Some(lookup) = &self.lookup else { return Ok(()) };
        path(&lookup.path, LOOKUP_PLACES, "options.lookup.path")?;
        // An empty pointer means that the list is the whole answer.
        if !lookup.items.is_empty() {
            pointer(&lookup.items, "options.lookup.items")?;
        }
        pointer(&lookup.reference, "options.lookup.ref")?;
        pointer(&lookup.id, "options.lookup.id")?;
        let reason = "it has no `{{call_id}}`, which `lookup` searches for: add it";
        require(template::uses(&self.submit.body, "call_id"), "options.submit.body", reason)
    }

    /// Builds the offer for requests with or without a picture. Returns an error for missing or invalid
    /// lengths or ratios.
    pub(super) fn offer(&self, with_picture: bool) -> Result<Offer, OptionProblem> {
        let sold = &self.capabilities;
        let written = |fixed, min, max, step| Lengths { fixed, min, max, step };
        let usual = written(&sold.durations_ms, sold.min_ms, sold.max_ms, sold.step_ms);
        let field = "options.capabilities";
        let field_of =
            |is_own: bool| if is_own { format!("{field}.with_picture") } else { field.into() };
        let own = sold.with_picture.as_ref().filter(|_| with_picture);
        let lengths = own
            .map(|own| written(&own.durations_ms, own.min_ms, own.max_ms, own.step_ms))
            .filter(|own| !own.is_empty());
        let shapes = own.map(|own| &own.ratios).filter(|ratios| !ratios.is_empty());
        let (of_lengths, of_shapes) = (field_of(lengths.is_some()), field_of(shapes.is_some()));
        Ok(Offer {
            durations: lengths.unwrap_or(usual).durations(&of_lengths)?,
            ratios: ratios(shapes.unwrap_or(&sold.ratios), &of_shapes)?,
            follows_picture: own.is_some_and(|own| own.follows_picture),
        })
    }
}

/// The offered lengths as the description states them: a list, or a range with a step.
struct Lengths<'a> {
    fixed: &'a [u32],
    min: Option<u32>,
    max: Option<u32>,
    step: Option<u32>,
}

impl Lengths<'_> {
    fn is_empty(&self) -> bool {
        self.fixed.is_empty() && [self.min, self.max, self.step].iter().all(Option::is_none)
    }

    fn durations(&self, field: &str) -> Result<Durations, OptionProblem> {
        let wrong = |reason: &str| Err(OptionProblem::new(format!("{field}.durations_ms"), reason));
        match (self.fixed, self.min, self.max) {
            ([], Some(min), Some(max)) if 0 < min && min <= max => {
                let step = self.step.unwrap_or(1000).max(1);
                // The longest length must be a whole number of steps.
                Ok(Durations::Range { min, max: min + (max - min) / step * step, step })
            }
            ([], Some(0), Some(_)) => wrong("min_ms is 0: raise it"),
            ([], Some(_), Some(_)) => wrong("max_ms is smaller than min_ms: raise it"),
            ([], _, _) => wrong("no clip lengths are set: set durations_ms, or min_ms and max_ms"),
            (lengths, None, None) if self.step.is_none() => {
                let mut lengths = lengths.to_vec();
                lengths.sort_unstable();
                lengths.dedup();
                if lengths[0] == 0 {
                    return wrong("0 ms is not a clip length: remove it");
                }
                Ok(Durations::Fixed(lengths))
            }
            _ => {
                wrong("durations_ms is set together with min_ms, max_ms or step_ms: keep one form")
            }
        }
    }
}

fn ratios(list: &[String], field: &str) -> Result<Vec<Ratio>, OptionProblem> {
    if list.is_empty() {
        return Err(OptionProblem::new(
            format!("{field}.ratios"),
            "it is empty: name at least one ratio",
        ));
    }
    list.iter()
        .enumerate()
        .map(|(index, text)| {
            ratio(text).ok_or_else(|| {
                let reason = format!("`{text}` is not a ratio such as 9:16");
                OptionProblem::new(format!("{field}.ratios[{index}]"), reason)
            })
        })
        .collect()
}

fn ratio(text: &str) -> Option<Ratio> {
    let (width, height) = text.split_once(':')?;
    let ratio = Ratio { width: width.trim().parse().ok()?, height: height.trim().parse().ok()? };
    (ratio.width > 0 && ratio.height > 0).then_some(ratio)
}

fn pointer(text: &str, field: &str) -> Result<(), OptionProblem> {
    let reason = format!("`{text}` is not a JSON pointer: begin it with `/`, as in `/id`");
    require(text.starts_with('/'), field, &reason)
}

fn path(text: &str, places: &[&str], field: &str) -> Result<(), OptionProblem> {
    let reason = format!("`{text}` is not a path below base_url: begin it with `/`");
    require(text.starts_with('/'), field, &reason)?;
    template::check_text(text, places, field)
}

fn cost(cost: &Cost, field: &str) -> Result<(), OptionProblem> {
    pointer(&cost.pointer, &format!("{field}.pointer"))?;
    let is_price = cost.usd_per_unit.is_finite() && cost.usd_per_unit >= 0.0;
    require(is_price, &format!("{field}.usd_per_unit"), "it is not a number of at least 0")
}

/// Parses `POST`, `PUT`, `PATCH` or `DELETE`.
fn method<'de, D: Deserializer<'de>>(name: D) -> Result<Method, D::Error> {
    match String::deserialize(name)?.as_str() {
        "POST" => Ok(Method::POST),
        "PUT" => Ok(Method::PUT),
        "PATCH" => Ok(Method::PATCH),
        "DELETE" => Ok(Method::DELETE),
        other => Err(D::Error::custom(format!("`{other}` is not one of POST, PUT, PATCH, DELETE"))),
    }
}
