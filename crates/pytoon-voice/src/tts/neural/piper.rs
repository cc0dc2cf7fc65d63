//! Speaks sentences in a Piper voice: words, then eSpeak NG's phonemes, then audio.

use super::timing::{Timed, pause_at_commas};
use super::{VoiceRequest, phonemes, split_speaker};
use crate::tts::SpokenSentence;
use crate::{Result, VoiceError};
use pytoon_audio::stretch;
use pytoon_neural::NeuralError;
use pytoon_neural::piper::{Delivery, Piper};
use pytoon_normalize::{SpokenWord, normalize};
use std::ops::Range;
use unicode_normalization::UnicodeNormalization;

/// Speaks all sentences of a request.
pub(super) fn speak(voice: &Piper, asked: &VoiceRequest<'_>) -> Result<Vec<SpokenSentence>> {
    let VoiceRequest { provider, runner, request, speed } = *asked;
    let (_, speaker) = split_speaker(request.voice.as_deref().unwrap_or_default());
    let pitch = request.pitch_ratio();
    let Some(speaker_id) = voice.config().speaker(speaker) else {
        let (asked, known) = (speaker.unwrap_or_default(), voice.config().speakers());
        let reason = match known {
            1 => format!("the voice has no speaker `{asked}`; it has one: omit the speaker"),
            _ => format!(
                "the voice has no speaker `{asked}`; use a name of its configuration or a number \
                 from 0 to {}",
                known - 1
            ),
        };
        return Err(VoiceError::Refused { provider: provider.into(), reason });
    };
    let spoken: Vec<Vec<SpokenWord>> = request
        .sentences
        .iter()
        .map(|words| normalize(words, &request.language, &request.pronunciations))
        .collect();
    let read = phonemes::of(runner, voice.config().espeak_voice(), &spoken)?;
    let mut sentences = Vec::with_capacity(read.len());
    for (index, (phonemes, words)) in read.iter().zip(&request.sentences).enumerate() {
        let (text, words_at) = decompose(&phonemes.text, &phonemes.words);
        let delivery = Delivery { speed, speaker: speaker_id, seed: index as u64 };
        let mut timed = match voice.speak(&text, delivery) {
            Ok(take) => Timed::new(&take, &words_at)?,
            Err(NeuralError::NothingToSay(_)) => {
                Timed { samples: Vec::new(), words: vec![None; words.len()] }
            }
            Err(error) => return Err(asked.model_error(&error)),
        };
        asked.refuse_silence(&spoken[index], &timed.samples)?;
        pause_at_commas(&mut timed, &spoken[index], request.comma_pause_ms);
        if (pitch - 1.0).abs() > 1e-6 {
            timed.samples = stretch::shift_pitch(&timed.samples, pitch)?;
        }
        sentences.push(timed.sentence(words));
    }
    Ok(sentences)
}

/// Returns the text in Unicode's decomposed form, with the words' positions in it.
fn decompose(text: &str, words: &[Option<Range<usize>>]) -> (String, Vec<Option<Range<usize>>>) {
    let mut out = String::new();
    let (mut places, mut length) = (vec![0], 0);
    for c in text.chars() {
        for part in std::iter::once(c).nfd() {
            out.push(part);
            length += 1;
        }
        places.push(length);
    }
    let moved = |range: &Range<usize>| Some(*places.get(range.start)?..*places.get(range.end)?);
    let words = words.iter().map(|range| range.as_ref().and_then(moved)).collect();
    (out, words)
}
