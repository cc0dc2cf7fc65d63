//! Speaks English sentences in a voice of the `heart` family: words, then phonemes, then audio.

use super::VoiceRequest;
use super::loaded::HeartVoice;
use super::timing::{Timed, pause_at_commas};
use crate::Result;
use crate::tts::SpokenSentence;
use pytoon_core::text::Word;
use pytoon_english::{Fixed, PhonemeWord, misaki_from_ipa};
use pytoon_neural::NeuralError;
use pytoon_neural::heart::{Delivery, MAX_PHONEMES};
use pytoon_normalize::{join_spoken, normalize};
use std::ops::Range;

/// Speaks all sentences of a request.
pub(super) fn speak(voice: &HeartVoice, asked: &VoiceRequest<'_>) -> Result<Vec<SpokenSentence>> {
    let sentences = asked.request.sentences.iter().zip(0..);
    sentences.map(|(words, seed)| sentence(voice, asked, words, seed)).collect()
}

fn sentence(
    voice: &HeartVoice,
    asked: &VoiceRequest<'_>,
    words: &[Word],
    seed: u64,
) -> Result<SpokenSentence> {
    let VoiceRequest { request, speed, .. } = *asked;
    let spoken = normalize(words, &request.language, &request.pronunciations);
    let text = join_spoken(&spoken);
    let fixed: Vec<Fixed> = spoken
        .iter()
        .zip(&text.ranges)
        .filter_map(|(word, range)| {
            let pronunciation = word.pronunciation.as_ref()?;
            let phonemes = misaki_from_ipa(pronunciation.ipa(), voice.accent);
            // Punctuation after the word shapes the sentence and stays text.
            let marks = word.text.chars().rev().take_while(|c| ".,;:!?…".contains(*c)).count();
            Some(Fixed { chars: range.0..range.1.saturating_sub(marks), phonemes })
        })
        .collect();
    let phonemes = voice.english.phonemes(&text.text, &fixed);
    let mut timed = Timed::default();
    timed.words.resize(words.len(), None);
    for piece in pieces(&phonemes) {
        let line = Line::new(piece, &text.ranges);
        let delivery = Delivery { speed, pitch: request.pitch_ratio(), seed };
        let take = match voice.model.speak(&line.phonemes, delivery) {
            Ok(take) => take,
            // The piece has signs alone.
            Err(NeuralError::NothingToSay(_)) => continue,
            Err(error) => return Err(asked.model_error(&error)),
        };
        let mut own = Timed::new(&take, &line.words)?;
        let at = timed.samples.len();
        timed.samples.append(&mut own.samples);
        for (place, range) in timed.words.iter_mut().zip(own.words) {
            let Some(range) = range else { continue };
            place.get_or_insert(range.start + at..0).end = range.end + at;
        }
    }
    pause_at_commas(&mut timed, &spoken, request.comma_pause_ms);
    asked.refuse_silence(&spoken, &timed.samples)?;
    Ok(timed.sentence(words))
}

/// The marks after which a sentence is preferably split.
const CLAUSE_ENDS: [char; 7] = [',', ';', ':', '—', '.', '!', '?'];

/// Splits words into pieces that fit the model, preferably after punctuation in the last two thirds. A word that is
/// too long on its own becomes one piece.
fn pieces(words: &[PhonemeWord]) -> Vec<&[PhonemeWord]> {
    let size = |words: &[PhonemeWord]| {
        words.iter().map(|word| word.phonemes.chars().count() + 1).sum::<usize>()
    };
    let mut rest = words;
    let mut pieces = Vec::new();
    while !rest.is_empty() {
        let mut fits = rest.len();
        if size(rest) > MAX_PHONEMES {
            let whole = (1..=rest.len()).take_while(|&n| size(&rest[..n]) <= MAX_PHONEMES);
            fits = whole.last().unwrap_or(1);
            let ends = |n: &usize| rest[*n].phonemes.ends_with(CLAUSE_ENDS);
            fits = (fits / 3..fits).rev().find(ends).map_or(fits, |n| n + 1);
        }
        let (piece, more) = rest.split_at(fits);
        pieces.push(piece);
        rest = more;
    }
    pieces
}

/// Phonemes in the form that the model takes as input.
struct Line {
    phonemes: String,
    /// The range of characters in `phonemes` for each written word.
    words: Vec<Option<Range<usize>>>,
}

impl Line {
    /// Builds the model's input for a piece of a sentence. `ranges` contains the range of each written word in the
    /// text.
    fn new(piece: &[PhonemeWord], ranges: &[(usize, usize)]) -> Self {
        let mut phonemes = String::new();
        let mut length = 0;
        let mut words: Vec<Option<Range<usize>>> = vec![None; ranges.len()];
        for word in piece {
            // A single word longer than the model's limit is truncated rather than lost.
            let own: String = word.phonemes.chars().take(MAX_PHONEMES - 1).collect();
            let count = own.chars().count();
            let is_sound = own.chars().any(char::is_alphabetic);
            let place = ranges.partition_point(|range| range.1 <= word.chars.start);
            if is_sound && let Some(range) = words.get_mut(place) {
                range.get_or_insert(length..0).end = length + count;
            }
            phonemes.push_str(&own);
            length += count;
            if word.space_after {
                phonemes.push(' ');
                length += 1;
            }
        }
        phonemes.truncate(phonemes.trim_end().len());
        Self { phonemes, words }
    }
}
