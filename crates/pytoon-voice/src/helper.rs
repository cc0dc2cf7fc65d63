//! Talks to the helper program `pytoon-espeak`. The helper's own documentation describes the pipe protocol.
//!
//! Start with [`spoken_texts`], which turns written words into text for the synthesiser, and [`speak`].

use crate::spoken::{SpokenText, spoken_text};
use crate::{Result, VoiceError};
use pytoon_core::text::{self, Word};
use pytoon_normalize::Pronunciations;
use pytoon_process::{CommandLine, Runner};
use serde::{Deserialize, Serialize};

/// The name of the eSpeak NG provider.
pub(crate) const NAME: &str = "espeak";
/// The name of the helper program.
pub(crate) const PROGRAM: &str = "pytoon-espeak";

/// A text to speak.
#[derive(Debug, Serialize)]
pub(crate) struct Ask<'a> {
    /// The text to speak.
    pub(crate) text: &'a str,
    /// The name of the voice.
    pub(crate) voice: &'a str,
    /// The variant of the voice; may be empty.
    pub(crate) variant: &'a str,
    /// The speaking rate, in words per minute.
    pub(crate) wpm: f64,
    /// The pitch, from 0 to 100; defaults to the voice's own pitch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) pitch: Option<u8>,
}

/// A text that the helper spoke.
#[derive(Debug)]
pub(crate) struct HelperSpeech {
    pub(crate) sample_rate: u32,
    pub(crate) samples: Vec<f32>,
    /// The character position (from 0) and the time (in milliseconds) of each word event.
    pub(crate) events: Vec<(usize, f64)>,
}

#[derive(Serialize)]
struct Line<'a> {
    id: usize,
    #[serde(flatten)]
    ask: &'a Ask<'a>,
}

#[derive(Deserialize)]
struct Reply {
    sample_rate: u32,
    samples: usize,
    events: Vec<Event>,
    error: Option<String>,
}

/// The start of a word: the position of its first character, from 1, and the index of its first sample.
#[derive(Deserialize)]
struct Event {
    at: i32,
    sample: i32,
}

pub(crate) fn bad(reason: impl Into<String>) -> VoiceError {
    VoiceError::BadAudio { provider: NAME.into(), reason: reason.into() }
}

fn run(runner: &Runner, command: &CommandLine, input: Vec<u8>) -> Result<Vec<u8>> {
    let ran = runner.run(command, input);
    ran.map_err(|source| VoiceError::Unavailable { provider: NAME.into(), source })
}

/// Runs the helper and returns its output. `argument` selects the operation, and `lines` contains the input as lines
/// of JSON.
pub(crate) fn ask(
    runner: &Runner,
    purpose: &'static str,
    argument: &str,
    lines: Vec<u8>,
) -> Result<String> {
    let bytes = run(runner, &CommandLine::new(PROGRAM, purpose).arg(argument), lines)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Serializes items as lines of JSON, the helper's input format.
pub(crate) fn lines<T: Serialize>(items: impl IntoIterator<Item = T>) -> Vec<u8> {
    // Plain text and numbers always serialise.
    let line = |item: T| [serde_json::to_vec(&item).unwrap_or_default(), b"\n".to_vec()].concat();
    items.into_iter().flat_map(line).collect()
}

/// Speaks texts, in order.
///
/// # Errors
/// Returns [`VoiceError::Unavailable`] if the helper cannot run, [`VoiceError::Refused`] if it does not know a voice,
/// [`VoiceError::BadAudio`] if its output is truncated.
pub(crate) fn speak(
    runner: &Runner,
    purpose: &'static str,
    asks: &[Ask<'_>],
) -> Result<Vec<HelperSpeech>> {
    let input = lines(asks.iter().enumerate().map(|(id, ask)| Line { id, ask }));
    let bytes = run(runner, &CommandLine::new(PROGRAM, purpose), input)?;
    let mut rest = bytes.as_slice();
    asks.iter().map(|_| next_reply(&mut rest)).collect()
}

/// Parses the next reply in the helper's output and removes it from `rest`.
pub(crate) fn next_reply(rest: &mut &[u8]) -> Result<HelperSpeech> {
    let end = rest
        .iter()
        .position(|&b| b == b'\n')
        .ok_or_else(|| bad("the audio of a sentence is missing"))?;
    let reply: Reply = serde_json::from_slice(&rest[..end])
        .map_err(|e| bad(format!("a response of `{PROGRAM}` is invalid: {e}")))?;
    let body = &rest[end + 1..];
    let length = reply.samples.checked_mul(2).filter(|length| *length <= body.len());
    let length = length.ok_or_else(|| bad("the audio of a sentence is cut off"))?;
    if let Some(reason) = reply.error {
        return Err(VoiceError::Refused { provider: NAME.into(), reason });
    }
    let (pairs, _) = body[..length].as_chunks();
    let samples = pairs.iter().map(|b| f32::from(i16::from_le_bytes(*b)) / 32_768.0).collect();
    *rest = &body[length..];
    let to_ms = |sample: i32| f64::from(sample) / f64::from(reply.sample_rate) * 1000.0;
    let event = |e: &Event| (e.at.saturating_sub(1).max(0) as usize, to_ms(e.sample));
    let events = reply.events.iter().map(event).collect();
    Ok(HelperSpeech { sample_rate: reply.sample_rate, samples, events })
}

/// Returns the text that the synthesiser reads for each sentence. Japanese with kanji is converted to kana, since the
/// synthesiser does not support kanji.
pub(crate) fn spoken_texts(
    runner: &Runner,
    sentences: &[Vec<Word>],
    language: &str,
    pronunciations: &Pronunciations,
) -> Result<Vec<SpokenText>> {
    let japanese = language.split(['-', '_']).next() == Some("ja");
    if japanese && sentences.iter().flatten().any(|word| word.text.chars().any(is_kanji)) {
        return in_kana(runner, sentences);
    }
    Ok(sentences.iter().map(|words| spoken_text(words, language, pronunciations)).collect())
}

fn is_kanji(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{9fff}' | '々')
}

/// Converts each sentence to kana as a whole, since a pronunciation depends on its neighbours. The lengths of the
/// converted prefixes give the position of each word.
fn in_kana(runner: &Runner, sentences: &[Vec<Word>]) -> Result<Vec<SpokenText>> {
    let beginnings = sentences
        .iter()
        .flat_map(|words| (1..=words.len()).map(move |count| text::join(&words[..count])));
    let answer = ask(runner, "convert the script to kana", "--kana", lines(beginnings))?;
    let mut lines = answer.lines();
    let mut next = || -> Result<String> {
        let line = lines.next().ok_or_else(|| bad("the kana of a sentence are missing"))?;
        serde_json::from_str(line)
            .map_err(|e| bad(format!("the kana of a sentence are invalid: {e}")))
    };
    let mut out = Vec::with_capacity(sentences.len());
    for words in sentences {
        let beginnings: Vec<String> = words.iter().map(|_| next()).collect::<Result<_, _>>()?;
        let text = beginnings.last().cloned().unwrap_or_default();
        let length = text.chars().count();
        let mut from = 0;
        let ranges = beginnings
            .iter()
            .map(|beginning| {
                let to = beginning.chars().count().clamp(from, length);
                let range = (from, to);
                from = to;
                range
            })
            .collect();
        out.push(SpokenText { text, ranges });
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(head: &str) -> Result<HelperSpeech, VoiceError> {
        next_reply(&mut format!("{head}\n\0\0\0\0").as_bytes())
    }

    #[test]
    fn numbers_of_a_broken_helper_are_no_sums() {
        let head = |samples: &str, at: &str| {
            format!(
                "{{\"sample_rate\":8000,\"samples\":{samples},\"events\":[{{\"at\":{at},\"sample\":0}}]}}"
            )
        };
        assert_eq!(read(&head("2", "1")).expect("read").samples.len(), 2);
        assert_eq!(read(&head("2", "-2147483648")).expect("read").events, [(0, 0.0)]);
        for samples in ["3", "9223372036854775808", "18446744073709551615"] {
            let error = read(&head(samples, "1")).expect_err(samples).to_string();
            assert!(error.contains("cut off"), "{error}");
        }
    }
}
