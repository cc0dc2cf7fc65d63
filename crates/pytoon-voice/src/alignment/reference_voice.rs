//! Speaks a script with the local voices, to compare a recording with.
//!
//! Talks to the helper program directly: what is wanted here is the synthesiser's bare sound and
//! its events, not a take for a film.

use crate::VoiceError;
use crate::alignment::provider;
use crate::spoken::{SpokenText, spoken_text};
use pytoon_align::{Reference, ReferenceWord, SAMPLE_RATE, to_analysis_rate};
use pytoon_core::text::Word;
use pytoon_media::process::{CommandLine, Runner};
use serde::{Deserialize, Serialize};

const NAME: &str = "espeak";
/// Speech rate of the references, in words a minute: that of calm narration.
const WORDS_PER_MINUTE: f64 = 165.0;
/// Between sentences, and kept around each, in samples at the analysis rate.
const GAP: usize = 1_600;
const MARGIN: usize = 320;

/// A voice to speak with: its name, and a variant (may be empty).
pub(crate) type Voice = (String, &'static str);

#[derive(Serialize)]
struct Ask<'a> {
    id: usize,
    text: &'a str,
    voice: &'a str,
    variant: &'a str,
    wpm: f64,
}

#[derive(Deserialize)]
struct Reply {
    sample_rate: u32,
    samples: usize,
    events: Vec<WordEvent>,
    error: Option<String>,
}

#[derive(Deserialize)]
struct WordEvent {
    at: i32,
    sample: i32,
}

/// One reference for each voice, all with the same words.
///
/// # Errors
/// [`VoiceError::Unavailable`] when the helper cannot run, [`VoiceError::Refused`] when it does
/// not know a voice, [`VoiceError::BadAudio`] when its answer is cut off.
pub(crate) fn speak(
    runner: &Runner,
    sentences: &[Vec<Word>],
    language: &str,
    voices: &[Voice],
) -> Result<Vec<Reference>, VoiceError> {
    let spoken: Vec<SpokenText> = sentences.iter().map(|s| spoken_text(s, language)).collect();
    let mut input = Vec::new();
    for (voice, variant) in voices {
        for (id, text) in spoken.iter().enumerate() {
            let ask = Ask { id, text: &text.text, voice, variant, wpm: WORDS_PER_MINUTE };
            // Plain text and numbers always serialise.
            input.extend(serde_json::to_vec(&ask).unwrap_or_default());
            input.push(b'\n');
        }
    }
    let command = CommandLine::new("pytoon-espeak", "speak the script to compare with");
    let bytes = runner
        .run(&command, input)
        .map_err(|source| VoiceError::Unavailable { provider: NAME, source })?;
    let mut rest = bytes.as_slice();
    voices
        .iter()
        .map(|_| {
            let mut reference = Reference { samples: Vec::new(), words: Vec::new() };
            for (words, text) in sentences.iter().zip(&spoken) {
                let (reply, pcm) = next_reply(&mut rest)?;
                append(&mut reference, words, text, &reply, &pcm);
            }
            Ok(reference)
        })
        .collect()
}

fn append(
    reference: &mut Reference,
    words: &[Word],
    text: &SpokenText,
    reply: &Reply,
    pcm: &[f32],
) {
    let samples = to_analysis_rate(pcm, reply.sample_rate);
    let loudest = samples.iter().fold(0.0f32, |a, b| a.max(b.abs()));
    let audible = |s: &f32| s.abs() > 0.005 * loudest;
    let from = samples.iter().position(audible).unwrap_or(0).saturating_sub(MARGIN);
    let to = samples.iter().rposition(audible).map_or(0, |at| (at + MARGIN).min(samples.len()));
    let to_ms = |sample: i32| f64::from(sample) / f64::from(reply.sample_rate) * 1000.0;
    let events: Vec<(usize, f64)> = reply
        .events
        .iter()
        .map(|event| ((event.at - 1).max(0) as usize, to_ms(event.sample)))
        .collect();
    let per_ms = SAMPLE_RATE as usize / 1000;
    let timed = provider::word_times(words, text, &events, to as f64 / per_ms as f64);
    let at = reference.samples.len();
    let count = words.len();
    let place = |ms: i64| at + (ms.max(0) as usize * per_ms).clamp(from, to.max(from)) - from;
    for (index, (word, time)) in words.iter().zip(&timed).enumerate() {
        let is_spoken = spoken_form(text, index).chars().any(char::is_alphanumeric);
        let span = place(time.start)..place(time.end);
        let samples = if is_spoken { span } else { span.start..span.start };
        let pause_after = index + 1 == count || pauses(&word.text);
        reference.words.push(ReferenceWord { samples, pause_after });
    }
    reference.samples.extend_from_slice(&samples[from..to.max(from)]);
    reference.samples.resize(reference.samples.len() + GAP, 0.0);
}

fn spoken_form(text: &SpokenText, index: usize) -> String {
    let (from, to) = text.ranges[index];
    text.text.chars().skip(from).take(to - from).collect()
}

/// Whether a reader pauses after a word.
fn pauses(word: &str) -> bool {
    let bare = word.trim_end_matches(|c: char| "\"'”’)]»」』".contains(c));
    bare.chars().next_back().is_some_and(|c| ",.;:!?…—–-،؛؟۔।、。，！？；：".contains(c))
}

fn next_reply(rest: &mut &[u8]) -> Result<(Reply, Vec<f32>), VoiceError> {
    let bad = |reason: String| VoiceError::BadAudio { provider: NAME, reason };
    let end =
        rest.iter().position(|&b| b == b'\n').ok_or_else(|| bad("an answer is missing".into()))?;
    let reply: Reply = serde_json::from_slice(&rest[..end])
        .map_err(|e| bad(format!("an answer is not understood: {e}")))?;
    let body = &rest[end + 1..];
    let length = reply.samples * 2;
    if body.len() < length {
        return Err(bad("the sound is cut off".into()));
    }
    if let Some(reason) = &reply.error {
        let reason = format!("{reason}; `pytoon voices` lists the voices");
        return Err(VoiceError::Refused { provider: NAME, reason });
    }
    let pcm = body[..length]
        .chunks_exact(2)
        .map(|b| f32::from(i16::from_le_bytes([b[0], b[1]])) / 32_768.0)
        .collect();
    *rest = &body[length..];
    Ok((reply, pcm))
}
