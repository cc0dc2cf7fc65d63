//! Google Cloud Text-to-Speech, which returns audio in base64 and, in its beta version, the times of SSML marks.

use super::{Answering, Vendor, authorization, header_key, openai};
use crate::call::{Call, Route};
use crate::contract;
use crate::refusal::Refusal;
use crate::reply::{self, Answer};
use crate::scenario::{Fault, Step};
use crate::speech::{self, Spoken};
use crate::strict::{Check, Optional, Required, Units};
use base64::Engine;
use hyper::{HeaderMap, Method, StatusCode};
use serde_json::{Value, json};

/// Maximum size of the input, plain text or SSML, in bytes.
const MAX_BYTES: usize = 5000;
const ENCODINGS: &[&str] = &["LINEAR16", "MP3", "OGG_OPUS", "PCM"];

#[derive(Debug)]
pub(super) struct Google;

impl Vendor for Google {
    fn name(&self) -> &'static str {
        "google"
    }

    fn route(&self, method: &Method, path: &[&str]) -> Result<Route, Refusal> {
        match (method, path) {
            (&Method::POST, ["v1", "text:synthesize"]) => {
                Ok(Route::new("synthesize", Step::Submit).json())
            }
            (&Method::POST, ["v1beta1", "text:synthesize"]) => {
                Ok(Route::new("synthesize_beta", Step::Submit).json())
            }
            (&Method::GET, ["v1" | "v1beta1", "voices"]) => Ok(Route::new("voices", Step::Health)),
            (_, ["v1" | "v1beta1", "text:synthesize" | "voices"]) => Err(Refusal::MethodNotAllowed),
            _ => Err(Refusal::NotFound),
        }
    }

    fn key(&self, headers: &HeaderMap, query: &[(String, String)]) -> Option<String> {
        authorization(headers, "Bearer")
            .or_else(|| header_key(headers, "x-goog-api-key"))
            .or_else(|| query.iter().find(|(name, _)| name == "key").map(|(_, key)| key.clone()))
    }

    fn refuse(&self, refusal: &Refusal) -> Answer {
        let (code, status) = match refusal {
            Refusal::Unauthorized => (401, "UNAUTHENTICATED"),
            Refusal::PaymentRequired | Refusal::Forbidden => (403, "PERMISSION_DENIED"),
            Refusal::NotFound | Refusal::MethodNotAllowed => (404, "NOT_FOUND"),
            Refusal::RateLimited(_) => (429, "RESOURCE_EXHAUSTED"),
            Refusal::ServerError => (500, "INTERNAL"),
            Refusal::BadGateway => (502, "UNAVAILABLE"),
            Refusal::Unavailable => (503, "UNAVAILABLE"),
            _ => (400, "INVALID_ARGUMENT"),
        };
        let error = json!({ "code": code, "message": refusal.message(), "status": status });
        let status = StatusCode::from_u16(code).unwrap_or(StatusCode::BAD_REQUEST);
        reply::json(status, &json!({ "error": error }))
    }

    fn prompt(&self, call: &Call) -> String {
        let input = &call.body["input"];
        input["text"].as_str().or(input["ssml"].as_str()).unwrap_or_default().to_owned()
    }

    fn serve<'a>(&'a self, call: &'a mut Call) -> Answering<'a> {
        Box::pin(async move {
            match call.route.op {
                "voices" => Ok(voices(call)),
                _ => synthesize(call).await,
            }
        })
    }
}

async fn synthesize(call: &mut Call) -> Result<Answer, Refusal> {
    let is_beta = call.route.op == "synthesize_beta";
    let types = contract::request("google", call.route.op);
    let types = types.ok_or_else(|| Refusal::Broken("no types of synthesize".to_owned()))?;
    let mut check = Check::with_types(&call.body, types)?;
    let input = check.object("input", Required, |input| {
        let text = input.text("text", Optional, 1..=MAX_BYTES, Units::Bytes);
        let ssml = input.text("ssml", Optional, 1..=MAX_BYTES, Units::Bytes);
        if text.is_some() == ssml.is_some() {
            input.report("text", "custom", "exactly one of text and ssml");
        }
        if ssml.is_some_and(|ssml| !ssml.trim_start().starts_with("<speak")) {
            input.report("ssml", "custom", "must be a speak element");
        }
        (text.unwrap_or_default(), ssml)
    });
    let voice = check.object("voice", Required, |voice| {
        let language = voice.text("languageCode", Required, 2..=35, Units::Chars);
        // "This should not include a script tag" (discovery document, rev. 20260320).
        if language.is_some_and(|code| code.split('-').skip(1).any(|part| part.len() == 4)) {
            voice.report("languageCode", "custom", "a script tag is not allowed");
        }
        voice.text("name", Optional, 1..=100, Units::Chars).or(language)
    });
    let audio = check.object("audioConfig", Required, |audio| {
        audio.number("pitch", Optional, -20.0..=20.0);
        audio.number("volumeGainDb", Optional, -96.0..=16.0);
        audio.list("effectsProfileId", Optional, 0..=5);
        let rate = audio.integer("sampleRateHertz", Optional, 8000..=48_000);
        let encoding = audio.one_of("audioEncoding", Required, ENCODINGS);
        let speed = audio.number("speakingRate", Optional, 0.25..=2.0);
        (encoding.unwrap_or("LINEAR16"), speed.unwrap_or(1.0), rate)
    });
    let mut wants_marks = false;
    if is_beta {
        let kinds = check.any("enableTimePointing", Optional).and_then(Value::as_array);
        wants_marks = kinds.is_some_and(|kinds| kinds.iter().any(|kind| kind == "SSML_MARK"));
    }
    check.finish()?;
    if call.fate.is_some_and(|(fault, _)| fault == Fault::Moderation) {
        return Err(Refusal::Moderated);
    }
    let (text, ssml) = input.unwrap_or_default();
    let (text, marks) = match ssml {
        Some(ssml) => plain(ssml).map_err(|why| Refusal::Bad(why.to_owned()))?,
        None => (text.to_owned(), Vec::new()),
    };
    let (encoding, speed, rate) = audio.unwrap_or(("LINEAR16", 1.0, None));
    let rate = rate.and_then(|rate| u32::try_from(rate).ok()).unwrap_or(24_000);
    let mut spoken = speech::speak(&text, voice.flatten().unwrap_or_default(), rate, speed);
    speech::spoil(&mut spoken, call.fate.map(|(fault, _)| fault));
    let format = match encoding {
        "MP3" => "mp3",
        "OGG_OPUS" => "opus",
        "PCM" => "pcm",
        _ => "wav",
    };
    let (_, bytes) = openai::audio(&spoken, format).await?;
    let content = base64::engine::general_purpose::STANDARD.encode(bytes);
    let mut body = json!({ "audioContent": content });
    if is_beta {
        let marks = if wants_marks { marks.as_slice() } else { &[] };
        body["timepoints"] = marks.iter().map(|mark| timepoint(mark, &spoken)).collect();
        body["audioConfig"] = json!({ "audioEncoding": encoding, "sampleRateHertz": rate });
    }
    Ok(reply::ok(&body))
}

/// Returns the JSON of an SSML mark's time. A time of zero is omitted, as in JSON generated from protocol buffers.
fn timepoint((name, index): &(String, usize), spoken: &Spoken) -> Value {
    let seconds = spoken.times.get(*index).map_or_else(|| spoken.seconds(), |(start, _)| *start);
    let mut point = json!({ "markName": name });
    if seconds > 0.0 {
        point["timeSeconds"] = json!(seconds);
    }
    point
}

/// The names of SSML marks, each with the index of the character that follows it.
type Marks = Vec<(String, usize)>;

/// Returns the plain text of an SSML request, and its marks. The error is the reason for a rejection.
fn plain(ssml: &str) -> Result<(String, Marks), &'static str> {
    let (mut text, mut marks) = (String::new(), Vec::new());
    let mut rest = ssml;
    while let Some((before, after)) = rest.split_once('<') {
        text.push_str(&unescape(before)?);
        let (tag, after) = after.split_once('>').ok_or("a tag is not closed")?;
        if let Some(mark) = tag.strip_prefix("mark ") {
            let name = mark.split('"').nth(1).ok_or("a mark has no name")?;
            marks.push((name.to_owned(), text.chars().count()));
        }
        rest = after;
    }
    text.push_str(&unescape(rest)?);
    Ok((text, marks))
}

fn unescape(text: &str) -> Result<String, &'static str> {
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        plain.push_str(before);
        let (name, after) = after.split_once(';').ok_or("an ampersand is not escaped")?;
        plain.push(match name {
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            "apos" | "#39" => '\'',
            _ => return Err("an unknown entity"),
        });
        rest = after;
    }
    plain.push_str(rest);
    Ok(plain)
}

fn voices(call: &Call) -> Answer {
    let language = call.query("languageCode").unwrap_or("en-US");
    let voices: Vec<Value> = ["Neural2-A", "Neural2-C", "Standard-B"]
        .iter()
        .map(|name| {
            json!({
                "languageCodes": [language],
                "name": format!("{language}-{name}"),
                "ssmlGender": "FEMALE",
                "naturalSampleRateHertz": 24_000,
            })
        })
        .collect();
    reply::ok(&json!({ "voices": voices }))
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn marks_stand_before_the_character_they_name() {
        let (text, marks) =
            plain(r#"<speak><mark name="a"/>Salt &amp; <mark name="b"/>sea</speak>"#).unwrap();
        assert_eq!(text, "Salt & sea");
        assert_eq!(marks, [("a".to_owned(), 0), ("b".to_owned(), 7)]);
        assert!(plain("<speak>a & b</speak>").is_err());
        assert!(plain("<speak>a <mark name=").is_err());
    }
}
