//! The local voice: the helper program `pytoon-espeak`, run once for all sentences.
//!
//! Word times come from the synthesiser itself and are exact to the sample.

use super::{SpokenSentence, TtsProvider, TtsRequest};
use crate::VoiceError;
use crate::alignment::provider;
use crate::spoken::{SpokenText, spoken_text};
use pytoon_audio::{resample, speech};
use pytoon_config::tts::{EspeakSettings, by_language};
use pytoon_core::text::Word;
use pytoon_media::process::{CommandLine, Runner};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

const NAME: &str = "espeak";

/// The provider.
#[derive(Debug, Clone)]
pub struct Espeak {
    /// Runs the helper.
    pub runner: Runner,
    /// Voices by language.
    pub voices: BTreeMap<String, String>,
    /// Pitch from 0 to 100.
    pub pitch: u8,
    /// Speed against the words a minute that are asked for.
    pub speed: f64,
}

/// A voice of the list.
#[derive(Debug, Clone, Deserialize, PartialEq, Eq)]
pub struct EspeakVoice {
    /// The voice's name.
    pub name: String,
    /// Its language, which is also the name to ask for.
    pub language: String,
    /// Its file.
    pub identifier: String,
}

#[derive(Serialize)]
struct Ask<'a> {
    id: usize,
    text: &'a str,
    voice: &'a str,
    variant: &'a str,
    wpm: f64,
    pitch: u8,
}

#[derive(Deserialize)]
struct Reply {
    sample_rate: u32,
    samples: usize,
    events: Vec<Event>,
    error: Option<String>,
}

/// A word event: the character it begins at (from 1), and the sample.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(crate) struct Event {
    pub(crate) at: i32,
    pub(crate) sample: i32,
}

impl Espeak {
    /// The provider of a configuration.
    pub fn new(runner: &Runner, settings: &EspeakSettings) -> Self {
        Self {
            runner: runner.clone(),
            voices: settings.voices.clone(),
            pitch: settings.pitch,
            speed: settings.speed,
        }
    }

    /// The voices that the helper knows.
    pub fn list_voices(&self) -> Result<Vec<EspeakVoice>, VoiceError> {
        let command = CommandLine::new("pytoon-espeak", "list the local voices").arg("--voices");
        let bytes = self.runner.run(&command, Vec::new()).map_err(unavailable)?;
        let mut voices: Vec<EspeakVoice> = String::from_utf8_lossy(&bytes)
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect();
        voices.sort_by(|a, b| a.language.cmp(&b.language));
        Ok(voices)
    }

    /// The voice for a request: asked for by name, configured for the language, or of its name.
    fn voice_for(&self, request: &TtsRequest) -> String {
        let primary = request.language.split(['-', '_']).next().unwrap_or("en");
        let configured = by_language(&self.voices, &request.language);
        request
            .voice
            .clone()
            .or_else(|| configured.map(str::to_owned))
            .unwrap_or_else(|| primary.to_owned())
    }
}

fn unavailable(source: pytoon_media::MediaError) -> VoiceError {
    VoiceError::Unavailable { provider: NAME, source }
}

impl TtsProvider for Espeak {
    fn name(&self) -> &'static str {
        NAME
    }

    fn speak(&self, request: &TtsRequest) -> Result<Vec<SpokenSentence>, VoiceError> {
        refuse_unreadable(request)?;
        let voice = self.voice_for(request);
        let (voice, variant) = match voice.split_once('+') {
            Some((voice, variant)) => (voice, variant),
            None => (voice.as_str(), request.variant.as_str()),
        };
        let spoken: Vec<SpokenText> =
            request.sentences.iter().map(|words| spoken_text(words, &request.language)).collect();
        let mut input = Vec::new();
        for (id, text) in spoken.iter().enumerate() {
            let ask = Ask {
                id,
                text: &text.text,
                voice,
                variant,
                wpm: request.words_per_minute * self.speed,
                pitch: self.pitch,
            };
            // Plain text and numbers always serialise.
            input.extend(serde_json::to_vec(&ask).unwrap_or_default());
            input.push(b'\n');
        }
        let bytes = self
            .runner
            .run(&CommandLine::new("pytoon-espeak", "speak the script"), input)
            .map_err(unavailable)?;
        let mut rest = bytes.as_slice();
        spoken
            .iter()
            .zip(&request.sentences)
            .map(|(text, words)| {
                let (reply, pcm) = next_reply(&mut rest)?;
                sentence(words, text, &reply, &pcm)
            })
            .collect()
    }

    fn health_check(&self) -> Result<String, VoiceError> {
        let command = CommandLine::new("pytoon-espeak", "check the local voice").arg("--version");
        let said = self.runner.run(&command, Vec::new()).map_err(unavailable)?;
        let said = String::from_utf8_lossy(&said);
        Ok(said.lines().next().unwrap_or_default().trim().to_owned())
    }
}

/// The local voice spells out Han characters in Japanese text instead of reading them.
fn refuse_unreadable(request: &TtsRequest) -> Result<(), VoiceError> {
    let japanese = request.language.starts_with("ja");
    let kanji = |word: &Word| word.text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
    if japanese && request.sentences.iter().flatten().any(kanji) {
        return Err(VoiceError::CannotSpeak {
            provider: NAME,
            reason: "it reads kana but not kanji; write the script in kana, or record a voice_file"
                .into(),
        });
    }
    Ok(())
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
    let pcm = body[..length]
        .chunks_exact(2)
        .map(|b| f32::from(i16::from_le_bytes([b[0], b[1]])) / 32_768.0)
        .collect();
    *rest = &body[length..];
    match &reply.error {
        Some(reason) => Err(VoiceError::Refused {
            provider: NAME,
            reason: format!("{reason}; `pytoon voices` lists the voices"),
        }),
        None => Ok((reply, pcm)),
    }
}

fn sentence(
    words: &[Word],
    text: &SpokenText,
    reply: &Reply,
    pcm: &[f32],
) -> Result<SpokenSentence, VoiceError> {
    let samples = resample::to_48k(pcm, reply.sample_rate)?;
    let used = speech::trim_silence(&samples);
    let speaks = words.iter().any(|word| word.text.chars().any(char::is_alphanumeric));
    if speaks && (used.is_empty() || speech::is_silent(&samples)) {
        return Err(VoiceError::BadAudio {
            provider: NAME,
            reason: format!("`{}` came back silent", text.text),
        });
    }
    let to_ms = |sample: i32| {
        let at = f64::from(sample) / f64::from(reply.sample_rate) * 1000.0;
        at - used.start as f64 / 48.0
    };
    let events: Vec<(usize, f64)> = reply
        .events
        .iter()
        .map(|event| ((event.at - 1).max(0) as usize, to_ms(event.sample)))
        .collect();
    let length_ms = used.len() as f64 / 48.0;
    let words = provider::word_times(words, text, &events, length_ms);
    Ok(SpokenSentence { samples: samples[used].to_vec(), words, needs_alignment: false })
}
