//! Places the words of a film in film time: spoken words, or words to read if nothing is spoken. Emphasises and masks
//! words.
//!
//! Guarantees: every word of a scene is within the scene's time; masking preserves a word's number of characters.
//!
//! The `caption` module breaks the words into captions.

use super::fit::{self, Fit as TimeFit};
use super::utterance::Utterance;
use super::{ClipSource, SetWords, TimelineScene, VideoClip};
use crate::caption::{self, SceneWords};
use crate::scene::{Scene, SceneGraph};
use crate::text;
use crate::time::{FrameRate, MsRange};
use crate::type_treatment::choose_treatment;
use pytoon_vocabulary::{CaptionCue, CaptionWord, Ms};

/// Returns the words of each scene in film time. The words of a caption override, or of a scene without voice, are
/// spread over the scene.
pub(super) fn scene_words(
    graph: &SceneGraph,
    speech: &[Vec<Utterance>],
    fitted: &TimeFit,
    places: &[TimelineScene],
    rate: FrameRate,
) -> Vec<SceneWords> {
    let mut scene_start = Ms::ZERO;
    let mut out = Vec::new();
    for (index, scene) in graph.scenes.iter().enumerate() {
        let place = places[index].range().to_ms(rate);
        let spoken: Vec<CaptionWord> = spoken_words(speech, fitted, index, scene_start).collect();
        let read = |text: &str| caption::spread(&text::words(text), reading_range(place));
        let mut words = match (&scene.caption, &scene.shown_as) {
            (Some(caption), _) => read(caption),
            (None, Some(shown)) if spoken.is_empty() => read(shown),
            (None, Some(shown)) => caption::retime(&text::words(shown), &spoken),
            (None, None) if spoken.is_empty() => read(&scene.spoken_text()),
            (None, None) => spoken,
        };
        let is_as_spoken = scene.caption.is_none() && scene.shown_as.is_none();
        let sentence_ends = if is_as_spoken { mark_words(scene, &mut words) } else { Vec::new() };
        shift(&mut words, Ms::new(scene.caption_shift), place);
        out.push(SceneWords { scene_id: scene.id.clone(), words, sentence_ends, range: place });
        scene_start += Ms::new(fitted.scenes[index].duration_ms);
    }
    out
}

/// Marks the words that the script emphasises. Returns the index of each sentence's last word, or an empty list if
/// the words are not those of the script.
fn mark_words(scene: &Scene, words: &mut [CaptionWord]) -> Vec<usize> {
    let counts: Vec<usize> = scene.sentences.iter().map(|s| text::words(s).len()).collect();
    if counts.iter().sum::<usize>() != words.len() {
        return Vec::new();
    }
    let before = |sentence: usize| counts.iter().take(sentence).sum::<usize>();
    for place in &scene.emphasis {
        if let Some(word) = words.get_mut(before(place.sentence) + place.word) {
            word.emphasis = true;
        }
    }
    (1..=counts.len()).filter_map(|sentence| before(sentence).checked_sub(1)).collect()
}

/// Moves words by a time, but not beyond the scene.
fn shift(words: &mut [CaptionWord], by: Ms, place: MsRange) {
    for word in words {
        word.start = (word.start + by).clamp(place.start, place.end);
        word.end = (word.end + by).clamp(place.start, place.end);
    }
}

fn reading_range(place: MsRange) -> MsRange {
    let length = place.duration();
    MsRange::new(
        place.start + (length / 10).min(Ms::new(fit::CUT_LEAD_MS)),
        place.end - (length / 10).min(Ms::new(250)),
    )
}

/// Returns the words spoken in a scene, in film time.
pub(super) fn spoken_words<'a>(
    speech: &'a [Vec<Utterance>],
    fitted: &'a TimeFit,
    scene: usize,
    scene_start: Ms,
) -> impl Iterator<Item = CaptionWord> + 'a {
    speech[scene].iter().zip(&fitted.scenes[scene].utterance_starts_ms).flat_map(
        move |(utterance, &start)| {
            let offset = scene_start + Ms::new(start);
            utterance.words.iter().map(move |word| CaptionWord {
                start: word.start + offset,
                end: word.end + offset,
                ..word.clone()
            })
        },
    )
}

/// Returns true if a word is one of `masked`, ignoring case and punctuation.
pub(super) fn is_masked(word: &str, masked: &[String]) -> bool {
    let bare: String =
        word.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_lowercase();
    !bare.is_empty() && masked.iter().any(|m| m.to_lowercase() == bare)
}

/// Masks a word as in `s**t`: replaces all letters and digits but the first and the last.
fn mask(word: &str) -> String {
    let letters: Vec<usize> =
        word.char_indices().filter(|(_, c)| c.is_alphanumeric()).map(|(i, _)| i).collect();
    let (first, last) = (letters.first().copied(), letters.last().copied());
    word.char_indices()
        .map(|(i, c)| {
            let inner = c.is_alphanumeric() && Some(i) != first && Some(i) != last;
            if inner { '*' } else { c }
        })
        .collect()
}

/// Sets the words of scenes without a picture as type over their backgrounds.
pub(super) fn set_as_type(
    video: &mut [VideoClip],
    scenes: &[SceneWords],
    rate: FrameRate,
    masked: &[String],
) {
    for clip in video {
        let range = clip.range();
        let ClipSource::Background { words, .. } = &mut clip.source else { continue };
        let Some(scene) = scenes.iter().position(|scene| scene.scene_id == clip.scene_id) else {
            continue;
        };
        // A word that begins as its scene ends belongs to it.
        let is_here = |word: &&CaptionWord| {
            let frame = rate.ms_to_frame_floor(word.start);
            range.contains(frame.min(range.last()))
        };
        let mut own: Vec<CaptionWord> =
            scenes[scene].words.iter().filter(is_here).cloned().collect();
        for word in own.iter_mut().filter(|word| is_masked(&word.text, masked)) {
            word.text = mask(&word.text);
        }
        if !own.is_empty() {
            let treatment = choose_treatment(&caption::join_words(&own), scene as u64);
            *words = Some(SetWords { treatment, words: own });
        }
    }
}

/// Masks the words in `masked` in captions.
pub(super) fn mask_cues(mut cues: Vec<CaptionCue>, masked: &[String]) -> Vec<CaptionCue> {
    for cue in &mut cues {
        let mut changed = false;
        for word in cue.words.iter_mut().filter(|w| is_masked(&w.text, masked)) {
            word.text = mask(&word.text);
            changed = true;
        }
        if changed {
            cue.text = caption::join_words(&cue.words);
        }
    }
    cues
}
