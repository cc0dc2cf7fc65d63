//! Detects passages that a recording omits from its script or adds to it.
//!
//! If a recording is hardly similar to the whole script, the aligner tries the script without some neighbouring
//! sentences, and the recording without some neighbouring speech segments. If the remainder then matches clearly, the
//! speaker did not say the removed sentences, or the script lacks the removed speech.
//!
//! Guarantees: the number of attempts is bounded; a mismatch is reported only if the remainder is a certain match.

use pytoon_align::{Alignment, Reference, ReferenceWord, SAMPLE_RATE, Timed, align};
use pytoon_core::time::MsRange;
use std::ops::Range;

/// A passage that only the recording or only its script contains.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mismatch {
    /// Sentences of the script that the recording does not contain.
    Unsaid {
        /// The indices of the sentences.
        sentences: Range<usize>,
        /// The position at which the recording should contain them, in milliseconds.
        at_ms: i64,
    },
    /// The range of the recording whose words the script lacks.
    Unscripted(MsRange),
}

/// The confidence below which the search for a mismatch starts.
const DOUBTFUL: f64 = 0.45;
/// The range of the usual pace relative to the references. A pace outside it also starts the search.
const USUAL_PACE: Range<f64> = 0.75..1.35;
/// Maximum plausible length of a word, in milliseconds. If a word is longer, the recording has other speech in its
/// place.
const ENDLESS_WORD_MS: f64 = 1200.0;
/// Minimum gain in confidence that justifies leaving out a part of the script or of the recording.
const BETTER: f64 = 0.05;
/// Minimum confidence at which the remainder is a certain match. `ALIKE` is enough if leaving the part out raises the
/// confidence by `MORE_ALIKE`.
const SURE: f64 = 0.6;
const ALIKE: f64 = 0.4;
const MORE_ALIKE: f64 = 0.35;
/// Minimum length of the speech that an attempt leaves out of the recording, in milliseconds.
const LEAST_MS: i64 = 700;
/// The pause below which two ranges of speech form one segment, in milliseconds.
const PAUSE_MS: i64 = 150;
/// The length of recording that all attempts together may process, in seconds. It determines the maximum
/// number of attempts, which is 4 to 40.
const BUDGET_S: f64 = 150.0;
/// The range of paces, relative to the references, at which people speak.
const PACE: Range<f64> = 0.55..1.9;

/// A recording, its references, and the positions of its sentences and speech.
pub(super) struct Search<'a> {
    /// The samples of the recording at [`SAMPLE_RATE`].
    pub(super) samples: &'a [f32],
    pub(super) references: &'a [Reference],
    /// The number of words in each sentence.
    pub(super) counts: &'a [usize],
    pub(super) speech: &'a [MsRange],
    /// The alignment of the whole recording with the whole script, if there is one.
    pub(super) whole: Option<&'a Alignment>,
}

impl Search<'_> {
    /// Returns true if there is no alignment of the whole, or if it shows signs of a mismatch: low confidence, an
    /// unusual pace, or overlong words.
    pub(super) fn is_called_for(&self) -> bool {
        let Some(whole) = self.whole else { return true };
        let words: usize = self.counts.iter().sum();
        let pace = self.reference_ms(&(0..words)) / self.speech_ms().max(1) as f64;
        let is_endless = |word: &Timed| word.end_ms - word.start_ms > ENDLESS_WORD_MS;
        let is_unusual = !self.speech.is_empty()
            && (!USUAL_PACE.contains(&pace) || whole.words.iter().any(is_endless));
        whole.confidence < DOUBTFUL || is_unusual
    }

    /// Returns the best alignment that leaves out a part of the script or of the recording, or `None` if none is
    /// certain.
    pub(super) fn run(&self) -> Option<(Alignment, Mismatch)> {
        let seconds = self.samples.len() as f64 / f64::from(SAMPLE_RATE);
        let tries = ((BUDGET_S / seconds.max(1.0)) as usize).clamp(4, 40);
        let stretches = stretches(self.speech);
        let unsaid = runs(self.counts.len()).into_iter().filter_map(|run| self.without_words(&run));
        let unscripted = runs(stretches.len())
            .into_iter()
            .filter_map(|run| self.without_sound(&stretches, &run));
        let whole = self.whole.map_or(0.0, |whole| whole.confidence);
        let enough = SURE.min(ALIKE.max(whole + MORE_ALIKE)).max(whole + BETTER);
        let found = unsaid.chain(unscripted).take(tries);
        let sure = found.filter(|found| found.alignment.confidence >= enough);
        let best = sure.max_by(|a, b| a.score().total_cmp(&b.score()))?;
        Some((best.alignment, best.mismatch))
    }

    fn speech_ms(&self) -> i64 {
        self.speech.iter().map(|range| range.duration().get()).sum()
    }

    /// Returns the time that the references need for a range of words, in milliseconds.
    fn reference_ms(&self, words: &Range<usize>) -> f64 {
        let Some(reference) = self.references.first() else { return 0.0 };
        let own = reference.words.get(words.clone()).unwrap_or_default();
        let samples: usize = own.iter().map(|word| word.samples.len()).sum();
        samples as f64 * 1000.0 / f64::from(SAMPLE_RATE)
    }

    /// Returns the pace of the remainder relative to the references, or `None` if nobody speaks at that pace.
    fn pace(&self, reference_ms: f64, speech_ms: i64) -> Option<f64> {
        let pace = reference_ms / speech_ms.max(1) as f64;
        PACE.contains(&pace).then_some(pace)
    }

    /// Aligns the recording with the script without the sentences of `run`. Returns `None` if the pace would then be
    /// implausible, or if there is nothing to compare.
    fn without_words(&self, run: &Range<usize>) -> Option<Found> {
        let before: usize = self.counts[..run.start].iter().sum();
        let left_out: usize = self.counts[run.clone()].iter().sum();
        let all: usize = self.counts.iter().sum();
        let gap = before..before + left_out;
        let rest_ms = self.reference_ms(&(0..before)) + self.reference_ms(&(gap.end..all));
        let pace = self.pace(rest_ms, self.speech_ms())?;
        let shorter: Vec<Reference> =
            self.references.iter().map(|reference| without(reference, &gap)).collect();
        let mut alignment = align(self.samples, &shorter, None)?;
        // Unsaid words are placed at the end of the words before them, or at the recording's end.
        let length_ms = self.samples.len() as f64 * 1000.0 / f64::from(SAMPLE_RATE);
        let at_ms = alignment.words.get(before).map_or(length_ms, |word| word.start_ms);
        let unsaid = vec![Timed { start_ms: at_ms, end_ms: at_ms }; left_out];
        alignment.words.splice(before..before, unsaid);
        let mismatch = Mismatch::Unsaid { sentences: run.clone(), at_ms: at_ms.round() as i64 };
        Some(Found { alignment, mismatch, pace })
    }

    /// Aligns the script with the recording without the speech segments of `run`. Returns `None` if they last less
    /// than [`LEAST_MS`], if the pace would then be implausible, or if there is nothing to compare.
    fn without_sound(&self, stretches: &[MsRange], run: &Range<usize>) -> Option<Found> {
        let own = &stretches[run.clone()];
        let spoken: i64 = own.iter().map(|range| range.duration().get()).sum();
        let words: usize = self.counts.iter().sum();
        let rest = self.speech_ms() - spoken;
        let pace = self.pace(self.reference_ms(&(0..words)), rest)?;
        if spoken < LEAST_MS {
            return None;
        }
        let range = MsRange::new(own.first()?.start, own.last()?.end);
        let at = |ms: i64| (ms.max(0) * i64::from(SAMPLE_RATE) / 1000) as usize;
        let (from, to) = (at(range.start.get()).min(self.samples.len()), at(range.end.get()));
        let rest = [&self.samples[..from], self.samples.get(to..).unwrap_or_default()].concat();
        let mut alignment = align(&rest, self.references, None)?;
        let moved = |ms: &mut f64| {
            if *ms >= range.start.get() as f64 {
                *ms += range.duration().get() as f64;
            }
        };
        for word in &mut alignment.words {
            moved(&mut word.start_ms);
            // A word that ends at the cut ends before it.
            if word.end_ms > range.start.get() as f64 {
                moved(&mut word.end_ms);
            }
        }
        Some(Found { alignment, mismatch: Mismatch::Unscripted(range), pace })
    }
}

/// A match without a part of the script or of the recording.
struct Found {
    alignment: Alignment,
    mismatch: Mismatch,
    /// The pace of the remainder relative to the references.
    pace: f64,
}

impl Found {
    /// Returns the score of this match: its confidence, minus a penalty for a pace that differs from that of the
    /// references.
    fn score(&self) -> f64 {
        self.alignment.confidence - 0.1 * self.pace.ln().abs()
    }
}

/// Returns every run of neighbouring items among `count` items, except that of all items. Runs at the end come first,
/// then those at the start, then those in the middle. Of runs with the same start or end, the long ones come first.
fn runs(count: usize) -> Vec<Range<usize>> {
    let ends = (1..count).map(|start| start..count);
    let starts = (1..count).rev().map(|end| 0..end);
    let middles = (1..count.saturating_sub(1))
        .flat_map(|start| (start + 1..count).rev().map(move |end| start..end));
    ends.chain(starts).chain(middles).collect()
}

/// Returns the speech segments between pauses.
fn stretches(speech: &[MsRange]) -> Vec<MsRange> {
    let mut out: Vec<MsRange> = Vec::new();
    for range in speech {
        match out.last_mut() {
            Some(last) if (range.start - last.end).get() < PAUSE_MS => last.end = range.end,
            _ => out.push(*range),
        }
    }
    out
}

/// Returns a copy of a reference without some of its words.
fn without(reference: &Reference, gap: &Range<usize>) -> Reference {
    let start_of = |word: usize| {
        reference.words.get(word).map_or(reference.samples.len(), |word| word.samples.start)
    };
    let cut = start_of(gap.start)..start_of(gap.end);
    let samples = [&reference.samples[..cut.start], &reference.samples[cut.end..]].concat();
    let kept = reference.words.iter().enumerate().filter(|(index, _)| !gap.contains(index));
    let words = kept
        .map(|(index, word)| {
            let by = if index >= gap.end { cut.len() } else { 0 };
            let samples = word.samples.start - by..word.samples.end - by;
            ReferenceWord { samples, pause_after: word.pause_after }
        })
        .collect();
    Reference { samples, words }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_neighbours_and_never_all() {
        assert_eq!(runs(3), [1..3, 2..3, 0..2, 0..1, 1..2]);
        assert!(runs(1).is_empty() && runs(0).is_empty());
    }

    #[test]
    fn a_reference_loses_words_and_their_sound() {
        let word = |samples: Range<usize>| ReferenceWord { samples, pause_after: false };
        let reference = Reference {
            samples: (0..100).map(|n| n as f32).collect(),
            words: vec![word(0..30), word(30..60), word(65..90)],
        };
        let shorter = without(&reference, &(1..2));
        assert_eq!(shorter.words, [word(0..30), word(30..55)]);
        assert_eq!((shorter.samples.len(), shorter.samples[30]), (65, 65.0));
    }
}
