//! Computes word times from a synthesiser's own events.
//!
//! An event may point at white space (the next word is meant), at a word already passed (a number is spoken as
//! several words), or be missing (merged words). Words take the first event in their own range; words without one
//! share the time between their neighbours by length. Starts are strictly increasing.

use super::timed_word;
use crate::spoken::SpokenText;
use pytoon_core::text::Word;
use pytoon_vocabulary::CaptionWord;

/// Returns the times of the written words. An event is (character position, milliseconds).
pub fn word_times(
    words: &[Word],
    text: &SpokenText,
    events: &[(usize, f64)],
    length_ms: f64,
) -> Vec<CaptionWord> {
    let starts = fill_gaps(&first_events(text, events), text, length_ms);
    let starts = increasing(starts, length_ms);
    words
        .iter()
        .enumerate()
        .map(|(index, word)| {
            let start = starts[index];
            let last = || (length_ms.round() as i64).max(start + 1);
            timed_word(word, start, starts.get(index + 1).copied().unwrap_or_else(last))
        })
        .collect()
}

fn first_events(text: &SpokenText, events: &[(usize, f64)]) -> Vec<Option<f64>> {
    let mut starts = vec![None; text.ranges.len()];
    let mut last = 0;
    for &(position, ms) in events {
        // The word at the position, or the next one if the position is white space.
        let Some(word) = text.ranges.iter().position(|&(_, end)| position < end) else { continue };
        if word >= last {
            last = word;
            starts[word].get_or_insert(ms.max(0.0));
        }
    }
    starts
}

/// Fills in the starts of words without an event. They share the time from the previous word, or from the beginning
/// of the audio, to the next known start.
fn fill_gaps(starts: &[Option<f64>], text: &SpokenText, length_ms: f64) -> Vec<f64> {
    let letters = |i: usize| (text.ranges[i].1 - text.ranges[i].0).max(1) as f64;
    let mut out = Vec::with_capacity(starts.len());
    let mut index = 0;
    while index < starts.len() {
        let start = starts[index].unwrap_or(0.0);
        let next = (index + 1..starts.len()).find(|&i| starts[i].is_some()).unwrap_or(starts.len());
        let end = starts.get(next).copied().flatten().unwrap_or(length_ms);
        let total: f64 = (index..next).map(letters).sum();
        let mut seen = 0.0;
        for word in index..next {
            out.push(start + (end - start).max(0.0) * seen / total);
            seen += letters(word);
        }
        index = next;
    }
    out
}

fn increasing(starts: Vec<f64>, length_ms: f64) -> Vec<i64> {
    let count = starts.len() as i64;
    let last = (length_ms.round() as i64 - 1).max(count);
    let mut previous = -1;
    starts
        .into_iter()
        .enumerate()
        .map(|(index, ms)| {
            let room_after = count - 1 - index as i64;
            previous =
                (ms.round() as i64).clamp(previous + 1, (last - room_after).max(previous + 1));
            previous
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spoken::spoken_text;
    use pytoon_core::text::words;
    use pytoon_normalize::Pronunciations;

    fn starts(text: &str, events: &[(usize, f64)], length_ms: f64) -> Vec<i64> {
        let words = words(text);
        word_times(
            &words,
            &spoken_text(&words, "en", &Pronunciations::default()),
            events,
            length_ms,
        )
        .iter()
        .map(|w| w.start.get())
        .collect()
    }

    #[test]
    fn numbers_read_as_several_words_keep_one_start() {
        // "costs twelve dollars fifty, yes" with three events inside the price.
        let got = starts(
            "costs $12.50, yes",
            &[(0, 0.0), (6, 300.0), (13, 500.0), (21, 800.0), (28, 1100.0)],
            1500.0,
        );
        assert_eq!(got, [0, 300, 1100]);
    }

    #[test]
    fn events_on_white_space_mean_the_next_word() {
        assert_eq!(
            starts("does it work", &[(0, 0.0), (4, 200.0), (8, 350.0)], 600.0),
            [0, 200, 350]
        );
    }

    #[test]
    fn events_that_jump_back_are_left_out_and_missing_ones_are_shared_out() {
        let got = starts("in the big end", &[(0, 0.0), (7, 300.0), (1, 350.0), (11, 600.0)], 900.0);
        assert_eq!(got, [0, 120, 300, 600]);
        assert_eq!(starts("one two", &[], 1000.0), [0, 500]);
    }

    #[test]
    fn starts_are_strictly_increasing() {
        let got = starts("a b c d e", &[(0, 0.0), (2, 5.0), (4, 5.0), (6, 5.0), (8, 5.0)], 8.0);
        assert!(got.windows(2).all(|w| w[1] > w[0]), "{got:?}");
    }
}
