//! Speaks a script with local voices, to provide references for a recording.
//!
//! References are raw synthesiser audio with word times. They are not takes for a film.

use crate::Result;
use crate::alignment::provider;
use crate::helper::{self, Ask, HelperSpeech};
use crate::spoken::SpokenText;
use crate::tts::neural::Neural;
use crate::tts::{SpokenSentence, TtsProvider, TtsRequest};
use pytoon_align::{Reference, ReferenceWord, SAMPLE_RATE, to_analysis_rate};
use pytoon_core::text::Word;
use pytoon_normalize::Pronunciations;
use pytoon_process::Runner;

/// The speaking rate of the references, in words per minute. It is that of calm narration.
const WORDS_PER_MINUTE: f64 = 165.0;
/// The pause between sentences, in samples at the analysis rate. [`MARGIN`] is the margin retained around each
/// sentence.
const GAP: usize = 1_600;
const MARGIN: usize = 320;
/// The lead of a `heart` voice's word boundaries over those of recorded words, in milliseconds. The boundaries are
/// whole frames of 25 ms. Without the correction, this voice alone finds words 20 ms early (docs/alignment.md).
const NATURAL_EARLY_MS: i64 = 15;

/// A voice and its variant. The variant may be empty.
pub(crate) type Voice = (String, &'static str);

/// Returns one reference for each voice. All references speak the same words.
///
/// # Errors
/// Returns a [`crate::VoiceError`]: `Unavailable` if the helper cannot run, `Refused` if it does not know a voice,
/// `BadAudio` if its output is truncated.
pub(crate) fn speak(
    runner: &Runner,
    sentences: &[Vec<Word>],
    language: &str,
    voices: &[Voice],
) -> Result<Vec<Reference>> {
    let spoken = helper::spoken_texts(runner, sentences, language, &Pronunciations::default())?;
    let asks: Vec<Ask<'_>> = voices
        .iter()
        .flat_map(|(voice, variant)| {
            spoken.iter().map(|text| Ask {
                text: &text.text,
                voice,
                variant,
                wpm: WORDS_PER_MINUTE,
                pitch: None,
            })
        })
        .collect();
    let said = helper::speak(runner, "speak the script for the alignment", &asks)?;
    let by_voice = said.chunks(spoken.len().max(1)).map(|said| {
        let mut reference = Reference { samples: Vec::new(), words: Vec::new() };
        for ((words, text), said) in sentences.iter().zip(&spoken).zip(said) {
            append(&mut reference, words, text, said);
        }
        reference
    });
    Ok(by_voice.collect())
}

/// Returns a reference in an installed voice of the `heart` family, or `None` if no such voice speaks the
/// language or speaking fails. `pytoon doctor` names damaged files.
pub(crate) fn speak_naturally(
    neural: &Neural,
    sentences: &[Vec<Word>],
    language: &str,
) -> Option<Reference> {
    let request = TtsRequest {
        sentences: sentences.to_vec(),
        language: language.to_owned(),
        voice: Some(neural.quick_voice(language)?),
        words_per_minute: WORDS_PER_MINUTE,
        ..TtsRequest::default()
    };
    let takes = neural.speak(&request).ok()?;
    let mut reference = Reference { samples: Vec::new(), words: Vec::new() };
    for (words, take) in sentences.iter().zip(&takes) {
        append_natural(&mut reference, words, take);
    }
    Some(reference)
}

fn append_natural(reference: &mut Reference, words: &[Word], take: &SpokenSentence) {
    let samples = to_analysis_rate(&take.samples, pytoon_audio::SAMPLE_RATE);
    let at = reference.samples.len();
    let place = |ms: i64| {
        let late = (ms.max(0) + NATURAL_EARLY_MS) as usize * (SAMPLE_RATE as usize / 1000);
        at + late.min(samples.len())
    };
    for (index, (word, timed)) in words.iter().zip(&take.words).enumerate() {
        let pause_after = index + 1 == words.len() || pauses(&word.text);
        let samples = place(timed.start.get())..place(timed.end.get());
        reference.words.push(ReferenceWord { samples, pause_after });
    }
    reference.samples.extend_from_slice(&samples);
    reference.samples.resize(reference.samples.len() + GAP, 0.0);
}

fn append(reference: &mut Reference, words: &[Word], text: &SpokenText, said: &HelperSpeech) {
    let samples = to_analysis_rate(&said.samples, said.sample_rate);
    let loudest = samples.iter().fold(0.0f32, |a, b| a.max(b.abs()));
    let audible = |s: &f32| s.abs() > 0.005 * loudest;
    let from = samples.iter().position(audible).unwrap_or(0).saturating_sub(MARGIN);
    let to = samples.iter().rposition(audible).map_or(0, |at| (at + MARGIN).min(samples.len()));
    let per_ms = SAMPLE_RATE as usize / 1000;
    let timed = provider::word_times(words, text, &said.events, to as f64 / per_ms as f64);
    let at = reference.samples.len();
    let count = words.len();
    let place = |ms: i64| at + (ms.max(0) as usize * per_ms).clamp(from, to.max(from)) - from;
    for (index, (word, time)) in words.iter().zip(&timed).enumerate() {
        let is_spoken = spoken_form(text, index).chars().any(char::is_alphanumeric);
        let span = place(time.start.get())..place(time.end.get());
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

/// Returns true if a word ends in punctuation at which speakers pause.
fn pauses(word: &str) -> bool {
    let bare = word.trim_end_matches(|c: char| "\"'”’)]»」』".contains(c));
    bare.chars().next_back().is_some_and(|c| ",.;:!?…—–-،؛؟۔।、。，！？；：".contains(c))
}
