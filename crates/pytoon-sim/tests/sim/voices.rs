//! Tests of voices, transcription and moderation.

use crate::bench::{Bench, rule};
use base64::Engine;
use serde_json::{Value, json};

const TEXT: &str = "The red fox runs over the hill.";
const OPENAI: &[&str] = &["authorization: Bearer sk-1"];
const ELEVEN: &[&str] = &["xi-api-key: e"];
const GOOGLE: &[&str] = &["x-goog-api-key: g"];

/// Returns the length in seconds and the loudness (RMS) of an audio file in any format.
fn measure_sound(bytes: &[u8]) -> (f64, f64) {
    let arguments = ["-f", "s16le", "-ac", "1", "-ar", "8000", "-"];
    let raw = crate::bench::decode(bytes, &arguments).unwrap();
    let samples = raw.chunks_exact(2).map(|pair| f64::from(i16::from_le_bytes([pair[0], pair[1]])));
    let (mut power, mut count) = (0.0, 0.0);
    for sample in samples {
        power += sample * sample;
        count += 1.0;
    }
    (count / 8000.0, (power / count).sqrt())
}

fn is_speech(bytes: &[u8]) -> f64 {
    let (seconds, level) = measure_sound(bytes);
    assert!((1.5..4.0).contains(&seconds), "{seconds} s");
    assert!((800.0..9000.0).contains(&level), "{level}");
    seconds
}

fn decode(text: &Value) -> Vec<u8> {
    base64::engine::general_purpose::STANDARD.decode(text.as_str().unwrap()).unwrap()
}

#[tokio::test]
async fn openai_speaks_in_several_formats() {
    let bench = Bench::start(json!({})).await;
    let path = "/openai/v1/audio/speech";
    let order = |format: &str| json!({"model": "gpt-4o-mini-tts", "input": TEXT, "voice": "coral", "response_format": format});
    for (format, content_type) in
        [("wav", "audio/wav"), ("mp3", "audio/mpeg"), ("opus", "audio/ogg")]
    {
        let got = bench.post(path, OPENAI, &order(format)).await;
        assert_eq!(got.header("content-type"), content_type, "{}", got.text());
        is_speech(&got.body);
    }
    let pcm = bench.post(path, OPENAI, &order("pcm")).await.body;
    let wav = bench.post(path, OPENAI, &order("wav")).await.body;
    assert_eq!(wav[44..], pcm);
    let models = bench.get("/openai/v1/models", OPENAI).await.json();
    assert!(models["data"].as_array().unwrap().iter().any(|model| model["id"] == "whisper-1"));
}

#[tokio::test]
async fn a_speech_server_asks_for_no_key_and_may_ignore_the_format() {
    let bench = Bench::start(json!({})).await;
    let order =
        json!({"model": "kokoro", "input": TEXT, "voice": "af_heart", "response_format": "wav"});
    for (base, content_type) in
        [("speech-server", "audio/wav"), ("speech-server-mp3", "audio/mpeg")]
    {
        let got = bench.post(&format!("/{base}/v1/audio/speech"), &[], &order).await;
        assert_eq!(got.header("content-type"), content_type, "{}", got.text());
        is_speech(&got.body);
    }
    let models = bench.get("/speech-server/v1/models", &[]).await.json();
    assert_eq!(models["data"][0]["id"], "kokoro");
    assert_eq!(bench.get("/speech-server-mp3/v1/models", &[]).await.status, 404);
}

#[tokio::test]
async fn openai_refuses_in_its_words() {
    let bench = Bench::start(json!({"keys": {"broke": ["poor"]}})).await;
    let path = "/openai/v1/audio/speech";
    let order = || json!({"model": "tts-1", "input": TEXT, "voice": "coral"});
    for (name, value) in [
        ("model", json!("tts-9")),
        ("input", json!("a".repeat(4097))),
        ("speed", json!(5)),
        ("instructions", json!("slowly")),
        ("extra", json!(1)),
    ] {
        let mut body = order();
        body[name] = value;
        let got = bench.post(path, OPENAI, &body).await;
        assert_eq!(got.status, 400);
        assert_eq!(got.json()["error"]["param"], name);
    }
    let got = bench.post(path, &["authorization: sk-1"], &order()).await;
    assert_eq!(
        (got.status.as_u16(), &got.json()["error"]["code"]),
        (401, &json!("invalid_api_key"))
    );
    let got = bench.post(path, &["authorization: Bearer poor"], &order()).await;
    assert_eq!(
        (got.status.as_u16(), &got.json()["error"]["code"]),
        (429, &json!("insufficient_quota"))
    );
    bench.scenario(&rule("openai", "submit", "moderation")).await;
    let got = bench.post(path, OPENAI, &order()).await;
    assert_eq!(got.json()["error"]["code"], "content_policy_violation");
    assert_eq!(bench.ledger().await.len(), 0);
    assert_eq!(bench.summary().await["by_vendor"]["openai"]["posts"], 8);
}

#[tokio::test]
async fn openai_times_the_words_of_the_prompt() {
    let bench = Bench::start(json!({})).await;
    let wav = json!({"model": "tts-1", "input": TEXT, "voice": "coral", "response_format": "wav"});
    let wav = bench.post("/openai/v1/audio/speech", OPENAI, &wav).await.body;
    let seconds = is_speech(&wav);
    let send = |model: &str, format: &str| {
        let part = reqwest::multipart::Part::bytes(wav.clone()).file_name("a.wav");
        let form = reqwest::multipart::Form::new()
            .part("file", part)
            .text("model", model.to_owned())
            .text("response_format", format.to_owned())
            .text("timestamp_granularities[]", "word")
            .text("prompt", TEXT);
        let url = bench.url("/openai/v1/audio/transcriptions");
        bench.http.post(url).header("authorization", "Bearer k").multipart(form).send()
    };
    let answer = send("whisper-1", "verbose_json").await.unwrap().bytes().await.unwrap();
    let heard: Value = serde_json::from_slice(&answer).unwrap();
    assert!((heard["duration"].as_f64().unwrap() - seconds).abs() < 0.01);
    let words = heard["words"].as_array().unwrap();
    assert_eq!((words.len(), &words[6]["word"]), (7, &json!("hill")));
    assert!((words[6]["end"].as_f64().unwrap() - seconds).abs() < 0.01);
    assert_eq!(send("whisper-1", "json").await.unwrap().status(), 400);
    assert_eq!(send("gpt-4o-transcribe", "verbose_json").await.unwrap().status(), 400);
}

#[tokio::test]
async fn openai_moderates_what_the_scenario_says() {
    let bench = Bench::start(json!({"rules": [
        {"vendor": "openai", "step": "search", "fault": "moderation", "match": "axe"}]}))
    .await;
    for (input, flagged) in [("a red fox", false), ("an axe", true)] {
        let body = json!({"input": input, "model": "omni-moderation-latest"});
        let result = bench.post("/openai/v1/moderations", OPENAI, &body).await.json();
        let result = &result["results"][0];
        assert_eq!(result["flagged"], flagged);
        assert_eq!(result["categories"].as_object().unwrap().len(), 13);
        assert_eq!(result["categories"]["violence"], flagged);
    }
    let got = bench.post("/openai/v1/moderations", OPENAI, &json!({"input": 5})).await;
    assert_eq!(got.status, 400);
}

#[tokio::test]
async fn elevenlabs_times_characters() {
    let bench = Bench::start(json!({})).await;
    let path = "/elevenlabs/v1/text-to-speech/ada/with-timestamps?output_format=mp3_44100_128";
    let body = json!({"text": TEXT, "model_id": "eleven_v3", "voice_settings": {"speed": 1.0}});
    let got = bench.post(path, ELEVEN, &body).await;
    let said = got.json();
    let seconds = is_speech(&decode(&said["audio_base64"]));
    let alignment = &said["alignment"];
    let characters: String = alignment["characters"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one.as_str().unwrap())
        .collect();
    assert_eq!(characters, TEXT);
    let ends = alignment["character_end_times_seconds"].as_array().unwrap();
    assert_eq!(ends.len(), TEXT.len());
    assert!((ends.last().unwrap().as_f64().unwrap() - seconds).abs() < 0.1);
    assert_eq!(got.header("character-cost"), TEXT.len().to_string());
    let plain = bench.post("/elevenlabs/v1/text-to-speech/ada", ELEVEN, &body).await;
    assert_eq!(plain.header("content-type"), "audio/mpeg");
    is_speech(&plain.body);
    let health = bench.get("/elevenlabs/v1/user/subscription", ELEVEN).await.json();
    assert!(health["character_limit"].as_u64() > health["character_count"].as_u64());
}

#[tokio::test]
async fn elevenlabs_refuses_in_its_words() {
    let bench = Bench::start(json!({"keys": {"broke": ["poor"]}})).await;
    let path = "/elevenlabs/v1/text-to-speech/ada/with-timestamps";
    let good = json!({"text": TEXT});
    for (body, status) in [
        (json!({}), 422),
        (json!({"text": TEXT, "speed": 1}), 422),
        (json!({"text": TEXT, "voice_settings": {"stability": 2}}), 422),
    ] {
        let got = bench.post(path, ELEVEN, &body).await;
        assert_eq!(got.status, status, "{body}");
        assert!(got.json()["detail"][0]["loc"].is_array());
    }
    let long = json!({"text": "a".repeat(3001), "model_id": "eleven_v3"});
    for (headers, body, status, code) in [
        (ELEVEN.to_vec(), &long, 400, "max_character_limit_exceeded"),
        (vec!["authorization: Bearer e"], &good, 401, "invalid_api_key"),
        (vec!["xi-api-key: poor"], &good, 401, "quota_exceeded"),
    ] {
        let got = bench.post(path, &headers, body).await;
        assert_eq!((got.status.as_u16(), &got.json()["detail"]["code"]), (status, &json!(code)));
    }
    let got = bench.post(&format!("{path}?output_format=mp3_1_1"), ELEVEN, &good).await;
    assert_eq!(got.status, 422);
}

#[tokio::test]
async fn google_times_marks_in_the_beta_only() {
    let bench = Bench::start(json!({})).await;
    let ssml = "<speak><mark name=\"w0\"/>The red fox runs <mark name=\"w1\"/>over it all.</speak>";
    let order = json!({
        "input": {"ssml": ssml},
        "voice": {"languageCode": "en-US", "name": "en-US-Neural2-A"},
        "audioConfig": {"audioEncoding": "LINEAR16", "speakingRate": 1.0},
    });
    let mut timed = order.clone();
    timed["enableTimePointing"] = json!(["SSML_MARK"]);
    let said = bench.post("/google/v1beta1/text:synthesize", GOOGLE, &timed).await.json();
    let seconds = is_speech(&decode(&said["audioContent"]));
    let points = &said["timepoints"];
    assert_eq!((&points[0]["markName"], points[0].get("timeSeconds")), (&json!("w0"), None));
    let second = points[1]["timeSeconds"].as_f64().unwrap();
    assert!(second > 0.5 && second < seconds, "{second}");
    let plain = bench.post("/google/v1/text:synthesize?key=g", &[], &order).await;
    assert_eq!(plain.json().as_object().unwrap().len(), 1);
    let got = bench.post("/google/v1/text:synthesize", GOOGLE, &timed).await;
    assert_eq!(
        (got.status.as_u16(), &got.json()["error"]["status"]),
        (400, &json!("INVALID_ARGUMENT"))
    );
    let got = bench.post("/google/v1/text:synthesize", &[], &order).await;
    assert_eq!(
        (got.status.as_u16(), &got.json()["error"]["status"]),
        (401, &json!("UNAUTHENTICATED"))
    );
    let mut long = order;
    long["input"] = json!({"text": "a".repeat(5001)});
    assert_eq!(bench.post("/google/v1/text:synthesize", GOOGLE, &long).await.status, 400);
    let voices = bench.get("/google/v1/voices?languageCode=de-DE", GOOGLE).await.json();
    assert_eq!(voices["voices"][0]["languageCodes"][0], "de-DE");
}
