//! From the times of phonemes to the times of written words, and pauses after commas.
//!
//! Pure. A written word begins with the first sound of its phonemes and ends with the last; a word
//! without phonemes (an emoji) shares its neighbours' time.

use crate::VoiceError;
use crate::tts::SpokenSentence;
use pytoon_audio::{resample, speech};
use pytoon_core::text::Word;
use pytoon_core::timeline::CaptionWord;
use pytoon_neural::Take;
use std::ops::Range;

/// Samples in a millisecond at 48 kHz.
const PER_MS: f64 = 48.0;

/// Sound at 48 kHz with the samples of each written word; empty for words without a sound.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Timed {
    pub(crate) samples: Vec<f32>,
    pub(crate) words: Vec<Option<Range<usize>>>,
}

impl Timed {
    /// A take whose phoneme characters belong to words: `characters` has the range of each word.
    pub(crate) fn new(take: &Take, characters: &[Option<Range<usize>>]) -> Result<Self, VoiceError> {
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

    /// Appends another stretch of the same sentence.
    pub(crate) fn append(&mut self, other: Self) {
        let at = self.samples.len();
        self.samples.extend(other.samples);
        let moved = |range: Range<usize>| range.start + at..range.end + at;
        self.words.extend(other.words.into_iter().map(|range| range.map(moved)));
    }

    /// The sentence: silence at both ends cut off, every written word timed.
    pub(crate) fn sentence(self, words: &[Word]) -> SpokenSentence {
        let used = speech::trim_silence(&self.samples);
        let length_ms = (used.len() as f64 / PER_MS).round() as i64;
        let ms = |sample: usize| {
            (sample.saturating_sub(used.start) as f64 / PER_MS).round() as i64
        };
        let times: Vec<Option<Range<i64>>> = self
            .words
            .iter()
            .map(|range| range.as_ref().map(|range| ms(range.start)..ms(range.end)))
            .collect();
        SpokenSentence {
            samples: self.samples[used].to_vec(),
            words: caption_words(words, &times, length_ms),
            needs_alignment: false,
        }
    }
}

/// Words with times: starts ascend strictly, every word lasts, none passes the end.
fn caption_words(
    words: &[Word],
    times: &[Option<Range<i64>>],
    length_ms: i64,
) -> Vec<CaptionWord> {
    let count = words.len() as i64;
    let mut earliest = 0;
    let mut timed: Vec<CaptionWord> = Vec::with_capacity(words.len());
    for (index, word) in words.iter().enumerate() {
        let own = times.get(index).cloned().flatten();
        let next = times.get(index + 1..).into_iter().flatten().flatten().next();
        // A silent word stands where the word before ends.
        let start = own.as_ref().map(|range| range.start).unwrap_or(earliest);
        let latest = (length_ms - (count - index as i64)).max(earliest);
        let start = start.clamp(earliest, latest);
        let silent_end = next.map_or(length_ms, |range| range.start);
        let end = own.map_or(silent_end, |range| range.end);
        let end = end.clamp(start + 1, length_ms.max(start + 1));
        earliest = start + 1;
        timed.push(CaptionWord {
            text: word.text.clone(),
            start,
            end,
            emphasis: false,
            joins_next: word.joins_next,
        });
    }
    // A word ends where the next begins, at the latest.
    for index in 1..timed.len() {
        let next = timed[index].start;
        let end = timed[index - 1].end;
        timed[index - 1].end = end.min(next).max(timed[index - 1].start + 1);
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
        let times: Vec<(i64, i64)> = sentence.words.iter().map(|w| (w.start, w.end)).collect();
        assert_eq!(times, [(0, 1), (1, 300), (300, 500)].map(|t| t).to_vec().as_slice()[..].to_vec());
    }

    #[test]
    fn starts_ascend_also_where_the_model_gives_no_time() {
        let words = words("a b c d");
        let timed = caption_words(&words, &[Some(0..5), Some(0..5), None, Some(5..9)], 10);
        assert!(timed.windows(2).all(|w| w[0].start < w[1].start), "{timed:?}");
        assert!(timed.iter().all(|w| w.start < w.end && w.end <= 10), "{timed:?}");
    }
}
