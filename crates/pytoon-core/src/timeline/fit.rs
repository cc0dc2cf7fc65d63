//! Fits the film to its target length without cutting speech off.
//!
//! Without a target, the length follows the speech. Longer pauses and holds extend the film to a target
//! longer than the speech. For a shorter target the pauses and the scenes without voice shrink. If that is
//! not enough, the film is extended to at most 60 s; then the voice is sped up to at most 1.1 times its
//! tempo; speech that is still too long is rejected.
//!
//! All lengths are in milliseconds.

use crate::note::Note;
use crate::preset::PacingSpec;
use crate::text::SentenceEnd;
use crate::time::MAX_FILM;

/// Maximum length of a film, in milliseconds.
const MAX_FILM_MS: i64 = MAX_FILM.get();
/// Minimum time between the cut and a scene's first word, in milliseconds. It lets the caption appear on the
/// cut.
pub const CUT_LEAD_MS: i64 = 100;
/// The usual time between the last word and the end of the film, in milliseconds.
pub const TAIL_MS: i64 = 300;
/// Maximum tempo of the voice, relative to its normal tempo.
pub const MAX_TEMPO: f64 = 1.1;

const MIN_SENTENCE_PAUSE_MS: i64 = 90;
const MIN_SCENE_PAUSE_MS: i64 = 140;
const MIN_TAIL_MS: i64 = 200;
const MIN_HOLD_MS: i64 = 400;

/// The time that a scene needs.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SceneNeed {
    /// The lengths of the scene's utterances; empty for a scene without voice.
    pub utterances_ms: Vec<i64>,
    /// The ending of each utterance; a missing entry counts as `Sentence`.
    pub ends: Vec<SentenceEnd>,
    /// The pause that the script requests after each utterance; a missing entry counts as 0.
    pub pauses_ms: Vec<i64>,
    /// The pause that the script requests before the first utterance.
    pub lead_ms: i64,
    /// The length of a scene without voice, or the minimum length of a scene with voice.
    pub min_ms: i64,
    /// The length below which a short target never shortens a scene without voice.
    pub floor_ms: i64,
}

/// A scene with its assigned time.
#[derive(Debug, Clone, PartialEq)]
pub struct SceneFit {
    /// The start of each utterance, relative to the start of the scene.
    pub utterance_starts_ms: Vec<i64>,
    /// The length of the scene.
    pub duration_ms: i64,
}

/// The result of fitting a film to its length.
#[derive(Debug, Clone, PartialEq)]
pub struct Fit {
    /// The scenes with their assigned times.
    pub scenes: Vec<SceneFit>,
    /// The total length of the scenes.
    pub total_ms: i64,
    /// The factor by which the voice must be sped up for this fit; 1 for no change.
    pub tempo: f64,
    /// A note about the compromise, if there is one.
    pub warning: Option<Note>,
}

/// The error for scenes that are too long for a film.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum TooLong {
    /// The speech is too long.
    #[error(
        "the script takes {speech_s:.0} s to speak, too long for a film of at most {} s even {MAX_TEMPO} times faster: shorten the script by about {excess_s:.0} s",
        MAX_FILM_MS / 1000
    )]
    Speech {
        /// The length of the speech, in seconds.
        speech_s: f64,
        /// The number of seconds of speech to remove.
        excess_s: f64,
    },
    /// The minimum lengths of the scenes are too long, whatever is spoken.
    #[error(
        "the minimum lengths of the scenes add up to {minimum_s:.0} s, and a film has at most {} s: lower `min_duration_seconds`, or use fewer scenes",
        MAX_FILM_MS / 1000
    )]
    Minimums {
        /// The sum of the minimum lengths, in seconds.
        minimum_s: f64,
    },
}

#[derive(Clone, Copy)]
struct Pauses {
    sentence: i64,
    list_item: i64,
    paragraph: i64,
    scene: i64,
    tail: i64,
}

impl Pauses {
    fn pause_after(self, end: SentenceEnd) -> i64 {
        match end {
            SentenceEnd::Sentence => self.sentence,
            SentenceEnd::ListItem => self.list_item,
            SentenceEnd::Paragraph => self.paragraph,
        }
    }
}

/// Fits the scenes to the length of the film. Fails if the speech is too long even at [`MAX_TEMPO`].
pub fn fit(
    scenes: &[SceneNeed],
    target_ms: Option<i64>,
    pacing: &PacingSpec,
) -> Result<Fit, TooLong> {
    let usual = Pauses {
        sentence: i64::from(pacing.sentence_pause_ms),
        list_item: i64::from(pacing.list_item_pause_ms),
        paragraph: i64::from(pacing.paragraph_pause_ms),
        scene: i64::from(pacing.scene_pause_ms),
        tail: TAIL_MS,
    };
    let tight = Pauses {
        sentence: MIN_SENTENCE_PAUSE_MS.min(usual.sentence),
        list_item: MIN_SENTENCE_PAUSE_MS.min(usual.list_item),
        paragraph: MIN_SCENE_PAUSE_MS.min(usual.paragraph),
        scene: MIN_SCENE_PAUSE_MS.min(usual.scene),
        tail: MIN_TAIL_MS,
    };
    let limit = target_ms.unwrap_or(MAX_FILM_MS).min(MAX_FILM_MS);
    let shortened = shorter_holds(scenes, total(scenes, tight) - limit);
    let scenes = shortened.as_deref().unwrap_or(scenes);
    let natural = total(scenes, usual);
    let squeezed = total(scenes, tight);
    if natural <= limit {
        let fitted = lay_out(scenes, usual);
        return Ok(match target_ms {
            Some(target) => stretch(fitted, target, scenes),
            None => fitted,
        });
    }
    if squeezed <= limit {
        return Ok(stretch(lay_out(scenes, shrunk(scenes, tight, usual, limit)), limit, scenes));
    }
    if squeezed <= MAX_FILM_MS {
        let length = natural.min(MAX_FILM_MS);
        let mut fitted =
            stretch(lay_out(scenes, shrunk(scenes, tight, usual, length)), length, scenes);
        fitted.warning = Some(Note::FilmExtended { needed_ms: fitted.total_ms, asked_ms: limit });
        return Ok(fitted);
    }
    faster(scenes, tight)
}

/// Returns the longest pauses that fit a length, or `tight` if none fit. All pauses shrink by the same
/// fraction of their range.
fn shrunk(scenes: &[SceneNeed], tight: Pauses, usual: Pauses, limit_ms: i64) -> Pauses {
    const STEPS: i64 = 64;
    let at = |step: i64| {
        let between = |low: i64, high: i64| low + (high - low) * step / STEPS;
        Pauses {
            sentence: between(tight.sentence, usual.sentence),
            list_item: between(tight.list_item, usual.list_item),
            paragraph: between(tight.paragraph, usual.paragraph),
            scene: between(tight.scene, usual.scene),
            tail: between(tight.tail, usual.tail),
        }
    };
    let fits = |step: &i64| total(scenes, at(*step)) <= limit_ms;
    (0..=STEPS).rev().find(fits).map_or(tight, at)
}

/// Shortens scenes without voice by `excess_ms` in total, each at most to its floor or to [`MIN_HOLD_MS`], so that the
/// film meets a short target. Returns `None` if no scene needs to or can become shorter.
fn shorter_holds(scenes: &[SceneNeed], excess_ms: i64) -> Option<Vec<SceneNeed>> {
    let spare = |scene: &SceneNeed| {
        let floor = scene.floor_ms.max(MIN_HOLD_MS);
        if scene.utterances_ms.is_empty() { (scene.min_ms - floor).max(0) } else { 0 }
    };
    let total_spare: i64 = scenes.iter().map(spare).sum();
    if excess_ms <= 0 || total_spare == 0 {
        return None;
    }
    let wanted = excess_ms.min(total_spare);
    let mut seen = 0;
    let mut taken = 0;
    Some(
        scenes
            .iter()
            .map(|scene| {
                seen += spare(scene);
                let upto = (i128::from(wanted) * i128::from(seen) / i128::from(total_spare)) as i64;
                let give = upto - taken;
                taken = upto;
                SceneNeed { min_ms: scene.min_ms - give, ..scene.clone() }
            })
            .collect(),
    )
}

/// Returns a fit at the maximum length of 60 s with a faster voice, or an error.
fn faster(scenes: &[SceneNeed], tight: Pauses) -> Result<Fit, TooLong> {
    let speech: i64 = scenes.iter().flat_map(|s| &s.utterances_ms).sum();
    // Slightly faster than computed, so that rounding never breaks the limit.
    let tempo = tempo_to_fit(scenes, tight).map(|tempo| tempo * 1.001);
    match tempo {
        Some(tempo) if tempo <= MAX_TEMPO => {
            let quick: Vec<SceneNeed> = scenes.iter().map(|s| at_tempo(s, tempo)).collect();
            let mut fitted = stretch(lay_out(&quick, tight), MAX_FILM_MS, &quick);
            fitted.tempo = tempo;
            fitted.warning = Some(Note::VoiceSpedUp { factor: tempo });
            Ok(fitted)
        }
        _ => {
            let minimum: i64 = scenes.iter().map(|scene| scene.min_ms).sum();
            if minimum > MAX_FILM_MS {
                return Err(TooLong::Minimums { minimum_s: minimum as f64 / 1000.0 });
            }
            let room = (MAX_FILM_MS - (total(scenes, tight) - speech)).max(0) as f64 * MAX_TEMPO;
            Err(TooLong::Speech {
                speech_s: speech as f64 / 1000.0,
                excess_s: ((speech as f64 - room) / 1000.0).max(1.0),
            })
        }
    }
}

fn at_tempo(scene: &SceneNeed, tempo: f64) -> SceneNeed {
    SceneNeed {
        utterances_ms: scene
            .utterances_ms
            .iter()
            .map(|&ms| (ms as f64 / tempo).round() as i64)
            .collect(),
        ..scene.clone()
    }
}

/// Returns the lowest tempo, up to 1.1, at which all speech fits into 60 s, or `None` if it does not fit. Searches
/// for it, since minimum lengths make the relation non-linear.
fn tempo_to_fit(scenes: &[SceneNeed], pauses: Pauses) -> Option<f64> {
    let fits = |tempo: f64| {
        let quick: Vec<SceneNeed> = scenes.iter().map(|s| at_tempo(s, tempo)).collect();
        total(&quick, pauses) <= MAX_FILM_MS
    };
    (0..=100).map(|step| 1.0 + f64::from(step) * 0.001).find(|&tempo| fits(tempo))
}

fn total(scenes: &[SceneNeed], pauses: Pauses) -> i64 {
    lay_out(scenes, pauses).total_ms
}

fn lay_out(scenes: &[SceneNeed], pauses: Pauses) -> Fit {
    let last = scenes.len().saturating_sub(1);
    let fitted: Vec<SceneFit> = scenes
        .iter()
        .enumerate()
        .map(|(index, scene)| lay_out_scene(scene, pauses, index == last))
        .collect();
    let total_ms = fitted.iter().map(|s| s.duration_ms).sum();
    Fit { scenes: fitted, total_ms, tempo: 1.0, warning: None }
}

fn lay_out_scene(scene: &SceneNeed, pauses: Pauses, is_last: bool) -> SceneFit {
    if scene.utterances_ms.is_empty() {
        return SceneFit { utterance_starts_ms: Vec::new(), duration_ms: scene.min_ms.max(1) };
    }
    let mut at = CUT_LEAD_MS.max(scene.lead_ms);
    let mut starts = Vec::with_capacity(scene.utterances_ms.len());
    let (mut pause, mut asked) = (0, 0);
    for (index, &length) in scene.utterances_ms.iter().enumerate() {
        at += pause;
        starts.push(at);
        at += length;
        asked = scene.pauses_ms.get(index).copied().unwrap_or(0);
        pause = pauses.pause_after(scene.ends.get(index).copied().unwrap_or_default()).max(asked);
    }
    at += if is_last {
        pauses.tail.max(asked)
    } else {
        (pauses.scene.max(pause) - CUT_LEAD_MS).max(0)
    };
    SceneFit { utterance_starts_ms: starts, duration_ms: at.max(scene.min_ms) }
}

/// Lengthens pauses and holds until the film has exactly the requested length.
fn stretch(mut fitted: Fit, target_ms: i64, needs: &[SceneNeed]) -> Fit {
    let extra = target_ms - fitted.total_ms;
    if extra <= 0 {
        return fitted;
    }
    let weights: Vec<i64> = fitted.scenes.iter().map(|s| s.duration_ms).collect();
    let weight_total: i64 = weights.iter().sum::<i64>().max(1);
    let mut given = 0;
    let mut weight_seen = 0;
    for (index, scene) in fitted.scenes.iter_mut().enumerate() {
        weight_seen += weights[index];
        let upto = (i128::from(extra) * i128::from(weight_seen) / i128::from(weight_total)) as i64;
        widen(scene, upto - given, needs[index].utterances_ms.len());
        given = upto;
    }
    fitted.total_ms = target_ms;
    fitted
}

/// Lengthens a scene: up to half of the extra time goes between its sentences, the rest into a hold at its end.
fn widen(scene: &mut SceneFit, extra_ms: i64, utterances: usize) {
    let gaps = utterances.saturating_sub(1) as i64;
    let per_gap = if gaps > 0 { (extra_ms / 2 / gaps).min(900) } else { 0 };
    for (index, start) in scene.utterance_starts_ms.iter_mut().enumerate() {
        *start += per_gap * index as i64;
    }
    scene.duration_ms += extra_ms;
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pacing() -> PacingSpec {
        PacingSpec {
            max_shot_seconds: 3.6,
            comma_pause_ms: 140,
            sentence_pause_ms: 180,
            list_item_pause_ms: 220,
            paragraph_pause_ms: 400,
            scene_pause_ms: 250,
            silent_scene_seconds: 2.5,
        }
    }

    fn scene_needs(lengths: &[&[i64]]) -> Vec<SceneNeed> {
        lengths
            .iter()
            .map(|l| SceneNeed { utterances_ms: l.to_vec(), ..SceneNeed::default() })
            .collect()
    }

    #[test]
    fn pauses_shrink_alike_for_a_shorter_target() {
        let ends = vec![SentenceEnd::Sentence, SentenceEnd::Paragraph, SentenceEnd::Paragraph];
        let needs = [SceneNeed { utterances_ms: vec![1000; 3], ends, ..SceneNeed::default() }];
        let natural = fit(&needs, None, &pacing()).expect("fits").total_ms;
        let fitted = fit(&needs, Some(natural - 200), &pacing()).expect("fits");
        assert_eq!(fitted.total_ms, natural - 200);
        let starts = &fitted.scenes[0].utterance_starts_ms;
        let (sentence, paragraph) = (starts[1] - starts[0] - 1000, starts[2] - starts[1] - 1000);
        assert!(sentence < 180 && paragraph < 400, "{starts:?}");
        assert!(paragraph > sentence + 80, "{starts:?}");
    }

    #[test]
    fn pauses_follow_what_ends_a_sentence() {
        let scene = |ends| SceneNeed { utterances_ms: vec![1000; 3], ends, ..SceneNeed::default() };
        let needs = [
            scene(vec![SentenceEnd::ListItem, SentenceEnd::Paragraph, SentenceEnd::Paragraph]),
            scene(Vec::new()),
        ];
        let fitted = fit(&needs, None, &pacing()).expect("fits");
        assert_eq!(fitted.scenes[0].utterance_starts_ms, [100, 1320, 2720]);
        // Between scenes the longer of the two pauses applies.
        assert_eq!(fitted.scenes[0].duration_ms, 3720 + 400 - CUT_LEAD_MS);
        assert_eq!(fitted.scenes[1].utterance_starts_ms, [100, 1280, 2460]);
    }

    #[test]
    fn without_a_target_the_length_follows_the_speech() {
        let fitted = fit(&scene_needs(&[&[2000], &[3000, 1000]]), None, &pacing()).expect("fits");
        assert_eq!(fitted.total_ms, (100 + 2000 + 150) + (100 + 3000 + 180 + 1000 + 300));
        assert_eq!(fitted.scenes[1].utterance_starts_ms, [100, 3280]);
    }

    #[test]
    fn a_longer_target_is_met_exactly() {
        let fitted =
            fit(&scene_needs(&[&[2000], &[3000, 1000]]), Some(10_000), &pacing()).expect("fits");
        assert_eq!(fitted.total_ms, 10_000);
        assert_eq!(fitted.scenes.iter().map(|s| s.duration_ms).sum::<i64>(), 10_000);
        assert!(fitted.warning.is_none());
    }

    #[test]
    fn too_much_for_the_target_extends_the_film() {
        let fitted = fit(&scene_needs(&[&[9000], &[9000]]), Some(10_000), &pacing()).expect("fits");
        assert!(fitted.total_ms > 18_000 && fitted.total_ms < 19_000);
        assert!(fitted.warning.is_some());
        assert_eq!(fitted.tempo, 1.0);
    }

    #[test]
    fn a_little_too_much_for_a_minute_is_spoken_faster() {
        let fitted = fit(&scene_needs(&[&[31_000], &[31_000]]), None, &pacing()).expect("fits");
        assert!(fitted.tempo > 1.03 && fitted.tempo <= MAX_TEMPO, "{}", fitted.tempo);
        assert_eq!(fitted.total_ms, MAX_FILM_MS);
    }

    #[test]
    fn a_film_without_voice_meets_a_short_target() {
        let holds = vec![SceneNeed { min_ms: 2500, ..SceneNeed::default() }; 3];
        let fitted = fit(&holds, Some(2_000), &pacing()).expect("fits");
        assert_eq!(fitted.total_ms, 2_000);
        assert!(fitted.warning.is_none());
    }

    #[test]
    fn a_short_target_keeps_the_minimum_of_a_scene() {
        let kept = SceneNeed { min_ms: 2500, floor_ms: 2500, ..SceneNeed::default() };
        let other = SceneNeed { min_ms: 2500, ..SceneNeed::default() };
        let fitted = fit(&[kept, other], Some(3_500), &pacing()).expect("fits");
        let lengths: Vec<i64> = fitted.scenes.iter().map(|scene| scene.duration_ms).collect();
        assert_eq!(lengths, [2500, 1000]);
    }

    #[test]
    fn seventy_seconds_are_refused() {
        let error =
            fit(&scene_needs(&[&[35_000], &[35_000]]), None, &pacing()).expect_err("refused");
        assert!(matches!(error, TooLong::Speech { .. }), "{error}");
        assert!(error.to_string().contains("takes 70 s to speak"), "{error}");
        // Holds that are too long are no fault of the script.
        let holds = vec![SceneNeed { min_ms: 25_000, floor_ms: 25_000, ..SceneNeed::default() }; 3];
        let error = fit(&holds, None, &pacing()).expect_err("refused");
        assert_eq!(error, TooLong::Minimums { minimum_s: 75.0 });
    }

    proptest! {
        #[test]
        fn speech_is_never_cut_off(
            lengths in proptest::collection::vec(proptest::collection::vec(200i64..4000, 0..4), 1..8),
            target in proptest::option::of(1000i64..60_000),
        ) {
            let needs: Vec<SceneNeed> = lengths
                .into_iter()
                .map(|l| SceneNeed {
                    min_ms: if l.is_empty() { 1500 } else { 0 },
                    utterances_ms: l,
                    ..SceneNeed::default()
                })
                .collect();
            if let Ok(fitted) = fit(&needs, target, &pacing()) {
                prop_assert!(fitted.total_ms <= MAX_FILM_MS);
                prop_assert_eq!(fitted.scenes.iter().map(|s| s.duration_ms).sum::<i64>(), fitted.total_ms);
                for (scene, need) in fitted.scenes.iter().zip(&needs) {
                    let mut at = 0;
                    for (start, length) in scene.utterance_starts_ms.iter().zip(&need.utterances_ms) {
                        let length = (*length as f64 / fitted.tempo).round() as i64;
                        prop_assert!(*start >= at);
                        at = start + length;
                    }
                    prop_assert!(at <= scene.duration_ms);
                }
            }
        }
    }
}
