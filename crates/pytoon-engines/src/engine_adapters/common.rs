//! Code shared by the vendors' adapters: validation of a request against the offer, pictures, JSON access, and the
//! failures that every vendor reports in the same way.
//!
//! Guarantees: a vendor's message in a failure created here is redacted; one function,
//! [`pytoon_vendor::replies::paid_refusal_error`], decides whether a rejected paid call may have been accepted.
//!
//! Leaves vendor-specific statuses and codes to the adapters.

use crate::adapter::{
    Cancelled, Capabilities, Durations, GenerateRequest, ImageInput, Offer, Output, PromptUnit,
    Ratio, TaskState, not_offered,
};
use crate::http::{DownloadLimits, Reply, VendorHttp};
use crate::{Accepted, ErrorStatus, Result, VendorError, VendorErrorKind};
use base64::Engine as _;
use pytoon_config::engines::EngineConfig;
use pytoon_vendor::ensure;
pub(crate) use pytoon_vendor::replies::{
    key, names_moderation, segment, submit_kind, text_at, vendor_message, with_key,
};
use pytoon_vocabulary::MicroUsd;
use reqwest::multipart::Part;
use serde_json::{Map, Value};
use std::path::Path;
use std::time::Duration;
use url::Url;

/// The time within which a vendor's list must show a call, unless the configuration states another.
pub(crate) const LIST_SETTLES: Duration = Duration::from_secs(120);

/// The reason of a failure for which the vendor gave none.
pub(crate) const NO_REASON: &str = "the vendor gave no reason";

/// Operations, as phrases that complete "failed to …".
pub(crate) const PREPARE: &str = "prepare the request";
pub(crate) const UPLOAD: &str = "upload the picture";
pub(crate) const SUBMIT: &str = "start the task";
pub(crate) const POLL: &str = "poll the task";
pub(crate) const FINISH: &str = "finish the clip";
pub(crate) const CANCEL: &str = "cancel the task";
pub(crate) const HEALTH: &str = "pass the health check";
pub(crate) const LOOKUP: &str = "look up the call";

/// Rejects a request outside the engine's offer, before anything is sent.
pub(crate) fn check_request(
    engine: &str,
    sold: &Capabilities,
    request: &GenerateRequest,
) -> Result<()> {
    is_sold(sold, request).map_err(|reason| unsupported_error(engine, reason))
}

fn is_sold(sold: &Capabilities, request: &GenerateRequest) -> Result<(), String> {
    let GenerateRequest { prompt, duration_ms: ms, ratio, .. } = request;
    let with_picture = request.image.is_some();
    let offer = sold.offer(with_picture).ok_or_else(|| not_offered(with_picture))?;
    ensure(offer.durations.sells(*ms), format!("it offers no clips of {ms} ms"))?;
    ensure(
        offered_ratio(offer, *ratio).is_some(),
        format!("it does not offer the aspect ratio {ratio}"),
    )?;
    ensure(!prompt.trim().is_empty(), "the prompt is empty")?;
    let (length, most) = (sold.prompt_unit.count(prompt), sold.max_prompt);
    let unit = match sold.prompt_unit {
        PromptUnit::Chars => "characters",
        PromptUnit::Utf16 => "UTF-16 code units",
        PromptUnit::Bytes => "bytes",
    };
    ensure(length <= most, format!("the prompt has {length} {unit}; the maximum is {most}"))
}

/// Returns the error for a request that the engine does not offer.
pub(crate) fn unsupported_error(engine: &str, message: impl Into<String>) -> VendorError {
    VendorError::new(engine, PREPARE, VendorErrorKind::Unsupported, message)
}

/// Returns the offered ratio for a requested one: the identical one, or else an equal proportion such as 720:1280 for
/// 9:16; `None` if neither is offered.
fn offered_ratio(offer: &Offer, asked: Ratio) -> Option<Ratio> {
    let same_shape = |r: &&Ratio| {
        asked.width > 0
            && asked.height > 0
            && u64::from(r.width) * u64::from(asked.height)
                == u64::from(r.height) * u64::from(asked.width)
    };
    let exact = offer.ratios.iter().find(|&&r| r == asked);
    exact.or_else(|| offer.ratios.iter().find(same_shape)).copied()
}

/// Returns the offered ratio with the same proportion as a request's ratio, or the request's own if there is none.
pub(crate) fn ratio_named(sold: &Capabilities, request: &GenerateRequest) -> Ratio {
    let offer = sold.offer(request.image.is_some());
    offer.and_then(|offer| offered_ratio(offer, request.ratio)).unwrap_or(request.ratio)
}

/// Creates ratios from pairs of width and height.
pub(crate) fn ratios(list: &[(u32, u32)]) -> Vec<Ratio> {
    list.iter().map(|&(width, height)| Ratio { width, height }).collect()
}

/// Returns the download limits of an engine. A download has stalled if no byte arrives within the default
/// stall limit or the request timeout, whichever is shorter.
pub(crate) fn download_limits(config: &EngineConfig) -> DownloadLimits {
    let default = DownloadLimits::default();
    let patience = Duration::from_millis(config.request_timeout_ms);
    DownloadLimits { stall: default.stall.min(patience), ..default }
}

/// Returns an offer with these lengths, in milliseconds, and these aspect ratios.
pub(crate) fn offer(lengths_ms: Vec<u32>, shapes: &[(u32, u32)]) -> Offer {
    let durations = Durations::Fixed(lengths_ms);
    Offer { durations, ratios: ratios(shapes), follows_picture: false }
}

/// A picture to send to a vendor.
#[derive(Debug)]
pub(crate) struct Picture {
    pub(crate) bytes: Vec<u8>,
    pub(crate) media_type: &'static str,
    pub(crate) extension: &'static str,
}

impl Picture {
    /// Reads a picture file of at most `most` bytes. Returns an error if it is larger or not JPEG, PNG or WebP.
    pub(crate) async fn read(engine: &str, path: &Path, most: u64) -> Result<Self> {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let disk = |error: std::io::Error| VendorError::of_file(engine, PREPARE, &name, &error);
        let size = tokio::fs::metadata(path).await.map_err(disk)?.len();
        if size > most {
            return Err(unsupported_error(
                engine,
                format!("{name} has {size} bytes; the maximum is {most}"),
            ));
        }
        let bytes = tokio::fs::read(path).await.map_err(disk)?;
        let (media_type, extension) = media_type(&bytes).ok_or_else(|| {
            unsupported_error(engine, format!("{name} is not a JPEG, PNG or WebP file"))
        })?;
        Ok(Self { bytes, media_type, extension })
    }

    /// Returns the picture's bytes in base64.
    pub(crate) fn base64(&self) -> String {
        base64::engine::general_purpose::STANDARD.encode(&self.bytes)
    }

    /// Returns the picture as a `data:` URI (RFC 2397).
    pub(crate) fn data_uri(&self) -> String {
        format!("data:{};base64,{}", self.media_type, self.base64())
    }

    /// Returns the length of the `data:` URI, without building it.
    pub(crate) fn data_uri_len(&self) -> usize {
        "data:;base64,".len() + self.media_type.len() + self.bytes.len().div_ceil(3) * 4
    }

    /// Returns the picture as a part of a multipart form.
    pub(crate) fn into_part(self, engine: &str, name: String) -> Result<Part> {
        Part::bytes(self.bytes)
            .file_name(name)
            .mime_str(self.media_type)
            .map_err(|_| unsupported_error(engine, "the picture's type is unknown"))
    }

    /// Returns a generic file name for the vendor, so that the user's file names are not disclosed.
    pub(crate) fn file_name(&self) -> String {
        format!("frame.{}", self.extension)
    }
}

/// Returns the media type and extension of a picture, detected from its first bytes because file names can be wrong;
/// `None` if it is not JPEG, PNG or WebP.
pub(crate) fn media_type(bytes: &[u8]) -> Option<(&'static str, &'static str)> {
    match bytes {
        [0xff, 0xd8, 0xff, ..] => Some(("image/jpeg", "jpg")),
        [0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, ..] => Some(("image/png", "png")),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => {
            Some(("image/webp", "webp"))
        }
        _ => None,
    }
}

/// Returns the maximum size of a picture over all accepted methods of passing one, in bytes.
pub(crate) fn largest_picture(sold: &Capabilities) -> u64 {
    let most = |input: &ImageInput| match *input {
        ImageInput::Inline(most) | ImageInput::Upload(most) => most,
    };
    sold.image_inputs.iter().map(most).max().unwrap_or(0)
}

/// Returns the finite number at a JSON pointer, also if it is written as a string; `None` if there is none.
pub(crate) fn number_at(value: &Value, pointer: &str) -> Option<f64> {
    let found = value.pointer(pointer)?;
    let number = found.as_f64().or_else(|| found.as_str()?.trim().parse().ok());
    number.filter(|number| number.is_finite())
}

/// Returns the id at a JSON pointer, a non-empty string or a number; `None` if there is none.
pub(crate) fn id_at(value: &Value, pointer: &str) -> Option<String> {
    match value.pointer(pointer)? {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// Converts the amount at a JSON pointer, whose unit is worth `usd_per_unit` US dollars; `None` if there is no number
/// or it is negative.
pub(crate) fn cost_at(value: &Value, pointer: &str, usd_per_unit: f64) -> Option<MicroUsd> {
    let units = number_at(value, pointer).filter(|units| *units >= 0.0)?;
    Some(MicroUsd::from_usd(units * usd_per_unit))
}

/// Returns the fields of the object at a JSON pointer; empty if there is no object.
pub(crate) fn fields_at<'a>(
    value: &'a Value,
    pointer: &str,
) -> impl Iterator<Item = (&'a String, &'a Value)> + use<'a> {
    value.pointer(pointer).and_then(Value::as_object).into_iter().flat_map(Map::iter)
}

/// Returns the items of the list at a JSON pointer; empty if there is no list.
pub(crate) fn items_at<'a>(
    value: &'a Value,
    pointer: &str,
) -> impl Iterator<Item = &'a Value> + use<'a> {
    value.pointer(pointer).and_then(Value::as_array).into_iter().flatten()
}

/// Returns the error of a task that ended without a clip. Redacts the message and marks the call as accepted.
pub(crate) fn task_failed(http: &VendorHttp, kind: VendorErrorKind, message: &str) -> VendorError {
    let message = http.redacted_line(message);
    VendorError::new(http.engine(), FINISH, kind, message).with_accepted(Accepted::Yes)
}

/// Returns the message of a failed task: the vendor's code, if it gave one, and its reason.
pub(crate) fn failure_message(code: &str, reason: Option<&str>) -> String {
    let reason = reason.unwrap_or(NO_REASON);
    if code.is_empty() { reason.to_owned() } else { format!("{code}: {reason}") }
}

/// Returns the state of a successful task whose clip is at this URL.
pub(crate) fn clip_at(url: &str, cost: Option<MicroUsd>) -> TaskState {
    TaskState::Succeeded { output: Output { url: url.to_owned(), credit: None }, cost }
}

/// Returns the final state of a task that the vendor reports as successful. A task without a clip has failed
/// permanently and is charged: the vendor sees no error, so a retry would end in the same way.
pub(crate) fn success_state(
    http: &VendorHttp,
    clip: Option<&str>,
    without: &str,
    cost: Option<MicroUsd>,
) -> TaskState {
    if let Some(url) = clip {
        return clip_at(url, cost);
    }
    let error = task_failed(http, VendorErrorKind::Protocol, without);
    TaskState::Failed(error.with_status(ErrorStatus::Permanent).with_charged(cost))
}

/// Returns the state of a task in progress; `progress` is 0 to 1, if known.
pub(crate) fn running(progress: Option<f64>) -> TaskState {
    TaskState::Running { progress, unknown_status: None }
}

/// Interprets a poll response outside 2xx: a lost task ends as failed; any other response says nothing about the task
/// and is an error.
pub(crate) fn interpret_refused_poll(http: &VendorHttp, reply: &Reply) -> Result<TaskState> {
    let failed = |kind| http.refusal(POLL, kind, reply, vendor_message(reply).as_deref());
    match VendorHttp::kind_of_status(reply.status) {
        VendorErrorKind::Lost => {
            let message = format!("HTTP {}: the vendor does not know the task", reply.status);
            Ok(TaskState::Failed(task_failed(http, VendorErrorKind::Lost, &message)))
        }
        // The vendor accepted the task: a failed poll says nothing about its end.
        VendorErrorKind::InvalidRequest => Err(failed(VendorErrorKind::Protocol)),
        // The account's limit passes; the paid task continues.
        kind @ VendorErrorKind::Quota => Err(failed(kind).with_status(ErrorStatus::Temporary)),
        kind => Err(failed(kind)),
    }
}

/// Creates the error for a rejected call that is free of charge.
pub(crate) fn refusal_error(
    http: &VendorHttp,
    operation: &'static str,
    reply: &Reply,
) -> VendorError {
    let kind = submit_kind(reply.status);
    http.refusal(operation, kind, reply, vendor_message(reply).as_deref())
}

/// Interprets the status of a response to a cancel request: `agreed` for 2xx, too late for 404, 409 and 410,
/// unsupported for 405 and 501. Any other status is an error.
pub(crate) fn cancel_outcome(
    http: &VendorHttp,
    reply: &Reply,
    agreed: Cancelled,
) -> Result<Cancelled> {
    match reply.status {
        200..=299 => Ok(agreed),
        404 | 409 | 410 => Ok(Cancelled::TooLate),
        405 | 501 => Ok(Cancelled::Unsupported),
        _ => Err(refusal_error(http, CANCEL, reply)),
    }
}

/// Returns the state of a task with an undocumented status, which is treated as running.
pub(crate) fn unknown_status(http: &VendorHttp, status: Option<&str>) -> TaskState {
    let status = http.redacted_line(status.unwrap_or("none"));
    TaskState::Running { progress: None, unknown_status: Some(status) }
}

/// Returns the URL at a JSON pointer; `None` if there is no valid one.
pub(crate) fn address_at(value: &Value, pointer: &str) -> Option<Url> {
    Url::parse(text_at(value, pointer)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_length_of_a_data_uri_is_predicted_exactly() {
        for length in [0, 1, 2, 3, 1000] {
            let picture =
                Picture { bytes: vec![7; length], media_type: "image/png", extension: "png" };
            assert_eq!(picture.data_uri().len(), picture.data_uri_len(), "{length}");
        }
    }

    #[test]
    fn pictures_are_recognized_by_their_first_bytes() {
        for (bytes, expected) in [
            (&b"\xff\xd8\xff\xe0"[..], Some("image/jpeg")),
            (b"\x89PNG\r\n\x1a\n", Some("image/png")),
            (b"RIFF\0\0\0\0WEBPVP8 ", Some("image/webp")),
            (b"GIF89a", None),
            (b"", None),
        ] {
            assert_eq!(media_type(bytes).map(|(name, _)| name), expected);
        }
    }
}
