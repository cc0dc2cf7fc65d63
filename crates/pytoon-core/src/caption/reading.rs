//! Measures the reading speed of captions and reports cues that are too fast to read.

use crate::note::Note;
use crate::text::on_screen;
use pytoon_vocabulary::{CaptionCue, Ms};
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// The fastest readable speed of captions that follow a voice, by script, in characters per second.
/// Ideographs and kana use the pace of a quick speaker, since television's lower limits are for captions that
/// lag behind the speech.
const LIMITS: [(f64, IsOfScript); 5] = [
    // Japanese: kana.
    (10.0, |c| matches!(c, '\u{3040}'..='\u{30ff}')),
    // Chinese: ideographs without kana.
    (9.0, |c| matches!(c, '\u{3400}'..='\u{9fff}')),
    // Korean.
    (12.0, |c| matches!(c, '\u{ac00}'..='\u{d7af}')),
    // Arabic.
    (20.0, |c| matches!(c, '\u{600}'..='\u{6ff}')),
    // Devanagari.
    (20.0, |c| matches!(c, '\u{900}'..='\u{97f}')),
];
type IsOfScript = fn(char) -> bool;
/// The limit for every other script, in characters per second.
const OTHERS: f64 = 20.0;

/// Returns the reading speed of a cue in characters per second. Counts graphemes without white space and soft
/// hyphens.
pub fn speed(cue: &CaptionCue) -> f64 {
    characters(&cue.text) * 1000.0 / (cue.end - cue.start).get().max(1) as f64
}

/// Returns the time needed to read a text.
pub fn needed_time(text: &str) -> Ms {
    Ms::new((characters(text) * 1000.0 / limit(text)).ceil() as i64)
}

fn characters(text: &str) -> f64 {
    let shown = text.split_whitespace().map(on_screen);
    let is_seen = |grapheme: &&str| grapheme.width() > 0;
    shown.map(|word| word.graphemes(true).filter(is_seen).count()).sum::<usize>() as f64
}

/// Returns the fastest readable speed for a text, in characters per second.
pub fn limit(text: &str) -> f64 {
    // One kana makes a text Japanese, regardless of the number of ideographs.
    let script = LIMITS.iter().find(|(_, is_of)| text.chars().any(is_of));
    script.map_or(OTHERS, |(limit, _)| *limit)
}

/// Returns a note with the number of cues that are too fast to read and the text of the worst, or `None` if every cue
/// is readable. `recorded` is true if the voice is a recording. Words that are set as type stay for their page.
pub fn warning(cues: &[CaptionCue], recorded: bool) -> Option<Note> {
    let cues = || cues.iter().filter(|cue| !cue.set_as_type);
    let over = |cue: &&CaptionCue| speed(cue) > limit(&cue.text);
    let worst = cues()
        .filter(over)
        .max_by(|a, b| (speed(a) / limit(&a.text)).total_cmp(&(speed(b) / limit(&b.text))))?;
    Some(Note::CaptionsTooFast {
        fast: cues().filter(over).count(),
        captions: cues().count(),
        text: worst.text.clone(),
        speed: speed(worst),
        limit: limit(&worst.text),
        recorded,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cue(text: &str, ms: i64) -> CaptionCue {
        CaptionCue {
            scene_id: "scene_01".into(),
            start: Ms::new(500),
            end: Ms::new(500 + ms),
            text: text.into(),
            words: Vec::new(),
            zone: pytoon_vocabulary::CaptionZone::Lower,
            set_as_type: false,
        }
    }

    #[test]
    fn each_script_has_its_limit() {
        for (text, ms, is_fast) in [
            ("twenty letters are he", 950, false),
            ("twenty letters are he", 800, true),
            ("\u{304a}\u{8336}\u{3092}\u{98f2}\u{3080}", 600, false),
            ("\u{304a}\u{8336}\u{3092}\u{98f2}\u{3080}", 400, true),
            ("\u{559d}\u{8336}\u{5427}", 300, true),
            // Letters with their marks are one character each.
            ("\u{915}\u{93f}\u{924}\u{93e}\u{92c}", 200, false),
        ] {
            assert_eq!(warning(&[cue(text, ms)], false).is_some(), is_fast, "{text} in {ms} ms");
        }
        let told =
            warning(&[cue("fine", 900), cue("much too fast to read", 500)], true).expect("told");
        let told = told.to_string();
        assert!(told.starts_with("1 of 2 captions") && told.contains("34 characters"), "{told}");
        assert!(told.ends_with("record it more slowly"), "{told}");
    }
}
