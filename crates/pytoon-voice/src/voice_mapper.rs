//! Maps speech to scenes.
//!
//! The scene of a synthetic sentence is known. A recording is cut near the start of the next scene's first
//! word, in a pause if there is one.

use crate::voice_processor::{Recording, SAMPLES_PER_MS};
use pytoon_audio::speech::quietest_point;
use pytoon_core::scene::SceneGraph;
use pytoon_core::text;
use pytoon_core::time::MsRange;
use pytoon_core::timeline::utterance::Utterance;
use pytoon_telemetry::Event;
use pytoon_vocabulary::{CaptionWord, Ms};

/// Maximum distance between a cut and its expected position, in milliseconds. The cut may move that far to reach a
/// pause.
const SEARCH_MS: i64 = 700;

/// Divides a recording among the scenes and returns the utterances of each. A scene whose words the recording lacks
/// gets none.
pub fn map_recording(
    graph: &SceneGraph,
    recording: &Recording,
    words: &[CaptionWord],
    asset: &str,
) -> Vec<Vec<Utterance>> {
    let scenes = graph.scenes.iter();
    let counts: Vec<usize> =
        scenes.map(|scene| scene.sentences.iter().map(|s| text::words(s).len()).sum()).collect();
    let cuts = cut_points(&counts, recording, words);
    let mut next_word = 0;
    let mut out = Vec::with_capacity(counts.len());
    for (index, &count) in counts.iter().enumerate() {
        let range = MsRange::new(Ms::new(cuts[index]), Ms::new(cuts[index + 1]));
        // Words missing from the recording have a millisecond each.
        if range.duration().get() <= count as i64 {
            out.push(Vec::new());
            continue;
        }
        let own = &words[next_word..(next_word + count).min(words.len())];
        next_word += own.len();
        out.push(vec![utterance(asset, range, own)]);
    }
    out
}

/// Returns the cut points of the recording, in milliseconds. There is one more point than there are scenes.
fn cut_points(counts: &[usize], recording: &Recording, words: &[CaptionWord]) -> Vec<i64> {
    let length = recording.duration_ms();
    let total: usize = counts.iter().sum();
    let scenes = counts.len() as i64;
    let mut cuts = vec![0];
    let mut seen = 0;
    for (index, &count) in counts.iter().enumerate().take(counts.len() - 1) {
        seen += count;
        let previous = cuts[index];
        let expected = if total == 0 {
            length * (index as i64 + 1) / scenes
        } else if count == 0 {
            // A scene without words gets no part of the recording.
            previous
        } else if seen >= total {
            length
        } else {
            words.get(seen).map_or(length, |word| word.start.get())
        };
        let is_inside = previous < expected && expected < length;
        let cut = if is_inside { near_pause(recording, expected) } else { expected };
        cuts.push(cut.clamp(previous, length));
    }
    cuts.push(length);
    cuts
}

/// Returns the middle of the nearest pause within [`SEARCH_MS`], or the quietest point within 150 ms if there is no
/// such pause.
fn near_pause(recording: &Recording, expected: i64) -> i64 {
    let pause = recording
        .speech
        .windows(2)
        .map(|pair| ((pair[0].end + pair[1].start) / 2).get())
        .filter(|middle| (middle - expected).abs() <= SEARCH_MS)
        .min_by_key(|middle| (middle - expected).abs());
    pause.unwrap_or_else(|| {
        let at = |ms: i64| (ms.max(0) * SAMPLES_PER_MS) as usize;
        let range = at(expected - 150)..at(expected + 150).min(recording.samples.len());
        quietest_point(&recording.samples, range) as i64 / SAMPLES_PER_MS
    })
}

fn utterance(asset: &str, range: MsRange, words: &[CaptionWord]) -> Utterance {
    let length = range.duration().get();
    let count = words.len() as i64;
    let words = words
        .iter()
        .enumerate()
        .map(|(index, word)| {
            // The cut may have moved past a word's estimated time; it stays in its scene.
            let latest = (length - (count - index as i64)).max(0);
            let start = (word.start - range.start).get().clamp(0, latest);
            let end = (word.end - range.start).get().clamp(start + 1, length.max(start + 1));
            CaptionWord { start: Ms::new(start), end: Ms::new(end), ..word.clone() }
        })
        .collect();
    let source_start_ms = range.start.get();
    Utterance { asset: asset.to_owned(), source_start_ms, duration_ms: length, words }
}

/// Logs the number of scenes with speech, the number of utterances and the total length of the speech.
pub fn report(utterances: &[Vec<Utterance>]) {
    Event::VoiceMapped {
        scenes: utterances.iter().filter(|scene| !scene.is_empty()).count(),
        utterances: utterances.iter().map(Vec::len).sum(),
        speech_ms: utterances.iter().flatten().map(|u| u.duration_ms).sum(),
    }
    .emit();
}
