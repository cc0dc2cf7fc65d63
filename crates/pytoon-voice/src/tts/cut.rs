//! Converts takes, which may contain several sentences, to single sentences: cuts them in the pauses, trims and fades
//! them, and times their words by the voice's own times.
//!
//! Guarantees: one sentence for each requested one; no click at a cut; sentences without the voice's own
//! times are marked as such.

use super::SpokenSentence;
use super::piece::{Part, Piece};
use super::take::{Mark, Take};
use crate::Result;
use crate::alignment::{even_split, provider};
use pytoon_audio::speech;
use pytoon_core::text::Word;
use pytoon_core::time::MsRange;
use pytoon_vocabulary::Ms;

/// The number of samples per millisecond.
const MS: f64 = 48.0;
/// The length of the fade at a cut's edges, in samples: 5 ms.
const FADE: usize = 240;
/// The pause within a sentence that is split over several requests, in samples: 60 ms between takes that retain 30 ms
/// at each end.
const JOINT: usize = 2_880;
/// The length of the search for a pause before a sentence, in milliseconds, if the end of the previous sentence is
/// unknown.
const LOOK_BACK_MS: f64 = 400.0;
/// The search range for a pause, in milliseconds, on both sides of its position as estimated from syllables. Used if
/// there are no times.
const LOOK_AROUND_MS: f64 = 600.0;

/// Returns the sentences of a speech request, cut from the takes of the requests to the vendor.
pub(crate) fn sentences(
    asked: &[Vec<Word>],
    spoken: &[(Piece, Take)],
) -> Result<Vec<SpokenSentence>> {
    let mut all: Vec<Option<SpokenSentence>> = asked.iter().map(|_| None).collect();
    for (piece, take) in spoken {
        let samples = take.samples()?;
        let cuts = cuts(piece, take, &samples, asked);
        for (index, part) in piece.parts.iter().enumerate() {
            let words = &asked[part.sentence][part.words.clone()];
            let said = cut_sentence(
                part,
                words,
                take,
                &samples[cuts[index]..cuts[index + 1]],
                cuts[index],
            );
            match &mut all[part.sentence] {
                Some(begun) => join(begun, said),
                empty => *empty = Some(said),
            }
        }
    }
    let whole = all.into_iter().zip(asked).map(|(said, words)| said.unwrap_or_else(|| mute(words)));
    Ok(whole.collect())
}

/// Returns a sentence without speech, whose words have no time of their own.
fn mute(words: &[Word]) -> SpokenSentence {
    let text = crate::spoken::join_written(words);
    let words = provider::word_times(words, &text, &[], 0.0);
    SpokenSentence { samples: Vec::new(), words, needs_alignment: false }
}

/// Returns the sample positions at which a take is cut into sentences or their parts. There is one more position than
/// there are parts.
fn cuts(piece: &Piece, take: &Take, samples: &[f32], asked: &[Vec<Word>]) -> Vec<usize> {
    let mut cuts = vec![0];
    let guessed = if take.marks.is_empty() { guesses(piece, samples, asked) } else { Vec::new() };
    for (index, pair) in piece.parts.windows(2).enumerate() {
        let window = match guessed.get(index) {
            Some(&at) => (at - LOOK_AROUND_MS, at + LOOK_AROUND_MS),
            None => pause(&pair[0], &pair[1], &take.marks),
        };
        let sample = |ms: f64| ((ms * MS).max(0.0) as usize).min(samples.len());
        let from = sample(window.0).max(cuts[index]);
        let to = sample(window.1).max(from);
        cuts.push(speech::quietest_point(samples, from..to).clamp(from, samples.len()));
    }
    cuts.push(samples.len());
    cuts
}

/// Returns the range in which to search for the pause between two sentences of a take, in milliseconds.
fn pause(before: &Part, after: &Part, marks: &[Mark]) -> (f64, f64) {
    let end_of_before = before.begins + before.text.text.chars().count();
    let start = marks.iter().find(|m| m.at >= after.begins).map(|m| m.start_ms);
    let last = marks.iter().rev().find(|m| m.at < end_of_before);
    let before_end = marks.iter().filter(|m| m.at < end_of_before);
    let known_end = before_end.filter_map(|m| m.end_ms).reduce(f64::max);
    let start = start.or(known_end).unwrap_or(0.0);
    let from = known_end
        .unwrap_or_else(|| last.map_or(0.0, |m| m.start_ms + 30.0).max(start - LOOK_BACK_MS));
    // A pause that is too short is searched for on both sides.
    if start - from < 20.0 { (start - 40.0, start + 10.0) } else { (from, start) }
}

/// Returns the estimated ends of the sentences in a take, in milliseconds, assuming that words are distributed over
/// the speech by their syllables.
fn guesses(piece: &Piece, samples: &[f32], asked: &[Vec<Word>]) -> Vec<f64> {
    let parts = piece.parts.iter();
    let words: Vec<Word> =
        parts.flat_map(|part| asked[part.sentence][part.words.clone()].to_vec()).collect();
    let spread = even_split::spread_over_speech(&words, &speech_ms(samples));
    let mut last = 0;
    piece
        .parts
        .iter()
        .map(|part| {
            last += part.words.len();
            spread.get(last.saturating_sub(1)).map_or(0.0, |word| word.end.get() as f64)
        })
        .collect()
}

/// Returns the ranges of speech, in milliseconds, or the whole audio if no speech is detected.
pub fn speech_ms(samples: &[f32]) -> Vec<MsRange> {
    let to_ms = |sample: usize| Ms::new((sample as f64 / MS).round() as i64);
    let found: Vec<MsRange> = speech::speech_ranges(samples)
        .into_iter()
        .map(|range| MsRange::new(to_ms(range.start), to_ms(range.end)))
        .filter(|range| range.duration() > Ms::ZERO)
        .collect();
    if found.is_empty() {
        return vec![MsRange::new(Ms::ZERO, to_ms(samples.len()).max(Ms::new(1)))];
    }
    found
}

/// Returns the speech of one sentence or part of one: trims and fades its section of the take, which begins at sample
/// `from`, and times its words.
fn cut_sentence(
    part: &Part,
    words: &[Word],
    take: &Take,
    stretch: &[f32],
    from: usize,
) -> SpokenSentence {
    let used = speech::trim_silence(stretch);
    let mut samples = stretch[used.clone()].to_vec();
    fade_edges(&mut samples);
    let length_ms = samples.len() as f64 / MS;
    let chars = part.text.text.chars().count();
    let events: Vec<(usize, f64)> = take
        .marks
        .iter()
        .filter(|mark| (part.begins..part.begins + chars).contains(&mark.at))
        .map(|mark| (mark.at - part.begins, mark.start_ms - (from + used.start) as f64 / MS))
        .collect();
    let words = provider::word_times(words, &part.text, &events, length_ms);
    SpokenSentence { words, samples, needs_alignment: events.is_empty() }
}

fn fade_edges(samples: &mut [f32]) {
    let length = FADE.min(samples.len() / 2);
    for n in 0..length {
        let gain = n as f32 / length as f32;
        let last = samples.len() - 1 - n;
        samples[n] *= gain;
        samples[last] *= gain;
    }
}

/// Appends the next part of a sentence that is spread over several takes, after a short pause.
fn join(begun: &mut SpokenSentence, rest: SpokenSentence) {
    begun.samples.resize(begun.samples.len() + JOINT, 0.0);
    let shift = Ms::new((begun.samples.len() as f64 / MS).round() as i64);
    begun.samples.extend(rest.samples);
    begun.words.extend(rest.words.into_iter().map(|mut word| {
        word.start += shift;
        word.end += shift;
        word
    }));
    begun.needs_alignment |= rest.needs_alignment;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spoken::SpokenText;
    use crate::tts::piece::{Limit, pieces};
    use pytoon_core::text::words;

    const RATE: u32 = 24_000;

    /// Returns a take with words of 300 ms, 100 ms between them, and one second of silence between sentences.
    fn take(sentences: &[usize], timed: bool, ends: bool) -> (Take, Vec<f64>) {
        let mut pcm = Vec::new();
        let mut starts = Vec::new();
        for count in sentences {
            pcm.resize(pcm.len() + 12_000, 0);
            for _ in 0..*count {
                starts.push(pcm.len() as f64 / 24.0);
                pcm.extend((0..7200).map(|n| (8000.0 * (f64::from(n) * 0.07).sin()) as i16));
                pcm.resize(pcm.len() + 2400, 0);
            }
            pcm.resize(pcm.len() + 9600, 0);
        }
        let marks = starts.iter().enumerate().filter(|_| timed).map(|(index, &start_ms)| Mark {
            at: index * 4,
            start_ms,
            end_ms: ends.then_some(start_ms + 300.0),
        });
        (Take { rate: RATE, pcm, marks: marks.collect() }, starts)
    }

    fn script() -> Vec<Vec<Word>> {
        vec![words("aaa bbb"), words("ccc ddd eee")]
    }

    fn one_piece(asked: &[Vec<Word>]) -> Piece {
        let size = |text: &SpokenText| text.text.len() + 1;
        let limit = Limit { most: 1000, size: &size, one_by_one: false };
        pieces(asked, &limit).expect("fits").remove(0)
    }

    #[test]
    fn sentences_are_cut_in_their_pause_and_words_keep_their_times() {
        for (timed, ends) in [(true, true), (true, false), (false, false)] {
            let asked = script();
            let (take, _) = take(&[2, 3], timed, ends);
            let got = sentences(&asked, &[(one_piece(&asked), take)]).expect("cut");
            assert_eq!(got.len(), 2);
            // 700 and 1100 ms of words, with 30 ms kept at both ends.
            for (sentence, ms) in got.iter().zip([760, 1160]) {
                let length = sentence.samples.len() as i64 / 48;
                assert!((length - ms).abs() < 25, "{timed} {ends}: {length} for {ms}");
                assert_eq!(sentence.needs_alignment, !timed);
                assert!(sentence.samples[0].abs() < 1e-6, "it clicks");
            }
            if timed {
                for (word, start) in got[1].words.iter().zip([30, 430, 830]) {
                    assert!((word.start.get() - start).abs() <= 6, "{word:?} at {start}");
                }
            }
        }
    }

    #[test]
    fn a_sentence_in_two_takes_is_joined() {
        let asked = vec![words("aaa bbb ccc")];
        let size = |text: &SpokenText| text.text.len() + 1;
        let cut = pieces(&asked, &Limit { most: 9, size: &size, one_by_one: false }).expect("fits");
        assert_eq!(cut.len(), 2);
        let takes = [take(&[2], true, true).0, take(&[1], true, true).0];
        let spoken: Vec<(Piece, Take)> = cut.into_iter().zip(takes).collect();
        let got = sentences(&asked, &spoken).expect("cut");
        assert_eq!(got[0].words.len(), 3);
        assert!(got[0].words.windows(2).all(|w| w[0].start < w[1].start), "{:?}", got[0].words);
        assert!((got[0].samples.len() as i64 / 48 - (760 + 60 + 360)).abs() < 30);
    }

    #[test]
    fn a_sentence_of_signs_is_there_and_silent() {
        let asked = vec![words("aaa"), words("🔥")];
        let got = sentences(&asked, &[(one_piece(&asked), take(&[1], true, true).0)]).expect("cut");
        assert!(got[1].samples.is_empty() && got[1].words.len() == 1);
    }
}
