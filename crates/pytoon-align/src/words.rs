//! Computes word times from samples and references.

use super::adapt::Speaker;
use super::analysis::Frames;
use super::confidence;
use super::features::{
    CEPSTRA, Feature, Recorded, distance, matched_features, recording_features, smooth_values,
};
use super::viterbi::{Chain, Distances, PAUSE, Path, Place, cheapest};
use super::{FRAME_MS, SAMPLE_RATE};
use std::ops::Range;

/// A word of a reference.
#[derive(Debug, Clone, PartialEq)]
pub struct ReferenceWord {
    /// The samples of the word; empty if it is not spoken (for example an emoji).
    pub samples: Range<usize>,
    /// True if the script pauses after the word (punctuation).
    pub pause_after: bool,
}

/// Speech with known word times.
#[derive(Debug, Clone, PartialEq)]
pub struct Reference {
    /// The samples at [`SAMPLE_RATE`].
    pub samples: Vec<f32>,
    /// All words of the script, in order.
    pub words: Vec<ReferenceWord>,
}

/// The time of a word, in milliseconds from the start of the recording.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Timed {
    /// The start of the word.
    pub start_ms: f64,
    /// The end of the word.
    pub end_ms: f64,
}

/// Word times and their confidence.
#[derive(Debug, Clone, PartialEq)]
pub struct Alignment {
    /// The times of the script's words, in order.
    pub words: Vec<Timed>,
    /// The confidence, from 0 (the recording contains other words or none) to 1.
    pub confidence: f64,
    /// The disagreement of the references about a word's start, as an estimate of the error, in milliseconds: half of
    /// the words are closer to the median than this.
    pub spread_ms: f64,
}

/// Maximum difference at which references agree on a time, in milliseconds.
const AGREED_MS: f64 = 15.0;
/// The number of frames (400 ms) that the cross-validation of a map judges together.
const BLOCK: usize = 80;
/// Minimum number of silent frames that a first pass must find before its silence is used.
const MIN_SILENT: usize = 20;
/// The average lateness of detected word starts, for every speaker, in milliseconds. A word is recognised only when
/// it differs from the sound before it.
const LATE_MS: f64 = 4.0;

/// The states of a reference: the frames of its words, without its pauses.
struct States {
    chain: Chain,
    /// The script index of each word of the chain.
    script: Vec<usize>,
    /// The frame of each state.
    frames: Vec<usize>,
}

fn states(reference: &Reference, frames: &Frames) -> States {
    let hop = SAMPLE_RATE as f64 * FRAME_MS / 1000.0;
    let speech = frames.speech(0.35);
    let mut out =
        States { chain: Chain { words: vec![], pause: vec![] }, script: vec![], frames: vec![] };
    let mut pause_before = true;
    for (index, word) in reference.words.iter().enumerate() {
        let first = (word.samples.start as f64 / hop).round() as usize;
        let mut last = ((word.samples.end as f64 / hop).round() as usize).min(frames.len());
        if !word.samples.is_empty() && last > first {
            if word.pause_after {
                // The rest after the word is the reference's own pause.
                while last > first + 1 && !speech[last - 1] {
                    last -= 1;
                }
            }
            let from = out.frames.len();
            out.frames.extend(first..last);
            out.chain.words.push(from..out.frames.len());
            out.chain.pause.push(if pause_before { 0.0 } else { PAUSE });
            out.script.push(index);
            pause_before = false;
        }
        pause_before |= word.pause_after;
    }
    out.chain.pause.push(0.0);
    out
}

/// Times every word of the references' script in a recording at [`SAMPLE_RATE`]. Returns `None` if there is nothing
/// to compare, or if the recording is far too short for the script.
///
/// Each reference is aligned with the recording on its own; a word's times are the medians over all references.
/// `tie_break` is a voice with coarser boundaries: it counts as one more reference for words on which the others
/// disagree by more than 15 ms.
pub fn align(
    samples: &[f32],
    references: &[Reference],
    tie_break: Option<&Reference>,
) -> Option<Alignment> {
    let frames = Frames::of(samples);
    let recorded = recording_features(&frames);
    let takes: Vec<Take> =
        references.iter().filter_map(|reference| Take::of(reference, &recorded)).collect();
    let count = takes.first()?.words.len();
    let tie_break = tie_break
        .and_then(|reference| Take::of(reference, &recorded))
        .filter(|take| take.words.len() == count);
    let consensus = |time: &dyn Fn(&Take) -> f64| {
        let times: Vec<f64> = takes.iter().map(time).collect();
        let low = times.iter().copied().fold(f64::INFINITY, f64::min);
        let high = times.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let further = tie_break.as_ref().filter(|_| high - low > AGREED_MS).map(time);
        median(times.into_iter().chain(further))
    };
    let mut end = 0.0f64;
    let words: Vec<Timed> = (0..count)
        .map(|word| {
            let start = consensus(&|take| take.words[word].start_ms).max(end);
            let stop = consensus(&|take| take.words[word].end_ms).max(start);
            // Words of one take do not overlap; medians of several might, slightly.
            end = start;
            Timed { start_ms: start, end_ms: stop }
        })
        .collect();
    let spread: Vec<f64> = (0..count)
        .map(|word| {
            median(takes.iter().map(|t| (t.words[word].start_ms - words[word].start_ms).abs()))
        })
        .collect();
    let ratio = median(takes.iter().map(|take| take.ratio));
    let variety = variety(&recorded.features, &frames.speech(0.5));
    let confidence = confidence::of(ratio, &spread, variety);
    Some(Alignment { confidence, spread_ms: median(spread.into_iter()), words })
}

/// Returns the number of independent ways in which the timbre of audio varies while it is loud: the participation
/// ratio of the correlations between its cepstral coefficients. A tone that swells and fades has one or two; speech
/// has more.
fn variety(features: &[Feature], loud: &[bool]) -> f64 {
    let kept: Vec<&Feature> =
        features.iter().zip(loud).filter(|(_, loud)| **loud).map(|(f, _)| f).collect();
    let count = kept.len().max(1) as f64;
    let mean: [f64; CEPSTRA] =
        std::array::from_fn(|d| kept.iter().map(|f| f64::from(f[d])).sum::<f64>() / count);
    let covariance = |i: usize, j: usize| {
        let products =
            kept.iter().map(|f| (f64::from(f[i]) - mean[i]) * (f64::from(f[j]) - mean[j]));
        products.sum::<f64>() / count
    };
    let size: [f64; CEPSTRA] = std::array::from_fn(|d| covariance(d, d).sqrt().max(1e-9));
    let mut squares = 0.0;
    for i in 0..CEPSTRA {
        for j in 0..CEPSTRA {
            squares += (covariance(i, j) / (size[i] * size[j])).powi(2);
        }
    }
    let dimensions = CEPSTRA as f64;
    dimensions * dimensions / squares
}

/// Returns the median: the middle value, the mean of the middle two, or 0 if there are no values.
fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = values.collect();
    sorted.sort_by(f64::total_cmp);
    match sorted.len() {
        0 => 0.0,
        n => f64::midpoint(sorted[(n - 1) / 2], sorted[n / 2]),
    }
}

/// The alignment of one reference with the recording.
struct Take {
    words: Vec<Timed>,
    /// The mean distance between aligned frames, as a fraction of that between any two frames.
    ratio: f64,
}

impl Take {
    fn of(reference: &Reference, recorded: &Recorded) -> Option<Self> {
        let own = Frames::of(&reference.samples);
        let states = states(reference, &own);
        let features = matched_features(&own, &recorded.surroundings);
        let plain: Vec<Feature> = states.frames.iter().map(|&frame| features[frame]).collect();
        let Recorded { features: all, silence, .. } = recorded;
        let local = Distances { recorded: all, silence, states: plain.clone() };
        let first = cheapest(&states.chain, &local)?;
        let path = second_pass(recorded, &plain, &states, &first).unwrap_or(first);
        let ratio = unseen_ratio(&recorded.features, &plain, &path);
        Some(Self { words: times(reference.words.len(), &states, &path), ratio })
    }
}

/// Returns the frames that a path assigns to states, each with its state.
fn state_frames(path: &Path) -> impl Iterator<Item = (usize, usize)> {
    path.iter().enumerate().filter_map(|(frame, place)| match place {
        Place::State(state) => Some((frame, *state)),
        Place::Silence(_) => None,
    })
}

/// Returns the distance between aligned frames as a fraction of that between any two frames. Each half of the
/// recording is judged by the map of the other half: a map fits its own data even if the script is wrong, and the
/// more so the shorter the recording.
fn unseen_ratio(recorded: &[Feature], plain: &[Feature], path: &Path) -> f64 {
    let mut halves: [Vec<(usize, usize)>; 2] = [Vec::new(), Vec::new()];
    for (frame, state) in state_frames(path) {
        halves[frame / BLOCK % 2].push((frame, state));
    }
    let (mut near, mut any) = (0.0, 0.0);
    for (seen, unseen) in [(0, 1), (1, 0)] {
        let pairs: Vec<(Feature, Feature)> =
            halves[seen].iter().map(|&(frame, state)| (plain[state], recorded[frame])).collect();
        let speaker = Speaker::fit(&pairs, 1.0);
        let mapped =
            |state: usize| speaker.as_ref().map_or(plain[state], |s| s.reference(&plain[state]));
        for &(frame, state) in &halves[unseen] {
            let own = speaker.as_ref().map_or(recorded[frame], |s| s.whiten(&recorded[frame]));
            near += f64::from(distance(&own, &mapped(state)));
            // A stride visits other states evenly and deterministically.
            let other = (state + plain.len() / 3 + 7 * frame) % plain.len();
            any += f64::from(distance(&own, &mapped(other)));
        }
    }
    if any > 0.0 { near / any } else { 1.0 }
}

/// Aligns the reference again, after mapping it to the recording's speaker with the first pass.
fn second_pass(
    recorded: &Recorded,
    plain: &[Feature],
    states: &States,
    first: &Path,
) -> Option<Path> {
    let pairs: Vec<(Feature, Feature)> = state_frames(first)
        .map(|(frame, state)| (plain[state], recorded.features[frame]))
        .collect();
    let total: f32 = pairs.iter().map(|(plain, own)| distance(plain, own)).sum();
    let speaker = Speaker::fit(&pairs, total / pairs.len().max(1) as f32)?;
    let own: Vec<Feature> = recorded.features.iter().map(|f| speaker.whiten(f)).collect();
    let silence = silence_of_first_pass(recorded, &own, first);
    let mapped = plain.iter().map(|f| speaker.reference(f)).collect();
    let local = Distances { recorded: &own, silence: &silence, states: mapped };
    cheapest(&states.chain, &local)
}

/// Returns the distance of each frame to silence: the mean of its distances to the recording's estimated silence and
/// to the silence of the first pass.
fn silence_of_first_pass(recorded: &Recorded, own: &[Feature], first: &Path) -> Vec<f32> {
    let placed = first.iter().zip(own);
    let silent = placed.filter(|(place, _)| matches!(place, Place::Silence(_)));
    let silent: Vec<&Feature> = silent.map(|(_, frame)| frame).collect();
    if silent.len() < MIN_SILENT {
        return recorded.silence.clone();
    }
    let count = silent.len() as f32;
    let mean: Feature =
        std::array::from_fn(|d| silent.iter().map(|frame| frame[d]).sum::<f32>() / count);
    let raw: Vec<f32> = own.iter().map(|frame| distance(frame, &mean)).collect();
    let smooth = smooth_values(&raw, 5);
    recorded.silence.iter().zip(&smooth).map(|(a, b)| 0.5 * (a + b)).collect()
}

fn times(count: usize, states: &States, path: &Path) -> Vec<Timed> {
    let mut spans: Vec<Option<(usize, usize)>> = vec![None; states.chain.words.len()];
    let mut word = 0;
    for (frame, state) in state_frames(path) {
        while state >= states.chain.words[word].end {
            word += 1;
        }
        spans[word].get_or_insert((frame, frame)).1 = frame;
    }
    let mut out = vec![None; count];
    for (span, script) in spans.iter().zip(&states.script) {
        out[*script] = span.map(|(first, last)| Timed {
            start_ms: (first as f64 * FRAME_MS - LATE_MS).max(0.0),
            end_ms: (last + 1) as f64 * FRAME_MS,
        });
    }
    // A word that was skipped, or that has no sound, is placed at the end of the one before.
    let mut end = 0.0;
    out.into_iter()
        .map(|timed| {
            let timed = timed.unwrap_or(Timed { start_ms: end, end_ms: end });
            end = timed.end_ms;
            timed
        })
        .collect()
}
