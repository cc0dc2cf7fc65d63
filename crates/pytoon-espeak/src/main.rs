//! Speaks text with libespeak-ng and returns PCM with the synthesiser's own word events.
//!
//! This is a separate program because libespeak-ng is GPL-3.0-or-later: the rest of pytoon runs it as a process and
//! shares only the formats below with it.
//!
//! Standard input: one JSON object per line, `{"id", "text", "voice", "variant", "wpm", "pitch"}`. Standard output,
//! per line of input: one JSON line `{"id", "sample_rate", "samples", "events": [{"at", "length", "sample"}],
//! "error"}`, then `samples` signed 16-bit little-endian mono samples. `at` counts characters from 1, as espeak does;
//! `sample` counts from the start.
//!
//! `--phonemes` replies to each line of input, `{"text", "voice"}`, with a JSON line `{"phonemes", "error"}`: the
//! text in the International Phonetic Alphabet, words separated by spaces.
//!
//! `--voices` lists voices as JSON lines, and `--version` prints the versions. `--kana` reads Japanese texts, one
//! JSON string per line, and replies with their kana in the same form.

mod ffi;
mod kana;
mod synth;

use serde::{Deserialize, Serialize};
use std::io::{BufRead, Write};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    id: u64,
    text: String,
    voice: String,
    #[serde(default)]
    variant: String,
    wpm: f64,
    #[serde(default)]
    pitch: Option<i32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PhonemeRequest {
    text: String,
    voice: String,
}

#[derive(Serialize)]
struct PhonemeReply {
    phonemes: String,
    error: Option<String>,
}

#[derive(Serialize)]
struct Reply {
    id: u64,
    sample_rate: u32,
    samples: usize,
    events: Vec<synth::WordEvent>,
    error: Option<String>,
}

fn main() -> std::process::ExitCode {
    match run() {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(message) => {
            // The parent reads this; a broken pipe here cannot be reported.
            let _ = writeln!(std::io::stderr(), "pytoon-espeak: {message}");
            std::process::ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), String> {
    let argument = std::env::args().nth(1);
    let synth = synth::Synth::start()?;
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let failed = |e: std::io::Error| format!("failed to write the result: {e}");
    match argument.as_deref() {
        Some("--version") => {
            let line = format!(
                "pytoon-espeak {} (eSpeak NG {})",
                env!("CARGO_PKG_VERSION"),
                synth.version()
            );
            writeln!(out, "{line}").map_err(failed)?;
        }
        Some("--voices") => {
            for voice in synth.voices() {
                let line = serde_json::to_string(&voice).map_err(|e| e.to_string())?;
                writeln!(out, "{line}").map_err(failed)?;
            }
        }
        Some("--phonemes") => {
            for line in std::io::stdin().lock().lines() {
                let line = line.map_err(|e| format!("failed to read the request: {e}"))?;
                let asked: PhonemeRequest =
                    serde_json::from_str(&line).map_err(|e| format!("invalid request: {e}"))?;
                let reply = match synth.phonemes(&asked.text, &asked.voice) {
                    Ok(phonemes) => PhonemeReply { phonemes, error: None },
                    Err(error) => PhonemeReply { phonemes: String::new(), error: Some(error) },
                };
                let line = serde_json::to_string(&reply).map_err(|e| e.to_string())?;
                writeln!(out, "{line}").map_err(failed)?;
            }
        }
        Some("--kana") => {
            for line in std::io::stdin().lock().lines() {
                let line = line.map_err(|e| format!("failed to read the request: {e}"))?;
                let text: String =
                    serde_json::from_str(&line).map_err(|e| format!("invalid request: {e}"))?;
                let line =
                    serde_json::to_string(&kana::to_kana(&text)).map_err(|e| e.to_string())?;
                writeln!(out, "{line}").map_err(failed)?;
            }
        }
        Some(other) => {
            return Err(format!(
                "unknown argument {other}: use --version, --voices, --phonemes, --kana or none"
            ));
        }
        None => {
            for line in std::io::stdin().lock().lines() {
                let line = line.map_err(|e| format!("failed to read the request: {e}"))?;
                if !line.trim().is_empty() {
                    answer(&synth, &line, &mut out)?;
                }
            }
        }
    }
    out.flush().map_err(failed)
}

fn answer(synth: &synth::Synth, line: &str, out: &mut impl Write) -> Result<(), String> {
    let request: Request =
        serde_json::from_str(line).map_err(|e| format!("invalid request: {e}"))?;
    let spoken =
        synth.speak(&request.text, &request.voice, &request.variant, request.wpm, request.pitch);
    let (take, error) = match spoken {
        Ok(take) => (take, None),
        Err(message) => (synth::Take::default(), Some(message)),
    };
    let reply = Reply {
        id: request.id,
        sample_rate: synth.sample_rate(),
        samples: take.samples.len(),
        events: take.events,
        error,
    };
    let header = serde_json::to_string(&reply).map_err(|e| e.to_string())?;
    let bytes: Vec<u8> = take.samples.iter().flat_map(|s| s.to_le_bytes()).collect();
    writeln!(out, "{header}")
        .and_then(|()| out.write_all(&bytes))
        .and_then(|()| out.flush())
        .map_err(|e| format!("failed to write the result: {e}"))
}
