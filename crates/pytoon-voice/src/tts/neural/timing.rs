//! Converts phoneme times to the times of written words, and sets the pauses after commas.
//!
//! The module is pure. A written word begins with the first sound of its phonemes and ends with the last. A word
//! without phonemes (such as an emoji) shares its neighbours' time.

use crate::Result;
use crate::alignment;
use crate::tts::SpokenSentence;
use pytoon_audio::{resample, speech};
use pytoon_core::text::Word;
use pytoon_neural::Take;
use pytoon_normalize::SpokenWord;
use pytoon_vocabulary::{CaptionWord, Ms};
use std::ops::Range;

/// The number of samples per millisecond at 48 kHz.
const PER_MS: f64 = 48.0;
/// The distance to which the search for a pause extends into the neighbouring words, in samples (120 ms).
const REACH: usize = 5_760;
/// The minimum silence that counts as a pause and not as a stop consonant, in samples (30 ms).
const SHORTEST_SILENCE: usize = 1_440;

/// Audio at 48 kHz with the sample range of each written word; `None` for words without audio.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Timed {
    pub(crate) samples: Vec<f32>,
    pub(crate) words: Vec<Option<Range<usize>>>,
}

impl Timed {
    /// Converts a take to 48 kHz, and its phoneme times to the sample range of each word. `characters` contains the
    /// range of each word's phonemes.
    pub(crate) fn new(take: &Take, characters: &[Option<Range<usize>>]) -> Result<Self> {
        let samples = resample::to_48k(&take.samples, take.rate)?;
        let ratio = 48_000.0 / f64::from(take.rate);
        let place = |sample: usize| ((sample as f64 * ratio) as usize).min(samples.len());
        let words = characters
            .iter()
            .map(|range| {
                let spans = take.spans.get(range.clone()?)?;
                let mut sounding = spans.iter().filter(|span| !span.is_empty());
                let first = sounding.next()?;
                let last = sounding.next_back().unwrap_or(first);
                Some(place(first.start)..place(last.end))
            })
            .collect();
        Ok(Self { samples, words })
    }

    /// Sets the length of the silence after a word, in milliseconds, by cutting out or extending its middle. Does
    /// nothing if the voice does not pause.
    pub(crate) fn set_pause(&mut self, word: usize, pause_ms: u32) {
        let Some(before) = self.words.get(word).cloned().flatten() else { return };
        let next = self.words.iter().skip(word + 1).flatten().next().cloned();
        let Some(next) = next.filter(|next| next.start > before.start) else { return };
        // The voice falls silent somewhere between the last sound before and the first sound after.
        let from = before.end.saturating_sub(REACH).max(before.start);
        let to = (next.start + REACH).min(next.end).min(self.samples.len());
        let silent = self.silence(from..to);
        if silent.len() < SHORTEST_SILENCE {
            return;
        }
        let wanted = (f64::from(pause_ms) * PER_MS) as usize;
        let middle = silent.start + silent.len() / 2;
        let surplus = silent.len().saturating_sub(wanted);
        let missing = wanted.saturating_sub(silent.len());
        let cut = middle - surplus / 2..middle - surplus / 2 + surplus;
        self.samples.splice(cut.clone(), std::iter::repeat_n(0.0, missing));
        let moved = |place: usize| match place {
            place if place <= cut.start => place,
            place => place.max(cut.end) - surplus + missing,
        };
        for range in self.words.iter_mut().flatten() {
            *range = moved(range.start)..moved(range.end);
        }
    }

    /// Returns the longest silent range within a range.
    fn silence(&self, range: Range<usize>) -> Range<usize> {
        const FRAME: usize = 120;
        let peak = self.samples.iter().fold(0.0f32, |a, b| a.max(b.abs()));
        let is_quiet = |frame: &[f32]| frame.iter().all(|s| s.abs() < 0.012 * peak);
        let (mut longest, mut begin) = (range.start..range.start, range.start);
        let mut at = range.start;
        for frame in self.samples[range.clone()].chunks(FRAME) {
            at += frame.len();
            if !is_quiet(frame) {
                begin = at;
            } else if at - begin > longest.len() {
                longest = begin..at;
            }
        }
        longest
    }

    /// Converts the audio to a sentence: trims the silence at both ends and times every written word.
    pub(crate) fn sentence(self, words: &[Word]) -> SpokenSentence {
        let used = speech::trim_silence(&self.samples);
        let length_ms = (used.len() as f64 / PER_MS).round() as i64;
        let ms = |sample: usize| (sample.saturating_sub(used.start) as f64 / PER_MS).round() as i64;
        let in_ms = |range: &Range<usize>| ms(range.start)..ms(range.end);
        let times: Vec<Option<Range<i64>>> =
            self.words.iter().map(|range| range.as_ref().map(in_ms)).collect();
        let words = caption_words(words, &times, length_ms);
        SpokenSentence { samples: self.samples[used].to_vec(), words, needs_alignment: false }
    }
}

/// Sets the pauses after commas, semicolons, colons and dashes. `None` leaves them to the voice.
pub(crate) fn pause_at_commas(timed: &mut Timed, spoken: &[SpokenWord], pause_ms: Option<u32>) {
    let Some(pause_ms) = pause_ms else { return };
    for (index, word) in spoken.iter().enumerate() {
        if word.text.trim_end().ends_with([',', ';', ':', '—', '–']) {
            timed.set_pause(index, pause_ms);
        }
    }
}

/// Returns words with times. Starts ascend strictly, and no word is empty. None extends past the end of the audio if
/// it has at least a millisecond for each word.
fn caption_words(words: &[Word], times: &[Option<Range<i64>>], length_ms: i64) -> Vec<CaptionWord> {
    let count = words.len() as i64;
    let mut earliest = 0;
    let mut timed: Vec<CaptionWord> = Vec::with_capacity(words.len());
    for (index, word) in words.iter().enumerate() {
        let own = times.get(index).cloned().flatten();
        let next = times.get(index + 1..).into_iter().flatten().flatten().next();
        // A silent word starts at the end of the word before.
        let silent_start = timed.last().map_or(0, |before: &CaptionWord| before.end.get());
        let start = own.as_ref().map_or(silent_start, |range| range.start);
        let latest = (length_ms - (count - index as i64)).max(earliest);
        let start = start.clamp(earliest, latest);
        let silent_end = next.map_or(length_ms, |range| range.start);
        let end = own.map_or(silent_end, |range| range.end);
        let end = end.clamp(start + 1, length_ms.max(start + 1));
        earliest = start + 1;
        timed.push(alignment::timed_word(word, start, end));
    }
    // A word ends at the start of the next, at the latest.
    for index in 1..timed.len() {
        let next = timed[index].start;
        let end = timed[index - 1].end;
        timed[index - 1].end = end.min(next).max(timed[index - 1].start + Ms::new(1));
    }
    timed
}

#[cfg(test)]
mod tests {
    use super::*;
    use pytoon_core::text::words;

    #[test]
    fn words_have_the_times_of_their_phonemes() {
        // Given three words, the second silent, whose characters last 100 ms each.
        let rate = 24_000;
        let spans = (0..5).map(|n| n * 2_400..(n + 1) * 2_400).collect();
        let samples = (0..12_000).map(|n| 0.3 * (n as f32 * 0.05).sin()).collect();
        let take = Take { rate, samples, spans };
        let timed = Timed::new(&take, &[Some(0..2), None, Some(3..5)]).expect("timed");
        let sentence = timed.sentence(&words("one 🔥 two"));
        let times: Vec<(i64, i64)> =
            sentence.words.iter().map(|w| (w.start.get(), w.end.get())).collect();
        assert_eq!(times, [(0, 200), (200, 300), (300, 500)]);
    }

    #[test]
    fn pauses_are_made_as_long_as_they_are_wanted() {
        // Given two words with 100 ms of silence between them.
        let tone = |n: usize| 0.3 * (n as f32 * 0.05).sin();
        let samples: Vec<f32> =
            (0..14_400).map(|n| if (4_800..9_600).contains(&n) { 0.0 } else { tone(n) }).collect();
        let given = Timed { samples, words: vec![Some(0..4_800), Some(9_600..14_400)] };
        for (pause_ms, start) in [(100, 9_600), (250, 16_800), (40, 6_720)] {
            let mut timed = given.clone();
            timed.set_pause(0, pause_ms);
            let next = timed.words[1].clone().expect("timed");
            assert!((next.start as i64 - start).abs() < 250, "{pause_ms} ms: {next:?}");
            assert_eq!(timed.samples.len(), next.end);
            assert_eq!(timed.words[0], Some(0..4_800));
        }
        // Without a pause, nothing is inserted.
        let mut flat = given.clone();
        flat.samples = (0..14_400).map(tone).collect();
        flat.set_pause(0, 250);
        assert_eq!(flat.samples.len(), 14_400);
    }

    #[test]
    fn starts_ascend_also_where_the_model_gives_no_time() {
        let words = words("a b c d");
        let timed = caption_words(&words, &[Some(0..5), Some(0..5), None, Some(5..9)], 10);
        assert!(timed.windows(2).all(|w| w[0].start < w[1].start), "{timed:?}");
        assert!(timed.iter().all(|w| w.start < w.end && w.end.get() <= 10), "{timed:?}");
    }
}
