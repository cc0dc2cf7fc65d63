//! Explains late captions: compares possible causes with the measurements.

use super::{Facts, LateCue};
use crate::receipt::VoiceReceipt;
use pytoon_core::timeline::Timeline;
use pytoon_vocabulary::{CaptionCue, Ms};
use pytoon_voice::alignment::{AlignmentMethod, LOW_CONFIDENCE};

/// Returns the captions that appear at least one frame after their first word should be highlighted.
pub(super) fn late_cues(timeline: &Timeline) -> Vec<LateCue> {
    let lead = Ms::new(timeline.look.captions.lead_ms);
    let late = |cue: &CaptionCue| {
        let lights = (cue.words.first()?.start - lead).max(Ms::ZERO);
        let late_ms = (cue.start - lights).get();
        let is_late = late_ms as f64 >= frame_ms(timeline);
        is_late.then(|| LateCue { text: cue.text.clone(), start_ms: cue.start.get(), late_ms })
    };
    timeline.tracks.captions.iter().filter_map(late).collect()
}

fn frame_ms(timeline: &Timeline) -> f64 {
    1000.0 / timeline.frame_rate.as_f64()
}

/// Formats an offset as `40 ms late` or, if it is not positive, `40 ms early`.
pub(super) fn distance(late_ms: i64) -> String {
    format!("{} ms {}", late_ms.abs(), if late_ms > 0 { "late" } else { "early" })
}

/// Returns the reasons why captions seem late: guessed or unreliable word times, words that do not match the voice,
/// late captions, and an offset between audio and video. Of words and captions, the worst case is named.
pub(super) fn reasons(timeline: &Timeline, voice: &VoiceReceipt, facts: &Facts) -> Vec<String> {
    let seconds = |ms: i64| format!("{:.2} s", ms as f64 / 1000.0);
    let mut out = Vec::new();
    if voice.alignment == AlignmentMethod::EvenSplit {
        out.push("words timed by even_split: their times are guessed by syllables".to_owned());
    } else if let Some(confidence) = voice.alignment_confidence
        && confidence < LOW_CONFIDENCE
    {
        out.push(format!("alignment confidence {confidence:.2}: the voice probably does not match the script; check both"));
    }
    let how_far =
        |off: &&super::OffWord| off.heard_ms.map_or(i64::MAX, |heard| (heard - off.start_ms).abs());
    if let Some(worst) = facts.off.iter().max_by_key(how_far) {
        let how = worst.heard_ms.map_or("no start of speech within 1 s".to_owned(), |heard| {
            distance(worst.start_ms - heard)
        });
        let many = if facts.off.len() == 1 { "word is" } else { "words are" };
        out.push(format!(
            "{} {many} not where the voice is; worst \"{}\" at {}, {how}",
            facts.off.len(),
            worst.word,
            seconds(worst.start_ms)
        ));
    }
    if let Some(worst) = facts.late_cues.iter().max_by_key(|cue| cue.late_ms) {
        let many = if facts.late_cues.len() == 1 { "caption comes" } else { "captions come" };
        out.push(format!(
            "{} {many} after the first word should light up; worst \"{}\" at {}, {}",
            facts.late_cues.len(),
            worst.text,
            seconds(worst.start_ms),
            distance(worst.late_ms)
        ));
    }
    if let Some(offset) = facts.av_offset_ms
        && offset.abs() >= frame_ms(timeline)
    {
        let seems = if offset < 0.0 { "late" } else { "early" };
        out.push(format!(
            "the film's sound is shifted by {offset:+.1} ms against its picture: every caption \
             seems {seems}"
        ));
    }
    out
}
