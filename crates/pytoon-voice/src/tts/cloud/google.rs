//! Google Cloud Text-to-Speech: the reply contains the times of marks placed before words.

use super::{
    CloudAdapter, HEALTH, HealthFuture, MadeAdapter, SPEAK, Scope, Speech, Unreadable, options,
    refusal_error, sound_at,
};
use crate::language::{primary, script_apart};
use crate::spoken::SpokenText;
use crate::tts::piece::Piece;
use crate::tts::take::{Mark, Take};
use pytoon_config::tts::CloudVoice;
use pytoon_vendor::errors::{self, Row};
use pytoon_vendor::http::{Call, Reply, VendorHttp};
use pytoon_vendor::replies::{prefix_code, text_at, vendor_message, with_key_in};
use pytoon_vendor::{Result, VendorErrorKind};
use serde::Deserialize;
use serde_json::{Value, json};

/// Maximum size of a request, in bytes: the vendor's limit including marks (quotas page of its documentation), minus
/// the surrounding element.
const MOST: usize = 5000 - "<speak></speak>".len();
/// The requested sample rate, in hertz.
const RATE: u32 = 24_000;
/// The header that carries the key.
const KEY_HEADER: &str = "X-Goog-Api-Key";

#[derive(Debug)]
struct Google {
    model: String,
    marks: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Options {
    marks: bool,
}

/// Creates the adapter from a configuration block. Fails if the options are invalid.
pub(crate) fn adapter(settings: &CloudVoice) -> MadeAdapter {
    let Options { marks } = options(settings)?;
    Ok(Box::new(Google { model: settings.model.clone(), marks }))
}

impl CloudAdapter for Google {
    fn scope(&self) -> Scope {
        Scope { most: MOST, gives_times: self.marks, speeds: (0.25, 2.0) }
    }

    fn size(&self, text: &SpokenText) -> usize {
        // The numbers of marks grow with the piece: count them at their longest.
        let marks =
            if self.marks { (text.ranges.len() + 1) * "<mark name=\"w9999\"/>".len() } else { 0 };
        escape_xml(&text.text).len() + 1 + marks
    }

    fn call(&self, http: &VendorHttp, speech: &Speech<'_>) -> Result<Call> {
        let mut voice = json!({ "languageCode": language_code(speech.voice, speech.language) });
        if !speech.voice.is_empty() {
            voice["name"] = json!(speech.voice);
        }
        if !self.model.is_empty() {
            voice["modelName"] = json!(self.model);
        }
        let input = if self.marks {
            json!({ "ssml": ssml(speech.piece) })
        } else {
            json!({ "text": speech.piece.text })
        };
        let mut body = json!({
            "input": input,
            "voice": voice,
            "audioConfig": {
                "audioEncoding": "LINEAR16",
                "sampleRateHertz": RATE,
                "speakingRate": speech.speed,
            },
        });
        if self.marks {
            body["enableTimePointing"] = json!(["SSML_MARK"]);
        }
        // Only the beta API returns time points.
        let path = if self.marks { "/v1beta1/text:synthesize" } else { "/v1/text:synthesize" };
        with_key_in(http, Call::post(SPEAK, http.url(path), body), KEY_HEADER)
    }

    fn take(&self, reply: &Reply, speech: &Speech<'_>) -> Result<Take, Unreadable> {
        let json = reply.json().ok_or(Unreadable::Protocol)?;
        let mut take = Take::from_wav(&sound_at(&json, "/audioContent")?)?;
        take.marks = marks(&json["timepoints"], speech.piece);
        Ok(take)
    }

    fn refusal(&self, reply: &Reply) -> (VendorErrorKind, Option<String>) {
        let json = reply.json().unwrap_or_default();
        let status = text_at(&json, "/error/status").unwrap_or_default();
        (errors::kind(REFUSALS, reply), prefix_code(status, vendor_message(reply)))
    }

    fn health<'a>(&'a self, http: &'a VendorHttp) -> HealthFuture<'a> {
        Box::pin(async move {
            let call = Call::get(HEALTH, http.url("/v1/voices?languageCode=en-US"));
            let reply = http.send(with_key_in(http, call, KEY_HEADER)?).await?;
            if !reply.is_success() {
                return Err(refusal_error(http, self, &reply));
            }
            let json = reply.json().unwrap_or_default();
            let count = json["voices"].as_array().map_or(0, Vec::len);
            Ok(format!("{count} voices for en-US"))
        })
    }

    fn identity(&self) -> Value {
        json!(self.marks)
    }
}

/// The error table for refused requests.
const REFUSALS: &[Row] = &[
    Row::each(REASONS, &["API_KEY_INVALID", "API_KEY_EXPIRED"], VendorErrorKind::Auth)
        .source("google.rpc.ErrorInfo, reasons of googleapis.com"),
    // A wrong key is reported as an invalid argument.
    Row::message(&[400], &["api key"], VendorErrorKind::Auth)
        .source("as seen in replies of the interface"),
    Row::each(REASONS, &["BILLING_DISABLED"], VendorErrorKind::Quota)
        .source("google.rpc.ErrorInfo, reasons of googleapis.com"),
    Row::message(&[403], &["billing"], VendorErrorKind::Quota)
        .source("Google Cloud, errors of projects without billing"),
    Row::at("/error/status", &["RESOURCE_EXHAUSTED"], VendorErrorKind::RateLimited)
        .source("google.rpc.Code"),
];
/// The JSON pointers to the list of error details, and to the reason within a detail.
const REASONS: (&str, &str) = ("/error/details", "/reason");

/// Returns the language and region with which a voice's name begins, or the request's language in the
/// vendor's form if the name has none.
fn language_code(voice: &str, language: &str) -> String {
    let mut parts = voice.split('-');
    match (parts.next(), parts.next(), parts.next()) {
        (Some(language), Some(region), Some(_)) => format!("{language}-{region}"),
        _ => without_script(language),
    }
}

/// Returns the language code in the vendor's form: without a script, which the vendor does not accept. Chinese is
/// identified by the language spoken in its region or in the region that uses its script (discovery document,
/// `VoiceSelectionParams.languageCode`). English without a region is American.
fn without_script(language: &str) -> String {
    let (script, rest) = script_apart(language);
    let region = rest.split('-').nth(1).unwrap_or_default().to_uppercase();
    match (primary(&rest).to_lowercase().as_str(), script, region.as_str()) {
        ("zh", _, "HK" | "MO") | ("yue", ..) => "yue-HK".to_owned(),
        ("zh" | "cmn", _, "TW") | ("zh" | "cmn", Some("Hant"), "") => "cmn-TW".to_owned(),
        ("zh" | "cmn", ..) => "cmn-CN".to_owned(),
        ("en", _, "") => "en-US".to_owned(),
        _ => rest,
    }
}

fn escape_xml(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    text.replace('"', "&quot;").replace('\'', "&apos;")
}

/// Returns the piece as SSML. Mark `w{n}` precedes the word that starts at character `n`. Mark `e{n}` follows a part
/// whose last word starts at character `n`, and gives the start of the pause.
fn ssml(piece: &Piece) -> String {
    let mut out = String::from("<speak>");
    for (index, part) in piece.parts.iter().enumerate() {
        if index > 0 {
            out.push(' ');
        }
        let chars: Vec<char> = part.text.text.chars().collect();
        let slice =
            |from: usize, to: usize| escape_xml(&chars[from..to].iter().collect::<String>());
        let mut done = 0;
        let mut last = part.begins;
        for &(from, to) in part.text.ranges.iter().filter(|(from, to)| from < to) {
            last = part.begins + from;
            out.push_str(&slice(done, from));
            out.push_str(&format!("<mark name=\"w{last}\"/>"));
            out.push_str(&slice(from, to));
            done = to;
        }
        out.push_str(&slice(done, chars.len()));
        out.push_str(&format!("<mark name=\"e{last}\"/>"));
    }
    out.push_str("</speak>");
    out
}

fn marks(points: &Value, piece: &Piece) -> Vec<Mark> {
    let mut marks: Vec<Mark> = Vec::new();
    let length = piece.text.chars().count();
    for point in points.as_array().map(Vec::as_slice).unwrap_or_default() {
        let Some(name) = point["markName"].as_str() else { continue };
        let Some(at) = name.get(1..).and_then(|at| at.parse::<usize>().ok()) else { continue };
        // A zero is omitted, as usual in JSON made from protocol buffers.
        let ms = point["timeSeconds"].as_f64().unwrap_or(0.0) * 1000.0;
        if at >= length || !ms.is_finite() {
            continue;
        }
        if name.starts_with('w') {
            marks.push(Mark { at, start_ms: ms, end_ms: None });
        } else if let Some(mark) = marks.iter_mut().find(|mark| mark.at == at) {
            mark.end_ms = Some(ms);
        }
    }
    marks.sort_by_key(|mark| mark.at);
    marks
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tts::piece::{Limit, pieces};
    use pytoon_core::text::words;

    #[test]
    fn every_word_and_the_end_of_every_sentence_has_a_mark() {
        let asked = vec![words("Salt & \"sea\""), words("Oh 🔥 no.")];
        let size = |text: &SpokenText| text.text.len();
        let limit = Limit { most: 999, size: &size, one_by_one: false };
        let piece = pieces(&asked, &limit).expect("fits").remove(0);
        let text = ssml(&piece);
        assert_eq!(
            text,
            "<speak><mark name=\"w0\"/>Salt <mark name=\"w5\"/>&amp; <mark name=\"w7\"/>&quot;sea&quot;\
             <mark name=\"e7\"/> <mark name=\"w13\"/>Oh <mark name=\"w16\"/>no.<mark name=\"e16\"/></speak>"
        );
        let points = json!([
            {"markName": "w0"}, {"markName": "w7", "timeSeconds": 0.5},
            {"markName": "e7", "timeSeconds": 0.9}, {"markName": "w99", "timeSeconds": 9.0},
        ]);
        let found = marks(&points, &piece);
        assert_eq!(found.len(), 2);
        assert_eq!((found[0].start_ms, found[1].at, found[1].end_ms), (0.0, 7, Some(900.0)));
    }

    #[test]
    fn the_language_is_the_voices_own() {
        for (voice, language, expected) in [
            ("en-GB-Neural2-A", "en-US", "en-GB"),
            ("", "en", "en-US"),
            ("", "de", "de"),
            ("", "pt_BR", "pt-BR"),
            ("", "zh-Hans", "cmn-CN"),
            ("", "zh-Hant", "cmn-TW"),
            ("", "zh-Hant-HK", "yue-HK"),
            ("", "zh-TW", "cmn-TW"),
            ("", "yue", "yue-HK"),
            ("", "sr-Latn", "sr"),
            ("", "sr_Latn_RS", "sr-RS"),
        ] {
            assert_eq!(language_code(voice, language), expected);
        }
    }
}
