//! Distributes words over speech in proportion to their syllables.
//!
//! Words are placed only in ranges that contain speech, so a long breath does not delay the rest of the sentence. The
//! error is a few hundred milliseconds.

use pytoon_core::caption;
use pytoon_core::text::Word;
use pytoon_core::time::MsRange;
use pytoon_vocabulary::{CaptionWord, Ms};

/// Returns the words with times distributed over speech. The ranges are in milliseconds, in order and without
/// overlap.
pub fn spread_over_speech(words: &[Word], speech: &[MsRange]) -> Vec<CaptionWord> {
    let total: Ms = speech.iter().map(|range| range.duration()).sum();
    let in_speech_time = caption::spread(words, MsRange::new(Ms::ZERO, total));
    in_speech_time
        .into_iter()
        .map(|word| {
            let start = to_film_time(word.start, speech, false);
            let end = to_film_time(word.end, speech, true).max(start + Ms::new(1));
            CaptionWord { start, end, ..word }
        })
        .collect()
}

/// Converts a time counted in speech alone to a time in the recording. At the border of two ranges, a start belongs
/// to the later range and an end to the earlier one.
fn to_film_time(at: Ms, speech: &[MsRange], is_end: bool) -> Ms {
    let mut left = at;
    for range in speech {
        let length = range.duration();
        if left < length || (is_end && left == length) {
            return range.start + left;
        }
        left -= length;
    }
    speech.last().map_or(at, |range| range.end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use pytoon_core::text::words;

    #[test]
    fn pauses_hold_no_words() {
        let speech = [(100, 600), (1600, 2100)].map(|(a, b)| MsRange::new(Ms::new(a), Ms::new(b)));
        let timed = spread_over_speech(&words("one two three four"), &speech);
        assert_eq!(timed.len(), 4);
        assert!(timed[0].start.get() == 100 && timed[3].end.get() == 2100);
        assert!(timed.iter().all(|w| w.end.get() <= 600 || w.start.get() >= 600), "{timed:?}");
        assert!(timed.windows(2).all(|w| w[0].start < w[1].start));
    }
}
